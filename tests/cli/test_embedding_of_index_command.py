"""`dedup index` with an embedding."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from embedded_articles import TOPICS, Meanings, made

import dedup


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    records = ({"id": one.id, "text": one.text, "vector": [*map(float, Meanings.vector(one.text))]} for one in made())
    (tmp_path / "articles.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    model = "def embed(texts):\n    return [[1.0, float(len(text))] for text in texts]\n"
    (tmp_path / "own_model.py").write_text(model, encoding="utf-8")
    (tmp_path / "failing_model.py").write_text("def embed(texts):\n    raise OSError('no disk')\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def called(*arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "dedup", *arguments, "--store", "s.db"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout, " ".join(ended.stderr.replace("│", " ").split())


def run(command: str, *arguments: str) -> tuple[int, list[dict[str, object]], str]:
    code, out, said = called("index", command, *arguments)
    return code, [json.loads(line) for line in out.splitlines()], said


def test_it_takes_the_vectors_of_a_file(folder: Path) -> None:
    code, placed, said = run("add", "articles.jsonl", "--embedding", "vector")
    assert code == 0, said
    story = {one["id"]: one["story"] for one in placed}
    with dedup.StoryIndex.open(folder / "s.db") as index:
        assert sum(index.article(f"{one}-4").story == index.article(f"{one}-0").story for one in range(TOPICS)) >= 8
        assert index.article("11-4").story == story["11-4"]
    assert run("match", "articles.jsonl")[0] == 0  # of vectors nothing has to be named
    assert run("check") == (0, [], "")


@pytest.mark.usefixtures("folder")
def test_it_names_both_models() -> None:
    assert run("add", "articles.jsonl", "--embedding", "python:own_model:embed")[0] == 0
    for command in ("add", "match", "update"):
        code, _, said = run(command, "articles.jsonl")
        assert (code, "opened without one" in said) == (1, True), said
        code, _, said = run(command, "articles.jsonl", "--embedding", "vector")
        assert (code, "with the embedding 'python:own_model:embed', and is opened with" in said) == (1, True), said
        assert "rebuild" in said
    assert run("stories")[0] == run("reconcile")[0] == run("remove", "3-0")[0] == 0
    code, _, said = run("rebuild", "--embedding", "python:failing_model:embed")
    assert (code, "no disk" in said) == (1, True)
    assert run("rebuild", "--embedding", "none")[0] == 0
    assert run("add", "articles.jsonl")[0] == 0
    assert run("rebuild", "--embedding", "python:own_model:embed")[0] == 0
    assert run("stats")[1][0]["embedding"] == "python:own_model:embed"
    code, _, said = called("serve", "--port", "0")
    assert (code, "has the embedding python:own_model:embed" in said) == (2, True), said
