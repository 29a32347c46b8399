"""Stories: page by page, one with its timeline and versions, why two articles are in one, what has changed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from dedup.article import Article
from dedup.errors import CursorError, InputError, UnknownArticleError
from dedup.index import Change, IndexedArticle, StoryIndex
from dedup.pipeline import cluster
from dedup.results.clustering import Clustering, CopyGroup, Explanation
from dedup.results.provenance import Provenance, trace
from dedup.service import schemas
from dedup.service.access import requirements
from dedup.service.articles_api import answer
from dedup.service.bodies import JSON, media_type, whole_body
from dedup.service.problems import problem
from dedup.service.records import (
    DATE_PATTERN,
    ID,
    ID_PATTERN,
    WORDS_PATTERN,
    article_of,
    explanation_record,
    head_record,
    read_date,
)
from dedup.service.state import State
from dedup.service.strict_json import read_json

MOST = 1_000
"""Stories, changes or articles that one answer has at most."""
VERSIONS = 40
"""Articles of a copy group that are compared; of a larger one the first."""
PASTED = 50_000
"""Characters of a text that is compared with another without being stored."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="At most so many.")]
StoryId = Annotated[str, Path(min_length=1, max_length=ID, description="The id of the story; an old one will do.")]
Named = Annotated[str, Query(min_length=1, max_length=ID, pattern=ID_PATTERN, description="The id of an article.")]


def story_routes(state: State) -> APIRouter:
    """The routes."""
    index, settings = state.index, state.settings
    routes = APIRouter(prefix="/v1", tags=["stories"], dependencies=requirements(state, "read"))

    @routes.get(
        "/stories",
        operation_id="stories",
        summary="The stories, the last touched first",
        response_model=None,
        responses={
            200: {
                "model": schemas.Stories,
                "description": "A page of stories.",
                "links": {
                    "next": {"operationId": "stories", "parameters": {"cursor": "$response.body#/next"}},
                    "story": {"operationId": "story", "parameters": {"id": "$response.body#/stories/0/id"}},
                },
            },
            **schemas.problem_answers(401, 403, 422),
        },
    )
    async def stories(
        since: Annotated[
            str | None,
            Query(pattern=DATE_PATTERN, description="Those that something touched since: a date or a time."),
        ] = None,
        outlet: Annotated[str | None, Query(max_length=500, description="Those with an article of it.")] = None,
        min_size: Annotated[int, Query(ge=1, le=1_000_000, description="Those of so many articles.")] = 1,
        cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
        limit: Limit = 50,
    ) -> Response:
        found = await state.quick.ask(
            _page, index, cursor, since=_date("since", since), outlet=outlet, min_size=min_size, limit=limit
        )
        return answer({"stories": [one.to_record() for one in found.stories], "next": found.next})

    @routes.get(
        "/stories/{id}",
        operation_id="story",
        summary="A story",
        description="One that became part of another gives that one, under its id.",
        response_model=None,
        responses={
            200: {"model": schemas.Story, "description": "The story.", "links": _ARTICLE},
            **schemas.problem_answers(401, 403, 404, 422),
        },
    )
    async def story(id: StoryId) -> Response:
        return answer((await state.quick.ask(index.story, id)).to_record())

    @routes.get(
        "/stories/{id}/articles",
        operation_id="timeline",
        summary="The articles of a story, in the order of publication, without their texts",
        response_model=None,
        responses={
            200: {"model": schemas.Timeline, "description": "They."},
            **schemas.problem_answers(401, 403, 404, 422),
        },
    )
    async def timeline(id: StoryId, limit: Limit = 200) -> Response:
        total, held = await state.quick.ask(_held, index, id, limit)
        return answer({"articles": [head_record(one) for one in held], "total": total})

    @routes.get(
        "/stories/{id}/versions",
        operation_id="versions",
        summary="The copies in a story: the likely original of each group, and what each version cut and added",
        response_model=None,
        responses={
            200: {"model": schemas.Versions, "description": "The groups."},
            **schemas.problem_answers(401, 403, 404, 409, 422),
        },
    )
    async def versions(id: StoryId) -> Response:
        found = await state.heavy.ask(_versions, index, id)
        return answer({"groups": [asdict(one) for one in found]})

    @routes.get(
        "/explain",
        operation_id="explain",
        summary="Why two articles are in one story, or are not",
        response_model=None,
        responses={
            200: {"model": schemas.Explanation, "description": "Scores, passages, names, and a sentence."},
            **schemas.problem_answers(401, 403, 404, 409, 422),
        },
    )
    async def explain(a: Named, b: Named) -> Response:
        return answer(explanation_record(await state.heavy.ask(_explained, index, a, b)))

    pasted = schemas.article_schema(min(PASTED, settings.text), needs_id=False)

    @routes.post(
        "/compare",
        operation_id="compare",
        summary="The same of two texts that are not stored",
        response_model=None,
        responses={
            200: {"model": schemas.Explanation, "description": "As for `explain`; they are called a and b."},
            **schemas.problem_answers(401, 403, 413, 415, 422),
        },
        openapi_extra=schemas.body(
            {
                JSON[0]: {
                    "type": "object",
                    "properties": {"a": pasted, "b": pasted},
                    "required": ["a", "b"],
                    "additionalProperties": False,
                }
            },
            example={"a": {"text": "Fire on the ferry."}, "b": {"text": "A ferry burned."}},
        ),
    )
    async def compare(request: Request) -> Response:
        media_type(request, JSON)
        with state.room.holder() as holder:
            given = read_json(await whole_body(request, settings, holder))
        if not isinstance(given, dict) or set(given) != {"a", "b"}:
            raise problem("invalid", "body", "it has not just the fields a and b", 'send {"a": {…}, "b": {…}}')
        pair = [
            article_of(
                {**given[name], "id": name} if isinstance(given[name], dict) else given[name], settings, where=name
            )
            for name in ("a", "b")
        ]
        for article in pair:
            if len(article.text) > PASTED:
                what = f"it has {len(article.text):,} characters"
                raise problem("invalid", f"{article.id}.text", what, f"give at most {PASTED:,}")
        return answer(explanation_record(await state.heavy.ask(_compared, index, *pair)))

    @routes.get(
        "/search",
        operation_id="search",
        summary="The articles that hold all words of a query in id, outlet, title or text; the last that came first",
        response_model=None,
        responses={
            200: {"model": schemas.Found, "description": "They, without their texts."},
            **schemas.problem_answers(401, 403, 422),
        },
    )
    async def search(
        q: Annotated[
            str, Query(min_length=1, max_length=200, pattern=WORDS_PATTERN, description="The words, at most 12.")
        ],
        limit: Limit = 50,
    ) -> Response:
        found = await state.heavy.ask(_searched, index, q, limit)
        return answer({"articles": [head_record(one) for one in found]})

    @routes.get(
        "/changes",
        operation_id="changes",
        summary="What has changed after a cursor, in order",
        description="With `wait` the answer comes when there is something, or after so many seconds without.",
        response_model=None,
        responses={
            200: {
                "model": schemas.Changes,
                "description": "The changes.",
                "links": {"next": {"operationId": "changes", "parameters": {"since": "$response.body#/cursor"}}},
            },
            **schemas.problem_answers(401, 403, 410, 422),
        },
    )
    async def changes(
        since: Annotated[int, Query(ge=0, le=2**62, description="The cursor of the last change that is known.")] = 0,
        limit: Limit = MOST,
        wait: float = Query(0, ge=0, le=settings.news_time, allow_inf_nan=False, description="Seconds to wait."),
    ) -> Response:
        found = await state.quick.ask(_changes, index, since, limit)
        if not found and wait and await state.news(wait):
            found = await state.quick.ask(_changes, index, since, limit)
        cursor = found[-1].cursor if found else since
        return answer({"changes": [change.to_record() for change in found], "cursor": cursor})

    return routes


_ARTICLE = {"article": {"operationId": "article", "parameters": {"id": "$response.body#/canonical"}}}


def _date(name: str, text: str | None) -> date | datetime | None:
    found = read_date(text)
    if text is not None and found is None:
        raise problem("invalid", name, f"{text[:40]!r} is no date", "write 2024-01-31 or 2024-01-31T12:30:00Z")
    return found


def _page(index: StoryIndex, cursor: str | None, **filters: Any) -> Any:
    try:
        return index.page(cursor, **filters)
    except InputError:
        what = "it is none that a page of stories ended with"
        raise problem("invalid", "cursor", what, "begin without one, and use `next` as it is") from None


def _changes(index: StoryIndex, since: int, limit: int) -> list[Change]:
    try:
        return index.changes(since, limit=limit)
    except CursorError as error:
        if error.last < since:
            what = f"there are {error.last:,} changes: it is of another store, or of a later state of this one"
        else:
            what = f"the changes before {error.first:,} were forgotten"
        remedy = "read /v1/stats, then /v1/stories, and go on from the `changes` of the first"
        raise problem("cursor-lost", "since", what, remedy) from None


def _searched(index: StoryIndex, query: str, limit: int) -> list[IndexedArticle]:
    try:
        return index.search(query, limit=limit)
    except InputError as error:
        raise problem("invalid", "q", str(error), "give one to twelve words") from None


def _held(index: StoryIndex, id_: str, limit: int) -> tuple[int, list[IndexedArticle]]:
    """The articles of a story that are there still; a writer may take one out meanwhile."""
    story = index.story(id_)
    held = []
    for name in story.articles[:limit]:
        try:
            held.append(index.article(name))
        except UnknownArticleError:
            continue
    return len(story.articles), held


def _versions(index: StoryIndex, id_: str) -> list[Provenance]:
    _require_texts(index)
    story = index.story(id_)
    found = []
    for group in story.copy_groups:
        held = []
        for name in group.articles[:VERSIONS]:
            try:
                held.append(index.article(name).article)
            except UnknownArticleError:
                continue
        if len(held) > 1:
            names = tuple(article.id for article in held)
            alone = Clustering(tuple(held), (story,), index.settings, (0,) * len(held), (0,) * len(held))
            found.append(trace(alone, CopyGroup(group.id, names, names[0])))
    return found


def _explained(index: StoryIndex, a: str, b: str) -> Explanation:
    _require_texts(index)
    return index.explain(a, b)


def _compared(index: StoryIndex, a: Article, b: Article) -> Explanation:
    return cluster([a, b], index.settings, background=index.background).explain(0, 1)


def _require_texts(index: StoryIndex) -> None:
    if not index.stats()["store_text"]:
        remedy = "make a store that keeps them: 'dedup index add' without --no-text"
        raise problem("no-texts", "service", "its index was made without keeping texts", remedy)
