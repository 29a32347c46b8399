"""When a story is regrouped, and that articles joined too early are separated."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from labelled_data import DATA

import dedup
from benchmarks import data
from dedup import Background, StoryIndex
from dedup.index.stories.placement import is_due

SETS = [one for one in data.labelled_sets(DATA) if one.name == "newswcl50"] if DATA.is_dir() else []


def test_story_is_regrouped_as_it_grows() -> None:
    due = [size for size in range(1, 200) if is_due(size)]
    assert due[:8] == [3, 4, 5, 6, 7, 8, 10, 12]
    assert all(later <= max(before + 1, before * 5 / 4) for before, later in pairwise(due))
    assert sum(size**2 for size in due) < 4 * due[-1] ** 2, "in all a few times what the last look takes"


@pytest.mark.skipif(not SETS, reason="the labelled sets are not here")
def test_placements_are_near_the_labels_in_any_order() -> None:
    seed = int(np.random.default_rng().integers(1 << 30))
    rng = np.random.default_rng(seed)
    articles = [replace(article, id=str(place)) for place, article in enumerate(SETS[0].articles)]
    for _ in range(4):
        order = [articles[place] for place in rng.permutation(len(articles))]
        with StoryIndex.open(":memory:", background=Background.general()) as index:
            index.add_many(order)
            placed = index.placements()
        labels = {article.id: int(label) for article, label in zip(placed.articles, placed.labels, strict=True)}
        found = dedup.score(SETS[0].truth, [labels[article.id] for article in articles])
        assert found.bcubed_f1 > 0.94, f"seed {seed}"
