"""Parse publication dates of any common form. Ambiguous dates are refused, not guessed.

The result depends on the arguments alone, never on the machine's time zone, locale or clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from dedup.formats.escaping import quote

if TYPE_CHECKING:
    from dateutil.parser import parser

_LONGEST = 80
"""Maximum characters of a date."""

_FIRST_YEAR, _LAST_YEAR = 1605, 2199
"""The first newspaper was printed in 1605. Databases fill gaps with dates outside: 0001-01-01, 9999-12-31."""

_ZERO = (date(1969, 12, 31), date(1970, 1, 1))
"""The Unix epoch in zones east and west of Greenwich: the value of a date that was never set."""

_AHEAD = timedelta(days=2)
"""How far after today a date may be: clocks and time zones differ, and some papers carry the date of tomorrow."""

_WIRE_STAMP = re.compile(r"(\d{1,2})-([A-Z]{3})-(\d{4})\s+(\d\d:\d\d:\d\d\.\d\d)(?:[A-Z]{1,2}(?: [A-Z]{1,2})*)?")
"""Time stamp of a wire agency, with or without routing letters: `27-MAR-1987 00:02:59.13RM`."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAME = re.compile("|".join(_MONTHS), re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(?<![\d/.-])\d{4}[/.-]\d")

_ZONES = {"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5}
_ZONES |= {"MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
"""Hours from UTC of the zone names in RFC 2822. Other names are ambiguous."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A parsed date, or why there is none.

    Attributes:
        when: a `date` if only the day is known; a `datetime`, naive if no zone is given; None if the value is refused.
        problem: a clause for a `Notice`, "" for none. Beside a date it says that the time zone is not understood.
        kind: the problem without the value, by which problems are counted: "not understood".
    """

    when: date | datetime | None
    problem: str = ""
    kind: str = ""


def read_date(value: Any, *, dayfirst: bool = False, today: date | None = None) -> Reading:
    """Parse a publication date. An ambiguous or incomplete date is refused, not guessed.

    Refused are values that cannot be parsed, impossible dates, dates without a day or a year, dates whose day and month
    can be exchanged (`01/02/2020`), the zero of a computer's clock (1970-01-01), and dates in the future.

    Args:
        value: a `date`, a `datetime`, a pandas Timestamp, a NumPy datetime64; a string in ISO 8601, RFC 2822, compact
            form (`20200101`) or words (`5 March 2020, 3 pm`); seconds or milliseconds since 1970 as a number or as
            digits.
        dayfirst: read `01/02/2020` as 1 February. By default such a date is refused as ambiguous.
        today: refuse dates more than two days after this one. None for no limit.
    """
    if type(value) is str and len(value) <= _LONGEST:  # dates repeat across articles: cache them
        return _read_text(value, dayfirst, today)
    return _read(value, dayfirst, today)


@lru_cache(maxsize=1 << 12)
def day_or_time(text: str) -> date | datetime:
    """Parse ISO 8601 and nothing else: a `date` for a text of at most ten characters, else a `datetime`.

    Raises:
        ValueError: the text is neither.
    """
    return date.fromisoformat(text) if len(text) <= len("2024-01-31") else datetime.fromisoformat(text)


def _read_text(text: str, dayfirst: bool, today: date | None) -> Reading:
    return _read(text, dayfirst, today)


def _read(value: Any, dayfirst: bool, today: date | None) -> Reading:
    try:
        reading = _parse(value, dayfirst)
    except (ValueError, OverflowError, ArithmeticError, TypeError, IndexError, AttributeError):
        reading = Reading(None)  # dateutil raises any of these for invalid strings
    when = reading.when
    if when is None:
        return reading if reading.problem else _refused(value, "not understood")
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        return _refused(value, "too far away for a news article")
    if (when.date() if isinstance(when, datetime) else when) in _ZERO:
        return _refused(value, "the zero of a computer's clock")
    if today is not None and _instant(when) > _instant(today) + _AHEAD:
        return _refused(value, "in the future")
    return reading


def _refused(value: Any, why: str) -> Reading:
    return Reading(None, f"date {quote(value)} is {why}", why)


def _instant(when: date) -> datetime:
    """Return the time in UTC: midnight for a `date`, and a naive `datetime` as it stands."""
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _parse(value: Any, dayfirst: bool) -> Reading:
    if hasattr(value, "to_pydatetime"):  # pandas
        return Reading(value.to_pydatetime(warn=False))
    if type(value).__name__ == "datetime64":  # NumPy
        unit = value.dtype.str.partition("[")[2]
        return Reading(None if unit in {"Y]", "M]"} else value.astype("M8[us]" if unit != "D]" else "M8[D]").item())
    if isinstance(value, date):
        return Reading(value)
    if hasattr(value, "item"):  # a NumPy number
        value = value.item()
    if isinstance(value, bool):
        return Reading(None)
    if isinstance(value, int | float):
        value = str(int(value)) if value == int(value) else f"{value:.6f}"
    if not isinstance(value, str) or len(value) > _LONGEST:
        return Reading(None)
    return _parse_text(value.strip(), dayfirst)


def _parse_text(text: str, dayfirst: bool) -> Reading:
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return Reading(_parse_digits(text))
    if stamp := _WIRE_STAMP.fullmatch(text):
        day, month, year, time = stamp.groups()
        text = f"{year}-{_MONTHS.index(month.lower()) + 1:02}-{day:0>2}T{time}"
    for parse in (date.fromisoformat, datetime.fromisoformat):
        try:
            return Reading(parse(text))
        except ValueError:
            continue
    return _parse_words(text, dayfirst)


def _parse_digits(text: str) -> date | datetime | None:
    """Parse compact dates, and seconds (9 or 10 digits before the point) or milliseconds (12 or 13) since 1970."""
    for form in {8: ["%Y%m%d"], 12: ["%Y%m%d%H%M"], 14: ["%Y%m%d%H%M%S"]}.get(len(text), []):
        try:
            when = datetime.strptime(text, form)  # noqa: DTZ007 - compact forms carry no zone
        except ValueError:
            continue
        return when if "%H" in form else when.date()
    whole = len(text.partition(".")[0])
    if whole in {9, 10}:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(text))
    if whole in {12, 13}:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=float(text))
    return None


@cache  # cached so that dateutil is imported only when needed
def _parser() -> parser:
    from dateutil.parser import parser, parserinfo

    class Info(parserinfo):
        def convertyear(self, year: int, century_specified: bool = False) -> int:
            """Read two digits as RFC 2822 does; dateutil's rule depends on the current year."""
            return year if century_specified or year > 99 else year + (2000 if year < 50 else 1900)

    return parser(Info())


def _parse_words(text: str, dayfirst: bool) -> Reading:
    """Parse the general case with dateutil. Only what the text itself states counts, none of dateutil's defaults."""
    parser = _parser()
    dayfirst = dayfirst and not _YEAR_FIRST.search(text)  # dateutil would read 2020/03/04 as 3 April
    unknown: list[str] = []

    def zone(name: str | None, seconds: int | None) -> timezone | None:
        if seconds is not None:
            return timezone(timedelta(seconds=seconds))
        if name is None:
            return None
        if name not in _ZONES:
            unknown.append(name)
            return None
        return timezone(timedelta(hours=_ZONES[name]))

    def read(default: datetime, day_first: bool, year_first: bool) -> datetime:
        return parser.parse(text, default=default, dayfirst=day_first, yearfirst=year_first, tzinfos=zone)

    # Missing parts come from the default: two defaults that differ in every part show which are missing.
    defaults = (datetime(2000, 1, 1), datetime(2004, 12, 31, 23, 59))  # noqa: DTZ001 - a zone would be invented
    first, second = (read(default, dayfirst, False) for default in defaults)
    if first.date() != second.date():
        return Reading(None)
    if not _MONTH_NAME.search(text) and not _YEAR_FIRST.search(text):
        # A numeric month: every possible order of day, month and year must give the same day.
        orders = ((True, False),) if dayfirst else ((day, year) for day in (False, True) for year in (False, True))
        readings = {read(first, day, year).date() for day, year in orders}
        if len(readings) > 1:
            days = " or ".join(f"{day:%Y-%m-%d}" for day in sorted(readings))
            return Reading(None, f"date {quote(text)} can mean {days}", "open to two readings (--dayfirst)")
        if dayfirst and not _is_day_first(text, first.date()):
            return Reading(None, f"date {quote(text)} does not have its day first", "without its day first")
    if first.hour != second.hour:
        return Reading(first.date())
    if unknown:
        return Reading(first, f"time zone {quote(unknown[0])} is not understood", "in a time zone not understood")
    return Reading(first)


def _is_day_first(text: str, day: date) -> bool:
    """Return whether the first number is the day. dateutil reads 02/13/2020 as 13 February even with `dayfirst`."""
    figure = re.search(r"(?<![:\d])(\d{1,2})[/. -]\s?\d", text)
    return figure is not None and int(figure[1]) == day.day
