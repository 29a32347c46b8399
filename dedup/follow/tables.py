"""The tables of a follower: each transaction brings them to one state of the store, together with its cursor.

The state is read from one snapshot. Stories that a change names, or that were written since the last transaction, are
written again as they are, so it does not matter how often a change is applied. All stories are loaded, in bounded
transactions, into new tables and where changes are missing or do not tell all: after "refreshed", after `reconcile`,
and when the store is another one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dedup.errors import ServiceError
from dedup.follow.rows import change_row
from dedup.follow.schema import PUT_CHANGES
from dedup.follow.writing import Named, StoryWriter
from dedup.index.open_store import REGROUPED, RESHOWN
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change

if TYPE_CHECKING:
    from psycopg import Connection

LOADED_AT_ONCE = 500
"""Stories that one transaction loads, by their numbers."""
_CHANGES = 1_000
_FORMAT = 1
"""Format of the rows: tables with rows of another one are loaded anew."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction wrote.

    Attributes:
        cursor: the last change in the tables.
        changes: number of changes that were added.
        stories: number of stories that were written or deleted.
        complete: whether the tables equal the store as it was at the cursor; False while they are loaded.
    """

    cursor: int
    changes: int
    stories: int
    complete: bool

    def to_record(self) -> dict[str, Any]:
        """Return it as a dictionary for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _State:
    """State of a store; every write gives it another one.

    Attributes:
        first, last: cursors of the first change that is kept and of the last one.
        story: the highest number of a story.
        time: time of the last write by the clock of the index.
        mark: another one when stories show other articles, which no change tells.
        writes: another one when stories were written without a change.
    """

    first: int
    last: int
    story: int
    time: float
    mark: str
    writes: str

    @classmethod
    def of(cls, store: Store) -> _State:
        highest, known, kept = store.highest(), store.metadata(), store.changes(0, 1)
        return cls(
            kept[0].cursor if kept else highest["last_change"] + 1,
            highest["last_change"],
            highest["last_story"],
            float(known["now"]),
            f"{_FORMAT}:{known.get(RESHOWN, '0')}",
            known.get(REGROUPED, "0"),
        )


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far the tables are.

    Attributes:
        cursor: the last change.
        time, mark: those of the state when the tables were last complete, or when loading began.
        loaded: the highest number of a story that was loaded; None if the tables are complete.
    """

    cursor: int
    time: float
    mark: str
    loaded: int | None


class Follower:
    """Tables that follow a store, a transaction at a time.

    Args:
        store: the store, opened to read.
        connection: a connection in autocommit mode to a database that has the tables.
    """

    def __init__(self, store: Store, connection: Connection[Any]) -> None:
        self._store, self._connection = store, connection
        self._known: _State | None = None

    def step(self) -> Written | None:
        """Do one transaction, and return what it wrote; None if the tables equal the store."""
        if self._known is not None:
            with self._store.reading():
                if self._known == _State.of(self._store):
                    return None
        with self._connection.transaction():
            query = "SELECT cursor, time, mark, loaded FROM dedup.follower FOR UPDATE"
            row = self._connection.execute(query).fetchone()
            if row is None:
                raise ServiceError("the table dedup.follower is empty: drop the schema dedup, and it is made anew")
            with self._store.reading():  # after the lock, so that it is never older than what another follower wrote
                state = _State.of(self._store)
                written = self._write(_Reached(*row), state)
        self._known = state if written.complete else None
        return written

    def _write(self, reached: _Reached, state: _State) -> Written:
        """Bring the tables from what was reached towards a state of the store."""
        cursor, is_lost = reached.cursor, False
        if self._is_of_another(cursor, state):
            _log.warning("the tables are of another store, or of a later state of this one: they are loaded anew")
            self._connection.execute("DELETE FROM dedup.changes")
            cursor, is_lost = 0, True
        if cursor < state.first - 1:
            cursor, is_lost = state.first - 1, is_lost or cursor > 0
        named, count = Named(state.time), 0
        for changes in self._changes_after(cursor):
            named.add(changes)
            count += len(changes)
        self._connection.execute("DELETE FROM dedup.changes WHERE cursor < %s", (state.first,))
        self._anonymize(named.removed, cursor)
        begins = is_lost or named.refreshed or reached.mark != state.mark
        loaded, since = (0, state.time) if begins else (reached.loaded, min(reached.time, named.earliest))
        writer = StoryWriter(self._store, self._connection)
        if not begins:
            writer.write_named(named)
        if loaded is not None:
            writer.write(range(loaded + 1, loaded + LOADED_AT_ONCE + 1))
            loaded = loaded + LOADED_AT_ONCE if loaded + LOADED_AT_ONCE < state.story else None
        if loaded is None:
            writer.write_since(since)
            if begins or reached.loaded is not None:
                writer.prune()
            since = state.time
        writer.finish()
        self._connection.execute(
            "UPDATE dedup.follower SET (cursor, time, mark, loaded, updated_at) = (%s, %s, %s, %s, now())",
            (state.last, since, state.mark, loaded),
        )
        return Written(state.last, count, writer.count, loaded is None)

    def _is_of_another(self, cursor: int, state: _State) -> bool:
        """Return whether the tables have changes that the store has not: an older copy was restored, say."""
        if cursor > state.last:
            return True
        query = "SELECT kind, story, before, at FROM dedup.changes WHERE cursor = %s"
        known = self._connection.execute(query, (cursor,)).fetchone()
        kept = self._store.changes(cursor - 1, 1)
        if known is None or not kept or kept[0].cursor != cursor:
            return False
        return bool(known != (kept[0].kind, kept[0].story, kept[0].before, kept[0].at))

    def _changes_after(self, cursor: int) -> Iterator[Sequence[Change]]:
        """Write the changes after a cursor, and yield them."""
        from psycopg.types.json import Jsonb

        while changes := self._store.changes(cursor, _CHANGES):
            self._connection.execute(PUT_CHANGES, (Jsonb([change_row(change) for change in changes]),))
            yield changes
            cursor = changes[-1].cursor

    def _anonymize(self, removed: Sequence[str], until: int) -> None:
        """Take out of earlier changes the ids that `erase` has taken out of those of the store."""
        query = "SELECT cursor FROM dedup.changes WHERE article = ANY(%s) AND cursor <= %s"
        for (cursor,) in self._connection.execute(query, (removed, until)).fetchall() if removed else ():
            if not self._store.changes(cursor - 1, 1)[0].article:
                self._connection.execute("UPDATE dedup.changes SET article = '' WHERE cursor = %s", (cursor,))
