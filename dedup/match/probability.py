"""The probability that a link is right: that two articles are of one story, or are one text.

Three logistic curves, fitted to labelled news by `python -m benchmarks calibration --write`, which keeps the numbers
and their sources in `probability.json`.

A story link is judged by its score, its background similarity and whether it spans two languages. Of two pairs of one
score, the one in the denser collection had to be more similar to get there, and is right more often; in a large and
mixed collection unrelated articles come closer. Between languages names and figures are compared, a different measure.
Pairs that stories at the granularity .5 join have a curve of their own, since the averages behind a merge rest on more
than the one pair.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.exact import Numbers, ln

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

        Kernel: `match.kernels.probability.of_links`.

        Args:
            score: of each pair, shape (pairs,).
            background: the mean background similarity of its two articles.
            foreign: whether they are in different languages.
            joined: whether they are in one story at the granularity .5.
        """
        height = log_score(score)
        together = logit(self.joined, joined_features(height, background, foreign))
        return probability(np.where(joined, together, logit(self.apart, (height,))))  # type: ignore[no-any-return]

    def of_copies(self, overlap: Floats) -> Floats:
        """The probability that pairs found to be copies are one text, by their overlap; shape (pairs,)."""
        return probability(logit(self.copy, (overlap,)))  # type: ignore[no-any-return]


def log_score(score: Floats) -> Floats:
    """Natural logarithm of scores, those below `LEAST_SCORE` raised to it."""
    return ln(np.maximum(score, LEAST_SCORE))


def joined_features(height: Numbers, background: Numbers, foreign: Numbers) -> tuple[Numbers, ...]:
    """The features of the curve of joined pairs; `height` is `log_score`."""
    return height, np.minimum(background, MOST_BACKGROUND), foreign * 1.0


def logit(curve: Sequence[float] | NDArray[np.float64], features: tuple[Numbers, ...]) -> Numbers:
    """The constant of a curve, and the features times their slopes, added one by one."""
    z: Numbers = curve[0]
    for place in range(len(features)):
        z = z + curve[place + 1] * features[place]
    return z


def exp(x: Numbers) -> Numbers:
    """e^x to within 10⁻¹⁰ of itself, by operations that IEEE 754 defines to the last bit: see `vectorize.exact`.

    e^x = (e^(x/1024))^1024, the inner one by its series. Beyond ±40 x no longer matters to a probability.
    """
    small = np.minimum(np.maximum(x, -40.0), 40.0) / 1024
    power = 1 + small / 8
    for step in range(7, 0, -1):
        power = 1 + power * small / step
    for _ in range(10):
        power = power * power
    return power


def probability(z: Numbers) -> Numbers:
    """The logistic function 1/(1 + e^-z), rounded to a multiple of 1/`DIGITS`."""
    return np.rint(1 / (1 + exp(-z)) * DIGITS) / DIGITS


FORMULAS = (joined_features, logit, exp, probability)
"""What kernels call."""
