"""The backend of a run that begins before the kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.backends.compiled import CompiledBackend, compile_run
from dedup.backends.compiler import Compiler
from dedup.backends.numpy import NumpyBackend
from dedup.progress import COMPILING, silent
from dedup.vectorize.kernels.cache import is_compiled

if TYPE_CHECKING:
    from dedup.backends.plain import Texts
    from dedup.group.linkage import Tree
    from dedup.progress import Progress
    from dedup.settings import Settings
    from dedup.vectorize.features import HashedWords

_AT_ONCE = 64
"""Articles after which it is asked whether the kernels can take over."""
_WORTH_WAITING = 8_000
"""Articles from which a step takes longer by NumPy than what is left of compiling its kernels."""


def _step(name: str) -> Callable[..., Any]:
    """The method of a step: by kernels if they are there, else by NumPy."""
    by_numpy, by_kernels = getattr(NumpyBackend, name), getattr(CompiledBackend, name)

    def step(self: TakeoverBackend, *args: Any, **options: Any) -> Any:
        if self._has_kernels(name):
            return by_kernels(self._by_kernels(), *args, **options)
        return by_numpy(self, *args, **options)

    return step


class TakeoverBackend(NumpyBackend):
    """NumPy at first, and each step by kernels as soon as another process has compiled these.

    All forms of a step give the same, so it does not matter when that is.

    Args:
        settings: the settings of the run.
        progress: receives the progress of compiling, where it is waited for.
        articles: how many there are; 0 if they are counted by `blocks`.
    """

    def __init__(self, settings: Settings, progress: Progress | None = None, articles: int = 0) -> None:
        super().__init__(settings)
        self._progress, self._articles = progress or silent, articles
        self._kernels: CompiledBackend | None = None
        self._compiled = set[str]()
        self._compiler = Compiler(compile_run)

    def blocks(self, articles: Texts) -> list[HashedWords]:
        found: list[HashedWords] = []
        source = iter(articles)
        while some := list(islice(source, _AT_ONCE)):
            if self._has_kernels("blocks"):
                found += self._by_kernels().blocks(chain(some, source))
            else:
                found += super().blocks(some)
        self._articles = sum(map(len, found))
        return found

    word_table = _step("word_table")
    features = _step("features")
    signatures = _step("signatures")
    held_passages = _step("held_passages")
    lines_among = _step("lines_among")
    relations = _step("relations")
    outside_boilerplate = _step("outside_boilerplate")
    detect = _step("detect")
    frequencies = _step("frequencies")
    tfidf = _step("tfidf")
    cross_lingual_vectors = _step("cross_lingual_vectors")
    band_candidates = _step("band_candidates")
    agreeing_slots = _step("agreeing_slots")
    overlaps = _step("overlaps")
    own_words = _step("own_words")
    matching_blocks = _step("matching_blocks")
    shared_words = _step("shared_words")
    related_to = _step("related_to")
    story_pairs = _step("story_pairs")
    products = _step("products")
    average_linkage = _step("average_linkage")

    @property
    def cut(self) -> Callable[[Tree, float], NDArray[np.int64]]:  # type: ignore[override] # chosen when it is taken
        return (CompiledBackend if self._has_kernels("cut") else NumpyBackend).cut

    def _has_kernels(self, step: str) -> bool:
        """Whether the kernels of a step are compiled; it is waited for them where that is faster."""
        if step not in self._compiled:
            ready = is_compiled(step)
            if not ready and self._articles >= _WORTH_WAITING and self._compiler.is_working():
                self._progress(COMPILING, 0, 0)
                ready = self._compiler.wait(lambda: is_compiled(step))
            if not ready:
                return False
            self._compiled.add(step)
        return True

    def _by_kernels(self) -> CompiledBackend:
        if self._kernels is None:
            self._kernels = CompiledBackend(self._settings, compiles=False)
        return self._kernels
