"""Sweeps: which rows are compared with which, each pair of rows within the window once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.kernels.floor import Block
from dedup.match.kernels.ranked import Ranked, ranked
from dedup.match.scores import SECONDS_A_DAY
from dedup.vectorize.kernels.compiling import kept

CHUNK = 512
"""Querying rows per task."""
SLACK = 1.0
"""Seconds by which bounds are widened; the exact difference of two times decides later."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Rows, each of which is compared with a range of rows before it.

    Attributes:
        order: the article of each row, shape (rows,).
        times: when each was published, in seconds, nan where unknown; shape (rows,).
        rows: the vectors.
        reach, until: each row is compared with rows from `reach` up to `until`, all before it; shape (rows,).
        indexed: rows from here on only query.
    """

    order: NDArray[np.int64]
    times: NDArray[np.float64]
    rows: Ranked
    reach: NDArray[np.int64]
    until: NDArray[np.int64]
    indexed: int

    @classmethod
    def within(
        cls,
        vectors: Ranked,
        articles: NDArray[np.int64],
        seconds: NDArray[np.float64],
        window: float,
    ) -> Sweep:
        """All pairs of articles within a window in seconds; an undated article is compared with all."""
        order = by_date(articles, seconds)
        times = seconds[order]
        return cls(order, times, vectors.take(order), reaches(times, window), np.arange(len(order)), len(order))

    @classmethod
    def facing(
        cls,
        vectors: Ranked,
        some: NDArray[np.int64],
        others: NDArray[np.int64],
        seconds: NDArray[np.float64],
        window: float,
    ) -> Sweep:
        """All pairs within a window between two groups of articles, and perhaps others of these."""
        some, others = by_date(some, seconds), by_date(others, seconds)
        order, indexed = np.concatenate([some, others]), len(some)
        low, high = _spans(seconds[some], seconds[others], window)
        reach = np.concatenate([np.zeros(indexed, np.int64), low])
        until = np.concatenate([reach[:indexed], high])
        return cls(order, seconds[order], vectors.take(order), reach, until, indexed)

    @classmethod
    def between(
        cls,
        matrix: sp.csr_array,
        languages: NDArray[np.int64],
        articles: NDArray[np.int64],
        seconds: NDArray[np.float64],
        window: float,
        floors: Sequence[float],
    ) -> Sweep:
        """All pairs within a window between different known languages, and perhaps others.

        Only articles outside the commonest language are indexed, because pairs inside it are by far the most and never
        wanted.
        """
        known = articles[languages[articles] >= 0]
        commonest = np.bincount(languages[known], minlength=1).argmax()
        few = by_date(known[languages[known] != commonest], seconds)
        many = by_date(known[languages[known] == commonest], seconds)
        order, indexed = np.concatenate([few, many]), len(few)
        low, high = _spans(seconds[few], seconds[many], window)
        reach = np.concatenate([reaches(seconds[few], window), low])
        until = np.concatenate([np.arange(indexed), high])
        vectors = ranked(matrix, floors, order, held_by=few)
        return cls(order, seconds[order], vectors.take(order), reach, until, indexed)

    def tasks(
        self, size: int, floor: Callable[[float], float] | None = None
    ) -> Iterator[tuple[Block, int, int, float]]:
        """Yield the tasks: a block of at most `size` rows, the range of rows that query it, and the floor.

        Args:
            size: the largest number of rows in a block.
            floor: the cosine above which pairs count that are so many days apart or more, which rises with the days.
                None for the lowest of `Ranked.floors`, whatever the days.
        """
        lowest = float(self.rows.floors[0])
        for first in range(0, self.indexed, size):
            last = min(first + size, self.indexed)
            block: Block | None = None
            querying = np.flatnonzero((self.reach < last) & (self.until > first))
            for run in np.split(querying, np.flatnonzero(np.diff(querying) > 1) + 1):
                for start in range(0, len(run), CHUNK):
                    chunk = run[start : start + CHUNK]
                    days = _days_between(self.times[first:last], self.times[chunk])
                    least = max(lowest, floor(days)) if floor else lowest
                    tier = self.rows.tier(least)
                    if block is None or block.tier != tier:
                        block = Block.of(self.rows, first, last, tier)
                    yield block, int(chunk[0]), int(chunk[-1]) + 1, least


def _days_between(times: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """The fewest days between two times, one of each array; 0 if one is unknown."""
    gap = np.maximum(others.min() - times.max(), times.min() - others.max())
    return float(np.fmax(gap, 0.0)) / SECONDS_A_DAY


def _spans(
    times: NDArray[np.float64], others: NDArray[np.float64], window: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of the other times the range of times within the window; times are ascending, nan last."""
    dates, undated = times[~np.isnan(times)], np.isnan(others)
    low = np.searchsorted(dates, others - window - SLACK)
    high = np.searchsorted(dates, others + window + SLACK, side="right")
    low[undated] = 0
    high[undated | (len(dates) < len(times))] = len(times)
    return low, high


def by_date(articles: NDArray[np.int64], seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sort articles by date, undated ones last."""
    return articles[np.argsort(seconds[articles], kind="stable")]


def reaches(times: NDArray[np.float64], window: float) -> NDArray[np.int64]:
    """For each row the first row to compare it with: the very first for an undated one.

    Args:
        times: ascending, nan at the end where unknown, shape (rows,).
        window: the largest difference of two times, in the same unit.
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
