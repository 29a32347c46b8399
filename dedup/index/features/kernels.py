"""Term counts of articles of one language weighed under a background: the twin of what `weighing` does with NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import Whole, kept, kernel


@kernel
def from_on(sought: int, among: NDArray[np.int32], low: Whole) -> Whole:
    """The first place from `low` on that holds no less than what is sought: by steps that double, then by halves."""
    step, high = np.int64(1), low
    while high < len(among) and among[high] < sought:
        low = high + 1
        high += step
        step *= 2
    high = min(high, len(among))
    while low < high:
        middle = (low + high) // 2
        if among[middle] < sought:
            low = middle + 1
        else:
            high = middle
    return low


@kept
def weighed(
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    terms: NDArray[np.int32],
    every: NDArray[np.unsignedinteger],
    capitals: NDArray[np.unsignedinteger],
    known: NDArray[np.int32],
    rarity: NDArray[np.float64],
    elsewhere: float,
    loudness: NDArray[np.float64],
    capital: float,
    fine: float,
    unit: float,
    common: NDArray[np.int32],
    sums: NDArray[np.int64],
    offsets: NDArray[np.int64],
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    number: int,
    features: int,
    weights: NDArray[np.uint16],
    crossing: NDArray[np.bool_],
    totals: NDArray[np.int64],
) -> None:
    """Writes of some articles the weights of their terms, which of them cross between languages, and how much of what
    the background has in common they hold.

    A term that is `known` has its `rarity`, any other that of `elsewhere`; a count has its `loudness`.

    Plain form: `index.features.tfidf.Weigher.weigh`.
    """
    longest: Whole = np.int64(0)
    for row in rows:
        longest = max(longest, indptr[row + 1] - indptr[row])
    wholes = np.empty(longest, np.int64)
    for row in rows:
        begin, end = indptr[row], indptr[row + 1]
        squares: Whole = np.int64(0)
        total: Whole = np.int64(0)
        low, its = np.int64(0), np.int64(0)
        for entry in range(begin, end):
            term = terms[entry]
            low = from_on(term, known, low)
            weight = rarity[low] if low < len(known) and known[low] == term else elsewhere
            weight *= loudness[every[entry]]
            weight *= 1 + capital * np.float64(capitals[entry]) / np.float64(every[entry])
            whole = np.int64(np.rint(weight * fine))
            wholes[entry - begin] = whole
            squares += whole * whole
            crossing[entry] = capitals[entry] > 0
        length = np.sqrt(np.float64(max(squares, np.int64(1))))
        for entry in range(begin, end):
            value = np.int64(np.rint(np.float64(wholes[entry - begin]) / length / unit))
            weights[entry] = np.uint16(value)
            its = from_on(terms[entry], common, its)
            if its < len(common) and common[its] == terms[entry]:
                total += value * sums[its]
        totals[row] = total
        for place in range(offsets[2 * row], offsets[2 * row + 2]):
            if flags[place] & number:
                term = np.int32(abs(np.int64(np.int32(hashes[place]))) % features)
                at = begin + np.searchsorted(terms[begin:end], term)
                if at < end and terms[at] == term:
                    crossing[at] = True
