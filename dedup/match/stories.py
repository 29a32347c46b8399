"""Same-story candidates: all pairs of articles with a cosine above the floor, and their scores.

The score of a pair is its cosine less the background similarity of the two articles, so that one threshold fits both a
collection about one subject and a collection about everything, less a penalty for the days between them: see
`match.scores`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.scores import SECONDS_A_DAY, days_apart, headline_score, outlet_penalty, score
from dedup.vectorize.exact import DOT_UNIT, SCORE_UNIT

if TYPE_CHECKING:
    from dedup.progress import Progress
    from dedup.settings import Settings
    from dedup.vectorize.cross_lingual import CrossLingual

FLOOR = 0.08
"""Cosine above which a pair is a candidate."""
STRONG = 0.35
"""Score from which two articles count as related, whatever the size of the collection."""
RELATED = math.ceil(STRONG / SCORE_UNIT)
"""The same as a whole number."""
USUAL = 0.04
"""Prior for the mean cosine of an article to a collection ..."""
USUAL_COUNT = 50
"""... and the number of articles that the prior counts as."""
HEAD_SHARE = 0.43
"""Mean squared norm of the heads of an index as a share of the floor: a larger one leaves too many candidates, a
smaller one too many postings."""
WIDEST = 2_048
"""Most terms in a head."""
PILE = 1 << 20
"""Pairs from which the best are selected; afterwards, when their number has doubled."""
_AMONG = 16
"""Times as many products as are asked for that are computed at once, as those of two matrices."""
_BLOCK = 256

Products = Callable[[sp.csr_array, NDArray[np.int64], NDArray[np.int64], sp.csr_array | None], NDArray[np.float64]]
"""`products`, or its kernel."""


class HasPairs(Protocol):
    """Pairs of articles, by their places."""

    @property
    def a(self) -> NDArray[np.int64]: ...
    @property
    def b(self) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scored pairs of articles, sorted by (a, b), with a < b.

    Attributes:
        a, b: places of the two articles, shape (pairs,).
        cosine: of their vectors.
        score: in units of `SCORE_UNIT`.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    cosine: NDArray[np.float64]
    score: NDArray[np.int64]

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Pairs:
        """The pairs for which `keep` is true, or at the given places."""
        return Pairs(self.a[keep], self.b[keep], self.cosine[keep], self.score[keep])

    def among(self, others: HasPairs) -> NDArray[np.bool_]:
        """Whether each pair is among others."""
        width = max(self.b.max(initial=0), others.b.max(initial=0)) + 1
        return np.isin(self.a * width + self.b, others.a * width + others.b)


def mean_similarity(
    matrix: sp.csr_array, representative: NDArray[np.int64], multiply: Products | None = None
) -> NDArray[np.float64]:
    """Background similarity within a collection: the smoothed mean cosine of each article to the others.

    Copies of one text count once.

    Args:
        matrix: unit vectors, shape (articles, terms).
        representative: for each article the one that represents it, itself where it has no copy; shape (articles,).
        multiply: `products`, which is the default, or its kernel.

    Returns:
        Shape (articles,); see `similarity_to_others`.
    """
    represents = np.zeros(len(representative))
    represents[representative] = 1.0
    count = int(represents.sum())
    to_all = np.asarray(matrix @ (matrix.T @ represents)).ravel()  # exact: multiples of a power of two
    to_itself = (multiply or products)(matrix, np.arange(len(representative)), representative, None)
    return similarity_to_others(to_all, to_itself, count)


def similarity_to_others(
    to_all: NDArray[np.float64], to_itself: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Background similarity of articles that are themselves part of the collection.

    Args:
        to_all: the sum of the cosines of each article to the `count` representatives, shape (articles,).
        to_itself: its cosine to its own representative, shape (articles,).
        count: the number of representatives.
    """
    return smoothed_mean(count * ((to_all - to_itself) / max(1, count - 1)), count)


def smoothed_mean(total: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Mean of `count` cosines from their sum, as if there were `USUAL_COUNT` more of the value `USUAL`."""
    return (total + USUAL_COUNT * USUAL) / (count + USUAL_COUNT)


def products(
    matrix: sp.csr_array, a: NDArray[np.int64], b: NDArray[np.int64], more: sp.csr_array | None = None
) -> NDArray[np.float64]:
    """Dot products of pairs of rows, in blocks; shape (pairs,).

    Kernel: `match.kernels.products.products`.

    Args:
        matrix: shape (rows, terms).
        a, b: the two rows of each pair.
        more: the rows that follow those of `matrix`, None for none.
    """
    (rows, one), (columns, other) = (np.unique(side, return_inverse=True) for side in (a, b))
    if len(rows) * len(columns) <= _AMONG * len(a):
        found: NDArray[np.float64] = (rows_of(matrix, rows, more) @ rows_of(matrix, columns, more).T).toarray()[
            one, other
        ]
        return found
    blocks = [slice(start, start + 10_000) for start in range(0, len(a), 10_000)]
    sums = [
        np.asarray(rows_of(matrix, a[block], more).multiply(rows_of(matrix, b[block], more)).sum(axis=1)).ravel()
        for block in blocks
    ]
    return np.concatenate([np.empty(0), *sums])


def rows_of(matrix: sp.csr_array, numbers: NDArray[np.int64], more: sp.csr_array | None = None) -> sp.csr_array:
    """Some rows of a matrix, or of another one whose rows follow; shape (numbers, terms)."""
    count = matrix.shape[0]
    own = numbers < count
    if more is None or own.all():
        return matrix[numbers]
    both = sp.vstack([matrix[numbers[own]], more[numbers[~own] - count]], format="csr")
    in_order: sp.csr_array = both[np.argsort(np.argsort(~own, kind="stable"))]
    return in_order


def days_between(seconds: NDArray[np.float64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Days between the articles of pairs, nan where a date is unknown."""
    return days_apart(seconds[a], seconds[b])  # type: ignore[no-any-return]


def same_outlet(outlets: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the articles of pairs are known to come from one outlet; `outlets` has -1 where it is unknown."""
    same: NDArray[np.bool_] = (outlets[a] == outlets[b]) & (outlets[a] >= 0)
    return same


def with_outlet_penalty(pairs: Pairs, outlets: NDArray[np.int64], settings: Settings) -> Pairs:
    """Subtract the outlet penalty from pairs of one outlet, and return those with a positive score.

    One outlet reports a development once: its next article on the matter is about what happened next, but repeats the
    background of the first, so two articles of one outlet must be more similar to be one story.
    """
    penalty = outlet_penalty(pairs.score.astype(np.float64), settings.outlet_penalty).astype(np.int64)
    pairs = replace(pairs, score=pairs.score - np.where(same_outlet(outlets, pairs.a, pairs.b), penalty, 0))
    return pairs.where(pairs.score > 0)


def with_headlines(pairs: Pairs, forms: NDArray[np.int8]) -> Pairs:
    """Score the pairs of a headline alone and a text, see `headline_score`; `forms` as in `HashedWords.forms`."""
    score = headline_score(pairs.score.astype(np.float64), forms[pairs.a], forms[pairs.b]).astype(np.int64)
    return replace(pairs, score=score)


def story_pairs(
    matrix: sp.csr_array,
    background_similarity: NDArray[np.float64],
    seconds: NDArray[np.float64],
    among: NDArray[np.int64],
    never: HasPairs,
    settings: Settings,
    progress: Progress | None = None,
    cross_lingual: CrossLingual | None = None,
    *,
    strangers: NDArray[np.bool_] | None = None,
    crowding: float = 0.0,
) -> Pairs:
    """Find all pairs above the floor within the window, and keep the best `settings.neighbours` of each article.

    Kernel: `match.kernels.stories.story_pairs`.

    Args:
        matrix: unit vectors, shape (articles, terms).
        background_similarity: of each, with the crowding, shape (articles,).
        seconds: publication times, shape (articles,), nan where unknown; an undated article is compared with all.
        among: places of the articles to compare, ascending.
        never: pairs to leave out.
        settings: for the window, the number of neighbours and the date penalty.
        progress: called with the number of articles done.
        cross_lingual: vectors that compare articles of different languages, None if there is one language.
        strangers: articles of which no two are a pair, shape (articles,); None for none.
        crowding: of the collection, see `match.crowding`.

    Returns:
        The pairs with a positive score that are among the best of one of their two articles; ties go to earlier
        places.
    """
    best, total = _Best(never, settings.neighbours, matrix.shape[0]), len(among)
    for done, pairs in _compared(
        matrix, background_similarity, seconds, among, settings, cross_lingual, strangers, crowding
    ):
        best.add(pairs)
        if progress:
            progress("comparing", done, total)
    return best.sorted()


def related_to(
    sample: NDArray[np.int64],
    matrix: sp.csr_array,
    background_similarity: NDArray[np.float64],
    seconds: NDArray[np.float64],
    among: NDArray[np.int64],
    never: HasPairs,
    settings: Settings,
    cross_lingual: CrossLingual | None = None,
    *,
    strangers: NDArray[np.bool_] | None = None,
) -> int:
    """Count the related articles of each article of a sample, and return the sum: see `match.crowding`.

    Kernel: `match.kernels.stories.related_to`.

    Args:
        sample: places of some of `among`.
        matrix, background_similarity, seconds, among, never, settings, cross_lingual, strangers: as for `story_pairs`,
            without any crowding.
    """
    inside, count = np.zeros(matrix.shape[0], np.bool_), 0
    inside[sample] = True
    for _, pairs in _compared(matrix, background_similarity, seconds, among, settings, cross_lingual, strangers, 0.0):
        related = pairs.where(pairs.score >= RELATED)
        related = related.where(~related.among(never))
        count += int(inside[related.a].sum() + inside[related.b].sum())
    return count


def _compared(
    matrix: sp.csr_array,
    background_similarity: NDArray[np.float64],
    seconds: NDArray[np.float64],
    among: NDArray[np.int64],
    settings: Settings,
    cross_lingual: CrossLingual | None,
    strangers: NDArray[np.bool_] | None,
    crowding: float,
) -> Iterator[tuple[int, Pairs]]:
    """Yield the pairs above the floor within the window, block by block, each with the number of articles done."""
    order = among[np.argsort(seconds[among], kind="stable")]  # nan, the undated, come last
    dated = int(np.count_nonzero(~np.isnan(seconds[among])))
    times = seconds[order]
    vectors = [(matrix[order], False)]
    if cross_lingual is not None:
        vectors.append((cross_lingual.matrix[order], True))
    total = len(order)
    for start in range(0, total, _BLOCK):
        end = min(start + _BLOCK, total)
        if start < dated:
            last = times[min(end, dated) - 1] + settings.window * SECONDS_A_DAY
            reach = max(end, int(np.searchsorted(times[:dated], last, side="right")))
            others = np.concatenate([np.arange(start, reach), np.arange(max(reach, dated), total)])
        else:
            others = np.arange(start, total)
        for by_date, foreign in vectors:
            cosines = sp.coo_array(by_date[start:end] @ by_date[others].T)
            rows, columns = cosines.coords
            above = cosines.data > FLOOR
            i, j, cosine = rows[above] + start, others[columns[above]], cosines.data[above]
            inside = (i < j) & ~(np.abs(times[i] - times[j]) > settings.window * SECONDS_A_DAY)
            if cross_lingual is not None:
                inside &= cross_lingual.spans(order[i], order[j]) == foreign
            if strangers is not None:
                inside &= ~(strangers[order[i]] & strangers[order[j]])
            first, second, cosine = order[i[inside]], order[j[inside]], cosine[inside]
            a, b = np.minimum(first, second), np.maximum(first, second)
            background = background_similarity[a], background_similarity[b]
            days = days_between(seconds, a, b)
            scores = score(cosine, *background, days, settings.date_penalty, crowding)
            yield end, Pairs(a, b, cosine, scores.astype(np.int64))


class _Best:
    """Collects pairs with a positive score, of which each is among the `most` best of one of its articles.

    Pairs are selected from time to time, so that the memory is linear in the articles: a pair that is not among the
    best of some pairs is not among the best of more.
    """

    def __init__(self, never: HasPairs, most: int, articles: int) -> None:
        self._never, self._most, self._articles = never, most, articles
        self._found: list[Pairs] = []
        self._size, self._full = 0, PILE

    def add(self, pairs: Pairs) -> None:
        """Add pairs; none may come twice."""
        self._found.append(pairs.where(pairs.score > 0))
        self._size += len(self._found[-1].a)
        if self._size > self._full:
            self._select()
            self._full = max(PILE, 2 * self._size)

    def sorted(self) -> Pairs:
        """Return the best pairs, sorted by (a, b)."""
        pairs = self._select()
        return pairs.where(np.lexsort((pairs.b, pairs.a)))

    def _select(self) -> Pairs:
        nothing = np.empty(0, np.int64)
        found = [Pairs(nothing, nothing, np.empty(0), nothing), *self._found]
        columns = zip(*((one.a, one.b, one.cosine, one.score) for one in found), strict=True)
        pairs = Pairs(*(np.concatenate(column) for column in columns))
        pairs = pairs.where(~pairs.among(self._never))
        pairs = pairs.where(among_best(pairs, self._most, self._articles))
        self._found, self._size = [pairs], len(pairs.a)
        return pairs


def head_terms(squares: NDArray[np.int64], floor: float, rows: int) -> int:
    """How many of the most frequent terms an index for exact search leaves out: see `match.kernels.ranked`.

    Args:
        squares: sum of the squared weights of each term, in units of `DOT_UNIT`, the most frequent term first.
        floor: the cosine above which pairs are searched.
        rows: the number of vectors.
    """
    budget = HEAD_SHARE * floor / DOT_UNIT * max(1, rows)
    return min(WIDEST, int(np.searchsorted(np.cumsum(squares), budget)))


def among_best(pairs: Pairs, most: int, articles: int) -> NDArray[np.bool_]:
    """Whether each pair is among the `most` best pairs of one of its two articles.

    Kernel: `match.kernels.best.among_best`.
    """
    keep = np.zeros(len(pairs.a), bool)
    number = np.arange(len(pairs.a))
    article = np.concatenate([pairs.a, pairs.b])
    other = np.concatenate([pairs.b, pairs.a])
    pair = np.concatenate([number, number])
    order = np.lexsort((other, -pairs.score[pair], article))
    starts = np.searchsorted(article[order], np.arange(articles))
    rank = np.arange(len(order)) - starts[article[order]]
    keep[pair[order[rank < most]]] = True
    return keep
