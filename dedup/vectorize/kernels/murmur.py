"""Kernels for MurmurHash3 (Appleby 2011), the hash of a word: `dedup.vectorize.hashing.word_hash`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.hashing import mix32
from dedup.vectorize.kernels.compiling import Whole, callable_by_kernels, kept, kernel
from dedup.vectorize.kernels.machine import eight_bytes, four_bytes, rotate

_A = np.uint32(0xCC9E2D51)
_B = np.uint32(0x1B873593)
_C = np.uint32(5)
_D = np.uint32(0xE6546B64)
SHORT = np.uint64(8)
"""Longest word, in bytes, that `murmur_many` hashes."""
READY = np.uint32(0)
"""The length that `murmur_many` is given for a word whose hash is known already."""
SMALL = np.uint64(0x2020202020202020)
"""OR-ed with eight ASCII letters or digits, it makes them lower case."""
LOW = np.array([(1 << 8 * length) - 1 for length in range(int(SHORT) + 1)], np.uint64)
"""Masks of the first 0, 1, ... 8 bytes of eight."""


callable_by_kernels(mix32)


@kernel
def stir(h: Whole, k: Whole) -> Whole:
    """Mix a block of up to four bytes into the hash."""
    return np.uint32(h ^ np.uint32(rotate(np.uint32(k * _A), np.uint32(15)) * _B))


@kernel
def block(h: Whole, k: Whole) -> Whole:
    """One complete block of MurmurHash3."""
    return np.uint32(rotate(stir(h, k), np.uint32(13)) * _C + _D)


@kernel
def finish(h: Whole, length: Whole) -> Whole:
    """The last step of MurmurHash3, after all blocks."""
    return mix32(np.uint32(h ^ length))


@kernel
def murmur(text: NDArray[np.uint8], begin: Whole, end: Whole, small: Whole) -> Whole:
    """MurmurHash3 (x86, 32 bits, seed 0) of `text[begin:end]`, with `small` OR-ed to every four bytes.

    Up to three bytes after the end are read and ignored.
    """
    h = np.uint32(0)
    at = begin
    while at + 4 <= end:
        h = block(h, np.uint32(four_bytes(text, at) | small))
        at += 4
    rest = np.uint32(end - at)
    # If no byte is left the block is 0, which leaves the hash unchanged.
    k = np.uint32((four_bytes(text, at) | small) & np.uint32((np.uint32(1) << (np.uint32(8) * rest)) - np.uint32(1)))
    return finish(stir(h, k), np.uint32(end - begin))


@kernel
def murmur_many(
    low: NDArray[np.uint32],
    high: NDArray[np.uint32],
    lengths: NDArray[np.uint32],
    hashes: NDArray[np.uint32],
) -> None:
    """The hashes of words of up to `SHORT` bytes, by SIMD instructions: the loop has no branch.

    Args:
        low, high: the first and the next four bytes of each word, filled up with zeros.
        lengths: number of bytes of each; `READY` for a word whose hash is already in `low`.
        hashes: written.
    """
    for word in range(len(hashes)):
        length, one, two = lengths[word], low[word], high[word]
        stirred, blocked = stir(np.uint32(0), one), block(np.uint32(0), one)
        h = blocked if length >= 4 else stirred
        stirred, blocked = stir(h, two), block(h, two)
        h = finish(blocked if length >= 8 else stirred, length)
        hashes[word] = one if length == READY else h


@kernel
def murmur_longer(text: NDArray[np.uint8], begin: Whole, length: Whole, low: Whole, high: Whole) -> Whole:
    """The hash of a word of more than `SHORT` ASCII bytes, given its first eight in lower case.

    Up to eight bytes after the end are read and ignored.
    """
    if length > 16:
        return murmur(text, begin, begin + np.int64(length), np.uint32(SMALL))
    rest = (eight_bytes(text, begin + 8) | SMALL) & LOW[np.uint64(length) - SHORT]
    h = block(block(np.uint32(0), low), high)
    k = np.uint32(rest)
    h = block(h, k) if length >= 12 else stir(h, k)
    k = np.uint32(rest >> np.uint64(32))
    h = block(h, k) if length >= 16 else stir(h, k)
    return finish(h, np.uint32(length))


def hash_words(words: Sequence[str]) -> NDArray[np.uint32]:
    """`hashing.word_hash` of each word; shape (words,).

    Plain form: `vectorize.hashing.hashes_of`.
    """
    parts = [word.encode() for word in words]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), out=offsets[1:])
    hashes = np.empty(len(parts), np.uint32)
    hash_block(np.frombuffer(b"".join(parts) + b"\0\0\0", np.uint8), offsets, hashes)
    return hashes


@kept
def hash_block(text: NDArray[np.uint8], offsets: NDArray[np.int64], hashes: NDArray[np.uint32]) -> None:
    """Write the hash of each word: word i is `text[offsets[i]:offsets[i + 1]]`; three more bytes follow the last."""
    for word in range(len(hashes)):
        hashes[word] = murmur(text, offsets[word], offsets[word + 1], np.uint32(0))
