"""Turns a mapping, as it comes from JSON, a table or a caller, into an `Article`.

A field is recognised by its usual names. The case of a name does not matter, nor do spaces, hyphens and underscores:
`publishedAt`, `Published At` and `published_at` are one name, and `_id` is `id`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.formats.quoting import quote, quote_list
from dedup.inputs.dates import Reading, read_date
from dedup.inputs.sanitize import sanitize

USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "guid", "uuid", "articleid", "docid", "documentid", "newsid"),
    "text": (
        *("text", "body", "content", "article", "fulltext", "maintext", "articletext", "articlebody"),
        *("articlecontent", "bodytext", "contenttext", "storytext", "plaintext", "rawtext"),
    ),
    "title": ("title", "headline", "heading", "head", "articletitle", "newstitle", "webtitle"),
    "published": (
        *("published", "publishedat", "publishedon", "publisheddate", "publishdate", "publishtime", "datepublished"),
        *("datepublish", "pubdate", "pubtime", "publicationdate", "publicationtime", "webpublicationdate"),
        *("firstpublished", "date", "datetime", "time", "timestamp", "posted", "postedat", "created", "createdat"),
    ),
    "seen": (
        *("seen", "seenat", "firstseen", "fetched", "fetchedat", "fetchtime", "crawled", "crawledat", "crawldate"),
        *("crawltime", "datecrawled", "datedownload", "downloaded", "downloadedat", "downloaddate", "retrieved"),
        *("retrievedat", "accessed", "accessedat", "scraped", "scrapedat", "collectedat", "indexedat", "filedate"),
    ),
    "source": (
        *(
            "sourcehostname",
            "source",
            "outlet",
            "publisher",
            "publication",
            "sourcename",
            "sourcedomain",
            "domain",
            "site",
            "sitename",
        ),
        *("newspaper", "provider", "hostname"),
    ),
    "url": ("url", "link", "weburl", "articleurl", "sourceurl", "permalink", "canonicalurl"),
    "lang": ("lang", "language", "langcode", "languagecode"),
    "story": ("story",),
}
"""For each field of an `Article` the names it is known by, in the order in which they are tried, squeezed: lower case,
without spaces, hyphens and underscores."""

LONGEST_TITLE = 4096
"""Characters of the title of an article that has a text. Titles are looked for in other articles, word by word."""

_HOST, _ADDRESS = "sourcehostname", "source"
"""trafilatura's JSON: where it names an outlet under the first, it has the address of the page under the second."""

_INSIDE = ("name", "main", "value", "#text", "$oid", "$date", "$numberLong")
"""Where the value is, when it comes wrapped in an object of its own: `{"source": {"id": null, "name": "The Echo"}}`."""

_SQUEEZED_OUT = str.maketrans("", "", " -_\t\ufeff")


def from_record(
    record: Mapping[str, Any],
    *,
    where: str,
    default_id: str,
    fields: Mapping[str, str] | None = None,
    path: str = "",
    dayfirst: bool = False,
    today: date | None = None,
) -> tuple[Article | None, list[Notice]]:
    """Turns a mapping into an `Article`.

    Args:
        record: the values by name. A field that is None, NaN or blank counts as missing.
        where: the place of the record, for notices.
        default_id: its id where it has none of its own.
        fields: our name -> theirs, as in `{"text": "story_body"}`. A field named here is looked for under this name
            only, which is first tried exactly as it is and then as the usual names are.
        path: the file it was read from.
        dayfirst: whether `01/02/2020` is the first of February; without it, it is not understood.
        today: dates more than two days after this one are unknown, and so are dates of publication more than two days
            after the article was seen. None for any.

    Returns:
        The article, and what was noticed. Without text and title there is no article but a notice that says why.
        The text is kept as it is, but for null bytes and lone surrogates, which no text can hold: U+FFFD takes their
        place. The other fields lose the white space around them.

    Raises:
        InputError: `fields` has a name that is not a field of an article.
    """
    dates = Dates(dayfirst=dayfirst, today=today)
    article, notices = read_record(record, where=where, default_id=default_id, fields=fields, path=path, dates=dates)
    return article, [*notices, *dates.notices()]


def read_record(
    record: Mapping[str, Any],
    *,
    where: str,
    default_id: str,
    fields: Mapping[str, str] | None,
    path: str,
    dates: Dates,
) -> tuple[Article | None, list[Notice]]:
    """As `from_record`, but for the dates that are none: `dates` counts them."""
    keys = find_fields(record, fields)
    reading = _Reading(record, where)

    text = reading.first("text", keys["text"], _text) or ""
    title = reading.first("title", keys["title"], _line) or ""
    if not text and not title:
        return None, [reading.unusable(bool(keys["text"]))]
    if not text:
        reading.judged_by_title(bool(keys["text"]))
    elif len(title) > LONGEST_TITLE:
        title = reading.cut(title)

    published, seen = dates.of(record, keys, where)
    article = Article(
        id=reading.first("id", keys["id"], _line) or reading.whole("id", default_id),
        text=text,
        title=title,
        published=published,
        seen=seen,
        source=reading.first("source", keys["source"], _line) or "",
        url=reading.first("url", keys["url"], _line) or "",
        lang=reading.first("lang", keys["lang"], _line) or "",
        path=path,
        where=where if path else "",
        story=reading.first("story", keys["story"], _line),
    )
    return article, reading.notices


class Dates:
    """How dates are read, and a count of those that are none: of a million there is one notice."""

    def __init__(self, *, dayfirst: bool = False, today: date | None = None) -> None:
        self._dayfirst = dayfirst
        self._today = today
        self._counts: dict[str, Counter[str]] = {}
        self._first: dict[tuple[str, str], tuple[str, str]] = {}

    def of(
        self, record: Mapping[str, Any], keys: Mapping[str, Sequence[Any]], where: str
    ) -> tuple[date | datetime | None, date | datetime | None]:
        """When the article of a record was published, and when it was seen."""
        seen = self._read(record, keys["seen"], self._today)
        published = self._read(record, keys["published"], seen.when or self._today)
        if published.problem:
            action = "its time is taken as UTC" if published.when else "kept without a date"
            self._count(published, where, action if published.when or not seen.when else "dated by when it was seen")
        elif seen.problem:
            action = "its time is taken as UTC" if seen.when else "kept without the date on which it was seen"
            self._count(seen, where, action)
        return published.when, seen.when

    def _read(self, record: Mapping[str, Any], names: Iterable[Any], latest: date | None) -> Reading:
        """The first value that is a date, else the first problem."""
        problem = Reading(None)
        for name in names:
            value = record[name]
            if is_missing(value):
                continue
            reading = read_date(_unwrapped(value), dayfirst=self._dayfirst, today=latest)
            if reading.when is not None:
                return reading
            problem = problem if problem.problem else reading
        return problem

    def _count(self, reading: Reading, where: str, action: str) -> None:
        self._counts.setdefault(action, Counter())[reading.kind] += 1
        self._first.setdefault((action, reading.kind), (where, reading.problem))

    def notices(self) -> Iterator[Notice]:
        """For each thing that was done about dates one notice, with the first of every kind."""
        for action, counts in self._counts.items():
            firsts = [self._first[action, kind] for kind in counts]
            where, problem = firsts[0]
            if (total := counts.total()) > 1:
                kinds = (
                    f"{count:,} {kind} ({problem})"
                    for (kind, count), (_, problem) in zip(counts.items(), firsts, strict=True)
                )
                problem = f"{total:,} dates are not as they should be: {'; '.join(kinds)}"
                where = f"{where} and {total - 1:,} more"
            yield Notice(where, problem, action, skipped=False)


def find_fields(names: Iterable[Any], fields: Mapping[str, str] | None = None) -> Mapping[str, Sequence[Any]]:
    """For each field of an `Article` those of `names` that hold it, in the order in which they are to be tried.

    Raises:
        InputError: `fields` has a name that is not a field of an article.
    """
    return _find_fields(tuple(names), tuple((fields or {}).items()))


@lru_cache(maxsize=64)  # the records of a file nearly all have the same names
def _find_fields(names: tuple[Any, ...], pairs: tuple[tuple[str, str], ...]) -> Mapping[str, Sequence[Any]]:
    fields = dict(pairs)
    if unknown := fields.keys() - USUAL_NAMES.keys():
        raise InputError(f"an article has no field {quote_list(sorted(unknown))} (it has: {', '.join(USUAL_NAMES)})")
    squeezed: dict[str, list[Any]] = {}
    for name in names:
        squeezed.setdefault(_squeeze(name), []).append(name)
    named = {ours: _named(theirs, squeezed) for ours, theirs in fields.items()}
    taken = {name for found in named.values() for name in found}
    usual = {
        ours: [name for one in theirs for name in squeezed.get(one, ()) if name not in taken]
        for ours, theirs in USUAL_NAMES.items()
    }
    if _HOST in squeezed:
        addresses = [name for name in usual["source"] if _squeeze(name) == _ADDRESS]
        usual["source"] = [name for name in usual["source"] if name not in addresses]
        usual["url"] = [*usual["url"], *addresses]
    return MappingProxyType(usual | named)


def _named(theirs: str, squeezed: Mapping[str, list[Any]]) -> list[Any]:
    alike = squeezed.get(_squeeze(theirs), [])
    return [theirs] if theirs in alike else alike


def _squeeze(name: Any) -> str:
    return str(name).translate(_SQUEEZED_OUT).lower()


class _Reading:
    """One record while it is read, with the notices that arise."""

    def __init__(self, record: Mapping[str, Any], where: str) -> None:
        self.record = record
        self.where = where
        self.notices: list[Notice] = []
        self._odd_text = ""

    def first(self, field: str, names: Iterable[Any], read: Callable[[Any], str | None]) -> str | None:
        """The first value that is there and can be read; a notice if there are only others."""
        odd: list[str] = []
        for name in names:
            value = self.record[name]
            if type(value) is str:  # by far the most are, and need no more than this
                if stripped := value.strip():
                    return self.whole(field, value if read is _text else stripped)
                continue
            if is_missing(value):
                continue
            read_value = read(value)
            if read_value is None:
                odd.append(f"its field {quote(name)} is {_kind(value)}")
            elif read_value.strip():
                return self.whole(field, read_value)
        if odd and field == "text":
            self._odd_text = f"{odd[0]}, not text"
        elif odd:
            self._notice(
                f"{odd[0]}, which is no {field}", f"kept without {'an own id' if field == 'id' else f'a {field}'}"
            )
        return None

    def whole(self, field: str, value: str) -> str:
        """The value without what no text can hold; a notice that counts it."""
        value, found = sanitize(value)
        for what in found:
            self._notice(f"its {field} has {what}", "replaced by U+FFFD")
        return value

    def cut(self, title: str) -> str:
        """The beginning of a title beyond all measure; a notice."""
        self._notice(*too_long(title))
        return title[:LONGEST_TITLE].rstrip()

    def unusable(self, has_text_field: bool) -> Notice:
        advice = "skipped (--field text=NAME says which field holds the text)"
        if self._odd_text:
            return Notice(self.where, f"{self._odd_text}, and it has no title", advice, True)
        if has_text_field:
            return Notice(self.where, "its text is empty and it has no title", "skipped", True)
        if not self.record:
            return Notice(self.where, "it has no fields at all", "skipped", True)
        return Notice(
            self.where, f"it has no text and no title among its fields {quote_list(self.record)}", advice, True
        )

    def judged_by_title(self, has_text_field: bool) -> None:
        """An empty text beside a title is nothing to speak of; a text that is not found or not text is."""
        if self._odd_text:
            self._notice(self._odd_text, "kept, judged by its title alone")
        elif not has_text_field:
            self._notice(
                f"it has no text among its fields {quote_list(self.record)}",
                "kept, judged by its title alone (--field text=NAME says which field holds the text)",
            )

    def _notice(self, problem: str, action: str) -> None:
        self.notices.append(Notice(self.where, problem, action, skipped=False))


def too_long(title: str) -> tuple[str, str]:
    """What is told of a title beyond `LONGEST_TITLE`, and what was done."""
    return f"its title has {len(title):,} characters", f"cut to {LONGEST_TITLE:,}"


def is_missing(value: Any) -> bool:
    """None, NaN, NaT, pandas' NA, and strings of nothing but white space."""
    if value is None or isinstance(value, str):
        return value is None or not value.strip()
    if type(value).__name__ in {"NAType", "NaTType"}:  # pandas', without importing it
        return True
    unequal = value != value  # noqa: PLR0124 - only NaN, in whatever library, is unequal to itself
    return type(unequal).__name__ in {"bool", "bool_"} and bool(unequal)  # NumPy's, without importing it


def _text(value: Any) -> str | None:
    """A string, or paragraphs."""
    value = _plain(value)
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None


def _line(value: Any) -> str | None:
    """A string or a number without white space around it; several strings with commas."""
    value = _plain(value)
    if type(value).__module__ == "uuid":
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return ", ".join(part.strip() for part in value)
    if isinstance(value, float) and value.is_integer():  # whole numbers in a data frame column with gaps
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _digits(value)
    return value.strip() if isinstance(value, str) else None


def _plain(value: Any) -> Any:
    value = _unwrapped(value)
    if isinstance(value, bytes):  # text of a Parquet file whose writer did not say so; what is damaged is counted
        return value.decode("utf-8", "surrogateescape")
    return value.tolist() if hasattr(value, "tolist") else value  # NumPy's numbers and arrays


def _digits(value: float) -> str | None:
    try:
        return str(value)
    except ValueError:  # Python does not write out whole numbers of more than some thousand digits
        return None


def _unwrapped(value: Any) -> Any:
    """What is inside an object that only wraps a value; the value itself otherwise."""
    while isinstance(value, Mapping):
        inner = next((value[name] for name in _INSIDE if not is_missing(value.get(name))), None)
        if inner is None:
            return value
        value = inner
    return value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f"of type {type(value).__name__}"
