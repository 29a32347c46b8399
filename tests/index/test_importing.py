"""Stories of another system: their ids are kept as far as the method makes the same stories, and the rest is told."""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from forked_command import run
from hypothesis import given, settings
from hypothesis import strategies as st
from made_articles import stream

from dedup import Article, InputError, StoryIndex, learn_background
from dedup.index.importing import ImportReport
from dedup.results.story_ids import story_of_storyline, storyline_of_story

MADE = [replace(article, source=f"s{place % 4}") for place, article in enumerate(stream(31, 60))]
BACKGROUND = learn_background(MADE)
LABELS = ["", "x1", "x2", "x3", "tale of two cities", "é/?", "s000000000000", "x1-2"]


def stories(index: StoryIndex) -> dict[str, str]:
    return {one: story.id for story in index.stories() for one in story.articles}


def partition(index: StoryIndex) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in index.stories()}


def followed(index: StoryIndex) -> dict[str, str]:
    """The stories that one has who applies all changes."""
    found: dict[str, str] = {}
    for change in index.changes(limit=100_000):
        if change.article and change.kind not in ("decided", "undone"):
            found[change.article] = change.story
    return {article: story for article, story in found.items() if story}


def labelled(articles: list[Article], labels: dict[str, str]) -> list[Article]:
    return [replace(article, story=labels.get(article.id)) for article in articles]


def assert_sound(index: StoryIndex) -> None:
    assert index.check() == []
    assert followed(index) == stories(index)
    lines = defaultdict(set)
    for story in index.stories():
        lines[story.storyline].add(story.id)
    for line, members in lines.items():
        assert {story.id for story in index.stories(storyline=line)} == members


def assert_true(report: ImportReport, labels: dict[str, str], index: StoryIndex) -> None:
    """The report says what is so, by its own definitions."""
    ours = stories(index)
    theirs, here = defaultdict(set), defaultdict(set)
    for article, label in labels.items():
        theirs[label].add(article)
        here[ours[article]].add(label)
    assert (report.articles, report.stories) == (len(labels), len(theirs))
    split = {label for label, members in theirs.items() if len({ours[one] for one in members}) > 1}
    joined = {story for story, found in here.items() if len(found) > 1}
    assert {parts[0].given for parts in report.split} == split
    assert {parts[0].story for parts in report.joined} == joined
    assert report.agreeing == sum(
        label not in split and ours[next(iter(members))] not in joined for label, members in theirs.items()
    )
    assert report.kept == len({*theirs} & {*ours.values()})
    alone = {one for label in split for one in theirs[label] if sum(ours[one] == story for story in ours.values()) == 1}
    assert {*report.alone} == alone
    for parts in (*report.split, *report.joined):
        for part in parts:
            assert {*part.articles} == {one for one in theirs[part.given] if ours[one] == part.story}


@settings(max_examples=12, deadline=None)
@given(
    labels=st.lists(st.sampled_from(LABELS), min_size=60, max_size=60),
    batch=st.sampled_from([7, 500]),
    decides=st.booleans(),
)
def test_any_stories_are_taken(labels: list[str], batch: int, decides: bool) -> None:
    known = {article.id: label for article, label in zip(MADE, labels, strict=True) if label}
    told = labelled(MADE, known)
    with StoryIndex.open(":memory:", background=BACKGROUND) as plain:
        plain.add_many(MADE, batch=batch)
        wanted = partition(plain)
    with StoryIndex.open(":memory:", background=BACKGROUND) as index:
        report = index.import_stories(told, batch=batch)
        assert partition(index) == wanted
        assert_sound(index)
        assert_true(report, known, index)
        for label in {*known.values()}:  # every id of the other system leads to a story
            assert index.story(label).articles
        if decides:
            index.decide("together", [MADE[0].id, MADE[30].id])
            index.decide("split", [MADE[10].id])
            assert_sound(index)
        before, cursor = stories(index), index.stats()["changes"]
        again = index.import_stories(told, batch=batch)
        if not decides:
            assert (again, stories(index), index.stats()["changes"]) == (report, before, cursor)
        assert_sound(index)
        index.reconcile()
        assert_sound(index)
        index.rebuild(learn=True)
        assert_sound(index)
        index.import_stories(told, batch=batch)
        assert_sound(index)
        for label in {*known.values()}:
            assert index.story(label).articles


def test_what_agrees_keeps_its_ids_from_the_first_change_on(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "own.db", background=BACKGROUND) as index:
        index.add_many(MADE)
        own = stories(index)
    other = {name: f"other {story}" for name, story in own.items()}
    told = labelled(MADE, other)
    with StoryIndex.open(tmp_path / "s.db", background=BACKGROUND) as index:
        report = index.import_stories(told)
        assert stories(index) == other
        count = len({*other.values()})
        assert (report.agreeing, report.kept, report.stories) == (count, count, count)
        assert (len(report.split), len(report.joined), len(report.alone)) == (0, 0, 0)
        assert repr(report) == f"<ImportReport: {count} of {count} stories agree, {count} ids are kept>"
        added = [change.story in other.values() for change in index.changes() if change.kind == "added"]
        assert sum(added) > 0.9 * len(MADE)  # the others joined theirs later
        copy = index.add(Article(id="later", text=MADE[0].text, title=MADE[0].title, source="later"))
        assert copy.story == other[MADE[0].id]
        with StoryIndex.open(tmp_path / "s.db", read_only=True) as reader:
            assert reader.match(MADE[5]).story == other[MADE[5].id]
            assert index.import_stories(replace(one, story="all of them") for one in MADE).kept == 1
            assert reader.match(MADE[5]).story == index.match(MADE[5]).story
            assert_sound(index)
    with StoryIndex.open(tmp_path / "s.db") as index:
        assert index.story("other " + own[MADE[0].id]).articles
        index.rebuild(learn=True)
        assert_sound(index)


def test_a_story_gets_the_id_that_most_of_its_articles_have() -> None:
    with StoryIndex.open(":memory:", background=BACKGROUND) as index:
        index.add_many(MADE)
        largest, second = sorted(index.stories(), key=lambda story: -len(story.articles))[:2]
        one, two = list(largest.articles), list(second.articles)
    assert min(len(one), len(two)) > 2
    # The first article of each is in the story of the other, which is not a reason to give it its id.
    labels = {**dict.fromkeys([*one[1:], two[0]], "A"), **dict.fromkeys([*two[1:], one[0]], "B")}
    with StoryIndex.open(":memory:", background=BACKGROUND) as index:
        report = index.import_stories(labelled(MADE, labels))
        assert {index.article(article).story for article in one} == {"A"}
        assert {index.article(article).story for article in two} == {"B"}
        assert (report.agreeing, report.kept, len(report.split), len(report.joined)) == (0, 2, 2, 2)
        assert report.others == len(MADE) - len(labels)
        first = next(parts for parts in report.split if parts[0].given == "A")
        assert [(part.story, len(part.articles)) for part in first] == [("A", len(one) - 1), ("B", 1)]
        assert json.loads(json.dumps(report.to_record()))["split"][0][0]["given"] in "AB"
        assert_sound(index)
        changes = index.stats()["changes"]
        index.import_stories(labelled(MADE, labels))
        assert index.stats()["changes"] == changes
    with StoryIndex.open(":memory:", background=BACKGROUND) as index:
        assert index.import_stories(MADE, labels, keep_ids=False).kept == 0
        assert not {"A", "B"} & {*stories(index).values()}


def test_what_was_there_is_respected() -> None:
    now = [1.75e9]
    with StoryIndex.open(":memory:", background=BACKGROUND, clock=lambda: now[0]) as index:
        index.add_many(MADE[:30])
        settled = stories(index)
        taken = settled[MADE[0].id]
        now[0] += 80 * 3600
        labels = {article.id: f"x{place // 5}" for place, article in enumerate(MADE)}
        labels |= {MADE[59].id: taken}
        report = index.import_stories(labelled(MADE, labels))
        assert {story for article, story in stories(index).items() if article in settled} == {*settled.values()}
        assert index.story(taken).articles[0] in settled
        assert report.articles == 60
        assert_sound(index)


def test_earlier_versions_of_pages_count_with_the_latest() -> None:
    page = {"title": "Ferry of Corran burns", "url": "https://a.example/news/ferry-of-corran-burns", "source": "A"}
    text = "The ferry of Corran burned on the night of the festival, and {} people were brought to Larkhaven by boat."
    with StoryIndex.open(":memory:") as index:
        versions = [{"id": f"v{n}", "text": text.format(n), "story": f"fire {n > 1}", **page} for n in range(3)]
        report = index.import_stories(versions)
        assert index.article("v0").revised_by == "v2"
        assert index.article("v2").story == "fire False"
        assert [part.given for part in report.joined[0]] == ["fire False", "fire True"]
        assert index.story("fire True").id == "fire False"
        assert index.check() == []


def test_the_last_one_of_an_id_counts_and_what_has_no_id_is_refused() -> None:
    with StoryIndex.open(":memory:") as index:
        report = index.import_stories(
            [{"id": "a", "text": "A bridge.", "story": "x"}, {"id": "a", "text": "A ferry.", "story": " y\0 "}]
        )
        assert (report.articles, report.stories, index.article("a").story) == (1, 1, "y�")
        with pytest.raises(InputError, match="no id"):
            index.import_stories([{"text": "x", "story": "a"}])
        with pytest.raises(InputError, match="story"):
            index.import_stories([Article(id="b", text="x", story=5)])  # type: ignore[arg-type]
        report = index.import_stories([{"id": "a", "text": "A ferry."}])
        assert (report.articles, report.others, report.stories) == (0, 1, 0)


def test_dedups_own_articles_are_taken_over_as_they_were(tmp_path: Path) -> None:
    with StoryIndex.open(":memory:", background=BACKGROUND) as index:
        index.add_many(MADE)
        before = partition(index)
        index.import_stories(MADE, {article.id: f"x{place // 9}" for place, article in enumerate(MADE)})
        assert partition(index) == before
        own, held = stories(index), [replace(held.article, story=held.story) for held in index.articles()]
    with StoryIndex.open(tmp_path / "s.db", background=BACKGROUND) as copy:
        copy.import_stories(held)
        assert stories(copy) == own
        assert_sound(copy)


@pytest.mark.parametrize("story", ["abc", "sabc", "labc", "s", "l", "storyline:abc", "sstoryline:abc", "é/?"])
def test_storylines_of_any_ids_are_told_apart(story: str) -> None:
    assert story_of_storyline(storyline_of_story(story)) == story
    assert storyline_of_story(story) != storyline_of_story("s" + story)


def command(*arguments: str) -> tuple[int, str, str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    code, out, err = run(list(arguments), stdin=b"", folder=Path.cwd(), environment=environment)
    assert "Traceback" not in err.decode()
    return code, out.decode(), err.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Articles as files, `stories.csv` with their stories, `feed.jsonl` with both, and a result of dedup."""
    (tmp_path / "news").mkdir()
    rows, lines = [("article", "cluster")], []
    for place, article in enumerate(MADE):
        (tmp_path / "news" / f"{article.id}.txt").write_text(f"{article.title}\n\n{article.text}", encoding="utf-8")
        rows.append((f"{article.id}.txt", f"c{place // 20}"))
        lines.append({**article.to_record(), "story": f"c{place // 20}"})
    rows.append(("=none.txt", "c9"))
    with (tmp_path / "stories.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)
    (tmp_path / "feed.jsonl").write_text("".join(json.dumps(line, default=str) + "\n" for line in lines))
    return tmp_path


def test_the_command_reads_records_results_and_tables(folder: Path) -> None:
    news, store = str(folder / "news"), str(folder / "s.db")
    code, out, err = command(
        *("index", "import", str(folder / "feed.jsonl"), "--store", store, "--keep-ids", "--json", "--no-text")
    )
    assert code == 0, err
    report = json.loads(out)
    assert (report["articles"], report["stories"]) == (60, 3)
    with StoryIndex.open(store, read_only=True) as index:
        assert {"c0", "c1", "c2"} <= {*stories(index).values()}
        assert not index.stats()["store_text"]
    table = ["--stories", str(folder / "stories.csv"), "--field", "id=article", "--field", "story=cluster"]
    code, out, err = command("index", "import", news, *table, "--store", str(folder / "t.db"), "--keep-ids")
    assert code == 0, err
    assert "stories.csv: 1 id without an article" in err
    assert out.startswith("60 articles in 3 stories of the other system\n0 of 3 stories agree, 1 id kept\n")
    assert "1 story here joined from several\n  c0: c0 (20), c1 (20), c2 (20)\n" in out
    code, out, err = command("index", "import", str(folder / "feed.jsonl"), "--store", store, "--no-text")
    assert "stories of the other system divided here\n  c0: c0 (" in out
    assert "0 ids kept" not in out
    code, out, err = command("index", "import", news, "--stories", str(folder / "stories.csv"), "--store", store)
    assert code == 1
    assert "no rows with 'id' and 'story'" in err
    code, out, err = command("cluster", news, "--format", "jsonl", "--output", str(folder / "result.jsonl"))
    assert code == 0, err
    own = {json.loads(line)["story"] for line in (folder / "result.jsonl").read_text(encoding="utf-8").splitlines()}
    code, out, err = command(
        *("index", "import", str(folder / "result.jsonl"), "--store", str(folder / "r.db"), "--keep-ids", "--json")
    )
    assert code == 0, err
    assert (json.loads(out)["stories"], json.loads(out)["articles"]) == (len(own), 60)
    code, out, err = command("index", "import", str(folder / "nothing"), "--store", store)
    assert code == 1


def test_what_the_command_exports_it_imports(folder: Path) -> None:
    first, second = str(folder / "first.db"), str(folder / "second.db")
    assert command("index", "import", str(folder / "feed.jsonl"), "--store", first, "--keep-ids")[0] == 0
    whole = folder / "whole.jsonl"
    assert command("index", "export", "--texts", "--store", first, "--output", str(whole))[0] == 0
    code, out, err = command("index", "import", str(whole), "--store", second, "--keep-ids")
    assert code == 0, err
    with StoryIndex.open(first, read_only=True) as one, StoryIndex.open(second, read_only=True) as other:
        assert stories(one) == stories(other)
    assert " stories agree, " in out
