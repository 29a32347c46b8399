"""Which rows are compared with which: those within some days of each other, each pair once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.kernels.floor import Block
from dedup.match.kernels.ranked import Ranked, ranked
from dedup.vectorize.kernels.compiling import kept

CHUNK = 512
"""Rows that look through a block in one task."""
SLACK = 1.0
"""Seconds by which a bound is widened where the exact difference of two times decides later."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Rows, each of which is compared with some of the rows before it.

    Attributes:
        order: the article in each row, shape (rows,).
        rows: their vectors.
        reach, until: each row is compared with those from `reach` up to `until`, which lie before it; shape (rows,).
        indexed: no row from here on is one that others are compared with.
    """

    order: NDArray[np.int64]
    rows: Ranked
    reach: NDArray[np.int64]
    until: NDArray[np.int64]
    indexed: int

    @classmethod
    def within(
        cls,
        matrix: sp.csr_array,
        articles: NDArray[np.int64],
        seconds: NDArray[np.float64],
        window: float,
        floor: float,
    ) -> Sweep:
        """All pairs of articles in a window, in seconds; one without a date is compared with all."""
        order = by_date(articles, seconds)
        reach = reaches(seconds[order], window)
        return cls(order, ranked(matrix, order, floor), reach, np.arange(len(order)), len(order))

    @classmethod
    def facing(
        cls,
        matrix: sp.csr_array,
        some: NDArray[np.int64],
        others: NDArray[np.int64],
        seconds: NDArray[np.float64],
        window: float,
        floor: float,
    ) -> Sweep:
        """At least the pairs of one of some articles and one of others that lie in a window."""
        some, others = by_date(some, seconds), by_date(others, seconds)
        order, indexed = np.concatenate([some, others]), len(some)
        low, high = _spans(seconds[some], seconds[others], window)
        reach = np.concatenate([np.zeros(indexed, np.int64), low])
        return cls(order, ranked(matrix, order, floor), reach, np.concatenate([reach[:indexed], high]), indexed)

    @classmethod
    def between(
        cls,
        matrix: sp.csr_array,
        tongues: NDArray[np.int64],
        articles: NDArray[np.int64],
        seconds: NDArray[np.float64],
        window: float,
        floor: float,
    ) -> Sweep:
        """At least the pairs of articles of two known languages in a window.

        Only articles in other languages than the commonest one are indexed: pairs of two articles in that are no such
        pairs, and by far the most.
        """
        known = articles[tongues[articles] >= 0]
        commonest = np.bincount(tongues[known], minlength=1).argmax()
        few = by_date(known[tongues[known] != commonest], seconds)
        many = by_date(known[tongues[known] == commonest], seconds)
        order, indexed = np.concatenate([few, many]), len(few)
        low, high = _spans(seconds[few], seconds[many], window)
        reach = np.concatenate([reaches(seconds[few], window), low])
        until = np.concatenate([np.arange(indexed), high])
        return cls(order, ranked(matrix, order, floor), reach, until, indexed)

    def tasks(self, size: int) -> Iterator[tuple[Block, int, int]]:
        """What there is to do: blocks of at most `size` rows, and from where to where rows look through each."""
        for first in range(0, self.indexed, size):
            block = Block.of(self.rows, first, min(first + size, self.indexed))
            looking = np.flatnonzero((self.reach < block.last) & (self.until > block.first))
            for run in np.split(looking, np.flatnonzero(np.diff(looking) > 1) + 1):
                for start in range(0, len(run), CHUNK):
                    chunk = run[start : start + CHUNK]
                    yield block, int(chunk[0]), int(chunk[-1]) + 1


def _spans(
    times: NDArray[np.float64], others: NDArray[np.float64], window: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """From where up to where in some times, ascending with nan at the end, others have those in a window, or more."""
    dates, undated = times[~np.isnan(times)], np.isnan(others)
    low = np.searchsorted(dates, others - window - SLACK)
    high = np.searchsorted(dates, others + window + SLACK, side="right")
    low[undated] = 0
    high[undated | (len(dates) < len(times))] = len(times)
    return low, high


def by_date(articles: NDArray[np.int64], seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """The articles in the order of their dates, those without one last."""
    return articles[np.argsort(seconds[articles], kind="stable")]


def reaches(times: NDArray[np.float64], window: float) -> NDArray[np.int64]:
    """For each row the first that it is compared with: all for an undated one.

    Args:
        times: ascending, nan at the end where unknown, shape (rows,).
        window: how far two times may lie apart, in the same unit.
    """
    return _reaches(np.asarray(times, np.float64), float(window))


@kept
def _reaches(times: NDArray[np.float64], window: float) -> NDArray[np.int64]:
    reach, first = np.zeros(len(times), np.int64), 0
    for row in range(len(times)):
        if np.isnan(times[row]):
            break
        while times[row] - times[first] > window:
            first += 1
        reach[row] = first
    return reach
