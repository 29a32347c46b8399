"""Kernels that work on parts of a collection in threads give what one call gives."""

from __future__ import annotations

import numpy as np
import pytest
from made_articles import stream

from dedup.backends import CompiledBackend
from dedup.match.kernels import bands
from dedup.settings import Settings
from dedup.vectorize.kernels import boilerplate, languages, relations, tfidf
from dedup.vectorize.kernels.threads import parts_in_threads

FOOTER = " ".join(f"Footer{number}" for number in range(30))
TEXTS = [
    (article.title, f"{article.text} {FOOTER if number % 3 else ''}") for number, article in enumerate(stream(3, 90))
]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
@pytest.mark.parametrize("threads", [None, 1, 2, 5])
@pytest.mark.parametrize("least", [1, 3, 1_000])
def test_parts_cover_a_range_in_order(count: int, threads: int | None, least: int) -> None:
    parts = parts_in_threads(range, count, threads, least=least)
    assert [number for part in parts for number in part] == list(range(count))


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:1], [], [("", "")] * 3])
def test_threads_do_not_change_results(texts: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "_AT_ONCE", 4)
    monkeypatch.setattr(boilerplate, "ARTICLES", 4)
    monkeypatch.setattr(relations, "ARTICLES", 4)
    monkeypatch.setattr(bands, "_AT_ONCE", 4)
    monkeypatch.setattr(tfidf, "_AT_ONCE", 50)
    monkeypatch.setattr(tfidf, "_ROWS", 4)
    results = []
    for threads in (1, 3):
        backend = CompiledBackend(Settings(threads=threads))
        words = backend.read(texts)
        passages, places = backend.held_passages(words)
        keep = backend.outside_boilerplate(words, np.unique(passages))
        order = np.arange(len(words))
        features = backend.features(words, np.ones(len(words.hashes), np.bool_), order)
        pairs = np.array([(a, b) for a in order for b in order if a < b], np.int64).reshape(-1, 2)
        spoken = backend.detect(words)
        related = backend.relations(words, pairs, np.unique(passages), spoken)
        counted = backend.frequencies(features, spoken)
        vectors = [backend.tfidf(features, spoken, counted) for _ in range(2)]  # the second without known columns
        matrices = [(one.matrix.indptr, one.matrix.indices, one.matrix.data, one.terms) for one in vectors]
        agreeing = backend.agreeing_slots(features.signatures, pairs)
        columns = counted.counts.data, counted.counts.indices
        results.append(
            [
                passages,
                places,
                keep,
                np.array(spoken),
                related,
                agreeing,
                *columns,
                *(a for one in matrices for a in one),
            ]
        )
    for one, other in zip(*results, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    assert len(texts) < 90 or (len(results[0][0]) > 0 and not results[0][2].all())
