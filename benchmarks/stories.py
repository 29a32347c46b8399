"""How well stories are found: dedup and its peers on one collection, scored against its labels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import baselines
from benchmarks.baselines import AverageLinkage, Labels
from benchmarks.bootstrap import counts, difference, intervals, story_draws
from benchmarks.data import LabelledSet
from benchmarks.effort import Effort
from benchmarks.machine import Stopwatch
from dedup import Article, cluster
from dedup.evaluation.scores import score, score_by


@dataclass(frozen=True, slots=True)
class Grouping:
    """What one method made of a collection; `threshold` is the one that was picked, where one was."""

    labels: Labels
    threshold: float | None = None


def dedup_labels(articles: Sequence[Article]) -> Labels:
    """The product with its default settings, which are the same for everything here."""
    return list(cluster(articles).labels)


def groupings(
    articles: Sequence[Article], score: Callable[[Labels], float], watch: Stopwatch, what: str, *, peers: bool = True
) -> dict[str, Grouping]:
    """Dedup, and its peers on the same articles; `score` is what the tuned threshold is tuned for."""
    found = {}
    with watch.step(f"{what}: dedup"):
        found["dedup"] = Grouping(dedup_labels(articles))
    if not peers:
        return found
    texts = baselines.texts_of(articles)
    with watch.step(f"{what}: linkage"):
        tree = AverageLinkage(texts)
        found["linkage"] = Grouping(tree.cut(baselines.FIXED_THRESHOLD))
    with watch.step(f"{what}: linkage_tuned"):
        threshold, labels = tree.tuned(score)
        found["linkage_tuned"] = Grouping(labels, threshold)
    for name, method in {"hdbscan": baselines.hdbscan, "minhash": baselines.minhash}.items():
        with watch.step(f"{what}: {name}"):
            found[name] = Grouping(method(texts))
    return {**found, "alone": Grouping(baselines.alone(texts))}


def score_set(collection: LabelledSet, effort: Effort, seed: int, watch: Stopwatch) -> tuple[dict[str, Any], Labels]:
    """Every method on one set.

    Returns:
        the part of the report, and what dedup found.
    """
    truth = collection.truth
    found = groupings(
        collection.articles,
        lambda labels: score(truth, labels).bcubed_f1,
        watch,
        collection.name,
        peers=effort.peers,
    )
    with watch.step(f"{collection.name}: intervals"):
        methods = score_groupings(truth, found, effort.resamples, seed)
    langs = [article.lang or "unknown" for article in collection.articles]
    if len(set(langs)) > 1:
        for name, scored in methods.items():
            by_language = score_by(truth, found[name].labels, langs)
            scored["by_language"] = {lang: scores.to_dict() for lang, scores in by_language.items()}
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
    """The scores of each method, and if resampled their intervals and those of what dedup has more (`ahead`)."""
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
