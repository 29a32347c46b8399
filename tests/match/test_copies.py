"""Copies: candidates, their exact overlap, and instances of one template."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup.backends import PlainBackend
from dedup.match.copies import (
    AGREEING,
    ALIKE,
    ALL_BUT_EQUAL,
    FEW,
    HINT,
    LARGE_BUCKET,
    RECURRING,
    STRIDE,
    Overlaps,
    Verdicts,
    agreeing_slots,
    alike_candidates,
    band_candidates,
    decide,
    is_overlapping,
    overlaps,
)
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import Pairs
from dedup.settings import Settings
from dedup.text.document import Document
from dedup.text.tokens import Tokens
from dedup.vectorize.boilerplate import PASSAGE
from dedup.vectorize.features import HashedWords
from dedup.vectorize.reference import signatures


def document(words: list[str]) -> Document:
    return Document(Tokens(), Tokens(words, bytearray(len(words)), bytearray(len(words))))


def hashed(*texts: list[str]) -> HashedWords:
    return HashedWords.of([document(text) for text in texts])


def decided_all(words: HashedWords, pairs: NDArray[np.int64], seconds: NDArray[np.float64]) -> Verdicts:
    settings = Settings()
    return decide(words, PlainBackend(settings), pairs, seconds, settings)


def pairs_of(array: NDArray[np.int64]) -> list[tuple[int, int]]:
    return [(a, b) for a, b in array.tolist()]


def edited(words: list[str], share: float, random: np.random.Generator) -> list[str]:
    changed = random.random(len(words)) < share
    return [f"new{random.integers(10**6)}" if change else word for word, change in zip(words, changed, strict=True)]


@pytest.mark.parametrize("seed", range(6))
def test_candidates_share_a_band(seed: int) -> None:
    random = np.random.default_rng(seed)
    settings = Settings(num_perm=12, bands=[12, 6, 4, 3, 2, 1][seed])
    table = random.integers(0, 3, (50, 12)).astype(np.uint32)
    present = random.random(50) < 0.8
    rows = 12 // settings.bands
    expected = set()
    for a, b in combinations(np.flatnonzero(present).tolist(), 2):
        if any((table[a, at : at + rows] == table[b, at : at + rows]).all() for at in range(0, 12, rows)):
            expected.add((a, b))
    found = pairs_of(band_candidates(table, present, settings))
    if settings.bands < 12:  # buckets of a single slot with three values are crowded
        assert set(found) == expected
    assert set(found) <= expected
    assert found == sorted(set(found))


@pytest.mark.parametrize("size", [LARGE_BUCKET, LARGE_BUCKET + 1, 200, 3_000])
def test_a_large_bucket_gives_few_candidates_that_connect_it(size: int) -> None:
    settings = Settings(num_perm=2, bands=1)
    found = band_candidates(np.ones((size, 2), np.uint32), np.ones(size, bool), settings)
    if size <= LARGE_BUCKET:
        assert len(found) == size * (size - 1) // 2
    else:
        assert len(found) <= size * (STRIDE + 1)
        assert {(0, place) for place in range(1, size)} <= set(pairs_of(found))
        assert (found[:, 0] < found[:, 1]).all()


@pytest.mark.parametrize("count", [0, 1])
def test_no_two_articles_have_no_candidates(count: int) -> None:
    found = band_candidates(np.zeros((count, 128), np.uint32), np.ones(count, bool), Settings())
    assert found.shape == (0, 2)


def test_articles_without_words_are_no_candidates() -> None:
    found = band_candidates(np.ones((9, 128), np.uint32), np.arange(9) < 2, Settings())
    assert pairs_of(found) == [(0, 1)]


@pytest.mark.parametrize("seed", range(3))
def test_candidates_agree_in_enough_slots(seed: int) -> None:
    """With bands of one slot, every pair that agrees in a slot shares a band."""
    random = np.random.default_rng(seed)
    table = random.integers(0, 30, (40, 128)).astype(np.uint32)
    agreeing = {(a, b): int((table[a] == table[b]).sum()) for a, b in combinations(range(40), 2)}
    assert {3, 4} <= set(agreeing.values()), "at the edge, on both sides"
    assert AGREEING * 128 == 4
    found = band_candidates(table, np.ones(40, bool), Settings(bands=128))
    assert set(pairs_of(found)) == {pair for pair, slots in agreeing.items() if slots >= 4}


@pytest.mark.parametrize("seed", range(5))
def test_overlaps_are_those_of_sets(seed: int) -> None:
    random = np.random.default_rng(seed)
    settings = Settings(shingle_size=seed + 1)
    texts = [[f"w{word}" for word in random.integers(4, size=random.integers(0, 40)).tolist()] for _ in range(12)]
    pairs = np.array(list(combinations(range(12), 2)), np.int64)
    found = overlaps(hashed(*texts), pairs, settings.shingle_size)
    for row, (a, b) in enumerate(pairs.tolist()):
        one, other = ({*_shingles(texts[place], seed + 1)} for place in (a, b))
        assert (found.a[row], found.b[row]) == (a, b)
        assert found.shared[row] == len(one & other)
        assert found.sizes[row].tolist() == [len(one), len(other)]
        assert found.jaccard[row] == (len(one & other) / len(one | other) if one | other else 0)
        assert found.containment[row] == (len(one & other) / min(len(one), len(other)) if one and other else 0)
        shares = [_share_in(texts[place], one & other, seed + 1) for place in (a, b)]
        assert found.overlap[row] == (shares[0] + shares[1]) / 2


def _share_in(words: list[str], some: set[tuple[str, ...]], size: int) -> float:
    """Share of the words of a text inside some of its shingles."""
    runs = [range(start, start + size) for start, run in enumerate(_shingles(words, size)) if run in some]
    return len({place for run in runs for place in run if place < len(words)}) / max(1, len(words))


def _shingles(words: list[str], size: int) -> list[tuple[str, ...]]:
    if len(words) < size:
        return [tuple(words)] if words else []
    return [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_every_kind_are_found(seed: int) -> None:
    """Of 60 of 300 texts there is a verbatim, a cut, an extended and a lightly edited copy (every twelfth word)."""
    random = np.random.default_rng(seed)
    vocabulary = [f"w{number}" for number in range(5_000)]
    texts = [random.choice(vocabulary, size=random.integers(150, 500)).tolist() for _ in range(300)]
    makers = (
        list,
        lambda words: words[: len(words) // 2 + 10],
        lambda words: [*random.choice(vocabulary, size=len(words) // 2).tolist(), *words],
        lambda words: edited(words, 1 / 12, random),
    )
    gold = set()
    for place in range(60):
        for make in makers:
            gold.add((place, len(texts)))
            texts.append(make(texts[place]))
    documents = [document(text) for text in texts]
    undated, present = np.full(len(documents), np.nan), np.ones(len(documents), bool)
    banded = band_candidates(signatures(documents, Settings()), present, Settings())
    copies, templates, *_ = decided_all(hashed(*texts), banded, undated)
    found = set(zip(copies.a.tolist(), copies.b.tolist(), strict=True))
    assert not len(templates.a)
    assert gold <= found
    home = [*range(300), *(place for place in range(60) for _ in makers)]
    assert all(home[a] == home[b] for a, b in found)


@pytest.mark.parametrize("share", [0.1, 0.15, 0.2])
def test_banding_finds_what_exact_jaccard_finds(share: float) -> None:
    """Recall of the candidates among all pairs whose exact Jaccard makes a copy."""
    random = np.random.default_rng(round(share * 100))
    vocabulary = [f"w{number}" for number in range(2_000)]
    texts = [random.choice(vocabulary, size=400).tolist() for _ in range(50)]
    texts += [edited(text, share / 2, random) for text in texts for _ in range(2)]
    documents = [document(text) for text in texts]
    every = np.array(list(combinations(range(len(texts)), 2)), np.int64)
    exact = overlaps(hashed(*texts), every, Settings().shingle_size)
    copies = set(pairs_of(every[exact.jaccard >= 0.2]))
    found = band_candidates(signatures(documents, Settings()), np.ones(len(texts), bool), Settings())
    assert len(copies) >= 100
    assert len(copies & set(pairs_of(found))) >= 0.97 * len(copies)


def test_a_few_common_shingles_are_no_copy() -> None:
    def found(shared: int, sizes: tuple[int, int], overlap: float = 0.5) -> bool:
        small, union = min(sizes), sum(sizes) - shared
        first, second, count = np.array([0]), np.array([1]), np.array([shared])
        shares = np.array([shared / max(1, union)]), np.array([shared / max(1, small)]), np.array([overlap])
        row = Overlaps(first, second, count, np.array([sizes]), *shares)
        return bool(is_overlapping(row, Settings())[0])

    assert found(90, (200, 250))
    assert found(90, (200, 250), Settings().copy_overlap)
    assert not found(90, (200, 250), Settings().copy_overlap - 0.001)
    assert not found(FEW - 1, (2 * FEW - 6, 2 * FEW))
    assert found(FEW, (2 * FEW - 6, 2 * FEW))
    assert found(8, (10, 900)), "a short text that stands nearly whole in another"
    assert not found(7, (9, 900)), "two notes that share a closing line"
    assert not found(0, (0, 0), 0.0)


# What becomes of candidates


def decided(one: list[str], other: list[str], days: float) -> str:
    """Decide on two texts published some days apart."""
    seconds = 1e9 + np.array([0, days]) * SECONDS_A_DAY
    copies, templates, *_ = decided_all(hashed(one, other), np.array([[0, 1]]), seconds)
    found = {"copies": copies, "templates": templates}
    return " and ".join(name for name, pairs in found.items() if pairs_of(np.stack([pairs.a, pairs.b], 1)) == [(0, 1)])


TEXT = [f"w{number}" for number in range(104)]
"""A hundred shingles of five words."""


@pytest.mark.parametrize("days", [0, RECURRING - 0.001, -0.001 - RECURRING, RECURRING, -RECURRING, 365, float("nan")])
@pytest.mark.parametrize("words", [24, 53, 54, 83, 84, 104])
def test_weeks_apart_only_nearly_equal_texts_are_copies(words: int, days: float) -> None:
    """The other text is the beginning of the first, one hundredth of it per shingle."""
    needed = ALL_BUT_EQUAL if abs(days) >= RECURRING else 0
    expected = "copies" if (words - 4) / 100 >= needed else ""
    assert decided(TEXT, TEXT[:words], days) == decided(TEXT[:words], TEXT, days) == expected


@pytest.mark.parametrize("days", [0, 7, 30, float("nan")])
def test_a_template_is_one_after_any_number_of_days(days: float) -> None:
    def instance(*numbers: int) -> list[str]:
        return [
            word
            for number in numbers
            for word in (*(f"about{number % 10}x{place}" for place in range(12)), str(number))
        ]

    assert decided(instance(11, 22, 33, 44), instance(51, 62, 73, 84), days) == "templates"
    assert decided(instance(11, 22, 33, 44), instance(11, 22, 33, 44), days) == "copies"


def test_a_template_by_its_date_alone_may_be_one_story() -> None:
    """One changed figure among many, or among few; two of two make a template on any day."""
    fixed = [f"fixed{place}" for place in range(60)]
    rest = [word for year in range(1990, 2010) for word in (f"since{year}", str(year))]
    toll, level = (hashed(*([*fixed, a, *more] for a in "78")) for more in (rest, ["9"]))
    for texts in (toll, level):
        _, templates, never, _ = decided_all(texts, np.array([[0, 1]]), 1e9 + np.array([0, RECURRING * SECONDS_A_DAY]))
        assert len(templates.a) == 1
        assert len(never.a) == 0
    full = hashed(*([*fixed, *numbers] for numbers in (["7", "of", "41"], ["8", "of", "44"])))
    _, templates, never, _ = decided_all(full, np.array([[0, 1]]), np.array([np.nan, np.nan]))
    assert len(never.a) == len(templates.a) == 1


def test_texts_that_overlap_too_little_are_neither() -> None:
    assert decided(TEXT, [f"v{number}" for number in range(104)], 0) == ""
    assert decided(TEXT, [], 0) == ""


@pytest.mark.parametrize("seed", range(5))
def test_similar_articles_are_candidates_once(seed: int) -> None:
    random = np.random.default_rng(seed)
    every = np.array(list(combinations(range(12), 2)), np.int64)
    cosine = random.choice([ALIKE - 0.001, ALIKE, 0.9], size=len(every))
    pairs = Pairs(every[:, 0], every[:, 1], cosine, np.ones(len(every), np.int64))
    known = every[random.random(len(every)) < [0, 0.1, 0.5, 0.9, 1][seed]]
    table = random.integers(8, size=(12, 8)).astype(np.uint32)
    agreeing = agreeing_slots(table, every).tolist()
    assert agreeing == [int((table[a] == table[b]).sum()) for a, b in every.tolist()]
    rows = zip(pairs_of(every), cosine.tolist(), agreeing, strict=True)
    expected = [pair for pair, value, slots in rows if value >= ALIKE or slots >= HINT]
    expected = [pair for pair in expected if pair not in pairs_of(known)]
    assert any(value < ALIKE and slots >= HINT for value, slots in zip(cosine.tolist(), agreeing, strict=True))
    assert pairs_of(alike_candidates(pairs, known, np.array(agreeing))) == expected
    nothing = pairs.where(np.zeros(len(every), bool))
    assert len(alike_candidates(nothing, known, np.empty(0, np.int64))) == 0


def test_no_articles_have_no_copies() -> None:
    copies, templates, *_ = decided_all(hashed(), np.empty((0, 2), np.int64), np.empty(0))
    assert len(copies.a) == len(templates.a) == 0


PROMOTION = " ".join(f"promo{number}" for number in range(40))


def is_copy(*articles: tuple[str, str]) -> bool:
    words = HashedWords.of([Document.of(*article) for article in articles])
    return bool(len(decided_all(words, np.array([[0, 1]]), np.array([np.nan, np.nan]))[0].a))


@pytest.mark.parametrize("form", ["{own} {promotion}", "{promotion} {own}"])
@pytest.mark.parametrize("titled", [True, False])
def test_two_articles_that_share_a_text_of_their_site_are_no_copies(form: str, titled: bool) -> None:
    owns = [" ".join(f"{town}{number}" for number in range(12)) for town in ("larkhaven", "brackwell")]
    bodies = [form.format(own=own, promotion=PROMOTION) for own in owns]
    if form.startswith("{own}") or titled:
        titles = [f"{own.split()[0]} burns" if titled else "" for own in owns]
        assert not is_copy(*zip(titles, bodies, strict=True))


def test_one_word_in_common_is_chance_in_a_long_text_only() -> None:
    """Two papers with one text and a greeting of their own have it, and a site's line over an article may."""
    greetings = [" ".join(f"{paper}{number}" for number in range(5)) for paper in ("hello", "welcome")]
    bodies = [f"{greeting} {PROMOTION}" for greeting in greetings]
    assert is_copy(*zip(("Gazette title", "Courier title"), bodies, strict=True))
    assert not is_copy(*zip(("Gazette", "Courier"), bodies, strict=True))
    edited = "late on Saturday a fire broke out on the ferry Halcyon Star off Corran, officers said, and {} people died"
    assert is_copy(("Blaze", edited.format("nine")), ("Inferno", edited.format("ten")))
    line = PROMOTION.rsplit(maxsplit=29)[0]
    article = f"{line} {' '.join(f'own{number}' for number in range(30))}"
    assert not is_copy(("Mill at own7 burns", line), ("Ferry strands", article))


def test_a_title_without_a_text_is_a_copy_of_like_titles_only() -> None:
    """In another text it is a headline of something else."""
    title = "Mill burns down at Brackwell on Sunday night"
    report = f"{' '.join(f'own{number}' for number in range(30))} {title}"
    assert not is_copy((title, ""), ("Ferry sinks off Larkhaven", report))
    assert is_copy((title, ""), (f"{title} again", report))
    assert is_copy((title, ""), ("", f"{title} again"))
    post = " ".join(f"post{number}" for number in range(PASSAGE))
    assert is_copy((post, ""), ("Ferry post1", post))


def test_a_phrase_is_a_copy_under_a_like_title_only() -> None:
    """What is left under a wall may be one that any article has."""
    phrase = "until a buyer for the island is found the owner said"
    report = f"{' '.join(f'own{number}' for number in range(60))} {phrase}"
    assert not is_copy(("Pool at Nornordon freezes atlas", phrase), ("Pool at Pelford shelters seeds", report))
    assert is_copy(("Pool at own5 freezes until spring", phrase), ("Pool at own5 freezes until April", report))
    assert is_copy(("", phrase), ("Pool at Pelford shelters seeds", report))
    whole = "Fire broke out on the ferry off Corran at dawn."
    assert is_copy(("Ferry burns off Corran", whole), ("Blaze", whole))


def test_lines_of_two_sites_in_other_orders_are_no_text() -> None:
    """What is left of both has common words, as all notices of sites have, and no stretch of one is in the other."""
    lines = [" ".join(f"line{number}word{place}" for place in range(9)) for number in range(12)]
    rest = " ".join(f"notice{number}" for number in range(30))
    notices = [f"{' '.join(lines[::step])} {' '.join(rest.split()[::step])}" for step in (1, -1)]
    assert not is_copy(*zip(("Ferry sinks off Larkhaven", "Mill burns at Brackwell"), notices, strict=True))
    assert is_copy(*zip(("Ferry sinks off line7word3", "Mill burns at line8word5"), notices, strict=True))
    edited = [" ".join(f"{one}{place}" if place % 9 == 0 else f"text{place}" for place in range(90)) for one in "ab"]
    assert is_copy(("Ferry text3", edited[0]), ("Mill text5 text7", edited[1]))


def test_what_stands_under_titles_that_are_about_the_rest_is_no_text() -> None:
    """However many words the rest of the two has in common, as reports of one subject have."""
    subject = [f"subject{number}" for number in range(20)]
    owns = [
        f"{town} {event} {' '.join(subject[::step])}"
        for town, event, step in (("larkhaven", "strike", 1), ("brackwell", "vote", -1))
    ]
    titles = ["Larkhaven strike", "Brackwell vote"]
    assert not is_copy(*((title, f"{own} {PROMOTION}") for title, own in zip(titles, owns, strict=True)))
    assert is_copy(
        *((f"{title} promo1 promo2 promo3", f"{own} {PROMOTION}") for title, own in zip(titles, owns, strict=True))
    )


def test_a_sentence_of_a_longer_article_is_a_copy_under_a_like_title_only() -> None:
    sentence = " ".join(f"said{number}" for number in range(18))
    article = f"{' '.join(f'own{number}' for number in range(60))} {sentence}"
    assert not is_copy(("Famine grips said3 said5", sentence), ("Deaths at own7", article))
    assert is_copy(("Famine grips said3 said5", sentence), ("Famine at own7", article))


def test_one_text_under_other_titles_and_footers_is_a_copy() -> None:
    """The titles are about what both share, or the own words have much in common."""
    footers = [" ".join(f"{paper}{number}" for number in range(12)) for paper in ("post", "echo")]
    one, other = (f"{PROMOTION} {footer}" for footer in footers)
    assert is_copy(("Promo3 promo4 burns", one), ("Promo5 down to promo6", other))
    assert is_copy(("", one), ("", other))
    assert is_copy(("Mill burns in Brackwell", one), ("Brackwell: mill burns down", other))
    introductions = ["the brackwell mill burnt down on sunday night", "on sunday night a mill burnt down at brackwell"]
    one, other = (f"{introduction} {PROMOTION}" for introduction in introductions)
    assert is_copy(("Fire", one), ("Blaze", other))
