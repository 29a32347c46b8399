"""What two texts name: people and places, numbers, dates; in both, or in one alone. Told to a reader, never scored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from dedup.comparison import Mentions
from dedup.text.dateline import find_dates
from dedup.text.spans import Spans, spans

MOST = 60
"""Mentions of a kind that are told."""
_NUMBER = re.compile(r"(?<![^\W_])\d+(?:[.,]\d+)*(?![^\W\d_])\s?%?")
_BETWEEN = re.compile(r"[ \u00a0’'-]{1,2}")

Key = TypeVar("Key")


def names(one: str, other: str) -> Mentions:
    """The names in two texts: words capitalised inside a sentence, those that follow each other taken together.

    A name is in both where the other text has all its words, however it is used there.
    """
    first, second = spans(one), spans(other)
    words = set(first.words), set(second.words)
    named = _names(first, one), _names(second, other)
    both = {key: told for key, told in named[0].items() if words[1].issuperset(key)}
    both |= {key: told for key, told in named[1].items() if words[0].issuperset(key) and key not in named[0]}
    longest = [key for key in both if not any(set(key) < set(longer) for longer in both)]
    alone = [
        [told for key, told in own.items() if not other_words.issuperset(key)]
        for own, other_words in zip(named, words[::-1], strict=True)
    ]
    return _mentions((both[key] for key in longest), *alone)


def _names(text: Spans, written: str) -> dict[tuple[str, ...], str]:
    """The names of a text by their words, as first written."""
    found: dict[tuple[str, ...], str] = {}
    start = 0
    while start < len(text):
        if not text.capitals[start]:
            start += 1
            continue
        end = start + 1
        while (
            end < len(text) and text.capitals[end] and _BETWEEN.fullmatch(written, text.ends[end - 1], text.starts[end])
        ):
            end += 1
        found.setdefault(tuple(text.words[start:end]), written[text.starts[start] : text.ends[end - 1]])
        start = end
    return found


def numbers(one: str, other: str) -> Mentions:
    """The numbers in two texts, those of dates aside; 1,200 and 1.200 and 1200 are one number."""
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
    """A number in one form: groups of three digits are thousands, other groups are decimals."""
    whole, *rest = re.split(r"[.,]", written.rstrip("% "))
    if len(whole) <= 3 and whole.lstrip("0"):
        while rest and len(rest[0]) == 3:
            whole += rest.pop(0)
    digits = "".join(str(int(digit)) for digit in whole).lstrip("0") or "0"
    decimals = ".".join("".join(str(int(digit)) for digit in group) for group in rest).rstrip("0")
    return digits + (f".{decimals}" if decimals else "") + ("%" if written.endswith("%") else "")


def dates(one: str, other: str) -> Mentions:
    """The dates that two texts tell of; one without a year is every year's."""
    told: list[dict[tuple[int | None, int, int], str]] = [{}, {}]
    for text, days in zip((one, other), told, strict=True):
        for start, end, day in find_dates(text):
            days.setdefault(day, text[start:end].rstrip(". "))

    def known(day: tuple[int | None, int, int], others: Iterable[tuple[int | None, int, int]]) -> bool:
        return any(day[1:] == other[1:] and (day[0] is None or other[0] in {day[0], None}) for other in others)

    return _mentions(
        (written for day, written in told[0].items() if known(day, told[1])),
        (written for day, written in told[0].items() if not known(day, told[1])),
        (written for day, written in told[1].items() if not known(day, told[0])),
    )


def _compared(one: dict[Key, str], other: dict[Key, str]) -> Mentions:
    return _mentions(
        (written for key, written in one.items() if key in other),
        (written for key, written in one.items() if key not in other),
        (written for key, written in other.items() if key not in one),
    )


def _mentions(*told: Iterable[str]) -> Mentions:
    return Mentions(*(tuple(" ".join(one.split()) for one in list(some)[:MOST]) for some in told))
