"""Misplaced bodies: a crawler that meets a paywall stores one and the same text under every headline.

Such a body must neither join the articles that have it nor outweigh their titles. A wire report under the headlines of
many outlets is not misplaced: the words of those headlines are in it.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from dedup.vectorize import background
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import hashes_of
from dedup.vectorize.language import language_of

COMMON = 0.05
"""Words that at least this share of articles have are not distinctive."""
RELATED = 0.25
"""Share of the distinctive words of the titles that must be in the body."""


def misplaced(words: HashedWords) -> list[int]:
    """The places of the articles whose body is misplaced, ascending."""
    bodies: dict[bytes, list[int]] = defaultdict(list)
    for place in range(len(words)):
        if len(words.body(place)):
            bodies[body_digest(words, place)].append(place)
    found: list[int] = []
    for places in bodies.values():
        if len(places) == 1:
            continue
        titles = {tuple(words.title(place).tolist()) for place in places}
        if is_foreign(titles, set(words.body(places[0]).tolist()), language_of(words, places[0])):
            found.extend(place for place in places if len(words.title(place)))
    return sorted(found)


def body_digest(words: HashedWords, article: int) -> bytes:
    """A digest, 16 bytes, of the words of an article's body."""
    return hashlib.blake2b(words.body(article).astype("<u4", copy=False).tobytes(), digest_size=16).digest()


def distinctive_words(words: Iterable[int], language: str) -> set[int]:
    """The distinct words that few articles of the language have, by their hashes."""
    return set(words) - common(language)


@cache
def common(language: str) -> frozenset[int]:
    """The hashes of the words that at least the share `COMMON` of the articles in a language have."""
    if language not in background.languages():
        return frozenset()
    common = [word for word, share in background.shares(language).items() if share >= COMMON]
    return frozenset(hashes_of(common).tolist())


def is_foreign(titles: Iterable[tuple[int, ...]], body: set[int], language: str) -> bool:
    """Whether a body belongs to none of the titles of the articles that have it; all by the hashes of words."""
    distinct = sorted(set(titles) - {()})
    return len(distinct) > 1 and _relation(distinct, body, language) < RELATED


def _relation(titles: list[tuple[int, ...]], body: set[int], language: str) -> float:
    """The mean share of the distinctive words of each title that are in the body.

    Of two titles, the other one counts as body too: a short notice may name its subject in the title only. Of more,
    a series of similar titles would hide that the rest is unrelated.
    """
    rare = [distinctive_words(title, language) for title in titles]
    other = rare[::-1] if len(titles) == 2 else [set[int]()] * len(titles)
    found = [len(title & (body | also)) / len(title) for title, also in zip(rare, other, strict=True) if title]
    return math.fsum(found) / len(found) if found else 1.0  # `sum` of floats differs between Python 3.11 and 3.12
