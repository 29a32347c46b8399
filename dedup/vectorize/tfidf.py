"""TF-IDF vectors from weighted term counts.

The weight of a term is its log-scaled term frequency times its idf (Salton & Buckley 1988), raised for words that are
capitalised inside a sentence; vectors have unit length. The idf combines the document frequencies of the collection
with those of news in general (`background`), which count for a fixed number of articles: it is defined for two articles
alone, and a large collection determines it nearly by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize import background
from dedup.vectorize.exact import WEIGHT_UNIT, Numbers, ln
from dedup.vectorize.features import aligned
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.hashing import terms_of
from dedup.vectorize.reference import COUNT_UNIT

if TYPE_CHECKING:
    from dedup.settings import Settings

UNKNOWN_BACKGROUND = 20
"""Articles without any given term that are added to those of a language without a table."""
FINE = 2.0**16
"""Weights are rounded to 1 / `FINE` before normalisation, so that their squares add up exactly in 64 bits."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """TF-IDF vectors of unit length.

    Attributes:
        matrix: shape (documents, distinct terms); multiples of `WEIGHT_UNIT`, so that dot products are exact.
        terms: the hashed term of each column (see `hashing.terms_of`), ascending.
    """

    matrix: sp.csr_array
    terms: NDArray[np.int64]


def log_frequency(count: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-scaled term frequency, 1 + ln max(tf, 1), of weighted counts in `COUNT_UNIT`."""
    logarithm: NDArray[np.float64] = 1 + ln(np.maximum(count * COUNT_UNIT, 1.0))
    return logarithm


def term_weight(idf: Numbers, log_tf: Numbers, count: Numbers, capitals: Numbers, capital_weight: float) -> Numbers:
    """The weight of a term before normalisation.

    Args:
        idf: its inverse document frequency.
        log_tf: see `log_frequency`.
        count, capitals: its weighted count, and the part of it in words capitalised inside a sentence.
        capital_weight: what a capitalised word counts, relative to one that is not.
    """
    return idf * log_tf * (1 + (capital_weight - 1) * capitals / count)


def quantised(weight: Numbers) -> Numbers:
    """A weight before normalisation, rounded, in units of 1 / `FINE`."""
    return np.rint(weight * FINE)


def unit_weight(weight: Numbers, squares: Numbers) -> Numbers:
    """A quantised weight over the length of its vector, the root of its summed `squares`; in `WEIGHT_UNIT`, rounded."""
    return np.rint(weight / np.sqrt(np.maximum(squares, 1)) / WEIGHT_UNIT)


@cache
def table(language: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The hashed terms of a language's table of common words, ascending, and the share of articles that have each.

    Of words with one hash the most common counts. Both are empty for a language without a table.
    """
    hashes, shares = background.hashed_shares(language)
    terms, place = np.unique(terms_of(hashes), return_inverse=True)
    highest = np.zeros(len(terms))
    np.maximum.at(highest, place.ravel(), shares)
    return terms, highest


def table_shares(language: str, terms: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each hashed term the share of articles in general that have it, 0 for a rare one."""
    common, share = table(language)
    if not len(common):
        return np.zeros(len(terms))
    place = np.minimum(np.searchsorted(common, terms), len(common) - 1)
    return np.where(common[place] == terms, share[place], 0.0)


def idf(
    frequency: NDArray[np.int64],
    articles: int,
    own_frequency: NDArray[np.int64],
    own_articles: int,
    shares: NDArray[np.float64] | None,
    language: str,
    weight: int,
) -> NDArray[np.float64]:
    """The inverse document frequency of terms in articles of one language; shape (terms,).

    Args:
        frequency: document frequency of each term in the collection.
        articles: number of articles in the collection.
        own_frequency, own_articles: document frequencies and articles of this language alone.
        shares: share of articles in general that have each term; None for a language without a table.
        language: the code of the language.
        weight: number of articles that `shares` counts for.
    """
    if shares is None:
        return _log_ratio(own_articles + UNKNOWN_BACKGROUND, own_frequency)
    general = _log_ratio(articles + weight, frequency + weight * shares)
    if language == "en" or own_articles + weight == 0:
        return general
    # A term that all articles of this language have does not distinguish them, however rare it is in the collection.
    own = _log_ratio(own_articles + weight, own_frequency + weight * shares)
    highest = ln(np.array([articles + weight + 1.0, own_articles + weight + 1.0]))
    lower: NDArray[np.float64] = np.minimum(general, own * (highest[0] / highest[1]))
    return lower


def _log_ratio(articles: int, frequency: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    ratio = (articles + 1.0) / (frequency.astype(np.float64) + 1.0)
    return np.maximum(0.0, ln(ratio))


def tfidf(
    every: sp.csr_array,
    capitals: sp.csr_array,
    languages: Sequence[str],
    frequencies: Frequencies,
    settings: Settings,
) -> Vectors:
    """TF-IDF vectors of documents.

    Kernel: `vectorize.kernels.tfidf.tfidf`.

    Args:
        every, capitals: weighted term counts, as `term_counts` returns them.
        languages: the language of each document, as `detect` returns it.
        frequencies: document frequencies of a collection, which may be another one.
        settings: for `capital_weight` and `background`.
    """
    terms, columns = np.unique(every.indices.astype(np.int64), return_inverse=True)
    row_of = np.repeat(np.arange(every.shape[0]), np.diff(every.indptr))
    language_of = np.array(languages, dtype=object)[row_of] if len(row_of) else np.empty(0, object)
    idf = np.zeros(len(columns))
    for language, values in idf_by_language(terms, languages, frequencies, settings):
        mine = language_of == language
        idf[mine] = values[columns[mine]]
    weights = term_weight(idf, log_frequency(every.data), every.data, aligned(capitals, every), settings.capital_weight)
    matrix = sp.csr_array((weights, columns.astype(np.int32), every.indptr.copy()), shape=(every.shape[0], len(terms)))
    return Vectors(_unit(matrix), terms)


def idf_by_language(
    terms: NDArray[np.int64], languages: Iterable[str], frequencies: Frequencies, settings: Settings
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """The inverse document frequency of hashed terms (ascending) in articles of each of some languages."""
    frequency, articles = frequencies.having(terms), int(frequencies.articles.sum())
    for language in sorted(set(languages)):
        own_frequency, own_articles = frequencies.having(terms, language), frequencies.articles_in(language)
        shares = table_shares(language, terms) if language in background.languages() else None
        yield (
            language,
            idf(frequency, articles, own_frequency, own_articles, shares, language, settings.background),
        )


def unit_weights(weights: NDArray[np.float64], row_of: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """The weights of terms at unit length of each row, in `WEIGHT_UNIT`; the squares are summed exactly.

    Args:
        weights: see `term_weight`.
        row_of: the row of each, shape (weights,).
        rows: how many rows there are.
    """
    fine = quantised(weights).astype(np.int64)
    squares = np.zeros(rows, np.int64)
    np.add.at(squares, row_of, fine * fine)
    unit: NDArray[np.int64] = unit_weight(fine, squares[row_of]).astype(np.int64)
    return unit


def _unit(matrix: sp.csr_array) -> sp.csr_array:
    """The rows of a matrix at unit length; entries are multiples of `WEIGHT_UNIT`."""
    row_of = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    data = unit_weights(matrix.data, row_of, matrix.shape[0]) * WEIGHT_UNIT
    unit = sp.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
    unit.eliminate_zeros()
    return unit
