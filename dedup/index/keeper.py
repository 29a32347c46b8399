"""What an index does inside a transaction: articles in, articles out, articles to another story.

It knows nothing of callers: see `story_index` for the door.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dedup.background import Background
from dedup.clustering import Progress
from dedup.index.identity import assign
from dedup.index.ledger import Ledger
from dedup.index.live import Live
from dedup.index.neighbourhood import MOST, regrouped
from dedup.index.placing import Found, Newcomer, Placer, Verdict
from dedup.index.records import Kind, Sketch, StoredArticle
from dedup.index.sketches import GROWN, Sketcher, Vector, by_kernels, pack_words, steps_for, unpack_words
from dedup.index.store import Store
from dedup.match.stories import SECONDS_A_DAY
from dedup.settings import Settings
from dedup.steps import FastSteps, LightSteps
from dedup.vectorize.features import HashedWords

_PAGE = 1_000
REMEMBERED = 4_096
"""Vectors that are not read from the store again, those of the last that came or were looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where an article is from now on.

    Attributes:
        story: the number of its story.
        copies: the number of the first article of its group of copies, None where it has none.
        stands: whether it counts when stories are compared.
    """

    story: int
    copies: int | None
    stands: bool


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What was taken from one text: all its words, packed; those that count; and its vector."""

    packed: bytes
    judged: HashedWords
    vector: Vector


class Keeper:
    """The articles of a store, in memory and out of it.

    Args:
        store: where they are.
        settings: those of the index.
        background: that of the index.
        articles: about how many there will be, which decides what they are compared by.
        progress: told where something takes long.
    """

    def __init__(
        self, store: Store, settings: Settings, background: Background, articles: int, progress: Progress | None = None
    ) -> None:
        self.store, self.settings, self.background = store, settings, background
        alone = replace(settings, threads=1)  # for a few articles at a time threads take longer to start than to work
        self.steps = steps_for(articles, alone, progress)
        self.sketcher = Sketcher(self.steps, settings, background)
        fast = isinstance(self.steps, FastSteps)
        self.live = Live(settings, background.crowd, self._every_vector, by_kernels=fast)
        self.placer = Placer(self.live, self.steps, settings, self.words_of, self.vectors_of)
        self.apart: dict[int, set[int]] = defaultdict(set)
        self._vectors: dict[int, Vector] = {}
        self.fresh: dict[int, Sketch] = {}  # of a transaction that is under way: no other thread sees them in the store

    def has_outgrown_its_form(self) -> bool:
        """Whether there are so many articles by now that kernels should compare them, and can."""
        return isinstance(self.steps, LightSteps) and len(self.live) >= GROWN and by_kernels(len(self.live))

    def load(self) -> None:
        """Reads what is stored."""
        last, holders = -1, set[bytes]()
        vectors = self._every_vector()
        while page := self.store.after(last, _PAGE):
            for article in page:
                number, vector = next(vectors)
                while number < article.number:  # a sketch without its article: `check` finds it
                    number, vector = next(vectors)
                self.live.add(article, vector, twin=article.content in holders)
                holders.add(article.content)
            last = page[-1].number

    def draw(self, texts: Sequence[tuple[str, str]]) -> list[Drawn]:
        """What is taken from titles and texts."""
        words = self.sketcher.words(texts)
        judged = self.sketcher.judged(words)
        vectors = self.sketcher.vectors(judged)
        return [
            Drawn(pack_words(words, place), judged.part(place, place + 1), vector)
            for place, vector in enumerate(vectors)
        ]

    def sketch_anew(self) -> None:
        """Takes the vectors of all stored articles from their words again."""
        last = -1
        while page := self.store.after(last, _PAGE):
            numbers = [article.number for article in page]
            judged = self.words_of(numbers)
            sketches = self.store.sketches(numbers)
            for number, vector in zip(numbers, self.sketcher.vectors(judged), strict=True):
                self.store.put_sketch(number, Sketch(sketches[number].words, vector.packed()))
            last = numbers[-1]

    def words_of(self, numbers: Sequence[int]) -> HashedWords:
        """The words that count of some articles, in their order."""
        sketches = self._sketches(numbers)
        return self.sketcher.judged(unpack_words(sketches[number].words for number in numbers))

    def vectors_of(self, numbers: Sequence[int]) -> list[Vector]:
        """Their vectors."""
        absent = [number for number in numbers if number not in self._vectors]
        for number, sketch in self._sketches(absent).items():
            self._vectors[number] = Vector.unpacked(sketch.vector)
        found = [self._vectors[number] for number in numbers]
        while len(self._vectors) > REMEMBERED:
            del self._vectors[next(iter(self._vectors))]
        return found

    def verdict(self, new: Newcomer, alike: Sequence[StoredArticle]) -> Verdict:
        """Where an article belongs, others of the very same text given."""
        if not alike:
            return self.placer.judge(new)
        slot = self.live.slot(alike[0].number)
        story, root = int(self.live.story[slot]), int(self.live.copies[slot])
        when = np.nan if new.seconds is None else new.seconds
        days = abs(float(self.live.seconds[slot]) - when) / SECONDS_A_DAY
        equal = Found(alike[0].number, story, "copy", 0, 1.0, days, 0.0, False, 1.0, 1.0, 1.0)
        return Verdict(story, root, False, (), (equal,))

    def insert(
        self, ledger: Ledger, article: StoredArticle, text: str | None, drawn: Drawn, verdict: Verdict, *, twin: bool
    ) -> None:
        """Writes an article where the verdict says, and looks at the stories that it concerns."""
        copies = article.number if verdict.copies is None else verdict.copies
        placed = article.placed(article.story, copies, stands=verdict.stands)
        sketch = Sketch(drawn.packed, drawn.vector.packed())
        self.store.put_article(placed, text, sketch)
        self.fresh[article.number] = sketch
        self._vectors[article.number] = drawn.vector
        self.live.add(placed, drawn.vector, twin=twin)
        for number in verdict.apart:
            self.apart[number].add(article.number)
            self.apart[article.number].add(number)
        ledger.touch(article.story)
        for number in verdict.digests:
            self._put_aside(ledger, number)
        if verdict.concerned:
            self.look_at(ledger, [article.story, *verdict.concerned])

    def take_out(self, ledger: Ledger, article: StoredArticle) -> None:
        """Lets go of an article; who is left of its copies stands for it."""
        live, slot = self.live, self.live.slot(article.number)
        story, root, stood = int(live.story[slot]), int(live.copies[slot]), bool(live.stands[slot])
        was_twin = live.is_twin(slot)
        live.remove(article.number)
        self.store.delete_article(article.number)
        self.fresh.pop(article.number, None)
        self._vectors.pop(article.number, None)
        ledger.touch(story)
        left = sorted(int(live.number[other]) for other in live.of_story(story) if int(live.copies[other]) == root)
        if not was_twin:
            for twin in self.store.alike(article.content):
                if twin.number in live and live.is_twin(live.slot(twin.number)):
                    live.compare(live.slot(twin.number), self.vectors_of([twin.number])[0])
                    if stood:
                        self._put(ledger, twin.number, Place(story, root, True))
                        stood = False
                    break
        standing = any(live.stands[live.slot(number)] for number in left)
        for number in left:
            heir = not standing and not live.is_twin(live.slot(number))
            standing = standing or heir
            stands = heir or bool(live.stands[live.slot(number)])
            self._put(ledger, number, Place(story, left[0] if root == article.number else root, stands))

    def look_at(self, ledger: Ledger, stories: Sequence[int]) -> None:
        """Groups the articles of some stories anew, the first of which matters most, as if there were no others."""
        slots, held = self._together(stories)
        if len(slots) > 1:
            vectors = self.vectors_of([int(self.live.number[slot]) for slot in slots])
            settled = ledger.settled(held)
            groups = regrouped(self.live, slots, vectors, settled, self.apart, self.steps, self.settings)
            self.follow(ledger, [[int(self.live.number[slot]) for slot in group] for group in groups], {}, settled)

    def story_for(self, new: Newcomer, verdict: Verdict) -> int | None:
        """The story that an article would be in once it was inserted, None for a new one; nothing is changed."""
        slots, _ = self._together(verdict.concerned)
        if not verdict.concerned or not slots:
            return verdict.story
        vectors = self.vectors_of([int(self.live.number[slot]) for slot in slots])
        with self.live.visitor(new.vector, new.seconds, new.source, stands=verdict.stands) as visitor:
            self.live.copies[visitor] = -1 if verdict.copies is None else verdict.copies
            looked_at = [*slots, visitor]
            groups = regrouped(self.live, looked_at, [*vectors, new.vector], (), self.apart, self.steps, self.settings)
            numbers = [[int(self.live.number[slot]) for slot in group] for group in groups]
            before = {int(self.live.number[slot]): int(self.live.story[slot]) for slot in slots}
            chosen, _ = assign(numbers, before)
            return next(chosen[place] for place, group in enumerate(groups) if visitor in group)

    def follow(
        self, ledger: Ledger, groups: Sequence[Sequence[int]], places: Mapping[int, Place], settled: set[int]
    ) -> None:
        """Brings articles into new groups; `places` tells of their copies where these change too."""
        live = self.live
        before = {number: int(live.story[live.slot(number)]) for group in groups for number in group}
        chosen, redirected = assign(groups, before, settled)
        stories = []
        for group, story in zip(groups, chosen, strict=True):
            if story is None:
                first = self.store.articles([min(group)])[min(group)]
                stories.append(ledger.begin(first.content))
            else:
                stories.append(story)
        moved = []
        for group, story in zip(groups, stories, strict=True):
            for number in group:
                place = places.get(number)
                if before[number] != story:
                    moved.append((number, before[number], story))
                if before[number] != story or place is not None:
                    slot = live.slot(number)
                    here = Place(story, int(live.copies[slot]), bool(live.stands[slot]))
                    self._put(ledger, number, here if place is None else replace(place, story=story))
        names = {number: article.id for number, article in self.store.articles([row[0] for row in moved]).items()}
        for number, old, story in sorted(moved):
            ledger.tell("moved", names[number], ledger.story(story).id, ledger.story(old).id)
        for old, place_of in sorted(redirected.items()):
            ledger.redirect(old, stories[place_of])

    def forget(self, ledger: Ledger, articles: Sequence[StoredArticle], kind: Kind) -> None:
        """Takes articles out and looks at what is left of their stories."""
        concerned: dict[int, None] = {}
        for article in articles:
            story = int(self.live.story[self.live.slot(article.number)])
            ledger.tell(kind, article.id, "", ledger.story(story).id)
            self.take_out(ledger, article)
            concerned[story] = None
        if kind == "removed":
            for story in concerned:
                if self.live.of_story(story) and not ledger.settled([story]):
                    self.look_at(ledger, [story])
        self.live.tidy()
        for article in articles:
            for other in self.apart.pop(article.number, ()):
                self.apart[other].discard(article.number)

    def _together(self, stories: Sequence[int]) -> tuple[list[int], list[int]]:
        """The slots of the articles of as many stories as can be looked at together, and these."""
        slots: list[int] = []
        held: list[int] = []
        for story in dict.fromkeys(stories):
            more = self.live.of_story(story)
            if held and len(slots) + len(more) > MOST:
                continue
            slots += more
            held.append(story)
        return (slots, held) if len(slots) <= MOST else ([], [])

    def _put_aside(self, ledger: Ledger, number: int) -> None:
        """Puts a digest into a story of its own; its parts are no longer copies by way of it."""
        live, slot = self.live, self.live.slot(number)
        before, root = int(live.story[slot]), int(live.copies[slot])
        parts = sorted(int(live.number[other]) for other in live.of_story(before) if int(live.copies[other]) == root)
        parts.remove(number)
        others = [other for other in live.of_story(before) if other != slot]
        for part in parts:
            stands = not live.is_twin(live.slot(part)) or bool(live.stands[live.slot(part)])
            self._put(ledger, part, Place(before, None, stands))
        if not others:
            self._put(ledger, number, Place(before, None, False))
            return
        stored = self.store.articles([number])[number]
        story = ledger.begin(stored.content)
        ledger.tell("moved", stored.id, ledger.story(story).id, ledger.story(before).id)
        self._put(ledger, number, Place(story, None, False))
        self.look_at(ledger, [before])

    def _put(self, ledger: Ledger, number: int, place: Place) -> None:
        """Writes where an article that is here stands from now on, if that is news."""
        live, slot = self.live, self.live.slot(number)
        copies = number if place.copies is None else place.copies
        now = int(live.story[slot]), int(live.copies[slot]), bool(live.stands[slot])
        if now == (place.story, copies, place.stands):
            return
        ledger.touch(int(live.story[slot]))
        ledger.touch(place.story)
        live.move(slot, place.story)
        live.copies[slot], live.stands[slot] = copies, place.stands
        stored = self.store.articles([number])[number]
        self.store.place_article(stored.placed(place.story, copies, stands=place.stands))

    def _sketches(self, numbers: Sequence[int]) -> dict[int, Sketch]:
        found = {number: self.fresh[number] for number in numbers if number in self.fresh}
        return found | self.store.sketches([number for number in numbers if number not in found])

    def _every_vector(self) -> Iterator[tuple[int, Vector]]:
        for number, sketch in self.store.every_sketch():
            yield number, Vector.unpacked(sketch.vector)


def by_group(labels: Mapping[int, int]) -> list[list[int]]:
    """Article numbers by their label, each group ascending."""
    groups: dict[int, list[int]] = defaultdict(list)
    for number in sorted(labels):
        groups[labels[number]].append(number)
    return list(groups.values())
