"""Meaning: what an embedding tells about pairs of articles, on a scale that the collection itself gives.

Cosines of different models cannot be compared: unrelated texts have one of .1 in one model and of .7 in another, and a
model that does not know a language finds all texts in it alike. So a cosine is read as a chance: the share of the
pairs with this cosine that words alone put in one story. No labels are needed; in a dense collection, where strangers
are close, chances are lower; and a model that knows nothing has no chances above those of any two articles.

Chances are estimated from pairs of one language, for each language on its own. A pair of two languages has the lower of
the two chances. They rise with the cosine (isotonic regression by pooling adjacent violators: Ayer et al. 1955).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.embedding import GRAIN
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import HasPairs

UNIT = 1 << 16
"""A chance of 1 in whole numbers, so that sums are exact."""
STEPS = 32
"""Cosines are told apart in steps of 1 / this."""
UNRELATED = 1
"""Each step counts this many more pairs as unrelated, or for a language as in all: few pairs prove nothing."""
LEAST = UNIT // 16
"""Lower chances count as none."""
SAMPLE = 8192
"""Articles whose pairs with all others chances are estimated from, at most."""
_ONE = round(1 / GRAIN) ** 2
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Near:
    """Pairs of articles that an embedding finds close, sorted by (a, b), with a < b.

    Attributes:
        a, b: places of the two articles, shape (pairs,).
        story, storyline: the chance that they are of one story, and of one storyline, in units of 1 / `UNIT`.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    story: NDArray[np.int64]
    storyline: NDArray[np.int64]

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Near:
        """The pairs for which `keep` is true, or at the given places."""
        return Near(self.a[keep], self.b[keep], self.story[keep], self.storyline[keep])

    def among(self, others: HasPairs) -> NDArray[np.bool_]:
        """Whether each pair is among others."""
        width = max(self.b.max(initial=0), others.b.max(initial=0)) + 1
        return np.isin(self.a * width + self.b, others.a * width + others.b)


@dataclass(frozen=True, slots=True)
class Meaning:
    """The embeddings of a collection, and what their cosines tell.

    Attributes:
        model: the name of the embedding.
        vectors: in units of `GRAIN`, shape (articles, dimensions).
        known: whether each article takes part, shape (articles,): it has a vector, and is one that stories are made of.
        languages: number of each article's language from 0, shape (articles,).
        story, storyline: the chance at each step of the cosine, shape (languages, steps).
    """

    model: str
    vectors: NDArray[np.int16]
    known: NDArray[np.bool_]
    languages: NDArray[np.int64]
    story: NDArray[np.int64]
    storyline: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        model: str,
        vectors: NDArray[np.int16],
        known: NDArray[np.bool_],
        languages: NDArray[np.int64],
        seconds: NDArray[np.float64],
        window: float,
        groups: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> Meaning:
        """Estimate the chances.

        Args:
            model, vectors, known, languages: see `Meaning`.
            seconds: publication times, shape (articles,), nan where unknown.
            window: days beyond which two articles are no pair.
            groups: the story and the storyline of each article that words find, each of shape (articles,).
        """
        known = known & vectors.any(axis=1)
        count, steps = int(languages.max(initial=-1)) + 1, 2 * STEPS + 1
        seen, found = np.zeros(count * steps, np.int64), np.zeros((2, count * steps), np.int64)
        taken = np.flatnonzero(known)
        taken = taken[:: -(-len(taken) // SAMPLE)] if len(taken) else taken
        sampled = np.zeros(len(known), bool)
        sampled[taken] = True
        for a, b, products in _blocks(vectors, known, sampled, seconds, window):
            first, second = np.broadcast_arrays(a[:, None], b[None, :])
            once = (languages[a][:, None] == languages[b][None, :]) & ((first < second) | ~sampled[b][None, :])
            once &= _within(seconds, a, b, window)
            key = (languages[a][:, None] * steps + _step(products))[once]
            seen += np.bincount(key, minlength=len(seen))
            for row, group in enumerate(groups):
                same = (group[a][:, None] == group[b][None, :])[once]
                found[row] += np.bincount(key[same], minlength=len(seen))
        shape = count, steps
        curves = [_curves(one.reshape(shape), seen.reshape(shape)) for one in found]
        return cls(model, vectors, known, languages, *curves)

    def chances(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The chances that pairs of articles are of one story, and of one storyline, in units of 1 / `UNIT`."""
        dots = np.einsum("ij,ij->i", self.vectors[a].astype(np.int64), self.vectors[b].astype(np.int64))
        return self._of_products(a, b, dots.astype(np.float64))

    def least_product(self) -> int:
        """The least dot product of two vectors with a chance of at least `LEAST`, in units of `GRAIN` squared."""
        lowest = min((_first_step(curve) for curve in (self.story, self.storyline)), default=2 * STEPS + 1)
        return -(-lowest * _ONE // STEPS) - _ONE

    def _of_products(
        self, a: NDArray[np.int64], b: NDArray[np.int64], products: NDArray[np.floating]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        step, one, other = _step(products), self.languages[a], self.languages[b]
        both = self.known[a] & self.known[b]
        story, storyline = (
            np.where(both, np.minimum(curve[one, step], curve[other, step]), 0)
            for curve in (self.story, self.storyline)
        )
        return story, storyline

    def near(self, rows: NDArray[np.bool_], seconds: NDArray[np.float64], window: float) -> Near:
        """The pairs with a chance of at least `LEAST` and at least one article in `rows`.

        Args:
            rows: shape (articles,).
            seconds, window: see `of`.
        """
        nothing = np.empty(0, np.int64)
        found = [(nothing, nothing, nothing, nothing)]
        lowest = min((_first_step(curve) for curve in (self.story, self.storyline)), default=2 * STEPS + 1)
        rows = rows & self.known
        for a, b, products in _blocks(self.vectors, self.known, rows, seconds, window):
            i, j = np.nonzero(_step(products) >= lowest)
            first, second = a[i], b[j]
            keep = (first < second) | ~rows[second]
            keep &= (first != second) & ~(np.abs(seconds[first] - seconds[second]) > window * SECONDS_A_DAY)
            i, j, first, second = i[keep], j[keep], first[keep], second[keep]
            story, storyline = self._of_products(first, second, products[i, j])
            some = np.maximum(story, storyline) >= LEAST
            low, high = np.minimum(first, second), np.maximum(first, second)
            found.append((low[some], high[some], story[some], storyline[some]))
        near = Near(*(np.concatenate(column) for column in zip(*found, strict=True)))
        return near.where(np.lexsort((near.b, near.a)))


def _blocks(
    vectors: NDArray[np.int16],
    known: NDArray[np.bool_],
    rows: NDArray[np.bool_],
    seconds: NDArray[np.float64],
    window: float,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Yield blocks of rows, all known articles that may be within the window of one of them, and their dot products.

    The products are whole numbers below 2^24, so they are exact in 32-bit floats whatever the order of the sums.
    """
    every, wanted = (np.flatnonzero(some)[np.argsort(seconds[some], kind="stable")] for some in (known, rows))
    times, dated = seconds[every], int(np.count_nonzero(~np.isnan(seconds[every])))
    reach = window * SECONDS_A_DAY
    floats = vectors[every].astype(np.float32)
    place = np.empty(len(known), np.int64)
    place[every] = np.arange(len(every))
    for start in range(0, len(wanted), _BLOCK):
        a = wanted[start : start + _BLOCK]
        own = seconds[a]
        low, high = 0, dated
        if not np.isnan(own).any():
            low = int(np.searchsorted(times[:dated], own[0] - reach, side="left"))
            high = int(np.searchsorted(times[:dated], own[-1] + reach, side="right"))
        others = np.concatenate([np.arange(low, high), np.arange(dated, len(every))])
        contiguous = low == 0 and high == dated
        right = floats if contiguous else floats[others]
        yield a, every[others], floats[place[a]] @ right.T


def _within(
    seconds: NDArray[np.float64], a: NDArray[np.int64], b: NDArray[np.int64], window: float
) -> NDArray[np.bool_]:
    """Whether each of some articles is another one than each of others, and within the window of it."""
    near = ~(np.abs(seconds[a][:, None] - seconds[b][None, :]) > window * SECONDS_A_DAY)
    near &= a[:, None] != b[None, :]
    return np.asarray(near, np.bool_)


def _step(products: NDArray[np.floating]) -> NDArray[np.int64]:
    """The step of the cosine of dot products."""
    return np.clip((products.astype(np.int64) + _ONE) * STEPS // _ONE, 0, 2 * STEPS)


def _first_step(curves: NDArray[np.int64]) -> int:
    """The lowest step at which a chance is at least `LEAST`."""
    some = np.flatnonzero((curves >= LEAST).any(axis=0))
    return int(some[0]) if len(some) else curves.shape[1]


def _curves(found: NDArray[np.int64], seen: NDArray[np.int64]) -> NDArray[np.int64]:
    """The chances of each language at each step, from the pairs found in one group and all pairs; same shapes."""
    every = _rising(found.sum(axis=0) / (seen.sum(axis=0) + UNRELATED), seen.sum(axis=0) + UNRELATED)
    own = (found + UNRELATED * every) / (seen + UNRELATED)
    curves = [_rising(one, count) for one, count in zip(own, seen + UNRELATED, strict=True)]
    return np.rint(np.array(curves).reshape(found.shape) * UNIT).astype(np.int64)


def _rising(values: NDArray[np.float64], weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """The closest values that never fall (isotonic regression)."""
    pools: list[tuple[float, int, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, total, length = value, weight, 1
        while pools and pools[-1][0] >= mean:
            before, more, longer = pools.pop()
            mean = (before * more + mean * total) / (more + total)
            total, length = total + more, length + longer
        pools.append((mean, total, length))
    return np.concatenate([np.full(length, mean) for mean, _, length in pools])
