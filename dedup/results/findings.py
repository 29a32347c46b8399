"""The findings of a run: vectors, scored pairs, copies and merge tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.group.canonical import Versions
from dedup.group.copies import copy_groups
from dedup.group.cut import cut
from dedup.group.decisions import Decision
from dedup.group.linkage import Tree
from dedup.inputs.collection import Collection
from dedup.inputs.preferences import Preferences
from dedup.kinds import SECONDARY
from dedup.match.copies import Overlaps
from dedup.match.meaning import UNIT, Meaning
from dedup.match.probability import Probabilities
from dedup.match.stories import Pairs, products, same_outlet
from dedup.results.clustering import NO_TEXTS
from dedup.settings import Settings
from dedup.text.document import Document
from dedup.text.kill_notices import named_titles, title_key
from dedup.text.spans import spans
from dedup.vectorize.boilerplate import outside_boilerplate, remaining
from dedup.vectorize.cross_lingual import CrossLingual
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import hashes_of
from dedup.vectorize.tfidf import Vectors
from dedup.vectorize.vocabulary import substituted


@dataclass(frozen=True)
class Findings:
    """The findings of a run over the distinct articles of a collection, numbered as in `Collection`.

    Attributes:
        collection: the articles.
        misplaced: the articles with a misplaced body, ascending.
        vectors: their TF-IDF vectors.
        background_similarity: mean similarity of each to the others, plus `crowding`, shape (articles,).
        pairs: the same-story pairs that the tree was built from.
        copies: the pairs of copies.
        templates: the pairs made from the same template.
        digest: whether each article is a digest, shape (articles,).
        tree: the merge tree.
        notices: problems of the input, and how each was handled.
        cross_lingual: vectors by which articles of different languages are compared; None with one language.
        boilerplate: hashes of the passages removed from bodies, see `dedup.vectorize.boilerplate`.
        crowding: subtracted from all scores of the collection, see `dedup.match.crowding`.
        opinion: added to the score of each pair by a second opinion, in score units; None where there was none.
        meaning: what an embedding tells about pairs; None where there was none.
        by_words: the merge tree before the embedding; None where there was none.
        substitutes: see `Vocabulary.substitutes`.
        cut: function that cuts the tree: `dedup.group.cut.cut` or its kernel.
        decisions: those of editors, the oldest first.
        known_withdrawn: ids of articles that are known to be withdrawn; see `withdrawn` for those that are found.
        preferences: those of the user.
    """

    collection: Collection
    misplaced: Sequence[int]
    vectors: Vectors
    background_similarity: NDArray[np.float64]
    pairs: Pairs
    copies: Overlaps
    templates: Overlaps
    digest: NDArray[np.bool_]
    tree: Tree
    notices: tuple[Notice, ...]
    cross_lingual: CrossLingual | None = None
    boilerplate: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    crowding: float = 0.0
    opinion: NDArray[np.int64] | None = None
    meaning: Meaning | None = None
    by_words: Tree | None = None
    substitutes: Mapping[int, int] = field(default_factory=dict)
    cut: Callable[[Tree, float], NDArray[np.int64]] = cut
    decisions: tuple[Decision, ...] = ()
    known_withdrawn: frozenset[str] = frozenset()
    preferences: Preferences = field(default_factory=lambda: Preferences(Settings()))

    @cached_property
    def distinct(self) -> NDArray[np.int64]:
        """Number of the distinct article of each article, in input order; shape (articles,)."""
        return self.collection.inverse()

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """For each distinct article the first of its copy group, or itself; shape (distinct,)."""
        found = np.arange(len(self.collection))
        for group in copy_groups(self.copies, self.templates):
            found[group] = group[0]
        return found

    @cached_property
    def versions(self) -> Versions:
        """What the canonical articles are chosen by, for each distinct article."""
        collection, terms = self.collection, np.diff(self.vectors.matrix.indptr)
        seconds = np.where(np.isnan(collection.seconds), np.inf, collection.seconds)
        secondary = [collection.told[members[0]].kind.kind in SECONDARY for members in collection.members]
        shown = [self.shown(distinct) for distinct in range(len(collection))] if self._is_ranked else []
        return Versions(
            *(terms.tolist(), collection.lengths.tolist(), seconds.tolist(), secondary),
            [article.id in self.withdrawn for article in shown] if self.withdrawn else (),
            [self.preferences.rank(article) for article in shown] if self.preferences else (),
        )

    @cached_property
    def withdrawn(self) -> frozenset[str]:
        """Ids of the articles that withdraw another of their outlet, or are withdrawn so or known to be."""
        collection = self.collection
        latest = [place for places in collection.members for place in places]
        notices = [collection.articles[place] for place in latest if collection.told[place].withdraws]
        if not notices:
            return self.known_withdrawn
        titled: dict[tuple[str, str], list[str]] = {}
        for article in (collection.articles[place] for place in latest):
            titled.setdefault((article.source, title_key(article.title)), []).append(article.id)
        keys = ((notice.source, key) for notice in notices for key in named_titles(notice.title, notice.text))
        named = (id_ for key in keys for id_ in titled.get(key, ()))
        return self.known_withdrawn | frozenset((*(notice.id for notice in notices), *named))

    @property
    def _is_ranked(self) -> bool:
        return bool(self.withdrawn or self.preferences)

    def shown(self, distinct: int) -> Article:
        """Return the article to show of those with the content of a distinct one."""
        places = self.collection.members[distinct]
        if len(places) == 1 or not self._is_ranked:
            return self.collection.first(distinct)
        articles = (self.collection.articles[place] for place in places)
        return min(articles, key=lambda one: (one.id in self.withdrawn, self.preferences.rank(one)))

    @cached_property
    def parents(self) -> NDArray[np.int64]:
        """Parent of each node of the merge tree, -1 for a root."""
        nodes = self.tree.leaves + len(self.tree.height)
        parent = np.full(nodes, -1)
        parent[self.tree.left] = parent[self.tree.right] = np.arange(self.tree.leaves, nodes)
        return parent

    @cached_property
    def outlets(self) -> NDArray[np.int64]:
        """Number of the outlet of each distinct article, -1 where unknown."""
        return self.collection.outlets()

    @cached_property
    def events(self) -> NDArray[np.int64]:
        """Story of each distinct article at the default granularity, to which link probabilities refer."""
        return self.cut(self.tree, Settings().granularity)

    @cached_property
    def storylines(self) -> NDArray[np.int64]:
        """Storyline of each distinct article."""
        return self.cut(self.tree, 1.0)

    @cached_property
    def probabilities(self) -> Probabilities:
        """The calibration curves of link probabilities."""
        return Probabilities.shipped()

    def of_one_story(
        self, a: NDArray[np.int64], b: NDArray[np.int64], score: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the probability that pairs of distinct articles belong to one story, given their scores."""
        return self.probabilities.of_stories(
            score, self.density(a, b), self.foreign(a, b), self.events[a] == self.events[b]
        )

    def of_one_outlet(self, a: int, b: int) -> bool:
        """Return whether two distinct articles are known to come from one outlet."""
        return a != b and bool(same_outlet(self.outlets, np.array([a]), np.array([b]))[0])

    def density(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the mean background similarity of pairs, without crowding."""
        return (self.background_similarity[a] + self.background_similarity[b]) / 2 - self.crowding

    def second_opinion(self, a: int, b: int) -> float:
        """Return the score that a second opinion added for two distinct articles, 0 where it was not asked."""
        if self.opinion is None:
            return 0.0
        a, b = min(a, b), max(a, b)
        first, end = np.searchsorted(self.pairs.a, [a, a + 1]).tolist()  # pairs are sorted
        place = first + int(np.searchsorted(self.pairs.b[first:end], b))
        known = place < end and int(self.pairs.b[place]) == b
        return float(self.opinion[place]) * SCORE_UNIT if known else 0.0

    def chance(self, a: int, b: int) -> float | None:
        """Return the chance of one story that an embedding gives two distinct articles, None where it gives none."""
        if self.meaning is None or not (self.meaning.known[a] and self.meaning.known[b]):
            return None
        story, _ = self.meaning.chances(np.array([a]), np.array([b]))
        return int(story[0]) / UNIT

    def same_template(self, a: int, b: int) -> bool:
        """Return whether two distinct articles, a < b, are made from the same template."""
        return bool(np.any((self.templates.a == a) & (self.templates.b == b)))

    def documents(self, *distinct: int) -> tuple[list[Document], HashedWords]:
        """Return the documents of distinct articles without boilerplate and misplaced bodies, and their hashed words.

        Raises:
            InputError: the texts were not kept.
        """
        if not self.collection.has_texts:
            raise InputError(NO_TEXTS)
        articles = map(self.collection.first, distinct)
        documents = [Document.of(article.title, article.text) for article in articles]
        words = substituted(HashedWords.of(documents, hashes_of), self.substitutes)
        keep = words.outside_bodies([place for place, number in enumerate(distinct) if number in self.misplaced])
        keep[keep] = remaining(words.kept(keep), self.boilerplate, outside_boilerplate)
        parts = np.split(keep, words.offsets[1:-1])
        kept = [document.where(*parts[2 * place : 2 * place + 2]) for place, document in enumerate(documents)]
        return kept, words.kept(keep)

    def removed(self, distinct: int) -> tuple[str, ...]:
        """Return the parts of a distinct article's title and text that are boilerplate, in their order.

        Raises:
            InputError: the texts were not kept.
        """
        article, (title, body) = self._removed(distinct)
        parts = [(article.title, title), (article.text, body)]
        if distinct in self.misplaced:
            parts = parts[:1]
        return tuple(text[start:end] for text, some in parts for start, end in _stretches(text, some))

    def removed_from_text(self, distinct: int) -> list[tuple[int, int]]:
        """Return where the parts of a distinct article's text are that were not compared, as characters.

        Raises:
            InputError: the texts were not kept.
        """
        article, (_, body) = self._removed(distinct)
        return [(0, len(article.text))] if distinct in self.misplaced else _stretches(article.text, body)

    def _removed(self, distinct: int) -> tuple[Article, list[NDArray[np.bool_]]]:
        """Return a distinct article, and which words of its title and of its body are boilerplate."""
        if not self.collection.has_texts:
            raise InputError(NO_TEXTS)
        article = self.collection.first(distinct)
        document = Document.of(article.title, article.text)
        words = substituted(HashedWords.of([document], hashes_of), self.substitutes)
        gone = ~remaining(words, self.boilerplate, outside_boilerplate)
        title, body = np.split(gone, [len(document.title)])
        return article, [np.append(title, np.ones(document.label, np.bool_)), body]

    def cosines(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the cosines of pairs of distinct articles, by cross-lingual vectors where languages differ."""
        found = products(self.vectors.matrix, a, b)
        if self.cross_lingual is not None:
            foreign = self.foreign(a, b)
            found[foreign] = products(self.cross_lingual.matrix, a[foreign], b[foreign])
        return found

    def foreign(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the articles of each pair are in different languages."""
        return np.zeros(len(a), bool) if self.cross_lingual is None else self.cross_lingual.spans(a, b)

    def compared_by(self, a: int, b: int) -> sp.csr_array:
        """Return the vectors by which two distinct articles are compared."""
        foreign = bool(self.foreign(np.array([a]), np.array([b]))[0])
        return self.cross_lingual.matrix if self.cross_lingual is not None and foreign else self.vectors.matrix


def _stretches(text: str, some: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where the parts of a text are that consist of some of its words; `some` is of its last words."""
    if not some.any():
        return []
    found = spans(text)
    first = len(found) - len(some)
    edges = np.flatnonzero(np.diff(some.astype(np.int8), prepend=0, append=0)).reshape(-1, 2) + first
    return [(int(found.starts[begin]), int(found.ends[end - 1])) for begin, end in edges.tolist()]
