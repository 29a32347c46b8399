"""The one writer: a thread that takes what waits in a bounded queue and puts it on disk, articles some at a time.

What a request hands in is answered when it is durable, and not before. Articles of several requests are put on disk
together, so that many small requests cost no more than a large one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dedup.article import Article
from dedup.errors import InputError, StoreError, UnknownArticleError
from dedup.index import Placement, StoryIndex
from dedup.service.problems import Problem, problem
from dedup.service.settings import ServiceSettings

PART = 10
"""Articles that are put on disk together at most while readers wait."""
PAUSE = 0.002
"""Seconds for readers who wait."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Job:
    """Something to write: articles to add, or a call of its own; and who waits for it."""

    articles: Sequence[Article]
    call: Callable[[StoryIndex], Any] | None
    done: asyncio.Future[Any]
    weight: int
    result: Any = None


class Writer:
    """Writes, one thing after the other.

    All methods are called in the event loop; the thread is this object's own.

    Args:
        index: to write to.
        settings: for `queue` and `group`.
        told: called in the loop after something was written: seconds it took, articles that were in it.
        awaited: how many readers wait for the index: as long as some do, less is written at a time, with a pause.
    """

    def __init__(
        self,
        index: StoryIndex,
        settings: ServiceSettings,
        told: Callable[[float, int], None] = lambda *_: None,
        awaited: Callable[[], int] = lambda: 0,
    ) -> None:
        self._index, self._settings, self._told, self._awaited = index, settings, told, awaited
        self._loop = asyncio.get_running_loop()
        self._ready = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._stopping = False
        self._pace = 0.005  # seconds for an article, as it was lately
        self._moved = asyncio.Event()
        self.waiting = 0
        """Articles (and other things to do) that are not written yet."""
        self.failed = ""
        """Why the last write failed, "" where it did not."""
        self._thread = threading.Thread(target=self._work, name="dedup-writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it can write."""
        return self._thread.is_alive()

    def add(self, articles: Sequence[Article]) -> asyncio.Future[list[Placement]]:
        """Hands in articles.

        Raises:
            Problem: the queue is full, or the service is being stopped.
        """
        return self._hand_in(_Job(articles, None, self._loop.create_future(), len(articles)))

    def do(self, call: Callable[[StoryIndex], Any]) -> asyncio.Future[Any]:
        """Hands in anything else.

        Raises:
            Problem: as for `add`.
        """
        return self._hand_in(_Job((), call, self._loop.create_future(), 1))

    async def room(self, count: int, patience: float) -> None:
        """Waits until so many articles can be handed in.

        Raises:
            Problem: it took too long, or the service is being stopped.
        """
        until = self._loop.time() + patience
        while self.waiting and self.waiting + count > self._settings.queue and not self._stopping:
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), max(0.0, until - self._loop.time()))
            except TimeoutError:
                raise self._busy() from None

    async def stop(self) -> None:
        """Takes nothing more, finishes what it has, and ends."""
        with self._ready:
            self._stopping = True
            self._ready.notify_all()
        self._moved.set()
        await self._loop.run_in_executor(None, self._thread.join)

    def _hand_in(self, job: _Job) -> asyncio.Future[Any]:
        if self._stopping:
            raise problem("stopping", "service", "it takes nothing more", "send it again in a moment", retry=5)
        if self.waiting and self.waiting + job.weight > self._settings.queue:
            raise self._busy()
        self.waiting += job.weight
        job.done.add_done_callback(_looked_at)
        with self._ready:
            self._jobs.append(job)
            self._ready.notify()
        return job.done

    def _busy(self) -> Problem:
        what = f"{self.waiting:,} articles wait to be written already"
        return problem("too-busy", "service", what, "send it again after Retry-After", retry=self.waiting * self._pace)

    # In the thread

    def _work(self) -> None:
        while jobs := self._next():
            begin = time.perf_counter()
            if jobs[0].call is None:
                self._add(jobs)
            else:
                jobs[0].result = self._tried(jobs[0].call)
            self._loop.call_soon_threadsafe(self._deliver, jobs, time.perf_counter() - begin)
            if self._awaited():
                time.sleep(PAUSE)  # a lock is not fair: whoever lets go of it is the first to take it again

    def _next(self) -> list[_Job]:
        """What is done next: one thing, or articles of several requests; nothing when all is done for good."""
        with self._ready:
            while not self._jobs:
                if self._stopping:
                    return []
                self._ready.wait()
            jobs = [self._jobs.popleft()]
            weight = jobs[0].weight
            most = PART if self._awaited() else self._settings.group
            while jobs[0].call is None and self._jobs and self._jobs[0].call is None:
                weight += self._jobs[0].weight
                if weight > most:
                    break
                jobs.append(self._jobs.popleft())
            return jobs

    def _add(self, jobs: Sequence[_Job]) -> None:
        articles = [article for job in jobs for article in job.articles]
        found = self._tried(_adding(articles))
        if isinstance(found, Problem) and found.kind != "store" and len(jobs) > 1:
            for job in jobs:  # what is wrong with one is not for the others
                job.result = self._tried(_adding(job.articles))
            return
        start = 0
        for job in jobs:
            job.result = found if isinstance(found, Problem) else found[start : start + len(job.articles)]
            start += len(job.articles)

    def _tried(self, call: Callable[[StoryIndex], Any]) -> Any:
        """What a call gives, or the problem that it ends with."""
        try:
            result = call(self._index)
        except Exception as error:
            found = as_problem(error)
            if found.status >= 500:
                self.failed = found.title
            return found
        self.failed = ""
        return result

    # In the loop again

    def _deliver(self, jobs: Sequence[_Job], seconds: float) -> None:
        weight = sum(job.weight for job in jobs)
        self.waiting -= weight
        self._pace += 0.1 * (seconds / weight - self._pace)
        self._told(seconds, sum(len(job.articles) for job in jobs))
        self._moved.set()
        for job in jobs:
            if job.done.done():
                continue
            if isinstance(job.result, Problem):
                job.done.set_exception(job.result)
            else:
                job.done.set_result(job.result)


def as_problem(error: Exception) -> Problem:
    """What a client is told of an error of the index; the log has the rest."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnknownArticleError):
        return problem("not-found", "id", "there is no such article or story", "look at its id")
    if isinstance(error, StoreError):
        _log.error("the store failed: %s", error)
        return problem("store", "service", "it cannot be read or written", "try again later", retry=10)
    if isinstance(error, InputError):
        return problem("invalid", "body", str(error), "send an article with an id and a text")
    _log.error("a fault: %s", "".join(traceback.format_exception(error)))
    return problem("fault", "service", "it could not do this", "tell who runs it the request's id")


def _adding(articles: Sequence[Article]) -> Callable[[StoryIndex], list[Placement]]:
    return lambda index: index.add_many(articles, batch=len(articles))


def _looked_at(done: asyncio.Future[Any]) -> None:
    """An answer that nobody waits for any more is no error of the loop's."""
    if not done.cancelled():
        done.exception()
