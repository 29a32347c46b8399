"""How common words are in general: for each language a table of the share of articles that have a word.

With it even two articles can be compared, and no list of stop words is needed. `build.py` makes the tables, and from
them `words.npz` and `hashes.npz` with the hashes of their words; `LICENSE` names their sources.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

BACKGROUND_VERSION = 3
COMMONEST = 120
"""Words of each language that its detection uses."""


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that have a table, sorted."""
    names = (entry.name for entry in files("dedup.vectorize.background").iterdir())
    return tuple(sorted(name.removesuffix(".tsv.gz") for name in names if name.endswith(".tsv.gz")))


@cache
def shares(language: str) -> dict[str, float]:
    """The share of articles that have each common word of a language, the commonest first."""
    packed = files("dedup.vectorize.background").joinpath(f"{language}.tsv.gz").read_bytes()
    rows = (line.split("\t") for line in gzip.decompress(packed).decode().splitlines())
    return {word: int(share) / 1e6 for word, share in rows}


@cache
def languages_by_word() -> dict[str, tuple[str, ...]]:
    """The codes of the languages that have a word among their `COMMONEST` ones, for each such word."""
    found: dict[str, tuple[str, ...]] = {}
    text = files("dedup.vectorize.background").joinpath("commonest.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        language, *words = line.split(" ")
        for word in words:
            found[word] = (*found.get(word, ()), language)
    return found


def hashed_shares(language: str) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
    """What `shares` returns, with the hashes of the words; both are empty for a language without a table."""
    if language not in languages():
        return np.empty(0, np.uint32), np.empty(0)
    ((hashes, millionths),) = _stored("hashes.npz", language)
    return hashes, millionths / 1e6


def english_hashes() -> NDArray[np.uint32]:
    """The hashes of `dedup.vectorize.language.english_words`."""
    (hashes,) = _stored("hashes.npz", "english_words")
    return hashes


def _stored(name: str, *parts: str) -> list[NDArray[Any]]:
    with files("dedup.vectorize.background").joinpath(name).open("rb") as file, np.load(file) as stored:
        return [stored[part] for part in parts]


def hashed_words() -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """The terms, ascending, and the wide hashes of the words of all tables; the commonest of words with one term."""
    terms, wides = _stored("words.npz", "terms", "wides")
    return terms, wides
