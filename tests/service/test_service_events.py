"""Changes as server-sent events: none is missed or told twice, listeners are bounded, slow ones are closed."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served, assert_problem, serving

from dedup.service.tokens import add_token

LIMITS = ("news_time=0.3", "listeners=5", "idle_time=1", "listen_time=300")
OPTIONS = [part for limit in LIMITS for part in ("--limit", limit)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("events") / "stories.db", *OPTIONS) as found:
        yield found
        assert not [line for line in found.lines if "Traceback" in line or "a fault" in line]


def add(served: Served, name: str, count: int, token: str = "") -> None:
    articles = [
        {"id": f"{name}{number}", "text": f"{name} {number} says something of its own"} for number in range(count)
    ]
    with served.client(token) as client:
        for start in range(0, count, 500):
            assert (
                client.post("/v1/articles/batch", json={"articles": articles[start : start + 500]}).status_code == 200
            )


def events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Yield the id and the data of each event, or ("comment", text)."""
    id_ = ""
    for line in answer.iter_lines():
        if line.startswith("id: "):
            id_ = line[4:]
        elif line.startswith("data: "):
            yield id_, json.loads(line[6:])
        elif line.startswith(": "):
            yield "comment", line[2:]


def changes(answer: httpx.Response, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for id_, data in events(answer):
        if id_ != "comment":
            assert id_ == str(data["cursor"])
            found.append(data)
            if len(found) == count:
                return found
    return found


def last(served: Served) -> int:
    return int(httpx.get(f"{served.url}/v1/stats").json()["changes"])


def wait_for_listeners(served: Served, count: int) -> None:
    until = time.monotonic() + 10
    while f"dedup_listeners {float(count)}" not in httpx.get(f"{served.url}/metrics").text:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_events_are_the_changes(served: Served) -> None:
    add(served, "first", 700)
    with served.client() as client:
        with client.stream("GET", "/v1/changes/stream", params={"since": 0}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            found = changes(answer, 700)
        every = client.get("/v1/changes", params={"limit": 1000}).json()["changes"]
        assert found == every[:700]
        begin = last(served)
        with client.stream("GET", "/v1/changes/stream") as answer:
            thread = threading.Thread(target=add, args=(served, "second", 30))
            thread.start()
            assert [one["article"] for one in changes(answer, 30)] == [f"second{number}" for number in range(30)]
            thread.join()
        with client.stream("GET", "/v1/changes/stream", headers={"Last-Event-ID": str(begin + 10)}) as answer:
            assert changes(answer, 1)[0]["cursor"] == begin + 11
        assert_problem(client.get("/v1/changes/stream", params={"since": 10**9}), 410, "since")
        assert_problem(client.get("/v1/changes/stream", params={"since": -1}), 422, "since")


def test_listeners_are_heard_and_bounded(served: Served) -> None:
    wait_for_listeners(served, 0)
    with ExitStack() as stack:
        client = stack.enter_context(served.client())
        answers = [stack.enter_context(client.stream("GET", "/v1/changes/stream")) for _ in range(5)]
        wait_for_listeners(served, 5)
        refused = client.get("/v1/changes/stream")
        assert_problem(refused, 429)
        assert refused.headers["retry-after"]
        assert sum(id_ == "comment" for id_, _ in zip_first(events(answers[0]), 3)) == 3
    wait_for_listeners(served, 0)


def zip_first(found: Iterator[tuple[str, Any]], count: int) -> Iterator[tuple[str, Any]]:
    for _ in range(count):
        yield next(found)


def test_changes_come_once_and_in_order_to_all(served: Served) -> None:
    begin, found = last(served), dict[int, list[int]]()
    ready = threading.Barrier(5)

    def listen(place: int) -> None:
        with served.client() as client, client.stream("GET", "/v1/changes/stream", params={"since": begin}) as answer:
            ready.wait()
            found[place] = [one["cursor"] for one in changes(answer, 900)]

    threads = [threading.Thread(target=listen, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    ready.wait()
    add(served, "third", 300)
    with served.client() as client:
        for number in range(300):
            assert client.delete(f"/v1/articles/third{number}").status_code == 200
    add(served, "fourth", 300)
    for thread in threads:
        thread.join(60)
    assert [found[place] for place in range(4)] == [[*range(begin + 1, begin + 901)]] * 4


def test_a_listener_that_does_not_read_is_closed(served: Served) -> None:
    wait_for_listeners(served, 0)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        sock.connect(("127.0.0.1", httpx.URL(served.url).port or 80))
        sock.sendall(b"GET /v1/changes/stream?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_for_listeners(served, 1)
        add(served, "fifth" * 100, 6_000)  # more than the buffers of a connection hold
        wait_for_listeners(served, 0)
    assert served.ready()


def test_a_stopping_service_and_an_unknown_token_end_the_stream(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    secret = add_token(tokens, "reader", "read")
    with serving(tmp_path / "stories.db", "--tokens", str(tokens), *OPTIONS) as served, served.client(secret) as client:
        assert_problem(httpx.get(f"{served.url}/v1/changes/stream"), 401)
        with client.stream("GET", "/v1/changes/stream") as answer:
            kept = tokens.read_text()
            tokens.write_text("")
            assert all(id_ == "comment" for id_, _ in events(answer))  # it ends
        tokens.write_text(kept)
        time.sleep(1.5)
        with client.stream("GET", "/v1/changes/stream") as answer:
            begin = time.monotonic()
            served.process.terminate()
            assert all(id_ == "comment" for id_, _ in events(answer))
            assert served.ended() == 0
            assert time.monotonic() - begin < 10
