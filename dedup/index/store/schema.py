"""The tables of a store in SQLite, as named migrations: each is applied once, and recorded in the same transaction."""

from __future__ import annotations

import sqlite3
from typing import Any

from dedup.index.store.records import StoredArticle, StoredStory

APPLICATION = 0x64647032
"""What the header of the file says of whose it is: `ddp2`."""
UNRELEASED = 0x64647031
"""What it said before the first release, when vectors had another form: `ddp1`."""

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "tables",
        (
            "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
            "CREATE TABLE background (one INTEGER PRIMARY KEY CHECK (one = 1), data BLOB NOT NULL)",
            """CREATE TABLE article (
                number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, content BLOB NOT NULL,
                length INTEGER NOT NULL, seconds REAL, told TEXT NOT NULL, came REAL NOT NULL, source TEXT NOT NULL,
                facts TEXT NOT NULL, story INTEGER NOT NULL, copies INTEGER NOT NULL, stands INTEGER NOT NULL)""",
            "CREATE INDEX article_content ON article (content)",
            "CREATE INDEX article_story ON article (story)",
            "CREATE INDEX article_age ON article (coalesce(seconds, came), number)",
            "CREATE TABLE body (number INTEGER PRIMARY KEY, text TEXT NOT NULL)",
            "CREATE TABLE sketch (number INTEGER PRIMARY KEY, words BLOB NOT NULL, vector BLOB NOT NULL)",
            """CREATE TABLE story (
                number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, into_story INTEGER,
                size INTEGER NOT NULL, start REAL, end REAL, touched REAL NOT NULL, shown INTEGER,
                settled INTEGER NOT NULL)""",
            "CREATE INDEX story_touched ON story (touched, number) WHERE into_story IS NULL",
            """CREATE TABLE change (
                cursor INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, article TEXT NOT NULL,
                story TEXT NOT NULL, before TEXT NOT NULL, at REAL NOT NULL)""",
        ),
    ),
    (
        "articles that are never of one story",
        (
            "CREATE TABLE apart (low INTEGER, high INTEGER, PRIMARY KEY (low, high)) WITHOUT ROWID",
            "CREATE INDEX apart_high ON apart (high)",
        ),
    ),
)
"""What makes a store of an empty file, in order. A new form of the store is a new entry at the end, never a change."""

FORMAT = len(MIGRATIONS)
"""The format this version writes: how many migrations there are."""


def migrate(connection: sqlite3.Connection, have: int) -> None:
    """Brings a database from one format to this version's. Runs in a transaction of the caller."""
    if not have:
        connection.execute("CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    for number, (name, statements) in enumerate(MIGRATIONS[have:], have + 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO migration VALUES (?, ?)", (number, name))
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")


def article_row(article: StoredArticle) -> tuple[Any, ...]:
    """An article as its row, the columns as they are above."""
    return (
        article.number, article.id, article.content, article.length, article.seconds, article.told, article.came,
        article.source, article.facts, article.story, article.copies, article.stands,
    )  # fmt: skip


def story_row(story: StoredStory) -> tuple[Any, ...]:
    """The same of a story."""
    return (
        story.number, story.id, story.into, story.size, story.start, story.end, story.touched, story.shown,
        story.settled,
    )  # fmt: skip
