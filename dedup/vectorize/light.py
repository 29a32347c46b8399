"""The features of articles by NumPy alone: what scikit-learn and datasketch give, to the last bit.

A small job is done before those two are even imported, or the kernels loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.features import IS_CAPITAL, Features, HashedWords, narrowed
from dedup.vectorize.hashing import FEATURES, permutations, short_shingles_in_order, terms_of
from dedup.vectorize.reference import COUNT_UNIT, lead_weights

if TYPE_CHECKING:
    from dedup.settings import Settings

_AT_ONCE = 4_096
"""Shingles that are permuted at a time."""


def light_features(words: HashedWords, settings: Settings) -> Features:
    """The features of articles whose hashed words are known."""
    lengths = np.diff(words.offsets)
    parts = np.repeat(np.arange(len(lengths)), lengths)
    lead = lead_weights(settings)
    positions = np.arange(len(words.hashes)) - words.offsets[parts]
    in_title = parts % 2 == 0
    title_weight = round(settings.title_weight / COUNT_UNIT)
    weights = np.where(in_title, title_weight, lead[np.minimum(positions, len(lead) - 1)]).astype(np.int64)
    counted = weights > 0
    keys, where = np.unique((parts // 2 * FEATURES + terms_of(words.hashes))[counted], return_inverse=True)
    weights, is_capital = weights[counted], words.flags[counted] & IS_CAPITAL
    # Sums of whole numbers below 2^53, which floats hold as they are.
    every, capitals = (
        np.bincount(where, given, len(keys)).astype(np.float64) for given in (weights, weights * is_capital)
    )
    indptr = np.searchsorted(keys, np.arange(len(words) + 1) * FEATURES)
    terms = (keys % FEATURES).astype(np.int32)
    return Features(words, light_signatures(words, settings), indptr, terms, narrowed(every), narrowed(capitals))


def light_signatures(words: HashedWords, settings: Settings) -> NDArray[np.uint32]:
    """The MinHash signatures of articles whose hashed words are known; shape (articles, num_perm)."""
    a, b = (column[:, np.newaxis] for column in permutations(settings))
    rows = np.full((len(words), settings.num_perm), 0xFFFFFFFF, np.uint32)
    for row, (begin, end) in zip(rows, words.spans().tolist(), strict=True):
        shingles = mixed(short_shingles_in_order(words.hashes[begin:end], settings.shingle_size))
        for start in range(0, len(shingles), _AT_ONCE):
            np.minimum(row, (a * shingles[start : start + _AT_ONCE] + b).min(axis=1), out=row)
    return rows


def mixed(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The finaliser of MurmurHash3 (Appleby 2011), which datasketch's `affine32` begins with too."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def hashes_of(words: Iterable[str]) -> NDArray[np.uint32]:
    """`word_hash` of each word; shape (words,).

    Kernel: `vectorize.kernels.murmur.hash_words`.
    """
    given = list(words)
    distinct = dict.fromkeys(given)
    known = dict(zip(distinct, _murmur([word.encode() for word in distinct]).tolist(), strict=True))
    return np.fromiter(map(known.__getitem__, given), np.uint32, len(given))


def words_by_term(words: Iterable[str]) -> dict[int, str]:
    """Each term that some words are counted under, with its word: of several, the first."""
    given = list(words)
    return dict(zip(terms_of(hashes_of(given))[::-1].tolist(), given[::-1], strict=True))


def _murmur(words: list[bytes]) -> NDArray[np.uint32]:
    """MurmurHash3 (x86, 32 bits, seed 0), four bytes of all words at a time."""
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
        value = hashes[here] ^ _turned(block * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        # A block that is not whole is the word's end, and is not stirred in.
        hashes[here] = np.where(left < 4, value, _turned(value, 13) * np.uint32(5) + np.uint32(0xE6546B64))
    return mixed(hashes ^ lengths.astype(np.uint32))


def _turned(values: NDArray[np.uint32], by: int) -> NDArray[np.uint32]:
    return values << np.uint32(by) | values >> np.uint32(32 - by)
