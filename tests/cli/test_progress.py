"""The progress bar, and that compiling is said where there is none."""

from __future__ import annotations

import io
import sys

import pytest

from dedup.backends import compiled
from dedup.cli import progress
from dedup.cli.progress import ProgressBar
from dedup.progress import COMPILING
from dedup.settings import Settings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_has_no_known_end_has_no_end_on_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    monkeypatch.setenv("TERM", "xterm")
    with ProgressBar() as bar:
        bar("reading", 8113, 0)
    assert "8113/?" in terminal.getvalue()
    assert "/100" not in terminal.getvalue()


def test_compiling_is_told_from_before_its_first_step_to_its_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "is_compiled", lambda: False)
    monkeypatch.setattr(compiled, "mark_compiled", lambda *_: None)
    told: list[tuple[str, int, int]] = []
    compiled.CompiledBackend(Settings(), lambda *call: told.append(call))
    total = told[0][2]
    assert told == [(COMPILING, number, total) for number in range(total + 1)]


@pytest.mark.parametrize("quiet", [False, True])
def test_compiling_is_said_once_where_there_is_no_bar(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar(quiet=quiet) as bar:
        for number in range(3):
            bar(COMPILING, number, 3)
    said = capsys.readouterr().err
    assert said.count("Compiling, once for this machine") == (0 if quiet else 1)


def test_on_a_terminal_the_bar_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with ProgressBar() as bar:
        bar(COMPILING, 0, 3)
    assert not terminal.getvalue()
