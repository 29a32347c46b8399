"""The real command in processes of its own: streams, terminals, pipes, encodings."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from run_dedup import CHECKOUT, COMMAND, process, write_records

import dedup

BODY = (
    "The harbour of Eastport was closed on Monday after a tanker lost four hundred tonnes of oil near the breakwater."
    " Harbour master Ingrid Solheim said that the port would stay shut until Thursday at least."
)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    records = [
        {"id": "first", "title": "Oil closes 東京 harbour \x1b[31m", "text": BODY},
        {"id": "again", "title": "Eastport harbour shut after spill", "text": BODY},
        {
            "id": "other",
            "title": "Museum reopens",
            "text": "After two years of work the city museum lets visitors in again.",
        },
    ]
    return write_records(tmp_path / "feed.jsonl", records)


SEVERAL = """
import json, os, sys
import sklearn.feature_extraction.text  # which takes longest: once, though each command has a process of its own
from dedup.cli import main
for sys.argv in json.loads(sys.argv[1]):
    if not os.fork():
        main()
    assert os.wait()[1] == 0
    os.write(1, b"\\f")
"""


def several(commands: Iterable[Sequence[str | Path]]) -> list[str]:
    """What runs several commands, one after the other, with a form feed after what each of them writes."""
    return [sys.executable, "-c", SEVERAL, json.dumps([["dedup", *map(str, arguments)] for arguments in commands])]


def on_terminal(commands: Iterable[Sequence[str | Path]]) -> list[str]:
    """What each of some commands shows on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    with subprocess.Popen(
        several(commands), stdout=theirs, stderr=subprocess.PIPE, cwd=CHECKOUT, env=environment
    ) as ran:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # how Linux tells that the other side has closed a terminal
            pass
        finally:
            os.close(ours)
        assert ran.wait(timeout=120) == 0
    return shown.decode().split("\f")[:-1]


def test_result_and_messages_go_their_own_ways(feed: Path) -> None:
    ended = process("cluster", feed)
    assert ended.code == 0
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert [record["id"] for record in records] == ["first", "again", "other"]
    assert records[0]["copy_group"] == records[1]["copy_group"] is not None
    assert records[2]["story"] != records[0]["story"]
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("3 articles in 2 stories (2 of them in 1 shared), 1 copy, 0 skipped, ")


def test_standard_input(feed: Path) -> None:
    ended = process("cluster", "-", "--format", "csv", stdin=feed.read_bytes())
    rows = list(csv.DictReader(io.StringIO(ended.out, newline="")))
    assert rows[0]["title"] == "Oil closes 東京 harbour \x1b[31m"


def test_no_format_obeys_a_title_on_a_terminal(feed: Path) -> None:
    bare, *styled = on_terminal(
        [["cluster", feed], *(["cluster", feed, "--format", style] for style in ("csv", "json", "jsonl"))]
    )
    assert bare.startswith("Story "), "a table, unless another format is asked for"
    assert "東京" in bare
    assert len(styled) == 3
    assert all("Eastport" in shown for shown in styled)
    assert all("\x1b" not in shown for shown in (bare, *styled))


def test_a_reader_who_leaves_ends_it_quietly(feed: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "cluster", str(feed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=CHECKOUT
    ) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.close()
        said = ran.stderr.read()
        assert ran.wait(timeout=120) == 141
    assert said == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_one_line(feed: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [*COMMAND, "cluster", str(feed)], stdout=full, stderr=subprocess.PIPE, cwd=CHECKOUT, check=False
        )
    assert ran.returncode == 1
    assert ran.stderr == b"Error: No space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="streams are closed by a POSIX shell")
@pytest.mark.parametrize("arguments", ["--version", "settings", "cluster {}"], ids=lambda line: line.split()[0])
def test_streams_that_are_closed(arguments: str, feed: Path) -> None:
    """What cannot be told is told; where nobody listens, the exit code tells."""
    command = f"{shlex.join(COMMAND)} {arguments.format(shlex.quote(str(feed)))}"
    ends = []
    for closed in (">&-", "<&- >&-", "<&- >&- 2>&-", "2>&- >/dev/null"):
        ran = subprocess.run(["/bin/sh", "-c", f"{command} {closed}"], capture_output=True, cwd=CHECKOUT, check=False)
        ends.append((ran.returncode, ran.stdout, ran.stderr))
    told = b"Error: Bad file descriptor\n"
    assert ends == [(1, b"", told), (1, b"", told), (1, b"", b""), (0, b"", b"")]


def test_an_encoding_without_the_characters(feed: Path) -> None:
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    styles = ("table", "json", "jsonl", "csv")
    program = several(["cluster", feed, "--format", style] for style in styles)
    ran = subprocess.run(program, stdout=subprocess.PIPE, cwd=CHECKOUT, env=narrow, check=True, timeout=120)
    written = ran.stdout.decode().split("\f")[:-1]
    assert len(written) == len(styles)
    for style, text in zip(styles, written, strict=True):
        assert "東京" in text, style  # data is UTF-8 wherever it goes


def test_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for arguments in (["no-such-file.txt"], [tmp_path / "empty"], ["-"]):
        ended = process("cluster", *arguments)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.splitlines()[-1].startswith("Error: ")


def test_one_broken_line_costs_one_line(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    lines = [json.dumps({"id": f"{number}", "text": f"Text number {number}."}) for number in range(1, 11)]
    lines[6] = lines[6][:-4]
    feed.write_text("\n".join(lines), encoding="utf-8")
    ended = process("cluster", feed, "--strict")
    assert ended.code == 1
    assert [json.loads(line)["id"] for line in ended.out.splitlines()] == [str(n) for n in range(1, 11) if n != 7]
    assert "feed.jsonl:7: " in ended.err
    assert "1 skipped" in ended.err


def test_compare(feed: Path, tmp_path: Path) -> None:
    lines = feed.read_text(encoding="utf-8").splitlines()
    files = []
    for name, line in zip("abc", lines, strict=True):
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text(line, encoding="utf-8")
    program = several([["compare", files[0], files[1]], ["compare", files[0], files[2], "--json"]])
    ran = subprocess.run(program, stdout=subprocess.PIPE, cwd=CHECKOUT, check=True, timeout=120)
    copies, strangers, _ = ran.stdout.decode().split("\f")
    assert "Same text?   yes" in copies
    assert "Same story?  yes" in copies
    found = json.loads(strangers)
    assert (found["same_text"], found["same_story"]) == (False, False)


def test_evaluate(tmp_path: Path) -> None:
    rows = [{"text": BODY, "story": "spill"}, {"text": BODY, "story": "spill"}, {"text": "Rain.", "story": "rain"}]
    ended = process("evaluate", write_records(tmp_path / "set.v1.jsonl", rows), "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["sets"]["set"]["bcubed_f1"] == 1.0


def test_wrong_usage_is_told_on_standard_error() -> None:
    for arguments in ((), ("x", "--set", "y=1"), ("x", "--format", "z")):
        ended = process("cluster", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert "Try 'dedup cluster --help' for help." in ended.err


def test_version() -> None:
    assert process("--version").out.startswith("dedup ")


def test_the_package_is_the_command_too() -> None:
    ended = subprocess.run([sys.executable, "-m", "dedup", "--version"], capture_output=True, check=True, text=True)
    assert ended.stdout == f"dedup {dedup.__version__}\n"
