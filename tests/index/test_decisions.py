"""Decisions of editors hold whatever happens, and leave no trace when they are undone."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from broken_decisions import broken_decisions

from dedup import Article, ConflictError, InputError, StoryIndex, UnknownArticleError
from dedup.index.store.records import Change

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
EVENTS = {
    "mill": "A fire swept through the paper mill of Harlow on Tuesday and crews from nine stations fought the blaze",
    "bridge": "Engineers closed the suspension bridge of Kelsey after sensors found cracks in two of its steel cables",
    "vote": "Parliament of Arland rejected the pension bill of the government by three votes after a long night",
    "whale": "A stranded whale returned to open sea near Port Lisle after volunteers dug a channel through the sand",
}
DETAILS = (
    "Officials said that nobody was hurt.",
    "Residents gathered at the scene until the evening.",
    "An inquiry will begin next week, the ministry said.",
    "Traffic in the region was delayed for hours.",
    "The mayor thanked all who had helped.",
    "Insurers expect claims of several million.",
)


def article(id_: str, event: str, chosen: Sequence[int] = (), hours: float = 0.0, **fields: Any) -> Article:
    text = " ".join(
        [EVENTS[event] + ".", *(DETAILS[one] for one in chosen), EVENTS[event] + f", a witness of {event} said."]
    )
    given = {
        "title": EVENTS[event][:48],
        "source": f"outlet-{id_}",
        "published": START + timedelta(hours=hours),
        **fields,
    }
    return Article(id=id_, text=text, **given)


def stories(index: StoryIndex) -> list[tuple[str, ...]]:
    return sorted(tuple(sorted(story.articles)) for story in index.stories())


def story(index: StoryIndex, id_: str) -> str:
    return index.article(id_).story


@pytest.fixture
def index() -> Any:
    with StoryIndex.open(":memory:") as found:
        found.add_many([article("m1", "mill"), article("m2", "mill", [0], 1), article("m3", "mill", [1, 2], 2)])
        found.add_many([article("b1", "bridge"), article("b2", "bridge", [3], 1), article("v1", "vote")])
        yield found


def test_the_articles_of_this_test_are_three_stories(index: StoryIndex) -> None:
    assert stories(index) == [("b1", "b2"), ("m1", "m2", "m3"), ("v1",)]


def test_articles_belong_together_until_that_is_undone(index: StoryIndex) -> None:
    before = {id_: story(index, id_) for id_ in ("m1", "b1", "v1")}
    cursor = index.stats()["changes"]
    done = index.decide("together", ["m1", "b2"], by="Ann")
    assert stories(index) == [("b1", "b2", "m1", "m2", "m3"), ("v1",)]
    assert done.stories == {"m1": before["m1"], "b2": before["m1"]}
    assert [(one.kind, one.article) for one in index.changes(cursor)] == [
        ("decided", "m1"), ("moved", "b1"), ("moved", "b2"), ("merged", ""),
    ]  # fmt: skip
    assert index.story(before["b1"]).id == before["m1"]
    ((kept,), version) = index.decisions()
    assert (kept.kind, kept.articles, kept.by, kept.in_force, version) == ("together", ("m1", "b2"), "Ann", True, 1)
    assert index.check() == []
    undone = index.undo(kept.id)
    assert undone.stories == {"m1": before["m1"], "b2": before["b1"]}
    assert stories(index) == [("b1", "b2"), ("m1", "m2", "m3"), ("v1",)]
    assert {id_: story(index, id_) for id_ in before} == before
    assert index.decisions() == ([], 2)
    assert index.check() == []


def test_what_was_joined_by_hand_draws_in_nothing_else(index: StoryIndex) -> None:
    index.decide("together", ["m1", "v1"])
    assert index.add(article("v2", "vote", [4], 3)).story == story(index, "m1")  # it is of the vote's
    assert index.match(article("v3", "vote", [5], 3)).story == story(index, "m1")
    assert index.add(article("w1", "whale", [], 3)).new_story
    index.undo("d1")
    assert stories(index) == [("b1", "b2"), ("m1", "m2", "m3"), ("v1", "v2"), ("w1",)]


def test_a_part_is_split_off_and_later_articles_go_where_they_are_alike(index: StoryIndex) -> None:
    done = index.decide("split", ["m3"], by="Ann")
    assert stories(index) == [("b1", "b2"), ("m1", "m2"), ("m3",), ("v1",)]
    assert done.stories["m3"] != done.stories["m1"] == done.stories["m2"]
    copy = article("m4", "mill", [1, 2], 4)
    assert index.match(copy).story == done.stories["m3"]
    assert index.add(copy).story == done.stories["m3"]
    assert index.add(article("m5", "mill", [0], 4)).story == done.stories["m1"]
    index.reconcile()
    index.rebuild()
    assert stories(index) == [("b1", "b2"), ("m1", "m2", "m5"), ("m3", "m4"), ("v1",)]
    assert index.check() == []
    index.undo("d1")
    assert ("m1", "m2", "m3", "m4", "m5") in stories(index)


def test_an_article_moves(index: StoryIndex) -> None:
    index.decide("move", ["m3"], into="b1")
    assert stories(index) == [("b1", "b2", "m3"), ("m1", "m2"), ("v1",)]
    with pytest.raises(ConflictError, match=r"contradicts the decision d\d") as raised:
        index.decide("move", ["m3"], into="v1")
    assert raised.value.decisions == ("d2",)
    index.decide("move", ["m3"], into="v1", supersede=True)
    assert stories(index) == [("b1", "b2"), ("m1", "m2"), ("m3", "v1")]
    assert [one.in_force for one in index.decisions()[0]] == [True, False, True, True]
    with pytest.raises(InputError, match="nothing to move"):
        index.decide("move", ["m3"], into="v1")


def test_a_contradiction_names_the_earlier_decision(index: StoryIndex) -> None:
    index.decide("together", ["m1", "b1"], by="Ann")
    index.decide("together", ["b1", "v1"])
    with pytest.raises(ConflictError, match=r"contradicts the decision d1 \(together by Ann on"):
        index.decide("apart", ["m1"], apart_from=["v1"])
    index.decide("apart", ["m1"], apart_from=["v1"], supersede=True)
    assert story(index, "m1") != story(index, "v1") == story(index, "b1")
    with pytest.raises(ConflictError, match="d3"):
        index.decide("together", ["m2", "v1", "m1"])
    index.undo("d3")
    assert len({story(index, id_) for id_ in ("m1", "b1", "v1")}) == 1


def test_the_same_decision_twice_is_one(index: StoryIndex) -> None:
    first = index.decide("together", ["m1", "b1"])
    again = index.decide("together", ["b1", "m1"])
    assert again.decisions == first.decisions
    assert (again.version, again.changes) == (first.version, ())


def test_a_decision_is_named_where_two_articles_are_explained(index: StoryIndex) -> None:
    index.decide("together", ["m1", "b1"], by="Ann")
    found = index.explain("b1", "m1")
    assert (found.same_story, found.reason) == (True, "An editor decided that they are together (d1 by Ann).")
    index.decide("apart", ["m1"], apart_from=["v1"])
    assert "apart (d2)" in index.explain("v1", "m1").reason


def test_a_version_guards_two_editors(index: StoryIndex) -> None:
    version = index.decisions()[1]
    index.decide("together", ["m1", "b1"], version=version)
    with pytest.raises(ConflictError, match="others have decided meanwhile") as raised:
        index.decide("title", ["v1"], title="The vote", version=version)
    assert raised.value.decisions == ()
    with pytest.raises(ConflictError):
        index.undo("d1", version=version)
    index.undo("d1", version=1)


def test_a_story_has_the_title_and_the_article_that_were_decided(index: StoryIndex) -> None:
    first = index.story(story(index, "m1"))
    index.decide("title", ["m2"], title=" The  fire ")
    index.decide("canonical", ["m3"])
    found = index.story(story(index, "m1"))
    assert (found.title, found.canonical) == ("The fire", "m3")
    index.decide("title", ["m1"], title="The blaze")
    index.decide("split", ["m3"])
    assert index.story(story(index, "m1")).title == "The blaze"
    assert index.story(story(index, "m1")).canonical != "m3"
    assert index.story(story(index, "m3")).title != "The blaze"
    for decision in index.decisions()[0]:
        index.undo(decision.id)
    found = index.story(story(index, "m1"))
    assert found == first
    index.decide("canonical", ["m3"])
    assert index.story(story(index, "m1")).canonical == "m3"
    index.withdraw("m3")
    assert index.story(story(index, "m1")).canonical != "m3"


def test_a_removed_article_that_comes_again_is_where_it_was_decided(index: StoryIndex) -> None:
    index.decide("together", ["m1", "b1"])
    index.decide("together", ["b1", "v1"])
    index.remove("b1")
    assert stories(index) == [("b2",), ("m1", "m2", "m3", "v1")]
    index.add(article("b1", "bridge"))
    assert stories(index) == [("b1", "b2", "m1", "m2", "m3", "v1")]


def test_a_decision_on_a_version_of_a_page_holds_for_the_next(index: StoryIndex) -> None:
    page = {"url": "https://example.org/mill", "source": "Page"}
    index.add(article("p1", "mill", [4], 1, **page))
    index.decide("split", ["p1"])
    index.add(article("p2", "mill", [4, 5], 2, **page))
    assert index.article("p1").revised_by == "p2"
    assert stories(index) == [("b1", "b2"), ("m1", "m2", "m3"), ("p2",), ("v1",)]


def test_erased_articles_are_taken_out_of_decisions(index: StoryIndex) -> None:
    index.decide("together", ["m1", "b1", "v1"])
    index.decide("title", ["b1"], title="Bridge")
    index.erase("b1")
    ((kept,), _) = index.decisions()
    assert kept.articles == ("m1", "v1")
    assert stories(index) == [("b2",), ("m1", "m2", "m3", "v1")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("together", ["m1"]), "needs two articles"),
        (("apart", ["m1"]), "needs articles, and others"),
        (("title", ["m1"]), "needs a title"),
        (("canonical", ["m1", "m2"]), "names one article"),
        (("merge", ["m1"]), "nothing can be decided by 'merge'"),
        (("split", ["m1", "m2", "m3"]), "nothing would be left"),
        (("split", ["m1", "b1"]), "of several stories"),
        (("move", ["m1"]), "'into' names an article"),
    ],
)
def test_what_cannot_be_decided_is_said(index: StoryIndex, arguments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        index.decide(*arguments)
    with pytest.raises(UnknownArticleError, match="no article with the id 'nothing'"):
        index.decide("together", ["m1", "nothing"])
    with pytest.raises(UnknownArticleError, match="no decision 'd9'"):
        index.undo("d9")


def replay(changes: Sequence[Change], known: dict[str, str]) -> None:
    """Apply changes as a consumer does."""
    for change in changes:
        if change.kind in ("added", "moved", "updated", "revised", "removed", "expired"):
            if change.story:
                known[change.article] = change.story
            else:
                known.pop(change.article, None)


class Editors:
    """Two indexes with the same articles, of which one has decisions too."""

    def __init__(self, seed: int, folder: Path, **options: Any) -> None:
        self.random, self.folder = random.Random(seed), folder  # noqa: S311 - any will do
        self.clock, self.known, self.cursor, self.number = 0.0, dict[str, str](), 0, 0
        self.indexes = [self.open("decided.db", **options), self.open("plain.db", **options)]
        self.reader = self.open("decided.db", read_only=True)

    def open(self, name: str, **options: Any) -> StoryIndex:
        return StoryIndex.open(self.folder / name, clock=lambda: START.timestamp() + self.clock, **options)

    def draw(self) -> Article:
        chosen = sorted(self.random.sample(range(len(DETAILS)), self.random.choice((0, 1, 2, 3))))
        event, hours = self.random.choice([*EVENTS]), self.random.randrange(48)
        self.number += 1
        url = f"https://example.org/{self.random.randrange(8)}" if self.random.random() < 0.2 else ""
        source = f"outlet-{self.random.randrange(4)}"
        return article(f"a{self.number}", event, chosen, hours, url=url, source=source)

    def ids(self) -> list[str]:
        return sorted(self.known)

    def some(self, most: int) -> list[str]:
        ids = self.ids()
        return self.random.sample(ids, min(len(ids), self.random.randint(1, most)))

    def step(self) -> None:
        self.clock += self.random.choice((60, 7200, 90_000))
        name = self.random.choices(
            (
                "add",
                "many",
                "update",
                "remove",
                "withdraw",
                "reconcile",
                "rebuild",
                "reopen",
                "expire",
                "decide",
                "undo",
            ),
            (6, 4, 4, 3, 1, 1, 1, 1, 0.5, 9, 4),
        )[0]
        if name in ("update", "remove", "withdraw", "decide") and len(self.known) < 3:
            name = "add"
        if name in ("decide", "undo"):
            self.edit(name)
            return
        arguments: list[Any] = []
        if name == "add":
            arguments = [self.draw()]
        elif name == "many":
            arguments = [[self.draw() for _ in range(self.random.randint(2, 6))]]
        elif name == "update":
            again = self.draw()
            arguments = [replace(again, id=self.some(1)[0], url="")]
        elif name in ("remove", "withdraw"):
            arguments = self.some(3)
        elif name == "expire":
            arguments = [START + timedelta(hours=self.random.randrange(4))]
        if name == "reopen":
            for index in self.indexes:
                index.close()
            self.indexes = [self.open("decided.db"), self.open("plain.db")]
            return
        for index in self.indexes:
            method = {"many": "add_many"}.get(name, name)
            answer = getattr(index, method)(*arguments)
            if name in ("add", "many") and index is self.indexes[0]:
                for placement in [answer] if name == "add" else answer[-1:]:
                    where = index.article(placement.article)
                    assert (placement.story, placement.copy_of) == (where.story, where.copy_of) or where.revised_by

    def edit(self, name: str) -> None:
        index = self.indexes[0]
        if name == "undo":
            if decisions := index.decisions()[0]:
                index.undo(self.random.choice(decisions).id)
            return
        kind: Any = self.random.choice(("together", "apart", "apart", "split", "move", "title", "canonical"))
        ids = self.some(1 if kind in ("title", "canonical") else 4)
        others = [id_ for id_ in self.some(4) if id_ not in ids]
        given: dict[str, Any] = {"apart_from": others} if kind == "apart" else {}
        if kind == "title":
            given["title"] = f"Title {self.number}"
        if kind == "move":
            given["into"] = self.some(1)[0]
        try:
            index.decide(kind, ids, supersede=self.random.random() < 0.5, **given)
        except InputError:
            return

    def verify(self) -> None:
        index = self.indexes[0]
        changes = index.changes(self.cursor)
        replay(changes, self.known)
        self.cursor = changes[-1].cursor if changes else self.cursor
        held: dict[str, set[str]] = defaultdict(set)
        for found in index.stories():
            assert not held[found.id]
            held[found.id] = {*found.articles}
        where = {id_: name for name, ids in held.items() for id_ in ids}
        assert where == self.known
        assert broken_decisions(index) == []
        assert index.check() == []
        ours, plain = (one._session.state().table for one in self.indexes)
        assert {*ours.numbers()} == {*plain.numbers()}
        assert parts(ours) == parts(plain)  # what the method finds does not depend on decisions
        probe = self.draw()
        assert self.reader.match(probe).story == index.match(probe).story
        assert parts(self.reader._session.state().table) == parts(ours)

    def finish(self) -> None:
        for decision in self.indexes[0].decisions()[0]:
            self.indexes[0].undo(decision.id)
        self.verify()
        assert stories(self.indexes[0]) == stories(self.indexes[1])
        for index in (*self.indexes, self.reader):
            index.close()


def parts(table: Any) -> set[frozenset[int]]:
    return {frozenset(table.number[table.of_story(story)].tolist()) for story in table.stories()}


@pytest.mark.parametrize("seed", range(12))
def test_no_sequence_of_operations_breaks_a_decision(tmp_path: Path, seed: int) -> None:
    editors = Editors(seed, tmp_path)
    for _ in range(40):
        editors.step()
        editors.verify()
    editors.finish()


def shown(index: StoryIndex, found: Any) -> set[tuple[object, ...]]:
    """The stories of an index, or of its clustering, with their copies and what was decided to be shown."""
    decided = [one for one in index.decisions()[0] if one.in_force]
    title, canonical = ({one.articles[0] for one in decided if one.kind == kind} for kind in ("title", "canonical"))
    return {
        (
            frozenset(one.articles),
            frozenset(tuple(sorted(group.articles)) for group in one.copy_groups),
            one.title if title & {*one.articles} else None,
            one.canonical if canonical & {*one.articles} else None,
        )
        for one in found
    }


@pytest.mark.parametrize("seed", range(8))
def test_the_clustering_of_an_index_has_the_stories_that_editors_see(tmp_path: Path, seed: int) -> None:
    editors = Editors(seed, tmp_path, settle_hours=1e6)
    for _ in range(4):
        for _ in range(10):
            editors.step()
        index = editors.indexes[0]
        for each in editors.indexes:
            each.reconcile()
        found = index.clustering()
        assert shown(index, found) == shown(index, index.stories())
        story_of = {id_: one.id for one in found for id_ in one.articles}
        assert {*story_of} == {article.id for article in found.articles}
        assert all(story_of[link.a] == story_of[link.b] for link in found.links)
        assert found.rethreshold(0.9).articles == found.articles
    editors.finish()


def test_a_story_ends_with_its_last_article_also_where_that_expires_while_a_decision_is_undone(tmp_path: Path) -> None:
    now = [START.timestamp() + 3 * 3600]
    with StoryIndex.open(tmp_path / "s.db", keep_days=1, clock=lambda: now[0]) as index:
        index.add_many([article("m1", "mill"), article("m2", "mill", [0], 1), article("m3", "mill", [1, 2], 2)])
        index.decide("canonical", ["m2"])
        index.decide("split", ["m3"])
        now[0] += 37 * 3600
        index.undo("d1")
        assert stories(index) == []
        assert index.check() == []
