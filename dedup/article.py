"""What goes in: an `Article`, and the `Notice` that says what was wrong with one and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dedup.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article.

    Attributes:
        id: the name by which results speak of it; unique within a collection.
        text: the body. It may be empty: the article is then judged by its title alone.
        title: the headline, "" where there is none.
        published: when it was published: a `datetime`, a `date` where only the day is known, or None. A `datetime`
            without a time zone is taken as UTC.
        seen: when it was fetched, in the same forms. It dates the article where nothing else does.
        source: the outlet.
        url: where it was found.
        lang: its language as declared by the source. Reported, never believed: the method looks at the words.
        path: the file it was read from, "" for an article made in memory.
        where: the place in that file, with the line where it has many: `feed.jsonl:7`. Notices speak of it.
        story: a gold label, for evaluation only; None where there is none.
    """

    id: str
    text: str
    title: str = ""
    published: date | datetime | None = None
    seen: date | datetime | None = None
    source: str = ""
    url: str = ""
    lang: str = ""
    path: str = ""
    where: str = ""
    story: str | None = None

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
            "lang": self.lang,
        }

    def __post_init__(self) -> None:
        for name in ("id", "text", "title", "source", "url", "lang", "path", "where"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise InputError(f"Article.{name} must be a string, not {type(value).__name__}")
        for name in ("published", "seen"):
            value = getattr(self, name)
            # pandas' NaT is a datetime that equals nothing, itself included.
            if value is not None and not (isinstance(value, date) and value == value):  # noqa: PLR0124
                raise InputError(
                    f"Article.{name} must be a date, a datetime or None, not {value!r}"
                    " (dedup.from_record reads dates from strings)"
                )


@dataclass(frozen=True, slots=True, order=True)
class Notice:
    """Something about the input that a user should know: nothing is skipped or changed without one.

    Attributes:
        where: the place, as precise as it is known: `feed.jsonl:7`, `notes/a.txt`, `article 3`.
        problem: what is wrong there.
        action: what was done about it: "line skipped", "kept without a date".
        skipped: True where something was left out, False where it was kept, changed as `action` says.
        count: how many files, records or lines were left out; 1 but where a notice stands for those beyond the bound.
    """

    where: str
    problem: str
    action: str
    skipped: bool
    count: int = 1

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}; {self.action}"
