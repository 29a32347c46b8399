"""The state of a running service: the index, its writer and readers, jobs and metrics."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from dedup.article import Article
from dedup.errors import CursorError, EmbeddingError
from dedup.index import Placement, StoryIndex
from dedup.service.bodies import BodyBudget
from dedup.service.jobs import Jobs
from dedup.service.metrics import Metrics
from dedup.service.problems import Problem, problem
from dedup.service.read_file import ReadFile
from dedup.service.readers import BatchingReader, ReaderPool
from dedup.service.request_models import RequestModels
from dedup.service.settings import ServiceSettings
from dedup.service.tokens import Authenticator, Refusals
from dedup.service.writer import NoWriter, Writer

MATCH_BATCH = 16
"""Articles that are matched in one call: more would delay the writer for longer than a write takes."""
_COUNTED_PAGES = 100
"""Pages of a thousand changes that are counted at one scrape of the metrics at most; the next one continues."""
HEAVY_WAITING = 16
"""Requests that may wait for a slow call: comparison, explanation, search, versions."""

FOLLOW = 0.1
"""Seconds after which a service that only reads looks for what was written."""
CURSOR = "Dedup-Cursor"
"""Header of the last change that an answer to a write includes, and of the one that a read asks for at least."""

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class State:
    """The state of a service, made before the event loop runs; `start` and `stop` are called in the loop.

    Args:
        index: the index; the caller closes it.
        settings: limits.
        authenticator: checks tokens.
        copies: the file that only is read; None if the service writes to the index.
        load_first: whether `start` waits until the articles are loaded.
    """

    writer: Writer | NoWriter

    def __init__(
        self,
        index: StoryIndex,
        settings: ServiceSettings,
        authenticator: Authenticator,
        copies: ReadFile | None = None,
        *,
        load_first: bool = False,
    ) -> None:
        self._index, self.settings, self.authenticator, self.copies = index, settings, authenticator, copies
        self._load_first = load_first
        self.metrics, self.body_budget, self.jobs = Metrics(), BodyBudget(), Jobs()
        self.refusals = Refusals()
        self.request_models = RequestModels(settings)
        timeout = settings.answer_time
        self.quick = ReaderPool("reader", settings.readers, settings.waiting, timeout)
        self.matching = BatchingReader(
            "matcher",
            self._match_many,
            batch_size=MATCH_BATCH,
            waiting=settings.waiting,
            timeout=timeout,
        )
        self.heavy = ReaderPool("heavy", 1, HEAVY_WAITING, timeout)
        self.parsers = ReaderPool("parser", 2, settings.waiting, timeout)
        self.unready = "starting"
        """Why the service does not answer: "starting", "failed", "stopping", or "" if it does."""
        self._began, self._articles, self._counted = time.monotonic(), 0, -1
        self._measuring = threading.Lock()
        self.written = asyncio.Event()
        """Set by the next write, which replaces it by another one."""
        self.cursor = -1
        """The last change that the service knows of."""
        self._loading: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def index(self) -> StoryIndex:
        """The index: that of the latest file, where a file may be replaced."""
        return self._index if self.copies is None else self.copies.index

    async def read(self, call: Callable[Concatenate[StoryIndex, P], T], *args: P.args, **options: P.kwargs) -> T:
        """Return what a quick call finds in the index; for errors see `ReaderPool.run`."""
        return await self.quick.run(lambda: self._call(lambda index: call(index, *args, **options)))

    async def read_slowly(self, call: Callable[Concatenate[StoryIndex, P], T], *args: P.args, **options: P.kwargs) -> T:
        """Return what a slow call finds in the index; for errors see `ReaderPool.run`."""
        return await self.heavy.run(lambda: self._call(lambda index: call(index, *args, **options)))

    def _call(self, call: Callable[[StoryIndex], T]) -> T:
        return call(self._index) if self.copies is None else self.copies.read(call)

    async def start(self) -> None:
        """Start the writer, and load the articles into memory, in the background unless `load_first`."""
        if self.copies is not None:
            self.writer = NoWriter()
        else:
            self.writer = Writer(self.index, self.settings, self._wrote, lambda: self.matching.count)
        gauge = self.metrics.gauge
        gauge("dedup_queue_articles", "Articles that wait to be written.", lambda: self.writer.waiting)
        gauge("dedup_queue_limit", "Articles that may wait.", lambda: self.settings.queue)
        gauge("dedup_readers_busy", "Requests being read for, or waiting.", lambda: self.busy)
        gauge("dedup_ready", "Whether it answers.", lambda: float(not self.unready))
        self._articles = len(self.index)
        self._loading = asyncio.create_task(self._load())
        if self._load_first:  # else a process that still loads would refuse what another one answers
            await self._loading

    async def stop(self) -> None:
        """Finish what was accepted, and end all threads."""
        self.stopping()
        if self._following is not None:
            self._following.cancel()
        if tasks := [task for task in (self._loading, self._following) if task is not None]:
            await asyncio.wait(tasks)
        await self.writer.stop()
        loop = asyncio.get_running_loop()
        for readers in (self.quick, self.matching, self.heavy, self.parsers):
            await loop.run_in_executor(None, readers.close)

    def stopping(self) -> None:
        """Refuse new requests, and answer those that wait for changes."""
        self.unready = "stopping"
        self.written.set()

    @property
    def busy(self) -> int:
        """Requests that readers answer or that wait for one."""
        return self.quick.count + self.matching.count + self.heavy.count

    def require_ready(self) -> None:
        """Check that the service answers requests.

        Raises:
            Problem: it is starting or stopping.
        """
        if self.unready == "starting":
            seconds = time.monotonic() - self._began
            what = f"it reads the {self._articles:,} articles of its store into memory, {seconds:.0f} s so far"
            raise problem("starting", "service", what, "send it again in a moment", retry=1)
        if self.unready == "failed":
            what, remedy = "the articles of its store could not be read", "look at its log, then start it again"
            raise problem("store", "service", what, remedy, retry=60)
        if self.unready:
            what = f"it takes nothing more, and finishes {self.writer.waiting:,} articles and other calls"
            raise problem("stopping", "service", what, "send it again in a moment", retry=5)

    def measure(self) -> None:
        """Bring the metrics of the store up to date. Called in a thread for readers."""
        self._call(self._measure)

    def _measure(self, index: StoryIndex) -> None:
        with self._measuring:
            stats = index.stats()
            self.metrics.measured(stats)
            if self._counted < 0:
                self._counted = stats["changes"]
            try:
                for _ in range(_COUNTED_PAGES):
                    if not (some := index.changes(self._counted)):
                        break
                    self.metrics.changed(some)
                    self._counted = some[-1].cursor
            except CursorError:  # they were deleted
                self._counted = stats["changes"]

    async def wait_for_write(self, written: asyncio.Event, timeout: float) -> bool:
        """Wait until something was written, and return whether it was.

        Args:
            written: `written` before what was written so far was read.
            timeout: seconds to wait at most.
        """
        return not self.unready and await happens(written, timeout) and not self.unready

    async def wait_for_cursor(self, cursor: int) -> None:
        """Wait until a service that only reads has read a change.

        Raises:
            Problem: it has not in time, or this process writes and there is no such change.
        """
        until = asyncio.get_running_loop().time() + self.settings.news_time
        while self.cursor < cursor:
            written = self.written
            try:
                self._read(await self.read(StoryIndex.refresh))
            except Problem:
                if self.copies is None:
                    raise  # else a file that replaces the one in use may be about to be loaded
            left = until - asyncio.get_running_loop().time()
            waits = self.copies is not None and left > 0
            if self.cursor < cursor and not (waits and await self.wait_for_write(written, left)):
                what = f"the last change here is {self.cursor:,}"
                raise problem("behind", CURSOR, what, "send it again after Retry-After, or without the header", retry=1)

    def _wrote(self, seconds: float, articles: int, results: Sequence[Any], cursor: int) -> None:
        self.metrics.wrote(seconds, articles)
        for result in results:
            found = result if isinstance(result, list) else [result]
            self.metrics.decided(one for one in found if isinstance(one, Placement))
        self._read(cursor, anyway=True)

    def _read(self, cursor: int, *, anyway: bool = False) -> None:
        """Tell those who wait of a cursor; not if nothing was written, unless `anyway`."""
        if cursor <= self.cursor and not anyway:
            return
        self.cursor = max(cursor, self.cursor)
        if not self.unready:
            news, self.written = self.written, asyncio.Event()
            news.set()

    async def _load(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, _warm, self.index)
            await loop.run_in_executor(None, self.measure)
            self.cursor = max(self.cursor, await loop.run_in_executor(None, self.index.refresh))
        except Exception:
            _log.error("the articles could not be read: %s", traceback.format_exc())
            self.unready = "failed" if self.unready == "starting" else self.unready
            return
        if self.unready == "starting":
            self.unready = ""
            if self.copies is not None:
                self._following = asyncio.create_task(self._follow(self.copies))
            _log.info("ready: %s", _counts(self.index.stats()))

    def _match_many(self, articles: list[Article]) -> list[Placement]:
        return self._call(lambda index: index.match_many(articles))

    async def _follow(self, copies: ReadFile) -> None:
        """Read what another process writes before a request needs it, and the file that replaces the one in use."""
        known = copies.index
        while not self.unready:
            await asyncio.sleep(FOLLOW)
            try:
                await self.quick.run(copies.open_newer)
                if copies.index is not known:
                    known, self.cursor = copies.index, -1
                self._read(await self.read(StoryIndex.refresh))
            except Problem:
                await asyncio.sleep(1)  # it is in the log, and requests are answered by it


def _warm(index: StoryIndex) -> None:
    """Load what the first request would wait for. Without the embedding of the index nothing is matched."""
    try:
        index.match({"text": "A text that loads everything."})
    except EmbeddingError as error:
        _log.error("no articles can be matched or added: %s", error)
        index.refresh()


def _counts(stats: dict[str, Any]) -> str:
    return f"{stats['articles']:,} articles in {stats['stories']:,} stories"


async def happens(event: asyncio.Event, timeout: float) -> bool:
    """Wait for an event, at most so many seconds, and return whether it came."""
    try:
        async with asyncio.timeout(timeout):
            await event.wait()
    except TimeoutError:
        return False
    return True
