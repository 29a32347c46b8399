"""Searching by kernels beyond the date window, and for one article. `tests/backends/test_twins.py` has each kernel."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import numpy as np
import pytest
from numpy.random import Generator

from dedup import Article, Settings, StoryIndex
from dedup.index.features.sketch import Vector
from dedup.index.search.neighbours import Neighbours, Query, search_neighbours
from dedup.index.search.table import ArticleTable
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.language import UNKNOWN


@pytest.mark.parametrize("kernels", ["on", "off"])
def test_of_what_lies_far_back_copies_alone_are_found(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By kernels signatures are looked at before what no date is near to is searched; the answers are the same."""
    monkeypatch.setenv("DEDUP_KERNELS", kernels)
    bodies = {name: " ".join(f"{name}word{at} {name.upper()}{at % 7}" for at in range(90)) for name in "abcdefgh"}
    old = [
        Article(id=f"{name}{day}", title=f"{name} of {day}", text=f"{body} on{day}", published=date(2020, 1, day))
        for day in range(1, 29)
        for name, body in bodies.items()
    ]
    with StoryIndex.open(":memory:") as index:
        index.add_many(old)
        later = {"title": "b of 9", "published": "2022-06-01"}
        same = index.match({**later, "text": f"{bodies['b']} on9 more"})
        assert same.copy_of is not None
        assert same.copy_of.startswith("b")
        changed = " ".join(f"{word} fresh{place}" for place, word in enumerate(bodies["b"].split()))
        assert index.match({**later, "text": changed}).links == ()
        near = index.match({**later, "published": "2020-01-20", "text": changed})
        assert near.links, "of that time it is alike"


def some_query(rng: Generator, language: str, kinds: int = 300) -> Query:
    terms = np.unique((kinds * rng.random(int(rng.integers(1, 40))) ** 3).astype(np.int32))
    weights = rng.random(len(terms)) + 0.05
    units = np.rint(weights / np.sqrt((weights**2).sum()) / WEIGHT_UNIT).astype(np.uint16)
    crossing, signature = rng.random(len(terms)) < 0.5, rng.integers(0, 3, 16).astype(np.uint8)
    vector = Vector(terms, units, crossing, signature, language, 0.02, int(rng.integers(0, 90)), False)
    return Query(vector, float(rng.choice([86_400.0 * rng.integers(0, 100), np.nan], p=[0.95, 0.05])), 0)


def assert_equal(one: Neighbours, other: Neighbours, told: str) -> None:
    for column in fields(Neighbours):
        a, b = (getattr(found, column.name)[np.argsort(found.slots)] for found in (one, other))
        assert a.tobytes() == b.tobytes(), f"{told}: {column.name}"


@pytest.mark.parametrize("fast", [True, False])
def test_one_query_finds_what_it_finds_among_others(fast: bool) -> None:
    """Articles of three languages and of none, in and out of order, some removed, in segments and unsealed."""
    seed = int(np.random.default_rng().integers(1 << 32))
    rng = np.random.default_rng(seed)
    table = ArticleTable(Settings(num_perm=16, bands=8), 0.01, list, fast=fast)

    def article() -> Query:
        return some_query(rng, str(rng.choice(["en", "de", "fr", UNKNOWN], p=[0.7, 0.2, 0.05, 0.05])))

    number = 0
    for count in (700, 5, 130, 20):
        some = sorted((article() for _ in range(count)), key=lambda one: one.seconds)
        slots = list[int]()
        for one in some:
            slots.append(
                table.admit(number, None if np.isnan(one.seconds) else one.seconds, "A", one.vector, twin=False)
            )
            number += 1
        table.story[slots] = 0
        table._of_story[0] += slots
        table.compare(slots, [one.vector for one in some])
        for removed in rng.choice(np.arange(number - count, number), count // 5, replace=False).tolist():
            table.remove(removed)
    queries = [article() for _ in range(40)]
    together = search_neighbours(table, queries)
    for query, among in zip(queries, together, strict=True):
        (alone,) = search_neighbours(table, [query])
        assert_equal(alone, among, f"seed {seed}")
    assert sum(len(one.slots) for one in together) > 500, f"seed {seed}"
    assert any(one.foreign.any() for one in together), f"seed {seed}"


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("languages", [("en", "de"), ("en", "de", "de"), ("en", "de", "fr", UNKNOWN)])
def test_articles_that_come_together_find_what_each_finds_that_comes_after_the_others(
    fast: bool, languages: tuple[str, ...]
) -> None:
    """Also as many of one language as of all others."""
    seed = int(np.random.default_rng().integers(1 << 32))
    rng = np.random.default_rng(seed)
    stored: dict[int, Vector] = {}
    settings = Settings(num_perm=16, bands=8)
    at_once, in_turn = (ArticleTable(settings, 0.01, lambda: [*stored.items()], fast=fast) for _ in range(2))

    def admitted(table: ArticleTable, number: int, query: Query) -> int:
        when = None if np.isnan(query.seconds) else query.seconds
        return table.admit(number, when, "A", query.vector, twin=False)

    number = 0
    for count in (3, 10, 40):
        queries = [some_query(rng, language) for language in languages * count]
        numbers = range(number, number + len(queries))
        number += len(queries)
        slots = [admitted(at_once, *one) for one in zip(numbers, queries, strict=True)]
        together = search_neighbours(at_once, queries, slots)
        at_once.story[slots] = 0
        at_once.compare(slots, [query.vector for query in queries])
        stored |= {own: query.vector for own, query in zip(numbers, queries, strict=True)}
        for own, query, among in zip(numbers, queries, together, strict=True):
            slot = admitted(in_turn, own, query)
            (alone,) = search_neighbours(in_turn, [query], [slot])
            in_turn.story[slot] = 0
            in_turn.compare([slot], [query.vector])
            assert_equal(alone, among, f"seed {seed}")
    assert any(one.foreign.any() for one in together), f"seed {seed}"
