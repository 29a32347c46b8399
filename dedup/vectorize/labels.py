"""Labels in titles: an outlet's name, the name of a column, "LIVE", "Photos (3/9)".

Articles that share a label are about anything, so a label is boilerplate. The words of a topic ("Trump: …") may be set
apart in the same way. But they also stand inside of other titles and in the bodies, and the articles that they are set
apart in are often related, which `dedup.vectorize.boilerplate.find_boilerplate` decides.

Where most titles end with a label, as those of an aggregator do, two articles are enough to know another one.

A segment is a run of words of a title between two separators. Its hash ignores which numbers are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.exact import Numbers
from dedup.vectorize.features import BEGINS_SEGMENT, IS_NUMBER, HashedWords
from dedup.vectorize.hashing import BASE, mix64
from dedup.vectorize.misplaced_body import distinctive_words

LONGEST = 8
"""Words of the longest label."""
INSIDE = 2
"""A label is inside of at most 1 / `INSIDE` as many titles as it is a segment of."""
PAIR = 2
"""Articles that must end with a label for it to be one where most titles end with labels."""
READ = 16
"""Articles under a label that are read, of which bodies may name a topic."""
NAMING = 25
"""Words of the shortest of these bodies."""
UNIT = 1 << 15
REST = 2
"""Words other than numbers that must remain of a title: it is kept entirely if there are fewer."""
_INVERSE = np.uint64(pow(BASE, -1, 1 << 64))
SALT = np.uint64(0xD6E8FEB86659FD93)
"""Segments of titles must not have the hashes of passages of bodies."""


@dataclass(frozen=True, slots=False, eq=False)
class _Titles:
    """The titles of several segments.

    Attributes:
        places: where their words are among those of all articles; int64.
        words: the hash of each word, 0 for numbers; uint64.
        article: the article of each word; int64.
        begins, ends: where each segment begins and ends, in `words`; int64.
    """

    places: NDArray[np.int64]
    words: NDArray[np.uint64]
    article: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, words: HashedWords, *, every: bool = False) -> Self:
        """The titles of articles: those of several segments, or all if `every`."""
        lengths = np.diff(words.offsets)[::2]
        first = np.cumsum(lengths) - lengths
        article = np.repeat(np.arange(len(words)), lengths)
        places = np.arange(len(article)) + (words.offsets[:-1:2] - first)[article]
        flags = words.flags[places]
        begins = (flags & BEGINS_SEGMENT) > 0
        begins[first[lengths > 0]] = True
        if not every:
            several = (np.bincount(article[begins], minlength=len(words)) > 1)[article]
            places, article, flags, begins = places[several], article[several], flags[several], begins[several]
        starts = np.flatnonzero(begins)
        hashes = np.where(flags & IS_NUMBER, np.uint32(0), words.hashes[places]).astype(np.uint64)
        return cls(places, hashes, article, starts, np.append(starts[1:], len(article))[: len(starts)])

    @cached_property
    def _sums(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """The polynomial of the words before each place, and the factor that moves it to the beginning."""
        count = len(self.words) + 1
        powers, inverses = np.full(count, BASE, np.uint64), np.full(count, _INVERSE, np.uint64)
        powers[0] = inverses[0] = 1
        np.multiply.accumulate(powers, out=powers)
        np.multiply.accumulate(inverses, out=inverses)
        sums = np.zeros(count, np.uint64)
        np.cumsum(self.words * powers[:-1], out=sums[1:])
        return sums, inverses

    def hashes(self, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The hashes of runs of words."""
        sums, inverses = self._sums
        found: NDArray[np.uint64] = mix64(
            (sums[ends] - sums[begins]) * inverses[begins] + SALT * (ends - begins).astype(np.uint64)
        )
        return found

    def segments(self) -> NDArray[np.uint64]:
        """The hash of each segment."""
        return self.hashes(self.begins, self.ends)


def has_segments(words: HashedWords) -> bool:
    """Whether any title has several segments."""
    begins = np.flatnonzero(words.flags & BEGINS_SEGMENT)
    part = np.searchsorted(words.offsets, begins, side="right") - 1
    return bool(((part % 2 == 0) & (begins > words.offsets[part])).any())


class Segments(NamedTuple):
    """Segments that may be labels, each once for every title that has it, sorted by hash and then by place.

    Attributes:
        hashes: their hashes; uint64.
        places: the articles with the titles; int64.
        lengths: how many words they have; int64.
        first: the hash of the first word, 0 for a number; uint64.
        last: whether the title ends with it; bool.
    """

    hashes: NDArray[np.uint64]
    places: NDArray[np.int64]
    lengths: NDArray[np.int64]
    first: NDArray[np.uint64]
    last: NDArray[np.bool_]


def segments(words: HashedWords) -> Segments:
    """The segments of titles that are short, and no longer than the rest of the title."""
    titles = _Titles.of(words)
    hashes, places = titles.segments(), titles.article[titles.begins]
    lengths = titles.ends - titles.begins
    last = np.diff(places, append=-1) != 0
    short = (lengths <= LONGEST) & (2 * lengths <= np.bincount(titles.article, minlength=len(words))[places])
    order = np.flatnonzero(short)[np.lexsort((places[short], hashes[short]))]
    other = np.ones(len(order), bool)
    other[1:] = (np.diff(hashes[order]) != 0) | (np.diff(places[order]) != 0)
    order = order[other]
    return Segments(hashes[order], places[order], lengths[order], titles.words[titles.begins[order]], last[order])


def held_labels(words: HashedWords, holders: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The segments that enough titles have and that are seldom inside of others.

    Args:
        words: of the articles.
        holders: how many titles must have a segment; `PAIR` if it is the last of each.

    Returns:
        The hashes of the segments and the places of the articles that have them, both of shape (holdings,), sorted by
        segment and then by place.
    """
    found = segments(words)
    each, first, number, held = np.unique(found.hashes, return_index=True, return_inverse=True, return_counts=True)
    number = number.ravel()  # NumPy 2.0 returns the inverse with a second axis
    some = (held >= holders) | (np.bincount(number, found.last, len(each)) >= PAIR)
    if not some.any():
        return found.hashes[:0], found.places[:0]
    some[some] = INSIDE * inside(words, each[some], found.lengths[first[some]], found.first[first[some]]) <= held[some]
    return found.hashes[some[number]], found.places[some[number]]


def inside(
    words: HashedWords, segments: NDArray[np.uint64], lengths: NDArray[np.int64], first: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """The number of titles that have the words of each segment, but not as a segment.

    Args:
        words: of the articles.
        segments, lengths, first: the hash of each segment, sorted, how many words it has and the first of them.
    """
    titles = _Titles.of(words, every=True)
    count = np.zeros(len(segments), np.int64)
    starts, stops = np.zeros(len(titles.words) + 1, bool), np.zeros(len(titles.words) + 1, bool)
    starts[titles.begins] = stops[titles.ends] = True
    low = titles.words.astype(np.uint16)
    for length in np.unique(lengths).tolist():
        like = np.zeros(1 << 16, bool)
        like[first[lengths == length].astype(np.uint16)] = True
        begins = np.flatnonzero(like[low[: len(low) - length + 1]])
        begins = begins[titles.article[begins] == titles.article[begins + length - 1]]
        begins = begins[~(starts[begins] & stops[begins + length])]
        hashes = titles.hashes(begins, begins + length)
        known = np.flatnonzero(among(hashes, segments))
        number = np.searchsorted(segments, hashes[known])
        titled = np.unique(number * len(words) + titles.article[begins[known]])
        count += np.bincount(titled // len(words), minlength=len(segments))
    return count


def without_topics(
    words: HashedWords,
    labels: NDArray[np.uint64],
    segments: NDArray[np.uint64],
    places: NDArray[np.int64],
    detect: Callable[[HashedWords], list[str]],
) -> NDArray[np.uint64]:
    """Those of some labels that the bodies of the articles do not name.

    Args:
        words: of the articles.
        labels: the hashes of segments, sorted.
        segments, places: as `held_labels` returns them.
        detect: detects the languages of articles.
    """
    begins, ends = (np.searchsorted(segments, labels, side) for side in ("left", "right"))
    steps = np.maximum(1, (ends - begins) // READ)
    some = [places[begin:end:step][:READ] for begin, end, step in zip(begins, ends, steps, strict=True)]
    number = np.repeat(np.arange(len(labels)), [*map(len, some)])
    read = words.take(np.concatenate([np.empty(0, np.int64), *some]))
    share = named(read, labels[number], detect(read))
    total = np.bincount(number, np.maximum(share, 0), len(labels))
    return labels[are_labels(total, np.bincount(number, share >= 0, len(labels)))]


def named(words: HashedWords, labels: NDArray[np.uint64], languages: Sequence[str]) -> NDArray[np.int64]:
    """The share of the distinctive words of a label that the body under it has; shape (articles,).

    Args:
        words: of the articles.
        labels: a segment of the title of each.
        languages: of the articles.

    Returns:
        The shares in units of 1 / `UNIT`; -1 where the body is too short, or no word of the label is distinctive.
    """
    titles = _Titles.of(words)
    of = titles.article[titles.begins]
    found = np.full(len(words), -1)
    for segment in np.flatnonzero(titles.segments() == labels[of]).tolist():
        article = int(of[segment])
        own = titles.words[titles.begins[segment] : titles.ends[segment]]
        telling = distinctive_words(own[own > 0].tolist(), languages[article])
        if telling and len(words.body(article)) >= NAMING:
            found[article] = UNIT * len(telling.intersection(words.body(article).tolist())) // len(telling)
    return found


def are_labels(total: Numbers, count: Numbers) -> Numbers:
    """Whether bodies name less than half of a segment, given the sum and the number of shares; also Spark columns."""
    return (2 * total < count * UNIT) | (count == 0)


def certain_labels(
    words: HashedWords, labels: NDArray[np.uint64], segments: NDArray[np.uint64], holders: int
) -> NDArray[np.uint64]:
    """Those of some labels that enough titles have, or all of them if most titles end with these.

    Args:
        words: of the articles.
        labels: the hashes of segments, sorted.
        segments: as `held_labels` returns them, which has the arguments too.
        holders: how many titles must have a label.
    """
    each, held = np.unique(segments, return_counts=True)
    many = labels[held[np.searchsorted(each, labels)] >= holders]
    labelled, titled = how_many_end(words, many)
    return labels if 2 * labelled > titled else many


def how_many_end(words: HashedWords, labels: NDArray[np.uint64]) -> tuple[int, int]:
    """The number of titles that end with a label, and of all titles."""
    titles = _Titles.of(words)
    last = titles.segments()[np.diff(titles.article[titles.begins], append=-1) != 0]
    return int(np.count_nonzero(among(last, labels))), int(np.count_nonzero(np.diff(words.offsets)[::2]))


def outside_labels(words: HashedWords, labels: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which words remain when the labels at both ends of each title are removed; shape (words,).

    Args:
        words: of the articles.
        labels: the hashes of segments that are labels, sorted; other hashes may be among them.
    """
    keep = np.ones(len(words.hashes), bool)
    if not len(labels) or not has_segments(words):
        return keep
    titles = _Titles.of(words)
    known = among(titles.segments(), labels)
    if not known.any():
        return keep
    number = np.cumsum(np.diff(titles.article[titles.begins], prepend=-1) != 0) - 1  # of the title of each segment
    own = np.bincount(number, ~known).astype(np.int64)
    before, until = np.cumsum(own) - own, np.cumsum(~known)
    at_edge = known & ((until == before[number]) | (until == (before + own)[number]))
    gone = np.repeat(at_edge, titles.ends - titles.begins)
    rest = np.bincount(titles.article, ~gone & (titles.words > 0), len(words))
    keep[titles.places[gone & (rest >= REST)[titles.article]]] = False
    return keep


def runs_of_labels(words: HashedWords, labels: NDArray[np.uint64]) -> dict[int, list[slice]]:
    """Where the segments of titles are that are labels: the runs of words of each article that has any.

    Args:
        words: of the articles.
        labels: the hashes of labels, sorted; other hashes may be among them.
    """
    titles = _Titles.of(words)
    some = np.flatnonzero(among(titles.segments(), labels))
    begins, ends = titles.begins[some], titles.ends[some]
    first = titles.places[begins]
    found: dict[int, list[slice]] = {}
    spans = zip(titles.article[begins].tolist(), first.tolist(), (first + ends - begins).tolist(), strict=True)
    for article, begin, end in spans:
        found.setdefault(article, []).append(slice(begin, end))
    return found


def outside_segments(words: HashedWords, segments: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which words remain when segments, whose hashes are sorted, are removed from titles; shape (words,)."""
    keep = np.ones(len(words.hashes), bool)
    titles = _Titles.of(words)
    known = among(titles.segments(), segments)
    keep[titles.places[np.repeat(known, titles.ends - titles.begins)]] = False
    return keep


def among(hashes: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which hashes are among some that are sorted; shape (hashes,)."""
    found = np.zeros(len(hashes), bool)
    if not len(known):
        return found
    likely = np.zeros(1 << 16, bool)
    likely[known.astype(np.uint16)] = True
    some = np.flatnonzero(likely[hashes.astype(np.uint16)])
    found[some] = known[np.minimum(np.searchsorted(known, hashes[some]), len(known) - 1)] == hashes[some]
    return found
