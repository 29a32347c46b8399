"""Add fields to the text of a JSON object without touching the rest: numbers, order, escapes, repeated names."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from dedup.formats.json_text import json_text
from dedup.read.jsonparser import Member, members

_LINE_ENDS = re.compile(r"[\r\n]+")


def add_fields(text: str, added: Mapping[str, Any], dropped: Container[str]) -> str:
    """Append fields to the text of a JSON object.

    Args:
        text: the object, as it was read.
        added: the fields to append.
        dropped: names of fields to remove first, added by an earlier run.
    """
    body = text.rstrip()
    if '"dedup_' in body:
        body = _without(body, dropped)
    inside = body[:-1].rstrip(" \t\r\n")
    blank = body[len(inside) : -1]
    comma = "" if inside.endswith("{") else ", "
    return f"{inside}{comma}{json_text(added)[1:-1]}{blank}}}"


def join_lines(text: str) -> str:
    """Put the text of a JSON object on one line. Line ends occur only between its tokens."""
    return _LINE_ENDS.sub(" ", text.strip())


def _without(text: str, names: Container[str]) -> str:
    """Remove the members with some names from the text of an object."""
    found = list(members(text))
    if not any(member.key in names for member in found):
        return text
    pieces: list[str] = []
    before: Member | None = None
    for member in found:
        if member.key not in names:
            if pieces and before:
                pieces.append(text[before.end : member.start])
            pieces.append(text[member.start : member.end])
        before = member
    return f"{text[: found[0].start]}{''.join(pieces)}{text[found[-1].end :]}"
