"""Kernels for the relation of articles that share a passage: `dedup.vectorize.boilerplate.relations`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.boilerplate import HEADLINE, LEAD, UNIT
from dedup.vectorize.features import HashedWords
from dedup.vectorize.kernels.boilerplate import outside
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
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
) -> NDArray[np.int64]:
    """The relation of pairs of articles in units of 1 / `UNIT`.

    Plain form: `vectorize.boilerplate.relations`.
    """
    return relate(words, pairs, repeated, distinctive_words(words, languages), listing)


def relate(
    words: HashedWords,
    pairs: NDArray[np.int64],
    repeated: NDArray[np.uint64],
    distinctive: tuple[NDArray[np.uint32], NDArray[np.int64]],
    listing: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """The relation of pairs of articles in units of 1 / `UNIT`, by the given distinctive words of their titles.

    Args:
        words, pairs, repeated, listing: see `dedup.vectorize.boilerplate.relations`.
        distinctive: as `distinctive_words` returns them; a pair counts only in the directions that have any.
    """
    own = outside(words, repeated)
    listing = lists(words, pairs) if listing is None else listing
    found = np.empty(len(pairs), np.int64)
    _relate(words.hashes, words.offsets, np.ascontiguousarray(pairs), own, listing, *distinctive, found)
    return found


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
            at = np.searchsorted(known, word)
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
    alone: bool,
    distinctive: NDArray[np.uint32],
    met: NDArray[np.bool_],
) -> Whole:
    """The share of some words that an article has, in units of 1 / `UNIT`; outside of repeated passages if `alone`."""
    count = len(distinctive)
    bits = np.uint64(0)
    for place in range(count):
        bits |= np.uint64(1) << np.uint64(distinctive[place] & _BITS)
        met[place] = False
    for at in range(first, last):
        word = hashes[at]
        if not (bits >> np.uint64(word & _BITS)) & np.uint64(1) or (alone and at >= middle and not own[at]):
            continue
        for place in range(count):
            met[place] |= distinctive[place] == word
    found: Whole = np.int64(0)
    for place in range(count):
        found += np.int64(met[place])
    return found * UNIT // count


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
def _relate(
    hashes: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    pairs: NDArray[np.int64],
    own: NDArray[np.bool_],
    lists: NDArray[np.bool_],
    distinctive: NDArray[np.uint32],
    ends: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Write the relation of each pair."""
    most: Whole = np.int64(0)
    for article in range(len(lists)):
        most = max(most, ends[article + 1] - ends[article])
    met = np.empty(most, np.bool_)
    for pair in range(len(pairs)):
        total, sides = np.int64(0), np.int64(0)
        for side in range(2):
            one, other = pairs[pair, side], pairs[pair, 1 - side]
            words = distinctive[ends[one] : ends[one + 1]]
            if len(words):
                first, middle, last = offsets[2 * other], offsets[2 * other + 1], offsets[2 * other + 2]
                total += share(hashes, first, middle, last, own, lists[other], words, met)
                sides += 1
        found[pair] = total // sides if sides else UNIT
