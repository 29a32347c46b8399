"""Regrouping of a few stories: average linkage and cut of their articles, as if there were no others."""

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
from dedup.index.store.metadata import DAY
from dedup.match.notices import notices_apart
from dedup.match.scores import days_apart, final_score
from dedup.match.stories import FLOOR, Pairs
from dedup.settings import Settings

_Columns: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
MOST = 200
"""Most articles to regroup together. Stories that would exceed it are left out."""
KEPT = DAY
"""Seconds after which an article that shares its story with others stays in it when new articles regroup it."""


def pairs_among(
    table: ArticleTable, slots: NDArray[np.int64], vectors: Sequence[Vector], apart: Mapping[int, Collection[int]]
) -> Pairs:
    """Return the scored pairs among articles, numbered by their places in `slots`.

    Args:
        table: the articles in memory.
        slots: slots of the articles, shape (articles,).
        vectors: their vectors.
        apart: for numbers of articles the others that are never in one story with them.
    """
    a, b, cosine, score = (_by_kernel if table.by_kernels else _by_numpy)(table, slots, vectors)
    if apart:
        place = {number: place for place, number in enumerate(table.number[slots].tolist())}
        never = [
            min(one, place[other]) * len(slots) + max(one, place[other])
            for number, one in place.items()
            if number in apart
            for other in apart[number]
            if other in place
        ]
        if never:
            score[np.isin(a * len(slots) + b, never)] = 0
    kept = (score > 0) & ~notices_apart(table.abouts, slots[a], slots[b], table.seconds)
    return Pairs(a[kept].astype(np.int64), b[kept].astype(np.int64), cosine[kept], score[kept])


def _by_numpy(table: ArticleTable, slots: NDArray[np.int64], vectors: Sequence[Vector]) -> _Columns:
    """Score the pairs above the floor.

    Kernel: `index.search.kernels.scoring.score_pairs`.
    """
    compared = Compared(vectors)
    a, b = np.triu_indices(len(slots), 1)
    cosine = np.asarray((compared.matrix @ compared.matrix.T).toarray())[a, b]
    language = table.language[slots]
    foreign = (language[a] != language[b]) & (language[a] >= 0) & (language[b] >= 0)
    if foreign.any():
        cosine[foreign] = np.asarray((compared.names @ compared.names.T).toarray())[a[foreign], b[foreign]]
    some = (cosine > FLOOR) & table.representative[slots[a]] & table.representative[slots[b]]
    a, b, cosine = a[some], b[some], cosine[some]
    one, other = slots[a], slots[b]
    same = (table.outlet[one] == table.outlet[other]) & (table.outlet[one] >= 0)
    background, days = table.background_similarity, days_apart(table.seconds[one], table.seconds[other])
    forms = table.form[one], table.form[other]
    score = final_score(cosine, background[one], background[other], days, same, *forms, table.scoring)
    return a, b, cosine, score.astype(np.int64)


def _by_kernel(table: ArticleTable, slots: NDArray[np.int64], vectors: Sequence[Vector]) -> _Columns:
    from dedup.index.search.kernels.layout import sort_by_term
    from dedup.index.search.kernels.scoring import score_pairs

    languages = {language for language in table.language[slots].tolist() if language >= 0}
    start, terms, weights = concatenated([(vector.terms, vector.weights) for vector in vectors])
    rows = np.repeat(np.arange(len(vectors), dtype=np.int32), np.diff(start))
    return score_pairs(
        sort_by_term(rows, terms, weights),  # within a term in the order of the vectors
        concatenated([vector.names() for vector in vectors] if len(languages) > 1 else []),
        slots,
        table.columns(),
        table.language,
        table.representative,
        table.scoring,
    )


def nearest(
    table: ArticleTable,
    some: NDArray[np.int64],
    others: NDArray[np.int64],
    vectors: Sequence[Vector],
    other_vectors: Sequence[Vector],
) -> list[int]:
    """Return for each of some articles, given as slots, the place of the most similar one of others.

    By score, then by cosine; the first of equals.
    """
    count, compared = len(some), Compared([*vectors, *other_vectors])
    cosine = np.asarray((compared.matrix[:count] @ compared.matrix[count:].T).toarray())
    language, other_language = table.language[some][:, None], table.language[others][None, :]
    foreign = (language != other_language) & (language >= 0) & (other_language >= 0)
    if foreign.any():
        names = np.asarray((compared.names[:count] @ compared.names[count:].T).toarray())
        cosine = np.where(foreign, names, cosine)
    a, b = np.repeat(some, len(others)), np.tile(others, count)
    same = (table.outlet[a] == table.outlet[b]) & (table.outlet[a] >= 0)
    days = days_apart(table.seconds[a], table.seconds[b])
    background = table.background_similarity
    forms = table.form[a], table.form[b]
    score = final_score(cosine.ravel(), background[a], background[b], days, same, *forms, table.scoring)
    order = np.stack([np.asarray(score).reshape(cosine.shape), cosine])
    return [int(np.lexsort((-order[1, row], -order[0, row]))[0]) for row in range(count)]


def fixed_articles(table: ArticleTable, slots: Sequence[int], settled: Collection[int], now: float) -> dict[int, int]:
    """The story that articles stay in when it is regrouped, by slot.

    All articles of settled stories, and those that a story has had for `KEPT`, two at least, with their copies.

    Args:
        table: the articles in memory.
        slots: slots of the articles, with all of each story.
        settled: settled stories.
        now: time by the clock of the index.
    """
    old: dict[int, set[int]] = defaultdict(set)
    where = np.array(slots, np.int64)
    kept = where[now - table.added[where] >= KEPT]
    if not settled and not len(kept):
        return {}
    for story, root in zip(table.story[kept].tolist(), table.copies[kept].tolist(), strict=True):
        old[story].add(root)
    roots = {story: copies for story, copies in old.items() if len(copies) > 1}
    columns = table.story[where].tolist(), table.copies[where].tolist()
    return {
        slot: story
        for slot, story, root in zip(slots, *columns, strict=True)
        if story in settled or root in roots.get(story, ())
    }


def regroup(
    table: ArticleTable,
    slots: Sequence[int],
    vectors: Sequence[Vector],
    fixed: Mapping[int, int],
    apart: Mapping[int, Collection[int]],
    backend: PlainBackend,
    settings: Settings,
) -> list[list[int]]:
    """Return the new stories of articles, as slots. No story has fixed articles of two; see `fixed_articles`."""
    where = np.array(slots, np.int64)
    pairs = pairs_among(table, where, vectors, apart)
    held: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, (slot, root) in enumerate(zip(slots, table.copies[where].tolist(), strict=True)):
        held[("story", fixed[slot]) if slot in fixed else ("copies", root)].append(place)
    groups = sorted(group for group in held.values() if len(group) > 1)
    tree = backend.average_linkage(pairs, groups, table.representative[where].astype(np.int64), table.follows[where])
    label = backend.cut(tree, settings.granularity)
    found: dict[int, list[int]] = defaultdict(list)
    for number, slot in zip(label.tolist(), slots, strict=True):
        found[number].append(slot)
    return [part for group in found.values() for part in (_one_fixed_each(group, fixed) if fixed else [group])]


def _one_fixed_each(group: list[int], fixed: Mapping[int, int]) -> list[list[int]]:
    """Split a group with the fixed articles of several stories. The other articles go to the largest of them."""
    held: dict[int, list[int]] = defaultdict(list)
    free: list[int] = []
    for slot in group:
        (held[fixed[slot]] if slot in fixed else free).append(slot)
    if len(held) < 2:
        return [group]
    largest = min(held, key=lambda story: (-len(held[story]), story))
    held[largest] += free
    return list(held.values())
