"""From hashed words to shingle hashes and signatures: those of `dedup.vectorize.hashing`, and datasketch's affine32."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.hashing import BASE
from dedup.vectorize.kernels.compiling import Whole, kernel
from dedup.vectorize.kernels.machine import LANES, least_lanes

_BASE = np.uint64(BASE)
_ZERO = np.uint64(0)
_SHIFT = np.uint64(33)
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_MIX_3 = np.uint32(0x85EBCA6B)
_MIX_4 = np.uint32(0xC2B2AE35)
FULL = np.uint32(0xFFFFFFFF)


@kernel
def shingle_words(words: NDArray[np.uint32], begin: Whole, end: Whole, size: Whole, out: NDArray[np.uint64]) -> Whole:
    """Writes the 64-bit hash of every shingle of `words[begin:end]`, in order; returns how many there are."""
    length = min(size, end - begin)
    if length == 0:
        return 0
    count = end - begin - length + 1
    for place in range(count):
        out[place] = _ZERO
    for offset in range(begin, begin + length):  # all shingles a word further, which is faster than to roll one
        nth = words[offset : offset + count]
        for place in range(count):
            out[place] = out[place] * _BASE + np.uint64(nth[place])
    for place in range(count):
        value = out[place]
        value ^= value >> _SHIFT
        value *= _MIX_1
        value ^= value >> _SHIFT
        value *= _MIX_2
        out[place] = value ^ (value >> _SHIFT)
    return count


@kernel
def premix(hashes: NDArray[np.uint64], count: Whole, out: NDArray[np.uint32]) -> None:
    """What datasketch does to the lower 32 bits of each hash before it is permuted: MurmurHash3's finaliser."""
    for place in range(count):
        h = np.uint32(hashes[place])
        h ^= h >> np.uint32(16)
        h = np.uint32(h * _MIX_3)
        h ^= h >> np.uint32(13)
        h = np.uint32(h * _MIX_4)
        out[place] = h ^ (h >> np.uint32(16))


@kernel
def least(
    mixed: NDArray[np.uint32], count: Whole, a: NDArray[np.uint32], b: NDArray[np.uint32], row: NDArray[np.uint32]
) -> None:
    """The signature: for each permutation h -> a·h + b mod 2^32 the least value; all ones where there is no hash."""
    slots = len(a)
    lanes = slots - slots % LANES
    for slot in range(0, lanes, LANES):
        least_lanes(mixed, count, a, b, row, slot)
    for slot in range(lanes, slots):
        x, y, found = a[slot], b[slot], FULL
        for place in range(count):
            found = min(found, np.uint32(x * mixed[place] + y))
        row[slot] = found
