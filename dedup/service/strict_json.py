"""Strict JSON: UTF-8, no duplicate names, bounded depth and number of tokens, finite numbers."""

from __future__ import annotations

import json
import re
from typing import Any

from dedup.service.problems import problem

DEPTH = 32
"""Depth of nested objects and lists at most."""
DIGITS = 40
"""Digits of an integer at most; no field of an article is a number."""
TOKENS = 64
"""Strings, commas and brackets of an article at most; one with all fields has 28."""
NUMBERS = 128
"""Numbers in a list of numbers alone that count as one token: an article may have a vector."""
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|\[[-+.0-9eE,\s]++\]|[\[\]{},]', re.DOTALL)
"""A string, even one without its end: a search that failed there would begin again at each quote inside."""
_OPEN = ord("[")


def read_json(data: bytes, field: str = "body", *, articles: int = 1) -> Any:
    """Parse a JSON value.

    Args:
        data: the value in UTF-8.
        field: the field that faults are reported for.
        articles: articles that the value may hold, at `TOKENS` each.

    Raises:
        Problem: it is not strict JSON, or has too many tokens.
    """
    _check_structure(data, field, TOKENS * articles)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"byte {error.start} is not UTF-8"
        raise problem("not-json", field, what, "encode the body in UTF-8") from None
    try:
        return json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer
        )
    except _Rejected as error:
        raise problem("not-json", error.where or field, error.what, error.remedy) from None
    except json.JSONDecodeError as error:
        what = f"{error.msg} at character {error.pos}"
        raise problem("not-json", field, what, "send one JSON value, as RFC 8259 has it") from None
    except (ValueError, RecursionError):
        raise problem("not-json", field, "it cannot be read", "send one JSON value, as RFC 8259 has it") from None


class _Rejected(ValueError):
    def __init__(self, where: str, what: str, remedy: str) -> None:
        self.where, self.what, self.remedy = where, what, remedy
        super().__init__(what)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Rejected(twice[:100], "it stands twice in one object", "give each field once")
    return found


def _constant(name: str) -> Any:
    raise _Rejected("", f"{name} is no JSON", "leave the field out, or give null")


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise _Rejected("", f"a number of {len(digits)} digits", f"give numbers of at most {DIGITS} digits")
    return int(digits)


def _check_structure(data: bytes, field: str, tokens: int) -> None:
    """Refuse a value that is too deep or has too many tokens, before the parser makes an object of each."""
    depth = count = 0
    for token in _TOKEN.finditer(data):
        first = data[token.start()]
        is_list = first == _OPEN and token.end() - token.start() > 1
        count += 1 + (data.count(b",", token.start(), token.end()) // NUMBERS if is_list else 0)
        if count > tokens:
            what = f"it has more than {tokens:,} names, values, commas and brackets"
            raise problem("too-large", field, what, "send the fields of an article, or fewer articles")
        if is_list:
            continue
        if first in b"[{":
            depth += 1
            if depth > DEPTH:
                what = f"its objects and lists stand more than {DEPTH} deep in each other"
                raise problem("not-json", field, what, "send articles as flat objects")
        elif first in b"]}":
            depth -= 1
