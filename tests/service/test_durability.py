"""Answered articles are on disk: kills under load, a graceful stop, a full queue."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import httpx
import numpy as np
from serving import Served, lines_of, serving, start

from dedup import StoryIndex

KILLS = int(os.environ.get("DEDUP_SERVICE_KILLS", "2"))
"""How many times."""


class Feed(threading.Thread):
    """Send articles until the service ends, and record the ids of those that were answered."""

    def __init__(self, served: Served, name: str, mode: str) -> None:
        super().__init__(daemon=True)
        self.served, self.prefix, self.mode = served, name, mode
        self.acknowledged: list[str] = []
        self.wrong: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        number = 0
        with self.served.client() as http:
            while not self.over.is_set():
                some = [self.article(number + place) for place in range(1 if self.mode == "one" else 8)]
                number += len(some)
                try:
                    self.send(http, some)
                except httpx.HTTPError:
                    return

    def send(self, http: httpx.Client, some: list[dict[str, str]]) -> None:
        if self.mode == "one":
            answer = http.post("/v1/articles", json=some[0])
            if answer.status_code in {200, 201}:
                self.acknowledged.append(answer.json()["id"])
            elif answer.status_code not in {429, 503}:
                self.wrong.append(answer.text)
            return
        kind = {"Content-Type": "application/x-ndjson"}
        with http.stream("POST", "/v1/articles/batch", content=lines_of(some), headers=kind) as answer:
            for line in answer.iter_lines():
                if answer.status_code == 200 and (placed := json.loads(line).get("placement")):
                    self.acknowledged.append(placed["id"])

    def article(self, number: int) -> dict[str, str]:
        words = np.random.default_rng([number, len(self.prefix)]).integers(0, 5_000, 60)
        text = " ".join(f"word{word}" for word in words)
        return {"id": f"{self.prefix}-{number}", "title": f"Report {number}", "text": text}


def test_answered_articles_survive_kills(tmp_path: Path) -> None:
    seed = int(np.random.default_rng().integers(1 << 20))
    rng, store = np.random.default_rng(seed), tmp_path / "stories.db"
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        served = start(store)
        feeds = [Feed(served, f"k{kill}f{number}", mode) for number, mode in enumerate(("one", "one", "lines"))]
        for feed in feeds:
            feed.start()
        deadline = time.monotonic() + 120  # where kernels are compiled first
        while sum(len(feed.acknowledged) for feed in feeds) <= 10 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(float(rng.random()))
        served.process.send_signal(signal.SIGKILL)
        served.ended()
        for feed in feeds:
            feed.over.set()
            feed.join(30)
            acknowledged.update(feed.acknowledged)
            assert feed.wrong == []
        where = f"seed {seed}, kill {kill}"
        with StoryIndex.open(store, wait=10) as index:
            there = {change.article for change in index.changes(0, limit=10**6) if change.kind == "added"}
            assert acknowledged <= there, where
            assert index.check() == [], where
    assert len(acknowledged) > 10 * KILLS, f"seed {seed}"


def test_requests_that_wait_for_changes_are_answered_at_a_stop(tmp_path: Path) -> None:
    answers: list[tuple[int, list[object]]] = []

    def listen(url: str) -> None:
        answer = httpx.get(url, timeout=40)
        answers.append((answer.status_code, answer.json()["changes"]))

    with serving(tmp_path / "stories.db") as served:
        listener = threading.Thread(target=listen, args=(f"{served.url}/v1/changes?since=0&wait=30",))
        listener.start()
        time.sleep(1)
        assert not answers
        begin = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - begin < 15
        listener.join(10)
        assert answers == [(200, [])]


def test_a_graceful_stop_finishes_running_requests(tmp_path: Path) -> None:
    store = tmp_path / "stories.db"
    with serving(store) as served:
        feeds = [Feed(served, f"g{number}", mode) for number, mode in enumerate(("one", "lines", "lines"))]
        for feed in feeds:
            feed.start()
        time.sleep(1.5)
        begin = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - begin < 15
        for feed in feeds:
            feed.over.set()
            feed.join(30)
        assert any("all acknowledged articles are on disk" in line for line in served.lines)
        assert not any("Traceback" in line for line in served.lines)
    acknowledged = {name for feed in feeds for name in feed.acknowledged}
    with StoryIndex.open(store) as index:
        assert len(acknowledged) > 20
        assert all(name in index for name in acknowledged)
        assert index.check() == []


def test_a_full_queue_is_reported_and_recovers(tmp_path: Path) -> None:
    limits = ("--limit", "queue=20", "--limit", "group=5", "--limit", "waiting=4")
    with serving(tmp_path / "stories.db", *limits) as served:
        statuses: list[int] = []
        after: list[str] = []
        stored, lock = [0], threading.Lock()

        def feed(name: int) -> None:
            with served.client() as http:
                for number in range(4):
                    text = " ".join(f"w{name}x{number}y{place}" for place in range(150))
                    records = [{"id": f"{name}-{number}-{place}", "text": f"{text} {place}"} for place in range(10)]
                    answer = http.post("/v1/articles/batch", json={"articles": records})
                    statuses.append(answer.status_code)
                    after.append(answer.headers.get("retry-after", ""))
                    if answer.status_code == 200:  # a part of it may have been refused
                        placed = [one for one in answer.json()["results"] if "placement" in one]
                        with lock:
                            stored[0] += len(placed)
                    statuses.append(http.post("/v1/match", json={"text": text}).status_code)

        threads = [threading.Thread(target=feed, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(statuses) == {200, 429}
        assert all(int(seconds) >= 1 for seconds in after if seconds)
        assert any(after)
        with served.client() as http:
            assert http.post("/v1/articles", json={"id": "after", "text": "It is quiet again."}).status_code == 201
            assert "dedup_queue_articles 0.0" in http.get("/metrics").text
            assert http.get("/v1/stats").json()["articles"] == stored[0] + 1


def test_readers_are_answered_while_a_batch_is_written(tmp_path: Path) -> None:
    with serving(tmp_path / "stories.db") as served:
        done = threading.Event()

        def feed() -> None:
            with served.client() as http:
                for number in range(3):
                    texts = [" ".join(f"w{number}x{place}y{word}" for word in range(200)) for place in range(500)]
                    records = [{"id": f"{number}-{place}", "text": text} for place, text in enumerate(texts)]
                    assert http.post("/v1/articles/batch", json={"articles": records}).status_code == 200
            done.set()

        thread = threading.Thread(target=feed)
        thread.start()
        times = []
        with served.client() as http:
            while not done.is_set():
                begin = time.perf_counter()
                assert http.get("/v1/stories?limit=5").status_code == 200
                assert http.post("/v1/match", json={"text": "Is there something like this?"}).status_code == 200
                times.append(time.perf_counter() - begin)
        thread.join()
        assert len(times) > 5
        assert float(np.median(times)) < 2.0
