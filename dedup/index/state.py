"""What an index does inside a transaction: articles in, articles out, articles to another story.

It knows nothing of callers: see `story_index` for the door.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from dedup.backends import GROWN, CompiledBackend, NumpyBackend, choose_for_index, index_uses_kernels
from dedup.background import Background
from dedup.errors import StoreError
from dedup.index.compiling import compile_kernels
from dedup.index.features.sketch import Sketcher, Vector, pack_words, unpack_words, unpacked
from dedup.index.search.table import ArticleTable
from dedup.index.store.protocol import Store
from dedup.index.store.records import Kind, Sketch, StoredArticle
from dedup.index.stories.changes import Ledger
from dedup.index.stories.merge import assign
from dedup.index.stories.placement import Admitted, Drawn, Found, Newcomer, Place, Placer, Verdict
from dedup.index.stories.regroup import MOST, regrouped
from dedup.match.scores import days_apart
from dedup.progress import Progress
from dedup.settings import Settings
from dedup.vectorize.features import HashedWords

_PAGE = 1_000
_COMPARED_AT_ONCE = 1 << 14
REMEMBERED = 4_096
"""Vectors that are not read from the store again, those of the last that came or were looked at."""


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
        self.backend = choose_for_index(articles, alone, progress)
        self.sketcher = Sketcher(self.backend, settings, background)
        if fast := isinstance(self.backend, CompiledBackend):
            compile_kernels(self.backend, alone, background, progress)
        self.live = ArticleTable(settings, background.crowd, self._every_vector, fast=fast)
        self.placer = Placer(self.live, self.backend, settings, self.words_of, self.vectors_of)
        self.apart: dict[int, set[int]] = defaultdict(set)
        self._vectors: dict[int, Vector] = {}
        self._words: dict[int, HashedWords] = {}
        self._unwritten: dict[int, tuple[StoredArticle, str | None, Sketch]] = {}
        self._moved: dict[int, Place] = {}
        self._parted: list[tuple[int, int]] = []
        self.fresh: dict[int, Sketch] = {}  # of a transaction that is under way: no other thread sees them in the store

    def has_outgrown_its_form(self) -> bool:
        """Whether there are so many articles by now that kernels should compare them, and can."""
        return isinstance(self.backend, NumpyBackend) and len(self.live) >= GROWN and index_uses_kernels(len(self.live))

    def load(self) -> None:
        """Reads what is stored."""
        self.part(self.store.apart())
        last, holders = -1, set[bytes]()
        vectors = self._every_vector()
        slots: list[int] = []
        compared: list[Vector] = []
        while page := self.store.after(last, _PAGE):
            for article in page:
                # A sketch may be without its article: `check` finds it.
                number, vector = next((one for one in vectors if one[0] >= article.number), (-1, None))
                if number != article.number or vector is None:
                    told = f"what was taken from the words of article {article.id!r} is not there"
                    raise StoreError(f"{self.store.where}: {told}: 'dedup index check --repair' makes it anew")
                twin = article.content in holders
                slot = self.live.admit(article.number, article.seconds, article.source, vector, twin=twin)
                self.live.settle(slot, article)
                holders.add(article.content)
                if not twin:
                    slots.append(slot)
                    compared.append(vector)
            last = page[-1].number
            if len(slots) >= _COMPARED_AT_ONCE or len(page) < _PAGE:
                self.live.compare(slots, compared)
                slots, compared = [], []
        if slots:
            self.live.compare(slots, compared)

    def draw(self, texts: Sequence[tuple[str, str]], *, to_keep: bool = True) -> list[Drawn]:
        """What is taken from titles and texts; the words are packed where they are to be kept."""
        words = self.sketcher.words(texts)
        judged = self.sketcher.judged(words)
        vectors = self.sketcher.vectors(judged)
        return [
            Drawn(pack_words(words, place) if to_keep else b"", judged.part(place, place + 1), vector)
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
        absent = [number for number in numbers if number not in self._words]
        if absent:
            sketches = self._sketches(absent)
            judged = self.sketcher.judged(unpack_words(sketches[number].words for number in absent))
            for place, number in enumerate(absent):
                self._words[number] = judged.part(place, place + 1)
        parts = [self._words[number] for number in numbers]
        self._forget_some()
        return parts[0] if len(parts) == 1 else HashedWords.joined(parts)

    def vectors_of(self, numbers: Sequence[int]) -> list[Vector]:
        """Their vectors."""
        absent = [number for number in numbers if number not in self._vectors]
        for number, sketch in self._sketches(absent).items():
            self._vectors[number] = Vector.unpacked(sketch.vector)
        found = [self._vectors[number] for number in numbers]
        self._forget_some()
        return found

    def equal(self, new: Newcomer, twin: int) -> Verdict:
        """Where an article belongs of whose very text there is another, by that one's number."""
        slot = self.live.slot(twin)
        story, root = int(self.live.story[slot]), int(self.live.copies[slot])
        days = float(days_apart(self.live.seconds[slot], new.when))
        return Verdict(story, root, False, (), (Found(twin, story, "copy", 0, 1.0, days, 0.0, False, 1.0, 1.0, 1.0),))

    def admit(self, news: Sequence[Newcomer], contents: Sequence[bytes]) -> list[Admitted]:
        """Gives articles that come together slots, and looks up what each is to be judged by."""
        first = self.store.first_alike(list(dict.fromkeys(contents)))
        admitted: list[Admitted] = []
        for new, content in zip(news, contents, strict=True):
            number = new.number or 0
            twin = first.setdefault(content, number)
            slot = self.live.admit(number, new.seconds, new.source, new.vector, twin=twin != number)
            admitted.append(Admitted(new, slot, None if twin == number else twin))
            self._vectors[number], self._words[number] = new.vector, new.words
        self._forget_some()
        own = [one for one in admitted if one.twin is None]
        for one, weighed in zip(
            own, self.placer.weigh([one.new for one in own], [one.slot for one in own]), strict=True
        ):
            one.weighed = weighed
        return admitted

    def insert(
        self, ledger: Ledger, one: Admitted, article: StoredArticle, text: str | None, packed: bytes, verdict: Verdict
    ) -> None:
        """Puts an article where the verdict says, and looks at the stories that it concerns."""
        copies = article.number if verdict.copies is None else verdict.copies
        placed = article.placed(article.story, copies, stands=verdict.stands)
        sketch = Sketch(packed, one.new.vector.packed())
        self._unwritten[article.number] = (placed, text, sketch)
        self.fresh[article.number] = sketch
        self.live.settle(one.slot, placed)
        if verdict.apart:
            pairs = [(min(number, article.number), max(number, article.number)) for number in verdict.apart]
            self.part(pairs)
            self._parted += pairs
        ledger.touch(article.story)
        for number in verdict.digests:
            self._put_aside(ledger, number)
        if verdict.concerned:
            self.look_at(ledger, [article.story, *verdict.concerned])

    def compare(self, admitted: Sequence[Admitted]) -> None:
        """From now on others are compared with articles that were admitted."""
        own = [one for one in admitted if one.twin is None]
        if own:
            self.live.compare([one.slot for one in own], [one.new.vector for one in own])

    def write(self) -> None:
        """Writes to the store what was decided since this was last done."""
        if self._moved:
            rows = [
                (number, place.story, number if place.copies is None else place.copies, place.stands)
                for number, place in self._moved.items()
            ]
            self._moved = {}
            self.store.place_articles(rows)
        if self._unwritten:
            articles = [*self._unwritten.values()]
            self._unwritten = {}
            self.store.put_articles(articles)
        if self._parted:
            self.store.put_apart(self._parted)
            self._parted = []

    def take_out(self, ledger: Ledger, article: StoredArticle) -> None:
        """Lets go of an article; who is left of its copies stands for it."""
        live, slot = self.live, self.live.slot(article.number)
        story, root, stood = int(live.story[slot]), int(live.copies[slot]), bool(live.representative[slot])
        was_twin = live.is_twin(slot)
        self.let_go(article.number)
        self.store.delete_article(article.number)
        ledger.touch(story)
        left = sorted(int(live.number[other]) for other in live.of_story(story) if int(live.copies[other]) == root)
        if not was_twin:
            for twin in self.store.alike(article.content):
                if twin.number in live and live.is_twin(live.slot(twin.number)):
                    live.compare([live.slot(twin.number)], self.vectors_of([twin.number]))
                    if stood:
                        self._put(ledger, twin.number, Place(story, root, True))
                        stood = False
                    break
        standing = any(live.representative[live.slot(number)] for number in left)
        for number in left:
            heir = not standing and not live.is_twin(live.slot(number))
            standing = standing or heir
            stands = heir or bool(live.representative[live.slot(number)])
            self._put(ledger, number, Place(story, left[0] if root == article.number else root, stands))

    def part(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Remembers articles, by number, that are never of one story."""
        for one, other in pairs:
            self.apart[one].add(other)
            self.apart[other].add(one)

    def let_go(self, number: int) -> None:
        """Forgets an article that the store has no longer, or as another."""
        self.live.remove(number)
        for known in (self.fresh, self._vectors, self._words, self._unwritten, self._moved):
            known.pop(number, None)
        for other in self.apart.pop(number, ()):
            self.apart[other].discard(number)
        self._parted = [pair for pair in self._parted if number not in pair]

    def look_at(self, ledger: Ledger, stories: Sequence[int]) -> None:
        """Groups the articles of some stories anew, the first of which matters most, as if there were no others."""
        slots, held = self._together(stories)
        if len(slots) > 1:
            vectors = self.vectors_of([int(self.live.number[slot]) for slot in slots])
            settled = ledger.settled(held)
            groups = regrouped(self.live, slots, vectors, settled, self.apart, self.backend, self.settings)
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
            groups = regrouped(
                self.live, looked_at, [*vectors, new.vector], (), self.apart, self.backend, self.settings
            )
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
        kept = {(before[number], at) for at, group in enumerate(groups) for number in group}
        if not places and len(kept) == len(groups) == len({*before.values()}):
            return  # each is a story already
        chosen, redirected = assign(groups, before, settled)
        stories = []
        for group, story in zip(groups, chosen, strict=True):
            if story is None:
                stories.append(ledger.begin(self._stored([min(group)])[min(group)].content))
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
                    here = Place(story, int(live.copies[slot]), bool(live.representative[slot]))
                    self._put(ledger, number, here if place is None else replace(place, story=story))
        names = {number: article.id for number, article in self._stored([row[0] for row in moved]).items()}
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
            stands = not live.is_twin(live.slot(part)) or bool(live.representative[live.slot(part)])
            self._put(ledger, part, Place(before, None, stands))
        if not others:
            self._put(ledger, number, Place(before, None, False))
            return
        stored = self._stored([number])[number]
        story = ledger.begin(stored.content)
        ledger.tell("moved", stored.id, ledger.story(story).id, ledger.story(before).id)
        self._put(ledger, number, Place(story, None, False))
        self.look_at(ledger, [before])

    def _put(self, ledger: Ledger, number: int, place: Place) -> None:
        """Writes where an article that is here stands from now on, if that is news."""
        live, slot = self.live, self.live.slot(number)
        copies = number if place.copies is None else place.copies
        now = int(live.story[slot]), int(live.copies[slot]), bool(live.representative[slot])
        if now == (place.story, copies, place.stands):
            return
        ledger.touch(int(live.story[slot]))
        ledger.touch(place.story)
        live.move(slot, place.story)
        live.copies[slot], live.representative[slot] = copies, place.stands
        if number in self._unwritten:
            article, text, sketch = self._unwritten[number]
            self._unwritten[number] = (article.placed(place.story, copies, stands=place.stands), text, sketch)
        else:
            self._moved[number] = place

    def _stored(self, numbers: Sequence[int]) -> dict[int, StoredArticle]:
        """Articles as they are stored, those too that are yet to be; where they have moved they do not say."""
        found = {number: self._unwritten[number][0] for number in numbers if number in self._unwritten}
        absent = [number for number in numbers if number not in found]
        return found | self.store.articles(absent) if absent else found

    def _forget_some(self) -> None:
        for known in (self._vectors, self._words):
            if len(known) > 2 * REMEMBERED:
                for number in [*known][:-REMEMBERED]:
                    del known[number]

    def _sketches(self, numbers: Sequence[int]) -> dict[int, Sketch]:
        found = {number: self.fresh[number] for number in numbers if number in self.fresh}
        return found | self.store.sketches([number for number in numbers if number not in found])

    def _every_packed(self) -> Iterator[tuple[int, bytes]]:
        """The vectors in the store, and those of a transaction that is under way in another thread."""
        fresh = dict(self.fresh)
        for number, packed in self.store.every_vector():
            fresh.pop(number, None)
            yield number, packed
        yield from ((number, sketch.vector) for number, sketch in fresh.items())

    def _every_vector(self) -> Iterator[tuple[int, Vector]]:
        vectors = self._every_packed()
        if not isinstance(self.backend, CompiledBackend):
            yield from ((number, Vector.unpacked(packed)) for number, packed in vectors)
            return
        while page := list(islice(vectors, _PAGE)):
            found = unpacked([packed for _, packed in page])
            yield from ((number, vector) for (number, _), vector in zip(page, found, strict=True))
