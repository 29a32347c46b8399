"""Kernels that look up terms, read the stored vectors of many articles and compute their cross-lingual vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.index.features.tfidf import SHIFT
from dedup.vectorize.cross_lingual import cross_lingual_weight
from dedup.vectorize.kernels.compiling import Whole, callable_by_kernels, kept, kernel
from dedup.vectorize.kernels.halving import first_not_below

callable_by_kernels(cross_lingual_weight)


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
def look_up(
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    terms: NDArray[np.int32],
    known: NDArray[np.int32],
    begins: NDArray[np.int32],
    values: NDArray[np.int64] | NDArray[np.float64],
    found: NDArray[np.int64] | NDArray[np.float64],
) -> None:
    """Write the values of the terms of some rows, by a table of known terms.

    Plain form: `index.features.tfidf.look_up`.
    """
    for row in rows:
        for entry in range(indptr[row], indptr[row + 1]):
            term = terms[entry]
            low, high = np.int64(begins[term >> SHIFT]), np.int64(begins[(term >> SHIFT) + 1])
            low += first_not_below(known[low:high], term)
            found[entry] = values[low] if low < high and known[low] == term else values[len(known)]


@kept
def unpack_vectors(
    raw: NDArray[np.uint8], first: NDArray[np.int64], start: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.uint16], NDArray[np.bool_], bool]:
    """The terms, weights and `crossing` of packed vectors, and whether the terms of each are ascending.

    Plain form: `index.features.sketch.Vector.unpacked`.

    Args:
        raw: the bytes of all vectors.
        first: where the packed terms of each vector begin in `raw`.
        start: where the terms of each vector are written, and the end of the last.
    """
    total = start[-1]
    terms, weights, crossing = np.empty(total, np.int32), np.empty(total, np.uint16), np.empty(total, np.bool_)
    for vector in range(len(first)):
        count, at, before = start[vector + 1] - start[vector], first[vector], np.int32(-1)
        for entry in range(count):
            place, byte = start[vector] + entry, at + 4 * entry
            low, high = np.int32(raw[byte]), np.int32(raw[byte + 1])
            low, high = low | high << np.int32(8), np.int32(raw[byte + 2]) | np.int32(raw[byte + 3]) << np.int32(8)
            terms[place] = low | high << np.int32(16)
            if terms[place] <= before:
                return terms, weights, crossing, False
            before = terms[place]
            byte = at + 4 * count + 2 * entry
            weights[place] = np.uint16(np.int32(raw[byte]) | (np.int32(raw[byte + 1]) << np.int32(8)))
            byte = at + 6 * count + (entry >> 3)
            crossing[place] = (np.int32(raw[byte]) >> np.int32(7 - (entry & 7))) & 1
    return terms, weights, crossing, True


@kept
def cross_lingual_parts(
    start: NDArray[np.int64],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    crossing: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16]]:
    """The cross-lingual vectors of articles from their TF-IDF vectors: where each begins, its terms and weights.

    Plain form: `index.features.sketch.Vector.names`.
    """
    begin = np.zeros(len(start), np.int64)
    out_terms, out_weights = np.empty(len(terms), np.int32), np.empty(len(terms), np.uint16)
    found = np.int64(0)
    for vector in range(len(start) - 1):
        squares = np.int64(0)
        for at in range(start[vector], start[vector + 1]):
            if crossing[at]:
                squares += np.int64(weights[at]) * np.int64(weights[at])
        for at in range(start[vector], start[vector + 1]):
            if crossing[at]:
                weight = np.int64(cross_lingual_weight(np.int64(weights[at]), squares))
                if weight > 0:
                    out_terms[found], out_weights[found] = terms[at], np.uint16(weight)
                    found += 1
        begin[vector + 1] = found
    return begin, out_terms[:found].copy(), out_weights[:found].copy()
