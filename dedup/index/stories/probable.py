"""The probabilities of a few links: the twin of `match.probability`, for which a few are hardly worth the calls."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import kept, kernel


@kernel
def _ln(x: float, ln2: float) -> float:
    """`vectorize.exact.ln`, by the same operations in the same order."""
    mantissa, exponent = math.frexp(x)
    if mantissa < 0.7071067811865476:
        mantissa *= 2
        exponent -= 1
    z = (mantissa - 1) / (mantissa + 1)
    square = z * z
    series = 0.0
    for odd in range(23, 0, -2):
        series = series * square + 1 / odd
    return 2 * z * series + exponent * ln2


@kernel
def _logistic(z: float) -> float:
    """1/(1 + e^-z), as there."""
    small = min(max(-z, -40.0), 40.0) / 1024
    power = 1.0
    for step in range(8, 0, -1):
        power = 1 + power * small / step
    for _ in range(10):
        power = power * power
    return 1 / (1 + power)


@kept
def probable(
    score: NDArray[np.float64],
    background: NDArray[np.float64],
    foreign: NDArray[np.bool_],
    joined: NDArray[np.bool_],
    is_copy: NDArray[np.bool_],
    overlap: NDArray[np.float64],
    together: NDArray[np.float64],
    apart: NDArray[np.float64],
    copy: NDArray[np.float64],
    least_score: float,
    most_background: float,
    digits: int,
    ln2: float,
) -> NDArray[np.float64]:
    """The probability of each link, as a copy or by its story; the last curves are constants and slopes.

    Plain form: `match.probability.Probabilities.of_stories`.
    """
    found = np.empty(len(score))
    for link in range(len(score)):
        if is_copy[link]:
            z = copy[0] + copy[1] * overlap[link]
        else:
            height = _ln(max(score[link], least_score), ln2)
            if joined[link]:
                z = together[0] + together[1] * height
                z = z + together[2] * min(background[link], most_background)
                z = z + together[3] * np.float64(foreign[link])
            else:
                z = apart[0] + apart[1] * height
        found[link] = np.rint(_logistic(z) * digits) / digits
    return found
