"""Arithmetic that gives the same bits on every machine, in whatever order it is done.

Sums are sums of whole numbers. The logarithm is made of additions, multiplications and divisions, which IEEE 754
defines to the last bit, because the `log` of a C library, or of a vector unit, may differ in it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

WEIGHT_UNIT = 2.0**-15
"""Entries of a vector are whole multiples of this, so that a dot product of two is an exact multiple of its square."""
DOT_UNIT: float = WEIGHT_UNIT**2
"""Dot products are whole multiples of this."""
SCORE_UNIT = 2.0**-20
"""Scores are whole multiples of this."""

LN2 = 0.6931471805599453
"""ln 2."""

Number: TypeAlias = Any
"""A NumPy scalar or array. A formula of these runs in NumPy as it is, and in kernels once compiled by `kernel`."""


def ln(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The natural logarithm of positive numbers, to within 4 units in the last place (3 were never seen).

    ln(m·2^e) = 2·artanh((m − 1)/(m + 1)) + e·ln 2 with m in [√½, √2), the series cut where it no longer matters.
    """
    mantissa, exponent = np.frexp(x)
    low = mantissa < 0.7071067811865476
    mantissa = np.where(low, mantissa * 2, mantissa)
    exponent = exponent - low
    z = (mantissa - 1) / (mantissa + 1)
    square = z * z
    series = np.zeros_like(z)
    for odd in range(23, 0, -2):
        series = series * square + 1 / odd
    logarithm: NDArray[np.float64] = 2 * z * series + exponent * LN2
    return logarithm
