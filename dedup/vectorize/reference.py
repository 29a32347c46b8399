"""Term counts by scikit-learn and signatures by datasketch: the specification of the faster implementations.

Term counts are those of `HashingVectorizer`, signatures those of `MinHash` (Broder 1997), both on the tokens of
`dedup.text.tokens`. NumPy and kernels must return the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.text.document import Document
from dedup.text.tokens import shingles as shingles_of
from dedup.vectorize.hashing import FEATURES, plain_hashes, shingle_hash, short_shingles_in_order

if TYPE_CHECKING:
    from datasketch import MinHash

    from dedup.settings import Settings

COUNT_UNIT = 1 / 16
"""Weighted term counts are multiples of this."""
ZONE = 10
"""Consecutive words of the body that have one weight."""
_BLOCK = 2_000


def minhash(words: list[str], settings: Settings) -> MinHash:
    """The datasketch `MinHash` of the shingles of a text."""
    from datasketch import MinHash

    sketch = MinHash(settings.num_perm, settings.seed, hashfunc=shingle_hash, scheme="affine32")
    sketch.update_batch(shingles_of(words, settings.shingle_size))
    return sketch


def signatures(documents: Sequence[Document], settings: Settings) -> NDArray[np.uint32]:
    """The MinHash signatures of documents: shape (documents, num_perm); all ones for a document without words."""
    from datasketch import MinHash

    permutations = minhash([], settings).permutations
    rows = np.empty((len(documents), settings.num_perm), np.uint32)
    for row, document in zip(rows, documents, strict=True):
        # As `minhash`, except that all shingles of a text are hashed together.
        sketch = MinHash(settings.num_perm, hashfunc=int, permutations=permutations, scheme="affine32")
        shingles = np.unique(short_shingles_in_order(plain_hashes(document.words), settings.shingle_size))
        sketch.update_batch(shingles.tolist())
        row[:] = sketch.hashvalues
    return rows


def body_weight(position: int, settings: Settings) -> int:
    """The weight of the word at a position of the body, in units of `COUNT_UNIT`; equal within a `ZONE`."""
    middle = position // ZONE * ZONE + (ZONE - 1) / 2
    return round((1 + settings.lead_weight * math.exp(-middle / settings.lead_length)) / COUNT_UNIT)


def lead_weights(settings: Settings) -> NDArray[np.uint32]:
    """The weight of each word of the body, up to the zone from which on it is constant; shape (words,)."""
    last = body_weight(10**9, settings)
    weights = [body_weight(0, settings)]
    while weights[-1] > last:
        weights.append(body_weight(len(weights) * ZONE, settings))
    return np.repeat(np.array(weights, np.uint32), ZONE)


def zones(document: Document, settings: Settings) -> Iterator[tuple[int, bool, list[str]]]:
    """Split a document where the weight changes: yields the weight, whether the words are capitalised, the words."""
    title_weight = round(settings.title_weight / COUNT_UNIT)
    parts = [(title_weight, document.title, 0, len(document.title))]
    length, start = len(document.body), 0
    while start < length:
        weight = body_weight(start, settings)
        end = start + ZONE if weight > body_weight(10**9, settings) else length
        parts.append((weight, document.body, start, end))
        start = end
    for weight, tokens, first, last in parts:
        words, capitals = tokens.words[first:last], tokens.capitals[first:last]
        yield weight, False, [word for word, capital in zip(words, capitals, strict=True) if not capital]
        yield weight, True, [word for word, capital in zip(words, capitals, strict=True) if capital]


def term_counts(documents: Sequence[Document], settings: Settings) -> tuple[sp.csr_array, sp.csr_array]:
    """Weighted term counts of all words, and of the words capitalised inside a sentence.

    Returns:
        Two arrays of shape (documents, FEATURES), integers (as float64) in units of `COUNT_UNIT`, indices sorted.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    counter = HashingVectorizer(analyzer=list, n_features=FEATURES, alternate_sign=False, norm=None)
    every: list[sp.csr_array] = []
    capitalised: list[sp.csr_array] = []
    for start in range(0, len(documents), _BLOCK):
        rows: list[int] = []
        weights: list[float] = []
        is_capital: list[float] = []
        words: list[list[str]] = []
        block = documents[start : start + _BLOCK]
        for row, document in enumerate(block):
            for weight, capital, zone in zones(document, settings):
                if zone:
                    rows.append(row)
                    weights.append(float(weight))
                    is_capital.append(float(capital))
                    words.append(zone)
        counts = sp.csr_array(counter.transform(words)) if words else sp.csr_array((0, FEATURES))
        zone_of = (rows, np.arange(len(words)))
        for weight_of, found in ((weights, every), (np.multiply(weights, is_capital), capitalised)):
            found.append(_product(sp.csr_array((weight_of, zone_of), shape=(len(block), len(words))), counts))
    if not every:
        return sp.csr_array((0, FEATURES)), sp.csr_array((0, FEATURES))
    both = sp.csr_array(sp.vstack(every)), sp.csr_array(sp.vstack(capitalised))
    for matrix in both:
        matrix.sum_duplicates()
        matrix.sort_indices()
        matrix.eliminate_zeros()
    return both


def _product(left: sp.csr_array, right: sp.csr_array) -> sp.csr_array:
    """The matrix product, without the cost of the empty columns of `right`."""
    columns, place = np.unique(right.indices, return_inverse=True)
    narrow = sp.csr_array((right.data, place, right.indptr), shape=(right.shape[0], len(columns)))
    product = sp.csr_array(left @ narrow)
    return sp.csr_array((product.data, columns[product.indices], product.indptr), shape=(left.shape[0], right.shape[1]))
