"""Routes of articles: add, match, read, update and remove them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dedup.formats.json_text import json_text
from dedup.index import Change, Placement, StoryIndex
from dedup.results.clustering import Link
from dedup.service import response_models as models
from dedup.service.access import requirements
from dedup.service.bodies import JSON, LINES, Disconnected, body_lines, json_body, media_type, require_media_type
from dedup.service.problems import Problem, problem
from dedup.service.request_models import ID, ID_PATTERN, request_body
from dedup.service.state import CURSOR, State
from dedup.service.strict_json import read_json
from dedup.service.tolerant import Received
from dedup.service.writer import GROUP_WHILE_READING

ArticleId = Annotated[str, Path(max_length=ID, pattern=ID_PATTERN, description="The id of the article.")]
ArticleIdQuery = Annotated[
    str, Query(min_length=1, max_length=ID, pattern=ID_PATTERN, description="The id of an article.")
]
Strict = Annotated[
    bool, Query(description="Refuse unknown fields, other names and invalid dates, instead of a notice of each.")
]
NDJSON = "application/x-ndjson"
_LINE = 16  # articles whose tokens a line may have, so that one with other fields is answered by their names
REFUSED_LINES = 1_000
"""Lines of a body that may be blank or refused, beside one for each that is accepted."""


def json_response(record: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer in the JSON that dedup writes elsewhere."""
    return Response(json_text(record), status, headers, "application/json")


def write_response(state: State, record: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return the answer to a write that is done, with the cursor that a read elsewhere may ask for."""
    return json_response(record, status, {CURSOR: str(state.cursor), **(headers or {})})


def article_routes(state: State) -> APIRouter:
    """Return the routes."""
    settings, bodies = state.settings, state.request_models
    routes = APIRouter(prefix="/v1", tags=["articles"])
    reading, writing = requirements(state, "read"), requirements(state, "write")

    async def body_of(request: Request) -> Any:
        if request.method == "PUT" and (kind := media_type(request)) in LINES:  # what `curl -T` sends by default
            remedy = "send application/json; many articles, as lines, go to POST /v1/articles/batch (curl -X POST -T)"
            raise problem("wrong-kind", "Content-Type", f"PUT changes one article, and {kind} holds many", remedy)
        require_media_type(request, JSON)
        return await json_body(request, settings, state.body_budget, state.parsers)

    @routes.post(
        "/articles",
        operation_id="add",
        summary="Add an article",
        description="Once this is answered, the article is on disk. Sending it again changes nothing; another text "
        "under a known id is an update.",
        dependencies=writing,
        response_model=models.Placement,
        status_code=201,
        responses={
            201: {"description": "It was added.", "links": _LINKS},
            200: {"model": models.Placement, "description": "It was known: unchanged, or updated."},
            **models.problem_answers(401, 403, 413, 415, 422),
        },
        openapi_extra=request_body(bodies.article, tolerant=True),
    )
    async def add(request: Request, strict: Strict = False) -> Response:
        received = bodies.receive(await body_of(request), needs_words=True, strict=strict)
        (placement,) = await state.writer.add([received.article])
        return write_response(state, placement_record(placement, received), 201 if placement.status == "added" else 200)

    @routes.post(
        "/articles/batch",
        operation_id="add_many",
        summary="Add many articles",
        description="JSON is answered by all results at the end; lines (NDJSON) by a result line each, sent once the "
        "article is on disk. A problem with one article is its result and does not affect the others. An article with "
        "neither text nor title is kept, empty, with a notice.",
        dependencies=writing,
        response_model=models.Results,
        responses={
            200: {
                "description": "The result of each article.",
                "content": {NDJSON: {"schema": {"type": "string", "description": "A Result on each line."}}},
            },
            **models.problem_answers(401, 403, 413, 415, 422),
        },
        openapi_extra=request_body(
            bodies.batch, others={NDJSON: {"schema": {"type": "string", "description": "An article on each line."}}}
        ),
    )
    async def add_many(request: Request, strict: Strict = False) -> Response:
        if require_media_type(request, (*JSON, *LINES)) in LINES:
            lines = _results_of_lines(request, state, strict=strict)
            first = await anext(lines, b"")  # a problem of the whole request determines the status
            return _LineStream(first, lines)
        records = bodies.read_batch(await body_of(request))
        read = await state.parsers.run(partial(_articles, records, state, strict=strict))
        results = await _add_all(read, state, wait=False)
        return await state.parsers.run(_batch_response, state, results)

    @routes.post(
        "/match",
        operation_id="match",
        summary="Find the story of an article without adding it",
        dependencies=reading,
        response_model=models.Placement,
        responses={
            200: {"description": "Its story and copies; `story` is null if it would be a new one."},
            **models.problem_answers(401, 403, 413, 415, 422),
        },
        openapi_extra=request_body(bodies.unnamed, tolerant=True),
    )
    async def match(request: Request, strict: Strict = False) -> Response:
        received = bodies.receive(await body_of(request), needs_id=False, needs_words=True, strict=strict)
        return json_response(placement_record(await state.matching.look_up(received.article), received))

    def ends(operation: str, summary: str, call: Callable[[StoryIndex, str], list[Change]]) -> None:
        @routes.post(
            f"/{operation}",
            operation_id=operation,
            summary=summary,
            dependencies=writing,
            response_model=models.Removed,
            responses={200: {"description": "The changes."}, **models.problem_answers(401, 403, 404, 422)},
        )
        async def end(id: ArticleIdQuery) -> Response:
            changes = await state.writer.run(lambda index: call(index, id))
            return write_response(state, {"changes": [change.to_record() for change in changes]})

    ends("withdraw", "Withdraw an article: show another one, and tell its copies", StoryIndex.withdraw)
    ends("erase", "Erase all versions of an article, and overwrite the space", StoryIndex.erase)

    @routes.get(
        "/articles/{id:path}",
        operation_id="article",
        summary="An article",
        dependencies=reading,
        response_model=models.IndexedArticle,
        responses={
            200: {"description": "The article.", "links": _STORY},
            **models.problem_answers(401, 403, 404, 422),
        },
    )
    async def article(id: ArticleId) -> Response:
        held = await state.read(StoryIndex.article, id)
        return json_response(held.to_record())

    @routes.put(
        "/articles/{id:path}",
        operation_id="update",
        summary="Update an article",
        dependencies=writing,
        response_model=models.Placement,
        responses={
            200: {"description": "It was updated, or is unchanged.", "links": _STORY},
            **models.problem_answers(401, 403, 404, 413, 415, 422),
        },
        openapi_extra=request_body(bodies.unnamed, tolerant=True),
    )
    async def update(request: Request, id: ArticleId, strict: Strict = False) -> Response:
        record = await body_of(request)
        if isinstance(record, dict) and record.get("id") is not None and record["id"] != id:
            raise problem("invalid", "id", "it is another than in the address", "leave it out, or give the same")
        given = {**record, "id": id} if isinstance(record, dict) else record
        received = bodies.receive(given, needs_words=True, strict=strict)
        placement = await state.writer.run(lambda index: index.update(received.article))
        return write_response(state, placement_record(placement, received))

    @routes.delete(
        "/articles/{id:path}",
        operation_id="remove",
        summary="Remove an article and everything stored with it",
        dependencies=writing,
        response_model=models.Removed,
        responses={
            200: {"description": "The changes."},
            **models.problem_answers(401, 403, 404, 422),
        },
    )
    async def remove(id: ArticleId) -> Response:
        changes = await state.writer.run(lambda index: index.remove(id))
        return write_response(state, {"changes": [change.to_record() for change in changes]})

    return routes


_STORY = {"story": {"operationId": "story", "parameters": {"id": "$response.body#/story"}}}
_LINKS = {
    **_STORY,
    "article": {"operationId": "article", "parameters": {"id": "$response.body#/id"}},
    "update": {"operationId": "update", "parameters": {"id": "$response.body#/id"}},
    "remove": {"operationId": "remove", "parameters": {"id": "$response.body#/id"}},
    "explain": {
        "operationId": "explain",
        "parameters": {"a": "$response.body#/id", "b": "$response.body#/id"},
    },
    "timeline": {"operationId": "timeline", "parameters": {"id": "$response.body#/story"}},
    "versions": {"operationId": "versions", "parameters": {"id": "$response.body#/story"}},
}
"""OpenAPI links from an article that was added."""


def placement_record(placement: Placement, received: Received | None = None) -> dict[str, Any]:
    """Return a placement with its links, and the notices of what was received, ready for JSON."""
    if received is not None and received.notices:
        placement = replace(placement, notices=(*received.notices, *placement.notices))
    return {**placement.to_record(), "links": [_link(link) for link in placement.links]}


def _link(link: Link) -> dict[str, Any]:
    """Return what `dataclasses.asdict` does, without its deep copy, which took much of the time of an answer."""
    return {name: getattr(link, name) for name in Link.__slots__}


def _articles(records: Sequence[Any], state: State, *, strict: bool) -> list[Received | Problem]:
    return [_received(record, state, f"articles.{place}", strict=strict) for place, record in enumerate(records)]


def _batch_response(state: State, results: Sequence[Placement | Problem]) -> Response:
    return write_response(state, {"results": [_result(place, result) for place, result in enumerate(results, 1)]})


def _received(record: Any, state: State, where: str, *, strict: bool) -> Received | Problem:
    try:
        return state.request_models.receive(record, where=where, strict=strict)
    except Problem as error:
        return error


async def _add_all(read: Sequence[Received | Problem], state: State, *, wait: bool) -> list[Placement | Problem]:
    """Add articles and return their placements; problems keep their places.

    Args:
        read: the articles.
        state: the state of the service.
        wait: whether to wait while the queue is full.

    Raises:
        Problem: the queue is full; none of the articles was queued.
    """
    articles = [one.article for one in read if isinstance(one, Received)]
    group, until = min(GROUP_WHILE_READING, state.settings.group), len(articles)
    if articles and not wait and state.writer.waiting and state.writer.waiting + until > state.settings.queue:
        await state.writer.wait_for_space(until, 0.0)
    placed: list[Placement | Problem] = []
    waiting: list[tuple[asyncio.Future[list[Placement]] | Problem, int]] = []
    for start in range(0, until, group):
        some = articles[start : start + group]
        try:
            if wait or start:
                await state.writer.wait_for_space(len(some), state.settings.answer_time)
            waiting.append((state.writer.add(some), len(some)))
        except Problem as error:
            if start == 0:
                raise
            waiting.append((error, len(some)))
    for done, count in waiting:
        try:
            placed += [done] * count if isinstance(done, Problem) else await done
        except Problem as error:
            placed += [error] * count
    results = iter(placed)
    return [one if isinstance(one, Problem) else _noted(next(results), one) for one in read]


def _noted(result: Placement | Problem, received: Received) -> Placement | Problem:
    """Return a result with the notices of what was received."""
    if isinstance(result, Problem) or not received.notices:
        return result
    return replace(result, notices=(*received.notices, *result.notices))


async def _results_of_lines(request: Request, state: State, *, strict: bool) -> AsyncIterator[bytes]:
    """Yield a result line for each line of a body; a problem that ends the body early is the last one.

    Raises:
        Problem: before the first result; the whole request is refused.
    """
    number, accepted, started = 0, 0, False
    try:
        with state.body_budget.reservation() as reservation:
            async for lines in body_lines(request, state.settings, reservation, state.settings.group):
                read: list[Received | Problem] = []
                places = []
                for line in lines:
                    number += 1
                    if line.strip():
                        places.append(number)
                        read.append(_of_line(line, state, strict=strict))
                if read:
                    results = await _add_all(read, state, wait=started)
                    started = True
                    cursor = state.cursor
                    yield b"".join(
                        _line(_result(place, one, cursor)) for place, one in zip(places, results, strict=True)
                    )
                    accepted += sum(isinstance(one, Placement) for one in results)
                if number - accepted > REFUSED_LINES + accepted:
                    what = f"more than {REFUSED_LINES:,} lines, and more than were accepted, are blank or refused"
                    raise problem("too-large", "body", what, "correct the lines, then send the rest")
                state.require_ready()  # a stopping service accepts no more lines
    except Problem as error:
        if not started:
            raise
        yield _line(_result(number + 1, error))
    except Disconnected:
        return


def _of_line(line: bytes, state: State, *, strict: bool) -> Received | Problem:
    try:
        return state.request_models.receive(read_json(line, articles=_LINE), strict=strict)
    except Problem as error:
        return error


def _result(place: int, found: Placement | Problem, cursor: int | None = None) -> dict[str, Any]:
    if isinstance(found, Problem):
        return {"line": place, "problem": found.to_record()}
    record = {"line": place, "placement": placement_record(found)}
    return record if cursor is None else {**record, "cursor": cursor}


def _line(record: dict[str, Any]) -> bytes:
    return json_text(record).encode() + b"\n"


class _LineStream(Response):
    """Lines sent while the body is still being received; Starlette's streaming answer would consume parts of it."""

    def __init__(self, first: bytes, rest: AsyncIterator[bytes]) -> None:
        super().__init__(media_type=NDJSON)
        del self.headers["content-length"]
        self._first, self._rest = first, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI passes it
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self._first, "more_body": True})
        async for piece in self._rest:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
