"""Kernels for SipHash-1-3, the wide hash of a word: `dedup.vectorize.hashing.wide_hashes_of`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.hashing import SIP_START, sip_block, sip_end, sip_round
from dedup.vectorize.kernels.compiling import Whole, callable_by_kernels, kept, kernel
from dedup.vectorize.kernels.machine import eight_bytes
from dedup.vectorize.kernels.murmur import LOW, READY

_A, _B, _C, _D = SIP_START
_EIGHT, _LENGTH = np.uint64(8), np.uint64(56)

for formula in (sip_round, sip_block, sip_end):
    callable_by_kernels(formula)


@kernel
def siphash(text: NDArray[np.uint8], begin: Whole, end: Whole, small: Whole) -> Whole:
    """SipHash of `text[begin:end]`, with `small` OR-ed to every eight bytes.

    Up to eight bytes after the end are read and ignored.
    """
    a, b, c, d = _A, _B, _C, _D
    at = begin
    while at + 8 <= end:
        a, b, c, d = sip_block(a, b, c, d, eight_bytes(text, at) | small)
        at += 8
    last = (eight_bytes(text, at) | small) & LOW[np.uint64(end - at)]
    a, b, c, d = sip_block(a, b, c, d, last | np.uint64(end - begin) << _LENGTH)
    return sip_end(a, b, c, d)


@kernel
def siphash_many(
    low: NDArray[np.uint32], high: NDArray[np.uint32], lengths: NDArray[np.uint32], hashes: NDArray[np.uint64]
) -> None:
    """The hashes of words of less than eight bytes, by SIMD instructions: the loop has no branch.

    Args:
        low, high, lengths: see `murmur.murmur_many`; the hash of a word of length `READY` stays.
        hashes: written.
    """
    for word in range(len(hashes)):
        block = np.uint64(low[word]) | np.uint64(high[word]) << np.uint64(32) | np.uint64(lengths[word]) << _LENGTH
        a, b, c, d = sip_block(_A, _B, _C, _D, block)
        found = sip_end(a, b, c, d)
        hashes[word] = hashes[word] if lengths[word] == READY else found


def wide_hashes(words: Sequence[str]) -> NDArray[np.uint64]:
    """`hashing.wide_hashes_of` of words; shape (words,).

    Plain form: `vectorize.hashing.wide_hashes_of`.
    """
    parts = [word.encode() for word in words]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), out=offsets[1:])
    hashes = np.empty(len(parts), np.uint64)
    siphash_block(np.frombuffer(b"".join(parts) + bytes(8), np.uint8), offsets, hashes)
    return hashes


@kept
def siphash_block(text: NDArray[np.uint8], offsets: NDArray[np.int64], hashes: NDArray[np.uint64]) -> None:
    """Write the hash of each word: word i is `text[offsets[i]:offsets[i + 1]]`; eight more bytes follow the last."""
    for word in range(len(hashes)):
        hashes[word] = siphash(text, offsets[word], offsets[word + 1], np.uint64(0))
