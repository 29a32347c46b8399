from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.data import LabelledSet
from benchmarks.mixtures import LARGEST, SMALLEST, draw_batch
from dedup import Article


def made_up(sizes: list[int]) -> LabelledSet:
    """A set with a story of each size."""
    return LabelledSet(
        "made up",
        tuple(
            Article(id=f"{story}-{number}", text="A text.", story=f"story {story}")
            for story, size in enumerate(sizes)
            for number in range(size)
        ),
    )


@pytest.mark.parametrize("seed", range(60))
def test_half_of_a_batch_has_a_story_mate(seed: int) -> None:
    batch = draw_batch(made_up([3] * 40 + [9] * 10 + [1] * 40), np.random.default_rng(seed))
    assert SMALLEST <= len(batch) <= LARGEST
    assert len({article.id for article in batch}) == len(batch)
    sizes = Counter(article.story for article in batch)
    mates = sum(size for size in sizes.values() if size > 1)
    assert mates == max(2, len(batch) // 2)
    assert max(sizes.values()) <= 6


def test_batches_are_of_all_sizes_and_depend_on_the_seed_alone() -> None:
    collection = made_up([4] * 60)
    batches = [draw_batch(collection, np.random.default_rng(seed)) for seed in range(200)]
    assert {len(batch) for batch in batches} == set(range(SMALLEST, LARGEST + 1))
    assert batches == [draw_batch(collection, np.random.default_rng(seed)) for seed in range(200)]


@pytest.mark.parametrize("seed", range(20))
def test_a_set_of_few_stories_gives_small_batches(seed: int) -> None:
    batch = draw_batch(made_up([5, 5, 2, 1]), np.random.default_rng(seed))
    assert SMALLEST <= len(batch) <= 4
