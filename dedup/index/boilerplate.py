"""What an index has learned of its own articles: boilerplate passages and misplaced bodies, in memory and in its store.

Each lesson is a row of the store: what is boilerplate, and the numbers of articles that hold it. Rows are only added
and deleted, so that a reader finds by their numbers what is new, and which articles have other features since.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from dedup.errors import StoreError
from dedup.vectorize.labels import among

if TYPE_CHECKING:
    from dedup.background import Background
    from dedup.index.store.protocol import Store

_HEAD = struct.Struct("<BIIII")
_DIGEST = 16
_NONE = np.empty(0, np.uint64)
MOST_HOLDERS = 64
"""Holders up to which later ones are recorded. What has more is not examined again."""
MOST_LEARNED = 1 << 20
"""Passages and bodies from which nothing more is learned, so that memory and time are bounded."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Passages that unrelated articles share, or bodies under unrelated titles.

    Attributes:
        passages: their hashes, ascending; uint64.
        bodies: digests of misplaced bodies.
        holders: numbers of articles that hold them.
        pending: numbers of articles whose features are still those from before.
        is_own: whether it is the opposite: what was learned, and turned out to be the articles' own.
    """

    passages: NDArray[np.uint64] = field(default_factory=_NONE.copy)
    bodies: frozenset[bytes] = frozenset()
    holders: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()
    is_own: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return len(self.passages) > 0 or len(self.bodies) > 0

    def shared(self, other: Lesson) -> Lesson:
        """Return the passages and bodies that are in both."""
        return Lesson(self.passages[among(self.passages, other.passages)], self.bodies & other.bodies)

    def without(self, other: Lesson) -> Lesson:
        """Return this lesson without the passages and bodies of another one."""
        left = self.passages[~among(self.passages, other.passages)]
        return replace(self, passages=left, bodies=self.bodies - other.bodies)

    def joined(self, other: Lesson) -> Lesson:
        """Return the passages and bodies that are in either."""
        new = other.passages[~among(other.passages, self.passages)]
        passages = np.insert(self.passages, np.searchsorted(self.passages, new), new)
        return Lesson(passages, self.bodies | other.bodies)

    def holds_as(self, other: Lesson) -> bool:
        """Return whether another lesson says the same of the same passages and bodies."""
        same = np.array_equal(self.passages, other.passages) and self.bodies == other.bodies
        return same and self.is_own == other.is_own

    def packed(self) -> bytes:
        """Serialise the lesson; see `unpacked`."""
        counts = len(self.passages), len(self.bodies), len(self.holders), len(self.pending)
        numbers = np.array([*self.holders, *self.pending], "<i8").tobytes()
        passages = self.passages.astype("<u8").tobytes()
        return b"".join((_HEAD.pack(self.is_own, *counts), passages, *sorted(self.bodies), numbers))

    @classmethod
    def unpacked(cls, data: bytes) -> Self:
        """Read the output of `packed`.

        Raises:
            ValueError: the bytes are damaged.
        """
        is_own, passages, bodies, holders, pending = _HEAD.unpack_from(data) if len(data) >= _HEAD.size else (0,) * 5
        if len(data) != _HEAD.size + 8 * passages + _DIGEST * bodies + 8 * (holders + pending):
            raise ValueError("length")
        at = _HEAD.size + 8 * passages
        digests = (data[start : start + _DIGEST] for start in range(at, at + _DIGEST * bodies, _DIGEST))
        numbers = np.frombuffer(data, "<i8", holders + pending, at + _DIGEST * bodies).tolist()
        hashes = np.frombuffer(data, "<u8", passages, _HEAD.size).astype(np.uint64)
        return cls(hashes, frozenset(digests), (*numbers[:holders],), (*numbers[holders:],), bool(is_own))


class LearnedBoilerplate:
    """All lessons of an index.

    Args:
        store: where they are stored.
        background: background of the index.

    Attributes:
        background: background of the index with all that was learned.
        own: what is not to be learned again.
    """

    def __init__(self, store: Store, background: Background) -> None:
        self._store, self._frozen, self._last = store, background, 0
        self._lessons: dict[int, Lesson] = {}
        self._row_of: dict[int | bytes, int] = {}
        self._waiting: set[int] = set()  # rows with pending articles
        self._closed: Background | None = None
        self.background, self.own, self._learned = background, Lesson(), Lesson()

    def __len__(self) -> int:
        """Return the number of passages and bodies that were learned."""
        return len(self._learned.passages) + len(self._learned.bodies)

    def read(self) -> set[int]:
        """Read new lessons, and return the articles with other features since the last call.

        Raises:
            StoreError: they are damaged.
        """
        found, gone, new = set[int](), list[Lesson](), list[Lesson]()
        for number, packed in self._store.lessons(self._last):
            try:
                lesson = Lesson.unpacked(packed)
            except ValueError as error:
                fault = f"{self._store.where}: what the index has learned is damaged: restore a copy of the file"
                raise StoreError(fault) from error
            # All that was in a deleted row is in a new one.
            before = [self._forget_row(row) for row in self._rows_of(lesson)]
            self._keep(number, lesson)
            if len(before) == 1 and before[0].holds_as(lesson):
                found |= {*before[0].pending} - {*lesson.pending}
            else:
                found |= {*lesson.holders, *lesson.pending}
                gone += before
                new.append(lesson)
        if new:
            learned, own = ([one for one in new if one.is_own == is_own] for is_own in (False, True))
            self._learned = self._learned.without(_union(gone)).joined(_union(learned))
            self.own = self.own.without(_union(gone)).joined(_union(own))
            self._changed()
        return found

    def has_room(self, lesson: Lesson) -> bool:
        """Return whether a lesson can be learned."""
        return len(self) + len(lesson.passages) + len(lesson.bodies) <= MOST_LEARNED

    def learn(self, lesson: Lesson) -> None:
        """Add a lesson, also if it was once forgotten; must run inside a transaction."""
        self._remove_from(self._rows_of(lesson), lesson)
        self._put(lesson)
        self.own, self._learned = self.own.without(lesson), self._learned.joined(lesson)
        self._changed()

    def unlearn(self, refuted: Lesson, pending: tuple[int, ...]) -> None:
        """Forget passages and bodies; must run inside a transaction.

        Args:
            refuted: what is the articles' own.
            pending: numbers of the articles that hold it.
        """
        self._remove_from(self._rows_of(refuted), refuted)
        self._put(replace(refuted, holders=pending, pending=pending, is_own=True))
        self.own, self._learned = self.own.joined(refuted), self._learned.without(refuted)
        self._changed()

    def all(self) -> Lesson:
        """Return all passages and bodies that were learned, and not forgotten."""
        return self._learned

    def closed(self) -> Background:
        """Return the background of the index with what was learned and is not examined again: it has many holders."""
        if self._closed is None:
            full = _union(
                [one for one in self._lessons.values() if not one.is_own and len(one.holders) >= MOST_HOLDERS]
            )
            self._closed = with_lesson(self._frozen, full)
        return self._closed

    def pending(self) -> list[int]:
        """Return the numbers of all articles whose features are those from before a lesson, in ascending order."""
        return sorted({number for row in self._waiting for number in self._lessons[row].pending})

    def postpone(self, pending: tuple[int, ...]) -> None:
        """Record the articles that hold the last lesson, to be placed again; must run inside a transaction."""
        self._replace(self._last, replace(self._lessons[self._last], holders=pending, pending=pending))

    def done(self, numbers: Iterable[int]) -> None:
        """Record that the features of articles were computed anew; must run inside a transaction."""
        those = {*numbers}
        for row in sorted(self._waiting):
            lesson = self._lessons[row]
            if not those.isdisjoint(lesson.pending):
                left = tuple(one for one in lesson.pending if one not in those)
                self._replace(row, replace(lesson, pending=left))

    def held(self, found: Lesson) -> dict[int, Lesson]:
        """Return the lessons that an article with some passages and bodies holds, by row."""
        return {row: self._lessons[row] for row in self._rows_of(found) if not self._lessons[row].is_own}

    def beside(self, articles: set[int]) -> set[int]:
        """Return the recorded holders of all lessons that one of some articles holds."""
        lessons = (one.holders for one in self._lessons.values() if not articles.isdisjoint(one.holders))
        return set[int]().union(*lessons)

    def add_holder(self, row: int, article: int) -> Lesson:
        """Add a holder to the lesson in a row, and return it; must run inside a transaction."""
        lesson = self._lessons[row]
        self._closed = self._closed if len(lesson.holders) + 1 < MOST_HOLDERS else None
        return self._replace(row, replace(lesson, holders=(*lesson.holders, article)))

    def _replace(self, row: int, lesson: Lesson) -> Lesson:
        self._delete(row)
        self._put(lesson)
        return lesson

    def _remove_from(self, rows: Iterable[int], removed: Lesson) -> None:
        for row in sorted(rows):
            lesson = self._lessons[row].without(removed)
            self._delete(row)
            if lesson:
                self._put(lesson)

    def _put(self, lesson: Lesson) -> int:
        number = self._store.put_lesson(lesson.packed())
        self._keep(number, lesson)
        return number

    def _keep(self, row: int, lesson: Lesson) -> None:
        self._lessons[row], self._last = lesson, max(self._last, row)
        self._row_of.update(dict.fromkeys(_keys(lesson), row))
        if lesson.pending:
            self._waiting.add(row)

    def _delete(self, row: int) -> None:
        self._store.delete_lesson(row)
        self._forget_row(row)

    def _forget_row(self, row: int) -> Lesson:
        lesson = self._lessons.pop(row)
        for key in _keys(lesson):
            if self._row_of.get(key) == row:
                del self._row_of[key]
        self._waiting.discard(row)
        return lesson

    def _rows_of(self, found: Lesson) -> list[int]:
        """Return the rows with some of the passages and bodies, ascending."""
        return sorted({self._row_of[key] for key in _keys(found) if key in self._row_of})

    def _changed(self) -> None:
        self.background, self._closed = with_lesson(self._frozen, self._learned), None


def with_lesson(background: Background, lesson: Lesson) -> Background:
    """Return a background with what was learned."""
    found = Lesson(background.passages, background.bodies).joined(lesson)
    return replace(background, passages=found.passages, bodies=found.bodies)


def _keys(lesson: Lesson) -> list[int | bytes]:
    return [*lesson.passages.tolist(), *lesson.bodies]


def _union(lessons: Iterable[Lesson]) -> Lesson:
    every = [*lessons]
    passages = np.unique(np.concatenate([_NONE, *(one.passages for one in every)]))
    return Lesson(passages, frozenset().union(*(one.bodies for one in every)))
