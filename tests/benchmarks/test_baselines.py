from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import baselines
from benchmarks.baselines import AverageLinkage, Labels, distances, embedded_distances
from benchmarks.opinion import letters
from dedup import Article, Embedding
from dedup.evaluation.scores import score

FERRY = "Harbour master Lind closed the northern quay after the ferry Aurora struck a buoy in thick fog on Monday"
ORCHARD = "Orchard growers around Tolmin expect their smallest cherry harvest since records began, blaming April frost"
TEXTS = [FERRY, f"{FERRY} evening", ORCHARD, f"Update: {ORCHARD}"]
STORIES = ["ferry", "ferry", "orchard", "orchard"]


@pytest.mark.parametrize("method", [baselines.linkage, baselines.hdbscan, baselines.minhash])
def test_each_baseline_solves_the_obvious_case(method: Callable[[list[str]], Labels]) -> None:
    assert score(STORIES, method(TEXTS)).bcubed_f1 == 1


@pytest.mark.parametrize("method", [baselines.linkage, baselines.hdbscan, baselines.minhash, baselines.alone])
def test_each_baseline_leaves_a_single_text_alone(method: Callable[[list[str]], Labels]) -> None:
    assert len(method([FERRY])) == 1


def test_a_tree_of_embeddings_solves_the_obvious_case() -> None:
    found = embedded_distances([Article(id=text, text=text) for text in TEXTS], Embedding(letters))
    assert score(STORIES, baselines.hdbscan_tuned(found, lambda labels: score(STORIES, labels).bcubed_f1)).ari == 1
    assert len(set(baselines.hdbscan_tuned(found[:1, :1], lambda _: 0.0))) == 1
    tree = AverageLinkage(found)
    assert tree.tuned(lambda labels: score(STORIES, labels).bcubed_f1)[1] == tree.cut(0.5)
    assert score(STORIES, tree.cut(0.5)).bcubed_f1 == 1


def test_noise_of_hdbscan_is_left_alone() -> None:
    strangers = ["cobalt prices rallied", "the choir sang vespers", "a comet was sighted"]
    labels = baselines.hdbscan([*TEXTS, *strangers])
    assert len({*labels[4:]}) == 3
    assert not {*labels[4:]} & {*labels[:4]}


def test_a_tuned_threshold_is_the_lowest_of_the_best() -> None:
    tree = AverageLinkage(distances(TEXTS))
    threshold, labels = tree.tuned(lambda labels: score(STORIES, labels).bcubed_f1)
    assert threshold == baselines.GRID[0]
    assert score(STORIES, labels).bcubed_f1 == 1
    threshold, labels = tree.tuned(lambda labels: len(set(labels)))
    assert len(set(labels)) == max(len(set(tree.cut(other))) for other in baselines.GRID)
    lower = [other for other in baselines.GRID if other < threshold]
    assert all(len(set(tree.cut(other))) < len(set(labels)) for other in lower)


def test_title_and_text_are_what_a_baseline_sees() -> None:
    assert baselines.texts_of([Article(id="a", title="Fog", text="A ferry.")]) == ["Fog\nA ferry."]


def test_shingles_are_runs_of_words() -> None:
    assert baselines.shingles("The Cat, the cat SAT", 3) == {"the cat the", "cat the cat", "the cat sat"}
    assert baselines.shingles("Too short", 3) == {"too short"}


def test_overlaps_are_exact() -> None:
    texts = ["a b c d", "a b c d e f", "x"]
    jaccard, containment = baselines.shingle_overlaps(texts, words=2)
    assert jaccard[0, 1] == pytest.approx(3 / 5)
    assert containment[0, 1] == pytest.approx(1)
    assert jaccard[0, 2] == containment[0, 2] == 0
    assert np.diag(jaccard) == pytest.approx([1, 1, 1])


def test_minhash_finds_the_near_copy_and_nothing_else() -> None:
    assert baselines.minhash_pairs(TEXTS, words=3) == [(0, 1), (2, 3)]


def test_a_component_is_a_chain_of_pairs() -> None:
    labels = baselines.components(6, [(0, 1), (1, 4), (2, 3)])
    assert score([0, 0, 1, 1, 0, 2], labels).bcubed_f1 == 1
    assert len(set(baselines.components(3, []))) == 3
