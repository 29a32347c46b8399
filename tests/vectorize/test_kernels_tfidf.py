"""TF-IDF vectors by kernels, against the plain form."""

from __future__ import annotations

import numpy as np
import pytest
from kernel_twins import extractor

from dedup.settings import Settings
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.kernels import tfidf as weighing
from dedup.vectorize.tfidf import tfidf


def made(seed: int, articles: int) -> list[tuple[str, str]]:
    random = np.random.default_rng(seed)
    vocabulary = [f"{'Word' if number % 3 else 'word'}{number}" for number in range(300)]
    lengths = random.integers(0, 200, articles)
    return [(" ".join(random.choice(vocabulary, 3)), " ".join(random.choice(vocabulary, length))) for length in lengths]


@pytest.mark.parametrize("table", [1 << 16, 64, 20])
@pytest.mark.parametrize("background", [0, 1_000])
@pytest.mark.parametrize("seed", range(3))
def test_the_vectors_are_those_of_the_plain_form(
    seed: int, background: int, table: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where some counts are too large for the table of logarithms."""
    monkeypatch.setattr(weighing, "TABLE", table)
    articles = [*made(seed, 40), ("", ""), ("the of and", "the the the")]
    features = extractor().features(articles)
    chance = np.random.default_rng(seed)
    languages = chance.choice(["en", "de", "", "xx", "zh"], len(articles)).tolist()
    among = np.flatnonzero(chance.random(len(articles)) < 0.8)
    frequencies = Frequencies.of(features.terms_of(features.every), languages, among)
    settings = Settings(background=background)
    expected = tfidf(*features.term_counts(), languages, frequencies, settings)
    found = weighing.tfidf(features, languages, frequencies, settings)
    assert np.array_equal(found.terms, expected.terms)
    assert found.matrix.shape == expected.matrix.shape
    for column in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(found.matrix, column), getattr(expected.matrix, column)), (column, seed)


def test_no_articles_have_no_vectors() -> None:
    features = extractor().features([])
    found = weighing.tfidf(features, [], Frequencies.of(features.terms_of(features.every), []), Settings())
    assert found.matrix.shape == (0, 0)
