"""The embeddings of the articles in memory, and exact search among them within the date window.

The articles lie in blocks in the order in which they came. A block is compared only if it may have an article within
the window, so old articles cost nothing. Dot products are whole numbers below 2^24: exact in 32-bit floats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.match.scores import SECONDS_A_DAY

_BLOCK = 2_048
_AT_ONCE = 64


class EmbeddedArticles:
    """Embeddings by article number, in units of `dedup.embedding.GRAIN`."""

    def __init__(self) -> None:
        self._vectors = np.empty((0, 0), np.float32)
        self._number = np.empty(0, np.int64)
        self._low, self._high = np.empty(0), np.empty(0)  # of each block, infinite where a date is unknown
        self._row: dict[int, int] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        """The number of articles."""
        return len(self._row)

    def __contains__(self, number: int) -> bool:
        """Whether an article has an embedding."""
        return number in self._row

    @property
    def dimension(self) -> int:
        """Dimensions of the embeddings, 0 while there are none."""
        return self._vectors.shape[1]

    def memory(self) -> int:
        """Approximate size in bytes."""
        return self._vectors.nbytes + self._number.nbytes + 120 * len(self._row)

    def put(self, number: int, vector: NDArray[np.int16], seconds: float) -> None:
        """Add an article, or replace its embedding; `seconds` is its date, nan if unknown."""
        self.remove(number)
        if not self._free:
            self._grow(len(vector))
        row = self._row[number] = self._free.pop()
        block = row // _BLOCK
        self._vectors[row], self._number[row] = vector, number
        low, high = (-np.inf, np.inf) if np.isnan(seconds) else (seconds, seconds)
        self._low[block], self._high[block] = min(self._low[block], low), max(self._high[block], high)

    def remove(self, number: int) -> None:
        """Remove an article, if it is there."""
        row = self._row.pop(number, None)
        if row is not None:
            self._number[row] = -1
            self._free.append(row)

    def vectors(self, numbers: NDArray[np.int64]) -> NDArray[np.int16]:
        """The embeddings of articles that are there, shape (articles, dimensions)."""
        return self._vectors[[self._row[number] for number in numbers.tolist()]].astype(np.int16)

    def numbers(self) -> NDArray[np.int64]:
        """The numbers of all articles, ascending."""
        return np.sort(self._number[self._number >= 0])

    def close_to(
        self, vectors: NDArray[np.int16], seconds: NDArray[np.float64], window: float, least: int
    ) -> NDArray[np.int64]:
        """The articles that are close to one of some, ascending; a few that are beyond the window may be among them.

        Args:
            vectors: of the articles that are compared, shape (articles, dimensions).
            seconds: their dates, nan where unknown, shape (articles,).
            window: days beyond which articles are not close.
            least: dot product from which they are.
        """
        found = [np.empty(0, np.int64)]
        order = np.argsort(seconds, kind="stable")
        for start in range(0, len(order), _AT_ONCE):
            some = order[start : start + _AT_ONCE]
            own, reach = seconds[some], window * SECONDS_A_DAY
            if np.isnan(own).any():
                blocks = np.flatnonzero(self._low <= self._high)
            else:
                blocks = np.flatnonzero((self._low <= own[-1] + reach) & (self._high >= own[0] - reach))
            right = vectors[some].astype(np.float32).T
            for block in blocks.tolist():
                rows = slice(block * _BLOCK, (block + 1) * _BLOCK)
                close = (self._vectors[rows] @ right >= least).any(axis=1)
                found.append(self._number[rows][close])
        numbers = np.unique(np.concatenate(found))
        return numbers[numbers >= 0]

    def _grow(self, dimensions: int) -> None:
        count = len(self._number)
        room = max(_BLOCK, count // _BLOCK // 2 * _BLOCK)
        wide = np.zeros((count + room, dimensions), np.float32)
        wide[:count] = self._vectors if count else 0
        self._vectors = wide
        self._number = np.concatenate([self._number, np.full(room, -1, np.int64)])
        blocks = room // _BLOCK
        self._low = np.concatenate([self._low, np.full(blocks, np.inf)])
        self._high = np.concatenate([self._high, np.full(blocks, -np.inf)])
        self._free = [*range(count + room - 1, count - 1, -1)]
