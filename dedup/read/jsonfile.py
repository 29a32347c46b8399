"""Read a JSON file: one object, a list of objects, an object around such a list, or JSON lines."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any

from dedup.article import Notice
from dedup.formats.escaping import quote_list
from dedup.inputs.record import find_fields
from dedup.read import jsonlines
from dedup.read.jsonlist import ItemReader
from dedup.read.jsonparser import JsonParser, describe_kind, members
from dedup.read.source import LARGEST_DOCUMENT, Record, Source, lines

_LISTS = ("articles", "items", "documents", "docs", "records", "entries", "results", "data", "news", "rows", "response")
"""Names of fields that hold the list of articles."""

_LIST_BEGINNING = re.compile(rf'"(?:{"|".join(_LISTS)})"[ \t\r\n]*:[ \t\r\n]*(?=\[[ \t\r\n]*\{{)', re.IGNORECASE)


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    if _holds_lines(source):
        yield from jsonlines.read(source, fields)
        return
    with source.text() as stream:
        start = _skip_blank(stream)
        if start == "[":
            yield from _list(_Pushback(start, stream), source.where, fields)
            return
        text = start + stream.read(LARGEST_DOCUMENT)
    if not text:
        return
    if len(text) > LARGEST_DOCUMENT:
        problem = f"one JSON object of more than {LARGEST_DOCUMENT:,} characters"
        yield Notice(source.where, problem, "skipped (a list or JSON lines can have any length)", skipped=True)
        return
    yield from _object(text, source.where, fields)


def _object(text: str, where: str, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    parser = JsonParser()
    value, problem = parser.parse(text)
    if problem:
        yield Notice(where, problem, "skipped", skipped=True)
        if beginning := _LIST_BEGINNING.search(text):
            yield Notice(where, "it has a list of articles though", "this is read", skipped=False)
            yield from _list(io.StringIO(text[beginning.end() :]), where, fields)
    elif not isinstance(value, dict):
        held = describe_kind(value)
        yield Notice(where, f"a JSON file has to hold objects, this one holds {held}", "skipped", skipped=True)
    elif (names := _path_to_list(value, fields)) is None:
        yield from parser.doubled(where)
        yield Record(value, raw=text, form="object")
    else:
        value, start, end = None, 0, len(text)
        for name in names:
            inner = list(members(text, start))
            if doubled := sorted(key for key, count in Counter(one.key for one in inner).items() if count > 1):
                problem = f"several of its fields have one name: {quote_list(doubled)}"
                yield Notice(where, problem, "the last of each is read", skipped=False)
            start, end = next((one.value, one.end) for one in reversed(inner) if one.key == name)
        yield from _list(io.StringIO(text[start:end]), where, fields)


def _holds_lines(source: Source) -> bool:
    """Return whether the first line is an object by itself and another line follows."""
    with source.text() as stream:
        filled = (line for line in lines(stream) if line is None or line.strip())
        first = next(filled, "")
        if first is None or not first.lstrip().startswith("{") or not isinstance(JsonParser().parse(first)[0], dict):
            second: str | None = ""
        else:
            second = next(filled, "")
    source.notices.clear()  # they are repeated when the file is read
    return second != ""


def _skip_blank(stream: IO[str]) -> str:
    """Return the first character that is not blank."""
    while (character := stream.read(1)) and not character.strip():
        pass
    return character


class _Pushback(io.TextIOBase):
    """A text stream with some text put back in front."""

    def __init__(self, text: str, stream: IO[str]) -> None:
        self._text = text
        self._stream = stream

    def read(self, size: int | None = -1, /) -> str:
        text, self._text = self._text, ""
        return text or self._stream.read(-1 if size is None else size)


def _list(stream: IO[str] | io.TextIOBase, where: str, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    def is_item(value: dict[str, Any]) -> bool:
        found = find_fields(value, fields)
        return bool(found["text"] or found["title"])

    for item in ItemReader(stream, where, is_item).items():  # type: ignore[arg-type] # typeshed's IO is no protocol
        yield item if isinstance(item, Notice) else _record(item.value, item.number, item.raw, where)


def _path_to_list(value: dict[str, Any], fields: Mapping[str, str]) -> list[str] | None:
    """Return the path of field names to the list of articles in an object; None if there is none.

    An object with a text of its own is an article, and is not searched.
    """
    if find_fields(value, fields)["text"]:
        return None
    for name, inner in value.items():
        if name.lower() in _LISTS:
            if isinstance(inner, list) and any(isinstance(item, dict) for item in inner):
                return [name]
            if isinstance(inner, dict) and (deeper := _path_to_list(inner, fields)) is not None:
                return [name, *deeper]
    return None


def _record(item: Any, number: int, raw: str, where: str) -> Record | Notice:
    if isinstance(item, dict):
        return Record(item, number, raw, "item")
    problem = f"an article has to be a JSON object, this is {describe_kind(item)}"
    return Notice(f"{where}:{number}", problem, "skipped", skipped=True)
