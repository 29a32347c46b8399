"""Vectors against the vectors of a segment. Everything is a whole number: no order of additions matters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.index.features.kernels import from_on
from dedup.vectorize.kernels.compiling import Whole, kept, kernel


@kept
def list_places(indexed: NDArray[np.int32], terms: NDArray[np.int32], found: NDArray[np.int32], heads: bool) -> None:
    """Both are ascending: what was searched already is not searched again.

    Plain form: `plain_forms.list_places`.
    """
    low = np.int64(0)
    for entry in range(len(terms)):
        term = terms[entry]
        low = from_on(term, indexed, low)
        if low < len(indexed) and indexed[low] == term:
            found[entry] = -2 - low if heads else low


@kernel
def _likely(
    sums: NDArray[np.int32], head_norm: NDArray[np.int32], norm: Whole, floor: Whole, likely: NDArray[np.int32]
) -> Whole:
    """Writes the vectors that may have a product above the floor, and tells how many they are.

    A tail's product and the bound of a head's together are at most the product of two lengths: they fit.
    """
    some, group = np.int64(0), 32
    for low in range(0, len(sums), group):
        here, bound = sums[low : low + group], head_norm[low : low + group]
        most = np.int32(0)
        for other in range(len(here)):
            most = max(most, np.int32(here[other] + np.int32(norm * bound[other])))
        if most > floor:
            for other in range(len(here)):
                likely[some] = low + other
                some += np.int64(np.int32(here[other] + np.int32(norm * bound[other])) > floor)
    return some


@kept
def any_alike(prefixes: NDArray[np.uint8], slots: NDArray[np.int32], its: NDArray[np.uint8], least: int) -> bool:
    """Whether one of some rows agrees with another row in so many places.

    Plain form: `plain_forms.any_alike`.
    """
    for slot in slots:
        row, agreeing = prefixes[slot], np.uint8(0)
        for place in range(len(its)):
            agreeing += np.uint8(row[place] == its[place])
        if agreeing >= least:
            return True
    return False


@kept
def any_alike_by_words(
    prefixes: NDArray[np.uint64], slots: NDArray[np.int32], its: NDArray[np.uint64], least: int
) -> bool:
    """The same of rows of two words each, eight places at a time: a byte that agrees is zero once they are combined.

    Of such bytes the highest bit is found by an addition that carries into it from all others (Warren, Hacker's
    Delight, ch. 6).

    Plain form: `plain_forms.any_alike`.
    """
    low, one = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x0101010101010101)
    enough = np.uint64(least)
    for slot in slots:
        first, second = prefixes[slot, 0] ^ its[0], prefixes[slot, 1] ^ its[1]
        first = ~(((first & low) + low) | first | low) >> np.uint64(7)
        second = ~(((second & low) + low) | second | low) >> np.uint64(7)
        if (first + second) * one >> np.uint64(56) >= enough:
            return True
    return False


@kept
def scan_for_one(
    indexed: NDArray[np.int32],
    begin: NDArray[np.int32],
    postings: NDArray[np.uint32],
    head: NDArray[np.int32],
    head_begin: NDArray[np.int32],
    head_place: NDArray[np.uint16],
    head_weight: NDArray[np.uint16],
    head_norm: NDArray[np.int32],
    slots: NDArray[np.int32],
    gone: NDArray[np.bool_],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    least: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Search a sealed segment for one vector: slots, and dot products above the least.

    Plain form: `index.search.postings.PlainPostings.above`.
    """
    count = len(slots)
    sums, mine = np.zeros(count, np.int32), np.zeros(max(1, len(head)), np.int32)
    squares, low, place = np.int64(0), np.int64(0), np.int64(0)
    for entry in range(len(terms)):
        term, weight = terms[entry], np.int32(weights[entry])
        low = from_on(term, indexed, low)
        if low < len(indexed) and indexed[low] == term:
            for at in range(np.uint64(begin[low]), np.uint64(begin[low + 1])):  # unsigned: none counts from the end
                posting = postings[at]
                sums[np.uint64(posting >> np.uint32(16))] += weight * np.int32(posting & np.uint32(0xFFFF))
            continue
        place = from_on(term, head, place)
        if place < len(head) and head[place] == term:
            mine[place] = weight
            squares += np.int64(weight) * np.int64(weight)
    floor, norm = np.int32(least), np.int32(np.ceil(np.sqrt(np.float64(squares))))
    likely = np.empty(count + 1, np.int32)
    some, hits = _likely(sums, head_norm, norm, floor, likely), np.int64(0)
    for candidate in range(some):
        row = likely[candidate]
        if gone[slots[row]]:
            continue
        dot = sums[row]
        for at in range(np.uint64(head_begin[row]), np.uint64(head_begin[row + 1])):
            dot = np.int32(dot + np.int32(mine[np.uint64(head_place[at])] * np.int32(head_weight[at])))
        if dot > floor:
            likely[hits], sums[hits] = slots[row], dot  # what stood there was looked at before
            hits += 1
    return likely[:hits].astype(np.int64), sums[:hits].astype(np.int64)


@kept
def scan_for_many(
    begin: NDArray[np.int32],
    postings: NDArray[np.uint32],
    heads: int,
    head_begin: NDArray[np.int32],
    head_place: NDArray[np.uint16],
    head_weight: NDArray[np.uint16],
    head_norm: NDArray[np.int32],
    lists: NDArray[np.int32],
    start: NDArray[np.int64],
    entries: NDArray[np.int32],
    weights: NDArray[np.uint16],
    first: int,
    last: int,
    least: int,
    found_query: NDArray[np.int32],
    found_row: NDArray[np.int32],
    found_dot: NDArray[np.int32],
) -> tuple[int, int]:
    """Writes the hits until they might not fit; returns the query to go on with, and how many hits there are.

    Plain form: `index.search.postings.PlainPostings.all_above`.
    """
    count = len(head_norm)
    sums, mine = np.zeros(count, np.int32), np.zeros(max(1, heads), np.int32)
    likely = np.empty(count + 1, np.int32)
    floor, hits = np.int32(least), 0
    for query in range(first, last):
        if hits + count > len(found_query):
            return query, hits
        squares = np.int64(0)
        mine[:] = 0
        for entry in range(start[query], start[query + 1]):
            its, weight = lists[entries[entry]], np.int32(weights[entry])
            if its >= 0:
                for at in range(np.uint64(begin[its]), np.uint64(begin[its + 1])):  # unsigned: none counts from the end
                    posting = postings[at]
                    sums[np.uint64(posting >> np.uint32(16))] += weight * np.int32(posting & np.uint32(0xFFFF))
            elif its < -1:
                mine[-2 - its] = weight
                squares += np.int64(weight) * np.int64(weight)
        norm = np.int32(np.ceil(np.sqrt(np.float64(squares))))
        some = _likely(sums, head_norm, norm, floor, likely)
        for candidate in range(some):
            row = likely[candidate]
            dot = sums[row]
            for at in range(np.uint64(head_begin[row]), np.uint64(head_begin[row + 1])):
                dot = np.int32(dot + np.int32(mine[np.uint64(head_place[at])] * np.int32(head_weight[at])))
            if dot > floor:
                found_query[hits], found_row[hits], found_dot[hits] = query, row, dot
                hits += 1
        sums[:] = 0
    return last, hits


@kept
def scan_open_rows(
    slots: NDArray[np.int32],
    start: NDArray[np.int32],
    count: int,
    row_terms: NDArray[np.int32],
    row_weights: NDArray[np.uint16],
    gone: NDArray[np.bool_],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    size: int,
    least: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By a small table of the vector's terms, with open addressing; `size` is a power of two above their number.

    Plain form: `index.search.postings.PlainPostings.above`.
    """
    keys, values = np.full(size, -1, np.int32), np.zeros(size, np.int64)
    wrap = size - 1
    there = np.zeros(1 << 14, np.uint8)  # most terms of others are none of these: this tells so at once
    for entry in range(len(terms)):
        there[np.uint64(terms[entry]) & np.uint64((1 << 14) - 1)] = 1
        place = (np.int64(terms[entry]) * 40503 >> 4) & wrap
        while keys[place] >= 0:
            place = (place + 1) & wrap
        keys[place], values[place] = terms[entry], np.int64(weights[entry])
    found, dots, hits = np.empty(count, np.int64), np.empty(count, np.int64), 0
    for row in range(count):
        if gone[slots[row]]:
            continue
        dot = np.int64(0)
        for at in range(np.uint64(start[row]), np.uint64(start[row + 1])):
            term = row_terms[at]
            if there[np.uint64(term) & np.uint64((1 << 14) - 1)]:
                place = (np.int64(term) * 40503 >> 4) & wrap
                while keys[place] >= 0 and keys[place] != term:
                    place = (place + 1) & wrap
                if keys[place] == term:
                    dot += values[place] * np.int64(row_weights[at])
        if dot > least:
            found[hits], dots[hits] = slots[row], dot
            hits += 1
    return found[:hits].copy(), dots[:hits].copy()
