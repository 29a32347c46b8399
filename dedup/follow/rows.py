"""The rows of stories, articles and copies as a store has them, ready for JSON."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from dedup.formats.escaping import sanitize
from dedup.index.queries import every_story
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change, Revision, StoredArticle, StoredStory, moment, version_order
from dedup.inputs.collection import published_seconds

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the tables, for some stories."""

    stories: list[Row] = field(default_factory=list)
    articles: list[Row] = field(default_factory=list)
    copies: list[Row] = field(default_factory=list)


def rows_of(store: Store, stories: Sequence[StoredStory]) -> Rows:
    """Return the rows of stories, of their articles with the earlier versions of their pages, and of their copies."""
    rows, stored = Rows(), {one.id: one for one in stories}
    for story in every_story(store, iter([stories])):
        groups = [
            (article, group.id, article == group.canonical) for group in story.copy_groups for article in group.articles
        ]
        rows.stories.append(
            {
                "id": story.id,
                "storyline": story.storyline,
                "title": _text(story.title),
                "canonical": story.canonical,
                "size": len(story.articles),
                "copy_groups": len(story.copy_groups),
                "origins": story.origins.at_most,
                "start_at": _time(story.start),
                "end_at": _time(story.end),
                "sources": [_text(source) for source in story.sources],
                "changed_at": moment(stored[story.id].touched).isoformat(),
            }
        )
        rows.copies.extend(
            {"article": article, "copy_group": group, "story": story.id, "canonical": is_canonical}
            for article, group, is_canonical in groups
        )
        rows.articles.extend(_articles(store, story.id, store.of_story(stored[story.id].number)))
    return rows


def change_row(change: Change) -> Row:
    """Return the row of a change."""
    return {**asdict(change), "at": change.at.isoformat()}


def _articles(store: Store, story: str, members: Sequence[StoredArticle]) -> Iterator[Row]:
    ids = {one.number: one.id for one in members}
    earlier: dict[int, list[Revision]] = defaultdict(list)
    for revision in store.revisions_of([*ids]):
        earlier[revision.latest].append(revision)
    numbers = [*ids, *(one.number for revisions in earlier.values() for one in revisions)]
    withdrawn = store.withdrawn(numbers)
    for one in members:
        before = None
        for revision in sorted(earlier[one.number], key=lambda revision: version_order(revision.article)):
            known = revision.number in withdrawn
            yield _article(revision.article, story, None, before, one.id, withdrawn=known)
            before = revision.article.id
        copy_of = None if one.copies == one.number else ids.get(one.copies)
        yield _article(one, story, copy_of, before, None, withdrawn=one.number in withdrawn)


def _article(
    stored: StoredArticle, story: str, copy_of: str | None, before: str | None, latest: str | None, *, withdrawn: bool
) -> Row:
    article, kind = stored.article(""), stored.kind
    texts = {name: _text(getattr(article, name)) for name in ("title", "source", "url", "author", "section", "lang")}
    return {
        "id": article.id,
        "story": story,
        **texts,
        "published": _time(article.published),
        "seen": _time(article.seen),
        "added_at": moment(stored.added).isoformat(),
        "kind": kind.kind,
        "kind_reason": _text(kind.reason),
        "copy_of": copy_of,
        "revision_of": before,
        "revised_by": latest,
        "withdrawn": withdrawn,
    }


def _text(value: str) -> str:
    return sanitize(value)[0]


def _time(value: date | None) -> str | None:
    """Return a date as a time in UTC."""
    seconds = published_seconds(value)
    return None if math.isnan(seconds) else moment(seconds).isoformat()
