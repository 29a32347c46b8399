"""Closing and reopening an index does not change its answers; readers beside a writer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
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
    """Return texts of one template, copies by words but never in one story by their figures, and reports on them."""
    filler = " ".join(f"clause{place} of the notice stands as it stood" for place in range(12))
    made = []
    for place in range(count):
        lots = " ".join(f"lot {rng.integers(100, 999)} sold for {rng.integers(1000, 9999)} pounds" for _ in range(9))
        published = START + timedelta(hours=float(place))
        text = f"{filler} {lots} {filler}"
        made.append(Article(id=f"n{place}", title="Sales of the day", text=text, published=published))
    for place in range(4):  # reports in other words, similar to all of them
        words = rng.permutation(filler.split()).tolist()
        made.append(Article(id=f"r{place}", title="Sales of the day", text=" ".join(words), published=START))
    return made


def outcome(path: Path, articles: list[Article], every: int) -> tuple[list[Change], dict[str, str], int]:
    """Return changes, placements and apart pairs of an index that is reopened after every so many articles."""
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


@pytest.mark.parametrize("seed", [1_037_587_644, None], ids=["two new stories at once", "any"])
def test_reopening_does_not_change_answers(tmp_path: Path, seed: int | None) -> None:
    seed = int(np.random.default_rng().integers(1 << 30)) if seed is None else seed
    rng = np.random.default_rng(seed)
    articles = [*stream(seed, 50), *notices(rng, 14)]
    articles = [articles[place] for place in rng.permutation(len(articles))]
    once, often = outcome(tmp_path / "once.db", articles, 1_000), outcome(tmp_path / "often.db", articles, 3)
    assert once == often, f"seed {seed}"
    assert once[2] > 20, f"seed {seed}: texts of one template are never in one story"


def test_an_update_to_a_known_text_is_the_same_after_reopening(tmp_path: Path) -> None:
    """An updated article may become the first of its text: the table held the other one until it was reopened."""
    path, articles = tmp_path / "s.db", list(stream(5, 30))
    probes = [Article(id="", text=f"{article.text} So it was said.") for article in articles]
    with StoryIndex.open(path) as writer, StoryIndex.open(path, read_only=True) as reader:
        writer.add_many(articles)
        reader.match(probes[0])
        for first, later in ((2, 20), (3, 21), (2, 25)):
            writer.update(replace(articles[later], id=articles[first].id, published=articles[first].published))
            with StoryIndex.open(path, read_only=True) as other:
                wanted = other.match_many(probes)
            assert writer.match_many(probes) == wanted
            assert reader.match_many(probes) == wanted
        assert writer.check() == []


def test_an_open_reader_notices_changes_that_were_deleted(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with StoryIndex.open(path) as writer, StoryIndex.open(path, read_only=True) as reader:
        writer.add_many([Article(id=str(number), text=text) for number, text in enumerate(STORIES)])
        probe = {"text": STORIES[0]}
        assert reader.match(probe).copy_of == "0"
        writer.update(Article(id="0", text="The bridge of Dunmere was opened by the mayor."))
        writer.vacuum(changes_before=100)
        assert reader.match(probe) == writer.match(probe)


def test_an_open_reader_notices_that_only_copies_changed(tmp_path: Path) -> None:
    """`reconcile` may find another first copy in the same story, which is no change of the log."""
    articles, path = list(stream(7, 24)), tmp_path / "s.db"
    articles = [articles[place] for place in np.random.default_rng(7).permutation(24).tolist()]
    with StoryIndex.open(path) as writer, StoryIndex.open(path, read_only=True) as reader:
        writer.add_many(articles)
        writer.remove(*[article.id for article in articles[:6]])
        probes = [replace(article, id="") for article in articles]
        before = reader.match_many(probes)
        assert writer.reconcile() == []
        with StoryIndex.open(path, read_only=True) as other:
            assert reader.match_many(probes) == other.match_many(probes) != before


def test_an_open_reader_follows_a_clock_that_goes_back(tmp_path: Path) -> None:
    articles, path = list(stream(5, 30)), tmp_path / "s.db"
    articles = [replace(article, published=START) for article in articles]
    probes = [replace(article, id="") for article in articles]
    now = [START.timestamp() + 40 * 86_400]
    with StoryIndex.open(path, clock=lambda: now[0]) as writer:
        writer.add_many(articles[:10])
        with StoryIndex.open(path, read_only=True) as reader:
            reader.match(probes[0])
            now[0] = START.timestamp()
            writer.add_many(articles[10:])
            with StoryIndex.open(path, read_only=True) as other:
                assert reader.match_many(probes) == other.match_many(probes)


STORIES = ["The ferry Halcyon burned off Larkhaven on Sunday.", "Marlow votes on Sunday.", "The museum reopens in May."]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoryIndex]:
    with StoryIndex.open(tmp_path / "s.db") as index:
        index.add_many([Article(id=str(number), text=text) for number, text in enumerate(STORIES)])
        yield index


def and_then(method: Callable[..., Any], change: Callable[[], object]) -> Callable[..., Any]:
    """Wrap a method of a store so that another process changes something after its first call."""
    changed: list[object] = []

    def called(*args: Any) -> Any:
        found = method(*args)
        if not changed:
            changed.append(change())
        return found

    return called


@pytest.mark.parametrize("asked", ["article", "placements", "match", "clustering"])
def test_reads_are_consistent_while_another_process_removes(
    writer: StoryIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """A reader once read an article, then neither its story nor its vector, and used those of others."""
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


def test_missing_vector_is_reported_and_not_replaced_by_another(writer: StoryIndex, tmp_path: Path) -> None:
    with writer._store.transaction():
        writer._store.delete_sketch(2)
    writer.close()
    with StoryIndex.open(tmp_path / "s.db") as index:
        with pytest.raises(StoreError, match=r"article '1' are missing.*repair"):
            index.match({"text": STORIES[2]})
        assert len(index.check(repair=True)) == 1
        assert index.match({"text": STORIES[2]}).copy_of == "2"


def test_cursor_with_huge_number_is_refused(writer: StoryIndex) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps([10**400, 1]).encode()).decode()
    with pytest.raises(InputError, match="no cursor"):
        writer.page(cursor)


def test_stories_of_one_size_are_ordered_by_time_across_zones(tmp_path: Path) -> None:
    late, early = datetime(2024, 1, 1, 23, tzinfo=timezone(timedelta(hours=-5))), datetime(2024, 1, 2, 1, tzinfo=UTC)
    with StoryIndex.open(tmp_path / "s.db") as index:
        index.add(Article(id="late", text=STORIES[0], published=late))
        index.add(Article(id="early", text=STORIES[1], published=early))
        assert [story.articles for story in index.placements()] == [("early",), ("late",)]
