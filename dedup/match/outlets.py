"""One outlet tells a development once: two articles of the same one must be more alike to be one story.

Its next article on the matter is about what happened next, and words alone do not tell: it repeats its own background.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dedup.match.stories import Pairs, faded
from dedup.settings import Settings
from dedup.vectorize.exact import SCORE_UNIT


def of_one_outlet(outlets: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the articles of pairs are known to be of the same outlet; `outlets` has -1 where it is unknown."""
    same: NDArray[np.bool_] = (outlets[a] == outlets[b]) & (outlets[a] >= 0)
    return same


def outlet_penalty(score: NDArray[np.int64], settings: Settings) -> NDArray[np.int64]:
    """What pairs of one outlet lose of their score, both in units of `SCORE_UNIT`; nothing where it is high."""
    height = score.astype(np.float64) * SCORE_UNIT
    return np.rint(faded(settings.outlet_penalty, height) / SCORE_UNIT).astype(np.int64)


def less_of_one_outlet(pairs: Pairs, outlets: NDArray[np.int64], settings: Settings) -> Pairs:
    """The pairs with less score for those of one outlet, those that have any left."""
    taken = np.where(of_one_outlet(outlets, pairs.a, pairs.b), outlet_penalty(pairs.score, settings), 0)
    pairs = replace(pairs, score=pairs.score - taken)
    return pairs.where(pairs.score > 0)
