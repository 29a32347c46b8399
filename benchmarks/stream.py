"""Results on real news: the beginning of a stream, and judged pairs of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from benchmarks import baselines
from benchmarks.baselines import Labels
from benchmarks.bootstrap import counts, intervals, pair_draws
from benchmarks.data import STREAM_LABELS, LabelledPairs
from benchmarks.machine import Stopwatch
from benchmarks.pairs import Decisions, together
from benchmarks.stories import Effort, dedup_labels
from dedup import cluster


def score_stream(labelled: LabelledPairs, effort: Effort, seed: int, watch: Stopwatch) -> dict[str, Any]:
    """Return the sizes of the stories found, and the scores on the judged pairs.

    The pairs are not an unbiased sample: each was a story of two articles in an earlier version of the method. So every
    different pair was a mistake of that version, pairs it missed are absent, and the baseline, which did not take part
    in the selection, is for orientation only.

    Returns:
        `articles`; `pairs`, how many have each label; by method `stories`, those `of_several` articles, the size of
        the `largest`, and of the judged pairs `same_together` and `different_apart`: `count`, `of`, `share` (None
        without any) and, if resampled, `interval`. Unsure pairs count only in `pairs`.
    """
    pairs, articles = labelled.pairs, labelled.articles
    found: dict[str, Labels] = {}
    with watch.step("stream: dedup"):
        found["dedup"] = dedup_labels(articles)
    if effort.embed:
        with watch.step("stream: dedup_embedding"):
            found["dedup_embedding"] = list(cluster(articles, embedding=effort.embed).labels)
    if effort.peers:
        with watch.step("stream: linkage"):
            found["linkage"] = baselines.linkage(baselines.texts_of(articles))
    same = np.array([pair.label == "same" for pair in pairs], bool)
    different = np.array([pair.label == "different" for pair in pairs], bool)
    methods = {}
    for name, labels in found.items():
        sizes = Counter(labels).values()
        joined = together(pairs, labels)
        methods[name] = {
            "stories": len(sizes),
            "of_several": sum(size > 1 for size in sizes),
            "largest": max(sizes),
            "same_together": _share(joined[same], effort.resamples, seed),
            "different_apart": _share(~joined[different], effort.resamples, seed),
        }
    return {
        "articles": len(articles),
        "pairs": {label: sum(pair.label == label for pair in pairs) for label in STREAM_LABELS},
        "methods": methods,
    }


def _share(right: Decisions, resamples: int, seed: int) -> dict[str, Any]:
    """Return the share of right decisions and its interval."""
    of = len(right)
    share: dict[str, Any] = {"count": int(right.sum()), "of": of, "share": float(right.mean()) if of else None}
    if resamples and of:
        draws = pair_draws(np.ones(of, bool), right, counts(of, resamples, seed))
        share["interval"] = intervals(draws)["recall"]
    return share
