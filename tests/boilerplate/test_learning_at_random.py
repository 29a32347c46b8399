"""Random operations on an index whose articles share notices, menus and labels that overlap, forgotten ones too."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.site_texts import Writer
from dedup import Article, StoryIndex

STEPS = 40
DAY = 86_400.0


class Site:
    """Makes articles of a few subjects over a few notices, of which one is two others."""

    def __init__(self, seed: int) -> None:
        self._random, writer = random.Random(seed), Writer(np.random.default_rng(seed))  # noqa: S311 - no secret
        titles = [writer.headline() for _ in range(14)]
        self._told = [(title, writer.story(title, 6)) for title in titles]
        notices = [writer.story(writer.headline(), self.choice(1, 2, 3)) for _ in range(3)]
        self._notices = ["", *notices, f"{notices[0]} {notices[1]}", notices[0], notices[0]]
        self._made = 0

    def choice(self, *some: int) -> int:
        return self._random.choice(some)

    def articles(self, count: int, id_: str = "") -> list[Article]:
        return [self._article(id_) for _ in range(count)]

    def _article(self, id_: str) -> Article:
        self._made += 1
        (title, text), (other, _) = self._random.choices(self._told, k=2)
        body = ". ".join(text.split(". ")[: self.choice(0, 1, 2, 3)])
        notice = self._random.choice(self._notices)
        form = self._random.choice(["{body}\n\n{notice}", "{notice}\n{body}", "{notice}", "{body} {notice}"])
        heading = self._random.choice([title, title, other, "Notice"])
        label = self._random.choice(["", "", " - Weldon Times", " | Live"])
        outlet = self._random.choice(["A", "B", ""])
        return Article(
            id=id_ or f"x{self._made}",
            title=f"{heading}{label}",
            text=form.format(body=body, notice=notice),
            source=outlet,
        )


def in_memory(index: StoryIndex) -> dict[int, tuple[int, int, bool, bool]]:
    table = index._session.current_state().table
    slots = {number: table.slot(number) for number in map(int, table.numbers())}
    return {
        number: (int(table.story[at]), int(table.copies[at]), bool(table.representative[at]), table.is_twin(at))
        for number, at in slots.items()
    }


@pytest.mark.parametrize("frequent", [1, 128])
@pytest.mark.parametrize("seed", [5, 6, 20])
def test_features_are_those_of_all_that_is_known(
    seed: int, frequent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each operation, of every article; followers and readers know all placements."""
    monkeypatch.setattr("dedup.index.stories.lessons.FREQUENT", frequent)
    site, now, followed, cursor = Site(seed), [1.74e9], dict[str, str](), 0
    monkeypatch.setattr("dedup.index.session._PLACED_AGAIN", site.choice(2, 5, 400))
    path = tmp_path / "stories.db"
    index = StoryIndex.open(path, clock=lambda: now[0], store_text=seed % 2 == 0)
    with StoryIndex.open(path, read_only=True) as reader:
        for step in range(STEPS):
            now[0] += DAY * site.choice(0, 0, 2)
            operation = site.choice(*[0] * 8, *[1] * 4, 2, 3, 4, 5, 6)
            if operation < 2 or not followed:
                index.add_many(site.articles(site.choice(1, 4, 8) if operation else 1), batch=site.choice(1, 2, 500))
            elif operation == 2:
                index.update(site.articles(1, min(followed))[0])
            elif operation == 3:
                index.remove(min(followed))
            elif operation == 4:
                index.reconcile()
            elif operation == 5:
                index.close()
                index = StoryIndex.open(path, clock=lambda: now[0])
            else:
                (one,) = site.articles(1)
                assert index.match(one) == reader.match(one)
            for change in index.changes(cursor, limit=10_000):
                cursor = change.cursor
                if change.kind in ("added", "updated", "moved"):
                    followed[change.article] = change.story
                elif change.kind == "removed":
                    del followed[change.article]
            where = f"step {step}, operation {operation}"
            assert index.check() == [], where
            assert {id_: story.id for story in index.placements() for id_ in story.articles} == followed, where
            assert in_memory(reader) == in_memory(index), where
    index.close()
