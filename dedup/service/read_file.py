"""The file of an index that a service only reads, which another process may write to or replace."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from dedup.embedding import Embedding
from dedup.index import StoryIndex

_KEPT = 2
"""Indexes that stay open: a request may still read the one before the latest."""


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
        self._path, self._file, self._embedding = path, _identity(path), embedding
        self._open = [StoryIndex.open(path, read_only=True, embedding=embedding)]

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

    def replaced(self) -> StoryIndex | None:
        """Return the index of a file that has replaced the one that was read, loaded; None if none has.

        Raises:
            StoreError: it cannot be read.
        """
        found = _identity(self._path)
        if found in {self._file, None}:
            return None
        index = StoryIndex.open(self._path, read_only=True, embedding=self._embedding)
        index.refresh()
        self._open.append(index)
        self._file = found
        while len(self._open) > _KEPT:
            self._open.pop(0).close()
        return index


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
