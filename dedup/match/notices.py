"""Notices of one form, and matches: forecasts, prices or reports of matches are alike whatever they are about.

Two of them can be of one story only if they are of one day and name the same: the names and figures of one, see
`dedup.kinds.notices`, are those of the other or among them. Two forecasts that differ only in the place are no copies
either.

Two articles on matches, two days apart or more, are of two matches if each has a name in its title that is neither in
the title nor in the lead of the other, or if both are results. The preview and the report of one match name both sides.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dedup.kinds.notices import About
from dedup.match.copies import Overlaps
from dedup.match.scores import days_apart

MOST_DAYS = 1.0
"""Days from which two notices are of two days ..."""
NEXT_MATCH = 2.0
"""... and two articles may be of two matches: a team has no more than one a day."""


def notices_apart(
    abouts: Mapping[int, About], a: NDArray[np.int64], b: NDArray[np.int64], seconds: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return whether the articles of each pair are two notices, or of two matches, of no one story, shape (pairs,).

    Args:
        abouts: what the notices and the articles on matches are about, by article.
        a, b: the articles of each pair.
        seconds: the time of each article, nan where it is unknown.
    """
    apart = np.zeros(len(a), np.bool_)
    if len(abouts) < 2:
        return apart
    known = np.array([*abouts], np.int64) if len(abouts) < len(a) else _known(abouts, a, b)
    if len(known) < 2:
        return apart
    both = np.flatnonzero(np.isin(a, known) & np.isin(b, known))
    days = days_apart(seconds[a[both]], seconds[b[both]]).tolist()
    ends = zip(a[both].tolist(), b[both].tolist(), days, strict=True)
    apart[both] = [are_apart(abouts[one], abouts[other], gap) for one, other, gap in ends]
    return apart


def _known(abouts: Mapping[int, About], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which articles of some pairs are about something: an index asks about few of its articles."""
    return np.array([one for one in {*a.tolist(), *b.tolist()} if one in abouts], np.int64)


def are_apart(one: About, other: About, days: float) -> bool:
    """Return whether two articles, so many days apart (nan if unknown), are two notices or of two matches."""
    if one.form == other.form == "notice":
        return days >= MOST_DAYS or are_of_two(one, other)
    if "notice" in (one.form, other.form) or days < NEXT_MATCH:
        return False
    return (one.form == other.form == "result" and days >= NEXT_MATCH) or are_of_two(one, other)


def copies_among_notices(abouts: Mapping[int, About], copies: Overlaps) -> NDArray[np.bool_]:
    """Return which pairs of copies are none: two notices of two names, whose texts are not equal; shape (pairs,)."""
    wrong = np.zeros(len(copies.a), np.bool_)
    for place in np.flatnonzero(copies.jaccard < 1).tolist() if len(abouts) > 1 else ():
        one, other = abouts.get(int(copies.a[place])), abouts.get(int(copies.b[place]))
        if one and other and one.form == other.form == "notice":
            wrong[place] = are_of_two(one, other)
    return wrong


def are_of_two(one: About, other: About) -> bool:
    """Return whether each of two articles is about a name that the other does not have."""
    return bool(one.names - other.names - other.beside) and bool(other.names - one.names - one.beside)
