"""Read JSON lines, one object per line. Broken lines are skipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from dedup.article import Notice
from dedup.formats.json_text import json_text
from dedup.inputs.fields import has_text
from dedup.read.jsonparser import JsonParser, describe_kind
from dedup.read.jsonrecords import Found, find_records
from dedup.read.source import LINE_TOO_LONG, Record, Source, lines


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    parser = JsonParser()
    with source.text() as stream:
        for number, line in enumerate(lines(stream), 1):
            if line is None:
                yield Notice(f"{source.where}:{number}", LINE_TOO_LONG, "line skipped", skipped=True)
                continue
            if line.isspace():
                continue
            value, problem = parser.parse_line(line)
            if not problem and not isinstance(value, dict):
                problem = f"a line has to hold one JSON object, this one holds {describe_kind(value)}"
            if problem:
                yield Notice(f"{source.where}:{number}", problem, "line skipped", skipped=True)
            else:
                if parser.has_doubled:
                    yield from parser.doubled(f"{source.where}:{number}")
                if holds_records(value, fields):
                    yield from records_inside(value, number, line, "line", source.where, fields)
                else:
                    yield Record(value, number, line, "line")


def holds_records(value: dict[str, Any], fields: Mapping[str, str]) -> bool:
    """Return whether an object may have records inside: it has lists or objects, and no full text."""
    for inner in value.values():  # kept fast: a loop takes half the time of `any`
        if type(inner) is dict or type(inner) is list:
            return not has_text(value, fields)
    return False


def records_inside(
    value: dict[str, Any],
    number: int,
    raw: str,
    form: Literal["line", "item"],
    where: str,
    fields: Mapping[str, str],
    about: Mapping[str, str] | None = None,
) -> Iterator[Record | Notice]:
    """Yield the records in an object if it is the answer of an API around some, else the object itself."""
    found, _ = find_records(value, fields)
    if found and (found[0].path or found[0].kind != "object"):
        yield from nested_records(found, where, number, form, about)
    else:
        yield Record(value, number, raw, form, about=about)


def nested_records(
    found: Iterable[Found],
    where: str,
    number: int | None = None,
    form: Literal["line", "item"] = "item",
    about: Mapping[str, str] | None = None,
) -> Iterator[Record | Notice]:
    """Yield the records at places in a JSON value.

    Args:
        found: the places.
        where: the file.
        number: the number of the line or item that holds them; None if the file is one value.
        form: what their text is.
        about: fields that apply to all of them if they have none.
    """
    records = ((item, {**(about or {}), **own}) for one in found for item, own in one.records())
    for place, (item, own) in enumerate(records, 1):
        if isinstance(item, dict):
            part = 0 if number is None else place
            yield Record(item, number or place, json_text(item), form, about=own, part=part)
        else:
            problem = f"an article has to be a JSON object, this is {describe_kind(item)}"
            yield Notice(f"{where}:{number or place}", problem, "skipped", skipped=True)
