"""What the story index does in a second, what it takes, and how its first placements compare with a run over all.

The result is one dictionary (`run`):

    benchmark, machine, versions, commit
    stream      of the real stream in the order of its dates: articles; `single`, articles a second each on disk by
                itself; `batches`, the same by 500; `match` and `add`, milliseconds (p50, p99); bytes of `disk` beside
                the texts and of `memory` for each article; seconds to `reopen` it
    year        of a made-up year of which thirty days are kept: see `index_made.year`
    live        of very many made-up articles: see `index_made.live`
    placements  by labelled set, background and order of arrival: BCubed F1 against the labels of the run over all and
                of the placements before `reconcile`; F1 of these against that run; `churn`, the share of articles whose
                story id `reconcile` changed; whether the placements were that run's after it
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import dedup
from benchmarks import data, index_made
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from dedup import Article, Background, StoryIndex

LEARNED_FROM = 5_000
"""Articles of the beginning of the stream that its background is learned from."""
SINGLE = 5_000
"""Articles at the end of the stream that are added one by one."""
ASKED = 2_000
"""Articles that are asked about."""
ORDERS = ("given", "turned", "mixed")


def run(folder: Path | None, *, articles: int, live: int, per_day: int, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Measures everything.

    Args:
        folder: the labelled sets and the stream.
        articles: of the stream, at most; 0 to leave it out.
        live: made-up articles that are asked among; 0 to leave that out.
        per_day: made-up articles a day of the year; 0 to leave that out.
        seed: of what is made up.
        watch: is told of each step.
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
        report["year"] = index_made.year(per_day, seed, watch)
    if live:
        report["live"] = index_made.live(live, ASKED, seed, watch)
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
    gc.freeze()  # what the benchmark itself holds is not gone through again and again
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
            with StoryIndex.open(store) as again:
                again.match(asked[0])

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
