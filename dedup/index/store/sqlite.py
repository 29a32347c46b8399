"""A store in one SQLite file, in WAL mode: transactions are synced to disk, and readers never wait."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from dedup.errors import StoreError
from dedup.index.store.backup import back_up
from dedup.index.store.connection import OWNER, Database
from dedup.index.store.protocol import StoryFilter
from dedup.index.store.records import UNDATED, AddressRow, Change, Revision, Sketch, StoredArticle, StoredStory, moment
from dedup.index.store.schema import article_row, revision_row, story_row
from dedup.index.store.text_search import condition
from dedup.index.store.wal import BASE, checkpoint
from dedup.results.story_ids import story_of_storyline

_Key = TypeVar("_Key")
AT_ONCE = 500
"""Most keys in one statement."""
_ARTICLE = "number, id, content, length, seconds, told, came, source, facts, story, copies, stands"
_REVISION = "number, id, content, length, seconds, told, came, source, facts, latest"
_STORY = "number, id, into_story, size, start, end, touched, shown, settled, line, title, pinned"


def _put(table: str, columns: str) -> str:
    """Return a statement that inserts a row, or updates the row of its number; a duplicate id is an error."""
    names = columns.split(", ")
    over = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    placeholders = ", ".join("?" * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({placeholders}) ON CONFLICT (number) DO UPDATE SET {over}"


_PUT_ARTICLE, _PUT_STORY = _put("article", _ARTICLE), _put("story", _STORY)
_PUT_REVISION = _put("revision", _REVISION)
_GET_REVISION = f"SELECT {_REVISION}, words, text FROM revision JOIN revision_body USING (number)"
_GROWN = "SELECT story AS grown, count(*) AS came_lately FROM article WHERE coalesce(seconds, came) >= ? AND came >= ?"
_KEYS = {
    "changed": "touched",
    "size": "size",
    "date": f"coalesce(end, {UNDATED})",
    "growth": "coalesce(came_lately, 0)",
}


class SqliteStore:
    """A store in a file.

    Args:
        path: path of the file, which is created if it does not exist.
        read_only: open without writing; another process may write meanwhile.
        wait: seconds to wait for another writer.

    Raises:
        StoreError, StoreLockedError: see `Database`.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False, wait: float = 0.0) -> None:
        self._file = Database(Path(os.fsdecode(path)), read_only=read_only, wait=wait)

    @property
    def where(self) -> str:
        return self._file.name

    def close(self) -> None:
        self._file.close()

    def transaction(self) -> AbstractContextManager[None]:
        return self._file.transaction()

    def reading(self) -> AbstractContextManager[None]:
        return self._file.reading()

    def metadata(self) -> dict[str, str]:
        return dict(self._file.rows("SELECT name, value FROM fact WHERE name NOT IN (?, ?)", (BASE, OWNER)))

    def put_metadata(self, values: Mapping[str, str]) -> None:
        self._file.write_many("INSERT OR REPLACE INTO fact VALUES (?, ?)", list(values.items()))

    def background(self) -> bytes:
        rows = self._file.rows("SELECT data FROM background")
        return bytes(rows[0][0]) if rows else b""

    def put_background(self, data: bytes) -> None:
        self._file.write("INSERT OR REPLACE INTO background VALUES (1, ?)", (data,))

    def put_articles(self, rows: Sequence[tuple[StoredArticle, str | None, Sketch]]) -> None:
        self._file.write_many(_PUT_ARTICLE, [article_row(article) for article, _, _ in rows])
        sketches = [(article.number, sketch.words, sketch.vector) for article, _, sketch in rows]
        self._file.write_many("INSERT OR REPLACE INTO sketch VALUES (?, ?, ?)", sketches)
        self._file.write_many(
            "DELETE FROM body WHERE number = ?", [(one.number,) for one, text, _ in rows if text is None]
        )
        texts = [(article.number, text) for article, text, _ in rows if text is not None]
        self._file.write_many("INSERT OR REPLACE INTO body VALUES (?, ?)", texts)

    def put_sketch(self, number: int, sketch: Sketch) -> None:
        self._file.write("INSERT OR REPLACE INTO sketch VALUES (?, ?, ?)", (number, sketch.words, sketch.vector))

    def delete_sketch(self, number: int) -> None:
        self._file.write("DELETE FROM sketch WHERE number = ?", (number,))

    def place_articles(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        places = [(*placement, number) for number, *placement in rows]
        self._file.write_many("UPDATE article SET story = ?, copies = ?, stands = ? WHERE number = ?", places)

    def delete_article(self, number: int) -> None:
        for table in ("article", "sketch", "body", "automatic", "joined"):
            self._file.write(f"DELETE FROM {table} WHERE number = ?", (number,))
        self._file.write("DELETE FROM apart WHERE low = ? OR high = ?", (number, number))

    def put_apart(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._file.write_many("INSERT OR IGNORE INTO apart VALUES (?, ?)", pairs)

    def apart(self, numbers: Sequence[int] | None = None) -> list[tuple[int, int]]:
        if numbers is None:
            return [*self._file.rows("SELECT low, high FROM apart ORDER BY low, high")]
        sides = ("SELECT low, high FROM apart WHERE low IN ({})", "SELECT low, high FROM apart WHERE high IN ({})")
        return sorted({row for statement in sides for row in self._of_numbers(statement, numbers)})

    def article(self, id_: str) -> StoredArticle | None:
        return next(iter(self._articles("WHERE id = ?", (id_,))), None)

    def articles(self, numbers: Sequence[int]) -> dict[int, StoredArticle]:
        found = (self._articles(f"WHERE number IN ({marks})", part) for part, marks in _parts(numbers))
        return {article.number: article for part in found for article in part}

    def articles_called(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        found = (self._articles(f"WHERE id IN ({marks})", part) for part, marks in _parts(ids))
        return {article.id: article for part in found for article in part}

    def ids(self, numbers: Sequence[int]) -> dict[int, str]:
        return dict(self._of_numbers("SELECT number, id FROM article WHERE number IN ({})", numbers))

    def numbers(self) -> list[int]:
        return [row[0] for row in self._file.rows("SELECT number FROM article ORDER BY number")]

    def first_alike(self, contents: Sequence[bytes]) -> dict[bytes, int]:
        # Constant time for each, however many articles have it; grouping would read all of them.
        first = "(SELECT min(number) FROM article WHERE article.content = given.content)"
        found: dict[bytes, int] = {}
        for part, marks in _parts(contents):
            given = f"WITH given (content) AS (VALUES {marks.replace('?', '(?)')})"
            rows = self._file.rows(f"{given} SELECT content, {first} AS first FROM given WHERE first NOTNULL", part)
            found.update(rows)
        return found

    def after(self, number: int, most: int) -> list[StoredArticle]:
        return self._articles("WHERE number > ? ORDER BY number LIMIT ?", (number, most))

    def alike(self, content: bytes) -> list[StoredArticle]:
        return self._articles("WHERE content = ? ORDER BY number", (content,))

    def of_story(self, story: int) -> list[StoredArticle]:
        return self._articles("WHERE story = ? ORDER BY number", (story,))

    def holding(self, words: Sequence[str], most: int) -> list[StoredArticle]:
        where, values = condition(words)
        found = self._file.rows(
            f"SELECT number FROM article LEFT JOIN body USING (number) WHERE {where} ORDER BY number DESC LIMIT ?",
            (*values, most),
        )
        held = self.articles([row[0] for row in found])
        return [held[row[0]] for row in found if row[0] in held]

    def older(self, seconds: float, most: int) -> list[StoredArticle]:
        return self._articles(
            "WHERE coalesce(seconds, came) < ? ORDER BY coalesce(seconds, came), number LIMIT ?", (seconds, most)
        )

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        statement = "SELECT number, text FROM body WHERE number IN ({})"
        return {row[0]: row[1] for row in self._of_numbers(statement, numbers)}

    def sketches(self, numbers: Sequence[int]) -> dict[int, Sketch]:
        statement = "SELECT number, words, vector FROM sketch WHERE number IN ({})"
        return {row[0]: Sketch(row[1], row[2]) for row in self._of_numbers(statement, numbers)}

    def words_begin(self, numbers: Sequence[int], size: int) -> dict[int, bytes]:
        return dict(
            self._of_numbers(f"SELECT number, substr(words, 1, {size:d}) FROM sketch WHERE number IN ({{}})", numbers)
        )

    def every_vector(self) -> Iterator[tuple[int, bytes]]:
        last, statement = -1, "SELECT number, vector FROM sketch WHERE number > ? ORDER BY number LIMIT ?"
        while rows := self._file.rows(statement, (last, AT_ONCE)):
            yield from rows
            last = rows[-1][0]

    def put_words(self, data: bytes) -> None:
        self._file.write("INSERT INTO word (words) VALUES (?)", (data,))

    def delete_words(self, until: int) -> None:
        self._file.write("DELETE FROM word WHERE number <= ?", (until,))

    def words(self, after: int) -> list[tuple[int, bytes]]:
        return [*self._file.rows("SELECT number, words FROM word WHERE number > ? ORDER BY number", (after,))]

    def put_lesson(self, data: bytes) -> int:
        self._file.write("INSERT INTO lesson (data) VALUES (?)", (data,))
        ((number,),) = self._file.rows("SELECT last_insert_rowid()")
        return int(number)

    def delete_lesson(self, number: int) -> None:
        self._file.write("DELETE FROM lesson WHERE number = ?", (number,))

    def lessons(self, after: int) -> list[tuple[int, bytes]]:
        return [*self._file.rows("SELECT number, data FROM lesson WHERE number > ? ORDER BY number", (after,))]

    def put_addresses(self, rows: Sequence[AddressRow]) -> None:
        given = [(row.page, row.seconds, row.seen, row.number) for row in rows]
        self._file.write_many("INSERT OR IGNORE INTO address VALUES (?, ?, ?, ?)", given)

    def delete_addresses(self, numbers: Sequence[int]) -> None:
        for table in ("address", "withdrawn"):
            self._file.write_many(f"DELETE FROM {table} WHERE number = ?", [(number,) for number in numbers])

    def shared_addresses(self, pages: Sequence[bytes]) -> set[bytes]:
        several = "EXISTS (SELECT 1 FROM address WHERE address.page = given.page LIMIT 1 OFFSET 1)"
        found: set[bytes] = set()
        for part, marks in _parts(pages):
            given = f"WITH given (page) AS (VALUES {marks.replace('?', '(?)')})"
            found.update(row[0] for row in self._file.rows(f"{given} SELECT page FROM given WHERE {several}", part))
        return found

    def near(self, row: AddressRow, most: int) -> list[int]:
        found: list[int] = []
        for sign, order in (("<", "DESC"), (">", "ASC")):
            columns = ", ".join(f"{name} {order}" for name in ("seconds", "seen", "number"))
            statement = f"SELECT number FROM address WHERE page = ? AND (seconds, seen, number) {sign} (?, ?, ?)"
            given = (row.page, row.seconds, row.seen, row.number, most)
            found += [one[0] for one in self._file.rows(f"{statement} ORDER BY {columns} LIMIT ?", given)]
        return found

    def put_revisions(self, rows: Sequence[Revision]) -> None:
        self._file.write_many(_PUT_REVISION, [revision_row(row) for row in rows])
        bodies = [(row.number, row.words, row.text) for row in rows]
        self._file.write_many("INSERT OR REPLACE INTO revision_body VALUES (?, ?, ?)", bodies)
        # Numbers are never used again, those of articles that were never in the table of articles included.
        highest = max((row.number for row in rows), default=0)
        self._file.write("INSERT INTO sqlite_sequence SELECT 'article', 0 WHERE NOT EXISTS"
                         " (SELECT 1 FROM sqlite_sequence WHERE name = 'article')", ())  # fmt: skip
        self._file.write("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'article'", (highest,))

    def delete_revisions(self, numbers: Sequence[int]) -> None:
        for table in ("revision", "revision_body"):
            self._file.write_many(f"DELETE FROM {table} WHERE number = ?", [(number,) for number in numbers])

    def revise(self, latest: Sequence[int], new: int) -> None:
        self._file.write_many("UPDATE revision SET latest = ? WHERE latest = ?", [(new, number) for number in latest])

    def revisions(self, numbers: Sequence[int]) -> dict[int, Revision]:
        return {revision.number: revision for revision in self._revisions("number IN ({})", numbers)}

    def revisions_called(self, ids: Sequence[str]) -> dict[str, Revision]:
        return {revision.article.id: revision for revision in self._revisions("id IN ({})", ids)}

    def revisions_of(self, latest: Sequence[int]) -> list[Revision]:
        return sorted(self._revisions("latest IN ({})", latest), key=lambda revision: revision.number)

    def lost_revisions(self) -> list[Revision]:
        lost = "WHERE NOT EXISTS (SELECT 1 FROM article WHERE article.number = revision.latest) ORDER BY number"
        return [_revision(row) for row in self._file.rows(f"{_GET_REVISION} {lost}")]

    def count_revisions(self) -> int:
        return int(self._file.rows("SELECT count(*) FROM revision")[0][0])

    def older_revisions(self, seconds: float, most: int) -> list[Revision]:
        order = "ORDER BY coalesce(seconds, came), number LIMIT ?"
        statement = f"{_GET_REVISION} WHERE coalesce(seconds, came) < ? {order}"
        return [_revision(row) for row in self._file.rows(statement, (seconds, most))]

    def _revisions(self, condition: str, values: Sequence[int | str]) -> Iterator[Revision]:
        return map(_revision, self._of_numbers(f"{_GET_REVISION} WHERE {condition}", values))

    def put_withdrawn(self, numbers: Sequence[int]) -> None:
        self._file.write_many("INSERT OR IGNORE INTO withdrawn VALUES (?)", [(number,) for number in numbers])

    def withdrawn(self, numbers: Sequence[int]) -> set[int]:
        return {row[0] for row in self._of_numbers("SELECT number FROM withdrawn WHERE number IN ({})", numbers)}

    def anonymize(self, ids: Sequence[str]) -> None:
        self._file.write_many("UPDATE change SET article = '' WHERE article = ?", [(id_,) for id_ in ids])

    def put_decision(self, record: str) -> int:
        self._file.write("INSERT INTO decision (record) VALUES (?)", (record,))
        ((number,),) = self._file.rows("SELECT last_insert_rowid()")
        return int(number)

    def replace_decision(self, number: int, record: str) -> None:
        self._file.write("UPDATE decision SET record = ? WHERE number = ?", (record, number))

    def delete_decision(self, number: int) -> None:
        self._file.write("DELETE FROM decision WHERE number = ?", (number,))

    def decisions(self) -> list[tuple[int, str]]:
        return [*self._file.rows("SELECT number, record FROM decision ORDER BY number")]

    def put_automatic(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        self._file.write_many("INSERT OR REPLACE INTO automatic VALUES (?, ?, ?, ?)", rows)

    def delete_automatic(self, numbers: Sequence[int]) -> None:
        self._file.write_many("DELETE FROM automatic WHERE number = ?", [(number,) for number in numbers])

    def automatic(self, numbers: Sequence[int] | None = None) -> dict[int, tuple[int, int, bool]]:
        rows = self._every_or("SELECT number, story, copies, stands FROM automatic", numbers)
        return {number: (story, copies, bool(stands)) for number, story, copies, stands in rows}

    def decided_stories(self) -> list[int]:
        return [row[0] for row in self._file.rows("SELECT number FROM story WHERE title != '' OR pinned IS NOT NULL")]

    def put_embedded(self, rows: Sequence[tuple[int, bytes]]) -> None:
        self._file.write_many("INSERT OR REPLACE INTO embedded VALUES (?, ?)", rows)

    def embedded(self, numbers: Sequence[int]) -> dict[int, bytes]:
        return dict(self._of_numbers("SELECT number, vector FROM embedded WHERE number IN ({})", numbers))

    def every_embedded(self) -> Iterator[tuple[int, bytes]]:
        last, statement = -1, "SELECT number, vector FROM embedded WHERE number > ? ORDER BY number LIMIT ?"
        while rows := self._file.rows(statement, (last, AT_ONCE)):
            yield from rows
            last = rows[-1][0]

    def delete_embedded(self, numbers: Sequence[int]) -> None:
        absent = "NOT EXISTS (SELECT 1 FROM {} WHERE number = embedded.number)"
        absent = " AND ".join(absent.format(table) for table in ("article", "revision"))
        self._file.write_many(f"DELETE FROM embedded WHERE number = ? AND {absent}", [(one,) for one in numbers])

    def clear_embedded(self) -> None:
        for table in ("embedded", "joined", "scale"):
            self._file.write(f"DELETE FROM {table}", ())

    def put_joined(self, rows: Sequence[tuple[int, int]]) -> None:
        self._file.write_many("INSERT OR REPLACE INTO joined VALUES (?, ?)", rows)

    def delete_joined(self, numbers: Sequence[int]) -> None:
        self._file.write_many("DELETE FROM joined WHERE number = ?", [(number,) for number in numbers])

    def joined(self, numbers: Sequence[int] | None = None) -> dict[int, int]:
        return dict(self._every_or("SELECT number, other FROM joined", numbers))

    def put_scale(self, data: str) -> None:
        self._file.write("INSERT OR REPLACE INTO scale VALUES (1, ?)", (data,))

    def scale(self) -> str:
        rows = self._file.rows("SELECT data FROM scale")
        return str(rows[0][0]) if rows else ""

    def put_stories(self, stories: Sequence[StoredStory]) -> None:
        self._file.write_many(_PUT_STORY, [story_row(story) for story in stories])

    def delete_story(self, number: int) -> None:
        self._file.write("DELETE FROM story WHERE number = ?", (number,))

    def story_ids(self, ids: Sequence[str]) -> set[str]:
        return {row[0] for row in self._of_numbers("SELECT id FROM story WHERE id IN ({})", ids)}

    def story(self, id_: str) -> StoredStory | None:
        found = self._file.rows(f"SELECT {_STORY} FROM story WHERE id = ?", (id_,))
        return _story(found[0]) if found else None

    def story_numbered(self, numbers: Sequence[int]) -> dict[int, StoredStory]:
        rows = self._of_numbers(f"SELECT {_STORY} FROM story WHERE number IN ({{}})", numbers)
        return {row[0]: _story(row) for row in rows}

    def lines(self) -> dict[int, str]:
        return dict(self._file.rows("SELECT number, line FROM story WHERE line != ''"))

    def stories(self, wanted: StoryFilter, most: int) -> list[StoredStory]:
        conditions, given = ["into_story IS NULL", "size >= ?"], list[Any]([wanted.min_size])
        source, key = "story", _KEYS[wanted.order]
        if wanted.order == "growth" or wanted.min_grown > 0:
            source = f"story LEFT JOIN ({_GROWN} GROUP BY story) ON grown = number"
            conditions.append("coalesce(came_lately, 0) >= ?")
            given = [wanted.grown_since, wanted.grown_since, *given, wanted.min_grown]
        if wanted.since is not None:
            conditions.append("touched >= ?")
            given.append(wanted.since)
        if wanted.before is not None:
            conditions.append(f"({key}, number) < (?, ?)")
            given += wanted.before
        if wanted.outlet is not None:
            conditions.append("EXISTS (SELECT 1 FROM article WHERE article.story = story.number AND source = ?)")
            given.append(wanted.outlet)
        if wanted.storyline is not None:
            conditions.append("((line != '' AND line = ?) OR (line = '' AND id = ?))")
            given += [wanted.storyline, story_of_storyline(wanted.storyline)]
        if wanted.published_since is not None:
            conditions.append("end >= ?")
            given.append(wanted.published_since)
        if wanted.published_until is not None:
            conditions.append("start <= ?")
            given.append(wanted.published_until)
        order = f"ORDER BY {key} DESC, number DESC LIMIT ?"
        statement = f"SELECT {_STORY} FROM {source} WHERE {' AND '.join(conditions)} {order}"
        return [_story(row) for row in self._file.rows(statement, (*given, most))]

    def grown(self, since: float, stories: Sequence[int] | None = None) -> dict[int, int]:
        if stories is None:
            return dict(self._file.rows(f"{_GROWN} GROUP BY story", (since, since)))
        return {
            row[0]: row[1]
            for part, marks in _parts(stories)
            for row in self._file.rows(f"{_GROWN} AND story IN ({marks}) GROUP BY story", (since, since, *part))
        }

    def append(self, changes: Sequence[Change]) -> None:
        rows = [
            (one.cursor, one.kind, one.article, one.story, one.before, one.at.timestamp(), one.storyline)
            for one in changes
        ]
        self._file.write_many("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def changes(self, since: int, most: int) -> list[Change]:
        rows = self._file.rows("SELECT * FROM change WHERE cursor > ? ORDER BY cursor LIMIT ?", (since, most))
        return [Change(*(*row[:5], moment(row[5]), row[6])) for row in rows]

    def trim(self, before: int) -> None:
        self._file.write("DELETE FROM change WHERE cursor < ?", (before,))

    def counts(self) -> dict[str, int]:
        return {
            "articles": self._file.rows("SELECT count(*) FROM article")[0][0],
            "stories": self._file.rows("SELECT count(*) FROM story WHERE into_story IS NULL")[0][0],
            **self.highest(),
        }

    def highest(self) -> dict[str, int]:
        given = dict(self._file.rows("SELECT name, seq FROM sqlite_sequence"))
        return {f"last_{name}": given.get(name, 0) for name in ("article", "story", "change")}

    def size(self) -> int:
        names = (self._file.path, *(self._file.path.with_name(self._file.path.name + end) for end in ("-wal", "-shm")))
        return sum(name.stat().st_size for name in names if name.exists())

    def vacuum(self) -> None:
        with self._file.upkeep() as connection:
            connection.execute("VACUUM")
            checkpoint(connection, self._file.path, shrink=True)

    def back_up(self, target: Path) -> None:
        back_up(self._file, target)

    def faults(self) -> list[str]:
        try:
            found = [str(row[0]) for row in self._file.rows("PRAGMA integrity_check(20)")]
        except StoreError as error:
            return [str(error)]
        return [] if found == ["ok"] else found

    def _every_or(self, statement: str, numbers: Sequence[int] | None) -> Iterator[Any]:
        """Yield all rows, or those of some numbers."""
        if numbers is None:
            return iter(self._file.rows(statement))
        return self._of_numbers(f"{statement} WHERE number IN ({{}})", numbers)

    def _of_numbers(self, statement: str, numbers: Sequence[int | str | bytes]) -> Iterator[Any]:
        for part, marks in _parts(numbers):
            yield from self._file.rows(statement.format(marks), part)

    def _articles(self, where: str, values: Sequence[Any]) -> list[StoredArticle]:
        rows = self._file.rows(f"SELECT {_ARTICLE} FROM article {where}", values)
        return [StoredArticle(*(*row[:11], bool(row[11]))) for row in rows]


def _revision(row: Sequence[Any]) -> Revision:
    return Revision(StoredArticle(*(*row[:9], 0, row[0], False)), *row[9:])


def _story(row: Sequence[Any]) -> StoredStory:
    return StoredStory(*(*row[:8], bool(row[8]), *row[9:]))


def _parts(numbers: Sequence[_Key]) -> Iterator[tuple[Sequence[_Key], str]]:
    """Yield the keys in parts of `AT_ONCE`, each with its placeholders."""
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        yield part, ",".join("?" * len(part))
