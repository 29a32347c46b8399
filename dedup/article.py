"""The input types: `Article`, and `Notice` for a problem with the input and how it was handled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any

from dedup.errors import InputError

_PLAIN_DATES = frozenset((date, datetime, type(None)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A news article.

    Attributes:
        id: the identifier used in results; unique within a collection.
        text: the body. If it is empty, the article is compared by its title alone.
        title: the headline, "" if there is none.
        published: publication time: a `datetime`, a `date` if only the day is known, or None. A `datetime` without a
            time zone is taken as UTC.
        seen: the time it was fetched, in the same forms. Used as the date if no publication date is known.
        source: the outlet.
        url: the address of the article.
        author: its authors.
        section: the section or category that it was published in.
        kind: what kind of article it is, if that is known: one of `dedup.kinds.KINDS` or a usual name, such as a type
            of schema.org; "" to find it, see `dedup.kinds`.
        lang: the language declared by the source. It is reported but not used: the method detects languages itself.
        path: the file it was read from, "" for an article made in memory.
        where: the position in that file, as shown in notices: `feed.jsonl:7`.
        vector: an embedding of the article, of any scale, used if an embedding is asked for; None if there is none.
        story, storyline: gold labels, used for evaluation only; None if there is none.

    Raises:
        InputError: an attribute has the wrong type.
    """

    id: str
    text: str
    title: str = ""
    published: date | datetime | None = None
    seen: date | datetime | None = None
    source: str = ""
    url: str = ""
    author: str = ""
    section: str = ""
    kind: str = ""
    lang: str = ""
    path: str = ""
    where: str = ""
    story: str | None = None
    storyline: str | None = None
    vector: tuple[float, ...] | None = field(default=None, repr=False)

    def to_record(self) -> dict[str, str | None]:
        """Return the fields of the article, but for those of its file, as a mapping ready for JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "text": self.text,
            "published": self.published.isoformat() if self.published else None,
            "seen": self.seen.isoformat() if self.seen else None,
            "source": self.source,
            "url": self.url,
            "author": self.author,
            "section": self.section,
            "kind": self.kind,
            "lang": self.lang,
        }

    def __post_init__(self) -> None:
        main = type(self.id) is type(self.text) is type(self.title) is type(self.source) is type(self.url) is str
        rest = type(self.author) is type(self.section) is type(self.lang) is type(self.kind) is str
        if not (main and rest and type(self.path) is type(self.where) is str):  # a chain is faster than a loop
            self._check_strings()
        if self.vector is not None and type(self.vector) is not tuple:
            object.__setattr__(self, "vector", read_vector(self.vector))
        if type(self.published) in _PLAIN_DATES and type(self.seen) in _PLAIN_DATES:
            return
        for name in ("published", "seen"):
            value = getattr(self, name)
            # pandas' NaT is a datetime that is unequal to everything, itself included.
            if value is not None and not (isinstance(value, date) and value == value):  # noqa: PLR0124
                raise InputError(
                    f"Article.{name} must be a date, a datetime or None, not {value!r}"
                    " (dedup.from_record reads dates from strings)"
                )

    def _check_strings(self) -> None:
        for name in ("id", "text", "title", "source", "url", "author", "section", "kind", "lang", "path", "where"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise InputError(f"Article.{name} must be a string, not {type(value).__name__}")


def changed(article: Article, **values: Any) -> Article:
    """Return an article with other values, which are known to be right, in a third of the time of `replace`."""
    if type(article) is not Article:
        return replace(article, **values)
    made, (names, held) = object.__new__(Article), _attributes()
    for name, value in zip(names, held(article), strict=True):
        object.__setattr__(made, name, value)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


@cache
def _attributes() -> tuple[tuple[str, ...], attrgetter[tuple[Any, ...]]]:
    names = tuple(one.name for one in fields(Article))
    return names, attrgetter(*names)


def read_vector(value: object) -> tuple[float, ...]:
    """Return a list or an array of numbers as a vector.

    Raises:
        InputError: it is neither.
    """
    try:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise TypeError
        return tuple(map(float, value))
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"Article.vector must be a list of numbers or None, not {type(value).__name__}") from None


@dataclass(frozen=True, slots=True, order=True)
class Notice:
    """A problem with the input. Nothing is skipped or changed without a notice.

    Attributes:
        where: the location, as precisely as known: `feed.jsonl:7`, `notes/a.txt`, `article 3`.
        problem: what is wrong.
        action: how it was handled: "line skipped", "kept without a date".
        skipped: True if input was left out, False if it was kept, changed as `action` says.
        count: the number of files, records or lines concerned; above 1 only for a notice that summarizes those beyond
            the limit on single notices.
    """

    where: str
    problem: str
    action: str
    skipped: bool
    count: int = 1

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}; {self.action}"
