"""MurmurHash3 (Appleby 2011), the hash of a word: `dedup.vectorize.hashing.word_hash`."""

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
"""Bytes up to which a word's hash is left to `murmur_many`."""
READY = np.uint32(0)
SMALL = np.uint64(0x2020202020202020)
"""What eight ASCII letters or digits are or-ed with to be small."""
LOW = np.array([(1 << 8 * length) - 1 for length in range(int(SHORT) + 1)], np.uint64)
"""The mask of the first so many of eight bytes."""


callable_by_kernels(mix32)


@kernel
def stir(h: Whole, k: Whole) -> Whole:
    """What a block, whole or not, does to the hash."""
    return np.uint32(h ^ np.uint32(rotate(np.uint32(k * _A), np.uint32(15)) * _B))


@kernel
def block(h: Whole, k: Whole) -> Whole:
    """One block of MurmurHash3 that is whole."""
    return np.uint32(rotate(stir(h, k), np.uint32(13)) * _C + _D)


@kernel
def finish(h: Whole, length: Whole) -> Whole:
    """The end of MurmurHash3."""
    return mix32(np.uint32(h ^ np.uint32(length)))


@kernel
def murmur(text: NDArray[np.uint8], begin: Whole, end: Whole, small: Whole) -> Whole:
    """MurmurHash3 (x86, 32 bits, seed 0) of `text[begin:end]`, each four bytes or-ed with `small` first.

    Up to three bytes after the end are read, and ignored.
    """
    h = np.uint32(0)
    at = begin
    while at + 4 <= end:
        h = block(h, four_bytes(text, at) | small)
        at += 4
    rest = np.uint32(end - at)
    # With nothing left the block is 0, and is mixed to 0.
    k = (four_bytes(text, at) | small) & np.uint32((np.uint32(1) << (np.uint32(8) * rest)) - np.uint32(1))
    return finish(stir(h, k), end - begin)


@kernel
def murmur_many(
    low: NDArray[np.uint32],
    high: NDArray[np.uint32],
    lengths: NDArray[np.uint32],
    hashes: NDArray[np.uint32],
) -> None:
    """The hashes of words of up to `SHORT` bytes, many at a time: there is no branch in the loop.

    Args:
        low, high: the first four bytes of each word, and the next; zeros follow its end.
        lengths: its bytes; `READY` for a word whose hash is there already, in `low`.
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
    """The hash of a word of more than `SHORT` ASCII bytes, of which the first eight are known, small.

    For up to twice as many there is no branch. Up to eight bytes after the end are read, and ignored.
    """
    if length > 16:
        return murmur(text, begin, begin + np.int64(length), np.uint32(SMALL))
    rest = (eight_bytes(text, begin + 8) | SMALL) & LOW[np.uint64(length) - SHORT]
    h = block(block(np.uint32(0), low), high)
    k = np.uint32(rest)
    h = block(h, k) if length >= 12 else stir(h, k)
    k = np.uint32(rest >> np.uint64(32))
    h = block(h, k) if length >= 16 else stir(h, k)
    return finish(h, length)


def hash_words(words: Sequence[str]) -> NDArray[np.uint32]:
    """`word_hash` of many words at once, without the library that the plain form takes it from; shape (words,).

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
    """Writes the hash of each word: word i is `text[offsets[i]:offsets[i + 1]]`; three more bytes follow the last."""
    for word in range(len(hashes)):
        hashes[word] = murmur(text, offsets[word], offsets[word + 1], np.uint32(0))
