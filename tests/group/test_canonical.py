"""Which version of a text is shown, and which article of a story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import pytest

from dedup.group.canonical import Versions, canonical_of_group, canonical_of_story


@dataclass(frozen=True)
class Version:
    terms: int
    length: int
    seconds: float = 0.0
    is_secondary: bool = False


def versions(*given: Version) -> Versions:
    return Versions(
        [one.terms for one in given],
        [one.length for one in given],
        [one.seconds for one in given],
        [one.is_secondary for one in given],
    )


FULL = Version(100, 1000)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ([Version(100, 1000, 2), Version(100, 1000, 1)], 1),  # the first published
        ([Version(100, 1000), Version(103, 2000)], 0),  # a body that stands in it twice
        ([Version(100, 1000, 5), Version(103, 2000, 1)], 0),  # though it came first
        ([Version(30, 300, 1), Version(100, 1000, 2)], 1),  # a teaser that came first
        ([Version(79, 780, 1), Version(100, 1000, 2)], 1),  # cut off
        ([Version(76, 760, 2), Version(77, 770, 3), Version(100, 1000, 4)], 0),  # the fullest has additions of its own
        ([Version(70, 700, 2), Version(99, 990, 3), Version(100, 1000, 4)], 1),  # cut off
        ([Version(50, 500, 2), Version(50, 500, 3), Version(100, 1000, 4)], 2),  # two teasers
        ([Version(85, 850, 1), Version(100, 1000, 2)], 0),  # nearly whole
        ([Version(100, 1300, 1), Version(98, 980, 2)], 1),  # with boilerplate
        ([Version(90, 900), Version(100, 1000)], 1),  # of one date the fullest
        ([Version(100, 1010), Version(100, 1000)], 1),  # of equal ones the one that repeats less
        ([Version(100, 1000, is_secondary=True), Version(60, 600, 5)], 1),
        ([Version(50, 500, 2, is_secondary=True), Version(50, 500, 1, is_secondary=True)], 1),
        ([Version(0, 0), Version(0, 30)], 0),  # titles alone
        ([Version(100, 2000, 2), Version(102, 2000, 1), Version(40, 400)], 1),  # all whole ones are doubled
        ([FULL, FULL], 0),
    ],
)
def test_the_version_that_is_shown(group: Sequence[Version], expected: int) -> None:
    for order in permutations(range(len(group))):
        assert canonical_of_group(order, versions(*group)) == expected


@pytest.mark.parametrize(
    ("units", "total", "expected"),
    [
        ([[0], [1], [2]], {0: 10, 1: 30, 2: 20}, 1),
        ([[2], [0], [1]], {}, 2),  # all alike: the first that is given
        ([[0, 1], [2]], {0: 10, 1: 30, 2: 15}, 0),  # two copies, on average as like the rest as 20
        ([[0, 1], [2]], {0: 10, 1: 10, 2: 15}, 2),
        ([[3], [1]], {3: 9, 1: 1}, 1),  # a briefing
        ([[3], [4]], {3: 9, 4: 10}, 4),  # two of them
    ],
)
def test_the_article_most_similar_to_the_others_is_shown(
    units: Sequence[Sequence[int]], total: dict[int, int], expected: int
) -> None:
    given = versions(
        FULL, Version(50, 500), FULL, Version(300, 3000, is_secondary=True), Version(200, 2000, is_secondary=True)
    )
    assert canonical_of_story(units, [total.get(article, 0) for article in range(5)], given) == expected
