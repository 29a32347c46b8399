"""The pipeline: reads articles, finds copies, scores pairs and groups them into stories."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.article import Article, Notice
from dedup.backends import PlainBackend, choose
from dedup.background import Background
from dedup.embedding import Embed, Embedding, lead
from dedup.group.copies import coherent, copy_groups, digests, representatives, title_keys, without_parts
from dedup.group.cut import EVENT
from dedup.group.decisions import Decision
from dedup.group.fused_storylines import with_fused_storylines
from dedup.group.joining import with_joins
from dedup.group.pages import Holders, pages
from dedup.group.storylines import Groups, scores_between, with_storylines
from dedup.inputs.collection import ArticleReader, Collection
from dedup.inputs.preferences import Preferences
from dedup.kinds import FOLLOWING
from dedup.match.copies import alike_candidates, decide
from dedup.match.crowding import estimate_crowding, sample_of
from dedup.match.families import decide_by_family
from dedup.match.meaning import Meaning, Near
from dedup.match.notices import copies_among_notices, notices_apart
from dedup.match.opinion import opinions
from dedup.match.series import in_series
from dedup.match.stories import mean_similarity, same_outlet, with_headlines, with_outlet_penalty
from dedup.match.versions import are_versions
from dedup.memory import give_back
from dedup.progress import Progress, silent
from dedup.results.clustering import Clustering, Explanation
from dedup.results.evidence import StoredEvidence
from dedup.settings import Settings, checked
from dedup.vectorize.boilerplate import find_boilerplate, remaining
from dedup.vectorize.cross_lingual import number_languages
from dedup.vectorize.features import HashedWords
from dedup.vectorize.general import general_matrix
from dedup.vectorize.misplaced_body import body_digest, misplaced

if TYPE_CHECKING:
    import pandas as pd

    from dedup.group.linkage import Tree


_DAY = 86_400.0


def cluster(
    articles: Iterable[Article | Mapping[str, Any] | str] | pd.DataFrame,
    settings: Settings | None = None,
    *,
    background: Background | None = None,
    progress: Progress | None = None,
    second_opinion: Embed | None = None,
    embedding: Embedding | Embed | str | None = None,
    keep_texts: bool = True,
    decisions: Iterable[Mapping[str, Any]] = (),
) -> Clustering:
    """Group articles into stories, and the copies inside them.

    Args:
        articles: `Article`s, mappings with the usual names (see `from_record`), plain strings, or a data frame. The
            result does not depend on their order. They are consumed one at a time.
        settings: the defaults suit every collection.
        background: a frozen background, see `learn_background`. By default it is learned from these articles, which
            suits a collection that is clustered once.
        progress: callback that receives the stage, the amount done and the total.
        second_opinion: an embedding for the pairs on which words do not decide: a function that maps a list of texts to
            an array of shape (texts, dimensions). See `dedup.match.opinion`.
        embedding: an embedding that adds articles which words left alone to stories, and helps to make storylines: an
            `Embedding`, a function as for `second_opinion`, or a name such as `python:MODULE:FUNCTION`. It takes
            no story apart, unites no two stories of several articles, and makes no copies. See `dedup.match.meaning`.
        keep_texts: whether the articles of the result keep their texts. Without texts, a large collection takes less
            memory, but pairs cannot be explained; articles without a title keep the beginning of the text as one.
        decisions: decisions of editors that the stories follow, the oldest first: records of `dedup index decisions`.

    Returns:
        A clustering of all articles. An article without any text is a story of its own, with a notice.

    Raises:
        InputError: an item cannot be converted to an article.
        SettingsError: `settings` is not a `Settings`.
        SecondOpinionError: the second opinion failed, or did not return one vector per text.
        EmbeddingError: the embedding is missing, failed or took too long, or a vector is not finite or of other
            dimensions than the rest.
    """
    settings, progress = checked(settings) or Settings(), progress or silent
    decided = tuple(Decision.from_record(decision) for decision in decisions)
    model = None if embedding is None else Embedding.of(embedding)
    preferences = Preferences(settings)
    keep_texts = keep_texts or second_opinion is not None or model is not None
    reader = ArticleReader(articles, keep_texts=keep_texts, preferences=preferences)
    read = _read(reader, settings, progress, background)
    findings, _ = stories_of(
        read, settings, background=background, progress=progress, second_opinion=second_opinion, embedding=model
    )
    return replace(findings, decisions=decided).clustering(settings)


def learn_background(
    articles: Iterable[Article | Mapping[str, Any] | str] | pd.DataFrame,
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
) -> Background:
    """Learn a background from articles: word frequencies, boilerplate and crowding, to compare later articles with.

    A few thousand articles similar to the later ones suffice, ideally one week.

    Args:
        articles: as for `cluster`.
        settings: as for `cluster`.
        progress: as for `cluster`.

    Raises:
        InputError: an item cannot be converted to an article.
    """
    settings, progress = checked(settings) or Settings(), progress or silent
    read = _read(ArticleReader(articles, keep_texts=False), settings, progress)
    _, learned = stories_of(read, settings, progress=progress, learn=True)
    return learned or Background.general()


@dataclass(slots=True)
class ReadArticles:
    """Articles with their hashed words.

    Attributes:
        backend: what runs the steps.
        collection: the articles.
        words: hashed words of the distinct articles; released by `stories_of`.
        order: for each distinct article the position at which the backend read it, shape (distinct,).
        vectors: returns the kept embeddings of distinct articles, in units of `GRAIN`; None if none are kept.
    """

    backend: PlainBackend
    collection: Collection
    words: HashedWords | None
    order: NDArray[np.int64]
    vectors: Callable[[NDArray[np.int64]], NDArray[np.int16]] | None = None


def _read(
    reader: ArticleReader, settings: Settings, progress: Progress, background: Background | None = None
) -> ReadArticles:
    progress("reading the words", 0, 0)
    backend, texts = choose(reader.texts(), settings, progress)
    words = backend.read(texts, background.words if background else b"")
    collection, order = reader.collection(_pages(reader, words, backend))
    words = words.take(order)
    give_back()
    return ReadArticles(backend, collection, words, order)


def _pages(reader: ArticleReader, words: HashedWords, backend: PlainBackend) -> list[list[int]]:
    """Return the positions of the versions of each page with several, the latest last."""
    held, known = reader.versions()

    def are_same(one: int, other: int, specific: bool) -> bool:
        first, second = known[one], known[other]
        if (first.id, first.row) == (second.id, second.row):  # a record that is given twice is a copy
            return False
        if first.told.is_certain_version(second.told, specific=specific):
            return True
        days = abs(second.seconds - first.seconds) / _DAY if math.isfinite(first.seconds) else math.nan
        return are_versions(words, first.row, second.row, days, backend, specific=specific)

    return pages(starmap(Holders, held), are_same, known.__getitem__)


def stories_of(
    read: ReadArticles,
    settings: Settings,
    *,
    background: Background | None = None,
    progress: Progress = silent,
    second_opinion: Embed | None = None,
    embedding: Embedding | None = None,
    learn: bool = False,
) -> tuple[StoredEvidence, Background | None]:
    """Find the stories of read articles; return the findings, and the learned background where `learn` is true."""
    backend, collection, order = read.backend, read.collection, read.order
    words, count = read.words or HashedWords.joined([]), len(collection)
    read.words = None

    progress("looking for boilerplate", 0, count)
    passages, foreign, own = np.empty(0, np.uint64), list[int](), words
    if background:
        keep, foreign = background.own_words(words, backend.outside_boilerplate)
        passages, own = background.passages, words.kept(keep)
    outlets = collection.outlets()
    wrong = misplaced(own, outlets)
    bodies = frozenset(body_digest(own, place) for place in wrong) if learn else frozenset()
    passages = np.union1d(passages, find_boilerplate(own.kept(own.outside_bodies(wrong)), backend))
    del own
    foreign = sorted({*foreign, *wrong})
    keep = words.outside_bodies(foreign)
    words = words.kept(keep)
    stays = remaining(words, passages, backend.outside_boilerplate)
    keep[keep] = stays
    words = words.kept(stays)
    features = backend.features(words, keep, order, progress)
    del keep, stays
    give_back()

    progress("looking for copies", 0, count)
    banded = backend.band_candidates(features.signatures, words.lengths() > 0)
    copies, templates, never, family = decide_by_family(words, backend, banded, collection.seconds, settings)
    abouts = collection.abouts()
    copies = copies.where(~copies_among_notices(abouts, copies))
    titles_of = [collection.first(place).title for place in range(count)]
    strangers = family | in_series(titles_of, outlets, collection.seconds)
    representative = representatives(copies, templates, collection.seniorities())
    among = np.unique(representative)

    progress("weighing the words", 0, count)
    languages = backend.detect(words)
    frequencies = background.frequencies if background else backend.frequencies(features, languages, among)
    vectors = backend.tfidf(features, languages, frequencies)
    background_similarity = (
        background.ordinariness(vectors)
        if background
        else mean_similarity(vectors.matrix, representative, backend.products)
    )
    cross_lingual = backend.cross_lingual_vectors(vectors, features, languages)
    sketches = features.signatures
    del features  # the largest object no longer needed
    give_back()
    apart_from = strangers if strangers.any() else None
    compared = (collection.seconds, among, never)
    if background:
        crowding = background.crowd
    else:
        related = backend.related_to(
            sample_of(among), vectors.matrix, background_similarity, *compared, cross_lingual, apart_from
        )
        crowding = estimate_crowding(related, collection.seconds, among)
    background_similarity = background_similarity + crowding
    pairs = backend.story_pairs(
        vectors.matrix, background_similarity, *compared, progress, cross_lingual, apart_from, crowding
    )
    general = general_matrix(vectors, languages, frequencies, settings)
    if background:
        strangeness = background.general_ordinariness(general, vectors.terms)
    else:
        strangeness = mean_similarity(general, representative, backend.products)
    learned = None
    if learn:
        known = backend.vocabulary.packed()
        learned = Background.of(frequencies, vectors, general, representative, crowding, passages, bodies, known)
    del frequencies
    give_back()

    progress("grouping", 0, count)
    agreeing = backend.agreeing_slots(sketches, np.stack([pairs.a, pairs.b], axis=1))
    alike = alike_candidates(pairs, banded, agreeing)
    more_copies, more_templates, apart, _ = decide(words, backend, alike, collection.seconds, settings)
    copies, templates = copies.with_others(more_copies), templates.with_others(more_templates)
    copies = copies.where(~copies_among_notices(abouts, copies))
    titles = title_keys(words, copies)
    digest = digests(copies, words.lengths(), vectors.matrix, titles)
    copies = copies.where(without_parts(copies, digest))
    copies = copies.where(coherent(copies, templates, partial(backend.overlaps, words), settings.copy_overlap, titles))
    pairs = pairs.where(~(digest[pairs.a] | digest[pairs.b]) & ~pairs.among(apart))
    pairs = pairs.where(~notices_apart(abouts, pairs.a, pairs.b, collection.seconds))
    pairs = with_headlines(with_outlet_penalty(pairs, outlets, settings), words.forms())
    opinion = opinions(pairs, collection.text_getter(foreign), second_opinion, progress) if second_opinion else None
    if opinion is not None:
        pairs = replace(pairs, score=pairs.score + opinion)
    weights = (representative == np.arange(count)).astype(np.int64)
    follows = np.array([collection.kind(distinct) in FOLLOWING for distinct in range(count)], np.bool_)
    singles = Groups.of(general, strangeness, collection.seconds, weights, backend.products)
    lengths = words.lengths()
    del words, sketches, banded, agreeing, alike, general  # the storylines need memory
    give_back()
    tree = backend.average_linkage(pairs, copy_groups(copies, templates), weights, follows)
    scored = partial(scores_between, crowding=crowding, settings=settings)
    tree = with_storylines(tree, backend.cut(tree, EVENT), singles, pairs, scored, backend.average_linkage)
    meaning, by_words = None, None
    if embedding:
        takes_part, by_words = (weights > 0) & ~follows & ~digest & (lengths > 0), tree
        embedded = _embedded(embedding, read, foreign, np.flatnonzero(takes_part), progress)
        progress("comparing by the embedding", 0, count)
        meaning = _meaning(embedding, embedded, takes_part, languages, collection, tree, backend.cut, settings)
        near = _near(meaning, collection, tree, backend.cut, settings)
        near = near.where(~(near.among(never) | near.among(apart) | (strangers[near.a] & strangers[near.b])))
        tree = with_joins(
            tree, backend.cut(tree, EVENT), backend.cut(tree, 1.0), near, meaning.known, collection.counts()
        )
        tree = with_fused_storylines(tree, backend.cut(tree, EVENT), singles, pairs, near, meaning.known, scored)
    notices = (*collection.notices, *map(_notice, collection.in_input_order(foreign)))
    findings = StoredEvidence(
        collection, foreign, vectors, background_similarity, pairs, copies, templates, digest, tree, notices,
        cross_lingual=cross_lingual, crowding=crowding, boilerplate=passages, opinion=opinion, meaning=meaning,
        by_words=by_words, cut=backend.cut, substitutes=backend.vocabulary.substitutes,
        preferences=Preferences(settings),
    )  # fmt: skip
    return findings, learned


def _embedded(
    embedding: Embedding, read: ReadArticles, foreign: Sequence[int], places: NDArray[np.int64], progress: Progress
) -> NDArray[np.int16]:
    """Return the embeddings of some distinct articles, in units of `GRAIN`: those that are kept, or new ones."""
    if read.vectors is not None:
        return read.vectors(places)
    articles, title_only = [read.collection.first(place) for place in places.tolist()], {*foreign}
    texts = [
        lead(article.title, "" if place in title_only else article.text)
        for place, article in zip(places.tolist(), articles, strict=True)
    ]
    return embedding.vectors(texts, [article.vector for article in articles], progress)


def _meaning(
    embedding: Embedding,
    embedded: NDArray[np.int16],
    takes_part: NDArray[np.bool_],
    languages: Sequence[str],
    collection: Collection,
    tree: Tree,
    cut: Callable[[Tree, float], NDArray[np.int64]],
    settings: Settings,
) -> Meaning:
    """Learn from the merge tree by words what the cosines of those that take part tell."""
    vectors = np.zeros((len(collection), embedded.shape[1]), np.int16)
    vectors[takes_part] = embedded
    return Meaning.of(
        embedding.name, vectors, takes_part, number_languages(languages), collection.seconds, settings.window,
        (cut(tree, EVENT), cut(tree, 1.0)),
    )  # fmt: skip


def _near(
    meaning: Meaning,
    collection: Collection,
    tree: Tree,
    cut: Callable[[Tree, float], NDArray[np.int64]],
    settings: Settings,
) -> Near:
    """Return the close pairs.

    They are close enough for one story only if at least one of the two is alone in its story by words, and never if
    they are of one outlet: it reports a development once, and what is close to that report is about what happened next.
    """
    story, seconds = cut(tree, EVENT), collection.seconds
    alone = np.bincount(story, collection.counts())[story] <= 1
    near = meaning.near(meaning.known, seconds, settings.window)
    near = near.where(~notices_apart(collection.abouts(), near.a, near.b, seconds))
    never = same_outlet(collection.outlets(), near.a, near.b) | ~(alone[near.a] | alone[near.b])
    return replace(near, story=np.where(never, 0, near.story))


def compare(
    a: Article | Mapping[str, Any] | str, b: Article | Mapping[str, Any] | str, settings: Settings | None = None
) -> Explanation:
    """Compare two articles: whether they are one text or one story, and why.

    Word frequencies come from the shipped background alone.

    Raises:
        InputError: one of them cannot be converted to an article.
    """
    return cluster([a, b], settings).explain(0, 1)


def _notice(article: Article) -> Notice:
    problem = "its text stands under other, unrelated titles too"
    return Notice(article.where or article.path or article.id, problem, "judged by its title alone", skipped=False)
