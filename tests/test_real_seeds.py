"""The smallest honest test of this project: two real articles, two outlets, one story, hardly a phrase in common.

The articles are not in the project. Their hashed words and shingles are (`fixtures/real_seeds.json`).
"""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from labelled_data import REAL_SEEDS

import dedup
from dedup.group.cut import cut
from dedup.group.linkage import average_linkage
from dedup.match.copies import Overlaps, is_overlapping
from dedup.match.stories import ordinariness, story_pairs
from dedup.settings import Settings
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.reference import FEATURES
from dedup.vectorize.weights import tfidf

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def hashed() -> list[dict[str, Any]]:
    articles: list[dict[str, Any]] = json.loads((FIXTURES / "real_seeds.json").read_text(encoding="ascii"))
    return articles


@pytest.fixture
def real() -> Path:
    if not REAL_SEEDS.is_dir():
        pytest.skip("the two real articles are not here: set DEDUP_DATA to the data folder beside them")
    return REAL_SEEDS


def counts(rows: list[dict[str, list[int]]]) -> sp.csr_array:
    ends = np.cumsum([0, *(len(row["terms"]) for row in rows)])
    terms = np.concatenate([np.array(row["terms"], np.int32) for row in rows])
    data = np.concatenate([np.array(row["counts"], np.float64) for row in rows])
    return sp.csr_array((data, terms, ends), shape=(len(rows), FEATURES))


def test_their_hashes_are_one_story_and_no_copies(hashed: list[dict[str, Any]]) -> None:
    settings = Settings()
    every, capitals = (counts([article[part] for article in hashed]) for part in ("every", "capitals"))
    languages = [article["language"] for article in hashed]
    assert languages == ["en", "en"]
    vectors = tfidf(every, capitals, languages, Frequencies.of(every, languages), settings)
    seconds = np.array([article["seconds"] for article in hashed], np.float64)
    pairs = story_pairs(vectors.matrix, ordinariness(vectors.matrix), seconds, settings)

    one, other = (set(article["shingles"]) for article in hashed)
    shared = len(one & other)
    assert shared / len(one | other) < 0.01
    overlap = Overlaps(
        a=np.array([0]),
        b=np.array([1]),
        shared=np.array([shared]),
        sizes=np.array([[len(one), len(other)]]),
        jaccard=np.array([shared / len(one | other)]),
        containment=np.array([shared / min(len(one), len(other))]),
    )
    assert not is_overlapping(overlap, settings).any()

    tree = average_linkage(2, pairs, [])
    assert cut(tree, settings.threshold).tolist() == [0, 0]
    assert pairs.score.tolist() == [438_371], "in units of SCORE_UNIT"


def test_nothing_but_hashes_is_in_the_fixture(hashed: list[dict[str, Any]]) -> None:
    def leaves(value: Any) -> list[Any]:
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return [value] if inside is None else [leaf for part in inside for leaf in leaves(part)]

    found = leaves(hashed)
    assert len(found) > 1_000
    assert {leaf for leaf in found if isinstance(leaf, str)} == {"en"}


def test_the_fixture_is_what_the_articles_give(real: Path, hashed: list[dict[str, Any]]) -> None:
    spec = util.spec_from_file_location("make_real_seeds", FIXTURES / "make_real_seeds.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.make(real) == hashed


def test_alone_they_are_one_story_and_no_copies(real: Path) -> None:
    clustering = dedup.cluster(dedup.read_articles([str(real)]))
    assert clustering.labels == (0, 0)
    assert clustering.copy_labels == (-1, -1)
    explanation = clustering.explain(0, 1)
    assert explanation.same_story
    assert not explanation.same_text
    assert explanation.link.score > 2 * clustering.settings.threshold
