"""What is said on standard error: nothing by the library, more with -v, JSON with --log-json."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_dedup import Command, write_records

from dedup.article import Notice


@pytest.fixture
def dedup_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    yield Command(monkeypatch, capsys)
    logger = logging.getLogger("dedup")
    logger.handlers = [one for one in logger.handlers if isinstance(one, logging.NullHandler)]
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_records(tmp_path / "feed.jsonl", [{"text": "One."}, {"text": "Two."}])


def test_the_library_is_silent_until_asked(tmp_path: Path) -> None:
    program = (
        "import sys, logging, dedup\n"
        "if sys.argv[2:]: logging.basicConfig(level=logging.DEBUG)\n"
        "list(dedup.read_articles(sys.argv[1]))"
    )
    silent, heard = (
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "none"), *more], capture_output=True, text=True, check=True
        ).stderr
        for more in ((), ("x",))
    )
    assert silent == ""
    assert heard.startswith("WARNING:dedup:")


def test_verbosity(dedup_command: Command, feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dedup.toml").write_text("window = 7\n")
    bare, once, twice = (dedup_command("cluster", feed, *flags).err for flags in ((), ("-v",), ("-vv",)))
    assert bare.count("\n") == 1
    assert "info: settings from " in once
    assert "reading" in once
    assert "debug: " not in once
    assert "debug: window is set by dedup.toml:1" in twice
    assert all(line in twice.splitlines()[-1] for line in ("2 articles in 2 stories",))


def test_quiet_and_verbose_contradict(dedup_command: Command, feed: Path) -> None:
    ended = dedup_command("cluster", feed, "-v", "--quiet")
    assert ended.code == 2
    assert "contradicts --quiet" in ended.err


def test_everything_as_json(dedup_command: Command, feed: Path) -> None:
    dedup_command.library.notices = [Notice("a\x1b.txt:1", "not valid JSON", "line skipped", skipped=True)]
    ended = dedup_command("cluster", feed, "--log-json")
    records = [json.loads(line) for line in ended.err.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(record) for record in records)
    (notice,) = [record for record in records if "where" in record]
    assert (notice["level"], notice["where"], notice["skipped"]) == ("warning", "a\x1b.txt:1", True)
    assert "\x1b" not in ended.err
    assert records[-1]["message"].startswith("2 articles in 2 stories")
    assert (records[-1]["articles"], records[-1]["skipped"]) == (2, 1)
    assert [json.loads(line)["id"] for line in ended.out.splitlines()], "the result stays where it was"


@pytest.mark.parametrize(
    ("arguments", "code"), [(["FEED", "--set", "x=1"], 2), (["FEED", "--bogus"], 2), (["no-such-file.jsonl"], 1)]
)
def test_errors_as_json(dedup_command: Command, tmp_path: Path, arguments: list[str], code: int) -> None:
    feed = write_records(tmp_path / "feed.jsonl", [{"title": ""}])
    given = [str(feed) if each in {"FEED", "no-such-file.jsonl"} else each for each in arguments]
    ended = dedup_command("cluster", *given, "--log-json")
    assert ended.code == code
    if "--bogus" not in arguments:  # not even the options are read then
        records = [json.loads(line) for line in ended.err.splitlines()]
        assert records[-1]["level"] == "error"
        assert not records[-1]["message"].startswith("Error")
