"""What takes longer than a request should: begun by one, asked about by others."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dedup.service.problems import Problem, problem

if TYPE_CHECKING:
    from dedup.index import StoryIndex
    from dedup.service.writer import Writer

REMEMBERED = 100
"""Jobs that are told of after they ended."""


@dataclass(slots=True)
class Job:
    """Something that was begun.

    Attributes:
        id: of the job.
        what: "reconcile" or "expire".
        state: where it is.
        result: what came of it.
        problem: why it failed.
    """

    id: str
    what: str
    state: Literal["waiting", "done", "failed"] = "waiting"
    result: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {
            "id": self.id,
            "what": self.what,
            "state": self.state,
            "result": self.result,
            "problem": self.problem,
        }


class Jobs:
    """The jobs of one service, the last ones."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def begin(self, writer: Writer, what: str, call: Callable[[StoryIndex], dict[str, Any]]) -> Job:
        """Hands a call to the writer. One that waits already is not handed in again, but told of.

        Raises:
            Problem: the queue is full, or the service is being stopped.
        """
        for known in self._jobs.values():
            if known.state == "waiting" and known.what == what == "reconcile":
                return known
        job = Job(secrets.token_hex(8), what)
        done = writer.do(call)
        done.add_done_callback(lambda ended: _end(job, ended))
        self._jobs[job.id] = job
        ended = [one.id for one in self._jobs.values() if one.state != "waiting"]
        for old in ended[: max(0, len(self._jobs) - REMEMBERED)]:
            del self._jobs[old]
        return job

    def job(self, id_: str) -> Job:
        """The job of an id.

        Raises:
            Problem: there is none, or it ended long ago.
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
        job.state, job.problem = "failed", found.record()
