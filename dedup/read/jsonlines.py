"""JSON lines: one object a line, read a line at a time. A broken line is skipped, the others arrive."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from dedup.article import Notice
from dedup.formats.quoting import listed
from dedup.read.source import LINE_TOO_LONG, Record, Source, lines


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:  # noqa: ARG001 - as every reader
    parser = Parser()
    with source.text() as stream:
        for number, line in enumerate(lines(stream), 1):
            where = f"{source.where}:{number}"
            if line is None:
                yield Notice(where, LINE_TOO_LONG, "line skipped", skipped=True)
                continue
            if not line.strip():
                continue
            value, problem = parser.parse(line.rstrip("\r\n"))
            if not problem and not isinstance(value, dict):
                problem = f"a line has to hold one JSON object, this one holds {kind_of(value)}"
            if problem:
                yield Notice(where, problem, "line skipped", skipped=True)
            else:
                yield from parser.doubled(where)
                yield Record(value, number, line, "line")


class Parser:
    """Parses JSON, and remembers the names that an object has twice, of which the last value is taken."""

    def __init__(self) -> None:
        self._doubled: set[str] = set()
        self.decoder = json.JSONDecoder(object_pairs_hook=self._object)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            self._doubled |= {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}
        return made

    def parse(self, text: str) -> tuple[Any, str]:
        """The value of a JSON text, and the problem, "" where there is none."""
        self._doubled.clear()
        try:
            return self.decoder.decode(text), ""
        except (ValueError, RecursionError) as error:
            return None, describe(error)

    def doubled(self, where: str) -> Iterator[Notice]:
        """A notice of the names that were there twice since this was last asked."""
        if self._doubled:
            problem = f"several of its fields have one name: {listed(sorted(self._doubled))}"
            yield Notice(where, problem, "the last of each is read", skipped=False)
            self._doubled.clear()


def describe(error: ValueError | RecursionError) -> str:
    """What is wrong with a JSON text."""
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        return f"broken JSON at {line}column {error.colno} ({error.msg})"
    if "int_max_str_digits" in str(error):
        return f"JSON with a number of more than {sys.get_int_max_str_digits():,} digits"
    return f"JSON that cannot be read ({error})"


def kind_of(value: Any) -> str:
    """A JSON value's kind in words."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
