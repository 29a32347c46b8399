"""The credit of an article: the agency, or the other outlet, whose telling it prints.

A credit is in the dateline ("HALMSUND (AP) —"), in the byline or at the end ("© AFP", "Reporting by …; Editing by …"),
or the outlet is the agency itself. "Told Reuters" is no credit, nor is an agency that contributed to a report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

_AGENCIES = "agencies.tsv"
_AMBIGUOUS = frozenset(("AP", "AA", "PA", "AAP", "APA", "UNI", "AGI", "STT", "NTB", "PAP", "MTI", "JNS", "CP", "UPI"))
"""Names that a text may end with, or a person have, without being a credit."""
_FREQUENT = frozenset(
    (
        *("la", "of", "press", "news", "international", "association", "service", "agency", "united", "india"),
        *("media", "bureau", "australian", "canadian", "austria", "asian", "deutsche", "inter"),
    )
)
"""Words that are not what a name of several words is looked for by, where it has others."""
_HEAD = 240
"""Characters at the beginning of a text that have a dateline."""
_SUFFIXES = frozenset(("co", "com", "org", "net", "gov", "ac", "gen", "or", "ne", "go"))
"""Second labels of domains such as `.co.uk`."""


@cache
def _agencies() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the agency of each name that it is credited by, and of each outlet."""
    names, outlets = {}, {}
    for line in files("dedup.kinds").joinpath(_AGENCIES).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            agency, credited, own = line.split("\t")
            names.update(dict.fromkeys(credited.split("|"), agency))
            outlets.update(dict.fromkeys(own.split("|"), agency))
    return names, outlets


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return what credits look like at the beginning of a text, at its end, and in a byline."""
    every = sorted(_agencies()[0], key=len, reverse=True)
    names = "|".join(map(re.escape, every))
    clear = "|".join(re.escape(name) for name in every if name not in _AMBIGUOUS)
    sign = r"\s?\.?\s?(?:--|[-–—:.])"
    head = (
        rf"[(\[/]\s?(?:[^\W\d][\w ]{{1,20}}/)?(?P<dateline>{names})(?:[/,;][^)\]]{{0,30}})?\s?[)\]/]{sign}"
        rf"|(?:^|\n)\W{{0,3}}(?P<line>{names})(?=\s?(?:\n|--|[-–—|/:]))"
        rf"|[-–—/]\s?(?P<russian>РИА Новости|ТАСС|ИТАР-ТАСС|Интерфакс)\b[./]"
        rf"|\b(?:[Bb]y|BY|[Vv]on|[Pp]ar|[Pp]or|[Dd]i)\s(?:[^\n.]{{0,60}}?[ ,/|])?"
        rf"(?:[Tt]he )?(?P<byline>{names})\b(?=\s?(?:$|\n|[|,/–—-]|\d))"
    )
    tail = (
        rf"(?:©|\([cC]\)|[Cc]opyright|COPYRIGHT)\s?(?:©\s?)?(?:\d{{4}}(?:[-–]\d{{2,4}})?,?\s?)?"
        rf"(?:by |BY )?(?:[Tt]he )?(?P<owner>{names})\b"
        rf"|(?:[-–—|(\[/]|[Ss]ource:?|[Cc]redit:?|[Qq]uelle:?|[Ff]uente:?|[Ff]onte:?|[Ии]сточник:?)"
        rf"\s?(?:[Tt]he )?(?P<end>{names})\s?[)\]/.]*\W*$"
        rf"|[.!?”\"'’)\n]\s+(?:[Tt]he )?(?P<last>{clear})\W*$"
        rf"|[Rr]eporting by\b[^\n]{{3,160}}?[Ee]diting by\b"
    )
    return re.compile(head), re.compile(tail), re.compile(rf"\b(?P<author>{names})\b")


_DATELINE = re.compile(
    r"[^\w\n]{0,3}(?:[^\W\d_a-z][\w.'’-]*,?[ ]+){0,6}(?:\d{1,2},? ?)?"
    r"\((?P<other>[^\W\d_a-z][^()\n]{1,30})\)\s?(?:--|[-–—])"
)
"""A dateline with the name of another outlet: "HALMSUND (The Northgate Wire) —"."""


def _telling_word(name: str) -> str:
    words = name.lower().removeprefix("the ").split()
    return next((word for word in words if word not in _FREQUENT), words[0])


@cache
def hints() -> frozenset[str]:
    """Return words in lower case, without any of which at its ends a text has no credit."""
    words = set(map(_telling_word, _agencies()[0]))
    signs = ("w", "(w)", "w.", "w)", "(w", "w,", "(w).-", "(w):", "/w/", "-w", "—w", "w:", "(w)-", "(w)—", "(w,")
    return frozenset(sign.replace("w", word) for word in words for sign in signs) | {"©", "copyright", "editing"}


def credit_in(head: str, tail: str) -> str:
    """Return the name that the beginning and the end of a text credit, "" for none."""
    names = _agencies()[0]
    for pattern, text in zip(_patterns()[:2], (head, tail), strict=True):
        if match := pattern.search(text):
            found = next((name for name in match.groupdict().values() if name), "Reuters")
            return names[found]
    return ""


def other_outlet_in(text: str) -> str:
    """Return the name of the other outlet that a dateline credits, "" for none."""
    match = _DATELINE.match(text[:_HEAD]) if "(" in text[:80] else None
    if not match or any(word[0].islower() for word in match[0].replace("(", " ").split() if not word[0].isdecimal()):
        return ""
    return match["other"].split("/")[0].split(",")[0].strip()


def credit_beside(author: str, source: str, credit: str) -> str:
    """Return the credit of an article, given that of its text: that of its outlet, text or byline."""
    if source and (own := _agencies()[1].get(outlet_key(source))):
        return own
    if not credit and author and (match := _patterns()[2].search(author)):
        return _agencies()[0][match["author"]]
    return credit


@lru_cache(maxsize=1 << 12)  # outlets repeat across articles
def outlet_key(name: str) -> str:
    """Return the letters and digits of the name of an outlet, or of its domain without prefix and suffix.

    `www.echo.example`, `Echo` and `The Echo` are one.
    """
    name = name.casefold().strip().partition("://")[2] or name.casefold().strip()
    name = name.partition("/")[0]
    if "." in name and " " not in name:
        parts = [part for part in name.split(".") if part and part != "www"]
        if len(parts) > 2 and parts[-2] in _SUFFIXES:
            parts = parts[:-1]
        name = parts[-2] if len(parts) > 1 else name
    plain = "".join(mark for mark in name if mark.isalnum())
    return plain.removeprefix("the") or plain
