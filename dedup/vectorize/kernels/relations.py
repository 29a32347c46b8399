"""Kernels for the relation of articles that share a passage: `dedup.vectorize.boilerplate.relations`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.boilerplate import HEADLINE, LEAD, MUTE, OWN_WORDS, SPEAKING, UNIT
from dedup.vectorize.features import HashedWords
from dedup.vectorize.kernels.boilerplate import ARTICLES, outside
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.halving import first_not_below
from dedup.vectorize.kernels.threads import parts_in_threads
from dedup.vectorize.misplaced_body import common

_BITS = np.uint32(63)


def lists(words: HashedWords, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which articles contain a list of headlines; shape (articles,).

    Plain form: `vectorize.boilerplate.lists`.
    """
    found = np.zeros(len(words), np.bool_)
    _lists(words.hashes, words.offsets, np.ascontiguousarray(pairs), found)
    return found


def relations(
    words: HashedWords,
    pairs: NDArray[np.int64],
    repeated: NDArray[np.uint64],
    languages: Sequence[str],
    listing: NDArray[np.bool_] | None = None,
    threads: int | None = 1,
) -> NDArray[np.int64]:
    """The relation of pairs of articles in units of 1 / `UNIT`.

    Plain form: `vectorize.boilerplate.relations`.
    """
    ways = np.concatenate([pairs, pairs[:, ::-1]])
    listing = lists(words, pairs) if listing is None else listing
    share, speaking = shares(words, ways, repeated, distinctive_words(words, languages), listing, threads)
    alone = speaking[pairs].sum(axis=1) >= SPEAKING
    given = np.where(np.tile(alone, 2), share[:, 1], share[:, 0]).reshape(2, -1)
    sides = np.count_nonzero(given >= 0, axis=0)
    return np.where(sides, np.maximum(given, 0).sum(axis=0) // np.maximum(sides, 1), UNIT).astype(np.int64)


def shares(
    words: HashedWords,
    ways: NDArray[np.int64],
    repeated: NDArray[np.uint64],
    distinctive: tuple[NDArray[np.uint32], NDArray[np.int64]],
    listing: NDArray[np.bool_] | None = None,
    threads: int | None = 1,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What articles have of the titles of others, and how far each speaks for itself, in units of 1 / `UNIT`.

    Args:
        words, repeated, listing: see `dedup.vectorize.boilerplate.relations`.
        ways: the article with the title and the other one, shape (ways, 2).
        distinctive: as `distinctive_words` returns them.
        threads: None for one per processor; the result does not depend on it.

    Returns:
        The shares of the distinctive words of the title that the other article has: anywhere, and in its own words,
        where those that are in its repeated passages too count half; shape (ways, 2), -1 without such words. And
        `MUTE`, or how much more of its own title an article has in its own words than in the repeated passages; shape
        (articles,).
    """
    own = outside(words, repeated, threads)
    listing = lists(words, ways) if listing is None else listing
    found, speaking = np.empty((len(ways), 2), np.int64), np.empty(len(words), np.int64)
    ways, (sought, ends) = np.ascontiguousarray(ways), distinctive

    def share_of_ways(first: int, last: int) -> None:
        some = slice(first, last)
        _shares(words.hashes, words.offsets, ways[some], own, listing, sought, ends, found[some])

    def speak(first: int, last: int) -> None:
        some, offsets = slice(first, last), words.offsets[2 * first : 2 * last + 1]
        _speaking(words.hashes, offsets, own, sought, ends[first : last + 1], speaking[some])

    parts_in_threads(share_of_ways, len(ways), threads, least=ARTICLES)
    parts_in_threads(speak, len(words), threads, least=ARTICLES)
    return found, speaking


def distinctive_words(words: HashedWords, languages: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The distinctive words of each title, or of the beginning of the body without one, and their boundaries.

    Plain form: `vectorize.misplaced_body.distinctive_words`.
    """
    names = sorted(set(languages))
    common_words = [np.sort(np.fromiter(common(name), np.uint32)) for name in names]
    starts = np.cumsum([0, *map(len, common_words)]).astype(np.int64)
    language_of = np.searchsorted(names, languages).astype(np.int64) if names else np.empty(0, np.int64)
    every = np.concatenate([np.empty(0, np.uint32), *common_words])
    return _distinctive_words(words.hashes, words.offsets, language_of, every, starts)


@kept
def _distinctive_words(
    hashes: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    language_of: NDArray[np.int64],
    common_words: NDArray[np.uint32],
    starts: NDArray[np.int64],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The loop of `distinctive_words`; the common words of language i are at `starts[i]:starts[i + 1]`."""
    articles = len(language_of)
    room: Whole = np.int64(0)
    for article in range(articles):
        room += max(offsets[2 * article + 1] - offsets[2 * article], LEAD)
    found, ends = np.empty(room, np.uint32), np.zeros(articles + 1, np.int64)
    filled: Whole = np.int64(0)
    for article in range(articles):
        first, middle, last = offsets[2 * article], offsets[2 * article + 1], offsets[2 * article + 2]
        if first == middle:
            middle = min(last, middle + LEAD)
        known = common_words[starts[language_of[article]] : starts[language_of[article] + 1]]
        begin = filled
        for place in range(first, middle):
            word = hashes[place]
            at = first_not_below(known, word, 0, len(known))
            if at < len(known) and known[at] == word:
                continue
            seen = False
            for other in range(begin, filled):
                seen |= found[other] == word
            if not seen:
                found[filled] = word
                filled += 1
        ends[article + 1] = filled
    return found[:filled].copy(), ends


@kernel
def contains_title(
    hashes: NDArray[np.uint32], begin: Whole, end: Whole, first: Whole, last: Whole, borders: NDArray[np.int64]
) -> bool:
    """Whether the title `hashes[begin:end]`, if it has several words, occurs in `hashes[first:last]` word by word.

    The search of Knuth, Morris and Pratt (1977), in linear time. `borders` is room for the failure function: for each
    word of the title the length of the longest proper prefix that ends there.
    """
    length = end - begin
    if length < HEADLINE or length > last - first:
        return False
    borders[0] = 0
    met = 0
    for at in range(begin + 1, end):
        while met and hashes[at] != hashes[begin + met]:
            met = borders[met - 1]
        met += hashes[at] == hashes[begin + met]
        borders[at - begin] = met
    met = 0
    for at in range(first, last):
        while met and hashes[at] != hashes[begin + met]:
            met = borders[met - 1]
        met += hashes[at] == hashes[begin + met]
        if met == length:
            return True
    return False


@kernel
def share(
    hashes: NDArray[np.uint32],
    first: Whole,
    middle: Whole,
    last: Whole,
    own: NDArray[np.bool_],
    distinctive: NDArray[np.uint32],
    met: NDArray[np.bool_],
) -> tuple[Whole, Whole, Whole]:
    """How many of some words are in the title or own words of an article, in its repeated passages, and in both.

    Args:
        hashes: of the words; the title is at `first:middle`, the body at `middle:last`.
        first, middle, last: boundaries.
        own: which words of bodies are outside of repeated passages.
        distinctive: the words that are sought.
        met: room for which of them are found in either, shape (2, words).
    """
    count = len(distinctive)
    bits = np.uint64(0)
    for place in range(count):
        bits |= np.uint64(1) << np.uint64(distinctive[place] & _BITS)
        met[0, place] = met[1, place] = False
    for at in range(first, last):
        word = hashes[at]
        if not (bits >> np.uint64(word & _BITS)) & np.uint64(1):
            continue
        side = 0 if at < middle or own[at] else 1
        for place in range(count):
            met[side, place] |= distinctive[place] == word
    alone, repeated, both = np.int64(0), np.int64(0), np.int64(0)
    for place in range(count):
        alone += np.int64(met[0, place])
        repeated += np.int64(met[1, place])
        both += np.int64(met[0, place] & met[1, place])
    return alone, repeated, both


@kept
def _lists(
    hashes: NDArray[np.uint32], offsets: NDArray[np.int64], pairs: NDArray[np.int64], lists: NDArray[np.bool_]
) -> None:
    """Write which articles contain the title of one that they are paired with."""
    longest: Whole = np.int64(0)
    for pair in range(len(pairs)):
        for title in pairs[pair]:
            longest = max(longest, offsets[2 * title + 1] - offsets[2 * title])
    borders = np.empty(longest, np.int64)
    for pair in range(len(pairs)):
        for side in range(2):
            title, holder = pairs[pair, side], pairs[pair, 1 - side]
            if not lists[holder]:
                lists[holder] = contains_title(
                    hashes,
                    offsets[2 * title],
                    offsets[2 * title + 1],
                    offsets[2 * holder + 1],
                    offsets[2 * holder + 2],
                    borders,
                )


@kept
def _shares(
    hashes: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    ways: NDArray[np.int64],
    own: NDArray[np.bool_],
    lists: NDArray[np.bool_],
    distinctive: NDArray[np.uint32],
    ends: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Write the two shares of each way."""
    met = np.empty((2, _most(ends)), np.bool_)
    for way in range(len(ways)):
        title, other = ways[way]
        words = distinctive[ends[title] : ends[title + 1]]
        if len(words) == 0:
            found[way] = -1
            continue
        first, middle, last = offsets[2 * other], offsets[2 * other + 1], offsets[2 * other + 2]
        alone, repeated, both = share(hashes, first, middle, last, own, words, met)
        found[way, 0] = (alone if lists[other] else alone + repeated - both) * UNIT // len(words)
        found[way, 1] = (2 * alone - both) * UNIT // (2 * len(words))


@kept
def _speaking(
    hashes: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    own: NDArray[np.bool_],
    distinctive: NDArray[np.uint32],
    ends: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Write how far each article speaks for itself."""
    met = np.empty((2, _most(ends)), np.bool_)
    for article in range(len(found)):
        middle, last = offsets[2 * article + 1], offsets[2 * article + 2]
        left: Whole = np.int64(0)
        for at in range(middle, last):
            left += np.int64(own[at])
        if left < OWN_WORDS:
            found[article] = MUTE
            continue
        words = distinctive[ends[article] : ends[article + 1]]
        alone, repeated, _ = share(hashes, middle, middle, last, own, words, met)
        found[article] = (alone - repeated) * UNIT // max(1, len(words))


@kernel
def _most(ends: NDArray[np.int64]) -> Whole:
    """The size of the largest stretch between consecutive boundaries."""
    most: Whole = np.int64(0)
    for place in range(1, len(ends)):
        most = max(most, ends[place] - ends[place - 1])
    return most
