"""The dateline of an article, for articles without a date field, and the dates that a text mentions.

A dateline has a full date (day, month and year), with the name of the month or in the order year, month, day: other
orders of digits are ambiguous. It is at the beginning of a line or after a comma, a dash or the like, as in "RIGA,
7 October 2008": dates within sentences are those of events.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from dedup.text.date_words import month_number

HEAD = 300
"""Characters of the text that are searched for a dateline."""
PLACE = 40
"""Longest line before the date, in characters: a place, an agency, "Published:"."""
EARLIEST, LATEST = 1900, 2100
"""The first plausible year, and the first that is too late."""
TURN = 70
"""Two-digit years from this one on are of the 20th century, roughly as in POSIX."""

_JOINT = r"[\s,./-]*(?:\b(?:de|del|of|den)\b)?[\s,./-]*"
_DAY = r"(?<![\d.,:])(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
_LONGEST = 24
"""Longest name of a month, in characters, with a margin: without a limit, long words take quadratic time."""
_YEAR = r"(?P<year>\d{4})(?![\d])"


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    month = rf"(?P<month>[^\W\d_][^\s\d,./-]{{0,{_LONGEST}}})\.?"
    return (
        re.compile(_DAY + _JOINT + month + _JOINT + _YEAR),
        re.compile(r"(?<![^\W\d_])" + month + r"\s*" + _DAY + r",?\s+" + _YEAR),
        re.compile(r"(?<!\d)(?P<year>\d{4})\s*[-/.年년]\s*(?P<month>\d{1,2})\s*[-/.月월]\s*(?P<day>\d{1,2})(?!\d)"),
        re.compile(r"(?<![\d-])(?P<day>\d{1,2})-(?P<month>[^\W\d_]{3,})\.?-(?P<year>\d{2})(?!\d)"),
    )


@cache
def _sign_of_a_date() -> re.Pattern[str]:
    """What each of the patterns needs; most texts have nothing of it, which is soon found."""
    return re.compile(r"\d{4}|\d-[^\W\d_]")


@cache
def _yearless() -> tuple[re.Pattern[str], ...]:
    month = rf"(?P<month>[^\W\d_][^\s\d,./;:)-]{{0,{_LONGEST}}})"
    return (
        re.compile(_DAY + r"\s+(?:(?:de|del|of|den)\s+)?" + month),
        re.compile(r"(?<![^\W\d_])" + month + r"\.?\s+" + _DAY + r"(?!\d|[.,:]\d)"),
        re.compile(r"(?<!\d)(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日"),
    )


def dateline(text: str) -> date | None:
    """The first full date at the head of a text, None where there is none."""
    head = text[:HEAD]
    if not _sign_of_a_date().search(head):
        return None
    found = []
    for pattern in _patterns():
        for match in pattern.finditer(head):
            day = _date(match["year"], match["month"], match["day"])
            if day is not None and _in_dateline(head[: match.start()]):
                found.append((match.start(), day))
                break
    return min(found)[1] if found else None


def find_dates(text: str) -> list[tuple[int, int, tuple[int | None, int, int]]]:
    """The dates that a text mentions, with or without a year: start, end, and (year, month, day) of each."""
    found: list[tuple[int, int, tuple[int | None, int, int]]] = []
    for pattern in _patterns():
        for match in pattern.finditer(text):
            day = _date(match["year"], match["month"], match["day"])
            if day is not None:
                found.append((*match.span(), (day.year, day.month, day.day)))
    for pattern in _yearless():
        for match in pattern.finditer(text):
            day = _date("2000", match["month"], match["day"])  # a leap year
            if day is not None and (not match["month"].isdecimal() or "月" in match[0]):
                found.append((*match.span(), (None, day.month, day.day)))
    dates, end = [], 0
    for start, stop, found_day in sorted(found, key=lambda one: (one[0], one[2][0] is None, -one[1])):
        if start >= end:
            dates.append((start, stop, found_day))
            end = stop
    return dates


def _in_dateline(before: str) -> bool:
    """Whether the text before a date, back to the beginning of its line, is that of a dateline."""
    line = before.rsplit("\n", 1)[-1].rstrip(" \t(")
    return not line or (len(line) <= PLACE and not line[-1].isalnum())


def _date(year: str, month: str, day: str) -> date | None:
    number = int(month) if month.isdecimal() else month_number(month)
    full = int(year) + (0 if len(year) > 2 else 2000 if int(year) < TURN else 1900)
    if number is None or not EARLIEST <= full < LATEST:
        return None
    try:
        return date(full, number, int(day))
    except ValueError:
        return None
