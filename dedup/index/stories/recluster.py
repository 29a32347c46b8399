"""Clustering of all articles of a store, exactly as `cluster` does it. `reconcile` updates placements to it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dedup.article import Notice
from dedup.backends import choose_for_index
from dedup.background import Background
from dedup.embedding import Embedding
from dedup.group.decisions import Decision
from dedup.index.features.sketch import unpack_words
from dedup.index.store.protocol import Store
from dedup.index.store.records import StoredArticle
from dedup.index.stories.scale import Scale
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
        by_words: the story of each article before an embedding added to it.
    """

    numbers: tuple[int, ...]
    clustering: Clustering
    evidence: StoredEvidence
    learned: Background | None
    by_words: Sequence[int]

    def groups(self) -> list[list[int]]:
        """Return the numbers of the articles of each story that words found, ascending."""
        groups: dict[int, list[int]] = defaultdict(list)
        for number, label in sorted(zip(self.numbers, self.by_words, strict=True)):
            groups[label].append(number)
        return list(groups.values())

    def joined(self) -> list[list[int]]:
        """Return the numbers of the articles that an embedding joined, story by story.

        The first of each is of the story of several that words found, or the first of all.
        """
        words = self.by_words
        found: dict[int, list[int]] = defaultdict(list)
        for place in range(len(self.numbers)):
            found[self.clustering.labels[place]].append(place)
        groups = []
        for places in found.values():
            counts = Counter(words[place] for place in places)
            if len(counts) > 1:
                best = min(places, key=lambda place: (counts[words[place]] == 1, self.numbers[place]))
                others = [place for place in places if words[place] != words[best]]
                groups.append([self.numbers[best], *sorted(self.numbers[place] for place in others)])
        return groups

    def scale(self, languages: Sequence[str]) -> Scale:
        """Return what the embedding tells in this run, given the languages of the articles."""
        meaning, names = self.evidence.meaning, dict[int, str]()
        if meaning is None:
            raise ValueError("the run had no embedding")
        for place, distinct in enumerate(self.evidence.distinct.tolist()):
            names.setdefault(int(meaning.languages[distinct]), languages[place])
        return Scale.of(meaning, names)

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
        """Return for the first article of each story that words found the number of the article to show."""
        place, found = self.clustering.place, dict[int, int]()
        for story in self.clustering.stories:
            parts: dict[int, int] = {}
            for number, at in sorted((self.numbers[place(article)], place(article)) for article in story.articles):
                parts.setdefault(self.by_words[at], number)
            found |= dict.fromkeys(parts.values(), self.numbers[place(story.canonical)])
        return found


def recluster(
    store: Store,
    settings: Settings,
    background: Background | None,
    *,
    has_texts: bool,
    embedding: str = "",
    progress: Progress | None = None,
    learn: bool = False,
) -> FullClustering:
    """Cluster all articles of a store.

    Args:
        store: the store to read.
        settings: settings of the run.
        background: background of the scores; None to learn it from these articles, as `cluster` does.
        has_texts: whether the store has all texts.
        embedding: name of the embedding, "" without one.
        progress: called with the progress of the run.
        learn: whether to return what was learned.
    """
    report = progress or silent
    stored: list[StoredArticle] = []
    articles, blocks = [], []
    embedded: dict[int, bytes] = {}
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
            if embedding:
                embedded |= store.embedded(numbers)
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

    def vectors(places: NDArray[np.int64]) -> NDArray[np.int16]:
        numbers = [stored[collection.members[place][0]].number for place in places.tolist()]
        return unpacked_embeddings([embedded.get(number, b"") for number in numbers])

    read = ReadArticles(backend, collection, HashedWords.joined(blocks).take(order), order, vectors)
    model = Embedding(None, embedding) if embedding else None
    evidence, learned = stories_of(read, settings, background=background, progress=report, embedding=model, learn=learn)
    evidence = replace(evidence, known_withdrawn=frozenset(withdrawn))
    clustering = evidence.clustering(settings)
    by_words: Sequence[int] = clustering.labels
    if evidence.by_words is not None:
        by_words = evidence.cut(evidence.by_words, settings.granularity)[evidence.distinct].tolist()
    return FullClustering(tuple(article.number for article in stored), clustering, evidence, learned, by_words)


def unpacked_embeddings(packed: Sequence[bytes]) -> NDArray[np.int16]:
    """Return packed embeddings, zeros for an empty one, shape (embeddings, dimensions)."""
    found = np.zeros((len(packed), max((len(one) // 2 for one in packed), default=0)), np.int16)
    for place, one in enumerate(packed):
        if one:
            found[place] = np.frombuffer(one, "<i2")
    return found
