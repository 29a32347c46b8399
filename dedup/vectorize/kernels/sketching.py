"""Kernels for shingle hashes (`dedup.vectorize.hashing`) and MinHash signatures (datasketch's scheme `affine32`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.hashing import BASE, mix32, mix64
from dedup.vectorize.kernels.compiling import Whole, callable_by_kernels, kernel
from dedup.vectorize.kernels.machine import SLOTS, least_lanes

_BASE = np.uint64(BASE)
_SHORT_BASE = np.uint32(BASE & 0xFFFFFFFF)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
FULL = np.uint32(0xFFFFFFFF)
for formula in (mix32, mix64):
    callable_by_kernels(formula)


@kernel
def shingle_words(words: NDArray[np.uint32], begin: Whole, end: Whole, size: Whole, out: NDArray[np.uint64]) -> Whole:
    """Write the 64-bit hash of every shingle of `words[begin:end]` in order, and return how many there are."""
    length = min(size, end - begin)
    if length == 0:
        return 0
    count = end - begin - length + 1
    value, power = _ZERO, _ONE
    for place in range(begin, begin + length - 1):
        value = value * _BASE + np.uint64(words[place])
        power *= _BASE
    power *= _BASE
    first, last = np.uint64(begin), np.uint64(begin + length - 1)
    gone = _ZERO
    for place in range(np.uint64(count)):
        value = value * _BASE + (np.uint64(words[last + place]) - gone)  # the brackets do not wait for `value`
        gone = np.uint64(words[first + place]) * power
        out[place] = mix64(value)
    return count


@kernel
def short_shingles(words: NDArray[np.uint32], begin: Whole, end: Whole, size: Whole, out: NDArray[np.uint32]) -> Whole:
    """Write the 32-bit hash of every shingle of `words[begin:end]` in order, and return how many there are."""
    length = min(size, end - begin)
    if length == 0:
        return 0
    count = end - begin - length + 1
    for place in range(count):
        out[place] = words[begin + place]
    for offset in range(begin + 1, begin + length):  # one word of all shingles at a time: SIMD
        nth = words[offset : offset + count]
        for place in range(count):
            out[place] = np.uint32(np.uint32(out[place] * _SHORT_BASE) + nth[place])
    return count


@kernel
def premix(hashes: NDArray[np.uint32], count: Whole, out: NDArray[np.uint32]) -> None:
    """Finalise each hash, as datasketch does before the permutations; `hashes` and `out` may be one array."""
    for place in range(count):
        out[place] = mix32(hashes[place])


@kernel
def least(
    mixed: NDArray[np.uint32], count: Whole, a: NDArray[np.uint32], b: NDArray[np.uint32], row: NDArray[np.uint32]
) -> None:
    """The MinHash signature: for each permutation the least a·h + b mod 2^32, all bits set if there is no hash."""
    slots = len(a)
    lanes = slots - slots % SLOTS
    for slot in range(0, lanes, SLOTS):
        least_lanes(mixed, count, a, b, row, slot)
    for slot in range(lanes, slots):
        x, y, found = a[slot], b[slot], FULL
        for place in range(count):
            found = min(found, np.uint32(x * mixed[place] + y))
        row[slot] = found
