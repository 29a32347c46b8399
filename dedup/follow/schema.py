"""The tables in PostgreSQL, as named migrations: each is applied once, and recorded in the same transaction.

All are in the schema `dedup`. `docs/howto/postgresql.md` documents their columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from dedup.errors import ServiceError

if TYPE_CHECKING:
    from psycopg import Connection

MIGRATIONS: tuple[tuple[str, tuple[LiteralString, ...]], ...] = (
    (
        "tables",
        (
            """CREATE TABLE dedup.stories (
                id text PRIMARY KEY, storyline text NOT NULL, title text NOT NULL, canonical text NOT NULL,
                size integer NOT NULL, copy_groups integer NOT NULL, origins integer NOT NULL,
                start_at timestamptz, end_at timestamptz, sources text[] NOT NULL, changed_at timestamptz NOT NULL)""",
            "CREATE INDEX stories_storyline ON dedup.stories (storyline)",
            "CREATE INDEX stories_changed_at ON dedup.stories (changed_at)",
            """CREATE TABLE dedup.storylines (
                id text PRIMARY KEY, title text NOT NULL, stories integer NOT NULL, size integer NOT NULL,
                start_at timestamptz, end_at timestamptz)""",
            """CREATE TABLE dedup.articles (
                id text PRIMARY KEY, story text NOT NULL, title text NOT NULL, source text NOT NULL, url text NOT NULL,
                author text NOT NULL, section text NOT NULL, lang text NOT NULL, published timestamptz,
                seen timestamptz, added_at timestamptz NOT NULL, kind text NOT NULL, kind_reason text NOT NULL,
                copy_of text, revision_of text, revised_by text, withdrawn boolean NOT NULL)""",
            "CREATE INDEX articles_story ON dedup.articles (story)",
            "CREATE INDEX articles_revised_by ON dedup.articles (revised_by) WHERE revised_by IS NOT NULL",
            """CREATE TABLE dedup.copies (
                article text PRIMARY KEY, copy_group text NOT NULL, story text NOT NULL, canonical boolean NOT NULL)""",
            "CREATE INDEX copies_copy_group ON dedup.copies (copy_group)",
            "CREATE INDEX copies_story ON dedup.copies (story)",
            """CREATE TABLE dedup.changes (
                cursor bigint PRIMARY KEY, kind text NOT NULL, article text NOT NULL, story text NOT NULL,
                before text NOT NULL, at timestamptz NOT NULL, storyline text NOT NULL)""",
            "CREATE INDEX changes_article ON dedup.changes (article)",
            """CREATE TABLE dedup.follower (
                one boolean PRIMARY KEY DEFAULT true CHECK (one), cursor bigint NOT NULL,
                time double precision NOT NULL, mark text NOT NULL, loaded bigint,
                updated_at timestamptz NOT NULL DEFAULT now())""",
            "INSERT INTO dedup.follower (cursor, time, mark, loaded) VALUES (0, 0, '', 0)",
        ),
    ),
)
"""Migrations from an empty schema, in order. A new format is a new entry at the end, never a change of an entry."""

_LOCK = 0x64647032
"""Key of the advisory lock that two followers migrate under."""

PUT_STORIES = """
INSERT INTO dedup.stories AS t
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS given (
    id text, storyline text, title text, canonical text, size integer, copy_groups integer, origins integer,
    start_at timestamptz, end_at timestamptz, sources text[], changed_at timestamptz)
ON CONFLICT (id) DO UPDATE SET
    (storyline, title, canonical, size, copy_groups, origins, start_at, end_at, sources, changed_at) =
    (excluded.storyline, excluded.title, excluded.canonical, excluded.size, excluded.copy_groups, excluded.origins,
     excluded.start_at, excluded.end_at, excluded.sources, excluded.changed_at)
WHERE t IS DISTINCT FROM excluded
"""
PUT_ARTICLES = """
INSERT INTO dedup.articles AS t
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS given (
    id text, story text, title text, source text, url text, author text, section text, lang text,
    published timestamptz, seen timestamptz, added_at timestamptz, kind text, kind_reason text,
    copy_of text, revision_of text, revised_by text, withdrawn boolean)
ON CONFLICT (id) DO UPDATE SET
    (story, title, source, url, author, section, lang, published, seen, added_at, kind, kind_reason, copy_of,
     revision_of, revised_by, withdrawn) =
    (excluded.story, excluded.title, excluded.source, excluded.url, excluded.author, excluded.section, excluded.lang,
     excluded.published, excluded.seen, excluded.added_at, excluded.kind, excluded.kind_reason, excluded.copy_of,
     excluded.revision_of, excluded.revised_by, excluded.withdrawn)
WHERE t IS DISTINCT FROM excluded
"""
PUT_COPIES = """
INSERT INTO dedup.copies AS t
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS given (article text, copy_group text, story text, canonical boolean)
ON CONFLICT (article) DO UPDATE SET
    (copy_group, story, canonical) = (excluded.copy_group, excluded.story, excluded.canonical)
WHERE t IS DISTINCT FROM excluded
"""
PUT_CHANGES = """
INSERT INTO dedup.changes
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS given (
    cursor bigint, kind text, article text, story text, before text, at timestamptz, storyline text)
ON CONFLICT (cursor) DO NOTHING
"""
PUT_STORYLINES = """
INSERT INTO dedup.storylines AS t
SELECT storyline, (array_agg(title ORDER BY size DESC, start_at NULLS LAST, id))[1], count(*), sum(size),
    min(start_at), max(end_at)
FROM dedup.stories WHERE storyline = ANY(%s) GROUP BY storyline
ON CONFLICT (id) DO UPDATE SET
    (title, stories, size, start_at, end_at) =
    (excluded.title, excluded.stories, excluded.size, excluded.start_at, excluded.end_at)
WHERE t IS DISTINCT FROM excluded
"""


def migrate(connection: Connection[Any]) -> None:
    """Create the tables, or bring them to the format of this version.

    Raises:
        ServiceError: they are of a newer version.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if connection.execute("SELECT to_regnamespace('dedup')").fetchone() == (None,):
            connection.execute("CREATE SCHEMA dedup")
        if connection.execute("SELECT to_regclass('dedup.migrations')").fetchone() == (None,):
            connection.execute(
                "CREATE TABLE dedup.migrations"
                " (number integer PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
            )
        have = connection.execute("SELECT number FROM dedup.migrations").rowcount
        if have > len(MIGRATIONS):
            what = f"the tables in the schema dedup are of format {have}, this version knows {len(MIGRATIONS)}"
            raise ServiceError(f"{what}: use a newer dedup")
        for number, (name, statements) in enumerate(MIGRATIONS[have:], have + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO dedup.migrations VALUES (%s, %s)", (number, name))
