"""Read a JSON file: one object, a list of objects, any structure around them, or JSON lines."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from dedup.article import Notice
from dedup.formats.escaping import quote_list
from dedup.formats.json_text import json_text
from dedup.inputs.fields import find_fields
from dedup.inputs.read_fields import shortened
from dedup.read import jsonlines
from dedup.read.jsonlines import holds_records, nested_records, records_inside
from dedup.read.jsonlist import ItemReader
from dedup.read.jsonparser import JsonParser, describe_kind, members
from dedup.read.jsonrecords import LISTS, find_records, header_of
from dedup.read.own_output import is_result_document
from dedup.read.source import LARGEST_DOCUMENT, Record, Source, lines

_LIST_BEGINNING = re.compile(
    rf'"(?:{"|".join(map(re.escape, sorted(LISTS)))})"[ \t\r\n]*:[ \t\r\n]*(?=\[[ \t\r\n]*\{{)', re.IGNORECASE
)


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
    else:
        found = [] if is_result_document(value) else find_records(value, fields)
        if len(found) == 1 and found[0].kind == "list" and not found[0].in_list:
            path, about = found[0].path, found[0].about
            del found, value
            yield from _list_at(text, path, about, where, fields)
        elif found and (found[0].path or found[0].kind != "object"):
            yield from parser.doubled(where)
            yield from nested_records(found, where)
        else:
            yield from parser.doubled(where)
            yield Record(value, raw=text, form="object")


def _list_at(
    text: str, path: Sequence[str], about: Mapping[str, str], where: str, fields: Mapping[str, str]
) -> Iterator[Record | Notice]:
    """Read the list at a path in the text of an object, one item at a time."""
    start, end = 0, len(text)
    for name in path:
        inner = list(members(text, start))
        if doubled := sorted(key for key, count in Counter(one.key for one in inner).items() if count > 1):
            problem = f"several of its fields have one name: {quote_list(doubled)}"
            yield Notice(where, problem, "the last of each is read", skipped=False)
        start, end = next((one.value, one.end) for one in reversed(inner) if one.key == name)
    yield from _list(io.StringIO(text[start:end]), where, fields, about)


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


def _list(
    stream: IO[str] | io.TextIOBase, where: str, fields: Mapping[str, str], about: Mapping[str, str] | None = None
) -> Iterator[Record | Notice]:
    def is_item(value: dict[str, Any]) -> bool:
        found = find_fields(value, fields)
        return bool(found["text"] or found["title"])

    columns: list[str] | None = None
    for item in ItemReader(stream, where, is_item).items():  # type: ignore[arg-type] # typeshed's IO is no protocol
        if isinstance(item, Notice):
            yield item
        elif isinstance(item.value, dict):
            if holds_records(item.value, fields):
                yield from records_inside(item.value, item.number, item.raw, "item", where, fields, about)
            else:
                yield Record(item.value, item.number, item.raw, "item", about=about)
        elif not isinstance(item.value, list):
            problem = f"an article has to be a JSON object, this is {describe_kind(item.value)}"
            yield Notice(f"{where}:{item.number}", problem, "skipped", skipped=True)
        elif columns:
            values = dict(zip(columns, item.value, strict=False))
            yield Record(values, item.number, json_text(values), "item", about=about)
        elif (columns := header_of(item.value, fields)) is None:
            problem = f"its rows are lists, and the first does not name the columns: {shortened(str(item.value), 60)}"
            action = "skipped (a list of objects has the names; pandas writes it with orient='records')"
            yield Notice(where, problem, action, skipped=True)
            return
