"""A clustering in a few numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from dedup.clustering import Clustering


@dataclass(frozen=True, slots=True)
class Summary:
    """How much there is of everything.

    Attributes:
        articles: all articles.
        stories: all stories, those of a single article included.
        shared_stories: stories with more than one article.
        shared_articles: the articles in those.
        copies: articles that repeat the text of another: of a group of three copies, two.
        skipped: records, lines and files of the input that were left out.
    """

    articles: int
    stories: int
    shared_stories: int
    shared_articles: int
    copies: int
    skipped: int

    def to_dict(self) -> dict[str, int]:
        """The numbers by name."""
        return asdict(self)


def summarise(clustering: Clustering) -> Summary:
    """The numbers of a clustering."""
    shared = [story for story in clustering if len(story.articles) > 1]
    return Summary(
        articles=len(clustering.articles),
        stories=len(clustering),
        shared_stories=len(shared),
        shared_articles=sum(len(story.articles) for story in shared),
        copies=sum(len(group.articles) - 1 for story in shared for group in story.copy_groups),
        skipped=sum(notice.skipped for notice in clustering.notices),
    )
