"""Compile the kernels of an index before they are needed: they are called once, on a few made articles."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from dedup.backends import PlainBackend
from dedup.background import Background
from dedup.index.features.sketch import Sketcher, unpacked
from dedup.index.search.neighbours import Query, search_neighbours, strongest, sums_by_story
from dedup.index.search.postings import SEALED_AT_ONCE
from dedup.index.search.table import ArticleTable
from dedup.index.stories.regroup import pairs_among
from dedup.match.probability import Probabilities
from dedup.progress import COMPILING, Progress, silent
from dedup.settings import Settings
from dedup.vectorize.kernels.compiling import is_compiled, mark_compiled

KERNELS = "index"
"""What the kernels of an index are marked by as compiled."""
_STEPS = 5


def compile_kernels(
    backend: PlainBackend, settings: Settings, background: Background, progress: Progress | None = None
) -> None:
    """Compile the kernels of an index, unless an earlier run did.

    Args:
        backend: the compiled backend.
        settings: settings of the index.
        background: background of the index.
        progress: receives the progress of compiling.
    """
    if is_compiled(KERNELS):
        return
    tell = progress or silent
    tell(COMPILING, 0, _STEPS)
    for number, _ in enumerate(_results(backend, settings, background), 1):
        tell(COMPILING, number, _STEPS)
    mark_compiled(KERNELS)


def _results(backend: PlainBackend, settings: Settings, background: Background) -> Iterator[object]:
    from dedup.match.kernels.probability import of_links

    sketcher = Sketcher(backend, settings, background)
    english, german = ("the and of to in Paris 12", "der die und das nicht ist Paris 12")
    texts = [("", f"{(german if place % 2 else english)} w{place // 4} " * 9) for place in range(2 * SEALED_AT_ONCE)]
    words = sketcher.words(texts, backend.new_vocabulary(in_order=True))
    vectors = unpacked([vector.packed() for vector in sketcher.vectors(sketcher.judged(words))])
    yield vectors
    table = ArticleTable(settings, 0.0, lambda: (), fast=True)
    slots = [table.admit(place, 0.0, "", vector, twin=False) for place, vector in enumerate(vectors)]
    table.story[slots], table.representative[slots] = 0, True
    few = SEALED_AT_ONCE // 2
    table.compare(slots[few:], vectors[few:])  # these are sealed, the next are not
    table.compare(slots[:few], vectors[:few])
    queries = [Query(vector, seconds, 0) for seconds in (0.0, 1e12, math.nan) for vector in vectors[:2]]
    for query in queries:
        yield (found := search_neighbours(table, [query])[0])
    search_neighbours(table, queries)
    found = search_neighbours(table, queries[:1])[0]
    yield (
        sums_by_story(table, found.slots, found.score, 0.0, 0.0),
        strongest(table, found, found.score, np.empty(0, np.int64), 0, 3),
    )
    yield pairs_among(table, np.array(slots[:4]), vectors[:4], {})
    curves, ones, some = Probabilities.shipped(), np.ones(1), np.ones(1, np.bool_)
    slopes = np.array(curves.joined), np.array(curves.apart), np.array(curves.copy)
    yield of_links(ones, ones, some, some, some, ones, *slopes)
