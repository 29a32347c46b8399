"""Scores of found stories against labelled ones: BCubed, adjusted Rand index and pair scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import comb, fsum

from dedup.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The agreement of a grouping with the gold one. Scores are in [0, 1], `ari` in [-1, 1]; 1 is perfect.

    BCubed scores are averages over articles (Bagga and Baldwin, "Algorithms for scoring coreference chains", LREC
    1998). They are preferable for groups of unequal size (Amigó, Gonzalo, Artiles and Verdejo, "A comparison of
    extrinsic clustering evaluation metrics", Information Retrieval 12, 2009). The adjusted Rand index is computed over
    pairs and corrected for chance (Hubert and Arabie, "Comparing partitions", Journal of Classification 2, 1985);
    large stories dominate it.

    Attributes:
        articles: number of scored articles.
        stories: number of gold stories.
        found: number of found stories.
        bcubed_precision: mean share of the articles found with an article, itself included, that belong with it.
        bcubed_recall: mean share of the articles that belong with an article, itself included, that are found with it.
        bcubed_f1: harmonic mean of the two.
        ari: adjusted Rand index, 0 for a random grouping; it can be negative.
        pair_precision: share of the pairs found together that belong together; 1 if none was found.
        pair_recall: share of the pairs that belong together that are found together; 1 if there is none to find.
        pair_f1: harmonic mean of the two.
    """

    articles: int
    stories: int
    found: int
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    ari: float
    pair_precision: float
    pair_recall: float
    pair_f1: float

    def to_dict(self) -> dict[str, float]:
        """Return the scores by name, ready for JSON."""
        return asdict(self)


def score(truth: Sequence[Hashable], predicted: Sequence[Hashable]) -> Scores:
    """Score a grouping against the gold one.

    Args:
        truth: for each article the label of its gold story.
        predicted: for each article, in the same order, the label of its found story.

    Returns:
        The scores, which do not depend on the order of the articles or the values of the labels.

    Raises:
        InputError: there is no article, the two differ in length, or an article has no label (None or NaN).
    """
    if len(truth) != len(predicted):
        raise InputError(f"{len(truth)} gold labels and {len(predicted)} predicted ones: give one of each per article")
    if len(truth) == 0:
        raise InputError("there is nothing to score: give at least one article")
    _require_labels("gold", truth)
    _require_labels("predicted", predicted)

    articles = len(truth)
    stories, found = Counter(truth), Counter(predicted)
    shared = Counter(zip(truth, predicted, strict=True))
    # For each of the n articles shared by a gold and a found story, n articles of the found one are correct. The sums
    # are exact (fsum, and integers below), so that they do not depend on the order.
    precision = fsum(n * n / found[cluster] for (_, cluster), n in shared.items()) / articles
    recall = fsum(n * n / stories[story] for (story, _), n in shared.items()) / articles

    both, gold, together = _pairs(shared.values()), _pairs(stories.values()), _pairs(found.values())
    pair_precision = both / together if together else 1.0
    pair_recall = both / gold if gold else 1.0
    return Scores(
        articles=articles,
        stories=len(stories),
        found=len(found),
        bcubed_precision=precision,
        bcubed_recall=recall,
        bcubed_f1=harmonic_mean(precision, recall),
        ari=_adjusted_rand(both, gold, together, comb(articles, 2)),
        pair_precision=pair_precision,
        pair_recall=pair_recall,
        pair_f1=harmonic_mean(pair_precision, pair_recall),
    )


def score_by(truth: Sequence[Hashable], predicted: Sequence[Hashable], groups: Sequence[str]) -> dict[str, Scores]:
    """Score each group of articles, such as a language, by itself.

    Args:
        truth: as in `score`.
        predicted: as in `score`.
        groups: for each article, in the same order, the name of its group.

    Returns:
        the scores by group, in the order of their names.

    Raises:
        InputError: as in `score`, or `groups` differs from the others in length.
    """
    _require_alike(truth, predicted, groups)
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    return {
        group: score([truth[place] for place in members[group]], [predicted[place] for place in members[group]])
        for group in sorted(members)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScores:
    """The agreement of a grouping with the gold one on some pairs of articles. A score is 1 if there are no such pairs.

    Attributes:
        gold: number of pairs that belong together.
        found: number of pairs that are found together.
        both: number of pairs of which both is true.
    """

    gold: int
    found: int
    both: int

    @property
    def precision(self) -> float:
        """Share of the pairs found together that belong together."""
        return self.both / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs that belong together that are found together."""
        return self.both / self.gold if self.gold else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return harmonic_mean(self.precision, self.recall)

    def __add__(self, other: PairScores) -> PairScores:
        """The agreement on the pairs of both."""
        return PairScores(gold=self.gold + other.gold, found=self.found + other.found, both=self.both + other.both)

    def to_dict(self) -> dict[str, float]:
        """Return numbers and scores by name, ready for JSON."""
        return {
            "gold": self.gold, "found": self.found, "precision": self.precision, "recall": self.recall, "f1": self.f1
        }  # fmt: skip


def score_across(
    truth: Sequence[Hashable], predicted: Sequence[Hashable], groups: Sequence[str]
) -> dict[tuple[str, str], PairScores]:
    """Score the pairs of articles of two groups, such as languages, for each two groups.

    Args:
        truth, predicted, groups: as in `score_by`, which scores the pairs inside each group.

    Returns:
        the scores by the names of two different groups, both sorted; those of which no pair belongs together or is
        found together are absent.

    Raises:
        InputError: as in `score_by`.
    """
    _require_alike(truth, predicted, groups)
    counts = [
        _pairs_across(zip(labels, groups, strict=True))
        for labels in (truth, predicted, [*zip(truth, predicted, strict=True)])
    ]
    return {
        names: PairScores(gold=counts[0][names], found=counts[1][names], both=counts[2][names])
        for names in sorted({*counts[0], *counts[1]})
    }


def harmonic_mean(precision: float, recall: float) -> float:
    """Return the F1 score: the harmonic mean of precision and recall, 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _require_labels(kind: str, labels: Sequence[Hashable]) -> None:
    """Raise `InputError` for a missing label, which would otherwise count as a story."""
    for place, label in enumerate(labels):
        if label is None or label != label:  # noqa: PLR0124 - NaN, as a data frame has it for a missing value
            raise InputError(f"article {place} has no {kind} label ({label!r}): leave such articles out")


def _require_alike(truth: Sequence[Hashable], predicted: Sequence[Hashable], groups: Sequence[str]) -> None:
    if not len(truth) == len(predicted) == len(groups):
        raise InputError(
            f"{len(truth)} gold labels, {len(predicted)} predicted ones and {len(groups)} groups:"
            " give one of each per article"
        )


def _pairs_across(labelled: Iterable[tuple[Hashable, str]]) -> Counter[tuple[str, str]]:
    """Count the pairs of articles with the same label, by their two different groups."""
    members: dict[Hashable, Counter[str]] = {}
    for label, group in labelled:
        members.setdefault(label, Counter())[group] += 1
    found: Counter[tuple[str, str]] = Counter()
    for sizes in members.values():
        for one, other in combinations(sorted(sizes), 2):
            found[one, other] += sizes[one] * sizes[other]
    return found


def _pairs(sizes: Iterable[int]) -> int:
    return sum(comb(size, 2) for size in sizes)


def _adjusted_rand(both: int, gold: int, together: int, pairs: int) -> float:
    """Return the index from counts of pairs: together in both groupings, in the gold one, in the found one, and all."""
    if both == gold == together:  # the same grouping; 0/0 where all are alone, or all in one
        return 1.0
    false, missed = together - both, gold - both
    apart = pairs - both - false - missed
    return 2 * (both * apart - missed * false) / (gold * (missed + apart) + together * (false + apart))
