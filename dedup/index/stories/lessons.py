"""Finds boilerplate among new articles and those that are like them.

The rules are those of a run, see `dedup.vectorize.boilerplate` and `dedup.vectorize.misplaced_body`: an article is
examined together with its most similar neighbours. They are asked only where neighbours have unrelated titles, as most
articles that are alike are about one thing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.index.boilerplate import Lesson
from dedup.vectorize.boilerplate import (
    HOLDERS,
    PASSAGE,
    RELATED,
    find_boilerplate,
    find_related,
    passages_in,
    passages_of_body,
)
from dedup.vectorize.features import BEGINS_SEGMENT, HashedWords
from dedup.vectorize.hashing import terms_of
from dedup.vectorize.misplaced_body import body_digest, distinctive_words, misplaced

if TYPE_CHECKING:
    from dedup.backends import PlainBackend
    from dedup.index.features.sketch import Vector
    from dedup.index.search.table import ArticleTable

_AT_ONCE = 256


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
    held = find_related(words, backend) if clearly else backend.held_passages(words)[0]
    counts = Counter(body_digest(words, place) for place in range(len(words)) if len(words.title(place)))
    several = frozenset(digest for digest, count in counts.items() if count > 1)
    return lesson.shared(Lesson(np.unique(held), several)).without(found)


def lesson_held_by(words: HashedWords, place: int) -> Lesson:
    """Return all passages of an article, and its body, as a lesson."""
    has_both = len(words.body(place)) > 0 < len(words.title(place))
    bodies = frozenset([body_digest(words, place)] if has_both else [])
    return Lesson(passages_in(words, place), bodies)


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
        strangers = [other for other in others if self._are_strangers(article, other)]
        if len(strangers) >= HOLDERS - 1:
            return True
        body = self._words.body(article)
        return len(body) > 0 and any(np.array_equal(body, self._words.body(other)) for other in strangers)

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


def find_holders(
    lesson: Lesson,
    words: HashedWords,
    vectors: Sequence[Vector],
    removed: Callable[[HashedWords], NDArray[np.bool_]],
    table: ArticleTable,
    words_of: Callable[[Sequence[int]], HashedWords],
) -> list[int]:
    """Return the numbers of the articles in a table that hold what was learned, in ascending order.

    A holder of a passage has all of its words, so only articles with the rarest of them are examined.

    Args:
        lesson: what was learned.
        words: words of the articles among which it was found.
        vectors: their vectors.
        removed: returns which words of articles are boilerplate now.
        table: all articles.
        words_of: returns the words of articles by number.
    """
    terms, left = set[int](), {*lesson.passages.tolist()}
    for place in np.flatnonzero(articles_with(words, removed(words))).tolist():
        body, vector = words.body(place), vectors[place]
        hashes, begins, ends = passages_of_body(words, place)
        for passage, begin, end in zip(hashes.tolist(), begins.tolist(), ends.tolist(), strict=True):
            if passage in left:
                left.discard(passage)
                terms |= _rarest(body[begin:end], vector)
        one = words.part(place, place + 1)
        title = len(words.title(place))
        terms |= _rarest(one.hashes[:title][removed(one)[:title]], vector)
        if body_digest(words, place) in lesson.bodies:
            terms |= _rarest(body, vector)
    slots = np.unique(np.concatenate([np.empty(0, np.int64), *map(table.words.having, sorted(terms))]))
    numbers, holders = sorted(table.number[slots].tolist()), list[int]()
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        given = words_of(some)
        holders += np.array(some, np.int64)[articles_with(given, removed(given))].tolist()
    return holders


def _rarest(words: NDArray[np.uint32], vector: Vector) -> set[int]:
    """Return the term of some words that has the highest weight in a vector, as a set; empty if none is in it."""
    known = np.flatnonzero(np.isin(vector.terms, terms_of(words)))
    return {int(vector.terms[known[np.argmax(vector.weights[known])]])} if len(known) else set()


def articles_with(words: HashedWords, some: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which articles have some of the words; shape (articles,)."""
    found: NDArray[np.bool_] = np.diff(np.concatenate([[0], np.cumsum(some)])[words.offsets[::2]]) > 0
    return found
