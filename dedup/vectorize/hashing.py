"""The two public hashes: of a word, which is scikit-learn's, and of a shingle, which is built on it.

A shingle's hash is a polynomial in the hashes of its words, so that a kernel can roll it along a text word by word
(Karp & Rabin 1987). Signatures take its lower 32 bits as they are, since datasketch's permutations begin with a
finaliser of their own; the 64 bits by which exact overlaps are counted are spread by one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedup.settings import Settings

FEATURES = 2**22
"""Features that words are counted under."""
BASE = 0x9E3779B97F4A7C15
"""The polynomial's base: odd, so that no position of a word is lost modulo 2^64."""
MASK = (1 << 64) - 1


@lru_cache(maxsize=1 << 18)
def word_hash(word: bytes) -> int:
    """MurmurHash3 (x86, 32 bits, seed 0) of a word: what `HashingVectorizer` takes the remainder of."""
    from sklearn.utils import murmurhash3_32

    return int(murmurhash3_32(word, 0, True))


def plain_hashes(words: Iterable[str]) -> NDArray[np.uint32]:
    """`word_hash` of each word; shape (words,)."""
    return np.fromiter((word_hash(word.encode()) for word in words), np.uint32)


def terms_of(hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The features that `HashingVectorizer` counts words under, by the words' hashes; shape (words,)."""
    terms: NDArray[np.int64] = np.abs(hashes.view(np.int32).astype(np.int64)) % FEATURES
    return terms


def shingle_hash(shingle: bytes) -> int:
    """The 32-bit hash of a shingle (words as UTF-8 with a space between them), as every signature here uses it."""
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
        value = (value * BASE + word_hash(word)) & MASK
    return value


def short_shingles_in_order(words: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """`shingle_hash` of the same shingles as `shingles_in_order`; shape (shingles,)."""
    return _polynomials(words, size).astype(np.uint32)


def shingles_in_order(words: NDArray[np.uint32], size: int) -> NDArray[np.uint64]:
    """`shingle_hash64` of the shingle that begins at each word of a text but for the last `size` - 1.

    Args:
        words: the `word_hash` of each of the text's words in order.
        size: words in a shingle; a shorter text is one shingle.

    Returns:
        Array of shape (shingles,).
    """
    value = _polynomials(words, size)
    shift = np.uint64(33)
    value = value ^ (value >> shift)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> shift
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    value ^= value >> shift
    return value


def _polynomials(words: NDArray[np.uint32], size: int) -> NDArray[np.uint64]:
    if not len(words):
        return np.empty(0, np.uint64)
    hashes = words.astype(np.uint64)
    size = min(size, len(words))
    value, done = hashes, 1
    for bit in f"{size:b}"[1:]:  # twice as many words a step, and one more where the size is odd
        value, done = value[:-done] * np.uint64(pow(BASE, done, MASK + 1)) + value[done:], 2 * done
        if bit == "1":
            value, done = value[:-1] * np.uint64(BASE) + hashes[done:], done + 1
    return value


def permutations(settings: Settings) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The factors and the summands of a signature's permutations: datasketch's, which takes long to import."""
    random = np.random.RandomState(settings.seed)
    factors = random.randint(0, 1 << 31, settings.num_perm, np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, random.randint(0, 1 << 32, settings.num_perm, np.uint32)
