"""Baselines: common methods at their best plain settings, on title and text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.embedding import lead

if TYPE_CHECKING:
    from dedup import Article, Embedding

Labels = list[int]
Embed = Callable[[list[str]], Any]

FIXED_THRESHOLD = 0.18
GRID = tuple(round(step / 100, 2) for step in range(2, 91))
"""Thresholds tried when one is tuned."""
FINE_GRID = (*GRID, *(round(step / 1000, 3) for step in range(905, 1000, 5)))
"""The same with steps of .005 from .9 on: what a model for near-duplicates needs."""
NEIGHBOURS, SMALLEST = (1, 2, 4), (2, 3, 5)
"""`min_samples` and `min_cluster_size` tried when HDBSCAN is tuned, each with both ways of selection."""

DESCRIPTIONS = {
    "linkage": f"TfidfVectorizer (English stop words, 1 + ln tf), average linkage at cosine {FIXED_THRESHOLD}",
    "linkage_tuned": "the same with the threshold tuned on the labels of the very set it is scored on",
    "embedding_tuned": "cosines of the model of --embed, average linkage, its threshold tuned as well",
    "embedding_hdbscan": "the same cosines, HDBSCAN, tuned as well: min_samples, smallest group, way of selection",
    "both_tuned": "the mean of the cosines of TF-IDF and of the model, average linkage, tuned as well",
    "hdbscan": "the same TF-IDF, HDBSCAN on 1 - cosine, smallest group 2, noise left alone",
    "minhash": "datasketch MinHash of 3-word shingles, LSH, Jaccard >= 0.5, connected components",
    "alone": "every article alone",
}


def texts_of(articles: Iterable[Article]) -> list[str]:
    """Return the input of every baseline: title, newline, text."""
    return [f"{article.title}\n{article.text}" for article in articles]


def alone(articles: Sequence[object]) -> Labels:
    """Put every article in a story of its own."""
    return list(range(len(articles)))


class AverageLinkage:
    """Average linkage: one tree, cut at any threshold.

    Of the TF-IDF of `distances` ten plain settings were tried with one threshold for every set (raw and logarithmic
    counts, stop words, bounds on document frequency, word pairs, characters, accents). That one was best except for
    `min_df=2`, which is .004 better in the mean but has no features in a folder of two articles.
    """

    def __init__(self, distances: NDArray[np.float64]) -> None:
        from scipy.cluster import hierarchy
        from scipy.spatial.distance import squareform

        self._texts = len(distances)
        self._tree = hierarchy.linkage(squareform(distances, checks=False), "average") if self._texts > 1 else None

    def cut(self, threshold: float) -> Labels:
        """Return the groups whose mean cosine is at least the threshold."""
        from scipy.cluster.hierarchy import fcluster

        if self._tree is None:
            return list(range(self._texts))
        return [int(label) for label in fcluster(self._tree, 1 - threshold, "distance")]

    def tuned(self, score: Callable[[Labels], float]) -> tuple[float, Labels]:
        """Return the threshold of the grid with the best score (the lowest in a tie), and its cut."""
        cuts = {threshold: self.cut(threshold) for threshold in GRID}
        best = max(GRID, key=lambda threshold: (score(cuts[threshold]), -threshold))
        return best, cuts[best]


def linkage(texts: Sequence[str]) -> Labels:
    """Cluster by average linkage at the fixed threshold."""
    return AverageLinkage(distances(texts)).cut(FIXED_THRESHOLD)


def hdbscan(texts: Sequence[str]) -> Labels:
    """Cluster by HDBSCAN on the cosine distances; noise is left alone."""
    from sklearn.cluster import HDBSCAN

    if len(texts) < 2:
        return alone(texts)
    found = HDBSCAN(min_cluster_size=2, metric="precomputed", copy=True).fit_predict(distances(texts))
    return _noise_alone(found)


def hdbscan_tuned(distances: NDArray[np.float64], score: Callable[[Labels], float]) -> Labels:
    """Cluster by HDBSCAN with the parameters of the best score, the first tried in a tie; noise is left alone."""
    from sklearn.cluster import HDBSCAN

    if len(distances) < 2:
        return alone(list(distances))
    tried = [
        _noise_alone(
            HDBSCAN(
                min_cluster_size=smallest, metric="precomputed", copy=True, min_samples=neighbours,
                cluster_selection_method=way,
            ).fit_predict(distances)
        )
        for neighbours in NEIGHBOURS
        for smallest in SMALLEST
        if max(neighbours, smallest) <= len(distances)
        for way in ("eom", "leaf")
    ]  # fmt: skip
    return max(tried, key=score)


def _noise_alone(found: NDArray[np.int64]) -> Labels:
    noise = int(found.max()) + 1
    return [int(label) if label >= 0 else noise + place for place, label in enumerate(found)]


def minhash(texts: Sequence[str]) -> Labels:
    """Return the connected components of the near-duplicate pairs of MinHash and LSH."""
    return components(len(texts), minhash_pairs(texts, words=3))


def distances(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return 1 - cosine of every two texts, clipped at 0, with a diagonal of exactly 0."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts)
    result: NDArray[np.float64] = np.clip(1 - (vectors @ vectors.T).toarray(), 0, None)
    np.fill_diagonal(result, 0)
    return result


def embedded_distances(articles: Sequence[Article], embedding: Embedding) -> NDArray[np.float64]:
    """Return 1 - cosine of every two articles' title and lead, clipped at 0, with a diagonal of exactly 0."""
    vectors = embedding.vectors([lead(article.title, article.text) for article in articles]).astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    result: NDArray[np.float64] = np.clip(1 - vectors @ vectors.T, 0, None)
    np.fill_diagonal(result, 0)
    return result


def shingles(text: str, words: int) -> set[str]:
    """Return the runs of `words` lower-case words; a shorter text is one run."""
    tokens = re.findall(r"\w+", text.lower())
    return {" ".join(tokens[start : start + words]) for start in range(max(1, len(tokens) - words + 1))}


def minhash_pairs(texts: Sequence[str], *, words: int, threshold: float = 0.5) -> list[tuple[int, int]]:
    """Return the pairs (i < j) that share a band of datasketch's LSH and reach the threshold of estimated Jaccard."""
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


def retsim_cosines(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the cosines of every two texts' RETSim embeddings; None where the package unisim is not installed.

    The model, for near-duplicates under small edits, is in the package (Zhang et al., "RETSim", ICLR 2024).
    """
    if find_spec("unisim") is None:
        return None
    from unisim import TextSim

    vectors = np.asarray(TextSim().embed(list(texts)), np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    result: NDArray[np.float64] = vectors @ vectors.T
    return result


def shingle_overlaps(texts: Sequence[str], words: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the exact Jaccard and containment (in the smaller) of every two texts' sets of shingles."""
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
    """Return component labels of the nodes 0 .. size - 1."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return [int(label) for label in labels]
