"""Articles that an embedding adds to stories, by the rule of a run (`dedup.group.joining`).

In memory, in `ArticleTable`, each article stays in the story of words. One that is alone there may be joined to another
article, whose story it is shown in (`stories.shown`): it has one such article at most, and is no longer joined once it
is not alone. So no two stories of several articles are ever united.

At the end of a transaction the articles that are alone and close to what has changed are joined anew, with those alone
that they are close to. Articles that came `KEPT` ago stay where they are joined, and those of settled stories too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.errors import EmbeddingError
from dedup.group.cut import SAME_EVENT, merge_threshold
from dedup.group.joining import EVEN, story_joins
from dedup.index.features.sketch import Vector
from dedup.index.search.embedded import EmbeddedArticles
from dedup.index.search.table import ArticleTable
from dedup.index.store.protocol import Store
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.placement import is_due
from dedup.index.stories.regroup import KEPT
from dedup.index.stories.scale import FIRST, Scale
from dedup.kinds.notices import About
from dedup.match.meaning import UNIT, Meaning, Near
from dedup.match.notices import notices_apart
from dedup.match.stories import same_outlet
from dedup.settings import Settings

MOST = 128
"""Most articles that are joined anew at once, unless the scale is new."""
_LIKELY = round(EVEN * UNIT)
_VISITOR = np.iinfo(np.int64).max
_NUMBER = "<i2"


@dataclass(frozen=True, slots=True, eq=False)
class Visitor:
    """An article that is only matched.

    Attributes:
        embedded: its embedding, in units of `GRAIN`.
        vector: its vector of words.
        seconds: its date, nan if unknown.
        source: its outlet.
        about: what it is about, if it is a notice or on a match.
        apart: numbers of articles that are never in one story with it.
    """

    embedded: NDArray[np.int16]
    vector: Vector
    seconds: float
    source: str
    about: About | None
    apart: Sequence[int]


_Pairs: TypeAlias = dict[tuple[int, int], int]
"""Chances of one story of close pairs of articles, by number, the lower one first; in units of 1 / `UNIT`."""


class Joined:
    """The embeddings of an index, and the articles that they add to stories.

    Args:
        table: the articles, in the stories of words.
        store: where all is stored.
        settings: settings of the index.
        apart: for numbers of articles the others that are never in one story with them.
        line_of: returns the id of the storyline that a story shares with others, "" if it shares none.
        model: name of the embedding, "" for an index without one, in which nothing is joined.

    Attributes:
        to: by the number of each joined article, the number of the one that it is joined to.
        embedded: the embeddings of the articles in memory.
        scale: what their cosines tell; None while there are too few.
        has_new_scale: whether it was learned in the open transaction.
        exempt: articles whose stories editors decide: they are joined to none.
    """

    def __init__(
        self,
        table: ArticleTable,
        store: Store,
        settings: Settings,
        apart: Mapping[int, set[int]],
        line_of: Callable[[int], str],
        *,
        model: str,
    ) -> None:
        self.model = model
        self._table, self._store, self._settings, self._apart, self._line_of = table, store, settings, apart, line_of
        self.to: dict[int, int] = {}
        self._from: dict[int, set[int]] = defaultdict(set)
        self.embedded = EmbeddedArticles()
        self.scale: Scale | None = None
        self.has_new_scale = False
        self.exempt: set[int] = set()
        self._before: dict[int, int | None] = {}  # of the joins that the open transaction has changed
        self._new: dict[int, NDArray[np.int16]] = {}
        self._gone: set[int] = set()
        self._is_arranged = False
        threshold = merge_threshold(settings.granularity)
        self._least = EVEN * max(1.0, threshold / SAME_EVENT)

    # From and to the store

    def load(self) -> None:
        """Read all embeddings of the articles in the table, and the joins."""
        if self.model:
            for number, packed in self._store.every_embedded():
                self._take(number, packed)
            self.load_joins()

    def load_joins(self) -> None:
        """Read the joins and the scale."""
        self.to, self._from = {}, defaultdict(set)
        for number, other in self._store.joined().items():
            self._join_to(number, other)
        self._before = {}
        packed = self._store.scale()
        self.scale = Scale.unpacked(packed) if packed else None

    def show_anew(self, before: Mapping[int, int]) -> None:
        """Have articles shown anew at the end of the transaction that were joined by an embedding that is replaced."""
        self._before |= before

    def read(self, numbers: Sequence[int]) -> None:
        """Read the embeddings of articles that another process has written."""
        for number, packed in self._store.embedded(numbers).items():
            self._take(number, packed)

    def keep(self, number: int, vector: NDArray[np.int16] | None) -> None:
        """Keep the embedding of an article that comes, or of an earlier version of a page, in the open transaction.

        Raises:
            EmbeddingError: it has other dimensions than those that are there, or none was made.
        """
        if not self.model:
            return
        known = self.embedded.dimension
        if vector is None or (known and len(vector) and len(vector) != known):
            raise EmbeddingError("the embedding of the index has changed meanwhile: open the index again")
        self._new[number] = vector

    def forget(self, numbers: Iterable[int]) -> None:
        """Forget the embeddings of what was removed, unless it is there again when the transaction ends."""
        self._gone.update(numbers)

    def drop(self, number: int) -> None:
        """Drop an article from memory, because the store no longer has it, or has another version."""
        self.embedded.remove(number)

    def _take(self, number: int, packed: bytes) -> None:
        vector = np.frombuffer(packed, _NUMBER).astype(np.int16)
        if vector.any() and number in self._table:
            self.embedded.put(number, vector, float(self._table.seconds[self._table.slot(number)]))

    def _join_to(self, number: int, other: int | None) -> None:
        before = self.to.pop(number, None)
        self._before.setdefault(number, before)
        if before is not None:
            self._from[before].discard(number)
            if not self._from[before]:
                del self._from[before]
        if other is not None:
            self.to[number] = other
            self._from[other].add(number)

    # Which stories are shown as one

    def other(self, number: int) -> int | None:
        """Return the article that one is shown with, None if it is joined to none."""
        other = self.to.get(number)
        if other is None or other not in self._table or number in self.exempt:
            return None
        return other if self._is_alone(number) else None

    def root(self, story: int, without: Collection[int] = ()) -> int:
        """Return the story that a story of words is part of: itself, unless its article is joined, not in `without`."""
        table = self._table
        while self.to and len(slots := table.of_story(story)) == 1:
            number = int(table.number[slots[0]])
            other = None if number in without else self.other(number)
            if other is None:
                break
            story = int(table.story[table.slot(other)])
        return story

    def beside(self, story: int) -> list[int]:
        """Return the stories of words that are joined to one, and the one that it is joined to."""
        if not self.to:
            return []
        table, numbers = self._table, self._members(story)
        near = [self.other(number) for number in numbers]
        near += [one for number in numbers for one in self._from.get(number, ()) if self.other(one) is not None]
        return sorted({int(table.story[table.slot(one)]) for one in near if one is not None} - {story})

    def _parts(self, root: int, without: Collection[int]) -> list[int]:
        """Return the numbers of the articles joined to a story, directly or not, without some."""
        found, queue = list[int](), [root]
        while queue:
            for number in self._members(queue.pop()):
                more = [
                    one
                    for one in sorted(self._from.get(number, ()))
                    if one not in without and self.other(one) is not None
                ]
                found += more
                queue += [int(self._table.story[self._table.slot(one)]) for one in more]
        return found

    # The end of a transaction

    def update(self, log: ChangeLog) -> set[int]:
        """Join anew what a transaction has changed; return the articles that are joined to others than before it."""
        table = self._table
        if self.model:
            changed = [number for number in table.origin if number in table]
            gone = [number for number in table.origin if number not in table]
            self._write_embedded(changed, gone)
            if not self._is_arranged:
                self._join_changed(log, changed, gone)
            self._is_arranged = False
        new = {number: self.to.get(number) for number, other in self._before.items() if self.to.get(number) != other}
        self._store.put_joined([(number, other) for number, other in new.items() if other is not None])
        self._store.delete_joined([number for number, other in new.items() if other is None])
        self._before = {}
        return {*new}

    def _join_changed(self, log: ChangeLog, changed: Sequence[int], gone: Sequence[int]) -> None:
        table = self._table
        seeds = self._leave(gone)
        for number in changed:
            seeds |= self._from.get(number, set())
        for story in log.touched:
            members = [int(table.number[slot]) for slot in table.of_story(story)]
            if len(members) == 1:
                seeds.add(members[0])
                continue
            if is_due(len(members)):
                seeds.update(other for one in members for other in self._from.get(one, ()))
            for number in members:
                if number in self.to:
                    self._join_to(number, None)
        known, limit = len(self.embedded), MOST
        if self.scale.is_outgrown(known) if self.scale else known >= FIRST:
            self.learn()
            seeds, limit = {*self.embedded.numbers().tolist()}, known
        else:
            seeds |= self._close_singles([number for number in changed if self._takes_part(number)])
        self._join(self._free(log, seeds), log, limit)

    def _write_embedded(self, changed: Sequence[int], gone: Sequence[int]) -> None:
        """Write the embeddings of articles that came, and forget those of articles that left."""
        store = self._store
        rows = [(number, one.astype(_NUMBER).tobytes() if one.any() else b"") for number, one in self._new.items()]
        store.put_embedded(rows)
        for number in [*gone, *self._new]:
            self.embedded.remove(number)
        self.read([number for number in changed if number not in self.embedded])
        store.delete_embedded(sorted({*gone, *self._gone}))
        self._new, self._gone = {}, set()

    def _leave(self, gone: Sequence[int]) -> set[int]:
        """Take articles that are gone out of the joins; return those that were joined to them."""
        table, seeds = self._table, set[int]()
        for number in gone:
            if number in self.to:
                self._join_to(number, None)
            left = table.of_story(table.origin[number])
            heir = min((int(table.number[slot]) for slot in left), default=None)
            for other in sorted(self._from.get(number, ())):
                self._join_to(other, heir if heir != other else None)
                seeds.add(other)
        return seeds

    def _free(self, log: ChangeLog, numbers: Iterable[int]) -> set[int]:
        """Return those articles that may be joined to others; the joins of what cannot are taken back."""
        table, found = self._table, set[int]()
        alone = []
        for number in sorted(numbers):
            if self._takes_part(number) and self._is_alone(number) and number not in self.exempt:
                alone.append(number)
            elif number in self.to:
                self._join_to(number, None)
        stories = {number: int(table.story[table.slot(number)]) for number in alone}
        log.preload(sorted({*stories.values()}))
        settled = log.settled(stories.values())
        for number in alone:
            is_old = log.now - table.added[table.slot(number)] >= KEPT
            if not (stories[number] in settled or (is_old and self.to.get(number, -1) in table)):
                found.add(number)
        return found

    def _is_alone(self, number: int) -> bool:
        return len(self._table.of_story(int(self._table.story[self._table.slot(number)]))) == 1

    def _takes_part(self, number: int) -> bool:
        """Whether an article is one that stories are made of, and has an embedding."""
        table = self._table
        if number not in self.embedded or number not in table:
            return False
        slot = table.slot(number)
        return bool(table.representative[slot] and not table.follows[slot] and table.length[slot] > 0)

    def _close_singles(self, numbers: Sequence[int]) -> set[int]:
        """Return the articles alone in their stories that are likely of one story with one of some."""
        if not numbers or self.scale is None:
            return set()
        pairs = self._pairs(numbers, self.scale)
        return {number for number in _likely(pairs) if self._is_alone(number)}

    def _join(self, rows: set[int], log: ChangeLog, limit: int) -> None:
        """Join articles that are alone anew, with those alone that they are close to, `limit` at most."""
        pairs, done, wave = _Pairs(), set[int](), rows if self.scale else set[int]()
        while wave and self.scale:
            more = self._pairs(sorted(wave), self.scale)
            pairs |= more
            done |= wave
            wave = self._free(log, [number for number in _likely(more) - done if self._is_alone(number)])
            if len(done) + len(wave) > max(limit, len(rows)):
                break
        found = self._rule(pairs, done, log)
        for number in sorted(done):
            if self.to.get(number) != found.get(number):
                self._join_to(number, found.get(number))

    def _rule(self, pairs: _Pairs, rows: set[int], log: ChangeLog | None) -> dict[int, int]:
        """Return which of some articles alone are joined, each with the article that it is joined to."""
        table = self._table
        roots = sorted({self._root_of(number, rows) for pair in pairs for number in pair})
        if len(roots) < 2:
            return {}
        settled = set[int]()
        if log is not None:
            log.preload([root for root in roots if root != _VISITOR])
            settled = log.settled(root for root in roots if root != _VISITOR)
        numbers, label, counts, lines = list[int](), list[int](), list[int](), list[int]()
        line_number: dict[str | int, int] = {}
        several = []
        for place, root in enumerate(roots):
            words = [_VISITOR] if root == _VISITOR else [int(table.number[slot]) for slot in table.of_story(root)]
            parts = [] if root == _VISITOR else self._parts(root, rows)
            counted = [1] * len(words) + [0] * len(parts)
            if root in settled and len(words) == 1:
                counted[0] = 2  # it joins nothing that others may not leave
            several.append(sum(counted) > 1)
            line = line_number.setdefault(self._line(root), len(line_number))
            numbers += [*words, *parts]
            counts += counted
            label += [place] * (len(words) + len(parts))
            lines += [line] * (len(words) + len(parts))
        order = np.argsort(np.array(numbers, np.int64), kind="stable")
        numbered = np.array(numbers, np.int64)[order]
        place_of = {number: place for place, number in enumerate(numbered.tolist())}
        known = np.array([number == _VISITOR or self._takes_part(number) for number in numbered.tolist()], np.bool_)
        ends = np.array(sorted((place_of[a], place_of[b], chance) for (a, b), chance in pairs.items()), np.int64).T
        near = Near(ends[0], ends[1], ends[2], np.zeros(len(pairs), np.int64))
        merges = story_joins(
            np.array(label, np.int64)[order], np.array(lines, np.int64)[order], near, known, np.array(counts)[order]
        )
        parent = list(range(len(roots)))

        def find(one: int) -> int:
            while parent[one] != one:
                parent[one] = parent[parent[one]]
                one = parent[one]
            return one

        for a, b, chance in merges:
            if chance >= self._least:
                parent[find(b)] = find(a)
        group = [find(one) for one in range(len(roots))]
        return self._targets(roots, group, several, rows, pairs)

    def _targets(
        self, roots: Sequence[int], group: Sequence[int], several: Sequence[bool], rows: set[int], pairs: _Pairs
    ) -> dict[int, int]:
        """Return the article that each single of a group is joined to: of the story of several, or the first single."""
        table, found = self._table, dict[int, int]()
        held: dict[int, list[int]] = defaultdict(list)
        for place, one in enumerate(group):
            held[one].append(place)
        near: dict[int, dict[int, int]] = defaultdict(dict)
        for (a, b), chance in pairs.items():
            near[a][b] = near[b][a] = chance
        for places in (places for places in held.values() if len(places) > 1):

            def rank(place: int) -> tuple[bool, bool, int]:
                words = self._members(roots[place])
                return not several[place], words[0] in rows, roots[place]

            sink = min(places, key=rank)
            members = self._members(roots[sink])
            for place in places:
                number = self._members(roots[place])[0]
                if place != sink and number in rows:
                    found[number] = min(members, key=lambda one: (-near[number].get(one, 0), one))
        return {number: other for number, other in found.items() if other == _VISITOR or other in table}

    def _members(self, root: int) -> list[int]:
        if root == _VISITOR:
            return [_VISITOR]
        return sorted(int(self._table.number[slot]) for slot in self._table.of_story(root))

    def _root_of(self, number: int, without: Collection[int] = ()) -> int:
        if number == _VISITOR:
            return number
        return self.root(int(self._table.story[self._table.slot(number)]), without)

    def _line(self, root: int) -> str | int:
        return root if root == _VISITOR else self._line_of(root) or root

    def _pairs(self, rows: Sequence[int], scale: Scale, visitor: Visitor | None = None) -> _Pairs:
        """Return the close pairs of some articles, or of a visitor, with all others; by numbers, the lower first."""
        table = self._table
        asked = np.array(rows, np.int64)
        vectors = self.embedded.vectors(asked) if visitor is None else visitor.embedded[None, :]
        slots = [table.slot(number) for number in rows]
        seconds = table.seconds[slots] if visitor is None else np.array([visitor.seconds])
        window, empty = self._settings.window, np.zeros((0, vectors.shape[1]), np.int16)
        least = scale.meaning(empty, np.zeros(0, np.bool_), []).least_product()
        others = self.embedded.close_to(vectors, seconds, window, least)
        others = np.array([one for one in others.tolist() if self._takes_part(one)], np.int64)
        numbers = np.union1d(others, asked) if visitor is None else np.append(others, _VISITOR)
        inside = numbers[numbers != _VISITOR]
        places = np.array([table.slot(number) for number in inside.tolist()], np.int64)
        names = table.languages()
        languages = [names[one] if one >= 0 else "" for one in table.language[places].tolist()]
        every, dates, outlets = self.embedded.vectors(inside), table.seconds[places], table.outlet[places]
        abouts = {place: table.abouts[slot] for place, slot in enumerate(places.tolist()) if slot in table.abouts}
        if visitor is not None:
            number = table.language_of(visitor.vector.language)
            languages.append("" if number < 0 else table.languages()[number])
            every = np.concatenate([every, vectors])
            dates, outlets = np.append(dates, seconds), np.append(outlets, table.outlet_of(visitor.source))
            if visitor.about is not None:
                abouts[len(inside)] = visitor.about
        wanted = np.isin(numbers, asked if visitor is None else [_VISITOR])
        meaning: Meaning = scale.meaning(every, np.ones(len(numbers), np.bool_), languages)
        near = meaning.near(wanted, dates, window)
        near = near.where(~notices_apart(abouts, near.a, near.b, dates))
        near = replace(near, story=np.where(same_outlet(outlets.astype(np.int64), near.a, near.b), 0, near.story))
        near = near.where(near.story > 0)
        never = {*visitor.apart} if visitor is not None else set()
        columns = numbers[near.a].tolist(), numbers[near.b].tolist(), near.story.tolist()
        return {
            (a, b): chance
            for a, b, chance in zip(*columns, strict=True)
            if not (b in self._apart.get(a, ()) or (b == _VISITOR and a in never))
        }

    def chance(self, a: int, b: int) -> float | None:
        """Return the chance that two articles are of one story, None where one takes no part."""
        if self.scale is None or not (self._takes_part(a) and self._takes_part(b)):
            return None
        numbers = np.array([a, b], np.int64)
        slots = [self._table.slot(number) for number in (a, b)]
        names = self._table.languages()
        languages = [names[one] if one >= 0 else "" for one in self._table.language[slots].tolist()]
        meaning = self.scale.meaning(self.embedded.vectors(numbers), np.ones(2, np.bool_), languages)
        return int(meaning.chances(np.array([0]), np.array([1]))[0][0]) / UNIT

    # Matching

    def story_for(self, visitor: Visitor) -> int | None:
        """Return the story of words that an article alone would be shown in, None for one of its own."""
        if self.scale is None or not visitor.embedded.any():
            return None
        pairs = self._pairs([], self.scale, visitor)
        latest, table = self._table.latest(), self._table
        singles = [
            one
            for one in sorted(_likely(pairs) - {_VISITOR})
            if self._is_alone(one) and not (one in self.to and latest - table.added[table.slot(one)] >= KEPT)
        ][:MOST]
        if singles:
            pairs = self._pairs(singles, self.scale) | pairs
        found = self._rule(pairs, {_VISITOR, *singles}, None)
        other = found.get(_VISITOR)
        if other is None:  # it may be the one that others are joined to
            other = next((one for one in singles if found.get(one) == _VISITOR), None)
        return None if other is None else self._root_of(other)

    # The scale

    def learn(self) -> None:
        """Learn the scale from all articles in the stories of words, and write it."""
        table = self._table
        numbers = self.embedded.numbers()
        slots = np.array([table.slot(number) for number in numbers.tolist()], np.int64)
        known = np.array([self._takes_part(number) for number in numbers.tolist()], np.bool_)
        names = dict(enumerate([*table.languages(), ""]))
        languages = np.where(table.language[slots] < 0, len(names) - 1, table.language[slots]).astype(np.int64)
        story = np.unique(table.story[slots], return_inverse=True)[1].ravel()
        lines = dict[str | int, int]()
        line = np.array([lines.setdefault(self._line(one), len(lines)) for one in table.story[slots].tolist()])
        vectors, seconds = self.embedded.vectors(numbers), table.seconds[slots]
        meaning = Meaning.of("", vectors, known, languages, seconds, self._settings.window, (story, line))
        there = {one: names[one] for one in np.unique(languages[known]).tolist()}
        self.set_scale(Scale.of(meaning, there))

    def set_scale(self, scale: Scale) -> None:
        """Write a scale."""
        self.has_new_scale = True
        self.scale = scale
        self._store.put_scale(scale.packed())

    def arrange(self, log: ChangeLog, groups: Sequence[Sequence[int]], scale: Scale) -> None:
        """Set the joins to those of a run, except of settled stories.

        Args:
            log: the changes of the transaction.
            groups: numbers of the articles of each story of a run that an embedding added to: the first one is of the
                story of several, or the one that the others are joined to.
            scale: that of the run.
        """
        self.set_scale(scale)
        table = self._table
        stories = {
            number: int(table.story[table.slot(number)])
            for number in [*self.to, *(number for group in groups for number in group)]
            if number in table
        }
        log.preload(sorted({*stories.values()}))
        settled = log.settled(stories.values())
        for number, other in [*self.to.items()]:
            if not (stories.get(number) in settled and other in table):
                self._join_to(number, None)
        for first, *others in groups:
            for number in others:
                if self._is_alone(number) and stories[number] not in settled and stories[number] != stories[first]:
                    self._join_to(number, first)
        self._is_arranged = True


def _likely(pairs: _Pairs) -> set[int]:
    """Return the articles of pairs that are more likely of one story than not."""
    return {one for pair, chance in pairs.items() if chance >= _LIKELY for one in pair}
