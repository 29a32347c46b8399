"""Articles of many events that have no words in common, three for each on average, some of them copies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from dedup import Article

_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "ar", "el", "on")]


def articles(seed: int, count: int) -> Iterator[Article]:
    """Yield articles in the order of their dates."""
    rng, start = np.random.default_rng(seed), datetime(2024, 3, 1, tzinfo=UTC)
    events: list[list[str]] = []
    texts: list[str] = []
    for number in range(count):
        if number % 3 == 0:
            events.append(
                ["".join(_SYLLABLES[at] for at in word) for word in rng.integers(len(_SYLLABLES), size=(60, 4))]
            )
            texts.append("")
        place = max(0, len(events) - 1 - int(rng.integers(4)))
        words = events[place]
        if not texts[place] or rng.random() < 0.6:
            texts[place] = " ".join(words[at] for at in rng.permutation(60)[:50].tolist())
        yield Article(
            id=f"e{number}",
            title=" ".join(words[:5]).title(),
            text=texts[place],
            source=f"Outlet {rng.integers(6)}",
            published=start + timedelta(minutes=20 * number),
        )
