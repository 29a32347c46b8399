"""Take the value of a field out of what wraps it: objects, lists, rich text.

`{"rendered": "…"}`, `{"#text": "…"}`, `[{"type": "paragraph", "text": "…"}]` and `{"id": 5, "name": "The Echo"}` are
read like the plain value.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dedup.inputs.names import squeeze

_DEEPEST = 30
"""Maximum depth of a rich text."""

_PLAIN = ("#text", "", "value", "rendered", "$t", "text", "cdata", "cdata#text", "val", "stringvalue")
_TEXT: tuple[str, ...] = (
    *_PLAIN,
    "plain",
    "plaintext",
    "content",
    "body",
    "full",
    "processed",
    "main",
    "html",
    "markdown",
    "raw",
)
_TEXT += ("blocks", "children", "paragraphs", "nodes", "items", "data", "summary")
_NAME = ("name", "title", "displayname", "fullname", "label", "term", "original", "main", "headline", *_PLAIN)
_DATE = ("$date", *_PLAIN, "$numberlong", "iso", "iso8601", "utc", "datetime", "date", "timestamp", "seconds")
_INSIDE = {
    "text": _TEXT,
    "title": ("main", "title", "name", *_TEXT),
    "source": (*_NAME, "domain", "hostname", "site", "url", "uri", "id"),
    "author": (*_NAME, "username", "id"),
    "section": (*_NAME, "slug", "id"),
    "url": ("canonical", "permalink", "href", "url", "alternate", "self", "web", "id", *_PLAIN),
    "lang": ("code", "iso", "iso6391", "locale", "name", *_PLAIN, "id"),
    "id": ("$oid", "$uuid", *_PLAIN, "$numberlong", "id", "uri"),
    "story": (*_NAME, "id"),
    "storyline": (*_NAME, "id"),
    "published": _DATE,
    "seen": _DATE,
}
"""Field -> the keys of an object that may hold its value, in the order to try them; as `squeeze` returns them."""

_INLINE = frozenset(
    ("text", "span", "link", "hyperlink", "a", "b", "i", "em", "strong", "bold", "italic", "code", "mention", "hashtag")
)
"""Types of the parts of a rich text that continue the line."""
_KINDS = ("type", "_type", "nodeType", "tag")

_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)

_TAIL = 80
"""Characters at the end of a text in which it is looked for a mark of a cut."""
_COUNT = re.compile(
    r"(?:\[\+?\d[\d.,]* ?(?:chars?|characters|words|zeichen|caract[eè]res)\]|[(\[](?:…|\.\.\.|more…?|mehr…?|\+)[)\]])$",
    re.IGNORECASE,
)
_READ_ON = (
    *("read more", "read on", "read full story", "read the full story", "read the rest", "continue reading"),
    *("keep reading", "click here to read", "weiterlesen", "mehr lesen", "lire la suite", "lire plus"),
    *("en savoir plus", "leer más", "seguir leyendo", "sigue leyendo", "leia mais", "ler mais"),
    *("continue lendo", "leggi tutto", "leggi di più", "continua a leggere", "lees meer", "lees verder"),
    *("czytaj więcej", "czytaj dalej", "читать далее", "читать дальше", "читать полностью", "подробнее"),
    *("читати далі", "читати більше", "läs mer", "devamını oku", "阅读全文", "阅读更多", "查看全文"),
    *("閱讀全文", "続きを読む", "続きを見る", "全文を読む", "더 보기", "اقرأ المزيد"),
)
"""Links to the whole text that are left at the end of a cut one."""
_NO_TEXT = re.compile(
    r"(?:none|null|nan|n/a|undefined|-+|\[?(?:removed|deleted)\]?|only available in .{0,40}plans?\.?)", re.IGNORECASE
)
"""What stands in some data for a text that is not there."""

_LONGEST_LITERAL = 1000
"""Maximum characters of an object that is written as text."""

_LOCALE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?|@?default")


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT, pandas' NA or a blank string."""
    if value is None or isinstance(value, str):
        return value is None or not value.strip()
    if type(value) in (dict, list, int):
        return False
    if type(value).__name__ in {"NAType", "NaTType"}:  # pandas', without importing it
        return True
    unequal = value != value  # noqa: PLR0124 - only NaN, of any library, is unequal to itself
    return type(unequal).__name__ in {"bool", "bool_"} and bool(unequal)  # NumPy's, without importing it


def unwrapped(value: Any, field: str) -> Any:
    """Return the value for a field inside an object that wraps it, and the only item of a list; else the value."""
    for _ in range(_DEEPEST):
        if type(value) is str:
            break
        if isinstance(value, Mapping):
            inner = _inside(value, field)
            if inner is None:
                return value
            value = inner
        elif isinstance(value, list | tuple) and len(value) == 1:
            value = value[0]
        else:
            break
    return value


def _inside(value: Mapping[Any, Any], field: str) -> Any:
    for name in _wrappers(tuple(value), field):
        inner = value[name]
        if inner is not None and not is_missing(inner) and not isinstance(inner, bool):
            return inner
    held = [inner for inner in value.values() if isinstance(inner, str | list | Mapping) and not is_missing(inner)]
    if held and all(isinstance(name, str) and _LOCALE.fullmatch(name) for name in value):  # {"en": "…"}
        return held[0]
    if len(value) != 1 or not held:
        return None
    strings = held[0] if isinstance(held[0], list) else held
    return held[0] if all(isinstance(one, str) for one in strings) else None


@lru_cache(maxsize=256)  # objects of one field mostly share their names
def _wrappers(names: tuple[Any, ...], field: str) -> tuple[Any, ...]:
    """Return those of the names of an object that may hold the value of a field, in the order to try them."""
    found = {squeeze(name): name for name in reversed(names)}
    return tuple(found[key] for key in _INSIDE[field] if key in found)


def is_web_address(value: str) -> bool:
    """Return whether a string is an address of http or https."""
    return _ADDRESS.fullmatch(value) is not None


def is_cut(text: str) -> bool:
    """Return whether a text ends with a mark of a cut: `… [+2101 chars]`, `[…]`, `Read more`; or is a placeholder."""
    tail = text[-_TAIL:].rstrip()
    if tail.endswith(("…", "...")) or (tail.endswith((")", "]")) and _COUNT.search(tail)):
        return True
    if len(text) < _TAIL and _NO_TEXT.fullmatch(tail.lstrip()):
        return True
    ends = tail.endswith((".", "!", "?", '"', "”"))  # as most texts do: kept fast
    return not ends and tail.rstrip(" :)]»›→>").lower().endswith(_READ_ON)


def fullest(texts: Iterable[str]) -> str:
    """Return the first of some texts that is not cut, unless a cut one before it is longer; "" if all are blank."""
    best = ""
    for text in texts:
        if text.strip() and len(text) > len(best):
            best = text
            if not is_cut(text):
                break
    return best


def text_of(value: Any) -> str | None:
    """Return a string, a list of paragraphs or a rich text as text; None for any other type."""
    value = _plain(unwrapped(value, "text"))
    if isinstance(value, str):
        return value
    return _joined(value, _DEEPEST) if isinstance(value, list | tuple) else None


def _joined(parts: Sequence[Any], depth: int) -> str | None:
    """Return a list of paragraphs, or of parts of a line, as text; None if one of them is no text."""
    if parts and all(isinstance(part, Mapping) and "/" in str(part.get("type")) for part in parts):
        parts = parts[:1]  # one text in several types of media
    pieces: list[str] = []
    inline = bool(parts)
    for part in parts:
        if is_missing(part):
            continue
        piece = _piece(part, depth - 1)
        if piece is None:
            return None
        pieces.append(piece)
        inline = inline and _is_inline(part)
    # A string among objects is a part of the line that they are in.
    mixed = any(isinstance(part, str) for part in parts) and any(isinstance(part, Mapping) for part in parts)
    return ("" if inline or mixed else "\n").join(pieces)


def _piece(part: Any, depth: int) -> str | None:
    if isinstance(part, str):
        return part
    if depth <= 0:
        return None
    if isinstance(part, Mapping):
        inner = _inside(part, "text")
        return "" if inner is None else _piece(inner, depth - 1)  # an image among paragraphs has no text
    return _joined(part, depth) if isinstance(part, list | tuple) else None


def _is_inline(part: Any) -> bool:
    return isinstance(part, Mapping) and any(str(part.get(kind, "")).lower() in _INLINE for kind in _KINDS)


def line_of(value: Any, field: str, depth: int = 3) -> str | None:
    """Return a stripped string or a number as text, or the values of a list joined by commas; None for other types.

    Args:
        value: the value.
        field: the field that it is for; of several addresses the first is returned.
        depth: maximum depth of lists in it.
    """
    value = unwrapped(value, field)
    if type(value) is str:  # common, kept fast
        return value.strip()
    value = _plain(value)
    if type(value).__module__ == "uuid":
        return str(value)
    if isinstance(value, list | tuple):
        found = [line_of(one, field, depth - 1) for one in value if depth and not is_missing(one)]
        lines = [line for line in found if line is not None]
        if len(lines) < len(found):
            return None
        return lines[0] if lines and field == "url" else ", ".join(dict.fromkeys(lines))
    if isinstance(value, float) and value.is_integer():  # integers of a data frame column with gaps
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _digits(value)
    return value.strip() if isinstance(value, str) else None


def literal(text: str) -> Any:
    """Return the value of an object or a list that is written as text, in JSON or Python; else the text."""
    if len(text) > _LONGEST_LITERAL or not text.endswith(("]", "}")):
        return text
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            pass
    return text


def date_of(value: Any) -> Any:
    """Return the value that a date is read from."""
    value = unwrapped(value, "published")
    if isinstance(value, list | tuple) and 6 <= len(value) <= 9 and all(type(part) is int for part in value):
        year, *rest = value  # a `struct_time` written as JSON
        return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(year, *rest[:5])
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):  # Parquet text not marked as such; damaged bytes become surrogates
        return value.decode("utf-8", "surrogateescape")
    return value.tolist() if hasattr(value, "tolist") else value  # NumPy's numbers and arrays


def _digits(value: float) -> str | None:
    try:
        return str(value)
    except ValueError:  # Python limits the digits of an int it converts
        return None
