"""Arithmetic to the last bit: the logarithm, and vectors whose dot products are exact."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given
from hypothesis import strategies as st

from dedup.vectorize.exact import SCORE_UNIT, WEIGHT_UNIT, ln
from dedup.vectorize.tfidf import _unit

positive = st.floats(min_value=5e-324, allow_nan=False, allow_infinity=False)


def precise(x: float) -> Decimal:
    with localcontext(prec=60):
        return Decimal(x).ln()


@given(st.one_of(positive, st.floats(0.5, 2.0), st.integers(1, 10**9).map(float)))
@example(1.0)
@example(math.nextafter(1.0, 0.0))
@example(math.nextafter(1.0, 2.0))
@example(0.7071067811865476)
@example(0.7071067811865475)
def test_the_logarithm_is_right_to_a_few_units_in_the_last_place(x: float) -> None:
    found, exact = float(ln(np.array([x]))[0]), precise(x)
    assert abs(Decimal(found) - exact) <= 3 * Decimal(math.ulp(float(exact))), (found, exact)


@given(st.lists(positive, min_size=1, max_size=9))
def test_the_logarithm_of_many_is_that_of_each(xs: list[float]) -> None:
    """In arrays of every length, for every width of a vector unit."""
    assert ln(np.array(xs)).tolist() == [float(ln(np.array([x]))[0]) for x in xs]


@pytest.mark.parametrize(
    ("x", "bits"),
    [
        (2.0, "0x1.62e42fefa39efp-1"),
        (3.0, "0x1.193ea7aad030ap+0"),
        (10.0, "0x1.26bb1bbb55515p+1"),
        (0.1, "-0x1.26bb1bbb55515p+1"),
        (1.5, "0x1.9f323ecbf984cp-2"),
        (48001.0, "0x1.58ed616e749f4p+3"),
        (0.7071067811865476, "-0x1.62e42fefa39eep-2"),
        (1.0000000000000002, "0x1.0000000000000p-52"),
        (1e-300, "-0x1.5963447f87fb5p+9"),
        (1.7976931348623157e308, "0x1.62e42fefa39efp+9"),
        (5e-324, "-0x1.74385446d71c3p+9"),
    ],
)
def test_the_logarithm_has_the_same_bits_everywhere(x: float, bits: str) -> None:
    assert float(ln(np.array([x]))[0]).hex() == bits


@pytest.mark.parametrize("seed", range(5))
def test_dot_products_are_exact_in_any_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.gamma(2, 3, (6, 400)) * (random.random((6, 400)) < 0.5)
    matrix = _unit(sp.csr_array(weights))
    assert np.array_equal(matrix.data / WEIGHT_UNIT, np.rint(matrix.data / WEIGHT_UNIT))
    rows = matrix.toarray()
    by_library = (matrix @ matrix.T).toarray()
    for i in range(len(rows)):
        for j in range(len(rows)):
            exact = sum((Fraction(a) * Fraction(b) for a, b in zip(rows[i], rows[j], strict=True)), Fraction(0))
            order = random.permutation(rows.shape[1])
            total = 0.0
            for column in order.tolist():
                total += float(rows[i, column]) * float(rows[j, column])
            assert Fraction(total) == exact == Fraction(float(by_library[i, j]))


@pytest.mark.parametrize("terms", [1, 2, 30, 1_000, 50_000])
def test_rows_have_unit_length(terms: int) -> None:
    """Within the rounding of their entries: half a unit each."""
    data = np.random.default_rng(terms).gamma(2, 3, terms)
    row = _unit(sp.csr_array((data, np.arange(terms), np.array([0, terms])), shape=(1, terms)))
    length = math.sqrt(float((row.data**2).sum()))
    assert abs(length - 1) <= math.sqrt(terms) * WEIGHT_UNIT / 2 + 1e-9


def test_a_row_without_weight_stays_without() -> None:
    matrix = sp.csr_array((np.array([0.0, 3.0]), np.array([0, 1]), np.array([0, 0, 1, 2])), shape=(3, 2))
    assert _unit(matrix).toarray().tolist() == [[0, 0], [0, 0], [0, 1]]


def test_units_are_powers_of_two() -> None:
    for unit in (WEIGHT_UNIT, SCORE_UNIT):
        assert math.frexp(unit)[0] == 0.5
