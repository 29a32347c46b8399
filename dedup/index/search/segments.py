"""Vectors laid out to be searched: sealed into an index by terms, and many queries side by side.

A segment's most frequent terms, its head, hold most of the entries and little of the length: they are not indexed, and
multiplied only where the rest leaves a pair a chance (see `match.kernels.ranked`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.exact import DOT_UNIT

QUERIES_AT_ONCE = 128
"""Queries that one task looks for, of many."""
HEAD_SHARE = 0.43
"""The mean square of the heads' norms, as a share of the floor, as in `match.kernels.ranked` ..."""
WIDEST = 512
"""... and terms of a head at most."""

Terms: TypeAlias = NDArray[np.int32]
Weights: TypeAlias = NDArray[np.uint16]
Dots: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Slots, and dot products in units of `DOT_UNIT`."""


ManyDots: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Queries, slots, and dot products in units of `DOT_UNIT`."""


class Hits(NamedTuple):
    """Raw hits of several queries; those of query i are at `start[i]:start[i + 1]`.

    Attributes:
        start: shape (queries + 1,).
        slots, dots, foreign: of each hit.
    """

    start: NDArray[np.int64]
    slots: NDArray[np.int64]
    dots: NDArray[np.int64]
    foreign: NDArray[np.bool_]


_AllFound: TypeAlias = list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]]
ROOM = 1 << 16
"""Hits that there is room for at a time, beside those of one more query."""

Span: TypeAlias = tuple[float, float]
"""The first and the last time of some articles; from -inf to inf where one's is unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """Vectors side by side.

    Attributes:
        start: where each begins, shape (vectors + 1,).
        terms: those that any of them has, ascending.
        entries: for each entry the place of its term there.
        weights: of each entry.
    """

    start: NDArray[np.int64]
    terms: Terms
    entries: NDArray[np.int32]
    weights: Weights

    @classmethod
    def of(cls, vectors: Sequence[tuple[Terms, Weights]]) -> Queries:
        """Some vectors, as terms, ascending, and weights."""
        start, every, weights = side_by_side(vectors)
        if len(vectors) == 1:
            return cls(start, every, np.arange(len(every), dtype=np.int32), weights)
        distinct, entries = np.unique(every, return_inverse=True)
        return cls(start, distinct, entries.ravel().astype(np.int32), weights)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.start) - 1

    def vector(self, place: int) -> tuple[Terms, Weights]:
        """One of them."""
        span = slice(int(self.start[place]), int(self.start[place + 1]))
        return self.terms[self.entries[span]], self.weights[span]

    def segment(self, slots: NDArray[np.int32], floor: float) -> Segment:
        """A segment of them, each under its slot."""
        rows = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.start))
        return Segment.of(slots, rows, self.terms[self.entries], self.weights, floor)


def in_units(floor: float) -> int:
    """A dot product in whole units of `DOT_UNIT`: what is above the one is above the other."""
    return int(np.floor(floor / DOT_UNIT))


def side_by_side(vectors: Sequence[tuple[Terms, Weights]]) -> tuple[NDArray[np.int64], Terms, Weights]:
    """Where each of some vectors begins, and the terms and weights of all."""
    start = np.zeros(len(vectors) + 1, np.int64)
    np.cumsum([len(terms) for terms, _ in vectors], out=start[1:])
    if not vectors:
        return start, np.empty(0, np.int32), np.empty(0, np.uint16)
    return start, np.concatenate([terms for terms, _ in vectors]), np.concatenate([weights for _, weights in vectors])


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """How far a query looks. Beyond that there can be nothing but copies of it, which have signatures like its own.

    Attributes:
        since, until: it looks for all that was published from then to then.
        prefixes, own: the beginnings of all signatures, by slot, and of its own; None where copies are not looked for.
        least: in how many places they must agree.
    """

    since: float
    until: float
    prefixes: NDArray[np.uint8] | None = None
    own: NDArray[np.uint8] | None = None
    least: int = 0

    def leaves_out(self, segment: Segment, span: Span) -> bool:
        """Whether a segment, the vectors of which are of some time, can be left out."""
        from dedup.index.search.kernels.scan import any_alike, any_alike_by_words

        if span[1] >= self.since and span[0] <= self.until:
            return False
        if self.prefixes is None or self.own is None:
            return True
        if self.prefixes.shape[1] == 16:
            words = self.prefixes.view(np.uint64), segment.slots, self.own.copy().view(np.uint64)
            return not any_alike_by_words(*words, self.least)
        return not any_alike(self.prefixes, segment.slots, self.own, self.least)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Sealed vectors.

    Attributes:
        slots: of each vector, shape (vectors,).
        terms: those that are indexed, ascending.
        begin: where each one's list begins in `postings`, shape (terms + 1,).
        postings: vector << 16 | weight.
        head: the terms that are not indexed, ascending.
        head_begin: where each vector's head begins, shape (vectors + 1,).
        head_place, head_weight: its entries: place in `head`, and weight.
        head_norm: an upper bound of each head's norm, shape (vectors,).
    """

    slots: NDArray[np.int32]
    terms: NDArray[np.int32]
    begin: NDArray[np.int32]
    postings: NDArray[np.uint32]
    head: NDArray[np.int32]
    head_begin: NDArray[np.int32]
    head_place: NDArray[np.uint16]
    head_weight: NDArray[np.uint16]
    head_norm: NDArray[np.int32]

    def __len__(self) -> int:
        """How many vectors there are."""
        return len(self.slots)

    @classmethod
    def of(
        cls,
        slots: NDArray[np.int32],
        rows: NDArray[np.int32],
        terms: NDArray[np.int32],
        weights: NDArray[np.uint16],
        floor: float,
    ) -> Segment:
        """A segment of entries: vector, term and weight of each; those of one term in the order of the vectors."""
        from dedup.index.search.kernels.layout import by_term, laid_out, listed

        keys = by_term(rows, terms, weights)
        distinct, frequency, energy = listed(keys)
        by_frequency = np.argsort(-frequency, kind="stable")
        budget = HEAD_SHARE * floor / DOT_UNIT * max(1, len(slots))
        heads = min(WIDEST, int(np.searchsorted(np.cumsum(energy[by_frequency]), budget)))
        in_head = np.zeros(len(distinct), np.bool_)
        in_head[by_frequency[:heads]] = True
        begin = np.concatenate([[0], np.cumsum(frequency[~in_head])]).astype(np.int32)
        return cls(slots, distinct[~in_head], begin, *laid_out(keys, in_head, distinct, len(slots)))

    def entries(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint16]]:
        """Vector, term and weight of every entry, those of one term in the order of the vectors."""
        tail_terms = np.repeat(self.terms, np.diff(self.begin))
        head_rows = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.head_begin))
        tail_rows = (self.postings >> np.uint32(16)).astype(np.int32)
        tail_weights = (self.postings & np.uint32(0xFFFF)).astype(np.uint16)
        return (
            np.concatenate([tail_rows, head_rows]),
            np.concatenate([tail_terms, self.head[self.head_place]]),
            np.concatenate([tail_weights, self.head_weight]),
        )

    def memory(self) -> int:
        """Bytes."""
        return sum(getattr(self, name).nbytes for name in self.__slots__)


def merged(segments: Sequence[Segment], gone: NDArray[np.bool_], floor: float) -> Segment:
    """One segment of several, without the slots that are gone."""
    slots: list[NDArray[np.int32]] = []
    rows: list[NDArray[np.int32]] = []
    terms: list[NDArray[np.int32]] = []
    weights: list[NDArray[np.uint16]] = []
    first = 0
    for segment in segments:
        stays = ~gone[segment.slots]
        number = np.where(stays, np.cumsum(stays) - 1 + first, -1).astype(np.int32)
        row, term, weight = segment.entries()
        keep = stays[row]
        rows.append(number[row[keep]])
        terms.append(term[keep])
        weights.append(weight[keep])
        slots.append(segment.slots[stays])
        first += int(stays.sum())
    return Segment.of(
        np.concatenate(slots), np.concatenate(rows), np.concatenate(terms), np.concatenate(weights), floor
    )


def search(
    segments: Sequence[tuple[Segment, Span]], queries: Queries, reaches: Sequence[Reach], floor: float
) -> ManyDots:
    """What is above a floor in some segments: which of the queries, the slots, and the dot products.

    What is out of a query's reach may be found all the same.
    """
    from dedup.vectorize.kernels.threads import in_threads

    least = in_units(floor)

    def work(task: tuple[Segment, Span, int, int]) -> list[tuple[NDArray[np.int32], ...]]:
        segment, span, first, last = task
        if all(reach.leaves_out(segment, span) for reach in reaches[first:last]):
            return []
        return [*search_segment(segment, queries, lists_of(segment, queries), first, last, least)]

    tasks = (
        (segment, span, first, min(first + QUERIES_AT_ONCE, len(queries)))
        for segment, span in segments
        for first in range(0, len(queries), QUERIES_AT_ONCE)
    )
    parts = [part for found in in_threads(work, tasks, None) for part in found]
    nothing = np.empty(0, np.int32)
    query, slots, dots = (np.concatenate([nothing, *(part[column] for part in parts)]) for column in range(3))
    return query.astype(np.int64), slots.astype(np.int64), dots.astype(np.int64)


def search_segment(
    segment: Segment, queries: Queries, lists: NDArray[np.int32], first: int, last: int, least: int
) -> _AllFound:
    """What the queries from `first` up to `last` find in a sealed segment: whose dot product is above the least.

    Args:
        segment: where they look.
        queries: what is looked for.
        lists: what `lists_of` gives for the two.
        first, last: some of the queries.
        least: a dot product in whole units.

    Returns:
        In parts: the query, the slot and the product of each hit.
    """
    from dedup.index.search.kernels.scan import scan_for_many

    room = len(segment) + min(ROOM, (last - first) << 10)
    found: _AllFound = []
    while first < last:
        query, row, dot = (np.empty(room, np.int32) for _ in range(3))
        first, count = scan_for_many(
            segment.begin, segment.postings, len(segment.head), segment.head_begin, segment.head_place,
            segment.head_weight, segment.head_norm, lists, queries.start, queries.entries, queries.weights,
            first, last, least, query, row, dot,
        )  # fmt: skip
        if count:
            found.append((query[:count], segment.slots[row[:count]], dot[:count]))
    return found


def lists_of(segment: Segment, queries: Queries) -> NDArray[np.int32]:
    """For each term of the queries which list it has; -1 for none, -2 - its place for one of the head."""
    from dedup.index.search.kernels.scan import list_places

    found = np.full(len(queries.terms), -1, np.int32)
    list_places(segment.terms, queries.terms, found, False)
    list_places(segment.head, queries.terms, found, True)
    return found
