"""Same-story candidates by kernels, bit for bit equal to `dedup.match.stories.story_pairs`.

Pairs above the floor come block by block from several threads and are scored and collected. When the buffer is full,
pairs that are not among the best of either article are dropped. A pair that is not among the best of some pairs is not
among the best of more, so the result depends neither on the blocks nor on the threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.kernels.best import among_best, in_order
from dedup.match.kernels.floor import BLOCK, MOST, Block, pairs_above
from dedup.match.kernels.ranked import ranked
from dedup.match.kernels.sweep import Sweep, by_date
from dedup.match.scores import SECONDS_A_DAY, least_cosine, score
from dedup.match.stories import FLOOR, RELATED, HasPairs, Pairs, days_between
from dedup.vectorize.exact import DOT_UNIT, SCORE_UNIT
from dedup.vectorize.kernels.threads import in_threads

if TYPE_CHECKING:
    from dedup.progress import Progress
    from dedup.settings import Settings
    from dedup.vectorize.cross_lingual import CrossLingual

PILE = 1 << 22
"""Pairs in the buffer from which the best are selected; afterwards, when it has doubled."""
STEP = 0.06
"""Pairs of distant days need a higher cosine for a positive score: steps in which vectors are laid out for it."""

_Columns = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Rows `first` up to `last` query a block for pairs above a floor; `across` languages, or within."""

    sweep: Sweep
    block: Block
    first: int
    last: int
    floor: float
    across: bool


@dataclass(slots=True, eq=False)
class _Wanted:
    """The pairs that are wanted.

    Attributes:
        score: the lowest score.
        best: the lowest score of a pair of each article; one of its two suffices. Shape (articles,).
    """

    score: int
    best: NDArray[np.int32]


def story_pairs(
    matrix: sp.csr_array,
    background_similarity: NDArray[np.float64],
    seconds: NDArray[np.float64],
    among: NDArray[np.int64],
    never: HasPairs,
    settings: Settings,
    progress: Progress | None = None,
    cross_lingual: CrossLingual | None = None,
    *,
    strangers: NDArray[np.bool_] | None = None,
    core: NDArray[np.bool_] | None = None,
    crowding: float = 0.0,
    threads: int | None = None,
    block: int = BLOCK,
    pile: int = PILE,
) -> Pairs:
    """Find all pairs above the floor within the window, and keep the best `settings.neighbours` of each article.

    Plain form: `match.stories.story_pairs`.

    Args:
        matrix, background_similarity, seconds, among, never, settings, progress, cross_lingual, strangers, crowding: as
            for the plain form.
        core: pairs must have an article in it, shape (articles,); None for all pairs.
        threads: None for one per processor. This and the following do not change the result.
        block: articles indexed at a time.
        pile: pairs in the buffer from which the best are selected.

    Raises:
        ValueError: the vectors are not unit vectors of multiples of `WEIGHT_UNIT`.
    """
    articles, total = matrix.shape[0], len(among)
    wanted = _Wanted(1, np.zeros(articles, np.int32))
    piled: list[_Columns] = []
    size, full, done = 0, pile, 0
    for task, found in _compared(
        matrix, background_similarity, seconds, among, never, settings, cross_lingual, strangers, core, crowding,
        threads, block, wanted,
    ):  # fmt: skip
        piled.extend(found)
        size += sum(len(columns[0]) for columns in found)
        if size > full:
            best, wanted.best = _best_of(piled, settings.neighbours, articles)
            piled, size = [best], len(best[0])
            full = max(pile, 2 * size)
        if progress and not task.across and done < task.block.last < total:
            done = task.block.last
            progress("comparing", done, total)
    best, _ = _best_of(piled, settings.neighbours, articles)
    if progress and total:
        progress("comparing", total, total)
    a, b, dots, scores = best
    sorted_ = in_order(a, b, articles)
    return Pairs(
        a[sorted_].astype(np.int64),
        b[sorted_].astype(np.int64),
        dots[sorted_].astype(np.float64) * DOT_UNIT,
        scores[sorted_].astype(np.int64),
    )


def related_to(
    sample: NDArray[np.int64],
    matrix: sp.csr_array,
    background_similarity: NDArray[np.float64],
    seconds: NDArray[np.float64],
    among: NDArray[np.int64],
    never: HasPairs,
    settings: Settings,
    cross_lingual: CrossLingual | None = None,
    *,
    strangers: NDArray[np.bool_] | None = None,
    threads: int | None = None,
    block: int = BLOCK,
) -> int:
    """Count the related articles of each article of a sample, and return the sum.

    Plain form: `match.stories.related_to`.

    Args:
        sample, matrix, background_similarity, seconds, among, never, settings, cross_lingual, strangers: as for the
            plain form.
        threads, block: as for `story_pairs`.

    Raises:
        ValueError: as for `story_pairs`.
    """
    inside = np.zeros(matrix.shape[0], np.bool_)
    inside[sample] = True
    wanted = _Wanted(RELATED, np.zeros(len(inside), np.int32))
    compared = _compared(
        matrix, background_similarity, seconds, among, never, settings, cross_lingual, strangers,
        inside if len(sample) < len(among) else None, 0.0, threads, block, wanted,
    )  # fmt: skip
    return sum(int(inside[a].sum() + inside[b].sum()) for _, found in compared for a, b, _, _ in found)


def _compared(
    matrix: sp.csr_array,
    background_similarity: NDArray[np.float64],
    seconds: NDArray[np.float64],
    among: NDArray[np.int64],
    never: HasPairs,
    settings: Settings,
    cross_lingual: CrossLingual | None,
    strangers: NDArray[np.bool_] | None,
    core: NDArray[np.bool_] | None,
    crowding: float,
    threads: int | None,
    block: int,
    wanted: _Wanted,
) -> Iterator[tuple[_Task, list[_Columns]]]:
    """Yield each task with the pairs that it found, see `story_pairs`; what is `wanted` may rise on the way."""
    articles = matrix.shape[0]
    if not 0 < block <= MOST:
        raise ValueError(f"a block has 1 to {MOST} articles, not {block}")
    window, total = settings.window * SECONDS_A_DAY, len(among)
    width = max(1, articles)
    excluded = np.unique(np.minimum(never.a, never.b) * width + np.maximum(never.a, never.b))
    lowest = float(background_similarity.min()) if articles else 0.0

    def work(task: _Task) -> tuple[_Task, list[_Columns]]:
        sweep = task.sweep
        found = pairs_above(sweep.rows, task.block, sweep.reach, sweep.until, task.first, task.last, task.floor)
        return task, [scored(sweep.order[one], sweep.order[other], dots, task.across) for one, other, dots in found]

    def scored(one: NDArray[np.int64], other: NDArray[np.int64], dots: NDArray[np.int32], across: bool) -> _Columns:
        if (
            cross_lingual is not None or core is not None or strangers is not None
        ):  # sweeps between two groups return further pairs
            mine = ~(np.abs(seconds[one] - seconds[other]) > window)
            if cross_lingual is not None:
                mine &= cross_lingual.spans(one, other) == across
            if core is not None:
                mine &= core[one] | core[other]
            if strangers is not None:
                mine &= ~(strangers[one] & strangers[other])
            one, other, dots = one[mine], other[mine], dots[mine]
        a, b = np.minimum(one, other), np.maximum(one, other)
        cosine, days = dots.astype(np.float64) * DOT_UNIT, days_between(seconds, a, b)
        scores = score(
            cosine, background_similarity[a], background_similarity[b], days, settings.date_penalty, crowding
        )
        keep = (scores >= wanted.score) & ((scores >= wanted.best[a]) | (scores >= wanted.best[b]))
        if len(excluded):
            keys = a * width + b
            place = np.minimum(np.searchsorted(excluded, keys), len(excluded) - 1)
            keep &= excluded[place] != keys
        columns = (column[keep].astype(np.int32) for column in (a, b, dots, scores))
        return next(columns), next(columns), next(columns), next(columns)

    def floor(days: float) -> float:
        least = least_cosine(lowest, days, settings.date_penalty, crowding)
        return max(FLOOR, least, lowest + (wanted.score - 1) * SCORE_UNIT)

    def to_do() -> Iterator[_Task]:
        own = np.ones(total, np.bool_) if core is None else core[among]
        alone = np.zeros(total, np.bool_) if strangers is None else strangers[among]
        inside = among[own & ~alone]
        floors = np.arange(floor(0.0), max(floor(math.inf), floor(0.0) + STEP), STEP).tolist()
        vectors = ranked(matrix, floors, by_date(among, seconds))
        sweeps = [Sweep.within(vectors, inside, seconds, window)]
        if len(inside) < total:
            sweeps.append(Sweep.facing(vectors, among[~own | alone], inside, seconds, window))
        if (own & alone).any() and not own.all():
            sweeps.append(Sweep.facing(vectors, among[~own & ~alone], among[own & alone], seconds, window))
        for sweep in sweeps:
            for task in sweep.tasks(block, floor):
                yield _Task(sweep, *task, across=False)
        if cross_lingual is not None:
            sweep = Sweep.between(cross_lingual.matrix, cross_lingual.languages, among, seconds, window, floors)
            for task in sweep.tasks(block, floor):
                yield _Task(sweep, *task, across=True)

    yield from in_threads(work, to_do(), threads)


def _best_of(piled: list[_Columns], most: int, articles: int) -> tuple[_Columns, NDArray[np.int32]]:
    """Select the pairs among the best of one of their articles; also return the lowest such score of each article."""
    if not piled:
        nothing = np.empty(0, np.int32)
        return (nothing, nothing, nothing, nothing), np.zeros(articles, np.int32)
    a, b, dots, scores = (np.concatenate(column) for column in zip(*piled, strict=True))
    keep, least = among_best(a, b, scores, most, articles)
    return (a[keep], b[keep], dots[keep], scores[keep]), least
