"""The story index on made-up streams: a year of articles of which it keeps thirty days, and very many live ones."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import dedup
from benchmarks.corpus import Planted, Shape, stream
from benchmarks.machine import Stopwatch
from dedup import Settings, StoryIndex
from dedup.backends import GROWN
from dedup.index.inputs import read_batch
from dedup.index.state import IndexState
from dedup.index.store.records import Sketch, StoredArticle, StoredStory, spans
from dedup.index.store.sqlite import SqliteStore

LEARNED_FROM = 5_000
KEPT = 30
"""Days of the year's stream that are kept."""
DAYS = 365
PART = 73
"""Days that are told of together."""
AT_ONCE = 5_000


def year(per_day: int, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """A year of articles, added day by day to an index that keeps thirty days.

    Returns:
        `per_day`, and a list of parts of the year: the last of its `days`; articles that were `live` at its end;
        `milliseconds` an article; bytes of `memory` and of `disk` at its end.
    """
    shape = Shape(per_day * DAYS, per_day, seed=seed)
    background = dedup.learn_background(one.article() for one in islice(stream(shape), LEARNED_FROM))
    now, found = 0.0, list[dict[str, Any]]()
    with TemporaryDirectory() as folder, watch.step("year"):
        path = Path(folder) / "year.db"
        with StoryIndex.open(path, background=background, keep_days=KEPT, clock=lambda: now) as index:
            spent, count, changes = 0.0, 0, 0
            for number, (day, planted) in enumerate(groupby(stream(shape), _day), 1):
                articles = [one.article() for one in planted]
                now = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC).timestamp()
                begin = time.perf_counter()
                index.add_many(articles)
                spent, count = spent + time.perf_counter() - begin, count + len(articles)
                if number % PART == 0:
                    stats = index.stats()
                    index.vacuum(changes_before=changes)  # as one who follows would do; it is not timed
                    changes = stats["changes"]
                    found.append(
                        {
                            "days": number,
                            "live": stats["articles"],
                            "milliseconds": 1000 * spent / count,
                            "memory": stats["memory"],
                            "disk": path.stat().st_size,
                        }
                    )
                    spent, count = 0.0, 0
    return {"per_day": per_day, "parts": found}


def live(count: int, asked: int, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Asks an index of very many articles. They are written as they were planted: to place them would take hours.

    Returns:
        `articles`; `match`, milliseconds (p50, p99); seconds to `reopen`; bytes of `memory` and of `disk` an article,
        without texts.
    """
    made = stream(Shape(count + asked, seed=seed))
    background = dedup.learn_background(one.article() for one in islice(stream(Shape(count, seed=seed)), LEARNED_FROM))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "live.db"
        StoryIndex.open(path, background=background, store_text=False).close()
        with watch.step("live: fill"):
            store = SqliteStore(path)
            state = IndexState(store, Settings(), background, GROWN)
            for block in _blocks(made, count):
                with store.transaction():
                    _write(store, state, block)
            store.close()
        last = [one.article() for one in made]
        begin = time.perf_counter()
        with StoryIndex.open(path) as index:
            with watch.step("live: reopen"):
                index.match(last[0])
            reopened = time.perf_counter() - begin
            with watch.step("live: match"):
                gc.collect()
                gc.freeze()
                times = [_timed(partial(index.match, article)) for article in last]
            memory = index.stats()["memory"]
        size = path.stat().st_size
    return {
        "articles": count,
        "match": {f"p{part}": float(np.percentile(times, part)) * 1000 for part in (50, 99)},
        "reopen": reopened,
        "memory": memory / count,
        "disk": size / count,
    }


def _day(planted: Planted) -> date:
    return datetime.fromisoformat(planted.record["published"]).date()


def _blocks(made: Iterator[Planted], count: int) -> Iterator[list[tuple[int, Planted]]]:
    numbered = enumerate(islice(made, count), 1)
    while block := list(islice(numbered, AT_ONCE)):
        yield block


def _write(store: SqliteStore, state: IndexState, block: Sequence[tuple[int, Planted]]) -> None:
    came = read_batch(((number, planted.article()) for number, planted in block), len(block), [])
    features = state.features([(one.article.title, one.article.text) for one in came])
    rows = []
    for (number, planted), one, its in zip(block, came, features, strict=True):
        article, _ = one.to_store(number, planted.story + 1, one.seconds or 0.0, keep_text=True)
        rows.append((article, None, Sketch(its.packed, its.vector.packed())))
    store.put_articles(rows)
    known = store.story_numbered(sorted({article.story for article, _, _ in rows}))
    held: dict[int, list[StoredArticle]] = {}
    for article, _, _ in rows:
        held.setdefault(article.story, []).append(article)
    for story, articles in held.items():
        start, end = spans(articles)
        old = known.get(story)
        size = len(articles) + (old.size if old else 0)
        store.put_stories([StoredStory(story, f"s{story}", None, size, old.start if old else start, end, end or 0.0)])


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
