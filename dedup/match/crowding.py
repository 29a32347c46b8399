"""Crowding: how much more similar two articles must be in a large collection to be one story.

Among two hundred articles a score of .2 is rarely chance. Among ten thousand of one week every article has an unrelated
one that is as similar, because the number of unrelated articles grows with the collection and that of related ones does
not. By Bayes' rule the odds that a pair is of one story are the odds that its score alone gives, times the ratio of
related to unrelated articles. The logarithm of that ratio, times the score per factor of e, is subtracted from all
scores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.match.scores import SECONDS_A_DAY
from dedup.vectorize.exact import SCORE_UNIT, ln

NEARBY = 5.0
"""Days within which unrelated articles are counted; the date penalty excludes more distant ones."""
SAMPLE = 8_192
"""Articles whose related ones are counted: of a larger collection a sample."""
USUAL_MATES, USUAL_COUNT = 0.5, 50
"""Prior for the related articles of an article, and the number of articles that the prior counts as."""
FEW = 400.0
"""Unrelated articles per related one up to which there is no crowding."""
EACH = 0.025
"""Score per factor of e in the odds."""


def sample_of(among: NDArray[np.int64]) -> NDArray[np.int64]:
    """The articles whose related ones are counted: all, or as many as suffice, the first by content hash.

    Args:
        among: the places of the articles that are compared, in the order of their content hashes.
    """
    return among[:SAMPLE]


def estimate_crowding(related: int, seconds: NDArray[np.float64], among: NDArray[np.int64]) -> float:
    """Estimate what a collection subtracts from all its scores: a multiple of `SCORE_UNIT`.

    Args:
        related: what `match.stories.related_to` counted for `sample_of(among)`.
        seconds: publication times, shape (articles,), nan where unknown.
        among: the places of the articles that are compared.
    """
    return crowding_of(related, len(sample_of(among)), mean_concurrent(seconds[among]))


def crowding_of(related: int, sample: int, concurrent: float) -> float:
    """Crowding from the number of related articles of a sample, its size, and the mean of `mean_concurrent`."""
    mates = (related + USUAL_COUNT * USUAL_MATES) / (sample + USUAL_COUNT)
    odds = concurrent / mates
    return round(EACH * float(ln(np.array([max(1.0, odds / FEW)]))[0]) / SCORE_UNIT) * SCORE_UNIT


def mean_concurrent(seconds: NDArray[np.float64]) -> float:
    """Mean number of other articles within `NEARBY` days of one; an undated article is within reach of all."""
    times = np.sort(seconds[~np.isnan(seconds)])
    reach = NEARBY * SECONDS_A_DAY
    near = np.searchsorted(times, times + reach, side="right") - np.searchsorted(times, times - reach, side="left")
    undated = len(seconds) - len(times)
    total = int(near.sum()) + 2 * undated * len(times) + undated * undated - len(seconds)
    return total / max(1, len(seconds))
