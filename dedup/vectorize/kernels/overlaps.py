"""Kernel for the exact overlap of pairs of articles, by merging sorted sets of 64-bit shingle hashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.features import HashedWords
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.sketching import shingle_words
from dedup.vectorize.kernels.threads import in_threads

CHUNK = 8_192
"""Pairs that are processed at a time: the sets of typical articles take about 60 MB."""
_BYTE = np.uint64(0xFF)
_ONE = np.uint32(1)


def shared_shingles(
    words: HashedWords, pairs: NDArray[np.int64], size: int, threads: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count the shingles that pairs of articles share.

    Plain form: `match.copies.overlaps`.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2); fastest if pairs that share an article are close together.
        size: words in a shingle.
        threads: number of threads; the result does not depend on it.

    Returns:
        The number of distinct shingles that both articles of a pair have, shape (pairs,); that each has, shape
        (pairs, 2); the number of words of each in shingles that both have, shape (pairs, 2); and the number of
        stretches of other words of each, shape (pairs, 2).
    """
    shared, both = np.zeros(len(pairs), np.int64), np.zeros((3, len(pairs), 2), np.int64)

    def count(start: int) -> None:
        chunk = slice(start, start + CHUNK)
        places, local = np.unique(pairs[chunk], return_inverse=True)
        wanted = np.ascontiguousarray(words.spans(places))
        found = shared[chunk], both[0, chunk], both[1, chunk], both[2, chunk]
        overlap_chunk(words.hashes, wanted, local.reshape(-1, 2), size, *found)

    starts = range(0, len(pairs), CHUNK)
    for _ in in_threads(count, starts, threads if len(starts) > 1 else 1):
        pass
    return shared, both[0], both[1], both[2]


def own_words(
    words: HashedWords, pairs: NDArray[np.int64], size: int, threads: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the words of each text of a pair that are in no shingle of the other one, and the stretches of these.

    Plain form: `match.suspects.own_words`.
    """
    _, _, held, stretches = shared_shingles(words, pairs, size, threads)
    return words.lengths(pairs.ravel()).reshape(-1, 2) - held, stretches


@kept
def overlap_chunk(
    hashes: NDArray[np.uint32],
    spans: NDArray[np.int64],
    pairs: NDArray[np.int64],
    size: Whole,
    shared: NDArray[np.int64],
    sizes: NDArray[np.int64],
    held: NDArray[np.int64],
    stretches: NDArray[np.int64],
) -> None:
    """The loop of `shared_shingles`. The words of a text are at `hashes[begin:end]` for its row of `spans`."""
    longest = total = np.int64(0)
    for text in range(len(spans)):
        length = spans[text, 1] - spans[text, 0]
        total += length
        longest = max(longest, length)
    sets, ends = np.empty(total, np.uint64), np.zeros(len(spans) + 1, np.int64)
    ranks, rank_ends = np.empty(total, np.int32), np.zeros(len(spans) + 1, np.int64)
    values, spare = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    order, spare_order = np.empty(longest, np.int32), np.empty(longest, np.int32)
    digits = np.empty(1024, np.uint32)
    filled = begun = np.int64(0)
    for text in range(len(spans)):
        count = shingle_words(hashes, spans[text, 0], spans[text, 1], size, values)
        for place in range(count):
            order[place] = place
        sort_with(values, order, spare, spare_order, digits, np.uint64(count))
        first = filled
        for place in range(count):
            if place == 0 or values[place] != values[place - 1]:
                sets[filled] = values[place]
                filled += 1
            ranks[begun + order[place]] = filled - 1 - first
        ends[text + 1] = filled
        begun += count
        rank_ends[text + 1] = begun
    shares = np.zeros((2, longest), np.bool_)  # by rank: which shingles of each text the other has too
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        i, i_end, j, j_end = ends[one], ends[one + 1], ends[other], ends[other + 1]
        sizes[pair, 0], sizes[pair, 1] = i_end - i, j_end - j
        both = merged(sets, i, i_end, j, j_end, shares)
        shared[pair] = both
        for side in range(2):
            text = pairs[pair, side]
            length = spans[text, 1] - spans[text, 0]
            if both:
                text_ranks = ranks[rank_ends[text] : rank_ends[text + 1]]
                held[pair, side], stretches[pair, side] = covered(text_ranks, shares[side], min(size, length), length)
            else:
                stretches[pair, side] = np.int64(length > 0)


@kernel
def merged(
    sets: NDArray[np.uint64], i: Whole, i_end: Whole, j: Whole, j_end: Whole, shares: NDArray[np.bool_]
) -> Whole:
    """The size of the intersection of the sorted `sets[i:i_end]` and `sets[j:j_end]`; writes which are in it."""
    first, second, both = i, j, np.int64(0)
    shares[0, : i_end - i] = False
    shares[1, : j_end - j] = False
    while i < i_end and j < j_end:  # no branch inside: it would be mispredicted at every other step
        one, other = sets[i], sets[j]
        equal = one == other
        shares[0, i - first] |= equal
        shares[1, j - second] |= equal
        both += np.int64(equal)
        i += np.int64(one <= other)
        j += np.int64(other <= one)
    return both


@kernel
def covered(ranks: NDArray[np.int32], shares: NDArray[np.bool_], size: Whole, length: Whole) -> tuple[Whole, Whole]:
    """The words of a text in any of its shingles whose rank is in `shares`, and the stretches of its other words."""
    words: Whole = np.int64(0)
    others: Whole = np.int64(0)
    until: Whole = np.int64(0)
    for place in range(len(ranks)):
        if shares[ranks[place]]:
            words += min(np.int64(size), place + size - until)
            others += np.int64(place > until)
            until = place + size
    return words, others + np.int64(length > until)


@kernel
def sort(values: NDArray[np.uint64], spare: NDArray[np.uint64], digits: NDArray[np.uint32], count: Whole) -> None:
    """Sort hashes: a radix sort by their upper 32 bits, then insertion sort for the few that agree in these."""
    count_digits(values, digits, count)
    source, target = values, spare
    for level in range(np.uint64(4)):
        first, shift = level * np.uint64(256), np.uint64(32) + level * np.uint64(8)
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


@kernel
def sort_with(
    values: NDArray[np.uint64],
    beside: NDArray[np.int32],
    spare: NDArray[np.uint64],
    spare_beside: NDArray[np.int32],
    digits: NDArray[np.uint32],
    count: Whole,
) -> None:
    """Sort hashes as `sort` does, and move what is beside them along."""
    count_digits(values, digits, count)
    source, target, moved, to = values, spare, beside, spare_beside
    for level in range(np.uint64(4)):
        first, shift = level * np.uint64(256), np.uint64(32) + level * np.uint64(8)
        for place in range(count):
            digit = first + (source[place] >> shift & _BYTE)
            target[digits[digit]], to[digits[digit]] = source[place], moved[place]
            digits[digit] += _ONE
        source, target, moved, to = target, source, to, moved
    for place in range(1, np.int64(count)):
        value, one, at = values[place], beside[place], place
        while at > 0 and values[at - 1] > value:
            values[at], beside[at] = values[at - 1], beside[at - 1]
            at -= 1
        values[at], beside[at] = value, one


@kernel
def count_digits(values: NDArray[np.uint64], digits: NDArray[np.uint32], count: Whole) -> None:
    """Write where the hashes with each digit begin in each round of a radix sort by their upper 32 bits."""
    digits[:1024] = np.uint32(0)
    for place in range(count):
        value = values[place]
        digits[value >> np.uint64(32) & _BYTE] += _ONE
        digits[np.uint64(256) + (value >> np.uint64(40) & _BYTE)] += _ONE
        digits[np.uint64(512) + (value >> np.uint64(48) & _BYTE)] += _ONE
        digits[np.uint64(768) + (value >> np.uint64(56))] += _ONE
    for first in range(np.uint64(0), np.uint64(1024), np.uint64(256)):
        before = np.uint32(0)
        for digit in range(first, first + np.uint64(256)):
            here = digits[digit]
            digits[digit] = before
            before += here
