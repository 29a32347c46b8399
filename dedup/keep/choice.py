"""Select the records to keep, and compute the fields added to them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dedup.results.clustering import Clustering

if TYPE_CHECKING:
    from dedup.archive import Arrivals

ADDED = (
    *("dedup_id", "dedup_story", "dedup_copy_group", "dedup_canonical", "dedup_story_size", "dedup_copy_group_size"),
    *("dedup_probability", "dedup_path", "dedup_storyline"),
)
"""The fields added to a record, in this order."""

ADDED_AGAINST = ("dedup_status", "dedup_copy_of")
"""Further fields if an archive was given."""

ALL_ADDED = frozenset((*ADDED, *ADDED_AGAINST))
"""All added fields. A record that has one from an earlier run has it replaced or removed."""


class Keep(StrEnum):
    """Which records are kept: all, one of each copy group, one of each story."""

    ALL = "all"
    COPY = "copy"
    STORY = "story"


def kept_articles(found: Clustering | Arrivals, which: Keep) -> Iterator[int]:
    """Yield the positions of the articles to keep, ascending: the canonical ones of copy groups or of stories.

    Of the versions of a page only the latest is kept, but with `Keep.ALL`.

    Of arrivals only new articles are kept. `Keep.COPY` leaves out copies of archived articles; `Keep.STORY` also leaves
    out stories that continue archived ones.
    """
    clustering, count = (
        (found, len(found.articles)) if isinstance(found, Clustering) else (found.clustering, found.count)
    )
    known: set[str] = set()
    if not isinstance(found, Clustering):
        known = {"copy"} if which is Keep.COPY else {"copy", "continues"} if which is Keep.STORY else set()
    canonical = {story.canonical for story in clustering}
    repeated: set[str] = set()
    if which is Keep.COPY:
        earlier = {article for story in clustering for versions in story.revisions for article in versions[:-1]}
        groups = [group for story in clustering for group in story.copy_groups]
        repeated = earlier.union(one for group in groups for one in group.articles if one != group.canonical)
    for place, article in enumerate(clustering.articles[:count]):
        if not isinstance(found, Clustering) and found.statuses[place] in known:
            continue
        if which is Keep.ALL or (article.id not in repeated if which is Keep.COPY else article.id in canonical):
            yield place


def added_fields(found: Clustering | Arrivals) -> list[dict[str, Any]]:
    """Return the fields to add to the record of each article; of arrivals, of each new article."""
    clustering = found if isinstance(found, Clustering) else found.clustering
    sizes = {group.id: len(group.articles) for story in clustering for group in story.copy_groups}
    added = []
    for record, label in zip(found.to_records(), clustering.labels, strict=False):
        values = [
            *(record[name] for name in ("id", "story", "copy_group", "canonical")),
            len(clustering.stories[label].articles),
            sizes.get(record["copy_group"], 1),
            *(record[name] for name in ("probability", "path", "storyline", "status", "copy_of") if name in record),
        ]
        names = ADDED if isinstance(found, Clustering) else (*ADDED, *ADDED_AGAINST)
        added.append(dict(zip(names, values, strict=True)))
    return added
