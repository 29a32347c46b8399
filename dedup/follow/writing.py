"""Stories written into the tables as a store has them now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from dedup.follow.rows import rows_of
from dedup.follow.schema import PUT_ARTICLES, PUT_COPIES, PUT_STORIES, PUT_STORYLINES
from dedup.index.store.protocol import Store, StoryFilter
from dedup.index.store.records import Change

if TYPE_CHECKING:
    from psycopg import Connection

_PAGE = 200
_IDS = 1_000
_ROUNDING = 1e-3
"""Seconds by which the time of a change may be later than that of its story: it is rounded to microseconds."""
_T = TypeVar("_T")


class Named:
    """What changes name.

    Attributes:
        articles, stories: their ids, in order.
        removed: ids of removed articles.
        refreshed: whether one of the changes says that everything was computed anew.
        earliest: time of the first change, or that given.
    """

    def __init__(self, now: float) -> None:
        self.articles: dict[str, None] = {}
        self.stories: dict[str, None] = {}
        self.removed: list[str] = []
        self.refreshed, self.earliest = False, now

    def add(self, changes: Sequence[Change]) -> None:
        """Add what some changes name."""
        for change in changes:
            self.articles[change.article] = self.stories[change.story] = self.stories[change.before] = None
            if change.kind == "removed":
                self.removed.append(change.article)
            self.refreshed = self.refreshed or change.kind == "refreshed"
            self.earliest = min(self.earliest, change.at.timestamp() - _ROUNDING)
        self.articles.pop("", None)
        self.stories.pop("", None)


class StoryWriter:
    """Writes stories with all that belongs to them, in an open transaction.

    Args:
        store: the store, in a snapshot.
        connection: the database, in a transaction.
    """

    def __init__(self, store: Store, connection: Connection[Any]) -> None:
        self._store, self._connection = store, connection
        self._done: set[int] = set()
        self._lines: set[str] = set()
        self.count = 0
        """Stories that were written or deleted."""

    def write(self, numbers: Iterable[int]) -> None:
        """Write the stories of some numbers; those that are none any more are deleted."""
        for part in _parts([number for number in dict.fromkeys(numbers) if number not in self._done], _PAGE):
            self._done.update(part)
            self._write([*self._store.story_numbered(part).values()])

    def write_named(self, named: Named) -> None:
        """Write the stories that changes name, and those of the articles that they name."""
        for ids in _parts([*named.articles], _IDS):
            query = "SELECT id FROM dedup.articles WHERE revised_by = ANY(%s)"
            self._write_articles([*dict.fromkeys([*ids, *self._column(query, ids)])])
        found = {id_: self._store.story(id_) for id_ in named.stories}
        self.write(story.number for story in found.values() if story is not None)
        self._delete_stories([id_ for id_, story in found.items() if story is None])

    def write_since(self, time: float) -> None:
        """Write the stories that were written to the store since a time."""
        wanted: StoryFilter = StoryFilter(since=time)
        while stories := self._store.stories(wanted, _PAGE):
            self.write([story.number for story in stories])
            wanted = StoryFilter(since=time, before=(stories[-1].touched, stories[-1].number))

    def prune(self) -> None:
        """Delete what the store has not."""
        for ids in self._pages("SELECT id FROM dedup.articles WHERE id > %s ORDER BY id LIMIT %s"):
            self._delete_articles(set(ids) - {*self._store.articles_called(ids), *self._store.revisions_called(ids)})
        for ids in self._pages("SELECT id FROM dedup.stories WHERE id > %s ORDER BY id LIMIT %s"):
            found = {id_: self._store.story(id_) for id_ in ids}
            self._delete_stories([id_ for id_, story in found.items() if story is None or story.into is not None])
        self._lines.update(self._column("SELECT id FROM dedup.storylines"))

    def finish(self) -> None:
        """Write the storylines of the stories that were written."""
        for ids in _parts([*self._lines], _IDS):
            self._connection.execute(PUT_STORYLINES, (ids,))
            gone = "id = ANY(%s) AND NOT EXISTS (SELECT FROM dedup.stories WHERE storyline = storylines.id)"
            self._connection.execute(f"DELETE FROM dedup.storylines WHERE {gone}", (ids,))

    def _write(self, stories: Sequence[Any]) -> None:
        from psycopg.types.json import Jsonb

        rows = rows_of(self._store, [story for story in stories if story.into is None])
        ids, articles = [row["id"] for row in rows.stories], [row["id"] for row in rows.articles]
        self._delete_stories([story.id for story in stories if story.id not in {*ids}])
        self._lines.update(self._column("SELECT DISTINCT storyline FROM dedup.stories WHERE id = ANY(%s)", ids))
        self._lines.update(row["storyline"] for row in rows.stories)
        stale = "(story = ANY(%s) OR article = ANY(%s)) AND article <> ALL(%s)"
        copies = [row["article"] for row in rows.copies]
        self._connection.execute(f"DELETE FROM dedup.copies WHERE {stale}", (ids, articles, copies))
        for statement, given in (
            (PUT_STORIES, rows.stories),
            (PUT_ARTICLES, rows.articles),
            (PUT_COPIES, rows.copies),
        ):
            if given:
                self._connection.execute(statement, (Jsonb(given),))
        self.count += len(ids)

    def _write_articles(self, ids: Sequence[str]) -> None:
        """Write the stories of articles; those that are not in the store are deleted."""
        held, revisions = self._store.articles_called(ids), self._store.revisions_called(ids)
        latest = self._store.articles([revision.latest for revision in revisions.values()])
        self._delete_articles(set(ids) - {*held, *revisions})
        self.write(article.story for article in (*held.values(), *latest.values()))

    def _delete_articles(self, ids: Iterable[str]) -> None:
        if given := [*ids]:
            self._connection.execute("DELETE FROM dedup.articles WHERE id = ANY(%s)", (given,))
            self._connection.execute("DELETE FROM dedup.copies WHERE article = ANY(%s)", (given,))

    def _delete_stories(self, ids: Sequence[str]) -> None:
        for part in _parts(ids, _IDS):
            found = self._column("DELETE FROM dedup.stories WHERE id = ANY(%s) RETURNING storyline", part)
            self._lines.update(found)
            self.count += len(found)

    def _pages(self, query: Any) -> Iterator[list[str]]:
        last = ""
        while ids := [row[0] for row in self._connection.execute(query, (last, _IDS)).fetchall()]:
            yield ids
            last = ids[-1]

    def _column(self, query: Any, *values: Any) -> list[str]:
        return [row[0] for row in self._connection.execute(query, values).fetchall()]


def _parts(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
