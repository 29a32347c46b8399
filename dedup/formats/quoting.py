"""How a value from a user's file is shown in a message."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import Any


def quote(value: Any, longest: int = 60) -> str:
    """The value as Python would write it, cut to `longest` characters; safe to print whatever it holds."""
    if isinstance(value, str):
        value = value[: longest + 1]  # so that a long text is not written out first
    try:
        shown = reprlib.repr(value) if isinstance(value, dict | list | tuple | set) else repr(value)
    except ValueError:  # Python does not write out whole numbers of more than some thousand digits
        shown = "a very long number"
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def quote_list(values: Iterable[Any], most: int = 12) -> str:
    """The values quoted, with commas; the number of those beyond `most`."""
    every = list(values)
    rest = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(map(quote, every[:most])) + rest
