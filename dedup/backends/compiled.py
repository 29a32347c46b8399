"""The compiled backend: every step by kernels, which are compiled when the first backend of a machine is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.backends.plain import PlainBackend, Texts
from dedup.progress import COMPILING, silent
from dedup.vectorize.features import Features, HashedWords
from dedup.vectorize.kernels.cache import is_compiled, mark_compiled
from dedup.vectorize.vocabulary import WordTable

if TYPE_CHECKING:
    import scipy.sparse as sp

    from dedup.group.linkage import Tree
    from dedup.match.copies import Overlaps
    from dedup.match.kernels.stories import Layout
    from dedup.match.stories import HasPairs, Pairs
    from dedup.match.templates import SharedWords
    from dedup.progress import Progress
    from dedup.settings import Settings
    from dedup.vectorize.cross_lingual import CrossLingual
    from dedup.vectorize.frequencies import Frequencies
    from dedup.vectorize.kernels.tfidf import Columns
    from dedup.vectorize.tfidf import Vectors

_STEPS = 13
"""How often progress is reported while kernels are compiled."""


class CompiledBackend(PlainBackend):
    """Every step by kernels that numba compiles for the machine.

    Args:
        settings: the settings of the run.
        progress: receives the progress of compiling, where kernels must be compiled first.
        compiles: whether kernels are compiled first. If not, another process does, see `TakeoverBackend`.
    """

    def __init__(self, settings: Settings, progress: Progress | None = None, *, compiles: bool = True) -> None:
        from dedup.vectorize.kernels.extractor import Extractor

        super().__init__(settings)
        self._threads = settings.threads or None
        self._extractor = Extractor(settings)
        self._columns: tuple[Features, Columns] | None = None
        self._layout: tuple[sp.csr_array, Layout] | None = None
        if compiles and not is_compiled():
            self._compile(progress or silent)

    def blocks(self, articles: Texts) -> list[HashedWords]:
        return self._extractor.read(articles, self._threads)

    def word_table(self) -> WordTable:
        from dedup.vectorize.kernels.vocabulary import CompiledTable

        return CompiledTable()

    def features(
        self,
        words: HashedWords,
        keep: NDArray[np.bool_],  # noqa: ARG002 - `words` has only these
        order: NDArray[np.int64],  # noqa: ARG002 - `words` is in order
        progress: Progress | None = None,
    ) -> Features:
        return self._extractor.sketch_all(words, self._threads, progress)

    def signatures(self, words: HashedWords, order: NDArray[np.int64]) -> NDArray[np.uint32]:  # noqa: ARG002 - `words` is in order
        return self._extractor.signatures(words, self._threads)

    def held_passages(self, words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        from dedup.vectorize.kernels.boilerplate import held_passages

        return held_passages(words, self._threads)

    def lines_among(
        self, words: HashedWords, passages: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        from dedup.vectorize.kernels.boilerplate import lines_among

        return lines_among(words, passages)

    def relations(
        self,
        words: HashedWords,
        pairs: NDArray[np.int64],
        repeated: NDArray[np.uint64],
        languages: Sequence[str],
        listing: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int64]:
        from dedup.vectorize.kernels.relations import relations

        return relations(words, pairs, repeated, languages, listing, self._threads)

    def outside_boilerplate(self, words: HashedWords, passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
        from dedup.vectorize.kernels.boilerplate import outside_boilerplate

        return outside_boilerplate(words, passages, self._threads)

    def detect(self, words: HashedWords) -> list[str]:
        from dedup.vectorize.kernels.languages import detect

        return detect(words, self._threads)

    def frequencies(
        self, features: Features, languages: Sequence[str], among: NDArray[np.int64] | None = None
    ) -> Frequencies:
        from dedup.vectorize.kernels.tfidf import columns_of, frequencies

        columns = columns_of(features, self._threads)
        self._columns = features, columns
        return frequencies(features, languages, among, columns)

    def tfidf(self, features: Features, languages: Sequence[str], frequencies: Frequencies) -> Vectors:
        from dedup.vectorize.kernels.tfidf import tfidf

        known, self._columns = self._columns, None  # those of `frequencies`, nearly always
        columns = known[1] if known is not None and known[0] is features else None
        return tfidf(features, languages, frequencies, self._settings, columns, self._threads)

    def cross_lingual_vectors(
        self, vectors: Vectors, features: Features, languages: Sequence[str]
    ) -> CrossLingual | None:
        from dedup.vectorize.kernels.cross_lingual import cross_lingual_vectors

        return cross_lingual_vectors(vectors, features, languages)

    def band_candidates(self, signatures: NDArray[np.uint32], present: NDArray[np.bool_]) -> NDArray[np.int64]:
        from dedup.match.kernels.bands import band_candidates

        return band_candidates(signatures, present, self._settings)

    def agreeing_slots(self, signatures: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        from dedup.match.kernels.bands import agreeing_slots

        return agreeing_slots(signatures, pairs, self._threads)

    def overlaps(self, words: HashedWords, pairs: NDArray[np.int64]) -> Overlaps:
        from dedup.match.copies import counted
        from dedup.vectorize.kernels.overlaps import shared_shingles

        shared, sizes, held, _ = shared_shingles(words, pairs, self._settings.shingle_size, self._threads)
        return counted(words, pairs, shared, sizes, held)

    def own_words(self, words: HashedWords, pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        from dedup.vectorize.kernels.overlaps import own_words

        return own_words(words, pairs, self._settings.shingle_size, self._threads)

    def matching_blocks(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
        from dedup.match.kernels.templates import matching_blocks

        return matching_blocks(one, other)

    def shared_words(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> SharedWords:
        from dedup.match.kernels.templates import shared_words

        return shared_words(one, other)

    def story_pairs(
        self,
        matrix: sp.csr_array,
        background_similarity: NDArray[np.float64],
        seconds: NDArray[np.float64],
        among: NDArray[np.int64],
        never: HasPairs,
        progress: Progress,
        cross_lingual: CrossLingual | None,
        strangers: NDArray[np.bool_] | None = None,
        crowding: float = 0.0,
    ) -> Pairs:
        from dedup.match.kernels.stories import story_pairs

        known, self._layout = self._layout, None
        layout = known[1] if known is not None and known[0] is matrix else None
        args = (matrix, background_similarity, seconds, among, never, self._settings, progress, cross_lingual)
        return story_pairs(*args, strangers=strangers, crowding=crowding, layout=layout, threads=self._threads)

    def related_to(
        self,
        sample: NDArray[np.int64],
        matrix: sp.csr_array,
        background_similarity: NDArray[np.float64],
        seconds: NDArray[np.float64],
        among: NDArray[np.int64],
        never: HasPairs,
        cross_lingual: CrossLingual | None,
        strangers: NDArray[np.bool_] | None = None,
    ) -> int:
        from dedup.match.kernels.stories import Layout, related_to

        layout = Layout.of(matrix, seconds, among, self._settings, cross_lingual)
        self._layout = matrix, layout  # `story_pairs` comes next
        args = (sample, matrix, background_similarity, seconds, among, never, self._settings, cross_lingual)
        return related_to(*args, strangers=strangers, layout=layout, threads=self._threads)

    def products(
        self, matrix: sp.csr_array, a: NDArray[np.int64], b: NDArray[np.int64], more: sp.csr_array | None = None
    ) -> NDArray[np.float64]:
        from dedup.match.kernels.products import products

        return products(matrix, a, b, more)

    def average_linkage(
        self,
        pairs: Pairs,
        groups: Sequence[Sequence[int]],
        weights: NDArray[np.int64],
        follows: NDArray[np.bool_] | None = None,
    ) -> Tree:
        from dedup.group.kernels.linkage import average_linkage

        return average_linkage(pairs, groups, weights, follows)

    @staticmethod  # results keep this function and must not keep the words
    def cut(tree: Tree, granularity: float) -> NDArray[np.int64]:
        from dedup.group.kernels.cut import cut

        return cut(tree, granularity)

    def _compile(self, progress: Progress) -> None:
        """Call the kernels of a run once, in the order of a run, on a few articles of two languages."""
        progress(COMPILING, 0, _STEPS)
        for number, steps in enumerate(self._call_all(), 1):
            for step in steps:
                mark_compiled(step)
            progress(COMPILING, number, _STEPS)
        mark_compiled()

    def _call_all(self) -> Iterator[tuple[str, ...]]:
        """Call all kernels, and yield the names of the methods after those of each."""
        footer = " ".join(f"Word{number}" for number in range(40))
        made = [
            (f"Title {number} of it", f"{footer} {' '.join(f'w{number}x{n}' for n in range(9))}") for number in range(4)
        ]
        order, times = np.arange(len(made)), np.arange(float(len(made)))
        words = self.read(made)
        yield "blocks", "word_table"
        passages, _ = self.held_passages(words)
        self.lines_among(words, passages)
        self.outside_boilerplate(words, passages)
        yield "held_passages", "lines_among", "outside_boilerplate"
        self.relations(words, np.array([[0, 1]]), np.unique(passages), self.detect(words))
        yield "relations", "detect"
        self.signatures(words, order)
        features = self.features(words, np.ones(len(words.hashes), np.bool_), order)
        yield "signatures", "features"
        pairs = self.band_candidates(features.signatures, order >= 0)
        self.agreeing_slots(features.signatures, pairs)
        yield "band_candidates", "agreeing_slots"
        copies = self.overlaps(words, pairs)
        yield "overlaps", "own_words"
        self.shared_words(words.title(0), words.title(1))
        self.matching_blocks(words.title(0), words.title(1))
        yield "shared_words", "matching_blocks"
        languages = ["en", "en", "de", "de"]
        frequencies = self.frequencies(features, languages)
        vectors = self.tfidf(features, languages, frequencies)
        yield "frequencies", "tfidf"
        across = self.cross_lingual_vectors(vectors, features, languages)
        yield ("cross_lingual_vectors",)
        never = copies.where(copies.a < 0)
        alike = self.story_pairs(vectors.matrix, times * 0, times, order, never, silent, across)
        yield "story_pairs", "related_to"
        self.products(vectors.matrix, order[:1], order[1:2])
        yield ("products",)
        tree = self.average_linkage(alike, [[0, 1]], np.array([1, 0, 1, 1]))
        yield ("average_linkage",)
        self.cut(tree, self._settings.granularity)
        yield ("cut",)


def compile_run() -> None:
    """Compile the kernels of a run. A process that does nothing else calls it, see `Compiler`."""
    from dedup.settings import Settings

    CompiledBackend(Settings(threads=1))
