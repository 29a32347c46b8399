"""An index that was closed and opened goes on as if it never had been."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_articles import START, stream

import dedup
from dedup import Article, InputError, StoreError, StoryIndex
from dedup.index.store.records import Change


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


STORIES = ["The ferry Halcyon burned off Larkhaven on Sunday.", "Marlow votes on Sunday.", "The museum reopens in May."]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoryIndex]:
    with StoryIndex.open(tmp_path / "s.db") as index:
        index.add_many([Article(id=str(number), text=text) for number, text in enumerate(STORIES)])
        yield index


def and_then(method: Callable[..., Any], change: Callable[[], object]) -> Callable[..., Any]:
    """A method of a store, after the first answer of which another process changes something."""
    changed: list[object] = []

    def called(*args: Any) -> Any:
        found = method(*args)
        if not changed:
            changed.append(change())
        return found

    return called


@pytest.mark.parametrize("asked", ["article", "placements", "match", "clustering"])
def test_what_another_process_takes_out_meanwhile_is_there_or_is_not(
    writer: StoryIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """A reader met an article, and then neither its story nor its vector; those of others took their place."""
    with StoryIndex.open(tmp_path / "s.db", read_only=True) as reader:
        store = reader._store
        name = "article" if asked == "article" else "after"
        monkeypatch.setattr(store, name, and_then(getattr(store, name), lambda: writer.remove("0")))
        if asked == "article":
            assert reader.article("0").article.text == STORIES[0]
        elif asked == "match":
            assert [reader.match({"text": text}).copy_of for text in STORIES[1:]] == ["1", "2"]
        else:
            found = reader.placements() if asked == "placements" else reader.clustering()
            assert [article.id for article in found.articles] == ["0", "1", "2"]
        monkeypatch.undo()
        assert "0" not in reader


def test_a_vector_that_is_not_there_is_told_and_no_others_is_taken_for_it(writer: StoryIndex, tmp_path: Path) -> None:
    with writer._store.transaction():
        writer._store.delete_sketch(2)
    writer.close()
    with StoryIndex.open(tmp_path / "s.db") as index:
        with pytest.raises(StoreError, match=r"article '1' is not there.*repair"):
            index.match({"text": STORIES[2]})
        assert len(index.check(repair=True)) == 1
        assert index.match({"text": STORIES[2]}).copy_of == "2"


def test_a_cursor_with_a_number_beyond_all_measure_is_none(writer: StoryIndex) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps([10**400, 1]).encode()).decode()
    with pytest.raises(InputError, match="no cursor"):
        writer.page(cursor)


def test_stories_of_one_size_come_in_the_order_of_their_times_in_whatever_zone_these_are(tmp_path: Path) -> None:
    late, early = datetime(2024, 1, 1, 23, tzinfo=timezone(timedelta(hours=-5))), datetime(2024, 1, 2, 1, tzinfo=UTC)
    with StoryIndex.open(tmp_path / "s.db") as index:
        index.add(Article(id="late", text=STORIES[0], published=late))
        index.add(Article(id="early", text=STORIES[1], published=early))
        assert [story.articles for story in index.placements()] == [("early",), ("late",)]
