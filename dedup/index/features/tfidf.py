"""Vectors of single articles under a fixed background: what `tfidf` and `general_matrix` of `vectorize` return.

These compute the idf of the terms at hand. Here the idf of all terms is computed once for each language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.index.search.segments import Reals
from dedup.match.stories import smoothed_mean
from dedup.vectorize.background import languages as languages_with_table
from dedup.vectorize.exact import DOT_UNIT, WEIGHT_UNIT
from dedup.vectorize.features import IS_NUMBER, Features
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.hashing import FEATURES, buckets_of, terms_of
from dedup.vectorize.tfidf import idf_by_language, log_frequency, table, term_weight, unit_weights

if TYPE_CHECKING:
    from dedup.background import Background
    from dedup.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class UnitVectors:
    """Unit vectors of articles, concatenated.

    Attributes:
        indptr: where the terms of each article begin, shape (articles + 1,).
        terms, weights, crossing: see `sketch.Vector`.
        background_similarity: shape (articles,).
    """

    indptr: NDArray[np.int64]
    terms: NDArray[np.int32]
    weights: NDArray[np.uint16]
    crossing: NDArray[np.bool_]
    background_similarity: NDArray[np.float64]


class Weigher:
    """Computes TF-IDF vectors under a background.

    Args:
        settings: those of the index.
        background: that of the index.
        fast: whether to use a kernel.
    """

    def __init__(self, settings: Settings, background: Background, *, fast: bool) -> None:
        self._settings, self._background, self._fast = settings, background, fast
        self._idf: dict[str, Reals] = {}
        self._ratio: dict[str, Reals] = {}
        terms, general = background.terms.astype(np.int32), background.general_sums
        buckets = buckets_of(terms)
        self._sums = terms, buckets, np.append(background.sums, 0)
        self._general_sums = self._sums if general is None else (terms, buckets, np.append(general, 0))
        self._is_old = background.frequencies.width < FEATURES

    def weigh(self, features: Features, languages: Sequence[str]) -> UnitVectors:
        """The vectors of articles, without entries of 0.

        Kernel: `index.features.kernels.weigh`.

        Args:
            features: of the articles.
            languages: the language of each article.
        """
        count, terms, indptr = len(features), features.terms, features.indptr
        given, capital_weight, tables = np.array(languages), self._settings.capital_weight, []
        for language in sorted(set(languages)):
            rows = np.flatnonzero(given == language)
            table = self._idf_among(language, np.unique(terms)) if self._is_old else self._idf_of(language)
            tables.append((rows, table))
        if self._fast:
            from dedup.index.features.kernels import weigh

            short = self._short(terms)
            indptr, terms, units, crossing, products = weigh(features, tables, float(capital_weight), short, self._sums)
            return UnitVectors(indptr, terms, units, crossing, self._similarity(products))
        row_of = np.repeat(np.arange(count), np.diff(indptr))
        idf, sums = np.empty(len(terms)), np.empty(len(terms), np.int64)
        for rows, table in tables:
            look_up(rows, indptr, terms, *table, idf)
        look_up(np.arange(count), indptr, self._short(terms), *self._sums, sums)
        every = features.every.astype(np.float64)
        weighed = term_weight(idf, log_frequency(every), every, features.capitals, capital_weight)
        weights, products = unit_weights(weighed, row_of, count), np.zeros(count, np.int64)
        np.add.at(products, row_of, weights * sums)
        some = weights > 0
        crossing = (features.capitals > 0) | _are_figures(features, row_of)
        indptr = np.concatenate([[0], np.cumsum(some)])[indptr]
        units = weights[some].astype(np.uint16)
        return UnitVectors(indptr, terms[some], units, crossing[some], self._similarity(products))

    def _similarity(self, products: NDArray[np.int64]) -> NDArray[np.float64]:
        """Background similarities from dot products with sums of vectors of the background."""
        return smoothed_mean(products.astype(np.float64) * DOT_UNIT, self._background.articles)

    def weigh_generally(
        self,
        indptr: NDArray[np.int64],
        terms: NDArray[np.int32],
        weights: NDArray[np.uint16],
        languages: Sequence[str],
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Weigh the vectors of articles by news in general; see `dedup.vectorize.general` and its `general_matrix`.

        Args:
            indptr: where the terms of each article begin, shape (articles + 1,).
            terms, weights: see `UnitVectors`.
            languages: the language of each article.

        Returns:
            The weights in `WEIGHT_UNIT`, shape (terms,), and the background similarities under them, shape (articles,).
        """
        count, general, write_values = len(languages), weights.astype(np.int64), self._look_up()
        row_of = np.repeat(np.arange(count), np.diff(indptr))
        if self._background.frequencies.articles.any():
            ratio = np.ones(len(terms))
            for language in sorted({*languages} & {*languages_with_table()}):
                rows = np.array([row for row, name in enumerate(languages) if name == language], np.int64)
                known = self._ratio_among(language, np.unique(terms)) if self._is_old else self._ratio_of(language)
                write_values(rows, indptr, terms, *known, ratio)
            general = unit_weights(general * WEIGHT_UNIT * ratio, row_of, count)
        sums, total = np.empty(len(terms), np.int64), np.zeros(count, np.int64)
        write_values(np.arange(count), indptr, self._short(terms), *self._general_sums, sums)
        np.add.at(total, row_of, general * sums)
        return general, self._similarity(total)

    def _look_up(self) -> Callable[..., None]:
        """The kernel or the plain form of `look_up`."""
        if self._fast:
            from dedup.index.features import kernels

            return kernels.look_up
        return look_up

    def _short(self, terms: NDArray[np.int32]) -> NDArray[np.int32]:
        """Terms as the sums of the background have them."""
        return (terms % self._background.frequencies.width).astype(np.int32) if self._is_old else terms

    def _ratio_of(self, language: str) -> Reals:
        """The known terms, see `_idf_of`, and what their weights in articles of a language are multiplied by."""
        if language not in self._ratio:
            self._ratio[language] = self._ratio_among(language, self._idf_of(language)[0])
        return self._ratio[language]

    def _ratio_among(self, language: str, terms: NDArray[np.integer]) -> Reals:
        """Terms, ascending; their idf in news in general over that in the collection, and that of any other term."""
        known, buckets, before = self._idf_among(language, terms)
        _, _, after = self._idf_among(language, terms, Frequencies.none())
        return known, buckets, after / np.where(before > 0, before, 1.0)

    def _idf_of(self, language: str) -> Reals:
        """The terms whose idf in articles of a language is known, ascending; their idf, and that of any other term.

        Known are the terms of the background and the common words of the language.
        """
        if language not in self._idf:
            counts = self._background.frequencies.counts
            held = np.unique(np.concatenate([counts.indices, table(language)[0]]))
            self._idf[language] = self._idf_among(language, held)
        return self._idf[language]

    def _idf_among(self, language: str, terms: NDArray[np.integer], frequencies: Frequencies | None = None) -> Reals:
        """Terms, ascending; their idf in articles of a language, and that of a term that no article has.

        By the document frequencies of the background, or others.
        """
        asked = np.append(terms.astype(np.int64), FEATURES)
        given = self._background.frequencies if frequencies is None else frequencies
        ((_, idf),) = idf_by_language(asked, [language], given, self._settings)
        return terms.astype(np.int32), buckets_of(terms), idf


def look_up(
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    terms: NDArray[np.int32],
    known: NDArray[np.int32],
    buckets: NDArray[np.int32],  # noqa: ARG001 - for the kernel
    values: NDArray[np.int64] | NDArray[np.float64],
    found: NDArray[np.int64] | NDArray[np.float64],
) -> None:
    """Write the values of the terms of some rows, by a table of known terms.

    Kernel: `index.features.kernels.look_up`.

    Args:
        rows: the rows.
        indptr: where the terms of each row begin, shape (rows + 1,).
        terms: ascending in each row.
        known: the terms of the table, ascending.
        buckets: see `buckets_of`.
        values: the value of each known term, and after them that of all others; shape (known terms + 1,).
        found: where the values are written, shape (terms,).
    """
    inside = np.zeros(len(indptr) - 1, np.bool_)
    inside[rows] = True
    some = np.repeat(inside, np.diff(indptr))
    place = np.searchsorted(known, terms[some])
    is_known = np.append(known, -1)[place] == terms[some]
    found[some] = values[np.where(is_known, place, len(known))]


def _are_figures(features: Features, row_of: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which terms are numbers in their own article."""
    words = features.words
    numbers = np.flatnonzero(words.flags & IS_NUMBER)
    holder = np.searchsorted(words.offsets[2::2], numbers, side="right")
    keys = row_of * FEATURES + features.terms  # ascending
    found = np.zeros(len(keys) + 1, np.bool_)  # the last for words that were not counted
    wanted = holder * FEATURES + terms_of(words.hashes[numbers])
    place = np.searchsorted(keys, wanted)
    found[place] = np.append(keys, -1)[place] == wanted
    return found[:-1]
