"""Versions of pages in an index: the same pages as in a run, in whatever order, batches and sessions they come."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dedup
from dedup import Article, StoryIndex, UnknownArticleError
from dedup.index.store.schema import MIGRATIONS
from dedup.index.store.sqlite import SqliteStore
from dedup.kinds import kind_of
from dedup.match.versions import keeps_story
from dedup.text.document import Document
from dedup.vectorize.features import HashedWords

START = datetime(2024, 5, 1, tzinfo=UTC)
NAMES = ("Harlow", "Weldon", "Ashby", "Corby", "Oundle", "Stamford")
FIRE = (
    "Twelve people died when a fire swept through a paper mill on the edge of Harlow on Tuesday evening, the county"
    " fire service said. Crews from nine stations fought the blaze until dawn. The cause is not known, said chief"
    " officer Ann Bell, who asked residents to keep their windows closed."
)
MORE = " A hall in Mill Lane was opened for those who had to leave their homes. An inquiry will open on Monday."
URL = "https://paper.example/news/mill-fire"


def article(id_: str, text: str, url: str = URL, hours: float = 0.0, **fields: Any) -> Article:
    given = {"title": "Fire at Harlow mill", "source": "Paper", "published": START + timedelta(hours=hours), **fields}
    return Article(id=id_, text=text, url=url, **given)


def made(pages: int, seed: int) -> list[Article]:
    """Versions of pages, each at a date of its own; some texts of another matter under the same address."""
    dealt, found = random.Random(seed), list[Article]()  # noqa: S311 - any will do
    hours = iter(dealt.sample(range(1_000), 9 * pages))
    for page in range(pages):
        words = [f"{dealt.choice(NAMES).lower()}{dealt.randrange(300)}" for _ in range(60)]
        url = f"https://paper.example/report/{page}"
        for version in range(dealt.randrange(1, 5)):
            if dealt.random() < 0.2:  # another matter
                words = [f"{dealt.choice(NAMES).lower()}{dealt.randrange(300)}" for _ in range(60)]
            words = [*words[dealt.randrange(4) :], *(f"new{dealt.randrange(300)}" for _ in range(6))]
            name, form = f"{page}-{version}", dealt.choice(["", "/amp", "?utm_source=x", "#top"])
            title = f"{dealt.choice(NAMES)} report {page}"
            found.append(article(name, " ".join(words), url + form, next(hours), title=title))
        if dealt.random() < 0.3:  # at another outlet
            found.append(article(f"{page}-copy", " ".join(words), url, next(hours), source="Other"))
    dealt.shuffle(found)
    return found


def found_in(stories: Any) -> tuple[set[tuple[str, ...]], set[str]]:
    every = list(stories)
    return {page for story in every for page in story.revisions}, {name for story in every for name in story.articles}


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10_000), batch=st.sampled_from([1, 3, 50]), removed=st.integers(0, 3))
def test_index_and_run_have_the_same_pages(tmp_path: Path, seed: int, batch: int, removed: int) -> None:
    articles, path = made(4, seed), tmp_path / f"{seed}-{batch}-{removed}.db"
    dealt = random.Random(seed)  # noqa: S311
    left, waiting = list[Article](), list(articles)
    while waiting:  # with the index closed and opened in between
        some, waiting = waiting[: len(articles) // 2 + 1], waiting[len(articles) // 2 + 1 :]
        with StoryIndex.open(path) as index:
            index.add_many(some, batch=batch)
            left += some
            for gone in dealt.sample(left, min(removed, len(left))):
                index.remove(gone.id)
                left.remove(gone)
    with StoryIndex.open(path) as index:
        assert index.check() == []
        run = dedup.cluster(left)
        assert found_in(index.stories()) == found_in(run)
        assert len(index) == len(found_in(run)[1])
        index.reconcile()
        assert found_in(index.placements()) == found_in(run)
        assert index.check() == []
        assert all(one.id in index and index.article(one.id).article.text == one.text for one in left)
        before, latest = run.versions()
        assert {one.id: index.article(one.id).revision_of for one in left} == {
            one.id: before.get(one.id) for one in left
        }
        assert {one.id: index.article(one.id).revised_by for one in left} == {
            one.id: latest.get(one.id) for one in left
        }
    path.unlink()


def test_changes_tell_the_story_of_each_article() -> None:
    with StoryIndex.open(":memory:") as index:
        articles = made(6, 1)
        index.add_many(articles)
        index.remove(*[one.id for one in articles[::3]])
        story = dict[str, str]()
        for change in index.changes():
            if change.kind != "merged":
                story[change.article] = change.story
        assert {name: held for name, held in story.items() if held} == {
            name: one.id for one in index.stories() for name in one.articles
        }


def test_a_revision_keeps_its_story() -> None:
    with StoryIndex.open(":memory:") as index:
        first = index.add(article("a", FIRE))
        index.add(article("x", FIRE.replace("Twelve", "A dozen"), "https://other.example/fire", 1, source="Other"))
        second = index.add(article("b", FIRE + MORE, hours=2))
        assert (second.story, second.revision_of, second.copy_of) == (first.story, "a", "x")
        assert [(change.kind, change.article) for change in second.changed] == [("revised", "a")]
        later = MORE.replace("hall", "school")
        third = index.add(article("c", later + FIRE[140:], hours=3, title="Mill fire: inquiry opens"))
        assert (third.story, third.revision_of) == (first.story, "b")


@pytest.mark.parametrize(
    ("title", "text", "stays"),
    [
        ("Fire at Harlow mill kills twelve", MORE * 3, True),
        ("Council passes its budget", FIRE + MORE, True),
        ("Council passes its budget", MORE * 3 + FIRE, False),
    ],
)
def test_a_revision_leaves_its_story_with_title_and_lead(title: str, text: str, stays: bool) -> None:
    documents = [Document.of("Fire at Harlow mill", FIRE), Document.of(title, text)]
    assert keeps_story(HashedWords.of(documents)) is stays


def test_an_older_version_that_comes_late_is_history() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add(article("b", FIRE + MORE, hours=2))
        late = index.add(article("a", FIRE, f"{URL}?fbclid=1"))
        assert (late.status, late.revision_of, late.revised_by, late.new_story) == ("added", None, "b", False)
        assert index.story(late.story).articles == ("b",)
        assert (len(index), index.stats()["revisions"]) == (1, 1)
        assert index.add(article("a", FIRE, f"{URL}?fbclid=1")).status == "unchanged"
        assert index.explain("a", "b").same_story
        assert index.match(article("", FIRE, hours=1)).revised_by == "b"
        assert index.match(article("", FIRE + MORE, hours=9)).revision_of == "b"


def test_of_equal_dates_the_last_that_came_is_the_latest() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add(article("a", FIRE + MORE))
        assert index.add(article("b", FIRE)).revision_of == "a"


def test_history_goes_with_what_is_removed_or_expires() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add_many([article("a", FIRE), article("b", FIRE + MORE, hours=2), article("c", FIRE, hours=3)])
        index.remove("b")
        assert "b" not in index
        assert index.article("c").revision_of == "a"
        assert index.expire(START + timedelta(hours=1)) == 1
        assert "a" not in index
        assert index.article("c").revision_of is None
        index.add(article("d", FIRE + MORE, hours=5))
        assert index.expire(START + timedelta(hours=9)) == 2
        assert (len(index), index.stats()["revisions"]) == (0, 0)
        with pytest.raises(UnknownArticleError):
            index.article("c")


def test_an_index_without_texts_knows_pages() -> None:
    with StoryIndex.open(":memory:", store_text=False) as index:
        index.add(article("a", FIRE))
        assert index.add(article("b", FIRE + MORE, hours=2)).revision_of == "a"
        assert index.article("a").article.text == ""
        index.rebuild()
        index.vacuum()
        index.remove("b")
        assert index.article("a").revised_by is None


def test_a_reading_process_follows(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with StoryIndex.open(path) as index:
        index.add(article("a", FIRE))
        with StoryIndex.open(path, read_only=True) as reader:
            assert reader.match(article("", FIRE, "")).copy_of == "a"
            index.add(article("b", FIRE + MORE, hours=2))
            assert reader.match(article("", FIRE, "")).copy_of == "b"
            index.remove("b")
            assert reader.match(article("", FIRE, "")).copy_of == "a"


def test_a_lost_version_is_found_and_repaired(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with StoryIndex.open(path) as index:
        index.add_many([article("a", FIRE), article("b", FIRE + MORE, hours=2)])
    with sqlite3.connect(path) as connection:
        for table in ("article", "sketch", "body"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
    connection.close()
    with StoryIndex.open(path) as index:
        assert any("'a': the latest version of its page is missing" in fault for fault in index.check())
        index.check(repair=True)
        assert index.check() == []
        assert index.article("a").article.text == FIRE


def test_a_store_without_addresses_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with StoryIndex.open(path) as index:
        index.add(article("a", FIRE))
    with sqlite3.connect(path) as connection:  # as it was before
        names = [name for name, _ in MIGRATIONS]
        before = names.index("earlier versions of pages")
        for table in (
            "revision",
            "revision_body",
            "address",
            "withdrawn",
            "decision",
            "automatic",
            "embedded",
            "joined",
            "scale",
        ):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP INDEX story_decided")
        for column in ("title", "pinned"):
            connection.execute(f"ALTER TABLE story DROP COLUMN {column}")
        connection.execute("DELETE FROM migration WHERE number > ?", (before,))
        connection.execute("DELETE FROM fact WHERE name = 'addresses'")
        connection.execute(f"PRAGMA user_version = {before}")
    connection.close()
    with StoryIndex.open(path) as index:
        assert index.article("a").revised_by is None
        assert index.add(article("b", FIRE + MORE, hours=2)).revision_of == "a"
        assert index.check() == []
        index.add(article("c", "Another matter altogether.", ""))
        index.decide("together", ["a", "c"])
        assert index.article("c").story == index.article("b").story


def test_numbers_of_versions_are_never_used_again(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with StoryIndex.open(path) as index:
        index.add(article("b", FIRE + MORE, hours=2))
        index.add(article("a", FIRE))
        index.remove("a")
        index.add(article("c", "Another matter altogether.", ""))
    store = SqliteStore(path, read_only=True)
    assert store.numbers() == [1, 3]
    store.close()


def test_two_thousand_revisions_of_two_hundred_pages_count_two_hundred() -> None:
    dealt, articles = random.Random(1), list[Article]()  # noqa: S311
    for page in range(200):
        text = " ".join(f"{dealt.choice(NAMES)}{dealt.randrange(400)}" for _ in range(40))
        for version in range(10):
            text += f" {dealt.choice(NAMES)}"
            articles.append(article(f"{page}-{version}", text, f"https://paper.example/{page}-report", version))
    dealt.shuffle(articles)
    with StoryIndex.open(":memory:") as index:
        index.add_many(articles)
        assert (len(index), index.stats()["revisions"]) == (200, 1_800)
        assert found_in(index.stories())[1] == {f"{page}-9" for page in range(200)}


@pytest.mark.parametrize("title", ["Fire at Harlow mill", "For subscribers"])
@pytest.mark.parametrize("hours", [-5, 5, 72])
def test_a_stub_is_a_revision_of_its_text(title: str, hours: int) -> None:
    url = "https://paper.example/news/fire-at-harlow-mill"
    text = "To continue reading, subscribe now. Already a subscriber? Log in."
    stub = article("stub", text, f"{url}/amp", hours, title=title)
    both = [article("full", FIRE + MORE, url), stub]
    assert kind_of(stub).kind == "stub"
    for some in (both, both[::-1]):
        (story,) = dedup.cluster(some)
        assert (story.articles, story.revisions) == (("full",), (("stub", "full"),))
        with StoryIndex.open(":memory:") as index:
            index.add_many(some[:1])
            index.add(some[1])
            (story,) = index.stories()
            assert (story.articles, story.revisions) == (("full",), (("stub", "full"),))
            assert index.article("stub").revised_by == "full"
