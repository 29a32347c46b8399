"""Every vector whose dot product with one vector lies above a floor, exactly, among many that come and go.

Vectors are kept in segments. Those that came last lie open, row by row; when there are enough they are sealed into an
index by terms, and small sealed segments are merged into larger ones, so that each vector is moved a few times only (an
LSM tree: O'Neil et al. 1996). A segment's most frequent terms, its head, hold most of the entries and little of the
length: they are not indexed, and multiplied only where the rest leaves a pair a chance (see `match.kernels.ranked`). A
segment most of whose vectors are gone is written anew, and one that has none left is dropped.

Articles mostly come in the order of their dates, and so do segments: of those that are out of a query's reach a look at
the beginnings of signatures tells whether there can be a copy.

What is searched is a snapshot: one thread may add while others search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.index.search.segments import (
    Dots,
    ManyDots,
    Queries,
    Reach,
    Segment,
    Span,
    Terms,
    Weights,
    in_units,
    merged,
    search,
    side_by_side,
)
from dedup.vectorize.exact import DOT_UNIT

OPEN = 128
"""Vectors that lie open at most."""
SEALED_AT_ONCE = 64
"""Vectors that come together from which they are sealed at once."""
FAN = 4
"""Segments of about one size that are merged into one, ..."""
LARGEST = 1 << 15
"""... unless it would have more vectors than this: to write one anew is not to take long."""
GONE = 0.4
"""Share of a segment's vectors that must be gone for it to be written anew."""


class Postings(Protocol):
    """Vectors under numbers of the caller's, its slots."""

    def add(self, slot: int, terms: Terms, weights: Weights) -> None: ...

    def add_many(self, slots: Sequence[int], vectors: Sequence[tuple[Terms, Weights]]) -> None: ...

    def remove(self, slot: int) -> None: ...

    def tidy(self) -> None:
        """Gives back the memory of what was removed."""
        ...

    def above(self, terms: Terms, weights: Weights, floor: float, reach: Reach) -> Dots: ...

    def all_above(self, queries: Queries, floor: float, reaches: Sequence[Reach]) -> ManyDots: ...

    def free(self) -> list[int]:
        """The slots that nothing is left of: only these may be used again. Each is told once."""
        ...

    def memory(self) -> int:
        """Bytes."""
        ...


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
    """What is searched: sealed segments, each with its time, and the open vectors as far as they are there."""

    segments: tuple[tuple[Segment, Span], ...]
    rows: OpenRows
    count: int


class SegmentedPostings:
    """Postings by kernels.

    Args:
        floor: the dot product above which will be asked for, at least.
        span_of: tells when the articles in some slots were published.
    """

    def __init__(self, floor: float, span_of: Callable[[NDArray[np.int32]], Span]) -> None:
        self._floor, self._span_of = floor, span_of
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
        self._show([*self._segments(), segment])

    def remove(self, slot: int) -> None:
        """Takes a vector out. Its slot may be used again when `free` says so."""
        if slot < len(self._held) and self._held[slot]:
            self._gone[slot] = True

    def tidy(self) -> None:
        """Writes those segments anew that too many vectors of are gone."""
        kept: list[Segment] = []
        changed = False
        for segment in self._segments():
            if np.count_nonzero(self._gone[segment.slots]) <= GONE * len(segment):
                kept.append(segment)
                continue
            changed = True
            kept += self._written_anew([segment])
        if changed:
            self._show(kept)

    def above(self, terms: Terms, weights: Weights, floor: float, reach: Reach) -> Dots:
        """The slots of all vectors in reach whose dot product with one is above a floor, and these products."""
        now, gone = self._snapshot, self._gone
        least = in_units(floor)
        within = [segment for segment, span in now.segments if not reach.leaves_out(segment, span)]
        found = [search_one(segment, gone, terms, weights, least) for segment in within]
        if now.count:
            found.append(search_open(now.rows, now.count, gone, terms, weights, least))
        if len(found) == 1:
            return found[0]
        nothing = np.empty(0, np.int64)
        slots, dots = (np.concatenate([nothing, *(part[column] for part in found)]) for column in range(2))
        return slots, dots

    def all_above(self, queries: Queries, floor: float, reaches: Sequence[Reach]) -> ManyDots:
        """The same for many vectors, by several threads: which of them, the slots, and the products."""
        if self._snapshot.count and len(queries) >= SEALED_AT_ONCE:
            self._seal()
        now, gone = self._snapshot, self._gone
        query, slots, dots = search(now.segments, queries, reaches, floor)
        there = ~gone[slots]
        found = [(query[there], slots[there], dots[there])]
        least = in_units(floor)
        for place in range(len(queries) if now.count else 0):
            rows, products = search_open(now.rows, now.count, gone, *queries.vector(place), least)
            found.append((np.full(len(rows), place), rows, products))
        whole = [np.concatenate(column) for column in zip(*found, strict=True)]
        return whole[0], whole[1], whole[2]

    def free(self) -> list[int]:
        """The slots that nothing is left of since this was last asked."""
        found, self._free = self._free, []
        return found

    def memory(self) -> int:
        """Bytes."""
        now = self._snapshot
        rows: int = sum(getattr(now.rows, name).nbytes for name in OpenRows.__slots__)
        return rows + self._gone.nbytes + self._held.nbytes + sum(segment.memory() for segment in self._segments())

    def _take(self, slot: int) -> None:
        while slot >= len(self._gone):
            self._gone = np.concatenate([self._gone, np.zeros(len(self._gone), np.bool_)])
            self._held = np.concatenate([self._held, np.zeros(len(self._held), np.bool_)])
        self._gone[slot], self._held[slot] = False, True

    def _seal(self) -> None:
        now = self._snapshot
        segment = now.rows.sealed(now.count, self._gone, self._floor)
        self._release(now.rows.slots[: now.count])
        self._show([*self._segments(), *([segment] if len(segment) else [])], OpenRows.empty(len(now.rows.terms)))

    def _segments(self) -> list[Segment]:
        return [segment for segment, _ in self._snapshot.segments]

    def _show(self, segments: list[Segment], rows: OpenRows | None = None) -> None:
        """From now on these segments are searched, and other open vectors where there are others."""
        now = self._snapshot
        known = {id(segment): span for segment, span in now.segments}
        told = [(one, known.get(id(one)) or self._span_of(one.slots)) for one in self._tiered(segments)]
        self._snapshot = Snapshot(tuple(told), rows or now.rows, 0 if rows else now.count)

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

    def __init__(self, floor: float, span_of: Callable[[NDArray[np.int32]], Span]) -> None:  # noqa: ARG002 - for the other form
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

    def above(self, terms: Terms, weights: Weights, floor: float, reach: Reach) -> Dots:  # noqa: ARG002 - it looks at all
        """The slots of all vectors whose dot product with one is above a floor, and these products.

        Kernel: `index.search.kernels.scan.scan_for_one`, `index.search.kernels.scan.scan_open_rows`.
        """
        query = dict(zip(terms.tolist(), weights.tolist(), strict=True))
        found = dict(self._dots(query))
        some = {slot: dot for slot, dot in found.items() if dot * DOT_UNIT > floor}
        return np.array([*some], np.int64), np.array([*some.values()], np.int64)

    def all_above(self, queries: Queries, floor: float, reaches: Sequence[Reach]) -> ManyDots:
        """The same for many vectors: which of them, the slots, and the products.

        Kernel: `index.search.kernels.scan.scan_for_many`.
        """
        found = [self.above(*queries.vector(place), floor, reach) for place, reach in enumerate(reaches)]
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


def search_one(
    segment: Segment, gone: NDArray[np.bool_], terms: Terms, weights: Weights, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What one vector finds in a sealed segment, without the slots that are gone: slots, and dot products."""
    from dedup.index.search.kernels.scan import scan_for_one

    return scan_for_one(
        segment.terms, segment.begin, segment.postings, segment.head, segment.head_begin, segment.head_place,
        segment.head_weight, segment.head_norm, segment.slots, gone, terms, weights, least,
    )  # fmt: skip


def search_open(
    rows: OpenRows, count: int, gone: NDArray[np.bool_], terms: Terms, weights: Weights, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Search unsealed vectors for one vector and return slots and dot products."""
    from dedup.index.search.kernels.scan import scan_open_rows

    size = 1 << max(6, (4 * len(terms)).bit_length())
    return scan_open_rows(rows.slots, rows.start, count, rows.terms, rows.weights, gone, terms, weights, size, least)
