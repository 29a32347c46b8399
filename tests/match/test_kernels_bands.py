"""Copy candidates by kernels, against the plain form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.copies import LARGE_BUCKET, STRIDE
from dedup.match.copies import band_candidates as plain_band_candidates
from dedup.match.kernels import bands
from dedup.match.kernels.bands import band_candidates, pairs_of_buckets
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


@pytest.mark.parametrize("size", [2, LARGE_BUCKET - 1, LARGE_BUCKET, LARGE_BUCKET + 1, 100])
def test_a_bucket_is_large_where_it_is_in_the_plain_form(size: int) -> None:
    signatures, present = np.ones((size, 128), np.uint32), np.ones(size, bool)
    found = band_candidates(signatures, present, Settings())
    assert found.tolist() == plain_band_candidates(signatures, present, Settings()).tolist()
    assert len(found) == (
        size * (size - 1) // 2
        if size <= LARGE_BUCKET
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
    graph = sp.coo_array((np.ones(len(found)), (found[:, 0], found[:, 1])), shape=(20_000, 20_000))
    assert sp.csgraph.connected_components(graph)[0] == 15_001


@pytest.mark.parametrize("hashes", [1, 30])
def test_bands_with_one_hash_but_other_slots_are_no_pair(monkeypatch: pytest.MonkeyPatch, hashes: int) -> None:
    """Hashes of more than two slots can collide: here all bands have one of a few hashes, in large buckets too."""

    def few_hashes(*given: Any) -> None:
        hash_bands(*given)
        given[-1][:] %= np.uint64(hashes)

    hash_bands = bands._hash_bands
    monkeypatch.setattr(bands, "_hash_bands", few_hashes)
    random = np.random.default_rng(0)
    signatures = random.integers(0, 3, (300, 12)).astype(np.uint32)
    signatures[100:240, :4] = 9  # and one large bucket
    found = pairs_of_buckets(signatures, np.ones(300, bool), 3)
    crowding = {(a, b) for a in range(100, 240) for b in range(a + 1, 240) if a == 100 or b - a <= STRIDE}
    parts = signatures.reshape(300, 3, 4)
    equal = (parts[:, None] == parts[None]).all(axis=3)
    equal[100:240, 100:240, 0] = False
    others = np.stack(np.nonzero(np.triu(equal.any(axis=2), 1)), axis=1)
    assert {tuple(pair) for pair in found.tolist()} == crowding | {tuple(pair) for pair in others.tolist()}


@pytest.mark.parametrize("part", [1, 7, 4_096])
def test_pairs_found_several_times_are_kept_once(part: int) -> None:
    random = np.random.default_rng(0)
    found = np.concatenate([random.integers(0, 300, 2_000), random.integers(0, 10**12, 2_000), [0, 10**12]])
    found = random.permutation(np.concatenate([found, found[:1_500]]))
    expected = np.unique(found)
    count = bands._distinct(found, len(found), np.empty(len(found), np.int64), part)
    assert np.sort(found[:count]).tolist() == expected.tolist()


def test_each_pair_of_a_bucket_is_found_once() -> None:
    signatures = np.zeros((30, 128), np.uint32)
    pairs = pairs_of_buckets(signatures, np.ones(30, bool), 64)
    assert len(np.unique(pairs, axis=0)) == len(pairs) == 30 * 29 // 2
