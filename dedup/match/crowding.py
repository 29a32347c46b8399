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
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT, ln

NEARBY = 5.0
"""Days within which unrelated articles are counted; the date penalty excludes more distant ones."""
STRONG = 0.35
"""Score from which a pair counts as related: it is beyond doubt in a collection of any size."""
USUAL_MATES, USUAL_COUNT = 0.5, 50
"""Prior for the related articles of an article, and the number of articles that the prior counts as."""
FEW = 400.0
"""Unrelated articles per related one up to which there is no crowding."""
EACH = 0.025
"""Score per factor of e in the odds."""


def estimate_crowding(pairs: Pairs, seconds: NDArray[np.float64], among: NDArray[np.int64]) -> float:
    """Estimate what a collection subtracts from all its scores: a multiple of `SCORE_UNIT`.

    Args:
        pairs: its scored pairs.
        seconds: publication times, shape (articles,), nan where unknown.
        among: the places of the articles that were compared.
    """
    return crowding_of(int(np.count_nonzero(is_strong(pairs))), mean_concurrent(seconds[among]), len(among))


def is_strong(pairs: Pairs) -> NDArray[np.bool_]:
    """Whether each pair counts as related."""
    strong: NDArray[np.bool_] = pairs.score >= STRONG / SCORE_UNIT
    return strong


def crowding_of(strong: int, concurrent: float, articles: int) -> float:
    """Crowding from the number of strong pairs, the mean of `mean_concurrent`, and the number of articles."""
    related = (2 * strong + USUAL_COUNT * USUAL_MATES) / (articles + USUAL_COUNT)
    odds = concurrent / related
    return round(EACH * float(ln(np.array([max(1.0, odds / FEW)]))[0]) / SCORE_UNIT) * SCORE_UNIT


def mean_concurrent(seconds: NDArray[np.float64]) -> float:
    """Mean number of other articles within `NEARBY` days of one; an undated article is within reach of all."""
    times = np.sort(seconds[~np.isnan(seconds)])
    reach = NEARBY * SECONDS_A_DAY
    near = np.searchsorted(times, times + reach, side="right") - np.searchsorted(times, times - reach, side="left")
    undated = len(seconds) - len(times)
    total = int(near.sum()) + 2 * undated * len(times) + undated * undated - len(seconds)
    return total / max(1, len(seconds))
