"""The records of a store: articles, sketches, stories and changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from dedup.article import Article

Kind = Literal["added", "updated", "moved", "removed", "expired", "merged", "refreshed"]
"""Kinds of `Change`."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened in an index. Who applies them in order has each article under its story.

    Attributes:
        cursor: its number, rising; what `changes(since=…)` goes on from.
        kind: "added", "updated" (same id, another text), "moved" (to another story), "removed", "expired"; "merged":
            the story `before` is `story` from now on, and redirects there; "refreshed": there is another background.
        article: the id of the article, "" where a story or the index is meant.
        story: the id of the story that the article is in now, "" where it is in none.
        before: the id of the story that it was in, "" where it was in none.
        at: when.
    """

    cursor: int
    kind: Kind
    article: str
    story: str
    before: str
    at: datetime

    def to_record(self) -> dict[str, Any]:
        """Return the change as a dictionary for JSON."""
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """One article in a store.

    Attributes:
        number: counts the articles that ever came, and is never used again.
        id: by which the caller knows it.
        content: 16 bytes, equal for articles of the same title and text; of a blank one, made of its id.
        length: characters of its text.
        seconds: when it was published, as `dedup.inputs.collection` dates it; None where that is unknown.
        dateline: the date at the head of its text as ISO 8601, "" where there is none or none was looked for.
        added: when it was added, in seconds since 1970 by the clock of the index.
        source: the outlet.
        facts: its other fields but the text, as JSON.
        story: the number of its story.
        copies: the number of the first article of its group of copies, its own where it has none.
        representative: whether it counts when stories are compared: False for a near-copy of one that does.
    """

    number: int
    id: str
    content: bytes
    length: int
    seconds: float | None
    dateline: str
    added: float
    source: str
    facts: str
    story: int
    copies: int
    representative: bool

    def article(self, text: str) -> Article:
        """Return the article, with the given text."""
        facts = json.loads(self.facts)
        published, seen = (from_iso(facts.pop(name, None)) for name in ("published", "seen"))
        return Article(id=self.id, source=self.source, text=text, published=published, seen=seen, **facts)

    @property
    def age(self) -> float:
        """Time by which it expires: when it was published, or added if that is unknown."""
        return self.added if self.seconds is None else self.seconds

    def placed(self, story: int, copies: int, *, representative: bool) -> StoredArticle:
        """Return a copy with another placement."""
        return replace(self, story=story, copies=copies, representative=representative)


def facts_of(article: Article) -> str:
    """Return the non-empty fields of an article as JSON, without id, source and text."""
    facts: dict[str, Any] = {
        name: value
        for name in ("title", "url", "lang", "path", "where", "story")
        if (value := getattr(article, name)) not in ("", None)
    }
    for name in ("published", "seen"):
        value = getattr(article, name)
        if value is not None:
            facts[name] = value.isoformat()
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def from_iso(text: str | None) -> date | datetime | None:
    """Parse a date or a time in ISO 8601; None stays None."""
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Sketch:
    """Packed features of an article; see `dedup.index.features.sketch`."""

    words: bytes
    vector: bytes


@dataclass(frozen=True, slots=True)
class StoredStory:
    """One story in a store.

    Attributes:
        number: counts the stories that ever were.
        id: by which the world knows it.
        into: the number of the story that it redirects to, None for one that stands.
        size: how many articles it has.
        start, end: seconds of the first and the last known date.
        touched: when it last changed, in seconds since 1970 by the clock of the index.
        shown: the number of the article to show; None for the first.
        settled: whether it was left alone for so long once that it keeps its id for good.
    """

    number: int
    id: str
    into: int | None
    size: int
    start: float | None
    end: float | None
    touched: float
    shown: int | None = None
    settled: bool = False


def moment(seconds: float) -> datetime:
    """Convert seconds since 1970 to a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def spans(articles: Sequence[StoredArticle]) -> tuple[float | None, float | None]:
    """Return the first and the last known date of articles, in seconds."""
    known = [article.seconds for article in articles if article.seconds is not None]
    return (min(known), max(known)) if known else (None, None)
