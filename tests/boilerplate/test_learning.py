"""An index learns what belongs to a site as articles come: late, in settled stories, without texts, and for good."""

from __future__ import annotations

from pathlib import Path

import pytest
from boilerplate_cases import Case, all_cases, events, parameters, strangers

from dedup import Article, Background, StoryIndex, cluster

DAY = 86_400.0
STARTED = 1_741_000_000.0
WALLS = tuple(case for case in all_cases() if case.name.startswith(("wall-", "footer-", "caption-alone-4", "author-")))


def assert_apart(index: StoryIndex) -> None:
    assert [story.articles for story in index.placements() if len(story.articles) > 1] == []


@pytest.mark.parametrize(("case", "door"), parameters(WALLS, ["settled"]))
def test_placements_of_settled_stories_are_corrected(case: Case, door: str) -> None:  # noqa: ARG001 - names the test
    """Five days between articles: each story is settled when the next article comes."""
    now = STARTED
    with StoryIndex.open(":memory:", clock=lambda: now) as index:
        told: dict[str, str] = {}
        for one in case.articles:
            now += 5 * DAY
            placed = index.add(one)
            told[one.id] = placed.story
            told.update({change.article: change.story for change in placed.changed if change.article})
        assert_apart(index)
        stored = {article: story.id for story in index.placements() for article in story.articles}
    assert told == stored, "each correction was reported"


@pytest.mark.parametrize(("case", "door"), parameters(WALLS, ["textless"]))
def test_without_texts_and_reopened(case: Case, door: str, tmp_path: Path) -> None:  # noqa: ARG001
    for one in case.articles:
        with StoryIndex.open(tmp_path / "stories.db", store_text=False) as index:
            index.add(one)
    with StoryIndex.open(tmp_path / "stories.db") as index:
        assert_apart(index)


@pytest.mark.parametrize(("case", "door"), parameters([case for case in WALLS if len(case.articles) > 3], ["removed"]))
def test_what_is_known_survives_the_removal_of_its_holders(case: Case, door: str) -> None:  # noqa: ARG001
    *first, last = case.articles
    with StoryIndex.open(":memory:") as index:
        index.add_many(first, batch=1)
        index.remove(*(one.id for one in first[1:]))
        assert index.add(last).copy_of is None
        assert_apart(index)


def strange(number: int, notice: str) -> Article:
    told = strangers(60, 2)[number]
    return Article(id=f"s{number}", title=told.title, text=f"{told.brief(1)} {notice}", source="Daily Beacon")


def assert_no_copies(index: StoryIndex) -> None:
    assert [group for story in index.placements() for group in story.copy_groups] == []


def partition(index: StoryIndex) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in index.placements()}


def partition_of_run(count: int) -> set[frozenset[str]]:
    articles = [strange(number, NOTICE) for number in range(count)]
    return {frozenset(story.articles) for story in cluster(articles, background=Background.general())}


NOTICE = " ".join(f"notice{number}" for number in range(40))


@pytest.mark.parametrize("kernels", ["off", "on"])
def test_a_store_from_before_is_corrected_in_bounded_transactions(
    kernels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty articles were placed when nothing was learned; the next one corrects all of them."""
    monkeypatch.setenv("DEDUP_KERNELS", kernels)
    monkeypatch.setattr("dedup.index.session._PLACED_AGAIN", 8)
    path = tmp_path / "stories.db"
    with monkeypatch.context() as before, StoryIndex.open(path) as index:
        before.setattr("dedup.index.session.learn", lambda *_: False)
        before.setattr("dedup.match.copies.is_suspected", lambda _words, _by, found, *_: found.a < 0)
        index.add_many(strange(number, NOTICE) for number in range(50))
        assert max(len(story.articles) for story in index.placements()) == 50
    with StoryIndex.open(path) as index, StoryIndex.open(path, read_only=True) as reader:
        assert len([*reader.stories()]) == 1
        since = index.stats()["changes"]
        placed = index.add(strange(50, NOTICE))
        assert (placed.copy_of, placed.new_story) == (None, True)
        assert_no_copies(index)
        assert_no_copies(reader)
        assert reader.match(strange(51, NOTICE)).copy_of is None
        told = {change.article: change.story for change in index.changes(since) if change.article}
        stored = {article: story.id for story in index.placements() for article in story.articles}
        assert {article: story for article, story in stored.items() if article in told} == told
        assert len(told) >= 50
        assert index.check() == []
        assert index.stats()["learned"] > 0
    with StoryIndex.open(path) as index:
        assert index.check() == []
        index.reconcile()
        assert partition(index) == partition_of_run(51)
        assert index.add(strange(52, NOTICE)).copy_of is None


def test_what_turns_out_to_be_the_articles_own_is_forgotten(tmp_path: Path) -> None:
    """A statement whose first headlines have nothing in common; those of later papers are about it."""
    told = strangers(9, 1)
    statement = told[0].text
    odd = [Article(id=f"odd {n}", title=told[n].title, text=f"{told[n].brief(1)} {statement}") for n in (1, 2, 3)]
    words = told[0].title.split()
    about = [
        Article(id=f"about {n}", title=" ".join([*words[n % 3 :], f"says paper{n}"]), text=f"{statement} End{n}")
        for n in range(12)
    ]
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add_many(odd, batch=1)
        assert_apart(index)
        assert index.stats()["learned"] > 0
        index.add_many(about, batch=1)
        groups = [group.articles for story in index.placements() for group in story.copy_groups]
        assert any({one.id for one in about} <= set(group) for group in groups)
        assert index.check() == []


def test_learned_boilerplate_belongs_to_a_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add_many([strange(0, NOTICE), strange(1, NOTICE)], batch=1)
        with monkeypatch.context() as broken:
            broken.setattr("dedup.index.session.IndexSession._place", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                index.add(strange(2, NOTICE))
        assert index.stats()["learned"] == 0
        assert index.check() == []
        assert index.add(strange(2, NOTICE)).copy_of is None
        assert index.stats()["learned"] > 0


def test_a_topic_that_was_taken_for_a_label_is_forgotten(tmp_path: Path) -> None:
    """Three headlines under one name, which later reports are about."""
    told = strangers(3, 1)
    odd = [Article(id=f"odd {n}", title=f"Kelmar mine: {one.title}", text="") for n, one in enumerate(told)]
    mine = events()["mine"]
    about = [
        Article(id=f"about {n}", title=f"Kelmar mine: {title}", text=" ".join(mine.sentences[n:]))
        for n, title in enumerate(("nine miners rescued", "miners brought up alive", "nine are alive", "miners are up"))
    ]
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add_many(odd, batch=1)
        assert index.stats()["learned"] == 1
        index.add_many(about, batch=1)
        assert index.stats()["learned"] == 0
        assert index.check() == []


def test_a_transaction_that_failed_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles that were not placed again after something was learned are no fault of the store."""
    path = tmp_path / "stories.db"
    monkeypatch.setattr("dedup.index.session._PLACED_AGAIN", 4)
    with monkeypatch.context() as before, StoryIndex.open(path) as index:
        before.setattr("dedup.index.session.learn", lambda *_: False)
        index.add_many(strange(number, NOTICE) for number in range(12))
        before.undo()
        monkeypatch.setattr("dedup.index.session._PLACED_AGAIN", 4)
        before.setattr("dedup.index.session.IndexSession.place_pending", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            index.add(strange(12, NOTICE))
    with StoryIndex.open(path) as index:
        assert index.check() == []
        index.add(strange(13, NOTICE))
        assert_no_copies(index)
        assert partition(index) == partition_of_run(14)
        assert index.check() == []


def test_what_an_index_learns_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.index.boilerplate.MOST_LEARNED", 40)
    other = " ".join(f"word{number}" for number in range(40))
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add_many([strange(number, NOTICE) for number in range(3)], batch=1)
        learned = index.stats()["learned"]
        index.add_many([strange(number, other) for number in range(3, 6)], batch=1)
        index.reconcile()
        assert 0 < learned == index.stats()["learned"] <= 40
        assert index.check() == []


def test_a_rebuilt_index_keeps_what_it_knows(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add_many([strange(number, NOTICE) for number in range(5)], batch=1)
        for learn in (False, True):
            index.rebuild(learn=learn)
            assert_apart(index)
            assert index.check() == []
        assert index.add(strange(7, NOTICE)).copy_of is None


def test_two_holders_are_suspected_and_settled_by_the_third(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "stories.db") as index:
        first, second, third = (index.add(strange(number, NOTICE)) for number in range(3))
        assert (first.copy_of, first.suspected_copy_of) == (None, None)
        assert (second.copy_of, second.suspected_copy_of) == (None, "s0")
        assert second.to_record()["suspected_copy_of"] == "s0"
        assert (third.copy_of, third.suspected_copy_of) == (None, None)
        assert_apart(index)


def test_the_name_of_a_column_is_not_enough_for_a_copy() -> None:
    """Of two articles of a column nothing is left but its name: a crawler has stored a notice under it."""
    wall = "Subscribers of this paper read all of it on any device. Sign in or choose a plan to go on with this page."
    with StoryIndex.open(":memory:") as index:
        for number, one in enumerate(strangers(60, 4)):
            index.add(Article(id=f"w{number}", title=one.title, text=f"{wall}\n\n{one.brief(3)}"))
        for day in (1, 2):
            text = f"{wall}\n\nPhoto {day}."
            placed = index.add(Article(id=f"c{day}", title="Quay notes today", text=text, source="Daily Beacon"))
            assert placed.copy_of is None
        assert placed.suspected_copy_of == "c1"
