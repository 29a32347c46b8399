"""Read the items of a JSON list of any length, one at a time, and resume after a broken item."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from dedup.article import Notice
from dedup.read.jsonparser import JsonParser, describe_error
from dedup.read.source import LARGEST_RECORD

_PIECE = 1 << 16
"""Characters read at first; later reads double the buffer, so that a long item is not parsed too often."""

_LONGEST_TOKEN = 16
"""An error within this many characters of the buffer's end may come from an incomplete token."""

_ATTEMPTS = 1000
"""Maximum positions tried as the start of the next item after a broken one."""

_MOST_TRIED = 4 * LARGEST_RECORD
"""Maximum characters parsed at these positions in total: each may start a long item that is broken at its end."""

_BLANK = re.compile(r"[ \t\r\n]*")
_BEGINNING = re.compile(r"[,\[}\]][ \t\r\n]*(?=\{)")


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list: its value, its number from 1, and its text."""

    value: Any
    number: int
    raw: str


class ItemReader:
    """Reads the items of a list from a stream positioned before its opening bracket.

    Args:
        stream: the text.
        where: its name in notices.
        is_item: whether an object can be an article; used to find the next item after a broken one.
    """

    def __init__(self, stream: IO[str], where: str, is_item: Callable[[dict[str, Any]], bool]) -> None:
        self._stream = stream
        self._where = where
        self._is_item = is_item
        self._parser = JsonParser()
        self._text = ""
        self._ended = False
        self._lines, self._column = 0, 0  # of the text already dropped
        self._number = 0

    def items(self) -> Iterator[Item | Notice]:
        """Yield the items, and a notice for each skipped part."""
        try:
            place = self._skip_blank(0) + 1
            place = self._skip_blank(place)
            if self._text.startswith("]", place):
                self._check_end(place)
                return
        except ValueError as error:
            yield Notice(
                self._where, describe_error(self._placed(error)), "what comes after it is skipped", skipped=True
            )
            return
        while True:
            broken = place
            try:
                item, place = self._item(place)
                broken = place - 1  # the next item may follow without a comma
                yield from self._parser.doubled(f"{self._where}:{item.number}")
                yield item
                place = self._skip_blank(place)
                if self._text.startswith("]", place):
                    self._check_end(place)
                    return
                if not self._text.startswith(",", place):
                    raise json.JSONDecodeError("Expecting ',' or ']'", self._text, place)
                place = self._skip_blank(self._dropped(place + 1))
            except (ValueError, RecursionError) as error:
                problem = describe_error(self._placed(error))
                place = self._next_item(broken)
                if place < 0:
                    yield Notice(self._where, problem, "what comes after it is skipped", skipped=True)
                    return
                action = "what is broken is skipped, up to the next item"
                yield Notice(f"{self._where}:{self._number}", problem, action, skipped=True)

    def _item(self, place: int) -> tuple[Item, int]:
        self._number += 1
        value, end = self._value(place)
        return Item(value, self._number, self._text[place:end]), end

    def _value(self, place: int) -> tuple[Any, int]:
        """Return the value at a position, and where it ends."""
        while True:
            try:
                value, end = self._parser.decoder.raw_decode(self._text, place)
            except json.JSONDecodeError as error:
                cut = error.pos >= len(self._text) - _LONGEST_TOKEN or error.msg.startswith("Unterminated string")
                if not cut or not self._more(place):
                    raise
            else:
                if end < len(self._text) or not self._more(place):
                    return value, end

    def _more(self, place: int) -> bool:
        """Read more text; False at its end.

        Raises:
            ValueError: the item at this position is too long for a record.
        """
        if not self._ended and len(self._text) - place > LARGEST_RECORD:
            raise ValueError(f"an item of more than {LARGEST_RECORD:,} characters, too many for an article")
        piece = "" if self._ended else self._stream.read(max(_PIECE, len(self._text) - place))
        self._ended = not piece
        self._text += piece
        return bool(piece)

    def _dropped(self, place: int) -> int:
        """Drop the text before a position if it is long. Return the new position."""
        if place < _PIECE:
            return place
        gone = self._text[:place]
        if newlines := gone.count("\n"):
            self._lines, self._column = self._lines + newlines, 0
        self._column += place - gone.rfind("\n") - 1
        self._text = self._text[place:]
        return 0

    def _skip_blank(self, place: int) -> int:
        end = place
        while True:
            blank = _BLANK.match(self._text, end)
            end = blank.end() if blank else end
            if end < len(self._text) or not self._more(place):
                return end

    def _check_end(self, place: int) -> None:
        after = self._skip_blank(place + 1)
        if after < len(self._text):
            raise json.JSONDecodeError("Extra data", self._text, after)

    def _next_item(self, place: int) -> int:
        """Return the start of the next object that can be an item, -1 if there is none."""
        self._parser.parse("0")  # resets the repeated names of the broken item
        tried = 0
        for _ in range(_ATTEMPTS):
            if tried > _MOST_TRIED:
                break
            while not (found := _BEGINNING.search(self._text, place)):
                place = self._dropped(max(place, len(self._text) - 1))
                if not self._more(place):
                    return -1
            place = self._dropped(found.end())
            try:
                value, end = self._value(place)
                after = self._skip_blank(end)
            except (ValueError, RecursionError) as error:
                tried += max(getattr(error, "pos", len(self._text)) - place, 0)
                continue
            tried += end - place
            follows = self._text[after : after + 1]
            if isinstance(value, dict) and self._is_item(value) and follows in {",", "]", ""}:
                return place
        return -1

    def _placed(self, error: ValueError | RecursionError) -> ValueError | RecursionError:
        """Return the error with line and column counted from the start of the text."""
        if not isinstance(error, json.JSONDecodeError):
            return error
        if error.lineno == 1:
            error.colno += self._column
        error.lineno += self._lines
        return error
