"""A run follows the decisions of editors, as an index does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import dedup
from dedup import InputError, StoryIndex
from dedup.archive import Archived
from dedup.cli import application

FIRE = "A fire swept through the mill of Harlow on Tuesday, and crews from nine stations fought the blaze until dawn."
BRIDGE = "Engineers closed the suspension bridge of Kelsey after sensors found cracks in two of its steel cables."
ARTICLES = [
    {"id": "f1", "title": "Fire at Harlow mill", "text": FIRE},
    {"id": "f2", "title": "Mill burns", "text": FIRE + " The cause is not known. An inquiry begins next week."},
    {"id": "f3", "title": "Harlow fire", "text": FIRE + " The mayor thanked all crews. Schools stay closed on Friday."},
    {"id": "f4", "title": "Harlow fire", "text": FIRE + " The mayor thanked all crews. Schools stay closed on Monday."},
    {"id": "b1", "title": "Bridge closed", "text": BRIDGE},
]


def stories(found: Any) -> list[tuple[str, ...]]:
    return sorted(tuple(sorted(story.articles)) for story in found)


def test_a_run_and_an_index_have_the_same_stories() -> None:
    steps: list[tuple[Any, list[str], dict[str, Any]]] = [
        ("together", ["f1", "b1"], {}),
        ("apart", ["f1"], {"apart_from": ["f3"]}),
        ("title", ["f3"], {"title": "The mayor"}),
        ("canonical", ["f4"], {}),
        ("apart", ["b1"], {"apart_from": ["f1"], "supersede": True}),
    ]
    with StoryIndex.open(":memory:") as index:
        index.add_many(ARTICLES)
        index.reconcile()
        for kind, ids, more in steps:
            index.decide(kind, ids, **more)
            records = [decision.to_record() for decision in index.decisions()[0]]
            run = dedup.cluster(ARTICLES, background=index.background, decisions=records)
            assert stories(run) == stories(index.stories()), kind
            reversed_run = dedup.cluster(ARTICLES[::-1], background=index.background, decisions=records)
            assert stories(reversed_run) == stories(run)
            named = {story.id: (story.title, story.canonical) for story in run}
            assert sorted(named.values()) == sorted((story.title, story.canonical) for story in index.stories())
        assert stories(dedup.cluster(ARTICLES, background=index.background)) == [("b1",), ("f1", "f2", "f3", "f4")]


def test_another_granularity_follows_them_too() -> None:
    decisions = [{"kind": "together", "articles": ["f1", "b1"]}, {"kind": "canonical", "articles": ["gone"]}]
    found = dedup.cluster(ARTICLES, decisions=decisions)
    for granularity in (0.1, 0.5, 0.9):
        labels = dict(zip([one["id"] for one in ARTICLES], found.rethreshold(granularity).labels, strict=True))
        assert labels["f1"] == labels["b1"]


def test_archived_articles_are_decided_about_too(tmp_path: Path) -> None:
    decisions = [
        {"kind": "together", "articles": ["f1", "b1"]},
        {"kind": "apart", "articles": ["f3"], "apart_from": ["f1"]},
        {"kind": "canonical", "articles": ["f1"]},
    ]
    new = ARTICLES[2:]
    archive = [
        Archived(dedup.Article(id=one["id"], text=one["text"], title=one["title"]), story="fire")
        for one in ARTICLES[:2]
    ]
    found = dedup.cluster_against(new, archive, decisions=decisions)
    story_of = {id_: story for story in found.clustering for id_ in story.articles}
    assert story_of["b1"].id == "fire"
    assert story_of["b1"] == story_of["archive:f1"] != story_of["f3"]
    assert story_of["b1"].canonical == "archive:f1"
    today, before, file = tmp_path / "today.jsonl", tmp_path / "before.jsonl", tmp_path / "d.jsonl"
    for path, some in ((today, new), (before, ARTICLES[:2]), (file, decisions)):
        path.write_text("\n".join(map(json.dumps, some)), encoding="utf-8")
    given = ["cluster", str(today), "--against", str(before), "--format", "jsonl", "--quiet", "--decisions", str(file)]
    done = CliRunner().invoke(application(), given)
    assert done.exit_code == 0, done.output
    rows = {row["id"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert (rows["b1"]["status"], rows["b1"]["story"] == rows["f3"]["story"]) == ("continues", False)
    spark = ["cluster", str(today), "--decisions", str(file), "--engine", "spark", "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(application(), spark)
    assert (done.exit_code, "--decisions" in done.output, "engine spark" in done.output) == (2, True, True)


def test_the_command_reads_a_file(tmp_path: Path) -> None:
    articles, decisions = tmp_path / "a.jsonl", tmp_path / "d.jsonl"
    articles.write_text("\n".join(map(json.dumps, ARTICLES)), encoding="utf-8")
    decisions.write_text('{"kind": "together", "articles": ["f1", "b1"], "by": "Ann"}\n\n', encoding="utf-8")
    given = ["cluster", str(articles), "--format", "jsonl", "--quiet", "--decisions"]
    done = CliRunner().invoke(application(), [*given, str(decisions)])
    assert done.exit_code == 0, done.output
    story = {row["id"]: row["story"] for row in map(json.loads, done.stdout.splitlines())}
    assert story["f1"] == story["b1"]
    with pytest.raises(InputError, match="no decision is of the kind"):
        dedup.cluster(ARTICLES, decisions=[{"kind": "merge", "articles": ["f1"]}])
    for wrong, message in (("{", "d.jsonl:1 is no JSON"), ("[]", "d.jsonl:1: a decision is a JSON object")):
        decisions.write_text(wrong, encoding="utf-8")
        done = CliRunner().invoke(application(), [*given, str(decisions)])
        assert isinstance(done.exception, InputError), done.output
        assert message in str(done.exception)
