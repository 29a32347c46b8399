"""The curves that give a link its probability."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from itertools import product

import numpy as np
import pytest

from dedup.match.kernels.probability import of_links
from dedup.match.probability import (
    DIGITS,
    LEAST_SCORE,
    MOST_BACKGROUND,
    TABLE,
    Probabilities,
    exp,
    joined_features,
    log_score,
)

CURVES = Probabilities((3.0, 2.0, 50.0, 1.5), (3.0, 2.5), (-2.0, 9.0))


def test_the_exponential_is_that_of_the_library() -> None:
    x = np.linspace(-40, 40, 20_001)
    assert np.abs(exp(x) / np.exp(x) - 1).max() < 1e-10
    assert exp(np.array([-1e9, 0.0, 1e9])).tolist() == pytest.approx([math.exp(-40), 1, math.exp(40)])


@pytest.mark.parametrize(
    ("score", "background", "foreign"), list(product([0.16, 0.25, 0.7], [0.01, 0.04, 0.09], [False, True]))
)
def test_a_probability_is_that_of_its_curve(score: float, background: float, foreign: bool) -> None:
    scores, backgrounds = np.array([score, score]), np.array([background, background])
    found = CURVES.of_stories(scores, backgrounds, np.array([foreign, foreign]), np.array([True, False]))
    joined, apart = found.tolist()
    z = 3 + 2 * math.log(score) + 50 * background + 1.5 * foreign
    assert joined == pytest.approx(1 / (1 + math.exp(-z)), abs=0.5 / DIGITS)
    assert apart == pytest.approx(1 / (1 + math.exp(-(3 + 2.5 * math.log(score)))), abs=0.5 / DIGITS)
    (copy,) = CURVES.of_copies(np.array([score])).tolist()
    assert copy == pytest.approx(1 / (1 + math.exp(2 - 9 * score)), abs=0.5 / DIGITS)
    assert {joined * DIGITS, apart * DIGITS, copy * DIGITS} == {round(p * DIGITS) for p in (joined, apart, copy)}


def test_values_outside_the_fitted_range_are_clipped() -> None:
    scores = np.array([-0.5, 0.0, LEAST_SCORE])
    assert len(set(log_score(scores).tolist())) == 1
    backgrounds = np.array([MOST_BACKGROUND, 0.5, 1.0])
    assert len(set(joined_features(np.full(3, 0.2), backgrounds, np.zeros(3, bool))[1].tolist())) == 1


def test_no_pairs_have_no_probabilities() -> None:
    nothing = np.empty(0)
    assert CURVES.of_stories(nothing, nothing, np.empty(0, bool), np.empty(0, bool)).shape == (0,)
    assert CURVES.of_copies(nothing).shape == (0,)


def test_the_shipped_curves_rise_with_score_and_overlap() -> None:
    curves = Probabilities.shipped()
    scores = np.linspace(0, 1, 200)
    for background, foreign in product((0.01, 0.04, 0.08), (False, True)):
        same = np.full(200, background), np.full(200, foreign)
        joined, apart = (curves.of_stories(scores, *same, np.full(200, kind)) for kind in (True, False))
        assert (np.diff(joined) >= 0).all()
        assert (np.diff(apart) >= 0).all()
    assert (np.diff(curves.of_copies(scores)) >= 0).all()


def test_the_shipped_curves_name_their_sources() -> None:
    table = json.loads((files("dedup.match") / TABLE).read_text(encoding="ascii"))
    assert table["made_by"] == "python -m benchmarks calibration --write"
    assert all(len(digest) == 64 for digest in table["fitted_to"].values())
    for curve in table["curves"].values():
        assert len(curve["curve"]) == len(curve["features"])
        assert curve["pairs"] > 0
    assert all(0 <= error <= 1 for error in table["held_out_error"].values())


def test_probabilities_by_a_kernel_are_those_of_a_run() -> None:
    seed = int(np.random.default_rng().integers(1 << 32))
    rng = np.random.default_rng(seed)
    count, curves = 5_000, Probabilities.shipped()
    score = np.concatenate([[0.0, LEAST_SCORE, 1.0], rng.random(count) ** 3])
    background, overlap = rng.random(len(score)) / 5, rng.random(len(score))
    foreign, joined, is_copy = (rng.random(len(score)) < 0.5 for _ in range(3))
    of_stories = curves.of_stories(score, background, foreign, joined)
    wanted = np.where(is_copy, curves.of_copies(overlap), of_stories)
    slopes = np.array(curves.joined), np.array(curves.apart), np.array(curves.copy)
    known = score, background, foreign, joined, is_copy, overlap
    found = of_links(*known, *slopes)
    assert np.array_equal(found, wanted), f"seed {seed}"
