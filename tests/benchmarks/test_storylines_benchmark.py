"""The benchmark of storylines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from storyline_articles import storyline_articles

from benchmarks.machine import Stopwatch
from benchmarks.stories import Effort
from benchmarks.storylines import recall_by_size, score_storylines


def test_storylines_are_scored_beside_stories_and_peers() -> None:
    line = {"sale": "deal", "strike": "deal", "judgment": "deal", "volcano": "volcano", "museum": "museum"}
    articles = [
        replace(one, storyline=line[one.id.split("-")[0]], story=None if "museum" in one.id else one.id.split("-")[0])
        for one in storyline_articles()
    ]
    report = score_storylines(articles, Effort(resamples=20, batches=1), 1, Stopwatch(), "made")
    assert (report["articles"], report["storylines"]) == (15, 3)
    assert report["methods"]["dedup"]["bcubed_f1"] == 1
    assert report["methods"]["stories"]["bcubed_precision"] == 1
    assert report["methods"]["stories"]["bcubed_recall"] == pytest.approx((9 / 3 + 6) / 15)
    assert report["recall_by_size"]["dedup"] == {"3-9": 1}
    assert set(report["methods"]) == {"dedup", "stories", "linkage", "linkage_tuned", "hdbscan", "minhash"}
    assert (report["stories"]["articles"], report["stories"]["bcubed_f1"]) == (12, 1)


def test_recall_by_size_is_of_the_labelled_groups() -> None:
    truth = ["a"] * 2 + ["b"] * 4
    assert recall_by_size(truth, [0, 1, 2, 2, 2, 3]) == {"1-2": 0.5, "3-9": pytest.approx((3 * 0.75 + 0.25) / 4)}
