"""`dedup evaluate`: sets, languages, what is not scored."""

from __future__ import annotations

import io
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


def test_pairs_in_two_languages(dedup_command: Command, tmp_path: Path) -> None:
    rows = (("s", "en"), ("s", "en"), ("s", "de"), ("t", "de"), ("t", "zh"), ("u", "zh"))
    path = write_records(tmp_path / "set.jsonl", labelled(*rows))
    found = json.loads(dedup_command("evaluate", path, "--json").out)["sets"]["set"]["across_languages"]
    perfect = {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert found == {
        "gold": 3,
        "found": 3,
        **perfect,
        "pairs": [
            {"languages": ["de", "en"], "gold": 2, "found": 2, **perfect},
            {"languages": ["de", "zh"], "gold": 1, "found": 1, **perfect},
        ],
    }
    lines = dedup_command("evaluate", path).out.splitlines()
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == ["Pairs", "in", "two", "languages", "Together", "Found", "P", "R", "F1"]
    assert [line.split() for line in table[1:]] == [
        ["set", "3", "3", *["1.000"] * 3],
        ["de", "–", "en", "2", "2", *["1.000"] * 3],
        ["de", "–", "zh", "1", "1", *["1.000"] * 3],
    ]
    assert len({len(line) for line in table}) == 1


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


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """An index of four articles: two of one story, of which it has made one, and two of another, which it has apart."""
    fire = "Fire broke out on the ferry Lady Corran off Sorrel at dawn and nine people died, the coastguard said. "
    texts = [fire * 2, fire * 2 + "More later.", "The museum of Kallby has reopened.", "A comet was seen at Larkhaven."]
    with dedup.StoryIndex.open(tmp_path / "s.db") as index:
        for place, text in enumerate(texts):
            index.add(dedup.Article(id=f"{place}", text=text, story="ab"[place // 2]))
    return tmp_path / "s.db"


def test_the_stories_that_an_index_has_are_scored(dedup_command: Command, stored: Path, tmp_path: Path) -> None:
    ended = dedup_command("evaluate", "--store", stored, "--json")
    scores = json.loads(ended.out)["sets"]["s"]
    assert (scores["articles"], scores["found"], scores["bcubed_precision"], scores["bcubed_recall"]) == (4, 3, 1, 0.75)
    labels = [{"id": f"{place}", "text": "t", "story": "one" if place < 3 else None} for place in range(6)]
    ended = dedup_command("evaluate", write_records(tmp_path / "l.jsonl", labels), "--store", stored, "--json")
    scores = json.loads(ended.out)["sets"]["s"]
    assert (scores["articles"], scores["stories"], scores["found"]) == (3, 1, 2)
    assert "2 of 6 labelled articles are not in" in ended.err


def test_judged_pairs_of_an_index_are_scored(dedup_command: Command, stored: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    pairs = [("0", "1", "same_text"), ("2", "3", "same_story"), ("0", "2", "neither")]
    labels.write_text("".join(json.dumps({"a": a, "b": b, "label": label}) + "\n" for a, b, label in pairs), "utf-8")
    ended = dedup_command("evaluate", "--store", stored, "--labels", labels, "--json")
    found = json.loads(ended.out)
    assert (found["judged"], found["precision"], found["recall"], found["copy_recall"]) == (3, 1, 0.5, 1)
    assert found["best_f1"] is found["suggested"] is None
    ended = dedup_command("evaluate", "--store", stored, "--labels", labels)
    assert "as the index has them" in ended.out


def test_an_index_is_judged(
    dedup_command: Command, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("t\nq\n"))
    ended = dedup_command("judge", "--store", stored, "--labels", tmp_path / "mine.jsonl")
    assert ended.code == 0
    assert "Lady Corran" in ended.out
    assert json.loads((tmp_path / "mine.jsonl").read_text("utf-8")) == {"a": "0", "b": "1", "label": "same_text"}


def test_without_files_and_store_there_is_nothing_to_score(dedup_command: Command, stored: Path) -> None:
    assert "--store" in dedup_command("evaluate").err
    assert dedup_command("evaluate").code == 2
    assert dedup_command("judge", "news", "--store", stored).code == 2
