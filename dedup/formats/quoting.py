"""Quote values from user input for use in messages."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import Any


def quote(value: Any, longest: int = 60) -> str:
    """Return the `repr` of a value, cut to `longest` characters and safe to print."""
    if isinstance(value, str):
        value = value[: longest + 1]  # avoids the repr of a long text
    try:
        shown = reprlib.repr(value) if isinstance(value, dict | list | tuple | set) else repr(value)
    except ValueError:  # Python limits the digits of an int it converts
        shown = "a very long number"
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def quote_list(values: Iterable[Any], most: int = 12) -> str:
    """Quote the first `most` values, separated by commas, and count the rest."""
    every = list(values)
    rest = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(map(quote, every[:most])) + rest
