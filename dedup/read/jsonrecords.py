"""Find the records of articles in a JSON value by their structure: lists, objects by key, columns, rows under names.

An answer of an API, a dump or an export has its articles at any depth below names of any kind. A list or an object of
objects counts if these have the fields of articles; of several, those that have the most of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from dedup.inputs.dates import read_date
from dedup.inputs.fields import find_fields, flatten
from dedup.inputs.names import ANNEXES, WRAPPERS, field_of, squeeze
from dedup.inputs.read_fields import likely_text
from dedup.inputs.values import is_web_address, line_of

LISTS = frozenset(
    (
        *("articles", "article", "items", "item", "documents", "docs", "records", "entries", "entry", "results"),
        *("data", "news", "rows", "response", "hits", "posts", "stories", "value", "values", "edges", "nodes"),
        *("feed", "channel", "list", "children", "pages", "@graph", "content", "result", "output", "messages"),
        *("elements", "collection", "_embedded", "query", "payload", "body", "objects", "resources"),
        *("searchresults", "headlines", "features"),
    )
)
"""Names around articles that say nothing about them."""

_FEEDS = frozenset(("feed_url", "home_page_url", "lastbuilddate", "item", "entry"))
"""Names in a feed written as JSON: its title is the outlet."""

_JSON_FEED = "jsonfeed.org"
_FULL = 10
_TEXT = 60
"""Characters from which on a string at a key may be a text."""
_DEEPEST = 8
_LOOKED_AT = 20
"""Members of a list or an object that are looked at to decide what it is."""

_COLUMNS = frozenset(
    ("columns", "fields", "header", "headers", "names", "schema", "column_names", "columnnames", "keys")
)
_DAY = re.compile(r"\d{4}.?\d{2}.?\d{2}(?:[T ].*)?|.*\b\d{4}")

Kind = Literal["list", "mapping", "object", "columns", "rows"]


@dataclass(frozen=True, slots=True)
class Found:
    """A place with records in a JSON value.

    Attributes:
        path: the names that lead to it.
        kind: a list of records; an object of records by key; one record; an object of columns; a list of rows.
        value: the value there.
        worth: how many fields of an article its records have, see `worth_of`.
        titled: whether they have titles.
        in_list: whether the path leads through an item of a list, which has no name in it.
        about: field -> value that applies to its records: of the objects around it, and of the names on the path.
        columns: the names of the cells of rows.
    """

    path: tuple[str, ...]
    kind: Kind
    value: Any
    worth: int
    about: Mapping[str, str] = field(default_factory=dict)
    columns: Sequence[str] = ()
    titled: bool = True
    in_list: bool = False

    def records(self) -> Iterator[tuple[Any, Mapping[str, str]]]:
        """Yield the records, each with the fields that apply if it has none."""
        if self.kind == "object":
            yield self.value, self.about
        elif self.kind == "list":
            yield from ((item, self.about) for item in self.value)
        elif self.kind == "rows":
            yield from ((dict(zip(self.columns, row, strict=False)), self.about) for row in self.value)
        elif self.kind == "mapping":
            counting = _is_counting(self.value)
            for key, item in self.value.items():
                record = {"text": item} if isinstance(item, str) else item
                yield record, self.about if counting else {**self.about, **_key_field(key, "id")}
        else:
            columns = {name: list(_cells(column)) for name, column in self.value.items()}
            first = next(iter(self.value.values()))
            keys = list(first) if isinstance(first, Mapping) and not _is_counting(first) else []
            for place in range(max(map(len, columns.values()))):
                item = {name: cells[place] for name, cells in columns.items() if place < len(cells)}
                yield item, {**self.about, **(_key_field(keys[place], "id") if keys else {})}


def find_records(value: Any, fields: Mapping[str, str]) -> list[Found]:
    """Return the places with the records of a JSON value; none if there are none."""
    found = list(_Search(fields).visit(value, (), {}, 0))
    owners = [one for one in found if one.kind == "object"]
    # A feed has a title and a description as an article has, and an article may have comments, or a list of others.
    lists = [
        one
        for one in found
        if one.kind != "object"
        and all(
            one.path[: len(own.path)] != own.path
            or (one.path and one.path[-1].lower() in LISTS)
            or (one.titled and one.worth > own.worth)
            for own in owners
        )
    ]
    best = max((one.worth for one in (*lists, *owners)), default=0)
    if not best:  # of names that no one knows, which the notices will tell
        return sorted(lists, key=lambda one: -len(one.value))[:1]
    chosen = [one for one in lists if one.worth == best or one.worth > best - 3 > _FULL - 1]
    return chosen or [one for one in owners if one.worth == best]


def worth_of(record: Mapping[str, Any], fields: Mapping[str, str]) -> int:
    """Return how many fields of an article a record has: 0 if it is none, `_FULL` and more if it has a full text."""
    if mapping_worth(record, fields):
        return 0
    flat, layout = flatten(record, fields)
    keys = layout.keys
    if not keys["text"] and not keys["title"]:
        return 0
    if not keys["title"] and not any(_is_text(flat[name]) for name in keys["text"]):
        return 0
    full = layout.full and any(_is_text(flat[name]) for name in keys["text"])
    named = sum(bool(keys[name]) for name in ("title", "text", "published"))
    return named + (0 if named > 1 or full else bool(keys["url"] or keys["source"])) + _FULL * full


def mapping_worth(value: Mapping[str, Any], fields: Mapping[str, str]) -> int:
    """Return the worth of the articles in an object that has nothing else, 0 if it is another."""
    if not value or any(field_of(key) for key in islice(value, _LOOKED_AT)):
        return 0
    if all(isinstance(inner, str) and len(inner) >= _TEXT for inner in value.values()):  # texts by id or address
        return 1 + _FULL if len(value) > 1 else 0
    if not all(isinstance(inner, Mapping) for inner in value.values()):
        return 0
    if len(value) == 1 and not re.search(r"\d|^https?:", str(next(iter(value)))):
        return 0
    found = [worth_of(inner, fields) for inner in islice(value.values(), _LOOKED_AT)]
    return max(found) if min(found) > 1 else 0


def _is_text(value: Any) -> bool:
    """Return whether a value of a text may be one: a list of articles with titles is none."""
    if isinstance(value, list):
        items = [one for one in value[:3] if isinstance(one, Mapping)]
        return not any(worth_of(one, {}) > 1 and flatten(one)[1].keys["title"] for one in items)
    return not isinstance(value, bool | int | float)


def header_of(row: Any, fields: Mapping[str, str]) -> list[str] | None:
    """Return the names in the first row of a table, None if it has none."""
    if not isinstance(row, list) or not all(isinstance(cell, str) for cell in row):
        return None
    return row if worth_of(dict.fromkeys(row, ""), fields) > 1 else None


class _Search:
    """Walks through a JSON value."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def visit(self, value: Any, path: tuple[str, ...], about: Mapping[str, str], depth: int) -> Iterator[Found]:
        if depth > _DEEPEST:
            return
        if isinstance(value, list):
            yield from self._list(value, path, about, depth)
        elif isinstance(value, Mapping) and value:
            yield from self._object(value, path, about, depth)

    def _list(self, value: list[Any], path: tuple[str, ...], about: Mapping[str, str], depth: int) -> Iterator[Found]:
        objects = list(islice((item for item in value if isinstance(item, Mapping)), _LOOKED_AT))
        worth = max((worth_of(item, self._fields) for item in objects), default=0)
        if worth:
            titled = any(flatten(item, self._fields)[1].keys["title"] for item in objects)
            yield Found(path, "list", value, worth, about, titled=titled)
        elif columns := header_of(value[0] if value else None, self._fields):
            yield Found(path, "rows", value[1:], 3, about, columns)
        elif objects:
            inside = [one for item in value for one in self.visit(item, path, about, depth + 1)]  # a list of answers
            yield from (replace(one, in_list=True) for one in inside if one.worth)
            if path and any(likely_text(item) for item in objects):
                yield Found(path, "list", value, 0, about)

    def _object(
        self, value: Mapping[str, Any], path: tuple[str, ...], about: Mapping[str, str], depth: int
    ) -> Iterator[Found]:
        if table := self._rows(value):
            yield replace(table, path=path, about=about)
            return
        if self._is_columns(value):
            yield Found(path, "columns", value, 3 + _FULL, about)
            return
        if worth := mapping_worth(value, self._fields):
            yield Found(path, "mapping", value, worth, about)
            return
        if own := worth_of(value, self._fields):
            yield Found(path, "object", value, own, about)
            if own > _FULL:  # an article, which is not searched
                return
        inherited = {**about, **_about(value)}
        held = {
            key: list(self.visit(inner, (*path, key), inherited, depth + 1))
            for key, inner in value.items()
            if isinstance(inner, list) or (isinstance(inner, Mapping) and not _is_value(key))
        }
        several = sum(bool(found) for found in held.values()) > 1
        for key, places in held.items():
            says = _key_field(key, "section" if several else "") if key.lower() not in LISTS else {}
            yield from (replace(one, about={**one.about, **says}) for one in places)

    def _is_columns(self, value: Mapping[str, Any]) -> bool:
        """Return whether an object holds columns of one length: lists, or objects with the same keys."""
        sizes = {len(inner) if isinstance(inner, list | Mapping) else -1 for inner in value.values()}
        if len(sizes) > 1 or min(sizes) < 1 or worth_of(dict.fromkeys(value, ""), self._fields) < 2:
            return False
        first = next(iter(value.values()))
        if isinstance(first, Mapping):
            keys = list(first)
            alike = all(isinstance(inner, Mapping) and list(inner) == keys for inner in value.values())
            several = len(keys) > 1 or any(map(str.isdigit, keys[0]))
            return alike and several and squeeze(keys[0]) not in WRAPPERS
        return not any(isinstance(cell, list | Mapping) for inner in value.values() for cell in _cells(inner)[:1])

    def _rows(self, value: Mapping[str, Any]) -> Found | None:
        """Return the table of an object with a list of rows and one of names, None if it has none."""
        tables = [inner for inner in value.values() if isinstance(inner, list) and inner and isinstance(inner[0], list)]
        if not tables:
            return None
        rows = max(tables, key=len)
        if names := next((names for names in _name_lists(value) if len(names) == len(rows[0])), None):
            worth = worth_of(dict.fromkeys(names, ""), self._fields)
            return Found((), "rows", rows, worth, columns=names) if worth > 1 else None
        return None


def _is_value(key: str) -> bool:
    """Return whether an object at a key is the value of a field, and holds no articles."""
    return field_of(key) is not None and key.lower() not in LISTS | ANNEXES


def _name_lists(value: Mapping[str, Any], depth: int = 3) -> Iterator[list[str]]:
    """Yield the lists of the names of columns, at any name that is usual for them."""
    for key, inner in value.items():
        if isinstance(inner, Mapping) and depth:
            yield from _name_lists(inner, depth - 1)
        elif key.lower() in _COLUMNS and isinstance(inner, list):
            names = [line_of(one, "source") if isinstance(one, str | Mapping) else None for one in inner]
            if names and all(names):
                yield [name or "" for name in names]


def _about(value: Mapping[str, Any]) -> dict[str, str]:
    """Return what an object around articles says about all of them: outlet, language, section, day."""
    plain = {
        key: one
        for key, one in value.items()
        if isinstance(one, str) or (isinstance(one, Mapping) and len(one) < _LOOKED_AT)
    }
    keys = find_fields(plain)
    found: dict[str, str] = {}
    for name in ("source", "lang", "section"):
        feeds = [plain[key] for key in keys["source"] if isinstance(plain[key], Mapping)] if name == "lang" else []
        values = [plain[key] for key in keys[name]] + [feed[key] for feed in feeds for key in find_fields(feed)[name]]
        found[name] = next((line for value in values if (line := line_of(value, name))), "")
    days = (one for key, one in plain.items() if squeeze(key) in {"date", "day"} and isinstance(one, str))
    found["published"] = next(days, "")
    is_feed = bool(_FEEDS & {key.lower() for key in value}) or _JSON_FEED in str(value.get("version"))
    if not found["source"] and is_feed:
        found["source"] = line_of(value.get("title"), "title") or ""
    return {name: one for name, one in found.items() if one}


def _key_field(key: str, otherwise: str) -> dict[str, str]:
    """Return the field that a key stands for: an address, a day, else the field given."""
    if is_web_address(key):
        return {"url": key, "id": key} if otherwise == "id" else {}
    if _DAY.fullmatch(key) and read_date(key).when is not None and not (otherwise == "id" and key.isdecimal()):
        return {"published": key}
    return {otherwise: key} if otherwise else {}


def _cells(column: Mapping[str, Any] | list[Any]) -> list[Any]:
    return list(column.values()) if isinstance(column, Mapping) else column


def _is_counting(value: Mapping[str, Any]) -> bool:
    """Return whether the keys are 0, 1, 2 …: places, and no ids."""
    return all(key == str(place) for place, key in enumerate(value))
