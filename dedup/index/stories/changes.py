"""The stories changed by one transaction, and its entries in the log of changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from dedup.group.decisions import Decision
from dedup.index.search.table import ArticleTable
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change, Kind, StoredStory, moment, of_storyline
from dedup.results.story_ids import story_id, storyline_of_story


@dataclass(frozen=True, slots=True)
class Laid:
    """Where an article is after the decisions were laid over a transaction, and where it was before.

    Attributes:
        story, before: ids of stories, "" for none.
        copies: number of the first article of its copy group.
    """

    story: str
    before: str
    copies: int


class Shown(Protocol):
    """The stories that are shown, where decisions make others of those of the method; see `stories.shown`."""

    def into(self, story: int) -> int | None:
        """Return the story that one of the method redirects to, None if it is shown itself."""
        ...

    def slots(self, story: int) -> list[int]:
        """Return the slots of the articles that are shown in a story."""
        ...

    def story_of(self, number: int) -> int:
        """Return the story that an article is shown in."""
        ...


@dataclass
class ChangeLog:
    """Changes of one transaction to stories, written when it ends.

    Attributes:
        store: the store.
        table: the articles.
        now: time of the transaction by the clock of the index.
        settle: seconds without a change after which a story is settled.
        cursor, last_story, last_article: last numbers given to a change, a story and an article.
        shown: the stories that are shown; None in an index without decisions.
        names: the ids that stories are to have instead of those made from content, by the content of an article that
            may begin one; see `StoryIndex.import_stories`.
        changes: changes so far, in order.
        decided: decisions that were made or undone.
        laid: by number, where the articles are in the end that a decision may have moved.
    """

    store: Store
    table: ArticleTable
    now: float
    settle: float
    cursor: int
    last_story: int
    last_article: int
    shown: Shown | None = None
    names: Mapping[bytes, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    decided: list[Decision] = field(default_factory=list)
    laid: Mapping[int, Laid] = field(default_factory=dict)
    _known: dict[int, StoredStory] = field(default_factory=dict)
    _touched: dict[int, None] = field(default_factory=dict)
    _shown: dict[int, int] = field(default_factory=dict)
    _lines: dict[int, str] = field(default_factory=dict)
    _rewritten: dict[int, None] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _unused: set[str] = field(default_factory=set)

    def story(self, number: int) -> StoredStory:
        """Return a story with the changes of this transaction."""
        if number not in self._known:
            self.preload([number])
        return self._known[number]

    def preload(self, numbers: Sequence[int]) -> None:
        """Read several stories in one query."""
        found = self.store.story_numbered([number for number in numbers if number not in self._known])
        for number, story in found.items():  # one that only decisions have put into another is none that has ended
            hidden = self.shown is not None and self.shown.into(number) is not None
            self._known[number] = replace(story, into=None) if hidden else story

    def reserve_ids(self, contents: Sequence[bytes]) -> None:
        """Look up in one query which ids of stories that articles may start are unused."""
        names = [story_id(content) for content in contents]
        names += [self.names[content] for content in contents if content in self.names]
        self._unused |= {*names} - self.store.story_ids(names)

    def new_story(self, content: bytes) -> int:
        """Start a story, with the id that it is to have or one made from its first article, and return its number."""
        given = self.names.get(content)
        if given is not None and self.is_free(given):
            return self.start(given)
        name = base = story_id(content)
        count = 1
        while not self.is_free(name):
            count += 1
            name = f"{base}-{count}"
        return self.start(name)

    def is_free(self, name: str) -> bool:
        """Return whether no story has an id, none that has ended either."""
        return name not in self._taken and (name in self._unused or self.store.story(name) is None)

    def start(self, name: str) -> int:
        """Start a story with an id that is free, and return its number."""
        self._taken.add(name)
        self.last_story += 1
        self._known[self.last_story] = StoredStory(self.last_story, name, None, 0, None, None, self.now)
        self._touched[self.last_story] = None
        return self.last_story

    def undo_story(self, number: int) -> None:
        """Remove a new story whose article moved to another one in the same step: it was never visible."""
        name = self.story(number).id
        del self._known[number], self._touched[number]
        self._taken.discard(name)
        self.changes = [change for change in self.changes if (change.kind, change.before) != ("merged", name)]

    def touch(self, number: int) -> None:
        """Record that a story has changed."""
        if number in self._touched:
            return
        story = self.story(number)
        settled = story.settled or story.touched + self.settle < self.now
        self._known[number] = replace(story, touched=self.now, settled=settled)
        self._touched[number] = None

    def ended(self) -> list[tuple[int, int | None]]:
        """Return the changed stories that have no article any more, with the story that each became part of."""
        return [(number, self.story(number).into) for number in self._touched if not self.table.of_story(number)]

    def set_line(self, number: int, line: str) -> None:
        """Set the id of the storyline that a story shares with others, "" for none."""
        self._lines[number] = line

    def finished(self) -> list[Change]:
        """Return the changes with the storylines of their stories after all of them."""
        lines = self.storylines()
        return [of_storyline(change, lines.get(change.story, "")) for change in self.changes]

    def storylines(self) -> dict[str, str]:
        """Return the id of the storyline of each story that the transaction has used, by the story's id."""
        lines = self._lines
        return {
            story.id: (lines[number] or storyline_of_story(story.id)) if number in lines else story.storyline
            for number, story in self._known.items()
        }

    @property
    def touched(self) -> Collection[int]:
        """Numbers of the stories that have changed."""
        return self._touched.keys()

    def set_into(self, number: int, into: int | None) -> None:
        """Set the story that another redirects to, without a change."""
        if self.story(number).into != into:
            self._known[number] = replace(self._known[number], into=into)
        self._rewritten[number] = None

    def name(self, number: int, title: str, pinned: int | None) -> None:
        """Set the title and the article to show that were decided for a story."""
        story = self.story(number)
        if (story.title, story.pinned) != (title, pinned):
            self.touch(number)
            self._known[number] = replace(self._known[number], title=title, pinned=pinned)

    def rewrite(self, changes: Sequence[Change]) -> None:
        """Replace all changes, without gaps in their cursors."""
        self.cursor -= len(self.changes)
        self.changes = [replace(change, cursor=self.cursor + place) for place, change in enumerate(changes, 1)]
        self.cursor += len(self.changes)

    @property
    def has_touched(self) -> bool:
        """Whether a story has changed."""
        return bool(self._touched)

    def is_unused(self, number: int) -> bool:
        """Return whether a story has no article now, and was not merged into another in this transaction."""
        return not self.table.of_story(number) and self.story(number).into is None

    def set_shown(self, number: int, article: int) -> None:
        """Set the article to show of a story."""
        self._shown[number] = article

    def redirect(self, number: int, into: int) -> None:
        """Merge a story into another, and redirect its id."""
        self.touch(number)
        self._known[number] = replace(self._known[number], into=into, line="")
        self.record("merged", "", self.story(into).id, self.story(number).id)

    def settled(self, stories: Iterable[int]) -> set[int]:
        """Return the stories that keep their id permanently."""
        found = (self.story(number) for number in stories)
        return {story.number for story in found if story.settled or story.touched + self.settle < self.now}

    def record(self, kind: Kind, article: str, story: str, before: str = "") -> Change:
        """Append a change."""
        self.cursor += 1
        change = Change(self.cursor, kind, article, story, before, moment(self.now))
        self.changes.append(change)
        return change

    def renumber(self, first: int) -> None:
        """Close gaps in the cursors of the changes from an index on."""
        start = self.changes[first].cursor if first < len(self.changes) else self.cursor + 1
        self.changes[first:] = [
            replace(change, cursor=start + place) for place, change in enumerate(self.changes[first:])
        ]
        self.cursor = self.changes[-1].cursor if self.changes else self.cursor

    def write(self) -> bool:
        """Write all changes to the store, and return whether stories that are not changed show other articles."""
        written = []
        only_shown = [number for number, shown in self._shown.items() if self.story(number).shown != shown]
        for number in dict.fromkeys([*self._touched, *self._rewritten, *only_shown, *self._lines]):
            story = self.story(number)
            if number in self._lines and story.into is None:
                story = self._known[number] = replace(story, line=self._lines[number])
            view = self.shown
            slots = self.table.of_story(number) if view is None else view.slots(number)
            if view is not None and (into := view.into(number)) is not None:
                story = replace(story, into=into)
            if story.into is None and not slots:
                self.store.delete_story(number)
                continue
            start, end = self._span(slots)
            shown = self._shown.get(number, story.shown)
            if shown is not None and (shown not in self.table or self._story_of(shown) != number):
                shown = None
            written.append(
                StoredStory(
                    number, story.id, story.into, len(slots), start, end, story.touched, shown, story.settled,
                    story.line, story.title, story.pinned,
                )
            )  # fmt: skip
        self.store.put_stories(written)
        self.changes[:] = self.finished()
        self.store.append(self.changes)
        return any(number not in self._touched for number in only_shown)

    def _story_of(self, article: int) -> int:
        if self.shown is not None:
            return self.shown.story_of(article)
        return int(self.table.story[self.table.slot(article)])

    def _span(self, slots: Sequence[int]) -> tuple[float | None, float | None]:
        seconds = self.table.seconds[slots]
        known = seconds[~np.isnan(seconds)]
        return (float(known.min()), float(known.max())) if len(known) else (None, None)
