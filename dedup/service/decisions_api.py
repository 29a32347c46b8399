"""Routes of the decisions of editors: list, make and undo them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import Response

from dedup.index import StoryIndex
from dedup.index.decisions import Decided
from dedup.service import response_models as models
from dedup.service.access import requirements
from dedup.service.articles_api import json_response, write_response
from dedup.service.bodies import JSON, json_body, require_media_type
from dedup.service.request_models import request_body
from dedup.service.state import State

_IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^"[0-9]{1,18}"$',
        description="The `ETag` of the decisions that the editor has seen: refused if others have decided since.",
    ),
]


def decision_routes(state: State) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["decisions"])
    reading, writing = requirements(state, "read"), requirements(state, "write")

    @routes.get(
        "/decisions",
        operation_id="decisions",
        summary="The decisions of editors, the oldest first",
        dependencies=reading,
        response_model=models.Decisions,
        responses={200: {"description": "The decisions."}, **models.problem_answers(401, 403, 422)},
    )
    async def decisions() -> Response:
        found, version = await state.read(StoryIndex.decisions)
        record = {"decisions": [decision.to_record() for decision in found], "version": version}
        return json_response(record, headers=_tag(version))

    @routes.post(
        "/decisions",
        operation_id="decide",
        summary="Keep a decision of an editor",
        description="It holds until it is undone. One that contradicts an earlier decision is refused, unless "
        "`supersede` is true. A decision that is in force already changes nothing.",
        dependencies=writing,
        status_code=201,
        response_model=models.Decided,
        responses={
            201: {"description": "It is kept.", "links": _LINKS},
            **models.problem_answers(401, 403, 404, 409, 412, 413, 415, 422),
        },
        openapi_extra=request_body(state.request_models.decision),
    )
    async def decide(request: Request, if_match: _IfMatch = None) -> Response:
        require_media_type(request, JSON)
        body = await json_body(request, state.settings, state.body_budget, state.parsers)
        asked = state.request_models.read_decision(body)
        kind, articles = asked.pop("kind"), asked.pop("articles")
        version = _version(if_match)
        done = await state.writer.run(lambda index: index.decide(kind, articles, version=version, **asked))
        return _answer(state, done, 201)

    @routes.delete(
        "/decisions/{id}",
        operation_id="undo",
        summary="Undo a decision",
        description="`stories` says where its articles are now; later articles go where they are alike.",
        dependencies=writing,
        response_model=models.Decided,
        responses={200: {"description": "It is undone."}, **models.problem_answers(401, 403, 404, 412, 422)},
    )
    async def undo(
        id: Annotated[str, Path(pattern=r"^d[0-9]{1,18}$", description="The id of the decision.")],
        if_match: _IfMatch = None,
    ) -> Response:
        version = _version(if_match)
        return _answer(state, await state.writer.run(lambda index: index.undo(id, version=version)), 200)

    return routes


_LINKS = {
    "undo": {"operationId": "undo", "parameters": {"id": "$response.body#/decisions/0/id"}},
    "article": {"operationId": "article", "parameters": {"id": "$response.body#/decisions/0/articles/0"}},
}
"""OpenAPI links from a decision that was made."""


def _answer(state: State, done: Decided, status: int) -> Response:
    return write_response(state, done.to_record(), status, _tag(done.version))


def _tag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def _version(if_match: str | None) -> int | None:
    return None if if_match is None else int(if_match.strip('"'))
