"""Document frequencies of a collection: the number of articles that have each term, for each language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.hashing import FEATURES

AT_ONCE = 1 << 24
"""Entries that are processed at a time, which bounds the memory of intermediate arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class Frequencies:
    """The document frequencies of a collection, for each language.

    Attributes:
        languages: the codes of the languages, as `detect` returns them, sorted.
        articles: number of articles in each language, shape (languages,).
        counts: number of these that have each hashed term, shape (languages, FEATURES), indices sorted.
    """

    languages: tuple[str, ...]
    articles: NDArray[np.int64]
    counts: sp.csr_array

    @classmethod
    def none(cls) -> Self:
        """The frequencies of no articles."""
        return cls((), np.empty(0, np.int64), sp.csr_array((0, FEATURES), dtype=np.int64))

    @classmethod
    def of(cls, every: sp.csr_array, languages: Sequence[str], among: NDArray[np.int64] | None = None) -> Self:
        """Count the document frequencies of a collection.

        Kernel: `vectorize.kernels.tfidf.frequencies`.

        Args:
            every: term counts, shape (articles, FEATURES); only their sparsity pattern is used.
            languages: the language of each article.
            among: the places of the articles that make up the collection; all if None.
        """
        language_of = np.array(languages, dtype=str)
        names, number = np.unique(language_of if among is None else language_of[among], return_inverse=True)
        row = np.full(len(language_of), -1, np.int16)
        row[slice(None) if among is None else among] = number.ravel()
        row_of_entry = np.repeat(row, np.diff(every.indptr))
        terms, counts = [], []
        for place in range(len(names)):
            blocks = [slice(start, start + AT_ONCE) for start in range(0, len(row_of_entry), AT_ONCE)]
            found, frequency = summed(
                [np.unique(every.indices[some][row_of_entry[some] == place], return_counts=True) for some in blocks]
            )
            terms.append(found)
            counts.append(frequency)
        starts = np.cumsum([0, *map(len, terms)])
        columns = (np.concatenate([np.empty(0, np.int64), *parts]) for parts in (counts, terms))
        matrix = sp.csr_array((*columns, starts), shape=(len(names), every.shape[1]))
        return cls(tuple(names.tolist()), np.bincount(number.ravel(), minlength=len(names)), matrix)

    @property
    def width(self) -> int:
        """Number of hashed terms: `FEATURES`, or fewer in a background of an older version."""
        return int(self.counts.shape[1])

    def articles_in(self, language: str) -> int:
        """The number of articles in a language."""
        return int(self.articles[self.languages.index(language)]) if language in self.languages else 0

    def having(self, terms: NDArray[np.int64], language: str | None = None) -> NDArray[np.int64]:
        """The number of articles that have each of some hashed terms; shape (terms,).

        Args:
            terms: hashed terms.
            language: count the articles of this language only; all if None.
        """
        found = np.zeros(len(terms), np.int64)
        if self.width < FEATURES:
            terms = terms % self.width
        for row, name in enumerate(self.languages):
            if language in (None, name):
                part = slice(self.counts.indptr[row], self.counts.indptr[row + 1])
                found += values_at(terms, self.counts.indices[part], self.counts.data[part])
        return found


def summed(
    parts: Sequence[tuple[NDArray[np.integer], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Add sums by hashed term, each given as distinct terms and the sum at each; the terms returned are ascending."""
    nothing = np.empty(0, np.int64)
    terms, place = np.unique(np.concatenate([nothing, *(terms for terms, _ in parts)]), return_inverse=True)
    sums = np.zeros(len(terms), np.int64)
    np.add.at(sums, place.ravel(), np.concatenate([nothing, *(sums for _, sums in parts)]))
    return terms, sums


def values_at(terms: NDArray[np.integer], known: NDArray[np.integer], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The values of terms, 0 for one that is not known; shape (terms,).

    Args:
        terms: in any order.
        known: the terms that have a value, ascending.
        values: shape (known,).
    """
    if not len(known):
        return np.zeros(len(terms), np.int64)
    place = np.minimum(np.searchsorted(known, terms), len(known) - 1)
    return np.where(known[place] == terms, values[place], 0)
