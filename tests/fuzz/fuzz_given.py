"""Convert the bytes of a fuzzer to choices, numbers and texts, equally under atheris and in a test."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Given:
    """The input of one execution. After its end every value is the first, zero or empty."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def __bool__(self) -> bool:
        """Return whether there are bytes left."""
        return self._place < len(self._data)

    def taken(self, count: int) -> bytes:
        """Return the next `count` bytes, fewer at the end."""
        start = self._place
        self._place = min(len(self._data), start + count)
        return self._data[start : self._place]

    def rest(self) -> bytes:
        """Return the remaining bytes."""
        return self.taken(len(self._data))

    def number(self, below: int) -> int:
        """Return a number from 0 to `below` - 1, from as many bytes as needed."""
        return int.from_bytes(self.taken((max(below - 1, 1).bit_length() + 7) // 8), "little") % below

    def choice(self, items: Sequence[Item]) -> Item:
        """Return one of some items."""
        return items[self.number(len(items))]

    def chance(self, one_in: int) -> bool:
        """Return True once in `one_in` times; never after the end."""
        return self.number(one_in) == one_in - 1

    def real(self) -> float:
        """Return any float, nan and infinities included."""
        return float(struct.unpack("<d", self.taken(8).ljust(8, b"\0"))[0])

    def text(self, most: int) -> str:
        """Return a text of UTF-8 with lone surrogates, or of any code points, of at most `most` bytes."""
        form, size = self.number(4), self.number(max(2, most))
        held = self.taken(size)
        if form < 3:
            return held.decode("utf-8", ("replace", "surrogateescape", "ignore")[form])
        points = (int.from_bytes(held[place : place + 3], "little") % 0x110000 for place in range(0, len(held), 3))
        return "".join(map(chr, points))
