"""`dedup cluster`: formats, where the output goes, what is said, exit codes."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import stat
from pathlib import Path

import pytest
from run_dedup import Command, write_records

from dedup.article import Notice
from dedup.cli.output import check_output, made_from
from dedup.errors import InputError

RECORDS = [
    {"id": "a", "title": "Harbour closed", "text": "Oil.", "story": "spill"},
    {"id": "b", "title": "Harbour shut", "text": "Oil.", "story": "spill"},
    {"id": "c", "title": "Museum reopens", "text": "Art."},
]


@pytest.fixture
def dedup_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_records(tmp_path / "feed.jsonl", RECORDS)


def skipped(where: str, problem: str = "not valid JSON") -> Notice:
    return Notice(where, problem, "line skipped", skipped=True)


def test_jsonl_where_output_is_no_terminal(dedup_command: Command, feed: Path) -> None:
    ended = dedup_command("cluster", feed)
    assert ended.code == 0
    assert [json.loads(line)["story"] for line in ended.out.splitlines()] == ["spill", "spill", "c"]
    assert ended.err.startswith("3 articles in 2 stories (2 of them in 1 shared), 1 copy, 0 skipped, ")


@pytest.mark.parametrize(
    ("style", "begin"), [("table", "Story "), ("json", '{\n"schema": 1'), ("jsonl", '{"id": "a"'), ("csv", "id,story,")]
)
def test_formats(dedup_command: Command, feed: Path, style: str, begin: str) -> None:
    assert dedup_command("cluster", feed, "--format", style).out.startswith(begin)


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("s.txt", "Story "),
        ("s.JSON", "{\n"),
        ("s.jsonl", '{"id"'),
        ("s.ndjson", '{"id"'),
        ("s.csv", "id,story,"),
        ("s", '{"id"'),
    ],
)
def test_output_names_its_format(dedup_command: Command, feed: Path, tmp_path: Path, name: str, begin: str) -> None:
    ended = dedup_command("cluster", feed, "--output", tmp_path / name)
    assert (ended.code, ended.out) == (0, "")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)


def test_format_goes_before_the_name_of_the_output(dedup_command: Command, feed: Path, tmp_path: Path) -> None:
    dedup_command("cluster", feed, "--output", tmp_path / "s.dat", "--format", "csv")
    header = b"id,story,copy_group,canonical,title,source,published,dated,dated_by,path,probability,storyline,url"
    assert (tmp_path / "s.dat").read_bytes().startswith(header)


@pytest.mark.parametrize("name", ["s.jsonl", "deep/S.CSV"])
def test_a_result_is_not_put_where_the_next_run_would_read_it(
    dedup_command: Command, tmp_path: Path, name: str
) -> None:
    (tmp_path / "deep").mkdir()
    ended = dedup_command("cluster", tmp_path, "--output", tmp_path / name)
    assert ended.code == 2
    assert "is in an input folder" in ended.err


@pytest.mark.parametrize("name", [".s.jsonl", ".deep/s.csv", "s.dat", "../s.csv"])
def test_a_result_may_lie_where_it_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "news" / ".deep").mkdir(parents=True)
    check_output(tmp_path / "news" / name, [str(tmp_path / "news"), "-"])


def test_garbage_is_collected_as_before_when_it_is_over(dedup_command: Command, feed: Path) -> None:
    before = gc.get_threshold()
    dedup_command("cluster", feed)
    assert gc.get_threshold() == before


def test_output_dash_is_standard_output(dedup_command: Command, feed: Path) -> None:
    assert dedup_command("cluster", feed, "--output", "-").out.startswith('{"id"')


def test_standard_input(dedup_command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"text": "One."}\n'))
    assert json.loads(dedup_command("cluster", "-").out)["id"] == "-:1"


def test_fields_and_settings_reach_the_library(dedup_command: Command, tmp_path: Path) -> None:
    feed = write_records(tmp_path / "feed.jsonl", [{"story_body": "One.", "kicker": "Title"}])
    ended = dedup_command(
        "cluster",
        feed,
        "--field",
        "text=story_body",
        "--field",
        "title=kicker",
        "--set",
        "granularity=.2",
        "--set",
        "seed=7",
    )
    assert json.loads(ended.out)["title"] == "Title"
    assert dedup_command.library.settings is not None
    assert (dedup_command.library.settings.granularity, dedup_command.library.settings.seed) == (0.2, 7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a file or a folder to read"),
        (["-", "--against", "-"], "standard input has the articles, and cannot be the archive"),
        (
            ["FEED", "--engine", "spark", "--plot", "p.png", "--output", "o.parquet"],
            "it does not go with --engine spark",
        ),
        (["FEED", "--set", "granulartiy=1"], "there is no setting 'granulartiy'"),
        (["FEED", "--set", "granularity=2"], "granularity must lie between"),
        (["FEED", "--set", "granularity"], "'granularity' should read NAME=VALUE"),
        (["FEED", "--set", "seed=1", "--set", "seed=2"], "seed is given twice"),
        (["FEED", "--field", "body=x"], "an article has no field 'body'"),
        (["FEED", "--field", "text="], "text= names no field"),
        (["FEED", "--field", "=x"], "'=x' should read NAME=VALUE"),
        (["FEED", "--format", "xml"], "'xml' is not one of"),
        (["FEED", "--output", "s.xlsx"], "s.xlsx has no known suffix"),
        (["FEED", "--output", "no/such/s.json"], "there is no folder"),
        (["FEED", "--output", "FOLDER", "--format", "csv"], "is a folder"),
        (["FEED", "--output", "FEED"], "would be overwritten"),
        (["FEED", "--bogus"], "No such option"),
    ],
)
def test_wrong_usage(dedup_command: Command, feed: Path, arguments: list[str], message: str) -> None:
    before = feed.read_bytes()
    given = [str(feed) if each == "FEED" else str(feed.parent) if each == "FOLDER" else each for each in arguments]
    ended = dedup_command("cluster", *given)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert "Try 'dedup cluster --help' for help." in ended.err
    assert feed.read_bytes() == before


def test_nothing_usable(dedup_command: Command, tmp_path: Path) -> None:
    feed = write_records(tmp_path / "feed.jsonl", [{"title": ""}])
    ended = dedup_command("cluster", feed, "--output", tmp_path / "s.json")
    assert (ended.code, ended.out) == (1, "")
    assert "feed.jsonl:1" in ended.err
    assert ended.err.splitlines()[-1].startswith("Error: there is no article to cluster in ")
    assert not (tmp_path / "s.json").exists()


def test_strict_writes_and_fails(dedup_command: Command, feed: Path) -> None:
    assert dedup_command("cluster", feed, "--strict").code == 0
    dedup_command.library.notices = [Notice("x:1", "no date", "kept without a date", skipped=False)]
    assert dedup_command("cluster", feed, "--strict").code == 0
    dedup_command.library.notices = [skipped("feed.jsonl:7")]
    assert dedup_command("cluster", feed).code == 0
    ended = dedup_command("cluster", feed, "--strict")
    assert ended.code == 1
    assert len(ended.out.splitlines()) == 3
    assert "feed.jsonl:7: not valid JSON; line skipped" in ended.err


def test_a_value_that_an_option_has_not_is_told_in_our_words(dedup_command: Command, feed: Path) -> None:
    said = dedup_command("cluster", feed, "--format", "xml").err
    assert "Error: Invalid value for '--format': 'xml' is not one of" in said


def test_quiet(dedup_command: Command, feed: Path) -> None:
    dedup_command.library.notices = [skipped("feed.jsonl:7")]
    assert dedup_command("cluster", feed, "--quiet").err == ""
    assert dedup_command("cluster", feed, "--quiet", "--strict").code == 1


def test_notices_are_grouped_and_counted(dedup_command: Command, feed: Path) -> None:
    dedup_command.library.notices = [
        *(skipped(f"feed.jsonl:{line}") for line in range(1, 6)),
        *(skipped(f"other.jsonl:{line}", f"problem {line}") for line in range(1, 15)),
        Notice("notes/a.txt", "a date that is none", "kept without a date", skipped=False),
    ]
    said = dedup_command("cluster", feed).err.splitlines()
    assert said[0] == "Skipped: 19"
    assert said[1] == "  feed.jsonl:1, feed.jsonl:2, feed.jsonl:3 … and 2 more: not valid JSON; line skipped"
    assert said[10] == "  other.jsonl:9: problem 9; line skipped"
    assert said[11] == "  … and 5 more (dedup cluster --format json lists all)"
    assert said[12:14] == ["Kept, with a change: 1", "  notes/a.txt: a date that is none; kept without a date"]
    assert "19 skipped" in said[14]


def test_what_a_notice_stands_for_is_counted(dedup_command: Command, feed: Path) -> None:
    beyond = Notice("everything that was read", "8 more like these", "line skipped", skipped=True, count=8)
    dedup_command.library.notices = [skipped("feed.jsonl:7"), beyond]
    said = dedup_command("cluster", feed).err.splitlines()
    assert said[0] == "Skipped: 9"
    assert "9 skipped" in said[-1]


def test_notices_are_in_the_json(dedup_command: Command, feed: Path) -> None:
    dedup_command.library.notices = [skipped("feed.jsonl:7")]
    document = json.loads(dedup_command("cluster", feed, "--format", "json").out)
    assert [notice["where"] for notice in document["notices"]] == ["feed.jsonl:7"]
    assert document["summary"]["skipped"] == 1


def test_hostile_names_do_no_harm(dedup_command: Command, tmp_path: Path) -> None:
    feed = write_records(tmp_path / "feed.jsonl", [{"text": "x", "title": "\x1b[2J[bold]gone", "story": "s"}] * 2)
    dedup_command.library.notices = [skipped("evil\x1b]0;owned\x07\n.txt")]
    ended = dedup_command("cluster", feed, "--format", "table")
    assert "\x1b" not in ended.out + ended.err
    assert "\\x1b[2J[bold]gone" in ended.out
    assert "evil\\x1b]0;owned\\x07 .txt" in ended.err


@pytest.mark.parametrize("error", [ValueError("boom\x1b"), RecursionError("deep"), KeyError("x"), MemoryError()])
def test_what_was_not_foreseen_is_short(dedup_command: Command, feed: Path, error: Exception) -> None:
    dedup_command.library.fails = error
    ended = dedup_command("cluster", feed)
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) <= 2
    assert "\x1b" not in ended.err
    assert ("memory" in ended.err) if isinstance(error, MemoryError) else ("Please report it" in ended.err)


def test_a_traceback_on_request(dedup_command: Command, feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dedup_command.library.fails = ValueError("boom")
    monkeypatch.setenv("DEDUP_TRACEBACK", "1")
    with pytest.raises(ValueError, match="boom"):
        dedup_command("cluster", feed)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("two articles have the id 'a'"), "Error: two articles have the id 'a'\n"),
        (PermissionError(13, "Permission denied", "x.txt"), "Error: Permission denied: x.txt\n"),
    ],
)
def test_errors_on_purpose_are_one_line(dedup_command: Command, feed: Path, error: Exception, message: str) -> None:
    dedup_command.library.fails = error
    ended = dedup_command("cluster", feed)
    assert (ended.code, ended.err) == (1, message)


def test_interrupted(dedup_command: Command, feed: Path, tmp_path: Path) -> None:
    dedup_command.library.fails = KeyboardInterrupt()
    ended = dedup_command("cluster", feed, "--output", tmp_path / "s.json")
    assert ended.code == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.jsonl"]


def test_output_is_replaced_whole_or_not_at_all(
    dedup_command: Command, feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "s.jsonl"
    output.write_text("before", encoding="utf-8")
    output.chmod(0o640)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr(os, "fsync", full)
        ended = dedup_command("cluster", feed, "--output", output)
    said = f"Error: No space left on device; nothing is written, what was there stays: {output}\n"
    assert (ended.code, ended.err) == (1, said)
    assert output.read_text(encoding="utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.jsonl", "s.jsonl"]

    assert dedup_command("cluster", feed, "--output", output).code == 0
    assert len(output.read_text(encoding="utf-8").splitlines()) == 3
    assert stat.S_IMODE(output.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.jsonl", "s.jsonl"]


def test_output_through_a_link_keeps_the_link(dedup_command: Command, feed: Path, tmp_path: Path) -> None:
    link, target = tmp_path / "latest.jsonl", tmp_path / "monday.jsonl"
    link.symlink_to(target)
    dedup_command("cluster", feed, "--output", link)
    assert link.is_symlink()
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3


def test_a_device_is_written_not_replaced(dedup_command: Command, feed: Path) -> None:
    assert dedup_command("cluster", feed, "--output", "/dev/null", "--format", "json").code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("options", "begin"),
    [
        (("--format", "csv", "--rows", "stories"), "story,title,articles,"),
        (("--format", "csv", "--rows", "pairs"), "story,a,b,kind,"),
        (("--format", "csv", "--bom"), "\ufeffid,story,"),
        (("--format", "jsonl", "--rows", "stories"), '{"story"'),
    ],
)
def test_rows_and_a_byte_order_mark(dedup_command: Command, feed: Path, options: tuple[str, ...], begin: str) -> None:
    assert dedup_command("cluster", feed, *options).out.startswith(begin)


@pytest.mark.parametrize(
    "options",
    [
        ("--format", "json", "--rows", "stories"),
        ("--format", "jsonl", "--bom"),
        ("--format", "csv", "--top", "3"),
        ("--format", "table", "--title", "x"),
        ("--keep", "copy", "--rows", "stories"),
    ],
)
def test_an_option_of_another_format_is_wrong_usage(
    dedup_command: Command, feed: Path, options: tuple[str, ...]
) -> None:
    ended = dedup_command("cluster", feed, *options)
    assert (ended.code, ended.out) == (2, "")
    assert "it is for the format" in ended.err


def test_what_a_page_is_made_from() -> None:
    told = made_from(["news/", "-", "a.csv", "b.csv", "c\x1b.csv", "d.csv"], ["old.jsonl"])
    assert re.fullmatch(
        r"Made \d{4}-\d\d-\d\d \d\d:\d\d UTC from news/, standard input, a.csv, b.csv and 2 more, against old.jsonl",
        told,
    )
