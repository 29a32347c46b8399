"""Misplaced bodies: a crawler that meets a paywall stores one and the same text under every headline.

Such a body must neither join the articles that have it nor outweigh their titles. A wire report under the headlines of
many outlets is not misplaced: the words of those headlines are in it. A long body is one text whatever its titles are,
such as file names or translated headlines, unless one outlet has it under several that say nothing of it.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize import background
from dedup.vectorize.features import HashedWords
from dedup.vectorize.language import language_of

COMMON = 0.05
"""Words that at least this share of articles have are not distinctive."""
RELATED = 0.25
"""Share of the distinctive words of the titles that must be in the body."""
LONG = 50
"""Words from which equal bodies are one text, unless ..."""
SEVERAL = 3
"""... so many titles of one outlet are unrelated to it."""


def misplaced(words: HashedWords, outlets: Sequence[int] | NDArray[np.int64] | None = None) -> list[int]:
    """The places of the articles whose body is misplaced, ascending.

    Args:
        words: of the articles.
        outlets: the number of the outlet of each, -1 if unknown; by default all are unknown.
    """
    bodies: dict[bytes, list[int]] = defaultdict(list)
    for place in range(len(words)):
        if len(words.body(place)):
            bodies[body_digest(words, place)].append(place)
    found: list[int] = []
    for places in bodies.values():
        if len(places) == 1:
            continue
        titles = {
            (-1 if outlets is None else int(outlets[place]), tuple(words.title(place).tolist())) for place in places
        }
        if is_foreign(titles, words.body(places[0]), language_of(words, places[0])):
            found.extend(place for place in places if len(words.title(place)))
    return sorted(found)


def body_digest(words: HashedWords, article: int) -> bytes:
    """A digest, 16 bytes, of the words of an article's body."""
    return _digest(words.body(article))


def body_digests(words: HashedWords, articles: Sequence[int] | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield the place and the `body_digest` of those of some articles, or of all, that have a title and a body."""
    offsets = words.offsets.tolist()
    for place in range(len(words)) if articles is None else articles:
        title, begin, end = offsets[2 * place : 2 * place + 3]
        if title < begin < end:
            yield place, _digest(words.hashes[begin:end])


def _digest(body: NDArray[np.uint32]) -> bytes:
    return hashlib.blake2b(body.astype("<u4", copy=False).data, digest_size=16).digest()


def distinctive_words(words: Iterable[int], language: str) -> set[int]:
    """The distinct words that few articles of the language have, by their hashes."""
    return set(words) - common(language)


@cache
def common(language: str) -> frozenset[int]:
    """The hashes of the words that at least the share `COMMON` of the articles in a language have."""
    hashes, shares = background.hashed_shares(language)
    return frozenset(hashes[shares >= COMMON].tolist())


def is_foreign(titles: Iterable[tuple[Hashable, tuple[int, ...]]], body: NDArray[np.uint32], language: str) -> bool:
    """Whether a body belongs to none of the titles of the articles that have it.

    Args:
        titles: the outlet and the title, as hashes of words, of each article; the articles of unknown outlets have one
            value and count as those of one outlet.
        body: the hashes of its words in order.
        language: of the body.
    """
    of_outlet: dict[Hashable, set[tuple[int, ...]]] = defaultdict(set)
    for outlet, title in titles:
        if title:
            of_outlet[outlet].add(title)
    words = set(body.tolist())
    every = set[tuple[int, ...]]().union(*of_outlet.values())
    if len(every) == 1 or _mean(_shares(every, words, language)) >= RELATED:
        return False
    if len(body) < LONG:
        return True
    several = (_shares(some, words, language) for some in of_outlet.values())
    return any(sum(share < RELATED for share in some) >= SEVERAL and _mean(some) < RELATED for some in several)


def _shares(titles: set[tuple[int, ...]], body: set[int], language: str) -> list[float]:
    """The share of the distinctive words of each title that are in the body; titles without any are left out.

    Of two titles, the other one counts as body too: a short notice may name its subject in the title only. Of more,
    a series of similar titles would hide that the rest is unrelated.
    """
    rare = [distinctive_words(title, language) for title in titles]
    other = rare[::-1] if len(titles) == 2 else [set[int]()] * len(titles)
    return [len(title & (body | also)) / len(title) for title, also in zip(rare, other, strict=True) if title]


def _mean(shares: list[float]) -> float:
    # `sum` of floats differs between Python 3.11 and 3.12.
    return math.fsum(shares) / len(shares) if shares else 1.0
