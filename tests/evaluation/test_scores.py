from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from dedup.errors import InputError
from dedup.evaluation.scores import PairScores, Scores, harmonic_mean, score, score_across, score_by

Labels = list[int]


@st.composite
def labellings(draw: st.DrawFn) -> tuple[Labels, Labels]:
    size = draw(st.integers(1, 30))
    labels = st.lists(st.integers(0, draw(st.integers(0, 12))), min_size=size, max_size=size)
    return draw(labels), draw(labels)


def naive_bcubed(truth: Labels, predicted: Labels) -> tuple[float, float]:
    """The definition, article by article."""
    places = range(len(truth))
    precision = recall = 0.0
    for a in places:
        right = sum(truth[a] == truth[b] and predicted[a] == predicted[b] for b in places)
        precision += right / sum(predicted[a] == predicted[b] for b in places)
        recall += right / sum(truth[a] == truth[b] for b in places)
    return precision / len(truth), recall / len(truth)


def naive_pairs(truth: Labels, predicted: Labels) -> tuple[float, float]:
    """The definition, pair by pair."""
    pairs = list(combinations(range(len(truth)), 2))
    gold = {(a, b) for a, b in pairs if truth[a] == truth[b]}
    found = {(a, b) for a, b in pairs if predicted[a] == predicted[b]}
    right = len(gold & found)
    return right / len(found) if found else 1.0, right / len(gold) if gold else 1.0


@given(labellings())
def test_bcubed_equals_its_definition(labels: tuple[Labels, Labels]) -> None:
    scores = score(*labels)
    precision, recall = naive_bcubed(*labels)
    assert scores.bcubed_precision == pytest.approx(precision)
    assert scores.bcubed_recall == pytest.approx(recall)
    assert scores.bcubed_f1 == pytest.approx(2 * precision * recall / (precision + recall))


@given(labellings())
def test_pair_scores_equal_their_definition(labels: tuple[Labels, Labels]) -> None:
    scores = score(*labels)
    precision, recall = naive_pairs(*labels)
    assert scores.pair_precision == pytest.approx(precision)
    assert scores.pair_recall == pytest.approx(recall)
    assert scores.pair_f1 == pytest.approx(harmonic_mean(precision, recall))


@given(labellings())
def test_ari_equals_that_of_scikit_learn(labels: tuple[Labels, Labels]) -> None:
    assert score(*labels).ari == pytest.approx(adjusted_rand_score(*labels), abs=1e-12)


@given(labellings(), st.randoms(use_true_random=False))
def test_neither_order_nor_names_matter(labels: tuple[Labels, Labels], random: Random) -> None:
    truth, predicted = labels
    order = list(range(len(truth)))
    random.shuffle(order)
    renamed: list[Hashable] = [f"story {predicted[place]}" for place in order]
    assert score([truth[place] for place in order], renamed) == score(truth, predicted)


@given(labellings())
def test_precision_of_one_way_is_recall_of_the_other(labels: tuple[Labels, Labels]) -> None:
    there, back = score(*labels), score(*labels[::-1])
    assert (there.bcubed_precision, there.bcubed_recall) == (back.bcubed_recall, back.bcubed_precision)
    assert (there.pair_precision, there.pair_recall) == (back.pair_recall, back.pair_precision)
    assert there.ari == back.ari


def test_a_worked_example() -> None:
    # Found: {a a b} {b b} for the gold {a a} {b b b}.
    scores = score(["a", "a", "b", "b", "b"], [0, 0, 0, 1, 1])
    assert (scores.articles, scores.stories, scores.found) == (5, 2, 2)
    assert scores.bcubed_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert scores.bcubed_recall == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)
    assert scores.bcubed_f1 == pytest.approx(11 / 15)
    assert scores.ari == pytest.approx(1 / 6)
    assert (scores.pair_precision, scores.pair_recall, scores.pair_f1) == (0.5, 0.5, 0.5)


PERFECT = {name: 1.0 for name in Scores.__slots__ if name not in {"articles", "stories", "found"}}


@pytest.mark.parametrize("labels", [["a"], ["a", "b", "c"], ["a", "a", "a"], ["a", "b", "a"]])
def test_the_gold_grouping_itself_is_perfect(labels: list[str]) -> None:
    stories = len(set(labels))
    expected = {"articles": len(labels), "stories": stories, "found": stories, **PERFECT}
    assert score(labels, labels).to_dict() == expected


def test_every_article_alone_is_precise_and_finds_no_pair() -> None:
    scores = score(["a", "a", "b", "b"], [0, 1, 2, 3])
    assert (scores.bcubed_precision, scores.bcubed_recall) == (1.0, 0.5)
    assert (scores.pair_precision, scores.pair_recall, scores.pair_f1, scores.ari) == (1.0, 0.0, 0.0, 0.0)


def test_all_in_one_story_finds_everything() -> None:
    scores = score(["a", "a", "b", "b"], [0, 0, 0, 0])
    assert (scores.bcubed_precision, scores.bcubed_recall) == (0.5, 1.0)
    assert (scores.pair_precision, scores.pair_recall, scores.ari) == (1 / 3, 1.0, 0.0)


@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        ([], [], "nothing to score"),
        (["a"], [0, 1], "1 gold labels and 2 predicted ones"),
        (["a", None], [0, 1], "article 1 has no gold label"),
        (["a", "b"], [float("nan"), 1], "article 0 has no predicted label"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    truth: Sequence[Hashable], predicted: Sequence[Hashable], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        score(truth, predicted)


def test_groups_are_scored_as_if_alone() -> None:
    truth, predicted = ["a", "a", "b", "b", "c"], [0, 0, 0, 0, 1]
    scores = score_by(truth, predicted, ["ru", "ru", "en", "en", "en"])
    assert list(scores) == ["en", "ru"]
    assert scores["ru"] == score(["a", "a"], [0, 0])
    assert scores["en"] == score(["b", "b", "c"], [0, 0, 1])


def test_groups_must_match_the_articles() -> None:
    with pytest.raises(InputError, match="1 groups"):
        score_by(["a", "b"], [0, 1], ["en"])


def test_pairs_of_two_groups_are_scored() -> None:
    truth, predicted = ["a", "a", "a", "b", "b"], [0, 0, 1, 0, 2]
    found = score_across(truth, predicted, ["ru", "en", "de", "en", "en"])
    assert found == {
        ("de", "en"): PairScores(gold=1, found=0, both=0),
        ("de", "ru"): PairScores(gold=1, found=0, both=0),
        ("en", "ru"): PairScores(gold=1, found=2, both=1),
    }
    assert found["en", "ru"].to_dict() == {
        "gold": 1, "found": 2, "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3)
    }  # fmt: skip
    assert score_across(truth, predicted, ["en"] * 5) == {}
    with pytest.raises(InputError, match="1 groups"):
        score_across(["a", "b"], [0, 1], ["en"])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from("xyz")), min_size=1, max_size=20))
def test_pairs_inside_and_across_groups_are_all_pairs(rows: list[tuple[int, int, str]]) -> None:
    truth, predicted, groups = zip(*rows, strict=True)
    total = sum(score_across(truth, predicted, groups).values(), PairScores(gold=0, found=0, both=0))
    inside = [
        score_across(*zip(*((t, p, str(place)) for place, (t, p, g) in enumerate(rows) if g == group), strict=True))
        for group in set(groups)
    ]
    total = sum((scores for part in inside for scores in part.values()), total)
    every = score(truth, predicted)
    assert total.precision == pytest.approx(every.pair_precision)
    assert total.recall == pytest.approx(every.pair_recall)
