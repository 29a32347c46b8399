"""Hostile or broken clients get a documented answer or none, and the service continues."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from serving import Served, assert_problem, serving

LIMITS = ("head_time=1", "idle_time=1", "body_time=3", "head=8192", "connections=40", "body=2000000", "stream=20000000")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with short timeouts."""
    options = [part for limit in LIMITS for part in ("--limit", limit)]
    with serving(tmp_path_factory.mktemp("strict") / "stories.db", *options) as served:
        yield served
        assert served.ready(), "it was harmed"
        assert served.stop() == 0
        assert not [line for line in served.lines if "Traceback" in line or "a fault" in line], "\n".join(served.lines)


@pytest.fixture
def client(strict: Served) -> Iterator[httpx.Client]:
    with strict.client() as found:
        yield found
    with strict.client() as after:
        assert after.post("/v1/match", json={"text": "Is it there still?"}).status_code == 200


def connected(served: Served) -> socket.socket:
    url = httpx.URL(served.url)
    return socket.create_connection((url.host, url.port or 80), timeout=20)


def answered(sock: socket.socket) -> bytes:
    """Return everything received until the connection is closed."""
    seen = b""
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionResetError:
            return seen
        if not piece:
            return seen
        seen += piece


def assert_raw_problem(seen: bytes, status: int) -> None:
    head, _, body = seen.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), seen[:300]
    assert b"application/problem+json" in head
    assert json.loads(body)["errors"][0]["remedy"]


@pytest.mark.usefixtures("client")
def test_a_head_that_comes_slowly(strict: Served) -> None:
    with connected(strict) as sock:
        begin = time.monotonic()
        sock.sendall(b"GET /v1/stats HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(8):
            time.sleep(0.2)
            try:
                sock.sendall(b"X-A: b\r\n")
            except OSError:
                break
        assert_raw_problem(answered(sock), 408)
        assert time.monotonic() - begin < 5
    with connected(strict) as sock:  # nothing at all
        assert_raw_problem(answered(sock), 408)


@pytest.mark.usefixtures("client")
def test_a_body_that_comes_slowly(strict: Served) -> None:
    kind = b"Host: localhost\r\nContent-Type: application/json"
    head = b"POST /v1/articles HTTP/1.1\r\n" + kind + b"\r\nContent-Length: 1000\r\n\r\n"
    with connected(strict) as sock:
        sock.sendall(head + b"{")
        assert_raw_problem(answered(sock), 408)
    with connected(strict) as sock:  # a byte now and then is too slow as well
        sock.sendall(head)
        begin = time.monotonic()
        sock.settimeout(0.4)
        seen = b""
        while not seen and time.monotonic() - begin < 10:
            sock.sendall(b" ")
            try:
                seen = sock.recv(65536)
            except TimeoutError:
                continue
        sock.settimeout(20)
        assert_raw_problem(seen + answered(sock), 408)  # the rest may come behind the head


def test_an_answer_that_nobody_takes(strict: Served, client: httpx.Client) -> None:
    text = "A long answer of many words. " * 3_000
    client.post("/v1/articles", json={"id": "long", "text": text})
    with connected(strict) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b"GET /v1/articles/long HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        deadline = time.monotonic() + 20
        while "dedup_requests_running 1.0" not in client.get("/metrics").text:  # this one alone
            assert time.monotonic() < deadline, "it was never cut off"
            time.sleep(0.2)


def test_clients_that_go_away(strict: Served, client: httpx.Client) -> None:
    for stop in (10, 60, 140, 200):
        request = (
            b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b'Content-Length: 60\r\n\r\n{"id": "gone", "text": "He left before he had said it"}'
        )
        with connected(strict) as sock:
            sock.sendall(request[:stop])
    last = client.get("/v1/changes?since=0&limit=1000").json()["cursor"]
    for _ in range(20):
        with connected(strict) as sock:
            sock.sendall(b"GET /v1/changes?wait=20&since=%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % last)


def test_a_gigabyte(strict: Served, client: httpx.Client) -> None:
    before = strict.memory()

    def pieces() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_000_000

    with connected(strict) as sock:
        sock.sendall(
            b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000\r\n\r\n" + b" " * 100_000
        )
        assert_raw_problem(answered(sock), 413)
    for path, kind in (
        ("/v1/articles", "application/json"),
        ("/v1/articles/batch", "application/x-ndjson"),
        ("/v1/decisions", "application/json"),
    ):
        try:
            answer = client.post(path, content=pieces(), headers={"Content-Type": kind})  # chunked
        except httpx.TransportError:
            continue  # it was cut off while it was still sending
        assert_problem(answer, 413, "body")
    for path in ("/v1/rebuild?preview=true", "/v1/quarantine?source=none", "/v1/options"):  # which read no body
        with suppress(httpx.TransportError):
            assert client.post(path, content=pieces()).status_code in {200, 202, 413}
    assert strict.memory() - before < 100_000_000


def test_gzip_bombs(strict: Served, client: httpx.Client) -> None:
    before = strict.memory()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * 10_000_000) for _ in range(20)) + packer.flush()  # 200 MB in 200 KB
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert_problem(client.post("/v1/articles", content=bomb, headers=headers), 413, "body")
    assert_problem(client.post("/v1/decisions", content=bomb, headers=headers), 413, "body")
    assert_problem(client.post("/v1/articles", content=gzip.compress(gzip.compress(bomb)), headers=headers), 400)
    headers["Content-Type"] = "application/x-ndjson"
    assert_problem(client.post("/v1/articles/batch", content=bomb, headers=headers), 413, "body")
    lines = gzip.compress(b"\n" * 50_000_000)
    answer = client.post("/v1/articles/batch", content=lines, headers=headers)
    assert_problem(answer, 413, "body")
    assert strict.memory() - before < 100_000_000


@pytest.mark.parametrize(
    "odd", ["x", "-1", "1.5", "9" * 40, "\U0001f600", "", "0x1", "%00", "1 OR 1", "NaN", "W/1"], ids=ascii
)
def test_cursors_versions_and_numbers_that_are_none(client: httpx.Client, odd: str) -> None:
    for method, path, given in (
        ("GET", "/v1/changes", {"since": odd}),
        ("POST", "/v1/quarantine", {"source": "none", "cursor": odd}),
        ("POST", "/v1/quarantine", {"source": "none", "since": odd}),
        ("GET", "/v1/stories", {"cursor": odd}),
        ("GET", "/feeds/stories.json", {"cursor": odd}),
        ("POST", "/v1/rebuild", {"granularity": odd}),
        ("POST", "/v1/options", {"settle_hours": "-" + odd}),
        ("POST", "/v1/options", {"store_text": odd}),
    ):
        answer = client.request(method, path, params=given)
        assert answer.status_code in {410, 422}, (path, given, answer.text)
        assert_problem(answer, answer.status_code)
    for method, path, name in (
        ("GET", "/v1/stats", "Dedup-Cursor"),
        ("POST", "/v1/decisions", "If-Match"),
        ("DELETE", "/v1/decisions/d1", "If-Match"),
    ):
        if odd:
            answer = client.request(method, path, headers={name: odd.encode()}, json={})  # type: ignore[arg-type]
            assert answer.status_code in {409, 422}, (path, name, answer.text)
    assert client.delete(f"/v1/decisions/d{odd.replace('/', '')}").status_code in {404, 422}


def test_heads_that_are_too_large(strict: Served, client: httpx.Client) -> None:
    assert_problem(client.get("/v1/stats", headers={"X-Large": "x" * 10_000}), 431)
    with connected(strict) as sock:
        sock.sendall(b"GET /v1/articles/" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert_raw_problem(answered(sock), 431)
    assert_problem(client.get("/v1/articles/" + "x" * 600), 422, "id")
    with connected(strict) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        try:
            for number in range(100_000):
                sock.sendall(b"X-%d: y\r\n" % number)
        except OSError:
            pass
        seen = answered(sock)
        assert not seen or seen.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n X: folded\r\n\r\n",
    ],
)
@pytest.mark.usefixtures("client")
def test_what_is_no_http(strict: Served, request_: bytes) -> None:
    with connected(strict) as sock:
        sock.sendall(request_)
        sock.shutdown(socket.SHUT_WR)
        seen = answered(sock)
    assert not seen or seen[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 415", b"HTTP/1.1 200", b"HTTP/1.1 408"}, seen[:200]
    assert b"Traceback" not in seen


@pytest.mark.usefixtures("client")
def test_more_connections_than_are_allowed(strict: Served) -> None:
    socks = [connected(strict) for _ in range(60)]
    refused = []
    for sock in socks:  # the one that has waited longest is refused for a new one
        sock.settimeout(0.2)
        try:
            refused.append(sock.recv(65536))
        except (TimeoutError, ConnectionResetError):
            continue
    for sock in socks:
        sock.close()
    assert len(refused) >= 15
    assert_raw_problem(refused[0], 429)
    time.sleep(0.2)


def test_pages_of_other_sites(strict: Served, client: httpx.Client) -> None:
    record = {"id": "foreign", "text": "Written by a page of another site."}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert_problem(client.post("/v1/articles", json=record, headers=headers), 403, "Origin")
    assert_problem(client.get("/v1/stats", headers={"Host": "evil.example"}), 400, "Host")
    own = {"Origin": strict.url, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/match", json={"text": "x"}, headers=own).status_code == 200


def test_hostile_texts_are_compared_in_time(client: httpx.Client) -> None:
    """What makes alignment long, beside requests that are answered meanwhile."""
    texts = [
        "a " * 24_000,
        "a b " * 12_000,
        "".join(chr(0x4E00 + number % 7) for number in range(49_000)),
        "x" * 49_000,
    ]
    with ThreadPoolExecutor(4) as pool:
        slow = [
            pool.submit(client.post, "/v1/compare", json={"a": {"text": one}, "b": {"text": one[::-1] + " c"}})
            for one in texts
        ]
        begin = time.monotonic()
        assert client.post("/v1/match", json={"text": "Is it there still?"}).status_code == 200
        assert time.monotonic() - begin < 5
        assert {done.result().status_code for done in slow} <= {200, 503}


def searched(client: httpx.Client, query: str) -> httpx.Response:
    """The answer to a search, once the service has done what an earlier client no longer waits for."""
    until = time.monotonic() + 300
    while (answer := client.get("/v1/search", params={"q": query})).status_code == 503:
        assert time.monotonic() < until
        time.sleep(float(answer.headers["Retry-After"]))
    return answer


def test_nothing_is_executed_fetched_or_opened(client: httpx.Client, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    evil = [f"$(touch {mark})", f"'; DROP TABLE article; --{mark}", "{{7*7}}", "%s%n", "../../etc/passwd", "\u202e\0x"]
    for number, text in enumerate(evil):
        record = {"id": f"evil{number}", "title": text, "text": text, "url": f"file://{mark}", "source": text}
        assert client.post("/v1/articles", json=record).status_code in {200, 201}
        assert client.get(f"/v1/articles/evil{number}").status_code == 200
        assert searched(client, text.replace("\0", "")).status_code in {200, 422}
    assert not mark.exists()
