"""MurmurHash3 (Appleby 2011), the hash of a word: `dedup.vectorize.hashing.word_hash`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import Whole, kernel
from dedup.vectorize.kernels.machine import four_bytes

_A = np.uint32(0xCC9E2D51)
_B = np.uint32(0x1B873593)
_C = np.uint32(5)
_D = np.uint32(0xE6546B64)
_E = np.uint32(0x85EBCA6B)
_F = np.uint32(0xC2B2AE35)


@kernel
def stir(h: Whole, k: Whole) -> Whole:
    """What a block, whole or not, does to the hash."""
    k = np.uint32(k * _A)
    k = np.uint32((k << np.uint32(15)) | (k >> np.uint32(17)))
    return h ^ np.uint32(k * _B)


@kernel
def block(h: Whole, k: Whole) -> Whole:
    """One block of MurmurHash3 that is whole."""
    h = stir(h, k)
    h = np.uint32((h << np.uint32(13)) | (h >> np.uint32(19)))
    return np.uint32(h * _C + _D)


@kernel
def murmur(text: NDArray[np.uint8], begin: Whole, end: Whole, small: Whole) -> Whole:
    """MurmurHash3 (x86, 32 bits, seed 0) of `text[begin:end]`, each four bytes or-ed with `small` first.

    Up to three bytes after the end are read, and ignored.
    """
    at, last = begin, end - 4
    h = block(np.uint32(0), four_bytes(text, at) | small)
    whole = at <= last
    h = h if whole else np.uint32(0)
    at = at + 4 if whole else at
    while at <= last:
        h = block(h, four_bytes(text, at) | small)
        at += 4
    rest = np.uint32(end - at)
    # With nothing left the block is 0, and is mixed to 0.
    h = stir(h, (four_bytes(text, at) | small) & np.uint32((np.uint32(1) << (np.uint32(8) * rest)) - np.uint32(1)))
    h ^= np.uint32(end - begin)
    h ^= h >> np.uint32(16)
    h = np.uint32(h * _E)
    h ^= h >> np.uint32(13)
    h = np.uint32(h * _F)
    h ^= h >> np.uint32(16)
    return h
