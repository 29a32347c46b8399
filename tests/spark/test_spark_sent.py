"""What tasks tell each other in short says what they would in full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup.match.copies import is_overlapping, overlaps
from dedup.settings import Settings

pytest.importorskip("pyarrow", reason="the engine's rows are Arrow's")

from dedup.spark.arrow import flat, words_columns, words_of
from dedup.spark.blocks import pack, unpack
from dedup.spark.copies import _bucket_pairs, _distinct_pairs, _hashes, _keys, near_enough, outlines
from dedup.spark.partitions import HOME_BITS
from dedup.spark.top_k import _best_scores, _break_ties, _cutoffs, _tied
from dedup.vectorize.features import HashedWords


def texts(random: np.random.Generator, count: int) -> Any:
    """Articles of which many have stretches of others, some repeat themselves, and some are very short."""
    import pyarrow as pa

    pool = random.integers(0, 1 << 32, 400, np.uint32)
    bodies: list[NDArray[np.uint32]] = []
    for number in range(count):
        body = random.choice(pool, int(random.integers(0, 300) if number % 7 else random.integers(0, 8)))
        if bodies and number % 3:
            other = bodies[int(random.integers(0, len(bodies)))]
            begin = int(random.integers(0, len(other) + 1))
            body = np.concatenate([body[: len(body) // 4], other[begin : begin + int(random.integers(0, 250))]])
        if number % 5 == 0:
            body = np.concatenate([body, body])
        bodies.append(body)
    titles = random.integers(0, 4, count)
    lengths = np.stack([titles, [len(body) for body in bodies]], axis=1)
    offsets = np.concatenate([[0], np.cumsum(lengths.ravel())]).astype(np.int64)
    parts = [part for title, body in zip(titles, bodies, strict=True) for part in (pool[:title], body)]
    hashes = np.concatenate(parts)
    words = HashedWords(hashes, random.integers(0, 4, len(hashes)).astype(np.uint8), offsets)
    return pa.table({"n": np.arange(count) * 3 + 1, **words_columns(words)})


@pytest.mark.parametrize("known", [0, 1, 300])
def test_a_parcel_holds_the_words_that_were_put_into_it(known: int) -> None:
    random = np.random.default_rng(known)
    table = texts(random, 40)
    hashes, _ = flat(table["hashes"], np.uint32)
    common = random.permutation(np.unique(hashes))[:known]
    back = unpack(pack(table, common), common)
    assert back.select(table.column_names).to_pydict() == table.to_pydict()
    small = table.select(["n"]).slice(3, 5)
    assert unpack(pack(small, common), common).to_pydict() == small.to_pydict()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_no_pair_that_overlaps_is_too_far_apart_by_its_outlines(seed: int, share: float) -> None:
    import pyarrow as pa

    settings, table = Settings(copy_overlap=share), texts(np.random.default_rng(seed), 60)
    pairs = np.stack(np.triu_indices(60, 1), axis=1)
    found = overlaps(words_of(table), pairs, settings.shingle_size)
    overlapping = is_overlapping(found, settings)
    held = pa.table(outlines(table, settings.shingle_size))
    told = near_enough(held, pa.table({"a": pairs[:, 0], "b": pairs[:, 1]}), settings)
    assert told["a"].tolist() == table["n"].to_numpy()[pairs[:, 0]].tolist()
    assert overlapping.sum() > 10
    assert not (overlapping & ~told["enough"]).any()
    assert (~told["enough"]).sum() > 0.3 * (~overlapping).sum()  # that is what they are for


@pytest.mark.parametrize("seed", range(4))
def test_the_last_of_the_best_is_that_of_all_tasks_together(seed: int) -> None:
    """Articles with pairs in one task, in several, and with many equal scores."""
    import pyarrow as pa

    random, most = np.random.default_rng(seed), 5
    a, b = np.triu_indices(30, 1)
    keep = random.random(len(a)) < 0.5
    a, b = a[keep], b[keep]
    score = random.integers(1, 9, len(a))
    task = np.where(b < 12, 0, random.integers(0, 3, len(a)))
    tables = [pa.table({"a": a[task == t], "b": b[task == t], "score": score[task == t]}) for t in range(3)]
    want, tasks = {}, {}
    for n in range(30):
        mine = (a == n) | (b == n)
        ranked = sorted(zip((-score[mine]).tolist(), np.where(a[mine] == n, b[mine], a[mine]).tolist(), strict=True))
        if len(ranked) > most:
            want[n] = (ranked[most - 1][1], -ranked[most - 1][0])
            tasks[n] = len(set(task[mine].tolist()))
    assert len(set(tasks.values())) > 1

    def reaching(t: int) -> Any:
        mine = [n for n in want if ((a == n) | (b == n))[task == t].any()]
        return pa.table({"n": mine, "tasks": [tasks[n] for n in mine]})

    told = pa.concat_tables([_best_scores(tables[t], reaching(t), most) for t in range(3)])
    alone = [row for row in told.to_pylist() if row["scores"] is None]
    several = told.filter(told["scores"].is_valid()).select(["n", "scores"])
    marks = pa.Table.from_batches(_cutoffs(several.to_batches(), most))
    tied = pa.concat_tables(
        [_tied(table, marks.filter(np.isin(marks["n"], reaching(t)["n"]))) for t, table in enumerate(tables)]
    )
    chosen = pa.Table.from_batches(_break_ties(tied.to_batches())).to_pylist()
    assert {row["n"]: (row["other"], row["score"]) for row in [*alone, *chosen]} == want
    assert len(alone) + len(chosen) == len(want)


def test_pairs_that_meet_in_many_bands_are_there_once() -> None:
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


def test_a_home_without_a_word_has_no_band() -> None:
    """All of its articles are empty."""
    import pyarrow as pa

    table = pa.table({"n": pa.array([], pa.int64()), "signature": pa.array([], pa.binary())})
    assert _keys(table, 64).shape == (64, 0)
    assert not len(_hashes(_keys(table, 64)).ravel())
