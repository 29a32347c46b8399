"""The application: routes, pages and problems, behind the entrance."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp

import dedup
from dedup.index import StoryIndex
from dedup.service.articles_api import article_routes
from dedup.service.bodies import Disconnected
from dedup.service.middleware import Entrance
from dedup.service.pages import page_routes
from dedup.service.problems import MEDIA_TYPE, Problem, fault, problem
from dedup.service.request_models import RequestModels, parameter_problem
from dedup.service.response_models import ProblemDetails
from dedup.service.settings import ServiceSettings
from dedup.service.state import State
from dedup.service.stories_api import story_routes
from dedup.service.system_api import system_routes
from dedup.service.tokens import Guard

_TEXT = """Articles one at a time, each told at once where it belongs: a copy, a part of a story, or news.

Every error is a problem (RFC 9457) whose `errors` name what is wrong and what to do. What was answered with 2xx is on
disk. An article is known by its id: sent again, it changes nothing."""


def application(index: StoryIndex, settings: ServiceSettings | None = None, guard: Guard | None = None) -> ASGIApp:
    """The service as an ASGI application over an index, which stays the caller's to close.

    Args:
        index: opened to write.
        settings: how it is run.
        guard: who is let in; None for everybody.
    """
    state = State(index, settings or ServiceSettings(), guard or Guard(None))
    return Entrance(inner_application(state), state)


def inner_application(state: State) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - what FastAPI gives
        await state.start()
        yield
        await state.stop()

    app = FastAPI(
        title="dedup",
        version=dedup.__version__,
        description=_TEXT,
        docs_url=None,  # its pages fetch scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # see `pages`: under the same headers as all else
        lifespan=lifespan,
        redirect_slashes=False,
    )
    routers = (
        article_routes(state),
        story_routes(state),
        system_routes(state),
        page_routes(lambda: document(app, state.request_models)),
    )
    for routes in routers:
        app.include_router(routes)
    app.state.routes = [route for routes in routers for route in routes.routes]
    app.add_exception_handler(Problem, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)
    app.add_exception_handler(Disconnected, _nobody)
    return app


def document(app: FastAPI, request_models: RequestModels) -> dict[str, Any]:
    """Return the OpenAPI document: what FastAPI generates, with the models that bodies and problems refer to."""
    if app.openapi_schema is None:
        found = app.openapi()
        named = [(model, "validation") for model in request_models.all] + [(ProblemDetails, "serialization")]
        _, definitions = models_json_schema(named, ref_template="#/components/schemas/{model}")
        components = found.setdefault("components", {}).setdefault("schemas", {})
        components |= definitions["$defs"]
        for name in ("HTTPValidationError", "ValidationError"):
            components.pop(name, None)
    return app.openapi_schema or {}


def told(request: Request, error: Problem) -> Response:
    """A problem as an answer."""
    state = request.scope.get("state", {})
    state["problem"] = error.kind
    return Response(error.body(state.get("request_id", "")), error.status, error.headers, MEDIA_TYPE)


async def _told(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return told(request, error)


async def _nobody(request: Request, error: Exception) -> Response:  # noqa: ARG001 - what Starlette gives
    return Response(status_code=499)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return told(request, parameter_problem(error.errors()))


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
        remedy = f"use {headers['Allow']}"
        return told(
            request, problem("wrong-method", "method", f"{request.method} is not for this", remedy, headers=headers)
        )
    if error.status_code == 404:
        return told(request, problem("not-found", "path", "nothing is there", "see /openapi.json for what there is"))
    return told(request, problem("invalid", "body", "it cannot be read", "see /openapi.json"))


def _methods(request: Request) -> set[str]:
    """What can be done with the path of a request; the router names the methods of its first route alone."""
    found: set[str] = set()
    for route in request.app.state.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= route.methods or set()
    return found


async def _fault(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette raises it again, to be logged
    return told(request, fault())
