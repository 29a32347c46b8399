"""Newsletters: a mail in a file, or many in a mailbox, one at a time. By the standard library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import IO, Any

from dedup.article import Notice
from dedup.read.markup import text_of
from dedup.read.source import LARGEST_RECORD, Record, Source, named

_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_PLENTY = 2
"""How many times the words of the plain text the HTML has, where the plain text is only "open this in a browser"."""


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
    """The mails of a mailbox, each without its `From ` line; None in place of one that is too long."""
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
    try:
        message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(content)
        values = _values(message)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError) as error:
        # The standard library's parser raises any of these on headers that are none.
        yield Notice(
            where, f"it is no mail that can be read ({type(error).__name__}: {error})", "skipped", skipped=True
        )
        return
    if not message.keys():
        yield Notice(where, "it is no mail: it has no headers", "skipped", skipped=True)
        return
    yield Record(named(fields, **values), number)


def _values(message: EmailMessage) -> dict[str, Any]:
    name, address = parseaddr(_header(message, "From"))
    received = (_header(message, "Received").rpartition(";")[2] or "").strip()
    values = {
        "id": _header(message, "Message-ID").strip("<> "),
        "title": " ".join(_header(message, "Subject").split()),
        "text": _body(message),
        "published": _header(message, "Date"),
        "seen": received,
        "source": name or address,
        "url": _header(message, "Archived-At").strip("<> ") or _header(message, "Content-Location"),
        "lang": _header(message, "Content-Language"),
    }
    return {key: value for key, value in values.items() if value or key == "text"}


def _header(message: EmailMessage, name: str) -> str:
    """A header, decoded; "" where it is missing."""
    return re.sub(r"\s*\([A-Z]{1,5}\)$", "", str(message.get(name, "") or "").strip())


def _body(message: EmailMessage) -> str:
    """The plain text of a mail, or that of its HTML where it has far more to say."""
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    text = _decoded(plain) if plain is not None else ""
    if rich is None:
        return text
    shown = text_of(_decoded(rich))
    return shown if len(shown.split()) > _PLENTY * len(text.split()) else text


def _decoded(part: Any) -> str:
    """The text of a part in the encoding it names, in UTF-8 where that is unheard of; damaged bytes as surrogates."""
    content = part.get_payload(decode=True) or b""
    charset = part.get_content_charset("utf-8")
    try:
        return content.decode(charset, "surrogateescape").replace("\r\n", "\n")
    except (LookupError, UnicodeError):
        return content.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
