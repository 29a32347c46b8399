"""Arithmetic that gives the same bits on every machine and in every order of additions.

Sums are sums of integers. The logarithm is composed of additions, multiplications and divisions, which IEEE 754 defines
to the last bit: the `log` of a C library, or of a vector unit, may differ in it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

WEIGHT_UNIT = 2.0**-15
"""Entries of a vector are multiples of this, so that dot products are exact multiples of its square."""
DOT_UNIT: float = WEIGHT_UNIT**2
"""Dot products are multiples of this."""
SCORE_UNIT = 2.0**-20
"""Scores are multiples of this."""

LN2 = 0.6931471805599453
"""ln 2."""

Numbers: TypeAlias = Any
"""A number or an array: a formula of these runs in NumPy, and in kernels by `compiling.callable_by_kernels`."""


def ln(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The natural logarithm of positive numbers, to within 4 units in the last place (3 were never seen).

    ln(m·2^e) = 2·artanh((m − 1)/(m + 1)) + e·ln 2 with m in [√½, √2), the series cut off below the last bit.
    """
    logarithm: NDArray[np.float64] = ln_of_parts(*np.frexp(x))
    return logarithm


def ln_of_parts(mantissa: Numbers, exponent: Numbers) -> Numbers:
    """The logarithm of mantissa·2^exponent, mantissa in [½, 1), as `frexp` splits a number; kernels call it too."""
    low = mantissa < 0.7071067811865476
    mantissa, exponent = mantissa * (1 + low), exponent - low
    z = (mantissa - 1) / (mantissa + 1)
    square, series = z * z, 1 / 23
    for odd in range(21, 0, -2):
        series = series * square + 1 / odd
    return 2 * z * series + exponent * LN2
