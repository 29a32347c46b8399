"""The canonical article of a copy group and of a story: the one to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dedup.inputs.collection import Seniority


def of_group(group: Iterable[int], seniority: Sequence[Seniority]) -> int:
    """Choose the article of a copy group to show: the first published, and of several the longest."""
    return min(group, key=lambda article: seniority[article])


def of_story(units: Sequence[Sequence[int]], total: Sequence[float], seniority: Sequence[Seniority]) -> int:
    """Choose the article of a story to show: the most similar to the others, copies of one text counting once.

    Args:
        units: the copy groups of the story, and its other articles as groups of one.
        total: for each article the sum of its mean scores to the other units.
        seniority: breaks ties.
    """

    def rank(unit: Sequence[int]) -> tuple[float, Seniority]:
        mean = sum(total[article] for article in unit) / len(unit)
        return -mean, seniority[of_group(unit, seniority)]

    return of_group(sorted(units, key=rank)[0], seniority)
