"""What a client sends, piece by piece: unpacked, and never more of it, or for longer, than the limits allow."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from dedup.service.problems import Problem, problem
from dedup.service.settings import ServiceSettings
from dedup.service.strict_json import read_json

JSON = ("application/json",)
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_PIECE = 65_536
_GZIP = 31  # zlib's name for a window of 32 KB in a gzip wrapper
_HELD = 256_000_000


class Disconnected(Exception):
    """The client is gone: there is nobody to answer."""


class Room:
    """How many bytes of bodies are held at a time, of all requests together."""

    def __init__(self, most: int = _HELD) -> None:
        self._most, self._held = most, 0

    @contextmanager
    def holder(self) -> Iterator[Holder]:
        """What one request holds, given back when the block ends."""
        holder = Holder(self)
        try:
            yield holder
        finally:
            self._held -= holder.bytes

    def take(self, count: int) -> None:
        """Holds more, or less.

        Raises:
            Problem: there is no room.
        """
        if count > 0 and self._held + count > self._most:
            raise problem("too-busy", "body", "the service holds too many bodies", "send it again later", retry=1)
        self._held += count


class Holder:
    """The part of a `Room` that one request takes."""

    def __init__(self, room: Room) -> None:
        self._room, self.bytes = room, 0

    def hold(self, count: int) -> None:
        """Holds so many bytes from now on.

        Raises:
            Problem: there is no room.
        """
        self._room.take(count - self.bytes)
        self.bytes = count


def kind_of(request: Request) -> str:
    """The kind of body that a request says it has, "" where it does not say."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def media_type(request: Request, known: tuple[str, ...]) -> str:
    """The same, where it is one of those that are known here.

    Raises:
        Problem: it is none that is known here.
    """
    given = request.headers.get("content-type", "")
    name, charset = kind_of(request), given.partition(";")[2].replace(" ", "").lower()
    if name not in known or (charset and charset not in {"charset=utf-8", 'charset="utf-8"'}):
        what = f"{given[:80]!r} is no kind of body that is understood here" if given else "it is not given"
        raise problem("wrong-kind", "Content-Type", what, f"send {' or '.join(known)}, in UTF-8")
    return name


async def whole_body(request: Request, settings: ServiceSettings, holder: Holder) -> bytes:
    """All of a body.

    Raises:
        Problem: it is too large, comes too slowly or is not packed as it says.
        Disconnected: the client went away.
    """
    parts, count = [], 0
    async for piece in _pieces(request, settings, settings.body, until=time.monotonic() + settings.body_time):
        count += len(piece)
        holder.hold(count)
        parts.append(piece)
    return b"".join(parts)


async def json_body(request: Request, settings: ServiceSettings, room: Room) -> Any:
    """Return the JSON value of a body.

    Raises:
        Problem: as for `whole_body` and `read_json`.
        Disconnected: the client went away.
    """
    with room.holder() as holder:
        return read_json(await whole_body(request, settings, holder))


async def body_lines(
    request: Request, settings: ServiceSettings, holder: Holder, most: int
) -> AsyncIterator[list[bytes]]:
    """The lines of a body, without their ends: those that came together, at most some of them at a time.

    Raises:
        Problem, Disconnected: as for `whole_body`; lines before that have been given.
    """
    longest = line_limit(settings)
    rest = b""
    async for piece in _pieces(request, settings, settings.stream, until=None):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > longest or any(len(line) > longest for line in lines):
            remedy = f"send lines of at most {longest:,} bytes, an article each"
            raise problem("too-large", "body", f"a line is longer than {longest:,} bytes", remedy)
        holder.hold(len(rest) + len(piece))
        for start in range(0, len(lines), most):
            yield lines[start : start + most]
    if rest:
        yield [rest]


def line_limit(settings: ServiceSettings) -> int:
    """Bytes that a line with an article can have: a character can take six in JSON."""
    return 6 * settings.text + 65_536


async def _pieces(
    request: Request, settings: ServiceSettings, limit: int, *, until: float | None
) -> AsyncIterator[bytes]:
    unpacking = _unpacking(request)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    count = packed = 0
    more = True
    while more:
        data, more = await _receive(request, settings, until)
        packed += len(data)
        if packed > limit:
            raise _too_large(limit)
        for piece in unpacking.feed(data):
            count += len(piece)
            if count > limit:
                raise _too_large(limit)
            yield piece
    unpacking.end()


async def _receive(request: Request, settings: ServiceSettings, until: float | None) -> tuple[bytes, bool]:
    patience = settings.idle_time if until is None else min(settings.idle_time, until - time.monotonic())
    try:
        async with asyncio.timeout(max(0.0, patience)):
            message = await request.receive()
    except TimeoutError:
        what = f"nothing more came for {settings.idle_time:g} s, or it took longer than {settings.body_time:g} s"
        raise problem("too-slow", "body", what, "send it faster, or in parts") from None
    if message["type"] != "http.request":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


class _Plain:
    """A body as it is."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data

    def end(self) -> None:
        pass


class _Gzip:
    """A body that was packed, a piece at a time, so that a small one cannot become a large one at once."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data or self._begun:
            self._begun = True
            try:
                piece = self._member.decompress(data, _PIECE)
            except zlib.error:
                raise _unpackable("it is not what gzip writes") from None
            if piece:
                yield piece
            if self._member.eof:  # another may follow
                data, self._member, self._begun = self._member.unused_data, zlib.decompressobj(_GZIP), False
                continue
            data = self._member.unconsumed_tail
            if not data and len(piece) < _PIECE:
                return

    def end(self) -> None:
        if self._begun:
            raise _unpackable("it ends in the middle")


def _unpacking(request: Request) -> _Plain | _Gzip:
    given = request.headers.get("content-encoding", "identity").strip().lower()
    if given in {"gzip", "x-gzip"}:
        return _Gzip()
    if given not in {"", "identity"}:
        remedy = "send it as it is, or packed by gzip"
        headers = {"Accept-Encoding": "gzip, identity"}
        raise problem("wrong-kind", "Content-Encoding", f"{given[:40]!r} is not understood", remedy, headers=headers)
    return _Plain()


def _unpackable(what: str) -> Problem:
    return problem("bad-encoding", "Content-Encoding", what, "pack the body anew, or send it as it is")


def _too_large(limit: int) -> Problem:
    return problem("too-large", "body", f"it has more than {limit:,} bytes, unpacked", "send it in parts")
