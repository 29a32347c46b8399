"""Tell quickly that a text has none of some words, or parts of words, without which a pattern finds nothing."""

from __future__ import annotations


class Parts:
    """Words, or parts of words, of which a text has one or none.

    Args:
        parts: in lower case.
    """

    def __init__(self, *parts: str) -> None:
        self._parts = parts
        self._narrow = tuple(part.encode("ascii", "replace") for part in parts)

    def is_one_in(self, text: str) -> bool:
        """Return whether a text has one; in bytes, which are searched faster, if it has characters beyond ASCII."""
        if not text.isascii() and not any(map(text.encode("ascii", "replace").__contains__, self._narrow)):
            return False
        return any(map(text.__contains__, self._parts))
