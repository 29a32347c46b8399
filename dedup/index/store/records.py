"""The records of a store: articles, sketches, stories and changes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from dedup.article import Article
from dedup.inputs.collection import published_seconds
from dedup.kinds import NOTHING, REPORT, Content, FoundKind
from dedup.results.story_ids import storyline_of_story

Kind = Literal[
    "added",
    "updated",
    "moved",
    "revised",
    "withdrawn",
    "copy_withdrawn",
    "removed",
    "expired",
    "merged",
    "storyline",
    "refreshed",
    "decided",
    "undone",
]
"""Kinds of `Change`."""
_FOUND, _CREDIT, _NAMES, _BESIDE, _WITHDRAWS = _TOLD = ("found_kind", "credit", "names", "beside", "withdraws")
"""Names in `StoredArticle.facts` of what the article tells, see `dedup.kinds.Content`; left out if it is nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an index. Applying all changes in order gives the story of each article.

    Attributes:
        cursor: ascending number; `changes(since=…)` continues after it.
        kind: "added", "updated" (same id, another text), "moved" (to another story), "revised" (there is a later
            version of its page: it is in no story), "withdrawn" (it is shown no more), "copy_withdrawn" (another copy
            of its text was), "removed", "expired"; "merged": the story `before` became part of
            `story` and redirects to it; "storyline": `story` moved from the storyline `before` to another one;
            "refreshed": the background or the settings were replaced, or the store was
            repaired; "decided", "undone": a decision of an editor on `article`, or its end.
        article: id of the article, "" for a change of a story or of the index, and for what was before `erase`.
        story: id of the article's story, "" if it is in none.
        before: id of its story before the change, "" if it was in none.
        at: time of the change.
        storyline: id of the storyline of `story` after all changes of its transaction, "" if there is no story.
    """

    cursor: int
    kind: Kind
    article: str
    story: str
    before: str
    at: datetime
    storyline: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return the change as a dictionary for JSON."""
        return {**asdict(self), "at": self.at.isoformat()}


def of_storyline(change: Change, storyline: str) -> Change:
    """Return a change with the storyline of its story."""
    if storyline == change.storyline:
        return change
    return Change(change.cursor, change.kind, change.article, change.story, change.before, change.at, storyline)


def change_key(change: Change) -> tuple[str, ...]:
    """Return what tells a change from the others of its transaction, whatever their cursors and stories are."""
    return (change.kind, change.article) if change.article else (change.kind, change.story, change.before)


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article in a store, without its text.

    Attributes:
        number: ascending number, never used again.
        id: id given by the caller.
        content: hash of 16 bytes, equal for articles of the same title and text; for a blank article, of its id.
        length: number of characters of its text.
        seconds: time of publication, as determined by `dedup.inputs.collection`; None if unknown.
        dateline: date at the head of its text as ISO 8601, "" if there is none, or a date was given.
        added: time it was added, in seconds since 1970 by the clock of the index.
        source: outlet.
        facts: its other fields and its kind as JSON, without the text.
        story: number of its story.
        copies: number of the first article of its copy group, its own if it is no copy.
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
        for name in _TOLD:
            facts.pop(name, None)
        return Article(id=self.id, source=self.source, text=text, published=published, seen=seen, **facts)

    @property
    def told(self) -> Content:
        """Kind of the article, and whom it credits."""
        if not any(f'"{name}":' in self.facts for name in (_FOUND, _CREDIT, _NAMES, _WITHDRAWS)):
            return NOTHING
        facts = json.loads(self.facts)
        kind = FoundKind(*facts[_FOUND]) if _FOUND in facts else REPORT
        names, beside = (tuple(facts.get(name, ())) for name in (_NAMES, _BESIDE))
        return Content(kind, facts.get(_CREDIT, ""), names, beside, facts.get(_WITHDRAWS, False))

    @property
    def kind(self) -> FoundKind:
        """Kind of the article."""
        return self.told.kind

    @property
    def age(self) -> float:
        """Time that decides when it expires: of publication, or of adding if that is unknown."""
        return self.added if self.seconds is None else self.seconds

    def placed(self, story: int, copies: int, *, representative: bool) -> StoredArticle:
        """Return a copy with another placement."""
        return StoredArticle(  # `dataclasses.replace` takes as long as all else that is done with most articles here
            self.number, self.id, self.content, self.length, self.seconds, self.dateline, self.added, self.source,
            self.facts, story, copies, representative,
        )  # fmt: skip


def facts_of(article: Article, told: Content) -> str:
    """Return the non-empty fields of an article, its kind and its credit as JSON, without id, source and text."""
    facts: dict[str, Any] = {
        name: value
        for name in ("title", "url", "author", "section", "kind", "lang", "path", "where", "story", "storyline")
        if (value := getattr(article, name)) not in ("", None)
    }
    for name in ("published", "seen"):
        value = getattr(article, name)
        if value is not None:
            facts[name] = value.isoformat()
    if told.kind != REPORT:
        facts[_FOUND] = [told.kind.kind, told.kind.reason]
    if told.credit:
        facts[_CREDIT] = told.credit
    if told.names:
        facts[_NAMES] = told.names
    if told.beside:
        facts[_BESIDE] = told.beside
    if told.withdraws:
        facts[_WITHDRAWS] = True
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
class Revision:
    """An earlier version of a page. It is in no story.

    Attributes:
        article: the article; its placement has no meaning.
        latest: number of the latest version.
        words: its packed words.
        text: its text, None if texts are not stored.
    """

    article: StoredArticle
    latest: int
    words: bytes
    text: str | None

    @property
    def number(self) -> int:
        """Number of the article."""
        return self.article.number

    def to_article(self) -> Article:
        """Return the article with its text."""
        return self.article.article(self.text or "")


def version_order(article: StoredArticle) -> tuple[bool, float, float, int]:
    """Return the sort key of a version of a page: the latest is the greatest, of equal dates the last that came.

    A stub is never the latest.
    """
    return (
        not article.told.is_stub,
        *dates_of(article.seconds, from_iso(json.loads(article.facts).get("seen"))),
        article.number,
    )


def dates_of(seconds: float | None, seen: date | None) -> tuple[float, float]:
    """Return the date of an article, in seconds, and that on which it was seen; `UNDATED` where unknown."""
    known = published_seconds(seen)
    return UNDATED if seconds is None else seconds, UNDATED if math.isnan(known) else known


@dataclass(frozen=True, slots=True, order=True)
class AddressRow:
    """An address of an article, see `dedup.inputs.addresses.PageKey`. The latest version has the greatest.

    Attributes:
        page: digest of the address.
        seconds: date of the article, `UNDATED` if unknown.
        seen: time it was seen, `UNDATED` if unknown.
        number: number of the article.
    """

    page: bytes
    seconds: float
    seen: float
    number: int


UNDATED = -1e18


@dataclass(frozen=True, slots=True)
class StoredStory:
    """A story in a store.

    Attributes:
        number: ascending number, never used again.
        id: public id.
        into: number of the story that it redirects to, None if it was not merged.
        size: number of articles.
        start, end: first and last known date of its articles, in seconds.
        touched: time of its last change, in seconds since 1970 by the clock of the index.
        shown: number of the article to show; None for the first.
        settled: whether it keeps its id permanently, after `settle_hours` without a change.
        line: id of the storyline that it shares with others, "" if it is the only story of its storyline.
        title: the title that an editor gave it, "" for that of the article that is shown.
        pinned: number of the article that an editor decided to show, None if no one did.
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
    line: str = ""
    title: str = ""
    pinned: int | None = None

    @property
    def storyline(self) -> str:
        """Id of its storyline."""
        return self.line or storyline_of_story(self.id)


def moment(seconds: float) -> datetime:
    """Convert seconds since 1970 to a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def spans(articles: Sequence[StoredArticle]) -> tuple[float | None, float | None]:
    """Return the first and the last known date of articles, in seconds."""
    known = [article.seconds for article in articles if article.seconds is not None]
    return (min(known), max(known)) if known else (None, None)
