"""Bodies that are not their articles': a crawler that meets a paywall stores the same text under every headline.

Such a body must neither join the articles it stands in nor hide what their titles say. It is told from a wire text that
many outlets gave headlines of their own by the headlines: those of a wire text speak of what is in it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from dedup.text.document import Document
from dedup.vectorize import background
from dedup.vectorize.language import UNKNOWN, detect

COMMON = 0.05
"""Words that a larger share of articles have tell nothing."""
RELATED = 0.25
"""Share of the telling words of the titles that must stand in the body."""


def overwritten(documents: Sequence[Document]) -> list[int]:
    """The places of the documents whose body is not theirs, ascending."""
    bodies: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, document in enumerate(documents):
        if document.body.words:
            bodies[tuple(document.body.words)].append(place)
    found: list[int] = []
    for body, places in bodies.items():
        titles = sorted({tuple(documents[place].title.words) for place in places} - {()})
        if len(titles) > 1 and _relation(titles, set(body), detect(documents[places[0]])) < RELATED:
            found.extend(place for place in places if documents[place].title.words)
    return sorted(found)


def telling(words: Iterable[str], language: str) -> set[str]:
    """Those of some words that few articles of the language have: they tell what an article is about."""
    shares = background.shares(language) if language != UNKNOWN and language in background.languages() else {}
    return {word for word in words if shares.get(word, 0.0) < COMMON}


def _relation(titles: list[tuple[str, ...]], body: set[str], language: str) -> float:
    """The mean share of the telling words of each title that stand in the body.

    Where two titles alone share it, the other title counts as body: a short notice may leave it to the title to say
    what it is about. Among more, a series of titles would vouch for strangers.
    """
    rare = [telling(title, language) for title in titles]
    other = rare[::-1] if len(titles) == 2 else [set[str]()] * len(titles)
    found = [len(title & (body | also)) / len(title) for title, also in zip(rare, other, strict=True) if title]
    return math.fsum(found) / len(found) if found else 1.0  # `sum` rounds otherwise since Python 3.12
