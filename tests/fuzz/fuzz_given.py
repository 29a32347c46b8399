"""Bytes of a fuzzer, taken apart into choices, numbers and texts: the same under atheris and in a test."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Given:
    """What one execution is made of. Where the bytes are used up, everything is the first, zero or empty."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def __bool__(self) -> bool:
        """Whether there are bytes left."""
        return self._place < len(self._data)

    def taken(self, count: int) -> bytes:
        """The next bytes, at most so many."""
        start = self._place
        self._place = min(len(self._data), start + count)
        return self._data[start : self._place]

    def rest(self) -> bytes:
        """All that is left."""
        return self.taken(len(self._data))

    def number(self, below: int) -> int:
        """A number from 0 to `below` - 1, of as many bytes as it takes."""
        return int.from_bytes(self.taken((max(below - 1, 1).bit_length() + 7) // 8), "little") % below

    def choice(self, items: Sequence[Item]) -> Item:
        """One of some items."""
        return items[self.number(len(items))]

    def chance(self, one_in: int) -> bool:
        """True once in so many times; never when the bytes are used up."""
        return self.number(one_in) == one_in - 1

    def real(self) -> float:
        """Any float at all, those that are no number too."""
        return float(struct.unpack("<d", self.taken(8).ljust(8, b"\0"))[0])

    def text(self, most: int) -> str:
        """A text of UTF-8 with lone surrogates, or of any code points at all, up to so many bytes."""
        form, size = self.number(4), self.number(max(2, most))
        held = self.taken(size)
        if form < 3:
            return held.decode("utf-8", ("replace", "surrogateescape", "ignore")[form])
        points = (int.from_bytes(held[place : place + 3], "little") % 0x110000 for place in range(0, len(held), 3))
        return "".join(map(chr, points))
