"""Finds boilerplate among new articles and those that are like them.

The rules are those of a run, see `dedup.vectorize.boilerplate` and `dedup.vectorize.misplaced_body`: an article is
examined together with its most similar neighbours. They are asked only where neighbours have unrelated titles, as most
articles that are alike are about one thing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from dedup.index.boilerplate import Lesson
from dedup.vectorize.boilerplate import (
    HOLDERS,
    PASSAGE,
    RELATED,
    find_boilerplate,
    find_related,
    held_headlines,
    lists,
    passages_in,
    passages_of_bodies,
)
from dedup.vectorize.features import BEGINS_SEGMENT, IS_NUMBER, HashedWords
from dedup.vectorize.frequencies import values_at
from dedup.vectorize.hashing import terms_of
from dedup.vectorize.labels import among, has_segments, held_labels, runs_of_labels, segments
from dedup.vectorize.misplaced_body import body_digest, distinctive_words, misplaced

if TYPE_CHECKING:
    from dedup.backends import PlainBackend
    from dedup.background import Background
    from dedup.index.features.sketch import Vector
    from dedup.index.search.table import ArticleTable

_ENDS = 1, 2, 4, 8, 16
_FEW = 1_000
FREQUENT = 128
"""Articles with the rarest word of a passage from which its other rare words are sought too ..."""
_MOST_RUNS = 64
"""... if there are at most so many such passages with that word."""
Outside: TypeAlias = Callable[[HashedWords, NDArray[np.uint64]], NDArray[np.bool_]]


def lesson_of(words: HashedWords, outlets: NDArray[np.int64], backend: PlainBackend) -> Lesson:
    """Return the passages that are boilerplate among some articles, and the misplaced bodies.

    Args:
        words: of the articles.
        outlets: the number of the outlet of each, -1 if unknown.
        backend: compares words.
    """
    places = misplaced(words, outlets)
    bodies = frozenset(body_digest(words, place) for place in places)
    return Lesson(find_boilerplate(words.kept(words.outside_bodies(places)), backend), bodies)


def repeating(words: HashedWords, backend: PlainBackend) -> NDArray[np.bool_]:
    """Return which articles share a passage, a segment of a title or a body with enough others; shape (articles,).

    One other is enough for a headline.
    """
    found = np.zeros(len(words), bool)
    found[backend.held_passages(words)[1]] = found[held_headlines(words, backend)[1]] = True
    if has_segments(words):
        titles = segments(words)
        same = titles.hashes[1:] == titles.hashes[:-1]
        found[titles.places[1:][same]] = found[titles.places[:-1][same]] = True
    sums = np.zeros(len(words.hashes) + 1, np.uint64)
    np.cumsum(words.hashes, out=sums[1:])
    bodies = np.diff(sums[words.offsets])[1::2]  # equal where the words are; 0 where there are none
    order = np.argsort(bodies)
    same = (bodies[order[1:]] == bodies[order[:-1]]) & (bodies[order[1:]] > 0)
    found[order[1:][same]] = found[order[:-1][same]] = True
    return found


def refuted(
    lesson: Lesson, words: HashedWords, outlets: NDArray[np.int64], backend: PlainBackend, *, clearly: bool = False
) -> Lesson:
    """Return what of a lesson is not boilerplate among some articles, though enough of them hold it.

    Args:
        lesson: what was learned.
        words: of articles that hold it, also those that were removed.
        outlets, backend: see `lesson_of`.
        clearly: whether the articles must be clearly related.
    """
    found = lesson_of(words, outlets, backend)
    if clearly:
        held = find_related(words, backend)
    else:
        held = np.concatenate([backend.held_passages(words)[0], held_headlines(words, backend)[0]])
    labels, titles = np.unique(held_labels(words, HOLDERS)[0], return_counts=True)
    held = np.union1d(held, labels[titles >= HOLDERS])
    counts = Counter(body_digest(words, place) for place in range(len(words)) if len(words.title(place)))
    several = frozenset(digest for digest, count in counts.items() if count >= HOLDERS)
    return lesson.shared(Lesson(np.unique(held), several)).without(found)


def lesson_held_by(words: HashedWords, background: Background, outside: Outside) -> Lesson:
    """Return all passages of an article, and its bodies, before and after each removal of boilerplate, as a lesson.

    Args:
        words: of the article.
        background: with the boilerplate.
        outside: see `Background.own_words`.
    """
    every = [words]

    def seen(words: HashedWords, passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
        every.append(words)
        return outside(words, passages)

    background.own_words(words, seen)
    bodies = frozenset(body_digest(some, 0) for some in every if len(some.body(0)) > 0 < len(some.title(0)))
    return Lesson(np.unique(np.concatenate([passages_in(some) for some in every])), bodies)


class Strangers:
    """Selects the articles to examine together.

    Args:
        words: of the articles.
        languages: the language of each.
    """

    def __init__(self, words: HashedWords, languages: Sequence[str]) -> None:
        self._words, self._languages = words, languages
        self._titles: dict[int, dict[tuple[int, ...], set[int]]] = {}

    def worth(self, article: int, others: Sequence[int]) -> bool:
        """Return whether boilerplate may be found among an article and others that are like it."""
        strangers: list[int] = []
        for other in others:
            if self._are_strangers(article, other):
                strangers.append(other)
                if len(strangers) >= HOLDERS - 1:
                    return True
        words, body = self._words, self._words.body(article)
        if not len(body):
            return False
        if any(np.array_equal(body, words.body(other)) for other in strangers):
            return True
        if strangers and lists(words, np.array([[article, other] for other in strangers])).any():
            return True
        equal = [other for other in others if np.array_equal(body, words.body(other))]  # under a series of titles
        return len(equal) >= HOLDERS - 1 and misplaced(words.take(np.array([article, *equal]))) != []

    def _are_strangers(self, one: int, other: int) -> bool:
        """Return whether two titles have few distinctive words in common, apart from equal segments."""
        first, second = self._segments(one), self._segments(other)
        a, b = (
            set[int]().union(*(words for segment, words in mine.items() if segment not in others))
            for mine, others in ((first, second), (second, first))
        )
        return RELATED * len(a & b) < max(1, min(len(a), len(b)))

    def _segments(self, place: int) -> dict[tuple[int, ...], set[int]]:
        """Return the distinctive words of each segment of a title."""
        if place not in self._titles:
            words = self._words
            start, middle = words.offsets[2 * place : 2 * place + 2].tolist()
            heading = slice(start, middle) if middle > start else slice(middle, middle + PASSAGE)
            begins = np.flatnonzero(words.flags[heading] & BEGINS_SEGMENT)
            segments = map(tuple, (part.tolist() for part in np.split(words.hashes[heading], begins)))
            language = self._languages[place]
            self._titles[place] = {segment: distinctive_words(segment, language) for segment in segments}
        return self._titles[place]


def possible_holders(
    lesson: Lesson,
    words: HashedWords,
    vectors: Sequence[Vector],
    removed: Callable[[HashedWords], NDArray[np.bool_]],
    table: ArticleTable,
    have_lost: Callable[[NDArray[np.int64]], NDArray[np.bool_]],
) -> set[int]:
    """Return the numbers of the articles in a table that may hold what was learned.

    These have the rarest word of a passage, or an infrequent one of an end of all that was removed: the rest of it may
    have been removed before, with other boilerplate that overlaps. If `FREQUENT` articles have the word that
    weighs most, that of the fewest articles is the rarest, and where nothing was removed before, the other rare
    words of the passage must be there too.

    Args:
        lesson: what was learned.
        words: words of the articles among which it was found.
        vectors: their vectors.
        removed: returns which words of articles are boilerplate now.
        table: all articles.
        have_lost: returns whether words of the bodies of the articles in some slots were removed before.
    """
    at_ends, left, gone = set[int](), lesson.passages, removed(words)
    runs: list[_Runs] = []
    labels = runs_of_labels(words, lesson.passages)  # a label may stay in these titles, and go in others
    for place in sorted({*np.flatnonzero(articles_with(words, gone)).tolist(), *labels}):
        middle, end = words.offsets[2 * place + 1 : 2 * place + 3].tolist()
        title, vector = middle - int(words.offsets[2 * place]), vectors[place]
        held = passages_of_bodies(words.part(place, place + 1))
        some = among(held.hashes, left)
        left = np.setdiff1d(left, held.hashes[some])
        body = _Runs.of(words.body(place), held.begins[some] - title, held.ends[some] - title, vector)
        runs.append(body)
        begins, ends = np.flatnonzero(np.diff(gone[middle:end], prepend=False, append=False)).reshape(-1, 2).T
        for length in _ENDS:
            at_ends |= {*body.rarest(begins, np.minimum(begins + length, ends))[1]}
            at_ends |= {*body.rarest(np.maximum(begins, ends - length), ends)[1]}
        for label in labels.get(place, ()):
            runs += _runs_of_label(words, label, vector)
    having = cache(table.words.having)
    terms, beside = set[int](), defaultdict[int, set[tuple[int, ...]]](set)
    for each in runs:
        for run, term in zip(*each.rarest(each.begins, each.ends), strict=True):
            if len(having(term)) < FREQUENT:
                terms.add(term)
            else:
                others = each.rare_in(run)
                beside[min((len(having(other)), other) for other in others)[1]].add(others)
    found, doubtful = np.zeros(len(table.number), np.bool_), np.zeros(len(table.number), np.bool_)
    for term, sets in beside.items():
        if len(sets) > _MOST_RUNS:
            terms.add(term)
            continue
        doubtful[having(term)] = True
        for others in sets:
            count = np.zeros(len(found), np.uint8)
            for other in others:
                count[having(other)] += 1
            found |= count == len(others)
    for term in terms:
        found[having(term)] = True
    for term in at_ends - terms:
        if len(having(term)) < _FEW:
            found[having(term)] = True
    rest = np.flatnonzero(doubtful & ~found)
    found[rest[have_lost(rest)]] = True
    return {*table.number[found].tolist()}


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Runs of words, of which the rarest words are those with the highest weights in the vector of their article.

    Attributes:
        terms, weights: of each word; a weight of 0 for those that are not in the vector.
        begins, ends: where each run begins and ends.
    """

    terms: NDArray[np.int64]
    weights: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, words: NDArray[np.uint32], begins: NDArray[np.int64], ends: NDArray[np.int64], vector: Vector) -> Self:
        terms = terms_of(words)
        return cls(terms, values_at(terms, vector.terms, vector.weights.astype(np.int64)), begins, ends)

    def rarest(self, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[list[int], list[int]]:
        """Return which of some runs have a word in the vector, and the term of the rarest of each."""
        runs, found = list[int](), list[int]()
        for length in np.unique(ends - begins).tolist():
            some = np.flatnonzero(ends - begins == length)
            heaviest = begins[some] + np.argmax(sliding_window_view(self.weights, length)[begins[some]], axis=1)
            known = self.weights[heaviest] > 0
            runs += some[known].tolist()
            found += self.terms[heaviest[known]].tolist()
        return runs, found

    def rare_in(self, run: int) -> tuple[int, ...]:
        """Return the terms of a run with at least half the highest weight in it, ascending."""
        span = slice(self.begins[run], self.ends[run])
        weights = self.weights[span]
        return (*np.unique(self.terms[span][2 * weights >= weights.max()]).tolist(),)


def _runs_of_label(words: HashedWords, label: slice, vector: Vector) -> list[_Runs]:
    """Return a label, whose numbers may be others; all words of its title, one by one, if no other is in the vector."""
    own = words.hashes[label][words.flags[label] & IS_NUMBER == 0]
    run = _Runs.of(own, np.array([0]), np.array([len(own)]), vector)
    if run.weights.any():
        return [run]
    part = int(np.searchsorted(words.offsets, label.start, side="right")) - 1
    title = words.hashes[words.offsets[part] : words.offsets[part + 1]]
    return [_Runs.of(title, np.arange(len(title)), np.arange(len(title)) + 1, vector)]


def articles_with(words: HashedWords, some: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which articles have some of the words; shape (articles,)."""
    found: NDArray[np.bool_] = np.diff(np.concatenate([[0], np.cumsum(some)])[words.offsets[::2]]) > 0
    return found
