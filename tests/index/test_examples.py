"""The examples run, with fakes for the systems they connect to."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
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


def test_the_scrapy_pipeline(tmp_path: Path) -> None:
    module = example("scrapy_pipeline")
    values = {"STORIES": str(tmp_path / "stories.db"), "DROP_COPIES": True}
    settings = SimpleNamespace(get=values.get, getbool=lambda name: bool(values[name]))
    pipeline = module.StoryPipeline.from_crawler(SimpleNamespace(settings=settings))
    pipeline.open_spider(None)
    item = {"url": "https://a.example/1", "title": "Ferry burns", "text": "The ferry burned off Larkhaven at dawn."}
    assert pipeline.process_item(dict(item), None)["story"].startswith("s")
    with pytest.raises(module.DropItem, match=r"a copy of .*/1"):
        pipeline.process_item({**item, "url": "https://b.example/2"}, None)
    pipeline.close_spider(None)
    with dedup.StoryIndex.open(values["STORIES"]) as index:  # type: ignore[arg-type]
        assert len(index) == 2


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
    module = example("daily_batch")
    day = tmp_path / "day.jsonl"
    store, changes = str(tmp_path / "stories.db"), tmp_path / "changes.jsonl"
    dated = [{**article, "published": "2099-01-01"} for article in ARTICLES]
    day.write_text("\n".join(json.dumps(article) for article in dated), encoding="utf-8")
    count = module.run_day(store, str(day), str(changes))
    lines = [json.loads(line) for line in changes.read_text(encoding="utf-8").splitlines()]
    assert count == len(lines) >= len(ARTICLES)
    assert {line["article"] for line in lines if line["kind"] == "added"} == {article["id"] for article in ARTICLES}
    assert module.run_day(store, str(day), str(changes)) == 0
