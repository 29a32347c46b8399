"""Scores of storylines: dedup and its peers on sets that news aggregators have grouped.

`score_storylines` returns by set: articles, storylines, `methods` as in `benchmarks.accuracy` (`stories` are dedup's
stories, scored as if they were storylines: their precision counts), `recall_by_size`: by method the BCubed recall of
the storylines of each size, and `stories`: the scores of dedup's stories on the articles whose story is labelled too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from benchmarks.baselines import Labels
from benchmarks.machine import Stopwatch
from benchmarks.stories import Effort, Grouping, peer_groupings, score_groupings
from dedup import Article, Clustering, cluster
from dedup.evaluation.scores import score

SIZES = ((1, 2), (3, 9), (10, 29), (30, 99), (100, 10**9))
"""Sizes of labelled storylines for which recall is reported."""


def score_storylines(
    articles: Sequence[Article], effort: Effort, seed: int, watch: Stopwatch, what: str
) -> dict[str, Any]:
    """Score every method on one set; all of its articles have a storyline."""
    truth = [article.storyline or "" for article in articles]
    with watch.step(f"{what}: dedup"):
        clustering = cluster(articles)
        found = {"dedup": Grouping(lines_of(clustering)), "stories": Grouping(list(clustering.labels))}
    if effort.embed:
        with watch.step(f"{what}: dedup_embedding"):
            found["dedup_embedding"] = Grouping(lines_of(cluster(articles, embedding=effort.embed)))
    if effort.peers:
        found |= peer_groupings(articles, lambda labels: score(truth, labels).bcubed_f1, effort, watch, what)
    with watch.step(f"{what}: intervals"):
        methods = score_groupings(truth, found, effort.resamples, seed)
    report: dict[str, Any] = {
        "articles": len(truth),
        "storylines": len({*truth}),
        "methods": methods,
        "recall_by_size": {name: recall_by_size(truth, grouping.labels) for name, grouping in found.items()},
    }
    labelled = [place for place, article in enumerate(articles) if article.story is not None]
    if labelled:
        gold = [articles[place].story for place in labelled]
        report["stories"] = score(gold, [clustering.labels[place] for place in labelled]).to_dict()
    return report


def lines_of(clustering: Clustering) -> Labels:
    """Return the number of the storyline of each article."""
    number = {line.id: place for place, line in enumerate(clustering.storylines)}
    return [number[clustering.stories[label].storyline] for label in clustering.labels]


def recall_by_size(truth: Sequence[str], labels: Labels) -> dict[str, float]:
    """Return the mean BCubed recall of the articles in groups of each size; sizes without any are absent."""
    sizes, shared = Counter(truth), Counter(zip(truth, labels, strict=True))
    recalls: dict[str, list[float]] = defaultdict(list)
    for one, found in zip(truth, labels, strict=True):
        low, high = next(bounds for bounds in SIZES if bounds[0] <= sizes[one] <= bounds[1])
        recalls[f"{low}-{high}" if high < 10**9 else f"{low}+"].append(shared[one, found] / sizes[one])
    return {name: fmean(values) for name, values in recalls.items()}
