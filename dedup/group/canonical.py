"""The canonical article of a copy group or a story: the one to show and to keep."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

COMPLETE = 0.8
"""A version is complete with this share of the terms of the second fullest, of two versions of the fullest, ..."""
NOT_A_PART = 0.7
"""... and this share of those of the fullest, which may have additions of its own. Half a text has .6 of its terms."""
AS_MUCH = 0.9
CLEAN = 1.15
"""A version is clean if none with this share of its terms, `AS_MUCH`, has `CLEAN` times fewer characters per term."""


class Versions(NamedTuple):
    """What is known of articles when one of several is chosen, each by the number of the article.

    Attributes:
        terms: number of terms of its vector: distinct ones, outside boilerplate. What a body repeats adds characters to
            it but no terms, as boilerplate does.
        lengths: characters of its text.
        seconds: its date in seconds since 1970, infinite if unknown.
        secondary: whether it is of a kind that is chosen only where there is no other, see `dedup.kinds`.
        withdrawn: whether it was withdrawn, or withdraws another; empty for none.
        ranks: its rank by the preferences of the user, the least first; empty for none.
    """

    terms: Sequence[int]
    lengths: Sequence[int]
    seconds: Sequence[float]
    secondary: Sequence[bool]
    withdrawn: Sequence[bool] = ()
    ranks: Sequence[int] = ()

    def rank(self, article: int) -> int:
        """Return the rank of an article by the preferences of the user."""
        return self.ranks[article] if self.ranks else 0

    def standing(self, group: Sequence[int]) -> Sequence[int]:
        """Return the articles of a group that were not withdrawn, all if there are no others."""
        return [article for article in group if not self.withdrawn[article]] or group if self.withdrawn else group


def canonical_of_group(group: Sequence[int], versions: Versions) -> int:
    """Choose the article of a copy group to show: complete, clean, preferred, first published; of several the fullest.

    An article of a secondary kind is chosen only among such, and a withdrawn article too. Articles that are equal in
    everything are taken by number.
    """
    group = versions.standing(group)
    if len(group) == 1:
        return group[0]
    group = [article for article in group if not versions.secondary[article]] or group
    fullest = sorted((versions.terms[article] for article in group), reverse=True)
    needed = COMPLETE * fullest[0] if len(group) < 3 else max(COMPLETE * fullest[1], NOT_A_PART * fullest[0])
    group = [article for article in group if versions.terms[article] >= needed]
    return min(
        _clean(group, versions),
        key=lambda article: (
            *(versions.rank(article), versions.seconds[article], -versions.terms[article]),
            *(versions.lengths[article], article),
        ),
    )


def _clean(group: Sequence[int], versions: Versions) -> list[int]:
    """Return the versions without much repetition or boilerplate, compared only with those that have as many terms."""
    group = sorted(group, key=lambda article: -versions.terms[article])
    fewer = [-versions.terms[article] for article in group]
    density = [versions.lengths[article] / max(1, versions.terms[article]) for article in group]
    least = list(accumulate(density, min))
    return [
        article
        for article, terms, own in zip(group, fewer, density, strict=True)
        if own <= CLEAN * least[bisect_right(fewer, AS_MUCH * terms) - 1]
    ]


def canonical_of_story(units: Sequence[Sequence[int]], total: Sequence[float], versions: Versions) -> int:
    """Choose the article of a story to show: the most similar to the others, copies of one text counting once.

    An article of a secondary kind is chosen only among such, and a withdrawn article too.

    Args:
        units: the copy groups of the story, and its other articles as groups of one; of equals the first is chosen.
        total: for each article the sum of its mean scores to the other units.
        versions: by which the version of the unit is chosen.
    """
    if len(units) == 1:
        return canonical_of_group(units[0], versions)

    def rank(canonical: int, unit: Sequence[int]) -> tuple[bool, bool, float]:
        gone = bool(versions.withdrawn) and versions.withdrawn[canonical]
        return gone, versions.secondary[canonical], -sum(total[article] for article in unit) / len(unit)

    shown = [(canonical_of_group(unit, versions), unit) for unit in units]
    return min(shown, key=lambda one: rank(*one))[0]
