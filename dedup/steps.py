"""The steps of the method in three forms that give the same to the last bit, and the choice between them.

The plain form is scikit-learn, datasketch, NumPy and SciPy: the specification. The light form is the same without the
first two, which take long to import: small jobs are done with it. The fast form is kernels, compiled for the machine
when they are first used. Which of them runs, `dedup.vectorize.kernels.switch` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.progress import COMPILING, silent
from dedup.text.document import Document
from dedup.vectorize.features import Features, HashedWords, plain_features
from dedup.vectorize.kernels.compiling import is_compiled, mark_compiled
from dedup.vectorize.kernels.switch import WORTH_COMPILING, WORTH_LOADING, form
from dedup.vectorize.light import hashes_of, light_features, light_signatures

if TYPE_CHECKING:
    import scipy.sparse as sp

    from dedup.group.linkage import Tree
    from dedup.match.copies import Overlaps
    from dedup.match.stories import HasPairs, Pairs
    from dedup.progress import Progress
    from dedup.settings import Settings
    from dedup.vectorize.cross_lingual import CrossLingual
    from dedup.vectorize.frequencies import Frequencies
    from dedup.vectorize.tfidf import Vectors

Texts = Iterable[tuple[str, str]]
"""Titles and bodies of articles."""

_COMPILED_AT_ONCE = 12
"""How many times progress is told while kernels are compiled."""


class PlainBackend:
    """Every step in its plain form. What each does is told where the function is that it calls."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._documents: list[Document] = []

    def read(self, articles: Texts) -> HashedWords:
        """The words of articles, which are taken as they come."""
        self._documents = [Document.of(title, text) for title, text in articles]
        return HashedWords.of(self._documents)

    def features(
        self,
        words: HashedWords,
        keep: NDArray[np.bool_],
        order: NDArray[np.int64],
        progress: Progress | None = None,
    ) -> Features:
        """The features of articles, as far as they are made of some of their words.

        Args:
            words: those that count, of what `read` returned, put in order.
            keep: which of all words these are, shape (words that were read,).
            order: for each article the place at which `read` met it, shape (articles,).
            progress: told how many articles are done.
        """
        if progress:
            progress("counting the words", 0, len(words))
        documents, place = [], 0
        for document in map(self._documents.__getitem__, order.tolist()):
            middle = place + len(document.title)
            end = middle + len(document.body)
            documents.append(document.where(keep[place:middle], keep[middle:end]))
            place = end
        return plain_features(documents, self._settings)

    def signatures(self, words: HashedWords, order: NDArray[np.int64]) -> NDArray[np.uint32]:  # noqa: ARG002 - it has the strings
        """The signatures alone, of all words."""
        from dedup.vectorize.reference import signatures

        return signatures([self._documents[place] for place in order.tolist()], self._settings)

    def held_passages(self, words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        from dedup.vectorize.boilerplate import held_passages

        return held_passages(words)

    def relations(
        self,
        words: HashedWords,
        pairs: NDArray[np.int64],
        repeated: NDArray[np.uint64],
        languages: Sequence[str],
        listing: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int64]:
        from dedup.vectorize.boilerplate import relations

        return relations(words, pairs, repeated, languages, listing)

    def outside_boilerplate(self, words: HashedWords, passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
        from dedup.vectorize.boilerplate import outside_boilerplate

        return outside_boilerplate(words, passages)

    def detect(self, words: HashedWords) -> list[str]:
        from dedup.vectorize.language import detect

        return detect(words)

    def tfidf(self, features: Features, languages: Sequence[str], frequencies: Frequencies) -> Vectors:
        from dedup.vectorize.tfidf import tfidf

        return tfidf(*features.term_counts(), languages, frequencies, self._settings)

    def cross_lingual_vectors(
        self, vectors: Vectors, features: Features, languages: Sequence[str]
    ) -> CrossLingual | None:
        from dedup.vectorize.cross_lingual import cross_lingual_vectors, figures

        return cross_lingual_vectors(vectors, features.terms_of(features.capitals), figures(features.words), languages)

    def band_candidates(self, signatures: NDArray[np.uint32], present: NDArray[np.bool_]) -> NDArray[np.int64]:
        from dedup.match.copies import band_candidates

        return band_candidates(signatures, present, self._settings)

    def agreeing_slots(self, signatures: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        from dedup.match.copies import agreeing_slots

        return agreeing_slots(signatures, pairs)

    def overlaps(self, words: HashedWords, pairs: NDArray[np.int64]) -> Overlaps:
        from dedup.match.copies import overlaps

        return overlaps(words, pairs, self._settings.shingle_size)

    def matching_blocks(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
        from dedup.match.templates import matching_blocks

        return matching_blocks(one, other)

    def story_pairs(
        self,
        matrix: sp.csr_array,
        background_similarity: NDArray[np.float64],
        seconds: NDArray[np.float64],
        among: NDArray[np.int64],
        never: HasPairs,
        progress: Progress,
        cross_lingual: CrossLingual | None,
    ) -> Pairs:
        from dedup.match.stories import story_pairs

        return story_pairs(
            matrix, background_similarity, seconds, among, never, self._settings, progress, cross_lingual
        )

    def average_linkage(self, pairs: Pairs, groups: Sequence[Sequence[int]], weights: NDArray[np.int64]) -> Tree:
        from dedup.group.linkage import average_linkage

        return average_linkage(pairs, groups, weights)

    @staticmethod  # a result keeps it, and is not to keep the words
    def cut(tree: Tree, granularity: float) -> NDArray[np.int64]:
        from dedup.group.cut import cut

        return cut(tree, granularity)


class NumpyBackend(PlainBackend):
    """The plain form, but that words are hashed and features made by NumPy alone."""

    def read(self, articles: Texts) -> HashedWords:
        return HashedWords.of([Document.of(title, text) for title, text in articles], hashes_of)

    def features(
        self,
        words: HashedWords,
        keep: NDArray[np.bool_],  # noqa: ARG002 - it has the words that count
        order: NDArray[np.int64],  # noqa: ARG002 - and they are in order
        progress: Progress | None = None,
    ) -> Features:
        if progress:
            progress("counting the words", 0, len(words))
        return light_features(words, self._settings)

    def signatures(self, words: HashedWords, order: NDArray[np.int64]) -> NDArray[np.uint32]:  # noqa: ARG002 - the words are in order
        return light_signatures(words, self._settings)


class CompiledBackend(PlainBackend):
    """Every step by kernels.

    Args:
        settings: those of the run.
        progress: told where kernels have to be compiled first.
    """

    def __init__(self, settings: Settings, progress: Progress | None = None) -> None:
        from dedup.vectorize.kernels.extractor import Extractor

        super().__init__(settings)
        self._threads = settings.threads or None
        self._extractor = Extractor(settings)
        if not is_compiled():
            self._compile(progress or silent)

    def read(self, articles: Texts) -> HashedWords:
        return self._extractor.read(articles, self._threads)

    def features(
        self,
        words: HashedWords,
        keep: NDArray[np.bool_],  # noqa: ARG002 - it has the words that count
        order: NDArray[np.int64],  # noqa: ARG002 - and they are in order
        progress: Progress | None = None,
    ) -> Features:
        return self._extractor.sketch_all(words, self._threads, progress)

    def signatures(self, words: HashedWords, order: NDArray[np.int64]) -> NDArray[np.uint32]:  # noqa: ARG002 - the words are in order
        return self._extractor.signatures(words, self._threads)

    def held_passages(self, words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        from dedup.vectorize.kernels.boilerplate import held_passages

        return held_passages(words)

    def relations(
        self,
        words: HashedWords,
        pairs: NDArray[np.int64],
        repeated: NDArray[np.uint64],
        languages: Sequence[str],
        listing: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int64]:
        from dedup.vectorize.kernels.relations import relations

        return relations(words, pairs, repeated, languages, listing)

    def outside_boilerplate(self, words: HashedWords, passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
        from dedup.vectorize.kernels.boilerplate import outside_boilerplate

        return outside_boilerplate(words, passages)

    def detect(self, words: HashedWords) -> list[str]:
        from dedup.vectorize.kernels.languages import detect

        return detect(words)

    def tfidf(self, features: Features, languages: Sequence[str], frequencies: Frequencies) -> Vectors:
        from dedup.vectorize.kernels.tfidf import tfidf

        return tfidf(features, languages, frequencies, self._settings)

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

        return agreeing_slots(signatures, pairs)

    def overlaps(self, words: HashedWords, pairs: NDArray[np.int64]) -> Overlaps:
        from dedup.match.copies import counted
        from dedup.vectorize.kernels.overlaps import shared_shingles

        found = shared_shingles(words, pairs, self._settings.shingle_size, self._threads)
        return counted(words, pairs, *found)

    def matching_blocks(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
        from dedup.match.kernels.templates import matching_blocks

        return matching_blocks(one, other)

    def story_pairs(
        self,
        matrix: sp.csr_array,
        background_similarity: NDArray[np.float64],
        seconds: NDArray[np.float64],
        among: NDArray[np.int64],
        never: HasPairs,
        progress: Progress,
        cross_lingual: CrossLingual | None,
    ) -> Pairs:
        from dedup.match.kernels.stories import story_pairs

        args = (matrix, background_similarity, seconds, among, never, self._settings, progress, cross_lingual)
        return story_pairs(*args, threads=self._threads)

    def average_linkage(self, pairs: Pairs, groups: Sequence[Sequence[int]], weights: NDArray[np.int64]) -> Tree:
        from dedup.group.kernels.linkage import average_linkage

        return average_linkage(pairs, groups, weights)

    @staticmethod  # a result keeps it, and is not to keep the words
    def cut(tree: Tree, granularity: float) -> NDArray[np.int64]:
        from dedup.group.kernels.cut import cut

        return cut(tree, granularity)

    def _compile(self, progress: Progress) -> None:
        """Uses every kernel once, on a few articles of two languages that share passages."""
        from dedup.vectorize.frequencies import Frequencies

        footer = " ".join(f"Word{number}" for number in range(40))
        made = [
            (f"Title {number} of it", f"{footer} {' '.join(f'w{number}x{n}' for n in range(9))}") for number in range(4)
        ]
        order, times = np.arange(len(made)), np.arange(float(len(made)))

        def steps() -> Iterator[object]:
            yield (words := self.read(made))
            yield (held := self.held_passages(words))
            yield self.outside_boilerplate(words, held[0])
            yield self.relations(words, np.array([[0, 1]]), np.unique(held[0]), self.detect(words))
            yield self.signatures(words, order)
            features = self.features(words, np.ones(len(words.hashes), np.bool_), order)
            yield (pairs := self.band_candidates(features.signatures, order >= 0))
            yield self.agreeing_slots(features.signatures, pairs)
            yield (copies := self.overlaps(words, pairs))
            yield self.matching_blocks(words.title(0), words.title(1))
            languages = ["en", "en", "de", "de"]
            frequencies = Frequencies.of(features.terms_of(features.every), languages)
            yield (vectors := self.tfidf(features, languages, frequencies))
            across = self.cross_lingual_vectors(vectors, features, languages)
            never = copies.where(copies.a < 0)
            yield (alike := self.story_pairs(vectors.matrix, times * 0, times, order, never, silent, across))
            tree = self.average_linkage(alike, [[0, 1]], np.array([1, 0, 1, 1]))
            yield self.cut(tree, self._settings.granularity)

        progress(COMPILING, 0, _COMPILED_AT_ONCE)
        for number, _ in enumerate(steps(), 1):
            progress(COMPILING, number, _COMPILED_AT_ONCE)
        mark_compiled()


def choose(articles: Texts, settings: Settings, progress: Progress | None = None) -> tuple[PlainBackend, Texts]:
    """The form that is done sooner with some articles, and the articles, of which some may be taken to see how many.

    Raises:
        SettingsError: see `form`.
    """
    source: Iterator[tuple[str, str]] = iter(articles)
    taken: list[tuple[str, str]] = []
    for enough in (0, WORTH_LOADING, WORTH_COMPILING):
        taken.extend(islice(source, enough - len(taken)))
        if (found := form(len(taken))) != "light":
            break
    steps = {"plain": PlainBackend, "light": NumpyBackend}
    return steps[found](settings) if found in steps else CompiledBackend(settings, progress), chain(taken, source)
