"""The writer: a single thread that writes the articles of a bounded queue to the index, in groups.

A request is answered once its articles are durable. Articles of several requests are written in one transaction, so
that many small requests cost no more than a large one.
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
from typing import Any, NoReturn

from dedup.article import Article
from dedup.errors import ConflictError, EmbeddingError, InputError, StoreError, UnknownArticleError
from dedup.index import Placement, StoryIndex
from dedup.service.problems import FAULTS, Fault, Problem, problem
from dedup.service.settings import ServiceSettings

GROUP_WHILE_READING = 10
"""Articles of one transaction at most while readers wait."""
PAUSE = 0.002
"""Seconds between transactions while readers wait."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Job:
    """Articles to add, or another call, and the future of the request that waits for it."""

    articles: Sequence[Article]
    call: Callable[[StoryIndex], Any] | None
    done: asyncio.Future[Any]
    weight: int
    result: Any = None


class Writer:
    """A thread that writes to an index, one job at a time.

    All public methods are called in the event loop.

    Args:
        index: the index, opened to write.
        settings: for `queue` and `group`.
        on_written: called in the event loop after each write, with its seconds, its number of articles, what it
            returned to each job, and the cursor of the last change.
        readers_waiting: returns how many readers wait for the index; while some do, groups are smaller, with pauses.
    """

    def __init__(
        self,
        index: StoryIndex,
        settings: ServiceSettings,
        on_written: Callable[[float, int, Sequence[Any], int], None] = lambda *_: None,
        readers_waiting: Callable[[], int] = lambda: 0,
    ) -> None:
        self._index, self._settings = index, settings
        self._on_written, self._readers_waiting = on_written, readers_waiting
        self._loop = asyncio.get_running_loop()
        self._ready = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._stopping = False
        self._seconds_per_article = 0.005  # moving average
        self._space_freed = asyncio.Event()
        self.waiting = 0
        """Articles and other calls that are not done yet."""
        self.failed = ""
        """Why the last write failed, "" if it did not."""
        self._thread = threading.Thread(target=self._run, name="dedup-writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread is running."""
        return self._thread.is_alive()

    def add(self, articles: Sequence[Article]) -> asyncio.Future[list[Placement]]:
        """Queue articles.

        Raises:
            Problem: the queue is full, or the service is stopping.
        """
        return self._enqueue(_Job(articles, None, self._loop.create_future(), len(articles)))

    def run(self, call: Callable[[StoryIndex], Any]) -> asyncio.Future[Any]:
        """Queue another call.

        Raises:
            Problem: see `add`.
        """
        return self._enqueue(_Job((), call, self._loop.create_future(), 1))

    async def wait_for_space(self, count: int, timeout: float) -> None:
        """Wait until the queue has space for a number of articles, or the service is stopping.

        Raises:
            Problem: it took too long.
        """
        until = self._loop.time() + timeout
        while self.waiting and self.waiting + count > self._settings.queue and not self._stopping:
            self._space_freed.clear()
            try:
                await asyncio.wait_for(self._space_freed.wait(), max(0.0, until - self._loop.time()))
            except TimeoutError:
                raise self._queue_full() from None

    async def stop(self) -> None:
        """Finish what is queued, refuse anything else, and end the thread."""
        with self._ready:
            self._stopping = True
            self._ready.notify_all()
        self._space_freed.set()
        await self._loop.run_in_executor(None, self._thread.join)

    def _enqueue(self, job: _Job) -> asyncio.Future[Any]:
        if self._stopping:
            raise problem("stopping", "service", "it takes nothing more", "send it again in a moment", retry=5)
        if self.waiting and self.waiting + job.weight > self._settings.queue:
            raise self._queue_full()
        self.waiting += job.weight
        job.done.add_done_callback(_retrieve_exception)
        with self._ready:
            self._jobs.append(job)
            self._ready.notify()
        return job.done

    def _queue_full(self) -> Problem:
        what = f"{self.waiting:,} articles wait to be written already"
        retry = self.waiting * self._seconds_per_article
        return problem("too-busy", "service", what, "send it again after Retry-After", retry=retry)

    # Called in the thread

    def _run(self) -> None:
        while jobs := self._next_jobs():
            begin = time.perf_counter()
            if jobs[0].call is None:
                self._add(jobs)
            else:
                jobs[0].result = self._outcome(jobs[0].call)
            seconds, cursor = time.perf_counter() - begin, self._cursor()
            self._loop.call_soon_threadsafe(self._deliver, jobs, seconds, cursor)
            if self._readers_waiting():
                time.sleep(PAUSE)  # locks are not fair: the thread that releases one gets it again

    def _next_jobs(self) -> list[_Job]:
        """Return the next call, or the articles of several requests; nothing once the queue is done and stopped."""
        with self._ready:
            while not self._jobs:
                if self._stopping:
                    return []
                self._ready.wait()
            jobs = [self._jobs.popleft()]
            weight = jobs[0].weight
            most = GROUP_WHILE_READING if self._readers_waiting() else self._settings.group
            while jobs[0].call is None and self._jobs and self._jobs[0].call is None:
                weight += self._jobs[0].weight
                if weight > most:
                    break
                jobs.append(self._jobs.popleft())
            return jobs

    def _add(self, jobs: Sequence[_Job]) -> None:
        articles = [article for job in jobs for article in job.articles]
        found = self._outcome(_add_call(articles))
        if isinstance(found, Problem) and found.kind != "store" and len(jobs) > 1:
            for job in jobs:  # one by one, so that only the request at fault fails
                job.result = self._outcome(_add_call(job.articles))
            return
        start = 0
        for job in jobs:
            job.result = found if isinstance(found, Problem) else found[start : start + len(job.articles)]
            start += len(job.articles)

    def _outcome(self, call: Callable[[StoryIndex], Any]) -> Any:
        """Return the result of a call, or the problem that it raised."""
        try:
            result = call(self._index)
        except Exception as error:
            found = as_problem(error)
            if found.status >= 500:
                self.failed = found.title
            return found
        self.failed = ""
        return result

    def _cursor(self) -> int:
        """Return the last change, -1 if the store does not tell."""
        try:
            return self._index.refresh()
        except Exception as error:
            self.failed = as_problem(error).title
            return -1

    # Called in the event loop

    def _deliver(self, jobs: Sequence[_Job], seconds: float, cursor: int) -> None:
        weight = sum(job.weight for job in jobs)
        self.waiting -= weight
        self._seconds_per_article += 0.1 * (seconds / weight - self._seconds_per_article)
        results = [job.result for job in jobs]
        self._on_written(seconds, sum(len(job.articles) for job in jobs), results, cursor)
        self._space_freed.set()
        for job in jobs:
            if job.done.done():
                continue
            if isinstance(job.result, Problem):
                job.done.set_exception(job.result)
            else:
                job.done.set_result(job.result)


class NoWriter:
    """In place of a `Writer` where the index is only read: every write is refused."""

    waiting = 0
    alive = True
    failed = ""

    def refuse(self, *_: object) -> NoReturn:
        """Refuse articles, or a call.

        Raises:
            Problem: always.
        """
        raise problem("read-only", "service", "it only reads the index", "send it to the service that writes to it")

    add = run = wait_for_space = refuse

    async def stop(self) -> None:
        """Do nothing."""


def as_problem(error: Exception) -> Problem:
    """Return the problem that answers an error of the index; details go to the log only."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnknownArticleError):
        return problem("not-found", "id", "there is no such article or story", "look at its id")
    if isinstance(error, StoreError):
        _log.error("the store failed: %s", error)
        return problem("store", "service", "it cannot be read or written", "try again later", retry=10)
    if isinstance(error, EmbeddingError):
        _log.error("the embedding failed: %s", error)
        what = "the model failed, took too long, or is not that of the index"
        return problem("embedding", "service", what, "try again later", retry=10)
    if isinstance(error, ConflictError):
        if not error.decisions:
            return problem("old-version", "If-Match", str(error), "read /v1/decisions, then decide again")
        remedy = "undo it, or send it with `supersede`"
        return Problem("contradiction", *(Fault(name, str(error), remedy) for name in error.decisions[:FAULTS]))
    if isinstance(error, InputError):
        return problem("invalid", "body", str(error), "send an article with an id and a text")
    _log.error("a fault: %s", "".join(traceback.format_exception(error)))
    return problem("fault", "service", "it could not do this", "tell who runs it the request's id")


def _add_call(articles: Sequence[Article]) -> Callable[[StoryIndex], list[Placement]]:
    return lambda index: index.add_many(articles, batch=len(articles))


def _retrieve_exception(done: asyncio.Future[Any]) -> None:
    """Retrieve an exception, or asyncio would report that nobody did when a client has left."""
    if not done.cancelled():
        done.exception()
