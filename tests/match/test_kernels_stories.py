"""Same-story pairs by kernels, against the plain form: every field of every pair, to the bit."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.kernels.best import among_best, in_order
from dedup.match.kernels.floor import pairs_above
from dedup.match.kernels.ranked import ranked
from dedup.match.kernels.stories import story_pairs
from dedup.match.kernels.sweep import Sweep, reaches
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import Pairs, mean_similarity
from dedup.match.stories import among_best as plain_among_best
from dedup.match.stories import story_pairs as plain_story_pairs
from dedup.settings import Settings
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.tfidf import _unit

NAN = float("nan")


def vectors(random: np.random.Generator, count: int, terms: int, words: int = 12) -> sp.csr_array:
    """Unit vectors with common and rare terms; many similar, some equal, some empty, some of one term."""
    shares = 1 / np.arange(1, terms + 1)
    topics = [random.choice(terms, words, p=shares / shares.sum()) for _ in range(max(1, count // 8))]
    rows = np.zeros((count, terms))
    for row in rows:
        chosen = topics[random.integers(len(topics))][: random.integers(words + 1)]
        np.add.at(row, chosen, random.integers(1, 4, len(chosen)))
        np.add.at(row, random.choice(terms, words, p=shares / shares.sum()), random.integers(0, 3))
        if random.random() < 0.1:
            row[:] = 0
            row[random.integers(terms)] = 1
    rows[random.random(count) < 0.1] = 0
    rows[random.random(count) < 0.2] = rows[:1]
    rarity = np.log(1 + count / (1 + np.count_nonzero(rows, axis=0)))
    return _unit(sp.csr_array(rows * rarity))


def dates(random: np.random.Generator, count: int, kind: int) -> NDArray[np.float64]:
    """Dates with gaps, at the edges of the window, all equal, or none."""
    if kind == 0:
        days = random.choice([0, 0.5, 1, 15, 29, 30, 30.5, 31, 60, 61, 90, NAN, NAN], size=count)
    elif kind == 1:
        days = random.uniform(0, 400, count)
    elif kind == 2:
        days = np.full(count, NAN)
    else:
        days = random.integers(0, 3, count).astype(np.float64)
    seconds: NDArray[np.float64] = 1.6e9 + days * SECONDS_A_DAY
    return seconds


def some_pairs(random: np.random.Generator, count: int, share: float) -> Pairs:
    every = np.array(list(combinations(range(count), 2)), np.int64).reshape(-1, 2)
    a, b = every[random.random(len(every)) < share].T
    return Pairs(a, b, np.zeros(len(a)), np.zeros(len(a), np.int64))


@pytest.mark.parametrize("seed", range(4))
def test_no_two_strangers_are_a_pair(seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix, alone, count = vectors(random, 300, 60), np.arange(300), 300
    given = (matrix, mean_similarity(matrix, alone), dates(random, count, seed), alone, some_pairs(random, count, 0.1))
    strangers = random.random(count) < 0.4
    plain, found = (pairs(*given, Settings(), strangers=strangers) for pairs in (plain_story_pairs, story_pairs))
    assert not (strangers[found.a] & strangers[found.b]).any()
    for column in ("a", "b", "cosine", "score"):
        assert getattr(plain, column).tolist() == getattr(found, column).tolist()


def test_the_cases_hold_pairs() -> None:
    random = np.random.default_rng(3)
    matrix = vectors(random, 300, 60)
    alone = np.arange(300)
    given = (matrix, mean_similarity(matrix, alone), dates(random, 300, 0), alone, some_pairs(random, 300, 0.1))
    few, many = (len(story_pairs(*given, Settings(neighbours=most)).a) for most in (3, 100_000))
    assert 300 < few < many / 2


def all_above(matrix: sp.csr_array, floor: float, size: int) -> dict[tuple[int, int], int]:
    count = matrix.shape[0]
    sweep = Sweep.within(ranked(matrix, [floor], np.arange(count)), np.arange(count), np.full(count, NAN), 0.0)
    found: dict[tuple[int, int], int] = {}
    for block, first, last, _ in sweep.tasks(size):
        for earlier, later, dots in pairs_above(sweep.rows, block, sweep.reach, sweep.until, first, last, floor):
            new = dict(zip(zip(earlier.tolist(), later.tolist(), strict=True), dots.tolist(), strict=True))
            assert len(new) == len(earlier)
            assert not new.keys() & found.keys()
            found |= new
    return found


@pytest.mark.parametrize("floor", [0.0, 0.01, 0.08, 0.5, 0.99])
@pytest.mark.parametrize("seed", range(3))
def test_every_pair_above_any_floor_is_found(seed: int, floor: float) -> None:
    """The head is as wide as the floor allows: from none to all terms."""
    matrix = vectors(np.random.default_rng(seed), 200, [30, 400, 2_000][seed])
    dots = np.rint((matrix @ matrix.T).toarray() / WEIGHT_UNIT**2).astype(np.int64)
    a, b = np.nonzero(np.triu(dots * WEIGHT_UNIT**2 > floor, 1))
    expected = dict(zip(zip(a.tolist(), b.tolist(), strict=True), dots[a, b].tolist(), strict=True))
    assert all_above(matrix, floor, 64) == expected
    assert expected


def test_a_cosine_at_the_floor_is_not_above_it() -> None:
    entries = sp.csr_array(np.array([[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, -0.5 + 1.0]]))
    assert all_above(entries, 1.0, 8) == {}
    assert all_above(entries, 1.0 - 2.0**-31, 8) == {(0, 1): 1 << 30}


def test_articles_of_one_word_have_the_largest_weight_there_is() -> None:
    """Weight 1 is 2^15 units, which needs 16 bits, and the dot product is 2^30."""
    ones = sp.csr_array(np.ones((40, 1)))
    assert set(all_above(ones, 0.08, 16).values()) == {1 << 30}
    assert len(all_above(ones, 0.08, 16)) == 40 * 39 // 2


def test_more_pairs_than_fit_at_once_are_all_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.match.kernels.floor.CAPACITY", 1)
    assert len(all_above(sp.csr_array(np.ones((100, 1))), 0.08, 10)) == 100 * 99 // 2


@pytest.mark.parametrize("fault", [0.1, -0.25, 3.0])
def test_invalid_vectors_are_refused(fault: float) -> None:
    with pytest.raises(ValueError, match="length 1"):
        ranked(sp.csr_array(np.array([[0.5, fault]])), [0.08], np.arange(1))


def test_a_block_too_large_for_its_numbers_is_refused() -> None:
    nothing, none = sp.csr_array((0, 3)), np.empty(0, np.int64)
    never = Pairs(none, none, np.empty(0), none)
    with pytest.raises(ValueError, match="65537"):
        story_pairs(nothing, np.empty(0), np.empty(0), none, never, Settings(), block=(1 << 16) + 1)


@pytest.mark.parametrize("window", [0.0, 2.0, 30.0, math.inf])
def test_the_reach_is_the_first_in_the_window(window: float) -> None:
    times = np.sort(np.random.default_rng(1).integers(0, 100, 200)).astype(np.float64)
    times[150:] = NAN
    found = reaches(times, window).tolist()
    for row, first in enumerate(found):
        inside = [other for other in range(row + 1) if not abs(times[row] - times[other]) > window]
        assert first == inside[0]


def test_progress_ends_at_the_last_article() -> None:
    random, calls = np.random.default_rng(1), list[tuple[str, int, int]]()
    matrix, alone = vectors(random, 100, 60), np.arange(100)
    never = some_pairs(random, 100, 0.0)
    given = (matrix, mean_similarity(matrix, alone), dates(random, 100, 0), alone, never, Settings())
    story_pairs(*given, lambda *call: calls.append(call), block=40)
    assert calls == [("comparing", 40, 100), ("comparing", 80, 100), ("comparing", 100, 100)]


@pytest.mark.parametrize("seed", range(8))
def test_the_best_are_those_of_the_plain_form(seed: int) -> None:
    """Many ties: few different scores, decided by the place of the other article."""
    random = np.random.default_rng(seed)
    count, most = [2, 30, 60, 200][seed % 4], [1, 2, 7, 1_000][seed // 2]
    pairs = some_pairs(random, count, [1.0, 0.3][seed % 2])
    score = random.integers(1, [2, 4, 1 << 20][seed % 3], len(pairs.a))
    columns = [column.astype(np.int32) for column in (pairs.a, pairs.b, score)]
    keep, least = among_best(columns[0], columns[1], columns[2], most, count)
    assert keep.tolist() == plain_among_best(Pairs(pairs.a, pairs.b, pairs.cosine, score), most, count).tolist()
    for article in range(count):
        mine = np.sort(score[(pairs.a == article) | (pairs.b == article)])[::-1].tolist()
        assert least[article] == (mine[most - 1] if len(mine) > most else 0)


def test_pairs_are_put_in_order() -> None:
    random = np.random.default_rng(0)
    a, b = random.integers(0, 50, (2, 3_000)).astype(np.int32)
    order = in_order(a, b, 50)
    assert order.tolist() == np.lexsort((b, a)).tolist()


def test_blocks_hold_every_row_once() -> None:
    rows = ranked(vectors(np.random.default_rng(0), 100, 60), [0.08], np.arange(100))
    sweep = Sweep.within(rows, np.arange(100), np.full(100, NAN), 0.0)
    blocks = {block.first: block for block, *_ in sweep.tasks(30)}
    assert [block.last - block.first for block in blocks.values()] == [30, 30, 30, 10]


@pytest.mark.parametrize("seed", range(8))
def test_between_languages_each_pair_is_compared_once(seed: int) -> None:
    """No pair inside the commonest language is compared: only the others are indexed."""
    random = np.random.default_rng(seed)
    count, window = 80, [30.0, 0.0, math.inf, 5.0][seed % 4] * SECONDS_A_DAY
    languages, seconds = random.choice([-1, 0, 1, 1, 1, 2], count), dates(random, count, seed % 4)
    articles = np.sort(random.permutation(count)[:70])
    sweep = Sweep.between(vectors(random, count, 60), languages, articles, seconds, window, [0.08])
    looked_at: list[tuple[int, int]] = []
    for block, first, last, _ in sweep.tasks(7):
        for row in range(first, last):
            low, high = max(block.first, int(sweep.reach[row])), min(block.last, int(sweep.until[row]))
            looked_at += [(sweep.order[other], sweep.order[row]) for other in range(low, high)]
    once = {(min(pair), max(pair)) for pair in looked_at}
    assert len(once) == len(looked_at)
    for a, b in combinations(articles.tolist(), 2):
        spans = languages[a] != languages[b] and min(languages[a], languages[b]) >= 0
        if spans and not abs(seconds[a] - seconds[b]) > window:
            assert (a, b) in once
        assert not (languages[a] == languages[b] == 1 and (a, b) in once)
