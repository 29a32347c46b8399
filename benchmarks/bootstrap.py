"""95 % intervals by resampling gold stories, or labelled pairs.

Articles of one story are not independent, so whole stories are drawn, as many as there are, with replacement (the
cluster bootstrap: Davison and Hinkley, "Bootstrap methods and their application", 1997, section 3.8). A resample is
a row of counts: how often each story was drawn. The grouping is not recomputed; a story drawn twice counts twice:

- BCubed: precision and recall of each article in the complete collection, averaged with those counts;
- ARI: pairs of articles of one story count as often as the story was drawn, pairs across two stories by the product of
  their counts. Two draws of the same story are not compared with each other: they would be gold strangers that are
  always found together.

Methods scored with equal counts are paired: `difference` compares them draw by draw.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

LEVEL = 0.95

Draws = Mapping[str, NDArray[np.float64]]
"""Values of each measure, one per resample."""


def counts(items: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return how often each item is drawn, shape (resamples, items); each row sums to `items`."""
    random = np.random.default_rng(seed)
    return random.multinomial(items, np.full(items, 1 / items), size=resamples).astype(np.float64)


def story_draws(truth: Sequence[Hashable], predicted: Sequence[Hashable], drawn: NDArray[np.float64]) -> Draws:
    """Return `bcubed_precision`, `bcubed_recall`, `bcubed_f1` and `ari` of each resample.

    Args:
        truth: the gold story of each article.
        predicted: the predicted story of each article.
        drawn: how often each gold story was drawn, stories in the order of their first article: (resamples, stories).
    """
    gold, found = _numbered(truth), _numbered(predicted)
    sizes, found_sizes = np.bincount(gold).astype(np.float64), np.bincount(found).astype(np.float64)
    # The cells of the contingency table: gold story `story[k]` and found story `group[k]` share `shared[k]` articles.
    cells, shared = np.unique(np.stack([gold, found]), axis=1, return_counts=True)
    story, group = cells
    squares = np.bincount(story, shared**2)  # summed for each gold story, like the next

    articles = drawn @ sizes
    precision = drawn @ np.bincount(story, shared**2 / found_sizes[group]) / articles
    recall = drawn @ (squares / sizes) / articles

    within = (squares - sizes) / 2  # pairs of a story that were found together
    both, same_story = drawn @ within, drawn @ (sizes * (sizes - 1) / 2)
    table = csr_array((shared, (group, story)), shape=(len(found_sizes), len(sizes)))
    weighed = table @ drawn.T  # articles in each found story, each as often as its gold story was drawn
    across = ((weighed**2).sum(axis=0) - drawn**2 @ squares) / 2
    all_across = (articles**2 - drawn**2 @ sizes**2) / 2
    return {
        "bcubed_precision": precision,
        "bcubed_recall": recall,
        "bcubed_f1": _harmonic_means(precision, recall),
        "ari": _adjusted_rand(both, same_story - both, across, all_across - across),
    }


def pair_draws(truth: NDArray[np.bool_], predicted: NDArray[np.bool_], drawn: NDArray[np.float64]) -> Draws:
    """Return `precision`, `recall`, `f1` and `accuracy` of yes/no decisions in each resample of the pairs.

    Args:
        truth: the label of each pair.
        predicted: the decision on each pair.
        drawn: how often each pair was drawn: (resamples, pairs). A single row of ones gives the scores themselves.
    """
    right = drawn @ (truth & predicted)
    precision = _share(right, drawn @ predicted)
    recall = _share(right, drawn @ truth)
    return {
        "precision": precision,
        "recall": recall,
        "f1": _harmonic_means(precision, recall),
        "accuracy": drawn @ (truth == predicted) / drawn.sum(axis=1),
    }


def intervals(draws: Draws) -> dict[str, list[float]]:
    """Return the 95 % interval of each measure."""
    tail = (1 - LEVEL) / 2
    return {name: [float(end) for end in np.quantile(values, [tail, 1 - tail])] for name, values in draws.items()}


def difference(ours: Draws, theirs: Draws) -> dict[str, list[float]]:
    """Return the 95 % interval of the difference, ours minus theirs, in each measure; both use the same counts."""
    return intervals({name: ours[name] - theirs[name] for name in ours})


def _numbered(labels: Sequence[Hashable]) -> NDArray[np.int64]:
    """Return labels as numbers, in the order of their first article."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)


def _harmonic_means(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(2 * a * b, a + b, out=np.zeros_like(a), where=a + b > 0)


def _share(part: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a share, 1 for an empty whole, as in `dedup.score`."""
    return np.divide(part, total, out=np.ones_like(part), where=total > 0)


def _adjusted_rand(
    both: NDArray[np.float64], missed: NDArray[np.float64], false: NDArray[np.float64], apart: NDArray[np.float64]
) -> NDArray[np.float64]:
    chance = (both + missed) * (missed + apart) + (both + false) * (false + apart)
    index = np.divide(2 * (both * apart - missed * false), chance, out=np.zeros_like(both), where=chance > 0)
    perfect: NDArray[np.bool_] = (missed == 0) & (false == 0)
    return np.where(perfect, 1.0, index)
