"""`StoryIndex` by its public methods: placements, ids, changes, and agreement with `cluster`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from made_articles import START, stream
from storyline_articles import storyline_articles

import dedup
from dedup import (
    Article,
    Background,
    Change,
    Clustering,
    InputError,
    Placement,
    Settings,
    StoryIndex,
    UnknownArticleError,
)
from dedup.index.inputs import read_article
from dedup.index.stories import storylines

SEEDS = list(dedup.read_articles([str(Path(__file__).resolve().parents[2] / "seeds")]))
MADE = list(stream(5, 120))
LEARNED = dedup.learn_background(MADE)


class Clock:
    def __init__(self) -> None:
        self.now = START.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=[":memory:", "file"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "stories.db") if request.param == "file" else str(request.param)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(path: str, clock: Clock) -> Iterator[StoryIndex]:
    with StoryIndex.open(path, background=LEARNED, clock=clock) as found:
        yield found


def partition(clustering: Clustering) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in clustering}


def told_by(changes: list[dedup.Change]) -> dict[str, str]:
    """Return the story of each article, by applying the changes."""
    stories: dict[str, str] = {}
    for change in changes:
        if change.kind in ("added", "updated", "moved"):
            stories[change.article] = change.story
        elif change.kind in ("removed", "expired"):
            del stories[change.article]
        elif change.kind == "merged":
            stories = {name: change.story if story == change.before else story for name, story in stories.items()}
    return stories


def placed(index: StoryIndex) -> dict[str, str]:
    return {name: story.id for story in index.placements() for name in story.articles}


# Agreement with cluster


@pytest.mark.parametrize("articles", [SEEDS, MADE], ids=["seeds", "made"])
@pytest.mark.parametrize("keep", [True, False], ids=["texts", "no texts"])
def test_clustering_equals_cluster_over_stored_articles(articles: list[Article], keep: bool, path: str) -> None:
    with StoryIndex.open(path, background=LEARNED, store_text=keep) as index:
        index.add_many(articles)
        gone = [article.id for article in articles[::7]]
        index.remove(*gone)
        live = [article for article in articles if article.id not in gone]
        before = placed(index)
        found = index.clustering()
        assert placed(index) == before, "it only reads"
        wanted = dedup.cluster(live, background=LEARNED, keep_texts=keep)
        assert found.stories == wanted.stories
        assert found.labels == wanted.labels
        assert found.copy_labels == wanted.copy_labels
        assert found.links == wanted.links
        assert found.datelines == wanted.datelines
        assert found.rethreshold(0.8).stories == wanted.rethreshold(0.8).stories
        index.reconcile()
        assert partition(index.placements()) == partition(wanted)
        copies = {frozenset(group.articles) for story in index.placements() for group in story.copy_groups}
        assert copies == {frozenset(group.articles) for story in wanted for group in story.copy_groups}
        assert index.reconcile() == [], "there is nothing left to do"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_first_placements_are_near_cluster_in_any_order(seed: int) -> None:
    articles = [SEEDS[place] for place in np.random.default_rng(seed).permutation(len(SEEDS))]
    truth = dedup.cluster(articles, background=LEARNED)
    with StoryIndex.open(":memory:", background=LEARNED) as index:
        index.add_many(articles)
        placements = index.placements()
        assert dedup.score([str(label) for label in truth.labels], placements.labels).bcubed_f1 > 0.95
        index.reconcile()
        assert partition(index.placements()) == partition(truth)


SEEDS = [*dedup.read_articles([str(Path(__file__).resolve().parents[2] / "seeds")])]


def stories_only(changes: Iterable[Change]) -> list[tuple[str, ...]]:
    """Changes without those of storylines, which depend on the batches until the index is reconciled."""
    return [(one.kind, one.article, one.story, one.before) for one in changes if one.kind != "storyline"]


def bare(placement: Placement) -> dict[str, object]:
    """A placement as a record, with its changes as `stories_only` has them."""
    return {**placement.to_record(), "storyline": None, "changed": stories_only(placement.changed)}


@pytest.mark.parametrize("kernels", ["on", "off"])
def test_add_many_equals_adding_one_by_one(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles in four languages, two of them only in the last articles, with copies and equal texts."""
    monkeypatch.setenv("DEDUP_KERNELS", kernels)
    again = [replace(article, id=f"again {article.id}") for article in SEEDS[::5]]
    articles = sorted([*SEEDS, *again], key=lambda article: (not article.text.isascii(), article.id))
    articles += [replace(articles[3], text=articles[3].text + " There was more."), articles[5]]
    found = []
    for batch in (1, 9, len(articles)):
        with StoryIndex.open(":memory:", clock=lambda: 1e9) as index:
            placements = index.add_many(articles, batch=batch)
            found.append(([(bare(one), one.links) for one in placements], stories_only(index.changes())))
    assert found[0] == found[1] == found[2]
    assert {placed["status"] for placed, _ in found[0][0]} == {"added", "updated", "unchanged"}


def test_scores_equal_cluster_and_do_not_change(index: StoryIndex) -> None:
    first = index.add(MADE[0])
    assert first.new_story
    links = {}
    for article in MADE[1:]:
        for link in index.add(article).links:
            links[link.a, link.b] = link
    contents = [(article.title, article.text) for article in MADE]
    once = {article.id for article, content in zip(MADE, contents, strict=True) if contents.count(content) == 1}
    by_pair = {(link.a, link.b): link for link in index.clustering().links if link.kind == "story"}
    shared = [pair for pair in by_pair if once.issuperset(pair) and pair in links and links[pair].kind == "story"]
    assert len(shared) > 10
    for pair in shared:  # of an equal text that came later the score may be another: several outlets ran it
        assert by_pair[pair].cosine == links[pair].cosine
        assert by_pair[pair].score == links[pair].score


# One at a time


def test_adding_the_same_article_changes_nothing(index: StoryIndex) -> None:
    first = index.add(MADE[0])
    assert (first.status, first.new_story, first.copy_of) == ("added", True, None)
    again = index.add(replace(MADE[0], where="elsewhere.jsonl:4"))
    expected = Placement(MADE[0].id, "unchanged", first.story, False, None, before=first.story)
    assert again == replace(expected, storyline=first.storyline)
    assert len(index.changes()) == 1
    assert len(index) == 1


def test_equal_text_is_a_copy(index: StoryIndex) -> None:
    first = index.add(MADE[0])
    second = index.add(replace(MADE[0], id="again"))
    assert (second.story, second.copy_of, second.new_story) == (first.story, MADE[0].id, False)
    index.remove(MADE[0].id)
    third = index.add(replace(MADE[0], id="third"))
    assert (third.story, third.copy_of) == (first.story, "again")
    assert index.article("again").copy_of is None
    assert index.match(replace(MADE[0], id="")).copy_of == "again"


def test_another_text_is_an_update(index: StoryIndex) -> None:
    a, b = MADE[0], next(article for article in MADE if article.title and article.title != MADE[0].title)
    first = index.add(a)
    changed = index.add(replace(b, id=a.id))
    assert (changed.status, changed.story) == ("updated", first.story), "alone in its story it keeps the id"
    assert index.article(a.id).article.text == b.text
    assert [change.kind for change in index.changes()] == ["added", "updated"]
    with pytest.raises(UnknownArticleError, match="nobody"):
        index.update(replace(b, id="nobody"))
    assert index.update(a).status == "updated"


def test_match_stores_nothing_and_equals_add(index: StoryIndex) -> None:
    index.add_many(MADE[:60])
    agree = []
    for article in MADE[60:]:
        cursor = index.stats()["changes"]
        asked = index.match(replace(article, id=""))
        assert asked.status == "matched"
        assert index.stats()["changes"] == cursor
        answer = index.add(article)
        agree.append((asked.story or None) == (None if answer.new_story else answer.story))
    assert np.mean(agree) > 0.95


def test_invalid_item_is_refused_with_its_batch(index: StoryIndex) -> None:
    for wrong in ("a text", {"text": "without an id"}, {"id": " ", "text": "blank"}, 5):
        with pytest.raises(InputError, match="article 0"):
            index.add(wrong)  # type: ignore[arg-type]
    notices: list[dedup.Notice] = []
    done = index.add_stream([*MADE[:3], {"text": "no id"}], batch=2, notices=notices)
    assert [placement.article for placement in (next(done), next(done))] == ["a0", "a1"]
    with pytest.raises(InputError, match="article 3 has no id"):
        next(done)
    assert len(index) == 2


@pytest.mark.parametrize("id_", ['it\'s "quoted"', "two\nlines", "🛳️", "x" * 10_000, "%", "a\tb"])
def test_odd_ids(index: StoryIndex, id_: str) -> None:
    assert index.add(replace(MADE[0], id=id_)).article == id_
    assert id_ in index
    assert index.article(id_).article == replace(MADE[0], id=id_)
    assert index.explain(id_, id_).same_text
    index.remove(id_)
    assert id_ not in index
    assert len(index) == 0


# Ids of stories


def test_applying_changes_gives_the_placements(index: StoryIndex) -> None:
    rng = np.random.default_rng(8)
    for place, article in enumerate(MADE):
        index.add(article)
        if rng.random() < 0.1:
            index.remove(MADE[place // 2].id) if MADE[place // 2].id in index else None
        if place % 50 == 49:
            index.reconcile()
        assert told_by(index.changes(0, limit=10_000)) == placed(index)
    cursors = [change.cursor for change in index.changes(0, limit=10_000)]
    assert cursors == list(range(1, len(cursors) + 1))
    assert index.changes(cursors[4], limit=2) == index.changes(0, limit=7)[5:]


def test_ids_survive_growth_and_redirect_after_merging(index: StoryIndex) -> None:
    ids = {}
    for placement in index.add_many(MADE):
        ids[placement.article] = placement.story
    index.reconcile()
    now = placed(index)
    merged = [change for change in index.changes(0, limit=10_000) if change.kind == "merged"]
    for change in merged:
        assert index.story(change.before).id == index.story(change.story).id
    for name, story in ids.items():
        assert index.story(now[name]).id == now[name]
        if story not in {change.before for change in merged} and story in now.values():
            assert index.story(story).id == story
    with pytest.raises(UnknownArticleError, match="s404"):
        index.story("s404")


def test_settled_story_keeps_articles_and_id(index: StoryIndex, clock: Clock) -> None:
    half = len(MADE) // 2
    index.add_many(MADE[:half])
    before = placed(index)
    clock.now += 73 * 3600
    index.add_many(MADE[half:])
    index.reconcile()
    now = placed(index)
    assert {name: now[name] for name in before} == before
    assert index.reconcile() == []


def test_clock_that_goes_back_is_harmless(index: StoryIndex, clock: Clock) -> None:
    index.add(MADE[0])
    first = index.changes()[0].at
    clock.now -= 10 * 86_400
    index.add(MADE[1])
    assert index.changes()[1].at >= first


def test_keep_days_expires_old_articles(path: str, clock: Clock) -> None:
    with StoryIndex.open(path, keep_days=5, clock=clock) as index:
        for article in MADE:
            if article.published is not None:
                clock.now = article.published.timestamp()  # type: ignore[attr-defined] # all of them are times
            index.add(article)
        oldest = clock.now - 5 * 86_400
        for article in index.placements().articles:
            assert article.published is None or article.published.timestamp() >= oldest  # type: ignore[attr-defined]
        assert told_by(index.changes(0, limit=10_000)) == placed(index)
        assert 0 < len(index) < len(MADE) / 2
        assert index.check() == []
        count = index.expire(START + timedelta(days=90))
        assert count == len([a for a in MADE if a.published is not None and a.id in told_by(index.changes(0))]) or count
        assert {article.published for article in index.placements().articles} <= {None}


# Everything else that it answers


def test_stories_articles_and_explanations(index: StoryIndex) -> None:
    index.add_many(MADE)
    stories = list(index.stories())
    assert sorted(name for story in stories for name in story.articles) == sorted(article.id for article in MADE)
    big = list(index.stories(min_size=4))
    assert {story.id for story in big} == {story.id for story in stories if len(story.articles) >= 4}
    post = list(index.stories(outlet="Post"))
    assert {story.id for story in post} == {story.id for story in stories if "Post" in story.sources}
    for line in {story.storyline for story in stories}:
        together = [story for story in stories if story.storyline == line]
        assert list(index.stories(storyline=line)) == together
        assert index.page(storyline=line).stories == tuple(together)
    story = big[0]
    assert index.story(story.id) == story
    assert index.article(story.articles[0]).story == story.id
    told = index.explain(story.articles[0], story.articles[1])
    assert told.same_story
    other = next(one for one in stories if one.id != story.id)
    assert not index.explain(story.articles[0], other.articles[0]).same_story
    records = index.placements().to_records()
    assert [record["id"] for record in records] == [article.id for article in MADE]
    with pytest.raises(UnknownArticleError, match="nobody"):
        index.article("nobody")


def test_without_texts_the_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    with StoryIndex.open(path, store_text=False) as index:
        titled = [placement.article for placement in index.add_many(one for one in MADE if one.title)][:2]
        with pytest.raises(InputError, match="keep_texts"):
            index.explain(*titled)
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"crews of" not in content


def test_removed_text_is_overwritten_in_the_file(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add(Article(id="secret", title="Zanzarette", text="A zanzarette was seen. " * 3))
        index.add_many(MADE[:20])
        index.remove("secret")
        index.vacuum()
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"anzarette" not in content


def test_rebuild_with_settings_and_learned_background(path: str) -> None:
    with StoryIndex.open(path) as index:
        index.add_many(MADE)
        changes = index.rebuild(Settings(granularity=0.7))
        assert changes[0].kind == "refreshed"
        wanted = dedup.cluster(MADE, Settings(granularity=0.7), background=Background.general())
        assert partition(index.placements()) == partition(wanted)
        index.rebuild(learn=True)
        assert index.background.fingerprint == dedup.learn_background(MADE, Settings(granularity=0.7)).fingerprint
        assert index.background.version == 1
        wanted = dedup.cluster(MADE, Settings(granularity=0.7), background=index.background)
        assert partition(index.placements()) == partition(wanted) == partition(index.clustering())
        assert told_by(index.changes(0, limit=10_000)) == placed(index)
        assert index.check() == []


def test_reopened_index_has_the_same_data(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    with StoryIndex.open(path, background=LEARNED) as index:
        index.add_many(MADE[:80])
        before = placed(index)
    with StoryIndex.open(path) as index:
        assert placed(index) == before
        assert index.background.fingerprint == LEARNED.fingerprint
        for article in MADE[80:]:
            index.add(article)
        again = placed(index)
    with StoryIndex.open(":memory:", background=LEARNED) as index:
        index.add_many(MADE)
        assert placed(index) == again, "it does not matter where it was closed in between"


def test_threads_read_while_articles_are_added(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    faults: list[BaseException] = []
    with StoryIndex.open(path) as index:
        index.add(MADE[0])
        done = threading.Event()

        def read(work: Callable[[StoryIndex], object]) -> None:
            try:
                while not done.is_set():
                    work(index)
            except BaseException as error:
                faults.append(error)

        works: list[Callable[[StoryIndex], object]] = [
            lambda index: list(index.stories()),
            lambda index: index.match(MADE[90]),
            lambda index: (index.article("a0"), index.changes(), index.stats()),
        ]
        threads = [threading.Thread(target=read, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        index.add_many(MADE[1:], batch=20)
        done.set()
        for thread in threads:
            thread.join()
    assert faults == []


def test_a_preview_of_rebuild_changes_nothing(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "stories.db") as index:
        index.add_many(MADE)
        before = index.placements().stories, index.changes(), index.settings, index.background.fingerprint
        wide = Settings(granularity=0.2)
        previewed = index.rebuild(wide, learn=True, preview=True)
        now = index.placements().stories, index.changes(), index.settings, index.background.fingerprint
        assert now == before
        assert index.match(MADE[0]).story == index.article(MADE[0].id).story
        assert index.check() == []
        done = index.rebuild(wide, learn=True)
        assert [replace(one, at=START) for one in previewed] == [replace(one, at=START) for one in done]
        assert index.settings == wide


@pytest.mark.parametrize("seed", [12, 44])
def test_copies_that_settled_stories_hold_apart_are_copies_in_each(seed: int) -> None:
    articles, now = list(stream(seed, 30)), [1.7e9]
    with StoryIndex.open(":memory:", settle_hours=5, clock=lambda: now[0]) as index:
        for place in np.random.default_rng(seed).permutation(30).tolist():
            now[0] += 3_600
            index.add(articles[place])
        index.reconcile()
        assert index.check() == []


def test_reader_syncs_without_reading_everything_again(tmp_path: Path) -> None:
    path, seed = tmp_path / "stories.db", int(np.random.default_rng().integers(1 << 20))
    rng = np.random.default_rng(seed)
    asked = [replace(article, id="", text=article.text + " So it was said.") for article in MADE[::7]]
    with StoryIndex.open(path) as writer, StoryIndex.open(path, read_only=True) as reader:
        writer.add_many(MADE[:20])
        reader.match(asked[0])
        kept = reader._session.state()
        there = [article.id for article in MADE[:20]]
        for step in range(12):
            some = [MADE[int(place)] for place in rng.choice(len(MADE), 6, replace=False)]
            writer.add_many([replace(one, id=f"{one.id} {int(rng.integers(3))}") for one in some])
            writer.add_many([replace(one, text=one.text + f" Told {step} times.") for one in some[:2]])
            there = sorted({*there, *(one.id for one in some[:2])})
            gone = [there.pop(int(rng.integers(len(there)))) for _ in range(2)]
            writer.remove(*gone)
            if step % 4 == 3:
                writer.reconcile()
            with StoryIndex.open(path, read_only=True) as other:
                for article in asked:
                    assert reader.match(article) == other.match(article), f"seed {seed}"
        assert reader._session.state() is kept
        writer.rebuild(learn=True)
        with StoryIndex.open(path, read_only=True) as other:
            assert reader.match(asked[0]) == other.match(asked[0])
        assert reader._session.state() is not kept


def test_reader_of_another_process_sees_new_writes(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    with StoryIndex.open(path) as writer:
        writer.add(MADE[0])
        with StoryIndex.open(path, read_only=True) as reader:
            assert reader.match(replace(MADE[0], id="x")).copy_of == "a0"
            other = next(article for article in MADE[1:] if article.text != MADE[0].text)
            writer.add(other)
            assert reader.match(replace(other, id="x")).copy_of == other.id
            with pytest.raises(dedup.StoreError, match="read only"):
                reader.add(other)


@pytest.mark.parametrize("kernels", ["on", "off"])
def test_match_many_equals_match(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Matching together and alone gives the same: with open and sealed segments, two languages, and equal texts."""
    monkeypatch.setenv("DEDUP_KERNELS", kernels)
    made = list(stream(17, 250))
    german = [
        replace(one, id=f"g{place}", text=f"Der Bericht {one.text} ist von der Stadt und nicht mehr das was er war und")
        for place, one in enumerate(made[::40])
    ]
    with StoryIndex.open(":memory:", background=LEARNED) as index:
        index.add_many([*made[:150], *german[:4]])
        for one in made[150:180]:
            index.add(one)
        asked = [*made[170:], *german, *made[:5]]
        each = [index.match(one) for one in asked]
        for size in (2, 9, len(asked)):
            together = [found for at in range(0, len(asked), size) for found in index.match_many(asked[at : at + size])]
            assert together == each, size
        assert index.match_many([]) == []
        with pytest.raises(InputError, match="article 1"):
            index.match_many([made[0], 7])  # type: ignore[list-item]


def test_second_language_may_appear_while_articles_are_added() -> None:
    """A match in a second language while a batch is added does not hide the batch from that language."""
    names = " ".join(f"Karla Venn{place} Ostmark{place} {place + 100}" for place in range(12))
    english = f"The minister {names} said of the storm that it was over and that the bridge had been closed"
    german = f"Der Minister {names} sagte über den Sturm dass er vorbei ist und dass die Brücke gesperrt war und nicht"
    background = dedup.learn_background([Article(id=str(n), text=f"the thing of {n} was not there") for n in range(9)])
    with StoryIndex.open(":memory:", background=background) as index:
        index.add({"id": "a", "text": "The weather of the week was and is and will be what it was in the north"})
        session = index._session
        came = [read_article({"id": "b", "text": english})]
        asked = threading.Thread(target=index.match, args=({"text": german},))
        with session.transaction() as log:
            session.add(log, came, session.features(came))
            asked.start()
            asked.join()
        links = index.match({"text": german}).links
    assert [link.b or link.a for link in links] == ["b"]


@pytest.mark.parametrize("length", [31, 32, 33, 200])
def test_a_long_word_is_found_as_a_short_one_is(index: StoryIndex, length: int) -> None:
    word = "Long%_\\word" * 20
    index.add(Article(id="a", text=f"A story of {word[:length]} and others"))
    for wanted in (word[:length], word[:length].upper(), word[3:length]):
        assert [found.article.id for found in index.search(wanted)] == ["a"]
    assert list(index.search(word[: length - 1] + "#")) == []


def test_the_newest_articles_come_with_the_whole_of_their_stories(index: StoryIndex) -> None:
    index.add_many(MADE)
    every = index.placements()
    assert [*index.newest(len(MADE)).stories] == [*every.stories]
    last = {article.id for article in MADE[-10:]}
    wanted = {story.id: story for story in every if last & {*story.articles}}
    found = index.newest(10)
    assert {story.id: story for story in found} == wanted
    assert not found.has_texts
    assert all(not article.text for article in found.articles)


def test_a_phrase_between_quotation_marks_is_searched_for_as_a_whole(index: StoryIndex) -> None:
    index.add({"id": "a", "title": "Ferry burns", "text": "The harbour master closed the basin."})
    index.add({"id": "b", "title": "Basin", "text": "The master of the harbour closed a ferry."})
    found = {
        query: [one.article.id for one in index.search(query)] for query in ('harbour "master"', '"harbour master"')
    }
    assert found == {'harbour "master"': ["b", "a"], '"harbour master"': ["a"]}
    assert [one.article.id for one in index.search('ferry "the  HARBOUR closed')] == ["b"]
    with pytest.raises(InputError, match="1 to 12 words"):
        index.search('""')


def test_a_storyline_that_has_grown_too_large_to_be_arranged_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storylines, "MOST_STORIES", 1)
    with StoryIndex.open(":memory:") as index:
        for number, article in product(range(4), storyline_articles()):
            again = replace(article, id=f"{article.id} {number}", text=f"{article.text} Note {number} of the day.")
            index.add(again)
        assert len({story.storyline for story in index.stories()}) == 3
        assert not index.check()
