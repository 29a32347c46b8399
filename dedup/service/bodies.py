"""Reading of request bodies: decompressed piece by piece, under the limits of size, time and memory."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from dedup.service.problems import Problem, problem
from dedup.service.readers import ReaderPool
from dedup.service.settings import ServiceSettings
from dedup.service.strict_json import read_json

JSON = ("application/json",)
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_PIECE = 65_536
_GZIP = 31  # zlib's name for a window of 32 KB in a gzip wrapper
_BUDGET = 256_000_000
_INLINE = 16_384  # bytes of JSON that are parsed faster than a thread is asked
_EXPANSION = 100  # unpacked bytes of lines for a packed one, beside those of a JSON body; news have about four
_RATE = 1_000  # bytes a second of a body of lines, once it has used its time


class Disconnected(Exception):
    """The client closed the connection."""


class BodyBudget:
    """A limit on the bytes of bodies that all requests together keep in memory."""

    def __init__(self, limit: int = _BUDGET) -> None:
        self._limit, self._used = limit, 0

    @contextmanager
    def reservation(self) -> Iterator[BodyReservation]:
        """Yield the reservation of one request, which is released at the end of the block."""
        reservation = BodyReservation(self)
        try:
            yield reservation
        finally:
            self._used -= reservation.bytes

    def add(self, count: int) -> None:
        """Reserve more bytes; a negative number releases some.

        Raises:
            Problem: the limit would be exceeded.
        """
        if count > 0 and self._used + count > self._limit:
            raise problem("too-busy", "body", "the service holds too many bodies", "send it again later", retry=1)
        self._used += count


class BodyReservation:
    """The part of a `BodyBudget` that one request uses."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget, self.bytes = budget, 0

    def resize(self, count: int) -> None:
        """Set the size of the reservation.

        Raises:
            Problem: the limit of the budget would be exceeded.
        """
        self._budget.add(count - self.bytes)
        self.bytes = count


def media_type(request: Request) -> str:
    """Return the media type of a body without its parameters, "" if the request has none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_media_type(request: Request, known: tuple[str, ...]) -> str:
    """Return the media type of a body.

    Raises:
        Problem: it is not one of the known ones, or the character set is not UTF-8.
    """
    given = request.headers.get("content-type", "")
    name, charset = media_type(request), given.partition(";")[2].replace(" ", "").lower()
    if name not in known or (charset and charset not in {"charset=utf-8", 'charset="utf-8"'}):
        what = f"{given[:80]!r} is no kind of body that is understood here" if given else "it is not given"
        raise problem("wrong-kind", "Content-Type", what, f"send {' or '.join(known)}, in UTF-8")
    return name


async def read_body(request: Request, settings: ServiceSettings, reservation: BodyReservation) -> bytes:
    """Return a body, decompressed.

    Raises:
        Problem: it is too large, too slow, or not compressed as its header declares.
        Disconnected: the client closed the connection.
    """
    parts, count = [], 0
    async for piece in _chunks(request, settings, settings.body):
        count += len(piece)
        reservation.resize(count)
        parts.append(piece)
    return b"".join(parts)


async def json_body(request: Request, settings: ServiceSettings, budget: BodyBudget, parsers: ReaderPool) -> Any:
    """Return the JSON value of a body; a large one is parsed in a thread of `parsers`.

    Raises:
        Problem, Disconnected: see `read_body` and `read_json`.
    """
    with budget.reservation() as reservation:
        data = await read_body(request, settings, reservation)
        if len(data) <= _INLINE:
            return read_json(data, articles=settings.batch)
        return await parsers.run(read_json, data, articles=settings.batch)


async def body_lines(
    request: Request, settings: ServiceSettings, reservation: BodyReservation, batch_size: int
) -> AsyncIterator[list[bytes]]:
    """Yield the lines of a body without their ends, as they arrive, up to `batch_size` at a time.

    Raises:
        Problem, Disconnected: see `read_body`; earlier lines have been yielded.
    """
    longest = line_limit(settings)
    rest = bytearray()
    async for piece in _chunks(request, settings, settings.stream, lines=True):
        lines: list[bytes] = []
        if b"\n" in piece:
            *lines, end = (bytes(rest) + piece).split(b"\n")
            rest = bytearray(end)
        else:  # copying a long line for each byte of it would take quadratic time
            rest += piece
        if len(rest) > longest or any(len(line) > longest for line in lines):
            remedy = f"send lines of at most {longest:,} bytes, an article each"
            raise problem("too-large", "body", f"a line is longer than {longest:,} bytes", remedy)
        reservation.resize(len(rest) + len(piece))
        for start in range(0, len(lines), batch_size):
            await asyncio.sleep(0)  # lines that are refused wait for nothing else
            yield lines[start : start + batch_size]
    if rest:
        yield [bytes(rest)]


def line_limit(settings: ServiceSettings) -> int:
    """Return the most bytes of a line with an article; a character takes up to six in JSON."""
    return 6 * settings.text + 65_536


async def _chunks(
    request: Request, settings: ServiceSettings, limit: int, *, lines: bool = False
) -> AsyncIterator[bytes]:
    """Yield pieces of a body, unpacked.

    Args:
        request: the request.
        settings: limits.
        limit: bytes of the body, packed or not.
        lines: whether the body has more time and less expansion the more of it was received.
    """
    decoder = _decoder(request)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    count = received = 0
    waited = 0.0  # for the client; the time of the writer is not the client's
    more = True
    while more:
        begin = time.monotonic()
        data, more = await _receive(request, settings, settings.body_time + lines * received / _RATE - waited)
        waited += time.monotonic() - begin
        received += len(data)
        most = min(limit, settings.body + _EXPANSION * received) if lines and decoder.expands else limit
        if received > limit:
            raise _too_large(limit)
        for piece in decoder.decode(data):
            count += len(piece)
            if count > most:
                raise _too_large(most)
            yield piece
            await asyncio.sleep(0)
    decoder.finish()


async def _receive(request: Request, settings: ServiceSettings, left: float) -> tuple[bytes, bool]:
    try:
        async with asyncio.timeout(max(0.0, min(settings.idle_time, left))):
            message = await request.receive()
    except TimeoutError:
        what = f"nothing more came for {settings.idle_time:g} s, or it took longer than {settings.body_time:g} s"
        raise problem("too-slow", "body", what, "send it faster, or in parts") from None
    if message["type"] != "http.request":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


class _Identity:
    """The decoder of a body that is not compressed."""

    expands = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data

    def finish(self) -> None:
        pass


class _Gzip:
    """The decoder of a gzip body; pieces are bounded, so that a small body cannot expand into a large one at once."""

    expands = True

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._started = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        while data or self._started:
            self._started = True
            try:
                piece = self._member.decompress(data, _PIECE)
            except zlib.error:
                raise _bad_encoding("it is not what gzip writes") from None
            if piece:
                yield piece
            if self._member.eof:  # another member may follow
                data, self._member, self._started = self._member.unused_data, zlib.decompressobj(_GZIP), False
                continue
            data = self._member.unconsumed_tail
            if not data and len(piece) < _PIECE:
                return

    def finish(self) -> None:
        if self._started:
            raise _bad_encoding("it ends in the middle")


def _decoder(request: Request) -> _Identity | _Gzip:
    given = request.headers.get("content-encoding", "identity").strip().lower()
    if given in {"gzip", "x-gzip"}:
        return _Gzip()
    if given not in {"", "identity"}:
        remedy = "send it as it is, or packed by gzip"
        headers = {"Accept-Encoding": "gzip, identity"}
        raise problem("wrong-kind", "Content-Encoding", f"{given[:40]!r} is not understood", remedy, headers=headers)
    return _Identity()


def _bad_encoding(what: str) -> Problem:
    return problem("bad-encoding", "Content-Encoding", what, "pack the body anew, or send it as it is")


def _too_large(limit: int) -> Problem:
    return problem("too-large", "body", f"it has more than {limit:,} bytes, unpacked", "send it in parts")
