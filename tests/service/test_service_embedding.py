"""A service of an index with an embedding: a vector goes through, a model that fails is a 503, nothing is lost."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from embedded_articles import TOPICS, Meanings, made
from serving import serving

from dedup import Client, InputError, ServiceError, StoryIndex

MODEL = """
import numpy as np, pathlib
from embedded_articles import Meanings

def embed(texts):
    if pathlib.Path("fails").exists():
        raise OSError("no memory")
    return Meanings()(texts)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own_model.py").write_text(MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1]), prepend=os.pathsep)
    return tmp_path


def joined(client: Client) -> int:
    return sum(client.article(f"{topic}-4").story == client.article(f"{topic}-0").story for topic in range(TOPICS))


def test_vectors_of_articles_go_through(tmp_path: Path) -> None:
    articles = [replace(one, vector=tuple(Meanings.vector(one.text))) for one in made()]
    with serving(tmp_path / "s.db", "--embedding", "vector") as served, Client(served.url) as client:
        client.add_many(articles[:-1])
        matched, placed = client.match(articles[-1]), client.add(articles[-1])
        assert matched.story == ("" if placed.new_story else placed.story)
        client.reconcile()
        assert joined(client) >= 0.8 * TOPICS
        assert client.stats()["embedding"] == "vector"
        why = client.explain("3-0", "3-4")
        assert why.embedding is not None
        with pytest.raises(InputError, match="2 dimensions, those of the index have 16"):
            client.add({"id": "bad", "text": "topic3 in bad words", "vector": [1, 2]})
        post = httpx.post
        for vector in ([], "0.5", [1, "2"], [True], [0.5] * 5_000):
            record = {"id": "bad", "text": "topic3 in bad words", "vector": vector}
            refused = post(f"{served.url}/v1/articles", params={"strict": "true"}, json=record)
            assert refused.status_code == 422, vector
            assert refused.json()["errors"][0]["field"] == "vector"
            assert "bad" not in client
        wide = {"id": "wide", "text": "topic3 in wide words", "vector": [0.123456789] * 4_096}
        assert post(f"{served.url}/v1/articles", json=wide).status_code == 422  # of other dimensions


def test_a_model_that_fails_is_answered_and_tried_again(folder: Path) -> None:
    articles = made()
    options = "--embedding", "python:own_model:embed", "--embedding-cache", "vectors.db"
    with serving(folder / "s.db", *options) as served, Client(served.url, patience=0.0) as client:
        client.add_many(articles[:40])
        (folder / "fails").touch()
        for call in (client.add, client.match):
            with pytest.raises(ServiceError, match="The embedding cannot be used"):
                call(articles[40])
        assert httpx.get(f"{served.url}/readyz").status_code == 503
        assert len(client) == 40
        assert client.story(client.article("3-0").story).articles
        (folder / "fails").unlink()
        client.add_many(articles[40:])
        assert httpx.get(f"{served.url}/readyz").status_code == 200
        client.reconcile()
        assert joined(client) >= 0.8 * TOPICS
    with StoryIndex.open(folder / "s.db") as index:
        assert index.check() == []
        assert index.stats()["embedding"] == "python:own_model:embed"


@pytest.mark.skipif("sys.platform == 'win32'", reason="processes share a port")
def test_workers_match_with_it(folder: Path) -> None:
    articles = made()
    options = "--embedding", "python:own_model:embed", "--workers", "1"
    with serving(folder / "s.db", *options) as served, Client(served.url) as client:
        client.add_many(articles[:-1])
        matched, placed = client.match(articles[-1]), client.add(articles[-1])
        assert matched.story == ("" if placed.new_story else placed.story)
        assert client.match(replace(articles[-1], id="")).story == placed.story


def test_a_service_that_only_reads_needs_no_model(folder: Path) -> None:
    with serving(folder / "s.db", "--embedding", "python:own_model:embed") as served, Client(served.url) as client:
        client.add_many(made())
        client.reconcile()
    with serving(folder / "s.db", "--read-only") as served, Client(served.url, patience=0.0) as client:
        assert joined(client) >= 0.8 * TOPICS
        with pytest.raises(ServiceError, match="The embedding cannot be used"):
            client.match({"text": "topic3 in words"})
