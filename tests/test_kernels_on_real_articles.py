"""Kernels of candidates, pairs and the tree on labelled news, against the plain forms."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from labelled_data import DATA

from dedup.collection import collect
from dedup.group.copies import copy_groups, representatives
from dedup.group.cut import cut
from dedup.group.kernels.cut import cut as kernel_cut
from dedup.group.kernels.linkage import average_linkage as kernel_average_linkage
from dedup.group.linkage import average_linkage
from dedup.match.copies import band_candidates, decide
from dedup.match.kernels.bands import band_candidates as kernel_band_candidates
from dedup.match.kernels.stories import story_pairs as kernel_story_pairs
from dedup.match.stories import ordinariness, story_pairs
from dedup.settings import Settings
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.language import detect
from dedup.vectorize.reference import signatures, term_counts
from dedup.vectorize.weights import tfidf

SETS = ["basil", "newswcl50", "mmds_dev", "meantime", "fnc1_train", "reuters21578", "stream_2020_01_02"]
ARTICLES = 600


@pytest.mark.parametrize("name", SETS)
def test_real_articles_give_the_same_pairs_and_the_same_stories(name: str) -> None:
    path = DATA / f"{name}.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here: set DEDUP_DATA to the folder of labelled news")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        collection = collect([json.loads(line) for line, _ in zip(lines, range(ARTICLES), strict=False)])
    settings, documents = Settings(), collection.documents()
    present = np.array([bool(document.words) for document in documents], bool)
    sketches = signatures(documents, settings)
    banded = band_candidates(sketches, present, settings)
    assert np.array_equal(kernel_band_candidates(sketches, present, settings), banded)

    copies, forms = decide(documents, banded, collection.seconds, settings)
    standing = representatives(copies, forms, collection.seniorities())
    texts, languages = np.unique(standing), [detect(document) for document in documents]
    every, capitals = term_counts(documents, settings)
    frequencies = Frequencies.of(every[texts], [languages[text] for text in texts])
    matrix = tfidf(every, capitals, languages, frequencies, settings).matrix
    given = (matrix, ordinariness(matrix, standing), collection.seconds, texts, forms, settings)
    pairs, found = story_pairs(*given), kernel_story_pairs(*given, block=100)
    assert len(pairs.a)
    for column in ("a", "b", "cosine", "score"):
        assert np.array_equal(getattr(found, column), getattr(pairs, column)), column

    weights = (standing == np.arange(len(standing))).astype(np.int64)
    groups = copy_groups(copies, forms)
    tree, grown = average_linkage(pairs, groups, weights), kernel_average_linkage(pairs, groups, weights)
    for column in ("left", "right", "height"):
        assert np.array_equal(getattr(grown, column), getattr(tree, column)), column
    for granularity in (0.2, 0.5, 0.9):
        assert np.array_equal(kernel_cut(tree, granularity), cut(tree, granularity))
