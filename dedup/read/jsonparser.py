"""Parse JSON text: values, repeated names, the positions of an object's members, and errors in words."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dedup.article import Notice
from dedup.formats.escaping import quote_list

_ENDS = frozenset(("", "\n"))
_BLANK = re.compile(r"[ \t\r\n]*")


class JsonParser:
    """Parses JSON and records repeated names of objects, of which the last value is used."""

    def __init__(self) -> None:
        self._doubled: set[str] = set()
        self.decoder = json.JSONDecoder(object_pairs_hook=self._object)
        self._scan: Callable[[str, int], tuple[Any, int]] = self.decoder.scan_once

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            self._doubled |= {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}
        return made

    def parse(self, text: str) -> tuple[Any, str]:
        """Return the value of a JSON text, and a problem, "" for none."""
        self._doubled.clear()
        try:
            return self.decoder.decode(text), ""
        except (ValueError, RecursionError) as error:
            return None, describe_error(error)

    def parse_line(self, line: str) -> tuple[Any, str]:
        """Return the value of a line, with its end, as `parse` does: in three quarters of the time without blanks."""
        self._doubled.clear()
        try:
            value, end = self._scan(line, 0)
            if line[end:] in _ENDS:
                return value, ""
        except (StopIteration, ValueError, RecursionError):
            pass
        return self.parse(line.rstrip("\r\n"))

    @property
    def has_doubled(self) -> bool:
        """Whether names are repeated since the last call of `doubled`."""
        return bool(self._doubled)

    def doubled(self, where: str) -> Iterator[Notice]:
        """Yield a notice of the repeated names since the last call."""
        if self._doubled:
            problem = f"several of its fields have one name: {quote_list(sorted(self._doubled))}"
            yield Notice(where, problem, "the last of each is read", skipped=False)
            self._doubled.clear()


def describe_error(error: ValueError | RecursionError) -> str:
    """Describe a JSON error in words."""
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        return f"broken JSON at {line}column {error.colno} ({error.msg})"
    if "int_max_str_digits" in str(error):
        return f"JSON with a number of more than {sys.get_int_max_str_digits():,} digits"
    return f"JSON that cannot be read ({error})"


def describe_kind(value: Any) -> str:
    """Return the kind of a JSON value in words."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: its key, and the positions of its start, its value and its end in the text."""

    key: str
    start: int
    value: int
    end: int


def members(text: str, start: int = 0) -> Iterator[Member]:
    """Yield the members of the object at a position, in order, including repeated keys.

    Raises:
        ValueError, RecursionError, IndexError: there is no complete object at this position.
    """
    decoder = json.JSONDecoder()
    place = _skip_blank(text, _skip_blank(text, start) + 1)
    while text[place] != "}":
        begin = place
        key, place = decoder.raw_decode(text, begin)
        value = _skip_blank(text, _skip_blank(text, place) + 1)  # after the colon
        _, end = decoder.raw_decode(text, value)
        yield Member(key, begin, value, end)
        place = _skip_blank(text, end)
        if text[place] == ",":
            place = _skip_blank(text, place + 1)


def _skip_blank(text: str, place: int) -> int:
    blank = _BLANK.match(text, place)
    return blank.end() if blank else place
