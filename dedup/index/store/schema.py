"""The tables of a store in SQLite, as named migrations: each is applied once, and recorded in the same transaction."""

from __future__ import annotations

import sqlite3
from typing import Any

from dedup.index.store.records import Revision, StoredArticle, StoredStory

APPLICATION = 0x64647032
"""SQLite application id of a store: `ddp2`."""
UNRELEASED = 0x64647031
"""Application id before the first release, when vectors had another format: `ddp1`."""

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
    ("words", ("CREATE TABLE word (number INTEGER PRIMARY KEY, words BLOB NOT NULL)",)),
    (
        "boilerplate",
        ("CREATE TABLE lesson (number INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL)",),
    ),
    (
        "storylines",
        (
            "ALTER TABLE story ADD COLUMN line TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE change ADD COLUMN storyline TEXT NOT NULL DEFAULT ''",
            "CREATE INDEX story_line ON story (line) WHERE line != ''",
        ),
    ),
    (
        "earlier versions of pages",
        (
            """CREATE TABLE revision (
                number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, content BLOB NOT NULL, length INTEGER NOT NULL,
                seconds REAL, told TEXT NOT NULL, came REAL NOT NULL, source TEXT NOT NULL, facts TEXT NOT NULL,
                latest INTEGER NOT NULL)""",
            "CREATE TABLE revision_body (number INTEGER PRIMARY KEY, words BLOB NOT NULL, text TEXT)",
            "CREATE INDEX revision_latest ON revision (latest)",
            "CREATE INDEX revision_age ON revision (coalesce(seconds, came), number)",
            """CREATE TABLE address (
                page BLOB, seconds REAL, seen REAL, number INTEGER, PRIMARY KEY (page, seconds, seen, number)
                ) WITHOUT ROWID""",
            "CREATE INDEX address_number ON address (number)",
        ),
    ),
    ("withdrawn articles", ("CREATE TABLE withdrawn (number INTEGER PRIMARY KEY)",)),
    (
        "decisions of editors",
        (
            "CREATE TABLE decision (number INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL)",
            """CREATE TABLE automatic (
                number INTEGER PRIMARY KEY, story INTEGER NOT NULL, copies INTEGER NOT NULL,
                stands INTEGER NOT NULL)""",
            "ALTER TABLE story ADD COLUMN title TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE story ADD COLUMN pinned INTEGER",
            "CREATE INDEX story_decided ON story (number) WHERE title != '' OR pinned IS NOT NULL",
        ),
    ),
    (
        "embeddings",
        (
            "CREATE TABLE embedded (number INTEGER PRIMARY KEY, vector BLOB NOT NULL)",
            "CREATE TABLE joined (number INTEGER PRIMARY KEY, other INTEGER NOT NULL)",
            "CREATE TABLE scale (one INTEGER PRIMARY KEY CHECK (one = 1), data TEXT NOT NULL)",
        ),
    ),
)
"""Migrations from an empty file, in order. A new format is a new entry at the end, never a change of an entry."""

FORMAT = len(MIGRATIONS)
"""Format that this version writes: the number of migrations."""


def migrate(connection: sqlite3.Connection, have: int) -> None:
    """Migrate a database to the format of this version. Runs in a transaction of the caller."""
    if not have:
        connection.execute("CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    for number, (name, statements) in enumerate(MIGRATIONS[have:], have + 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO migration VALUES (?, ?)", (number, name))
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")


def article_row(article: StoredArticle) -> tuple[Any, ...]:
    """Return the row of an article, in the order of the columns."""
    return (
        article.number, article.id, article.content, article.length, article.seconds, article.dateline, article.added,
        article.source, article.facts, article.story, article.copies, article.representative,
    )  # fmt: skip


def revision_row(revision: Revision) -> tuple[Any, ...]:
    """Return the row of an earlier version, in the order of the columns."""
    return *article_row(revision.article)[:9], revision.latest


def story_row(story: StoredStory) -> tuple[Any, ...]:
    """Return the row of a story, in the order of the columns."""
    return (
        story.number, story.id, story.into, story.size, story.start, story.end, story.touched, story.shown,
        story.settled, story.line, story.title, story.pinned,
    )  # fmt: skip
