"""Articles of invented words on some topics, and a small embedding that knows the topics."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np

from dedup import Article

TOPICS = 12
"""Topics that each have several articles in common words, and one in words of its own."""


class Meanings:
    """A small embedding: a text has the vector of the topic whose number stands in it, and a little of its own."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: list[str]) -> Any:
        self.texts += texts
        return np.array([self.vector(text) for text in texts])

    @staticmethod
    def vector(text: str) -> Any:
        topic = int(text.split("topic")[1].split(maxsplit=1)[0])
        own = np.random.default_rng(crc32(text.encode())).normal(size=16)
        return np.random.default_rng(topic).normal(size=16) + 0.4 * own


def made(per_topic: int = 4) -> list[Article]:
    """Articles of invented words: some of each topic share words, the last shares none, but is close in meaning."""
    random = np.random.default_rng(7)
    words = ["".join(random.choice(list("abcdefghijklmnoprstuvz"), 8)) for _ in range(3_000)]
    found = []
    for topic in range(TOPICS):
        shared = random.choice(words, 40, replace=False)
        for place in range(per_topic + 1):
            own = random.choice(words, 25)
            text = " ".join(random.permutation([*own, *(shared if place < per_topic else random.choice(words, 30))]))
            found.append(Article(id=f"{topic}-{place}", text=f"topic{topic} {text}.", published=None))
    return found
