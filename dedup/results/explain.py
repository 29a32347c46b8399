"""Links of a clustering, and explanations of pairs: scores, shared words, reasons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.group.cut import pair_threshold
from dedup.match import mentions
from dedup.match.copies import Overlaps, overlaps
from dedup.match.passages import shared_passages
from dedup.match.scores import date_penalty, days_apart, headline_score, outlet_penalty
from dedup.match.scores import score as story_score
from dedup.results.clustering import Clustering, Explanation, Link, SharedWord
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.vocabulary import words_by_term

if TYPE_CHECKING:
    from dedup.group.linkage import Tree
    from dedup.match.stories import Pairs
    from dedup.results.findings import Findings
    from dedup.settings import Settings
    from dedup.text.document import Document


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two distinct articles `a` and `b` with their scores; see `Explanation`."""

    findings: Findings
    settings: Settings
    a: int
    b: int
    link: Link
    overlap: Overlaps
    same_text: bool
    same_story: bool
    equal_bodies: bool
    joined_at: float | None
    joins_from: float | None
    embedded: bool

    @property
    def same_template(self) -> bool:
        """Whether they are made from the same template."""
        return self.findings.same_template(min(self.a, self.b), max(self.a, self.b))

    @property
    def threshold(self) -> float:
        """Score that two single articles have to reach."""
        return pair_threshold(self.settings.granularity)

    @property
    def share(self) -> float:
        """Share of their words inside shared shingles, the mean of the two texts."""
        return float(self.overlap.overlap[0])


def links(findings: Findings, clustering: Clustering) -> tuple[Link, ...]:
    """Return the scored pairs inside the stories, and each repetition with its original; strongest first."""
    collection, scored = findings.collection, _Scored.of(findings, clustering)
    names = [collection.articles[place].id for place in scored.first.tolist()]
    copies, rest = scored.copies, scored.rest
    days = days_apart(collection.seconds[copies.a], collection.seconds[copies.b])
    cosines = findings.cosines(copies.a, copies.b)
    columns = (copies.a, copies.b, cosines, copies.jaccard, copies.containment, days, scored.of_copies)
    found = [
        _link(names[a], names[b], "copy", 1.0, cosine, jaccard, containment, apart, probability)
        for a, b, cosine, jaccard, containment, apart, probability in zip(*(c.tolist() for c in columns), strict=True)
    ]
    days = days_apart(collection.seconds[rest.a], collection.seconds[rest.b])
    pairs = (rest.a, rest.b, rest.cosine, scored.scores, days, scored.of_rest)
    found += [
        _link(names[a], names[b], "story", score, cosine, None, None, apart, probability)
        for a, b, cosine, score, apart, probability in zip(*(c.tolist() for c in pairs), strict=True)
    ]
    for distinct, place in scored.repeated:
        days = days_apart(collection.seconds[distinct], collection.seconds[distinct])
        other = collection.articles[place].id
        found.append(_link(names[distinct], other, "copy", 1.0, 1.0, 1.0, 1.0, float(days), 1.0))
    return tuple(sorted(found, key=lambda link: (-link.score, -link.cosine, link.a, link.b)))


def link_probabilities(
    findings: Findings, clustering: Clustering
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the positions of the articles of each of `links`, and its probability; each of shape (links,)."""
    scored = _Scored.of(findings, clustering)
    distinct, places = np.array(scored.repeated, np.int64).reshape(-1, 2).T
    first, copies, rest = scored.first, scored.copies, scored.rest
    return (
        np.concatenate([first[copies.a], first[rest.a], first[distinct]]),
        np.concatenate([first[copies.b], first[rest.b], places]),
        np.concatenate([scored.of_copies, scored.of_rest, np.ones(len(places))]),
    )


class _Scored(NamedTuple):
    """What is scored inside the stories of a clustering.

    Attributes:
        first: the position of the first article of each distinct one, shape (distinct,).
        copies: the copies, and `of_copies` their probabilities.
        rest: the other pairs, `scores` their scores, and `of_rest` their probabilities.
        repeated: each repetition, as the number of the distinct article and the position of the repetition.
    """

    first: NDArray[np.int64]
    copies: Overlaps
    of_copies: NDArray[np.float64]
    rest: Pairs
    scores: NDArray[np.float64]
    of_rest: NDArray[np.float64]
    repeated: list[tuple[int, int]]

    @classmethod
    def of(cls, findings: Findings, clustering: Clustering) -> _Scored:
        members, labels = findings.collection.members, clustering.labels
        first = np.fromiter((places[0] for places in members), np.int64, len(members))
        label = np.array(labels, np.int64)[first]
        copies = findings.copies.where(label[findings.copies.a] == label[findings.copies.b])
        pairs = findings.pairs
        rest = pairs.where((label[pairs.a] == label[pairs.b]) & ~pairs.among(findings.copies))
        scores = np.asarray(rest.score * SCORE_UNIT, np.float64)
        repeated = [
            (distinct, place)
            for distinct, places in enumerate(members)
            for place in places[1:]
            if labels[place] == labels[places[0]]
        ]
        return cls(
            first,
            copies,
            findings.probabilities.of_copies(copies.overlap),
            rest,
            scores,
            findings.of_one_story(rest.a, rest.b, scores),
            repeated,
        )


_SHOWN = 60
"""Characters of a removed part that a reason quotes."""


def explain(findings: Findings, clustering: Clustering, first: int, second: int) -> Explanation:
    """Explain why the articles at two positions of a clustering were joined or not."""
    a, b = int(findings.distinct[first]), int(findings.distinct[second])
    settings = clustering.settings
    documents, words = findings.documents(a, b)
    overlap = overlaps(words, np.array([[0, 1]]), settings.shingle_size)
    cosine = float(findings.cosines(np.array([a]), np.array([b]))[0])
    of_each = float(findings.background_similarity[a]), float(findings.background_similarity[b])
    background, days = sum(of_each) / 2, _days(findings, a, b)
    worth = float(story_score(cosine, *of_each, days, settings.date_penalty, findings.crowding))
    outlet = float(outlet_penalty(worth, settings.outlet_penalty)) * SCORE_UNIT if findings.of_one_outlet(a, b) else 0.0
    opinion = findings.second_opinion(a, b)
    before, forms = max(0.0, worth * SCORE_UNIT - outlet), words.forms()
    headline = float(headline_score(before / SCORE_UNIT, *forms.astype(np.float64))) * SCORE_UNIT - before
    score = worth * SCORE_UNIT - outlet + headline + opinion
    group = clustering.copy_labels[first]
    same_text = a == b or (group >= 0 and group == clustering.copy_labels[second])
    same_story = clustering.labels[first] == clustering.labels[second]
    names = [clustering.articles[place].id for place in (first, second)]
    link = Link(
        a=names[0],
        b=names[1],
        kind="copy" if same_text else "story",
        score=1.0 if same_text else score,
        cosine=cosine,
        jaccard=float(overlap.jaccard[0]),
        containment=float(overlap.containment[0]),
        days=None if math.isnan(days) else days,
        probability=_probability(findings, a, b, score, overlap, same_text=same_text),
    )
    node = _common_node(findings, a, b) if same_story else None
    joined_at = None if node is None else _height(findings, node)
    joins_from = _joins_from(findings, a, b)
    equal = documents[0].body.words == documents[1].body.words != []
    embedded = node is not None and _is_embedded(findings.tree, node)
    pair = _Pair(findings, settings, a, b, link, overlap, same_text, same_story, equal, joined_at, joins_from, embedded)
    texts = [findings.collection.first(distinct).text for distinct in (a, b)]
    removed = [findings.removed(distinct) for distinct in (a, b)]
    return Explanation(
        a=names[0],
        b=names[1],
        same_text=same_text,
        same_story=same_story,
        link=link,
        background=background,
        date_penalty=float(date_penalty(cosine - background, days, settings.date_penalty, findings.crowding)),
        outlet_penalty=outlet,
        headline=headline,
        second_opinion=opinion,
        threshold=pair.threshold,
        joined_at=None if joined_at is None or math.isinf(joined_at) else joined_at,
        words=_shared_words(findings, a, b, documents),
        shared_shingles=int(overlap.shared[0]),
        shingles_a=int(overlap.sizes[0, 0]),
        shingles_b=int(overlap.sizes[0, 1]),
        overlap=pair.share,
        reason=" ".join(
            [*_one_page(clustering, *names), _reason(pair), *_titles_alone(pair), *_removed(names, removed)]
        ),
        passages=shared_passages(*texts),
        names=mentions.names(*texts),
        numbers=mentions.numbers(*texts),
        dates=mentions.dates(*texts),
        missing=_missing(pair),
        joins_from=joins_from,
        removed_a=removed[0],
        removed_b=removed[1],
        credit_a=findings.collection.told[first].credit,
        credit_b=findings.collection.told[second].credit,
        embedding=None if a == b else findings.chance(a, b),
    )


def _link(
    a: str,
    b: str,
    kind: Literal["copy", "story"],
    score: float,
    cosine: float,
    jaccard: float | None,
    containment: float | None,
    days: float,
    probability: float,
) -> Link:
    """Return the link of two articles, given their ids in any order and the days between them, nan if unknown."""
    known = None if math.isnan(days) else days
    return Link(min(a, b), max(a, b), kind, score, cosine, jaccard, containment, known, probability)


def _days(findings: Findings, a: int, b: int) -> float:
    seconds = findings.collection.seconds
    return float(days_apart(seconds[a], seconds[b]))


def _probability(findings: Findings, a: int, b: int, score: float, overlap: Overlaps, *, same_text: bool) -> float:
    """Return the probability that two articles are one text, if `same_text`, else that they are one story."""
    if a == b:
        return 1.0
    if same_text:
        return float(findings.probabilities.of_copies(overlap.overlap)[0])
    return float(findings.of_one_story(np.array([a]), np.array([b]), np.array([score]))[0])


def _common_node(findings: Findings, a: int, b: int) -> int | None:
    """Return the lowest common node of both, the article itself for one, None where there is none."""
    parents = findings.parents
    while a != b:  # a node has a higher number than those it was made of
        if min(a, b) < 0:
            return None
        a, b = (int(parents[a]), b) if a < b else (a, int(parents[b]))
    return b


def _height(findings: Findings, node: int) -> float:
    """Return the height of a node; infinite for one text."""
    tree = findings.tree
    return math.inf if node < tree.leaves else float(tree.height[node - tree.leaves])


def _is_embedded(tree: Tree, node: int) -> bool:
    """Return whether an embedding made a node of a story."""
    last = tree.leaves + len(tree.height) - tree.joined
    return last - tree.embedded <= node < last


def _joins_from(findings: Findings, a: int, b: int) -> float | None:
    """Return the lowest granularity, in hundredths, that joins two distinct articles, by bisection."""

    def together(hundredths: int) -> bool:
        label = findings.cut(findings.tree, hundredths / 100)
        return bool(label[a] == label[b])

    if a == b or together(0):
        return 0.0
    if not together(100):
        return None
    low, high = 0, 100  # apart at the one, together at the other
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if together(middle) else (middle, high)
    return high / 100


def _missing(pair: _Pair) -> tuple[str, ...]:
    """Return what two articles lack to be one text, and to be one story."""
    lacking = []
    link, settings, template = pair.link, pair.settings, pair.same_template
    if not pair.same_text and template:
        lacking.append("For one text: they are one form filled in twice.")
    elif not pair.same_text and pair.share < settings.copy_overlap:
        lacking.append(
            f"For one text: {pair.share:.0%} of their words stand in shared phrases, {settings.copy_overlap:.0%} must."
        )
    elif not pair.same_text:
        shared = int(pair.overlap.shared[0])
        lacking.append(f"For one text: {shared:,} phrases in common are too few, or they lie too many days apart.")
    if pair.same_story:
        return tuple(lacking)
    if pair.findings.digest[pair.a] or pair.findings.digest[pair.b]:
        lacking.append("For one story: a digest is of none.")
    elif link.days is not None and link.days > settings.window:
        lacking.append(f"For one story: {link.days - settings.window:.0f} days less between them.")
    elif link.score < pair.threshold:
        lacking.append(f"For one story: {pair.threshold - link.score:.3f} more score.")
    elif not template:
        lacking.append("For one story: other articles of their groups that resemble each other as these two do.")
    if pair.joins_from is not None:
        lacking.append(f"They are in one story from granularity {pair.joins_from:.2f}.")
    elif not template:
        lacking.append("At no granularity are they in one story.")
    return tuple(lacking)


def _shared_words(findings: Findings, a: int, b: int, documents: list[Document]) -> tuple[SharedWord, ...]:
    """Return the shared words of two distinct articles with their shares of the cosine, largest first."""
    matrix = findings.compared_by(a, b)
    product = matrix[[a]].multiply(matrix[[b]]).tocoo()
    weight = dict(zip(findings.vectors.terms[product.coords[1]].tolist(), product.data.tolist(), strict=True))
    every = (word for document in documents for word in document.title.words + document.body.words)
    words = words_by_term(every, findings.substitutes)
    shared = [SharedWord(words[term], value) for term, value in weight.items()]
    return tuple(sorted(shared, key=lambda word: (-word.weight, word.word)))


def _titles_alone(pair: _Pair) -> Iterator[str]:
    """Yield a sentence if a text was not compared, as it is misplaced."""
    alone = [name for place, name in ((pair.a, pair.link.a), (pair.b, pair.link.b)) if place in pair.findings.misplaced]
    if alone and pair.a != pair.b:
        yield f"Compared by title alone, as the text is found under unrelated titles: {', '.join(map(repr, alone))}."


def _removed(names: Sequence[str], removed: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield a sentence for each article of which some words were not compared."""
    for name, parts in zip(names, removed, strict=True):
        if parts:
            first = " ".join(parts[0].split())
            shown = first if len(first) <= _SHOWN else f"{first[: _SHOWN - 1].rstrip()}…"
            more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
            yield f"Not compared in {name!r}, as boilerplate: “{shown}”{more}."


def _one_page(clustering: Clustering, a: str, b: str) -> Iterator[str]:
    """Yield a sentence about each version of a page that is judged by another, the latest."""
    _, latest = clustering.versions()
    for name, other in ((a, b), (b, a)):
        if name in latest:
            same = "One page: " if other == latest[name] else ""
            yield f"{same}{name!r} is an earlier version of {latest[name]!r}, and judged by it."


def _reason(pair: _Pair) -> str:
    """Return one sentence that explains the decision to a reader."""
    link, settings, joined_at = pair.link, pair.settings, pair.joined_at
    if pair.a == pair.b:
        return "The same text: title and body are equal."
    if pair.same_text:
        if pair.equal_bodies:
            return "The same text: their bodies are equal, whatever their titles say."
        if pair.share >= settings.copy_overlap:
            return f"The same text: on average {pair.share:.0%} of their words stand in phrases that both have."
        return "The same text by way of others: each overlaps with a copy that overlaps with the other's."
    digest = pair.findings.digest
    if joined_at is None and (digest[pair.a] or digest[pair.b]):
        holder = link.a if digest[pair.a] else link.b
        return f"Not joined: {holder!r} is a digest that holds texts which have nothing to do with each other."
    if joined_at is None and pair.same_template:
        return "Not joined as such: one form filled in twice; the words stay, the numbers change."
    score, needed = f"{link.score:.3f}", f"{pair.threshold:.3f}"
    if pair.embedded:
        return f"One story by the embedding, which found their groups close; their own score by words is {score}."
    if joined_at is not None:
        if link.score >= pair.threshold:
            return f"One story: their score {score} reaches the threshold {needed}; they joined at {joined_at:.3f}."
        return f"One story by way of others: their own score is {score}, that of their groups {joined_at:.3f}."
    if link.days is not None and link.days > settings.window:
        return f"Not joined: {link.days:.0f} days lie between them, more than the window of {settings.window:.0f}."
    if link.score >= pair.threshold:
        return f"Not joined: their own score {score} reaches the threshold {needed}, that of their groups does not."
    return f"Not joined: their score {score} is below the threshold {needed}."
