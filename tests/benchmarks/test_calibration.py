"""The calibration of probabilities, on made-up pairs whose probabilities are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import calibration
from benchmarks.calibration import Observed, bins, calibration_error, fit, fit_apart, fit_joined, judge
from benchmarks.data import LabelledPair, LabelledPairs
from benchmarks.machine import BenchmarkError, Stopwatch
from dedup import Article, cluster
from dedup.match.probability import Probabilities


def test_the_error_by_hand() -> None:
    said = np.array([0.05, 0.05, 0.85, 0.85, 0.85, 1.0])
    right = np.array([False, True, True, True, False, True])
    assert [share for share, _, _ in bins(said, right)] == pytest.approx([2 / 6, 3 / 6, 1 / 6])
    by_hand = (2 * abs(0.05 - 1 / 2) + 3 * abs(0.85 - 2 / 3) + 0) / 6
    assert calibration_error(said, right) == pytest.approx(by_hand)
    weights = np.array([1.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    assert calibration_error(said, right, weights) == pytest.approx((0.05 + 3 * abs(0.85 - 2 / 3)) / 4)


def test_true_probabilities_err_by_chance_alone() -> None:
    random = np.random.default_rng(5)
    said = random.random(5_000)
    judged = judge(said, random.random(5_000) < said, np.arange(5_000), 50, 1)
    assert judged["error"] < 0.03
    assert judged["interval"][0] < judged["interval"][1] < 0.05
    assert judged["chance"] == pytest.approx(judged["error"], abs=0.01)
    boasting = judge(np.minimum(1, said + 0.2), random.random(5_000) < said, np.arange(5_000), 50, 1)
    assert boasting["error"] > 0.1


def test_a_set_without_links_has_no_error() -> None:
    judged = judge(np.empty(0), np.empty(0, bool), np.empty(0, np.int64), 10, 1)
    assert (judged["links"], judged["right"], judged["error"]) == (0, None, 0)


def made(name: str, seed: int, pairs: int = 4_000) -> Observed:
    """Return pairs whose probabilities follow the curves 4 + 2 ln s + 40 b + f if joined, 3 + 2.5 ln s if apart."""
    random = np.random.default_rng(seed)
    score, background = random.uniform(0.05, 0.8, pairs), random.uniform(0.01, 0.09, pairs)
    joined, foreign = random.random(pairs) < 0.5, random.random(pairs) < 0.3
    curves = Probabilities((4.0, 2.0, 40.0, 1.0), (3.0, 2.5), (0.0, 0.0))
    true = curves.of_stories(score, background, foreign, joined)
    return Observed(
        name, score, background, foreign, joined, random.random(pairs) < true, random.integers(200, size=pairs)
    )


def test_a_fit_finds_the_curve_behind_the_pairs() -> None:
    sets = [made(name, seed) for seed, name in enumerate("abcde")]
    assert fit_joined(sets) == pytest.approx([4.0, 2.0, 40.0, 1.0], rel=0.15)
    assert fit_apart(sets) == pytest.approx([3.0, 2.5], rel=0.15)


def test_one_large_set_does_not_dominate_a_fit() -> None:
    """A thousand right pairs in one set weigh less than ten sets of fifty wrong ones."""
    feature = np.zeros((50, 1))
    wrong, right = np.zeros(50, bool), np.ones(1_000, bool)
    (constant, _) = fit([np.zeros((1_000, 1)), *[feature] * 10], [right, *[wrong] * 10])
    assert 1 / (1 + np.exp(-constant)) == pytest.approx(1 / 11, abs=0.01)


def test_a_table_is_written_where_dedup_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    calibration.write({"table": {"curves": {"joined": {"curve": [1.0, 2.0]}}}}, path)
    assert json.loads(path.read_text(encoding="ascii"))["curves"]["joined"]["curve"] == [1.0, 2.0]
    assert calibration.SHIPPED.is_file()


TEXTS = (
    "The ferry Halcyon Star caught fire off Larkhaven on Sunday with 214 passengers on board. Lifeboats from Dunmere "
    "took all of them ashore, the coastguard said, and the operator, Caspian Lines, promised an inquiry.",
    "All 214 passengers of the Halcyon Star are safe. Flames had spread from the engine room of the Caspian Lines "
    "ferry near Larkhaven on Sunday; the coastguard sent lifeboats from Dunmere. An inquiry is to begin this week.",
    "The central bank of Valmora kept its main rate at 4.5 per cent on Thursday, Governor Irena Kostka said.",
)


def test_judged_pairs_are_taken_as_they_were_scored() -> None:
    articles = tuple(Article(id=str(place), text=text) for place, text in enumerate(TEXTS))
    pairs = (LabelledPair(1, 0, "same"), LabelledPair(0, 2, "different"), LabelledPair(1, 0, "unsure"))
    observed = calibration.observe_judged(LabelledPairs("made", articles, pairs))
    assert observed.right.tolist() == [True], "strangers have no score, and nobody knows of the last"
    (link,) = cluster(articles).links
    assert observed.score.tolist() == [link.score]
    assert observed.joined.tolist() == [True]
    assert observed.foreign.tolist() == [False]
    said = Probabilities.shipped().of_stories(observed.score, observed.background, observed.foreign, observed.joined)
    assert said.tolist() == [link.probability]


def test_a_pair_of_copies_is_judged_by_its_overlap() -> None:
    articles = tuple(Article(id=str(place), text=text) for place, text in enumerate((TEXTS[0], f"{TEXTS[0]} So far.")))
    overlap, right = calibration.observe_copies(LabelledPairs("made", articles, (LabelledPair(0, 1, "update"),)))
    assert right.tolist() == [True]
    (link,) = cluster(articles).links
    assert Probabilities.shipped().of_copies(overlap).tolist() == [link.probability]


def test_too_few_sets_are_an_error(folder: Path) -> None:
    with pytest.raises(BenchmarkError, match="three labelled sets"):
        calibration.run(folder, resamples=1, seed=1, watch=Stopwatch())
