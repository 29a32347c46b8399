"""Whether the holders of a repeated passage are related, by a kernel: `dedup.vectorize.boilerplate.relations`."""

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
    """Which articles hold a list of headlines, as in the plain form.

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
    """The relation of pairs of articles in units of 1 / `UNIT`, as in the plain form.

    Plain form: `vectorize.boilerplate.relations`.
    """
    names = sorted(set(languages))
    common_words = [np.sort(np.fromiter(common(name), np.uint32)) for name in names]
    starts = np.cumsum([0, *map(len, common_words)]).astype(np.int64)
    number = {name: place for place, name in enumerate(names)}
    language_of = np.fromiter((number[name] for name in languages), np.int64, len(languages))
    own = outside(words, repeated)
    telling, ends = _telling(
        words.hashes, words.offsets, language_of, np.concatenate([np.empty(0, np.uint32), *common_words]), starts
    )
    listing = lists(words, pairs) if listing is None else listing
    found = np.empty(len(pairs), np.int64)
    _relations(words.hashes, words.offsets, np.ascontiguousarray(pairs), own, listing, telling, ends, found)
    return found


@kept
def _telling(
    hashes: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    language_of: NDArray[np.int64],
    common_words: NDArray[np.uint32],
    starts: NDArray[np.int64],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The distinct telling words of each article's title, or of how it begins, and where they end."""
    articles = len(language_of)
    room: Whole = np.int64(0)
    for article in range(articles):
        room += max(offsets[2 * article + 1] - offsets[2 * article], LEAD)
    told, ends = np.empty(room, np.uint32), np.zeros(articles + 1, np.int64)
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
                seen |= told[other] == word
            if not seen:
                told[filled] = word
                filled += 1
        ends[article + 1] = filled
    return told[:filled].copy(), ends


@kernel
def stands_in(
    hashes: NDArray[np.uint32], begin: Whole, end: Whole, first: Whole, last: Whole, borders: NDArray[np.int64]
) -> bool:
    """Whether the title `hashes[begin:end]`, if it has several words, stands in `hashes[first:last]` word by word.

    By Knuth, Morris and Pratt (1977), in linear time, whatever the words. `borders` is room for a number for each word
    of the title: the length of the longest beginning of it that ends there.
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
    telling: NDArray[np.uint32],
    met: NDArray[np.bool_],
) -> Whole:
    """Of some telling words those that stand in an article, `alone`: outside of its repeated passages; in `UNIT`s."""
    count = len(telling)
    bits = np.uint64(0)
    for place in range(count):
        bits |= np.uint64(1) << np.uint64(telling[place] & _BITS)
        met[place] = False
    for at in range(first, last):
        word = hashes[at]
        if not (bits >> np.uint64(word & _BITS)) & np.uint64(1) or (alone and at >= middle and not own[at]):
            continue
        for place in range(count):
            met[place] |= telling[place] == word
    found: Whole = np.int64(0)
    for place in range(count):
        found += np.int64(met[place])
    return found * UNIT // count


@kept
def _lists(
    hashes: NDArray[np.uint32], offsets: NDArray[np.int64], pairs: NDArray[np.int64], lists: NDArray[np.bool_]
) -> None:
    """Marks the articles that hold the title of one that they are paired with."""
    longest: Whole = np.int64(0)
    for pair in range(len(pairs)):
        for title in pairs[pair]:
            longest = max(longest, offsets[2 * title + 1] - offsets[2 * title])
    borders = np.empty(longest, np.int64)
    for pair in range(len(pairs)):
        for side in range(2):
            title, holder = pairs[pair, side], pairs[pair, 1 - side]
            if not lists[holder]:
                lists[holder] = stands_in(
                    hashes,
                    offsets[2 * title],
                    offsets[2 * title + 1],
                    offsets[2 * holder + 1],
                    offsets[2 * holder + 2],
                    borders,
                )


@kept
def _relations(
    hashes: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    pairs: NDArray[np.int64],
    own: NDArray[np.bool_],
    lists: NDArray[np.bool_],
    telling: NDArray[np.uint32],
    ends: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Writes the relation of each pair."""
    most: Whole = np.int64(0)
    for article in range(len(lists)):
        most = max(most, ends[article + 1] - ends[article])
    met = np.empty(most, np.bool_)
    for pair in range(len(pairs)):
        total, sides = np.int64(0), np.int64(0)
        for side in range(2):
            one, other = pairs[pair, side], pairs[pair, 1 - side]
            words = telling[ends[one] : ends[one + 1]]
            if len(words):
                first, middle, last = offsets[2 * other], offsets[2 * other + 1], offsets[2 * other + 2]
                total += share(hashes, first, middle, last, own, lists[other], words, met)
                sides += 1
        found[pair] = total // sides if sides else UNIT
