"""`dedup evaluate`: sets, languages, what is not scored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from run_dedup import Command, write_records

import dedup


@pytest.fixture
def dedup_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def labelled(*rows: tuple[str | None, str]) -> list[dict[str, Any]]:
    return [{"id": f"{place}", "text": "t", "story": story, "lang": lang} for place, (story, lang) in enumerate(rows)]


def test_json(dedup_command: Command, tmp_path: Path) -> None:
    first = write_records(tmp_path / "first.dev.jsonl", labelled(("s", "en"), ("s", "en"), ("t", "en")))
    second = write_records(tmp_path / "second.jsonl", labelled(("s", "en"), ("t", "de"), ("t", "de"), ("u", "")))
    ended = dedup_command("evaluate", first, second, "--json")
    assert ended.code == 0
    sets = json.loads(ended.out)["sets"]
    assert list(sets) == ["first", "second"]
    assert sets["first"] == {
        "articles": 3,
        "stories": 2,
        "found": 2,
        **dict.fromkeys(("bcubed_precision", "bcubed_recall", "bcubed_f1", "ari"), 1.0),
        **dict.fromkeys(("pair_precision", "pair_recall", "pair_f1"), 1.0),
    }
    assert {language: part["articles"] for language, part in sets["second"]["languages"].items()} == {
        "de": 2,
        "en": 1,
        "unknown": 1,
    }


def test_scores_are_of_what_was_found(dedup_command: Command, tmp_path: Path) -> None:
    # The stand-in groups by `story`; with the label taken from elsewhere it finds every article alone.
    records = [{"id": f"{place}", "text": "t", "event": "e"} for place in range(2)]
    path = write_records(tmp_path / "set.jsonl", records)
    ended = dedup_command("evaluate", path, "--field", "story=event", "--json")
    assert json.loads(ended.out)["sets"]["set"]["bcubed_recall"] == 1.0
    ended = dedup_command("evaluate", path, "--field", "story=nothing", "--json")
    assert (ended.code, json.loads(ended.out)) == (1, {"sets": {}})


def test_unlabelled_records_are_not_scored_and_it_is_said(dedup_command: Command, tmp_path: Path) -> None:
    path = write_records(tmp_path / "set.jsonl", labelled(("s", "en"), (None, "en"), ("s", "en")))
    ended = dedup_command("evaluate", path, "--json")
    assert json.loads(ended.out)["sets"]["set"]["articles"] == 2
    assert "set: 1 of 3 articles have no story and are not scored\n" in ended.err


def test_table(dedup_command: Command, tmp_path: Path) -> None:
    path = write_records(tmp_path / "set.jsonl", labelled(("s", "en"), ("s", "en"), ("t", "de")))
    lines = dedup_command("evaluate", path).out.splitlines()
    assert lines[1].split() == ["Set", "Articles", "Stories", "Found", *("P", "R", "F1"), "ARI", *("P", "R", "F1")]
    assert lines[2].split() == ["set", "3", "2", "2", *["1.000"] * 7]
    assert lines[3].split() == ["de", "1", "1", "1", *["1.000"] * 3, *"––––"]
    assert [line.split()[0] for line in lines[3:]] == ["de", "en"]
    assert len({len(line) for line in lines[1:]}) == 1
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("event", "pairs"), [("e", ["0.000", "–", "–"]), ("f", ["–", "–", "–"])])
def test_where_each_stands_alone_there_is_no_score_of_pairs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, event: str, pairs: list[str]
) -> None:
    command = Command(monkeypatch, capsys)
    path = write_records(tmp_path / "set.jsonl", labelled(("s", "en"), ("t", "en")))
    cluster = command.library.cluster

    def together(articles: Any, *others: Any, **named: Any) -> Any:
        found = cluster(articles, *others, **named)
        return replace(found, labels=(0, 0)) if event == "e" else found

    monkeypatch.setitem(vars(dedup), "cluster", together)
    row = command("evaluate", path).out.splitlines()[2].split()
    assert row[-4:] == ["–", *pairs]


def test_a_set_without_labels_does_not_stop_the_others(dedup_command: Command, tmp_path: Path) -> None:
    bare = write_records(tmp_path / "bare.jsonl", labelled((None, "en")))
    good = write_records(tmp_path / "good.jsonl", labelled(("s", "en")))
    ended = dedup_command("evaluate", bare, good, "--json")
    assert ended.code == 1
    assert list(json.loads(ended.out)["sets"]) == ["good"]
    assert f"Error: {bare} has no article with a story to score" in ended.err


def test_two_sets_of_one_name_are_refused(dedup_command: Command, tmp_path: Path) -> None:
    ended = dedup_command("evaluate", tmp_path / "a.x.jsonl", tmp_path / "a.y.jsonl")
    assert ended.code == 2
    assert "two files are sets named a" in ended.err


def test_no_file(dedup_command: Command) -> None:
    assert dedup_command("evaluate").code == 2


def test_settings_are_used(dedup_command: Command, tmp_path: Path) -> None:
    path = write_records(tmp_path / "set.jsonl", labelled(("s", "en")))
    dedup_command("evaluate", path, "--set", "granularity=.3")
    assert dedup_command.library.settings is not None
    assert dedup_command.library.settings.granularity == 0.3
