"""Pairs of texts that overlap as copies do, but may share no more than a text of their site.

Two holders do not show whether a passage is boilerplate, as three do (`dedup.vectorize.boilerplate`). It may be if the
title of neither article is about the other, or if it is at an end of both texts, and if titles and other words have
next to nothing in common. Equal texts of `LONG` words are one text whatever their titles are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.boilerplate import LEAD, PASSAGE, RELATED, UNIT
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import shingles_in_order
from dedup.vectorize.language import language_of
from dedup.vectorize.misplaced_body import LONG, distinctive_words

OWN = 5
"""Least words of each of two texts outside of what both share, for these to be compared."""
ALIKE = 3 / 4
"""Mean share of the distinctive words of each title in the other one, from which two articles are about one thing."""
IN_COMMON = 1 / 8
"""Share of the distinctive words of the shorter text, outside of what both share, that the other one must have."""
ABOUT_SHARED = -0.75
"""Two texts are about what they share if their titles have so many more words there than in the rest."""


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


class Relating(Protocol):
    """Relates articles: see `dedup.vectorize.boilerplate` and `dedup.vectorize.language`."""

    def detect(self, words: HashedWords) -> list[str]: ...

    def relations(
        self, words: HashedWords, pairs: NDArray[np.int64], repeated: NDArray[np.uint64], languages: Sequence[str]
    ) -> NDArray[np.int64]: ...


def is_suspected(words: HashedWords, by: Relating, found: Overlapping, size: int) -> NDArray[np.bool_]:
    """Whether each pair may share nothing but a text of its site.

    Args:
        words: of the articles.
        by: relates articles.
        found: pairs that overlap as copies do.
        size: words in a shingle.
    """
    both = np.stack([found.a, found.b], axis=1)
    rows = np.flatnonzero((found.jaccard < 1) | (words.lengths(found.a) < LONG))
    suspected = np.zeros(len(both), np.bool_)
    if not len(rows):
        return suspected
    among, places = np.unique(both[rows], return_inverse=True)
    some, pairs, none = words.take(among), places.reshape(-1, 2), np.empty(0, np.uint64)
    languages = by.detect(some)
    parts = np.diff(some.offsets).reshape(-1, 2) > 0  # which of title and body an article has
    has_both: NDArray[np.bool_] = np.logical_and.reduce(parts[pairs].reshape(-1, 4), axis=1)

    def apart(a: int, b: int) -> bool:
        """Whether the titles are not about the other article's own words."""
        relation = by.relations(some, np.array([[a, b]]), _shared_passages(some, a, b), languages)
        return int(RELATED * relation[0]) < UNIT

    titles = by.relations(some.take(np.arange(len(some)), bodies=False), pairs, none, languages)
    relations = by.relations(some, pairs, none, languages)
    about_others: NDArray[np.bool_] = np.logical_and(has_both, RELATED * relations < UNIT)
    have_own = found.sizes[rows].min(axis=1) - found.shared[rows] >= OWN
    examined = about_others | (have_own & ~(has_both & (titles >= ALIKE * UNIT)))
    for place in np.flatnonzero(examined).tolist():
        a, b = pairs[place].tolist()
        rest = _Rest.of(some, (a, b), size)
        if rest.has_nothing_in_common:
            suspected[rows[place]] = about_others[place] or rest.may_be_boilerplate or (has_both[place] and apart(a, b))
    return suspected


def _shared_passages(words: HashedWords, a: int, b: int) -> NDArray[np.uint64]:
    """The hashes of the passages that two articles share, sorted."""
    texts = words.body(a), words.body(b)
    if min(map(len, texts)) < PASSAGE:
        return np.empty(0, np.uint64)
    one, other = (shingles_in_order(text, PASSAGE) for text in texts)
    found: NDArray[np.uint64] = np.intersect1d(one, other)
    return found


@dataclass(frozen=True, slots=True)
class _Rest:
    """What two articles have besides the words that they share.

    Attributes:
        has_nothing_in_common: whether titles and other words have next to no distinctive words in common.
        may_be_boilerplate: whether both have such words, and share the beginning or the end of their texts, which their
            titles are not about.
    """

    has_nothing_in_common: bool
    may_be_boilerplate: bool

    @classmethod
    def of(cls, words: HashedWords, pair: tuple[int, int], size: int) -> Self:
        bodies = [words.body(place) for place in pair]
        begun = [shingles_in_order(body, size) if len(body) else np.empty(0, np.uint64) for body in bodies]
        own = [np.ones(len(body), bool) for body in bodies]
        for mine, some, others in zip(own, begun, begun[::-1], strict=True):
            for begin in np.flatnonzero(np.isin(some, others)).tolist():
                mine[begin : begin + size] = False
        language = language_of(words, pair[0])
        left, about = [], 0.0
        for place, body, mine in zip(pair, bodies, own, strict=True):
            title = words.title(place)
            heading = distinctive_words((title if len(title) else body[:LEAD]).tolist(), language)
            rest, shared = {*body[mine].tolist()}, {*body[~mine].tolist()}
            about += (len(heading & rest) - len(heading & shared)) / max(1, len(heading))
            left.append(distinctive_words({*title.tolist(), *rest}, language))
        one, other = begun
        at_an_end = len(one) > 0 < len(other) and any(
            np.any(one == other[edge]) and np.any(other == one[edge]) for edge in (0, -1)
        )
        has_own = min(map(np.count_nonzero, own)) >= OWN
        least = min(map(len, left))
        return cls(
            has_nothing_in_common=least == 0 or len(left[0] & left[1]) < IN_COMMON * least,
            may_be_boilerplate=bool(at_an_end and has_own and least and about >= ABOUT_SHARED),
        )
