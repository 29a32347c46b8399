"""What people use today, at its best plain setting, on title and text: the peers that dedup is shown beside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dedup import Article

Labels = list[int]

FIXED_THRESHOLD = 0.18
GRID = tuple(round(step / 100, 2) for step in range(2, 71))
"""Thresholds that are tried where one is tuned."""

DESCRIPTIONS = {
    "linkage": f"TfidfVectorizer (English stop words, 1 + ln tf), average linkage at cosine {FIXED_THRESHOLD}",
    "linkage_tuned": "the same with the threshold tuned on the labels of the very set it is scored on",
    "hdbscan": "the same TF-IDF, HDBSCAN on 1 - cosine, smallest group 2, noise left alone",
    "minhash": "datasketch MinHash of 3-word shingles, LSH, Jaccard >= 0.5, connected components",
    "alone": "every article alone",
}


def texts_of(articles: Iterable[Article]) -> list[str]:
    """What every baseline sees of an article: its title, and its text below."""
    return [f"{article.title}\n{article.text}" for article in articles]


def alone(articles: Sequence[object]) -> Labels:
    """Every article, or text, a story of its own."""
    return list(range(len(articles)))


class AverageLinkage:
    """TF-IDF and average linkage: the tree once, then a cut at any threshold.

    Ten plain settings of the vectoriser were tried with one threshold for every set (raw and logarithmic counts, stop
    words, bounds on document frequency, word pairs, characters, accents). This one was first but for `min_df=2`, which
    is .004 better in the mean, and sees nothing in a folder of two articles.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        from scipy.cluster import hierarchy
        from scipy.spatial.distance import squareform

        self._texts = len(texts)
        self._tree = (
            hierarchy.linkage(squareform(distances(texts), checks=False), "average") if len(texts) > 1 else None
        )

    def cut(self, threshold: float) -> Labels:
        """Groups whose mean cosine is at least the threshold."""
        from scipy.cluster.hierarchy import fcluster

        if self._tree is None:
            return list(range(self._texts))
        return [int(label) for label in fcluster(self._tree, 1 - threshold, "distance")]

    def tuned(self, score: Callable[[Labels], float]) -> tuple[float, Labels]:
        """The threshold of the grid with the best score (the lowest of several), and its cut."""
        cuts = {threshold: self.cut(threshold) for threshold in GRID}
        best = max(GRID, key=lambda threshold: (score(cuts[threshold]), -threshold))
        return best, cuts[best]


def linkage(texts: Sequence[str]) -> Labels:
    """Average linkage at the one fixed threshold."""
    return AverageLinkage(texts).cut(FIXED_THRESHOLD)


def hdbscan(texts: Sequence[str]) -> Labels:
    """HDBSCAN on the same distances; what it calls noise is left alone."""
    from sklearn.cluster import HDBSCAN

    if len(texts) < 2:
        return alone(texts)
    found = HDBSCAN(min_cluster_size=2, metric="precomputed", copy=True).fit_predict(distances(texts))
    noise = int(found.max()) + 1
    return [int(label) if label >= 0 else noise + place for place, label in enumerate(found)]


def minhash(texts: Sequence[str]) -> Labels:
    """Connected components of the pairs that MinHash and LSH call near-duplicates."""
    return components(len(texts), minhash_pairs(texts, words=3))


def distances(texts: Sequence[str]) -> NDArray[np.float64]:
    """1 - cosine of every two texts, each at least 0, the diagonal exactly 0."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts)
    result: NDArray[np.float64] = np.clip(1 - (vectors @ vectors.T).toarray(), 0, None)
    np.fill_diagonal(result, 0)
    return result


def shingles(text: str, words: int) -> set[str]:
    """The runs of so many lower-case words; a shorter text is one run."""
    tokens = re.findall(r"\w+", text.lower())
    return {" ".join(tokens[start : start + words]) for start in range(max(1, len(tokens) - words + 1))}


def minhash_pairs(texts: Sequence[str], *, words: int, threshold: float = 0.5) -> list[tuple[int, int]]:
    """The pairs (i < j) that share a band of datasketch's LSH and whose estimated Jaccard reaches the threshold."""
    from datasketch import MinHash, MinHashLSH

    sketches: list[MinHash] = []
    lsh = MinHashLSH(threshold=threshold, num_perm=128)
    pairs: list[tuple[int, int]] = []
    for place, text in enumerate(texts):
        sketch = MinHash(num_perm=128, seed=1)
        sketch.update_batch([shingle.encode() for shingle in sorted(shingles(text, words))])
        pairs.extend((other, place) for other in lsh.query(sketch) if sketch.jaccard(sketches[other]) >= threshold)
        lsh.insert(place, sketch)
        sketches.append(sketch)
    return sorted(pairs)


def shingle_overlaps(texts: Sequence[str], words: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact Jaccard and containment (in the smaller of the two) of every two texts' sets of shingles."""
    from scipy.sparse import csr_array

    columns: dict[str, int] = {}
    rows = [[columns.setdefault(shingle, len(columns)) for shingle in sorted(shingles(text, words))] for text in texts]
    ends = np.cumsum([0, *(len(row) for row in rows)])
    flat = np.concatenate([np.array(row, dtype=np.int64) for row in rows])
    sets = csr_array((np.ones(len(flat)), flat, ends), shape=(len(texts), len(columns)))
    shared: NDArray[np.float64] = (sets @ sets.T).toarray()
    sizes = np.diff(ends)
    both = shared / (sizes[:, None] + sizes[None, :] - shared)
    smaller = shared / np.minimum(sizes[:, None], sizes[None, :])
    return both, smaller


def components(size: int, pairs: Sequence[tuple[int, int]] | NDArray[np.int64]) -> Labels:
    """Labels of 0 .. size - 1 such that two have the same one where a chain of pairs leads from one to the other."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return [int(label) for label in labels]
