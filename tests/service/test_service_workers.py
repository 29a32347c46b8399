"""Processes that read beside the one that writes: what one has written, all answer."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import Served, lines_of, refused, serving

from dedup import Client, StoryIndex

sys.path.append(str(Path(__file__).resolve().parents[1] / "index"))
from made_articles import stream

CURSOR = "Dedup-Cursor"
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot share a port among processes")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("workers") / "stories.db", "--workers", "2") as found:
        yield found


def workers_of(served: Served) -> set[int]:
    """The numbers of the processes that read."""
    threads = Path(f"/proc/{served.process.pid}/task").iterdir()
    return {int(one) for thread in threads for one in (thread / "children").read_text("ascii").split()}


@unix
def test_what_was_written_is_read_by_whichever_process_answers(served: Served) -> None:
    articles = list(stream(3, 60))
    with Client(served.url) as client:
        placed = client.add_many(articles, batch=20)
        assert len(placed) == len(articles)
        for article in articles:
            with httpx.Client(base_url=served.url) as other:  # a connection of its own, so any process
                found = other.get(f"/v1/articles/{article.id}")
            assert found.status_code == 200
        assert len(client) == len(articles)
        client.remove(articles[0].id)
        assert articles[0].id not in client
        client.reconcile()
        assert {one.id for one in client.stories()} == {client.article(one.id).story for one in articles[1:]}


@unix
def test_writes_return_a_cursor_and_reads_wait_for_it(served: Served) -> None:
    with served.client() as client:
        added = client.post("/v1/articles", json={"id": "one", "text": "The ferry has left the port of Elbing."})
        assert added.status_code == 201
        cursor = int(added.headers[CURSOR])
        changes = client.get("/v1/changes", params={"since": cursor - 1}, headers={CURSOR: str(cursor)}).json()
        assert changes["changes"][0]["article"] == "one"
        assert client.delete("/v1/articles/one").headers[CURSOR] == str(cursor + 1)
        assert client.get("/v1/articles/one", headers={CURSOR: str(cursor + 1)}).status_code == 404
        wrong = client.get("/v1/stats", headers={CURSOR: "many"})
        assert wrong.status_code == 422
        assert "Dedup-Cursor" in wrong.text


@unix
def test_lines_are_answered_while_they_are_sent(served: Served) -> None:
    """A forwarder that waits for the end of the body would wait for a client that waits for it."""
    port = httpx.URL(served.url).port or 80
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(
            b"POST /v1/articles/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        seen = b""
        for number in range(3):
            records = [{"id": f"lines {number} {one}", "text": f"Words of line {one} in {number}"} for one in range(50)]
            body = lines_of(records)
            sock.sendall(b"%x\r\n%s\r\n" % (len(body), body))
            while seen.count(b'"placement"') < 50 * (number + 1):
                more = sock.recv(65_536)
                assert more, seen[-500:]
                seen += more
        sock.sendall(b"0\r\n\r\n")
        while not seen.endswith(b"0\r\n\r\n"):
            seen += sock.recv(65_536)
    last = [line for line in seen.splitlines() if line.startswith(b'{"line": 150')]
    assert json.loads(last[0])["cursor"] > 0


@unix
def test_answers_of_the_writer_are_passed_on(served: Served) -> None:
    with served.client() as client:
        invalid = client.post("/v1/articles", json={"id": "x"}, headers={"X-Request-ID": "mine"})
        assert invalid.status_code == 422
        assert invalid.headers["x-request-id"] == "mine"
        assert len(invalid.headers.get_list("date")) == 1
        assert invalid.json()["instance"].endswith(":mine")
        assert client.put("/v1/articles/none", json={"text": "There is none of it."}).status_code == 404
        assert client.get("/v1/jobs/none").status_code == 404
        assert client.patch("/v1/stats").status_code == 405
        before = counted(client)
        for _ in range(6):
            with httpx.Client(base_url=served.url) as other:  # a connection of its own, so any process
                assert other.get("/v1/stats").status_code == 200
        assert counted(client) == before + 6


def counted(client: httpx.Client) -> int:
    """Answers to `/v1/stats` of all processes, and that the metrics name each only once."""
    text = client.get("/metrics").text
    assert text.count("# TYPE dedup_requests_total counter") == 1
    assert text.count("# TYPE process_cpu_seconds_total") == 1
    assert "dedup_articles_written_total" in text
    (line,) = [
        one
        for one in text.splitlines()
        if one.startswith("dedup_requests_total") and 'GET",route="/v1/stats",status="200' in one
    ]
    return int(float(line.split()[-1]))


@unix
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are counted in /proc")
def test_a_process_that_dies_is_replaced_and_all_end_with_the_writer(tmp_path: Path) -> None:
    with serving(tmp_path / "stories.db", "--workers", "2") as served:
        before = workers_of(served)
        assert len(before) == 2
        os.kill(min(before), signal.SIGKILL)
        until = time.monotonic() + 60
        while len(workers_of(served) - {min(before)}) < 2:
            assert time.monotonic() < until
            time.sleep(0.1)
        with Client(served.url) as client:
            client.add({"id": "a", "text": "The ferry has left the port of Elbing."})
            assert "a" in client
        left = workers_of(served)
        assert served.stop() == 0
        assert not [one for one in left if Path(f"/proc/{one}").exists()]
        assert not [line for line in served.lines if "Traceback" in line or "Fatal" in line]


@unix
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are counted in /proc")
def test_a_process_that_was_stopped_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path / "stories.db", "--workers", "2") as served:
        before = workers_of(served)
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for one in before:
                os.kill(one, number)
            time.sleep(0.5)
        with Client(served.url) as client:
            client.add({"id": "a", "text": "The ferry has left the port of Elbing."})
            assert "a" in client
        assert workers_of(served) == before


@unix
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are counted in /proc")
def test_they_end_when_the_writer_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path / "stories.db", "--workers", "1") as served:
        (left,) = workers_of(served)
        served.process.kill()
        until = time.monotonic() + 60
        while Path(f"/proc/{left}").exists() and "Z" not in Path(f"/proc/{left}/stat").read_text("ascii").split()[2]:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_service_that_only_reads(tmp_path: Path) -> None:
    articles = list(stream(4, 30))
    path = tmp_path / "stories.db"
    with StoryIndex.open(path) as index:
        index.add_many(articles[:10])
        with serving(path, "--read-only") as served, served.client() as client:
            assert client.get("/v1/stats").json()["articles"] == 10
            index.add_many(articles[10:20])
            cursor = index.refresh()
            assert client.get("/v1/stats", headers={CURSOR: str(cursor)}).json()["articles"] == 20
            assert client.get("/v1/changes", params={"since": cursor, "wait": 0}).json()["changes"] == []
            match = client.post("/v1/match", json={"text": articles[15].text, "title": articles[15].title}).json()
            assert match["story"] == index.article(articles[15].id).story
            refusal = client.post("/v1/articles", json={"id": "x", "text": "No one takes this."})
            assert refusal.status_code == 405
            assert "the service that writes" in refusal.text
            assert client.post("/v1/articles/batch", json={"articles": [{"id": "x", "text": "y"}]}).status_code == 405
            assert client.post("/v1/reconcile").status_code == 405
            assert served.stop() == 0


def test_a_service_of_a_copy_reads_the_file_that_replaces_it(tmp_path: Path) -> None:
    articles, copy = list(stream(5, 30)), tmp_path / "copy.db"
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add_many(articles[:10])
        index.backup(copy)
        with serving(copy, "--read-only", "--limit", "news_time=60") as served, served.client() as client:
            index.add_many(articles[10:])
            index.backup(tmp_path / "newer.db")
            (tmp_path / "newer.db").replace(copy)
            found = client.get("/v1/stats", headers={CURSOR: str(index.refresh())})
            assert found.json()["articles"] == len(articles)


def test_no_read_fails_while_its_file_is_replaced(tmp_path: Path) -> None:
    articles, copy = list(stream(6, 60)), tmp_path / "copy.db"
    asks = [
        ("GET", "/v1/stats", None),
        ("GET", "/v1/stories?order=size", None),
        ("GET", f"/v1/articles/{articles[0].id}", None),
        ("GET", "/v1/search?q=ferry", None),
        ("POST", "/v1/match", {"text": articles[3].text}),
        ("GET", "/v1/decisions", None),
    ]
    codes: Counter[int] = Counter()
    stop = threading.Event()

    def ask(url: str, first: int) -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            for method, path, body in itertools.islice(itertools.cycle(asks), first, None):
                codes[client.request(method, path, json=body).status_code] += 1
                if stop.is_set():
                    break

    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add_many(articles[:10])
        index.backup(copy)
        with serving(copy, "--read-only") as served:
            clients = [threading.Thread(target=ask, args=(served.url, place)) for place in range(6)]
            for client in clients:
                client.start()
            for place, article in enumerate(articles[10:34]):
                index.add(article)
                index.backup(tmp_path / "newer.db")
                if place % 8 == 7:  # as a careless copy does
                    copy.unlink()
                    time.sleep(0.3)
                (tmp_path / "newer.db").replace(copy)
                time.sleep(0.02 * (place % 4))
            stop.set()
            for client in clients:
                client.join()
            assert [*codes] == [200]
            assert codes.total() > 100
            assert not [line for line in served.lines if line.startswith("error") or "the store failed" in line]
            found = httpx.get(f"{served.url}/v1/stats", headers={CURSOR: str(index.refresh())}, timeout=60)
            assert found.json()["articles"] == 34


def test_a_cursor_that_does_not_come(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add({"id": "a", "text": "The ferry has left the port of Elbing."})
    with serving(tmp_path / "stories.db", "--read-only", "--limit", "news_time=0.2") as served:
        with served.client() as client:
            found = client.get("/v1/stats", headers={CURSOR: "12"})
            assert found.status_code == 409
            assert found.json()["type"].endswith(":behind")
        with Client(served.url) as client:
            client._cursor = "12"  # of a store that was replaced by an earlier one
            assert client.stats()["articles"] == 1


def test_wrong_usage() -> None:
    code, said = refused("--store", "none.db", "--read-only")
    assert code == 1
    assert "none.db" in said
    code, said = refused("--store", "none.db", "--read-only", "--workers", "2")
    assert code == 2
    assert "--workers" in said
