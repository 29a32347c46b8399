"""The embedding of an index: vectors of articles that come, and of all articles when the embedding changes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dedup.article import Article
from dedup.embedding import GIVEN, LARGEST, Embedding, lead
from dedup.errors import EmbeddingError, InputError
from dedup.index.features.sketch import Features
from dedup.index.inputs import Incoming
from dedup.index.state import IndexState
from dedup.index.store.metadata import StoreMetadata, other_embedding
from dedup.index.store.protocol import Store
from dedup.progress import Progress, silent

_PAGE = 500


class Embedder:
    """Embeds the articles of an index, one call at a time: models of callers need not be safe in several threads.

    Args:
        store: the store of the index.
        opened_with: the embedding that it was opened with, None without one.
    """

    def __init__(self, store: Store, opened_with: Embedding | None) -> None:
        self._store, self.opened_with = store, opened_with
        self._calling = threading.Lock()

    def model(self, metadata: StoreMetadata) -> Embedding | None:
        """Return the embedding by which articles are embedded that come now, None in an index without one.

        Raises:
            EmbeddingError: the index was opened without the embedding that it has, or with another one.
        """
        if self.opened_with is None and metadata.embedding == GIVEN:
            self.opened_with = Embedding(None)
        name = self.opened_with.name if self.opened_with else ""
        if name != metadata.embedding:
            raise other_embedding(self._store.where, metadata.embedding, name)
        return self.opened_with

    def embedded(
        self, metadata: StoreMetadata, state: IndexState, batch: Sequence[Incoming], features: Sequence[Features]
    ) -> list[Features]:
        """Return the features of articles with their embeddings. A text that is in the store is not embedded again.

        Raises:
            EmbeddingError: the model is another one, failed, or took too long.
            InputError: an article brings a vector that cannot be used.
        """
        model, store = self.model(metadata), self._store
        if model is None or not batch:
            return [*features]
        known = state.joined.embedded.dimension
        if known:
            model.expect(known)
        given = [_given(one.article, known or model.dimension) for one in batch]
        first = store.first_alike([one.content for one in batch])
        stored = store.embedded(sorted({*first.values()}))
        found: dict[int, NDArray[np.int16]] = {}
        for place, (one, held) in enumerate(zip(batch, features, strict=True)):
            if given[place] is None and (packed := stored.get(first.get(one.content, -1))):
                found[place] = np.frombuffer(packed, "<i2").astype(np.int16)
            elif not len(held.words.hashes):
                found[place] = np.zeros(0, np.int16)
        new = [place for place in range(len(batch)) if place not in found]
        texts = [
            lead(batch[place].article.title, "" if features[place].is_misplaced else batch[place].article.text)
            for place in new
        ]
        with self._calling:
            vectors = model.vectors(texts, [given[place] for place in new])
        found |= dict(zip(new, vectors, strict=True))
        return [replace(held, embedded=found[place]) for place, held in enumerate(features)]

    def embed_all(
        self, model: Embedding, state: IndexState, *, has_texts: bool, progress: Progress | None = None
    ) -> dict[int, bytes]:
        """Return the packed embeddings of all articles and earlier versions of the store, by a new model.

        Raises:
            EmbeddingError: the model failed, or articles have no vectors of it and no texts to be embedded.
        """
        store, report, found, last = self._store, progress or silent, dict[int, bytes](), -1
        total = store.counts()["articles"]
        while page := store.after(last, _PAGE):
            if not has_texts or model.name == GIVEN:
                missing = "vectors" if model.name == GIVEN else "texts"
                problem = f"{store.where} has no {missing} of its articles, so {model.name!r} cannot embed them"
                raise EmbeddingError(f"{problem}: make the index anew, from the articles")
            numbers = [article.number for article in page]
            words = state.stored_words(numbers)
            wrong = {*state.sketcher.own_and_misplaced(words, state.sketcher.background)[1]}
            texts, revisions = store.texts(numbers), store.revisions_of(numbers)
            given = [
                lead(article.article("").title, "" if place in wrong else texts.get(article.number, ""))
                for place, article in enumerate(page)
            ]
            given += [lead(revision.article.article("").title, revision.text or "") for revision in revisions]
            with self._calling:
                vectors = model.vectors(given)
            every = [*numbers, *(revision.number for revision in revisions)]
            found |= {number: vector.astype("<i2").tobytes() for number, vector in zip(every, vectors, strict=True)}
            last = page[-1].number
            report("embedding", len(found), total)
        return found


def _given(article: Article, dimension: int) -> Sequence[float] | None:
    """Return the vector that an article brings, None if it brings none.

    Raises:
        InputError: it has numbers that are infinite or none, or other dimensions.
    """
    if article.vector is None:
        return None
    vector = np.array(article.vector)
    if not 0 < len(vector) <= LARGEST or not np.isfinite(vector).all():
        what = f"brings a vector that has not 1 to {LARGEST:,} finite numbers"
        raise InputError(f"article {article.id!r} {what}: leave it out, or correct it")
    if dimension and len(vector) != dimension:
        what = f"brings a vector of {len(vector)} dimensions, those of the index have {dimension}"
        raise InputError(f"article {article.id!r} {what}: leave it out, or give one of the same model")
    return article.vector
