"""The whole way on one screen: from articles, in whatever form they come, to stories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.article import Article, Notice
from dedup.clustering import Clustering, Explanation, Progress
from dedup.collection import Collection, collect
from dedup.evidence import StoredEvidence
from dedup.group.copies import copy_groups, digests, held_together, representatives, without_parts
from dedup.group.linkage import average_linkage
from dedup.match.copies import alike_candidates, band_candidates, decide, never_one_story, overlaps
from dedup.match.crowd import crowding
from dedup.match.opinion import Embed, opinions
from dedup.match.stories import ordinariness, rescored, story_pairs
from dedup.settings import Settings
from dedup.text.document import Document
from dedup.vectorize.boilerplate import overwritten
from dedup.vectorize.bridge import bridge
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.furniture import furniture, without_furniture
from dedup.vectorize.language import detect
from dedup.vectorize.reference import figures, signatures, term_counts
from dedup.vectorize.weights import tfidf

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def cluster(
    articles: Iterable[Article | Mapping[str, Any] | str] | pd.DataFrame,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    second_opinion: Embed | None = None,
) -> Clustering:
    """Groups articles into stories, and the copies inside them.

    Args:
        articles: `Article`s, mappings with the usual names (see `from_record`), plain strings, or a data frame. Their
            order does not matter.
        settings: the defaults serve every collection.
        progress: told how far the work is.
        second_opinion: an embedding of the caller's own, asked about the pairs on which the words do not decide: it
            takes a list of texts and gives an array, a row for each. See `dedup.match.opinion`.

    Returns:
        A clustering that holds every article: one without any text is a story of its own, and a notice says so.

    Raises:
        InputError: something among the articles is no article at all.
        SecondOpinionError: the embedding failed, or gave something else than a vector for each text.
    """
    settings, tell = settings or Settings(), progress or _silent
    collection = collect(articles)
    count = len(collection)
    tell("reading the words", 0, count)
    documents, foreign, passages = read_words(collection)

    tell("looking for copies", 0, count)
    present = np.array([bool(document.words) for document in documents], bool)
    sketches = signatures(documents, settings)
    banded = band_candidates(sketches, present, settings)
    copies, forms = decide(documents, banded, collection.seconds, settings)
    standing = representatives(copies, forms, collection.seniorities())
    texts = np.unique(standing)

    tell("counting the words", 0, count)
    every, capitals = term_counts(documents, settings)
    languages = [detect(document) for document in documents]
    frequencies = Frequencies.of(every[texts], [languages[text] for text in texts])
    vectors = tfidf(every, capitals, languages, frequencies, settings)
    ordinary = ordinariness(vectors.matrix, standing)
    across = bridge(vectors, capitals, figures(documents), languages)
    never = never_one_story(documents, forms)
    pairs = story_pairs(vectors.matrix, ordinary, collection.seconds, texts, never, settings, tell, across)
    crowd = crowding(pairs, collection.seconds, texts)
    ordinary = ordinary + crowd
    pairs = rescored(pairs, ordinary, collection.seconds, settings)

    tell("grouping", 0, count)
    alike = alike_candidates(pairs, banded, sketches)
    more_copies, more_forms = decide(documents, alike, collection.seconds, settings)
    copies, forms = copies.with_others(more_copies), forms.with_others(more_forms)
    lengths = np.array([len(document.words) for document in documents], np.int64)
    digest = digests(copies, lengths, vectors.matrix)
    copies = copies.where(without_parts(copies, digest))
    compared = partial(overlaps, documents, settings=settings)
    copies = copies.where(held_together(copies, forms, compared, settings.copy_overlap))
    pairs = pairs.where(~(digest[pairs.a] | digest[pairs.b]) & ~pairs.among(never_one_story(documents, more_forms)))
    opinion = opinions(pairs, collection.wording(foreign), second_opinion, tell) if second_opinion else None
    if opinion is not None:
        pairs = replace(pairs, score=pairs.score + opinion)
    weights = (standing == np.arange(count)).astype(np.int64)
    tree = average_linkage(pairs, copy_groups(copies, forms), weights)
    notices = (*collection.notices, *map(_notice, map(collection.first, foreign)))
    evidence = StoredEvidence(collection, foreign, vectors, ordinary, pairs, copies, forms, digest, tree, notices)
    return replace(evidence, across=across, crowd=crowd, furniture=passages, opinion=opinion).clustering(settings)


def compare(
    a: Article | Mapping[str, Any] | str, b: Article | Mapping[str, Any] | str, settings: Settings | None = None
) -> Explanation:
    """Whether two articles are one text, or one story, and why.

    They are judged on their own, so how rare their words are is known from the shipped background alone.

    Raises:
        InputError: one of them is no article at all.
    """
    return cluster([a, b], settings).explain(0, 1)


def read_words(collection: Collection) -> tuple[list[Document], list[int], NDArray[np.uint64]]:
    """The documents of a collection, which were left without a body that is not theirs, and the furniture taken out."""
    documents = collection.documents()
    foreign = overwritten(documents)
    for place in foreign:
        documents[place] = documents[place].without_body()
    passages = furniture(documents)
    return [without_furniture(document, passages) for document in documents], foreign, passages


def _notice(article: Article) -> Notice:
    problem = f"the text of {article.id!r} stands under other, unrelated titles too"
    return Notice(article.where or article.path or article.id, problem, "judged by its title alone", skipped=False)


def _silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""
