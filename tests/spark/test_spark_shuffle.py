"""Articles are sent to every task that needs them, without loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from dedup.match.scores import SECONDS_A_DAY
from dedup.vectorize.cross_lingual import _rescaled
from dedup.vectorize.exact import WEIGHT_UNIT

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

from dedup.spark.arrow import (
    binary,
    rows_of,
)
from dedup.spark.partitions import HOME_BITS
from dedup.spark.shuffle import SLOT_BITS, Chunks, pack_articles, unpack_articles
from dedup.spark.tfidf import Totals


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
@pytest.mark.parametrize("window", [0.0, 1.0, 30.0, float("inf")])
def test_all_pairs_in_the_window_are_in_one_task(size: int, window: float) -> None:
    random = np.random.default_rng(size)
    seconds = np.round(random.uniform(-3 * SECONDS_A_DAY, 40 * SECONDS_A_DAY, 60))
    seconds[:12] = 5 * SECONDS_A_DAY  # a crowded day
    seconds[random.integers(0, 60, 8)] = np.nan
    number, reach = np.arange(60) << HOME_BITS, window * SECONDS_A_DAY
    days = np.floor(seconds / SECONDS_A_DAY)
    counts: dict[int | None, int] = {int(day): int((days == day).sum()) for day in np.unique(days[~np.isnan(days)])}
    chunks = Chunks.of({**counts, None: int(np.isnan(days).sum())}, size)
    chunk = chunks.of_articles(seconds, number)
    until = chunks.until(chunk, seconds, reach)
    assert chunk.min() >= 0
    assert chunk.max() < len(chunks.begins)
    assert np.bincount(chunk).max() <= max(size, 1) + 3  # what is dealt by number is dealt about evenly
    for a in range(60):
        for b in range(a):
            if not abs(seconds[a] - seconds[b]) > reach:
                early, late = sorted((a, b), key=lambda article: int(chunk[article]))
                assert chunk[early] <= chunk[late] < until[early], (a, b)


def vectors(random: np.random.Generator, count: int) -> tuple[Any, Totals]:
    """Articles of a home, and the weight of each term in them and in others."""
    import pyarrow as pa

    rows = [np.sort(random.choice(50, int(random.integers(0, 9)), replace=False)) for _ in range(count)]
    bounds = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    terms = np.concatenate([np.empty(0, np.int64), *rows]).astype(np.int32)
    weights = random.integers(1, 1 << 14, len(terms)).astype(np.uint16)
    total = np.zeros(50, np.int64)
    np.add.at(total, terms, weights.astype(np.int64))
    seconds = np.where(random.random(count) < 0.2, np.nan, np.round(random.uniform(0, 50, count)) * SECONDS_A_DAY)
    kept = random.random(len(terms)) < 0.6
    ends = np.concatenate([[0], np.cumsum(kept)])[bounds]
    part = sp.csr_array((weights[kept] * WEIGHT_UNIT, terms[kept], ends), shape=(count, 50))
    dense, its_row = np.rint(_rescaled(part).toarray() / WEIGHT_UNIT), np.repeat(np.arange(count), np.diff(ends))
    across = dense[its_row, terms[kept]].astype(np.uint16)
    across[: ends[9]] += 1  # as if something had been too small to be kept
    table = pa.table(
        {
            "n": (np.arange(count) << HOME_BITS) + 5,
            "seconds": seconds,
            "source": [f"paper {number % 3}" for number in range(count)],
            "form": np.arange(count, dtype=np.int32) % 3 - 1,
            "tongue": np.arange(count, dtype=np.int32) % 2,
            "terms": binary(terms, bounds),
            "weights": binary(weights, bounds),
            "crossing": binary(terms[kept], ends),
            "crossing_weights": binary(across, ends),
            "signature": rows_of(random.integers(0, 1 << 32, (count, 7), np.uint32)),
        }
    )
    return table, Totals.of(np.arange(50), total)


def test_hidden_articles_are_not_sent() -> None:
    import pyarrow as pa

    table, total = vectors(np.random.default_rng(2), 12)
    told = pa.table({"n": table["n"], "other": pa.array([None] * 12, pa.int64())})
    shared = (Chunks.of({None: 1}, 6), total)
    assert pack_articles(table, told, shared, 1, 9.0 * SECONDS_A_DAY, several=True).num_rows == 0


@pytest.mark.parametrize("seed", range(4))
def test_sent_articles_arrive_without_loss(seed: int) -> None:
    """Every article in every task it is needed in, but for hidden ones; its vector but for words of its own."""
    import pyarrow as pa

    random = np.random.default_rng(seed)
    table, total = vectors(random, 40)
    number, seconds = table["n"].to_numpy(), table["seconds"].to_numpy()
    hidden, never = number[[3, 17]], [(number[1], number[2]), (number[1], number[30])]
    told = pa.table(
        {"n": [*hidden, *(a for a, _ in never)], "other": pa.array([None, None, *(b for _, b in never)], pa.int64())}
    )
    days = np.floor(seconds / SECONDS_A_DAY)
    counts: dict[int | None, int] = {int(day): int((days == day).sum()) for day in np.unique(days[~np.isnan(days)])}
    chunks = Chunks.of({**counts, None: int(np.isnan(days).sum())}, 6)
    window = 9.0 * SECONDS_A_DAY
    travelling = pack_articles(table, told, (chunks, total), 40, window, several=True)
    met: dict[int, dict[int, Any]] = {}
    for batch in travelling.to_batches():
        for (task, _), held in unpack_articles(batch, 7):
            for row in held.to_pylist():
                assert row["n"] not in met.setdefault(task, {})
                met[task][row["n"]] = row
    chunk = chunks.of_articles(seconds, number)
    until = chunks.until(chunk, seconds, window)
    rank, left = total.ranks, table.to_pylist()
    for place, row in enumerate(left):
        tasks = [task for task in met if row["n"] in met[task]]
        assert tasks == ([] if row["n"] in hidden else [*range(chunk[place], until[place])])
        for task in tasks:
            found = met[task][row["n"]]
            terms, weights = np.frombuffer(row["terms"], np.int32), np.frombuffer(row["weights"], np.uint16)
            shared = total.at(terms) > weights
            order = np.argsort(rank[terms[shared]])
            assert np.frombuffer(found["terms"], np.int32).tolist() == rank[terms[shared]][order].tolist()
            assert np.frombuffer(found["weights"], np.uint16).tolist() == weights[shared][order].tolist()
            crossing = np.frombuffer(row["crossing"], np.int32)
            both = np.isin(crossing, terms[shared])
            order = np.argsort(rank[crossing[both]])
            assert np.frombuffer(found["crossing"], np.int32).tolist() == rank[crossing[both]][order].tolist()
            across = np.frombuffer(row["crossing_weights"], np.uint16)[both][order]
            assert np.frombuffer(found["crossing_weights"], np.uint16).tolist() == across.tolist()
            for name in ("source", "form", "tongue"):
                assert found[name] == row[name]
            slots = np.frombuffer(row["signature"], np.uint32) & ((1 << SLOT_BITS) - 1)
            assert np.frombuffer(found["slots"], np.uint16).tolist() == slots.tolist()
            others = [b for a, b in never if a == row["n"]]
            assert sorted(np.frombuffer(found["never"], np.int64).tolist()) == sorted(others)
