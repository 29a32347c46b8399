"""Effect of the granularity: every labelled set, clustered once and cut at granularities from 0 to 1.

sets     by set: articles, stories, and by measure a list with a value for each granularity: the scores of
         `dedup.Scores`, and `largest`, the sizes of the five largest stories
granularities, thresholds   the values tried
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.machine import Stopwatch, provenance
from dedup import Article, cluster, score
from dedup.group.cut import threshold_at

GRANULARITIES = tuple(step / 20 for step in range(21))
LARGEST = 5


def run(folder: Path | None, *, watch: Stopwatch) -> dict[str, Any]:
    """Measure every set and every part of one language."""
    report: dict[str, Any] = {
        "benchmark": "knob",
        **provenance(),
        "data": data.digests(folder),
        "granularities": GRANULARITIES,
        "thresholds": [threshold_at(granularity) for granularity in GRANULARITIES],
        "sets": {},
    }
    for collection in data.labelled_sets(folder):
        with watch.step(collection.name):
            found = turned(collection.articles, collection.truth)
        report["sets"][collection.name] = {
            "articles": len(collection.articles),
            "stories": len(set(collection.truth)),
            "view_of": collection.view_of,
            **found,
        }
    report["seconds"] = watch.seconds
    return report


def turned(articles: Sequence[Article], truth: Sequence[str]) -> dict[str, list[Any]]:
    """Return the scores of the stories at each granularity, by measure."""
    clustering = cluster(articles)
    rows = []
    for granularity in GRANULARITIES:
        cut = clustering.rethreshold(granularity)
        largest = [len(story.articles) for story in cut.stories[:LARGEST]]
        rows.append({**score(truth, cut.labels).to_dict(), "largest": largest})
    return {measure: [row[measure] for row in rows] for measure in rows[0] if measure not in {"articles", "stories"}}
