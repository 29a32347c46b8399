"""Replace characters that databases, UTF-8 and terminals reject: null bytes and lone surrogates."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def sanitize(value: str) -> tuple[str, list[str]]:
    """Replace each null byte and lone surrogate by U+FFFD.

    Returns:
        The sanitized string, and a description of each kind of replaced character, as in "2 null bytes".
    """
    if value.isascii() and "\0" not in value:
        return value, []
    nulls, surrogates = value.count("\0"), 0
    if nulls:
        value = value.replace("\0", "\ufffd")
    if not _is_encodable(value):
        value, surrogates = _SURROGATE.subn("\ufffd", value)
    found = []
    if nulls:
        found.append(f"{nulls:,} null byte{'s' if nulls > 1 else ''}")
    if surrogates > 1:
        found.append(f"{surrogates:,} lone surrogates or undecodable bytes")
    elif surrogates:
        found.append("1 lone surrogate or undecodable byte")
    return value, found


def _is_encodable(value: str) -> bool:
    """Return whether a string has no lone surrogates. Encoding it is the fastest test."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
