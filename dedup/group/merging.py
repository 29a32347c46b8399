"""Average linkage in plain Python, of few groups whose scores have more than one part."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Sum = TypeVar("Sum")


def merges(
    sums: list[dict[int, Sum]],
    order: Sequence[int],
    score: Callable[[int, int, Sum], float | None],
    plus: Callable[[Sum, Sum], Sum],
    unites: Callable[[int, int], bool] = lambda _a, _b: True,
) -> Iterator[tuple[int, int, float]]:
    """Yield the merges of groups, the highest score first: the group that goes on, the one that is gone, and the score.

    Args:
        sums: of each group and those it has pairs with, what is added up over these pairs. It is changed.
        order: of each group, what breaks ties: of equal scores the pair with the lowest comes first.
        score: called with two groups and their sum; None if they cannot merge now. It may count on all that the caller
            does with a merge before it asks for the next.
        plus: adds two sums.
        unites: called with two groups that are to merge; false if they may not.
    """
    heap: list[tuple[float, int, int, int, int, int, int]] = []
    age = [0] * len(sums)  # a pair of which one has merged since it was offered is out of date

    def offer(a: int, b: int) -> None:
        found = score(a, b, sums[a][b])
        if found is not None:
            a, b = (a, b) if order[a] < order[b] else (b, a)
            heapq.heappush(heap, (-found, order[a], order[b], a, b, age[a], age[b]))

    for a, others in enumerate(sums):
        for b in others:
            if a < b:
                offer(a, b)
    while heap:
        negative, _, _, a, b, *ages = heapq.heappop(heap)
        if ages != [age[a], age[b]] or not unites(a, b):
            continue
        yield a, b, -negative
        age[a] += 1
        age[b] = -1
        for other, total in sums[b].items():
            del sums[other][b]
            if other != a:
                more = sums[a].get(other)
                sums[a][other] = sums[other][a] = total if more is None else plus(more, total)
        sums[b] = {}
        for other in sums[a]:
            offer(a, other)
