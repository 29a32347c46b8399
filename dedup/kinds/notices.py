"""What notices and articles on matches are about: the place of a forecast, the person of an obituary, the two sides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from dedup.kinds.texts import SPORT_WORDS
from dedup.kinds.titles import OF_NOTICES
from dedup.kinds.words import lower_words_in, words_in
from dedup.text.date_words import date_words

_LEAD, _READ = 400, 4_000
"""Characters of a text in which a place or a person is looked for, and in which words are seen in lower case."""
_LEAD_OF_MATCH = 700
"""Characters of an article on a match that name its sides."""
_INSIDE = re.compile(r"(?<=[\w,;] )[^\W\d_]\w+")
_CAPITALISED = r"\b[A-ZÀ-ÖØ-ÞА-ЯЁ][^\W\d_]+"
_BEFORE_PLACES = (
    "in|for|over|of|at|near|across|around|für|rund um|à|sur|pour|de|en|para|sobre|a|di|su|per|em|в|на|над|для"
)
"""What stands before a place in English, German, French, Spanish, Italian, Portuguese and Russian."""
_NAME = re.compile(
    rf"(?P<before>\b(?i:{_BEFORE_PLACES}) (?:the )?)?"
    rf"(?P<name>{_CAPITALISED}(?:[ -]{_CAPITALISED})*)(?P<sign>\s?[:–—(])?"
)
_OF_PERSONS = frozenset(
    (
        *("obituary", "obituaries", "death", "funeral", "nachruf", "todesanzeige", "todesanzeigen", "traueranzeige"),
        *("traueranzeigen", "décès", "nécrologie", "obituario", "esquela", "esquelas", "necrologi", "necrologie"),
        *("necrologio", "lutto", "некролог"),
    )
)
"""Words in the titles of notices about persons."""


class About(NamedTuple):
    """What a notice or an article on a match is about.

    Attributes:
        form: "notice"; "result" of a match, or another article on a "match".
        names: the names, and of a notice the figures, in lower case.
        beside: of an article on a match other names in its lead.
    """

    form: str
    names: frozenset[str]
    beside: frozenset[str] = frozenset()


class _Name(NamedTuple):
    """A name in a lead: its words in lower case, and whether it stands where a place does."""

    words: tuple[str, ...]
    is_place: bool


def names_of_notice(title: str, text: str) -> tuple[str, ...]:
    """Return the names and figures that a notice is about, in lower case and sorted.

    They are those of its title: a name there is a word that is a capitalised one inside a sentence of the text, and not
    one that notices have. If the lead has names, but none that the title has, the first place there is added, of an
    obituary the first person.
    """
    words = lower_words_in(title)
    inside = {word.lower() for word in _INSIDE.findall(text[:_READ]) if word[0].isupper()}
    found = {word for word in words if word not in OF_NOTICES and (word in inside or word.isdecimal())}
    lead = [*_names(text)]
    if lead and found.isdisjoint(word for name in lead for word in name.words):
        is_of_person = not _OF_PERSONS.isdisjoint(words)
        found.update(next((name for name in lead if name.is_place is not is_of_person), lead[0]).words)
    return tuple(sorted(found))


def names_of_match(title: str, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names in the title of an article on a match, and the others in its lead, in lower case and sorted."""
    written = {*words_in(text[:_READ])}
    capitalised = {word.lower() for word in written if word[0].isupper()} - written - _dates() - SPORT_WORDS
    names = capitalised.intersection(lower_words_in(title))
    beside = capitalised.intersection(lower_words_in(text[:_LEAD_OF_MATCH])) - names
    return tuple(sorted(names)), tuple(sorted(beside))


def _names(text: str) -> Iterator[_Name]:
    """Yield the names in a lead: capitalised words after "in" or "for", before a sign, or several in a row."""
    written, dates = {*words_in(text[:_READ])}, _dates()
    for match in _NAME.finditer(text[:_LEAD]):
        words = [word.lower() for word in words_in(match["name"])]
        words = [word for word in words if word not in written and word not in dates and word not in OF_NOTICES]
        is_place = bool(match["before"] or (match["sign"] and not text[: match.start()].strip()))
        if len(words) > 1 or (words and is_place):
            yield _Name(tuple(words), is_place)


@cache
def _dates() -> frozenset[str]:
    return frozenset((*date_words()["month"], *date_words()["weekday"]))
