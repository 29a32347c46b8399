"""Names, numbers and dates of two texts, in both or in one alone: shown to a reader, never scored."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TypeVar

from dedup.comparison import Mentions
from dedup.text.dateline import find_dates
from dedup.text.spans import Spans, spans

MOST = 60
"""Most mentions of a kind that are shown."""
_NUMBER = re.compile(r"(?<![^\W_])\d+(?:[.,]\d+)*(?![^\W\d_])\s?%?")
_BETWEEN = re.compile(r"[ \u00a0’'-]{1,2}")
_INITIAL = re.compile(r"\.[ \u00a0]?")
_HALVES = {"am", "pm"}
"""Halves of a day, which are written in capitals."""

Key = TypeVar("Key")


def names(one: str, other: str) -> Mentions:
    """Compare the names in two texts: runs of words capitalised inside a sentence.

    A name is in both if the other text has all its words, in whatever use. Initials belong to the name that follows
    them ("Justice N. V. Ramana"), unless its text also has that word in small letters. An initial alone or at the end
    is no name, nor is AM or PM.
    """
    first, second = spans(one), spans(other)
    words = set(first.words), set(second.words)
    named = _names(first, one), _names(second, other)
    both = {key: written for key, written in named[0].items() if words[1].issuperset(key)}
    both |= {key: written for key, written in named[1].items() if words[0].issuperset(key) and key not in named[0]}
    longest = [key for key in both if not any(set(key) < set(longer) for longer in both)]
    alone = [
        [written for key, written in own.items() if not other_words.issuperset(key)]
        for own, other_words in zip(named, words[::-1], strict=True)
    ]
    return _mentions((both[key] for key in longest), *alone)


def _names(text: Spans, written: str) -> dict[tuple[str, ...], str]:
    """The names of a text by their words, as first written."""
    found: dict[tuple[str, ...], str] = {}
    common = {word for word, at in zip(text.words, text.starts, strict=True) if written[at].islower()}
    start = 0
    while start < len(text):
        if not text.capitals[start]:
            start += 1
            continue
        end = start + 1
        while end < len(text) and _goes_on(text, written, end, common):
            end += 1
        first, last = start, end
        while last > first and (len(text.words[last - 1]) == 1 or text.words[last - 1] in _HALVES):
            last -= 1
        while first < last and text.words[first] in _HALVES:
            first += 1
        if last > first:
            found.setdefault(tuple(text.words[first:last]), written[text.starts[first] : text.ends[last - 1]])
        start = end
    return found


def _goes_on(text: Spans, written: str, place: int, common: Collection[str]) -> bool:
    """Return whether a name goes on with the word at a place, also behind the full stop of an initial."""
    before, after = text.ends[place - 1], text.starts[place]
    if text.capitals[place] and _BETWEEN.fullmatch(written, before, after):
        return True
    if len(text.words[place - 1]) > 1 or text.words[place] in common:
        return False
    return bool(_INITIAL.fullmatch(written, before, after)) and written[after].isupper()


def numbers(one: str, other: str) -> Mentions:
    """Compare the numbers in two texts, dates left out; 1,200 and 1.200 and 1200 are one number."""
    return _compared(_numbers(one), _numbers(other))


def _numbers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    dated = [range(start, end) for start, end, _ in find_dates(text)]
    place = 0
    for match in _NUMBER.finditer(text):
        while place < len(dated) and dated[place].stop <= match.start():
            place += 1
        if place < len(dated) and match.start() in dated[place]:
            continue
        written = match[0].strip()
        found.setdefault(_value(written), written)
    return found


def _value(written: str) -> str:
    """Normalise a number: groups of three digits are thousands, other groups are decimals."""
    whole, *rest = re.split(r"[.,]", written.rstrip("% "))
    if len(whole) <= 3 and whole.lstrip("0"):
        while rest and len(rest[0]) == 3:
            whole += rest.pop(0)
    digits = "".join(str(int(digit)) for digit in whole).lstrip("0") or "0"
    decimals = ".".join("".join(str(int(digit)) for digit in group) for group in rest).rstrip("0")
    return digits + (f".{decimals}" if decimals else "") + ("%" if written.endswith("%") else "")


def dates(one: str, other: str) -> Mentions:
    """Compare the dates in two texts; a date without a year equals that day of any year."""
    days_of: list[dict[tuple[int | None, int, int], str]] = [{}, {}]
    for text, days in zip((one, other), days_of, strict=True):
        for start, end, day in find_dates(text):
            days.setdefault(day, text[start:end].rstrip(". "))

    def known(day: tuple[int | None, int, int], others: Iterable[tuple[int | None, int, int]]) -> bool:
        return any(day[1:] == other[1:] and (day[0] is None or other[0] in {day[0], None}) for other in others)

    return _mentions(
        (written for day, written in days_of[0].items() if known(day, days_of[1])),
        (written for day, written in days_of[0].items() if not known(day, days_of[1])),
        (written for day, written in days_of[1].items() if not known(day, days_of[0])),
    )


def _compared(one: dict[Key, str], other: dict[Key, str]) -> Mentions:
    return _mentions(
        (written for key, written in one.items() if key in other),
        (written for key, written in one.items() if key not in other),
        (written for key, written in other.items() if key not in one),
    )


def _mentions(*groups: Iterable[str]) -> Mentions:
    return Mentions(*(tuple(" ".join(text.split()) for text in list(group)[:MOST]) for group in groups))
