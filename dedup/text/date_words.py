"""The words of dates in many languages: months, days of the week, halves of the day, "ago", words between them."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

_ACCENTS = re.compile("[\u0300-\u036f]")
_ALIKE = str.maketrans({"ı": "i", "ي": "ی", "ى": "ی", "ك": "ک", "ـ": None, "’": "'", "‘": "'", "ʼ": "'"})
_ALIKE |= {ord(char): "-" for char in "‐‑‒–—―−"} | {ord("،"): ",", ord("、"): ",", ord("。"): " ", ord("၊"): ","}
WORD = re.compile(r"[^\s\d!-/:-@\[-`{-~\u00a0-\u00bf\u2000-\u206f\u3000-\u303f]+")
"""A run of letters and their marks: `\\w` lacks the marks of Indic scripts."""


def fold(text: str) -> str:
    """Fold a date: ASCII digits, lower case, no accents, one form of each letter, dash and space."""
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
        text = unicodedata.normalize("NFKC", text).translate(_ALIKE)
        text = "".join(_plain(char) for char in text if unicodedata.category(char) != "Cf")
    return " ".join(text.casefold().split())


def _plain(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def phrase(text: str) -> str:
    """Return the words of a folded text with single spaces between them, "#" for each number."""
    return " ".join(re.findall(rf"#|{WORD.pattern}", re.sub(r"\d+", " # ", text).replace(".", " ")))


@cache
def date_words() -> Mapping[str, Mapping[str, str]]:
    """Return for each kind of word a mapping from its phrase to its value; see `build_date_words`."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for line in files("dedup.text").joinpath("date_words.tsv").read_text(encoding="utf-8").splitlines():
        kind, value, name = line.split("\t")
        found[kind][name] = value
    return found


@lru_cache(maxsize=1 << 12)  # dates repeat, and so do the words before a number
def month_number(name: str) -> int | None:
    """Return the number of a month from its name in any case and language, None for any other word."""
    number = date_words()["month"].get(phrase(fold(name)))
    return None if number is None else int(number)
