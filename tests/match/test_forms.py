"""Form notices: the words stay, the numbers change."""

from __future__ import annotations

import pytest

from dedup.match.forms import ALIGNED_WORDS, ALIKE_LENGTH, CHANGED_SHARE, MOST_EFFORT, SLOT, is_form

RESERVOIR = (
    "On {} the reservoir stood at {} metres above the datum and held {} million litres or {} per cent of what it can"
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (RESERVOIR.format("3", "41", "900", "71"), RESERVOIR.format("10", "40", "880", "69"), True),
        (RESERVOIR.format("3", "41", "900", "71"), RESERVOIR.format("3", "41", "900", "71"), False),
        (RESERVOIR.format("3", "41", "900", "71"), RESERVOIR.format("3", "41", "900", "70"), False),
        (RESERVOIR.format("3 May", "41", "900", "71"), RESERVOIR.format("10 June", "40", "900", "71"), True),
        ("the mill burned down", "the mill burned again", False),
        ("", "", False),
        ("1 2", "", False),
        ("fire killed 3 and hurt 14 of 90 in 5 of 7 houses since 1990 said 2 of 3 men of 40 and 50 in 60 of 70",
         "fire killed 4 and hurt 15 of 90 in 5 of 7 houses since 1990 said 2 of 3 men of 40 and 50 in 60 of 70", False),
    ],
)  # fmt: skip
def test_a_form_keeps_its_words_and_changes_its_numbers(one: str, other: str, expected: bool) -> None:
    for a, b in ((one, other), (other, one)):
        assert is_form(a.split(), b.split()) is expected


def test_a_long_stretch_put_in_is_no_filled_in_number() -> None:
    rest = [f"v{number}" for number in range(100)]
    base = ["the", "1", "mill", "burned", "down", "at", "2", "today", *rest]
    insert = [f"w{number}" for number in range(40)]
    assert not is_form(base, ["the", *insert, "3", "mill", "burned", "down", "at", *insert, "4", "today", *rest])


@pytest.mark.parametrize(("length", "expected"), [(20, True), (19, False)])
def test_a_part_of_a_form_is_no_filling_of_it(length: int, expected: bool) -> None:
    rest = [f"v{number}" for number in range(36)]
    one, other = ["1", "of", "2", "litres", *rest], ["3", "of", "4", "litres", *rest]
    assert ALIKE_LENGTH * len(one) == 20
    assert is_form(one, other[:length]) is is_form(other[:length], one) is expected


@pytest.mark.parametrize(("length", "expected"), [(SLOT, True), (SLOT + 1, False)])
def test_the_place_of_a_number_takes_up_few_words(length: int, expected: bool) -> None:
    """Each text with two places that hold one number and nothing else of the other text's words."""

    def filled(name: str) -> list[str]:
        places = [[str(number), *(f"{name}{number}x{word}" for word in range(length - 1))] for number in (1, 2)]
        return ["the", "reservoir", "held", *places[0], "and", "then", "lost", *places[1], "of", "its", "water"]

    one, other = filled("a"), [{"1": "3", "2": "4"}.get(word, word) for word in filled("b")]
    assert is_form(one, other) is is_form(other, one) is expected


@pytest.mark.parametrize(("kept", "expected"), [(8, True), (9, False)])
def test_a_later_version_leaves_most_numbers_as_they_are(kept: int, expected: bool) -> None:
    assert (CHANGED_SHARE * (2 + kept) <= 2) is expected
    same = [word for number in range(kept) for word in (f"house{number}", str(100 + number))]
    assert is_form(["killed", "3", "hurt", "14", "of", *same], ["killed", "4", "hurt", "15", "of", *same]) is expected


@pytest.mark.parametrize(("before", "expected"), [(ALIGNED_WORDS - 3, True), (ALIGNED_WORDS - 2, False)])
def test_what_stands_far_down_is_not_looked_at(before: int, expected: bool) -> None:
    long = [f"w{number}" for number in range(before)]
    one, other = ([*long, first, "of", second, "litres"] for first, second in (("1", "2"), ("3", "4")))
    assert is_form(one, other) is expected


@pytest.mark.parametrize(("before", "expected"), [(ALIGNED_WORDS // 8 - 3, True), (ALIGNED_WORDS // 8 - 2, False)])
def test_of_a_table_less_is_aligned(before: int, expected: bool) -> None:
    """An eighth of a text of two words: n of its words make n²/2 pairs of places that hold the same one."""
    eighth = ALIGNED_WORDS // 8
    assert eighth**2 / 2 < MOST_EFFORT < (2 * eighth) ** 2 / 2
    table = ["point", "line"] * ALIGNED_WORDS
    one, other = ([*table[:before], first, "of", second, *table] for first, second in (("1", "2"), ("3", "4")))
    assert is_form(one, other) is expected
