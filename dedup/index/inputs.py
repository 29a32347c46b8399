"""Arguments and answers of an index: articles, numbers, dates and ids are checked here, `Placement` is returned."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.formats.escaping import quote, quote_list, sanitize
from dedup.index.store.records import Change, StoredArticle, facts_of
from dedup.inputs.collection import content_hash, find_dateline, published_seconds, without_text
from dedup.inputs.dates import Reading, day_or_time, read_date
from dedup.inputs.fields import Layout
from dedup.inputs.items import KEPT_EMPTY, is_blank, to_article
from dedup.inputs.read_fields import unread_names
from dedup.inputs.record import Corrections, unknown_kind
from dedup.kinds import Content, read_content, told_by
from dedup.results.clustering import Link

_LARGEST = 2**62  # of an SQLite integer, with room to add
Status = Literal["added", "updated", "unchanged", "matched"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an article belongs.

    Attributes:
        article: id of the article.
        status: "added"; "updated" if the id was known with another text; "unchanged" if the article was known;
            "matched" if it was only matched.
        story: id of its story; "" for a matched article that would start a new story.
        new_story: whether the story did not exist before.
        copy_of: id of the article that it is a copy of, None if it is no copy.
        suspected_copy_of: id of an article that it may be a copy of: what the two share may also be boilerplate, which
            later articles will tell; None if there is none, and for a copy.
        links: the strongest links that decided, copies first, at most ten.
        changed: other changes that it caused: articles that moved, stories that merged.
        before: id of the story that it was in, "" if it was in none.
        notices: faults in it that were corrected, such as an invalid date or an oversized title.
        storyline: id of the storyline of its story, "" for a matched article that would start a new story.
        revision_of: id of the version before it of the same page, None if there is none.
        revised_by: id of the latest version of its page, which alone is in the story; None for this version itself.
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
    suspected_copy_of: str | None = None
    storyline: str = ""
    revision_of: str | None = None
    revised_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the placement as a dictionary for JSON, without links."""
        return {
            "id": self.article,
            "status": self.status,
            "story": self.story or None,
            "storyline": self.storyline or None,
            "new_story": self.new_story,
            "copy_of": self.copy_of,
            "suspected_copy_of": self.suspected_copy_of,
            "revision_of": self.revision_of,
            "revised_by": self.revised_by,
            "before": self.before or None,
            "notices": [{"problem": notice.problem, "action": notice.action} for notice in self.notices],
            "changed": [change.to_record() for change in self.changed],
        }


@dataclass(frozen=True, slots=True)
class Incoming:
    """An article given to an index, checked and dated.

    Attributes:
        article: the article.
        content, seconds, dateline, told: see `StoredArticle`.
        notices: faults in it.
    """

    article: Article
    content: bytes
    seconds: float | None
    dateline: str
    told: Content
    notices: tuple[Notice, ...] = ()

    def equals(self, stored: StoredArticle) -> bool:
        """Return whether it is equal to a stored article, apart from the file that it was read from."""
        article, known = self.article, stored.article("")
        facts = facts_of(replace(article, path=known.path, where=known.where), self.told)
        return (stored.content, stored.facts, stored.source) == (self.content, facts, article.source)

    def to_store(self, number: int, story: int, added: float, *, keep_text: bool) -> tuple[StoredArticle, str | None]:
        """Return the record to store and the text, None for no text. The article is no copy until it is placed."""
        article = self.article if keep_text else without_text(self.article)
        stored = StoredArticle(
            number=number,
            id=article.id,
            content=self.content,
            length=len(self.article.text),
            seconds=self.seconds,
            dateline=self.dateline,
            added=added,
            source=article.source,
            facts=facts_of(article, self.told),
            story=story,
            copies=number,
            representative=True,
        )
        return stored, article.text or None


class RecordedCorrections(Corrections):
    """Corrections whose faults are also kept for each article.

    Args:
        today: refuse dates more than two days after this time; None for the time of the system.

    Attributes:
        faults: notices since this was last cleared.
    """

    def __init__(self, today: datetime | None = None) -> None:
        self.today = datetime.now(UTC) if today is None else today
        super().__init__(today=self.today)
        self.faults: list[Notice] = []
        self._unread: Counter[tuple[str, ...]] = Counter()
        self._first_unread = ""

    def see(
        self, record: Mapping[str, Any], layout: Layout, used: Mapping[str, str], article: Article, where: str
    ) -> None:
        super().see(record, layout, used, article, where)
        if names := unread_names(layout):
            self._first_unread = self._first_unread or where
            self._unread[names] += 1
            self.faults.append(unread(where, names))

    def count_markup(self, where: str) -> None:
        super().count_markup(where)
        self.faults.append(Notice(where, "its text has tags or entities of HTML", "markup was removed", skipped=False))

    def count_kind(self, kind: str, where: str) -> None:
        super().count_kind(kind, where)
        self.faults.append(Notice(where, *unknown_kind(kind), skipped=False))

    def checked_dates(self, article: Article, where: str) -> Article:
        """Return an article without dates that cannot be: in the future, or the zero of a clock."""
        dates = {name: getattr(article, name) for name in ("published", "seen")}
        wrong = {name: found for name, date in dates.items() if date is not None and (found := self._read_date(date))}
        for name, reading in wrong.items():
            seen = name == "published" and article.seen is not None and "seen" not in wrong
            alone = "kept without a date" if name == "published" else "kept without the date on which it was seen"
            self._count(reading, where, "dated by when it was seen" if seen else alone)
        if not wrong:
            return article
        left: dict[str, Any] = dict.fromkeys(wrong)
        return replace(article, **left)

    def _read_date(self, value: date) -> Reading | None:
        reading = read_date(value, today=self.today)
        return reading if reading.when is None else None

    def _count(self, reading: Reading, where: str, action: str) -> None:
        super()._count(reading, where, action)
        self.faults.append(Notice(where, reading.problem, action, skipped=False))

    def notices(self) -> Iterator[Notice]:
        yield from super().notices()
        if total := self._unread.total():
            others = f" and {total - 1:,} more" if total > 1 else ""
            names = dict.fromkeys(name for some in self._unread for name in some)
            yield unread(f"{self._first_unread}{others}", names)


def unread(where: str, names: Iterable[str]) -> Notice:
    """Return the notice of names in a record that mean no field of an article."""
    return Notice(where, f"nothing is read from {quote_list(names)}", "left out", skipped=False)


def read_article(
    item: object,
    place: int = 0,
    *,
    needs_id: bool = True,
    may_be_blank: bool = False,
    today: datetime | None = None,
) -> Incoming:
    """Check a single article.

    Args:
        item: an article or a mapping.
        place: its place in the input, for messages.
        needs_id: whether it must have an id.
        may_be_blank: whether it may have neither text nor title.
        today: see `RecordedCorrections`.

    Raises:
        InputError: it is no article, or lacks what is required.
    """
    incoming = _checked(item, place, [], RecordedCorrections(today), needs_id=needs_id)
    if not may_be_blank and is_blank(incoming.article):
        found = (notice.problem for notice in incoming.notices if notice.action == KEPT_EMPTY)
        problem = next(found, "it has no text and no title")
        raise InputError(f"article {place}: {problem}: give it a text, a title, or both")
    return incoming


def read_batch(
    source: Iterator[tuple[int, object]], size: int, notices: list[Notice], today: datetime | None = None
) -> list[Incoming]:
    """Check the next articles of a source. A blank article is kept, with a notice.

    Args:
        source: yields articles with their places.
        size: most articles to read.
        notices: receives the notices of all articles, then a summary of faulty dates, of markup and of unread names.
        today: see `RecordedCorrections`.

    Raises:
        InputError: an item is no article, or has no id.
    """
    corrections = RecordedCorrections(today)
    batch = [_checked(item, place, notices, corrections) for place, item in islice(source, size)]
    notices += corrections.notices()
    return batch


def _checked(
    item: object, place: int, notices: list[Notice], corrections: RecordedCorrections, *, needs_id: bool = True
) -> Incoming:
    """Check and date an article; `notices` receives its faults except those of dates and markup."""
    if isinstance(item, str) and needs_id:
        raise InputError(f"article {place} is a string, without the id that an index knows it by: give an Article")
    found: list[Notice] = []
    corrections.faults.clear()
    article = to_article(item, place, found, corrections, default_id="")
    notices += found
    if isinstance(item, Article):
        article = corrections.checked_dates(article, f"article {place}")
    if needs_id and not article.id.strip():
        raise InputError(f"article {place} has no id: an index knows articles by their ids, give each one of its own")
    dateline = None if article.published is not None else find_dateline(article)
    seconds = published_seconds(article.published or dateline or article.seen)
    return Incoming(
        article,
        content_hash(article),
        None if seconds != seconds else seconds,  # noqa: PLR0124 - nan is not itself
        "" if dateline is None else dateline.isoformat(),
        told_by(article, read_content(article.title, article.text)),
        (*found, *corrections.faults),
    )


def checked_count(value: object, name: str, least: int = 1) -> int:
    """Return a whole number of at least `least`, and at most 2**62.

    Raises:
        InputError: it is no whole number, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{name} must be a whole number from {least} on, not {quote(value)}")
    return min(int(value), _LARGEST)


def checked_date(value: date | datetime | str, name: str) -> date | datetime:
    """Return a date or a datetime; strings are parsed as ISO 8601.

    Raises:
        InputError: it is no date.
    """
    if isinstance(value, str):
        try:
            return day_or_time(value)
        except ValueError:
            problem = f"{name} is {quote(value)}, which is no date"
            raise InputError(f"{problem}: give 2024-01-31, 2024-01-31T12:30:00Z, a date or a datetime") from None
    # pandas' NaT is a datetime that equals nothing, itself included.
    if not isinstance(value, date) or value != value:  # noqa: PLR0124
        raise InputError(f"{name} must be a date, a datetime or a string that is one, not {quote(value)}")
    return value


def checked_seconds(value: date | datetime | str | None, name: str) -> float | None:
    """Return a date as seconds since 1970; None stays None.

    Raises:
        InputError: it is no date.
    """
    return None if value is None else published_seconds(checked_date(value, name))


def checked_id(value: object, name: str = "id") -> str:
    """Return an id as articles are stored under it: stripped, null bytes and lone surrogates replaced by U+FFFD.

    Raises:
        InputError: it is no string.
    """
    return checked_text(value, name).strip()


def checked_text(value: object, name: str) -> str:
    """Return a string to search for, with null bytes and lone surrogates replaced as in articles.

    Raises:
        InputError: it is no string.
    """
    if not isinstance(value, str):
        raise InputError(f"{name} must be a string, not {quote(value)}")
    return sanitize(value)[0]


def checked_path(value: str | os.PathLike[str], name: str = "path") -> Path:
    """Return a path that the file system can name.

    Raises:
        InputError: it has a null byte, or a character that cannot be encoded.
    """
    path = os.fsdecode(value)
    try:
        valid = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        valid = False
    if not valid:
        raise InputError(f"{name} is {quote(path)}, which no file can be called")
    return Path(path)


def checked_ids(values: Iterable[object]) -> list[str]:
    """Return the ids of articles as they were given, without those that name an article twice.

    Raises:
        InputError: an id is no string.
    """
    given = list(values)
    for value in given:
        if not isinstance(value, str):
            kind = f"a {type(value).__name__}: to give those of a list, write remove(*ids)"
            raise InputError(f"ids of articles are strings, one argument each, and {quote(value)} is {kind}")
    return list({checked_id(value): str(value) for value in reversed(given)}.values())[::-1]
