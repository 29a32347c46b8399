"""Notices of one form: forecasts, winning numbers, prices and obituaries are alike whatever they are about.

Two of them can be of one story only if they are of one day and name the same: the names and figures of one, see
`dedup.kinds.notices`, are those of the other or among them. Two forecasts that differ only in the place are no copies
either.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dedup.match.copies import Overlaps
from dedup.match.scores import days_apart

MOST_DAYS = 1.0
"""Days from which two notices are of two days."""


def notices_apart(
    names: Mapping[int, frozenset[str]], a: NDArray[np.int64], b: NDArray[np.int64], seconds: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return whether the articles of each pair are two notices that cannot be of one story, shape (pairs,).

    Args:
        names: the names of the notices, by article.
        a, b: the articles of each pair.
        seconds: the time of each article, nan where it is unknown.
    """
    apart = np.zeros(len(a), np.bool_)
    if len(names) < 2:
        return apart
    both = np.flatnonzero(np.isin(a, list(names)) & np.isin(b, list(names)))
    for place in both.tolist():
        one, other = int(a[place]), int(b[place])
        apart[place] = float(days_apart(seconds[one], seconds[other])) >= MOST_DAYS or are_of_two(
            names[one], names[other]
        )
    return apart


def copies_among_notices(names: Mapping[int, frozenset[str]], copies: Overlaps) -> NDArray[np.bool_]:
    """Return which pairs of copies are none: two notices of two names, whose texts are not equal; shape (pairs,)."""
    wrong = np.zeros(len(copies.a), np.bool_)
    for place in np.flatnonzero(copies.jaccard < 1).tolist() if len(names) > 1 else ():
        one, other = names.get(int(copies.a[place])), names.get(int(copies.b[place]))
        wrong[place] = one is not None and other is not None and are_of_two(one, other)
    return wrong


def are_of_two(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether two notices name two places, persons or days."""
    return bool(one - other) and bool(other - one)
