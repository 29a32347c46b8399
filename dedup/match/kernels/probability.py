"""The probabilities of a few links, for which the calls of NumPy would take longer than the arithmetic."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dedup.match.probability import FORMULAS, LEAST_SCORE, joined_features, logit, probability
from dedup.vectorize.exact import ln_of_parts
from dedup.vectorize.kernels.compiling import callable_by_kernels, kept

for formula in (*FORMULAS, ln_of_parts):
    callable_by_kernels(formula)


@kept
def of_links(
    score: NDArray[np.float64],
    background: NDArray[np.float64],
    foreign: NDArray[np.bool_],
    joined: NDArray[np.bool_],
    is_copy: NDArray[np.bool_],
    overlap: NDArray[np.float64],
    of_joined: NDArray[np.float64],
    of_apart: NDArray[np.float64],
    of_copies: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The probability of each link: that of `Probabilities.of_copies` for a copy, else that of `of_stories`.

    The last three are the curves, in the order of `Probabilities`.

    Plain form: `match.probability.Probabilities.of_stories`.
    """
    found = np.empty(len(score))
    for link in range(len(score)):
        if is_copy[link]:
            z = logit(of_copies, (overlap[link],))
        else:
            mantissa, exponent = math.frexp(max(score[link], LEAST_SCORE))
            height = ln_of_parts(mantissa, exponent)
            if joined[link]:
                z = logit(of_joined, joined_features(height, background[link], foreign[link]))
            else:
                z = logit(of_apart, (height,))
        found[link] = probability(z)
    return found
