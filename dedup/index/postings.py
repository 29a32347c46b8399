"""Every vector whose dot product with one vector lies above a floor, exactly, among many that come and go.

Vectors are kept in segments. Those that came last lie open, row by row; when there are enough they are sealed into an
index by terms, and small sealed segments are merged into larger ones, so that each vector is moved a few times only (an
LSM tree: O'Neil et al. 1996). A segment's most frequent terms, its head, hold most of the entries and little of the
length: they are not indexed, and multiplied only where the rest leaves a pair a chance (see `match.kernels.ranked`). A
segment most of whose vectors are gone is written anew, and one that has none left is dropped.

What is searched is a snapshot: one thread may add while others search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.exact import WEIGHT_UNIT

OPEN = 128
"""Vectors that lie open at most."""
SEALED_AT_ONCE = 64
"""Vectors that come together from which they are sealed at once."""
QUERIES_AT_ONCE = 128
"""Queries that one task looks for, of many."""
FAN = 4
"""Segments of about one size that are merged into one, ..."""
LARGEST = 1 << 15
"""... unless it would have more vectors than this: to write one anew is not to take long."""
GONE = 0.4
"""Share of a segment's vectors that must be gone for it to be written anew."""
HEAD_SHARE = 0.43
"""The mean square of the heads' norms, as a share of the floor, as in `match.kernels.ranked` ..."""
WIDEST = 512
"""... and terms of a head at most."""

Terms: TypeAlias = NDArray[np.int32]
Weights: TypeAlias = NDArray[np.uint16]
Hits: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Slots, and dot products in units of `WEIGHT_UNIT`²."""


ManyHits: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Queries, slots, and dot products in units of `WEIGHT_UNIT`²."""


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


def side_by_side(vectors: Sequence[tuple[Terms, Weights]]) -> tuple[NDArray[np.int64], Terms, Weights]:
    """Where each of some vectors begins, and the terms and weights of all."""
    start = np.zeros(len(vectors) + 1, np.int64)
    np.cumsum([len(terms) for terms, _ in vectors], out=start[1:])
    if not vectors:
        return start, np.empty(0, np.int32), np.empty(0, np.uint16)
    return start, np.concatenate([terms for terms, _ in vectors]), np.concatenate([weights for _, weights in vectors])


class Postings(Protocol):
    """Vectors under numbers of the caller's, its slots."""

    def add(self, slot: int, terms: Terms, weights: Weights) -> None: ...

    def add_many(self, slots: Sequence[int], vectors: Sequence[tuple[Terms, Weights]]) -> None: ...

    def remove(self, slot: int) -> None: ...

    def above(self, terms: Terms, weights: Weights, floor: float) -> Hits: ...

    def all_above(self, queries: Queries, floor: float) -> ManyHits: ...

    def free(self) -> list[int]:
        """The slots that nothing is left of: only these may be used again. Each is told once."""
        ...

    def memory(self) -> int:
        """Bytes."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Sealed vectors.

    Attributes:
        slots: of each vector, shape (vectors,).
        terms: those that are indexed, ascending.
        begin: where each one's list begins in `postings`, shape (terms + 1,).
        postings: vector << 16 | weight.
        head: the terms that are not, ascending.
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
        from dedup.index.kernels.layout import in_order

        order = in_order(terms)
        rows, terms, weights = rows[order], terms[order], weights[order]
        count = len(slots)
        starts = np.flatnonzero(np.concatenate([[True], terms[1:] != terms[:-1]])) if len(terms) else np.empty(0, int)
        frequency = np.diff(np.append(starts, len(terms)))
        squares = weights.astype(np.int64) ** 2
        energy = np.add.reduceat(squares, starts) if len(starts) else np.empty(0, np.int64)
        by_frequency = np.argsort(-frequency, kind="stable")
        budget = HEAD_SHARE * floor / WEIGHT_UNIT**2 * max(1, count)
        heads = min(WIDEST, int(np.searchsorted(np.cumsum(energy[by_frequency]), budget)))
        in_head = np.zeros(len(starts), np.bool_)
        in_head[by_frequency[:heads]] = True
        of_head = np.repeat(in_head, frequency)
        tail_terms, tail_frequency = terms[starts[~in_head]], frequency[~in_head]
        begin = np.concatenate([[0], np.cumsum(tail_frequency)]).astype(np.int32)
        postings = rows[~of_head].astype(np.uint32) << np.uint32(16) | weights[~of_head].astype(np.uint32)
        place = np.repeat(np.cumsum(in_head) - 1, frequency)[of_head]
        head_rows = rows[of_head]
        by_row = np.argsort(head_rows, kind="stable")
        held = np.bincount(head_rows, minlength=count)
        norms = np.bincount(head_rows, weights=squares[of_head].astype(np.float64), minlength=count)
        return cls(
            slots,
            tail_terms,
            begin,
            postings,
            terms[starts[in_head]],
            np.concatenate([[0], np.cumsum(held)]).astype(np.int32),
            place[by_row].astype(np.uint16),
            weights[of_head][by_row],
            np.ceil(np.sqrt(norms)).astype(np.int32),
        )

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


@dataclass(frozen=True, slots=True, eq=False)
class OpenRows:
    """Vectors that are not sealed yet; their arrays are only ever added to."""

    slots: NDArray[np.int32]
    start: NDArray[np.int32]
    terms: NDArray[np.int32]
    weights: NDArray[np.uint16]

    @classmethod
    def empty(cls, room: int) -> OpenRows:
        """None, with room for so many entries."""
        return cls(
            np.zeros(OPEN, np.int32), np.zeros(OPEN + 1, np.int32), np.empty(room, np.int32), np.empty(room, np.uint16)
        )

    def with_room(self, count: int, more: int) -> OpenRows:
        """The same with room for more entries behind those of `count` vectors."""
        used = int(self.start[count])
        if used + more <= len(self.terms):
            return self
        wide = self.empty(2 * (used + more))
        for name, length in (("slots", count), ("start", count + 1), ("terms", used), ("weights", used)):
            getattr(wide, name)[:length] = getattr(self, name)[:length]
        return wide

    def sealed(self, count: int, gone: NDArray[np.bool_], floor: float) -> Segment:
        """A segment of them, without the slots that are gone."""
        used = int(self.start[count])
        rows = np.repeat(np.arange(count, dtype=np.int32), np.diff(self.start[: count + 1]))
        whole = Segment.of(self.slots[:count].copy(), rows, self.terms[:used], self.weights[:used], floor)
        return merged([whole], gone, floor) if gone[whole.slots].any() else whole


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What is searched: sealed segments, and the open vectors as far as they are there."""

    segments: tuple[Segment, ...]
    rows: OpenRows
    count: int


def search(segments: Sequence[Segment], queries: Queries, floor: float, threads: int | None = None) -> ManyHits:
    """What is above a floor in some segments: which of the queries, the slots, and the dot products."""
    from dedup.index.kernels.scan import lists_of, search_segment
    from dedup.vectorize.kernels.threads import in_threads

    least = int(np.floor(floor / WEIGHT_UNIT**2))

    def work(task: tuple[Segment, NDArray[np.int32], int, int]) -> list[tuple[NDArray[np.int32], ...]]:
        segment, lists, first, last = task
        return [*search_segment(segment, queries, lists, first, last, least)]

    def tasks() -> Iterator[tuple[Segment, NDArray[np.int32], int, int]]:
        for segment in segments:
            lists = lists_of(segment, queries)
            for first in range(0, len(queries), QUERIES_AT_ONCE):
                yield segment, lists, first, min(first + QUERIES_AT_ONCE, len(queries))

    parts = [part for found in in_threads(work, tasks(), threads) for part in found]
    nothing = np.empty(0, np.int32)
    query, slots, dots = (np.concatenate([nothing, *(part[column] for part in parts)]) for column in range(3))
    return query.astype(np.int64), slots.astype(np.int64), dots.astype(np.int64)


class SegmentedPostings:
    """Postings by kernels.

    Args:
        floor: the dot product above which will be asked for, at least.
    """

    def __init__(self, floor: float) -> None:
        self._floor = floor
        self._snapshot = Snapshot((), OpenRows.empty(1 << 14), 0)
        self._gone = np.zeros(OPEN, np.bool_)
        self._held = np.zeros(OPEN, np.bool_)
        self._free: list[int] = []

    def add(self, slot: int, terms: Terms, weights: Weights) -> None:
        """Adds a vector under a slot that is new or free: terms ascending, weights in units of `WEIGHT_UNIT`."""
        self._take(slot)
        now = self._snapshot
        rows = now.rows.with_room(now.count, len(terms))
        first = int(rows.start[now.count])
        last = first + len(terms)
        rows.slots[now.count] = slot
        rows.terms[first:last], rows.weights[first:last] = terms, weights
        rows.start[now.count + 1] = last
        self._snapshot = Snapshot(now.segments, rows, now.count + 1)
        if now.count + 1 == OPEN:
            self._seal()

    def add_many(self, slots: Sequence[int], vectors: Sequence[tuple[Terms, Weights]]) -> None:
        """Adds several vectors; where they are many they are sealed at once."""
        if len(slots) < SEALED_AT_ONCE:
            for slot, vector in zip(slots, vectors, strict=True):
                self.add(slot, *vector)
            return
        for first in range(0, len(slots), LARGEST):
            some = slots[first : first + LARGEST]
            start, terms, weights = side_by_side(vectors[first : first + LARGEST])
            rows = np.repeat(np.arange(len(some), dtype=np.int32), np.diff(start))
            self.add_sealed(Segment.of(np.array(some, np.int32), rows, terms, weights, self._floor))

    def add_sealed(self, segment: Segment) -> None:
        """Adds vectors that are sealed already, at most `LARGEST`."""
        for slot in segment.slots.tolist():
            self._take(slot)
        now = self._snapshot
        self._snapshot = Snapshot(tuple(self._tiered([*now.segments, segment])), now.rows, now.count)

    def remove(self, slot: int) -> None:
        """Takes a vector out. Its slot may be used again when `free` says so."""
        if slot < len(self._held) and self._held[slot]:
            self._gone[slot] = True

    def tidy(self) -> None:
        """Writes those segments anew that too many vectors of are gone."""
        kept: list[Segment] = []
        changed = False
        for segment in self._snapshot.segments:
            if np.count_nonzero(self._gone[segment.slots]) <= GONE * len(segment):
                kept.append(segment)
                continue
            changed = True
            kept += self._written_anew([segment])
        if changed:
            now = self._snapshot
            self._snapshot = Snapshot(tuple(self._tiered(kept)), now.rows, now.count)

    def above(self, terms: Terms, weights: Weights, floor: float) -> Hits:
        """The slots of all vectors whose dot product with one is above a floor, and these products."""
        from dedup.index.kernels.scan import search_open

        now, gone = self._snapshot, self._gone
        slots, dots = np.empty(0, np.int64), np.empty(0, np.int64)
        if now.segments:
            _, slots, dots = self._there(search(now.segments, Queries.of([(terms, weights)]), floor, 1))
        if now.count:
            least = int(np.floor(floor / WEIGHT_UNIT**2))
            found, products = search_open(now.rows, now.count, terms, weights, least)
            there = ~gone[found]
            slots, dots = np.concatenate([slots, found[there]]), np.concatenate([dots, products[there]])
        return slots, dots

    def all_above(self, queries: Queries, floor: float) -> ManyHits:
        """The same for many vectors, by several threads: which of them, the slots, and the products."""
        if self._snapshot.count:
            self._seal()
        return self._there(search(self._snapshot.segments, queries, floor))

    def _there(self, hits: ManyHits) -> ManyHits:
        query, slots, dots = hits
        there = ~self._gone[slots]
        return query[there], slots[there], dots[there]

    def free(self) -> list[int]:
        """The slots that nothing is left of since this was last asked."""
        found, self._free = self._free, []
        return found

    def memory(self) -> int:
        """Bytes."""
        now = self._snapshot
        rows: int = sum(getattr(now.rows, name).nbytes for name in OpenRows.__slots__)
        return rows + self._gone.nbytes + self._held.nbytes + sum(segment.memory() for segment in now.segments)

    def _take(self, slot: int) -> None:
        while slot >= len(self._gone):
            self._gone = np.concatenate([self._gone, np.zeros(len(self._gone), np.bool_)])
            self._held = np.concatenate([self._held, np.zeros(len(self._held), np.bool_)])
        self._gone[slot], self._held[slot] = False, True

    def _seal(self) -> None:
        now = self._snapshot
        segment = now.rows.sealed(now.count, self._gone, self._floor)
        self._release(now.rows.slots[: now.count])
        rows = OpenRows.empty(len(now.rows.terms))
        segments = self._tiered([*now.segments, *([segment] if len(segment) else [])])
        self._snapshot = Snapshot(tuple(segments), rows, 0)

    def _tiered(self, segments: list[Segment]) -> list[Segment]:
        """The segments, small ones of about one size merged into one."""
        segments = sorted(segments, key=len, reverse=True)
        while len(segments) >= FAN:
            last = segments[-FAN:]
            if len(last[0]) > FAN * max(1, len(last[-1])) // 2 or sum(map(len, last)) > LARGEST:
                break
            segments[-FAN:] = self._written_anew(last)
            segments.sort(key=len, reverse=True)
        return segments

    def _written_anew(self, segments: Sequence[Segment]) -> list[Segment]:
        whole = merged(segments, self._gone, self._floor)
        for segment in segments:
            self._release(segment.slots)
        return [whole] if len(whole) else []

    def _release(self, slots: NDArray[np.int32]) -> None:
        """Of slots that were written anew: those that are gone may be used again."""
        gone = slots[self._gone[slots] & self._held[slots]]
        self._held[gone] = False
        self._free += gone.tolist()


class PlainPostings:
    """The same, as plain as can be: a dictionary of vectors."""

    def __init__(self, floor: float) -> None:  # noqa: ARG002 - for the other form it decides how to index
        self._vectors: dict[int, dict[int, int]] = {}
        self._free: list[int] = []

    def add(self, slot: int, terms: Terms, weights: Weights) -> None:
        """Adds a vector."""
        self._vectors[slot] = dict(zip(terms.tolist(), weights.tolist(), strict=True))

    def add_many(self, slots: Sequence[int], vectors: Sequence[tuple[Terms, Weights]]) -> None:
        """Adds several vectors."""
        for slot, vector in zip(slots, vectors, strict=True):
            self.add(slot, *vector)

    def remove(self, slot: int) -> None:
        """Takes a vector out."""
        if self._vectors.pop(slot, None) is not None:
            self._free.append(slot)

    def tidy(self) -> None:
        """Has nothing to do."""

    def above(self, terms: Terms, weights: Weights, floor: float) -> Hits:
        """The slots of all vectors whose dot product with one is above a floor, and these products."""
        query = dict(zip(terms.tolist(), weights.tolist(), strict=True))
        found = dict(self._dots(query))
        some = {slot: dot for slot, dot in found.items() if dot * WEIGHT_UNIT**2 > floor}
        return np.array([*some], np.int64), np.array([*some.values()], np.int64)

    def all_above(self, queries: Queries, floor: float) -> ManyHits:
        """The same for many vectors: which of them, the slots, and the products."""
        found = [self.above(*queries.vector(place), floor) for place in range(len(queries))]
        query = np.repeat(np.arange(len(found)), [len(slots) for slots, _ in found])
        nothing = np.empty(0, np.int64)
        slots, dots = (np.concatenate([nothing, *(part[column] for part in found)]) for column in range(2))
        return query, slots, dots

    def _dots(self, query: dict[int, int]) -> Iterator[tuple[int, int]]:
        for slot, vector in list(self._vectors.items()):
            yield slot, sum(weight * vector.get(term, 0) for term, weight in query.items())

    def free(self) -> list[int]:
        """The slots that nothing is left of since this was last asked."""
        found, self._free = self._free, []
        return found

    def memory(self) -> int:
        """Bytes, about."""
        return sum(200 * len(vector) for vector in self._vectors.values())
