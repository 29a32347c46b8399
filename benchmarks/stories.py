"""Scores of stories: dedup and its peers on one collection."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import baselines
from benchmarks.baselines import AverageLinkage, Labels
from benchmarks.bootstrap import counts, difference, intervals, story_draws
from benchmarks.data import LabelledSet
from benchmarks.machine import Stopwatch
from dedup import Article, Embedding, cluster
from dedup.evaluation.scores import score, score_across, score_by


@dataclass(frozen=True, slots=True)
class Effort:
    """The extent of a run: resamples for an interval (0: no intervals), small batches, sets left out, peers or not.

    `embed` is the embedding of dedup_embedding and of peers, which are left out without one.
    """

    resamples: int
    batches: int
    without: frozenset[str] = frozenset()
    peers: bool = True
    embed: Embedding | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """The labels of one method; `threshold` is the tuned one, if there is one."""

    labels: Labels
    threshold: float | None = None


def dedup_labels(articles: Sequence[Article]) -> Labels:
    """Cluster with the default settings."""
    return list(cluster(articles).labels)


def groupings(
    articles: Sequence[Article], score: Callable[[Labels], float], effort: Effort, watch: Stopwatch, what: str
) -> dict[str, Grouping]:
    """Cluster with dedup and its peers; `score` is what the threshold is tuned for."""
    found = {}
    with watch.step(f"{what}: dedup"):
        found["dedup"] = Grouping(dedup_labels(articles))
    if effort.embed:
        with watch.step(f"{what}: dedup_embedding"):
            found["dedup_embedding"] = Grouping(list(cluster(articles, embedding=effort.embed).labels))
    if not effort.peers:
        return found
    found |= peer_groupings(articles, score, effort, watch, what)
    return {**found, "alone": Grouping(baselines.alone(articles))}


def peer_groupings(
    articles: Sequence[Article], score: Callable[[Labels], float], effort: Effort, watch: Stopwatch, what: str
) -> dict[str, Grouping]:
    """Cluster with the peers alone; `score` is what thresholds are tuned for."""
    found, texts = {}, baselines.texts_of(articles)
    with watch.step(f"{what}: linkage"):
        distances = baselines.distances(texts)
        tree = AverageLinkage(distances)
        found["linkage"] = Grouping(tree.cut(baselines.FIXED_THRESHOLD))
    with watch.step(f"{what}: linkage_tuned"):
        threshold, labels = tree.tuned(score)
        found["linkage_tuned"] = Grouping(labels, threshold)
    if effort.embed:
        with watch.step(f"{what}: embedding_tuned"):
            embedded = baselines.embedded_distances(articles, effort.embed)
            threshold, labels = AverageLinkage(embedded).tuned(score)
            found["embedding_tuned"] = Grouping(labels, threshold)
        with watch.step(f"{what}: embedding_hdbscan"):
            found["embedding_hdbscan"] = Grouping(baselines.hdbscan_tuned(embedded, score))
        with watch.step(f"{what}: both_tuned"):
            threshold, labels = AverageLinkage((embedded + distances) / 2).tuned(score)
            found["both_tuned"] = Grouping(labels, threshold)
    for name, method in {"hdbscan": baselines.hdbscan, "minhash": baselines.minhash}.items():
        with watch.step(f"{what}: {name}"):
            found[name] = Grouping(method(texts))
    return found


def score_set(collection: LabelledSet, effort: Effort, seed: int, watch: Stopwatch) -> tuple[dict[str, Any], Labels]:
    """Score every method on one set.

    Returns:
        The part of the report, and the labels of dedup.
    """
    truth = collection.truth
    found = groupings(
        collection.articles,
        lambda labels: score(truth, labels).bcubed_f1,
        effort,
        watch,
        collection.name,
    )
    with watch.step(f"{collection.name}: intervals"):
        methods = score_groupings(truth, found, effort.resamples, seed)
    langs = [article.lang or "unknown" for article in collection.articles]
    if len(set(langs)) > 1:
        for name, scored in methods.items():
            by_language = score_by(truth, found[name].labels, langs)
            scored["by_language"] = {lang: scores.to_dict() for lang, scores in by_language.items()}
            across = score_across(truth, found[name].labels, langs)
            scored["across_languages"] = {"–".join(names): scores.to_dict() for names, scores in across.items()}
            if across:
                first, *others = across.values()
                scored["across_languages"] = {"all": sum(others, first).to_dict(), **scored["across_languages"]}
    report = {
        "articles": len(truth),
        "stories": len(set(truth)),
        "view_of": collection.view_of,
        "methods": methods,
    }
    return report, found["dedup"].labels


def score_groupings(
    truth: Sequence[Hashable], found: Mapping[str, Grouping], resamples: int, seed: int
) -> dict[str, dict[str, Any]]:
    """Return the scores of each method; if resampled, their intervals and those of dedup's lead (`ahead`)."""
    drawn = counts(len(set(truth)), resamples, seed)
    draws = {name: story_draws(truth, grouping.labels, drawn) for name, grouping in found.items() if resamples}
    methods: dict[str, dict[str, Any]] = {}
    for name, grouping in found.items():
        methods[name] = {**score(truth, grouping.labels).to_dict()}
        if resamples:
            methods[name]["intervals"] = intervals(draws[name])
            methods[name]["ahead"] = difference(draws["dedup"], draws[name])
        if grouping.threshold is not None:
            methods[name]["threshold"] = grouping.threshold
    return methods
