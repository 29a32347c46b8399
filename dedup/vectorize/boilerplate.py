"""Boilerplate: passages that a site puts under or over whatever it publishes, such as lists of other headlines, or
notices on cookies and on who owns the text.

A passage of boilerplate must neither make copies of articles with nothing else in common nor lend them its words. It
is told from a wire text that many outlets ran by its holders: those of a wire text speak of one thing, each of what the
others' titles say. Of two articles alone this cannot be told, and nothing is taken from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import shingles_in_order
from dedup.vectorize.misplaced_body import telling

PASSAGE = 24
"""Words of the shortest passage looked at: texts that share no more than this are no copies, see `match.copies.FEW`."""
HOLDERS = 3
"""Articles that must hold a passage for it to be boilerplate."""
RELATED = 4
"""A passage is boilerplate where its holders' relation is below one in so many, less where they are few: of k holders
by the factor (k - 2) / k, for chance makes few of them look unrelated sooner than many."""
HEADLINE = 3
"""Words of the shortest title that is known for one where it stands in another article's body."""
LEAD = 25
"""Words that stand in for a missing title."""
REST = 12
"""Words that must be left of a body: of fewer than this nothing can be said."""
UNIT = 1 << 15
"""Relations are whole numbers of this part of one."""


class Finding(Protocol):
    """What boilerplate is found by: `held_passages`, `detect` and `relations`, or their fast twins."""

    def held_passages(self, words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]: ...

    def detect(self, words: HashedWords) -> list[str]: ...

    def relations(
        self, words: HashedWords, pairs: NDArray[np.int64], repeated: NDArray[np.uint64], languages: Sequence[str]
    ) -> NDArray[np.int64]: ...


def find_boilerplate(words: HashedWords, by: Finding) -> NDArray[np.uint64]:
    """The hashes of the passages of `PASSAGE` words that are boilerplate, sorted.

    Linear in the number of words: of each passage its holders are compared in order, each with the next. The relation
    of two is the mean share of the telling words of the one's title that stand in the other.
    """
    passages, places = by.held_passages(words)
    if not len(passages):
        return np.empty(0, np.uint64)
    begins = np.flatnonzero(np.concatenate([[True], passages[1:] != passages[:-1]]))
    holders = np.diff(np.append(begins, len(passages)))
    number = np.repeat(np.arange(len(begins)), holders)
    follows = np.flatnonzero(number[1:] == number[:-1])
    key, pair = np.unique(places[follows] * len(words) + places[follows + 1], return_inverse=True)
    among, pairs = np.unique(np.stack(np.divmod(key, len(words)), axis=1), return_inverse=True)
    some = words.take(among)
    relation = by.relations(some, pairs.reshape(-1, 2), passages[begins], by.detect(some))
    total = np.zeros(len(begins), np.int64)
    np.add.at(total, number[follows], relation[pair.ravel()])  # NumPy 2.0 alone gives it a second axis
    unrelated = RELATED * total * holders < (holders - 1) * (holders - 2) * UNIT
    found: NDArray[np.uint64] = passages[begins[unrelated]]
    return found


def outside_boilerplate(words: HashedWords, passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which words stay when boilerplate, sorted passages of it, is taken out of bodies; shape (words,).

    Where nearly nothing of a body is left the article is judged by its title; without a title it stays as it is.

    Kernel: `vectorize.kernels.boilerplate.outside_boilerplate`.
    """
    keep = np.ones(len(words.hashes), bool)
    if len(passages):
        for article in range(len(words)):
            body = words.body(article)
            left = _outside(body, passages)
            count = int(np.count_nonzero(left))
            if count < len(body) and (count >= REST or len(words.title(article))):
                end = int(words.offsets[2 * article + 2])
                keep[end - len(body) : end] = left if count >= REST else False
    return keep


def _outside(words: NDArray[np.uint32], passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which words of a text stand in none of some passages, which are sorted."""
    kept = np.ones(len(words), bool)
    if len(passages) and len(words) >= PASSAGE:
        shingles = shingles_in_order(words, PASSAGE)
        place = np.minimum(np.searchsorted(passages, shingles), len(passages) - 1)
        begins = np.flatnonzero(passages[place] == shingles)
        for offset in range(PASSAGE):
            kept[begins + offset] = False
    return kept


def held_passages(words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The passages that enough articles hold, and the places of these: equal passages together, places ascending.

    Kernel: `vectorize.kernels.boilerplate.held_passages`.

    Returns:
        The hashes of the passages, and the articles that hold them; both of shape (holdings,).
    """
    found = [
        (place, np.unique(shingles_in_order(words.body(place), PASSAGE)))
        for place in range(len(words))
        if len(words.body(place)) >= PASSAGE
    ]
    if not found:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    passages = np.concatenate([shingles for _, shingles in found])
    places = np.repeat([place for place, _ in found], [len(shingles) for _, shingles in found])
    order = np.argsort(passages, kind="stable")
    passages, places = passages[order], places[order]
    _, inverse, holders = np.unique(passages, return_inverse=True, return_counts=True)
    enough = holders[inverse.ravel()] >= HOLDERS
    return passages[enough], places[enough]


def lists(words: HashedWords, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which articles hold a list of headlines: the title of one that they are compared with; shape (articles,).

    Kernel: `vectorize.kernels.relations.lists`.
    """
    found = np.zeros(len(words), bool)
    for a, b in pairs.tolist():
        for title, holder in ((a, b), (b, a)):
            found[holder] |= not found[holder] and _is_headline(words.title(title), words.body(holder))
    return found


def relations(
    words: HashedWords,
    pairs: NDArray[np.int64],
    repeated: NDArray[np.uint64],
    languages: Sequence[str],
    listing: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """The relation of pairs of articles in units of 1 / `UNIT`; 1 where no title tells anything.

    An article in which the title of one that it is compared with stands word by word holds a list of headlines, which
    speaks of everything: of such an article only what stands outside of the repeated passages counts.

    Kernel: `vectorize.kernels.relations.relations`.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2).
        repeated: the passages that are held by several, sorted.
        languages: of the articles.
        listing: which articles hold a list of headlines, where that is known of more pairs than these.
    """
    listing = lists(words, pairs) if listing is None else listing
    held = {place: _Holder.of(words, place, repeated, languages[place]) for place in np.unique(pairs).tolist()}
    found = np.full(len(pairs), UNIT, np.int64)
    for number, (a, b) in enumerate(pairs.tolist()):
        shares = []
        for one, other in ((a, b), (b, a)):
            told = held[other].own if listing[other] else held[other].vocabulary
            if held[one].telling:
                shares.append(len(held[one].telling & told) * UNIT // len(held[one].telling))
        if shares:
            found[number] = sum(shares) // len(shares)
    return found


@dataclass(frozen=True, slots=True)
class _Holder:
    """What is looked at of an article that holds a repeated passage.

    Attributes:
        telling: the telling words of its title.
        vocabulary, own: its words, and those outside of the repeated passages.
    """

    telling: set[int]
    vocabulary: set[int]
    own: set[int]

    @classmethod
    def of(cls, words: HashedWords, place: int, repeated: NDArray[np.uint64], language: str) -> _Holder:
        title, body = words.title(place), words.body(place)
        heading = title if len(title) else body[:LEAD]
        return cls(
            telling=telling(heading.tolist(), language),
            vocabulary={*title.tolist(), *body.tolist()},
            own={*title.tolist(), *body[_outside(body, repeated)].tolist()},
        )


def _is_headline(title: NDArray[np.uint32], body: NDArray[np.uint32]) -> bool:
    """Whether a title, if it has several words, stands in a body word by word: in linear time, as bytes are found."""
    if len(title) < HEADLINE:
        return False
    sought, text = title.tobytes(), body.tobytes()
    at = text.find(sought)
    while at > 0 and at % title.itemsize:  # between two words
        at = text.find(sought, at + 1)
    return at >= 0
