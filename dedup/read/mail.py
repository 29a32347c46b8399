"""Read newsletters with the standard library: one mail in a file, or a mailbox, one mail at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32
from email.utils import parseaddr
from typing import IO, Any

from dedup.article import Notice
from dedup.inputs.markup import to_plain
from dedup.read.source import LARGEST_RECORD, Record, Source, rename_fields

_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_PLENTY = 2
"""HTML is preferred if it has this many times the words of the plain text ("open this in a browser")."""

_LONGEST_HEADER = 4096
"""Maximum characters read of a header: the standard library decodes it in quadratic time."""
_LONGEST_STRUCTURE = 1024
"""The same for `Content-` headers, which the standard library parses repeatedly."""


_DEEPEST = 50
"""Maximum nested parts: the standard library compares each line with the boundary of every part around it."""
_BOUNDARY = re.compile(
    rb"(?m)^--(.*?)[ \t\r]*$|\bboundary\*?(?:0\*?)?=[ \t\r\n]*(?:\"([^\"\n]*)\"?|([^\s;\"]+))", re.IGNORECASE
)


class _ShortHeaders(Compat32):
    """The policy of the standard library, with overlong headers cut."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        longest = _LONGEST_STRUCTURE if name.lower().startswith("content-") else _LONGEST_HEADER
        return name, value[:longest]


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    content = source.whole_bytes()
    if content.strip():
        yield from _article(content, None, source.where, fields)


def read_mailbox(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    with source.binary() as stream:
        for number, content in enumerate(_mails(stream), 1):
            where = f"{source.where}:{number}"
            if content is None:
                problem = f"a mail of more than {LARGEST_RECORD:,} bytes, too many for an article"
                yield Notice(where, problem, "skipped", skipped=True)
            elif content.strip():
                yield from _article(content, number, where, fields)


def _mails(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Yield the mails of a mailbox without their `From ` lines; None for one that is too long."""
    lines: list[bytes] = []
    size, begun, blank, whole_line = 0, False, True, True
    while line := stream.readline(1 << 16):
        if whole_line and blank and line.startswith(b"From "):
            if begun:
                yield _joined(lines, size)
            lines, size, begun = [], 0, True
        elif begun or line.strip():
            begun = True
            size += len(line)
            if size <= LARGEST_RECORD:
                lines.append(line)
            else:
                lines.clear()
        blank, whole_line = not line.strip(), line.endswith(b"\n")
    if begun:
        yield _joined(lines, size)


def _joined(lines: list[bytes], size: int) -> bytes | None:
    return _QUOTED_FROM.sub(rb"\1", b"".join(lines)) if size <= LARGEST_RECORD else None


def _article(content: bytes, number: int | None, where: str, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    if _depth(content) > _DEEPEST:
        yield Notice(where, f"its parts are nested more than {_DEEPEST} deep", "skipped", skipped=True)
        return
    try:
        message = message_from_bytes(content, policy=_ShortHeaders())
        values = _values(message)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError) as error:
        # The parser of the standard library raises any of these for invalid headers.
        yield Notice(
            where, f"it is no mail that can be read ({type(error).__name__}: {error})", "skipped", skipped=True
        )
        return
    if not message.keys():
        yield Notice(where, "it is no mail: it has no headers", "skipped", skipped=True)
        return
    yield Record(rename_fields(fields, **values), number, is_plain=True)


def _depth(content: bytes) -> int:
    """Return how deep the parts of a mail are nested at most, counting the boundaries open at a time."""
    open_parts: dict[bytes, None] = {}
    deepest = 0
    for match in _BOUNDARY.finditer(content):
        line, *named = match.groups()
        if line is None:
            open_parts[named[0] or named[1] or b""] = None
            deepest = max(deepest, len(open_parts))
            continue
        for name in (line, line.removesuffix(b"--")):
            if name in open_parts:  # a line that begins a part of it, or ends it, ends all that is inside
                while next(reversed(open_parts)) != name:
                    open_parts.popitem()
                if name != line:
                    open_parts.popitem()
                break
    return deepest


def _values(message: Message) -> dict[str, Any]:
    name, address = parseaddr(str(message.get("From", "")))
    received = (_header(message, "Received").rpartition(";")[2] or "").strip()
    values = {
        "id": _header(message, "Message-ID").strip("<> "),
        "title": " ".join(_header(message, "Subject").split()),
        "text": _body(message),
        "published": _header(message, "Date"),
        "seen": received,
        "source": _decoded(name) or address,
        "url": _header(message, "Archived-At").strip("<> ") or _header(message, "Content-Location"),
        "lang": _header(message, "Content-Language"),
    }
    return {key: value for key, value in values.items() if value or key == "text"}


def _header(message: Message, name: str) -> str:
    """Return a decoded header without a time zone comment such as `(UTC)`; "" if it is missing."""
    return re.sub(r"\s*\([A-Z]{1,5}\)$", "", _decoded(message.get(name, "")))


def _decoded(value: Any) -> str:
    """Decode the encoded words of a header; return it unchanged if they are invalid."""
    text = str(value)
    if "=?" in text:
        with suppress(MessageError, ValueError, LookupError):  # unknown encoding or invalid base64
            text = str(make_header(decode_header(value)))
    return " ".join(text.split())


def _body(message: Message) -> str:
    """Return the plain text of a mail, or the text of its HTML if that is much longer."""
    plain, rich = _parts(message)
    text = _content(plain) if plain is not None else ""
    if rich is None:
        return text
    shown = to_plain(_content(rich)).strip()
    return shown if len(shown.split()) > _PLENTY * len(text.split()) else text


def _parts(message: Message) -> tuple[Message | None, Message | None]:
    """Return the first plain text and the first HTML part, without attachments and nested mails."""
    plain = rich = None
    waiting = [message]
    while waiting and (plain is None or rich is None):
        part = waiting.pop()
        if part.get_content_disposition() == "attachment":
            continue
        inner: Any = part.get_payload()
        if isinstance(inner, list):
            waiting += reversed(inner if part.get_content_maintype() == "multipart" else [])
        elif part.get_content_type() == "text/html":
            rich = part if rich is None else rich
        elif part.get_content_maintype() == "text":
            plain = part if plain is None else plain
    return plain, rich


def _content(part: Message) -> str:
    """Decode a part by its declared encoding, or UTF-8 if that is unknown; damaged bytes become surrogates."""
    content: Any = part.get_payload(decode=True) or b""
    charset = str(part.get_content_charset("utf-8"))
    try:
        text = str(content, charset, "surrogateescape")
    except (LookupError, UnicodeError):
        text = str(content, "utf-8", "surrogateescape")
    return text.replace("\r\n", "\n")
