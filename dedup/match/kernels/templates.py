"""Alignment of two texts by kernels, equal to that of `difflib.SequenceMatcher` without its heuristics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.match.templates import SharedWords
from dedup.vectorize.kernels.compiling import Whole, kept, kernel

_FACTOR = np.int64(0x9E3779B1)


def matching_blocks(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
    """Align two texts and return the blocks of equal words.

    Plain form: `match.templates.matching_blocks`.

    Args:
        one, other: the hashes of their words.

    Returns:
        Where each block begins in both texts, and its length; the last block is empty, at the end of both.
    """
    return [(i, j, size) for i, j, size in _blocks(one, other).tolist()]


def shared_words(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> SharedWords:
    """Find what words two texts share, given the hashes of their words.

    Plain form: `match.templates.shared_words`.
    """
    new = np.empty(len(one), np.bool_), np.empty(len(other), np.bool_)
    pairs, few_new = _shared(one, other, *new)
    return SharedWords(pairs, few_new, new)


@kept
def _shared(
    one: NDArray[np.uint32], other: NDArray[np.uint32], lacking: NDArray[np.bool_], lacking_too: NDArray[np.bool_]
) -> tuple[int, int]:
    """Write which words the other text lacks; return the pairs of equal words and the fewer distinct lacking ones."""
    size = _size_for(len(one) + len(other))
    table, counts = np.full(size, -1, np.int64), np.zeros((2, size), np.int64)
    for text, words in enumerate((one, other)):
        for word in words:
            slot = _slot_of(word, table)
            table[slot] = np.int64(word)
            counts[text, slot] += 1
    pairs = own = own_too = 0
    for slot in range(size):
        pairs += counts[0, slot] * counts[1, slot]
        own += counts[0, slot] > 0 and counts[1, slot] == 0
        own_too += counts[1, slot] > 0 and counts[0, slot] == 0
    for place in range(len(one)):
        lacking[place] = counts[1, _slot_of(one[place], table)] == 0
    for place in range(len(other)):
        lacking_too[place] = counts[0, _slot_of(other[place], table)] == 0
    return pairs, min(own, own_too)


@kernel
def _size_for(words: Whole) -> Whole:
    """The size of a hash table with room for some words, a power of two."""
    size = np.int64(16)
    while size < 2 * words:
        size *= 2
    return size


@kernel
def _slot_of(word: Whole, table: NDArray[np.int64]) -> Whole:
    """The slot of a word in a hash table with open addressing, -1 being an empty slot."""
    wrap = np.int64(len(table) - 1)
    slot = (np.int64(word) * _FACTOR >> np.int64(20)) & wrap
    while table[slot] >= 0 and table[slot] != np.int64(word):
        slot = (slot + 1) & wrap
    return slot


@kernel
def _occurrences(
    one: NDArray[np.uint32],
    other: NDArray[np.uint32],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    order: NDArray[np.int64],
) -> None:
    """Write where each word of `one` is in `other`: at `order[first:last]`, in ascending order."""
    size = _size_for(len(other))
    table, ends = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    slots = np.empty(len(other), np.int64)
    for j in range(len(other)):
        slot = _slot_of(other[j], table)
        table[slot], slots[j] = np.int64(other[j]), slot
        ends[slot] += 1
    before = np.int64(0)
    for slot in range(size):
        count = ends[slot]
        ends[slot] = before
        before += count
    for j in range(len(other)):
        order[ends[slots[j]]] = j
        ends[slots[j]] += 1
    for i in range(len(one)):
        slot = _slot_of(one[i], table)
        known = table[slot] >= 0
        last[i] = ends[slot] if known else 0
        first[i] = (ends[slot - 1] if slot else np.int64(0)) if known else 0


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
def _blocks(words: NDArray[np.uint32], others: NDArray[np.uint32]) -> NDArray[np.int64]:
    one, other = len(words), len(others)
    first, last, order = np.empty(one, np.int64), np.empty(one, np.int64), np.empty(other, np.int64)
    _occurrences(words, others, first, last, order)
    most, count = min(one, other) + 1, 0
    starts, sizes = np.empty(one, np.int64), np.zeros(one, np.int64)  # of the block that begins at each word of `one`
    waiting, left = np.empty((2 * most + 2, 4), np.int64), 1
    waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = 0, one, 0, other
    lengths, stamps = np.empty((2, other + 1), np.int64), np.zeros((2, other + 1), np.int64)
    bounds = np.empty(4, np.int64)
    clock: Whole = np.int64(1)
    while left:
        left -= 1
        for side in range(4):  # numba compiles an assigned slice for seconds
            bounds[side] = waiting[left, side]
        i, j, size, clock = _longest(first, last, order, bounds, lengths, stamps, clock)
        clock += 1  # invalidates the stamps of this block
        if size == 0:
            continue
        starts[i], sizes[i] = j, size
        count += 1
        if bounds[0] < i and bounds[2] < j:
            waiting[left, 0], waiting[left, 1], waiting[left, 2], waiting[left, 3] = bounds[0], i, bounds[2], j
            left += 1
        if i + size < bounds[1] and j + size < bounds[3]:
            waiting[left, 0], waiting[left, 1] = i + size, bounds[1]
            waiting[left, 2], waiting[left, 3] = j + size, bounds[3]
            left += 1
    joined, blocks = np.empty((count + 1, 3), np.int64), 0
    for i in range(one):
        j, size = starts[i], sizes[i]
        if size == 0:
            continue
        if blocks:
            before = joined[blocks - 1]
            if before[0] + before[2] == i and before[1] + before[2] == j:
                before[2] += size
                continue
        joined[blocks, 0], joined[blocks, 1], joined[blocks, 2] = i, j, size
        blocks += 1
    joined[blocks, 0], joined[blocks, 1], joined[blocks, 2] = one, other, 0
    return joined[: blocks + 1]
