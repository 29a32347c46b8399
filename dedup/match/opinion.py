"""A second opinion: an embedding of the caller adjusts the scores of pairs near the threshold.

Only articles of pairs with a score in a band around the threshold of one event are embedded. A pair that the embedding
finds more similar than the other pairs of the band gains score, one that it finds less similar loses score. The weight
of the opinion is the correlation of its similarities with the scores over the band. So no scale has to be known
(unrelated texts have a cosine of .1 in one model and .7 in another), and a model that does not know a language has no
effect there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.errors import SecondOpinionError
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT

if TYPE_CHECKING:
    from dedup.progress import Progress

Embed = Callable[[list[str]], Any]
"""Texts to vectors: an array of shape (texts, dimensions), of any scale and any number of dimensions."""

BAND = (0.08, 0.24)
"""Scores of borderline pairs: half to one and a half times the threshold of one event."""
MOST = 0.05
"""The largest change of a score."""
FAR = 2.0
"""Standard deviations from the mean similarity at which the change is largest."""
SHRINKAGE = 20
"""The weight shrinks towards 0 as if there were this many more pairs without correlation."""
BATCH = 64
"""Texts per call of the function."""
GRAIN = 2.0**-12
"""Similarities are rounded to multiples of this, so that noise in the last digits does not matter."""


def opinions(
    pairs: Pairs, text_of: Callable[[int], str], embed: Embed, progress: Progress | None = None
) -> NDArray[np.int64]:
    """The change of the score of each pair, 0 outside the band; shape (pairs,), in units of `SCORE_UNIT`.

    It is a function of the pairs, texts and vectors: texts are passed in the order of their places, `BATCH` at a time.

    Args:
        pairs: all scored pairs.
        text_of: returns the text of the article at a place.
        embed: called in batches, once for each article of a borderline pair.
        progress: called with the number of texts embedded, and of all.

    Raises:
        SecondOpinionError: `embed` raised an error, or what it returned is not a vector per text.
    """
    low, high = (round(end / SCORE_UNIT) for end in BAND)
    borderline = np.flatnonzero((pairs.score >= low) & (pairs.score <= high))
    a, b = pairs.a[borderline], pairs.b[borderline]
    articles = np.unique(np.concatenate([a, b]))
    vectors = _embedded([text_of(place) for place in articles.tolist()], embed, progress)
    similarity = _cosines(vectors, np.searchsorted(articles, a), np.searchsorted(articles, b))
    found = np.zeros(len(pairs.a), np.int64)
    found[borderline] = np.rint(_moves(similarity, pairs.score[borderline]) / SCORE_UNIT).astype(np.int64)
    return found


def _moves(similarity: NDArray[np.int64], score: NDArray[np.int64]) -> NDArray[np.float64]:
    """The change of each score, from similarities in units of `GRAIN` and scores in units of `SCORE_UNIT`.

    Sums are of Python integers, which are exact in any order.
    """
    count = len(score)
    nothing = np.zeros(count)
    if not count:
        return nothing
    x, y = similarity * count - int(similarity.sum()), score * count - int(score.sum())  # from the mean, times count
    x_squares, y_squares, products = (
        sum(one * other for one, other in zip(left.tolist(), right.tolist(), strict=True))
        for left, right in ((x, x), (y, y), (x, y))
    )
    if not x_squares or not y_squares or products <= 0:
        return nothing  # constant, or not positively correlated with the scores
    correlation = products / (float(x_squares) ** 0.5 * float(y_squares) ** 0.5)
    weight = correlation * count / (count + SHRINKAGE)
    deviation = (x_squares / count) ** 0.5
    moves: NDArray[np.float64] = MOST * weight * np.clip(x / (FAR * deviation), -1.0, 1.0)
    return moves


def _cosines(vectors: NDArray[np.float64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cosines of pairs of rows in units of `GRAIN`, 0 for a row of zeros."""
    length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    units = vectors / np.where(length > 0, length, 1.0)
    blocks = [slice(start, start + 4096) for start in range(0, len(a), 4096)]
    cosines = [(units[a[block]] * units[b[block]]).sum(axis=1) for block in blocks]
    return np.rint((np.concatenate(cosines) if cosines else np.empty(0)) / GRAIN).astype(np.int64)


def _embedded(texts: Sequence[str], embed: Embed, progress: Progress | None) -> NDArray[np.float64]:
    """Embed texts and check the vectors, shape (texts, dimensions)."""
    found: list[NDArray[np.float64]] = []
    for start in range(0, len(texts), BATCH):
        batch = list(texts[start : start + BATCH])
        try:
            vectors = np.asarray(embed(batch), np.float64)
        except Exception as error:
            problem = f"the second opinion failed on {len(batch)} texts: {type(error).__name__}: {error}"
            raise SecondOpinionError(problem) from error
        wanted = f"the second opinion must give an array of shape ({len(batch)}, dimensions)"
        if vectors.ndim != 2 or len(vectors) != len(batch) or not vectors.shape[1]:
            raise SecondOpinionError(f"{wanted}, not {vectors.shape}")
        if found and vectors.shape[1] != found[0].shape[1]:
            raise SecondOpinionError(f"{wanted}, {found[0].shape[1]} as before, not {vectors.shape[1]}")
        if not np.isfinite(vectors).all():
            raise SecondOpinionError("the second opinion gave numbers that are infinite or none at all")
        found.append(vectors)
        if progress:
            progress("asking for a second opinion", start + len(batch), len(texts))
    return np.concatenate(found) if found else np.empty((0, 0))
