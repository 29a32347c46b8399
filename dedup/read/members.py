"""Where in a JSON object its members stand, which parsers do not tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: its key, and where in the text it begins, its value begins, and it ends."""

    key: str
    start: int
    value: int
    end: int


def members(text: str, start: int = 0) -> Iterator[Member]:
    """The members of the object at a place of a text, in their order, those of one key each by itself.

    Raises:
        ValueError, RecursionError, IndexError: there is no whole object.
    """
    decoder = json.JSONDecoder()
    place = _skipped(text, _skipped(text, start) + 1)
    while text[place] != "}":
        begin = place
        key, place = decoder.raw_decode(text, begin)
        value = _skipped(text, _skipped(text, place) + 1)  # behind the colon
        _, end = decoder.raw_decode(text, value)
        yield Member(key, begin, value, end)
        place = _skipped(text, end)
        if text[place] == ",":
            place = _skipped(text, place + 1)


def _skipped(text: str, place: int) -> int:
    blank = _BLANK.match(text, place)
    return blank.end() if blank else place
