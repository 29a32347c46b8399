"""How many shingles pairs of articles share, exactly: the sorted sets of 64-bit hashes, merged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.features import HashedWords
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.extractor import processors
from dedup.vectorize.kernels.sketching import shingle_words

CHUNK = 8_192
"""Pairs whose sets are held at a time: some 40 MB of articles of ordinary length."""
_BYTE = np.uint64(0xFF)
_ONE = np.uint32(1)


def shared_shingles(
    words: HashedWords, pairs: NDArray[np.int64], size: int, threads: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What `dedup.match.copies.overlaps` counts: the distinct shingles that both articles of a pair have, and each.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2); the nearer those that share an article, the faster.
        size: words in a shingle.
        threads: how many work at a time; the result does not depend on it.

    Returns:
        Shape (pairs,) and (pairs, 2).
    """
    shared, sizes = np.zeros(len(pairs), np.int64), np.zeros((len(pairs), 2), np.int64)
    spans = words.spans()

    def count(start: int) -> None:
        chunk = slice(start, start + CHUNK)
        places, local = np.unique(pairs[chunk], return_inverse=True)
        wanted = np.ascontiguousarray(spans[places])
        overlap_chunk(words.hashes, wanted, local.reshape(-1, 2), size, shared[chunk], sizes[chunk])

    with ThreadPoolExecutor(threads or processors(), "dedup") as pool:
        for _ in pool.map(count, range(0, len(pairs), CHUNK)):
            pass
    return shared, sizes


@kept
def overlap_chunk(
    hashes: NDArray[np.uint32],
    spans: NDArray[np.int64],
    pairs: NDArray[np.int64],
    size: Whole,
    shared: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> None:
    """Counts for pairs of texts, whose words are at `hashes[begin:end]` for each row of `spans`."""
    longest = total = np.int64(0)
    for text in range(len(spans)):
        length = spans[text, 1] - spans[text, 0]
        total += length
        longest = max(longest, length)
    sets, ends = np.empty(total, np.uint64), np.zeros(len(spans) + 1, np.int64)
    values, spare = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    digits = np.empty(1024, np.uint32)
    filled = np.int64(0)
    for text in range(len(spans)):
        count = shingle_words(hashes, spans[text, 0], spans[text, 1], size, values)
        sort(values, spare, digits, np.uint64(count))
        for place in range(count):
            if place == 0 or values[place] != values[place - 1]:
                sets[filled] = values[place]
                filled += 1
        ends[text + 1] = filled
    for pair in range(len(pairs)):
        i, i_end = ends[pairs[pair, 0]], ends[pairs[pair, 0] + 1]
        j, j_end = ends[pairs[pair, 1]], ends[pairs[pair, 1] + 1]
        sizes[pair, 0], sizes[pair, 1] = i_end - i, j_end - j
        both = np.int64(0)
        while i < i_end and j < j_end:  # without a branch inside, which would be mistaken at every other step
            one, other = sets[i], sets[j]
            both += np.int64(one == other)
            i += np.int64(one <= other)
            j += np.int64(other <= one)
        shared[pair] = both


@kernel
def sort(values: NDArray[np.uint64], spare: NDArray[np.uint64], digits: NDArray[np.uint32], count: Whole) -> None:
    """Sorts hashes: by their upper 32 bits byte by byte, then the few that agree in these by insertion."""
    digits[:1024] = np.uint32(0)
    for place in range(count):
        value = values[place]
        digits[value >> np.uint64(32) & _BYTE] += _ONE
        digits[np.uint64(256) + (value >> np.uint64(40) & _BYTE)] += _ONE
        digits[np.uint64(512) + (value >> np.uint64(48) & _BYTE)] += _ONE
        digits[np.uint64(768) + (value >> np.uint64(56))] += _ONE
    source, target = values, spare
    for level in range(np.uint64(4)):
        first, shift = level * np.uint64(256), np.uint64(32) + level * np.uint64(8)
        before = np.uint32(0)
        for digit in range(first, first + np.uint64(256)):
            here = digits[digit]
            digits[digit] = before
            before += here
        for place in range(count):
            digit = first + (source[place] >> shift & _BYTE)
            target[digits[digit]] = source[place]
            digits[digit] += _ONE
        source, target = target, source
    for place in range(1, np.int64(count)):
        value, at = values[place], place
        while at > 0 and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value
