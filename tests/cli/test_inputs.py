"""What is to be read: paths, patterns, lists of files; and days first."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from run_dedup import Command, process, write_records

from dedup.cli.inputs import gather

OIL = "Oil spread over the harbour on Monday after a tanker struck the quay at Corran."


@pytest.fixture
def dedup_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def test_a_list_of_files(tmp_path: Path, dedup_command: Command) -> None:
    names = [write_records(tmp_path / f"{name}.jsonl", [{"id": name, "text": OIL}]) for name in "abc"]
    (tmp_path / "list").write_text(f"{names[0]}\n\n{names[1]}\r\n")
    ended = dedup_command("cluster", names[2], "--files-from", tmp_path / "list", "--format", "jsonl")
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == ["c", "a", "b"]


@pytest.mark.parametrize("separator", [b"\n", b"\0", b"\r\n"])
@pytest.mark.parametrize("end", [b"", b"END"])
def test_a_list_on_standard_input(monkeypatch: pytest.MonkeyPatch, separator: bytes, end: bytes) -> None:
    names = [b"a b.txt", b" c.txt", b"caf\xe9.txt", b"-", b"-v.txt", b"[a]*.txt"]
    if separator == b"\0":
        names.append(b"new\nline.txt")
    listed = separator.join(names) + (separator if end else b"")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed)))
    found = [os.fsencode(name) for name in gather(["first.txt"], Path("-"))]
    assert found == [b"first.txt", *(b"./-" if name == b"-" else name for name in names)]


def test_names_are_taken_as_they_are_and_what_is_gone_is_told(tmp_path: Path) -> None:
    """The real command: a name of a list can look like a pattern or an option, hold a line break, or be gone."""
    for name in ("[a].txt", "-v.txt", "new\nline.txt"):
        (tmp_path / name).write_text(f"{OIL} {name}")
    listed = b"\0".join(os.fsencode(tmp_path / name) for name in ("[a].txt", "-v.txt", "new\nline.txt", "gone.txt"))
    ended = process("cluster", "--files-from", "-", "--format", "jsonl", stdin=listed)
    assert ended.code == 0
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == ["[a].txt", "-v.txt", r"new\x0aline.txt"]
    assert "gone.txt: there is no such file or folder; skipped" in ended.err


def test_patterns(tmp_path: Path) -> None:
    for name in ("news/a/x.txt", "news/b/y.txt", "news/b/z.md", "other/w.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{OIL} {name}")
    ended = process("cluster", f"{tmp_path}/news/**/*.txt", "--format", "jsonl")
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == ["a/x.txt", "b/y.txt"]
    ended = process("cluster", f"{tmp_path}/*.html")
    assert ended.code == 1
    assert "no file fits this pattern" in ended.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["cluster"], "name a file or a folder to read"),
        (["cluster", "-", "--files-from", "-"], "standard input is either the list or the articles"),
        (["cluster", "--files-from", "nowhere"], "nowhere cannot be read (No such file or directory)"),
    ],
)
def test_wrong_usage(dedup_command: Command, arguments: list[str], problem: str) -> None:
    ended = dedup_command(*arguments)
    assert ended.code == 2
    assert problem in " ".join(ended.err.split())


def test_a_list_of_nothing_is_nothing_usable(dedup_command: Command) -> None:
    ended = dedup_command("cluster", "--files-from", os.devnull)
    assert (ended.code, ended.err) == (1, f"Error: {os.devnull} names no file\n")


@pytest.mark.parametrize("command", ["cluster", "evaluate"])
def test_days_first(tmp_path: Path, command: str) -> None:
    records: list[dict[str, str]] = [
        {"text": OIL, "published": "01/02/2024", "story": "a"},
        {"text": f"{OIL} More.", "story": "a"},
    ]
    feed = write_records(tmp_path / "feed.jsonl", records)
    unsure = process(command, feed)
    assert "can mean 2024-01-02 or 2024-02-01 (--dayfirst); kept without a date" in unsure.err
    sure = process(command, feed, "--dayfirst")
    assert "can mean" not in sure.err
    if command == "cluster":
        assert [json.loads(line)["published"] for line in sure.out.splitlines()] == ["2024-02-01", None]


def test_results_say_which_date_an_article_goes_by(tmp_path: Path) -> None:
    """Its own date, the one at its head, when it was seen, or none; impossible, future and unset ones are counted."""
    records: list[dict[str, Any]] = [
        {"id": "a", "text": OIL, "published": "2024-03-01T08:00:00+02:00", "seen": "2024-03-02"},
        {"id": "b", "text": f"CORRAN, 1 March 2024 - {OIL}", "seen": "2024-03-02"},
        {"id": "c", "text": f"{OIL} The crew was saved.", "seen": "2024-03-02"},
        {"id": "d", "text": f"{OIL} The tanker sank.", "published": "2024-02-30", "seen": 1709337600},
        {"id": "e", "text": f"{OIL} Boats were held.", "published": 0},
        {"id": "f", "text": f"{OIL} Beaches were closed.", "published": "2190-01-01"},
    ]
    ended = process("cluster", write_records(tmp_path / "feed.jsonl", records), "--format", "jsonl")
    said = {record["id"]: (record["dated"], record["dated_by"]) for record in map(json.loads, ended.out.splitlines())}
    assert said == {
        "a": ("2024-03-01T08:00:00+02:00", "published"),
        "b": ("2024-03-01", "text"),
        "c": ("2024-03-02", "seen"),
        "d": ("2024-03-02T00:00:00+00:00", "seen"),
        "e": (None, None),
        "f": (None, None),
    }
    assert ":3 and 1 more: no date of publication is known; dated by when it was seen" in ended.err
    assert "date '2024-02-30' is not understood; dated by when it was seen" in ended.err
    assert "2 dates are not as they should be" in ended.err


def test_a_table_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('"3","Ferry burns","A ferry burned off the coast for two hours on Monday."\n')
    asked = process("cluster", tmp_path / "a.csv")
    assert asked.code == 1
    assert "--columns -,title,text" in asked.err.replace("\n", "")
    read = process("cluster", tmp_path / "a.csv", "--columns", "-,title,text", "--format", "jsonl")
    assert json.loads(read.out)["title"] == "Ferry burns"
