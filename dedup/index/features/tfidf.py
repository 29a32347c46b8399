"""TF-IDF vectors of single articles under a fixed background: what `dedup.vectorize.tfidf.tfidf` returns.

That function computes the idf of the terms at hand. Here the idf of all terms is computed once for each language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.match.stories import smoothed_mean
from dedup.vectorize.exact import DOT_UNIT
from dedup.vectorize.features import IS_NUMBER, Features
from dedup.vectorize.hashing import FEATURES, terms_of
from dedup.vectorize.tfidf import idf_by_language, log_frequency, table, term_weight, unit_weights

if TYPE_CHECKING:
    from dedup.background import Background
    from dedup.settings import Settings

_Value = TypeVar("_Value", np.int64, np.float64)


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
        self._idf: dict[str, tuple[NDArray[np.int32], NDArray[np.float64], float]] = {}
        self._sums = background.terms.astype(np.int32), background.sums

    def weigh(self, features: Features, languages: Sequence[str]) -> UnitVectors:
        """The vectors of articles, without entries of 0.

        Args:
            features: of the articles.
            languages: the language of each article.
        """
        count, terms, indptr = len(features), features.terms, features.indptr
        row_of = np.repeat(np.arange(count), np.diff(indptr))
        idf, of = np.empty(len(terms)), np.array(languages, dtype=object)[row_of] if len(set(languages)) > 1 else None
        for language in sorted(set(languages)):
            mine = slice(None) if of is None else of == language
            idf[mine] = self._idf_of(language, terms[mine])
        if self._fast:
            from dedup.vectorize.kernels.tfidf import weigh

            weigh(features, self._settings.capital_weight, idf)
            weights = idf.astype(np.int64)
        else:
            every, capital_weight = features.every.astype(np.float64), self._settings.capital_weight
            given = term_weight(idf, log_frequency(every), every, features.capitals, capital_weight)
            weights = unit_weights(given, row_of, count)
        total = np.zeros(count, np.int64)
        np.add.at(total, row_of, weights * _look_up(terms, *self._sums, 0))
        similarity = smoothed_mean(total.astype(np.float64) * DOT_UNIT, self._background.articles)
        some = weights > 0
        crossing = (features.capitals > 0) | _are_figures(features, row_of)
        indptr = np.concatenate([[0], np.cumsum(some)])[indptr]
        return UnitVectors(indptr, terms[some], weights[some].astype(np.uint16), crossing[some], similarity)

    def _idf_of(self, language: str, terms: NDArray[np.int32]) -> NDArray[np.float64]:
        """The idf of terms in articles of a language, from a table that is made when it is first needed.

        The table has the terms of the background, the common words of the language, and one more: every other term
        has the idf of that one.
        """
        if language not in self._idf:
            frequencies, known = self._background.frequencies, np.zeros(FEATURES + 1, np.bool_)
            known[frequencies.counts.indices] = known[table(language)[0]] = True
            other = int(np.argmin(known))
            known[other] = True
            held = np.flatnonzero(known)
            ((_, idf),) = idf_by_language(held, [language], frequencies, self._settings)
            self._idf[language] = held.astype(np.int32), idf, float(idf[np.searchsorted(held, other)])
        return _look_up(terms, *self._idf[language])


def _look_up(
    terms: NDArray[np.int32], known: NDArray[np.int32], values: NDArray[_Value], otherwise: float
) -> NDArray[_Value]:
    """The values of terms by a table of `known` terms, ascending; `otherwise` for those that are not in it."""
    if not len(known):
        return np.full(len(terms), otherwise, values.dtype)
    place = np.minimum(np.searchsorted(known, terms), len(known) - 1)
    return np.where(known[place] == terms, values[place], values.dtype.type(otherwise))


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
