"""An index that was closed and opened goes on as if it never had been."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
from made_articles import START, stream

import dedup
from dedup import Article, StoryIndex
from dedup.index.records import Change


def notices(rng: np.random.Generator, count: int) -> list[Article]:
    """A form filled in again and again: copies by their words, and never of one story by their numbers; and reports."""
    filler = " ".join(f"clause{place} of the notice stands as it stood" for place in range(12))
    made = []
    for place in range(count):
        lots = " ".join(f"lot {rng.integers(100, 999)} sold for {rng.integers(1000, 9999)} pounds" for _ in range(9))
        published = START + timedelta(hours=float(place))
        text = f"{filler} {lots} {filler}"
        made.append(Article(id=f"n{place}", title="Sales of the day", text=text, published=published))
    for place in range(4):  # those who report on them in words of their own bring them all together
        words = rng.permutation(filler.split()).tolist()
        made.append(Article(id=f"r{place}", title="Sales of the day", text=" ".join(words), published=START))
    return made


def told(path: Path, articles: list[Article], every: int) -> tuple[list[Change], dict[str, str], int]:
    """What an index says of articles that is closed and opened after so many of them."""
    background = dedup.learn_background(articles[::3])
    index = StoryIndex.open(path, background=background, clock=lambda: 1.6e9)
    try:
        for place, article in enumerate(articles, 1):
            index.add(article)
            if place % every == 0:
                index.close()
                index = StoryIndex.open(path, clock=lambda: 1.6e9)
        index.remove(*[article.id for article in articles[::7]])
        placements = {name: story.id for story in index.placements() for name in story.articles}
        return index.changes(0, limit=10_000), placements, len(index._store.apart())
    finally:
        index.close()


def test_who_closes_an_index_now_and_then_gets_the_same_answers(tmp_path: Path) -> None:
    seed = int(np.random.default_rng().integers(1 << 30))
    rng = np.random.default_rng(seed)
    articles = [*stream(seed, 50), *notices(rng, 14)]
    articles = [articles[place] for place in rng.permutation(len(articles))]
    once, often = told(tmp_path / "once.db", articles, 1_000), told(tmp_path / "often.db", articles, 3)
    assert once == often, f"seed {seed}"
    assert once[2] > 20, f"seed {seed}: forms are never of one story"
