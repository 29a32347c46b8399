"""The dates of `dates.csv`, each with its right value: of sixty languages, of programs, ranges and nonsense."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.dates import Case, cases
from dedup.inputs.dates import possible_orders, read_date
from dedup.text.build_date_words import LANGUAGES

CASES = list(cases())


def test_there_are_enough() -> None:
    assert len(CASES) >= 500
    assert len({(case.text, case.dayfirst, case.seen) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[f"{number}" for number in range(len(CASES))])
def test_a_date_is_right_or_refused(case: Case) -> None:
    reading = read_date(case.text, order="dmy" if case.dayfirst else "", seen=case.seen)
    assert (type(reading.when), reading.when) == (type(case.value), case.value), case
    if isinstance(case.value, datetime) and isinstance(reading.when, datetime):
        assert reading.when.utcoffset() == case.value.utcoffset()
    assert bool(reading.problem) is (case.value is None or case.kind.startswith("zone with several meanings"))


@pytest.mark.parametrize("language", LANGUAGES.split())
def test_no_date_of_a_language_is_read_wrong(language: str) -> None:
    """Every month in every form of CLDR is right or refused; of days alone nearly all are right."""
    dates = pytest.importorskip(
        "babel.dates", reason="the forms of languages are those of Babel, which is not installed"
    )
    right = 0
    for month in range(1, 13):
        for form in ("medium", "long", "full"):
            day = date(2021, month, month + 13)
            clock = datetime.combine(day, time(11 + month, 60 - month))
            found = read_date(dates.format_date(day, form, locale=language)).when
            assert found in {None, day}
            right += found == day
            read = read_date(dates.format_datetime(clock, form, locale=language)).when
            if isinstance(read, datetime):
                assert read.replace(tzinfo=None) == clock
            else:
                assert read in {None, clock.date()}
    assert right >= (
        36 if language not in {"bs", "ha", "hr", "km", "lo", "ml", "mn", "mt", "ne", "si", "th", "zu"} else 18
    )


_DAYS: tuple[Callable[[date], str], ...] = (
    lambda day: f"{day:%-d %B %Y}",
    lambda day: f"{day:%B %-d, %Y}",
    lambda day: f"{day:%A, %B %-d, %Y}",
    lambda day: f"{day:%a %-d %b %Y}",
    lambda day: f"{day:%b. %-d, %Y}",
    lambda day: f"{day:%Y-%m-%d}",
    lambda day: f"{day:%Y/%m/%d}",
    lambda day: f"{day:%d-%b-%Y}",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day.year}. {day.month}. {day.day}.",
    lambda day: f"{day.day}{day:%b%Y}".upper(),
)
_CLOCKS: tuple[Callable[[time], str], ...] = (
    lambda clock: f"{clock:%H:%M}",
    lambda clock: f"{clock:%H:%M:00}",
    lambda clock: f"{clock:%-I:%M %p}",
    lambda clock: f"{clock:%-I:%M%p}".lower(),
    lambda clock: f"{clock:%-I:%M} {'a.m.' if clock.hour < 12 else 'p.m.'}",
    lambda clock: f"{clock:%Hh%M}",
    lambda clock: f"{clock:%H:%M} Uhr",
    lambda clock: f"kl. {clock:%H.%M}",
)
_ZONES = {"": None, " UTC": 0, " GMT+2": 2, " +0530": 5.5, " -03:00": -3, " (GMT-8)": -8, " CEST": 2, " EDT": -4}


@given(
    st.dates(date(1971, 1, 1), date(2049, 12, 31)),
    st.times(),
    *map(st.sampled_from, (_DAYS, _CLOCKS, list(_ZONES), [" ", ", ", " - ", " | ", " at ", "\n"])),
    st.booleans(),
)
def test_every_day_with_every_time_and_zone(
    day: date,
    clock: time,
    day_of: Callable[[date], str],
    clock_of: Callable[[time], str],
    zone: str,
    between: str,
    day_first: bool,
) -> None:
    parts = [day_of(day), clock_of(clock) + zone]
    hours = _ZONES[zone]
    zoned = None if hours is None else timezone(timedelta(hours=hours))
    right = datetime.combine(day, clock.replace(second=0, microsecond=0, tzinfo=zoned))
    assert read_date(between.join(parts if day_first else parts[::-1])).when == right


@pytest.mark.parametrize(
    ("value", "orders"),
    [
        ("23/10/2013", {"dmy"}),
        ("10/23/2013", {"mdy"}),
        ("1/11/2013", {"dmy", "mdy"}),
        ("1/11/13", {"dmy", "mdy", "ymd"}),
        ("2013/10/23", None),
        ("2013-10-23", None),
        ("23 October 2013", None),
        ("45/45/2013", None),
        ("nonsense", None),
        (1580553000, None),
        (None, None),
    ],
)
def test_the_orders_that_a_value_allows(value: object, orders: set[str] | None) -> None:
    assert possible_orders(value) == orders
