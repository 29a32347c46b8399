"""Jobs that take longer than a request: one request starts them, others poll their state."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from dedup.service.problems import Problem, problem

if TYPE_CHECKING:
    from dedup.index import StoryIndex
    from dedup.service.writer import NoWriter, Writer

REMEMBERED = 100
"""Ended jobs that are kept."""


@dataclass(slots=True)
class Job:
    """A job.

    Attributes:
        id: its identifier.
        what: "reconcile", "rebuild", "expire" or "quarantine".
        state: "waiting" until it has ended.
        result: the result, once it is done.
        problem: the problem, once it has failed.
    """

    id: str
    what: str
    state: Literal["waiting", "done", "failed"] = "waiting"
    result: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the job as a mapping ready for JSON."""
        return asdict(self)


class Jobs:
    """The running jobs of a service, and the last that ended."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def start(self, writer: Writer | NoWriter, what: str, call: Callable[[StoryIndex], dict[str, Any]]) -> Job:
        """Pass a call to the writer and return its job; a `reconcile` that is waiting is returned instead of another.

        Raises:
            Problem: the queue is full, or the service is being stopped.
        """
        for known in self._jobs.values():
            if known.state == "waiting" and known.what == what == "reconcile":
                return known
        job = Job(secrets.token_hex(8), what)
        done = writer.run(call)
        done.add_done_callback(lambda ended: _end(job, ended))
        self._jobs[job.id] = job
        ended = [one.id for one in self._jobs.values() if one.state != "waiting"]
        for old in ended[: max(0, len(self._jobs) - REMEMBERED)]:
            del self._jobs[old]
        return job

    def job(self, id_: str) -> Job:
        """Return a job by its id.

        Raises:
            Problem: it is unknown, or ended long ago.
        """
        if id_ not in self._jobs:
            raise problem("not-found", "id", "there is no such job, or it ended long ago", "look at its id")
        return self._jobs[id_]


def _end(job: Job, ended: asyncio.Future[dict[str, Any]]) -> None:
    if ended.cancelled():
        return
    error = ended.exception()
    if error is None:
        job.state, job.result = "done", ended.result()
    else:
        found = error if isinstance(error, Problem) else problem("fault", "service", "it failed", "try again")
        job.state, job.problem = "failed", found.to_record()
