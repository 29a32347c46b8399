"""Random operations, compared with a dictionary of the expected articles."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from made_articles import START, stream

import dedup
from dedup import Article, StoryIndex

STEPS = int(os.environ.get("DEDUP_SOAK", "120"))
"""Operations in each run."""
MADE = list(stream(21, 240))


@pytest.fixture(scope="module")
def learned() -> dedup.Background:
    return dedup.learn_background(MADE)


@pytest.mark.parametrize("run", range(2))
def test_random_operations(tmp_path: Path, run: int, learned: dedup.Background) -> None:
    seed = int(np.random.default_rng().integers(1 << 30))
    where = f"run {run}, seed {seed}"
    rng = np.random.default_rng(seed)
    path = tmp_path / "stories.db"
    model: dict[str, Article] = {}
    followed: dict[str, str] = {}
    cursor = 0
    index = StoryIndex.open(path, background=learned, store_text=bool(rng.random() < 0.5))
    try:
        for step in range(STEPS):
            chosen = MADE[int(rng.integers(len(MADE)))]
            operation = rng.choice(
                ["add", "many", "again", "update", "remove", "expire", "reconcile", "reopen", "match", "fail"],
                p=[0.3, 0.15, 0.1, 0.1, 0.15, 0.02, 0.03, 0.05, 0.05, 0.05],
            )
            known = [*model]
            some = model[known[int(rng.integers(len(known)))]] if known else None
            if operation == "add":
                answer = index.add(chosen)
                assert answer.status == ("unchanged" if model.get(chosen.id) == chosen else answer.status), where
                model[chosen.id] = chosen
            elif operation == "many":
                several = [MADE[place] for place in rng.integers(len(MADE), size=7).tolist()]
                index.add_many(several, batch=int(rng.integers(1, 9)))
                model |= {article.id: article for article in several}
            elif operation == "again" and some:
                assert index.add(some).status == "unchanged", where
            elif operation == "update" and some:
                model[some.id] = replace(chosen, id=some.id)
                assert index.update(model[some.id]).status in ("updated", "unchanged"), where
            elif operation == "remove" and some:
                index.remove(some.id)
                del model[some.id]
            elif operation == "expire":
                before = START + timedelta(days=float(rng.random() * 4))
                index.expire(before)
                model = {
                    name: article
                    for name, article in model.items()
                    if article.published is None or article.published >= before
                }
            elif operation == "reconcile":
                index.reconcile()
            elif operation == "reopen":
                index.close()
                index = StoryIndex.open(path)
            elif operation == "match":
                index.match(replace(chosen, id=""))
            elif operation == "fail":
                with pytest.raises(dedup.InputError):
                    index.add_many([chosen, 7])  # type: ignore[list-item]
            for change in index.changes(cursor, limit=10_000):
                cursor = change.cursor
                if change.kind in ("added", "updated", "moved"):
                    followed[change.article] = change.story
                elif change.kind in ("removed", "expired"):
                    del followed[change.article]
                elif change.kind == "merged":
                    assert change.before not in followed.values(), f"{where}, step {step}"
            placements = index.placements()
            now = {name: story.id for story in placements for name in story.articles}
            assert now == followed, f"{where}, step {step}, {operation}"
            assert set(now) == set(model), f"{where}, step {step}, {operation}"
            sizes = {story.id: len(story.articles) for story in placements}
            assert {story.id: len(story.articles) for story in index.stories()} == sizes, where
        assert index.check() == [], where
        wanted = dedup.cluster([*model.values()], background=learned)
        assert {frozenset(s.articles) for s in index.clustering()} == {frozenset(s.articles) for s in wanted}, where
        index.reconcile()
        assert {frozenset(s.articles) for s in index.placements()} == {frozenset(s.articles) for s in wanted}, where
        assert index.check() == [], where
    finally:
        index.close()
