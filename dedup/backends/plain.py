"""The plain backend: the specification of the method, which the other backends equal to the last bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.text.document import Document
from dedup.vectorize.features import Features, HashedWords, plain_features
from dedup.vectorize.vocabulary import PlainTable, Vocabulary, WordTable, with_substitutes

if TYPE_CHECKING:
    import scipy.sparse as sp

    from dedup.group.linkage import Tree
    from dedup.match.copies import Overlaps
    from dedup.match.stories import HasPairs, Pairs
    from dedup.match.templates import SharedWords
    from dedup.progress import Progress
    from dedup.settings import Settings
    from dedup.vectorize.cross_lingual import CrossLingual
    from dedup.vectorize.frequencies import Frequencies
    from dedup.vectorize.tfidf import Vectors

Texts = Iterable[tuple[str, str]]
"""Titles and bodies of articles."""


class PlainBackend:
    """Every step as scikit-learn, datasketch, NumPy and SciPy compute it.

    The other backends override the methods whose docstring is in the function that they call.

    Attributes:
        vocabulary: the words of the articles that `read` has read.
    """

    vocabulary: Vocabulary

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._documents: list[Document] = []

    def read(self, articles: Texts, known: bytes = b"") -> HashedWords:
        """Split articles into words and hash these; the articles are consumed one at a time. No words share a term.

        Args:
            articles: titles and bodies.
            known: see `Vocabulary`.
        """
        blocks = self.blocks(articles)
        self.vocabulary = self.new_vocabulary(known=known)
        words = HashedWords.joined(self.vocabulary.resolve(blocks))
        self._documents = _with_tokens(self._documents, self.vocabulary.substitutes)
        return words

    def blocks(self, articles: Texts) -> list[HashedWords]:
        """Split articles into words and hash these, in blocks of articles that a `Vocabulary` must resolve."""
        self._documents = [Document.of(title, text) for title, text in articles]
        return [HashedWords.of(self._documents)]

    def new_vocabulary(self, *, in_order: bool = False, known: bytes = b"") -> Vocabulary:
        """Make a vocabulary; see `Vocabulary`."""
        return Vocabulary(self.word_table(), in_order=in_order, known=known)

    def word_table(self) -> WordTable:
        """Make a table of words."""
        return PlainTable()

    def features(
        self,
        words: HashedWords,
        keep: NDArray[np.bool_],
        order: NDArray[np.int64],
        progress: Progress | None = None,
    ) -> Features:
        """Compute the signature and the term counts of each article from the words that count.

        Args:
            words: the words that count, articles in the order of `order`.
            keep: which words of those articles count, shape (words in `read`'s articles,).
            order: for each article the position at which `read` read it, shape (articles,).
            progress: receives how many articles are done.
        """
        if progress:
            progress("counting the words", 0, len(words))
        documents, place = [], 0
        for document in map(self._documents.__getitem__, order.tolist()):
            middle = place + len(document.title)
            end = middle + len(document.body)
            documents.append(document.where(keep[place:middle], keep[middle:end]))
            place = end
        return plain_features(documents, self._settings, words)

    def signatures(self, words: HashedWords, order: NDArray[np.int64]) -> NDArray[np.uint32]:  # noqa: ARG002 - it has the strings
        """Compute the MinHash signatures alone, of all words."""
        from dedup.vectorize.reference import signatures

        return signatures([self._documents[place] for place in order.tolist()], self._settings)

    def held_passages(self, words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        from dedup.vectorize.boilerplate import held_passages

        return held_passages(words)

    def lines_among(
        self, words: HashedWords, passages: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        from dedup.vectorize.boilerplate import lines_among

        return lines_among(words, passages)

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

    def frequencies(
        self, features: Features, languages: Sequence[str], among: NDArray[np.int64] | None = None
    ) -> Frequencies:
        from dedup.vectorize.frequencies import Frequencies

        return Frequencies.of(features.terms_of(features.every), languages, among)

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

    def own_words(self, words: HashedWords, pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Count the words of each text that are in no shingle of the other one; see `match.suspects.own_words`."""
        from dedup.match.suspects import own_words

        return own_words(words, pairs, self._settings.shingle_size)

    def matching_blocks(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
        from dedup.match.templates import matching_blocks

        return matching_blocks(one, other)

    def shared_words(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> SharedWords:
        from dedup.match.templates import shared_words

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
        from dedup.match.stories import story_pairs

        return story_pairs(
            matrix,
            background_similarity,
            seconds,
            among,
            never,
            self._settings,
            progress,
            cross_lingual,
            strangers=strangers,
            crowding=crowding,
        )

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
        from dedup.match.stories import related_to

        args = (sample, matrix, background_similarity, seconds, among, never, self._settings, cross_lingual)
        return related_to(*args, strangers=strangers)

    def products(
        self, matrix: sp.csr_array, a: NDArray[np.int64], b: NDArray[np.int64], more: sp.csr_array | None = None
    ) -> NDArray[np.float64]:
        from dedup.match.stories import products

        return products(matrix, a, b, more)

    def average_linkage(
        self,
        pairs: Pairs,
        groups: Sequence[Sequence[int]],
        weights: NDArray[np.int64],
        follows: NDArray[np.bool_] | None = None,
    ) -> Tree:
        from dedup.group.linkage import average_linkage

        return average_linkage(pairs, groups, weights, follows)

    @staticmethod  # results keep this function and must not keep the words
    def cut(tree: Tree, granularity: float) -> NDArray[np.int64]:
        from dedup.group.cut import cut

        return cut(tree, granularity)


def _with_tokens(documents: list[Document], hash_of: Mapping[int, int]) -> list[Document]:
    """Documents with the tokens that are counted for words that have a substitute; see `Vocabulary.substitutes`."""
    words = dict.fromkeys(word for document in documents for word in document.words) if hash_of else {}
    token_of = with_substitutes([*words], hash_of)
    if not token_of:
        return documents
    return [
        replace(
            document,
            title=replace(document.title, words=[token_of.get(word, word) for word in document.title.words]),
            body=replace(document.body, words=[token_of.get(word, word) for word in document.body.words]),
        )
        for document in documents
    ]
