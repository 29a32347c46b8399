"""A JSON file: one object, a list of objects, an object around such a list; or JSON lines under another name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dedup.article import Notice
from dedup.read import jsonlines
from dedup.read.source import Record, Source
from dedup.record import find_fields

_LISTS = ("articles", "items", "documents", "docs", "records", "entries", "results", "data", "news", "rows", "response")
"""The names under which an object holds its articles."""

_BLANK = re.compile(r"[ \t\r\n]*")
_EMPTY_LIST = re.compile(r"\[[ \t\r\n]*\]")


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    if _holds_lines(source):
        yield from jsonlines.read(source, fields)
        return
    with source.text() as stream:
        text = stream.read()
    start = _skip_blank(text, 0)
    if start == len(text):
        return
    if text[start] == "[":
        yield from _numbered(_items(text, start, source.where), source.where)
        return
    value, problem = jsonlines.parse(text)
    if problem:
        yield Notice(source.where, problem, "skipped", skipped=True)
    elif not isinstance(value, dict):
        held = jsonlines.kind_of(value)
        yield Notice(source.where, f"a JSON file has to hold objects, this one holds {held}", "skipped", skipped=True)
    elif (items := _wrapped_list(value, fields)) is None:
        yield Record(value)
    else:
        yield from _numbered(items, source.where)


def _holds_lines(source: Source) -> bool:
    """Whether the first line is an object by itself and another line follows."""
    with source.text() as stream:
        filled = (line for line in stream if line.strip())
        first, second = next(filled, ""), next(filled, "")
    source.notices.clear()  # they come again when the file is read
    return bool(second) and isinstance(jsonlines.parse(first)[0], dict)


def _items(text: str, start: int, where: str) -> Iterator[Any]:
    """The items of a JSON list, one at a time, so that those before a broken one arrive; last a notice, if need be."""
    decoder = json.JSONDecoder()
    place = start
    try:
        while place == start or text.startswith(",", place):
            if _EMPTY_LIST.match(text, place):
                place = text.index("]", place)
                break
            item, place = decoder.raw_decode(text, _skip_blank(text, place + 1))
            yield item
            place = _skip_blank(text, place)
        if not text.startswith("]", place):
            raise json.JSONDecodeError("Expecting ',' or ']'", text, place)
        if (after := _skip_blank(text, place + 1)) < len(text):
            raise json.JSONDecodeError("Extra data", text, after)
    except (ValueError, RecursionError) as error:
        yield Notice(where, jsonlines.describe(error), "what comes after it is skipped", skipped=True)


def _skip_blank(text: str, place: int) -> int:
    blank = _BLANK.match(text, place)
    return blank.end() if blank else place


def _wrapped_list(value: dict[str, Any], fields: Mapping[str, str]) -> list[Any] | None:
    """The list in an object that has no text of its own and holds its articles under a usual name."""
    if find_fields(value, fields)["text"]:
        return None
    for name, inner in value.items():
        if name.lower() in _LISTS:
            if isinstance(inner, list) and any(isinstance(item, dict) for item in inner):
                return inner
            if isinstance(inner, dict) and (deeper := _wrapped_list(inner, fields)) is not None:
                return deeper
    return None


def _numbered(items: Iterator[Any] | list[Any], where: str) -> Iterator[Record | Notice]:
    for number, item in enumerate(items, 1):
        if isinstance(item, Notice):
            yield item
        elif isinstance(item, dict):
            yield Record(item, number)
        else:
            problem = f"an article has to be a JSON object, this is {jsonlines.kind_of(item)}"
            yield Notice(f"{where}:{number}", problem, "skipped", skipped=True)
