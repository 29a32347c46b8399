"""The file of an index that a service only reads, which another process may write to or replace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from dedup.embedding import Embedding
from dedup.errors import StoreError
from dedup.index import StoryIndex

T = TypeVar("T")
_KEPT = 2
"""Indexes that stay open: a request may still read the one before the latest."""
_PATIENCE = 5.0
"""Seconds that a call waits for a file that is not there."""
_STEP = 0.02


class ReadFile:
    """The file of an index, opened to be read, and opened again once another file has its name.

    Args:
        path: path of the file.
        embedding: its embedding, None to match no articles if it has one.

    Raises:
        EmbeddingError: it has another embedding.
        StoreError: there is no index, or it cannot be read.
    """

    def __init__(self, path: Path, embedding: Embedding | None = None) -> None:
        self._path, self._embedding = path, embedding
        self._opening = threading.Lock()
        index, self._file = self._opened()
        self._open = [index]

    def __enter__(self) -> Self:
        """Return the file, whose indexes are closed when the block ends."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the indexes."""
        for index in self._open:
            index.close()

    @property
    def index(self) -> StoryIndex:
        """The index of the latest file."""
        return self._open[-1]

    def read(self, call: Callable[[StoryIndex], T]) -> T:
        """Return what a call finds in the index of the latest file.

        A file that is replaced meanwhile cannot be read on. The call is made again with the index of the file that
        replaces it, which is opened for that: its callers wait for it, and for a file that is not there yet.

        Raises:
            StoreError: the file cannot be read, or none replaces it within some seconds.
        """
        index, until = self.index, time.monotonic() + _PATIENCE
        while True:
            try:
                return call(index)
            except StoreError:
                while (newer := self._newer_than(index)) is None:
                    if _identity(self._path) == self._file or time.monotonic() > until:
                        raise
                    time.sleep(_STEP)
                index = newer

    def open_newer(self) -> None:
        """Open the file if it has replaced the one that was read, and load its articles.

        Raises:
            StoreError: it cannot be read, and none has replaced it.
        """
        with self._opening:
            found = _identity(self._path)
            if found in {self._file, None}:
                return
            try:
                index, file = self._opened()
            except StoreError:
                if _identity(self._path) != found:
                    return
                raise
            try:
                index.refresh()
            except BaseException as error:
                index.close()
                if isinstance(error, StoreError) and _identity(self._path) != file:
                    return
                raise
            self._open.append(index)
            self._file = file
            while len(self._open) > _KEPT:
                self._open.pop(0).close()

    def _opened(self) -> tuple[StoryIndex, tuple[int, int] | None]:
        """Open the file; return its index and its identity, which is not that of one that replaced it meanwhile."""
        while True:
            before = _identity(self._path)
            index = StoryIndex.open(self._path, read_only=True, embedding=self._embedding)
            if _identity(self._path) == before:
                return index, before
            index.close()

    def _newer_than(self, index: StoryIndex) -> StoryIndex | None:
        """Return the index of a file that has replaced that of another index, None if there is none yet."""
        with suppress(StoreError):  # it may be replaced once more
            self.open_newer()
        newer = self.index
        return None if newer is index else newer


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
