"""Search of segments and of open rows for vectors: scan postings, prune by a bound on the head, multiply the heads.

All numbers are integers, so the order of additions does not matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.index.search.segments import Segment, VectorBatch
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.halving import bucket_of, first_not_below, place_of
from dedup.vectorize.kernels.machine import fetch

LINE = 16
"""Postings that are read into the cache together."""
LINES = 64
"""Most lines of a postings list that are fetched ahead; by then the processor sees where it goes on."""


@kept
def locate_terms(
    indexed: NDArray[np.int32],
    buckets: NDArray[np.int32],
    head: NDArray[np.int32],
    terms: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Write the place of each term among the indexed ones, -2 - its place for one in the head, -1 for any other.

    All are ascending; for `buckets` see `buckets_of`.

    Plain form: `plain_forms.locate_terms`.
    """
    _locate(indexed, buckets, head, terms, found)


@kernel
def _locate(
    indexed: NDArray[np.int32],
    buckets: NDArray[np.int32],
    head: NDArray[np.int32],
    terms: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """The loop of `locate_terms`. What lies far apart in memory is fetched for several terms at a time."""
    for entry in range(len(terms)):
        fetch(buckets, bucket_of(terms[entry], buckets))
    for entry in range(len(terms)):
        fetch(indexed, np.int64(buckets[bucket_of(terms[entry], buckets)]))
    in_head = np.int64(0)
    for entry in range(len(terms)):
        found[entry] = place_of(terms[entry], indexed, buckets)
        while in_head < len(head) and head[in_head] < terms[entry]:
            in_head += 1
        if in_head < len(head) and head[in_head] == terms[entry]:
            found[entry] = -2 - in_head


@kernel
def _add_tails(
    segment: Segment,
    first: Whole,
    last: Whole,
    lists: NDArray[np.int32],
    weights: NDArray[np.uint16],
    sums: NDArray[np.int32],
    mine: NDArray[np.int32],
) -> Whole:
    """Add the products of the tails of one vector and of the vectors `first:last` to their sums.

    Args:
        segment: has the vectors.
        first, last: the first of them, and the one after the last.
        lists: for each term of the one vector what `locate_terms` finds.
        weights: of these terms.
        sums: shape (last - first,).
        mine: receives the weights of the head; shape (terms of the head,), zeros.

    Returns:
        An upper bound of the norm of its head.
    """
    begin, postings, whole = segment.begin, segment.postings, first == 0 and last == len(segment.slots)
    start, end = np.empty(len(lists) + 1, np.int64), np.empty(len(lists) + 1, np.int64)
    weight_of, some, squares = np.empty(len(lists), np.int32), np.int64(0), np.int64(0)
    for entry in range(len(lists)):
        if lists[entry] >= 0:
            fetch(begin, np.int64(lists[entry]))
    for entry in range(len(lists)):
        place, weight = np.int64(lists[entry]), np.int32(weights[entry])
        if place >= 0:
            start[some], end[some], weight_of[some] = begin[place], begin[place + 1], weight
            fetch(postings, start[some])
            some += 1
        elif place < -1:
            mine[-2 - place] = weight
            squares += np.int64(weight) * np.int64(weight)
    if not whole:
        for entry in range(some):
            start[entry] = first_not_below(postings, np.uint32(first << 16), start[entry], end[entry])
            end[entry] = first_not_below(postings, np.uint32(last << 16), start[entry], end[entry])
    start[some] = end[some] = 0
    for entry in range(some):
        for ahead in range(start[entry + 1] + LINE, min(start[entry + 1] + LINES * LINE, end[entry + 1]), LINE):
            fetch(postings, ahead)
        weight = weight_of[entry]
        for at in range(np.uint64(start[entry]), np.uint64(end[entry])):  # unsigned: no index wraps
            posting = postings[at]
            row = np.uint64(posting >> np.uint32(16)) - np.uint64(first)
            sums[row] += weight * np.int32(posting & np.uint32(0xFFFF))
    return np.int32(np.ceil(np.sqrt(np.float64(squares))))


@kernel
def _add_heads(
    segment: Segment,
    first: Whole,
    likely: NDArray[np.int32],
    some: Whole,
    sums: NDArray[np.int32],
    mine: NDArray[np.int32],
    floor: Whole,
) -> Whole:
    """Add the products of the heads to the sums of some vectors, and return how many are above a floor.

    Their places come first in `likely` then, and their dot products in `sums`. `likely` has the places from `first` on,
    ascending.
    """
    begin, heads = segment.head_begin, segment.heads
    for candidate in range(some):
        fetch(begin, np.int64(likely[candidate] + first))
    for candidate in range(some):
        start, end = np.int64(begin[likely[candidate] + first]), np.int64(begin[likely[candidate] + first + 1])
        for at in range(start, end, LINE):
            fetch(heads, at)
    hits = np.int64(0)
    for candidate in range(some):
        found = np.int64(likely[candidate])
        dot = sums[found]
        for at in range(np.uint64(begin[found + first]), np.uint64(begin[found + first + 1])):
            entry = heads[at]
            dot = np.int32(dot + np.int32(mine[entry >> np.uint32(16)] * np.int32(entry & np.uint32(0xFFFF))))
        if dot > floor:
            likely[hits], sums[hits] = found, dot  # both entries were read already
            hits += 1
    return hits


@kernel
def _above_bound(
    sums: NDArray[np.int32], head_norm: NDArray[np.uint16], norm: Whole, floor: Whole, likely: NDArray[np.int32]
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
            most = max(most, np.int32(here[other] + np.int32(norm * np.int32(bound[other]))))
        if most > floor:
            for other in range(len(here)):
                likely[some] = low + other
                some += np.int64(np.int32(here[other] + np.int32(norm * np.int32(bound[other]))) > floor)
    return some


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
    slots, head, floor = segment.slots, segment.head, np.int32(least)
    lists, sums = np.empty(len(terms), np.int32), np.zeros(last - first, np.int32)
    mine, likely = np.zeros(max(1, len(head)), np.int32), np.empty(last - first + 1, np.int32)
    _locate(segment.terms, segment.buckets, head, terms, lists)
    norm = _add_tails(segment, first, last, lists, weights, sums, mine)
    some = _above_bound(sums, segment.head_norm[first:last], norm, floor, likely)
    some, hits = _add_heads(segment, first, likely, some, sums, mine, floor), np.int64(0)
    found, dots = np.empty(some, np.int64), np.empty(some, np.int64)
    for candidate in range(some):
        slot = slots[likely[candidate] + first]
        if not removed[slot]:
            found[hits], dots[hits] = slot, sums[candidate]
            hits += 1
    return found[:hits], dots[:hits]


@kept
def scan_for_many(
    segment: Segment,
    queries: VectorBatch,
    lists: NDArray[np.int32],
    rows: NDArray[np.int64],
    before: int,
    done: int,
    least: int,
    found_query: NDArray[np.int32],
    found_row: NDArray[np.int32],
    found_dot: NDArray[np.int32],
) -> tuple[int, int]:
    """Write the hits until there may be no room; return how many queries are done, and the number of hits.

    The queries follow `before` others, `done` of them are done; each searches the vectors between its two `rows`.

    Plain form: `index.search.postings.PlainPostings.all_above`.
    """
    start, entries, weights = queries.start, queries.entries, queries.weights
    count, floor, hits = len(segment.slots), np.int32(least), 0
    sums, mine = np.zeros(count, np.int32), np.zeros(max(1, len(segment.head)), np.int32)
    likely = np.empty(count + 1, np.int32)
    for place in range(done, len(rows)):
        if hits + count > len(found_query):
            return place, hits
        first, last, query = rows[place, 0], rows[place, 1], before + place
        if first == last:
            continue
        mine[:] = 0
        begin, end = start[query], start[query + 1]
        own = np.empty(end - begin, np.int32)
        for entry in range(len(own)):
            own[entry] = lists[entries[begin + entry]]
        here, bound = sums[: last - first], segment.head_norm[first:last]
        norm = _add_tails(segment, first, last, own, weights[begin:end], here, mine)
        some = _above_bound(here, bound, norm, floor, likely)
        for candidate in range(_add_heads(segment, first, likely, some, here, mine, floor)):
            found_query[hits], found_row[hits], found_dot[hits] = query, first + likely[candidate], here[candidate]
            hits += 1
        here[:] = 0
    return len(rows), hits


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
