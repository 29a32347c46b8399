"""The findings of a run as plain columns, from which a page cuts the merge tree by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.errors import InputError
from dedup.group.canonical import canonical_of_group
from dedup.group.copies import copy_groups
from dedup.group.cut import cut
from dedup.results.clustering import NO_EVIDENCE, Clustering
from dedup.results.evidence import StoredEvidence
from dedup.results.story_ids import content_digits
from dedup.vectorize.exact import SCORE_UNIT

NEAR = 0.08
"""Score from which a pair is included although no granularity joins its articles."""


@dataclass(frozen=True, slots=True)
class FindingsColumns:
    """The findings of a run as plain columns.

    Articles are numbered by input position, distinct articles as in `Collection`.

    Attributes:
        distinct: for each article the distinct one it is, shape (articles,).
        order: rank of each article by publication, the order in which stories list articles, shape (articles,).
        ranks: rank of each distinct article by seniority: first published first, then the longest.
        units: for each distinct article the first of its copy group, or itself.
        canonical: for each distinct article the canonical one of its copy group, or itself.
        secondary: canonical distinct articles of a secondary kind, see `dedup.kinds`, ascending: they are shown only
            where there is no other.
        withdrawn: canonical distinct articles that were withdrawn, ascending: they are shown last of all.
        shown: for distinct articles with several equal ones the article to show, where that is not the first.
        names: for each distinct article the digits of its content hash that ids are made of.
        left, right, height, weights, joined, follows: the merge tree, see `dedup.group.linkage.Tree`.
        a, b, score, cosine: the scored pairs that some granularity joins or nearly joins, sorted; scores are whole
            multiples of `SCORE_UNIT`.
        copies: pairs of copies, shape (copies, 2).
        overlaps: their overlap, containment and Jaccard similarity, shape (copies, 3).
        background_similarity: mean similarity of each distinct article to the others, crowding included.
        digests: distinct articles that are digests, ascending.
        languages: number of each distinct article's language, -1 where unknown; all 0 where there is only one.
        findings: the findings that the columns come from.
    """

    distinct: NDArray[np.int64]
    order: NDArray[np.int64]
    ranks: NDArray[np.int64]
    units: NDArray[np.int64]
    canonical: NDArray[np.int64]
    secondary: NDArray[np.int64]
    withdrawn: NDArray[np.int64]
    shown: dict[int, int]
    names: tuple[str, ...]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    height: NDArray[np.float64]
    weights: NDArray[np.int64]
    joined: int
    follows: NDArray[np.bool_]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    score: NDArray[np.int64]
    cosine: NDArray[np.float64]
    copies: NDArray[np.int64]
    overlaps: NDArray[np.float64]
    background_similarity: NDArray[np.float64]
    digests: NDArray[np.int64]
    languages: NDArray[np.int64]
    findings: StoredEvidence


def findings_columns(clustering: Clustering) -> FindingsColumns:
    """Return the findings of a clustering as columns.

    Raises:
        InputError: it was made without evidence.
    """
    findings = clustering.evidence
    if not isinstance(findings, StoredEvidence):
        raise InputError(f"{NO_EVIDENCE} with dedup.cluster")
    collection, pairs, tree = findings.collection, findings.pairs, findings.tree
    seniority = collection.seniorities()
    ranks = np.empty(len(collection), np.int64)
    ranks[sorted(range(len(collection)), key=seniority.__getitem__)] = np.arange(len(collection))
    widest = cut(tree, 1.0)
    kept = pairs.where((widest[pairs.a] == widest[pairs.b]) | (pairs.score >= NEAR / SCORE_UNIT))
    copies, cross_lingual = findings.copies, findings.cross_lingual
    canonical = _canonical(findings)
    of_groups, versions = np.unique(canonical), findings.versions
    return FindingsColumns(
        distinct=findings.distinct,
        order=_order(findings, ranks),
        ranks=ranks,
        units=findings.units,
        canonical=canonical,
        secondary=of_groups[np.array(versions.secondary, np.bool_)[of_groups]],
        withdrawn=of_groups[np.array(versions.withdrawn, np.bool_)[of_groups]] if versions.withdrawn else of_groups[:0],
        shown=_shown(findings),
        names=tuple(map(content_digits, collection.content_hashes)),
        left=tree.left,
        right=tree.right,
        height=tree.height,
        weights=tree.weights,
        joined=tree.joined,
        follows=np.zeros(tree.leaves, np.bool_) if tree.follows is None else tree.follows,
        a=kept.a,
        b=kept.b,
        score=kept.score,
        cosine=kept.cosine,
        copies=np.stack([copies.a, copies.b], axis=1),
        overlaps=np.stack([copies.overlap, copies.containment, copies.jaccard], axis=1),
        background_similarity=findings.background_similarity,
        digests=np.flatnonzero(findings.digest),
        languages=np.zeros(len(collection), np.int64) if cross_lingual is None else cross_lingual.languages,
        findings=findings,
    )


def _shown(findings: StoredEvidence) -> dict[int, int]:
    collection, found = findings.collection, {}
    for distinct, places in enumerate(collection.members):
        article = findings.shown(distinct)
        if article is not collection.articles[places[0]]:
            found[distinct] = next(place for place in places if collection.articles[place] is article)
    return found


def _canonical(findings: StoredEvidence) -> NDArray[np.int64]:
    """Return the canonical article of the copy group of each distinct article."""
    found = np.arange(len(findings.units))
    for group in copy_groups(findings.copies, findings.templates):
        found[group] = canonical_of_group(group, findings.versions)
    return found


def _order(findings: StoredEvidence, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank of each article by date; an undated one takes the first date of its text.

    The earlier versions of pages come last: they are no members of distinct articles.
    """
    keyed = [
        (time, rank, repetition, place)
        for distinct, rank in enumerate(ranks.tolist())
        for time, repetition, place in findings.collection.times(distinct)
    ]
    order = np.full(len(findings.collection.articles), len(keyed))
    order[[place for *_, place in sorted(keyed)]] = np.arange(len(keyed))
    return order
