"""What the tables should hold, by the public methods of `StoryIndex`, and what they hold."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import psycopg

from dedup import StoryIndex, Storyline

Tables = dict[str, list[tuple[Any, ...]]]

QUERIES = {
    "stories": "SELECT id, storyline, title, canonical, size, copy_groups, origins, start_at, end_at, sources"
    " FROM dedup.stories",
    "storylines": "SELECT id, stories, size, start_at, end_at FROM dedup.storylines",
    "articles": "SELECT id, story, title, source, url, author, section, lang, published, seen, kind, kind_reason,"
    " copy_of, revision_of, revised_by, withdrawn FROM dedup.articles",
    "copies": "SELECT article, copy_group, story, canonical FROM dedup.copies",
    "changes": "SELECT cursor, kind, article, story, before, at, storyline FROM dedup.changes",
}


def tables(url: str) -> Tables:
    """Return the rows of the tables, sorted."""
    with psycopg.connect(url) as connection:
        return {
            name: sorted(connection.execute(query.encode()).fetchall(), key=lambda row: row[0])
            for name, query in QUERIES.items()
        }


def wanted(store: Path) -> Tables:
    """Return the rows that the tables of a store should have, sorted."""
    found: Tables = defaultdict(list)
    lines = defaultdict(list)
    with StoryIndex.open(store, read_only=True) as index:
        for story in index.stories():
            lines[story.storyline].append(story)
            found["stories"].append(
                (
                    story.id, story.storyline, story.title, story.canonical, len(story.articles),
                    len(story.copy_groups), story.origins.at_most, _time(story.start), _time(story.end),
                    [*story.sources],
                )
            )  # fmt: skip
            for group in story.copy_groups:
                found["copies"] += [(one, group.id, story.id, one == group.canonical) for one in group.articles]
            for name in {*story.articles, *(one for versions in story.revisions for one in versions)}:
                held = index.article(name)
                one = held.article
                found["articles"].append(
                    (
                        one.id, held.story, one.title, one.source, one.url, one.author, one.section, one.lang,
                        _time(one.published), _time(one.seen), held.kind.kind, held.kind.reason,
                        held.copy_of, held.revision_of, held.revised_by, held.withdrawn,
                    )
                )  # fmt: skip
        for name, stories in lines.items():
            line = Storyline.of(stories)
            found["storylines"].append((name, len(line.stories), line.size, _time(line.start), _time(line.end)))
        last = index.stats()["changes"]
        cursor = next((number for number in range(last + 1) if _has_changes(index, number)), last)
        while changes := index.changes(cursor):
            found["changes"] += [
                (one.cursor, one.kind, one.article, one.story, one.before, one.at, one.storyline) for one in changes
            ]
            cursor = changes[-1].cursor
    return {name: sorted(found[name], key=lambda row: row[0]) for name in QUERIES}


def _has_changes(index: StoryIndex, cursor: int) -> bool:
    from dedup import CursorError

    try:
        index.changes(cursor, limit=1)
    except CursorError:
        return False
    return True


def _time(value: date | None) -> datetime | None:
    if value is None:
        return None
    value = value if isinstance(value, datetime) else datetime.combine(value, time())
    return value if value.tzinfo else value.replace(tzinfo=UTC)
