"""Vectors laid out for an exact similarity join: the most frequent terms of each row first.

The most frequent terms, the head, have most of the postings and little of the length: the dot product of two heads is
at most the product of their norms (Bayardo, Ma & Srikant 2007; Anastasiu & Karypis 2014). So only the tails are
indexed, and the heads of a pair are multiplied only where the upper bound is above the floor. The higher the floor, the
wider the head can be: a row has several, one inside the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.stories import head_terms
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.kernels.compiling import Whole, kept

LANES = 16
"""The width of the head is a multiple of this, so that heads fill vector registers."""
LONGEST = 3 << 29
"""The largest squared length of a row, in units of `DOT_UNIT`. Rounded unit vectors are far below it, and up to it no
sum and no bound of a dot product exceeds 32 bits."""


class Ranked(NamedTuple):
    """Sparse rows of integers, in each the terms of its narrowest head first and those of its tail last.

    Attributes:
        start, end: where the entries of each row begin and end, shape (rows,).
        tails: where its tail begins, for each floor; shape (floors, rows).
        head_norms: upper bound of the norm of its head, in units of `WEIGHT_UNIT`; shape (floors, rows).
        term: rank of the term of each entry, 0 for the most frequent; shape (entries,).
        weight: in the same unit, shape (entries,).
        floors: cosines above which pairs are searched, ascending; shape (floors,).
        heads: number of terms in the head for each floor, shape (floors,).
        terms: number of terms that at least two rows have.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    tails: NDArray[np.int64]
    head_norms: NDArray[np.int32]
    term: NDArray[np.int32]
    weight: NDArray[np.uint16]
    floors: NDArray[np.float64]
    heads: NDArray[np.int64]
    terms: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.start)

    def width(self, tier: int) -> int:
        """Columns of a dense array of heads for a floor, given by its place."""
        return max(LANES, -(-int(self.heads[tier]) // LANES) * LANES)

    def tier(self, floor: float) -> int:
        """The place of the highest floor that is no higher than this one, which must not be below all of them."""
        return int(np.searchsorted(self.floors, floor, side="right")) - 1

    def take(self, places: NDArray[np.int64]) -> Ranked:
        """The rows at some places, which share their entries with these."""
        tails, norms = np.take(self.tails, places, axis=1), np.take(self.head_norms, places, axis=1)
        return self._replace(start=self.start[places], end=self.end[places], tails=tails, head_norms=norms)


def ranked(
    matrix: sp.csr_array,
    floors: Sequence[float],
    order: NDArray[np.int64],
    held_by: NDArray[np.int64] | None = None,
) -> Ranked:
    """Lay out the rows of a matrix.

    Args:
        matrix: unit vectors, shape (articles, terms), multiples of `WEIGHT_UNIT`.
        floors: the cosines, not negative and ascending, above which pairs will be searched; each determines the width
            of a head.
        order: the rows, in the order in which they will be read; any others are empty.
        held_by: rows of which each pair will have one, so that only their terms count; None for all.

    Raises:
        ValueError: the rows are not unit vectors of multiples of `WEIGHT_UNIT`.
    """
    start, column = np.asarray(matrix.indptr, np.int64), np.asarray(matrix.indices, np.int32)
    data = np.asarray(matrix.data, np.float64)
    order = np.asarray(order, np.int64)
    frequency, energy, longest = _statistics(start, column, data, order, int(matrix.shape[1]))
    if longest < 0 or longest > LONGEST:
        raise ValueError(f"a vector's entries must be whole multiples of {WEIGHT_UNIT}, and its length 1")
    if held_by is not None:
        others = np.ones(len(frequency), np.bool_)
        others[matrix[held_by].indices] = False
        frequency[others] = 0
    terms = int(np.count_nonzero(frequency > 1))
    by_frequency = np.argsort(-frequency, kind="stable")[:terms]
    squares, rows = energy[by_frequency], len(order)
    heads = [head_terms(squares, floor, rows) // LANES * LANES for floor in floors]
    rank, group = np.full(len(frequency), -1, np.int32), np.zeros(len(frequency), np.uint8)
    ends = [*heads, *(max(LANES, heads[-1]) << power for power in range(1, 64) if heads[-1] << power < terms), terms]
    for number, (first, last) in enumerate(pairwise((0, *ends))):
        members = np.sort(by_frequency[first:last])
        rank[members], group[members] = np.arange(first, first + len(members), dtype=np.int32), number
    begin, end, tails, norms, term, weight = _lay_out(start, column, data, order, rank, group, len(ends), len(heads))
    tiers = np.array(floors, np.float64), np.array(heads, np.int64)
    return Ranked(begin, end, tails, norms, term, weight, *tiers, terms)


@kept
def _statistics(
    start: NDArray[np.int64],
    column: NDArray[np.int32],
    data: NDArray[np.float64],
    order: NDArray[np.int64],
    columns: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Document frequency and sum of squares of each term, and the largest squared length, -1 if an entry is invalid."""
    frequency, energy = np.zeros(columns, np.int64), np.zeros(columns, np.int64)
    longest: Whole = 0
    for row in order:
        length: Whole = 0
        for entry in range(start[row], start[row + 1]):
            scaled = data[entry] / WEIGHT_UNIT
            units = np.int64(scaled)
            if units != scaled or units < 0 or units > 65535:
                return frequency, energy, -1
            if units > 0:
                frequency[column[entry]] += 1
                energy[column[entry]] += units * units
                length += units * units
        longest = max(longest, length)
    return frequency, energy, longest


@kept
def _lay_out(
    start: NDArray[np.int64],
    column: NDArray[np.int32],
    data: NDArray[np.float64],
    order: NDArray[np.int64],
    rank: NDArray[np.int32],
    group: NDArray[np.uint8],
    groups: int,
    tiers: int,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.uint16],
]:
    """Sort the entries of each row by the group of their terms; the first groups, as many as floors, make the heads."""
    count = len(start) - 1
    begin, end = np.zeros(count, np.int64), np.zeros(count, np.int64)
    tails, norms = np.zeros((tiers, count), np.int64), np.zeros((tiers, count), np.int32)
    term, weight = np.empty(len(column), np.int32), np.empty(len(column), np.uint16)
    fill, square, filled = np.zeros(groups, np.int64), np.zeros(groups, np.int64), np.int64(0)
    for row in order:
        fill[:], square[:] = 0, 0
        for entry in range(start[row], start[row + 1]):
            its = column[entry]
            if rank[its] >= 0 and data[entry] > 0:
                units = np.int64(data[entry] / WEIGHT_UNIT)
                fill[group[its]] += 1
                square[group[its]] += units * units
        begin[row], within = filled, np.int64(0)
        for number in range(groups):
            size = fill[number]
            fill[number] = filled
            filled += size
            if number < tiers:
                within += square[number]
                tails[number, row] = filled
                norms[number, row] = np.int32(np.ceil(np.sqrt(np.float64(within))))
        end[row] = filled
        for entry in range(start[row], start[row + 1]):
            its = column[entry]
            if rank[its] >= 0 and data[entry] > 0:
                place = fill[group[its]]
                term[place] = rank[its]
                weight[place] = np.uint16(data[entry] / WEIGHT_UNIT)
                fill[group[its]] += 1
    return begin, end, tails, norms, term, weight
