"""Kernels for passages that several articles have: the plain forms are in `dedup.vectorize.boilerplate`.

The passages of a large collection do not fit into memory together. They are first counted approximately, in a table of
small counters, which excludes most of them as too rare; only the rest is collected and counted exactly. A large
collection is processed in several rounds, each for one part of the hashes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.boilerplate import BEGINS_LINE, EDGE, HOLDERS, LINE, PASSAGE, REST, SALT
from dedup.vectorize.features import BEGINS_SEGMENT, IS_NUMBER, HashedWords
from dedup.vectorize.hashing import BASE, mix64
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.machine import fetch
from dedup.vectorize.kernels.overlaps import sort
from dedup.vectorize.kernels.sketching import shingle_words
from dedup.vectorize.kernels.threads import in_threads, parts_in_threads, processors
from dedup.vectorize.labels import REST as REST_OF_TITLE
from dedup.vectorize.labels import SALT as SALT_OF_LABELS

AT_ONCE = 1 << 27
"""Passages that are counted at once, approximately."""
ARTICLES = 1_000
"""Articles that are worth a thread."""
_NONE_HELD = np.empty(0, np.uint64), np.empty(0, np.int64)
ROOMY = 4
"""Counters per passage: the fewer, the more rare passages are collected in vain."""
_COUNTERS = 4
"""Counters in a byte: each counts up to `HOLDERS`, which two bits can."""
_AHEAD = 16
"""The counters that the processor begins to read before they are needed: nearly all are far from its caches."""
_BASE, _SALT, _SALT_OF_LABELS = np.uint64(BASE), np.uint64(SALT), np.uint64(SALT_OF_LABELS)


def held_passages(words: HashedWords, threads: int | None = 1) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The passages that at least `HOLDERS` articles have, and the places of these articles.

    Plain form: `vectorize.boilerplate.held_passages`.
    """
    workers = threads or processors() if len(words) >= 2 * ARTICLES else 1
    rounds, shift = 1, np.uint64(63)
    while rounds < workers or rounds * AT_ONCE < workers * len(words.hashes):
        rounds, shift = 2 * rounds, shift - np.uint64(1)
    room = max(64, 1 << (ROOMY * len(words.hashes) // rounds).bit_length())

    def find(number: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        counters = np.zeros(room // _COUNTERS, np.uint8)
        given = (words.hashes, words.flags, words.offsets, shift, np.uint64(number), counters)
        _count(*given)
        passages, places = _collect(*given)
        order = np.argsort(passages, kind="stable")  # stable: places stay ascending
        passages, places = passages[order], places[order]
        enough = _held_by_enough(passages)
        return passages[enough], places[enough]

    found = [_NONE_HELD, *in_threads(find, range(rounds), workers)]
    return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])


def lines_among(words: HashedWords, passages: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Those of some passages that are short ones of bodies, and the places of the articles that have them.

    Plain form: `vectorize.boilerplate.lines_among`.
    """
    table = _hash_set(passages, 1 << (2 * len(passages) + 1).bit_length())
    found, places = _lines(words.hashes, words.flags, words.offsets, table)
    order = np.lexsort((found, places))
    found, places = found[order], places[order]
    other = np.ones(len(found), np.bool_)
    other[1:] = (found[1:] != found[:-1]) | (places[1:] != places[:-1])
    return found[other], places[other]


def outside_boilerplate(words: HashedWords, passages: NDArray[np.uint64], threads: int | None = 1) -> NDArray[np.bool_]:
    """Which words remain when boilerplate is removed from titles and bodies; shape (words,).

    Plain form: `vectorize.boilerplate.outside_boilerplate`.
    """
    return _outside_all(words, passages, REST, threads, labels=True)


def outside(words: HashedWords, passages: NDArray[np.uint64], threads: int | None = 1) -> NDArray[np.bool_]:
    """Which words of bodies are in none of some passages, however few remain; shape (words,)."""
    return _outside_all(words, passages, 0, threads, labels=False)


def _outside_all(
    words: HashedWords, passages: NDArray[np.uint64], rest: int, threads: int | None, *, labels: bool
) -> NDArray[np.bool_]:
    keep = np.ones(len(words.hashes), np.bool_)
    if len(passages):
        table = _hash_set(passages, 1 << (2 * len(passages)).bit_length())

        def work(first: int, last: int) -> None:
            offsets = words.offsets[2 * first : 2 * last + 1]
            _outside(words.hashes, words.flags, offsets, table, rest, labels, keep)

        parts_in_threads(work, len(words), threads, least=ARTICLES)
    return keep


@kernel
def longest_body(offsets: NDArray[np.int64]) -> Whole:
    """The number of words of the longest body."""
    longest: Whole = np.int64(0)
    for article in range(len(offsets) // 2):
        longest = max(longest, offsets[2 * article + 2] - offsets[2 * article + 1])
    return longest


@kernel
def all_passages(
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    begin: Whole,
    end: Whole,
    found: NDArray[np.uint64],
    spans: NDArray[np.int64],
) -> tuple[Whole, Whole]:
    """Write the hashes of all passages of the body `begin:end`, and where the short ones begin and end.

    Args:
        hashes, flags: of the words of all articles.
        begin, end: boundaries of the body.
        found: room for the hashes, of `room_of` of the longest body.
        spans: room for where each short passage begins and ends, in that order, shape (room, 2).

    Returns:
        How many passages of `PASSAGE` words there are, which come first; and how many in all.
    """
    long: Whole = shingle_words(hashes, begin, end, np.int64(PASSAGE), found) if end - begin >= PASSAGE else np.int64(0)
    return long, short_passages(hashes, flags, begin, end, found, spans, long)


@kernel
def short_passages(
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    begin: Whole,
    end: Whole,
    found: NDArray[np.uint64],
    spans: NDArray[np.int64],
    filled: Whole,
) -> Whole:
    """Write the passages of fewer than `PASSAGE` words from `filled` on, and return where they end."""
    value = np.uint64(0)
    first = end
    for at in range(begin, end + 1):
        if at == end or flags[at] & BEGINS_LINE == BEGINS_LINE:
            if LINE <= at - first < PASSAGE:
                found[filled] = mix64(value + _SALT * np.uint64(at - first))
                spans[filled, 0], spans[filled, 1] = first, at
                filled += 1
            first, value = at, np.uint64(0)
        if at < end:
            value = value * _BASE + np.uint64(hashes[at])
    value, other, power = np.uint64(0), np.uint64(0), np.uint64(1)
    for size in range(1, min(PASSAGE, end - begin + 1)):
        value = value * _BASE + np.uint64(hashes[begin + size - 1])
        other += np.uint64(hashes[end - size]) * power
        power *= _BASE
        if size >= EDGE:
            salt = _SALT * np.uint64(size)
            found[filled], spans[filled, 0], spans[filled, 1] = mix64(value + salt), begin, begin + size
            found[filled + 1], spans[filled + 1, 0], spans[filled + 1, 1] = mix64(other + salt), end - size, end
            filled += 2
    return filled


@kernel
def room_of(offsets: NDArray[np.int64]) -> Whole:
    """The most passages that a body may have."""
    longest = longest_body(offsets)
    return longest + longest // LINE + 2 * (PASSAGE - EDGE)


@kept
def _count(
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    shift: np.uint64,
    number: np.uint64,
    counters: NDArray[np.uint8],
) -> None:
    """Count the occurrences of one round's passages up to `HOLDERS`, in counters that several passages may share."""
    room = room_of(offsets)
    values, some, spans = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty((room, 2), np.int64)
    for article in range(len(offsets) // 2):
        _, every = all_passages(hashes, flags, offsets[2 * article + 1], offsets[2 * article + 2], values, spans)
        count = _of_round(values, every, shift, number, some)
        for place in range(count):
            if place + _AHEAD < count:
                fetch(counters, _counter(some[place + _AHEAD], counters)[0])
            cell, up = _counter(some[place], counters)
            counters[cell] += np.uint8(np.uint8(counters[cell] >> up & HOLDERS < HOLDERS) << up)


@kernel
def _of_round(
    values: NDArray[np.uint64], count: Whole, shift: np.uint64, number: np.uint64, some: NDArray[np.uint64]
) -> Whole:
    """Write the first `count` passages that are of a round to `some`, and return how many there are."""
    filled = np.int64(0)
    for place in range(count):
        some[filled] = values[place]
        filled += np.int64((values[place] >> np.uint64(1)) >> shift == number)
    return filled


@kernel
def _counter(passage: Whole, counters: NDArray[np.uint8]) -> tuple[Whole, Whole]:
    """The byte with the counter of a passage, and how many bits are before it."""
    mask = np.uint64(_COUNTERS * len(counters) - 1)
    cell = passage & mask
    return np.int64(cell // np.uint64(_COUNTERS)), np.uint8(2 * (cell % np.uint64(_COUNTERS)))


@kernel
def _widened(
    passages: NDArray[np.uint64], places: NDArray[np.int64], filled: Whole
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The first `filled` passages and places, with twice the room."""
    more_passages, more_places = np.empty(2 * len(passages), np.uint64), np.empty(2 * len(passages), np.int64)
    for place in range(filled):  # numba compiles assigned slices for seconds
        more_passages[place], more_places[place] = passages[place], places[place]
    return more_passages, more_places


@kept
def _collect(
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    shift: np.uint64,
    number: np.uint64,
    counters: NDArray[np.uint8],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """One round's passages that may occur often enough, each once for every article that has it."""
    most = room_of(offsets)
    values, some, spare = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.uint64)
    spans = np.empty((most, 2), np.int64)
    digits = np.empty(1024, np.uint32)
    room = max(np.int64(1) << 16, most)
    passages, places = np.empty(room, np.uint64), np.empty(room, np.int64)
    filled = np.int64(0)
    for article in range(len(offsets) // 2):
        _, every = all_passages(hashes, flags, offsets[2 * article + 1], offsets[2 * article + 2], values, spans)
        every, count = _of_round(values, every, shift, number, some), np.int64(0)
        for place in range(every):
            if place + _AHEAD < every:
                fetch(counters, _counter(some[place + _AHEAD], counters)[0])
            cell, up = _counter(some[place], counters)
            some[count] = some[place]
            count += np.int64(counters[cell] >> up & HOLDERS == HOLDERS)
        if count == 0:
            continue
        sort(some, spare, digits, np.uint64(count))
        if filled + count > len(passages):
            passages, places = _widened(passages, places, filled)
        for place in range(count):
            if place == 0 or some[place] != some[place - 1]:
                passages[filled], places[filled] = some[place], article
                filled += 1
    return passages[:filled], places[:filled]


@kept
def _lines(
    hashes: NDArray[np.uint32], flags: NDArray[np.uint8], offsets: NDArray[np.int64], table: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The short passages of bodies that are in a set, and the articles that have them."""
    most = room_of(offsets)
    values, spans = np.empty(most, np.uint64), np.empty((most, 2), np.int64)
    room = max(np.int64(1) << 12, most)
    passages, places = np.empty(room, np.uint64), np.empty(room, np.int64)
    filled = np.int64(0)
    for article in range(len(offsets) // 2):
        begin, end = offsets[2 * article + 1], offsets[2 * article + 2]
        count = short_passages(hashes, flags, begin, end, values, spans, np.int64(0))
        if filled + count > len(passages):
            passages, places = _widened(passages, places, filled)
        for place in range(count):
            if is_in(values[place], table):
                passages[filled], places[filled] = values[place], article
                filled += 1
    return passages[:filled], places[:filled]


@kept
def _held_by_enough(passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which of sorted passages occur often enough."""
    enough = np.zeros(len(passages), np.bool_)
    first: Whole = 0
    for place in range(1, len(passages) + 1):
        if place == len(passages) or passages[place] != passages[first]:
            if place - first >= HOLDERS:
                enough[first:place] = True
            first = place
    return enough


@kept
def _hash_set(passages: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
    """A hash set of distinct passages with open addressing; `size` is a power of two.

    0 is an empty slot. One more slot, the last, is 1 if the set contains the hash 0 itself.
    """
    wrap = np.uint64(size - 1)
    table = np.zeros(size + 1, np.uint64)
    for passage in passages:
        if passage == 0:
            table[size] = 1
            continue
        slot = passage & wrap
        while table[slot]:
            slot = (slot + np.uint64(1)) & wrap
        table[slot] = passage
    return table


@kernel
def is_in(value: Whole, table: NDArray[np.uint64]) -> bool:
    """Whether a hash is in a set that `_hash_set` has made."""
    last = len(table) - 1
    wrap = np.uint64(last - 1)
    slot = value & wrap
    while table[slot] and table[slot] != value:
        slot = (slot + np.uint64(1)) & wrap
    return bool(table[last] == 1 if value == 0 else table[slot] == value)


@kernel
def remove_labels(
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    begin: Whole,
    end: Whole,
    table: NDArray[np.uint64],
    keep: NDArray[np.bool_],
) -> None:
    """Write which words of the title `begin:end` remain without the labels at both ends."""
    # The first segment that is no label, the end of the last one, and how many words other than numbers they enclose.
    first, last, rest, segments = end, begin, np.int64(0), np.int64(0)
    value, power, start = np.uint64(0), np.uint64(1), begin
    for at in range(begin, end + 1):
        if at == end or (at > begin and flags[at] & BEGINS_SEGMENT):
            segments += 1
            if not is_in(mix64(value + _SALT_OF_LABELS * np.uint64(at - start)), table):
                first, last = min(first, start), at
            value, power, start = np.uint64(0), np.uint64(1), at
        if at < end:
            if not flags[at] & IS_NUMBER:
                value += np.uint64(hashes[at]) * power
            power *= _BASE
    if segments < 2:
        return
    for at in range(first, last):
        rest += np.int64(not flags[at] & IS_NUMBER and hashes[at] > 0)
    if rest >= REST_OF_TITLE:
        keep[begin:first] = False
        keep[last:end] = False


@kept
def _outside(
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint64],
    rest: int,
    labels: bool,
    keep: NDArray[np.bool_],
) -> None:
    """Write which words remain: none of a body with fewer than `rest` words left, or all of it without a title.

    Labels are removed from titles if `labels` says so.
    """
    room = room_of(offsets)
    values, spans = np.empty(room, np.uint64), np.empty((room, 2), np.int64)
    for article in range(len(offsets) // 2):
        first, begin, end = offsets[2 * article], offsets[2 * article + 1], offsets[2 * article + 2]
        if labels:
            remove_labels(hashes, flags, first, begin, table, keep)
        long, count = all_passages(hashes, flags, begin, end, values, spans)
        until: Whole = begin
        for place in range(count):
            known = is_in(values[place], table)
            if known and place < long:
                for word in range(max(until, begin + place), begin + place + PASSAGE):
                    keep[word] = False
                until = begin + place + PASSAGE
            elif known:
                keep[spans[place, 0] : spans[place, 1]] = False
        left: Whole = np.int64(0)
        for word in range(begin, end):
            left += np.int64(keep[word])
        if left < rest and left < end - begin:
            keep[begin:end] = begin == first  # without a title the body stays unchanged
