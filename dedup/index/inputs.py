"""What a caller gives to an index, and what an index answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from numbers import Integral
from typing import Any, Literal

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.formats.escaping import quote
from dedup.index.store.records import Change, StoredArticle, facts_of
from dedup.inputs.collection import KEPT_EMPTY, content_hash, find_dateline, is_blank, published_seconds, to_article
from dedup.inputs.dates import Reading, day_or_time
from dedup.inputs.record import Dates
from dedup.results.clustering import Link

_LARGEST = 2**62
"""The largest number that a store is asked for."""
Status = Literal["added", "updated", "unchanged", "matched"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an article belongs.

    Attributes:
        article: its id.
        status: "added"; "updated", where the id was there with another text; "unchanged", where it was there as it is;
            "matched", where it was only asked about.
        story: the id of its story; of one that was only asked about "" where it would begin a story.
        new_story: whether it is the first of a story that was not there before.
        copy_of: the id of the article whose copy it is, None where it is no copy of any.
        links: what decided: articles that it was compared with, copies first, the strongest first; at most ten.
        changed: what else changed with it: other articles that moved, stories that merged.
        before: the id of the story that it was in, "" where it was in none.
        notices: what was wrong with it and was not taken as it came: a date that is none, a title beyond all measure.
    """

    article: str
    status: Status
    story: str
    new_story: bool
    copy_of: str | None
    links: tuple[Link, ...] = ()
    changed: tuple[Change, ...] = ()
    before: str = ""
    notices: tuple[Notice, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """The same without the links, ready for JSON."""
        return {
            "id": self.article,
            "status": self.status,
            "story": self.story or None,
            "new_story": self.new_story,
            "copy_of": self.copy_of,
            "before": self.before or None,
            "notices": [{"problem": notice.problem, "action": notice.action} for notice in self.notices],
            "changed": [change.to_record() for change in self.changed],
        }


@dataclass(frozen=True, slots=True)
class Incoming:
    """An article at the door of an index.

    Attributes:
        article: it.
        content: see `StoredArticle`; so are `seconds` and `told`.
        notices: what was wrong with it.
    """

    article: Article
    content: bytes
    seconds: float | None
    told: str
    notices: tuple[Notice, ...] = ()

    def is_the_same_as(self, stored: StoredArticle) -> bool:
        """Whether it is one that is there: in all but the file that it was read from."""
        article, known = self.article, stored.article("")
        facts = facts_of(replace(article, path=known.path, where=known.where))
        return (stored.content, stored.facts, stored.source) == (self.content, facts, article.source)


class NotedDates(Dates):
    """Dates that are counted, and told of for each article too.

    Attributes:
        noted: what was wrong with those since this was last emptied.
    """

    def __init__(self) -> None:
        super().__init__(today=datetime.now(UTC))
        self.noted: list[Notice] = []

    def _count(self, reading: Reading, where: str, action: str) -> None:
        super()._count(reading, where, action)
        self.noted.append(Notice(where, reading.problem, action, skipped=False))


def alone(item: object, *, needs_id: bool = True, place: int = 0) -> Incoming:
    """An article that came by itself.

    Raises:
        InputError: it is no article, has no id, or neither text nor title.
    """
    came = incoming(item, place, [], NotedDates(), needs_id=needs_id)
    if is_blank(came.article):
        problem = next((one.problem for one in came.notices if one.action == KEPT_EMPTY), "it has no text and no title")
        raise InputError(f"article {place}: {problem}: give it a text, a title, or both")
    return came


def unnamed(item: object) -> Incoming:
    """An article that needs no id, and may be empty.

    Raises:
        InputError: it is no article.
    """
    return incoming(item, 0, [], NotedDates(), needs_id=False)


def some(source: Iterator[tuple[int, object]], most: int, notices: list[Notice]) -> list[Incoming]:
    """The next of many articles; one that has neither text nor title stays, empty, and is told of.

    Args:
        source: articles with their places.
        most: how many are taken.
        notices: what was wrong with them is added, what was wrong with their dates together.

    Raises:
        InputError: something is no article, or has no id.
    """
    dates = NotedDates()
    came = [incoming(item, place, notices, dates) for place, item in islice(source, most)]
    notices += dates.notices()
    return came


def noticed(placements: Sequence[Placement], came: Sequence[Incoming]) -> list[Placement]:
    """Placements with what was wrong with their articles."""
    pairs = zip(placements, came, strict=True)
    return [replace(placed, notices=one.notices) if one.notices else placed for placed, one in pairs]


def incoming(item: object, place: int, notices: list[Notice], dates: NotedDates, *, needs_id: bool = True) -> Incoming:
    """An article as it came; `notices` takes what was wrong with it, but for its dates.

    Raises:
        InputError: it is no article, or has no id.
    """
    if isinstance(item, str) and needs_id:
        raise InputError(f"article {place} is a string, without the id that an index knows it by: give an Article")
    found: list[Notice] = []
    dates.noted.clear()
    article = to_article(item, place, found, dates, default_id="")
    notices += found
    if needs_id and not article.id.strip():
        raise InputError(f"article {place} has no id: an index knows articles by their ids, give each one of its own")
    told = None if article.published is not None else find_dateline(article)
    seconds = published_seconds(article.published or told or article.seen)
    return Incoming(
        article,
        content_hash(article),
        None if seconds != seconds else seconds,  # noqa: PLR0124 - nan is not itself
        "" if told is None else told.isoformat(),
        (*found, *dates.noted),
    )


def checked_count(value: object, name: str, least: int = 1) -> int:
    """A whole number that is large enough.

    Raises:
        InputError: it is none, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{name} must be a whole number from {least} on, not {quote(value)}")
    return min(int(value), _LARGEST)


def checked_date(value: date | datetime | str, name: str) -> date | datetime:
    """A day or a time; of a string what ISO 8601 says by it.

    Raises:
        InputError: it is neither.
    """
    if isinstance(value, str):
        try:
            return day_or_time(value)
        except ValueError:
            told = f"{name} is {quote(value)}, which is no date"
            raise InputError(f"{told}: give 2024-01-31, 2024-01-31T12:30:00Z, a date or a datetime") from None
    # pandas' NaT is a datetime that equals nothing, itself included.
    if not isinstance(value, date) or value != value:  # noqa: PLR0124
        raise InputError(f"{name} must be a date, a datetime or a string that is one, not {quote(value)}")
    return value


def checked_seconds(value: date | datetime | str | None, name: str) -> float | None:
    """The same in seconds since 1970; None for None.

    Raises:
        InputError: it is no date.
    """
    return None if value is None else published_seconds(checked_date(value, name))


def checked_ids(values: Iterable[object]) -> list[str]:
    """Ids of articles, each once.

    Raises:
        InputError: something is no id.
    """
    given = list(values)
    for value in given:
        if not isinstance(value, str):
            kind = f"a {type(value).__name__}: to give those of a list, write remove(*ids)"
            raise InputError(f"ids of articles are strings, one argument each, and {quote(value)} is {kind}")
    return list(dict.fromkeys(str(value) for value in given))
