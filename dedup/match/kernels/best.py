"""The best pairs of each article by selection, and pairs sorted by counting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import kept


def among_best(
    a: NDArray[np.int32], b: NDArray[np.int32], score: NDArray[np.int32], most: int, articles: int
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Whether each pair is among the `most` best pairs of one of its articles; ties go to the earlier other article.

    Plain form: `match.stories.among_best`.

    Args:
        a, b: places of the two articles, shape (pairs,).
        score: not negative, shape (pairs,).
        most: how many pairs of an article are kept.
        articles: the number of articles.

    Returns:
        Flags of shape (pairs,), and the lowest score among the best pairs of each article, 0 for one with fewer than
        `most` pairs; shape (articles,).
    """
    return _among_best(a, b, score, most, articles)


def in_order(a: NDArray[np.int32], b: NDArray[np.int32], articles: int) -> NDArray[np.int64]:
    """The permutation that sorts pairs by (a, b), by two counting sorts."""
    return _by(a, _by(b, np.arange(len(b)), articles), articles)


@kept
def _by(key: NDArray[np.int32], order: NDArray[np.int64], keys: int) -> NDArray[np.int64]:
    place, sorted_ = np.zeros(keys + 1, np.int64), np.empty(len(order), np.int64)
    for value in key:
        place[value + 1] += 1
    for value in range(keys):
        place[value + 1] += place[value]
    for item in order:
        sorted_[place[key[item]]] = item
        place[key[item]] += 1
    return sorted_


@kept
def _among_best(
    a: NDArray[np.int32], b: NDArray[np.int32], score: NDArray[np.int32], most: int, articles: int
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    last = np.int64(0xFFFFFFFF)
    begin = np.zeros(articles + 1, np.int64)
    for pair in range(len(a)):
        begin[a[pair] + 1] += 1
        begin[b[pair] + 1] += 1
    for article in range(articles):
        begin[article + 1] += begin[article]
    fill, keys = begin[:articles].copy(), np.empty(begin[articles], np.int64)
    for pair in range(len(a)):  # key: the score, then the other article, reversed
        high = np.int64(score[pair]) << 32
        keys[fill[a[pair]]] = high | (last - b[pair])
        fill[a[pair]] += 1
        keys[fill[b[pair]]] = high | (last - a[pair])
        fill[b[pair]] += 1
    least = np.zeros(articles, np.int64)
    for article in range(articles):
        low, high = begin[article], begin[article + 1] - 1
        wanted = high + 1 - most  # the place of the lowest of the best if sorted
        if wanted <= low:
            continue
        while low < high:  # quickselect (Hoare 1961)
            pivot = keys[(low + high) >> 1]
            left, right = low, high
            while left <= right:
                while keys[left] < pivot:
                    left += 1
                while keys[right] > pivot:
                    right -= 1
                if left <= right:
                    keys[left], keys[right] = keys[right], keys[left]
                    left += 1
                    right -= 1
            if wanted <= right:
                high = right
            elif wanted >= left:
                low = left
            else:
                break
        least[article] = keys[wanted]
    keep = np.empty(len(a), np.bool_)
    for pair in range(len(a)):
        high = np.int64(score[pair]) << 32
        keep[pair] = (high | (last - b[pair])) >= least[a[pair]] or (high | (last - a[pair])) >= least[b[pair]]
    return keep, (least >> 32).astype(np.int32)
