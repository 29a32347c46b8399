"""Every pair of articles is compared in exactly one task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from dedup.match.kernels.stories import story_pairs as fast_pairs
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import Pairs, story_pairs
from dedup.settings import Settings
from dedup.vectorize.exact import WEIGHT_UNIT

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

from dedup.spark.story_pairs import _tasks


@pytest.mark.parametrize("seed", range(4))
def test_pairs_of_the_parts_are_all_pairs(seed: int) -> None:
    """A core with itself and with the others, and the others with themselves: every pair once."""
    random, count = np.random.default_rng(seed), 90
    dense = (random.random((count, 40)) < 0.2) * random.random((count, 40))
    dense[dense.sum(axis=1) == 0, 0] = 1
    matrix = sp.csr_array(np.rint(dense / np.linalg.norm(dense, axis=1, keepdims=True) / WEIGHT_UNIT) * WEIGHT_UNIT)
    seconds = np.round(random.uniform(0, 60 * SECONDS_A_DAY, count))
    seconds[random.integers(0, count, 9)] = np.nan
    settings, nothing = Settings(window=9.0, neighbours=100_000), np.empty(0, np.int64)
    never = Pairs(nothing, nothing, np.empty(0), nothing)
    background_similarity, among = random.random(count) / 20, np.arange(count)
    strangers = random.random(count) < 0.3 if seed % 2 else None
    whole = story_pairs(matrix, background_similarity, seconds, among, never, settings, strangers=strangers)
    core = random.random(count) < 0.4
    rest, found = (
        fast_pairs(
            matrix, background_similarity, seconds, some, never, settings,
            strangers=strangers, core=part, threads=1, block=16,
        )
        for some, part in ((among[~core], None), (among, core))
    )  # fmt: skip
    assert np.all(core[found.a] | core[found.b])
    both = sorted(
        (int(a), int(b), int(score))
        for part in (rest, found)
        for a, b, score in zip(part.a, part.b, part.score, strict=True)
    )
    assert both == sorted((int(a), int(b), int(s)) for a, b, s in zip(whole.a, whole.b, whole.score, strict=True))
    assert len(found.a)


def test_a_task_without_its_own_articles_compares_nothing() -> None:
    """Earlier articles are sent to every chunk in reach, and one that is dealt by number may be empty."""
    import pyarrow as pa

    rows = [(0, 0), (1, 0), (1, 0), (3, 3), (3, 3), (3, 1), (3, 0), (4, 2)]

    def runs() -> Any:
        return iter([(row, pa.table({"n": [number]})) for number, row in enumerate(rows)])

    found = [
        (task, core["n"].to_pylist(), [n for run in rest for n in run["n"].to_pylist()])
        for task, core, rest in _tasks(runs())
    ]
    assert found == [(0, [0], []), (3, [3, 4], [5, 6])]
    assert [core["n"].to_pylist() for _, core, _ in _tasks(runs())] == [[0], [3, 4]]  # who does not look goes on
