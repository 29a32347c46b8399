"""The rows of `speed` compute the results of exact searches, and a difference ends the run."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import joining, sketching
from benchmarks.corpus import Shape, stream
from benchmarks.machine import BenchmarkError
from benchmarks.sketching import Sketcher
from dedup import Article, Settings
from dedup.match.stories import FLOOR
from dedup.text.document import Document
from dedup.vectorize import reference
from dedup.vectorize.hashing import plain_hashes, short_shingles_in_order


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return [planted.article() for planted in stream(Shape(120, per_day=60))]


def test_planted_signatures_have_groups_that_are_found() -> None:
    rows = joining.planted_signatures(600, 3)
    assert np.array_equal(rows, joining.planted_signatures(600, 3))
    agree = (rows[:, None] == rows[None]).mean(axis=2)
    first = np.arange(600)
    for _ in range(600):  # the least place in reach, by all pairs that a band brings together
        bands = (rows.reshape(600, 32, 4)[:, None] == rows.reshape(600, 32, 4)[None]).all(axis=3).any(axis=2)
        linked = (agree >= joining.THRESHOLD) & bands
        better = np.where(linked, first[None], 600).min(axis=1)
        if np.array_equal(better, first):
            break
        first = better
    assert joining.groups(rows).tolist() == first.tolist()
    assert 40 < 600 - len(set(first.tolist())) < 170


def test_groups_and_pairs_are_those_of_peers(articles: list[Article]) -> None:
    found = joining.signatures_to_groups(1_000, 1_500, 1, 3, lambda _: None)
    assert found["groups"] > 100
    assert "datasketch" in found["timings"]
    joined = joining.vectors_to_pairs(articles, 1, lambda _: None)
    matrix = joining.vectors(articles).toarray()
    assert joined["pairs"] == int((np.triu(matrix @ matrix.T, 1) > FLOOR).sum()) > 100
    assert joined["pairs_per_article"] == joining.density(articles)
    assert "scipy" in joined["timings"]


def test_a_difference_to_a_peer_ends_the_run(articles: list[Article], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "groups", lambda rows: np.zeros(len(rows), np.int64))
    with pytest.raises(BenchmarkError, match="groups of dedup and of datasketch differ"):
        joining.signatures_to_groups(200, 200, 1, 3, lambda _: None)
    monkeypatch.setattr(joining, "pairs", lambda *_: np.empty(0, np.int64))
    with pytest.raises(BenchmarkError, match="should be the same"):
        joining.vectors_to_pairs(articles, 1, lambda _: None)


def test_signatures_are_those_of_datasketch(articles: list[Article]) -> None:
    sketcher, texts = Sketcher(), [("", article.text) for article in articles]
    documents = [Document.of(*text) for text in texts]
    expected = reference.signatures(documents, Settings())
    assert np.array_equal(sketcher.signatures(texts), expected)
    parts = [short_shingles_in_order(plain_hashes(document.words), sketching.RUN) for document in documents]
    ends = np.cumsum([0, *map(len, parts)])
    assert np.array_equal(sketcher.of_hashes(np.concatenate(parts), ends), expected)


def test_wrong_signatures_end_the_run(articles: list[Article], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sketcher, "of_hashes", lambda *_: np.zeros((len(articles), sketching.SLOTS), np.uint32))
    with pytest.raises(BenchmarkError, match="equal to the last bit"):
        sketching.hashes_to_signature(articles, 1, lambda _: None)
    monkeypatch.setattr(sketching, "recipe", lambda texts: np.zeros((len(texts), sketching.SLOTS)))
    with pytest.raises(BenchmarkError, match="text-dedup's recipe: estimates off"):
        sketching.text_to_signature(articles, 1, lambda _: None)


def test_runs_of_words() -> None:
    assert sketching.runs("One, two; THREE four-five six") == ["one two three four five", "two three four five six"]
    assert sketching.split_runs("One, two") == ["one, two"]
