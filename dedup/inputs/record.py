"""Convert a mapping, from JSON, a table or a caller, to an `Article`.

A field is recognised by its usual names. Case, spaces, hyphens and underscores are ignored: `publishedAt`,
`Published At` and `published_at` are one name, and `_id` is `id`.
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
from dedup.formats.escaping import quote, quote_list, sanitize
from dedup.inputs.date_order import DateReader
from dedup.inputs.dates import Reading
from dedup.inputs.markup import to_plain, to_plain_line

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
"""The recognised names of each field of an `Article`, in the order in which they are tried; normalized to lower case
without spaces, hyphens and underscores."""

LONGEST_TITLE = 4096
"""Maximum characters of the title of an article that has a text. Titles are searched for in other articles."""

_HOST, _ADDRESS = "sourcehostname", "source"
"""Names in the JSON of trafilatura: if the first holds the outlet, the second holds the address of the page."""

_INSIDE = ("name", "main", "value", "#text", "$oid", "$date", "$numberLong")
"""Keys of a value that is wrapped in an object: `{"source": {"id": null, "name": "The Echo"}}`."""

_NO_DATE = Reading(None)
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
    """Convert a mapping to an `Article`.

    Args:
        record: the values by name. A field that is None, NaN or blank counts as missing.
        where: the location of the record, for notices.
        default_id: the id of a record that has none.
        fields: field of an `Article` -> name in the record, as in `{"text": "story_body"}`. A field named here is
            looked up under this name only: first the exact name, then ignoring case and separators.
        path: the file it was read from.
        dayfirst: read `01/02/2020` as 1 February. By default such a date is refused as ambiguous.
        today: refuse dates more than two days after this one, and dates of publication more than two days after the
            article was seen. None for no limit.

    Returns:
        The article and the notices. The article is None, and a notice says why, if there is neither text nor title.
        Text and title are converted to plain text if they are HTML, see `dedup.inputs.markup`. Null bytes and lone
        surrogates are replaced by U+FFFD; otherwise the text is unchanged. The other fields are stripped of surrounding
        white space.

    Raises:
        InputError: `fields` has a name that is not a field of an article.
    """
    corrections = Corrections(dayfirst=dayfirst, today=today)
    article, notices = read_record(
        record, where=where, default_id=default_id, fields=fields, path=path, corrections=corrections
    )
    return article, [*notices, *corrections.notices()]


def read_record(
    record: Mapping[str, Any],
    *,
    where: str,
    default_id: str,
    fields: Mapping[str, str] | None,
    path: str,
    corrections: Corrections,
    is_plain: bool = False,
) -> tuple[Article | None, list[Notice]]:
    """Convert a mapping as `from_record` does, but count markup and invalid dates instead of noting each.

    Args:
        record, where, default_id, fields, path: see `from_record`.
        corrections: reads dates, and counts.
        is_plain: whether text and title are known to be plain text, whatever they look like.
    """
    keys = find_fields(record, fields)
    reading = _Reading(record, where)

    text = reading.first("text", keys["text"], _text, may_be_html=not is_plain) or ""
    title = reading.first("title", keys["title"], _line, may_be_html=not is_plain) or ""
    if not text and not title:
        return None, [reading.unusable(bool(keys["text"]))]
    if not text:
        reading.judged_by_title(bool(keys["text"]))
    elif len(title) > LONGEST_TITLE:
        title = reading.cut(title)
    if reading.had_markup:
        corrections.count_markup(where)

    published, seen = corrections.read_dates(record, keys, where)
    article = Article(
        id=reading.first("id", keys["id"], _line) or reading.sanitized("id", default_id),
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


class Corrections:
    """Reads dates, and counts invalid ones and texts with markup: a run has one notice for each kind, not a million.

    Args:
        dayfirst: see `from_record`.
        today: see `from_record`.
    """

    def __init__(self, *, dayfirst: bool = False, today: date | None = None) -> None:
        self.dates = DateReader(dayfirst=dayfirst)
        self._today = today
        self._counts: dict[str, Counter[str]] = {}
        self._first: dict[tuple[str, str], tuple[str, str]] = {}
        self._marked_up, self._first_marked_up = 0, ""

    def count_markup(self, where: str) -> None:
        """Count an article whose markup was removed."""
        self._first_marked_up = self._first_marked_up or where
        self._marked_up += 1

    def read_dates(
        self, record: Mapping[str, Any], keys: Mapping[str, Sequence[Any]], where: str
    ) -> tuple[date | datetime | None, date | datetime | None]:
        """Return when the article of a record was published, and when it was seen."""
        seen = self._read(record, keys["seen"], self._today)
        published = self._read(record, keys["published"], seen.when or self._today, seen.when)
        if published.problem:
            action = "only its day is known" if published.when else "kept without a date"
            self._count(published, where, action if published.when or not seen.when else "dated by when it was seen")
        elif seen.problem:
            action = "only its day is known" if seen.when else "kept without the date on which it was seen"
            self._count(seen, where, action)
        return published.when, seen.when

    def _read(
        self, record: Mapping[str, Any], names: Iterable[Any], latest: date | None, seen: date | None = None
    ) -> Reading:
        """Return the first valid date, else the first problem."""
        problem = _NO_DATE
        for name in names:
            value = record[name]
            if is_missing(value):
                continue
            reading = self.dates.read(name, _unwrapped(value), today=latest, seen=seen)
            if reading.when is not None:
                return reading
            problem = problem if problem.problem else reading
        return problem

    def _count(self, reading: Reading, where: str, action: str) -> None:
        self._counts.setdefault(action, Counter())[reading.kind] += 1
        self._first.setdefault((action, reading.kind), (where, reading.problem))

    def notices(self) -> Iterator[Notice]:
        """Yield a notice of all markup, and one per action taken on invalid dates, with the first of each kind."""
        if self._marked_up:
            others = f" and {self._marked_up - 1:,} more" if self._marked_up > 1 else ""
            articles = f"{self._marked_up:,} article{'s' if self._marked_up > 1 else ''}"
            action = f"markup was removed from the text of {articles}"
            yield Notice(
                f"{self._first_marked_up}{others}", "its text has tags or entities of HTML", action, skipped=False
            )
        yield from self.dates.notices()
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
    """Map each field of an `Article` to those of `names` that can hold it, in the order to try them.

    Raises:
        InputError: `fields` has a name that is not a field of an article.
    """
    return _find_fields(tuple(names), tuple((fields or {}).items()))


@lru_cache(maxsize=64)  # records of a file mostly share their names
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
    """A record being read, with its notices."""

    def __init__(self, record: Mapping[str, Any], where: str) -> None:
        self.record = record
        self.where = where
        self.notices: list[Notice] = []
        self.had_markup = False
        self._odd_text = ""

    def first(
        self, field: str, names: Iterable[Any], read: Callable[[Any], str | None], *, may_be_html: bool = False
    ) -> str | None:
        """Return the first present and readable value; note a problem if only unreadable ones are present."""
        odd: list[str] = []
        for name in names:
            value = self.record[name]
            if type(value) is str and not (may_be_html and ("<" in value or "&" in value)):  # common, kept fast
                if stripped := value.strip():
                    return self.sanitized(field, value if read is _text else stripped)
                continue
            if is_missing(value):
                continue
            read_value = read(value)
            if read_value is None:
                odd.append(f"its field {quote(name)} is {_kind(value)}")
                continue
            if may_be_html:
                plain = (to_plain if read is _text else to_plain_line)(read_value)
                self.had_markup = self.had_markup or plain != read_value
                read_value = plain
            if read_value.strip():
                return self.sanitized(field, read_value)
        if odd and field == "text":
            self._odd_text = f"{odd[0]}, not text"
        elif odd:
            self._notice(
                f"{odd[0]}, which is no {field}", f"kept without {'an own id' if field == 'id' else f'a {field}'}"
            )
        return None

    def sanitized(self, field: str, value: str) -> str:
        """Sanitize a value and note what was replaced."""
        value, found = sanitize(value)
        for what in found:
            self._notice(f"its {field} has {what}", "replaced by U+FFFD")
        return value

    def cut(self, title: str) -> str:
        """Cut a title to `LONGEST_TITLE` characters and note it."""
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
        """Note a text that is missing or of another type. An empty text beside a title needs no notice."""
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
    """Return the problem and the action of a notice about a title beyond `LONGEST_TITLE`."""
    return f"its title has {len(title):,} characters", f"cut to {LONGEST_TITLE:,}"


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT, pandas' NA or a blank string."""
    if value is None or isinstance(value, str):
        return value is None or not value.strip()
    if type(value).__name__ in {"NAType", "NaTType"}:  # pandas', without importing it
        return True
    unequal = value != value  # noqa: PLR0124 - only NaN, of any library, is unequal to itself
    return type(unequal).__name__ in {"bool", "bool_"} and bool(unequal)  # NumPy's, without importing it


def _text(value: Any) -> str | None:
    """Return a string, or a list of paragraphs joined by line ends; None for any other type."""
    value = _plain(value)
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None


def _line(value: Any) -> str | None:
    """Return a stripped string or a number as text, or a list of strings joined by commas; None for other types."""
    value = _plain(value)
    if type(value).__module__ == "uuid":
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return ", ".join(part.strip() for part in value)
    if isinstance(value, float) and value.is_integer():  # integers of a data frame column with gaps
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _digits(value)
    return value.strip() if isinstance(value, str) else None


def _plain(value: Any) -> Any:
    value = _unwrapped(value)
    if isinstance(value, bytes):  # Parquet text not marked as such; damaged bytes become surrogates
        return value.decode("utf-8", "surrogateescape")
    return value.tolist() if hasattr(value, "tolist") else value  # NumPy's numbers and arrays


def _digits(value: float) -> str | None:
    try:
        return str(value)
    except ValueError:  # Python limits the digits of an int it converts
        return None


def _unwrapped(value: Any) -> Any:
    """Return the value inside an object that only wraps one, else the value itself."""
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
