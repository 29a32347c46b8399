"""Convert a mapping, from JSON, a table or a caller, to an `Article`.

A field is recognised by its usual names, see `dedup.inputs.names`. Its value may be wrapped in objects and lists, see
`dedup.inputs.values`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from dedup.article import Article, Notice, read_vector
from dedup.errors import InputError
from dedup.formats.escaping import quote, quote_list, sanitize
from dedup.inputs.addresses import page_address
from dedup.inputs.date_order import DateReader
from dedup.inputs.dates import Reading, read_date
from dedup.inputs.fields import Layout, flatten
from dedup.inputs.markup import to_plain, to_plain_line
from dedup.inputs.names import squeeze
from dedup.inputs.read_fields import ReadFields, likely_text
from dedup.inputs.values import date_of, is_cut, is_missing, is_web_address, line_of, literal, text_of
from dedup.kinds import KINDS, named_kind

LONGEST_TITLE = 4096
"""Maximum characters of the title of an article that has a text. Titles are searched for in other articles."""

_NO_DATE = Reading(None)
_SHOWN_KINDS, _SHOWN_CHARACTERS = 5, 40
"""Most unknown kinds that a notice names, and most characters of each."""
_CHECKED = frozenset(("title", "source", "url", "author", "section"))
_WRAPPED = frozenset(("source", "url", "author", "section", "kind", "lang"))
"""Fields whose value may be an object or a list written as text, as cells of tables have it."""
_OPTIONAL = frozenset(("url", "author", "section"))
"""Fields that nothing depends on: a value that is none is left out without a notice."""


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
        fields: field of an `Article` -> name in the record, as in `{"text": "story_body"}`, or path of names, as in
            `{"text": "fields.body", "url": "links[0].href"}`. A field named here is looked up under this name only:
            first the exact name, then ignoring case and separators.
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
    about: Mapping[str, str] | None = None,
) -> tuple[Article | None, list[Notice]]:
    """Convert a mapping as `from_record` does, but count markup and invalid dates instead of noting each.

    Args:
        record, where, default_id, fields, path: see `from_record`.
        corrections: reads dates, and counts.
        is_plain: whether text and title are known to be plain text, whatever they look like.
        about: fields that apply if the record has none: those of the list that it is in; None for none.
    """
    record, layout = flatten(record, fields)
    keys = layout.keys
    reading = _Reading(record, where, is_plain=is_plain)

    text = reading.text(keys["text"])
    lines = {field: line for field, names in layout.lines if (line := reading.line(field, names))}
    if "url" in lines and len(keys["url"]) > 1:
        lines["url"] = reading.canonical(keys["url"], lines["url"])
    title = lines.get("title", "")
    if not text and not title:
        return None, [reading.unusable(bool(keys["text"]))]
    if not text:
        reading.judged_by_title(bool(keys["text"]))
    elif len(title) > LONGEST_TITLE:
        title = reading.cut(title)
    if reading.had_markup:
        corrections.count_markup(where)

    default_date = about.get("published") if about else None
    published, seen = corrections.read_dates(record, keys, where, default_date, reading.used)
    lines = {**about, **lines} if about else lines
    kind = lines.get("kind", "")
    if kind and not named_kind(kind):
        if (fields and "kind" in fields) or squeeze(reading.used.get("kind", "")) == "kind":
            corrections.count_kind(kind, where)
        kind = ""  # a "type" of something else
    article = Article(
        id=lines.get("id") or reading.sanitized("id", default_id),
        text=text,
        title=title,
        published=published,
        seen=seen,
        source=lines.get("source", ""),
        url=lines.get("url", ""),
        author=lines.get("author", ""),
        section=lines.get("section", ""),
        kind=kind,
        lang=lines.get("lang", ""),
        path=path,
        where=where if path else "",
        story=lines.get("story"),
        storyline=lines.get("storyline"),
        vector=reading.vector() if "vector" in record else None,
    )
    corrections.see(record, layout, reading.used, article, where)
    return article, reading.notices


class Corrections:
    """Reads dates, and counts invalid ones and texts with markup: a run has one notice for each kind, not a million.

    Args:
        dayfirst: see `from_record`.
        today: see `from_record`.
        fields: counts the names that fields are read from; None to count none.
    """

    def __init__(self, *, dayfirst: bool = False, today: date | None = None, fields: ReadFields | None = None) -> None:
        self.fields = fields
        self.dates = DateReader(dayfirst=dayfirst)
        self._today = today
        self._counts: dict[str, Counter[str]] = {}
        self._first: dict[tuple[str, str], tuple[str, str]] = {}
        self._marked_up, self._first_marked_up = 0, ""
        self._kinds: Counter[str] = Counter()
        self._first_kind = ""

    def see(
        self, record: Mapping[str, Any], layout: Layout, used: Mapping[str, str], article: Article, where: str
    ) -> None:
        """Count the names that the fields of an article were read from; see `ReadFields.see`."""
        if self.fields:
            self.fields.see(record, layout, used, article, where)

    def count_markup(self, where: str) -> None:
        """Count an article whose markup was removed."""
        self._first_marked_up = self._first_marked_up or where
        self._marked_up += 1

    def count_kind(self, kind: str, where: str) -> None:
        """Count an article that was given an unknown kind."""
        self._first_kind = self._first_kind or where
        self._kinds[kind[:_SHOWN_CHARACTERS]] += 1

    def read_dates(
        self,
        record: Mapping[str, Any],
        keys: Mapping[str, Sequence[Any]],
        where: str,
        default: str | None,
        used: dict[str, str],
    ) -> tuple[date | datetime | None, date | datetime | None]:
        """Return when the article of a record was published, and when it was seen.

        Args:
            record: the record.
            keys: field -> the names to try.
            where: its position, for notices.
            default: the date of publication if the record has none.
            used: field -> the name that it was read from; extended in place.
        """
        seen, published = _NO_DATE, _NO_DATE
        if names := keys["seen"]:
            seen = self._read(record, "seen", names, self._today, None, used)
        if names := keys["published"]:
            published = self._read(record, "published", names, seen.when or self._today, seen.when, used)
        if default and not published.when:
            published = read_date(default, today=self._today)
        if published.problem:
            action = "only its day is known" if published.when else "kept without a date"
            self._count(published, where, action if published.when or not seen.when else "dated by when it was seen")
        elif seen.problem:
            action = "only its day is known" if seen.when else "kept without the date on which it was seen"
            self._count(seen, where, action)
        return published.when, seen.when

    def _read(
        self,
        record: Mapping[str, Any],
        field: str,
        names: Iterable[Any],
        latest: date | None,
        seen: date | None,
        used: dict[str, str],
    ) -> Reading:
        """Return the first valid date, else the first problem."""
        problem = _NO_DATE
        for name in names:
            value = record[name]
            if type(value) is not str:
                value = date_of(value)
            if is_missing(value) or (name == "data" and isinstance(value, list | Mapping)):  # Italian for a date
                continue
            reading = self.dates.read(name, value, today=latest, seen=seen)
            if reading.when is not None:
                used[field] = name
                return reading
            problem = problem if problem.problem else reading
        return problem

    def _count(self, reading: Reading, where: str, action: str) -> None:
        self._counts.setdefault(action, Counter())[reading.kind] += 1
        self._first.setdefault((action, reading.kind), (where, reading.problem))

    def notices(self) -> Iterator[Notice]:
        """Yield a notice of all markup, one per action taken on invalid dates, and those of the fields."""
        if self._marked_up:
            others = f" and {self._marked_up - 1:,} more" if self._marked_up > 1 else ""
            articles = f"{self._marked_up:,} article{'s' if self._marked_up > 1 else ''}"
            action = f"markup was removed from the text of {articles}"
            yield Notice(
                f"{self._first_marked_up}{others}", "its text has tags or entities of HTML", action, skipped=False
            )
        if total := self._kinds.total():
            others = f" and {total - 1:,} more" if total > 1 else ""
            problem, action = unknown_kind(*(kind for kind, _ in self._kinds.most_common(_SHOWN_KINDS)))
            yield Notice(f"{self._first_kind}{others}", problem, action, skipped=False)
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
            elif option := re.search(r" \(--\w+\)", next(iter(counts))):
                problem += option[0]
            yield Notice(where, problem, action, skipped=False)
        if self.fields:
            yield from self.fields.notices()


class _Reading:
    """A record being read, with its notices."""

    __slots__ = ("_is_plain", "_odd", "had_markup", "notices", "record", "used", "where")

    def __init__(self, record: Mapping[str, Any], where: str, *, is_plain: bool) -> None:
        self.record = record
        self.where = where
        self.notices: list[Notice] = []
        self.had_markup = False
        self.used: dict[str, str] = {}
        self._is_plain = is_plain
        self._odd: list[str] = []

    def text(self, names: Sequence[Any]) -> str:
        """Return the fullest text: the first that is not cut, unless a cut one before it is longer."""
        best, marked_up = "", False
        for name in names:
            value = self.record[name]
            if type(value) is not str:
                value = _converted("text", name, value, self._odd)
            if value is None or not value.strip():
                continue
            plain = value if self._is_plain or not ("<" in value or "&" in value) else to_plain(value)
            if not plain.strip() or (best and len(plain) <= len(best)):
                continue
            best, marked_up, self.used["text"] = plain, plain != value, name
            if len(names) == 1 or not is_cut(plain):
                break
        self.had_markup = self.had_markup or marked_up
        return best if best.isascii() and "\0" not in best else self.sanitized("text", best)

    def line(self, field: str, names: Sequence[Any]) -> str:
        """Return the first present and readable value; note a problem if only unreadable ones are present."""
        odd: list[str] = []
        for name in names:
            value = self.record[name]
            if type(value) is not str:
                value = _converted(field, name, value, odd)
            if value is None or not (line := value.strip()):
                continue
            if line[0] in "[{" and field in _WRAPPED:
                line = line_of(literal(line), field) or line
            if field in _CHECKED:
                line = self._checked(field, line)
            if line:
                self.used[field] = name
                return line if line.isascii() and "\0" not in line else self.sanitized(field, line)
        if odd and field not in _OPTIONAL:
            action = f"kept without {'an own id' if field == 'id' else f'a {field}'}"
            self._notice(f"{odd[0]}, which is no {field}", action)
        return ""

    def vector(self) -> tuple[float, ...] | None:
        """Return the list of numbers under the name `vector`; note anything else."""
        value = self.record["vector"]
        if value is None or (isinstance(value, str) and value[:1] not in "["):
            return None
        try:
            return read_vector(literal(value) if isinstance(value, str) else value)
        except InputError:
            self._notice("its vector is no list of numbers", "kept without a vector")
            return None

    def canonical(self, names: Sequence[Any], url: str) -> str:
        """Return the address that a record calls the canonical one, if it is of the same site; else the one given."""
        used = self.used["url"]
        for name in names:
            if name != used and "canonical" in squeeze(name) and (line := self.line("url", [name])):
                own, canonical = page_address(url), page_address(line)
                if canonical and (not own or own.partition("/")[0] == canonical.partition("/")[0]):
                    return line
        self.used["url"] = used
        return url

    def _checked(self, field: str, line: str) -> str:
        """Return a title, an outlet, an author or a section as plain text, an address of http; else ""."""
        if field == "title":
            if not self._is_plain and ("<" in line or "&" in line):
                plain = to_plain_line(line)
                self.had_markup = self.had_markup or plain != line
                line = plain.strip()
            return line
        if field == "url":
            return line if is_web_address(line) else ""
        if "&" in line and not self._is_plain:
            line = to_plain_line(line)
        if field == "source":
            return line
        return line if any(map(str.isalpha, line)) and not line.startswith("user/") else ""

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
        advice = f"skipped ({self._text_option()})"
        if self._odd:
            return Notice(self.where, f"{self._odd[0]}, not text, and it has no title", advice, True)
        if has_text_field:
            return Notice(self.where, "its text is empty and it has no title", "skipped", True)
        if not self.record:
            return Notice(self.where, "it has no fields at all", "skipped", True)
        return Notice(
            self.where, f"it has no text and no title among its fields {quote_list(self.record)}", advice, True
        )

    def judged_by_title(self, has_text_field: bool) -> None:
        """Note a text that is missing or of another type. An empty text beside a title needs no notice."""
        if self._odd:
            self._notice(f"{self._odd[0]}, not text", "kept, judged by its title alone")
        elif not has_text_field:
            self._notice(
                f"it has no text among its fields {quote_list(self.record)}",
                f"kept, judged by its title alone ({self._text_option()})",
            )

    def _text_option(self) -> str:
        """Return the option that reads the field which looks most like a text."""
        if found := likely_text(self.record):
            return f"--field text={found} reads its longest field"
        return "--field text=NAME says which field holds the text"

    def _notice(self, problem: str, action: str) -> None:
        self.notices.append(Notice(self.where, problem, action, skipped=False))


def unknown_kind(*kinds: str) -> tuple[str, str]:
    """Return the problem and the action of a notice about kinds that are none."""
    problem = f"{quote_list(kinds)} {'is no kind' if len(kinds) == 1 else 'are no kinds'} of article"
    return problem, f"found from title and text; a kind is {', '.join(KINDS[:-1])} or {KINDS[-1]}"


def too_long(title: str) -> tuple[str, str]:
    """Return the problem and the action of a notice about a title beyond `LONGEST_TITLE`."""
    return f"its title has {len(title):,} characters", f"cut to {LONGEST_TITLE:,}"


def _converted(field: str, name: Any, value: Any, odd: list[str]) -> str | None:
    """Return a value as a string; None if it is missing, or if it is none for the field, which `odd` then says."""
    if is_missing(value):
        return None
    found = text_of(value) if field == "text" else line_of(value, field)
    if found is None:
        odd.append(f"its field {quote(name)} is {_kind(value)}")
    return found


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f"of type {type(value).__name__}"
