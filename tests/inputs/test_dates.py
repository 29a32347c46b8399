from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dedup.inputs.dates import read_date

INDIA = timezone(timedelta(hours=5, minutes=30))
ZERO = {date(1969, 12, 31), date(1970, 1, 1)}
NEW_YORK = timezone(timedelta(hours=-5))


def parse_date(value: Any, *, dayfirst: bool = False, today: date | None = None) -> tuple[date | None, str]:
    reading = read_date(value, order="dmy" if dayfirst else "", today=today)
    return reading.when, reading.problem


def at(*parts: int, zone: timezone | None = None) -> datetime:
    year, month, day, hour, minute, second, microsecond = (*parts, 0, 0, 0, 0)[:7]
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("2020-01-01", date(2020, 1, 1)),
        (" 2020-01-01 ", date(2020, 1, 1)),
        ("20200101", date(2020, 1, 1)),
        (20200101, date(2020, 1, 1)),
        (20200101.0, date(2020, 1, 1)),
        ("2020-02-01T10:30:00", at(2020, 2, 1, 10, 30)),
        ("2020-02-01 10:30:00Z", at(2020, 2, 1, 10, 30, zone=UTC)),
        ("2020-02-01T10:30:00.123456789+05:30", at(2020, 2, 1, 10, 30, 0, 123456, zone=INDIA)),
        ("2020-02-01 10:30 +0530", at(2020, 2, 1, 10, 30, zone=INDIA)),
        ("20200201103000", at(2020, 2, 1, 10, 30)),
        ("Sat, 01 Feb 2020 10:30:00 GMT", at(2020, 2, 1, 10, 30, zone=UTC)),
        ("Sat, 01 Feb 2020 10:30:00 -0500", at(2020, 2, 1, 10, 30, zone=NEW_YORK)),
        ("Sat, 01 Feb 2020 10:30:00 EST", at(2020, 2, 1, 10, 30, zone=NEW_YORK)),
        ("Sat, 01 Feb 70 10:30:00 GMT", at(1970, 2, 1, 10, 30, zone=UTC)),
        ("26-FEB-1987 15:01:01.79", at(1987, 2, 26, 15, 1, 1, 790000)),
        ("3-MAR-1987  09:15:05.40", at(1987, 3, 3, 9, 15, 5, 400000)),
        ("27-MAR-1987 00:02:59.13RM", at(1987, 3, 27, 0, 2, 59, 130000)),
        ("27-MAR-1987 08:45:34.42C G T M", at(1987, 3, 27, 8, 45, 34, 420000)),
        ("5 March 2020", date(2020, 3, 5)),
        ("March 5, 2020", date(2020, 3, 5)),
        ("Thursday 5 March 2020", date(2020, 3, 5)),
        ("5 Mar 2020 3pm", at(2020, 3, 5, 15)),
        ("13/02/2020", date(2020, 2, 13)),
        ("02/13/2020", date(2020, 2, 13)),
        ("02/02/2020", date(2020, 2, 2)),
        ("2020/03/04", date(2020, 3, 4)),
        ("2020/03/04 10:00", at(2020, 3, 4, 10)),
        (1580553000, at(2020, 2, 1, 10, 30, zone=UTC)),
        (1580553000.5, at(2020, 2, 1, 10, 30, 0, 500000, zone=UTC)),
        (1580553000000, at(2020, 2, 1, 10, 30, zone=UTC)),
        ("1580553000", at(2020, 2, 1, 10, 30, zone=UTC)),
        ("1580553000000", at(2020, 2, 1, 10, 30, zone=UTC)),
        (np.int64(1580553000), at(2020, 2, 1, 10, 30, zone=UTC)),
        (np.datetime64("2020-02-01"), date(2020, 2, 1)),
        (np.datetime64("2020-02-01T10:30", "ns"), at(2020, 2, 1, 10, 30)),
        (pd.Timestamp("2020-02-01T10:30:00.000000001", tz=INDIA), at(2020, 2, 1, 10, 30, zone=INDIA)),
        (date(2020, 2, 1), date(2020, 2, 1)),
        (at(2020, 2, 1, zone=INDIA), at(2020, 2, 1, zone=INDIA)),
    ],
)
def test_a_date_is_read(value: Any, when: date | datetime) -> None:
    found, problem = parse_date(value)
    assert (found, type(found), problem) == (when, type(when), "")
    if isinstance(found, datetime) and isinstance(when, datetime):
        assert found.utcoffset() == when.utcoffset()


@pytest.mark.parametrize(
    "value",
    [
        *("foo", "Monday", "12:30", "2020", "Feb 2020", "2020-02", "March 5", "99", "1.5", "-", "0"),
        *("2020-02-30", "31 April 2020", "2020-13-45", "0000-00-00", "20201345", "2020-01-01T25:00:00"),
        *("2020-01-01T00:00:00-99:00", "9" * 100, "1" * 5000, "x" * 5000, "9-APR-1987 00:00:00.00 # guesswork"),
        *(2020, -5, 0, True, float("inf"), 10**100, 10**5000, {"day": 1}, ["2020-01-01"], b"2020-01-01"),
        *(np.datetime64("2020"), np.datetime64("2020-02"), np.array([1, 2])),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) else "number",
)
def test_what_is_no_date_is_none(value: Any) -> None:
    when, problem = parse_date(value)
    assert when is None
    assert problem.startswith("date ")
    assert problem.endswith(" is not understood")
    assert len(problem) < 120


def test_the_message_quotes_the_value() -> None:
    assert parse_date("foo") == (None, "date 'foo' is not understood")


@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31T23:59:59-05:00", at(9999, 12, 31), date.min])
def test_the_fill_ins_of_databases_are_no_dates(value: Any) -> None:
    when, problem = parse_date(value)
    assert when is None
    assert "too far away" in problem


@pytest.mark.parametrize(
    "value",
    ["1970-01-01", "1969-12-31T19:00:00-05:00", 0.0, "000000000", "Thu, 01 Jan 1970 00:00:00 GMT", date(1970, 1, 1)],
)
def test_the_zero_of_a_clock_is_no_date(value: Any) -> None:
    when, problem = parse_date(value)
    assert when is None
    assert "the zero of a computer's clock" in problem or value == 0.0


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("2020-03-07", date(2020, 3, 7)),
        ("2020-03-07T12:00:00Z", at(2020, 3, 7, 12, zone=UTC)),
        ("2020-03-07T23:00:00-05:00", None),
        ("2020-03-08", None),
        (1583798400, None),
        ("2099-01-01", None),
    ],
)
@pytest.mark.parametrize("today", [at(2020, 3, 5, 12, zone=UTC), at(2020, 3, 5, 12)])
def test_what_is_more_than_two_days_ahead_is_in_the_future(value: Any, when: date | None, today: datetime) -> None:
    found, problem = parse_date(value, today=today)
    assert found == when
    assert ("in the future" in problem) is (when is None)
    assert parse_date(value)[0] is not None


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("01/02/2020", date(2020, 2, 1)),
        ("10.11.2020", date(2020, 11, 10)),
        ("01/02/2020 10:00 PM UTC", at(2020, 2, 1, 22, zone=UTC)),
        ("10:30 01/02/2020", at(2020, 2, 1, 10, 30)),
        ("Sat, 01-02-2020", date(2020, 2, 1)),
        ("03-04-05", date(2005, 4, 3)),
        ("20/01/15", date(2015, 1, 20)),
        ("2020/03/04", date(2020, 3, 4)),
        ("2020-03-04", date(2020, 3, 4)),
        ("5 March 2020", date(2020, 3, 5)),
        ("02/13/2020", None),
        ("31/02/2020", None),
    ],
)
def test_day_first(value: str, when: date | None) -> None:
    found, problem = parse_date(value, dayfirst=True)
    assert (found, type(found)) == (when, type(when))
    assert bool(problem) is (when is None)


@pytest.mark.parametrize("value", ["01/02/2020", "10.11.2020", "01/02/2020 10:00 PM UTC", "03-04-05", "20/01/15"])
def test_a_date_that_can_mean_two_days_is_none(value: str) -> None:
    when, problem = parse_date(value)
    assert when is None
    assert " can mean " in problem
    assert " or " in problem


def test_a_zone_that_means_several_is_told() -> None:
    when, problem = parse_date("24 Jan 2020 10:15 IST")
    assert (when, type(when)) == (date(2020, 1, 24), date)
    assert problem == "time zone 'IST' is not understood"


_PIECES = "12 5 2020 may mai < > { am pm GMT + - 02:00 10:30 : . , / 年 月 日 5月 上午 ago hours yesterday T Z ( ) th h"
_PIECES += " Uhr IST 令和 元 十 二〇二〇 半 時 \u200f ١٢ ' kl １ of W20 \ud800 listopada ngày tháng \0 sep=; °"


@given(
    st.text(max_size=90)
    | st.text("0123456789-/.:, TZ+JanMrpm", max_size=40)
    | st.lists(st.sampled_from([" ", *_PIECES.split()]), max_size=14).map("".join)
)
def test_no_text_raises(text: str) -> None:
    when, problem = parse_date(text)
    assert (when is None) <= bool(problem)


@given(
    st.datetimes(
        at(1605, 1, 1),
        at(2199, 12, 31),
    ),
    st.sampled_from([None, UTC, INDIA]),
)
def test_iso_dates_come_back(when: datetime, zone: timezone | None) -> None:
    assume(when.date() not in ZERO)
    when = when.replace(tzinfo=zone)
    assert parse_date(when.isoformat()) == (when, "")
    assert parse_date(when.date().isoformat()) == (when.date(), "")


@given(st.dates(date(1605, 1, 1), date(2199, 12, 31)))
def test_dates_in_words_come_back(when: date) -> None:
    assume(when not in ZERO)
    month = ["January", "February", "March", "April", "May", "June", "July", "August"]
    month += ["September", "October", "November", "December"]
    assert parse_date(f"{when.day} {month[when.month - 1]} {when.year}") == (when, "")


def test_the_machines_time_zone_does_not_matter() -> None:
    script = (
        "from dedup.inputs.dates import read_date;"
        " print(*map(read_date, ['1 Feb 2020 9:00 IST', '1 Feb 2020 9:00 UTC']))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for zone in ("UTC", "Asia/Kolkata", "America/New_York")
    ]
    assert len(set(runs)) == 1
    assert "IST" in runs[0]
