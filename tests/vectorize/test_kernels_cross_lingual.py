"""The bridge between languages by kernels, against the plain form."""

from __future__ import annotations

import numpy as np
import pytest
from kernel_twins import extractor

from dedup.settings import Settings
from dedup.vectorize.cross_lingual import cross_lingual_vectors as plain_cross_lingual
from dedup.vectorize.cross_lingual import figures
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.kernels.cross_lingual import cross_lingual_vectors
from dedup.vectorize.kernels.tfidf import tfidf


@pytest.mark.parametrize("seed", range(4))
def test_what_crosses_is_that_of_the_plain_form(seed: int) -> None:
    """Also where nothing does in an article, or in any."""
    random = np.random.default_rng(seed)
    vocabulary = ["Ada", "Bo", "ada", "bo", "12", "1990s", "mill", "the", *(f"w{n}" for n in range(90))]
    if seed == 3:
        vocabulary = vocabulary[6:]
    lengths = random.integers(0, 60, 40)
    articles = [("", "Then " + " ".join(random.choice(vocabulary, length))) for length in lengths] + [("", "")]
    features = extractor().features(articles)
    languages = random.choice(["en", "de", "", "ms"], len(articles)).tolist()
    frequencies = Frequencies.of(features.terms_of(features.every), languages)
    vectors = tfidf(features, languages, frequencies, Settings())
    found = cross_lingual_vectors(vectors, features, languages)
    expected = plain_cross_lingual(vectors, features.terms_of(features.capitals), figures(features.words), languages)
    assert found is not None
    assert expected is not None
    assert (expected.matrix.nnz > 0) is (seed != 3)
    assert np.array_equal(found.languages, expected.languages)
    for column in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(found.matrix, column), getattr(expected.matrix, column)), (column, seed)


@pytest.mark.parametrize("languages", [["en", "en"], ["ms", "id"], ["", "en"]])
def test_there_is_no_bridge_with_one_language(languages: list[str]) -> None:
    features = extractor().features([("", "Then Ada"), ("", "Then Bo")])
    frequencies = Frequencies.of(features.terms_of(features.every), languages)
    assert cross_lingual_vectors(tfidf(features, languages, frequencies, Settings()), features, languages) is None
