"""Articles survive packing into parcels."""

from __future__ import annotations

import numpy as np
import pytest
from spark_runs import texts_with_copies

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

from dedup.spark.arrow import flat
from dedup.spark.blocks import pack, unpack


@pytest.mark.parametrize("known", [0, 1, 300])
def test_parcels_survive_packing(known: int) -> None:
    random = np.random.default_rng(known)
    table = texts_with_copies(random, 40)
    hashes, _ = flat(table["hashes"], np.uint32)
    common = random.permutation(np.unique(hashes))[:known]
    back = unpack(pack(table, common), common)
    assert back.select(table.column_names).to_pydict() == table.to_pydict()
    small = table.select(["n"]).slice(3, 5)
    assert unpack(pack(small, common), common).to_pydict() == small.to_pydict()
