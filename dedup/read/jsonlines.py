"""JSON lines: one object a line, read a line at a time. A broken line is skipped, the others arrive."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dedup.article import Notice
from dedup.read.source import Record, Source


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:  # noqa: ARG001 - as every reader
    with source.text() as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            value, problem = parse(line.rstrip("\r\n"))
            if not problem and not isinstance(value, dict):
                problem = f"a line has to hold one JSON object, this one holds {kind_of(value)}"
            if problem:
                yield Notice(f"{source.where}:{number}", problem, "line skipped", skipped=True)
            else:
                yield Record(value, number)


def parse(text: str) -> tuple[Any, str]:
    """The value of a JSON text, and the problem, "" where there is none."""
    try:
        return json.loads(text), ""
    except (ValueError, RecursionError) as error:
        return None, describe(error)


def describe(error: ValueError | RecursionError) -> str:
    """What is wrong with a JSON text."""
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        return f"broken JSON at {line}column {error.colno} ({error.msg})"
    return f"JSON that cannot be read ({error})"


def kind_of(value: Any) -> str:
    """A JSON value's kind in words."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
