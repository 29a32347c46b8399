"""Stories and articles of a store as the rest of dedup knows them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dedup.article import Article
from dedup.index.store.metadata import StoreMetadata
from dedup.index.store.protocol import Store
from dedup.index.store.records import StoredArticle, StoredStory
from dedup.results.assemble import headline, labels_of, rank
from dedup.results.clustering import Clustering, CopyGroup, Story
from dedup.results.story_ids import copy_group_id
from dedup.settings import Settings

_PAGE = 500


@dataclass(frozen=True, slots=True)
class IndexedArticle:
    """An article of an index and where it is.

    Attributes:
        article: as it was given; without its text where the index keeps none.
        story: the id of its story.
        copy_of: the id of the article whose copy it is, None where it is no copy of an earlier one.
    """

    article: Article
    story: str
    copy_of: str | None

    def to_record(self) -> dict[str, Any]:
        """Return the article, its story and what it is a copy of as a mapping ready for JSON."""
        return {"id": self.article.id, "story": self.story, "copy_of": self.copy_of, **self.article.to_record()}


def every_story(store: Store, pages: Iterator[Sequence[StoredStory]]) -> Iterator[Story]:
    """The stories of some pages."""
    for page in pages:
        for stored in page:
            articles = store.of_story(stored.number)
            if articles:  # of one that a writer has changed meanwhile nothing may be left
                yield _story(store, stored, articles)


def placements(store: Store, settings: Settings) -> Clustering:
    """All articles of a store in the stories where they are placed, without what these rest on."""
    rows: list[StoredArticle] = []
    articles: list[Article] = []
    while page := store.after(rows[-1].number if rows else -1, _PAGE):
        texts = store.texts([row.number for row in page])
        rows += page
        articles += [row.article(texts.get(row.number, "")) for row in page]
    held: dict[int, list[StoredArticle]] = defaultdict(list)
    for row in rows:
        held[row.story].append(row)
    named: dict[int, StoredStory] = {}
    for start in range(0, len(rows), _PAGE):
        named |= store.story_numbered(sorted({row.story for row in rows[start : start + _PAGE]}))
    stories = [_story(store, named[number], members) for number, members in held.items()]
    stories.sort(key=rank)
    labels, copy_labels = labels_of(stories, [row.id for row in rows])
    told = {
        number: date.fromisoformat(row.told)
        for number, row in enumerate(rows)
        if row.told and articles[number].published is None
    }
    return Clustering(tuple(articles), tuple(stories), settings, labels, copy_labels, datelines=told)


def stats(store: Store, facts: StoreMetadata, memory: int | None) -> dict[str, Any]:
    """What there is in an index, ready for JSON; `memory` is what it takes, in bytes, if known."""
    counts = store.counts()
    return {
        "store": store.where,
        "articles": counts["articles"],
        "stories": counts["stories"],
        "changes": counts["last_change"],
        "bytes": store.size(),
        "memory": memory,
        "settings": facts.settings.fingerprint,
        "background": {"fingerprint": facts.fingerprint, "version": facts.version, "articles": facts.learned_from},
        "store_text": facts.store_text,
        "keep_days": facts.keep_days,
        "settle_hours": facts.settle_hours,
    }


def _story(store: Store, stored: StoredStory, rows: Sequence[StoredArticle]) -> Story:
    in_order = sorted(rows, key=lambda row: (math.inf if row.seconds is None else row.seconds, row.number))
    shown = next((row for row in in_order if row.number == stored.shown), in_order[0])
    groups: dict[int, list[StoredArticle]] = defaultdict(list)
    for row in in_order:
        groups[row.copies].append(row)
    facts = [row.article("") for row in in_order]
    dates = [article.published for article in facts if article.published is not None]
    title = shown.article("")
    if not title.title.strip():
        title = shown.article(store.texts([shown.number]).get(shown.number, ""))
    return Story(
        id=stored.id,
        articles=tuple(row.id for row in in_order),
        canonical=shown.id,
        title=headline(title),
        copy_groups=tuple(
            CopyGroup(copy_group_id(group[0].content), tuple(row.id for row in group), group[0].id)
            for group in groups.values()
            if len(group) > 1
        ),
        start=dates[0] if dates else None,
        end=dates[-1] if dates else None,
        sources=tuple(sorted({row.source for row in in_order if row.source})),
    )
