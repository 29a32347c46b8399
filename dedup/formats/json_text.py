"""Write strict JSON on one line, safe to print: a value, or rows of columns."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_REPEATED = {str, type(None)}
"""Types of values of which equal ones are written alike."""


def finite(value: Any) -> Any:
    """Return the value, or None for an infinite or NaN float, which JSON cannot represent."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(value: Any) -> str:
    """Serialize a value as one line of strict JSON.

    Letters of all scripts stay readable. Line ends of every kind, terminal control characters and lone surrogates are
    escaped, so they survive readers that split at line ends, terminals and UTF-8.

    Raises:
        ValueError: a number is infinite or NaN, which JSON cannot represent.
    """
    return _escaped(json.dumps(value, ensure_ascii=False, allow_nan=False))


def json_rows(columns: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield the rows of columns as objects: what `json_text` returns of each as a mapping, in a third of the time.

    Args:
        columns: the values by name, one for each row.

    Raises:
        ValueError: a number is infinite or NaN, or the columns are not of one length.
    """
    row = ", ".join(f"{json_text(name).replace('%', '%%')}: %s" for name in columns)
    return map(f"{{{row}}}".__mod__, zip(*map(_cells, columns.values()), strict=True))


def _cells(values: Sequence[Any]) -> Iterator[str]:
    if {*map(type, values)} <= _REPEATED:
        distinct = {*values}
        if 2 * len(distinct) < len(values):
            return map({value: _cell(value) for value in distinct}.__getitem__, values)
    return map(_cell, values)


def _cell(value: Any) -> str:
    if type(value) is str:
        return _escaped(encode_basestring(value))
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float and math.isfinite(value):
        return repr(value)
    return json_text(value)


def _escaped(text: str) -> str:
    if text.isascii() and "\x7f" not in text:
        return text
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)  # these occur inside strings only
