"""Kernels for TF-IDF vectors: `dedup.vectorize.tfidf.tfidf` on the arrays of `Features`.

The idf of each term is computed with NumPy, and so is the logarithm of each distinct count, of which there are few.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.features import Features
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.hashing import FEATURES
from dedup.vectorize.kernels.compiling import Whole, callable_by_kernels, kept, kernel
from dedup.vectorize.kernels.halving import first_not_below
from dedup.vectorize.kernels.threads import parts_in_threads
from dedup.vectorize.tfidf import Vectors, idf_by_language, log_frequency, quantised, term_weight, unit_weight

if TYPE_CHECKING:
    from dedup.settings import Settings

TABLE = 1 << 16
"""Counts below which the logarithm is looked up by the count itself."""
_AT_ONCE, _ROWS = 1 << 19, 2_000
"""Terms, and articles, that are worth a thread."""
_BUCKET_BITS = 20
"""Terms are found by this many of their upper bits first."""

for formula in (term_weight, quantised, unit_weight):
    callable_by_kernels(formula)


class Columns(NamedTuple):
    """The distinct terms of articles, ascending, and the place of each of their terms among these."""

    terms: NDArray[np.int64]
    places: NDArray[np.int32]


def columns_of(features: Features, threads: int | None = 1) -> Columns:
    """The columns of the terms of articles."""
    distinct = _distinct(features.terms)
    parts = parts_in_threads(
        lambda first, last: _places(features.terms[first:last], distinct), len(features.terms), threads, least=_AT_ONCE
    )
    return Columns(distinct, np.concatenate([np.empty(0, np.int32), *parts]))


def frequencies(
    features: Features,
    languages: Sequence[str],
    among: NDArray[np.int64] | None = None,
    columns: Columns | None = None,
) -> Frequencies:
    """The document frequencies of a collection.

    Plain form: `vectorize.frequencies.Frequencies.of`.

    Args:
        features: of the articles.
        languages, among: see `Frequencies.of`.
        columns: see `columns_of`, if they are known.
    """
    every = np.arange(len(features)) if among is None else among
    names, number = np.unique(np.array(languages, dtype=str)[every], return_inverse=True)
    distinct, places = columns or columns_of(features)
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    counts = np.zeros(len(distinct), np.int64)
    for place in range(len(names)):
        _count(every[number.ravel() == place], features.indptr, places, features.every, counts)
        some = np.flatnonzero(counts)
        parts.append((counts[some], distinct[some]))
        counts[some] = 0
    starts = np.cumsum([len(part) for part, _ in parts])
    matrix = sp.csr_array(
        (*(np.concatenate(column) for column in zip(*parts, strict=True)), starts), shape=(len(names), FEATURES)
    )
    return Frequencies(tuple(names.tolist()), np.bincount(number.ravel(), minlength=len(names)), matrix)


@kept
def _count(
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    columns: NDArray[np.int32],
    every: NDArray[np.unsignedinteger],
    counts: NDArray[np.int64],
) -> None:
    """Add the number of some articles that have each term."""
    for row in rows:
        for entry in range(indptr[row], indptr[row + 1]):
            counts[columns[entry]] += np.int64(every[entry] > 0)


def tfidf(
    features: Features,
    languages: Sequence[str],
    frequencies: Frequencies,
    settings: Settings,
    columns: Columns | None = None,
    threads: int | None = 1,
) -> Vectors:
    """TF-IDF vectors of articles.

    Plain form: `vectorize.tfidf.tfidf`.

    Args:
        features: of the articles.
        languages: the language of each, as `detect` returns it.
        frequencies: document frequencies of a collection, which may be another one.
        settings: for `capital_weight` and `background`.
        columns: see `columns_of`, if they are known; overwritten.
        threads: None for one per processor.
    """
    terms, places = columns or columns_of(features, threads)
    weights, row_languages = np.empty(len(features.terms)), np.array(languages, dtype=str)
    for language, idf in idf_by_language(terms, languages, frequencies, settings):
        rows = np.flatnonzero(row_languages == language)
        _look_up(rows, features.indptr, places, idf, weights)
    weigh(features, settings.capital_weight, weights, threads)
    indptr = np.zeros(len(features) + 1, np.int64)
    _compact(features.indptr, places, weights, indptr)
    entries = int(indptr[-1])
    shape = (len(features), len(terms))
    return Vectors(sp.csr_array((weights[:entries], places[:entries], indptr), shape=shape), terms)


def weigh(features: Features, capital_weight: float, weights: NDArray[np.float64], threads: int | None = 1) -> None:
    """Replace the idf of each term, in `weights`, by its weight in a vector of unit length, in `WEIGHT_UNIT`."""
    given = (features.every, features.capitals, *logarithms_of(features), float(capital_weight), weights)
    parts_in_threads(
        lambda first, last: _weigh(features.indptr[first : last + 1], *given), len(features), threads, least=_ROWS
    )


def logarithms_of(features: Features) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The logarithms of the counts 0, 1, 2, ... and then of the large ones among those of articles; and the latter."""
    if 1 << 8 * features.every.itemsize <= TABLE or int(features.every.max(initial=0)) < TABLE:
        return _log_frequencies(TABLE), np.empty(0, np.int64)
    large = np.unique(features.every[features.every >= TABLE]).astype(np.int64)
    return np.concatenate([_log_frequencies(TABLE), log_frequency(large)]), large


@cache
def _log_frequencies(count: int) -> NDArray[np.float64]:
    return log_frequency(np.arange(count))


def _distinct(terms: NDArray[np.int32]) -> NDArray[np.int64]:
    """The distinct terms, ascending."""
    first, others = np.full(1 << _BUCKET_BITS, -1, np.int32), np.empty(1 << 16, np.int32)
    found: list[NDArray[np.int32]] = []
    place = 0
    while place < len(terms):
        place, count = _first_terms(terms, place, first, others)
        found.append(_sorted(others[:count]))
    return _sorted(np.concatenate([first[first >= 0], *found])).astype(np.int64)


def _sorted(terms: NDArray[np.int32]) -> NDArray[np.int32]:
    """The distinct terms, ascending: `np.unique` of NumPy 2.3 and later takes twenty times as long."""
    ranked = np.sort(terms)
    return ranked[np.diff(ranked, prepend=-1) > 0]


@kept
def _first_terms(
    terms: NDArray[np.int32], place: int, first: NDArray[np.int32], others: NDArray[np.int32]
) -> tuple[Whole, Whole]:
    """Read terms into a table by their upper bits, and write those whose slot has another term to `others`.

    Returns the place after the last that was read, and how many others there are.
    """
    down, count = np.int32(31 - _BUCKET_BITS), np.int64(0)
    for at in range(place, len(terms)):
        term = terms[at]
        slot = term >> down
        if first[slot] < 0:
            first[slot] = term
        elif first[slot] != term:
            if count == len(others):
                return at, count
            others[count] = term
            count += 1
    return len(terms), count


@kept
def _places(terms: NDArray[np.int32], among: NDArray[np.int64]) -> NDArray[np.int32]:
    """The place of each term among distinct ones, which are ascending: by halves, within the terms of a bucket."""
    begin = np.zeros((1 << _BUCKET_BITS) + 1, np.int32)
    down = np.int64(31 - _BUCKET_BITS)
    for term in among:
        begin[(term >> down) + 1] += np.int32(1)
    for bucket in range(1 << _BUCKET_BITS):
        begin[bucket + 1] += begin[bucket]
    places = np.empty(len(terms), np.int32)
    for at in range(len(terms)):
        term = np.int64(terms[at])
        places[at] = first_not_below(among, term, begin[term >> down], begin[(term >> down) + 1] - 1)
    return places


@kept
def _look_up(
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    columns: NDArray[np.int32],
    idf: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> None:
    """Write the idf of each term of some rows."""
    for row in rows:
        for entry in range(indptr[row], indptr[row + 1]):
            weights[entry] = idf[columns[entry]]


@kept
def _weigh(
    indptr: NDArray[np.int64],
    every: NDArray[np.unsignedinteger],
    capitals: NDArray[np.unsignedinteger],
    logarithms: NDArray[np.float64],
    large: NDArray[np.int64],
    capital_weight: float,
    weights: NDArray[np.float64],
) -> None:
    """The loop of `weigh`."""
    for row in range(len(indptr) - 1):
        weigh_one(indptr[row], indptr[row + 1], every, capitals, logarithms, large, capital_weight, weights)


@kernel
def weigh_one(
    first: Whole,
    last: Whole,
    every: NDArray[np.unsignedinteger],
    capitals: NDArray[np.unsignedinteger],
    logarithms: NDArray[np.float64],
    large: NDArray[np.int64],
    capital_weight: float,
    weights: NDArray[np.float64],
) -> None:
    """Replace the idf of the terms of one article, which are at `first:last`, by their weights, as `weigh` does."""
    direct, squares = len(logarithms) - len(large), np.int64(0)
    for entry in range(first, last):
        count = np.int64(every[entry])
        place = count if count < direct else direct + first_not_below(large, count, 0, len(large))
        weight = term_weight(weights[entry], logarithms[place], count, np.int64(capitals[entry]), capital_weight)
        fine = quantised(weight)
        weights[entry] = fine
        squares += np.int64(fine) * np.int64(fine)
    for entry in range(first, last):
        weights[entry] = unit_weight(weights[entry], squares)


@kept
def _compact(
    indptr: NDArray[np.int64], columns: NDArray[np.int32], weights: NDArray[np.float64], ends: NDArray[np.int64]
) -> None:
    """Move the entries that are not 0 to the front, in units of 1 and with their columns, and write the row ends."""
    filled = np.int64(0)
    for row in range(len(indptr) - 1):
        for entry in range(indptr[row], indptr[row + 1]):
            if weights[entry] != 0:
                weights[filled], columns[filled] = weights[entry] * WEIGHT_UNIT, columns[entry]
                filled += 1
        ends[row + 1] = filled
