"""Vectors laid out for an exact similarity join: rows by date, the terms of each by falling frequency.

The most frequent terms, the head, have most of the postings and little of the length: the dot product of two heads is
at most the product of their norms (Bayardo, Ma & Srikant 2007; Anastasiu & Karypis 2014). So only the tails are
indexed, and the heads of a pair are multiplied only where the upper bound is above the floor.
"""

from __future__ import annotations

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
    """Sparse rows of integers, terms by rank.

    Attributes:
        start: where the entries of each row begin, shape (rows + 1,).
        tail: where its tail begins, shape (rows,).
        term: rank of the term of each entry, ascending in a row, 0 for the most frequent; shape (entries,).
        weight: in units of `WEIGHT_UNIT`, shape (entries,).
        head_norm: upper bound of the norm of each row's head, in the same unit, shape (rows,).
        heads: number of terms in the head.
        terms: number of terms that at least two rows have.
    """

    start: NDArray[np.int64]
    tail: NDArray[np.int64]
    term: NDArray[np.int32]
    weight: NDArray[np.uint16]
    head_norm: NDArray[np.int32]
    heads: int
    terms: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.tail)

    @property
    def width(self) -> int:
        """Columns of a dense array of heads."""
        return max(LANES, -(-self.heads // LANES) * LANES)


def ranked(matrix: sp.csr_array, order: NDArray[np.int64], floor: float) -> Ranked:
    """Lay out rows of a matrix in a given order.

    Args:
        matrix: unit vectors, shape (articles, terms), multiples of `WEIGHT_UNIT`.
        order: the rows, shape (rows,).
        floor: the cosine, not negative, above which pairs will be searched; it determines the width of the head.

    Raises:
        ValueError: the rows are not unit vectors of multiples of `WEIGHT_UNIT`.
    """
    start, column = np.asarray(matrix.indptr, np.int64), np.asarray(matrix.indices, np.int32)
    data, rows = np.asarray(matrix.data, np.float64), np.asarray(order, np.int64)
    frequency, energy, longest = _statistics(start, column, data, rows, int(matrix.shape[1]))
    if longest < 0 or longest > LONGEST:
        raise ValueError(f"a vector's entries must be whole multiples of {WEIGHT_UNIT}, and its length 1")
    by_frequency = np.argsort(-frequency, kind="stable")
    terms = int(np.count_nonzero(frequency > 1))
    rank = np.full(len(frequency), -1, np.int32)
    rank[by_frequency[:terms]] = np.arange(terms, dtype=np.int32)
    heads = head_terms(energy[by_frequency[:terms]], floor, len(rows)) // LANES * LANES
    arrays = _lay_out(start, column, data, rows, rank, terms, heads)
    return Ranked(*arrays, heads, terms)


@kept
def _statistics(
    start: NDArray[np.int64],
    column: NDArray[np.int32],
    data: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Document frequency and sum of squares of each term, and the largest squared length, -1 if an entry is invalid."""
    frequency, energy = np.zeros(columns, np.int64), np.zeros(columns, np.int64)
    longest: Whole = 0
    for place in range(len(rows)):
        row = rows[place]
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
    rows: NDArray[np.int64],
    rank: NDArray[np.int32],
    terms: int,
    heads: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16], NDArray[np.int32]]:
    """Transpose the rows into columns by rank and back, which sorts the terms of each row by rank."""
    count = len(rows)
    above = np.zeros(terms + 1, np.int64)
    begin = np.zeros(count + 1, np.int64)
    for place in range(count):
        for entry in range(start[rows[place]], start[rows[place] + 1]):
            found = rank[column[entry]]
            if found >= 0 and data[entry] > 0:
                above[found + 1] += 1
                begin[place + 1] += 1
    for found in range(terms):
        above[found + 1] += above[found]
    for place in range(count):
        begin[place + 1] += begin[place]
    holder, column_weight = np.empty(begin[count], np.int32), np.empty(begin[count], np.uint16)
    fill = above.copy()
    for place in range(count):
        for entry in range(start[rows[place]], start[rows[place] + 1]):
            found = rank[column[entry]]
            if found >= 0 and data[entry] > 0:
                holder[fill[found]] = place
                column_weight[fill[found]] = np.uint16(data[entry] / WEIGHT_UNIT)
                fill[found] += 1
    term, weight = np.empty(begin[count], np.int32), np.empty(begin[count], np.uint16)
    square = np.zeros(count, np.int64)
    tail, fill = begin[:count].copy(), begin[:count].copy()
    for found in range(terms):
        for entry in range(above[found], above[found + 1]):
            place = holder[entry]
            term[fill[place]] = found
            weight[fill[place]] = column_weight[entry]
            fill[place] += 1
            if found < heads:
                tail[place] += 1
                square[place] += np.int64(column_weight[entry]) * np.int64(column_weight[entry])
    norm = np.empty(count, np.int32)
    for place in range(count):
        norm[place] = np.int32(np.ceil(np.sqrt(np.float64(square[place]))))
    return begin, tail, term, weight, norm
