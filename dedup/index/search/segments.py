"""Layouts of sparse vectors for a search: segments, which are inverted indexes, and batches of queries.

The most frequent terms of a segment, its head, have most of the entries and little of the length: they are not indexed,
and multiplied only for candidates whose upper bound is above the floor (see `match.kernels.ranked`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.match.stories import head_terms
from dedup.vectorize.exact import DOT_UNIT
from dedup.vectorize.hashing import buckets_of

LISTED = 512
"""Articles from which a segment has its signature prefixes by their bytes."""
Terms: TypeAlias = NDArray[np.int32]
Weights: TypeAlias = NDArray[np.uint16]
Dots: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Slots, and dot products in units of `DOT_UNIT`."""


Reals: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]
"""Terms, ascending; their buckets, see `buckets_of`; the value of each and of any other term, which is the last."""
Wholes: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]
"""`Reals` with whole numbers."""
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


class Prefixes(NamedTuple):
    """The signature prefixes of the articles of a segment: as they are, or of many by the values of each byte.

    Attributes:
        rows: shape (articles, bytes); without articles if there are lists.
        begin: where the list of each value of each byte begins, shape (256 * bytes + 1,); else empty.
        lists: the articles that have the value, shape (bytes * articles,); else empty.
    """

    rows: NDArray[np.uint8]
    begin: NDArray[np.int32]
    lists: NDArray[np.uint16]

    @classmethod
    def of(cls, rows: NDArray[np.uint8]) -> Prefixes:
        """Those of articles with some prefixes."""
        count, width = rows.shape
        if count < LISTED:
            return cls(rows, np.empty(0, np.int32), np.empty(0, np.uint16))
        lists = np.argsort(rows.T, axis=1, kind="stable").astype(np.uint16).ravel()
        counts = np.bincount((rows + 256 * np.arange(width)).ravel(), minlength=256 * width)
        return cls(rows[:0], np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), lists)

    def any_agrees(self, own: NDArray[np.uint8], least: int, first: int, last: int) -> bool:
        """Whether an article before `first` or from `last` on has `least` bytes in common with a prefix."""
        from dedup.index.search.kernels.prefixes import any_prefix_agrees, any_prefix_listed

        if len(self.lists):
            return bool(any_prefix_listed(self.begin, self.lists, own, least, first, last))
        return bool(any_prefix_agrees(self.rows, own, least, first, last))

    def memory(self) -> int:
        """Size in bytes."""
        return sum(column.nbytes for column in self)


class Marks(NamedTuple):
    """What a search looks at before it reads a segment: the times of its articles in seconds, and their prefixes.

    Attributes:
        first, last: -inf and inf if any time is unknown.
        ordered: the time of each, if none is before the one before it; else empty.
        prefixes: None where no copies are searched for.
    """

    first: float
    last: float
    ordered: NDArray[np.float64]
    prefixes: Prefixes | None = None

    @classmethod
    def of(cls, seconds: NDArray[np.float64], prefixes: NDArray[np.uint8] | None) -> Marks:
        """Those of articles with some times, nan where unknown, and some signature prefixes."""
        listed = None if prefixes is None else Prefixes.of(prefixes)
        if np.isnan(seconds).any():
            return EVER._replace(prefixes=listed)
        in_order = bool((seconds[1:] >= seconds[:-1]).all())
        return cls(float(seconds.min()), float(seconds.max()), seconds if in_order else np.empty(0), listed)

    def memory(self) -> int:
        """Size in bytes."""
        return self.ordered.nbytes + (0 if self.prefixes is None else self.prefixes.memory())


EVER = Marks(-np.inf, np.inf, np.empty(0))
"""Unknown times."""


class VectorBatch(NamedTuple):
    """Sparse vectors in one array, with their distinct terms.

    Attributes:
        start: where the entries of each vector begin, shape (vectors + 1,).
        terms: the distinct terms, ascending; of a part of a batch those of the whole.
        entries: for each entry the place of its term in `terms`.
        weights: for each entry, in units of `WEIGHT_UNIT`.
    """

    start: NDArray[np.int64]
    terms: Terms
    entries: NDArray[np.int32]
    weights: Weights

    @classmethod
    def of(cls, vectors: Sequence[tuple[Terms, Weights]]) -> VectorBatch:
        """A batch of vectors, given as ascending terms and weights."""
        start, every, weights = concatenated(vectors)
        if len(vectors) == 1:
            return cls(start, every, np.arange(len(every), dtype=np.int32), weights)
        distinct, entries = np.unique(every, return_inverse=True)
        return cls(start, distinct, entries.ravel().astype(np.int32), weights)

    @property
    def size(self) -> int:
        """The number of vectors."""
        return len(self.start) - 1

    def vector(self, place: int) -> tuple[Terms, Weights]:
        """The terms and weights of one vector."""
        span = slice(int(self.start[place]), int(self.start[place + 1]))
        return self.terms[self.entries[span]], self.weights[span]

    def take(self, places: NDArray[np.int64]) -> VectorBatch:
        """Those vectors of the batch that are at some places, which are ascending."""
        if len(places) == self.size:
            return self
        lengths, start = np.diff(self.start)[places], np.zeros(len(places) + 1, np.int64)
        np.cumsum(lengths, out=start[1:])
        entries = np.repeat(self.start[places] - start[:-1], lengths) + np.arange(start[-1])
        return VectorBatch(start, self.terms, self.entries[entries], self.weights[entries])

    def segment(self, slots: NDArray[np.int32], floor: float) -> Segment:
        """A segment of these vectors under the given slots."""
        rows = np.repeat(np.arange(self.size, dtype=np.int32), np.diff(self.start))
        return Segment.of(slots, rows, self.terms[self.entries], self.weights, floor)


def in_units(floor: float) -> int:
    """A floor in whole units of `DOT_UNIT`: a dot product is above both or neither."""
    return int(np.floor(floor / DOT_UNIT))


def concatenated(vectors: Sequence[tuple[Terms, Weights]]) -> tuple[NDArray[np.int64], Terms, Weights]:
    """Concatenate vectors: where each begins, and the terms and weights of all."""
    start = np.zeros(len(vectors) + 1, np.int64)
    np.cumsum([len(terms) for terms, _ in vectors], out=start[1:])
    if not vectors:
        return start, np.empty(0, np.int32), np.empty(0, np.uint16)
    return start, np.concatenate([terms for terms, _ in vectors]), np.concatenate([weights for _, weights in vectors])


class Segment(NamedTuple):
    """An inverted index of some vectors, read-only.

    Attributes:
        slots: slot of each vector, shape (vectors,).
        terms: the indexed terms, ascending.
        buckets: where the terms with the same upper bits begin, see `buckets_of`.
        begin: where the postings list of each term begins, shape (terms + 1,).
        postings: vector << 16 | weight.
        head: the terms that are not indexed, ascending.
        head_begin: where the head of each vector begins, shape (vectors + 1,).
        heads: their entries: place in `head` << 16 | weight.
        head_norm: upper bound of the norm of each head, shape (vectors,).
    """

    slots: NDArray[np.int32]
    terms: NDArray[np.int32]
    buckets: NDArray[np.int32]
    begin: NDArray[np.int32]
    postings: NDArray[np.uint32]
    head: NDArray[np.int32]
    head_begin: NDArray[np.int32]
    heads: NDArray[np.uint32]
    head_norm: NDArray[np.uint16]

    @property
    def size(self) -> int:
        """The number of vectors."""
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
        """Build a segment from entries: vector, term and weight; the entries of one term in the order of vectors."""
        from dedup.index.search.kernels.layout import segment_arrays, sort_by_term, term_statistics

        keys = sort_by_term(rows, terms, weights)
        distinct, frequency, energy = term_statistics(keys)
        by_frequency = np.argsort(-frequency, kind="stable")
        heads = head_terms(energy[by_frequency], floor, len(slots))
        in_head = np.zeros(len(distinct), np.bool_)
        in_head[by_frequency[:heads]] = True
        begin = np.concatenate([[0], np.cumsum(frequency[~in_head])]).astype(np.int32)
        indexed = distinct[~in_head]
        return cls(slots, indexed, buckets_of(indexed), begin, *segment_arrays(keys, in_head, distinct, len(slots)))

    def entries(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint16]]:
        """Vector, term and weight of every entry; the entries of one term in the order of vectors."""
        tail_terms = np.repeat(self.terms, np.diff(self.begin))
        head_rows = np.repeat(np.arange(self.size, dtype=np.int32), np.diff(self.head_begin))
        tail_rows = (self.postings >> np.uint32(16)).astype(np.int32)
        tail_weights = (self.postings & np.uint32(0xFFFF)).astype(np.uint16)
        return (
            np.concatenate([tail_rows, head_rows]),
            np.concatenate([tail_terms, self.head[self.heads >> np.uint32(16)]]),
            np.concatenate([tail_weights, (self.heads & np.uint32(0xFFFF)).astype(np.uint16)]),
        )

    def having(self, term: int) -> NDArray[np.int64]:
        """The vectors that have a term."""
        place, in_head = int(np.searchsorted(self.terms, term)), int(np.searchsorted(self.head, term))
        if place < len(self.terms) and self.terms[place] == term:
            return (self.postings[self.begin[place] : self.begin[place + 1]] >> np.uint32(16)).astype(np.int64)
        if in_head < len(self.head) and self.head[in_head] == term:
            entries = np.flatnonzero(self.heads >> np.uint32(16) == in_head)
            return np.searchsorted(self.head_begin, entries, side="right") - 1
        return np.empty(0, np.int64)

    def memory(self) -> int:
        """Size in bytes."""
        return sum(column.nbytes for column in self)


def merged(segments: Sequence[Segment], removed: NDArray[np.bool_], floor: float) -> Segment:
    """Merge segments into one, without removed slots."""
    slots: list[NDArray[np.int32]] = []
    rows: list[NDArray[np.int32]] = []
    terms: list[NDArray[np.int32]] = []
    weights: list[NDArray[np.uint16]] = []
    first = 0
    for segment in segments:
        stays = ~removed[segment.slots]
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
