"""The articles of an index as they are in memory: what a new one is compared with, and where each stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.index.postings import PlainPostings, SegmentedPostings
from dedup.index.records import StoredArticle
from dedup.index.sketches import Vector
from dedup.match.outlets import outlet_penalty
from dedup.match.stories import FLOOR, SECONDS_A_DAY, score
from dedup.settings import Settings
from dedup.vectorize.bridge import ONE_TONGUE
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.language import UNKNOWN

_ROOM = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """What resembles one article more than the floor.

    Attributes:
        slots: of the articles; those of other languages too.
        cosine: with each.
        score: with each in units of `SCORE_UNIT`, as a run would have it; 0 where it has none.
        days: to each, nan where a date is unknown.
        agreeing: in how many places of their signatures they look alike, chance included.
        foreign: whether it is in another language.
    """

    slots: NDArray[np.int64]
    cosine: NDArray[np.float64]
    score: NDArray[np.int64]
    days: NDArray[np.float64]
    agreeing: NDArray[np.int64]
    foreign: NDArray[np.bool_]


class Live:
    """The articles in memory, each in a slot; slots are used again.

    Args:
        settings: those of the index.
        crowd: what its background takes off all scores.
        by_kernels: whether vectors are compared by kernels.
        vectors: gives the vectors of all stored articles again, asked for when a second language comes.
    """

    def __init__(
        self, settings: Settings, crowd: float, vectors: Callable[[], Iterable[tuple[int, Vector]]], *, by_kernels: bool
    ) -> None:
        self._settings, self._crowd, self._vectors = settings, crowd, vectors
        self._form = SegmentedPostings if by_kernels else PlainPostings
        self._words: SegmentedPostings | PlainPostings = self._form(FLOOR)
        self._names: dict[int, SegmentedPostings | PlainPostings] = {}  # by tongue; none while there is one alone
        self.number = np.full(_ROOM, -1, np.int64)
        self.seconds = np.full(_ROOM, np.nan)
        self.ordinary = np.zeros(_ROOM)
        self.outlet = np.full(_ROOM, -1, np.int32)
        self.tongue = np.full(_ROOM, -1, np.int16)
        self.story = np.full(_ROOM, -1, np.int64)
        self.copies = np.full(_ROOM, -1, np.int64)
        self.stands = np.zeros(_ROOM, np.bool_)
        self.length = np.zeros(_ROOM, np.int32)
        self._marks = np.zeros((_ROOM, settings.num_perm), np.uint8)
        self._slot: dict[int, int] = {}
        self._of_story: dict[int, list[int]] = defaultdict(list)
        self._free: list[int] = []
        self._highest = 0
        self._outlets: dict[str, int] = {}
        self._tongues: dict[str, int] = {}
        self._twins: set[int] = set()
        self._leaving: dict[int, int] = {}  # for each slot that is not free yet, how many postings still hold it

    def __len__(self) -> int:
        """How many articles there are."""
        return len(self._slot)

    def __contains__(self, number: int) -> bool:
        """Whether the article of a number is here."""
        return number in self._slot

    def slot(self, number: int) -> int:
        """The slot of the article of a number."""
        return self._slot[number]

    def of_story(self, story: int) -> list[int]:
        """The slots of a story's articles."""
        return self._of_story.get(story, [])

    def stories(self) -> Iterator[int]:
        """The numbers of all stories."""
        yield from self._of_story

    def is_twin(self, slot: int) -> bool:
        """Whether another article, with the same title and text, is compared in its place."""
        return slot in self._twins

    def is_digest(self, slot: int) -> bool:
        """Whether the article in a slot is a digest: it counts in no story, and stands for no copies."""
        return not self.stands[slot] and self.copies[slot] == self.number[slot] and slot not in self._twins

    def add(self, article: StoredArticle, vector: Vector, *, twin: bool) -> int:
        """Takes an article in and tells its slot; a twin is compared with nothing, for its like is here already."""
        slot = self._new_slot()
        self._slot[article.number] = slot
        self.number[slot] = article.number
        self.seconds[slot] = np.nan if article.seconds is None else article.seconds
        self.ordinary[slot] = vector.ordinary + self._crowd
        self.outlet[slot] = self.outlet_of(article.source)
        self.tongue[slot] = self._tongue_of(vector.language)
        self.stands[slot], self.length[slot] = article.stands, vector.length
        self.copies[slot] = article.copies
        self._marks[slot] = vector.marks
        self.story[slot] = article.story
        self._of_story[article.story].append(slot)
        if twin:
            self._twins.add(slot)
        else:
            self.compare(slot, vector)
        return slot

    @contextmanager
    def visitor(self, vector: Vector, seconds: float | None, source: str, *, stands: bool) -> Iterator[int]:
        """A slot for an article that is only looked at: it is in no story, and nothing is compared with it."""
        slot = self._new_slot()
        self.number[slot] = np.iinfo(np.int64).max
        self.seconds[slot] = np.nan if seconds is None else seconds
        self.ordinary[slot] = vector.ordinary + self._crowd
        self.outlet[slot], self.tongue[slot] = self.outlet_of(source), self._tongue_of(vector.language)
        self.stands[slot], self.copies[slot] = stands, -1
        try:
            yield slot
        finally:
            self.number[slot] = self.story[slot] = -1
            self.stands[slot] = False
            self._free.append(slot)

    def compare(self, slot: int, vector: Vector) -> None:
        """From now on others are compared with the article in a slot."""
        self._twins.discard(slot)
        self._words.add(slot, vector.terms, vector.weights)
        self._ready_names(but=slot)
        self._add_names(slot, vector)

    def remove(self, number: int) -> None:
        """Lets go of an article."""
        slot = self._slot.pop(number)
        self._of_story[int(self.story[slot])].remove(slot)
        if not self._of_story[int(self.story[slot])]:
            del self._of_story[int(self.story[slot])]
        self.number[slot] = self.story[slot] = -1
        self.stands[slot] = False
        if slot in self._twins:
            self._twins.discard(slot)
            self._free.append(slot)
            return
        names = self._names.get(int(self.tongue[slot]))
        held = [self._words] if names is None else [self._words, names]
        self._leaving[slot] = len(held)
        for postings in held:
            postings.remove(slot)

    def tidy(self) -> None:
        """Gives back the memory of what was let go of."""
        for postings in (self._words, *self._names.values()):
            postings.tidy()
            for slot in postings.free():
                self._leaving[slot] -= 1
                if not self._leaving[slot]:
                    del self._leaving[slot]
                    self._free.append(slot)

    def move(self, slot: int, story: int) -> None:
        """Puts an article under another story."""
        before = int(self.story[slot])
        if before != story:
            self._of_story[before].remove(slot)
            if not self._of_story[before]:
                del self._of_story[before]
            self.story[slot] = story
            self._of_story[story].append(slot)

    def outlet_of(self, source: str) -> int:
        """The number of an outlet, -1 where it is unknown."""
        name = " ".join(source.casefold().split())
        return self._outlets.setdefault(name, len(self._outlets)) if name else -1

    def alike(self, vector: Vector, seconds: float | None, source: str) -> Alike:
        """What resembles an article more than the floor, itself included where it is here."""
        slots, dots = self._words.above(vector.terms, vector.weights, FLOOR)
        tongue = self._tongue_of(vector.language)
        self._ready_names()
        foreign = np.zeros(len(slots), np.bool_)
        if tongue >= 0 and self._names:
            near = (self.tongue[slots] == tongue) | (self.tongue[slots] < 0)
            names = vector.names()
            others = [held.above(*names, FLOOR) for other, held in self._names.items() if other != tongue]
            far = sum(len(found) for found, _ in others)
            foreign = np.repeat([False, True], [int(near.sum()), far])
            slots = np.concatenate([slots[near], *(found for found, _ in others)])
            dots = np.concatenate([dots[near], *(found for _, found in others)])
        cosine = dots.astype(np.float64) * WEIGHT_UNIT**2
        when = np.nan if seconds is None else seconds
        days = np.abs(self.seconds[slots] - when) / SECONDS_A_DAY
        ordinary = (self.ordinary[slots] + (vector.ordinary + self._crowd)) / 2
        scores = self.scored(cosine, ordinary, days, self.outlet[slots] == self.outlet_of(source), slots)
        agreeing = np.count_nonzero(self._marks[slots] == vector.marks, axis=1)
        return Alike(slots, cosine, scores, days, agreeing, foreign)

    def scored(
        self,
        cosine: NDArray[np.float64],
        ordinary: NDArray[np.float64],
        days: NDArray[np.float64],
        same_outlet: NDArray[np.bool_],
        slots: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Scores as a run has them, 0 beyond the window and where there is none."""
        scores = np.maximum(0, score(cosine, ordinary, days, self._settings))
        same = same_outlet & (self.outlet[slots] >= 0)
        scores -= np.where(same, outlet_penalty(scores, self._settings), 0)
        scores[days > self._settings.window] = 0
        return np.maximum(0, scores)

    @property
    def crowd(self) -> float:
        """What the background takes off all scores; it is in `ordinary`."""
        return self._crowd

    def memory(self) -> int:
        """Bytes, about."""
        columns = sum(column.nbytes for column in self._columns().values())
        tables = 260 * len(self._slot)  # of the dictionaries, as measured
        return columns + tables + sum(postings.memory() for postings in (self._words, *self._names.values()))

    def _ready_names(self, but: int = -1) -> None:
        """From the second language on, what languages are compared by; `but` is a slot that is yet to come into it."""
        if not self._names and len(self._tongues) > 1:
            self._names = {tongue: self._form(FLOOR) for tongue in self._tongues.values()}
            for number, known in self._vectors():
                slot = self._slot.get(number, but)
                if slot != but and slot not in self._twins:
                    self._add_names(slot, known)

    def _add_names(self, slot: int, vector: Vector) -> None:
        tongue = int(self.tongue[slot])
        if self._names and tongue >= 0:
            if tongue not in self._names:
                self._names[tongue] = self._form(FLOOR)
            self._names[tongue].add(slot, *vector.names())

    def _tongue_of(self, language: str) -> int:
        name = ONE_TONGUE.get(language, language)
        return -1 if name == UNKNOWN else self._tongues.setdefault(name, len(self._tongues))

    def _new_slot(self) -> int:
        if self._free:
            return self._free.pop()
        if self._highest == len(self.number):
            for name, column in self._columns().items():
                wide = np.concatenate([column, np.full_like(column, -1 if column.dtype.kind == "i" else 0)])
                setattr(self, name, wide)
        self._highest += 1
        return self._highest - 1

    def _columns(self) -> dict[str, NDArray[np.generic]]:
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
