"""The articles of an index as they are in memory: what a new one is compared with, and where each stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.index.features.sketch import Vector, names_of
from dedup.index.search.postings import LARGEST, SEALED_AT_ONCE, PlainPostings, Postings, SegmentedPostings
from dedup.index.search.segments import Segment, Span, Terms, Weights
from dedup.index.store.records import StoredArticle
from dedup.match.scores import Scoring
from dedup.match.stories import FLOOR
from dedup.settings import Settings
from dedup.vectorize.cross_lingual import ONE_TONGUE
from dedup.vectorize.language import UNKNOWN

_ROOM = 1024
PRINT = 16
"""Length of the signature prefix by which copies outside the date window are looked for."""
_Vectors: TypeAlias = Sequence[tuple[Terms, Weights]]


class Columns(NamedTuple):
    """What scores depend on, of articles by slot, or of queries.

    Attributes:
        seconds: publication time, nan where unknown.
        background_similarity: crowding included.
        outlet: its number, -1 where unknown.
        signature_bytes: shape (articles, slots of a signature).
    """

    seconds: NDArray[np.float64]
    background_similarity: NDArray[np.float64]
    outlet: NDArray[np.int32]
    signature_bytes: NDArray[np.uint8]


class ArticleTable:
    """The articles in memory, each in a slot; slots are used again.

    Args:
        settings: those of the index.
        crowding: what its background takes off all scores.
        fast: whether vectors are compared by kernels.
        vectors: gives the vectors of all stored articles again, asked for when a second language comes.
    """

    def __init__(
        self, settings: Settings, crowding: float, vectors: Callable[[], Iterable[tuple[int, Vector]]], *, fast: bool
    ) -> None:
        self.settings, self.crowding, self.by_kernels, self._vectors = settings, crowding, fast, vectors
        self.scoring = Scoring.of(settings)
        self.new_postings = partial(SegmentedPostings if fast else PlainPostings, FLOOR, self.span_of)
        self.words: Postings = self.new_postings()
        self.names: dict[int, Postings] = {}  # by tongue; none while there is one alone
        self.number = np.full(_ROOM, -1, np.int64)
        self.seconds = np.full(_ROOM, np.nan)
        self.background_similarity = np.zeros(_ROOM)
        self.outlet = np.full(_ROOM, -1, np.int32)
        self.tongue = np.full(_ROOM, -1, np.int16)
        self.story = np.full(_ROOM, -1, np.int64)
        self.copies = np.full(_ROOM, -1, np.int64)
        self.stands = np.zeros(_ROOM, np.bool_)
        self.length = np.zeros(_ROOM, np.int32)
        self.signature_bytes = np.zeros((_ROOM, settings.num_perm), np.uint8)
        self.prefixes = np.zeros((_ROOM, min(PRINT, settings.num_perm)), np.uint8)  # the beginnings of these
        self.sealed: dict[int, Segment] = {}  # by postings: vectors that are yet to be added
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

    def numbers(self) -> Iterator[int]:
        """The numbers of all articles."""
        yield from self._slot

    def twins(self) -> list[int]:
        """The slots of the articles that `is_twin` is true of."""
        return sorted(self._twins)

    def is_twin(self, slot: int) -> bool:
        """Whether another article, with the same title and text, is compared in its place."""
        return slot in self._twins

    def is_digest(self, slot: int) -> bool:
        """Whether the article in a slot is a digest: it counts in no story, and stands for no copies."""
        return not self.stands[slot] and self.copies[slot] == self.number[slot] and slot not in self._twins

    def add(self, article: StoredArticle, vector: Vector, *, twin: bool) -> int:
        """Takes an article in and tells its slot; a twin is compared with nothing, for its like is here already."""
        slot = self.admit(article.number, article.seconds, article.source, vector, twin=twin)
        self.settle(slot, article)
        if not twin:
            self.compare([slot], [vector])
        return slot

    def admit(self, number: int, seconds: float | None, source: str, vector: Vector, *, twin: bool) -> int:
        """Gives an article a slot; nobody finds it there before it has its place, by `settle` and `compare`."""
        slot = self._new_slot()
        self._slot[number] = slot
        self.number[slot] = number
        self.seconds[slot] = np.nan if seconds is None else seconds
        self.background_similarity[slot] = vector.background_similarity + self.crowding
        self.outlet[slot] = self.outlet_of(source)
        self.tongue[slot] = self.tongue_of(vector.language)
        self.length[slot] = vector.length
        self.signature_bytes[slot], self.prefixes[slot] = (
            vector.signature_bytes,
            vector.signature_bytes[: self.prefixes.shape[1]],
        )
        if twin:
            self._twins.add(slot)
        return slot

    def settle(self, slot: int, article: StoredArticle) -> None:
        """Puts an article that has a slot where it is said to be."""
        self.story[slot], self.copies[slot], self.stands[slot] = article.story, article.copies, article.representative
        self._of_story[article.story].append(slot)

    @contextmanager
    def visitor(self, vector: Vector, seconds: float | None, source: str, *, stands: bool) -> Iterator[int]:
        """A slot for an article that is only looked at: it is in no story, and nothing is compared with it."""
        slot = self._new_slot()
        self.number[slot] = np.iinfo(np.int64).max
        self.seconds[slot] = np.nan if seconds is None else seconds
        self.background_similarity[slot] = vector.background_similarity + self.crowding
        self.outlet[slot], self.tongue[slot] = self.outlet_of(source), self.tongue_of(vector.language)
        self.stands[slot], self.copies[slot] = stands, -1
        try:
            yield slot
        finally:
            self.number[slot] = self.story[slot] = -1
            self.stands[slot] = False
            self._free.append(slot)

    def compare(self, slots: Sequence[int], vectors: Sequence[Vector]) -> None:
        """From now on others are compared with the articles in some slots."""
        self._twins.difference_update(slots)
        self._add_to(self.words, slots, [(vector.terms, vector.weights) for vector in vectors])
        self.ready_names(but=slots)
        self._add_names(slots, vectors)
        self.sealed.clear()

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
        names = self.names.get(int(self.tongue[slot]))
        held = [self.words] if names is None else [self.words, names]
        self._leaving[slot] = len(held)
        for postings in held:
            postings.remove(slot)

    def tidy(self) -> None:
        """Gives back the memory of what was let go of."""
        for postings in (self.words, *self.names.values()):
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
        found = self._outlets.get(source)
        if found is None:
            name = " ".join(source.casefold().split())
            found = self._outlets.setdefault(name, len(self._outlets)) if name else -1
            self._outlets[source] = found  # under the name as it was given too: it comes again and again
        return found

    def span_of(self, slots: NDArray[np.int32]) -> Span:
        """When the articles in some slots were published."""
        seconds = self.seconds[slots]
        return (float(seconds.min()), float(seconds.max())) if not np.isnan(seconds).any() else (-np.inf, np.inf)

    def _add_to(self, held: Postings, slots: Sequence[int], vectors: _Vectors) -> None:
        """Adds vectors to postings; where they were sealed when they were looked for, as they were."""
        sealed = self.sealed.pop(id(held), None)
        fits = SEALED_AT_ONCE <= len(slots) <= LARGEST
        if isinstance(held, SegmentedPostings) and sealed is not None and fits and sealed.slots.tolist() == [*slots]:
            held.add_sealed(sealed)
        else:
            held.add_many(slots, vectors)

    def columns(self) -> Columns:
        """The columns that scores depend on."""
        return Columns(self.seconds, self.background_similarity, self.outlet, self.signature_bytes)

    def memory(self) -> int:
        """Bytes, about."""
        columns = sum(column.nbytes for column in self._columns().values())
        tables = 260 * len(self._slot)  # of the dictionaries, as measured
        return columns + tables + sum(postings.memory() for postings in (self.words, *self.names.values()))

    def ready_names(self, but: Sequence[int] = ()) -> None:
        """From the second language on, what languages are compared by; `but` has slots that are yet to come into it."""
        if not self.names and len(self._tongues) > 1:
            self.names = {tongue: self.new_postings() for tongue in self._tongues.values()}
            later = {*but, *self._twins}
            if len(later) >= len(self._slot):
                return  # nobody is here yet
            for number, known in self._vectors():
                slot = self._slot.get(number)
                if slot is not None and slot not in later and self.story[slot] >= 0:
                    self._add_names([slot], [known])

    def _add_names(self, slots: Sequence[int], vectors: Sequence[Vector]) -> None:
        if not self.names:
            return
        held: dict[int, list[int]] = defaultdict(list)
        for place, slot in enumerate(slots):
            if self.tongue[slot] >= 0:
                held[int(self.tongue[slot])].append(place)
        names = self.names_of(vectors)
        for tongue, places in held.items():
            if tongue not in self.names:
                self.names[tongue] = self.new_postings()
            self._add_to(self.names[tongue], [slots[place] for place in places], [names[place] for place in places])

    def names_of(self, vectors: Sequence[Vector]) -> _Vectors:
        if not self.by_kernels:
            return [vector.names() for vector in vectors]
        return names_of(vectors)

    def tongue_of(self, language: str) -> int:
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
