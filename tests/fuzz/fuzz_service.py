"""Fuzz the service with any bytes on a connection: it answers in HTTP or closes, without an error, and goes on."""

from __future__ import annotations

import asyncio
import atexit
import gzip
import json
import logging
import re
import shutil
import tempfile
import time
import zlib
from pathlib import Path
from urllib.parse import quote

import uvicorn
from fuzz_given import Given

from dedup.index import StoryIndex
from dedup.service.app import application
from dedup.service.protocol_limits import limited_protocol
from dedup.service.settings import ServiceSettings

_ROOM = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - files of a moment
_SETTINGS = ServiceSettings(
    body=20_000, stream=40_000, text=2_000, batch=5, head=4_096, head_time=5.0, news_time=0.01, idle_time=5.0
)
_IDS = ("a", "b", "ü/../x", "a b", "s1", "\0", "c" * 500, "c" * 513, "%", "水")
_PATHS = (
    *("/", "/openapi.json", "/assets/page.js", "/assets/../app.py", "/healthz", "/readyz", "/metrics", "/nowhere"),
    *("/v1/articles", "/v1/articles/batch", "/v1/match", "/v1/articles/{}", "/v1/stories", "/v1/stories/{}"),
    *("/v1/stories/{}/articles", "/v1/stories/{}/versions", "/v1/explain", "/v1/compare", "/v1/search"),
    *(
        "/v1/changes",
        "/v1/reconcile",
        "/v1/expire",
        "/v1/jobs/{}",
        "/v1/stats",
        "//v1/articles",
        "*",
        "http://x.example/",
    ),
)
_QUERIES = (
    "a=a&b=b",
    "a=",
    "q=ferry",
    "since=",
    "cursor=",
    "limit=",
    "min_size=",
    "outlet=",
    "before=",
    "wait=",
    "id=",
)
_VALUES = ("0", "1", "-1", "9" * 25, "nan", "1e400", "2024-06-15", "true", "", "\ud800", "%00", "a" * 300, "０", "+1")
_HEADERS = (
    *("Content-Type: application/json", "Content-Type: application/x-ndjson", "Content-Type: text/plain; charset=x"),
    *("Content-Encoding: gzip", "Content-Encoding: deflate", "Content-Encoding: br", "Expect: 100-continue"),
    *("Accept: text/event-stream", "Accept: application/x-ndjson", "Origin: http://x.example", "Origin: http://["),
    *("Host: x.example", "Host: [", "Sec-Fetch-Site: cross-site", "Authorization: Bearer x", "Last-Event-ID: 1"),
    *("X-Request-Id: a\tb", "X-Request-Id: abc", "Upgrade: websocket\r\nConnection: upgrade", "Transfer-Encoding: x"),
    *("Content-Length: -1", "Content-Length: 99999999999", "Range: bytes=0-1", "If-None-Match: *", "Cookie: \xff"),
)
_BODIES = (
    b'{"id": "a", "title": "Ferry burns", "text": "Fire broke out on the ferry Aurora off Corran", "outlet": "Echo"}',
    b'{"articles": [{"id": "b", "text": "A fire broke out on the ferry Aurora"}, {"id": 3}, null, {"id": "a"}]}',
    b'{"id": "b", "text": "Cherries of Tolmin froze"}\n{"id": "b"\n\n{"id": "d", "text": "\\ud800", "date": "2024"}\n',
    b'{"a": {"text": "Fire broke out"}, "b": {"text": "A fire broke out"}}',
    b'{"before": "2024-06-15", "days": 1e400}',
    b'{"text": "x", "text": NaN, "\\u0000": [[[[[[]]]]]]}',
)
_ASKED = b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class _Service:
    """A service in this thread's event loop, with the errors it has logged."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._folder = tempfile.mkdtemp(dir=_ROOM, prefix="dedup-fuzz-")
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)  # a fuzzer ends in the middle of things
        self._loop = asyncio.new_event_loop()
        self._index = StoryIndex.open(Path(self._folder) / "stories.db")
        protocol = limited_protocol(_SETTINGS.head, _SETTINGS.head_time, _SETTINGS.idle_time, _SETTINGS.connections)
        config = uvicorn.Config(
            application(self._index, _SETTINGS), http=protocol, ws="none", lifespan="on", port=0, log_config=None,
            access_log=False, server_header=False, proxy_headers=False,
        )  # fmt: skip
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        handler = logging.Handler(logging.ERROR)
        handler.emit = lambda record: self.errors.append(logging.Formatter().format(record))  # type: ignore[method-assign]
        for name in ("dedup", "uvicorn", "asyncio"):
            logging.getLogger(name).addHandler(handler)
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        self._loop.run_until_complete(self._server.startup())
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        while not self.sent([_ASKED % b"/readyz"]).startswith(b"HTTP/1.1 200 "):
            time.sleep(0.01)
        self.errors.clear()

    def close(self) -> None:
        """Stop the service."""
        self._loop.run_until_complete(self._server.shutdown())
        self._loop.close()
        self._index.close()

    def sent(self, pieces: list[bytes]) -> bytes:
        """Send some pieces and return the complete response."""
        return self._loop.run_until_complete(asyncio.wait_for(self._exchange(pieces), 60))

    async def _exchange(self, pieces: list[bytes]) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if writer.can_write_eof():
                writer.write_eof()
            return await reader.read()
        except (ConnectionError, OSError):
            return b""  # it was closed on us: what was answered is lost, which HTTP allows
        finally:
            writer.close()


_running: list[_Service] = []


def stop() -> None:
    """Stop the service, if there is one."""
    while _running:
        _running.pop().close()


def one(data: bytes) -> None:
    """Send some requests over one connection."""
    if not _running:
        _running.append(_Service())
    service = _running[0]
    given = Given(data)
    pieces = [_request(given) for _ in range(1 + given.number(3))]
    if given.chance(3):  # cut into other pieces than requests
        whole, size = b"".join(pieces), 1 + given.number(200)
        pieces = [whole[place : place + size] for place in range(0, len(whole), size)]
    if given.chance(6):
        pieces.append(given.rest())
    seen = service.sent(pieces)
    pieces_told = f"{pieces!r}: {seen!r}"
    if seen:
        assert _STATUS.match(seen), pieces_told
        _check(seen, pieces_told, bare=b"".join(pieces).lstrip().startswith(b"HEAD"))
    assert not service.errors, (service.errors, pieces)
    alive = service.sent([_ASKED % b"/healthz"])
    assert alive.startswith(b"HTTP/1.1 200 "), (alive, pieces)


def _check(seen: bytes, where: str, *, bare: bool) -> None:
    """Check the first response; later ones are found by their headers."""
    head, _, rest = seen.partition(b"\r\n\r\n")
    status = int(head[9:12])
    assert status < 500 or status == 503, where
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert headers.get(b"x-content-type-options") == b"nosniff" or status == 100, where
    if status >= 400 and b"content-length" in headers and not bare:
        told = json.loads(rest[: int(headers[b"content-length"])])
        assert all(fault["remedy"] for fault in told["errors"]), where


def _request(given: Given) -> bytes:
    method = given.choice(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "get", "\x16\x03"))
    path = given.choice(_PATHS).replace("{}", quote(given.choice(_IDS), safe="/%"))
    if given.chance(2):
        pairs = [given.choice(_QUERIES) + _quoted(given.choice(_VALUES)) for _ in range(1 + given.number(3))]
        path += "?" + "&".join(pairs)
    if given.chance(8):
        path += _quoted(given.text(30))
    headers = ["Host: localhost"] if not given.chance(12) else []
    headers += [given.choice(_HEADERS) for _ in range(given.number(4))]
    body = _body(given) if method in ("POST", "PUT", "PATCH") or given.chance(8) else b""
    if body and not any(name.startswith("Content-Type") for name in headers):
        headers.append(_HEADERS[0])
    if body and given.chance(5):
        headers.append("Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    elif body:
        headers.append(f"Content-Length: {len(body) + (given.number(3) - 1 if given.chance(9) else 0)}")
    head = f"{method} {path} HTTP/1.{0 if given.chance(12) else 1}\r\n" + "".join(f"{one}\r\n" for one in headers)
    return head.encode("latin-1", "replace") + b"\r\n" + body


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))


def _body(given: Given) -> bytes:
    body = given.choice(_BODIES)
    if given.chance(2):  # some of its bytes are others
        place = given.number(len(body))
        body = body[:place] + given.taken(given.number(12)) + body[place + given.number(6) :]
    packed = given.number(8)
    return gzip.compress(body, 1, mtime=0) if packed == 1 else zlib.compress(body, 1) if packed == 2 else body


def starts() -> list[bytes]:
    """Return seed inputs."""
    return [bytes([1, 1, place, 2, 0, 1, 1, place % 6, 1, 0, 0]) for place in range(len(_PATHS))]
