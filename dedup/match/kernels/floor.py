"""Exact similarity join: all pairs of rows with a dot product above a floor, block by block.

The tails of a block of rows are inverted into postings lists that fit into the processor's cache. Each later row scans
the lists of its tail's terms; the heads are multiplied only where the sum and a bound on the heads are above the floor.
All numbers are integers, so results do not depend on the order of additions or the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dedup.match.kernels.ranked import Ranked
from dedup.vectorize.exact import DOT_UNIT
from dedup.vectorize.kernels.compiling import kept

BLOCK = 2_048
"""Rows in a block ..."""
MOST = 1 << 16
"""... and at most: the number of a row in a posting has 16 bits."""
GROUP = 32
"""Sums compared with the floor together."""
CAPACITY = 1 << 16
"""Pairs returned at a time."""

Hits = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


class Block(NamedTuple):
    """The inverted index of rows `first` up to `last` for a floor.

    Attributes:
        tier: the place of the floor among `Ranked.floors`.
        first, last: the first row, and the one after the last.
        begin: where the postings list of each term begins, shape (terms + 1,).
        postings: row in the block << 16 | weight, shape (entries,).
        heads: dense heads, shape (rows rounded up to a multiple of `GROUP`, width).
        norms: norms of the heads, padded with 0 likewise.
    """

    tier: int
    first: int
    last: int
    begin: NDArray[np.int32]
    postings: NDArray[np.uint32]
    heads: NDArray[np.uint16]
    norms: NDArray[np.int32]

    @classmethod
    def of(cls, rows: Ranked, first: int, last: int, tier: int = 0) -> Self:
        """Index the rows from `first` up to `last` for the floor at a place."""
        padded = -(-(last - first) // GROUP) * GROUP
        norms = np.zeros(padded, np.int32)
        norms[: last - first] = rows.head_norms[tier, first:last]
        heads = np.zeros((padded, rows.width(tier)), np.uint16)
        begin, postings = _index(rows, first, last, tier, heads)
        return cls(tier, first, last, begin, postings, heads, norms)


def pairs_above(
    rows: Ranked,
    block: Block,
    reach: NDArray[np.int64],
    until: NDArray[np.int64],
    first: int,
    last: int,
    floor: float,
) -> Iterator[Hits]:
    """Find the pairs of a row of a block and a querying row whose cosine is above the floor.

    Args:
        rows: all rows.
        block: the index of some rows.
        reach, until: each row is compared with rows from `reach` up to `until`, shape (rows,).
        first, last: the querying rows.
        floor: a cosine, not below that of the block.

    Yields:
        Rows of the block, querying rows, and dot products in units of `DOT_UNIT`, each of shape (pairs,).
    """
    capacity = max(CAPACITY, block.last - block.first)
    least = int(np.floor(floor / DOT_UNIT))
    while first < last:
        earlier, later, dots = (np.empty(capacity, np.int32) for _ in range(3))
        first, found = _scan(rows, block, reach, until, first, last, least, earlier, later, dots)
        if found:
            yield earlier[:found], later[:found], dots[:found]


@kept
def _index(
    rows: Ranked, first: int, last: int, tier: int, heads: NDArray[np.uint16]
) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
    """Build the postings lists of some rows, and write their heads."""
    start, end, tail, term, weight, terms = rows.start, rows.end, rows.tails[tier], rows.term, rows.weight, rows.terms
    begin = np.zeros(terms + 2, np.int32)
    for row in range(first, last):
        for entry in range(start[row], tail[row]):
            heads[row - first, term[entry]] = weight[entry]
        for entry in range(tail[row], end[row]):
            begin[term[entry] + 2] += np.int32(1)
    for place in range(1, terms + 1):
        begin[place + 1] += begin[place]
    postings = np.empty(begin[terms + 1], np.uint32)
    for row in range(first, last):
        number = np.uint32(row - first) << np.uint32(16)
        for entry in range(tail[row], end[row]):
            place = term[entry] + 1  # its list's beginning, which moves on to where the next one begins
            postings[begin[place]] = np.uint32(number | np.uint32(weight[entry]))
            begin[place] += np.int32(1)
    return begin[: terms + 1], postings


@kept
def _scan(
    rows: Ranked,
    block: Block,
    reach: NDArray[np.int64],
    until: NDArray[np.int64],
    first: int,
    last: int,
    least: int,
    earlier: NDArray[np.int32],
    later: NDArray[np.int32],
    dots: NDArray[np.int32],
) -> tuple[int, int]:
    """Write the pairs until there may be no room; return the row to go on with, and the number of pairs."""
    start, end, tail, term, weight = rows.start, rows.end, rows.tails[block.tier], rows.term, rows.weight
    begin, postings, heads, norms = block.begin, block.postings, block.heads, block.norms
    size, width, head_norm = len(norms), heads.shape[1], rows.head_norms[block.tier]
    sums, likely = np.zeros(size, np.int32), np.empty(size, np.int32)
    head = np.zeros(width, np.uint16)
    floor, found = np.int32(least), 0
    for row in range(first, last):
        low, high = max(reach[row] - block.first, 0), min(until[row], block.last) - block.first
        if high <= low:
            continue
        if found + high - low > len(dots):
            return row, found
        for entry in range(tail[row], end[row]):
            factor, its = np.int32(weight[entry]), term[entry]
            for place in range(np.uint64(begin[its]), np.uint64(begin[its + 1])):  # unsigned: no index wraps
                posting = postings[place]
                sums[np.uint64(posting >> np.uint32(16))] += factor * np.int32(posting & np.uint32(0xFFFF))
        # The sum and the bound are at most the product of two lengths, so they fit into 32 bits.
        norm, count = head_norm[row], np.int64(0)
        for group in range(low // GROUP * GROUP, high, GROUP):
            mine, bound = sums[group : group + GROUP], norms[group : group + GROUP]
            most = np.int32(0)
            for other in range(len(mine)):
                most = max(most, np.int32(mine[other] + np.int32(norm * bound[other])))
            if most > floor:
                for other in range(len(mine)):
                    likely[count] = group + other
                    count += np.int64(np.int32(mine[other] + np.int32(norm * bound[other])) > floor)
        if count:
            head[:] = 0
            for entry in range(start[row], tail[row]):
                head[term[entry]] = weight[entry]
            for candidate in range(count):
                other = likely[candidate]
                if low <= other < high:
                    dot, its_head = sums[other], heads[other]
                    for place in range(len(its_head)):
                        dot = np.int32(dot + np.int32(np.int32(its_head[place]) * np.int32(head[place])))
                    if dot > floor:
                        earlier[found], later[found], dots[found] = block.first + other, row, dot
                        found += 1
        sums[:] = 0
    return last, found
