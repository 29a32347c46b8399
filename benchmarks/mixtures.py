"""Effect of the other articles: two poured into every set, all sets in one, small batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks import baselines
from benchmarks.baselines import Labels
from benchmarks.bootstrap import counts, intervals, story_draws
from benchmarks.data import LabelledSet
from benchmarks.machine import Stopwatch
from benchmarks.stories import Effort, Grouping, dedup_labels, score_groupings
from dedup import Article, Clustering, Embedding, cluster
from dedup.evaluation.scores import harmonic_mean, score
from dedup.group.cut import threshold_at

SMALLEST, LARGEST = 2, 20
"""Bounds of the number of articles in a batch."""
NEAREST = 50
"""Candidates for the nearest strangers of each poured article."""


def pour(
    poured: Sequence[Article], collection: LabelledSet, watch: Stopwatch, embed: Embedding | None = None
) -> dict[str, Any]:
    """Add two articles of one story to a set and report where they end up, by words alone or with an embedding.

    Returns:
        `together`; `copies`, whether they are one text; `strangers`, the ids in their stories that were not
        poured; `score`, that of the pair; `joined_at`, the height of their merge, None without one;
        `threshold`, the height two single articles need, and `cut`, that of groups; `nearest`, see
        `nearest_strangers`; `margins`: `joined_above`, by how much they joined above the threshold, and
        by how much the nearest strangers stay below the cut, `single_below` and `mean_below`. A margin without
        data is None.
    """
    first, second = (article.id for article in poured)
    with watch.step(f"pour into {collection.name}{' with the embedding' if embed else ''}"):
        clustering = cluster([*collection.articles, *poured], embedding=embed)
        explanation = clustering.explain(first, second)
        nearest = nearest_strangers(clustering, (first, second))
    members = {*clustering.story_of(first).articles, *clustering.story_of(second).articles}
    joined_at, needed = explanation.joined_at, explanation.threshold
    cut = threshold_at(clustering.settings.granularity)
    return {
        "together": explanation.same_story,
        "copies": explanation.same_text,
        "strangers": sorted(members - {first, second}),
        "score": explanation.link.score,
        "joined_at": joined_at,
        "threshold": needed,
        "cut": cut,
        "nearest": nearest,
        "margins": {
            "joined_above": None if joined_at is None else joined_at - needed,
            "single_below": cut - nearest["single"]["score"] if nearest else None,
            "mean_below": cut - nearest["mean"]["score"] if nearest else None,
        },
    }


def nearest_strangers(clustering: Clustering, poured: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """Return the articles of a set nearest to the two poured into it; ties go by id.

    `single` has the highest score to one of the two (`to`), which is how far a stranger is from a story of its own with
    that one. `mean` has the highest mean of its scores to both, no score counting below 0: this is what would join the
    story of the two, and no group of strangers has a higher mean than the nearest of its members.

    An explanation takes milliseconds, so only the nearest articles by plain TF-IDF and those in the stories of the two
    are candidates. Empty without a stranger.
    """
    cosines = 1 - baselines.distances(baselines.texts_of(clustering.articles))
    candidates: set[str] = set()
    for own in poured:
        nearest = np.argsort(-cosines[clustering.place(own)], kind="stable")[: NEAREST + len(poured)]
        candidates |= {clustering.articles[place].id for place in nearest} | {*clustering.story_of(own).articles}
    singles: list[tuple[float, str, str]] = []
    means: list[tuple[float, str]] = []
    for other in sorted(candidates - set(poured)):
        scores = [clustering.explain(own, other).link.score for own in poured]
        singles += [(-score, other, own) for score, own in zip(scores, poured, strict=True)]
        means.append((-fmean(max(0.0, score) for score in scores), other))
    if not singles:
        return {}
    score, stranger, own = min(singles)
    mean, other = min(means)
    return {"single": {"id": stranger, "to": own, "score": -score}, "mean": {"id": other, "score": -mean}}


def all_in_one(sets: Sequence[LabelledSet]) -> LabelledSet:
    """Combine sets without common articles, with ids and stories prefixed by the set."""
    moved = [_moved(article, collection.name) for collection in sets for article in collection.articles]
    return LabelledSet("all_in_one", tuple(moved))


def pour_all(
    sets: Sequence[LabelledSet], apart: Mapping[str, Labels], effort: Effort, seed: int, watch: Stopwatch
) -> dict[str, Any]:
    """Cluster all sets as one collection and compare with each set alone, weighted by articles.

    Args:
        sets: sets without common articles.
        apart: set -> labels of dedup on this set alone.
        effort: whether a peer takes part, and the resamples for the intervals.
        seed: seed of the resamples.
        watch: times the steps.
    """
    whole = all_in_one(sets)
    articles, truth = whole.articles, whole.truth
    with watch.step("all in one: dedup"):
        found = {"dedup": Grouping(dedup_labels(articles))}
    if effort.peers:
        with watch.step("all in one: linkage"):
            found["linkage"] = Grouping(baselines.linkage(baselines.texts_of(articles)))
    separate = [score(collection.truth, apart[collection.name]) for collection in sets]
    weights = [scores.articles for scores in separate]
    precision = float(np.average([scores.bcubed_precision for scores in separate], weights=weights))
    recall = float(np.average([scores.bcubed_recall for scores in separate], weights=weights))
    return {
        "sets": [collection.name for collection in sets],
        "articles": len(articles),
        "stories": len(set(truth)),
        "methods": score_groupings(truth, found, effort.resamples, seed),
        "dedup_apart": {
            "bcubed_precision": precision,
            "bcubed_recall": recall,
            "bcubed_f1": harmonic_mean(precision, recall),
        },
    }


def score_batches(sets: Sequence[LabelledSet], effort: Effort, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Cluster small batches from the sets in turn, and score them together."""
    random = np.random.default_rng(seed)
    drawn = [draw_batch(sets[number % len(sets)], random) for number in range(effort.batches)]
    truth = [(number, article.story) for number, batch in enumerate(drawn) for article in batch]
    methods: dict[str, Callable[[list[Article]], Labels]] = {"dedup": dedup_labels}
    if effort.peers:
        methods["linkage"] = lambda batch: baselines.linkage(baselines.texts_of(batch))
        methods["alone"] = baselines.alone
    scored: dict[str, dict[str, Any]] = {}
    stories = counts(len(set(truth)), effort.resamples, seed)
    for name, method in methods.items():
        with watch.step(f"batches: {name}"):
            labels = [(number, label) for number, batch in enumerate(drawn) for label in method(batch)]
        scored[name] = {**score(truth, labels).to_dict()}
        if effort.resamples:
            scored[name]["intervals"] = intervals(story_draws(truth, labels, stories))
    return {
        "sets": [collection.name for collection in sets],
        "batches": effort.batches,
        "articles": len(truth),
        "stories": len(set(truth)),
        "methods": scored,
    }


def draw_batch(collection: LabelledSet, random: np.random.Generator) -> list[Article]:
    """Draw 2 to 20 articles of a set; half (rounded down, but 2 of 3) have another of their story in the batch.

    These come in groups of 2 to 5, each of the others from another story. A set with few stories, or few stories of
    several articles, gives smaller batches.
    """
    stories: dict[str, list[Article]] = {}
    for article in collection.articles:
        stories.setdefault(article.story or "", []).append(article)
    names = sorted(stories)
    order = [stories[names[place]] for place in random.permutation(len(names))]
    size = int(random.integers(SMALLEST, min(LARGEST, len(order)), endpoint=True))
    wanted = max(2, size // 2)
    batch: list[Article] = []
    rest = []
    for story in order:
        room = wanted - len(batch)
        group = min(room, len(story), int(random.integers(2, 5, endpoint=True)))
        if room - group == 1:  # a single remaining place could not be filled with a group
            group += 1 if group < len(story) else -1
        if group < 2:
            rest.append(story)
            continue
        chosen = random.choice(len(story), size=group, replace=False)
        batch.extend(story[place] for place in sorted(chosen))
    batch.extend(story[int(random.integers(len(story)))] for story in rest[: size - wanted])
    return [batch[place] for place in random.permutation(len(batch))]


def _moved(article: Article, name: str) -> Article:
    """Prefix the id and the story of an article with the name of its set."""
    return replace(article, id=f"{name}/{article.id}", story=f"{name}/{article.story}")
