"""Every case of `boilerplate_cases`, and those of a folder outside of the project, by run and by index."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from functools import cache

import pytest
from boilerplate_cases import Case, all_cases, expected_failures, parameters
from shared_cases import ABSENT, CASES, shared_cases

from dedup import Article, Clustering, StoryIndex, cluster

DOORS = ("run", "answers", "index", "reconciled")
"""`cluster`; each answer of an index when it is given; an index when all was added; after `reconcile`."""
BATCHES = (1, 2, 500)


def assert_found(case: Case, clustering: Clustering) -> None:
    """Compare stories, copy groups and the shown article."""
    stories = {frozenset(story.articles) for story in clustering}
    groups = [group for story in clustering for group in story.copy_groups]
    if case.stories is not None:
        assert stories == set(map(frozenset, case.stories))
    if case.copies is not None:
        assert {frozenset(group.articles) for group in groups} == set(map(frozenset, case.copies))
    for story in clustering:
        assert not {*case.shown}.intersection(story.articles) or story.canonical in case.shown


def orders(articles: Sequence[Article], every: int) -> Iterator[list[Article]]:
    """Yield orders of arrival: all of up to `every` articles, else as given, reversed and shuffled."""
    if len(articles) <= every:
        yield from map(list, itertools.permutations(articles))
        return
    yield from (list(articles), list(articles)[::-1])
    for seed in range(2 if len(articles) < 7 else 1):
        yield random.Random(seed).sample(articles, len(articles))  # noqa: S311 - no secret


@cache
def arrivals(case: Case, every: int) -> list[tuple[dict[str, str | None], Clustering, Clustering]]:
    """Return for each order and batch the answers `copy_of` of an index, its state then, and after `reconcile`."""
    found = []
    for order, batch in itertools.product(orders(case.articles, every), BATCHES):
        with StoryIndex.open(":memory:") as index:
            answers = {placed.article: placed.copy_of for placed in index.add_many(order, batch=batch)}
            before = index.placements()
            index.reconcile()
            found.append((answers, before, index.placements()))
    return found


def assert_answers(case: Case, answers: dict[str, str | None]) -> None:
    """Check that no copy of an article outside of the copy group, or else of the story, was claimed."""
    groups = case.copies if case.copies is not None else case.stories or ()
    together = {id_: set(group) for group in groups for id_ in group}
    assert {id_: other for id_, other in answers.items() if other and other not in together.get(id_, ())} == {}


def check(case: Case, door: str, *, every: int = 3) -> None:
    """Check a case by one door, the index in several orders of arrival and batches."""
    if door == "run":
        assert_found(case, cluster(case.articles))
        return
    for answers, before, after in arrivals(case, every):
        if door == "answers":
            assert_answers(case, answers)
        else:
            assert_found(case, before if door == "index" else after)


@pytest.mark.parametrize(("case", "door"), parameters(all_cases(), DOORS))
def test_our_case(case: Case, door: str) -> None:
    check(case, door)


@pytest.mark.parametrize(("case", "door"), parameters(shared_cases(), DOORS))
def test_shared_case(case: Case, door: str) -> None:
    check(case, door, every=4)


@pytest.mark.skipif(not CASES.is_dir(), reason=ABSENT)
def test_every_shared_case_is_there() -> None:
    assert shared_cases()


def test_names_are_unique_and_known() -> None:
    names = [case.name for case in (*all_cases(), *shared_cases())]
    assert len(set(names)) == len(names)
    if CASES.is_dir():
        assert {line.rsplit(" ", 1)[0] for line in expected_failures()} <= set(names)
