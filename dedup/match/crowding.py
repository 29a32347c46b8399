"""How much more alike two articles must be in a crowd.

Among two hundred articles a score of .2 is rarely chance; among ten thousand of one week every article has a stranger
that resembles it as much, for the strangers grow with the collection and the mates do not. By Bayes' rule the odds that
a pair is of one story are those its score speaks for, times the mates an article has over the strangers it has. The
logarithm of that ratio, by the score that stands for a factor of e, is what a collection takes off all its scores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT, ln

NEARBY = 5.0
"""Days within which an article's strangers are counted: the date penalty keeps those further off away."""
STRONG = 0.35
"""Score from which a pair is taken for mates when they are counted: beyond doubt in any collection."""
USUAL_MATES, USUAL_COUNT = 0.5, 50
"""Mates an article has in a collection of which nothing is known yet, and for how many articles this guess counts."""
FEW = 400.0
"""Strangers for each mate up to which nothing is taken off."""
EACH = 0.025
"""Score that stands for odds of e to 1."""


def estimate_crowding(pairs: Pairs, seconds: NDArray[np.float64], among: NDArray[np.int64]) -> float:
    """What a collection takes off all its scores: a whole multiple of `SCORE_UNIT`.

    Args:
        pairs: its scored pairs.
        seconds: publication times, shape (articles,), nan where unknown.
        among: the places of the articles that were compared.
    """
    return taken_off(int(np.count_nonzero(is_strong(pairs))), mean_concurrent(seconds[among]), len(among))


def is_strong(pairs: Pairs) -> NDArray[np.bool_]:
    """Which pairs are taken for mates."""
    strong: NDArray[np.bool_] = pairs.score >= STRONG / SCORE_UNIT
    return strong


def taken_off(strong: int, concurrent: float, articles: int) -> float:
    """What a collection of so many articles takes off its scores, by its strong pairs and its mean company."""
    mates = (2 * strong + USUAL_COUNT * USUAL_MATES) / (articles + USUAL_COUNT)
    odds = concurrent / mates
    return round(EACH * float(ln(np.array([max(1.0, odds / FEW)]))[0]) / SCORE_UNIT) * SCORE_UNIT


def mean_concurrent(seconds: NDArray[np.float64]) -> float:
    """How many others an article has within `NEARBY` days on average; an undated one has all, and all have it."""
    times = np.sort(seconds[~np.isnan(seconds)])
    reach = NEARBY * SECONDS_A_DAY
    near = np.searchsorted(times, times + reach, side="right") - np.searchsorted(times, times - reach, side="left")
    undated = len(seconds) - len(times)
    total = int(near.sum()) + 2 * undated * len(times) + undated * undated - len(seconds)
    return total / max(1, len(seconds))
