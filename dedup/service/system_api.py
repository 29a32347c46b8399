"""Routes of operation: jobs, statistics, health and metrics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from dedup.index import StoryIndex
from dedup.service import response_models as models
from dedup.service.access import known_parameters, requirements
from dedup.service.articles_api import json_response
from dedup.service.metrics import CONTENT_TYPE
from dedup.service.problems import problem
from dedup.service.request_models import DATE_PATTERN, read_date
from dedup.service.state import State

_HIDDEN = ("store", "memory")
"""Statistics of the machine, which are not returned."""
_JOB = {"job": {"operationId": "job", "parameters": {"id": "$response.body#/id"}}}
_CHANGES = {"changes": {"operationId": "changes", "parameters": {"since": "$response.body#/result/since"}}}


def system_routes(state: State) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["service"])
    reading, writing = requirements(state, "read"), requirements(state, "write")

    @routes.post(
        "/v1/reconcile",
        operation_id="reconcile",
        summary="Start a job that regroups all articles as one run over them would",
        dependencies=writing,
        status_code=202,
        response_model=models.Job,
        responses={
            202: {"description": "The job was started, or is waiting.", "links": _JOB},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def reconcile() -> Response:
        return _begun(state, "reconcile", _reconciled)

    @routes.post(
        "/v1/expire",
        operation_id="expire",
        summary="Start a job that removes the articles published before a time",
        dependencies=writing,
        status_code=202,
        response_model=models.Job,
        responses={
            202: {"description": "The job was started.", "links": _JOB},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def expire(
        before: Annotated[str, Query(pattern=DATE_PATTERN, description="A date or a time.")],
    ) -> Response:
        when = read_date(before)
        if when is None:
            raise problem("invalid", "before", f"{before[:40]!r} is no date", "write 2024-01-31")
        return _begun(state, "expire", _expiring(when))

    @routes.get(
        "/v1/jobs/{id}",
        operation_id="job",
        summary="The state of a job",
        dependencies=reading,
        response_model=models.Job,
        responses={
            200: {"description": "The job.", "links": _CHANGES},
            **models.problem_answers(401, 403, 404, 422),
        },
    )
    async def job(id: Annotated[str, Path(min_length=1, max_length=64)]) -> Response:
        return json_response(state.jobs.job(id).to_record())

    @routes.get(
        "/v1/stats",
        operation_id="stats",
        summary="Numbers of articles, stories and changes",
        dependencies=reading,
        response_model=models.Stats,
        responses={
            200: {"description": "The numbers."},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def stats() -> Response:
        found = await state.quick.run(state.index.stats)
        return json_response({name: value for name, value in found.items() if name not in _HIDDEN})

    @routes.get(
        "/healthz",
        operation_id="healthz",
        summary="Whether the service is alive",
        dependencies=[Depends(known_parameters)],
        response_model=models.Health,
        responses={200: {"description": "It does."}, **models.problem_answers(422)},
    )
    async def healthz() -> Response:
        if not state.writer.alive:
            raise problem("fault", "service", "it cannot write any more", "start it again")
        return json_response({"status": "ok"})

    @routes.get(
        "/readyz",
        operation_id="readyz",
        summary="Whether the service answers: it has loaded its articles, can write, and is not stopping",
        dependencies=[Depends(known_parameters)],
        response_model=models.Health,
        responses={200: {"description": "It does."}, **models.problem_answers(422)},
    )
    async def readyz() -> Response:
        state.require_ready()
        if state.writer.failed:
            raise problem("store", "service", "the last write failed", "look at its log", retry=10)
        return json_response({"status": "ok"})

    @routes.get(
        "/metrics",
        operation_id="metrics",
        summary="Metrics for Prometheus",
        dependencies=requirements(state, "read", ready=False),
        response_model=None,
        response_class=Response,
        responses={
            200: {
                "description": "Prometheus' text format.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **models.problem_answers(401, 403, 422),
        },
    )
    async def metrics() -> Response:
        return Response(state.metrics.text(), 200, {"content-type": CONTENT_TYPE})

    return routes


def _begun(state: State, what: str, call: Callable[[StoryIndex], dict[str, Any]]) -> Response:
    job = state.jobs.start(state.writer, what, call)
    return json_response(job.to_record(), 202, {"Location": f"/v1/jobs/{job.id}"})


def _reconciled(index: StoryIndex) -> dict[str, Any]:
    since = index.stats()["changes"]
    changes = index.reconcile()
    return {"since": since, "until": changes[-1].cursor if changes else since, "count": len(changes)}


def _expiring(before: date | datetime) -> Callable[[StoryIndex], dict[str, Any]]:
    def expired(index: StoryIndex) -> dict[str, Any]:
        since = index.stats()["changes"]
        count = index.expire(before)
        return {"since": since, "until": index.stats()["changes"], "count": count}

    return expired
