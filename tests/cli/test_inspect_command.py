"""`dedup inspect`: what each field is taken for, as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from run_dedup import Command, process, write_records

RECORDS: list[dict[str, Any]] = [
    {
        "id": "a",
        "title": "Harbour",
        "content": "The harbour reopened on Monday.",
        "zeile": "some words of no one",
        "n": 5,
    },
    {"id": "b", "title": "Bridge", "content": None, "description": "The bridge is open.", "zeile": "and other words"},
]


@pytest.fixture
def dedup_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def test_a_table(dedup_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    ended = dedup_command("inspect", write_records(tmp_path / "a.jsonl", RECORDS))
    rows = [line.split("  ") for line in ended.out.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells[0] == ["Field", "Name in the input", "Articles", "Sample"]
    assert ["text", "content", "1", "The harbour reopened on Monday."] in cells
    assert ["description", "1", "The bridge is open."] in cells
    assert ["title", "title", "2", "Harbour"] in cells
    assert ["lang", "0"] in cells
    assert ["not read", "zeile", "2", "(--field title=zeile) some words of no one"] in cells
    assert ["not read", "n", "0"] in cells
    assert ended.err == "2 articles\n"
    assert ended.code == 0


def test_json(dedup_command: Command, tmp_path: Path) -> None:
    ended = dedup_command("inspect", write_records(tmp_path / "a.jsonl", RECORDS), "--json")
    told = json.loads(ended.out)
    assert told["articles"] == 2
    assert told["fields"]["text"] == [
        {"name": "content", "articles": 1, "sample": "The harbour reopened on Monday."},
        {"name": "description", "articles": 1, "sample": "The bridge is open."},
    ]
    assert told["fields"]["lang"] == []
    assert told["unread"] == [
        {"name": "zeile", "articles": 2, "sample": "some words of no one", "field": "title"},
        {"name": "n", "articles": 0, "sample": "", "field": None},
    ]


def test_fields_and_faults(dedup_command: Command, tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.jsonl", RECORDS)
    assert "zeile" in dedup_command("inspect", path, "--field", "title=zeile").out
    assert dedup_command("inspect", path, "--field", "titel=zeile").code == 2
    assert dedup_command("inspect", tmp_path / "none.json").code == 1
    assert dedup_command("inspect").code == 2


def test_the_summary_of_a_run_says_what_texts_were_read_from(tmp_path: Path) -> None:
    ended = process("cluster", write_records(tmp_path / "a.jsonl", RECORDS))
    assert ended.err.splitlines()[-1].endswith('; text from "content": 1, "description": 1')
    ended = process("cluster", write_records(tmp_path / "b.jsonl", [{"text": "The harbour reopened."}]))
    assert "text from" not in ended.err
