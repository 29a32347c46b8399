"""The ASGI application: routes, pages and error handlers, behind the middleware."""

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
from dedup.service.decisions_api import decision_routes
from dedup.service.events import event_routes
from dedup.service.feeds import feed_routes
from dedup.service.middleware import ServiceMiddleware
from dedup.service.pages import page_routes
from dedup.service.problems import MEDIA_TYPE, Problem, internal_error, problem
from dedup.service.request_models import RequestModels, parameter_problem
from dedup.service.response_models import ProblemDetails
from dedup.service.settings import ServiceSettings
from dedup.service.state import State
from dedup.service.stories_api import story_routes
from dedup.service.system_api import system_routes
from dedup.service.tokens import Authenticator

_DESCRIPTION = """Takes articles one at a time and answers where each belongs: a copy, part of a story, or a new story.

Every error is a problem (RFC 9457) whose `errors` name the field and the remedy. What was answered with 2xx is on disk.
An article is identified by its id: sent again, it changes nothing."""


def application(
    index: StoryIndex, settings: ServiceSettings | None = None, authenticator: Authenticator | None = None
) -> ASGIApp:
    """Return the service as an ASGI application.

    Args:
        index: the index, opened to write; the caller closes it.
        settings: limits.
        authenticator: checks tokens; None if requests need none.
    """
    state = State(index, settings or ServiceSettings(), authenticator or Authenticator(None))
    return ServiceMiddleware(inner_application(state), state)


def inner_application(state: State) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - FastAPI passes it
        await state.start()
        yield
        await state.stop()

    app = FastAPI(
        title="dedup",
        version=dedup.__version__,
        description=_DESCRIPTION,
        docs_url=None,  # its pages load scripts from other hosts
        redoc_url=None,
        openapi_url=None,  # served by `pages`
        lifespan=lifespan,
        redirect_slashes=False,
    )
    routers = (
        article_routes(state),
        decision_routes(state),
        story_routes(state),
        event_routes(state),
        feed_routes(state),
        system_routes(state),
        page_routes(lambda: document(app, state.request_models)),
    )
    for routes in routers:
        app.include_router(routes)
    app.state.routes = [route for routes in routers for route in routes.routes]
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_error)
    app.add_exception_handler(Disconnected, _on_disconnect)
    return app


def document(app: FastAPI, request_models: RequestModels) -> dict[str, Any]:
    """Return the OpenAPI document: what FastAPI generates, with the models that bodies and problems refer to."""
    if app.openapi_schema is None:
        found = app.openapi()
        models: Any = [*((model, "validation") for model in request_models.all), (ProblemDetails, "serialization")]
        _, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")
        components = found.setdefault("components", {}).setdefault("schemas", {})
        components |= definitions["$defs"]
        for name in ("HTTPValidationError", "ValidationError"):
            components.pop(name, None)
    return app.openapi_schema or {}


def problem_response(request: Request, error: Problem) -> Response:
    """Return a problem as an answer."""
    state = request.scope.get("state", {})
    state["problem"] = error.kind
    return Response(error.body(state.get("request_id", "")), error.status, error.headers, MEDIA_TYPE)


async def _on_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return problem_response(request, error)


async def _on_disconnect(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette passes it
    return Response(status_code=499)


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem_response(request, parameter_problem(error.errors()))


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
        remedy = f"use {headers['Allow']}"
        return problem_response(
            request, problem("wrong-method", "method", f"{request.method} is not for this", remedy, headers=headers)
        )
    if error.status_code == 404:
        return problem_response(
            request, problem("not-found", "path", "nothing is there", "see /openapi.json for what there is")
        )
    return problem_response(request, problem("invalid", "body", "it cannot be read", "see /openapi.json"))


def _allowed_methods(request: Request) -> set[str]:
    """Return the methods of all routes of a path; Starlette names those of the first route alone."""
    found: set[str] = set()
    for route in request.app.state.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= route.methods or set()
    return found


async def _on_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette raises it again
    return problem_response(request, internal_error())
