"""scikit-learn's own checks of estimators.

The checks use numbers and skip most tests of an estimator of texts. So they run twice: on the estimators, and on
subclasses that convert each row of numbers to a text, where all checks apply.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from dedup import MinHashVectorizer, StoryClusterer, StoryTfidfVectorizer

FOLDED = 256


def as_texts(X: NDArray[np.float64]) -> list[str]:  # noqa: N803 - scikit-learn's name
    """Return a text per row such that near rows share words: the cells of eight shifted grids."""
    texts = []
    for row in X:
        cells = [
            (column, shift, int(value + shift / 8)) for column, value in enumerate(row + 1000) for shift in range(8)
        ]
        texts.append(" ".join(f"c{column}s{shift}v{cell}" for column, shift, cell in cells))
    return texts


class Numbers:
    """Mixin that makes an estimator of texts one of numbers."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc] # BaseEstimator has it, which comes after
        tags.input_tags.string = False
        tags.input_tags.two_d_array = True
        return tags

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: N803 - scikit-learn's name
        super().fit(self._texts(X, reset=True), y)  # type: ignore[misc] # the estimator has it, which comes after
        return self

    def _texts(self, X: Any, *, reset: bool) -> list[str]:  # noqa: N803 - scikit-learn's name
        return as_texts(validate_data(self, X, reset=reset, dtype=np.float64))


class MinHashOfNumbers(Numbers, MinHashVectorizer):
    def transform(self, X: Any) -> NDArray[np.uint32]:  # noqa: N803 - scikit-learn's name
        return super().transform(self._texts(X, reset=False))


class TfidfOfNumbers(Numbers, StoryTfidfVectorizer):
    """Columns are folded, because the checks use dense arrays."""

    def fit_transform(self, X: Any, y: object = None) -> NDArray[np.float64]:  # type: ignore[override] # noqa: N803
        return folded(super().fit_transform(self._texts(X, reset=True), y))

    def transform(self, X: Any) -> NDArray[np.float64]:  # type: ignore[override] # noqa: N803
        check_is_fitted(self)
        return folded(super().transform(self._texts(X, reset=False)))


class ClustererOfNumbers(Numbers, StoryClusterer):
    pass


def folded(matrix: sp.csr_array) -> NDArray[np.float64]:
    narrow = sp.csr_array((matrix.data, matrix.indices % FOLDED, matrix.indptr), shape=(matrix.shape[0], FOLDED))
    return narrow.toarray()


CHECKS = parametrize_with_checks([MinHashOfNumbers(), TfidfOfNumbers(), ClustererOfNumbers()]).mark


# A list, for pytest: scikit-learn 1.6 has an iterator
@pytest.mark.parametrize(CHECKS.args[0], list(CHECKS.args[1]), **CHECKS.kwargs)
def test_numbers_as_texts(estimator: BaseEstimator, check: Callable[[BaseEstimator], None]) -> None:
    check(estimator)


@pytest.mark.parametrize("estimator", [MinHashVectorizer(), StoryTfidfVectorizer(), StoryClusterer()], ids=repr)
def test_texts(estimator: BaseEstimator) -> None:
    with pytest.warns(SkipTestWarning, match="requires input  of type"):
        results = check_estimator(estimator, on_skip=None)
    assert [result["check_name"] for result in results if result["status"] == "passed"] == ["check_estimator_cloneable"]
