"""Articles that have shared a story for a day stay in it while later articles regroup stories."""

import random

import pytest

from dedup import Article, StoryIndex
from dedup.index.stories import regroup

HOURS = 160


def drifting(seed: int) -> list[Article]:
    """One article an hour of four matters whose words change little by little, so that stories are regrouped often."""
    rng = random.Random(seed)  # noqa: S311 - any will do
    words = [[f"matter{matter}word{place}" for place in range(30)] for matter in range(4)]
    made = []
    for hour in range(HOURS):
        mine = words[rng.randrange(4)]
        mine[rng.randrange(30)] = f"new{hour}"
        text = " ".join(rng.choices(mine, k=22) + rng.choices(words[rng.randrange(4)], k=6))
        made.append(Article(id=str(hour), title=" ".join(rng.choices(mine, k=5)).title(), text=text))
    return made


def late_moves(seed: int) -> int:
    """Return how many articles that shared a story with another old one were moved later than a day."""
    now = 1_600_000_000.0
    start, found = now, 0
    with StoryIndex.open(":memory:", clock=lambda: now) as index:
        for hour, article in enumerate(drifting(seed)):
            now = start + 3_600.0 * hour
            old = {str(one) for one in range(hour - 24 + 1)} if hour >= 24 else set[str]()
            before = {name: story.id for story in index.stories() for name in story.articles if name in old}
            shared = {name for name, story in before.items() if [*before.values()].count(story) > 1}
            placed = index.add(article)
            moved = {change.article for change in placed.changed if change.kind == "moved"} & shared
            found += len(moved)
            after = {name: story.id for story in index.stories() for name in story.articles}
            assert all(after[name] == before[name] for name in shared - moved)
        assert not index.check()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_old_articles_stay_in_a_story_that_they_share(seed: int) -> None:
    assert late_moves(seed) == 0


def test_without_the_rule_some_of_them_are_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regroup, "KEPT", float("inf"))
    assert sum(map(late_moves, range(3))) > 0
