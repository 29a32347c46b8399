"""Alignment of two texts by a kernel, equal to that of `difflib.SequenceMatcher` without its heuristics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import Whole, kept, kernel


def matching_blocks(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
    """Align two texts and return the blocks of equal words.

    Plain form: `match.templates.matching_blocks`.

    Args:
        one, other: the hashes of their words.

    Returns:
        Where each block begins in both texts, and its length; the last block is empty, at the end of both.
    """
    order = np.argsort(other, kind="stable")
    ranked = other[order]
    first, last = np.searchsorted(ranked, one), np.searchsorted(ranked, one, side="right")
    found = _blocks(first, last, order, len(one), len(other))
    return [(int(i), int(j), int(size)) for i, j, size in found.tolist()]


@kernel
def _longest(
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    order: NDArray[np.int64],
    bounds: NDArray[np.int64],
    lengths: NDArray[np.int64],
    stamps: NDArray[np.int64],
    clock: Whole,
) -> Whole:
    """Find the longest block inside bounds, of several the first in `one`, then in `other`; return also the clock.

    `lengths[row, j + 1]` is the length of the block that ends at word j of `other` and at the current or the previous
    word of `one`, valid if its stamp is that word's clock.
    """
    best_i, best_j, best_size = bounds[0], bounds[2], np.int64(0)
    for i in range(bounds[0], bounds[1]):
        clock += 1
        row = i & 1
        for rank in range(first[i], last[i]):
            j = order[rank]
            if j < bounds[2]:
                continue
            if j >= bounds[3]:
                break
            size = np.int64(1)
            if i > bounds[0] and stamps[1 - row, j] == clock - 1:
                size += lengths[1 - row, j]
            lengths[row, j + 1], stamps[row, j + 1] = size, clock
            if size > best_size:
                best_i, best_j, best_size = i - size + 1, j - size + 1, size
    return best_i, best_j, best_size, clock


@kept
def _blocks(
    first: NDArray[np.int64], last: NDArray[np.int64], order: NDArray[np.int64], one: int, other: int
) -> NDArray[np.int64]:
    most = min(one, other) + 1
    found, count = np.empty((most, 3), np.int64), 0
    waiting, left = np.empty((2 * most + 2, 4), np.int64), 1
    waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = 0, one, 0, other
    lengths, stamps = np.empty((2, other + 1), np.int64), np.zeros((2, other + 1), np.int64)
    bounds = np.empty(4, np.int64)
    clock: Whole = np.int64(1)
    while left:
        left -= 1
        bounds[:] = waiting[left]
        i, j, size, clock = _longest(first, last, order, bounds, lengths, stamps, clock)
        clock += 1  # invalidates the stamps of this block
        if size == 0:
            continue
        found[count, 0], found[count, 1], found[count, 2] = i, j, size
        count += 1
        if bounds[0] < i and bounds[2] < j:
            waiting[left, 0], waiting[left, 1], waiting[left, 2], waiting[left, 3] = bounds[0], i, bounds[2], j
            left += 1
        if i + size < bounds[1] and j + size < bounds[3]:
            waiting[left, 0], waiting[left, 1] = i + size, bounds[1]
            waiting[left, 2], waiting[left, 3] = j + size, bounds[3]
            left += 1
    in_order = np.argsort(found[:count, 0])
    joined, blocks = np.empty((count + 1, 3), np.int64), 0
    for place in in_order:
        i, j, size = found[place, 0], found[place, 1], found[place, 2]
        if blocks:
            before = joined[blocks - 1]
            if before[0] + before[2] == i and before[1] + before[2] == j:
                before[2] += size
                continue
        joined[blocks, 0], joined[blocks, 1], joined[blocks, 2] = i, j, size
        blocks += 1
    joined[blocks, 0], joined[blocks, 1], joined[blocks, 2] = one, other, 0
    return joined[: blocks + 1]
