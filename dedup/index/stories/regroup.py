"""A few stories looked at together: the exact linkage and cut of their articles, as if there were no others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.backends import PlainBackend
from dedup.index.features.sketch import Compared, Vector
from dedup.index.search.segments import concatenated
from dedup.index.search.table import ArticleTable
from dedup.match.scores import days_apart, final_score
from dedup.match.stories import FLOOR, Pairs
from dedup.settings import Settings

_Columns: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
MOST = 200
"""Articles that are looked at together at most; stories that would make it more are left as they are."""


def pairs_among(
    live: ArticleTable, slots: NDArray[np.int64], vectors: Sequence[Vector], apart: Mapping[int, Collection[int]]
) -> Pairs:
    """The scored pairs among the articles in some slots, numbered by their places there.

    Args:
        live: the articles.
        slots: shape (articles,).
        vectors: theirs.
        apart: for numbers of articles those of others that are never of one story with them.
    """
    a, b, cosine, score = (_by_kernel if live.by_kernels else _by_numpy)(live, slots, vectors)
    if apart:
        place = {number: place for place, number in enumerate(live.number[slots].tolist())}
        never = [
            min(one, place[other]) * len(slots) + max(one, place[other])
            for number, one in place.items()
            if number in apart
            for other in apart[number]
            if other in place
        ]
        if never:
            score[np.isin(a * len(slots) + b, never)] = 0
    kept = score > 0
    return Pairs(a[kept].astype(np.int64), b[kept].astype(np.int64), cosine[kept], score[kept])


def _by_numpy(live: ArticleTable, slots: NDArray[np.int64], vectors: Sequence[Vector]) -> _Columns:
    compared = Compared(vectors)
    a, b = np.triu_indices(len(slots), 1)
    cosine = np.asarray((compared.matrix @ compared.matrix.T).toarray())[a, b]
    tongue = live.language[slots]
    foreign = (tongue[a] != tongue[b]) & (tongue[a] >= 0) & (tongue[b] >= 0)
    if foreign.any():
        cosine[foreign] = np.asarray((compared.names @ compared.names.T).toarray())[a[foreign], b[foreign]]
    some = (cosine > FLOOR) & live.representative[slots[a]] & live.representative[slots[b]]
    a, b, cosine = a[some], b[some], cosine[some]
    one, other = slots[a], slots[b]
    same = (live.outlet[one] == live.outlet[other]) & (live.outlet[one] >= 0)
    background, days = live.background_similarity, days_apart(live.seconds[one], live.seconds[other])
    score = final_score(cosine, background[one], background[other], days, same, live.scoring)
    return a, b, cosine, score.astype(np.int64)


def _by_kernel(live: ArticleTable, slots: NDArray[np.int64], vectors: Sequence[Vector]) -> _Columns:
    from dedup.index.search.kernels.layout import sort_by_term
    from dedup.index.search.kernels.scoring import score_pairs

    tongues = {tongue for tongue in live.language[slots].tolist() if tongue >= 0}
    start, terms, weights = concatenated([(vector.terms, vector.weights) for vector in vectors])
    rows = np.repeat(np.arange(len(vectors), dtype=np.int32), np.diff(start))
    return score_pairs(
        sort_by_term(rows, terms, weights),  # of one term those of the earlier vectors first
        concatenated([vector.names() for vector in vectors] if len(tongues) > 1 else []),
        slots,
        live.columns(),
        live.language,
        live.representative,
        live.scoring,
    )


def regrouped(
    live: ArticleTable,
    slots: Sequence[int],
    vectors: Sequence[Vector],
    settled: Collection[int],
    apart: Mapping[int, Collection[int]],
    backend: PlainBackend,
    settings: Settings,
) -> list[list[int]]:
    """The stories of the articles in some slots, as slots: those of settled stories together, and no two of these."""
    where = np.array(slots, np.int64)
    pairs = pairs_among(live, where, vectors, apart)
    held: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, slot in enumerate(slots):
        story = int(live.story[slot])
        key = ("story", story) if story in settled else ("copies", int(live.copies[slot]))
        held[key].append(place)
    groups = sorted(group for group in held.values() if len(group) > 1)
    tree = backend.average_linkage(pairs, groups, live.representative[where].astype(np.int64))
    label = backend.cut(tree, settings.granularity)
    found: dict[int, list[int]] = defaultdict(list)
    for place, slot in enumerate(slots):
        found[int(label[place])].append(slot)
    return [part for group in found.values() for part in _one_settled_each(live, group, settled)]


def _one_settled_each(live: ArticleTable, group: list[int], settled: Collection[int]) -> list[list[int]]:
    """A group cut up where it holds several settled stories: the others go to the largest of these."""
    held: dict[int, list[int]] = defaultdict(list)
    free: list[int] = []
    for slot in group:
        story = int(live.story[slot])
        (held[story] if story in settled else free).append(slot)
    if len(held) < 2:
        return [group]
    largest = min(held, key=lambda story: (-len(held[story]), story))
    held[largest] += free
    return list(held.values())
