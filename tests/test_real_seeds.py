"""Two real articles of two outlets are one story although they share hardly a phrase.

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
from dedup.match.stories import Pairs, mean_similarity, story_pairs
from dedup.settings import Settings
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.hashing import FEATURES
from dedup.vectorize.tfidf import tfidf

FIXTURES = Path(__file__).parent / "fixtures"
PINS = FIXTURES / "pins.json"

Hashed = list[dict[str, Any]]


def load() -> Hashed:
    articles: Hashed = json.loads((FIXTURES / "real_seeds.json").read_text(encoding="ascii"))
    return articles


@pytest.fixture
def hashed() -> Hashed:
    return load()


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


def scored(hashed: Hashed) -> Pairs:
    """Return the same-story pairs of the two articles, normally one."""
    every, capitals = (counts([article[part] for article in hashed]) for part in ("every", "capitals"))
    languages = [article["language"] for article in hashed]
    matrix = tfidf(every, capitals, languages, Frequencies.of(every, languages), Settings()).matrix
    seconds = np.array([article["seconds"] for article in hashed], np.float64)
    both, nothing = np.arange(2), np.empty(0, np.int64)
    none = Pairs(nothing, nothing, np.empty(0), nothing)
    return story_pairs(matrix, mean_similarity(matrix, both), seconds, both, none, Settings())


def test_their_hashes_are_one_story_and_no_copies(hashed: Hashed) -> None:
    settings = Settings()
    assert [article["language"] for article in hashed] == ["en", "en"]
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
        overlap=np.array([5 * shared / min(len(one), len(other))]),  # no more than that: hashes have no order
    )
    assert not is_overlapping(overlap, settings).any()

    pairs = scored(hashed)
    tree = average_linkage(pairs, [], np.ones(2, np.int64))
    assert cut(tree, settings.granularity).tolist() == [0, 0]
    pinned = json.loads(PINS.read_text(encoding="ascii"))["score of the two real articles"]
    assert pairs.score.tolist() == [pinned], "in units of SCORE_UNIT; see renew.py"


def test_nothing_but_hashes_is_in_the_fixture(hashed: Hashed) -> None:
    def leaves(value: Any) -> list[Any]:
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return [value] if inside is None else [leaf for part in inside for leaf in leaves(part)]

    found = leaves(hashed)
    assert len(found) > 1_000
    assert {leaf for leaf in found if isinstance(leaf, str)} == {"en"}


def test_the_fixture_is_what_the_articles_give(real: Path, hashed: Hashed) -> None:
    """If it fails, `python tests/fixtures/make_real_seeds.py FOLDER` regenerates it, as `renew.py` does."""
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
    assert explanation.link.score > 2 * explanation.threshold
