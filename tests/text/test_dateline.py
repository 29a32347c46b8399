"""Datelines at the head of a text, which are not to be confused with the dates of events."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.text.dateline import EARLIEST, HEAD, LATEST, PLACE, dateline, find_dates

MARCH = date(1999, 3, 12)


@pytest.mark.parametrize(
    "head",
    [
        "12 March 1999",
        "12 Mar. 1999",
        "12th of March, 1999",
        "March 12, 1999",
        "MARCH 12, 1999",
        "12. März 1999",
        "12 mars 1999",
        "12 de marzo de 1999",
        "12 marzo 1999",
        "12 de março de 1999",
        "12 maart 1999",
        "12. marts 1999",
        "12. března 1999",
        "12 marca 1999",
        "12 martie 1999",
        "12. maaliskuuta 1999",
        "12 Mart 1999",
        "12 Maret 1999",
        "12 марта 1999 г.",
        "12 березня 1999",
        "12 март 1999",
        "12 Μαρτίου 1999",
        "12 مارس 1999",
        "١٢ مارس ١٩٩٩",
        "12 מרץ 1999",
        "12 मार्च 1999",
        "১২ মার্চ ১৯৯৯",
        "1999年3月12日",
        "1999년 3월 12일",
        "1999-03-12",
        "1999/3/12",
        "1999.03.12",
        "12-Mar-1999",
        "12-Mar-99",
    ],
)
def test_a_full_date_is_read_in_many_languages(head: str) -> None:
    for text in (head, f"{head}\nThe mill burned down.", f"({head})"):
        assert dateline(text) == MARCH


@pytest.mark.parametrize(
    "text",
    [
        "BRACKWELL, 12 March 1999 - The mill burned down.",
        "BRACKWELL, March 12, 1999 (Echo) - The mill burned down.",
        "Published: 12 March 1999 14:30",
        "Brackwell Echo | Friday, March 12, 1999 | page 3",
        "The mill burned down\n\nBy our reporter\n12 March 1999\n\nNobody was hurt.",
        "12 March 1999 and 7 October 2008",
        "Since 7 October 2008 it has been known\n12 March 1999",
        "12 March 3999\n12 March 1999",
        "31 February 1999\n12 March 1999",
        # Not a dateline, but it cannot be told from "Tuesday, 12 March 1999": a comma before the date is what counts.
        "On Friday, 12 March 1999, the mill burned down.",
    ],
)
def test_it_is_alone_in_its_line_or_after_a_place(text: str) -> None:
    assert dateline(text) == MARCH


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The mill burned down.",
        "The mill burned down on 12 March 1999.",
        "On 12 March 1999 the mill burned down.",
        "The treaty (signed 12 March 1999) ended the war.",
        "Ever since the mill had burned down, on Friday, 12 March 1999, nobody had come.",
        "Brackwell Mill (12 March 1999) has its own museum.",
        "12 March",
        "March 1999",
        "12 Marble 1999",
        "12 March 19990",
        "112 March 1999",
        "1.12 March 1999",
        "Version 1999-03-12",
        "03/12/1999",  # which may be the third of December
        "12.3.1999",
        "12 listopad 1999",  # November in Polish, October in Croatian
        "1999-13-12",
        "1999-03-32",
        "0 March 1999",
        "31 February 1999",
        "29 February 1999",
        "31 April 1999",
        "12 March 1066",
        f"12 March {EARLIEST - 1}",
        f"12 March {LATEST}",
        "12 March 0000",
        "1 \N{SUPERSCRIPT TWO} 1999",
        "12 \N{CIRCLED DIGIT THREE} 1999",
    ],
)
def test_what_is_no_dateline_is_left_alone(text: str) -> None:
    assert dateline(text) is None


def test_the_first_and_the_last_year_that_are_believed() -> None:
    assert dateline(f"1 January {EARLIEST}") == date(EARLIEST, 1, 1)
    assert dateline(f"31 December {LATEST - 1}") == date(LATEST - 1, 12, 31)
    assert dateline("29 February 2000") == date(2000, 2, 29)
    assert dateline("7-Oct-08") == date(2008, 10, 7)


def test_only_the_head_is_read() -> None:
    line = "12 March 1999"
    assert dateline("x" * (HEAD - len(line) - 1) + f"\n{line}") == MARCH
    assert dateline("x" * (HEAD - len(line)) + f"\n{line}") is None
    assert dateline("x" * (PLACE - 1) + f", {line}") == MARCH
    assert dateline("x" * PLACE + f", {line}") is None


@given(st.text("123 ./-,()\n年月daeMrch\N{SUPERSCRIPT TWO}\N{ARABIC-INDIC DIGIT ONE}", max_size=60) | st.text())
def test_any_text_is_read(text: str) -> None:
    found = dateline(text)
    assert found is None or EARLIEST <= found.year < LATEST


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "a",
        "1a",
        "1 a ",
        "1 de ",
        "a 1 ",
        "a.1, ",
        "1999-",
        "1999年",
        " ",
        "12-Mar-",
        "12 March 199 ",
        "\n",
        "(",
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    """Only the head of a text is searched, and no head takes long, not even one of many gaps."""
    gaps = f"1{' ' * 140}a{' ' * 150}2"
    for text in (unit * (1_000_000 // len(unit)), unit * 20 + gaps, gaps + unit * 1_000_000):
        start = time.process_time()  # what others do on the machine is no matter of its
        dateline(text)
        assert time.process_time() - start < 1.0


def test_dates_are_found_anywhere_in_a_text() -> None:
    text = "12 March 1999 was a Friday; on June 15 and on 3 May 2001 it rained"
    told = [(text[start:stop], day) for start, stop, day in find_dates(text)]
    assert told == [("12 March 1999", (1999, 3, 12)), ("June 15", (None, 6, 15)), ("3 May 2001", (2001, 5, 3))]


def test_a_reading_with_a_year_is_preferred() -> None:
    text = "March 12, 1999"
    assert find_dates(text) == [(0, len(text), (1999, 3, 12))]


def test_a_day_that_is_in_no_calendar_is_not_found() -> None:
    assert find_dates("31 February 2024 and 30 Feb") == []
