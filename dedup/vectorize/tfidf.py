"""From weighted term counts to TF-IDF vectors.

A word weighs (1 + ln max(tf, 1)) · idf, more where it is capitalised inside a sentence. Its idf mixes how many articles
of the collection have it with how many have it in general (`background`), so that two articles alone can be compared,
and thousands tell their own common words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize import background
from dedup.vectorize.exact import WEIGHT_UNIT, ln
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.hashing import terms_of
from dedup.vectorize.language import UNKNOWN
from dedup.vectorize.light import hashes_of
from dedup.vectorize.reference import COUNT_UNIT

if TYPE_CHECKING:
    from dedup.settings import Settings

UNKNOWN_BACKGROUND = 20
"""For a language without a table: how many articles without any given word are added to the collection."""
FINE = 2.0**16
"""Weights before the norm is taken, as whole numbers of this part of one: their squares add up exactly in 64 bits."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """TF-IDF vectors of unit length.

    Attributes:
        matrix: shape (documents, distinct terms); whole multiples of `WEIGHT_UNIT`, so that dot products are exact.
        terms: for each column the hashed term (see `term_index`), ascending.
    """

    matrix: sp.csr_array
    terms: NDArray[np.int64]


@cache
def _table(language: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The hashed terms of a language's table of common words, and the share of each."""
    shares = background.shares(language)
    return terms_of(hashes_of(list(shares))), np.fromiter(shares.values(), np.float64, len(shares))


def table_shares(language: str, terms: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each hashed term (ascending) the share of articles in general that have it, 0 for a rare one."""
    common, share = _table(language)
    found = np.zeros(len(terms))
    place = np.searchsorted(terms, common)
    known = place < len(terms)
    known[known] = terms[place[known]] == common[known]
    np.maximum.at(found, place[known], share[known])
    return found


def idf(
    frequency: NDArray[np.int64],
    articles: int,
    own_frequency: NDArray[np.int64],
    own_articles: int,
    shares: NDArray[np.float64] | None,
    language: str,
    weight: int,
) -> NDArray[np.float64]:
    """The inverse document frequency of each term, for articles of one language.

    Args:
        frequency: articles of the collection that have the term.
        articles: articles in the collection.
        own_frequency, own_articles: the same among those of this language alone.
        shares: what the background says, None for a language without a table.
        language: the language's code.
        weight: for how many articles the background counts.
    """
    if shares is None:
        return _log_ratio(own_articles + UNKNOWN_BACKGROUND, own_frequency)
    general = _log_ratio(articles + weight, frequency + weight * shares)
    if language == "en" or own_articles + weight == 0:  # of a language that nothing is known about there is no own
        return general
    # A word all articles of this language share says nothing among them, however rare it is in the collection.
    own = _log_ratio(own_articles + weight, own_frequency + weight * shares)
    whole = ln(np.array([articles + weight + 1.0, own_articles + weight + 1.0]))
    rarity: NDArray[np.float64] = np.minimum(general, own * (whole[0] / whole[1]))
    return rarity


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
    """The vectors of documents.

    Kernel: `vectorize.kernels.tfidf.tfidf`.

    Args:
        every, capitals: weighted term counts, as `term_counts` returns them.
        languages: the language of each document, as `detect` returns it.
        frequencies: of the collection the documents are weighed in, which need not be theirs.
        settings: for the weight of capitals and of the background.
    """
    terms, columns = np.unique(every.indices.astype(np.int64), return_inverse=True)
    row_of = np.repeat(np.arange(every.shape[0]), np.diff(every.indptr))
    language_of = np.array(languages, dtype=object)[row_of] if len(row_of) else np.empty(0, object)
    weights = np.zeros(len(columns))
    for language, rarity in rarities(terms, languages, frequencies, settings):
        mine = language_of == language
        weights[mine] = rarity[columns[mine]]
    tf = every.data * COUNT_UNIT
    weights *= 1 + ln(np.maximum(tf, 1.0))
    weights *= 1 + (settings.capital_weight - 1) * _aligned(capitals, every) / every.data
    matrix = sp.csr_array((weights, columns.astype(np.int32), every.indptr.copy()), shape=(every.shape[0], len(terms)))
    return Vectors(_unit(matrix), terms)


def rarities(
    terms: NDArray[np.int64], languages: Sequence[str], frequencies: Frequencies, settings: Settings
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """For each of the languages the inverse document frequency of some hashed terms (ascending) in its articles."""
    frequency, articles = frequencies.having(terms), int(frequencies.articles.sum())
    for language in sorted(set(languages)):
        own_frequency, own_articles = frequencies.having(terms, language), frequencies.articles_in(language)
        known = language != UNKNOWN and language in background.languages()
        shares = table_shares(language, terms) if known else None
        yield (
            language,
            idf(frequency, articles, own_frequency, own_articles, shares, language, settings.background),
        )


def _aligned(part: sp.csr_array, whole: sp.csr_array) -> NDArray[np.float64]:
    """The entries of `part` at the places where `whole` has entries."""
    width = np.int64(whole.shape[1])
    keys = [np.repeat(np.arange(m.shape[0]), np.diff(m.indptr)) * width + m.indices for m in (whole, part)]
    found = np.zeros(len(keys[0]))
    found[np.searchsorted(keys[0], keys[1])] = part.data
    return found


def _unit(matrix: sp.csr_array) -> sp.csr_array:
    """The rows at length 1, their entries rounded to `WEIGHT_UNIT`; the norm is that of exactly summed squares."""
    row_of = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    whole = np.rint(matrix.data * FINE).astype(np.int64)
    squares = np.zeros(matrix.shape[0], np.int64)
    np.add.at(squares, row_of, whole * whole)
    length = np.sqrt(np.maximum(squares, 1).astype(np.float64))
    data = np.rint(whole / length[row_of] / WEIGHT_UNIT) * WEIGHT_UNIT
    unit = sp.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
    unit.eliminate_zeros()
    return unit
