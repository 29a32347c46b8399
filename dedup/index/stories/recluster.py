"""All live articles of a store grouped as `cluster` groups them: the truth that placements are brought to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from dedup.article import Notice
from dedup.backends import choose_for_index
from dedup.background import Background
from dedup.index.features.sketch import unpack_words
from dedup.index.store.protocol import Store
from dedup.index.store.records import StoredArticle
from dedup.index.stories.placement import Place
from dedup.inputs.collection import DistinctArticle, build_collection
from dedup.pipeline import ReadArticles, stories_of
from dedup.progress import Progress, silent
from dedup.results.clustering import Clustering
from dedup.results.evidence import StoredEvidence
from dedup.settings import Settings
from dedup.vectorize.features import HashedWords

_PAGE = 500


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What a run over all live articles found.

    Attributes:
        numbers: of the articles, in the order they came.
        clustering: their stories.
        evidence: what these rest on.
        learned: what was learned from them, where that was asked for.
    """

    numbers: tuple[int, ...]
    clustering: Clustering
    evidence: StoredEvidence
    learned: Background | None

    def groups(self) -> list[list[int]]:
        """The numbers of each story's articles."""
        return _by_group(dict(zip(self.numbers, self.clustering.labels, strict=True)))

    def places(self) -> dict[int, Place]:
        """For each article where it is in its group of copies; of its story nothing is told."""
        first: dict[int, int] = {}
        for number, label in zip(self.numbers, self.clustering.copy_labels, strict=True):
            if label >= 0:
                first.setdefault(label, number)
        standing = {self.numbers[self.evidence.collection.members[distinct][0]] for distinct in self._standing()}
        return {
            number: Place(-1, first.get(label), number in standing)
            for number, label in zip(self.numbers, self.clustering.copy_labels, strict=True)
        }

    def shown(self) -> dict[int, int]:
        """For the first article of each story the number of the one to show."""
        place = self.clustering.place
        return {
            min(self.numbers[place(article)] for article in story.articles): self.numbers[place(story.canonical)]
            for story in self.clustering.stories
        }

    def _standing(self) -> list[int]:
        return [int(number) for number in np.flatnonzero((self.evidence.tree.weights > 0) & ~self.evidence.digest)]


def whole(
    store: Store,
    settings: Settings,
    background: Background | None,
    *,
    has_texts: bool,
    progress: Progress | None = None,
    learn: bool = False,
) -> Whole:
    """A run over all articles of a store.

    Args:
        store: what is read.
        settings: those of the run.
        background: what it is judged by; None to learn from these very articles.
        has_texts: whether the store has all texts.
        progress: told how far the work is.
        learn: whether what was learned is wanted.
    """
    tell = progress or silent
    stored: list[StoredArticle] = []
    articles, blocks = [], []
    distinct: dict[bytes, DistinctArticle] = {}
    with store.reading():
        while page := store.after(stored[-1].number if stored else -1, _PAGE):
            numbers = [article.number for article in page]
            texts, sketches = store.texts(numbers), store.sketches(numbers)
            new = []
            for article in page:
                place = len(stored)
                stored.append(article)
                articles.append(article.article(texts.get(article.number, "")))
                same = distinct.get(article.content)
                if same is None:
                    same = DistinctArticle(article.content, len(distinct), article.length, blank=False)
                    distinct[article.content] = same
                    new.append(sketches[article.number].words)
                same.members.append(place)
                if article.told and articles[-1].published is None:
                    same.dateline = date.fromisoformat(article.told)
            if new:
                blocks.append(unpack_words(new))
            tell("reading the store", len(stored), 0)
    notices: list[Notice] = []
    collection, order = build_collection(articles, distinct.values(), notices, has_texts=has_texts)
    backend = choose_for_index(len(stored), settings, progress)
    read = ReadArticles(backend, collection, HashedWords.joined(blocks).take(order), order)
    evidence, learned = stories_of(read, settings, background=background, progress=tell, learn=learn)
    return Whole(tuple(article.number for article in stored), evidence.clustering(settings), evidence, learned)


def _by_group(labels: Mapping[int, int]) -> list[list[int]]:
    """Article numbers by their label, each group ascending."""
    groups: dict[int, list[int]] = defaultdict(list)
    for number in sorted(labels):
        groups[labels[number]].append(number)
    return list(groups.values())
