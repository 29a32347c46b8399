"""Two rows of `speed` on one core, beside peers: signatures to groups, and vectors to pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from benchmarks.machine import BenchmarkError, is_here
from benchmarks.timing import alternately
from dedup.backends import CompiledBackend
from dedup.inputs.collection import published_seconds
from dedup.match.kernels.bands import agreeing_slots, pairs_of_buckets
from dedup.match.kernels.floor import pairs_above
from dedup.match.kernels.ranked import ranked
from dedup.match.kernels.sweep import Sweep, by_date
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import FLOOR
from dedup.settings import Settings
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.frequencies import Frequencies

if TYPE_CHECKING:
    from dedup import Article

SLOTS, BANDS, ROWS = 128, 32, 4
THRESHOLD = 0.5
"""Minimum share of equal slots of two signatures in one group."""
BLOCK = 2_000
"""Rows that a peer multiplies at once with all rows up to them, to avoid computing every pair twice."""

Labels = NDArray[np.int64]


def planted_signatures(count: int, seed: int) -> NDArray[np.uint32]:
    """Make signatures with known similarity; three in ten are in groups of two to twelve.

    Members of a group agree in each slot with one probability between .4 and 1, as in MinHash.

    Returns:
        Shape (count, SLOTS).
    """
    rng = np.random.Generator(np.random.PCG64([seed, 2]))
    rows = rng.integers(0, 1 << 32, (count, SLOTS), np.uint32)
    place, end = 0, int(0.3 * count)
    while place < end:
        size = min(int(rng.integers(2, 13)), end - place)
        agree = np.sqrt(rng.uniform(0.4, 1))  # two members agree by the product of their agreements with the first
        kept = rng.random((size - 1, SLOTS)) < agree
        rows[place + 1 : place + size] = np.where(kept, rows[place], rows[place + 1 : place + size])
        place += size
    shuffled: NDArray[np.uint32] = rng.permutation(rows)
    return shuffled


def signatures_to_groups(
    count: int, large: int, rounds: int, seed: int, announce: Callable[[str], object]
) -> dict[str, Any]:
    """Measure the row `signatures -> verified groups`: `count` signatures beside datasketch, `large` without it."""
    rows = planted_signatures(count, seed)
    few = planted_signatures(2_000, seed)
    sketches = _sketches(rows)
    groups(few)
    ours, theirs = groups(rows), groups_by_datasketch(sketches, rows)
    checked = [_same_groups("datasketch", ours, theirs)]
    methods: dict[str, Callable[[], object]] = {
        "dedup": lambda: groups(rows),
        "datasketch": lambda: _insert_and_query(sketches),
    }
    if is_here("fastsketchlsh"):
        wide = rows.astype(np.uint64)
        checked.append(_same_groups("fastsketchlsh", ours, groups_by_fastsketch(wide, rows)))
        methods["fastsketchlsh"] = lambda: _fastsketch_candidates(wide)
    fewer = {"datasketch": min(rounds, 3)}
    timings = alternately(methods, rounds, fewer=fewer, announce=announce)
    many = planted_signatures(large, seed)
    seconds = []
    for number in range(3):
        announce(f"dedup, {large:,} signatures, round {number + 1} of 3")
        began = process_time()
        groups(many)
        seconds.append(process_time() - began)
    return {
        "articles": count,
        "groups": int(count - len(np.unique(ours))),
        "timings": timings,
        "large": {"articles": large, "seconds": sorted(seconds)[1]},
        "checked": checked,
    }


def groups(rows: NDArray[np.uint32]) -> Labels:
    """Return the first member of each signature's group, by dedup's kernels; shape (signatures,)."""
    pairs = pairs_of_buckets(rows, np.ones(len(rows), bool), BANDS)
    a, b = pairs[agreeing_slots(rows, pairs) >= THRESHOLD * SLOTS].T
    graph = sp.coo_array((np.ones(len(a), np.bool_), (a, b)), shape=(len(rows), len(rows)))
    labels = connected_components(graph, directed=False)[1]
    return np.unique(labels, return_index=True)[1][labels]


def groups_by_datasketch(sketches: Sequence[Any], rows: NDArray[np.uint32]) -> Labels:
    """Return the groups from the candidates of datasketch's LSH."""
    found = _insert_and_query(sketches)
    return _verified(rows, [(place, other) for place, others in enumerate(found) for other in others if other < place])


def groups_by_fastsketch(wide: NDArray[np.uint64], rows: NDArray[np.uint32]) -> Labels:
    """Return the groups from the candidates of FastSketchLSH."""
    flat, ends = _fastsketch_candidates(wide)
    begins: NDArray[np.int64] = np.asarray(ends, np.int64)
    place = np.repeat(np.arange(len(rows)), begins[1:] - begins[:-1])
    other = np.asarray(flat, np.int64)
    return _verified(rows, np.stack([place, other], axis=1)[other < place])


def _sketches(rows: NDArray[np.uint32]) -> list[Any]:
    from datasketch import MinHash

    one = MinHash(num_perm=SLOTS, scheme="affine32")
    return [MinHash(num_perm=SLOTS, hashvalues=row, permutations=one.permutations, scheme="affine32") for row in rows]


def _insert_and_query(sketches: Sequence[Any]) -> list[list[int]]:
    from datasketch import MinHashLSH

    index = MinHashLSH(num_perm=SLOTS, params=(BANDS, ROWS))
    for place, sketch in enumerate(sketches):
        index.insert(place, sketch, check_duplication=False)
    return [index.query(sketch) for sketch in sketches]


def _fastsketch_candidates(wide: NDArray[np.uint64]) -> tuple[Any, Any]:
    from FastSketchLSH import LSH

    index = LSH(num_perm=SLOTS, num_bands=BANDS, num_threads=1)
    index.insert(wide)
    flat, ends = index.query(wide, format="csr")
    return flat, ends


def _verified(rows: NDArray[np.uint32], candidates: Any) -> Labels:
    """Return the connected components of candidates whose signatures agree in enough slots."""
    from scipy.sparse.csgraph import connected_components

    pairs = np.asarray(candidates, np.int64).reshape(-1, 2)
    parts = [pairs[start : start + 65_536] for start in range(0, len(pairs), 65_536)]
    agreeing = [(rows[part[:, 0]] == rows[part[:, 1]]).sum(axis=1) for part in parts]
    kept = pairs[np.concatenate([np.empty(0, np.int64), *agreeing]) >= THRESHOLD * SLOTS]
    graph = sp.coo_array((np.ones(len(kept)), (kept[:, 0], kept[:, 1])), shape=(len(rows), len(rows)))
    _, label = connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    found: Labels = first[label].astype(np.int64)
    return found


def _same_groups(peer: str, ours: Labels, theirs: Labels) -> str:
    if not np.array_equal(ours, theirs):
        raise BenchmarkError(f"the groups of dedup and of {peer} differ in {int((ours != theirs).sum())} signatures")
    return f"{peer}'s candidates, verified, give the same groups of {len(ours):,} signatures"


def vectors_to_pairs(articles: Sequence[Article], rounds: int, announce: Callable[[str], object]) -> dict[str, Any]:
    """Measure the row `pairs above the method's floor`.

    The peers multiply blocks of rows with all rows up to them, and keep the products above the floor: as integers where
    that is faster, since the vectors are multiples of a unit.
    """
    announce("making vectors")
    matrix, seconds = vectors(articles), _seconds(articles)
    ours = pairs(matrix, seconds)
    window = Settings().window * SECONDS_A_DAY
    known = seconds[~np.isnan(seconds)]
    days = (known.max() - known.min()) / SECONDS_A_DAY if len(known) else 0.0
    if days * SECONDS_A_DAY > window:
        raise BenchmarkError("these articles span more than the window, which peers do not know: take fewer")
    methods: dict[str, Callable[[], object]] = {"dedup": lambda: pairs(matrix, seconds)}
    checked: list[str] = []
    fewer: dict[str, int] = {}
    if is_here("sparse-dot-topn"):
        scaled = sp.csr_matrix(
            (
                (matrix.data / WEIGHT_UNIT).astype(np.int32),
                matrix.indices.astype(np.int32),
                matrix.indptr.astype(np.int32),
            ),
            shape=matrix.shape,
        )
        real = sp.csr_matrix(matrix)
        least = int(np.floor(FLOOR / WEIGHT_UNIT**2))
        checked.append(_same_pairs("sparse_dot_topn", ours, _topn(scaled, least)))
        methods["sparse-dot-topn, int32"] = lambda: _topn(scaled, least)
        methods["sparse-dot-topn, float64"] = lambda: _topn(real, FLOOR)
        fewer |= {"sparse-dot-topn, int32": min(rounds, 3), "sparse-dot-topn, float64": min(rounds, 3)}
    methods["scipy"] = lambda: _product(matrix)
    fewer["scipy"] = 1
    few = matrix[:BLOCK]
    checked.append(_same_pairs("scipy, on the first articles,", pairs(few, seconds[:BLOCK]), _product(few)))
    return {
        "articles": len(articles),
        "days": round(float(days), 1),
        "entries": int(matrix.nnz),
        "pairs": len(ours),
        "pairs_per_article": len(ours) / len(articles),
        "timings": alternately(methods, rounds, fewer=fewer, announce=announce),
        "checked": checked,
    }


def vectors(articles: Sequence[Article]) -> sp.csr_array:
    """Return the TF-IDF vectors of articles, without removing boilerplate."""
    backend, order = CompiledBackend(Settings(threads=1)), np.arange(len(articles))
    words = backend.read((article.title, article.text) for article in articles)
    features = backend.features(words, np.ones(len(words.hashes), bool), order)
    languages = backend.detect(words)
    frequencies = Frequencies.of(features.terms_of(features.every), languages, order)
    return backend.tfidf(features, languages, frequencies).matrix


def pairs(matrix: sp.csr_array, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the pairs in the window above the floor, by dedup's kernels, as earlier · articles + later, sorted."""
    total = matrix.shape[0]
    rows = ranked(matrix, [FLOOR], by_date(np.arange(total), seconds))
    sweep = Sweep.within(rows, np.arange(total), seconds, Settings().window * SECONDS_A_DAY)
    found = [np.empty(0, np.int64)]
    for block, first, last, _ in sweep.tasks(2_048):
        for one, other, _ in pairs_above(sweep.rows, block, sweep.reach, sweep.until, first, last, FLOOR):
            a, b = sweep.order[one], sweep.order[other]
            found.append(np.minimum(a, b) * total + np.maximum(a, b))
    return np.concatenate(found)


def density(articles: Sequence[Article]) -> float:
    """Return the number of pairs above the floor per article."""
    return len(pairs(vectors(articles), _seconds(articles))) / len(articles)


def _seconds(articles: Sequence[Article]) -> NDArray[np.float64]:
    return np.array([published_seconds(article.published) for article in articles])


def _topn(matrix: sp.csr_matrix, floor: float) -> NDArray[np.int64]:
    from sparse_dot_topn import sp_matmul_topn

    total = matrix.shape[0]
    found = []
    for start in range(0, total, BLOCK):
        end = min(start + BLOCK, total)
        product = sp_matmul_topn(matrix[start:end], matrix[:end].T.tocsr(), end, threshold=floor, sort=False)
        found.append(_keys(sp.coo_array(product), start, total))
    return np.concatenate(found)


def _product(matrix: sp.csr_array) -> NDArray[np.int64]:
    total = matrix.shape[0]
    found = []
    for start in range(0, total, BLOCK // 8):
        end = min(start + BLOCK // 8, total)
        product = sp.coo_array(matrix[start:end] @ matrix[:end].T)
        above = product.data > FLOOR
        kept = sp.coo_array((product.data[above], (product.row[above], product.col[above])), shape=product.shape)
        found.append(_keys(kept, start, total))
    return np.concatenate(found)


def _keys(product: sp.coo_array, start: int, total: int) -> NDArray[np.int64]:
    later, earlier = product.row.astype(np.int64) + start, product.col.astype(np.int64)
    return (earlier * total + later)[earlier < later]


def _same_pairs(peer: str, ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> str:
    ours, theirs = np.sort(ours), np.sort(theirs)
    if not np.array_equal(ours, theirs):
        raise BenchmarkError(f"dedup finds {len(ours):,} pairs and {peer} {len(theirs):,}: they should be the same")
    return f"{peer} finds the same {len(ours):,} pairs"
