"""The vectors of a few articles under a fixed background: what `vectorize.tfidf.tfidf` gives.

That prepares for a whole collection at once. Here what is known of each term is looked up for the few at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.match.stories import USUAL, USUAL_COUNT
from dedup.vectorize import background as tables
from dedup.vectorize.exact import WEIGHT_UNIT, ln
from dedup.vectorize.features import IS_NUMBER, Features
from dedup.vectorize.hashing import FEATURES, terms_of
from dedup.vectorize.language import UNKNOWN
from dedup.vectorize.light import hashes_of
from dedup.vectorize.reference import COUNT_UNIT
from dedup.vectorize.tfidf import FINE, idf

if TYPE_CHECKING:
    from dedup.background import Background
    from dedup.settings import Settings

_TABLE = 1 << 16
"""Counts below which logarithms are taken once for each count, not for each entry."""
_Columns = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class UnitVectors:
    """Unit vectors, one after the other.

    Attributes:
        indptr: where each begins, shape (articles + 1,).
        terms, weights, crossing: see `sketch.Vector`.
        background_similarity: shape (articles,).
    """

    indptr: NDArray[np.int64]
    terms: NDArray[np.int32]
    weights: NDArray[np.uint16]
    crossing: NDArray[np.bool_]
    background_similarity: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Rarities:
    """How rare terms are in articles of one language.

    Attributes:
        terms: those that anything is known of, ascending; int32.
        values: of each.
        elsewhere: of any other.
    """

    terms: NDArray[np.int32]
    values: NDArray[np.float64]
    elsewhere: float


class Weigher:
    """Weighs articles under a background.

    Args:
        settings: those of the index.
        background: that of the index.
        fast: whether a kernel does it.
    """

    def __init__(self, settings: Settings, background: Background, *, fast: bool) -> None:
        self._settings, self._background, self._fast = settings, background, fast
        self._tables: dict[str, _Columns | None] = {}
        self._rarities: dict[str, _Rarities] = {}
        counts = background.frequencies.counts
        self._rows = {
            name: (
                counts.indices[counts.indptr[row] : counts.indptr[row + 1]].astype(np.int64),
                counts.data[counts.indptr[row] : counts.indptr[row + 1]].astype(np.int64),
            )
            for row, name in enumerate(background.frequencies.languages)
        }
        terms, place = np.unique(counts.indices.astype(np.int64), return_inverse=True)
        total = np.zeros(len(terms), np.int64)
        np.add.at(total, place.ravel(), counts.data.astype(np.int64))
        self._total = (terms, total)
        self._articles = int(background.frequencies.articles.sum())

    def weigh(self, features: Features, languages: Sequence[str]) -> UnitVectors:
        """The vectors of articles, entries of 0 left out.

        Kernel: `index.features.kernels.weighed`.

        Args:
            features: of the articles.
            languages: of each.
        """
        if self._fast:
            return self._by_kernel(features, languages)
        count, terms = len(features), features.terms
        row_of = np.repeat(np.arange(count), np.diff(features.indptr))
        distinct, place = (terms, slice(None)) if count == 1 else np.unique(terms, return_inverse=True)
        spoken = sorted(set(languages))
        rarity = self._rarity(distinct.astype(np.int64), spoken[0])[place] if spoken else np.empty(0)
        told = np.array(languages, dtype=object)
        for language in spoken[1:]:
            mine = told[row_of] == language
            rarity[mine] = self._rarity(terms[mine].astype(np.int64), language)
        every = features.every.astype(np.float64)
        most = int(features.every.max(initial=0))
        if count > 1 and most < _TABLE:
            rarity = rarity * _damped(np.arange(most + 1.0))[features.every]
        else:
            rarity = rarity * _damped(every)
        rarity *= 1 + (self._settings.capital_weight - 1) * features.capitals.astype(np.float64) / every
        weights = _unit(rarity, row_of, count)
        some = weights > 0
        crossing = (features.capitals > 0) | _are_figures(features, terms, row_of)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row_of[some], minlength=count))]).astype(np.int64)
        background_similarity = self._background_similarity(distinct, place, weights, row_of, count)
        return UnitVectors(indptr, terms[some], weights[some].astype(np.uint16), crossing[some], background_similarity)

    def _by_kernel(self, features: Features, languages: Sequence[str]) -> UnitVectors:
        from dedup.index.features.kernels import weighed

        count, words = len(features), features.words
        weights, crossing = np.empty(len(features.terms), np.uint16), np.empty(len(features.terms), np.bool_)
        totals = np.zeros(count, np.int64)
        loudness = self._loudness
        most = int(features.every.max(initial=0))
        if most >= len(loudness):
            loudness = _damped(np.arange(most + 1.0))
        for language in sorted(set(languages)):
            rows = np.array([row for row, spoken in enumerate(languages) if spoken == language], np.int64)
            known = self._known(language)
            weighed(
                rows, features.indptr, features.terms, features.every, features.capitals, known.terms, known.values,
                known.elsewhere, loudness, float(self._settings.capital_weight - 1), FINE, WEIGHT_UNIT, self._common,
                self._background.sums, words.offsets, words.hashes, words.flags, IS_NUMBER, FEATURES, weights, crossing,
                totals,
            )  # fmt: skip
        indptr, terms, some = features.indptr, features.terms, weights > 0
        if not some.all():
            indptr = np.concatenate([[0], np.cumsum(some)])[indptr]
            terms, weights, crossing = terms[some], weights[some], crossing[some]
        return UnitVectors(indptr, terms, weights, crossing, self._leaning(totals))

    @cached_property
    def _loudness(self) -> NDArray[np.float64]:
        return _damped(np.arange(float(_TABLE)))

    @cached_property
    def _common(self) -> NDArray[np.int32]:
        return self._background.terms.astype(np.int32)

    def _known(self, language: str) -> _Rarities:
        """What is known of terms for articles of a language, looked up once."""
        if language not in self._rarities:
            nothing = np.empty(0, np.int64)
            parts = [part[0] for part in (self._total, self._rows.get(language), self._table(language)) if part]
            terms = np.unique(np.concatenate([nothing, *parts]))
            unknown = np.flatnonzero(np.diff(np.append(terms, FEATURES)) > 1)  # a place after which a term is missing
            strange = np.array([int(terms[unknown[0]]) + 1 if len(unknown) else 0], np.int64)
            values = self._rarity(np.append(terms, strange), language)
            self._rarities[language] = _Rarities(terms.astype(np.int32), values[:-1], float(values[-1]))
        return self._rarities[language]

    def _rarity(self, terms: NDArray[np.int64], language: str) -> NDArray[np.float64]:
        table = self._table(language)
        own_articles = self._background.frequencies.articles_in(language)
        return idf(
            _at(self._total, terms),
            self._articles,
            _at(self._rows.get(language), terms),
            own_articles,
            None if table is None else _at(table, terms),
            language,
            self._settings.background,
        )

    def _table(self, language: str) -> _Columns | None:
        """The common terms of a language, ascending, and their shares; None where nothing is known of it."""
        if language not in self._tables:
            known = language != UNKNOWN and language in tables.languages()
            self._tables[language] = _common(language) if known else None
        return self._tables[language]

    def _background_similarity(
        self,
        distinct: NDArray[np.int32],
        place: slice | NDArray[np.intp],
        weights: NDArray[np.int64],
        row_of: NDArray[np.int64],
        count: int,
    ) -> NDArray[np.float64]:
        """What `Background.ordinariness` gives, by sums of whole numbers."""
        total = np.zeros(count, np.int64)
        if len(self._background.terms):
            sums = _at((self._background.terms, self._background.sums), distinct.astype(np.int64))[place]
            np.add.at(total, row_of, weights * sums)
        return self._leaning(total)

    def _leaning(self, total: NDArray[np.int64]) -> NDArray[np.float64]:
        leaning: NDArray[np.float64] = (total * WEIGHT_UNIT**2 + USUAL_COUNT * USUAL) / (
            self._background.articles + USUAL_COUNT
        )
        return leaning


def _damped(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much a term counts more for standing in a text so many times."""
    damped: NDArray[np.float64] = 1 + ln(np.maximum(times * COUNT_UNIT, 1.0))
    return damped


def _unit(weights: NDArray[np.float64], row_of: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    whole = np.rint(weights * FINE).astype(np.int64)
    squares = np.zeros(count, np.int64)
    np.add.at(squares, row_of, whole * whole)
    length = np.sqrt(np.maximum(squares, 1).astype(np.float64))
    unit: NDArray[np.int64] = np.rint(whole / length[row_of] / WEIGHT_UNIT).astype(np.int64)
    return unit


def _are_figures(features: Features, terms: NDArray[np.int32], row_of: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which terms are numbers in their own article."""
    words = features.words
    numbers = np.flatnonzero(words.flags & IS_NUMBER)
    holder = np.searchsorted(words.offsets[2::2], numbers, side="right")
    keys = holder * FEATURES + terms_of(words.hashes[numbers])
    every = row_of * FEATURES + terms  # ascending
    found = np.zeros(len(every), np.bool_)
    at = np.searchsorted(every, keys)
    inside = at < len(every)
    at = at[inside]
    found[at[every[at] == keys[inside]]] = True
    return found


def _common(language: str) -> _Columns:
    shares = tables.shares(language)
    terms, share = terms_of(hashes_of(list(shares))), np.fromiter(shares.values(), np.float64, len(shares))
    some, place = np.unique(terms, return_inverse=True)
    most = np.zeros(len(some))
    np.maximum.at(most, place.ravel(), share)  # of words that share a term the commonest
    return some, most


def _at(known: tuple[NDArray[np.int64], NDArray[Any]] | None, terms: NDArray[np.int64]) -> NDArray[Any]:
    """What is known of terms, 0 where nothing is."""
    if known is None or not len(known[0]):
        return np.zeros(len(terms), np.int64)
    place = np.minimum(np.searchsorted(known[0], terms), len(known[0]) - 1)
    return np.where(known[0][place] == terms, known[1][place], 0)
