"""Families: many notices of one form in a collection. Their pairs are not compared one by one.

Of a thousand lottery notices each pair would be a candidate for a copy and for a story. Where nearly all pairs of a
sample are instances of one template, all others are, and only equal texts are copies. The time is linear in their
number, and collections without so many notices of one form are not affected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.copies import LARGE_BUCKET, Comparing, Overlaps, decide

if TYPE_CHECKING:
    from dedup.settings import Settings
    from dedup.vectorize.features import HashedWords

MEMBERS = LARGE_BUCKET
"""Fewest notices of a family, and fewest candidates of each."""
MOST_COPIES = 0.1
"""Largest share of copies among the sampled pairs of a family: versions of one wire text have more."""


def decide_by_family(
    words: HashedWords,
    by: Comparing,
    pairs: NDArray[np.int64],
    seconds: NDArray[np.float64],
    settings: Settings,
) -> tuple[Overlaps, Overlaps, Overlaps, NDArray[np.bool_]]:
    """Split candidates into copies and instances of one template, as `decide` does, without all pairs of families.

    Args:
        words, by, pairs, seconds, settings: as for `decide`.

    Returns:
        What `decide` returns, and whether each article is of a family, shape (articles,).
    """
    sampled = is_sampled(pairs, len(words))
    if not sampled.any():
        copies, templates, never, _ = decide(words, by, pairs, seconds, settings)
        return copies, templates, never, np.zeros(len(words), np.bool_)
    found = decide(words, by, pairs[sampled], seconds, settings)
    family = in_families(found[0], found[1], len(words))
    inside = family[pairs].all(axis=1)
    rest = np.concatenate([pairs[~sampled & ~inside], _equal_texts(words, family, pairs[sampled & inside])])
    more = decide(words, by, rest[np.lexsort((rest[:, 1], rest[:, 0]))], seconds, settings)
    copies, templates, never, _ = (one.with_others(other) for one, other in zip(found, more, strict=True))
    return copies.where((copies.jaccard == 1) | ~(family[copies.a] & family[copies.b])), templates, never, family


def is_sampled(pairs: NDArray[np.int64], articles: int) -> NDArray[np.bool_]:
    """Which pairs, sorted, are decided first: of articles with many candidates one each, with the last before it."""
    degree = np.bincount(pairs.ravel(), minlength=articles)
    crowded = np.flatnonzero((degree[pairs] >= MEMBERS).all(axis=1))
    sampled = np.zeros(len(pairs), np.bool_)
    if len(crowded) >= MEMBERS:
        last = len(crowded) - 1 - np.unique(pairs[crowded, 1][::-1], return_index=True)[1]
        sampled[crowded[last]] = True
    return sampled


def in_families(copies: Overlaps, templates: Overlaps, articles: int) -> NDArray[np.bool_]:
    """Which articles are of a family: connected by templates, many, and with few copies; shape (articles,).

    Args:
        copies, templates: what `decide` returns for the sampled pairs.
        articles: their number.
    """
    from scipy.sparse.csgraph import connected_components  # takes a tenth of the time of a small run to import

    edges = sp.coo_array((np.ones(len(templates.a)), (templates.a, templates.b)), shape=(articles, articles))
    count, component = connected_components(edges, directed=False)
    of_templates = np.bincount(component[templates.a], minlength=count)
    inside = component[copies.a] == component[copies.b]
    of_copies = np.bincount(component[copies.a[inside]], minlength=count)
    large = np.bincount(component, minlength=count) >= MEMBERS
    is_family: NDArray[np.bool_] = large & (of_copies <= MOST_COPIES * (of_copies + of_templates))
    return is_family[component]


def _equal_texts(words: HashedWords, family: NDArray[np.bool_], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair each article of a family with the one before it that has the same text, except for known pairs."""
    before: dict[bytes, int] = {}
    found = []
    skipped = set(map(tuple, known.tolist()))
    for place in np.flatnonzero(family).tolist():
        text = words.main(place).hashes.tobytes()
        if text in before and (before[text], place) not in skipped:
            found.append((before[text], place))
        before[text] = place
    return np.array(found, np.int64).reshape(-1, 2)
