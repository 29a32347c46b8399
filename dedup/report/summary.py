"""Summary statistics of a clustering."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from dedup.results.clustering import Clustering

if TYPE_CHECKING:
    from dedup.archive import Arrivals


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun: `1 story`, `2,000 stories`."""
    return f"{number:,} {one if number == 1 else many}"


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a clustering. `new` and those after it are None without an archive.

    Attributes:
        articles: number of articles; a page of which there are several versions counts once.
        stories: number of stories, including those with a single article.
        shared_stories: number of stories with more than one article.
        shared_articles: number of articles in `shared_stories`.
        copies: number of articles that repeat the text of another; two in a group of three copies.
        storylines: number of storylines of these stories.
        skipped: number of records, lines and files of the input that were skipped.
        new: number of articles in stories without an archived article.
        continuing: number of articles that continue archived stories, without copies.
        archived_copies: number of articles that are copies of archived ones.
        archived: number of articles in the archive.
        revisions: number of earlier versions of these articles; None if there are none.
    """

    articles: int
    stories: int
    shared_stories: int
    shared_articles: int
    copies: int
    storylines: int
    skipped: int
    new: int | None = None
    continuing: int | None = None
    archived_copies: int | None = None
    archived: int | None = None
    revisions: int | None = None

    def to_dict(self) -> dict[str, int]:
        """Return the counts by name, without those that are None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def summarise(found: Clustering | Arrivals) -> Summary:
    """Return the counts of a clustering, or of the new articles of arrivals."""
    clustering = found if isinstance(found, Clustering) else found.clustering
    count = len(clustering.articles) if isinstance(found, Clustering) else found.count
    shared = [story for story in found.stories if len(story.articles) > 1]
    groups = [group.articles for story in shared for group in story.copy_groups]
    _, latest = clustering.versions()
    earlier = sum(clustering.place(article) < count for article in latest)
    numbers = Summary(
        articles=count - earlier,
        stories=len(found.stories),
        shared_stories=len(shared),
        shared_articles=sum(clustering.place(article) < count for story in shared for article in story.articles),
        copies=sum(min(sum(clustering.place(one) < count for one in group), len(group) - 1) for group in groups),
        storylines=len({story.storyline for story in found.stories}),
        skipped=sum(notice.count for notice in clustering.notices if notice.skipped),
        revisions=earlier or None,
    )
    if isinstance(found, Clustering):
        return numbers
    statuses = Counter(found.statuses)
    return replace(
        numbers,
        new=statuses["new"],
        continuing=statuses["continues"],
        archived_copies=statuses["copy"],
        archived=statuses["archived"],
    )
