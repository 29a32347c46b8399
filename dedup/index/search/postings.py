"""Exact search for all vectors whose dot product with a query is above a floor, while vectors are added and removed.

New vectors are open rows, which are scanned. `OPEN` of them are sealed into a segment, an inverted index with postings
by term, and small segments are merged into larger ones, so that each vector is moved only a few times (a log-structured
merge tree: O'Neil et al. 1996). The most frequent terms of a segment, its head, have most of the entries and little of
the length: they are not indexed, and multiplied only for candidates whose upper bound is above the floor (Bayardo, Ma &
Srikant 2007; see `match.kernels.ranked`). Segments with many removed vectors are rewritten, empty ones dropped.

Articles mostly arrive in the order of their dates, so a segment covers a span of time. A segment outside the reach of a
query is searched only if a signature prefix shows that it may have a copy; of one that is partly outside, a single
query searches only the vectors within.

A search reads a snapshot: one thread may add vectors while others search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.index.search.segments import (
    Dots,
    ManyDots,
    Marks,
    Segment,
    Terms,
    VectorBatch,
    Weights,
    concatenated,
    in_units,
    merged,
)
from dedup.vectorize.exact import DOT_UNIT

OPEN = 128
"""Open rows at which a segment is sealed."""
SEALED_AT_ONCE = 64
"""Vectors added together from which they are sealed at once."""
FAN = 4
"""Segments of similar size that are merged into one, ..."""
LARGEST = 1 << 15
"""... up to this many vectors, so that no rewrite takes long."""
MOST_REMOVED = 0.4
"""Share of removed vectors above which a segment is rewritten."""


QUERIES_AT_ONCE = 128
"""Queries per task."""
ROOM = 1 << 16
"""Room for hits at a time, besides those of one query."""
_HitParts: TypeAlias = list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]]
_size = attrgetter("size")


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """The times within which a query searches. Beyond them it finds copies only, which have similar signatures.

    Attributes:
        since, until: times in seconds.
        own: signature prefix of the query; None if copies are not searched for.
        least: bytes of a prefix that must be equal.
    """

    since: float
    until: float
    own: NDArray[np.uint8] | None = None
    least: int = 0

    def leaves_out(self, segment: Segment, marks: Marks) -> bool:
        """Whether a segment need not be searched."""
        beyond = marks.last < self.since or marks.first > self.until
        return beyond and not self._may_have_copy(marks, segment.size, segment.size)

    def rows(self, segment: Segment, marks: Marks) -> tuple[int, int]:
        """The vectors of a segment to search: the first, and the one after the last."""
        first, last = 0, segment.size
        if marks.last < self.since or marks.first > self.until:
            first = last
        elif len(marks.ordered) and (marks.first < self.since or self.until < marks.last):
            first = int(marks.ordered.searchsorted(self.since, "left"))
            last = int(marks.ordered.searchsorted(self.until, "right"))
        if last - first < segment.size and self._may_have_copy(marks, first, last):
            return 0, segment.size
        return first, last

    def _may_have_copy(self, marks: Marks, first: int, last: int) -> bool:
        """Whether an article of a segment but those at `first:last` may be a copy."""
        if marks.prefixes is None or self.own is None:
            return False
        return marks.prefixes.any_agrees(self.own, self.least, first, last)


class Postings(Protocol):
    """Sparse vectors by slot, a number that the caller chooses."""

    def add(self, slot: int, terms: Terms, weights: Weights) -> None: ...

    def add_many(self, slots: Sequence[int], vectors: Sequence[tuple[Terms, Weights]]) -> None: ...

    def remove(self, slot: int) -> None: ...

    def tidy(self) -> None:
        """Free the memory of removed vectors."""
        ...

    def above(self, terms: Terms, weights: Weights, floor: float, reach: Reach) -> Dots: ...

    def all_above(self, queries: VectorBatch, floor: float, reaches: Sequence[Reach]) -> ManyDots: ...

    def having(self, term: int) -> NDArray[np.int64]:
        """The slots of all vectors that have a term."""
        ...

    def free(self) -> list[int]:
        """The slots that may be reused since the last call, because nothing of their vectors is left."""
        ...

    def memory(self) -> int:
        """Size in bytes."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class OpenRows:
    """Vectors that are not sealed yet. Their arrays only grow, so that a snapshot stays valid."""

    slots: NDArray[np.int32]
    start: NDArray[np.int32]
    terms: NDArray[np.int32]
    weights: NDArray[np.uint16]

    @classmethod
    def empty(cls, room: int) -> OpenRows:
        """No vectors, and room for so many entries."""
        return cls(
            np.zeros(OPEN, np.int32), np.zeros(OPEN + 1, np.int32), np.empty(room, np.int32), np.empty(room, np.uint16)
        )

    def with_room(self, count: int, more: int) -> OpenRows:
        """These rows, with room for more entries after those of `count` vectors."""
        used = int(self.start[count])
        if used + more <= len(self.terms):
            return self
        wide = self.empty(2 * (used + more))
        for name, length in (("slots", count), ("start", count + 1), ("terms", used), ("weights", used)):
            getattr(wide, name)[:length] = getattr(self, name)[:length]
        return wide

    def having(self, term: int, count: int) -> NDArray[np.int32]:
        """The slots of those of the first `count` vectors that have a term."""
        entries = np.flatnonzero(self.terms[: int(self.start[count])] == term)
        return self.slots[np.searchsorted(self.start[: count + 1], entries, side="right") - 1]

    def sealed(self, count: int, removed: NDArray[np.bool_], floor: float) -> Segment:
        """A segment of the first `count` vectors, without removed slots."""
        used = int(self.start[count])
        rows = np.repeat(np.arange(count, dtype=np.int32), np.diff(self.start[: count + 1]))
        joined = Segment.of(self.slots[:count].copy(), rows, self.terms[:used], self.weights[:used], floor)
        return merged([joined], removed, floor) if removed[joined.slots].any() else joined


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a search reads: segments with their marks, and the first `count` open rows."""

    segments: tuple[tuple[Segment, Marks], ...]
    rows: OpenRows
    count: int


class SegmentedPostings:
    """Postings in segments, searched by kernels.

    Args:
        floor: the lowest floor of any search.
        seconds_of: returns the times of the articles in some slots, nan where unknown.
        prefixes_of: returns the signature prefixes of the articles in some slots, one row each; None if no copies are
            searched for.
    """

    def __init__(
        self,
        floor: float,
        seconds_of: Callable[[NDArray[np.int32]], NDArray[np.float64]],
        prefixes_of: Callable[[NDArray[np.int32]], NDArray[np.uint8]] | None = None,
    ) -> None:
        self._floor, self._seconds_of, self._prefixes_of = floor, seconds_of, prefixes_of
        self._snapshot = Snapshot((), OpenRows.empty(1 << 14), 0)
        self._removed = np.zeros(OPEN, np.bool_)
        self._used = np.zeros(OPEN, np.bool_)
        self._free: list[int] = []

    def add(self, slot: int, terms: Terms, weights: Weights) -> None:
        """Add a vector under a new or free slot: terms ascending, weights in units of `WEIGHT_UNIT`."""
        self._take(slot)
        snapshot = self._snapshot
        rows = snapshot.rows.with_room(snapshot.count, len(terms))
        first = int(rows.start[snapshot.count])
        last = first + len(terms)
        rows.slots[snapshot.count] = slot
        rows.terms[first:last], rows.weights[first:last] = terms, weights
        rows.start[snapshot.count + 1] = last
        self._snapshot = Snapshot(snapshot.segments, rows, snapshot.count + 1)
        if snapshot.count + 1 == OPEN:
            self._seal()

    def add_many(self, slots: Sequence[int], vectors: Sequence[tuple[Terms, Weights]]) -> None:
        """Add several vectors; `SEALED_AT_ONCE` or more are sealed at once."""
        if len(slots) < SEALED_AT_ONCE:
            for slot, vector in zip(slots, vectors, strict=True):
                self.add(slot, *vector)
            return
        for first in range(0, len(slots), LARGEST):
            some = slots[first : first + LARGEST]
            start, terms, weights = concatenated(vectors[first : first + LARGEST])
            rows = np.repeat(np.arange(len(some), dtype=np.int32), np.diff(start))
            self.add_sealed(Segment.of(np.array(some, np.int32), rows, terms, weights, self._floor))

    def add_sealed(self, segment: Segment) -> None:
        """Add a sealed segment of at most `LARGEST` vectors."""
        for slot in segment.slots.tolist():
            self._take(slot)
        self._show([*self._segments(), segment])

    def remove(self, slot: int) -> None:
        """Remove a vector. Its slot may be reused once `free` returns it."""
        if slot < len(self._used) and self._used[slot]:
            self._removed[slot] = True

    def tidy(self) -> None:
        """Rewrite segments with too many removed vectors."""
        kept: list[Segment] = []
        changed = False
        for segment in self._segments():
            if np.count_nonzero(self._removed[segment.slots]) <= MOST_REMOVED * segment.size:
                kept.append(segment)
                continue
            changed = True
            kept += self._rewritten([segment])
        if changed:
            self._show(kept)

    def above(self, terms: Terms, weights: Weights, floor: float, reach: Reach) -> Dots:
        """Find all vectors in reach whose dot product with a query is above a floor: slots and dot products."""
        snapshot, removed = self._snapshot, self._removed
        least = in_units(floor)
        within = [(segment, *reach.rows(segment, marks)) for segment, marks in snapshot.segments if len(terms)]
        found = [
            search_one(segment, first, last, removed, terms, weights, least)
            for segment, first, last in within
            if first < last
        ]
        if snapshot.count and len(terms):
            found.append(search_open(snapshot.rows, snapshot.count, removed, terms, weights, least))
        found = [part for part in found if len(part[0])] or found[:1]
        if len(found) == 1:
            return found[0]
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        slots, dots = (np.concatenate(column) for column in zip(*found, strict=True))
        return slots, dots

    def having(self, term: int) -> NDArray[np.int64]:
        """The slots of all vectors that have a term."""
        snapshot = self._snapshot
        found = [segment.slots[segment.having(term)] for segment, _ in snapshot.segments]
        slots = np.concatenate([*found, snapshot.rows.having(term, snapshot.count)]).astype(np.int64)
        return slots[~self._removed[slots]]

    def all_above(self, queries: VectorBatch, floor: float, reaches: Sequence[Reach]) -> ManyDots:
        """Find the vectors above a floor for many queries, in several threads: queries, slots, dot products."""
        if self._snapshot.count and queries.size >= SEALED_AT_ONCE:
            self._seal()
        snapshot, removed = self._snapshot, self._removed
        query, slots, dots = search(snapshot.segments, queries, reaches, floor)
        there = ~removed[slots]
        found = [(query[there], slots[there], dots[there])]
        least = in_units(floor)
        for place in range(queries.size if snapshot.count else 0):
            rows, products = search_open(snapshot.rows, snapshot.count, removed, *queries.vector(place), least)
            found.append((np.full(len(rows), place), rows, products))
        joined = [np.concatenate(column) for column in zip(*found, strict=True)]
        return joined[0], joined[1], joined[2]

    def free(self) -> list[int]:
        """The slots that may be reused since the last call."""
        found, self._free = self._free, []
        return found

    def memory(self) -> int:
        """Size in bytes."""
        snapshot = self._snapshot
        rows: int = sum(getattr(snapshot.rows, name).nbytes for name in OpenRows.__slots__)
        segments = sum(segment.memory() + marks.memory() for segment, marks in snapshot.segments)
        return rows + self._removed.nbytes + self._used.nbytes + segments

    def _take(self, slot: int) -> None:
        while slot >= len(self._removed):
            self._removed = np.concatenate([self._removed, np.zeros(len(self._removed), np.bool_)])
            self._used = np.concatenate([self._used, np.zeros(len(self._used), np.bool_)])
        self._removed[slot], self._used[slot] = False, True

    def _seal(self) -> None:
        snapshot = self._snapshot
        segment = snapshot.rows.sealed(snapshot.count, self._removed, self._floor)
        self._release(snapshot.rows.slots[: snapshot.count])
        self._show([*self._segments(), *([segment] if segment.size else [])], OpenRows.empty(len(snapshot.rows.terms)))

    def _segments(self) -> list[Segment]:
        return [segment for segment, _ in self._snapshot.segments]

    def _show(self, segments: list[Segment], rows: OpenRows | None = None) -> None:
        """Replace the snapshot: merge small segments, and take other open rows if given."""
        snapshot = self._snapshot
        known = {id(segment): marks for segment, marks in snapshot.segments}
        marked = [(one, known.get(id(one)) or self._marks_of(one.slots)) for one in self._tiered(segments)]
        self._snapshot = Snapshot(tuple(marked), rows or snapshot.rows, 0 if rows else snapshot.count)

    def _marks_of(self, slots: NDArray[np.int32]) -> Marks:
        prefixes = None if self._prefixes_of is None else self._prefixes_of(slots)
        return Marks.of(self._seconds_of(slots), prefixes)

    def _tiered(self, segments: list[Segment]) -> list[Segment]:
        """The segments, small ones of similar size merged."""
        segments = sorted(segments, key=_size, reverse=True)
        first = len(segments) - FAN
        while first >= 0:  # smaller ones of another size must not keep these apart
            some = segments[first : first + FAN]
            if some[0].size <= FAN * max(1, some[-1].size) // 2 and sum(map(_size, some)) <= LARGEST:
                segments[first : first + FAN] = self._rewritten(some)
                segments.sort(key=_size, reverse=True)
                first = len(segments) - FAN
            else:
                first -= 1
        return segments

    def _rewritten(self, segments: Sequence[Segment]) -> list[Segment]:
        joined = merged(segments, self._removed, self._floor)
        for segment in segments:
            self._release(segment.slots)
        return [joined] if joined.size else []

    def _release(self, slots: NDArray[np.int32]) -> None:
        """Free the removed slots among those of rewritten segments."""
        removed = slots[self._removed[slots] & self._used[slots]]
        self._used[removed] = False
        self._free += removed.tolist()


class PlainPostings:
    """Postings as a dictionary of vectors, all of which every search multiplies."""

    def __init__(self, *given: object) -> None:  # noqa: ARG002 - as SegmentedPostings
        self._vectors: dict[int, dict[int, int]] = {}
        self._free: list[int] = []

    def add(self, slot: int, terms: Terms, weights: Weights) -> None:
        """Add a vector."""
        self._vectors[slot] = dict(zip(terms.tolist(), weights.tolist(), strict=True))

    def add_many(self, slots: Sequence[int], vectors: Sequence[tuple[Terms, Weights]]) -> None:
        """Add several vectors."""
        for slot, vector in zip(slots, vectors, strict=True):
            self.add(slot, *vector)

    def remove(self, slot: int) -> None:
        """Remove a vector."""
        if self._vectors.pop(slot, None) is not None:
            self._free.append(slot)

    def tidy(self) -> None:
        """Do nothing: no memory is kept."""

    def above(self, terms: Terms, weights: Weights, floor: float, reach: Reach) -> Dots:  # noqa: ARG002 - it searches all
        """Find all vectors whose dot product with a query is above a floor: slots and dot products.

        Kernel: `index.search.kernels.scan.scan_for_one`, `index.search.kernels.scan.scan_open_rows`.
        """
        query = dict(zip(terms.tolist(), weights.tolist(), strict=True))
        found = dict(self._dots(query))
        some = {slot: dot for slot, dot in found.items() if dot * DOT_UNIT > floor}
        return np.array([*some], np.int64), np.array([*some.values()], np.int64)

    def all_above(self, queries: VectorBatch, floor: float, reaches: Sequence[Reach]) -> ManyDots:
        """Find the vectors above a floor for many queries: queries, slots, dot products.

        Kernel: `index.search.kernels.scan.scan_for_many`.
        """
        found = [self.above(*queries.vector(place), floor, reach) for place, reach in enumerate(reaches)]
        query = np.repeat(np.arange(len(found)), [len(slots) for slots, _ in found])
        nothing = np.empty(0, np.int64)
        slots, dots = (np.concatenate([nothing, *(part[column] for part in found)]) for column in range(2))
        return query, slots, dots

    def having(self, term: int) -> NDArray[np.int64]:
        """The slots of all vectors that have a term."""
        return np.array([slot for slot, vector in [*self._vectors.items()] if term in vector], np.int64)

    def _dots(self, query: dict[int, int]) -> Iterator[tuple[int, int]]:
        for slot, vector in list(self._vectors.items()):
            yield slot, sum(weight * vector.get(term, 0) for term, weight in query.items())

    def free(self) -> list[int]:
        """The slots that may be reused since the last call."""
        found, self._free = self._free, []
        return found

    def memory(self) -> int:
        """Approximate size in bytes."""
        return sum(200 * len(vector) for vector in self._vectors.values())


def search(
    segments: Sequence[tuple[Segment, Marks]], queries: VectorBatch, reaches: Sequence[Reach], floor: float
) -> ManyDots:
    """Search segments in several threads for the vectors above a floor: queries, slots, dot products.

    Hits outside a query's reach may be among them.
    """
    from dedup.vectorize.kernels.threads import in_threads

    least = in_units(floor)

    def work(task: tuple[Segment, Marks, int, int]) -> list[tuple[NDArray[np.int32], ...]]:
        segment, marks, first, last = task
        if all(reach.leaves_out(segment, marks) for reach in reaches[first:last]):
            return []
        return [*search_segment(segment, queries, lists_of(segment, queries), first, last, least)]

    tasks = (
        (segment, marks, first, min(first + QUERIES_AT_ONCE, queries.size))
        for segment, marks in segments
        for first in range(0, queries.size, QUERIES_AT_ONCE)
    )
    threads = 1 if queries.size <= QUERIES_AT_ONCE else None
    parts = [part for found in in_threads(work, tasks, threads) for part in found]
    nothing = np.empty(0, np.int32)
    query, slots, dots = (np.concatenate([nothing, *(part[column] for part in parts)]) for column in range(3))
    return query.astype(np.int64), slots.astype(np.int64), dots.astype(np.int64)


def search_segment(
    segment: Segment, queries: VectorBatch, lists: NDArray[np.int32], first: int, last: int, least: int
) -> _HitParts:
    """Search a segment for the queries from `first` up to `last`.

    Args:
        segment: the segment to search.
        queries: all queries.
        lists: see `lists_of`.
        first, last: the first query, and the one after the last.
        least: the floor, in units of `DOT_UNIT`.

    Returns:
        In parts: query, slot and dot product of each hit.
    """
    from dedup.index.search.kernels.scan import scan_for_many

    room = segment.size + min(ROOM, (last - first) << 10)
    found: _HitParts = []
    while first < last:
        query, row, dot = (np.empty(room, np.int32) for _ in range(3))
        first, count = scan_for_many(segment, queries, lists, first, last, least, query, row, dot)
        if count:
            found.append((query[:count], segment.slots[row[:count]], dot[:count]))
    return found


def lists_of(segment: Segment, queries: VectorBatch) -> NDArray[np.int32]:
    """For each term of the queries the place of its postings list, -1 for none, -2 - its place in the head."""
    from dedup.index.search.kernels.scan import locate_terms

    found = np.empty(len(queries.terms), np.int32)
    locate_terms(segment.terms, segment.buckets, segment.head, queries.terms, found)
    return found


def search_one(
    segment: Segment, first: int, last: int, removed: NDArray[np.bool_], terms: Terms, weights: Weights, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Search a part of a segment for one vector, without removed slots: slots and dot products."""
    from dedup.index.search.kernels.scan import scan_for_one

    return scan_for_one(segment, first, last, removed, terms, weights, least)


def search_open(
    rows: OpenRows, count: int, removed: NDArray[np.bool_], terms: Terms, weights: Weights, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Search unsealed vectors for one vector and return slots and dot products."""
    from dedup.index.search.kernels.scan import scan_open_rows

    size = 1 << max(6, (4 * len(terms)).bit_length())
    return scan_open_rows(rows.slots, rows.start, count, rows.terms, rows.weights, removed, terms, weights, size, least)
