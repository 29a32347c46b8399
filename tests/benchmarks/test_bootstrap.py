from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bootstrap import counts, difference, intervals, pair_draws, story_draws
from dedup.evaluation.scores import score

MEASURES = ("bcubed_precision", "bcubed_recall", "bcubed_f1", "ari")
Labels = list[int]


@st.composite
def drawn_labellings(draw: st.DrawFn) -> tuple[Labels, Labels, Labels]:
    """Draw gold and predicted labels, and the counts of gold stories (not all 0)."""
    size = draw(st.integers(1, 12))
    truth = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size))
    predicted = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size))
    stories = len(set(truth))
    drawn = draw(st.lists(st.integers(0, 3), min_size=stories, max_size=stories).filter(any))
    return truth, predicted, drawn


def naive_ari(truth: Labels, predicted: Labels, drawn: Labels) -> float:
    """Compute the ARI pair by pair: a pair counts as often as its story, or by the product of two."""
    order = list(dict.fromkeys(truth))
    both = missed = false = apart = 0
    for a, b in combinations(range(len(truth)), 2):
        times = drawn[order.index(truth[a])] * (drawn[order.index(truth[b])] if truth[a] != truth[b] else 1)
        if truth[a] == truth[b]:
            both, missed = (
                both + times * (predicted[a] == predicted[b]),
                missed + times * (predicted[a] != predicted[b]),
            )
        else:
            false, apart = (
                false + times * (predicted[a] == predicted[b]),
                apart + times * (predicted[a] != predicted[b]),
            )
    if not missed and not false:
        return 1.0
    return 2 * (both * apart - missed * false) / ((both + missed) * (missed + apart) + (both + false) * (false + apart))


@given(drawn_labellings())
def test_a_resample_that_draws_each_story_once_has_the_scores_themselves(labels: tuple[Labels, Labels, Labels]) -> None:
    truth, predicted, _ = labels
    draws = story_draws(truth, predicted, np.ones((1, len(set(truth)))))
    scores = score(truth, predicted).to_dict()
    for measure in MEASURES:
        assert draws[measure][0] == pytest.approx(scores[measure], abs=1e-12)


@given(drawn_labellings())
def test_pairs_count_as_often_as_their_stories_were_drawn(labels: tuple[Labels, Labels, Labels]) -> None:
    truth, predicted, drawn = labels
    draws = story_draws(truth, predicted, np.array([drawn], dtype=np.float64))
    assert draws["ari"][0] == pytest.approx(naive_ari(truth, predicted, drawn), abs=1e-12)


def test_bcubed_averages_the_articles_of_the_drawn_stories() -> None:
    # Precisions are 2/3, 2/3 and 1/3; the second story is drawn twice, or alone.
    draws = story_draws(["a", "a", "b"], [0, 0, 0], np.array([[1.0, 2.0], [0.0, 2.0]]))
    assert draws["bcubed_precision"] == pytest.approx([(2 / 3 + 2 / 3 + 1 / 3 + 1 / 3) / 4, 1 / 3])
    assert draws["bcubed_recall"] == pytest.approx([1, 1])


def test_counts_are_resamples_with_replacement_and_depend_on_the_seed_alone() -> None:
    drawn = counts(7, 50, seed=3)
    assert drawn.shape == (50, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert (drawn > 1).any()
    assert (drawn == counts(7, 50, seed=3)).all()
    assert (drawn != counts(7, 50, seed=4)).any()


def test_intervals_hold_the_middle_of_the_draws() -> None:
    assert intervals({"ari": np.arange(1001) / 1000})["ari"] == pytest.approx([0.025, 0.975])


def test_an_interval_covers_the_score_and_narrows_with_more_stories() -> None:
    widths = []
    for stories in (20, 2000):
        truth = [story for story in range(stories) for _ in range(3)]
        predicted = [story if story % 3 else -place for place, story in enumerate(truth)]
        recall = score(truth, predicted).bcubed_recall
        low, high = intervals(story_draws(truth, predicted, counts(stories, 300, seed=1)))["bcubed_recall"]
        assert low < recall < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 5


def test_a_method_is_not_ahead_of_itself_and_ahead_of_a_worse_one() -> None:
    truth = [story for story in range(30) for _ in range(2)]
    drawn = counts(30, 200, seed=1)
    perfect, alone = story_draws(truth, truth, drawn), story_draws(truth, list(range(60)), drawn)
    assert difference(perfect, perfect)["bcubed_f1"] == [0, 0]
    assert difference(perfect, alone)["bcubed_f1"][0] > 0.3


def test_pairs_are_scored_as_they_were_drawn() -> None:
    truth, predicted = np.array([True, True, False, False]), np.array([True, False, True, False])
    draws = pair_draws(truth, predicted, np.array([[1.0, 1.0, 1.0, 1.0], [3.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0]]))
    assert draws["precision"] == pytest.approx([0.5, 1, 1])
    assert draws["recall"] == pytest.approx([0.5, 0.75, 1])
    assert draws["f1"] == pytest.approx([0.5, 6 / 7, 1])
    assert draws["accuracy"] == pytest.approx([0.5, 0.75, 1])
