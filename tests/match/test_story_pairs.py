"""Same-story pairs, against every pair looked at one by one."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.stories import (
    DATE_FADE,
    DATE_SPAN,
    FLOOR,
    SECONDS_A_DAY,
    USUAL,
    USUAL_COUNT,
    Pairs,
    date_penalty,
    ordinariness,
    story_pairs,
)
from dedup.settings import Settings
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.weights import _unit

NAN = float("nan")


def collection(seed: int, count: int, terms: int = 60) -> tuple[sp.csr_array, NDArray[np.float64]]:
    """Unit vectors of which many are alike and some equal, some empty; dates with gaps, edges of the window and nan."""
    random = np.random.default_rng(seed)
    topics = random.gamma(1, 2, (5, terms)) * (random.random((5, terms)) < 0.3)
    rows = topics[random.integers(5, size=count)] + random.gamma(1, 1, (count, terms)) * (
        random.random((count, terms)) < 0.1
    )
    rows[random.random(count) < 0.1] = 0
    if count:
        rows[random.random(count) < 0.2] = rows[0]  # ties
    days = random.choice([0, 0.5, 1, 15, 29, 30, 30.5, 31, 60, 61, 90, NAN, NAN], size=count)
    return _unit(sp.csr_array(rows)), days * SECONDS_A_DAY


def naive_pairs(matrix: sp.csr_array, seconds: NDArray[np.float64], settings: Settings) -> dict[tuple[int, int], int]:
    """The score of every pair that is kept, by (a, b)."""
    ordinary = ordinariness(matrix).tolist()
    rows, scores = matrix.toarray(), dict[tuple[int, int], int]()
    for a, b in combinations(range(len(rows)), 2):
        cosine = sum(x * y for x, y in zip(rows[a].tolist(), rows[b].tolist(), strict=True))
        days = abs(seconds[a] - seconds[b]) / SECONDS_A_DAY
        if cosine <= FLOOR or days > settings.window:
            continue
        raw = cosine - (ordinary[a] + ordinary[b]) / 2
        fade = min(1.0, max(0.0, 1 - (raw - DATE_FADE[0]) / (DATE_FADE[1] - DATE_FADE[0])))
        taken = 0.0 if math.isnan(days) else settings.date_penalty * min(1.0, days / DATE_SPAN) * fade
        score = round((raw - taken) / SCORE_UNIT)
        if score > 0:
            scores[a, b] = score
    best: set[tuple[int, int]] = set()
    for article in range(len(rows)):
        mine = [pair for pair in scores if article in pair]
        mine.sort(key=lambda pair: (-scores[pair], sum(pair) - article))
        best.update(mine[: settings.neighbours])
    return {pair: scores[pair] for pair in best}


def as_mapping(pairs: Pairs) -> dict[tuple[int, int], int]:
    return dict(zip(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True), pairs.score.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(12))
def test_the_pairs_are_those_of_a_plain_loop(seed: int) -> None:
    settings = Settings(
        window=[30.0, 30.0, 0.0, math.inf][seed % 4],
        neighbours=[100, 3, 1][seed % 3],
        date_penalty=[0.15, 0.0, 1.0][seed % 3],
    )
    matrix, seconds = collection(seed, 70)
    expected = naive_pairs(matrix, seconds, settings)
    pairs = story_pairs(matrix, ordinariness(matrix), seconds, settings)
    assert len(expected) > 50
    assert as_mapping(pairs) == expected
    assert list(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)) == sorted(expected)


@pytest.mark.parametrize("undated", [0, 1, 300, 599, 600])
def test_blocks_leave_no_seam(undated: int) -> None:
    """More articles than one block holds; the dated end before, in and after it."""
    matrix, _ = collection(undated, 600, terms=30)
    random = np.random.default_rng(undated)
    seconds = random.integers(0, 100, 600).astype(np.float64) * SECONDS_A_DAY
    seconds[random.permutation(600)[:undated]] = NAN
    pairs = story_pairs(matrix, ordinariness(matrix), seconds, Settings(neighbours=100_000, date_penalty=0))
    cosine = (matrix @ matrix.T).toarray()
    ordinary = ordinariness(matrix)
    score = np.rint((cosine - (ordinary[:, None] + ordinary) / 2) / SCORE_UNIT)
    with np.errstate(invalid="ignore"):
        apart = np.abs(seconds[:, None] - seconds) > 30 * SECONDS_A_DAY
    a, b = np.nonzero(np.triu((cosine > FLOOR) & (score > 0) & ~apart, 1))
    assert as_mapping(pairs) == dict(
        zip(zip(a.tolist(), b.tolist(), strict=True), score[a, b].astype(int).tolist(), strict=True)
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_articles_does_not_matter(seed: int) -> None:
    """But for ties at the last neighbour, which go by place: here all are kept."""
    matrix, seconds = collection(seed, 60)
    order = np.random.default_rng(seed).permutation(60)
    plain = as_mapping(story_pairs(matrix, ordinariness(matrix), seconds, Settings()))
    shuffled_matrix = sp.csr_array(matrix[order])
    shuffled = as_mapping(story_pairs(shuffled_matrix, ordinariness(shuffled_matrix), seconds[order], Settings()))
    back = {(min(order[a], order[b]), max(order[a], order[b])): score for (a, b), score in shuffled.items()}
    assert back == plain


@pytest.mark.parametrize(("days", "kept"), [(29.999, True), (30.0, True), (30.00002, False), (NAN, True)])
def test_the_edge_of_the_window_lies_inside(days: float, kept: bool) -> None:
    matrix = _unit(sp.csr_array(np.ones((2, 4))))
    seconds = np.array([1e9, 1e9 + days * SECONDS_A_DAY])
    assert len(story_pairs(matrix, np.zeros(2), seconds, Settings()).a) == kept


def test_nothing_and_one_have_no_pairs() -> None:
    for count in (0, 1):
        matrix = sp.csr_array((count, 3))
        pairs = story_pairs(matrix, ordinariness(matrix), np.full(count, NAN), Settings())
        assert len(pairs.a) == len(pairs.b) == len(pairs.cosine) == len(pairs.score) == 0


def test_progress_ends_at_the_last_article() -> None:
    told: list[tuple[str, int, int]] = []
    matrix, seconds = collection(1, 300)
    story_pairs(matrix, ordinariness(matrix), seconds, Settings(), lambda *call: told.append(call))
    assert told == [("comparing", 256, 300), ("comparing", 300, 300)]


@pytest.mark.parametrize("seed", range(3))
def test_ordinariness_is_the_mean_cosine_to_the_others(seed: int) -> None:
    matrix, _ = collection(seed, 40)
    rows = [[Fraction(value) for value in row] for row in matrix.toarray().tolist()]
    for row, found in zip(rows, ordinariness(matrix).tolist(), strict=True):
        total = sum(
            (sum(map(Fraction.__mul__, row, other), Fraction(0)) for other in rows if other is not row), Fraction(0)
        )
        expected = (40 * float(total) / 39 + USUAL_COUNT * USUAL) / (40 + USUAL_COUNT)
        assert found == pytest.approx(expected, rel=1e-12)


def test_the_date_penalty_rises_with_the_days_and_fades_with_the_score() -> None:
    scores, days = (
        np.array([0.1, 0.1, 0.1, 0.1, 0.3, 0.45, 0.6, 0.9]),
        np.array([NAN, 0, DATE_SPAN / 2, 900, *[DATE_SPAN] * 4]),
    )
    taken = date_penalty(scores, days, Settings(date_penalty=0.1))
    assert taken == pytest.approx([0, 0, 0.05, 0.1, 0.1, 0.05, 0, 0])


def test_pairs_are_found_among_others() -> None:
    def pairs(*places: tuple[int, int]) -> Pairs:
        a, b = np.array(places, np.int64).reshape(-1, 2).T
        return Pairs(a, b, np.zeros(len(a)), np.zeros(len(a), np.int64))

    assert pairs((0, 1), (0, 21), (3, 4)).among(pairs((3, 4), (0, 1), (2, 1))).tolist() == [True, False, True]
    assert pairs((0, 1)).among(pairs()).tolist() == [False]
    assert pairs().among(pairs((0, 1))).tolist() == []
