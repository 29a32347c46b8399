"""`dedup index` as a process: a line for each article once it is on disk, pipes, faults, the other commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from run_dedup import process
from typer.testing import CliRunner

import dedup
from dedup.cli import application
from dedup.cli.index_options import settings_for

COMMAND = [sys.executable, "-m", "dedup", "index"]
FERRY = "The ferry Halcyon burned off Larkhaven on Sunday; all 214 people on board were taken ashore by lifeboats."


def index(*arguments: str, store: Path, text: str | None = None) -> tuple[int, list[dict[str, Any]], str]:
    ended = process("index", *arguments, "--store", store, stdin=(text or "").encode())
    return ended.code, [json.loads(line) for line in ended.out.splitlines()], ended.err


def test_a_pipe_is_answered_line_by_line(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with subprocess.Popen(
        [*COMMAND, "add", "-", "--store", str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for number in range(3):
            running.stdin.write(json.dumps({"id": f"a{number}", "text": FERRY}) + "\n")
            running.stdin.flush()
            answer = json.loads(running.stdout.readline())  # before the next one is sent
            assert (answer["id"], answer["new_story"]) == (f"a{number}", number == 0)
        running.kill()
    code, (stats,), _ = index("stats", store=store)
    assert (code, stats["articles"]) == (0, 3)


def test_bare_command_shows_the_help() -> None:
    ended = process("index")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Usage: dedup index [OPTIONS] COMMAND")
    assert "reconcile" in ended.out.partition("Commands:")[2]


def test_backup_and_restore(tmp_path: Path) -> None:
    store, copy = tmp_path / "s.db", tmp_path / "copy.db"
    assert index("add", "-", store=store, text=json.dumps({"id": "a", "text": FERRY}))[0] == 0
    assert index("backup", str(copy), store=store)[:2] == (0, [])
    code, _, said = index("backup", str(copy), store=store)
    assert (code, "is there already" in said) == (1, True)
    assert index("remove", "a", store=store)[0] == 0
    code, _, said = index("restore", str(copy), store=store)
    assert (code, "--replace" in said) == (1, True)
    assert index("restore", str(copy), "--replace", store=store)[:2] == (0, [])
    assert index("stats", store=store)[1][0]["articles"] == 1
    code, _, said = index("restore", str(tmp_path / "none.db"), "--replace", store=store)
    assert (code, "there is no backup" in said) == (1, True)


def test_all_its_commands(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    lines = [
        json.dumps({"id": "a", "title": "Ferry burns", "text": FERRY, "source": "Post", "published": "2024-05-01"}),
        "no json",
        json.dumps({"text": "without an id"}),
        json.dumps({"id": "b", "text": FERRY}),
    ]
    code, added, said = index("add", "-", store=store, text="\n".join(lines))
    assert code == 0
    assert [(line["id"], line["status"], line["copy_of"]) for line in added] == [
        ("a", "added", None),
        ("b", "added", "a"),
    ]
    assert "stdin:2: it is no JSON" in said
    assert "stdin:3: it has no id" in said
    assert index("add", "-", store=store, text=lines[0])[1][0]["status"] == "unchanged"
    draft = tmp_path / "draft.txt"
    draft.write_text(FERRY, encoding="utf-8")
    ((matched),) = index("match", str(draft), store=store)[1]
    assert matched["copy_of"] == "a"
    assert matched["links"][0]["kind"] == "copy"
    ((story),) = index("stories", "--outlet", "Post", store=store)[1]
    assert story["articles"] == ["a", "b"]
    assert index("explain", "a", "b", store=store)[1][0]["same_text"]
    assert [line["cursor"] for line in index("changes", "--since", "1", store=store)[1]] == [2]
    assert index("reconcile", store=store)[:2] == (0, [])
    exported = index("export", store=store)[1]
    assert [line["id"] for line in exported] == ["a", "b"]
    page = store.with_suffix(".html")
    assert index("export", "--output", str(page), store=store)[0] == 0  # the format is that of the name
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert index("export", "--format", "csv", "--output", str(page), store=store)[0] == 0
    assert page.read_text(encoding="utf-8").startswith("id,")
    code, _, said = index("export", "--output", str(store), "--format", "jsonl", store=store)
    assert (code, "is also an input, and would be overwritten" in said) == (2, True)
    code, _, said = index("export", "--output", str(tmp_path / "nowhere" / "a.csv"), store=store)
    assert (code, "there is no folder" in said) == (2, True)
    code, _, said = index("export", "--output", str(tmp_path / "a.unknown"), store=store)
    assert (code, "has no known suffix" in said) == (2, True)
    assert index("vacuum", "--changes-before", "2", store=store)[1][0]["bytes"] > 0
    assert [line["cursor"] for line in index("changes", store=store)[1]] == [2]
    assert index("check", store=store)[:2] == (0, [])
    update = json.dumps({"id": "b", "text": "Rates stay at four per cent, the bank of Valmora said on Thursday."})
    assert index("update", "-", store=store, text=update)[1][0]["status"] == "updated"
    assert index("update", "-", store=store, text=json.dumps({"id": "x", "text": "y"}))[0] == 1
    code, changes, _ = index("rebuild", "--set", "granularity=.6", store=store)
    assert (code, changes[0]["kind"]) == (0, "refreshed")
    assert index("add", "-", "--set", "granularity=.5", store=store, text=lines[0])[0] == 1
    assert index("expire", "--before", "2024-06-01", store=store)[1] == [{"expired": 1}]
    assert index("withdraw", "b", store=store)[1][0]["kind"] == "withdrawn"
    assert index("remove", "b", store=store)[1][0]["kind"] == "removed"
    code, _, said = index("remove", "b", store=store)
    assert (code, said) == (1, "Error: there is no article with the id 'b' in this index\n")
    assert index("expire", "--before", "soon", store=store)[0] == 2
    assert "Traceback" not in index("stats", store=tmp_path)[2]


@pytest.mark.parametrize("name", [None, "add", "match", "update", "remove", "expire", "stories", "explain", "stats"])
def test_help(name: str | None) -> None:
    command = ["index", *([name] if name else []), "--help"]
    result = CliRunner().invoke(application(), command, prog_name="dedup", terminal_width=80)
    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if len(line) > 80] == []


def test_dates_of_the_future_are_none_from_a_pipe_either(tmp_path: Path) -> None:
    store, line = tmp_path / "s.db", json.dumps({"id": "a", "text": FERRY, "published": "2190-01-01"})
    code, added, said = index("add", "-", store=store, text=line)
    assert (code, len(added)) == (0, 1)
    assert "in the future" in said
    assert json.loads(process("index", "export", "--store", store).out)["published"] is None


def test_files_that_hold_nothing_that_can_be_read(tmp_path: Path) -> None:
    store, empty = tmp_path / "s.db", tmp_path / "quiet.jsonl"
    empty.touch()
    assert process("index", "add", empty, "--store", store).code == 0, "a day without news"
    ended = process("index", "add", tmp_path / "none.jsonl", "--store", store)
    assert (ended.code, ended.out) == (1, "")
    assert "there is no such file or folder" in ended.err
    assert "Error: there is no article in" in ended.err


def test_a_line_too_long_for_an_article_is_skipped(tmp_path: Path) -> None:
    lines = [json.dumps({"id": "a", "text": FERRY}), "x" * (1 << 24), json.dumps({"id": "b", "text": FERRY})]
    code, added, said = index("add", "-", store=tmp_path / "s.db", text="\n".join(lines))
    assert (code, [one["id"] for one in added]) == (0, ["a", "b"])
    assert "stdin:2: a line of more than 16,777,216 characters" in said


def test_rebuild_changes_the_settings_that_are_said_and_no_others(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert (
        index("add", "-", "--set", "granularity=.4", store=store, text=json.dumps({"id": "a", "text": FERRY}))[0] == 0
    )
    assert index("rebuild", "--set", "window=7", store=store)[0] == 0
    with dedup.StoryIndex.open(store) as opened:
        assert opened.settings == dedup.Settings(granularity=0.4, window=7)


def test_how_many_threads_work_is_no_setting_that_a_store_could_have_been_made_with(tmp_path: Path) -> None:
    """`dedup serve --threads 2` refused every store that was made with settings of its own."""
    store = tmp_path / "s.db"
    given = dedup.configure({"threads": "2", "dayfirst": True}, folder=tmp_path, environment={})
    assert settings_for(store, given) == given.settings
    store.touch()
    assert settings_for(store, given) is None
    assert settings_for(store, dedup.configure({"window": 7}, folder=tmp_path, environment={})) is not None


def test_options_of_a_new_store_are_not_passed_over(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"id": "a", "text": FERRY}), encoding="utf-8")
    assert index("add", str(file), store=store)[0] == 0
    options = {"--keep-days=4": "keep_days", "--settle-hours=1": "settle_hours", "--no-text": "store_text"}
    for option, name in options.items():
        code, _, said = index("add", str(file), option, store=store)
        assert code != 0
        assert f"{name} is" in said
    assert index("add", str(file), "--settle-hours=72", store=store)[0] == 0


def test_a_cursor_that_is_of_no_use_is_told(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(json.dumps({"id": f"a{n}", "text": f"Text {n}."}) for n in range(3)), encoding="utf-8")
    assert index("add", str(file), store=store)[0] == 0
    assert index("match", str(file), store=store)[1][0]["links"] == []  # with itself it is not linked
    assert index("vacuum", "--changes-before", "3", store=store)[0] == 0
    for cursor, told in (("0", "the changes before 3 were forgotten"), ("99", "there are 3 changes")):
        code, _, said = index("changes", "--since", cursor, store=store)
        assert code == 1
        assert told in said
    code, lines, said = index("changes", store=store)
    assert (code, [line["cursor"] for line in lines]) == (0, [3])
    assert "the changes up to 2 were forgotten" in said


@pytest.mark.skipif(sys.platform != "linux", reason="arguments are bytes on Linux")
def test_an_id_with_undecodable_bytes_is_found(tmp_path: Path) -> None:
    store, id_ = tmp_path / "s.db", b"x\xff".decode("utf-8", "surrogateescape")
    assert index("add", "-", store=store, text="\n".join([record("a"), record(id_)]))[0] == 0
    command = [*map(os.fsencode, [*COMMAND, "explain", "a", id_, "--store", str(store)])]
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["b"] == "x\ufffd"
    command[-4:-2] = [os.fsencode(id_), b"\xfe"]
    refused = subprocess.run(command, capture_output=True, check=False)
    assert (refused.returncode, b"Traceback" in refused.stderr) == (1, False)
    command[4:] = [b"remove", os.fsencode(id_), b"--store", os.fsencode(store)]
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["article"] == "x\ufffd"


def record(id_: str) -> str:
    return json.dumps({"id": id_, "text": FERRY})
