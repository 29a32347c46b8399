"""Slow and deceptive connections are bounded in memory and time, and the service is reachable meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
from serving import Served, serving

LIMITS = ("head_time=2", "idle_time=2", "body_time=2", "connections=20")
HOST = b" HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
LINES = CHUNKED.replace(b"json", b"x-ndjson")
TRAILERS = b"".join(b"X-%d: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" % number for number in range(2_000))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    options = [part for limit in LIMITS for part in ("--limit", limit)]
    with serving(tmp_path_factory.mktemp("slow") / "stories.db", *options) as found:
        yield found
        assert not [line for line in found.lines if "Traceback" in line or "a fault" in line]


def connected(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", httpx.URL(served.url).port or 80), timeout=10)


def sent_until_closed(sock: socket.socket, piece: bytes, pause: float, most: int) -> int:
    """Send a piece again and again, and return the bytes that were sent until the connection was closed."""
    count = 0
    try:
        while count < most:
            sock.sendall(piece)
            count += len(piece)
            time.sleep(pause)
    except OSError:
        pass
    return count


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"POST /v1/articles" + CHUNKED + b"2\r\n{}\r\n0\r\n", TRAILERS),
        (b"POST /v1/articles" + CHUNKED + b"2\r\n{}\r\n0\r\nX-A: ", b"y" * 100_000),
        (b"POST /v1/articles" + CHUNKED + b"2;a=", b"y" * 100_000),
        (b"POST /v1/articles/batch" + LINES + b"2\r\n{}\r\n0\r\n", TRAILERS),
        (b"POST /v1/decisions" + CHUNKED + b"2\r\n{}\r\n0\r\n", TRAILERS),
        (b"POST /v1/rebuild?granularity=7" + CHUNKED + b"2;a=", b"y" * 100_000),
        (b"GET /healthz" + CHUNKED + b"0\r\n", TRAILERS),
    ],
    ids=["trailers", "long trailer", "chunk extension", "lines", "decision", "no body", "get"],
)
def test_what_surrounds_chunks_is_bounded(served: Served, head: bytes, piece: bytes) -> None:
    before = served.memory()
    with connected(served) as sock:
        sock.sendall(head)
        sent = sent_until_closed(sock, piece, 0.0, 100_000_000)
    assert sent < 20_000_000
    assert served.memory() - before < 30_000_000


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"POST /v1/articles" + CHUNKED, b"1\r\n \r\n" * 20_000),
        (b"POST /v1/decisions" + CHUNKED, b"1\r\n \r\n" * 20_000),
        (b"POST /v1/articles/batch" + LINES, b"1\r\n\n\r\n" * 20_000),
        (b"GET /healthz" + HOST + b"\r\n", (b"GET /healthz" + HOST + b"\r\n") * 5_000),
    ],
    ids=["chunks", "chunks of a decision", "chunks of lines", "pipelined requests"],
)
def test_many_small_parts_do_not_keep_others_waiting(served: Served, head: bytes, piece: bytes) -> None:
    """Each of them took memory or the time of the event loop: 8 such connections delayed others by 2 s."""
    before = served.memory()
    with ExitStack() as opened, httpx.Client(base_url=served.url) as client:
        senders = [opened.enter_context(connected(served)) for _ in range(8)]
        assert client.get("/healthz").status_code == 200
        for sock in senders:
            sock.sendall(head)
        for sock in senders:
            sock.settimeout(0.2)
            with suppress(OSError):
                sock.sendall(piece)
        begin = time.monotonic()
        for _ in range(5):
            assert client.get("/healthz").status_code == 200
        assert time.monotonic() - begin < 2  # of all five, beside other tests
    with connected(served) as sock:
        sock.sendall(head)
        begin = time.monotonic()
        sent_until_closed(sock, piece, 0.0, 100_000_000)
        assert time.monotonic() - begin < 1.5  # sooner than `body_time`
    assert served.memory() - before < 50_000_000


def test_requests_sent_together_are_answered(served: Served) -> None:
    with connected(served) as sock:
        sock.sendall((b"GET /healthz" + HOST + b"\r\n") * 50)
        seen = b""
        while seen.count(b"HTTP/1.1 200 ") < 50:
            more = sock.recv(65536)
            assert more
            seen += more


def test_a_trailer_is_no_header(served: Served) -> None:
    with connected(served) as sock:
        body = b'15\r\n{"text": "A ferry."}\n\r\n0\r\nContent-Encoding: br\r\nHost: evil.example\r\n\r\n'
        sock.sendall(b"POST /v1/match" + CHUNKED + body)
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("head", "piece"),
    [(b"POST /v1/articles/batch" + LINES, b"1\r\n\n\r\n"), (b"GET /healthz" + HOST + b"\r\n", b"\r\n")],
    ids=["lines", "empty lines between requests"],
)
def test_a_connection_that_drips_is_closed(served: Served, head: bytes, piece: bytes) -> None:
    with connected(served) as sock:
        sock.sendall(head)
        begin = time.monotonic()
        sent_until_closed(sock, piece, 0.5, 40 * len(piece))
        assert time.monotonic() - begin < 10


@pytest.mark.parametrize(
    "start",
    [b"GET /v1/stats HTTP/1.1\r\n", b"POST /v1/articles/batch" + LINES + b"1\r\n{\r\n"],
    ids=["heads", "bodies"],
)
def test_slow_connections_do_not_keep_others_out(served: Served, start: bytes) -> None:
    with ExitStack() as slow:
        for _ in range(5):
            for _ in range(25):  # renewed
                slow.enter_context(connected(served)).sendall(start)
            begin = time.monotonic()
            assert httpx.get(f"{served.url}/healthz", timeout=5).status_code == 200
            assert time.monotonic() - begin < 1.5  # a client that is kept out waits for `head_time`


@pytest.mark.parametrize(
    ("target", "hosts"),
    [
        (b"/v1/stats", [b"localhost", b"localhost"]),
        (b"/v1/stats", [b"localhost", b"evil.example"]),
        (b"/v1/stats", [b"evil@localhost"]),
        (b"/v1/stats", [b"localhost/evil"]),
        (b"/v1/stats", [b"localhost:80:80"]),
        (b"http://evil.example/v1/stats", [b"localhost"]),
        (b"http://evil.example@localhost/v1/stats", [b"localhost"]),
        (b"ftp://localhost/v1/stats", [b"localhost"]),
    ],
)
def test_hosts_that_are_not_one_name(served: Served, target: bytes, hosts: list[bytes]) -> None:
    with connected(served) as sock:
        sock.sendall(
            b"GET " + target + b" HTTP/1.1\r\n" + b"".join(b"Host: " + one + b"\r\n" for one in hosts) + b"\r\n"
        )
        assert sock.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (b"/v1/stats", b"localhost:8080"),
        (b"/v1/stats", b"[::1]:80"),
        (b"http:%b" % b"//LOCALHOST/v1/stats", b"localhost"),
    ],
)
def test_hosts_that_are_accepted(served: Served, target: bytes, host: bytes) -> None:
    with connected(served) as sock:
        sock.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
