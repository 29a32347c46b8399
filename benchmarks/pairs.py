"""Scores on labelled pairs: copies, by pair and by copy group, and same events in two languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import baselines
from benchmarks.baselines import Labels
from benchmarks.bootstrap import counts, intervals, pair_draws
from benchmarks.data import LabelledPair, LabelledPairs
from benchmarks.machine import Stopwatch
from benchmarks.stories import Effort, groupings
from dedup import cluster, compare

COPY_LABELS = ("copy", "update")
"""Labels of copies: readers do not reliably tell the two apart, so they are scored together."""

Decisions = NDArray[np.bool_]

COPY_DESCRIPTIONS = {
    "jaccard": "5-word shingles, Jaccard >= 0.5, the usual default",
    "jaccard_tuned": "the same with the threshold tuned on these very pairs",
    "containment_tuned": "5-word shingles, containment in the smaller, threshold tuned on these very pairs",
    "minhash": "datasketch MinHash of 5-word shingles, LSH, Jaccard >= 0.5",
    "retsim": "RETSim (unisim), cosine >= 0.9, its default; only where it is installed",
    "retsim_tuned": "the same with the threshold tuned on these very pairs",
}


def score_copies(labelled: LabelledPairs, effort: Effort, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Score copies and updates against all other pairs, for dedup and its peers.

    Each method judges twice: `by_pair` from the two articles alone, `by_group` from all articles at once: whether the
    two are in one copy group (baselines: in one connected component).
    """
    pairs, articles = labelled.pairs, labelled.articles
    gold = np.array([pair.label in COPY_LABELS for pair in pairs])
    by_pair: dict[str, Decisions] = {}
    by_group: dict[str, Decisions] = {}
    thresholds: dict[str, float] = {}
    with watch.step(f"{labelled.name}: dedup by pair"):
        by_pair["dedup"] = np.array([compare(articles[pair.a], articles[pair.b]).same_text for pair in pairs])
    with watch.step(f"{labelled.name}: dedup by group"):
        by_group["dedup"] = together(pairs, _alone_if_negative(cluster(articles).copy_labels))
    if effort.peers:
        thresholds = _judge_with_peers(labelled, gold, by_pair, by_group, watch)
    sure = np.array([not pair.low_confidence for pair in pairs])
    template = np.array([pair.template for pair in pairs])
    every = np.ones(len(pairs), dtype=np.bool_)
    methods: dict[str, dict[str, Any]] = {}
    for name, judged in by_pair.items():
        methods[name] = {"threshold": thresholds[name]} if name in thresholds else {}
        for way, decisions in (("by_pair", judged), ("by_group", by_group[name])):
            methods[name][way] = {
                "all": score_decisions(gold, decisions, every, effort.resamples, seed),
                "without_low_confidence": score_decisions(gold, decisions, sure, effort.resamples, seed),
                "templates_kept_apart": _share_of(~decisions, template & ~gold),
            }
    return {
        "articles": len(articles),
        "pairs": len(pairs),
        "copies": int(gold.sum()),
        "low_confidence": int((~sure).sum()),
        "templates": int(template.sum()),
        "methods": methods,
    }


def score_events(labelled: LabelledPairs, effort: Effort, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Score same-event pairs by language, from clustering all articles at once."""
    pairs = labelled.pairs
    gold = np.array([pair.label == "same" for pair in pairs])
    found = groupings(
        labelled.articles,
        lambda labels: score_decisions(gold, together(pairs, labels), np.ones_like(gold), 0, seed)["f1"],
        effort,
        watch,
        labelled.name,
    )
    langs = {"all": np.ones_like(gold)}
    for lang in sorted({pair.lang for pair in pairs}):
        langs[lang] = np.array([pair.lang == lang for pair in pairs])
    methods: dict[str, dict[str, Any]] = {}
    for name, grouping in found.items():
        decisions = together(pairs, grouping.labels)
        methods[name] = {
            lang: score_decisions(gold, decisions, part, effort.resamples, seed) for lang, part in langs.items()
        }
        if grouping.threshold is not None:
            methods[name]["threshold"] = grouping.threshold
    return {
        "articles": len(labelled.articles),
        "pairs": {lang: int(part.sum()) for lang, part in langs.items()},
        "same": {lang: int((gold & part).sum()) for lang, part in langs.items()},
        "methods": methods,
    }


def score_decisions(
    gold: Decisions, decisions: Decisions, part: Decisions, resamples: int, seed: int
) -> dict[str, Any]:
    """Score the decisions on a part of the pairs, with intervals if resampled."""
    gold, decisions = gold[part], decisions[part]
    scores = {name: float(values[0]) for name, values in pair_draws(gold, decisions, np.ones((1, len(gold)))).items()}
    if not resamples:
        return scores
    return {**scores, "intervals": intervals(pair_draws(gold, decisions, counts(len(gold), resamples, seed)))}


def together(pairs: Sequence[LabelledPair], labels: Sequence[int]) -> Decisions:
    """Return whether the two articles of each pair have one label."""
    return np.array([labels[pair.a] == labels[pair.b] for pair in pairs])


def _judge_with_peers(
    labelled: LabelledPairs,
    gold: Decisions,
    by_pair: dict[str, Decisions],
    by_group: dict[str, Decisions],
    watch: Stopwatch,
) -> dict[str, float]:
    """Add the decisions of the peers to both dictionaries; return the tuned thresholds."""
    pairs, texts = labelled.pairs, baselines.texts_of(labelled.articles)
    with watch.step(f"{labelled.name}: shingles"):
        jaccard, containment = baselines.shingle_overlaps(texts, words=5)
        thresholds = {
            "jaccard": 0.5,
            "jaccard_tuned": _tuned(pairs, gold, jaccard),
            "containment_tuned": _tuned(pairs, gold, containment),
        }
        for name, threshold in thresholds.items():
            overlap = containment if name == "containment_tuned" else jaccard
            by_pair[name] = _of(pairs, overlap) >= threshold
            above = np.argwhere(np.triu(overlap >= threshold, k=1))
            by_group[name] = together(pairs, baselines.components(len(texts), above))
    with watch.step(f"{labelled.name}: retsim"):
        cosines = baselines.retsim_cosines(texts)
    if cosines is not None:
        tuned = _tuned(pairs, gold, cosines, baselines.FINE_GRID)
        for name, threshold in (("retsim", 0.9), ("retsim_tuned", tuned)):
            thresholds[name] = threshold
            by_pair[name] = _of(pairs, cosines) >= threshold
            above = np.argwhere(np.triu(cosines >= threshold, k=1))
            by_group[name] = together(pairs, baselines.components(len(texts), above))
    with watch.step(f"{labelled.name}: minhash"):
        near = baselines.minhash_pairs(texts, words=5)
        known = set(near)
        by_pair["minhash"] = np.array([(min(p.a, p.b), max(p.a, p.b)) in known for p in pairs])
        by_group["minhash"] = together(pairs, baselines.components(len(texts), near))
    return thresholds


def _alone_if_negative(labels: Sequence[int]) -> Labels:
    """Replace -1, an article without copies, by distinct labels."""
    return [label if label >= 0 else -1 - place for place, label in enumerate(labels)]


def _of(pairs: Sequence[LabelledPair], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([matrix[pair.a, pair.b] for pair in pairs])


def _tuned(
    pairs: Sequence[LabelledPair],
    gold: Decisions,
    overlap: NDArray[np.float64],
    grid: Sequence[float] = baselines.GRID,
) -> float:
    """Return the threshold of the grid with the best F1 by pair, the lowest in a tie."""
    values, every = _of(pairs, overlap), np.ones_like(gold)
    scores = {t: score_decisions(gold, values >= t, every, 0, 0)["f1"] for t in grid}
    return max(grid, key=lambda threshold: (scores[threshold], -threshold))


def _share_of(decisions: Decisions, part: Decisions) -> float | None:
    return float(decisions[part].mean()) if part.any() else None
