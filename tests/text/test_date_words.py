"""The table of the words of dates, and how they are folded."""

from __future__ import annotations

from importlib.resources import files

import pytest

from dedup.text import build_date_words
from dedup.text.date_words import date_words, fold, month_number, phrase


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("12. MÄRZ  2020", "12. marz 2020"),
        ("١٢ مايو", "12 مایو"),
        ("１２／０５", "12/05"),
        ("KASIM kasım", "kasim kasim"),
        ("a–b—c−d", "a-b-c-d"),
        ("\u200e12\u00a0Mai\u202f2020\u200f", "12 mai 2020"),
        ("12 ΜΑΪΟΥ", "12 μαιου"),
        ("मई", "मई"),
    ],
)
def test_a_date_is_folded(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded


def test_a_phrase_is_its_words() -> None:
    assert phrase("il y a 2 h.") == "il y a # h"
    assert phrase("segunda-feira") == "segunda feira"


@pytest.mark.parametrize(
    ("name", "number"), [("März", 3), ("MAI", 5), ("fevrier", 2), ("Sept.", 9), ("мая", 5), ("Foo", None)]
)
def test_the_number_of_a_month(name: str, number: int | None) -> None:
    assert month_number(name) == number


def test_every_month_and_day_has_names() -> None:
    words = date_words()
    assert set(words["month"].values()) == {str(number) for number in range(1, 13)}
    assert set("".join(words["weekday"].values())) == set("0123456")
    assert set(words["half"].values()) == {"am", "pm"}


def test_no_phrase_has_two_values() -> None:
    rows = [line.split("\t") for line in files("dedup.text").joinpath("date_words.tsv").read_text("utf-8").splitlines()]
    assert rows == sorted(rows)
    assert len({(kind, words) for kind, _, words in rows}) == len(rows)
    assert all(words == phrase(fold(words)) for _, _, words in rows)


def test_the_table_is_what_babel_gives() -> None:
    babel = pytest.importorskip("babel", reason="the table is made with Babel, which is not installed")
    if babel.__version__ != "2.19.0":
        pytest.skip(f"the table was made with Babel 2.19.0, this is {babel.__version__}")
    assert build_date_words.table() == files("dedup.text").joinpath("date_words.tsv").read_text("utf-8")
