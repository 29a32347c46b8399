"""Near-copy candidates by kernels, against the plain form."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup.match.copies import CROWD, STRIDE
from dedup.match.copies import band_candidates as plain_band_candidates
from dedup.match.kernels import bands
from dedup.match.kernels.bands import agreeing_slots, band_candidates, groups_of, pairs_of_buckets
from dedup.settings import Settings


def signatures_of(random: np.random.Generator, count: int, num_perm: int, values: int) -> NDArray[np.uint32]:
    """Signatures that share slots by chance, some equal, some equal but for a few slots."""
    made = random.integers(0, values, (count, num_perm)).astype(np.uint32)
    made += np.uint32(2**32 - values)
    if count:
        copies = random.random(count) < 0.4
        made[copies] = made[random.integers(0, max(1, count // 10), int(copies.sum()))]
        changed = random.random(made.shape) < 0.1
        made[changed & copies[:, None]] = 7
    return made


@pytest.mark.parametrize("part", [1, 1_024])
@pytest.mark.parametrize("shape", [(128, 64), (128, 32), (128, 128), (12, 4), (9, 3), (10, 2), (4, 1), (2, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_the_pairs_are_those_of_the_plain_form(
    seed: int, shape: tuple[int, int], part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "PART", part)
    random = np.random.default_rng(seed)
    count, settings = [40, 300, 1_000][seed], Settings(num_perm=shape[0], bands=shape[1])
    signatures = signatures_of(random, count, shape[0], [3, 50, 5_000][seed])
    present = random.random(count) < 0.9
    found = band_candidates(signatures, present, settings)
    expected = plain_band_candidates(signatures, present, settings)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()
    assert len(found)


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_one_have_no_pairs(count: int) -> None:
    signatures = np.zeros((count, 128), np.uint32)
    for present in (np.ones(count, bool), np.zeros(count, bool)):
        assert band_candidates(signatures, present, Settings()).shape == (0, 2)


@pytest.mark.parametrize("size", [2, CROWD - 1, CROWD, CROWD + 1, 100])
def test_a_bucket_becomes_crowded_where_it_does_in_the_plain_form(size: int) -> None:
    signatures, present = np.ones((size, 128), np.uint32), np.ones(size, bool)
    found = band_candidates(signatures, present, Settings())
    assert found.tolist() == plain_band_candidates(signatures, present, Settings()).tolist()
    assert len(found) == (
        size * (size - 1) // 2
        if size <= CROWD
        else sum(min(STRIDE, size - 1 - one) for one in range(size)) + size - 1 - STRIDE
    )


def test_one_body_thousands_of_times_takes_linear_time_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "ROOM", 16)
    random = np.random.default_rng(0)
    signatures = random.integers(0, 2**32, (20_000, 128), dtype=np.uint32)
    signatures[random.permutation(20_000)[:5_000]] = 1
    found = band_candidates(signatures, np.ones(20_000, bool), Settings())
    assert len(found) <= 5_000 * (STRIDE + 1)
    assert found.tolist() == plain_band_candidates(signatures, np.ones(20_000, bool), Settings()).tolist()
    assert np.unique(groups_of(found, 20_000)).size == 15_001


def test_bands_with_one_hash_but_other_slots_are_no_pair() -> None:
    """A hash of more than two slots can be that of others, as in a part of a table: here all hashes are one."""
    random = np.random.default_rng(0)
    signatures = random.integers(0, 2, (200, 4)).astype(np.uint32)
    seen, articles = np.full(1 << 16, -1, np.int64), np.arange(200, dtype=np.int32)
    one_hash, dealt, held = np.full(200, 5, np.uint64), np.empty(200, np.uint64), np.empty(200, np.int32)
    seen, count = bands._join(signatures, one_hash, articles, 0, 4, 2_048, dealt, held, seen, 0)
    found = np.sort(seen[seen >= 0])
    a, b = np.nonzero(np.triu((signatures[:, None] == signatures[None]).all(axis=2), 1))
    assert len(found) == count
    assert found.tolist() == (a * 200 + b).tolist()


def test_slots_that_agree_are_counted() -> None:
    random = np.random.default_rng(0)
    signatures = random.integers(0, 3, (50, 33)).astype(np.uint32)
    pairs = random.integers(0, 50, (400, 2))
    expected = np.count_nonzero(signatures[pairs[:, 0]] == signatures[pairs[:, 1]], axis=1)
    assert agreeing_slots(signatures, pairs).tolist() == expected.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_the_connected_components(seed: int) -> None:
    import scipy.sparse as sp

    random = np.random.default_rng(seed)
    pairs = random.integers(0, 300, (150 + 50 * seed, 2))
    graph = sp.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(300, 300))
    _, label = sp.csgraph.connected_components(graph)
    _, first = np.unique(label, return_index=True)
    assert groups_of(pairs, 300).tolist() == first[label].tolist()


def test_each_pair_of_a_bucket_is_found_once() -> None:
    signatures = np.zeros((30, 128), np.uint32)
    pairs = pairs_of_buckets(signatures, np.ones(30, bool), 64)
    assert len(np.unique(pairs, axis=0)) == len(pairs) == 30 * 29 // 2
