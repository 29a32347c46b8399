"""Candidates of copies: complete, distinct, and never rejected wrongly by outlines."""

from __future__ import annotations

import numpy as np
import pytest
from spark_runs import texts_with_copies

from dedup.match.copies import is_overlapping, overlaps
from dedup.settings import Settings

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

from dedup.spark.arrow import words_of
from dedup.spark.copies import _bucket_pairs, _distinct_pairs, _hashes, _keys, near_enough, outlines
from dedup.spark.partitions import HOME_BITS


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_outlines_reject_no_overlapping_pair(seed: int, share: float) -> None:
    import pyarrow as pa

    settings, table = Settings(copy_overlap=share), texts_with_copies(np.random.default_rng(seed), 60)
    pairs = np.stack(np.triu_indices(60, 1), axis=1)
    found = overlaps(words_of(table), pairs, settings.shingle_size)
    overlapping = is_overlapping(found, settings)
    held = pa.table(outlines(table, settings.shingle_size))
    told = near_enough(held, pa.table({"a": pairs[:, 0], "b": pairs[:, 1]}), settings)
    assert told["a"].tolist() == table["n"].to_numpy()[pairs[:, 0]].tolist()
    assert overlapping.sum() > 10
    assert not (overlapping & ~told["enough"]).any()
    assert (~told["enough"]).sum() > 0.3 * (~overlapping).sum()  # that is what they are for


def test_pairs_of_many_bands_are_distinct() -> None:
    import pyarrow as pa

    random, found = np.random.default_rng(3), []
    naive: set[tuple[int, int]] = set()
    for band in range(5):
        keys = np.sort(random.integers(0, 6, 25)).astype(np.uint64)
        holders = np.concatenate(
            [np.sort(random.permutation(40)[: int(count)]) for count in np.unique(keys, return_counts=True)[1]]
        ).astype(np.int64) * (1 << HOME_BITS)
        rows = [slice(0, 10), slice(10, 25)]
        table = pa.table(
            {
                "keys": pa.array([keys[of].tobytes() for of in rows], pa.binary()),
                "holders": pa.array([holders[of].tobytes() for of in rows], pa.binary()),
            }
        )
        found.append(_bucket_pairs(table, 3))
        assert found[-1].num_rows, band
        for key in np.unique(keys):
            mine = sorted(holders[keys == key].tolist())
            naive |= {(a, b) for place, a in enumerate(mine) for b in mine[place + 1 :]}
    whole = pa.concat_tables(found)
    once = [_distinct_pairs(whole.filter(np.equal(whole["part"], part))) for part in range(3)]
    pairs = [tuple(row.values()) for table in once for row in table.to_pylist()]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == naive


def test_a_home_without_words_has_no_bands() -> None:
    """All of its articles are empty."""
    import pyarrow as pa

    table = pa.table({"n": pa.array([], pa.int64()), "signature": pa.array([], pa.binary())})
    assert _keys(table, 64).shape == (64, 0)
    assert not len(_hashes(_keys(table, 64)).ravel())
