"""The examples run, with the libraries that they are for."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from made_articles import stream

import dedup

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ARTICLES = [
    {"id": article.id, "title": article.title, "text": article.text, "source": article.source}
    for article in stream(9, 30)
]


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DEADLINE = 240.0
"""Seconds that brokers may take on a busy machine."""
SPIDER = """
import dataclasses, sys
import scrapy
from scrapy.crawler import CrawlerProcess

class Fields(scrapy.Item):
    link, headline, body, story = scrapy.Field(), scrapy.Field(), scrapy.Field(), scrapy.Field()

@dataclasses.dataclass
class Page:
    url: str
    title: str
    text: str
    copy_of: str | None = "?"

class News(scrapy.Spider):
    name = "news"
    start_urls = [sys.argv[1]]

    def parse(self, response):
        for place, article in enumerate(response.css("article")):
            url, title, text = article.attrib["id"], article.css("h1::text").get(), article.css("p::text").get()
            if place % 3 == 0:
                yield {"url": url, "title": title, "text": text}
            elif place % 3 == 1:
                yield Fields(link=url, headline=title, body=text)
            else:
                yield Page(url, title, text)
        yield {"url": "https://a.example/none"}

settings = {
    "ITEM_PIPELINES": {"scrapy_pipeline.StoryPipeline": 500},
    "STORIES": sys.argv[2], "DROP_COPIES": sys.argv[4] == "drop",
    "FEEDS": {sys.argv[3]: {"format": "jsonlines"}}, "LOG_LEVEL": "WARNING", "TELNETCONSOLE_ENABLED": False,
}
process = CrawlerProcess(settings)
process.crawl(News)
process.start()
"""


def test_the_scrapy_pipeline(tmp_path: Path) -> None:
    """With dictionaries, Scrapy's items and dataclasses, in a crawl of Scrapy's own."""
    pytest.importorskip("scrapy", reason="Scrapy is not installed")
    pages = [article for article in ARTICLES if article["title"]][:12]
    pages.append({**pages[0], "id": "copied"})
    bodies = (
        f'<article id="https://a.example/{one["id"]}"><h1>{one["title"]}</h1><p>{one["text"]}</p></article>'
        for one in pages
    )
    site, spider = tmp_path / "site.html", tmp_path / "spider.py"
    site.write_text("".join(bodies), encoding="utf-8")
    spider.write_text(SPIDER, encoding="utf-8")
    for name, mode in (("kept", "keep"), ("dropped", "drop")):
        store, out = tmp_path / f"{name}.db", tmp_path / f"{name}.jsonl"
        crawled = subprocess.run(
            [sys.executable, str(spider), site.as_uri(), str(store), str(out), mode],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(EXAMPLES), str(EXAMPLES.parent), *sys.path])},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert crawled.returncode == 0, crawled.stderr
        assert "Traceback" not in crawled.stderr
        assert "Deprecat" not in crawled.stderr
        assert "it has no text" in crawled.stderr, "an item that is no article is dropped with the reason"
        with dedup.StoryIndex.open(store) as index:
            stories = {one: story.id for story in index.stories() for one in story.articles}
            copies = {held.article.id for held in index.articles() if held.copy_of is not None}
        assert len(stories) == 13
        items = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        by_id = {item.get("url") or item["link"]: item for item in items}
        assert {*by_id} == ({*stories} if mode == "keep" else {*stories} - copies)
        assert "https://a.example/copied" in copies
        assert by_id[f"https://a.example/{pages[0]['id']}"]["story"].startswith("s")
        assert all(item["story"].startswith("s") for item in items if "link" in item)
        assert all(item["copy_of"] != "?" for item in items if "copy_of" in item)


def test_the_kafka_consumer_after_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the cluster that confluent-kafka has for tests."""
    kafka = pytest.importorskip("confluent_kafka", reason="confluent-kafka is not installed")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    module = example("kafka_consumer")
    # The brokers wait for a member that has left for as long as for one that is lost.
    monkeypatch.setattr(module, "Consumer", lambda given: kafka.Consumer({**given, "session.timeout.ms": 6_000}))
    producer = kafka.Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 3, "log_level": 1})
    brokers = producer.list_topics(timeout=30).brokers.values()
    servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    for message in (*(json.dumps(article).encode() for article in ARTICLES), b"junk", b'{"text": "no id"}'):
        producer.produce("articles", message)
    assert producer.flush(30) == 0
    store = str(tmp_path / "stories.db")

    def crash(*_: object) -> None:
        raise RuntimeError("the process dies between the index and the commit")

    with monkeypatch.context() as broken:
        broken.setattr(module.Placements, "publish", crash)
        with pytest.raises(RuntimeError):
            module.follow(servers, "articles", "placements", store)
    with dedup.StoryIndex.open(store) as index:
        known = len(index)
    assert known > 0
    module.follow(servers, "articles", "placements", store, until_empty=True)
    with dedup.StoryIndex.open(store) as index:
        assert len(index) == len(ARTICLES)
        assert sum(change.kind == "added" for change in index.changes()) == len(ARTICLES)
    ids = {article["id"] for article in ARTICLES}
    published = read_until(module, servers, "placements", lambda one: json.loads(one)["id"], ids)
    status = {placement["id"]: placement["status"] for placement in map(json.loads, reversed(published))}
    assert {*status} == ids
    assert sum(one == "unchanged" for one in status.values()) == known
    dead = {b"junk", b'{"text": "no id"}'}
    assert {*read_until(module, servers, "articles.dead", bytes, dead)} == dead


def read_until(
    module: ModuleType, servers: str, topic: str, key: Callable[[bytes], Any], wanted: Collection[Any]
) -> list[bytes]:
    """Read a topic from its beginning until messages of all wanted keys have come."""
    reader, until = module.Messages(servers, topic, f"{topic}-reader"), time.monotonic() + DEADLINE
    found: list[bytes] = []
    while {*map(key, found)} < {*wanted} and time.monotonic() < until:
        some = reader.consumer.consume(500, 1.0)  # `poll` waits for partitions for ever
        found += [message.value() for message in some if message.error() is None]
    reader.close()
    return found


class Queue:
    """A queue that redelivers messages that were not committed."""

    def __init__(self, messages: Sequence[bytes]) -> None:
        self.messages, self.done, self.polled = messages, 0, 0

    def poll(self, most: int) -> Sequence[bytes]:
        self.polled = min(self.done + min(most, 8), len(self.messages))
        return self.messages[self.done : self.polled]

    def commit(self) -> None:
        self.done = self.polled


def test_the_consumer_loop_after_a_crash(tmp_path: Path) -> None:
    module = example("consumer_loop")
    queue = Queue([*(json.dumps(article).encode() for article in ARTICLES), b"junk", b'{"text": "no id"}', b"[]"])
    published: list[dict[str, Any]] = []
    dead: list[bytes] = []

    def crash(placements: Iterable[dict[str, Any]]) -> None:
        if queue.done:
            raise RuntimeError("the process dies between the index and the commit")
        published.extend(placements)

    def bury(message: bytes, _: str) -> None:
        dead.append(message)

    with dedup.StoryIndex.open(tmp_path / "stories.db") as index, pytest.raises(RuntimeError):
        module.run(index, queue, crash, dead=bury, until_empty=True)
    with dedup.StoryIndex.open(tmp_path / "stories.db") as index:
        module.run(index, queue, published.extend, dead=bury, until_empty=True)
        assert len(index) == len(ARTICLES)
        assert sum(change.kind == "added" for change in index.changes()) == len(ARTICLES)
    assert [placement["id"] for placement in published] == [article["id"] for article in ARTICLES]
    assert "unchanged" in {placement["status"] for placement in published}
    assert len(dead) == 3


def test_the_daily_batch_twice(tmp_path: Path) -> None:
    """On an archive of years ago, with days that are run again, and a run that died before its mark was written."""
    module = example("daily_batch")
    store, days = str(tmp_path / "stories.db"), [tmp_path / f"2019-01-0{day}.jsonl" for day in (1, 2, 3)]
    for number, day in enumerate(days):
        dated = [{**article, "published": day.stem} for article in ARTICLES[10 * number : 10 * number + 10]]
        day.write_text("\n".join(json.dumps(article) for article in dated), encoding="utf-8")
    out = {day: day.with_suffix(".changes") for day in days}
    counts = [module.run_day(store, str(day), str(out[day])) for day in days]
    once = [out[day].read_bytes() for day in days]
    assert all(count >= 10 for count in counts)
    assert [module.run_day(store, str(day), str(out[day])) for day in days] == [0, 0, 0]
    Path(f"{store}.cursor").write_text("12", encoding="ascii")
    assert module.run_day(store, str(days[2]), str(out[days[2]])) == 0
    assert [out[day].read_bytes() for day in days] == once
    lines = [json.loads(line) for day in days for line in out[day].read_text(encoding="utf-8").splitlines()]
    assert [line["cursor"] for line in lines] == list(range(1, len(lines) + 1))
    assert {line["article"] for line in lines if line["kind"] == "added"} == {article["id"] for article in ARTICLES}
    with dedup.StoryIndex.open(store) as index:
        assert len(index) == len(ARTICLES)
    assert module.run_day(store, str(days[0]), str(tmp_path / "expired"), keep_days=90) >= len(ARTICLES)
    with dedup.StoryIndex.open(store) as index:
        assert len(index) == 0, "older than what is kept"
