"""Exact search for all vectors whose dot product with a query is above a floor, while vectors are added and removed.

New vectors are open rows, which are scanned. `OPEN` of them are sealed into a segment, an inverted index with postings
by term, and small segments are merged into larger ones, so that each vector is moved only a few times (a log-structured
merge tree: O'Neil et al. 1996). The most frequent terms of a segment, its head, have most of the entries and little of
the length: they are not indexed, and multiplied only for candidates whose upper bound is above the floor (Bayardo, Ma &
Srikant 2007; see `match.kernels.ranked`). Segments with many removed vectors are rewritten, empty ones dropped.

Articles mostly arrive in the order of their dates, so a segment covers a span of time. A segment outside the reach of a
query is searched only if a signature prefix shows that it may have a copy; of one that is partly outside, only the
vectors within are.

A search reads a snapshot: one thread may add vectors while others search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
_REMOVED = -1
_PRODUCTS = 1 << 22
"""Dot products that the plain form computes at a time."""
_BUCKETS = 1 << 16
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

    def without_copies(self) -> Reach:
        """The same times, beyond which no copies are searched for."""
        return Reach(self.since, self.until)

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
    def empty(cls, room: int, vectors: int = 0) -> OpenRows:
        """No vectors, and room for so many entries and, if more than `OPEN`, vectors."""
        vectors = max(vectors, OPEN)
        columns = np.zeros(vectors, np.int32), np.zeros(vectors + 1, np.int32)
        return cls(*columns, np.empty(room, np.int32), np.empty(room, np.uint16))

    def with_vector(self, count: int, slot: int, terms: Terms, weights: Weights) -> OpenRows:
        """These rows, with a vector after the first `count`; they are wider where these have no room."""
        first = int(self.start[count])
        last, rows = first + len(terms), self
        if last > len(self.terms) or count == len(self.slots):
            vectors = len(self.slots) if count < len(self.slots) else 2 * count
            rows = self.empty(max(2 * last, len(self.terms)), vectors)
            for name, length in (("slots", count), ("start", count + 1), ("terms", first), ("weights", first)):
                getattr(rows, name)[:length] = getattr(self, name)[:length]
        rows.slots[count] = slot
        rows.terms[first:last], rows.weights[first:last] = terms, weights
        rows.start[count + 1] = last
        return rows

    def without_removed(self, count: int) -> OpenRows:
        """Those of the first `count` vectors that have a slot, in rows of their own."""
        lengths, stays = np.diff(self.start[: count + 1]), self.slots[:count] != _REMOVED
        rows = self.empty(len(self.terms), len(self.slots))
        slots, entries = self.slots[:count][stays], np.flatnonzero(np.repeat(stays, lengths))
        rows.slots[: len(slots)] = slots
        np.cumsum(lengths[stays], out=rows.start[1 : len(slots) + 1])
        rows.terms[: len(entries)], rows.weights[: len(entries)] = self.terms[entries], self.weights[entries]
        return rows

    def entries_of(self, terms: Terms, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The entries of the first `count` vectors that are of some terms, which are ascending.

        Returns:
            Where those of each vector begin, shape (count + 1,); the place of the term, and the weight, of each.
        """
        every = self.terms[: int(self.start[count])]
        likely = np.zeros(_BUCKETS, np.bool_)
        likely[terms & (_BUCKETS - 1)] = True
        entries = np.flatnonzero(likely[every & (_BUCKETS - 1)])
        places = np.searchsorted(terms, every[entries])
        places[places == len(terms)] = 0
        there = terms[places] == every[entries]
        entries, places = entries[there], places[there]
        return np.searchsorted(entries, self.start[: count + 1]), places, self.weights[entries].astype(np.int64)

    def memory(self) -> int:
        """Size in bytes."""
        return sum(getattr(self, name).nbytes for name in self.__slots__)

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
        rows = snapshot.rows.with_vector(snapshot.count, slot, terms, weights)
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
        snapshot, removed, least = self._snapshot, self._removed, in_units(floor)
        found: list[Dots] = []
        for segment, marks in snapshot.segments if len(terms) else ():
            first, last = reach.rows(segment, marks)
            if first < last:
                found.append(search_one(segment, first, last, removed, terms, weights, least))
        if snapshot.count and len(terms):
            found.append(search_open(snapshot.rows, snapshot.count, removed, terms, weights, least))
        found = [part for part in found if len(part[0])]
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
        segments = sum(segment.memory() + marks.memory() for segment, marks in snapshot.segments)
        return snapshot.rows.memory() + self._removed.nbytes + self._used.nbytes + segments

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
    """Postings as the rows of one sparse matrix, which every search multiplies."""

    def __init__(self, *given: object) -> None:  # noqa: ARG002 - as SegmentedPostings
        self._snapshot = Snapshot((), OpenRows.empty(1 << 14), 0)
        self._row_of: dict[int, int] = {}
        self._free: list[int] = []

    def add(self, slot: int, terms: Terms, weights: Weights) -> None:
        """Add a vector under a new or free slot: terms ascending, weights in units of `WEIGHT_UNIT`."""
        rows, count = self._snapshot.rows, self._snapshot.count
        if count == len(rows.slots) and count > 2 * len(self._row_of):
            rows, count = rows.without_removed(count), len(self._row_of)
            self._row_of = {slot: row for row, slot in enumerate(rows.slots[:count].tolist())}
        self._row_of[slot] = count
        self._snapshot = Snapshot((), rows.with_vector(count, slot, terms, weights), count + 1)

    def add_many(self, slots: Sequence[int], vectors: Sequence[tuple[Terms, Weights]]) -> None:
        """Add several vectors."""
        for slot, vector in zip(slots, vectors, strict=True):
            self.add(slot, *vector)

    def remove(self, slot: int) -> None:
        """Remove a vector."""
        row = self._row_of.pop(slot, None)
        if row is not None:
            self._snapshot.rows.slots[row] = _REMOVED
            self._free.append(slot)

    def tidy(self) -> None:
        """Do nothing: `add` drops removed vectors where it would need room."""

    def above(self, terms: Terms, weights: Weights, floor: float, reach: Reach) -> Dots:  # noqa: ARG002 - it searches all
        """Find all vectors whose dot product with a query is above a floor: slots and dot products.

        Kernel: `index.search.kernels.scan.scan_for_one`, `index.search.kernels.scan.scan_open_rows`.
        """
        snapshot = self._snapshot
        start, places, products = snapshot.rows.entries_of(terms, snapshot.count)
        products *= weights[places]
        sums = np.zeros(len(products) + 1, np.int64)
        np.cumsum(products, out=sums[1:])
        dots, slots = np.diff(sums[start]), snapshot.rows.slots[: snapshot.count]
        some = (dots > in_units(floor)) & (slots != _REMOVED)
        return slots[some].astype(np.int64), dots[some]

    def all_above(self, queries: VectorBatch, floor: float, reaches: Sequence[Reach]) -> ManyDots:  # noqa: ARG002 - it searches all
        """Find the vectors above a floor for many queries: queries, slots, dot products.

        Kernel: `index.search.kernels.scan.scan_for_many`.
        """
        from scipy.sparse import csr_array

        snapshot, least, kinds = self._snapshot, in_units(floor), len(queries.terms)
        start, places, weights = snapshot.rows.entries_of(queries.terms, snapshot.count)
        stored = csr_array((weights, places, start), shape=(snapshot.count, kinds)).T.tocsr()
        given = queries.weights.astype(np.int64), queries.entries, queries.start
        asked = csr_array(given, shape=(queries.size, kinds))
        found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))]
        at_once = max(1, _PRODUCTS // max(1, snapshot.count))
        for first in range(0, queries.size, at_once):
            product = (asked[first : first + at_once] @ stored).tocoo()
            slots = snapshot.rows.slots[product.col]
            some = (product.data > least) & (slots != _REMOVED)
            found.append((first + product.row[some].astype(np.int64), slots[some].astype(np.int64), product.data[some]))
        joined = [np.concatenate(column) for column in zip(*found, strict=True)]
        return joined[0], joined[1], joined[2]

    def having(self, term: int) -> NDArray[np.int64]:
        """The slots of all vectors that have a term."""
        slots = self._snapshot.rows.having(term, self._snapshot.count).astype(np.int64)
        found: NDArray[np.int64] = slots[slots != _REMOVED]
        return found

    def free(self) -> list[int]:
        """The slots that may be reused since the last call."""
        found, self._free = self._free, []
        return found

    def memory(self) -> int:
        """Approximate size in bytes."""
        return self._snapshot.rows.memory() + 100 * len(self._row_of)


def search(
    segments: Sequence[tuple[Segment, Marks]], queries: VectorBatch, reaches: Sequence[Reach], floor: float
) -> ManyDots:
    """Search segments in several threads for the vectors in reach above a floor: queries, slots, dot products."""
    from dedup.vectorize.kernels.threads import in_threads

    least = in_units(floor)

    def work(task: tuple[Segment, Marks, int, int]) -> list[tuple[NDArray[np.int32], ...]]:
        segment, marks, first, last = task
        rows = np.array([reach.rows(segment, marks) for reach in reaches[first:last]], np.int64)
        if (rows[:, 0] == rows[:, 1]).all():
            return []
        return [*search_segment(segment, queries, lists_of(segment, queries), rows, first, least)]

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
    segment: Segment,
    queries: VectorBatch,
    lists: NDArray[np.int32],
    rows: NDArray[np.int64],
    first: int,
    least: int,
) -> _HitParts:
    """Search a segment for some queries that follow each other.

    Args:
        segment: the segment to search.
        queries: all queries.
        lists: see `lists_of`.
        rows: for each of some queries the first vector to search, and the one after the last; shape (some, 2).
        first: the first of these queries.
        least: the floor, in units of `DOT_UNIT`.

    Returns:
        In parts: query, slot and dot product of each hit.
    """
    from dedup.index.search.kernels.scan import scan_for_many

    room = segment.size + min(ROOM, len(rows) << 10)
    found: _HitParts = []
    done = 0
    while done < len(rows):
        query, row, dot = (np.empty(room, np.int32) for _ in range(3))
        done, count = scan_for_many(segment, queries, lists, rows, first, done, least, query, row, dot)
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
