"""A process that holds an index and does what it is told to over a pipe: it can be killed, stopped and starved."""

from __future__ import annotations

import ctypes
import faulthandler
import itertools
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from broken_decisions import broken_decisions

from dedup import (
    Article,
    Change,
    DedupError,
    InputError,
    Placement,
    StoreError,
    StoryIndex,
    UnknownArticleError,
    cluster,
)
from dedup.index.store import connection, wal
from dedup.index.store.connection import Database
from dedup.index.store.lock import WriterLock
from dedup.index.store.ownership import Owner
from dedup.index.stories.changes import ChangeLog
from dedup.vectorize.kernels.cache import cache_folder

PATIENCE = 120.0
"""Seconds after which a call counts as hanging."""


@dataclass
class Answer:
    """What became of a call.

    Attributes:
        status: "done"; "raised"; "died" if the process did not live to answer.
        value: what was returned, or the message of the error.
        error: name of the error's type; `documented` whether it is one that dedup documents.
        placements: the batches that were acknowledged before.
        where: the traceback.
    """

    status: Literal["done", "raised", "died"]
    value: Any = None
    error: str = ""
    documented: bool = True
    placements: list[list[Placement]] = field(default_factory=list)
    where: str = ""


@dataclass(frozen=True)
class Seen:
    """What an index shows when nobody writes.

    Attributes:
        articles: each article by id; `stories` the id of its story.
        listed: the articles of each story, as `stories` lists them.
        changes: those after a cursor, None if it is not known; `last` the last cursor.
        matches: story, copy and links of each probe.
        faults: what `check` reports.
    """

    articles: dict[str, Article]
    stories: dict[str, str]
    listed: dict[str, tuple[str, ...]]
    changes: list[Change] | None
    last: int
    matches: list[object]
    faults: list[str]


class IndexProcess:
    """A process for one index, forked from this one.

    Args:
        folder: the folder whose files `fail_disk` makes fail.
        broken: name of a way in which the store is made to break its promises, "" for none: see `BROKEN`.
    """

    alive: tuple[IndexProcess, ...] = ()

    def __init__(self, folder: Path, broken: str = "") -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, other = context.Pipe()
        pipes = [self._pipe, *(process._pipe for process in IndexProcess.alive)]
        self._process = context.Process(target=_serve, args=(other, pipes, folder, broken), daemon=True)
        self._process.start()
        other.close()
        self.pid: int = self._process.pid or 0
        IndexProcess.alive += (self,)

    def send(self, name: str, *arguments: Any, **options: Any) -> None:
        """Begin a call: of a method of the index, or of `Calls`."""
        with suppress(OSError):  # if it has died, `answer` says so
            self._pipe.send((name, arguments, options))

    def answer(self) -> Answer:
        """Wait for the end of a call."""
        placements: list[list[Placement]] = []
        until = time.monotonic() + PATIENCE
        try:
            while self._pipe.poll(max(0.0, until - time.monotonic())):
                got = self._pipe.recv()
                if isinstance(got, Answer):
                    got.placements = placements
                    return got
                placements.append(got)
        except (EOFError, OSError):
            self.end()
            return Answer("died", placements=placements)
        self.kill(signal.SIGUSR1)  # it writes where it is
        time.sleep(1)
        self.end()
        raise TimeoutError(f"no answer in {PATIENCE:.0f} s")

    def ask(self, name: str, *arguments: Any, **options: Any) -> Answer:
        self.send(name, *arguments, **options)
        return self.answer()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def end(self) -> None:
        """Kill the process if it is still alive."""
        if self in IndexProcess.alive:
            IndexProcess.alive = tuple(process for process in IndexProcess.alive if process is not self)
            self._process.kill()
            self._process.join()
            self._pipe.close()


class Calls:
    """Calls beside the methods of `StoryIndex`; `now` is the time that the index's clock gives."""

    def __init__(self, pipe: Connection, folder: Path) -> None:
        self.now, self.index = 0.0, StoryIndex.__new__(StoryIndex)
        self._pipe, self._folder = pipe, folder
        self._disk, self.running = ctypes.CDLL(None), False

    def interrupt(self) -> None:
        """Raise `KeyboardInterrupt` in the call that is running."""
        if self.running:
            self.running = False
            raise KeyboardInterrupt

    def set_clock(self, now: float) -> None:
        self.now = now

    def open(self, path: Path, **options: Any) -> None:
        self.index = StoryIndex.open(path, clock=lambda: self.now, **options)

    def open_reader(self, path: Path) -> None:
        self.open(path, read_only=True)

    def restore(self, backup: Path, path: Path) -> None:
        StoryIndex.restore(backup, path, replace=True)

    def add_batches(self, articles: list[Article], batch: int) -> None:
        """Add articles and tell of each batch as soon as it is acknowledged."""
        placements = self.index.add_stream(articles, batch=batch)
        while acknowledged := list(itertools.islice(placements, batch)):
            self._pipe.send(acknowledged)

    def see(self, cursor: int, probes: list[Article]) -> Seen:
        index, placed = self.index, self.index.placements()
        last = index.stats()["changes"]
        try:
            changes = index.changes(cursor, limit=1_000_000)
        except LookupError:
            changes = None
        return Seen(
            {article.id: article for article in placed.articles},
            {name: story.id for story in placed for name in story.articles},
            {story.id: story.articles for story in index.stories()},
            changes,
            last,
            self.match(probes),
            [*index.check(), *broken_decisions(index)],
        )

    def edit(self, kind: Any, articles: list[str]) -> None:
        """Decide, unless it says nothing."""
        with suppress(InputError, UnknownArticleError):
            self.index.decide(kind, articles, title="Title" if kind == "title" else "", supersede=True)

    def undo_first(self, most: int | None) -> None:
        for decision in self.index.decisions()[0][:most]:
            self.index.undo(decision.id)

    def glance(self) -> tuple[dict[str, Article], dict[str, str]]:
        """Return articles and stories while somebody may be writing."""
        placed = self.index.placements()
        stories = {name: story.id for story in placed for name in story.articles}
        return {article.id: article for article in placed.articles}, stories

    def match(self, probes: list[Article]) -> list[object]:
        return [(one.story, one.copy_of, one.links) for one in self.index.match_many(probes)]

    def regroup(self, articles: list[Article]) -> list[set[frozenset[str]]]:
        """Return the stories of all articles by `clustering`, by a new run of `cluster`, and as they are."""
        index = self.index
        found = [index.clustering(), cluster(articles, index.settings, background=index.background), index.placements()]
        return [{frozenset(story.articles) for story in one} for one in found]

    def fork(self, article: Article) -> int:
        """Fork, use the index in the child, and return 0 if that was refused, else what was wrong."""
        child = os.fork()
        if not child:
            wrong = 0
            index = self.index
            add, count = partial(index.add, article), partial(len, index)
            used: list[Callable[[], object]] = [add, index.reconcile, index.vacuum, index.placements, count]
            for place, call in enumerate(used):
                try:
                    call()
                    wrong = 1 + place
                except StoreError:
                    pass
                except BaseException:
                    wrong = 10 + place
            index.close()
            os._exit(wrong)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def fail_disk(self, after: int, error: int, torn: bool, count: int) -> None:
        """Let writes and syncs fail after so many; with error 0 the first of them kills the process."""
        self._disk.disk_fail(os.fsencode(self._folder), ctypes.c_long(after), error, int(torn), ctypes.c_long(count))

    def mend_disk(self) -> int:
        """Let everything succeed again, and return how many calls failed."""
        return int(self._disk.disk_hits())

    def limit_memory(self, more: int | None) -> None:
        """Allow so many bytes more than are in use, None for all."""
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = resource.RLIM_INFINITY if more is None else pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

    def use_kernels(self, cache: Path) -> None:
        """Run compiled kernels, whose machine code is kept in a folder."""
        os.environ.update(DEDUP_KERNELS="on", NUMBA_CACHE_DIR=str(cache))
        cache_folder.cache_clear()


def _serve(pipe: Connection, others: list[Connection], folder: Path, broken: str) -> None:
    signal.signal(signal.SIGINT, lambda *_: calls.interrupt())
    faulthandler.register(signal.SIGUSR1)
    calls = Calls(pipe, folder)
    for other in others:
        other.close()
    for module in (connection, wal):
        vars(module)["LARGEST"] = 1 << 19  # so that checkpoints are often due
    if broken:
        BROKEN[broken]()
    while True:
        try:
            name, arguments, options = pipe.recv()
        except EOFError:
            os._exit(0)
        try:
            method: Callable[..., Any] = getattr(calls, name, None) or getattr(calls.index, name)
            calls.running = True
            answer = Answer("done", method(*arguments, **options))
            calls.running = False
        except (Exception, KeyboardInterrupt) as error:
            calls.running = False
            documented = isinstance(error, DedupError)
            answer = Answer("raised", str(error), type(error).__name__, documented, where=traceback.format_exc())
        pipe.send(answer)


# Stores that break their promises, to see that it is noticed


def _forgets() -> None:
    """Every tenth transaction is acknowledged and not committed."""
    kept, count = Database.transaction, itertools.count(1)

    @contextmanager
    def transaction(self: Database) -> Iterator[None]:
        with kept(self):
            yield
            if next(count) % 10 == 0:
                self.writer.execute("ROLLBACK")
                self.writer.execute("BEGIN")

    Database.transaction = transaction  # type: ignore[method-assign]


def _hides() -> None:
    """Moves are not in the log of changes."""
    kept = ChangeLog.write

    def write(self: ChangeLog) -> bool:
        for place, change in enumerate(self.changes):
            if change.kind == "moved":
                self.changes[place : place + 1] = []
                break
        return kept(self)

    ChangeLog.write = write  # type: ignore[method-assign]


def _shares() -> None:
    """A second writer is let in."""

    def free(*_: object, **__: object) -> None:
        return None

    def nobody(*_: object) -> bool:
        return False

    WriterLock.__init__ = free  # type: ignore[method-assign]
    WriterLock.release = free  # type: ignore[method-assign]
    Owner.still_writes = nobody  # type: ignore[assignment, method-assign]


BROKEN = {"forgets": _forgets, "hides": _hides, "shares": _shares}
