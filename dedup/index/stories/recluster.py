"""Clustering of all articles of a store, exactly as `cluster` does it. `reconcile` updates placements to it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from dedup.article import Notice
from dedup.backends import choose_for_index
from dedup.background import Background
from dedup.group.decisions import Decision
from dedup.index.features.sketch import unpack_words
from dedup.index.store.protocol import Store
from dedup.index.store.records import StoredArticle
from dedup.index.vocabulary import StoredVocabulary
from dedup.inputs.collection import DistinctArticle, build_collection
from dedup.pipeline import ReadArticles, stories_of
from dedup.progress import Progress, silent
from dedup.results.assemble import labels_of, rank
from dedup.results.clustering import Clustering, Story
from dedup.results.evidence import StoredEvidence
from dedup.settings import Settings
from dedup.vectorize.features import HashedWords

_PAGE = 500


@dataclass(frozen=True, slots=True, eq=False)
class FullClustering:
    """Clustering of all articles.

    Attributes:
        numbers: numbers of the articles, in the order they were added.
        clustering: their stories.
        evidence: scores and tree of the clustering.
        learned: the background learned from the articles, if asked for.
    """

    numbers: tuple[int, ...]
    clustering: Clustering
    evidence: StoredEvidence
    learned: Background | None

    def groups(self) -> list[list[int]]:
        """Return the numbers of each story's articles, ascending."""
        groups: dict[int, list[int]] = defaultdict(list)
        for number, label in sorted(zip(self.numbers, self.clustering.labels, strict=True)):
            groups[label].append(number)
        return list(groups.values())

    def copies(self, groups: Sequence[Sequence[int]]) -> dict[int, tuple[int, bool]]:
        """Return for each article the first of its copy group, and whether it is a representative.

        Args:
            groups: numbers of the articles of each story. Settled stories may hold parts of a copy group: each part is
                a copy group of its own.
        """
        group_of = {number: place for place, group in enumerate(groups) for number in group}
        parts = [
            (label, group_of[number]) if label >= 0 else (-1, number)
            for number, label in zip(self.numbers, self.clustering.copy_labels, strict=True)
        ]
        first: dict[tuple[int, int], int] = {}
        for number, part in zip(self.numbers, parts, strict=True):
            first.setdefault(part, number)
        counted = np.flatnonzero((self.evidence.tree.weights > 0) & ~self.evidence.digest)
        members = self.evidence.collection.members
        representatives = {self.numbers[members[distinct][0]] for distinct in counted.tolist()}
        found = {
            number: (first[part], number in representatives) for number, part in zip(self.numbers, parts, strict=True)
        }
        split = {label for label, count in Counter(label for label, _ in first if label >= 0).items() if count > 1}
        represented = {part for number, part in zip(self.numbers, parts, strict=True) if number in representatives}
        for part, number in first.items():
            if part[0] in split and part not in represented:
                found[number] = number, True
        return found

    def lines(self, story_of: Mapping[int, int]) -> list[list[int]]:
        """Return the stories of each storyline: the one that most of a story's articles are in, of equals the largest.

        Args:
            story_of: the number of the story of each article, by number.
        """
        place = {line.id: number for number, line in enumerate(self.clustering.storylines)}
        held: dict[int, Counter[int]] = defaultdict(Counter)
        for number, label in zip(self.numbers, self.clustering.labels, strict=True):
            held[story_of[number]][place[self.clustering.stories[label].storyline]] += 1
        lines: dict[int, list[int]] = defaultdict(list)
        for story, counts in sorted(held.items()):
            lines[min(counts, key=lambda line: (-counts[line], line))].append(story)
        return list(lines.values())

    def label_of(self) -> dict[int, int]:
        """Return the label of the story of each article, by number."""
        return dict(zip(self.numbers, self.clustering.labels, strict=True))

    def with_stories(self, stories: Iterable[Story], decisions: Sequence[Decision]) -> Clustering:
        """Return the clustering with other stories of the same articles, which decisions have made."""
        ordered = sorted(stories, key=rank)
        labels, copy_labels = labels_of(ordered, [article.id for article in self.clustering.articles])
        evidence = replace(self.evidence, decisions=tuple(decisions))
        found = replace(self.clustering, stories=tuple(ordered), labels=labels, copy_labels=copy_labels)
        return replace(found, _evidence=evidence)

    def shown(self) -> dict[int, int]:
        """Return for the first article of each story the number of the article to show."""
        place = self.clustering.place
        return {
            min(self.numbers[place(article)] for article in story.articles): self.numbers[place(story.canonical)]
            for story in self.clustering.stories
        }


def recluster(
    store: Store,
    settings: Settings,
    background: Background | None,
    *,
    has_texts: bool,
    progress: Progress | None = None,
    learn: bool = False,
) -> FullClustering:
    """Cluster all articles of a store.

    Args:
        store: the store to read.
        settings: settings of the run.
        background: background of the scores; None to learn it from these articles, as `cluster` does.
        has_texts: whether the store has all texts.
        progress: called with the progress of the run.
        learn: whether to return what was learned.
    """
    report = progress or silent
    stored: list[StoredArticle] = []
    articles, blocks = [], []
    distinct: dict[bytes, DistinctArticle] = {}
    withdrawn: list[str] = []
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
                if article.dateline and articles[-1].published is None:
                    same.dateline = date.fromisoformat(article.dateline)
            gone = store.withdrawn(numbers)
            withdrawn += [article.id for article in page if article.number in gone]
            if new:
                blocks.append(unpack_words(new))
            report("reading the store", len(stored), 0)
    notices: list[Notice] = []
    told = [one.told for one in stored]
    collection, order = build_collection(articles, told, distinct.values(), notices, has_texts=has_texts)
    backend = choose_for_index(len(stored), settings, progress)
    vocabulary = StoredVocabulary(store)
    vocabulary.use(backend)
    vocabulary.read()
    backend.vocabulary = vocabulary.words
    read = ReadArticles(backend, collection, HashedWords.joined(blocks).take(order), order)
    evidence, learned = stories_of(read, settings, background=background, progress=report, learn=learn)
    evidence = replace(evidence, known_withdrawn=frozenset(withdrawn))
    return FullClustering(tuple(article.number for article in stored), evidence.clustering(settings), evidence, learned)
