"""One vector against the vectors of a segment. Everything is a whole number: no order of additions matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import kept

if TYPE_CHECKING:
    from dedup.index.postings import OpenRows, Segment, Terms, Weights

_Found = tuple[NDArray[np.int32], NDArray[np.int32]]


def search_segment(segment: Segment, terms: Terms, weights: Weights, least: int) -> _Found:
    """The slots of a sealed segment whose dot product is above the least, and these products."""
    found, dots = _search(
        segment.terms, segment.begin, segment.postings, segment.head, segment.head_begin, segment.head_place,
        segment.head_weight, segment.head_norm, terms, weights, least,
    )  # fmt: skip
    return segment.slots[found], dots


def search_open(rows: OpenRows, count: int, terms: Terms, weights: Weights, least: int) -> _Found:
    """The same of the open vectors."""
    size = 1 << max(6, (4 * len(terms)).bit_length())
    found, dots = _search_rows(rows.start[: count + 1], rows.terms, rows.weights, terms, weights, size, least)
    return rows.slots[found], dots


@kept
def _search(
    indexed: NDArray[np.int32],
    begin: NDArray[np.int32],
    postings: NDArray[np.uint32],
    head: NDArray[np.int32],
    head_begin: NDArray[np.int32],
    head_place: NDArray[np.uint16],
    head_weight: NDArray[np.uint16],
    head_norm: NDArray[np.int32],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    least: int,
) -> _Found:
    count = len(head_norm)
    sums, mine = np.zeros(count, np.int32), np.zeros(len(head), np.int32)
    squares, floor = np.int64(0), np.int64(least)
    low = 0
    for entry in range(len(terms)):
        term, weight = terms[entry], np.int32(weights[entry])
        place = np.searchsorted(head, term)
        if place < len(head) and head[place] == term:
            mine[place] = weight
            squares += np.int64(weight) * np.int64(weight)
            continue
        # Both are ascending: what was searched already is not searched again.
        step, high = 1, low
        while high < len(indexed) and indexed[high] < term:
            low = high + 1
            high += step
            step *= 2
        high = min(high, len(indexed))
        while low < high:
            middle = (low + high) // 2
            if indexed[middle] < term:
                low = middle + 1
            else:
                high = middle
        if low < len(indexed) and indexed[low] == term:
            for at in range(np.uint64(begin[low]), np.uint64(begin[low + 1])):
                posting = postings[at]
                sums[np.uint64(posting >> np.uint32(16))] += weight * np.int32(posting & np.uint32(0xFFFF))
    norm = np.int64(np.ceil(np.sqrt(np.float64(squares))))
    found, dots, hits = np.empty(count, np.int32), np.empty(count, np.int32), 0
    for row in range(count):
        if np.int64(sums[row]) + norm * np.int64(head_norm[row]) > floor:
            dot = np.int64(sums[row])
            for at in range(head_begin[row], head_begin[row + 1]):
                dot += np.int64(mine[head_place[at]]) * np.int64(head_weight[at])
            if dot > floor:
                found[hits], dots[hits] = row, dot
                hits += 1
    return found[:hits].copy(), dots[:hits].copy()


@kept
def _search_rows(
    start: NDArray[np.int32],
    row_terms: NDArray[np.int32],
    row_weights: NDArray[np.uint16],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    size: int,
    least: int,
) -> _Found:
    """By a small table of the vector's terms, with open addressing; `size` is a power of two above their number."""
    keys, values = np.full(size, -1, np.int32), np.zeros(size, np.int64)
    wrap = size - 1
    for entry in range(len(terms)):
        place = (np.int64(terms[entry]) * 40503 >> 4) & wrap
        while keys[place] >= 0:
            place = (place + 1) & wrap
        keys[place], values[place] = terms[entry], np.int64(weights[entry])
    count = len(start) - 1
    found, dots, hits = np.empty(count, np.int32), np.empty(count, np.int32), 0
    for row in range(count):
        dot = np.int64(0)
        for at in range(start[row], start[row + 1]):
            term = row_terms[at]
            place = (np.int64(term) * 40503 >> 4) & wrap
            while keys[place] >= 0 and keys[place] != term:
                place = (place + 1) & wrap
            if keys[place] == term:
                dot += values[place] * np.int64(row_weights[at])
        if dot > least:
            found[hits], dots[hits] = row, dot
            hits += 1
    return found[:hits].copy(), dots[:hits].copy()
