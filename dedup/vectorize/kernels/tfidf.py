"""From weighted term counts to TF-IDF vectors by kernels: what `dedup.vectorize.tfidf.tfidf` returns.

The idf of each term is the plain form's own; so is the logarithm of each count, of which there are few, in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.exact import WEIGHT_UNIT, ln
from dedup.vectorize.features import Features
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.hashing import FEATURES
from dedup.vectorize.kernels.compiling import Whole, kept
from dedup.vectorize.reference import COUNT_UNIT
from dedup.vectorize.tfidf import FINE, Vectors, rarities

if TYPE_CHECKING:
    from dedup.settings import Settings

TABLE = 1 << 16
"""Counts up to which the logarithm stands in a table by itself."""


def tfidf(features: Features, languages: Sequence[str], frequencies: Frequencies, settings: Settings) -> Vectors:
    """The vectors of articles.

    Plain form: `vectorize.tfidf.tfidf`.

    Args:
        features: of the articles.
        languages: the language of each, as `detect` returns it.
        frequencies: of the collection the articles are weighed in, which need not be theirs.
        settings: for the weight of capitals and of the background.
    """
    terms, column = _columns(features.terms, FEATURES)
    large = np.unique(features.every[features.every >= TABLE]).astype(np.int64)
    counts = np.concatenate([np.arange(min(TABLE, int(features.every.max(initial=0)) + 1)), large])
    loudness = 1 + ln(np.maximum(counts * COUNT_UNIT, 1.0))
    data, columns = np.empty(len(features.terms)), np.empty(len(features.terms), np.int32)
    filled = np.zeros(len(features) + 1, np.int64)
    capital = settings.capital_weight - 1
    told = np.array(languages, dtype=str)
    for language, rarity in rarities(terms, languages, frequencies, settings):
        rows = np.flatnonzero(told == language)
        _weigh(
            rows, features.indptr, features.terms, features.every, features.capitals, column, rarity, loudness, large,
            capital, data, columns, filled[1:],
        )  # fmt: skip
    np.cumsum(filled, out=filled)
    _close_ranks(features.indptr, filled, data, columns)
    entries = int(filled[-1])
    shape = (len(features), len(terms))
    return Vectors(sp.csr_array((data[:entries], columns[:entries], filled), shape=shape), terms)


@kept
def _columns(terms: NDArray[np.int32], width: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The terms that there are, ascending, and for each term its place among them."""
    column = np.zeros(width, np.int32)
    for term in terms:
        column[term] = 1
    count: Whole = 0
    for term in range(width):
        count += column[term]
    found = np.empty(count, np.int64)
    count = 0
    for term in range(width):
        if column[term]:
            found[count] = term
            column[term] = count
            count += 1
    return found, column


@kept
def _weigh(
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    terms: NDArray[np.int32],
    every: NDArray[np.unsignedinteger],
    capitals: NDArray[np.unsignedinteger],
    column: NDArray[np.int32],
    rarity: NDArray[np.float64],
    loudness: NDArray[np.float64],
    large: NDArray[np.int64],
    capital: float,
    data: NDArray[np.float64],
    columns: NDArray[np.int32],
    filled: NDArray[np.int64],
) -> None:
    """Writes the unit vectors of some articles to where their terms are, entries of 0 left out, and their lengths."""
    longest: Whole = np.int64(0)
    for row in rows:
        longest = max(longest, indptr[row + 1] - indptr[row])
    wholes = np.empty(longest, np.int64)
    for row in rows:
        begin, end = indptr[row], indptr[row + 1]
        squares: Whole = np.int64(0)
        for entry in range(begin, end):
            count = np.int64(every[entry])
            place = count
            if count >= TABLE:
                place = TABLE + np.searchsorted(large, count)
            weight = rarity[column[terms[entry]]] * loudness[place]
            weight *= 1 + capital * np.float64(capitals[entry]) / np.float64(count)
            whole = np.int64(np.rint(weight * FINE))
            wholes[entry - begin] = whole
            squares += whole * whole
        length = np.sqrt(np.float64(max(squares, np.int64(1))))
        at = begin
        for entry in range(begin, end):
            value = np.rint(np.float64(wholes[entry - begin]) / length / WEIGHT_UNIT) * WEIGHT_UNIT
            if value != 0:
                data[at], columns[at] = value, column[terms[entry]]
                at += 1
        filled[row] = at - begin


@kept
def _close_ranks(
    begins: NDArray[np.int64], starts: NDArray[np.int64], data: NDArray[np.float64], columns: NDArray[np.int32]
) -> None:
    """Moves each row from where it begins to where it is to start, which is never later."""
    for row in range(len(starts) - 1):
        begin, start = begins[row], starts[row]
        if begin != start:
            for entry in range(starts[row + 1] - start):
                data[start + entry], columns[start + entry] = data[begin + entry], columns[begin + entry]
