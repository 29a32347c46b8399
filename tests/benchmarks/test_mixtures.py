from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.data import LabelledSet
from benchmarks.machine import Stopwatch
from benchmarks.mixtures import LARGEST, SMALLEST, all_in_one, draw_batch, nearest_strangers, pour
from dedup import Article, cluster


def made_up(sizes: list[int]) -> LabelledSet:
    """Return a set with a story of each size."""
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


LYNX = "Trainers of the Lisbon zoo released the lynx Bruma into the Guadiana valley"
NEAR = Article(
    id="near",
    text="Forty penguins of the Lisbon aquarium moved north to Bergen, whose harbour is colder.",
    story="near",
)
FAR = Article(id="far", text="Orchard growers around Tolmin expect their smallest cherry harvest.", story="far")
POURED = (
    Article(id="one", text=f"{LYNX}, where she joins eleven others."),
    Article(id="two", text=f"{LYNX} after a year of training."),
)


def test_margins_are_stated_both_ways() -> None:
    found = pour(POURED, LabelledSet("made up", (NEAR, FAR)), Stopwatch())
    explain = cluster([NEAR, FAR, *POURED]).explain
    assert found["together"]
    assert found["strangers"] == []
    assert found["cut"] < found["threshold"] == explain("one", "two").threshold
    scores = {own: explain(own, "near").link.score for own in ("one", "two")}
    strongest = max(scores, key=scores.__getitem__)
    assert found["nearest"]["single"] == {"id": "near", "to": strongest, "score": scores[strongest]}
    assert found["nearest"]["mean"] == {"id": "near", "score": pytest.approx(sum(scores.values()) / 2)}
    margins = found["margins"]
    assert margins["joined_above"] == found["joined_at"] - found["threshold"]
    assert margins["single_below"] == found["cut"] - scores[strongest]
    assert margins["mean_below"] > margins["single_below"]


def test_the_nearest_by_the_mean_is_not_the_nearest_to_one() -> None:
    """The first shares all its words with one of the two and none with the other, the second some with both."""
    one = Article(id="one", text="Cobalt miners of Kolwezi strike over wages while Bruma the lynx limps")
    two = Article(id="two", text="Vespers choir of Zadar sings laments under stars while Bruma the lynx limps")
    single = Article(id="single", text="Cobalt miners of Kolwezi strike over wages")
    both = Article(id="both", text="Bruma the lynx limps past vespers and cobalt")
    nearest = nearest_strangers(cluster([one, two, single, both]), ("one", "two"))
    assert (nearest["single"]["id"], nearest["single"]["to"]) == ("single", "one")
    assert nearest["mean"]["id"] == "both"


def test_two_articles_alone_have_no_strangers_and_no_margin_below() -> None:
    found = pour(POURED, LabelledSet("alone", ()), Stopwatch())
    assert found["nearest"] == {}
    assert found["margins"]["single_below"] is found["margins"]["mean_below"] is None


def test_a_stranger_in_their_story_is_among_the_nearest() -> None:
    found = pour(POURED, LabelledSet("made up", (Article(id="third", text=f"{LYNX} today."),)), Stopwatch())
    assert found["strangers"] == ["third"]
    assert found["margins"]["mean_below"] < 0


def test_all_in_one_tells_where_an_article_is_from() -> None:
    first, second = LabelledSet("a", (NEAR,)), LabelledSet("b", (NEAR, FAR))
    together = all_in_one([first, second])
    assert [article.id for article in together.articles] == ["a/near", "b/near", "b/far"]
    assert together.truth == ["a/near", "b/near", "b/far"]
