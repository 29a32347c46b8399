"""The best pairs of an article are those of all tasks together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

from dedup.spark.top_k import _best_scores, _break_ties, _cutoffs, _tied


@pytest.mark.parametrize("seed", range(4))
def test_the_last_of_the_best_is_that_of_all_tasks(seed: int) -> None:
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
