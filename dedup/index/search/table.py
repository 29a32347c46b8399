"""The articles of an index in memory: columns that scores depend on, postings, and the place of each article."""

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
from dedup.index.search.segments import Segment, Terms, Weights
from dedup.index.store.records import StoredArticle
from dedup.kinds import FOLLOWING
from dedup.kinds.notices import About
from dedup.match.scores import Scoring
from dedup.match.stories import FLOOR
from dedup.settings import Settings
from dedup.vectorize.cross_lingual import SAME_LANGUAGE
from dedup.vectorize.language import UNKNOWN

_ROOM = 1024
PREFIX_BYTES = 16
"""Length of the signature prefix by which copies beyond the date window are found."""
_Vectors: TypeAlias = Sequence[tuple[Terms, Weights]]


class Columns(NamedTuple):
    """The columns that scores depend on, of articles by slot or of queries.

    Attributes:
        seconds: publication time, nan where unknown.
        background_similarity: crowding included.
        outlet: its number, -1 where unknown.
        form: see `HashedWords.forms`.
        signature_bytes: shape (articles, slots of a signature).
    """

    seconds: NDArray[np.float64]
    background_similarity: NDArray[np.float64]
    outlet: NDArray[np.int32]
    form: NDArray[np.int8]
    signature_bytes: NDArray[np.uint8]


class ArticleTable:
    """The articles in memory, each in a slot. The slots of removed articles are reused.

    Args:
        settings: settings of the index.
        crowding: the part of every background similarity that comes from the size of the collection.
        fast: whether kernels compare vectors.
        vectors: returns the numbers and vectors of all stored articles, called when a second language appears.
    """

    def __init__(
        self, settings: Settings, crowding: float, vectors: Callable[[], Iterable[tuple[int, Vector]]], *, fast: bool
    ) -> None:
        self.settings, self.crowding, self.by_kernels, self._vectors = settings, crowding, fast, vectors
        self.scoring = Scoring.of(settings, crowding)
        self.new_postings = partial(SegmentedPostings if fast else PlainPostings, FLOOR, self.seconds_of)
        self.words: Postings = self.new_postings(self.prefixes_of)
        self.names: dict[int, Postings] = {}  # by language; empty while there is only one
        self.number = np.full(_ROOM, -1, np.int64)
        self.seconds = np.full(_ROOM, np.nan)
        self.background_similarity = np.zeros(_ROOM)
        self.outlet = np.full(_ROOM, -1, np.int32)
        self.language = np.full(_ROOM, -1, np.int16)
        self.story = np.full(_ROOM, -1, np.int64)
        self.copies = np.full(_ROOM, -1, np.int64)
        self.representative = np.zeros(_ROOM, np.bool_)
        self.follows = np.zeros(_ROOM, np.bool_)
        self.added = np.full(_ROOM, np.inf)  # by the clock of the index
        self.length = np.zeros(_ROOM, np.int32)
        self.form = np.zeros(_ROOM, np.int8)
        self.has_lost = np.full(_ROOM, -1, np.int8)  # whether its body has words that are not compared; -1 unknown
        self.signature_bytes = np.zeros((_ROOM, settings.num_perm), np.uint8)
        self.prefixes = np.zeros((_ROOM, min(PREFIX_BYTES, settings.num_perm)), np.uint8)  # of signatures
        self.sealed: dict[int, Segment] = {}  # by id of the postings: segments that are not added yet
        self.abouts: dict[int, About] = {}  # what notices and articles on matches are about, by slot
        self.origin: dict[int, int] = {}  # the stories of changed articles before the transaction, 0 for none
        self._slot: dict[int, int] = {}
        self._of_story: dict[int, list[int]] = defaultdict(list)
        self._free: list[int] = []
        self._highest = 0
        self._outlets: dict[str, int] = {}
        self._languages: dict[str, int] = {}
        self._twins: set[int] = set()
        self._latest: float | None = 0.0  # None where it must be found anew
        self._leaving: dict[int, int] = {}  # for each removed slot the number of postings that still contain it

    def __len__(self) -> int:
        """The number of articles."""
        return len(self._slot)

    def __contains__(self, number: int) -> bool:
        """Whether an article of this number is in memory."""
        return number in self._slot

    def slot(self, number: int) -> int:
        """The slot of an article, by its number."""
        return self._slot[number]

    def of_story(self, story: int) -> list[int]:
        """The slots of a story's articles."""
        return self._of_story.get(story, [])

    def of_stories(self, stories: Iterable[int]) -> list[int]:
        """The slots of the articles of several stories."""
        held = self._of_story
        return [slot for story in stories if story in held for slot in held[story]]

    def numbers_in(self, slots: Sequence[int]) -> list[int]:
        """The numbers of the articles in some slots."""
        return self.number[slots].tolist()  # type: ignore[no-any-return]

    def stories_of(self, numbers: Iterable[int]) -> list[int]:
        """The stories of those of some articles that are in memory."""
        held = self._slot
        slots = [held[number] for number in numbers if number in held]
        return self.story[slots].tolist()  # type: ignore[no-any-return]

    def stories(self) -> Iterator[int]:
        """The numbers of all stories."""
        yield from self._of_story

    def numbers(self) -> Iterator[int]:
        """The numbers of all articles."""
        yield from self._slot

    def times(self) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """The publication times of all articles, nan where unknown, and the numbers of their outlets."""
        live = self.number >= 0
        return self.seconds[live], self.outlet[live]

    def latest(self) -> float:
        """The time at which the last of the articles was added, by the clock of the index."""
        if self._latest is None:
            self._latest = float(np.max(self.added, where=self.story >= 0, initial=0.0))
        return self._latest

    def _may_be_latest(self, slot: int) -> bool:
        """Whether none was added after the article in a slot."""
        return bool(self.story[slot] >= 0 and self.added[slot] >= (self._latest or 0.0))

    def twins(self) -> list[int]:
        """The slots of all twins: see `is_twin`."""
        return sorted(self._twins)

    def is_twin(self, slot: int) -> bool:
        """Whether another article, with the same title and text, is searched in its place."""
        return slot in self._twins

    def is_digest(self, slot: int) -> bool:
        """Whether the article in a slot is a digest: it counts in no story and represents no copies."""
        return not self.representative[slot] and self.copies[slot] == self.number[slot] and slot not in self._twins

    def add(self, article: StoredArticle, vector: Vector, *, twin: bool) -> int:
        """Add an article and return its slot. A twin is not searched: its first copy is."""
        slot = self.admit(article.number, article.seconds, article.source, vector, twin=twin)
        self.settle(slot, article)
        if not twin:
            self.compare([slot], [vector])
        return slot

    def admit(self, number: int, seconds: float | None, source: str, vector: Vector, *, twin: bool) -> int:
        """Reserve a slot for an article; searches do not find it before `settle` and `compare`."""
        slot = self._new_slot()
        self._slot[number] = slot
        self.number[slot] = number
        self.seconds[slot] = np.nan if seconds is None else seconds
        self.background_similarity[slot] = vector.background_similarity + self.crowding
        self.outlet[slot] = self.outlet_of(source)
        self.language[slot] = self.language_of(vector.language)
        self.length[slot], self.form[slot], self.has_lost[slot] = vector.length, vector.form, -1
        self.signature_bytes[slot], self.prefixes[slot] = (
            vector.signature_bytes,
            vector.signature_bytes[: self.prefixes.shape[1]],
        )
        if twin:
            self._twins.add(slot)
        return slot

    def settle(self, slot: int, article: StoredArticle) -> None:
        """Record the story and the copies of an article that has a slot."""
        if self._latest is not None:
            self._latest = None if self._may_be_latest(slot) else max(self._latest, article.added)
        self.story[slot], self.copies[slot], self.representative[slot] = (
            article.story,
            article.copies,
            article.representative,
        )
        self.origin.setdefault(article.number, 0)
        self.added[slot], told = article.added, article.told
        self.follows[slot] = told.kind.kind in FOLLOWING
        if about := told.about:
            self.abouts[slot] = about
        self._of_story[article.story].append(slot)

    @contextmanager
    def visitor(
        self, vector: Vector, seconds: float | None, source: str, *, representative: bool, follows: bool
    ) -> Iterator[int]:
        """Lend a slot to an article that is only matched: it is in no story, and searches do not find it."""
        slot = self._new_slot()
        self.number[slot] = np.iinfo(np.int64).max
        self.seconds[slot] = np.nan if seconds is None else seconds
        self.background_similarity[slot] = vector.background_similarity + self.crowding
        self.outlet[slot], self.language[slot] = self.outlet_of(source), self.language_of(vector.language)
        self.form[slot] = vector.form
        self.representative[slot], self.copies[slot], self.follows[slot] = representative, -1, follows
        try:
            yield slot
        finally:
            self.number[slot] = self.story[slot] = -1
            self.representative[slot] = False
            self._free.append(slot)

    def compare(self, slots: Sequence[int], vectors: Sequence[Vector]) -> None:
        """Make the articles in some slots searchable."""
        self._twins.difference_update(slots)
        self._add_to(self.words, slots, [(vector.terms, vector.weights) for vector in vectors])
        self.ready_names(but=slots)
        self._add_names(slots, vectors)
        self.sealed.clear()

    def hide(self, number: int) -> None:
        """Make an article a twin. Its slot changes, as the old one is still in postings."""
        slot = self._slot[number]
        if slot in self._twins:
            return
        values = {name: column[slot].copy() for name, column in self._columns().items()}
        about = self.abouts.get(slot)
        self.remove(number)
        slot = self._slot[number] = self._new_slot()
        if about is not None:
            self.abouts[slot] = about
        for name, value in values.items():
            getattr(self, name)[slot] = value
        self._of_story[int(self.story[slot])].append(slot)
        self._twins.add(slot)

    def remove(self, number: int) -> None:
        """Remove an article."""
        slot = self._slot.pop(number)
        self.origin.setdefault(number, int(self.story[slot]))
        self._of_story[int(self.story[slot])].remove(slot)
        if not self._of_story[int(self.story[slot])]:
            del self._of_story[int(self.story[slot])]
        if self._may_be_latest(slot):
            self._latest = None
        self.number[slot] = self.story[slot] = -1
        self.representative[slot] = False
        self.abouts.pop(slot, None)
        if slot in self._twins:
            self._twins.discard(slot)
            self._free.append(slot)
            return
        names = self.names.get(int(self.language[slot]))
        containing = [self.words] if names is None else [self.words, names]
        self._leaving[slot] = len(containing)
        for postings in containing:
            postings.remove(slot)

    def counted(self, story: int) -> list[int]:
        """The slots of the articles that count in a story: those that follow only where no others are in it."""
        slots = [slot for slot in self.of_story(story) if self.representative[slot]]
        return [slot for slot in slots if not self.follows[slot]] or slots

    def withdraw(self, number: int) -> None:
        """Remove an article that was only admitted."""
        slot = self._slot.pop(number)
        self.number[slot] = -1
        self._twins.discard(slot)
        self._free.append(slot)
        self.sealed.clear()

    def tidy(self) -> None:
        """Free the memory of removed articles."""
        for postings in (self.words, *self.names.values()):
            postings.tidy()
            for slot in postings.free():
                self._leaving[slot] -= 1
                if not self._leaving[slot]:
                    del self._leaving[slot]
                    self._free.append(slot)

    def move(self, slot: int, story: int) -> None:
        """Move an article to another story."""
        before = int(self.story[slot])
        if before != story:
            self.origin.setdefault(int(self.number[slot]), before)
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
            self._outlets[source] = found  # the spelling as given too: it recurs
        return found

    def seconds_of(self, slots: NDArray[np.int32]) -> NDArray[np.float64]:
        """The times of the articles in some slots, nan where unknown."""
        return self.seconds[slots]

    def prefixes_of(self, slots: NDArray[np.int32]) -> NDArray[np.uint8]:
        """The signature prefixes of the articles in some slots."""
        return self.prefixes[slots]

    def _add_to(self, postings: Postings, slots: Sequence[int], vectors: _Vectors) -> None:
        """Add vectors to postings, as the segment that the search among them sealed, if there is one."""
        sealed = self.sealed.pop(id(postings), None)
        fits = SEALED_AT_ONCE <= len(slots) <= LARGEST
        if (
            isinstance(postings, SegmentedPostings)
            and sealed is not None
            and fits
            and sealed.slots.tolist() == [*slots]
        ):
            postings.add_sealed(sealed)
        else:
            postings.add_many(slots, vectors)

    def columns(self) -> Columns:
        """The columns that scores depend on."""
        return Columns(self.seconds, self.background_similarity, self.outlet, self.form, self.signature_bytes)

    def memory(self) -> int:
        """Approximate size in bytes."""
        columns = sum(column.nbytes for column in self._columns().values())
        tables = 260 * len(self._slot)  # of the dictionaries, measured
        return columns + tables + sum(postings.memory() for postings in (self.words, *self.names.values()))

    def ready_names(self, but: Sequence[int] = ()) -> None:
        """Build the postings of names once there is a second language; the slots in `but` are added later."""
        if not self.names and len(self._languages) > 1:
            self.names = {language: self.new_postings() for language in self._languages.values()}
            later = {*but, *self._twins}
            if len(later) >= len(self._slot):
                return  # no article is searchable yet
            for number, known in self._vectors():
                slot = self._slot.get(number)
                if slot is not None and slot not in later and self.story[slot] >= 0:
                    self._add_names([slot], [known])

    def _add_names(self, slots: Sequence[int], vectors: Sequence[Vector]) -> None:
        if not self.names:
            return
        places_of: dict[int, list[int]] = defaultdict(list)
        for place, slot in enumerate(slots):
            if self.language[slot] >= 0:
                places_of[int(self.language[slot])].append(place)
        names = self.names_of(vectors)
        for language, places in places_of.items():
            if language not in self.names:
                self.names[language] = self.new_postings()
            self._add_to(self.names[language], [slots[place] for place in places], [names[place] for place in places])

    def names_of(self, vectors: Sequence[Vector]) -> _Vectors:
        """The cross-lingual parts of vectors: names and figures."""
        if not self.by_kernels:
            return [vector.names() for vector in vectors]
        return names_of(vectors)

    def languages(self) -> list[str]:
        """The languages of the articles, by their numbers."""
        return [*self._languages]

    def language_name(self, number: int) -> str:
        """The language of an article, by its number; "" where it is unknown."""
        language = int(self.language[self.slot(number)])
        return "" if language < 0 else self.languages()[language]

    def language_of(self, language: str) -> int:
        """The number of a language, -1 where it is unknown."""
        name = SAME_LANGUAGE.get(language, language)
        return -1 if name == UNKNOWN else self._languages.setdefault(name, len(self._languages))

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
