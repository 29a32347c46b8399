"""Parse publication dates of any common form. Ambiguous dates are refused, not guessed.

The result depends on the arguments alone, never on the machine's time zone, locale or clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from dedup.formats.escaping import quote
from dedup.inputs.date_grammar import UNSEEN, UnreadableError, parse
from dedup.text.date_words import fold

_LONGEST = 120
"""Maximum characters of a date."""

_FIRST_YEAR, _LAST_YEAR = 1605, 2199
"""The first newspaper was printed in 1605. Databases fill gaps with dates outside: 0001-01-01, 9999-12-31."""

_ZERO = (date(1969, 12, 31), date(1970, 1, 1))
"""The Unix epoch in zones east and west of Greenwich: the value of a date that was never set."""

_AHEAD = timedelta(days=2)
"""How far after today a date may be: clocks and time zones differ, and some papers carry the date of tomorrow."""

_WIRE_STAMP = re.compile(r"(\d{1,2}-[A-Z]{3}-\d{4}\s+\d\d:\d\d:\d\d\.\d\d)(?:[A-Z]{1,2}(?: [A-Z]{1,2})*)?")
"""Time stamp of a wire agency, with or without routing letters: `27-MAR-1987 00:02:59.13RM`."""

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{4}-?W\d\d-?\d")
_ISO_TIME = re.compile(rf"(?:{_ISO_DAY.pattern}|\d{{8}})[Tt ]\d.*")
_ORDINAL = re.compile(r"(\d{4})-(\d{3})(?:[Tt ](\d\d:.*))?")
"""What `fromisoformat` is asked for: it reads a week as its Monday, and `2020-05-12+02:00` as two o'clock."""

_JSON_DATE = re.compile(r"/Date\((\d{12,13})(?:[+-]\d{4})?\)/")
"""A date in JSON as .NET writes it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A parsed date, or why there is none.

    Attributes:
        when: a `date` if only the day is known; a `datetime`, naive if no zone is given; None if the value is refused.
        problem: a clause for a `Notice`, "" for none. Beside a day it says that the time zone is not understood.
        kind: the problem without the value, by which problems are counted: "not understood".
        orders: the orders of day, month and year between which the value does not decide, empty if there is no doubt.
    """

    when: date | datetime | None
    problem: str = ""
    kind: str = ""
    orders: frozenset[str] = frozenset()


def read_date(value: Any, *, order: str = "", today: date | None = None, seen: date | None = None) -> Reading:
    """Parse a publication date. An ambiguous or incomplete date is refused, not guessed.

    Refused are values that cannot be parsed, impossible dates, dates without a day or a year, dates whose day and month
    can be exchanged (`01/02/2020`), the zero of a computer's clock (1970-01-01), and dates in the future.

    Args:
        value: a `date`, a `datetime`, a pandas Timestamp, a NumPy datetime64; a string in ISO 8601, RFC 2822, compact
            form (`20200101`) or words (`5 March 2020, 3 pm`, `2 hours ago`); seconds, milliseconds, microseconds or
            nanoseconds since 1970 as a number or as digits.
        order: how to read `01/02/2020`: "dmy" as 1 February, "mdy" as 2 January. By default it is refused as ambiguous.
        today: refuse dates more than two days after this one. None for no limit.
        seen: when the article was fetched, from which "2 hours ago" and "yesterday" count. None if unknown.
    """
    try:
        reading = _parse(value, order, seen)
    except (ValueError, OverflowError, ArithmeticError, TypeError):  # out of range
        reading = Reading(None)
    when = reading.when
    if when is None:
        return reading if reading.problem else _refused(value, "not understood")
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        return _refused(value, "too far away for a news article")
    if (when.date() if isinstance(when, datetime) else when) in _ZERO:
        return _refused(value, "the zero of a computer's clock")
    # Comparing the years is enough for most dates, and fast.
    if today is not None and when.year >= today.year and _instant(when) > _instant(today) + _AHEAD:
        return _refused(value, "in the future")
    return reading


@lru_cache(maxsize=1 << 12)
def day_or_time(text: str) -> date | datetime:
    """Parse ISO 8601 and nothing else: a `date` for a text of at most ten characters, else a `datetime`.

    Raises:
        ValueError: the text is neither.
    """
    return date.fromisoformat(text) if len(text) <= len("2024-01-31") else datetime.fromisoformat(text)


def _refused(value: Any, why: str) -> Reading:
    return Reading(None, f"date {quote(value)} is {why}", why)


def _instant(when: date) -> datetime:
    """Return the time in UTC: midnight for a `date`, and a naive `datetime` as it stands."""
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _parse(value: Any, order: str, seen: date | None) -> Reading:
    if type(value) is str:  # nearly all
        return _parse_text(value, order, seen)
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
    return _parse_text(value, order, seen) if isinstance(value, str) else Reading(None)


def _parse_text(value: str, order: str, seen: date | None) -> Reading:
    if len(value) > _LONGEST:
        return Reading(None)
    text = value.strip()
    exact = _parse_exact(text)
    if exact is not None:
        return Reading(exact)
    reading = _parse_words(text, order)
    return reading if seen is None or reading.kind != UNSEEN else _parse_in_words(text, order, seen)


@lru_cache(maxsize=1 << 12)  # dates repeat across articles
def _parse_exact(text: str) -> date | datetime | None:
    """Parse ISO 8601 and forms of digits; None for any other text."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return _parse_digits(fold(text))
    if _ISO_DAY.fullmatch(text):
        return date.fromisoformat(text)
    if _ISO_TIME.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    if found := _ORDINAL.fullmatch(text):
        year, day, clock = found.groups()
        when = datetime.strptime(f"{year}{day}", "%Y%j").date()  # noqa: DTZ007 - a day has no zone
        return datetime.combine(when, time.fromisoformat(clock)) if clock else when
    if found := _JSON_DATE.fullmatch(text):
        return _parse_digits(found[1])
    return None


_UNITS = {9: 1, 10: 1, 12: 1000, 13: 1000, 15: 10**6, 16: 10**6, 18: 10**9, 19: 10**9}
"""Units per second of a number of so many digits since 1970."""


def _parse_digits(text: str) -> date | datetime | None:
    """Parse compact dates, and seconds, milliseconds, microseconds or nanoseconds since 1970, by the digits."""
    for form in {8: ["%Y%m%d"], 12: ["%Y%m%d%H%M"], 14: ["%Y%m%d%H%M%S"], 17: ["%Y%m%d%H%M%S%f"]}.get(len(text), []):
        try:
            when = datetime.strptime(text, form)  # noqa: DTZ007 - compact forms carry no zone
        except ValueError:
            continue
        return when if "%H" in form else when.date()
    whole, _, part = text.partition(".")
    if len(whole) == 10 and re.fullmatch(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])", whole):
        return None  # 2020051210 may be an hour, and seconds of the year 2034
    unit = _UNITS.get(len(whole))
    if unit is None:
        return None
    microseconds = int(whole) * 10**6 // unit + (int(f"{part:0<6}"[:6]) // unit if part else 0)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


@lru_cache(maxsize=1 << 12)
def _parse_words(text: str, order: str) -> Reading:
    return _parse_in_words(text, order, None)


def _parse_in_words(text: str, order: str, seen: date | None) -> Reading:
    stamp = _WIRE_STAMP.fullmatch(text)
    try:
        parsed = parse(stamp[1] if stamp else text, seen)
    except UnreadableError as error:
        return _refused(text, str(error)) if str(error) else Reading(None)
    days = parsed.days
    if order and "" not in days:
        if order not in days:
            kind = f"without its {'day' if order == 'dmy' else 'month'} first"
            return Reading(None, f"date {quote(text)} is {kind}", kind)
        days = {order: days[order]}
    if len(readings := sorted(set(days.values()))) > 1:
        either = " or ".join(f"{day:%Y-%m-%d}" for day in readings)
        problem = f"date {quote(text)} can mean {either}"
        return Reading(None, problem, "open to two readings (--dayfirst)", frozenset(days))
    day = readings[0]
    if parsed.zone:
        return Reading(day, f"time zone {quote(parsed.zone)} is not understood", "in a time zone not understood")
    return Reading(day if parsed.time is None else datetime.combine(day, parsed.time))


def possible_orders(value: Any) -> frozenset[str] | None:
    """Return the orders of day, month and year under which a value is a date; None if it is no date in figures."""
    if not isinstance(value, str) or len(value) > _LONGEST or _parse_exact(value.strip()) is not None:
        return None
    try:
        orders = frozenset(parse(value).days)
    except (ValueError, OverflowError):
        return None
    return None if "" in orders else orders
