"""The NumPy backend: imports neither scikit-learn and datasketch nor numba, which take longer than a small job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.backends.plain import PlainBackend, Texts
from dedup.text.document import Document
from dedup.vectorize.features import Features, HashedWords, numpy_features, numpy_signatures
from dedup.vectorize.hashing import hashes_of

if TYPE_CHECKING:
    from dedup.progress import Progress


class NumpyBackend(PlainBackend):
    """The plain backend, except that words are hashed and features computed by NumPy alone.

    scikit-learn and datasketch take longer to import than a small job takes.
    """

    def blocks(self, articles: Texts) -> list[HashedWords]:
        return [HashedWords.of([Document.of(title, text) for title, text in articles], hashes_of)]

    def features(
        self,
        words: HashedWords,
        keep: NDArray[np.bool_],  # noqa: ARG002 - `words` has only these
        order: NDArray[np.int64],  # noqa: ARG002 - `words` is in order
        progress: Progress | None = None,
    ) -> Features:
        if progress:
            progress("counting the words", 0, len(words))
        return numpy_features(words, self._settings)

    def matching_blocks(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
        from dedup.match.templates import numpy_matching_blocks

        return numpy_matching_blocks(one, other)

    def signatures(self, words: HashedWords, order: NDArray[np.int64]) -> NDArray[np.uint32]:  # noqa: ARG002 - `words` is in order
        return numpy_signatures(words, self._settings)
