"""Which article to show: of a copy group, and of a story."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dedup.inputs.collection import Seniority


def of_group(group: Iterable[int], seniority: Sequence[Seniority]) -> int:
    """The article of a copy group to show: the first published; of several, the fullest."""
    return min(group, key=lambda article: seniority[article])


def of_story(units: Sequence[Sequence[int]], total: Sequence[float], seniority: Sequence[Seniority]) -> int:
    """The article of a story to show: the one most like the others, copies of one text counting once.

    Args:
        units: the story's copy groups, and its other articles each in a unit of its own.
        total: for each article the sum of its mean scores to the other units.
        seniority: decides between equals.
    """

    def rank(unit: Sequence[int]) -> tuple[float, Seniority]:
        mean = sum(total[article] for article in unit) / len(unit)
        return -mean, seniority[of_group(unit, seniority)]

    return of_group(sorted(units, key=rank)[0], seniority)
