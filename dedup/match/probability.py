"""How likely it is that a link is right: that two articles are of one story, or are one text.

Three logistic curves, fitted to labelled news by `python -m benchmarks calibration --write`, which keeps the numbers,
and where they come from, in `probability.json`.

A story link is judged by its score, its background and whether it spans two languages. Of two pairs of one score, the
one in the denser collection had to be more alike to get there, and is right more often; in a large and mixed one
strangers come closer. Between languages names and figures are compared, which is another measure. Pairs that stories at
the granularity .5 join and pairs that they leave apart have a curve each, since the averages behind a merge have seen
more than the one pair.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.exact import ln

TABLE = "probability.json"
LEAST_SCORE = 0.02
"""Scores below this count as this: most such pairs were never scored."""
MOST_BACKGROUND = 0.1
"""A background above this counts as this: none of the labelled sets is denser."""
DIGITS = 10_000
"""Probabilities are whole multiples of one part in this many: more would be false precision."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Three curves, each a constant and the slopes of its features.

    Attributes:
        joined: of pairs that are in one story at the granularity .5: constant, ln(score), background, and 1 if they are
            in different languages.
        apart: of all other pairs: constant, ln(score).
        copy: of pairs that are copies: constant, overlap.
    """

    joined: Sequence[float]
    apart: Sequence[float]
    copy: Sequence[float]

    @classmethod
    def shipped(cls) -> Self:
        """The curves that come with dedup."""
        table = json.loads((files("dedup.match") / TABLE).read_text(encoding="ascii"))
        return cls(**{name: curve["curve"] for name, curve in table["curves"].items()})

    def of_stories(
        self, score: Floats, background: Floats, foreign: NDArray[np.bool_], joined: NDArray[np.bool_]
    ) -> Floats:
        """The probability that the two articles of pairs are of one story.

        Kernel: `index.stories.probable.probable`.

        Args:
            score: of each pair, shape (pairs,).
            background: the mean ordinariness of its two articles.
            foreign: whether they are in different languages.
            joined: whether they are in one story at the granularity .5.
        """
        together = _logistic(self.joined, joined_features(score, background, foreign))
        return _rounded(np.where(joined, together, _logistic(self.apart, apart_features(score))))

    def of_copies(self, overlap: Floats) -> Floats:
        """The probability that pairs found to be copies are one text, by their overlap; shape (pairs,)."""
        return _rounded(_logistic(self.copy, copy_features(overlap)))


def joined_features(score: Floats, background: Floats, foreign: NDArray[np.bool_]) -> Floats:
    """What the probability of a pair that was joined depends on, shape (pairs, 3)."""
    dense = np.minimum(background, MOST_BACKGROUND)
    return np.stack([ln(np.maximum(score, LEAST_SCORE)), dense, foreign.astype(np.float64)], axis=1)


def apart_features(score: Floats) -> Floats:
    """What the probability of a pair that was left apart depends on, shape (pairs, 1)."""
    return np.reshape(ln(np.maximum(score, LEAST_SCORE)), (-1, 1))


def copy_features(overlap: Floats) -> Floats:
    """What a copy's probability of being one text depends on, shape (pairs, 1)."""
    return np.reshape(overlap, (-1, 1))


def _logistic(curve: Sequence[float], features: Floats) -> Floats:
    """1/(1 + e^-z), z being the constant and the features times their slopes, added up one by one."""
    z = np.full(len(features), float(curve[0]))
    for slope, column in zip(curve[1:], features.T, strict=True):
        z = z + slope * column
    return 1 / (1 + _exp(-z))


def _exp(x: Floats) -> Floats:
    """e^x to within 10⁻¹⁰ of itself, of operations that IEEE 754 defines to the last bit: see `vectorize.exact`.

    e^x = (e^(x/1024))^1024, the inner one by its series. What leaves ±40 no longer matters to a probability.
    """
    small = np.clip(x, -40.0, 40.0) / 1024
    power = np.ones_like(small)
    for step in range(8, 0, -1):
        power = 1 + power * small / step
    for _ in range(10):
        power = power * power
    return power


def _rounded(probability: Floats) -> Floats:
    return np.rint(probability * DIGITS) / DIGITS
