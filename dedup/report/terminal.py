"""Text from strangers made fit for a terminal."""

from __future__ import annotations

import re

_SPACES = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # controls: an escape sequence begins with one of them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that reorder the rest of the line
    "\ud800-\udfff"  # lone surrogates cannot be encoded
    "\ufff9-\ufffb\U000e0000-\U000e007f"  # annotations and tags: invisible
    "]"
)


def visible(text: str) -> str:
    r"""The text on one line, without anything that a terminal would obey instead of show.

    Line breaks and tabs become a space. Control characters and marks that reorder text are written out (`\x1b`), so
    that a reader sees that they are there. Soft hyphens go, since terminals disagree on their width. Joiners stay:
    Persian, Hindi and emoji need them.
    """
    return _UNSAFE.sub(_written_out, _SPACES.sub(" ", text).replace("\xad", ""))


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
