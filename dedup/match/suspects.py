"""Pairs of texts that overlap as copies do, but may share no more than a text of their site.

Two holders do not show whether a passage is boilerplate, as three do (`dedup.vectorize.boilerplate`). It may be if the
title of neither article is about the other, or if it is at an end of both texts, and if titles and other words have
next to nothing in common. Several short lines in any order are no text either, and nor is what stands under two titles
that are each about the rest. Equal texts of `LONG` words are one text whatever their titles are; shorter ones may be a
wall under a series if neither of two titles is about them. What is left of two articles may be too few words to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.boilerplate import LEAD, PASSAGE, RELATED, UNIT, Relating, lists
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import shingles_in_order
from dedup.vectorize.misplaced_body import LONG, distinctive_words

FEWEST = 5
"""Words of the shortest text that is certainly a copy of an equal one: fewer may be the name of a column."""
LONGER = 2
"""Times that a text is longer than one of fewer than `PASSAGE` words, from which these may be any sentence of it."""
OWN = 5
"""Least words of a text outside of what two share, for these to count ..."""
IN_A_ROW = 3
"""... and how many are in a row, on average: in an edited text single words are."""
ALIKE = 3 / 4
"""Mean share of the distinctive words of each title in the other one, from which two articles are about one thing."""
IN_COMMON = 1 / 7
"""Share of the distinctive words of the shorter text, outside of what both share, that the other one must have ..."""
BY_CHANCE = 1.5
"""... and how many words are more than one word by chance, which an article of `PASSAGE` distinctive words may have."""
ABOUT_SHARED, ABOUT_REST = -0.75, 1.0
"""Two texts are about what they share, or about the rest, if the sum of what their titles have of the rest more than of
what they share, in shares of their distinctive words, is at most or at least this."""


class Examining(Relating, Protocol):
    """Relates articles, and compares their texts: `own_words`, or its kernel."""

    def own_words(
        self, words: HashedWords, pairs: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...


class Overlapping(Protocol):
    """Pairs that overlap, see `dedup.match.copies.Overlaps`."""

    @property
    def a(self) -> NDArray[np.int64]: ...

    @property
    def b(self) -> NDArray[np.int64]: ...

    @property
    def shared(self) -> NDArray[np.int64]: ...

    @property
    def sizes(self) -> NDArray[np.int64]: ...

    @property
    def jaccard(self) -> NDArray[np.float64]: ...


def is_suspected(
    words: HashedWords, by: Examining, found: Overlapping, size: int, outlets: NDArray[np.int64] | None = None
) -> NDArray[np.bool_]:
    """Whether each pair may share nothing but a text of its site.

    Args:
        words: of the articles.
        by: relates articles, and compares their texts.
        found: pairs that overlap as copies do.
        size: words in a shingle.
        outlets: the number of the outlet of each article, -1 if unknown. If given, equal texts of one outlet are
            suspected however long they are: a third title may show that they are a wall.
    """
    both = np.stack([found.a, found.b], axis=1)
    uncertain = (found.jaccard < 1) | (words.lengths(found.a) < LONG)
    if outlets is not None:
        uncertain |= (outlets[found.a] >= 0) & (outlets[found.a] == outlets[found.b])
    rows = np.flatnonzero(uncertain)
    suspected: NDArray[np.bool_] = words.lengths(found.a) < FEWEST
    if not len(rows):
        return suspected
    among, places = np.unique(both[rows], return_inverse=True)
    some, pairs, none = words.take(among), places.reshape(-1, 2), np.empty(0, np.uint64)
    languages = by.detect(some)
    parts = np.diff(some.offsets).reshape(-1, 2) > 0  # which of title and body an article has
    has_both: NDArray[np.bool_] = np.logical_and.reduce(parts[pairs].reshape(-1, 4), axis=1)
    titles = by.relations(some.take(np.arange(len(some)), bodies=False), pairs, none, languages)
    relations = by.relations(some, pairs, none, languages)
    about_others: NDArray[np.bool_] = np.logical_and(has_both, RELATED * relations < UNIT)
    have_own = found.sizes[rows].min(axis=1) - found.shared[rows] >= OWN
    is_equal = (found.jaccard[rows] == 1) & has_both
    examined = is_equal | about_others | (have_own & ~(has_both & (np.maximum(titles, relations) >= ALIKE * UNIT)))
    strange: NDArray[np.bool_] = np.logical_and(has_both, RELATED * titles < UNIT)
    shorter, longer = np.sort(words.lengths(both[rows].ravel()).reshape(-1, 2), axis=1).T
    suspected[rows[strange & (shorter < PASSAGE) & (LONGER * shorter <= longer)]] = True
    texts = _Texts(some, languages, size)
    have_own &= examined & np.logical_and.reduce(parts[pairs][:, :, 1], axis=1)
    have_own[have_own] = _are_no_edits(*by.own_words(some, pairs[have_own])).all(axis=1)
    for place in np.flatnonzero((is_equal | about_others | have_own) & examined & ~suspected[rows]).tolist():
        rest = _Rest(texts, *pairs[place].tolist())
        is_wall = found.jaccard[rows[place]] == 1 and has_both[place] and rest.is_named_by_neither
        if is_wall or (strange[place] and have_own[place] and rest.is_what_titles_are_about):
            suspected[rows[place]] = True
        elif about_others[place]:
            several_lines = shorter[place] >= LONG and not len(rest.shared_passages())
            suspected[rows[place]] = rest.is_another and (rest.has_nothing_in_common or several_lines)
        elif have_own[place] and rest.has_nothing_in_common:
            repeated = rest.shared_passages()
            suspected[rows[place]] = rest.may_be_boilerplate or bool(
                has_both[place] and len(repeated) and RELATED * texts.relation(by, rest.a, rest.b, repeated) < UNIT
            )
    return suspected


def own_words(words: HashedWords, pairs: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the words of each text of a pair that are in no shingle of the other one, and the stretches of these.

    Kernel: `vectorize.kernels.overlaps.own_words`.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2).
        size: words in a shingle.

    Returns:
        Both of shape (pairs, 2).
    """
    texts = {place: words.main(place).hashes for place in np.unique(pairs).tolist()}
    begun = {place: shingles_in_order(text, size) for place, text in texts.items()}
    known = {place: np.sort(shingles) for place, shingles in begun.items()}
    counts, stretches = np.zeros((2, len(pairs), 2), np.int64)
    for number, (a, b) in enumerate(pairs.tolist()):
        for side, (one, other) in enumerate(((a, b), (b, a))):
            own = _outside(len(texts[one]), begun[one], known[other], size)
            counts[number, side], stretches[number, side] = np.count_nonzero(own), _stretches(own)
    return counts, stretches


def _outside(count: int, shingles: NDArray[np.uint64], known: NDArray[np.uint64], size: int) -> NDArray[np.bool_]:
    """Which of the `count` words of a text are in none of its shingles that another text has too, which are sorted."""
    if not len(shingles) or not len(known):
        return np.ones(count, bool)
    begins = np.flatnonzero(known[np.minimum(np.searchsorted(known, shingles), len(known) - 1)] == shingles)
    change = np.zeros(count + 1, np.int64)
    change[begins] += 1
    np.add.at(change, np.minimum(begins + size, count), -1)
    own: NDArray[np.bool_] = np.cumsum(change[:-1]) <= 0
    return own


def _stretches(own: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(np.diff(own, prepend=False) & own))


def _are_no_edits(count: NDArray[np.int64], stretches: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether so many own words, in so many stretches, are no edits."""
    return count >= np.maximum(OWN, IN_A_ROW * stretches)


class _Texts:
    """The bodies of articles as shingles, and their words."""

    def __init__(self, words: HashedWords, languages: Sequence[str], size: int) -> None:
        self.words, self.languages, self.size = words, languages, size
        self._begun: dict[int, tuple[NDArray[np.uint64], NDArray[np.uint64]]] = {}

    def begun(self, place: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """The shingle that begins at each word, and all of them sorted."""
        if place not in self._begun:
            body = self.words.body(place)
            shingles = shingles_in_order(body, self.size) if len(body) else np.empty(0, np.uint64)
            self._begun[place] = shingles, np.sort(shingles)
        return self._begun[place]

    def relation(self, by: Relating, one: int, other: int, repeated: NDArray[np.uint64]) -> int:
        """The relation of two articles, see `dedup.vectorize.boilerplate.relations`: only these two are looked at."""
        languages = [self.languages[one], self.languages[other]]
        return int(by.relations(self.words.take([one, other]), np.array([[0, 1]]), repeated, languages)[0])

    def own(self, place: int, other: int) -> NDArray[np.bool_]:
        """Which words of a body are in no shingle of another one."""
        (shingles, _), (_, known) = self.begun(place), self.begun(other)
        return _outside(len(self.words.body(place)), shingles, known, self.size)


@dataclass(frozen=True)
class _Rest:
    """What two articles have besides the words that they share."""

    texts: _Texts
    a: int
    b: int

    @cached_property
    def _own(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        return self.texts.own(self.a, self.b), self.texts.own(self.b, self.a)

    @cached_property
    def _listing(self) -> NDArray[np.bool_]:
        """Whether each has the title of the other one in a list of headlines."""
        return lists(self.texts.words.take([self.a, self.b]), np.array([[0, 1]]))

    @property
    def is_another(self) -> bool:
        """Whether one is more than a long text that was edited."""
        counts = np.array([np.count_nonzero(own) for own in self._own])
        no_edits = _are_no_edits(counts, np.array([*map(_stretches, self._own)]))
        return bool(no_edits.any()) or min(map(len, self._own)) < LONG

    @cached_property
    def _words(self) -> list[tuple[set[int], float]]:
        """Of each the distinctive words of title and rest, and how much more its heading is about the rest."""
        found, words = [], self.texts.words
        sides = zip((self.a, self.b), (self.b, self.a), self._own, self._listing, strict=True)
        for place, other, own, is_list in sides:
            body, title, language = words.body(place), words.title(place), self.texts.languages[self.a]
            heading = distinctive_words((title if len(title) else body[:LEAD]).tolist(), language)
            rest, shared = {*body[own].tolist()}, {*body[~own].tolist()}
            about = (len(heading & rest) - len(heading & shared)) / max(1, len(heading))
            if is_list:
                rest -= {*words.title(other).tolist()}
            found.append((distinctive_words({*title.tolist(), *rest}, language), about))
        return found

    @property
    def has_nothing_in_common(self) -> bool:
        """Whether titles and other words have next to no distinctive words in common.

        Those that are in what they share too count half: they may name the subject of a whole site.
        """
        (one, _), (other, _) = self._words
        (least, most), common = sorted((len(one), len(other))), one & other
        repeated = common.intersection(self.texts.words.body(self.a)[~self._own[0]].tolist())
        by_chance = BY_CHANCE if most >= PASSAGE else 0
        return least == 0 or len(common) - len(repeated) / 2 < max(by_chance, IN_COMMON * least)

    @property
    def is_named_by_neither(self) -> bool:
        """Whether two titles differ and few of their distinctive words are in the text."""
        words, language = self.texts.words, self.texts.languages[self.a]
        one, other, body = words.title(self.a), words.title(self.b), {*words.body(self.a).tolist()}
        headings = [distinctive_words(title.tolist(), language) for title in (one, other)]
        if np.array_equal(one, other) or not all(headings):
            return False
        return RELATED * sum(len(heading & body) / len(heading) for heading in headings) < len(headings)

    @property
    def is_what_titles_are_about(self) -> bool:
        """Whether each title is about what its article has besides."""
        (one, about), (other, about_too) = self._words
        return bool(one and other) and about + about_too >= ABOUT_REST

    @property
    def may_be_boilerplate(self) -> bool:
        """Whether they share headlines, or a beginning or end of both texts, which their titles are not about."""
        if self._listing.any():
            return True
        (one, about), (other, about_too) = self._words
        if not one or not other or about + about_too < ABOUT_SHARED:
            return False
        first, second = self._own
        return not (first[0] or second[0]) or not (first[-1] or second[-1])

    def shared_passages(self) -> NDArray[np.uint64]:
        """The hashes of the passages that two articles share, sorted."""
        texts = [self.texts.words.body(place) for place in (self.a, self.b)]
        if min(map(len, texts)) < PASSAGE:
            return np.empty(0, np.uint64)
        one, other = (shingles_in_order(text, PASSAGE) for text in texts)
        found: NDArray[np.uint64] = np.intersect1d(one, other)
        return found
