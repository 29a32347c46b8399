"""The words of an index: which word each hash stands for, in memory and in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.backends import CompiledBackend, PlainBackend
from dedup.errors import StoreError
from dedup.vectorize.vocabulary import NO_WORDS

if TYPE_CHECKING:
    from dedup.background import Background
    from dedup.index.store.protocol import Store
    from dedup.vectorize.vocabulary import Vocabulary


class StoredVocabulary:
    """The vocabulary of a store. It outlives the other state in memory: features are computed outside transactions.

    Args:
        store: where the words are stored.

    Attributes:
        last: number of the last stored words that were read.
    """

    words: Vocabulary
    _backend: PlainBackend

    def __init__(self, store: Store) -> None:
        self._store, self.last = store, 0
        self._fast: bool | None = None

    def use(self, backend: PlainBackend) -> None:
        """Keep the words as a backend does."""
        self._backend, fast = backend, isinstance(backend, CompiledBackend)
        if self._fast is None:
            self.words = backend.new_vocabulary(in_order=True)
        elif fast and not self._fast:
            self.words.move(backend.word_table())
        self._fast = fast or bool(self._fast)

    def read(self) -> None:
        """Read the words that were stored since the last call.

        Raises:
            StoreError: they are damaged.
        """
        for number, packed in self._store.words(self.last):
            try:
                self.words.load(packed)
            except ValueError as error:
                fault = f"{self._store.where}: the words of the index are damaged: restore a copy of the file"
                raise StoreError(fault) from error
            self.last = number

    def write(self) -> None:
        """Store new words. Must run inside a transaction."""
        packed = self.words.unsaved()
        if packed:
            self._store.put_words(packed)

    def forget(self, terms: NDArray[np.int64], background: Background) -> None:
        """Rewrite the stored words, and keep only some: must run inside a transaction, and this object ends with it.

        Args:
            terms: the terms to keep.
            background: the background of the index, whose words are kept too.
        """
        self._rewrite(background.words, self.words.packed(terms))

    def adopt(self, background: Background, *, has_texts: bool) -> bool:
        """Add the words of another background; must run inside a transaction.

        Args:
            background: the new background of the index.
            has_texts: whether all words can be computed anew.

        Returns:
            Whether they must be: a word of the background had another word's hash, and nothing else is left now.
        """
        self.read()
        new, taken = self.words.compared(background.words) if background.words else (0, 0)
        anew = taken > 0 and has_texts
        if anew:
            self._rewrite(background.words)
            self.words = self._backend.new_vocabulary(in_order=True)
        elif new:
            self._store.put_words(background.words)
        self.read()
        return anew

    def _rewrite(self, *every: bytes) -> None:
        """Replace the stored words. Numbers go on, so that a reader reads the new ones."""
        for packed in [one for one in every if one] or [NO_WORDS]:
            self._store.put_words(packed)
        self._store.delete_words(self.last)
