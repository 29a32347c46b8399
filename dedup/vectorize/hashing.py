"""The hash of a word, which is scikit-learn's, and the hash of a shingle, which is computed from those of its words.

The hash of a shingle is a polynomial in the hashes of its words, so that a kernel can roll it along a text word by word
(Karp & Rabin 1987). Signatures use its lower 32 bits directly, since datasketch's permutations begin with a finaliser;
the 64-bit hashes by which exact overlaps are counted are finalised here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.exact import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedup.settings import Settings

FEATURES = 2**31 - 1
"""Number of hashed terms: the most that `HashingVectorizer` has."""
TERM_BITS = 31
"""Bits of a hashed term."""
BASE = 0x9E3779B97F4A7C15
"""Base of the polynomial: odd, so that every word of a shingle counts modulo 2^64."""
MASK = (1 << 64) - 1
SIP_START = tuple(map(np.uint64, (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)))
"""The state of SipHash before the first block, under a key of zeros."""
SipState: TypeAlias = tuple[Numbers, Numbers, Numbers, Numbers]


@lru_cache(maxsize=1 << 18)
def word_hash(word: bytes) -> int:
    """MurmurHash3 (x86, 32 bits, seed 0) of a word, by which `HashingVectorizer` selects its feature."""
    from sklearn.utils import murmurhash3_32

    return int(murmurhash3_32(word, 0, True))


def plain_hashes(words: Iterable[str]) -> NDArray[np.uint32]:
    """`word_hash` of each word; shape (words,)."""
    return np.fromiter((word_hash(word.encode()) for word in words), np.uint32)


def hashes_of(words: Iterable[str]) -> NDArray[np.uint32]:
    """`word_hash` of each word, by NumPy alone; shape (words,).

    Kernel: `vectorize.kernels.murmur.hash_words`.
    """
    given = list(words)
    distinct = dict.fromkeys(given)
    known = dict(zip(distinct, _murmur([word.encode() for word in distinct]).tolist(), strict=True))
    return np.fromiter(map(known.__getitem__, given), np.uint32, len(given))


def wide_hashes_of(words: Iterable[str]) -> NDArray[np.uint64]:
    """SipHash-1-3 with a key of zeros (Aumasson & Bernstein 2012) of each word; shape (words,).

    It is Python's own hash of the bytes under `PYTHONHASHSEED=0`.

    Kernel: `vectorize.kernels.siphash.siphash`.
    """
    texts = [word.encode() for word in words]
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    blocks = lengths // 8 + 1
    starts = np.cumsum(blocks) - blocks
    padded = b"".join(
        text.ljust(8 * size - 1, b"\0") + bytes([len(text) & 255])
        for text, size in zip(texts, blocks.tolist(), strict=True)
    )
    values = np.frombuffer(padded, "<u8").astype(np.uint64)
    state = [np.full(len(texts), start, np.uint64) for start in SIP_START]
    for block in range(int(blocks.max(initial=0))):
        here = np.flatnonzero(blocks > block)
        a, b, c, d = (lane[here] for lane in state)
        some = sip_block(a, b, c, d, values[starts[here] + block])
        for lane, value in zip(state, some, strict=True):
            lane[here] = value
    found: NDArray[np.uint64] = sip_end(*state)
    return found


def sip_block(a: Numbers, b: Numbers, c: Numbers, d: Numbers, block: Numbers) -> SipState:
    """Mix eight bytes into the state of SipHash, with one round."""
    a, b, c, d = sip_round(a, b, c, d ^ block)
    return a ^ block, b, c, d


def sip_end(a: Numbers, b: Numbers, c: Numbers, d: Numbers) -> Numbers:
    """The hash after the last block, with three rounds."""
    a, b, c, d = sip_round(a, b, c ^ np.uint64(255), d)
    a, b, c, d = sip_round(a, b, c, d)
    a, b, c, d = sip_round(a, b, c, d)
    return a ^ b ^ c ^ d


def sip_round(a: Numbers, b: Numbers, c: Numbers, d: Numbers) -> SipState:
    """One round of SipHash."""
    a, c = a + b, c + d
    b = (b << np.uint64(13) | b >> np.uint64(51)) ^ a
    d = (d << np.uint64(16) | d >> np.uint64(48)) ^ c
    a = (a << np.uint64(32) | a >> np.uint64(32)) + d
    c = c + b
    b = (b << np.uint64(17) | b >> np.uint64(47)) ^ c
    d = (d << np.uint64(21) | d >> np.uint64(43)) ^ a
    return a, b, c << np.uint64(32) | c >> np.uint64(32), d


def _murmur(words: list[bytes]) -> NDArray[np.uint32]:
    """MurmurHash3 (x86, 32 bits, seed 0) of words, by four bytes of each at a time; shape (words,)."""
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    starts = np.cumsum(lengths) - lengths
    text = np.frombuffer(b"".join(words) + b"\0\0\0", np.uint8).astype(np.uint32)
    hashes = np.zeros(len(words), np.uint32)
    for offset in range(0, int(lengths.max(initial=0)), 4):
        here = np.flatnonzero(lengths > offset)
        left = lengths[here] - offset
        block = np.zeros(len(here), np.uint32)
        for byte in range(4):
            block |= np.where(left > byte, text[starts[here] + offset + byte], 0).astype(np.uint32) << np.uint32(
                8 * byte
            )
        value = hashes[here] ^ _rotated(block * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        # An incomplete block, the end of a word, skips the last step.
        hashes[here] = np.where(left < 4, value, _rotated(value, 13) * np.uint32(5) + np.uint32(0xE6546B64))
    found: NDArray[np.uint32] = mix32(hashes ^ lengths.astype(np.uint32))
    return found


def _rotated(values: NDArray[np.uint32], by: int) -> NDArray[np.uint32]:
    return values << np.uint32(by) | values >> np.uint32(32 - by)


def mix32(value: Numbers) -> Numbers:
    """The finaliser of MurmurHash3 for 32 bits (Appleby 2011), with which datasketch's `affine32` begins too.

    Each step is cast back to 32 bits: numba computes products of them with 64.
    """
    value = np.uint32(np.uint32(value ^ np.uint32(value >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    value = np.uint32(np.uint32(value ^ np.uint32(value >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ np.uint32(value >> np.uint32(16)))


def mix64(value: Numbers) -> Numbers:
    """The finaliser of MurmurHash3 for 64 bits (Appleby 2011)."""
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ (value >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


def terms_of(hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The hashed terms of words by their hashes: `HashingVectorizer`'s features; shape (words,)."""
    terms: NDArray[np.int64] = np.abs(hashes.view(np.int32).astype(np.int64)) % FEATURES
    return terms


def buckets_of(terms: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
    """Where each bucket begins in an array of ascending terms, and where the last ends; shape (buckets + 1,).

    A bucket has the terms with the same upper bits. There are as many buckets as terms or up to half as many, a power
    of two: hashes are spread evenly, so a term is found in a few steps, see `kernels.halving.place_of`.
    """
    bits = max(0, len(terms).bit_length() - 1)
    counts = np.bincount(terms >> (TERM_BITS - bits), minlength=1 << bits)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def shingle_hash(shingle: bytes) -> int:
    """The 32-bit hash of a shingle (words in UTF-8, separated by spaces), which signatures are computed from."""
    return _polynomial(shingle) & 0xFFFFFFFF


def shingle_hash64(shingle: bytes) -> int:
    """The 64-bit hash of a shingle, by which exact overlaps are counted."""
    value = _polynomial(shingle)
    value ^= value >> 33  # the finaliser of MurmurHash3 (Appleby 2011)
    value = (value * 0xFF51AFD7ED558CCD) & MASK
    value ^= value >> 33
    value = (value * 0xC4CEB9FE1A85EC53) & MASK
    return value ^ (value >> 33)


def _polynomial(shingle: bytes) -> int:
    value = 0
    for word in shingle.split(b" "):
        value = (value * BASE + word_hash(word)) & 0xFFFFFFFF
    return value


def short_shingles_in_order(words: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """The 32-bit hash of every shingle of a text, see `shingle_hash` and `shingles_in_order`; shape (shingles,)."""
    return _polynomials(words, size).astype(np.uint32)


def shingles_in_order(words: NDArray[np.uint32], size: int) -> NDArray[np.uint64]:
    """The 64-bit hash of every shingle of a text, in order; shape (shingles,).

    Args:
        words: the `word_hash` of each word of the text in order.
        size: words in a shingle; a shorter text is one shingle.
    """
    hashes: NDArray[np.uint64] = mix64(_polynomials(words, size))
    return hashes


def _polynomials(words: NDArray[np.uint32], size: int) -> NDArray[np.uint64]:
    if not len(words):
        return np.empty(0, np.uint64)
    hashes = words.astype(np.uint64)
    size = min(size, len(words))
    value, done = hashes, 1
    for bit in f"{size:b}"[1:]:  # doubles the words of a shingle in each step, and adds one where the bit is set
        value, done = value[:-done] * np.uint64(pow(BASE, done, MASK + 1)) + value[done:], 2 * done
        if bit == "1":
            value, done = value[:-1] * np.uint64(BASE) + hashes[done:], done + 1
    return value


def permutations(settings: Settings) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The factors a and summands b of datasketch's permutations a·h + b, without importing it; shape (num_perm,)."""
    random = np.random.RandomState(settings.seed)
    factors = random.randint(0, 1 << 31, settings.num_perm, np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, random.randint(0, 1 << 32, settings.num_perm, np.uint32)
