"""What a settings file that lies about changes is said by every command that works with settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_dedup import Command, write_records

RECORDS = [{"id": name, "title": name, "text": "Oil.", "story": name} for name in ("a", "b")]


@pytest.fixture
def dedup_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.mark.parametrize(
    "command", [("cluster", "f.jsonl"), ("evaluate", "f.jsonl"), ("compare", "a.jsonl", "b.jsonl")]
)
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("dedup.toml", "granularity = 0.4\nwindow = 7\n", "dedup.toml sets granularity, window"),
        ("pyproject.toml", "[tool.dedup]\nwindow = 7\n", "pyproject.toml sets window"),
        ("dedup.toml", "[serve]\nport = 8000\n", ""),
        ("pyproject.toml", "[tool.other]\nwindow = 7\n", ""),
    ],
)
def test_a_file_that_sets_something_is_named(
    dedup_command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    name: str,
    text: str,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_records(tmp_path / "f.jsonl", RECORDS)
    write_records(tmp_path / "a.jsonl", RECORDS[:1])
    write_records(tmp_path / "b.jsonl", RECORDS[1:])
    (tmp_path / name).write_text(text)
    ended = dedup_command(*command)
    assert ended.code == 0
    assert said in ended.err
    assert bool(said) == (" sets " in ended.err)


def test_what_a_flag_overrides_is_not_named(
    dedup_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_records(tmp_path / "f.jsonl", RECORDS)
    (tmp_path / "dedup.toml").write_text("window = 7\n")
    assert " sets " not in dedup_command("cluster", "f.jsonl", "--set", "window=9").err
