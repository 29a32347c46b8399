"""Compile the kernels of an index before they are needed: they are called once, on a few made articles."""

from __future__ import annotations

import atexit
import logging
import math
import threading
from collections.abc import Iterator

import numpy as np

from dedup.backends import CompiledBackend, PlainBackend
from dedup.backends.compiler import Compiler
from dedup.background import Background
from dedup.index.features.sketch import Sketcher, unpacked
from dedup.index.search.neighbours import Query, search_neighbours, strongest, sums_by_story
from dedup.index.search.postings import SEALED_AT_ONCE
from dedup.index.search.segments import LISTED, Prefixes
from dedup.index.search.table import PREFIX_BYTES, ArticleTable
from dedup.index.stories.regroup import pairs_among
from dedup.match.probability import Probabilities
from dedup.progress import COMPILING, Progress, silent
from dedup.settings import Settings
from dedup.vectorize.hashing import buckets_of
from dedup.vectorize.kernels.cache import is_compiled, mark_compiled

KERNELS = "index"
"""What the kernels of an index are marked by as compiled."""
_STEPS = 14


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


def compile_every() -> None:
    """Compile the kernels of a run and of an index. A process that does nothing else calls it, see `Compiler`."""
    settings = Settings(threads=1)
    compile_kernels(CompiledBackend(settings), settings, Background.general())


class Preparation:
    """Kernels that are compiled, or found to be, and loaded beside an index that is in use.

    Another process compiles and a thread loads, so that no `add` waits.
    """

    def __init__(self) -> None:
        self._is_ready, self._is_ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def is_ready(self) -> bool:
        """Return whether the kernels can be used without a wait. The first call begins the preparation."""
        if self._thread is None and not self._is_ended.is_set():
            self._thread = threading.Thread(target=self._prepare, name="dedup kernels", daemon=True)
            self._thread.start()
            atexit.register(self.close)  # nothing may run in the compiler while Python ends
        return self._is_ready.is_set()

    def close(self) -> None:
        """End the preparation."""
        self._is_ended.set()
        if self._thread is not None:
            self._thread.join()
            atexit.unregister(self.close)

    def _prepare(self) -> None:
        if not is_compiled(KERNELS):
            compiler = Compiler(compile_every)
            compiler.wait(lambda: is_compiled(KERNELS) or self._is_ended.is_set())
            compiler.close()
        if not is_compiled(KERNELS):
            return
        try:
            settings = Settings(threads=1)
            for _ in _results(CompiledBackend(settings, compiles=False), settings, Background.general()):
                if self._is_ended.is_set():
                    return
        except Exception as error:
            logging.getLogger("dedup.kernels").warning("the kernels cannot be loaded, and are not used: %s", error)
            return
        self._is_ready.set()


def _results(backend: PlainBackend, settings: Settings, background: Background) -> Iterator[object]:
    from dedup.index.features.kernels import look_up
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
    for count in (1, LISTED):
        rows = np.zeros((count, PREFIX_BYTES), np.uint8)
        yield Prefixes.of(rows).any_agrees(rows[0], 1, 0, 0)
    term = np.zeros(1, np.int32)
    for values in (np.ones(2), np.ones(2, np.int64)):
        yield look_up(np.arange(1), np.arange(2), term, term, buckets_of(term), values, values[:1])
