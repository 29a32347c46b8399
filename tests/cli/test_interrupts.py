"""Ctrl-C and a request to end: what is known is said, nothing half written stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_dedup import CHECKOUT, Command, process, write_records

from dedup.article import Notice

WAITING = """
import os, signal, sys
import dedup.cli.{module} as module
whole = module.{name}
def waiting(*arguments, **named):
    os.kill(os.getpid(), signal.{signal})
    return whole(*arguments, **named)
module.{name} = waiting
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
sys.argv = ["dedup", *sys.argv[1:]]
from dedup.cli import main
main()
"""


@pytest.fixture
def dedup_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_records(tmp_path / "feed.jsonl", [{"text": f"Text number {number}."} for number in range(20)])


def interrupted(
    name: str, feed: Path, *arguments: str | Path, sent: str = "SIGINT", module: str = "cluster"
) -> tuple[int, str]:
    program = WAITING.format(name=name, signal=sent, module=module)
    ran = subprocess.run(
        [sys.executable, "-c", program, "cluster", str(feed), *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=120,
        env={**os.environ, "DEDUP_KERNELS": "off"},
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""
    return ran.returncode, ran.stderr


def test_while_it_works(dedup_command: Command, feed: Path, tmp_path: Path) -> None:
    dedup_command.library.fails = KeyboardInterrupt()
    dedup_command.library.notices = [Notice("x:1", "not valid JSON", "line skipped", skipped=True)]
    ended = dedup_command("cluster", feed, "--output", tmp_path / "s.jsonl")
    assert (ended.code, ended.out) == (130, "")
    said = ended.err.splitlines()
    assert said[:2] == ["Skipped: 1", "  x:1: not valid JSON; line skipped"]
    assert said[2].startswith("Interrupted while reading, 20 done, after ")
    assert said[2].endswith(" s; nothing is written")
    assert not (tmp_path / "s.jsonl").exists()


def test_while_it_writes(feed: Path, tmp_path: Path) -> None:
    output = tmp_path / "s.jsonl"
    output.write_text("before")
    code, said = interrupted("write_jsonl", feed, "--output", output, module="output")
    assert code == 130
    assert "; nothing is written" in said
    assert output.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.jsonl", "s.jsonl"]


def test_while_kept_records_are_written(feed: Path, tmp_path: Path) -> None:
    code, _ = interrupted("write_folder", feed, "--keep", "all", "--output", f"{tmp_path}/out/", module="keeping")
    assert code == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.jsonl"]


def test_a_request_to_end_cleans_up_too(feed: Path, tmp_path: Path) -> None:
    output = tmp_path / "s.jsonl"
    code, said = interrupted("write_jsonl", feed, "--output", output, sent="SIGTERM", module="output")
    assert (code, said) == (143, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.jsonl"]


def test_while_it_waits_for_standard_input() -> None:
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import dedup.cli as c; c.main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "cluster", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=CHECKOUT,
    ) as ran:  # fmt: skip
        assert ran.stdin is not None
        ran.stdin.write(b'{"text": "One."}\n' * 3)
        ran.stdin.flush()
        time.sleep(2)  # until it waits; should it not yet, it is interrupted where it is
        ran.send_signal(signal.SIGINT)
        assert ran.wait(timeout=60) == 130
        assert ran.stdout is not None
        assert ran.stderr is not None
        assert ran.stdout.read() == b""
        assert b"Traceback" not in ran.stderr.read()


def test_what_is_scored_is_shown(dedup_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        write_records(tmp_path / f"{name}.jsonl", [{"text": "One.", "story": "x"}, {"text": "Two.", "story": "x"}])
    from dedup.cli import evaluate

    whole = evaluate._scores

    def scores(name: str, *arguments: object) -> object:
        if name == "b":
            raise KeyboardInterrupt
        return whole(name, *arguments)  # type: ignore[arg-type] # passed through

    monkeypatch.setattr(evaluate, "_scores", scores)
    ended = dedup_command("evaluate", tmp_path / "a.jsonl", tmp_path / "b.jsonl", "--json")
    assert ended.code == 130
    assert list(json.loads(ended.out)["sets"]) == ["a"]
    assert ended.err.endswith("Interrupted; 1 of 2 sets are scored\n")


# What it may take


def test_memory_is_held_to(tmp_path: Path) -> None:
    feed = write_records(
        tmp_path / "feed.jsonl",
        ({"text": " ".join(f"word{number * 7 % 9973}x{number % 97 + place}" for place in range(300))}
         for number in range(3000)),
    )  # fmt: skip
    ended = process("cluster", feed, "--memory", "150MB", "--output", tmp_path / "s.jsonl")
    assert ended.code == 1
    assert ended.err.splitlines()[-1] == (
        "Error: this takes more memory than the 150 MB that is allowed (the setting memory); allow more, or cluster in"
        " parts"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.jsonl"]


def test_enough_memory_changes_nothing(feed: Path) -> None:
    plain = process("cluster", feed)
    held = process("cluster", feed, "--memory", "8GB", "--threads", "1")
    assert (held.code, held.out) == (0, plain.out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--memory", "lots"], "--memory: memory must be a number of gigabytes, or a size like 800MB, not 'lots'"),
        (["--memory", "1MB"], "--memory: memory must lie between 0.1 and inf, not 0.001"),
        (["--threads", "-1"], "--threads: threads must lie between 0 and 1024, not -1"),
        (["--threads", "2", "--set", "threads=3"], "threads is given twice"),
    ],
)
def test_wrong_bounds(dedup_command: Command, feed: Path, arguments: list[str], message: str) -> None:
    ended = dedup_command("cluster", feed, *arguments)
    assert ended.code == 2
    assert message in ended.err
