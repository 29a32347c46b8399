"""Bodies that are not their articles': a crawler that meets a paywall stores the same text under every headline.

Such a body must neither join the articles it stands in nor hide what their titles say. It is told from a wire text that
many outlets gave headlines of their own by the headlines: those of a wire text speak of what is in it.
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
"""Words that a larger share of articles have tell nothing."""
RELATED = 0.25
"""Share of the telling words of the titles that must stand in the body."""


def misplaced(words: HashedWords) -> list[int]:
    """The places of the articles whose body is not theirs, ascending."""
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
    """16 bytes that are the same for two articles exactly where the words of their bodies are."""
    return hashlib.blake2b(words.body(article).astype("<u4", copy=False).tobytes(), digest_size=16).digest()


def telling(words: Iterable[int], language: str) -> set[int]:
    """Those of some words that few articles of the language have: they tell what an article is about."""
    return set(words) - common(language)


@cache
def common(language: str) -> frozenset[int]:
    """The hashes of the words that tell nothing in a language."""
    if language not in background.languages():
        return frozenset()
    common = [word for word, share in background.shares(language).items() if share >= COMMON]
    return frozenset(hashes_of(common).tolist())


def is_foreign(titles: Iterable[tuple[int, ...]], body: set[int], language: str) -> bool:
    """Whether a body is not that of the distinct titles it stands under, by their words' hashes."""
    told = sorted(set(titles) - {()})
    return len(told) > 1 and _relation(told, body, language) < RELATED


def _relation(titles: list[tuple[int, ...]], body: set[int], language: str) -> float:
    """The mean share of the telling words of each title that stand in the body.

    Where two titles alone share it, the other title counts as body: a short notice may leave it to the title to say
    what it is about. Among more, a series of titles would vouch for strangers.
    """
    rare = [telling(title, language) for title in titles]
    other = rare[::-1] if len(titles) == 2 else [set[int]()] * len(titles)
    found = [len(title & (body | also)) / len(title) for title, also in zip(rare, other, strict=True) if title]
    return math.fsum(found) / len(found) if found else 1.0  # `sum` rounds otherwise since Python 3.12
