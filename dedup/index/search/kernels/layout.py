"""Vectors of many articles converted from one layout into another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import kept


@kept
def sort_by_term(rows: NDArray[np.int32], terms: NDArray[np.int32], weights: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Sort entries by term, stably, packed as term << 32 | vector << 16 | weight.

    A radix sort with digits of one byte, because it moves memory in sequence.

    Plain form: `plain_forms.sort_by_term`.
    """
    count = len(terms)
    keys, spare = np.empty(count, np.uint64), np.empty(count, np.uint64)
    bins = np.zeros((4, 256), np.int64)
    for at in range(count):
        term = np.uint64(terms[at])
        keys[at] = term << np.uint64(32) | np.uint64(rows[at]) << np.uint64(16) | np.uint64(weights[at])
        for byte in range(4):
            bins[byte, term >> np.uint64(8 * byte) & np.uint64(255)] += 1
    for byte in range(4):
        starts = bins[byte]
        before = np.int64(0)
        for digit in range(256):
            here = starts[digit]
            starts[digit] = before
            before += here
        shift = np.uint64(32 + 8 * byte)
        for at in range(count):
            digit = keys[at] >> shift & np.uint64(255)
            spare[starts[digit]] = keys[at]
            starts[digit] += 1
        keys, spare = spare, keys
    return keys


@kept
def term_statistics(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct terms of sorted entries, their document frequencies, and the sums of their squared weights.

    Plain form: `plain_forms.term_statistics`.
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
def segment_arrays(
    keys: NDArray[np.uint64], in_head: NDArray[np.bool_], terms: NDArray[np.int32], count: int
) -> tuple[
    NDArray[np.uint32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.uint32],
    NDArray[np.uint16],
]:
    """The columns of a segment of `count` vectors from sorted entries: those of `Segment` from `postings` on.

    Plain form: `plain_forms.segment_arrays`.
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
    entries, filled = np.empty(of_head, np.uint32), begin[:count].copy()
    place, heads, tail = np.int64(-1), np.int64(-1), np.int64(0)
    for at in range(len(keys)):
        if at == 0 or keys[at] >> np.uint64(32) != keys[at - 1] >> np.uint64(32):
            place += 1
            heads += np.int64(in_head[place])
        if in_head[place]:
            row, weight = keys[at] >> np.uint64(16) & np.uint64(0xFFFF), keys[at] & np.uint64(0xFFFF)
            entries[filled[row]] = np.uint32(heads) << np.uint32(16) | np.uint32(weight)
            filled[row] += np.int32(1)
            squares[row] += np.int64(weight) * np.int64(weight)
        else:
            postings[tail] = np.uint32(keys[at] & np.uint64(0xFFFFFFFF))
            tail += 1
    norms = np.empty(count, np.uint16)
    for row in range(count):
        norms[row] = np.uint16(np.ceil(np.sqrt(np.float64(squares[row]))))
    return postings, head, begin, entries, norms
