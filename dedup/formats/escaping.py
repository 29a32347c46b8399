"""Make strings from articles and users safe: to store, and to show in messages, terminals and spreadsheets."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable
from typing import Any

_SPACES = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_ODD = (
    "\x00-\x1f\x7f-\x9f"  # control characters, which begin escape sequences
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks that reorder the rest of the line
    "\ud800-\udfff"  # lone surrogates cannot be encoded
    "\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible annotations and tags
)
_UNSAFE, _IN_NAME = re.compile(f"[{_ODD}]"), f"[{_ODD}\u2028\u2029]"
_ESCAPE = "x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}"
_TO_ESCAPE = re.compile(rf"\\+(?={_ESCAPE}|{_IN_NAME})|{_IN_NAME}")
_TO_UNESCAPE = re.compile(rf"(\\*)\\({_ESCAPE})")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TERMINAL = re.compile("[\x00-\x08\v\f\x0e-\x1f\x7f-\x9f]")
_FORMULA = re.compile("'*[=+@\t\r-]")


def sanitize(value: str) -> tuple[str, list[str]]:
    """Replace null bytes and lone surrogates, which databases and UTF-8 reject, by U+FFFD.

    Returns:
        The sanitized string, and a description of each kind of replaced character, as in "2 null bytes".
    """
    if value.isascii() and "\0" not in value:
        return value, []
    try:
        # In bytes: a search for a null in a string of wide characters stops at each of their zero bytes.
        if b"\0" not in value.encode():
            return value, []
    except UnicodeEncodeError:
        pass
    nulls = value.count("\0")
    value, surrogates = _SURROGATE.subn("\ufffd", value.replace("\0", "\ufffd"))
    found = []
    if nulls:
        found.append(f"{nulls:,} null byte{'s' if nulls > 1 else ''}")
    if surrogates > 1:
        found.append(f"{surrogates:,} lone surrogates or undecodable bytes")
    elif surrogates:
        found.append("1 lone surrogate or undecodable byte")
    return value, found


def visible(text: str) -> str:
    r"""Return the text on one line, without characters that a terminal would interpret.

    Line breaks and tabs become a space. Control characters and direction marks are written as escapes (`\x1b`). Soft
    hyphens are removed, since terminals disagree on their width. Joiners are kept: Persian, Hindi and emoji need them.
    """
    return _UNSAFE.sub(_escaped, _SPACES.sub(" ", text).replace("\xad", ""))


def escape_control(text: str) -> str:
    r"""Write control characters, except tabs and line ends, as escapes (`\x1b`)."""
    return _TERMINAL.sub(_escaped, text)


def escape_name(name: str) -> str:
    r"""Write the characters of a file name that a terminal or a spreadsheet would interpret as escapes (`\x1b`).

    Different names stay different: backslashes before such a character, or before what looks like its escape, are
    doubled.
    """
    return _TO_ESCAPE.sub(lambda found: found[0] * 2 if found[0][0] == "\\" else _escaped(found), name)


def unescape_name(name: str) -> str:
    """Undo `escape_name`."""

    def unescaped(found: re.Match[str]) -> str:
        before, escape = found.groups()
        own = "\\" * (len(before) // 2)
        return f"{own}\\{escape}" if len(before) % 2 else own + chr(int(escape[1:], 16))

    return _TO_UNESCAPE.sub(unescaped, name)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


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


def escape_formula(text: str) -> str:
    """Prefix an apostrophe to a text that a spreadsheet would evaluate, or to such a text behind apostrophes."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
