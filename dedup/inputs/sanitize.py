"""What no text can hold: null bytes and lone surrogates, which databases, UTF-8 and terminals refuse."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def sanitize(value: str) -> tuple[str, list[str]]:
    """The value with U+FFFD for each character that no text can hold, and what they were, as in "2 null bytes"."""
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
    """Whether it is without lone surrogates. To encode it is the quickest way to find out."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
