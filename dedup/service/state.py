"""What one running service has: the index, its writer and readers, and whoever waits for news."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any

from dedup.index import StoryIndex
from dedup.service.bodies import Room
from dedup.service.jobs import Jobs
from dedup.service.metrics import Metrics
from dedup.service.problems import problem
from dedup.service.readers import Gatherer, Readers
from dedup.service.request_models import RequestModels
from dedup.service.settings import ServiceSettings
from dedup.service.tokens import Guard
from dedup.service.writer import Writer

MATCHED_TOGETHER = 16
"""Articles that are matched at a time: more would keep the writer waiting for longer than it takes to write."""
HEAVY_WAITING = 16
"""Requests that may wait for what takes long: comparing, explaining, searching, telling versions."""

_log = logging.getLogger(__name__)


class State:
    """One running service. Made before the event loop runs; `start` and `stop` are called in it."""

    writer: Writer

    def __init__(self, index: StoryIndex, settings: ServiceSettings, guard: Guard) -> None:
        self.index, self.settings, self.guard = index, settings, guard
        self.metrics, self.room, self.jobs = Metrics(), Room(), Jobs()
        self.request_models = RequestModels(settings)
        patience = settings.answer_time
        self.quick = Readers("reader", settings.readers, settings.waiting, patience)
        self.matching = Gatherer(
            "matcher", index.match_many, most=MATCHED_TOGETHER, waiting=settings.waiting, patience=patience
        )
        self.heavy = Readers("thinker", 1, HEAVY_WAITING, patience)
        self.unready = "starting"
        """Why it does not answer: "starting", "stopping", or "" where it does."""
        self._news = asyncio.Event()
        self._loading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to work; the articles are read into memory meanwhile."""
        self.writer = Writer(self.index, self.settings, self._wrote, lambda: self.matching.count)
        gauge = self.metrics.gauge
        gauge("dedup_queue_articles", "Articles that wait to be written.", lambda: self.writer.waiting)
        gauge("dedup_queue_limit", "Articles that may wait.", lambda: self.settings.queue)
        gauge("dedup_readers_busy", "Requests being read for, or waiting.", lambda: self.busy)
        gauge("dedup_ready", "Whether it answers.", lambda: float(not self.unready))
        self._loading = asyncio.create_task(self._load())

    async def stop(self) -> None:
        """Finishes what it has, and ends."""
        self.stopping()
        if self._loading is not None:
            await asyncio.wait([self._loading])
        await self.writer.stop()
        loop = asyncio.get_running_loop()
        for readers in (self.quick, self.matching, self.heavy):
            await loop.run_in_executor(None, readers.close)

    def stopping(self) -> None:
        """From now on nothing new is begun, and nobody waits for news."""
        self.unready = "stopping"
        self._news.set()

    @property
    def busy(self) -> int:
        """Requests at the readers, or waiting for one."""
        return self.quick.count + self.matching.count + self.heavy.count

    def require_ready(self) -> None:
        """Lets a request through.

        Raises:
            Problem: the service is starting, or being stopped.
        """
        if self.unready == "starting":
            raise problem("starting", "service", "it reads its articles", "send it again in a moment", retry=1)
        if self.unready:
            raise problem("stopping", "service", "it takes nothing more", "send it again in a moment", retry=5)

    async def news(self, patience: float) -> bool:
        """Waits until something was written; whether it was."""
        if self.unready:
            return False
        try:
            await asyncio.wait_for(self._news.wait(), patience)
        except TimeoutError:
            return False
        return not self.unready

    def _wrote(self, seconds: float, articles: int) -> None:
        self.metrics.wrote(seconds, articles)
        if not self.unready:
            news, self._news = self._news, asyncio.Event()
            news.set()

    async def _load(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(None, _warm, self.index)
        except Exception:
            _log.error("the articles could not be read: %s", traceback.format_exc())
            return
        if self.unready == "starting":
            self.unready = ""
            _log.info("ready: %s", _counts(self.index.stats()))


def _warm(index: StoryIndex) -> None:
    """Everything that the first request would wait for."""
    index.match({"text": "A first text, so that whoever comes next need not wait."})


def _counts(stats: dict[str, Any]) -> str:
    return f"{stats['articles']:,} articles in {stats['stories']:,} stories"
