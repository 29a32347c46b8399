"""Kernels for SipHash-1-3, the wide hash of a word: `dedup.vectorize.hashing.wide_hashes_of`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.hashing import SIP_START, sip_block, sip_end, sip_round
from dedup.vectorize.kernels.compiling import Whole, callable_by_kernels, kernel
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
