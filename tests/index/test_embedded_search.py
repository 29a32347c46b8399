"""Exact search among embeddings, against all products at once."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup.index.search.embedded import EmbeddedArticles

DAY = 86_400.0


@pytest.mark.parametrize("seed", range(3))
def test_close_articles_are_those_of_all_products(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup.index.search.embedded._BLOCK", 16)
    random = np.random.default_rng(seed)
    held, table = dict[int, tuple[NDArray[np.int16], float]](), EmbeddedArticles()
    for number in range(1, 400):
        day = number // 4 if random.random() < 0.9 else float(random.choice([np.nan, 5.0]))
        held[number] = random.integers(-700, 700, 12).astype(np.int16), day * DAY
        table.put(number, *held[number])
        if random.random() < 0.3:
            gone = int(random.choice([*held]))
            table.remove(gone)
            del held[gone]
    assert len(table) == len(held)
    assert table.numbers().tolist() == sorted(held)
    every = np.array([held[number][0] for number in sorted(held)]).astype(np.int64)
    assert (table.vectors(table.numbers()) == every).all()
    seconds = np.array([held[number][1] for number in sorted(held)])
    for _ in range(20):
        asked = random.integers(-700, 700, (3, 12)).astype(np.int16)
        when = np.array([float(random.integers(0, 100)) for _ in asked]) * DAY
        when[random.random(3) < 0.1] = np.nan
        close = every @ asked.astype(np.int64).T >= 600_000
        within = ~(np.abs(seconds[:, None] - when[None, :]) > 3 * DAY)
        wanted = table.numbers()[(close & within).any(axis=1)].tolist()
        found = table.close_to(asked, when, 3.0, 600_000).tolist()
        assert {*wanted} <= {*found} <= {*table.numbers()[close.any(axis=1)].tolist()}


def test_nothing_is_there_yet() -> None:
    table = EmbeddedArticles()
    assert table.dimension == 0
    table.remove(4)
    assert table.close_to(np.zeros((1, 0), np.int16), np.zeros(1), 3.0, 1).tolist() == []
