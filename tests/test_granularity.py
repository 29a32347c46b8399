"""Granularity on real articles: stories are nested, from copy groups to running stories."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from labelled_data import DATA, ROOT, SEEDS

import dedup
from dedup import Clustering
from dedup.group.cut import DROP, PAIR, threshold_at

SETS = ("seeds", "newswcl50", "mmds_dev", "basil", "meantime")
GRANULARITIES = (0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1)


@pytest.fixture(scope="module", params=SETS)
def clustering(request: pytest.FixtureRequest) -> Clustering:
    path = SEEDS if request.param == "seeds" else DATA / f"{request.param}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not here: set DEDUP_DATA to the folder that has it")
    return dedup.cluster(dedup.read_articles([str(path)]))


def partition(clustering: Clustering) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in clustering}


def test_stories_are_unions_of_the_stories_of_any_finer_cut(clustering: Clustering) -> None:
    cuts = [clustering.rethreshold(granularity) for granularity in GRANULARITIES]
    for fine, coarse in pairwise(cuts):
        parents = set(zip(fine.labels, coarse.labels, strict=True))
        assert len(parents) == len(fine), (fine.settings.granularity, coarse.settings.granularity)
    assert len(cuts[0]) > len(cuts[-1])


def test_at_nought_the_stories_are_the_copy_groups(clustering: Clustering) -> None:
    finest = clustering.rethreshold(0)
    groups = {frozenset(group.articles) for story in clustering for group in story.copy_groups}
    assert {story for story in partition(finest) if len(story) > 1} == groups
    assert all(link.kind == "copy" for link in finest.links)


def test_copies_do_not_depend_on_the_granularity(clustering: Clustering) -> None:
    groups = [
        {frozenset(group.articles) for story in clustering.rethreshold(granularity) for group in story.copy_groups}
        for granularity in (0, 0.5, 1)
    ]
    assert groups[0] == groups[1] == groups[2]


def test_at_one_there_is_no_giant_story(clustering: Clustering) -> None:
    """A set of many subjects does not become one story."""
    widest = clustering.rethreshold(1)
    assert len(widest.stories[0].articles) <= len(clustering.articles) / 3
    assert len(widest) >= 5


def test_the_reference_says_what_is_done() -> None:
    text = (
        (ROOT / "docs" / "reference.md").read_text(encoding="utf-8").partition("### Granularity")[2].partition("## ")[0]
    )
    rows = re.findall(r"^\| (0\.\d+|1)\b.*\| (\d\.\d{3}) \|$", text, re.MULTILINE)
    assert len(rows) >= 5
    assert all(f"{threshold_at(float(granularity)):.3f}" == shown for granularity, shown in rows)
    assert "an eighth more" in text
    assert PAIR == 1 + 1 / 8
    assert f"{DROP:g}".lstrip("0") in text
    third = 1 / threshold_at(1 / 3)
    assert "1/(1 + 2g + 17g²)" in text
    assert third == pytest.approx(1 + 2 / 3 + 17 / 9)
