"""MurmurHash3 (Appleby 2011), the hash of a word: `dedup.vectorize.hashing.word_hash`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.hashing import FEATURES
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.machine import four_bytes

_A = np.uint32(0xCC9E2D51)
_B = np.uint32(0x1B873593)
_C = np.uint32(5)
_D = np.uint32(0xE6546B64)
_E = np.uint32(0x85EBCA6B)
_F = np.uint32(0xC2B2AE35)
SHORT = 16
"""Bytes up to which a word's hash is left to `murmur_many`."""
READY = np.uint32(255)


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
def finish(h: Whole, length: Whole) -> Whole:
    """The end of MurmurHash3."""
    h ^= np.uint32(length)
    h ^= h >> np.uint32(16)
    h = np.uint32(h * _E)
    h ^= h >> np.uint32(13)
    h = np.uint32(h * _F)
    return h ^ (h >> np.uint32(16))


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
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    lengths: NDArray[np.uint32],
    count: Whole,
    hashes: NDArray[np.uint32],
    first: Whole,
) -> None:
    """The hashes of words of up to `SHORT` bytes, many at a time: there is no branch in the loop.

    Args:
        low, high: the first eight bytes of each word, and the next; zeros follow its end.
        lengths: its bytes; `READY` for a word whose hash is there already, in `low`.
        count: how many words there are.
        hashes: where their hashes are written, from place `first` on.
    """
    half = np.uint64(32)
    out = hashes[first : first + count]
    for word in range(count):
        length = lengths[word]
        k = np.uint32(low[word])
        h = block(np.uint32(0), k) if length >= 4 else stir(np.uint32(0), k)
        k = np.uint32(low[word] >> half)
        h = block(h, k) if length >= 8 else stir(h, k)
        k = np.uint32(high[word])
        h = block(h, k) if length >= 12 else stir(h, k)
        k = np.uint32(high[word] >> half)
        h = block(h, k) if length >= 16 else stir(h, k)
        h = finish(h, length)
        out[word] = np.uint32(low[word]) if length == READY else h


def hash_words(words: Sequence[str]) -> NDArray[np.uint32]:
    """`word_hash` of many words at once, without the library that the plain form takes it from; shape (words,)."""
    parts = [word.encode() for word in words]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), out=offsets[1:])
    hashes = np.empty(len(parts), np.uint32)
    hash_block(np.frombuffer(b"".join(parts) + b"\0\0\0", np.uint8), offsets, hashes)
    return hashes


def hash_terms(words: Sequence[str]) -> NDArray[np.int64]:
    """`reference.term_index` of many words at once; shape (words,)."""
    terms: NDArray[np.int64] = np.abs(hash_words(words).view(np.int32).astype(np.int64)) % FEATURES
    return terms


@kept
def hash_block(text: NDArray[np.uint8], offsets: NDArray[np.int64], hashes: NDArray[np.uint32]) -> None:
    """Writes the hash of each word: word i is `text[offsets[i]:offsets[i + 1]]`; three more bytes follow the last."""
    for word in range(len(hashes)):
        hashes[word] = murmur(text, offsets[word], offsets[word + 1], np.uint32(0))
