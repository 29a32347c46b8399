"""Vectors of many articles brought from one form into another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.cross_lingual import cross_lingual_weight
from dedup.vectorize.kernels.compiling import kept, kernel

_cross_lingual_weight = kernel(cross_lingual_weight)


@kept
def by_term(rows: NDArray[np.int32], terms: NDArray[np.int32], weights: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Entries as term << 32 | vector << 16 | weight, in the order of their terms, those of one term as they stood.

    A radix sort, by a byte at a time: what is moved lies side by side, and nothing is looked up.

    Plain form: `plain_forms.by_term`.
    """
    count = len(terms)
    keys, spare = np.empty(count, np.uint64), np.empty(count, np.uint64)
    bins = np.zeros((3, 256), np.int64)
    for at in range(count):
        term = np.uint64(terms[at])
        keys[at] = term << np.uint64(32) | np.uint64(rows[at]) << np.uint64(16) | np.uint64(weights[at])
        for byte in range(3):
            bins[byte, term >> np.uint64(8 * byte) & np.uint64(255)] += 1
    for byte in range(3):
        held = bins[byte]
        before = np.int64(0)
        for digit in range(256):
            here = held[digit]
            held[digit] = before
            before += here
        shift = np.uint64(32 + 8 * byte)
        for at in range(count):
            digit = keys[at] >> shift & np.uint64(255)
            spare[held[digit]] = keys[at]
            held[digit] += 1
        keys, spare = spare, keys
    return keys


@kept
def listed(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Of entries in order the terms, how many each has, and the sum of their squared weights.

    Plain form: `plain_forms.listed`.
    """
    count = np.int64(0)
    for at in range(len(keys)):
        count += np.int64(at == 0 or keys[at] >> np.uint64(32) != keys[at - 1] >> np.uint64(32))
    terms, frequency, energy = np.empty(count, np.int32), np.zeros(count, np.int64), np.zeros(count, np.int64)
    place = np.int64(-1)
    for at in range(len(keys)):
        term = np.int32(keys[at] >> np.uint64(32))
        if place < 0 or terms[place] != term:
            place += 1
            terms[place] = term
        weight = np.int64(keys[at] & np.uint64(0xFFFF))
        frequency[place] += 1
        energy[place] += weight * weight
    return terms, frequency, energy


@kept
def laid_out(
    keys: NDArray[np.uint64], in_head: NDArray[np.bool_], terms: NDArray[np.int32], count: int
) -> tuple[
    NDArray[np.uint32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.uint16],
    NDArray[np.uint16],
    NDArray[np.int32],
]:
    """Entries in order as a segment of so many vectors has them: its columns from `postings` on.

    Plain form: `plain_forms.laid_out`.
    """
    head = terms[in_head]
    begin, squares = np.zeros(count + 1, np.int32), np.zeros(count, np.int64)
    place, of_head = np.int64(-1), np.int64(0)
    for at in range(len(keys)):
        if at == 0 or keys[at] >> np.uint64(32) != keys[at - 1] >> np.uint64(32):
            place += 1
        if in_head[place]:
            begin[(keys[at] >> np.uint64(16) & np.uint64(0xFFFF)) + np.uint64(1)] += np.int32(1)
            of_head += 1
    for row in range(count):
        begin[row + 1] += begin[row]
    postings = np.empty(len(keys) - of_head, np.uint32)
    places, weights, filled = np.empty(of_head, np.uint16), np.empty(of_head, np.uint16), begin[:count].copy()
    place, heads, tail = np.int64(-1), np.int64(-1), np.int64(0)
    for at in range(len(keys)):
        if at == 0 or keys[at] >> np.uint64(32) != keys[at - 1] >> np.uint64(32):
            place += 1
            heads += np.int64(in_head[place])
        if in_head[place]:
            row, weight = keys[at] >> np.uint64(16) & np.uint64(0xFFFF), keys[at] & np.uint64(0xFFFF)
            places[filled[row]], weights[filled[row]] = np.uint16(heads), np.uint16(weight)
            filled[row] += np.int32(1)
            squares[row] += np.int64(weight) * np.int64(weight)
        else:
            postings[tail] = np.uint32(keys[at] & np.uint64(0xFFFFFFFF))
            tail += 1
    norms = np.empty(count, np.int32)
    for row in range(count):
        norms[row] = np.int32(np.ceil(np.sqrt(np.float64(squares[row]))))
    return postings, head, begin, places, weights, norms


@kept
def unpacked(
    raw: NDArray[np.uint8], first: NDArray[np.int64], start: NDArray[np.int64], bins: int
) -> tuple[NDArray[np.int32], NDArray[np.uint16], NDArray[np.bool_], bool]:
    """Terms, weights and marks of crossing of packed vectors, and whether each has as many terms as it says.

    What is packed of vector i begins at `first[i]`; its entries are to begin at `start[i]`.

    Plain form: `index.features.sketch.Vector.unpacked`.
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
    its, their = np.empty(len(terms), np.int32), np.empty(len(terms), np.uint16)
    found = np.int64(0)
    for vector in range(len(start) - 1):
        squares = np.int64(0)
        for at in range(start[vector], start[vector + 1]):
            if crossing[at]:
                squares += np.int64(weights[at]) * np.int64(weights[at])
        for at in range(start[vector], start[vector + 1]):
            if crossing[at]:
                weight = np.int64(_cross_lingual_weight(np.int64(weights[at]), squares))
                if weight > 0:
                    its[found], their[found] = terms[at], np.uint16(weight)
                    found += 1
        begin[vector + 1] = found
    return begin, its[:found].copy(), their[:found].copy()
