"""The stories of an index and the changes to them, as one transaction makes them; written when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from dedup.index.search.table import ArticleTable
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change, Kind, StoredStory, moment
from dedup.results.story_ids import story_id


@dataclass
class Ledger:
    """What one transaction does to stories.

    Attributes:
        store: where they are.
        live: the articles.
        now: the time by the index's clock.
        settle: seconds after which a story that nothing touched is settled.
        cursor, last_story, last_article: the last that were given.
        changes: what happened, in order.
    """

    store: Store
    live: ArticleTable
    now: float
    settle: float
    cursor: int
    last_story: int
    last_article: int
    changes: list[Change] = field(default_factory=list)
    _known: dict[int, StoredStory] = field(default_factory=dict)
    _touched: dict[int, None] = field(default_factory=dict)
    _shown: dict[int, int] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _unused: set[str] = field(default_factory=set)

    def story(self, number: int) -> StoredStory:
        """A story as it stands in this transaction."""
        if number not in self._known:
            self._known |= self.store.story_numbered([number])
        return self._known[number]

    def recall(self, numbers: Sequence[int]) -> None:
        """Reads together stories that are likely to be asked for."""
        self._known |= self.store.story_numbered([number for number in numbers if number not in self._known])

    def expect(self, contents: Sequence[bytes]) -> None:
        """Looks up together which names of stories are in use that some articles may begin."""
        names = [story_id(content) for content in contents]
        self._unused |= {*names} - self.store.story_ids(names)

    def begin(self, content: bytes) -> int:
        """A new story, named by the content of its first article."""
        name = base = story_id(content)
        count = 1
        while name in self._taken or (name not in self._unused and self.store.story(name) is not None):
            count += 1
            name = f"{base}-{count}"
        self._taken.add(name)
        self.last_story += 1
        self._known[self.last_story] = StoredStory(self.last_story, name, None, 0, None, None, self.now)
        self._touched[self.last_story] = None
        return self.last_story

    def take_back(self, number: int) -> None:
        """A story that was begun is none: its article moved to another at once, and nobody has heard of it."""
        name = self.story(number).id
        del self._known[number], self._touched[number]
        self._taken.discard(name)
        self.changes = [change for change in self.changes if (change.kind, change.before) != ("merged", name)]

    def touch(self, number: int) -> None:
        """Something about a story has changed."""
        if number in self._touched:
            return
        story = self.story(number)
        settled = story.settled or story.touched + self.settle < self.now
        self._known[number] = replace(story, touched=self.now, settled=settled)
        self._touched[number] = None

    def show(self, number: int, article: int) -> None:
        """The article to show of a story."""
        self._shown[number] = article

    def redirect(self, number: int, into: int) -> None:
        """A story is part of another from now on."""
        self.touch(number)
        self._known[number] = replace(self._known[number], into=into)
        self.tell("merged", "", self.story(into).id, self.story(number).id)

    def settled(self, stories: Iterable[int]) -> set[int]:
        """Those of some stories that keep their id for good."""
        found = (self.story(number) for number in stories)
        return {story.number for story in found if story.settled or story.touched + self.settle < self.now}

    def tell(self, kind: Kind, article: str, story: str, before: str = "") -> Change:
        """Notes a change."""
        self.cursor += 1
        change = Change(self.cursor, kind, article, story, before, moment(self.now))
        self.changes.append(change)
        return change

    def write(self) -> None:
        """Writes all of it to the store."""
        written = []
        only_shown = [number for number, shown in self._shown.items() if self.story(number).shown != shown]
        for number in dict.fromkeys([*self._touched, *only_shown]):
            story = self._known[number]
            slots = self.live.of_story(number)
            if story.into is None and not slots:
                self.store.delete_story(number)
                continue
            start, end = self._span(slots)
            shown = self._shown.get(number, story.shown)
            if shown is not None and (shown not in self.live or self.live.slot(shown) not in slots):
                shown = None
            written.append(replace(story, size=len(slots), start=start, end=end, shown=shown))
        self.store.put_stories(written)
        self.store.append(self.changes)

    def _span(self, slots: Sequence[int]) -> tuple[float | None, float | None]:
        known = [time for slot in slots if (time := float(self.live.seconds[slot])) == time]
        return (min(known), max(known)) if known else (None, None)


def renumber(ledger: Ledger, first: int) -> None:
    """Gives the changes from a place on cursors without gaps."""
    start = ledger.changes[first].cursor if first < len(ledger.changes) else ledger.cursor + 1
    ledger.changes[first:] = [
        replace(change, cursor=start + place) for place, change in enumerate(ledger.changes[first:])
    ]
    ledger.cursor = ledger.changes[-1].cursor if ledger.changes else ledger.cursor
