"""Templates: the words stay, numbers and names change."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.match import templates
from dedup.match.figures import SPELLED, with_figures
from dedup.match.templates import (
    ALIGNED_WORDS,
    ALIKE_LENGTH,
    CHANGED_SHARE,
    LATER,
    MOST_EFFORT,
    NEWER_SHARE,
    SLOT,
    SOON,
    Instance,
    numpy_matching_blocks,
    same_template,
)
from dedup.text.document import Document
from dedup.text.tokens import Tokens, tokenize
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import hashes_of

RESERVOIR = (
    "On {} the reservoir stood at {} metres above the datum and held {} million litres or {} per cent of what it can"
)
NEVER = math.nan


def plain(words: list[str]) -> Tokens:
    """A text without capitals."""
    return Tokens(list(words), bytearray(len(words)), bytearray(len(words)))


def judged(one: Tokens, other: Tokens, days: float = NEVER) -> bool:
    words = HashedWords.of([Document(Tokens(), one), Document(Tokens(), other)])
    texts = Instance(words.main(0)), Instance(words.main(1))
    found, whenever = same_template(*texts, days)
    assert same_template(*texts[::-1], days) == (found, whenever)
    assert whenever is same_template(*texts)[0]
    return found


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (RESERVOIR.format("3", "41", "900", "71"), RESERVOIR.format("10", "40", "880", "69"), True),
        (RESERVOIR.format("3", "41", "900", "71"), RESERVOIR.format("3", "41", "900", "71"), False),
        (RESERVOIR.format("3", "41", "900", "71"), RESERVOIR.format("3", "41", "900", "70"), False),
        (RESERVOIR.format("3 May", "41", "900", "71"), RESERVOIR.format("10 June", "40", "900", "71"), True),
        (RESERVOIR.format("3", "six", "900", "71"), RESERVOIR.format("3", "7.5", "900", "70"), True),
        (RESERVOIR.format("3", "six", "900", "71"), RESERVOIR.format("3", "6", "900", "70"), False),
        ("the mill burned down", "the mill burned again", False),
        ("", "", False),
        ("1 2", "", False),
        ("fire killed 3 and hurt 14 of 90 in 5 of 7 houses since 1990 said 2 of 3 men of 40 and 50 in 60 of 70",
         "fire killed 4 and hurt 15 of 90 in 5 of 7 houses since 1990 said 2 of 3 men of 40 and 50 in 60 of 70", False),
    ],
)  # fmt: skip
def test_instances_of_a_template_share_words_and_differ_in_numbers(one: str, other: str, expected: bool) -> None:
    assert judged(tokenize(one), tokenize(other)) is expected


OFFER = "The bank of {} said it will lend {} million to {} and that the loan is due in {} years at the usual rate"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("Larkhaven", "30", "Brackwell", "five"), ("Dunmere", "45", "Brackwell", "five"), True),
        (("Larkhaven", "30", "Brackwell", "five"), ("Larkhaven", "45", "Brackwell", "five"), False),  # one value
        (("Larkhaven", "30", "Brackwell", "five"), ("Dunmere", "30", "Ashford", "five"), False),  # no number
        (("Larkhaven", "30", "Brackwell", "five"), ("Brackwell", "45", "Larkhaven", "five"), False),  # names of both
        (("Port Larkhaven", "30", "Brackwell", "five"), ("Port Larkhavn", "45", "Brackwell", "five"), True),
    ],
)
def test_a_name_is_a_value_too(one: tuple[str, ...], other: tuple[str, ...], expected: bool) -> None:
    assert judged(tokenize(OFFER.format(*one)), tokenize(OFFER.format(*other))) is expected


def test_a_long_insertion_is_no_changed_number() -> None:
    rest = [f"v{number}" for number in range(100)]
    base = ["the", "1", "mill", "burned", "down", "at", "2", "today", *rest]
    insert = [f"w{number}" for number in range(40)]
    assert not judged(
        plain(base), plain(["the", *insert, "3", "mill", "burned", "down", "at", *insert, "4", "today", *rest])
    )


@pytest.mark.parametrize(("length", "expected"), [(20, True), (19, False)])
def test_a_part_of_a_text_is_no_instance_of_its_template(length: int, expected: bool) -> None:
    """Unless it comes days later."""
    rest = [f"v{number}" for number in range(36)]
    one, other = plain(["1", "of", "2", "litres", *rest]), plain(["3", "of", "4", "litres", *rest][:length])
    assert ALIKE_LENGTH * len(one) == 20
    for days in (NEVER, 0, LATER - 0.001):
        assert judged(one, other, days) is expected
    assert judged(one, other, LATER)


@pytest.mark.parametrize(("length", "expected"), [(SLOT, True), (SLOT + 1, False)])
def test_the_place_of_a_number_takes_up_few_words(length: int, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text has two places with one number and no other word of the other text."""
    monkeypatch.setattr(templates, "FEWEST_SLOTS", 9)

    def filled(name: str) -> list[str]:
        places = [[str(number), *(f"{name}{number}x{word}" for word in range(length - 1))] for number in (1, 2)]
        return ["the", "reservoir", "held", *places[0], "and", "then", "lost", *places[1], "of", "its", "water"]

    one, other = filled("a"), [{"1": "3", "2": "4"}.get(word, word) for word in filled("b")]
    assert judged(plain(one), plain(other)) is expected


@pytest.mark.parametrize(
    ("days", "kept", "expected"),
    [
        (days, kept, expected)
        for days, most in ((NEVER, 8), (0, 8), (SOON - 0.001, 8), (SOON, 18), (LATER - 0.001, 18))
        for kept, expected in ((most, True), (most + 1, False))
    ],
)
def test_a_newer_version_keeps_most_values(days: float, kept: int, expected: bool) -> None:
    """Names in both count as numbers do."""
    share = CHANGED_SHARE if days >= SOON else NEWER_SHARE
    assert (share * (2 + kept) <= 2) is expected
    same = [word for number in range(kept) for word in (f"house{number}", str(100 + number) if number % 2 else "name")]
    one, other = (plain(["killed", a, "hurt", b, "of", *same]) for a, b in (("3", "14"), ("4", "15")))
    for text in (one, other):
        text.capitals[:] = bytes(word == "name" for word in text.words)
    assert judged(one, other, days) is expected
    assert judged(one, other, LATER)


@pytest.mark.parametrize(
    ("days", "expected"), [(NEVER, False), (0, False), (SOON - 0.001, False), (SOON, True), (9, True)]
)
def test_one_number_is_enough_once_a_correction_is_late(days: float, expected: bool) -> None:
    one, other = (tokenize(f"The reservoir stood at {level} metres above the datum today") for level in (41, 40))
    assert judged(one, other, days) is expected


@pytest.mark.parametrize("days", [NEVER, 0, SOON, LATER, 400])
def test_without_a_changed_number_there_is_no_template(days: float) -> None:
    one = tokenize("The chair of Larkhaven met the chair of Brackwell over 3 bridges and 4 roads.")
    other = tokenize("The chair of Dunmere met the chair of Ashford over 3 bridges and 4 roads.")
    assert not judged(one, other, days)
    assert not judged(one, one, days)


@pytest.mark.parametrize(("before", "expected"), [(ALIGNED_WORDS - 3, True), (ALIGNED_WORDS - 2, False)])
def test_only_the_beginning_of_a_text_is_aligned(before: int, expected: bool) -> None:
    long = [f"w{number}" for number in range(before)]
    one, other = (plain([*long, first, "of", second, "litres"]) for first, second in (("1", "2"), ("3", "4")))
    assert judged(one, other) is expected


@pytest.mark.parametrize(("before", "expected"), [(ALIGNED_WORDS // 8 - 3, True), (ALIGNED_WORDS // 8 - 2, False)])
def test_of_a_table_less_is_aligned(before: int, expected: bool) -> None:
    """An eighth of a text of two words: n of its words make n²/2 pairs of places that hold the same one."""
    eighth = ALIGNED_WORDS // 8
    assert eighth**2 / 2 < MOST_EFFORT < (2 * eighth) ** 2 / 2
    table = ["point", "line"] * ALIGNED_WORDS
    one, other = (plain([*table[:before], first, "of", second, *table]) for first, second in (("1", "2"), ("3", "4")))
    assert judged(one, other) is expected


WORDS = st.lists(st.integers(0, 9), min_size=1, max_size=60)


@given(WORDS, WORDS)
def test_words_that_are_shared_and_new(one: list[int], other: list[int]) -> None:
    pairs, few_new, new = templates.shared_words(np.array(one, np.uint32), np.array(other, np.uint32))
    assert pairs == sum(a == b for a in one for b in other)
    assert few_new == min(len(set(one) - set(other)), len(set(other) - set(one)))
    assert new[0].tolist() == [word not in other for word in one]
    assert new[1].tolist() == [word not in one for word in other]


def test_numbers_are_spelled() -> None:
    for word, number in SPELLED.items():
        one, other = RESERVOIR.format(word, "410", "900", "71"), RESERVOIR.format(number, "409", "900", "71")
        assert not judged(tokenize(one), tokenize(other)), word
        other = RESERVOIR.format(number + 1, "409", "900", "71")
        assert judged(tokenize(one), tokenize(other)), word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Forty-two men and two hundred and twelve cars", "42 men and 212 cars"),
        ("It costs 2.4 billion, or twenty-one thousand a head", "It costs 2.4bn, or 21,000 a head"),
        (
            "A rise of eighteen percent, then 5 per cent, from the first of July",
            "A rise of 18%, then 5%, from the 1 July",
        ),
        ("One thousand and fifty tons, or 3 thousand, on 12th June", "1,050 tons, or 3,000, on 12 June"),
        ("Ninety times two million, and two hundred thousand", "90 times 2m, and 200,000"),
    ],
)
def test_the_style_of_numbers_changes_nothing(one: str, other: str) -> None:
    texts = HashedWords.of([Document(Tokens(), tokenize(text)) for text in (one, other)])
    first, second = (with_figures(texts.main(place), 99).hashes.tolist() for place in (0, 1))
    assert first == second


@pytest.mark.parametrize("text", ["At first of all, per day, percent and thousands", "the second person and a cent"])
def test_words_that_only_look_like_numbers_stay(text: str) -> None:
    words = HashedWords.of([Document(Tokens(), tokenize(text))]).main(0)
    assert with_figures(words, 99).hashes.tolist() == words.hashes.tolist()
    assert len(with_figures(words, 3)) == 3


TEXTS = st.lists(st.sampled_from(["a", "b", "c", "Ada", "Bo", "1", "2", "3", "six", "."]), max_size=40).map(" ".join)


@given(TEXTS, TEXTS, st.sampled_from([NEVER, 0.0, 1.0, 3.0]))
def test_the_order_does_not_matter_and_time_only_adds(one: str, other: str, days: float) -> None:
    found = judged(tokenize(one), tokenize(other), days)
    assert not judged(tokenize(one), tokenize(one), days)
    if found:
        assert judged(tokenize(one), tokenize(other), 3.0)


@pytest.mark.parametrize("seed", range(3))
def test_rewording_makes_no_template(seed: int) -> None:
    """However many words are replaced, while the numbers stay."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    one = [str(word) if word % 9 == 0 else f"w{word}" for word in range(200)]
    other = [word if word.isdigit() or rng.random() < 0.8 else f"v{word}" for word in one]
    assert not judged(plain(one), plain(other), 9.0)


def dense_form(seed: int, step: int, words: int = 2_000) -> tuple[list[str], list[str]]:
    """Two instances of one template, in which each word at a distance of `step` is a number that changed."""
    rng = np.random.default_rng(seed)
    text = [f"w{int(400 * rng.random() ** 3)}" for _ in range(words)]
    one, other = list(text), list(text)
    for place in range(step // 2, words, step):
        one[place], other[place] = str(rng.integers(10**6)), str(rng.integers(10**6))
    return one, other


@pytest.mark.parametrize("step", [3, 10, 40, 200])
def test_a_template_with_many_values_is_recognised(step: int) -> None:
    one, other = dense_form(step, step)
    assert judged(plain(one), plain(other)) is True or step == 3  # the words of that one share no number
    assert judged(plain(one), plain(one)) is False


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("step", [3, 10, 40])
def test_numpy_aligns_templates_as_difflib_does(seed: int, step: int) -> None:
    one, other = map(hashes_of, dense_form(seed, step, 400))
    cut = 37 * seed
    other = np.concatenate([other[cut:], other[:cut]])
    assert numpy_matching_blocks(one, other) == templates.matching_blocks(one, other)


@given(st.lists(st.integers(0, 6), max_size=40), st.lists(st.integers(0, 6), max_size=40))
def test_numpy_aligns_any_texts_as_difflib_does(one: list[int], other: list[int]) -> None:
    texts = np.array(one, np.uint32), np.array(other, np.uint32)
    assert numpy_matching_blocks(*texts) == templates.matching_blocks(*texts)
