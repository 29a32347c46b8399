"""Same-story pairs, against a loop over all pairs."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match import stories
from dedup.match.scores import (
    A_DAY,
    DATE_SPAN,
    FADE,
    MEASURED,
    MOST_DAYS,
    ONE_DAY,
    SECONDS_A_DAY,
    UNDATED,
    date_penalty,
)
from dedup.match.stories import FLOOR, USUAL, USUAL_COUNT, Pairs, mean_similarity, story_pairs
from dedup.settings import Settings
from dedup.vectorize.cross_lingual import CrossLingual
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.tfidf import _unit

NAN = float("nan")


def collection(seed: int, count: int, terms: int = 60) -> tuple[sp.csr_array, NDArray[np.float64]]:
    """Unit vectors, many similar, some equal, some empty; dates with gaps, edges of the window and nan."""
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


def no_representatives(matrix: sp.csr_array) -> NDArray[np.int64]:
    """Every article is its own representative."""
    return np.arange(matrix.shape[0])


def no_pairs() -> Pairs:
    return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def plain_pairs(matrix: sp.csr_array, seconds: NDArray[np.float64], settings: Settings) -> Pairs:
    """The pairs of articles without near-copies and templates."""
    alone = no_representatives(matrix)
    return story_pairs(matrix, mean_similarity(matrix, alone), seconds, alone, no_pairs(), settings)


@pytest.mark.parametrize("seed", range(3))
def test_pairs_that_are_not_among_the_best_are_dropped_meanwhile(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """The pairs in memory are linear in the articles, also where all are similar and on one day."""
    count, settings, sizes = 300, Settings(neighbours=3), list[int]()
    matrix, _ = collection(seed, count)
    expected = plain_pairs(matrix, np.zeros(count), settings)

    def counting(pairs: Pairs, most: int, articles: int) -> NDArray[np.bool_]:
        sizes.append(len(pairs.a))
        return among_best(pairs, most, articles)

    among_best = stories.among_best
    monkeypatch.setattr(stories, "among_best", counting)
    monkeypatch.setattr(stories, "PILE", 200)
    monkeypatch.setattr(stories, "_BLOCK", 4)
    found = plain_pairs(matrix, np.zeros(count), settings)
    for column in ("a", "b", "cosine", "score"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))
    assert len(sizes) > 3
    assert max(sizes) <= 2 * settings.neighbours * count + 4 * count


def naive_pairs(
    matrix: sp.csr_array,
    seconds: NDArray[np.float64],
    representative: NDArray[np.int64],
    never: set[tuple[int, int]],
    settings: Settings,
) -> dict[tuple[int, int], int]:
    """The score of every pair that is kept, by (a, b)."""
    background_similarity = mean_similarity(matrix, representative).tolist()
    rows, scores = matrix.toarray(), dict[tuple[int, int], int]()
    for a, b in combinations(sorted(set(representative.tolist())), 2):
        if (a, b) in never:
            continue
        cosine = sum(x * y for x, y in zip(rows[a].tolist(), rows[b].tolist(), strict=True))
        days = abs(seconds[a] - seconds[b]) / SECONDS_A_DAY
        if cosine <= FLOOR or days > settings.window:
            continue
        raw = cosine - (background_similarity[a] + background_similarity[b]) / 2
        fade = min(1.0, max(0.0, 1 - (raw - FADE[0]) / (FADE[1] - FADE[0])))
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
    random = np.random.default_rng(seed)
    representative = no_representatives(matrix)
    representative[random.permutation(70)[: [0, 10, 20][seed % 3]]] = 7 * (seed % 10)  # near-copies of an article
    representative[7 * (seed % 10)] = 7 * (seed % 10)
    every = np.array(list(combinations(range(70), 2)))
    a, b = every[random.random(len(every)) < [0.0, 0.1, 0.3, 0.3][seed % 4]].T
    never = Pairs(a, b, np.zeros(len(a)), np.zeros(len(a), np.int64))
    expected = naive_pairs(matrix, seconds, representative, set(zip(a.tolist(), b.tolist(), strict=True)), settings)
    pairs = story_pairs(
        matrix, mean_similarity(matrix, representative), seconds, np.unique(representative), never, settings
    )
    assert len(expected) > 30
    assert as_mapping(pairs) == expected
    assert list(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)) == sorted(expected)


@pytest.mark.parametrize("undated", [0, 1, 300, 599, 600])
def test_blocks_leave_no_seam(undated: int) -> None:
    """More articles than one block holds; the dated end before, in and after it."""
    matrix, _ = collection(undated, 600, terms=30)
    random = np.random.default_rng(undated)
    seconds = random.integers(0, 100, 600).astype(np.float64) * SECONDS_A_DAY
    seconds[random.permutation(600)[:undated]] = NAN
    pairs = plain_pairs(matrix, seconds, Settings(neighbours=100_000, date_penalty=0))
    cosine = (matrix @ matrix.T).toarray()
    background_similarity = mean_similarity(matrix, no_representatives(matrix))
    score = np.rint((cosine - (background_similarity[:, None] + background_similarity) / 2) / SCORE_UNIT)
    with np.errstate(invalid="ignore"):
        apart = np.abs(seconds[:, None] - seconds) > 30 * SECONDS_A_DAY
    a, b = np.nonzero(np.triu((cosine > FLOOR) & (score > 0) & ~apart, 1))
    assert as_mapping(pairs) == dict(
        zip(zip(a.tolist(), b.tolist(), strict=True), score[a, b].astype(int).tolist(), strict=True)
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_articles_does_not_matter(seed: int) -> None:
    """Except for ties at the last neighbour, which go by place: here all neighbours are kept."""
    matrix, seconds = collection(seed, 60)
    order = np.random.default_rng(seed).permutation(60)
    plain = as_mapping(plain_pairs(matrix, seconds, Settings()))
    shuffled = as_mapping(plain_pairs(sp.csr_array(matrix[order]), seconds[order], Settings()))
    back = {(min(order[a], order[b]), max(order[a], order[b])): score for (a, b), score in shuffled.items()}
    assert back == plain


@pytest.mark.parametrize(("days", "kept"), [(29.999, True), (30.0, True), (30.00002, False), (NAN, True)])
def test_the_edge_of_the_window_lies_inside(days: float, kept: bool) -> None:
    matrix = _unit(sp.csr_array(np.ones((2, 4))))
    seconds = np.array([1e9, 1e9 + days * 24 * 60 * 60])
    found = story_pairs(matrix, np.zeros(2), seconds, np.arange(2), no_pairs(), Settings())
    assert len(found.a) == kept


def test_nothing_and_one_have_no_pairs() -> None:
    for count in (0, 1):
        matrix = sp.csr_array((count, 3))
        pairs = plain_pairs(matrix, np.full(count, NAN), Settings())
        assert len(pairs.a) == len(pairs.b) == len(pairs.cosine) == len(pairs.score) == 0


def test_progress_ends_at_the_last_article() -> None:
    calls: list[tuple[str, int, int]] = []
    matrix, seconds = collection(1, 320)
    among = np.arange(20, 320)
    background_similarity = mean_similarity(matrix, no_representatives(matrix))
    story_pairs(matrix, background_similarity, seconds, among, no_pairs(), Settings(), lambda *call: calls.append(call))
    assert calls == [("comparing", 256, 300), ("comparing", 300, 300)]


def test_templates_do_not_displace_neighbours() -> None:
    """Excluded pairs are dropped before the neighbours of an article are counted."""
    chain = np.array([[10, 0, 0], [10, 4, 0], [0, 4, 10], [0, 0, 10]], float)
    matrix, dates, settings = _unit(sp.csr_array(chain)), np.full(4, NAN), Settings(neighbours=1)

    def found(never: Pairs) -> set[tuple[int, int]]:
        return set(as_mapping(story_pairs(matrix, np.zeros(4), dates, np.arange(4), never, settings)))

    assert found(no_pairs()) == {(0, 1), (2, 3)}
    assert found(Pairs(np.array([0]), np.array([1]), np.zeros(1), np.zeros(1, np.int64))) == {(1, 2), (2, 3)}


@pytest.mark.parametrize("copies", [0, 1, 9])
@pytest.mark.parametrize("seed", range(3))
def test_background_similarity_is_the_mean_cosine_to_the_other_texts(seed: int, copies: int) -> None:
    """Near-copies of one text count once, and not for each other."""
    matrix, _ = collection(seed, 24, terms=20)
    representative = no_representatives(matrix)
    representative[12 : 12 + copies] = 7
    rows = [[Fraction(value) for value in row] for row in matrix.toarray().tolist()]
    texts = sorted(set(representative.tolist()))
    assert len(texts) == 24 - copies
    for row, own, found in zip(
        rows, representative.tolist(), mean_similarity(matrix, representative).tolist(), strict=True
    ):
        total = sum(
            (sum(map(Fraction.__mul__, row, rows[text]), Fraction(0)) for text in texts if text != own), Fraction()
        )
        mean = float(total) / (len(texts) - 1)
        expected = (len(texts) * mean + USUAL_COUNT * USUAL) / (len(texts) + USUAL_COUNT)
        assert found == pytest.approx(expected, rel=1e-12)


def test_near_copies_do_not_change_background_similarity() -> None:
    """However many they are: neither their own nor that of others."""
    random = np.random.default_rng(5)
    base = random.gamma(1, 1, (3, 30))
    expected = mean_similarity(_unit(sp.csr_array(base)), np.arange(3)).tolist()
    for copies in (1, 10, 100):
        matrix = _unit(sp.csr_array(np.concatenate([base, np.repeat(base[:1], copies, axis=0)])))
        representative = np.array([0, 1, 2, *[0] * copies])
        assert mean_similarity(matrix, representative).tolist() == [*expected, *expected[:1] * copies]


def test_the_date_penalty_rises_with_the_days_and_fades_with_the_score() -> None:
    scores, days = (
        np.array([0.1, 0.1, 0.1, 0.1, 0.3, 0.45, 0.6, 0.9]),
        np.array([NAN, 0, DATE_SPAN / 2, 900, *[DATE_SPAN] * 4]),
    )
    taken = date_penalty(scores, days, 0.1, 0.0)
    assert taken == pytest.approx([0, 0, 0.05, 0.1, 0.1, 0.05, 0, 0])


def test_in_a_crowd_days_count_more() -> None:
    """Articles of one day are less likely strangers than the average pair."""
    days = np.array([0, NAN, 1, 3, 9, 20, 20])
    scores = np.array([0.2] * 6 + [0.8])
    alone, crowded = date_penalty(scores, days, 0.1, 0.0), date_penalty(scores, days, 0.1, 0.05)
    added = np.array(
        [-ONE_DAY, UNDATED * A_DAY - ONE_DAY, A_DAY - ONE_DAY, 3 * A_DAY - ONE_DAY, MOST_DAYS, MOST_DAYS, 0]
    )
    assert crowded - alone == pytest.approx(0.05 * added)
    assert date_penalty(scores, days, 0.1, 1.0) - alone == pytest.approx(MEASURED * added)
    assert date_penalty(scores, days, 0.0, 0.05).tolist() == [0] * 7


def test_pairs_are_found_among_others() -> None:
    def pairs(*places: tuple[int, int]) -> Pairs:
        a, b = np.array(places, np.int64).reshape(-1, 2).T
        return Pairs(a, b, np.zeros(len(a)), np.zeros(len(a), np.int64))

    assert pairs((0, 1), (0, 21), (3, 4)).among(pairs((3, 4), (0, 1), (2, 1))).tolist() == [True, False, True]
    assert pairs((0, 1)).among(pairs()).tolist() == [False]
    assert pairs().among(pairs((0, 1))).tolist() == []


@pytest.mark.parametrize("seed", range(4))
def test_between_languages_only_cross_lingual_vectors_count(seed: int) -> None:
    """Pairs of one language are those by words, the others those by the cross-lingual vectors."""
    matrix, seconds = collection(seed, 80)
    other, _ = collection(seed + 100, 80)
    languages = np.random.default_rng(seed).integers(-1, 3, size=80)
    across = CrossLingual(other, languages)
    background_similarity, alone = mean_similarity(matrix, no_representatives(matrix)), no_representatives(matrix)

    def pairs(of: sp.csr_array, cross_lingual: CrossLingual | None = None) -> dict[tuple[int, int], int]:
        settings = Settings(neighbours=80)
        return as_mapping(
            story_pairs(of, background_similarity, seconds, alone, no_pairs(), settings, cross_lingual=cross_lingual)
        )

    def foreign(pair: tuple[int, int]) -> bool:
        one, two = languages[list(pair)].tolist()
        return bool(one != two and min(one, two) >= 0)

    expected = {pair: score for pair, score in pairs(matrix).items() if not foreign(pair)}
    crossing = {pair: score for pair, score in pairs(other).items() if foreign(pair)}
    assert crossing
    assert expected
    assert pairs(matrix, across) == {**expected, **crossing}
