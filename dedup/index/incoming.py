"""What a caller gives to an index, and what an index answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from dedup.article import Article, Notice
from dedup.clustering import Link
from dedup.collection import article_of, content_hash, date_told, published_seconds
from dedup.errors import InputError
from dedup.index.records import Change
from dedup.record import Dates

Status = Literal["added", "updated", "unchanged", "matched"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an article belongs.

    Attributes:
        article: its id.
        status: "added"; "updated", where the id was there with another text; "unchanged", where it was there as it is;
            "matched", where it was only asked about.
        story: the id of its story; of one that was only asked about "" where it would begin a story.
        new_story: whether it is the first of its story.
        copy_of: the id of the article whose copy it is, None where it is no copy of any.
        links: what decided: articles that it was compared with, copies first, the strongest first; at most ten.
        changed: what else changed with it: articles that moved, stories that merged.
    """

    article: str
    status: Status
    story: str
    new_story: bool
    copy_of: str | None
    links: tuple[Link, ...] = ()
    changed: tuple[Change, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """The same without the links, ready for JSON."""
        return {
            "id": self.article,
            "status": self.status,
            "story": self.story or None,
            "new_story": self.new_story,
            "copy_of": self.copy_of,
            "changed": [change.to_record() for change in self.changed],
        }


@dataclass(frozen=True, slots=True)
class Incoming:
    """An article at the door of an index.

    Attributes:
        article: it.
        content: see `StoredArticle`; so are `seconds` and `told`.
    """

    article: Article
    content: bytes
    seconds: float | None
    told: str


def incoming(item: object, place: int, notices: list[Notice], dates: Dates, *, needs_id: bool = True) -> Incoming:
    """An article as it came.

    Raises:
        InputError: it is no article, or has no id.
    """
    if isinstance(item, str) and needs_id:
        raise InputError(f"article {place} is a string, without the id that an index knows it by: give an Article")
    article = article_of(item, place, notices, dates, default_id="")
    if needs_id and not article.id.strip():
        raise InputError(f"article {place} has no id: an index knows articles by their ids, give each one of its own")
    told = None if article.published is not None else date_told(article)
    seconds = published_seconds(article.published or told or article.seen)
    return Incoming(
        article,
        content_hash(article),
        None if seconds != seconds else seconds,  # noqa: PLR0124 - nan is not itself
        "" if told is None else told.isoformat(),
    )


def dates_now() -> Dates:
    """What dates are read with."""
    return Dates(today=datetime.now(UTC))
