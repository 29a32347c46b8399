"""Collect articles of any input form, give them unique ids, and order the distinct ones by content hash.

Articles with equal title and text are one distinct article; a blank article equals no other. All later steps work on
the distinct articles in the order of their content hashes, so results do not depend on the order of the input. Articles
are read one at a time, so that tokenizing starts while later ones are still being read.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.article import Article, Notice, changed
from dedup.inputs.addresses import PageKey, page_keys
from dedup.inputs.items import has_integer_id, is_blank, is_lasting, iter_items, mappings, to_article
from dedup.inputs.preferences import Preferences
from dedup.inputs.read_fields import ReadFields
from dedup.inputs.record import Corrections
from dedup.kinds import NOTHING, Content, read_contents, told_by
from dedup.kinds.notices import About
from dedup.text.dateline import dateline

if TYPE_CHECKING:
    import pandas as pd

Seniority = tuple[float, int, int]
"""Sort key of a distinct article: publication time (infinite if unknown), minus the length, the number."""
_BLOCK, _BLOCK_LENGTH = 256, 1 << 21
"""Articles, and about how many characters of text, that are read at a time."""
LEAD = 320
"""Characters kept of the text of an article without a title if texts are not kept."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The input articles, and the distinct articles among them in the order of their content hashes.

    Attributes:
        articles: the articles in input order, with unique ids.
        notices: problems of the input.
        content_hashes: hash of each distinct article, ascending.
        members: for each distinct article its positions in `articles`, earliest published first.
        seconds: first publication of each distinct article, in seconds since 1970, shape (distinct,): from its date,
            the dateline of its text, or the time it was seen; nan if none is known.
        lengths: characters of the text of each distinct article, shape (distinct,).
        told: the kind of each article in `articles`, and whom it credits.
        datelines: position in `articles` -> date at the head of the text, for articles without a date of publication.
        has_texts: whether `articles` still have their texts.
        integer_ids: whether an id was given as an integer.
        index: the index of the pandas data frame or series that the articles came in, None for any other input.
        revisions: position of the latest article of a page -> those of its earlier versions, the oldest first. They are
            no members of any distinct article.
    """

    articles: tuple[Article, ...]
    notices: tuple[Notice, ...]
    content_hashes: tuple[bytes, ...]
    members: tuple[tuple[int, ...], ...]
    seconds: NDArray[np.float64]
    lengths: NDArray[np.int64]
    told: tuple[Content, ...]
    datelines: Mapping[int, date] = field(default_factory=dict)
    has_texts: bool = True
    integer_ids: bool = False
    index: Any = None
    revisions: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of distinct articles."""
        return len(self.content_hashes)

    def first(self, distinct: int) -> Article:
        """Return the earliest published article with the content of a distinct article."""
        return self.articles[self.members[distinct][0]]

    def counts(self) -> NDArray[np.int64]:
        """Return how many articles have the content of each distinct article, shape (distinct,)."""
        return np.fromiter(map(len, self.members), np.int64, len(self.members))

    def kind(self, distinct: int) -> str:
        """Return the kind of a distinct article: that of the earliest published."""
        return self.told[self.members[distinct][0]].kind.kind

    def abouts(self) -> dict[int, About]:
        """Return what the distinct articles that are notices or on matches are about."""
        found = ((distinct, self.told[members[0]].about) for distinct, members in enumerate(self.members))
        return {distinct: about for distinct, about in found if about}

    def in_input_order(self, distinct: Iterable[int]) -> Iterator[Article]:
        """Yield the `first` article of each of some distinct articles, in input order."""
        return map(self.articles.__getitem__, sorted(self.members[one][0] for one in distinct))

    def inverse(self) -> NDArray[np.int64]:
        """Return the number of the distinct article of each input article, shape (articles,).

        An earlier version of a page has that of the latest.
        """
        found = np.empty(len(self.articles), np.int64)
        for number, places in enumerate(self.members):
            found[list(places)] = number
        for latest, earlier in self.revisions.items():
            found[list(earlier)] = found[latest]
        return found

    def times(self, distinct: int) -> Iterator[tuple[float, int, int]]:
        """Yield (seconds, rank, position) for each input article with the content of a distinct article.

        `seconds` is its publication time; if unknown, that of the earliest of them; if also unknown, infinity.
        """
        first = float(self.seconds[distinct])
        for number, place in enumerate(self.members[distinct]):
            own = published_seconds(self.articles[place].published)
            yield next((known for known in (own, first) if not math.isnan(known)), math.inf), number, place

    def outlets(self) -> NDArray[np.int64]:
        """Return the outlet number of each distinct article, shape (distinct,); -1 if unknown or not unique."""
        name_of = {source: " ".join(source.casefold().split()) for source in {one.source for one in self.articles}}
        names = ({name_of[self.articles[place].source] for place in held} - {""} for held in self.members)
        known = [found.pop() if len(found) == 1 else "" for found in names]
        number = {name: place for place, name in enumerate(sorted({*known} - {""}))}
        return np.fromiter((number.get(name, -1) for name in known), np.int64, len(known))

    def seniorities(self) -> list[Seniority]:
        """Return the sort key of each distinct article: earliest published first, then the longest."""
        times = np.where(np.isnan(self.seconds), np.inf, self.seconds)
        return list(zip(times.tolist(), (-self.lengths).tolist(), range(len(self)), strict=True))

    def text_getter(self, bodiless: Sequence[int]) -> Callable[[int], str]:
        """Return a function from a distinct article to its text with title; for `bodiless` ones the title alone."""
        title_only = set(bodiless)

        def text_of(distinct: int) -> str:
            article = self.first(distinct)
            return article.title if distinct in title_only else f"{article.title}\n\n{article.text}".strip()

        return text_of


class ArticleReader:
    """Reads articles of any form that `dedup.cluster` accepts. Exhaust `texts` first, then call `collection`.

    Args:
        articles: the input.
        keep_texts: whether the articles of the collection keep their texts. Otherwise only the first `LEAD` characters
            of an article without a title are kept, to name it by.
        preferences: an article that they leave ungrouped is read as one without words, and equals no other.
    """

    def __init__(
        self,
        articles: Iterable[Article | Mapping[str, Any] | str] | pd.DataFrame,
        *,
        keep_texts: bool = True,
        preferences: Preferences | None = None,
    ) -> None:
        self._preferences = preferences
        self._items = iter_items(articles)
        self.mappings = partial(mappings, articles) if is_lasting(articles) else None
        self._keep_texts = keep_texts
        self._notices: list[Notice] = []
        self._taken: list[Article] = []
        self._told: list[Content] = []
        self._named_here: set[int] = set()
        self._integer_ids = False
        self._index: Any = getattr(articles, "index", None) if hasattr(articles, "iloc") else None
        self._distinct: list[DistinctArticle] = []
        self._known: dict[bytes, DistinctArticle] = {}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield title and text of each article whose content is new.

        Raises:
            InputError: an item is not an article.
        """
        corrections = Corrections(today=datetime.now(UTC), fields=ReadFields())
        corrections.dates.begin_file("the articles", self.mappings)
        block, length = list[Article](), 0
        for place, item in enumerate(self._items):
            article = self._article(item, place, corrections)
            block.append(article)
            length += len(article.text)
            if len(block) == _BLOCK or length >= _BLOCK_LENGTH:
                yield from self._texts_of(block)
                block, length = [], 0
        yield from self._texts_of(block)
        self._notices.extend(corrections.notices())

    def _texts_of(self, block: Sequence[Article]) -> Iterator[tuple[str, str]]:
        """Yield title and text of each article of a block whose content is new."""
        held, new = list[DistinctArticle](), list[tuple[str, str]]()
        first = len(self._distinct)
        for article in block:
            content = content_hash(article)
            alone = is_blank(article) or (self._preferences is not None and self._preferences.is_ungrouped(article))
            same = None if alone else self._known.get(content)
            if same is None:
                same = DistinctArticle(content, len(self._distinct), len(article.text), alone)
                if not alone:
                    self._known[content] = same
                self._distinct.append(same)
                new.append((article.title, article.text))
            held.append(same)
        for same, told in zip(self._distinct[first:], read_contents(new), strict=True):
            same.told = told
        for article, same in zip(block, held, strict=True):
            if not same.members:
                yield ("", "") if same.blank else (article.title, article.text)
            same.members.append(len(self._told))
            self._told.append(told_by(article, same.told))
            if article.published is None and same.dateline is None:
                same.dateline = find_dateline(article)
            self._taken.append(article if self._keep_texts or same.told.withdraws else without_text(article))

    def _article(self, item: object, place: int, corrections: Corrections) -> Article:
        """Return an item as an article. One without an id is named by its position."""
        if isinstance(item, Article):
            article = to_article(item, place, self._notices, corrections)
            if _is_named_by_place(article):
                self._named_here.add(place)
            return article
        article = to_article(item, place, self._notices, corrections, default_id="")
        if not article.id:
            self._named_here.add(place)
            return changed(article, id=str(place))
        self._integer_ids = self._integer_ids or (isinstance(item, Mapping) and has_integer_id(item))
        return article

    def versions(self) -> tuple[list[tuple[list[int], bool]], Mapping[int, Version]]:
        """Return the articles that may be versions of a page, by position.

        An id under which an outlet has several texts is an address too: that of an item of a feed.

        Returns:
            For each address that several articles have these articles, the earliest first, and whether the address
            names an article, see `PageKey`; and what is known of each of them.
        """
        held: dict[PageKey, list[int]] = defaultdict(list)
        texts: dict[tuple[str, str], set[int]] = defaultdict(set)
        distinct = {place: same for same in self._distinct if not same.blank for place in same.members}
        for place, same in distinct.items():
            article = self._taken[place]
            for key in page_keys(article):
                held[key].append(place)
            if article.source and place not in self._named_here:
                texts[article.source, article.id].add(same.place)
        several = {key for key, rows in texts.items() if len(rows) > 1}
        for place in distinct if several else ():
            named = self._taken[place].source, self._taken[place].id
            if named in several and place not in self._named_here:
                held[PageKey("\0".join(named).encode(errors="replace"), specific=False)].append(place)
        shared = {key: places for key, places in held.items() if len(places) > 1}
        known = {
            place: _version(self._taken[place], distinct[place], self._told[place])
            for places in shared.values()
            for place in places
        }
        return [(sorted(places, key=known.__getitem__), key.specific) for key, places in shared.items()], known

    def collection(self, pages: Iterable[Sequence[int]] = ()) -> tuple[Collection, NDArray[np.int64]]:
        """Return the collection, and for each of its distinct articles the position at which `texts` yielded it.

        Args:
            pages: the positions of the versions of each page with several, the latest last.
        """
        revisions = {versions[-1]: tuple(versions[:-1]) for versions in pages}
        taken = _with_unique_ids(self._taken, self._distinct, self._notices, self._named_here)
        for same in self._distinct:
            if same.blank:  # its hash includes the id, which may have been made unique
                same.content = hash_alone(taken[same.members[0]])
        earlier = {place for versions in revisions.values() for place in versions}
        distinct = self._distinct
        if earlier:
            for same in distinct:
                same.members = [place for place in same.members if place not in earlier]
            distinct = [same for same in distinct if same.members]
        collection, order = build_collection(taken, self._told, distinct, self._notices, has_texts=self._keep_texts)
        return replace(collection, integer_ids=self._integer_ids, index=self._index, revisions=revisions), order


class Version(NamedTuple):
    """What is known of an article that may be a version of a page. The greatest is the latest version.

    Attributes:
        is_whole: whether it is no stub: one is never the latest version beside another.
        seconds: its date, infinite and negative if unknown.
        seen: the time it was seen, in the same form.
        length: characters of its text: of equal dates the longest counts as the latest, as texts grow.
        content: hash of its content.
        id: its id.
        row: the position at which `ArticleReader.texts` yielded its content.
        told: what it tells.
    """

    is_whole: bool
    seconds: float
    seen: float
    length: int
    content: bytes
    id: str
    row: int
    told: Content


def _version(article: Article, same: DistinctArticle, told: Content) -> Version:
    dates = (published_seconds(_published(article, same)), published_seconds(article.seen))
    published, seen = (-math.inf if math.isnan(when) else when for when in dates)
    content = same.content, article.id, same.place
    return Version(not told.is_stub, published, seen, same.length, *content, told)


def build_collection(
    articles: Sequence[Article],
    told: Sequence[Content],
    distinct: Iterable[DistinctArticle],
    notices: list[Notice],
    *,
    has_texts: bool,
) -> tuple[Collection, NDArray[np.int64]]:
    """Build a collection, and return for each of its distinct articles the position in `distinct`.

    Args:
        articles: the articles in input order, with unique ids.
        told: their kinds, and whom they credit.
        distinct: the groups of equal articles.
        notices: problems of the input; extended in place.
        has_texts: whether the articles still have their texts.
    """
    in_order = sorted(distinct, key=lambda same: same.content)
    found_dates = {place: same.dateline for same in in_order if same.dateline for place in same.members}
    datelines = {place: day for place, day in found_dates.items() if articles[place].published is None}
    notices.extend(_dated_by_seen(articles, datelines))
    times = []
    for same in in_order:
        same.members.sort(key=lambda place: seniority(articles[place]))
        times.append(published_seconds(_published(articles[same.members[0]], same)))
    collection = Collection(
        articles=tuple(articles),
        notices=tuple(notices),
        content_hashes=tuple(same.content for same in in_order),
        members=tuple(tuple(same.members) for same in in_order),
        seconds=np.array(times, np.float64),
        lengths=np.fromiter((same.length for same in in_order), np.int64, len(in_order)),
        told=tuple(told),
        datelines=datelines,
        has_texts=has_texts,
    )
    return collection, np.fromiter((same.place for same in in_order), np.int64, len(in_order))


@dataclass(slots=True)
class DistinctArticle:
    """A group of equal articles.

    Attributes:
        content: hash of their content.
        place: position among the distinct articles, in input order.
        length: characters of the text.
        blank: whether title and text are blank, or it is never grouped.
        told: what title and text tell.
        members: positions of the articles in the input.
        dateline: the date at the head of the text; looked for only if an article has no date of publication.
    """

    content: bytes
    place: int
    length: int
    blank: bool
    told: Content = NOTHING
    members: list[int] = field(default_factory=list)
    dateline: date | None = None


@lru_cache(maxsize=1 << 12)  # dates repeat across articles
def published_seconds(published: date | None) -> float:
    """Return seconds since 1970 in UTC, nan for None. A day counts as its midnight, a naive time as UTC."""
    if published is None:
        return float("nan")
    if not isinstance(published, datetime):
        published = datetime.combine(published, time())
    return (published if published.tzinfo else published.replace(tzinfo=UTC)).timestamp()


def _published(article: Article, same: DistinctArticle) -> date | None:
    return article.published or same.dateline or article.seen


def _dated_by_seen(articles: Sequence[Article], datelines: Mapping[int, date]) -> Iterator[Notice]:
    """Yield one notice for all articles that are dated by the time they were seen."""
    dated = (
        article
        for place, article in enumerate(articles)
        if article.published is None and article.seen is not None and place not in datelines
    )
    if first := next(dated, None):
        others = sum(1 for _ in dated)
        where = f"{first.where or first.id}{f' and {others:,} more' if others else ''}"
        yield Notice(where, "no date of publication is known", "dated by when it was seen", skipped=False)


def find_dateline(article: Article) -> date | None:
    """Return the date at the head of an article's text, None if there is none."""
    text = article.text.lstrip()
    repeats_title = bool(article.title) and text.startswith(article.title)
    return dateline(text[len(article.title) :].lstrip() if repeats_title else text)


def without_text(article: Article) -> Article:
    """Return the article without its text. One without a title keeps the first `LEAD` characters."""
    return changed(article, text="" if article.title.strip() else article.text[:LEAD])


def content_hash(article: Article) -> bytes:
    """Hash title and text: 16 bytes of BLAKE2b. A blank article is hashed by its id, so it equals no other."""
    text = f"\0\0{article.id}" if is_blank(article) else f"{article.title}\0{article.text}"
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def hash_alone(article: Article) -> bytes:
    """Hash an article that equals no other, by its id alone."""
    return content_hash(changed(article, title="", text=""))


def seniority(article: Article) -> tuple[bool, float, str]:
    """Return the sort key of equal articles: earliest published first, unknown dates last, then by id."""
    seconds = published_seconds(article.published)
    unknown = math.isnan(seconds)
    return unknown, 0.0 if unknown else seconds, article.id


def _is_named_by_place(article: Article) -> bool:
    """Return whether the id of an article from a file is its place there, as in `feed.jsonl:7`."""
    return bool(article.path) and article.where.endswith(article.id) and article.where[: -len(article.id)][-1:] in "/\\"


def _with_unique_ids(
    articles: list[Article], distinct: Iterable[DistinctArticle], notices: list[Notice], named_here: Container[int]
) -> list[Article]:
    """Rename articles that share an id to `id#2`, `id#3`, …, ordered by content and then by all attributes.

    Of an article with its own id and those that were `named_here` alike, the first keeps it.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, article in enumerate(articles):
        places[article.id].append(place)
    shared = {name: holders for name, holders in places.items() if len(holders) > 1}
    if not shared:
        return articles
    content = {place: same.content for same in distinct for place in same.members}
    renamed = list(articles)
    for name, holders in shared.items():
        holders.sort(
            key=lambda place: (
                place in named_here,
                content[place],
                seniority(articles[place]),
                repr(articles[place]),
            )
        )
        number = 2
        for place in holders[1:]:
            while f"{name}#{number}" in places:
                number += 1
            article = changed(articles[place], id=f"{name}#{number}")
            number += 1
            renamed[place] = article
            where = article.where or article.path or f"article {place}"
            notices.append(Notice(where, f"the id {name!r} is taken", f"kept as {article.id!r}", skipped=False))
    return renamed
