"""Vectors of many articles brought from one form into another.

No constant of another module is compiled in, for numba looks at this file alone to tell whether machine code is old.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import kept


@kept
def in_order(terms: NDArray[np.int32]) -> NDArray[np.int32]:
    """What puts terms, which have at most 22 bits, in order; equal ones stay as they are: a radix sort."""
    count, bins = len(terms), 1 << 11
    order, other = np.empty(count, np.int32), np.empty(count, np.int32)
    low, high = np.zeros(bins + 1, np.int64), np.zeros(bins + 1, np.int64)
    for at in range(count):
        low[(terms[at] & (bins - 1)) + 1] += 1
        high[(terms[at] >> 11) + 1] += 1
    for digit in range(bins):
        low[digit + 1] += low[digit]
        high[digit + 1] += high[digit]
    for at in range(count):
        digit = terms[at] & (bins - 1)
        other[low[digit]] = at
        low[digit] += 1
    for place in range(count):
        at = other[place]
        digit = terms[at] >> 11
        order[high[digit]] = at
        high[digit] += 1
    return order


@kept
def unpacked(
    raw: NDArray[np.uint8], first: NDArray[np.int64], start: NDArray[np.int64], bins: int
) -> tuple[NDArray[np.int32], NDArray[np.uint16], NDArray[np.bool_], bool]:
    """Terms, weights and marks of crossing of packed vectors, and whether each has as many terms as it says.

    What is packed of vector i begins at `first[i]`; its entries are to begin at `start[i]`.
    """
    total = start[-1]
    terms, weights, crossing = np.empty(total, np.int32), np.empty(total, np.uint16), np.empty(total, np.bool_)
    for vector in range(len(first)):
        count, at, place = start[vector + 1] - start[vector], first[vector], start[vector]
        held = np.int64(0)
        for digit in range(bins):
            held += raw[at + digit]
        if held != count:
            return terms, weights, crossing, False
        low = at + bins
        for digit in range(bins):
            for _ in range(raw[at + digit]):
                terms[place] = np.int32(raw[low]) | (np.int32(raw[low + 1]) << np.int32(8)) | np.int32(digit << 16)
                low += 2
                place += 1
        at += bins + 2 * count
        for entry in range(count):
            place, byte = start[vector] + entry, at + 2 * entry
            weights[place] = np.uint16(np.int32(raw[byte]) | (np.int32(raw[byte + 1]) << np.int32(8)))
            byte = at + 2 * count + (entry >> 3)
            crossing[place] = (np.int32(raw[byte]) >> np.int32(7 - (entry & 7))) & 1
    return terms, weights, crossing, True


@kept
def stretched(
    start: NDArray[np.int64],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    crossing: NDArray[np.bool_],
    unit: float,
    least: float,
    worth: float,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16]]:
    """The crossing parts of vectors as `weighing.stretched` has them: where each begins, terms and weights."""
    begin = np.zeros(len(start), np.int64)
    its, their = np.empty(len(terms), np.int32), np.empty(len(terms), np.uint16)
    found = np.int64(0)
    for vector in range(len(start) - 1):
        squares = np.int64(0)
        for at in range(start[vector], start[vector + 1]):
            if crossing[at]:
                squares += np.int64(weights[at]) * np.int64(weights[at])
        length = max(np.sqrt(np.float64(squares)) * unit, least)
        for at in range(start[vector], start[vector + 1]):
            if crossing[at]:
                weight = np.int64(np.rint(np.float64(weights[at]) * unit / length * worth / unit))
                if weight > 0:
                    its[found], their[found] = terms[at], np.uint16(weight)
                    found += 1
        begin[vector + 1] = found
    return begin, its[:found].copy(), their[:found].copy()
