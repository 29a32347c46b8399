"""The door: articles in whatever form they come, with one id each, in an order that is theirs and not the caller's.

Equal articles (same title, same text) are one from here on; articles without either are equal to none. The distinct
ones are put in the order of their hashes: all that follows works in this order, and so cannot depend on the order they
came in.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.group.canonical import Seniority
from dedup.record import Dates, is_missing, read_record
from dedup.text.dateline import dateline
from dedup.text.document import Document

if TYPE_CHECKING:
    import pandas as pd

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_KEPT_EMPTY = "kept as an empty article"


@dataclass(frozen=True, slots=True)
class Collection:
    """Articles, and the distinct ones among them in the order of their hashes.

    Attributes:
        articles: as they came, ids made unique.
        notices: what was wrong with them.
        content_hashes: of the distinct articles, ascending.
        members: for each distinct article the places in `articles` that hold it: the first published first.
        seconds: when each distinct article was first published, in seconds since 1970: by its date, by the one at
            the head of its text, or by when it was seen; nan where none is known.
    """

    articles: tuple[Article, ...]
    notices: tuple[Notice, ...]
    content_hashes: tuple[bytes, ...]
    members: tuple[tuple[int, ...], ...]
    seconds: NDArray[np.float64]

    def __len__(self) -> int:
        """The number of distinct articles."""
        return len(self.content_hashes)

    def first(self, distinct: int) -> Article:
        """The first published of the articles that are one distinct article."""
        return self.articles[self.members[distinct][0]]

    def seniorities(self) -> list[Seniority]:
        """For each distinct article the key it is ordered by: the first published first, of several the fullest."""
        times = [math.inf if math.isnan(time) else time for time in self.seconds.tolist()]
        return [(time, -len(self.first(place).text), place) for place, time in enumerate(times)]

    def wording(self, bodiless: Sequence[int]) -> Callable[[int], str]:
        """For each distinct article what there is to read of it: title and body, of some the title alone."""
        untold = set(bodiless)

        def wording_of(distinct: int) -> str:
            article = self.first(distinct)
            return article.title if distinct in untold else f"{article.title}\n\n{article.text}".strip()

        return wording_of

    def documents(self) -> list[Document]:
        """The documents of the distinct articles."""
        firsts = (self.first(distinct) for distinct in range(len(self)))
        return [Document.of(article.title, article.text) for article in firsts]


def collect(articles: Iterable[Article | Mapping[str, Any] | str] | pd.DataFrame) -> Collection:
    """The collection of articles in whatever form they come (see `dedup.cluster`).

    Raises:
        InputError: something among them is no article at all.
    """
    notices: list[Notice] = []
    dates = Dates(today=datetime.now(UTC))
    taken = [_article(item, place, notices, dates) for place, item in enumerate(_items(articles))]
    notices.extend(dates.notices())
    taken = _with_own_ids(taken, notices)
    hashes = [_content_hash(article) for article in taken]
    holders: dict[bytes, list[int]] = defaultdict(list)
    for place, content in enumerate(hashes):
        holders[content].append(place)
    in_order = sorted(holders)
    members = [tuple(sorted(holders[content], key=lambda place: _seniority(taken[place]))) for content in in_order]
    times = (published_seconds(_published(taken[places[0]])) for places in members)
    seconds = np.fromiter(times, np.float64, len(members))
    return Collection(tuple(taken), tuple(notices), tuple(in_order), tuple(members), seconds)


def published_seconds(published: date | None) -> float:
    """Seconds since 1970 in UTC, nan for None; a day is its midnight, a time without a zone is UTC."""
    if published is None:
        return float("nan")
    if not isinstance(published, datetime):
        published = datetime.combine(published, time())
    return (published if published.tzinfo else published.replace(tzinfo=UTC)).timestamp()


def _published(article: Article) -> date | None:
    if article.published is not None:
        return article.published
    text = article.text.lstrip()
    repeats_title = bool(article.title) and text.startswith(article.title)
    return dateline(text[len(article.title) :].lstrip() if repeats_title else text) or article.seen


def _items(articles: Iterable[Article | Mapping[str, Any] | str] | pd.DataFrame) -> Iterator[object]:
    if isinstance(articles, (str, bytes, Mapping, Article)):
        raise InputError(f"cluster takes a collection of articles, not one {type(articles).__name__}: put it in a list")
    if (rows := _rows(articles)) is not None:
        yield from rows
    elif isinstance(articles, Iterable):
        yield from articles
    else:
        raise InputError(f"cluster takes a collection of articles, not {type(articles).__name__}")


def _rows(frame: Any) -> Iterable[object] | None:
    """The rows of a data frame as mappings, without importing its library; None if it is no data frame."""
    if hasattr(frame, "iter_rows"):  # polars
        return cast(Iterable[object], frame.iter_rows(named=True))
    if hasattr(frame, "to_batches"):  # pyarrow's tables
        return (row for batch in frame.to_batches(max_chunksize=1024) for row in batch.to_pylist())
    if hasattr(frame, "to_pylist") and hasattr(frame, "schema"):  # one of their batches
        return cast(Iterable[object], frame.to_pylist())
    if hasattr(frame, "to_dict") and hasattr(frame, "columns"):
        return cast(Iterable[object], frame.to_dict("records"))
    return None


def _article(item: object, place: int, notices: list[Notice], dates: Dates) -> Article:
    where = f"article {place}"
    if isinstance(item, Article):
        return _clean(item, where, notices)
    if isinstance(item, str):
        return _clean(Article(id=str(place), text=item), where, notices)
    if not isinstance(item, (Mapping, Sequence)) and is_missing(item):  # a gap in a list or a column of texts
        return _clean(Article(id=str(place), text=""), where, notices)
    if not isinstance(item, Mapping):
        kinds = "an Article, a mapping or a string"
        raise InputError(f"{where} is a {type(item).__name__}; it must be {kinds}")
    article, found = read_record(item, where=where, default_id=str(place), fields=None, path="", dates=dates)
    if article is None:
        # A caller's rows must keep their places, so an unusable one stays, with all it has but words.
        notices.extend(replace(notice, action=_KEPT_EMPTY, skipped=False) for notice in found)
        item = {**item, "text": "-"}
        article, found = read_record(item, where=where, default_id=str(place), fields=None, path="", dates=dates)
        article = replace(article, text="") if article else Article(id=str(place), text="")
    notices.extend(found)
    return article


def _clean(article: Article, where: str, notices: list[Notice]) -> Article:
    """The article without null bytes and lone surrogates, which no text can hold; a notice where it has no words."""
    changes: dict[str, Any] = {}
    for name in ("id", "title", "text", "source", "url", "lang", "path", "where"):
        cleaned, count = _UNWRITABLE.subn("\ufffd", getattr(article, name))
        if count:
            changes[name] = cleaned
            what = "null byte or lone surrogate" if count == 1 else "null bytes or lone surrogates"
            notices.append(Notice(where, f"its {name} has {count} {what}", "replaced by U+FFFD", skipped=False))
    if _is_blank(article):
        notices.append(Notice(where, "it has no text and no title", _KEPT_EMPTY, skipped=False))
    return replace(article, **changes) if changes else article


def _is_blank(article: Article) -> bool:
    return not article.text.strip() and not article.title.strip()


def _content_hash(article: Article) -> bytes:
    """The same for two articles exactly where they are equal; a blank one, with nothing to compare, equals none."""
    text = f"\0\0{article.id}" if _is_blank(article) else f"{article.title}\0{article.text}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _seniority(article: Article) -> tuple[bool, float, str]:
    """The key by which equal articles are ordered: published first, unknown dates last, then by id."""
    seconds = published_seconds(article.published)
    unknown = math.isnan(seconds)
    return unknown, 0.0 if unknown else seconds, article.id


def _with_own_ids(articles: list[Article], notices: list[Notice]) -> list[Article]:
    """The articles, those that share an id renamed `id#2`, `id#3`, … in the order of their content and all they say."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, article in enumerate(articles):
        places[article.id].append(place)
    renamed = list(articles)
    for shared, holders in places.items():
        if len(holders) == 1:
            continue
        holders.sort(
            key=lambda place: (_content_hash(articles[place]), _seniority(articles[place]), repr(articles[place]))
        )
        number = 2
        for place in holders[1:]:
            while f"{shared}#{number}" in places:
                number += 1
            article = replace(articles[place], id=f"{shared}#{number}")
            number += 1
            renamed[place] = article
            where = article.where or article.path or f"article {place}"
            notices.append(Notice(where, f"the id {shared!r} is taken", f"kept as {article.id!r}", skipped=False))
    return renamed
