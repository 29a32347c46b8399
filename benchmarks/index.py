"""Speed and size of the story index, and its first placements compared with a run over all articles.

The result is one dictionary (`run`):

    benchmark, machine, versions, commit
    stream      the real stream by date: articles; `single`, articles per second, each committed by itself; `batches`,
                articles per second in batches of 500; `match` and `add`, milliseconds (p50, p99); bytes of `disk`
                (without texts) and of `memory` per article; seconds to `reopen` it
    year        a made-up year of which thirty days are kept, see `made_up_year`
    live        very many made-up articles, see `made_up_live`
    placements  by labelled set, background and order of arrival: BCubed F1 against the labels of the run over all and
                of the placements before `reconcile`; F1 of these against that run; `churn`, the share of articles whose
                story id `reconcile` changed; `exact`, whether the placements equal that run's afterwards
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import dedup
from benchmarks import data
from benchmarks.corpus import Planted, Shape, stream
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from dedup import Article, Background, Settings, StoryIndex
from dedup.backends import WORTH_COMPILING
from dedup.index.inputs import read_batch
from dedup.index.state import IndexState
from dedup.index.store.records import Sketch, StoredArticle, StoredStory, spans
from dedup.index.store.sqlite import SqliteStore

LEARNED_FROM = 5_000
"""Articles at the beginning of the stream from which the background is learned."""
SINGLE = 5_000
"""Articles at the end of the stream that are added one by one."""
ASKED = 2_000
"""Number of queries."""
KEPT = 30
"""Days that the index of the made-up year keeps."""
DAYS = 365
PART = 73
"""Days per reported part of the year."""
AT_ONCE = 5_000
ORDERS = ("given", "turned", "mixed")


def run(folder: Path | None, *, articles: int, live: int, per_day: int, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Measure the story index and return the report.

    Args:
        folder: the labelled sets and the stream.
        articles: maximum number from the stream; 0 to leave it out.
        live: made-up articles in the index that is queried; 0 to leave it out.
        per_day: made-up articles per day of the year; 0 to leave it out.
        seed: seed of made-up articles.
        watch: times and announces the steps.
    """
    report: dict[str, Any] = {"benchmark": "index", "seed": seed, **provenance()}
    stream = data.stream_file(folder)
    if articles:
        if stream is None:
            raise BenchmarkError("there is no stream: give its folder with --data")
        with TemporaryDirectory() as place:
            store = Path(place) / "stories.db"
            report["stream"] = _stream(stream, articles, store, seed, watch)
    if per_day:
        report["year"] = made_up_year(per_day, seed, watch)
    if live:
        report["live"] = made_up_live(live, ASKED, seed, watch)
    report["placements"] = {}
    for labelled in data.labelled_sets(folder):
        with watch.step(f"placements: {labelled.name}"):
            report["placements"][labelled.name] = _placements(labelled, seed)
    return report


def _stream(stream: Path, most: int, store: Path, seed: int, watch: Stopwatch) -> dict[str, Any]:
    with watch.step("stream: read"):
        every = sorted(dedup.read_articles([stream], notices=[]), key=lambda article: str(article.published))[:most]
    with watch.step("stream: background"):
        background = dedup.learn_background(every[:LEARNED_FROM])
    single = min(SINGLE, len(every) // 2)
    bulk, last = every[:-single], every[-single:]
    gc.collect()
    gc.freeze()  # keep the benchmark's own objects out of garbage collection
    with StoryIndex.open(store, background=background) as index:
        with watch.step("stream: batches"):
            by_batch = _timed(lambda: len(index.add_many(bulk)))
        with watch.step("stream: one by one"):
            each = [_timed(partial(index.add, article)) for article in last]
        rng = np.random.default_rng(seed)
        asked = [every[place] for place in rng.choice(len(every), min(ASKED, len(every)), replace=False)]
        asked = [replace(article, id="", text=article.text + " More on this soon.") for article in asked]
        with watch.step("stream: match"):
            matched = [_timed(partial(index.match, article)) for article in asked]
        stats = index.stats()
    texts = sum(len(article.text.encode()) for article in every)
    with watch.step("stream: reopen"):

        def reopen() -> None:
            with StoryIndex.open(store) as reopened_index:
                reopened_index.match(asked[0])

        reopened = _timed(reopen)
    return {
        "articles": len(every),
        "batches": len(bulk) / by_batch,
        "single": single / sum(each),
        "add": _percentiles(each),
        "match": _percentiles(matched),
        "disk": (store.stat().st_size - texts) / len(every),
        "memory": stats["memory"] / len(every),
        "reopen": reopened,
        "stories": stats["stories"],
        "texts": texts / len(every),
    }


def _placements(labelled: data.LabelledSet, seed: int) -> dict[str, Any]:
    articles = [replace(article, id=str(place)) for place, article in enumerate(labelled.articles)]
    found: dict[str, Any] = {}
    for name, background in (("general", Background.general()), ("own", dedup.learn_background(articles))):
        clustering = dedup.cluster(articles, background=background)
        orders = {
            "given": articles,
            "turned": articles[::-1],
            "mixed": [articles[place] for place in np.random.default_rng(seed).permutation(len(articles))],
        }
        found[name] = {order: _placed(labelled, orders[order], clustering, background) for order in ORDERS}
    return found


def _placed(
    labelled: data.LabelledSet, articles: Sequence[Article], clustering: dedup.Clustering, background: Background
) -> dict[str, Any]:
    with StoryIndex.open(":memory:", background=background) as index:
        first = {placed.article: placed.story for placed in index.add_many(articles, batch=len(articles))}
        labels = _labels(index, len(articles))
        index.reconcile()
        placements = index.placements()
    now = {name: story.id for story in placements for name in story.articles}
    return {
        "run": dedup.score(labelled.truth, clustering.labels).bcubed_f1,
        "placements": dedup.score(labelled.truth, labels).bcubed_f1,
        "against_run": dedup.score([str(label) for label in clustering.labels], labels).bcubed_f1,
        "churn": sum(now[name] != story for name, story in first.items()) / len(first),
        "exact": {frozenset(s.articles) for s in placements} == {frozenset(s.articles) for s in clustering},
    }


def _labels(index: StoryIndex, count: int) -> list[int]:
    placements = index.placements()
    of = dict(zip((article.id for article in placements.articles), placements.labels, strict=True))
    return [of[str(place)] for place in range(count)]


def _timed(work: Any) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    return {name: float(np.percentile(seconds, part)) * 1000 for name, part in (("p50", 50), ("p99", 99))}


def show_index(report: Mapping[str, Any], out: Console) -> None:
    """Print the report."""
    if stream := report.get("stream"):
        table = Table("the stream", "", title=f"{stream['articles']:,} articles, {stream['stories']:,} stories")
        for name, value in (
            ("one at a time, each on disk", f"{stream['single']:,.0f} a second"),
            ("by 500", f"{stream['batches']:,.0f} a second"),
            ("add", _milliseconds(stream["add"])),
            ("match", _milliseconds(stream["match"])),
            ("disk beside the text", f"{stream['disk']:,.0f} bytes an article"),
            ("memory", f"{stream['memory']:,.0f} bytes an article"),
            ("reopen", f"{stream['reopen']:.1f} s"),
        ):
            table.add_row(name, value)
        out.print(table)
    if year := report.get("year"):
        table = Table("days", "live", "ms an article", "MB of memory", "MB of disk", title="a year, 30 days of it kept")
        for part in year["parts"]:
            sizes = (f"{part[key] / 1e6:.0f}" for key in ("memory", "disk"))
            table.add_row(str(part["days"]), f"{part['live']:,}", f"{part['milliseconds']:.2f}", *sizes)
        out.print(table)
    if live := report.get("live"):
        sizes = (f"{live[key]:,.0f} bytes of {key}" for key in ("memory", "disk"))
        described = f"match {_milliseconds(live['match'])}; reopened in {live['reopen']:.0f} s; {', '.join(sizes)} each"
        out.print(f"{live['articles']:,} made-up articles without texts: {described}", highlight=False)
    table = Table("set", "background", "arrival", "run", "placements", "against the run", "churn", "same after")
    for name, backgrounds in report["placements"].items():
        for background, orders in backgrounds.items():
            for order, found in orders.items():
                figures = (f"{found[key]:.3f}" for key in ("run", "placements", "against_run", "churn"))
                table.add_row(name, background, order, *figures, "yes" if found["exact"] else "no")
    out.print(table)


def _milliseconds(found: Mapping[str, float]) -> str:
    return f"p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms"


def made_up_year(per_day: int, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Add a made-up year day by day to an index that keeps thirty days.

    Returns:
        `per_day`, and a list of parts of the year: the last of its `days`; articles that were `live` at its end;
        `milliseconds` per article; bytes of `memory` and of `disk` at its end.
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
                    index.vacuum(changes_before=changes)  # as a consumer of changes would; not timed
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


def made_up_live(count: int, asked: int, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Query an index of very many articles, stored as planted, since placing them would take hours.

    Returns:
        `articles`; `match`, milliseconds (p50, p99); seconds to `reopen`; bytes of `memory` and of `disk` per
        article, without texts.
    """
    made = stream(Shape(count + asked, seed=seed))
    background = dedup.learn_background(one.article() for one in islice(stream(Shape(count, seed=seed)), LEARNED_FROM))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "live.db"
        StoryIndex.open(path, background=background, store_text=False).close()
        with watch.step("live: fill"):
            store = SqliteStore(path)
            state = IndexState(store, Settings(), background, WORTH_COMPILING)
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
    prepared = read_batch(((number, planted.article()) for number, planted in block), len(block), [])
    features = state.features([(one.article.title, one.article.text) for one in prepared])
    rows = []
    for (number, planted), one, its in zip(block, prepared, features, strict=True):
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
