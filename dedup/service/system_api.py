"""Routes of operation: jobs, statistics, health and metrics."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from dedup.errors import SettingsError
from dedup.index import StoryIndex
from dedup.service import response_models as models
from dedup.service.access import known_parameters, requirements
from dedup.service.articles_api import json_response
from dedup.service.metrics import CONTENT_TYPE
from dedup.service.problems import Problem, problem
from dedup.service.request_models import DATE_PATTERN, LENGTHS, read_date
from dedup.service.state import State
from dedup.service.stories_api import changes_after

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
        return _begun(state, "expire", _expiring(_date(before, "before")))

    @routes.post(
        "/v1/rebuild",
        operation_id="rebuild",
        summary="Start a job that computes all placements anew, with another background or granularity",
        dependencies=writing,
        status_code=202,
        response_model=models.Job,
        responses={
            202: {"description": "The job was started.", "links": _JOB},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def rebuild(
        learn: Annotated[bool, Query(description="Learn the background from the articles of the index.")] = False,
        preview: Annotated[bool, Query(description="Only count the changes; nothing is changed.")] = False,
        granularity: Annotated[
            float | None, Query(ge=0, le=1, description="The new granularity; by default that of the index.")
        ] = None,
    ) -> Response:
        return _begun(state, "rebuild", _rebuilding(granularity, learn=learn, preview=preview))

    @routes.post(
        "/v1/quarantine",
        operation_id="quarantine",
        summary="Start a job that removes what one broken source sent",
        dependencies=writing,
        status_code=202,
        response_model=models.Job,
        responses={
            202: {"description": "The job was started.", "links": _JOB},
            **models.problem_answers(401, 403, 410, 422),
        },
    )
    async def quarantine(
        source: Annotated[
            str, Query(min_length=1, max_length=LENGTHS["source"], description="The outlet, in any case.")
        ],
        since: Annotated[
            str | None, Query(pattern=DATE_PATTERN, description="Only what was added since: a date or a time.")
        ] = None,
        cursor: Annotated[
            int | None,
            Query(ge=0, le=2**62, description="A change: what was added or updated after it stays."),
        ] = None,
    ) -> Response:
        when = None if since is None else _date(since, "since")
        if cursor is not None:
            await state.read(changes_after, cursor, 1)  # 410 where it is lost
        return _begun(state, "quarantine", _quarantining(source, when, cursor))

    @routes.post(
        "/v1/options",
        operation_id="change_options",
        summary="Change options of the store; those that are not given stay",
        dependencies=writing,
        response_model=models.Stats,
        responses={
            200: {"description": "They were changed."},
            **models.problem_answers(401, 403, 422),
        },
    )
    async def change_options(
        keep_days: Annotated[
            float | None, Query(gt=0, description="Days after which articles expire; `inf` for never.")
        ] = None,
        settle_hours: Annotated[
            float | None,
            Query(ge=0, description="Hours without a change after which a story keeps its id permanently."),
        ] = None,
        store_text: Annotated[bool | None, Query(description="false deletes all texts for good.")] = None,
    ) -> Response:
        given = {"keep_days": keep_days, "settle_hours": settle_hours, "store_text": store_text}

        def change(index: StoryIndex) -> dict[str, Any]:
            try:
                index.change_options(**given)  # type: ignore[arg-type]
            except SettingsError as error:
                raise problem("invalid", "store_text", str(error), "leave it out, or make the index anew") from None
            return index.stats()

        return json_response(_told(await state.writer.run(change)))

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
        return json_response(_told(await state.read(StoryIndex.stats)))

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
            what = f"the last write failed ({state.writer.failed})"
            raise problem("store", "service", what, "look at its log; it tries again with the next write", retry=10)
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
        if not state.unready:
            with suppress(Problem):  # the other metrics are wanted most when readers are busy
                await state.quick.run(state.measure)
        return Response(state.metrics.text(), 200, {"content-type": CONTENT_TYPE})

    return routes


def _told(stats: dict[str, Any]) -> dict[str, Any]:
    """Return statistics without those of the machine."""
    return {name: value for name, value in stats.items() if name not in _HIDDEN}


def _date(text: str, parameter: str) -> date | datetime:
    when = read_date(text)
    if when is None:
        raise problem("invalid", parameter, f"{text[:40]!r} is no date", "write 2024-01-31")
    return when


def _begun(state: State, what: str, call: Callable[[StoryIndex], dict[str, Any]]) -> Response:
    job = state.jobs.start(state.writer, what, call)
    return json_response(job.to_record(), 202, {"Location": f"/v1/jobs/{job.id}"})


def _reconciled(index: StoryIndex) -> dict[str, Any]:
    since = index.stats()["changes"]
    changes = index.reconcile()
    return {"since": since, "until": changes[-1].cursor if changes else since, "count": len(changes)}


def _rebuilding(granularity: float | None, *, learn: bool, preview: bool) -> Callable[[StoryIndex], dict[str, Any]]:
    def rebuilt(index: StoryIndex) -> dict[str, Any]:
        since = index.stats()["changes"]
        settings = None if granularity is None else replace(index.settings, granularity=granularity)
        count = len(index.rebuild(settings, learn=learn, preview=preview))
        return {"since": since, "until": index.stats()["changes"], "count": count}

    return rebuilt


def _quarantining(
    source: str, since: date | datetime | None, cursor: int | None
) -> Callable[[StoryIndex], dict[str, Any]]:
    def quarantined(index: StoryIndex) -> dict[str, Any]:
        before = index.stats()["changes"]
        changes = index.quarantine(source, since=since, cursor=cursor)
        count = sum(change.kind == "removed" for change in changes)
        return {"since": before, "until": index.stats()["changes"], "count": count}

    return quarantined


def _expiring(before: date | datetime) -> Callable[[StoryIndex], dict[str, Any]]:
    def expired(index: StoryIndex) -> dict[str, Any]:
        since = index.stats()["changes"]
        count = index.expire(before)
        return {"since": since, "until": index.stats()["changes"], "count": count}

    return expired
