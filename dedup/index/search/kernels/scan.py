"""Search of segments and of open rows for vectors: scan postings, prune by a bound on the head, multiply the heads.

All numbers are integers, so the order of additions does not matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.index.features.kernels import from_on
from dedup.index.search.segments import Segment, VectorBatch
from dedup.vectorize.kernels.compiling import Whole, kept, kernel


@kept
def locate_terms(indexed: NDArray[np.int32], terms: NDArray[np.int32], found: NDArray[np.int32], heads: bool) -> None:
    """Write the place of each term among the indexed ones; for terms of a head -2 - its place. Both are ascending.

    Plain form: `plain_forms.locate_terms`.
    """
    low = np.int64(0)
    for entry in range(len(terms)):
        term = terms[entry]
        low = from_on(term, indexed, low)
        if low < len(indexed) and indexed[low] == term:
            found[entry] = -2 - low if heads else low


@kernel
def _above_bound(
    sums: NDArray[np.int32], head_norm: NDArray[np.int32], norm: Whole, floor: Whole, likely: NDArray[np.int32]
) -> Whole:
    """Write the vectors whose upper bound is above the floor, and return their number.

    The bound is the dot product of the tails plus the product of the norms of the heads (Bayardo, Ma & Srikant 2007).
    It is at most the product of two lengths, so it fits into 32 bits.
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
def any_prefix_agrees(
    prefixes: NDArray[np.uint8], slots: NDArray[np.int32], own: NDArray[np.uint8], least: int
) -> bool:
    """Whether any of some signature prefixes has at least so many bytes in common with one prefix.

    Plain form: `plain_forms.any_prefix_agrees`.
    """
    for slot in slots:
        row, agreeing = prefixes[slot], np.uint8(0)
        for place in range(len(own)):
            agreeing += np.uint8(row[place] == own[place])
        if agreeing >= least:
            return True
    return False


@kept
def any_prefix_agrees_by_words(
    prefixes: NDArray[np.uint64], slots: NDArray[np.int32], own: NDArray[np.uint64], least: int
) -> bool:
    """`any_prefix_agrees` for prefixes of 16 bytes as two words, eight bytes at a time.

    Equal bytes are zero after exclusive or. An addition carries the other bits of each byte into its highest one, which
    then tells zero bytes from others (Warren, Hacker's Delight, ch. 6).

    Plain form: `plain_forms.any_prefix_agrees`.
    """
    low, one = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x0101010101010101)
    enough = np.uint64(least)
    for slot in slots:
        first, second = prefixes[slot, 0] ^ own[0], prefixes[slot, 1] ^ own[1]
        first = ~(((first & low) + low) | first | low) >> np.uint64(7)
        second = ~(((second & low) + low) | second | low) >> np.uint64(7)
        if (first + second) * one >> np.uint64(56) >= enough:
            return True
    return False


@kernel
def _row_from(postings: NDArray[np.uint32], low: Whole, high: Whole, row: Whole) -> Whole:
    """The first place of `low:high` in a postings list whose vector is `row` or a later one."""
    sought = np.uint32(row << 16)
    while low < high:
        middle = (low + high) // 2
        if postings[middle] < sought:
            low = middle + 1
        else:
            high = middle
    return low


@kept
def scan_for_one(
    segment: Segment,
    first: int,
    last: int,
    removed: NDArray[np.bool_],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    least: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Slots and dot products of the vectors `first:last` whose dot product with one vector is above the least.

    Plain form: `index.search.postings.PlainPostings.above`.
    """
    indexed, begin, postings, head, slots = segment.terms, segment.begin, segment.postings, segment.head, segment.slots
    head_begin, head_place, head_weight = segment.head_begin, segment.head_place, segment.head_weight
    count, whole = last - first, first == 0 and last == len(slots)
    sums, mine = np.zeros(count, np.int32), np.zeros(max(1, len(head)), np.int32)
    squares, low, place = np.int64(0), np.int64(0), np.int64(0)
    for entry in range(len(terms)):
        term, weight = terms[entry], np.int32(weights[entry])
        low = from_on(term, indexed, low)
        if low < len(indexed) and indexed[low] == term:
            start, end = np.int64(begin[low]), np.int64(begin[low + 1])
            if not whole:
                start = _row_from(postings, start, end, first)
                end = _row_from(postings, start, end, last)
            for at in range(np.uint64(start), np.uint64(end)):  # unsigned: no index wraps
                posting = postings[at]
                row = np.uint64(posting >> np.uint32(16)) - np.uint64(first)
                sums[row] += weight * np.int32(posting & np.uint32(0xFFFF))
            continue
        place = from_on(term, head, place)
        if place < len(head) and head[place] == term:
            mine[place] = weight
            squares += np.int64(weight) * np.int64(weight)
    floor, norm = np.int32(least), np.int32(np.ceil(np.sqrt(np.float64(squares))))
    likely = np.empty(count + 1, np.int32)
    some, hits = _above_bound(sums, segment.head_norm[first:last], norm, floor, likely), np.int64(0)
    for candidate in range(some):
        found = likely[candidate]
        row = found + first
        if removed[slots[row]]:
            continue
        dot = sums[found]
        for at in range(np.uint64(head_begin[row]), np.uint64(head_begin[row + 1])):
            dot = np.int32(dot + np.int32(mine[np.uint64(head_place[at])] * np.int32(head_weight[at])))
        if dot > floor:
            likely[hits], sums[hits] = slots[row], dot  # both entries were read already
            hits += 1
    return likely[:hits].astype(np.int64), sums[:hits].astype(np.int64)


@kept
def scan_for_many(
    segment: Segment,
    queries: VectorBatch,
    lists: NDArray[np.int32],
    first: int,
    last: int,
    least: int,
    found_query: NDArray[np.int32],
    found_row: NDArray[np.int32],
    found_dot: NDArray[np.int32],
) -> tuple[int, int]:
    """Write the hits until there may be no room; return the query to go on with, and the number of hits.

    Plain form: `index.search.postings.PlainPostings.all_above`.
    """
    begin, postings, start, entries, weights = (
        segment.begin, segment.postings, queries.start, queries.entries, queries.weights,
    )  # fmt: skip
    head_begin, head_place, head_weight = segment.head_begin, segment.head_place, segment.head_weight
    count = len(segment.slots)
    sums, mine = np.zeros(count, np.int32), np.zeros(max(1, len(segment.head)), np.int32)
    likely = np.empty(count + 1, np.int32)
    floor, hits = np.int32(least), 0
    for query in range(first, last):
        if hits + count > len(found_query):
            return query, hits
        squares = np.int64(0)
        mine[:] = 0
        for entry in range(start[query], start[query + 1]):
            place, weight = lists[entries[entry]], np.int32(weights[entry])
            if place >= 0:
                for at in range(np.uint64(begin[place]), np.uint64(begin[place + 1])):  # unsigned: no index wraps
                    posting = postings[at]
                    sums[np.uint64(posting >> np.uint32(16))] += weight * np.int32(posting & np.uint32(0xFFFF))
            elif place < -1:
                mine[-2 - place] = weight
                squares += np.int64(weight) * np.int64(weight)
        norm = np.int32(np.ceil(np.sqrt(np.float64(squares))))
        some = _above_bound(sums, segment.head_norm, norm, floor, likely)
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
    removed: NDArray[np.bool_],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    size: int,
    least: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Search vectors that are not in a segment, by a hash table of the query's terms with open addressing.

    `size` of the table is a power of two above the number of terms.

    Plain form: `index.search.postings.PlainPostings.above`.
    """
    keys, values = np.full(size, -1, np.int32), np.zeros(size, np.int64)
    wrap = size - 1
    there = np.zeros(1 << 14, np.uint8)  # a Bloom filter of one hash: most terms of others are not in the query
    for entry in range(len(terms)):
        there[np.uint64(terms[entry]) & np.uint64((1 << 14) - 1)] = 1
        place = (np.int64(terms[entry]) * 40503 >> 4) & wrap
        while keys[place] >= 0:
            place = (place + 1) & wrap
        keys[place], values[place] = terms[entry], np.int64(weights[entry])
    found, dots, hits = np.empty(count, np.int64), np.empty(count, np.int64), 0
    for row in range(count):
        if removed[slots[row]]:
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
