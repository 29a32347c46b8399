"""`dedup compare`: the answer in words and as JSON, and files that hold no single article."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from run_dedup import Command, process, write_records

from dedup.group.cut import threshold_at


@pytest.fixture
def dedup_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two files of one name, whose articles have one id."""
    for folder, title in (("x", "Harbour\x1b closed"), ("y", "Oil spill")):
        (tmp_path / folder).mkdir()
        record = {"id": "same", "title": title, "text": "Oil.", "published": "2024-05-01"}
        write_records(tmp_path / folder / "a.jsonl", [record])
    return tmp_path / "x" / "a.jsonl", tmp_path / "y" / "a.jsonl"


def test_in_words(dedup_command: Command, files: tuple[Path, Path]) -> None:
    ended = dedup_command("compare", *files)
    assert (ended.code, ended.err) == (0, "")
    for expected in (
        f"A  {files[0]}: Harbour\\x1b closed (2024-05-01)\n",
        f"B  {files[1]}: Oil spill (2024-05-01)\n",
        "Same text?   no\n",
        "3 phrases of 5 words in both; A has 120, B has 150\n",
        "containment   0.020   of the shorter text's phrases\n",
        "overlap       0.030   of words, on average   (a copy from 0.45)\n",
        "Same story?  yes\n",
        "cosine        0.360 ",
        "background   -0.040 ",
        "dates        -0.010   1 day apart\n",
        "score         0.310   (same story from 0.16)\n",
        "probability   0.870   that they report the same event\n",
        "   0.100  word0\n",
        "in 5 more words\n",
        "They share names.\n",
        "with the word frequencies that ship with dedup.\n",
    ):
        assert expected in ended.out
    assert "word15" not in ended.out


def test_as_json(dedup_command: Command, files: tuple[Path, Path]) -> None:
    answer = json.loads(dedup_command("compare", *files, "--json", "--set", "granularity=.3").out)
    assert (answer["a"], answer["b"]) == tuple(map(str, files))
    assert (answer["same_text"], answer["same_story"]) == (False, True)
    assert answer["link"]["score"] == 0.31
    assert (answer["threshold"], answer["settings"]["granularity"]) == (threshold_at(0.3), 0.3)
    assert answer["judged_against"] == "the word frequencies that ship with dedup"
    assert len(answer["words"]) == 20


def test_a_file_with_itself(dedup_command: Command, files: tuple[Path, Path]) -> None:
    answer = json.loads(dedup_command("compare", files[0], files[0], "--json").out)
    assert answer["a"] != answer["b"]


def test_several_articles_in_a_file_are_refused(dedup_command: Command, files: tuple[Path, Path]) -> None:
    write_records(files[1], [{"text": "One."}, {"text": "Two."}])
    ended = dedup_command("compare", *files)
    assert (ended.code, ended.out) == (2, "")
    assert f"{files[1]} has more than one article" in ended.err


def test_no_article_in_a_file(dedup_command: Command, files: tuple[Path, Path]) -> None:
    write_records(files[1], [{"text": ""}])
    ended = dedup_command("compare", *files)
    assert (ended.code, ended.out) == (1, "")
    assert f"Error: there is no article in {files[1]}" in ended.err
    assert "its text is empty" in ended.err


def test_a_file_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    ended = process("compare", tmp_path / "none.txt", tmp_path / "b.txt")
    assert (ended.code, ended.err) == (1, f"Error: {tmp_path / 'none.txt'}: there is no such file or folder\n")


def test_wrong_usage(dedup_command: Command, files: tuple[Path, Path]) -> None:
    assert dedup_command("compare", files[0]).code == 2
    assert dedup_command("compare", *files, files[0]).code == 2
    assert "only one of the two" in dedup_command("compare", "-", "-").err
