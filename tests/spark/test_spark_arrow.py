"""Words and arrays survive packing into Arrow columns."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

from dedup.spark.arrow import (
    ascending,
    binary,
    flat,
    packed,
    split_by_part,
    unpacked,
    words_columns,
    words_of,
)
from dedup.vectorize.features import HashedWords


def test_words_survive_packing() -> None:
    import pyarrow as pa

    offsets = np.array([0, 2, 5, 5, 5, 6, 6, 6, 9])
    words = HashedWords(np.arange(9, dtype=np.uint32), np.arange(9, dtype=np.uint8), offsets)
    table = pa.table(words_columns(words))
    cut = pa.concat_tables([table.slice(0, 1), table.slice(1, 2), table.slice(3)])
    for held in (table, cut):
        back = words_of(held)
        assert np.array_equal(back.hashes, words.hashes)
        assert np.array_equal(back.flags, words.flags)
        assert np.array_equal(back.offsets, words.offsets)
        assert back.hashes.flags.writeable


def test_split_entries_are_complete() -> None:
    random = np.random.default_rng(3)
    part, value = random.integers(0, 7, 100), random.integers(0, 1000, 100)
    parts, (column,) = split_by_part(part, [value])
    found, bounds = flat(column, np.int64)
    for number, which in enumerate(parts.tolist()):
        assert np.array_equal(found[bounds[number] : bounds[number + 1]], value[part == which])
    assert len(binary(np.empty(0, np.int64), np.zeros(1, np.int64))) == 0


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("count", [0, 1, 5000])
def test_arrays_survive_packing(count: int, rising: bool) -> None:
    random = np.random.default_rng(count)
    values = random.integers(0, 1 << 62, count).astype(np.uint64)
    if rising:
        values = np.sort(values)
        assert np.array_equal(ascending(packed(values, rising=True)), values)
    else:
        assert np.array_equal(unpacked(packed(values), np.uint64), values)
        times = np.where(random.random(count) < 0.1, np.nan, random.random(count))
        assert np.array_equal(unpacked(packed(times), np.float64), times, equal_nan=True)
