"""Three rows of `speed` on one core, beside peers: texts to signatures and term counts.

Each method makes 128-slot signatures of the runs of five words of equal texts. Peers that need the runs as Python
strings get them by the fastest way found: lower-case words by a regular expression, joined by `zip`. Splitting at
spaces is faster but leaves commas on words; it is measured as `rensa, split at spaces`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from hashlib import sha1
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import BenchmarkError, is_here
from benchmarks.timing import alternately
from dedup import Settings
from dedup.text.document import Document
from dedup.vectorize import reference
from dedup.vectorize.hashing import FEATURES, plain_hashes, short_shingles_in_order
from dedup.vectorize.kernels.extractor import Extractor, blocks

if TYPE_CHECKING:
    from dedup import Article
    from dedup.vectorize.features import HashedWords

SLOTS, RUN = 128, 5
CHECKED = 300
"""Number of articles for comparing results where one side is slow."""
CLOSE = 0.06
"""Maximum mean error of a peer's estimates; a larger one means it did not sketch what it was given."""
WORD = re.compile(r"\w+")

Ways = dict[str, Callable[[], object]]


def text_to_signature(articles: Sequence[Article], rounds: int, announce: Callable[[str], object]) -> dict[str, Any]:
    """Measure the row `text -> signature`."""
    texts = [article.text for article in articles if article.text]
    bare = [("", text) for text in texts]
    sketcher = Sketcher()
    sketcher.signatures(bare[:8])
    methods: Ways = {"dedup": lambda: sketcher.signatures(bare)}
    fewer = {}
    methods["datasketch, crc32"] = lambda: datasketch(texts, zlib.crc32)
    methods["datasketch, sha1"] = lambda: datasketch(texts, None)
    methods["text-dedup's recipe"] = lambda: recipe(texts)
    for slow in list(methods)[1:]:
        fewer[slow] = min(rounds, 3)
    if is_here("rensa"):
        methods["rensa"] = lambda: rensa(map(runs, texts))
        methods["rensa, split at spaces"] = lambda: rensa(map(split_runs, texts))
    if is_here("fastsketchlsh"):
        methods["fastsketchlsh"] = lambda: fastsketch(list(map(runs, texts)))
    if is_here("gaoya"):
        methods["gaoya"] = lambda: gaoya(texts)
    checked = [_equal_to_datasketch(bare[:CHECKED], sketcher), *_estimates(texts[:CHECKED], sketcher)]
    return {
        "articles": len(texts),
        "megabytes": megabytes(texts),
        "timings": alternately(methods, rounds, fewer=fewer, announce=announce),
        "checked": checked,
    }


def hashes_to_signature(articles: Sequence[Article], rounds: int, announce: Callable[[str], object]) -> dict[str, Any]:
    """Measure the row `the signature step alone`, on equal hashes of runs in the array type each library takes.

    The signatures of datasketch and dedup must be equal.
    """
    documents = [Document.of("", article.text) for article in articles]
    parts = [short_shingles_in_order(plain_hashes(document.words), RUN) for document in documents]
    parts = [part for part in parts if len(part)]
    flat, ends = np.concatenate(parts), np.cumsum([0, *map(len, parts)])
    sketcher = Sketcher()
    lists, wide = [part.tolist() for part in parts], flat.astype(np.uint64)
    ours = sketcher.of_hashes(flat, ends)
    theirs = np.array([sketch.hashvalues for sketch in datasketch_hashes(lists)])
    if not np.array_equal(ours, theirs):
        raise BenchmarkError("the signatures of dedup and of datasketch differ: they should be equal to the last bit")
    methods: Ways = {
        "dedup": lambda: sketcher.of_hashes(flat, ends),
        "datasketch": lambda: datasketch_hashes(lists),
    }
    if is_here("rensa"):
        offsets = ends.astype(np.uint64)
        methods["rensa"] = lambda: rensa_hashes(wide, offsets)
    if is_here("fastsketchlsh"):
        offsets_too = ends.astype(np.uint64)
        methods["fastsketchlsh"] = lambda: fastsketch_hashes(wide, offsets_too)
    return {
        "articles": len(parts),
        "hashes": len(flat),
        "timings": alternately(methods, rounds, fewer={"datasketch": min(rounds, 3)}, announce=announce),
        "checked": [f"dedup = datasketch in all {len(parts):,} signatures, bit for bit"],
    }


def text_to_features(articles: Sequence[Article], rounds: int, announce: Callable[[str], object]) -> dict[str, Any]:
    """Measure the row `text -> signature + term counts`, beside scikit-learn's `HashingVectorizer` alone."""
    from sklearn.feature_extraction.text import HashingVectorizer

    both = [(article.title, article.text) for article in articles]
    texts = [f"{title}\n{text}" for title, text in both]
    extractor = Extractor(Settings())
    extractor.features(both[:8])
    vectorizer = HashingVectorizer(n_features=FEATURES, alternate_sign=False, norm=None)
    methods: Ways = {
        "dedup": lambda: [extractor.features(block) for block in blocks(both)],
        "scikit-learn": lambda: vectorizer.transform(texts),
    }
    return {
        "articles": len(texts),
        "megabytes": megabytes(texts),
        "timings": alternately(methods, rounds, fewer={"scikit-learn": min(rounds, 5)}, announce=announce),
        "checked": [_equal_to_libraries(both[:CHECKED], extractor)],
    }


class Sketcher:
    """Signatures by dedup's own kernels, without the term counts of its single pass."""

    def __init__(self) -> None:
        from benchmarks.sketching_kernel import of_hashes

        self._settings = Settings(num_perm=SLOTS, shingle_size=RUN)
        self._extractor = Extractor(self._settings)
        self._of_hashes = of_hashes

    def signatures(self, articles: Sequence[tuple[str, str]]) -> NDArray[np.uint32]:
        """Return the signatures of titles and texts, shape (articles, SLOTS)."""
        return np.concatenate([self.of_words(self._extractor.words(block)) for block in blocks(articles)])

    def of_words(self, words: HashedWords) -> NDArray[np.uint32]:
        """Return the signatures of hashed words, shape (articles, SLOTS)."""
        return self._extractor.signatures(words, threads=1)

    def of_hashes(self, hashes: NDArray[np.uint32], ends: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return the signatures of sets of hashes; set i is `hashes[ends[i]:ends[i + 1]]`."""
        return self._of_hashes(hashes, ends, self._settings)


def runs(text: str) -> list[str]:
    """Return the runs of five words of a text; a shorter text is one run."""
    return _runs(WORD.findall(text.lower()))


def split_runs(text: str) -> list[str]:
    """Return the runs of five words split at spaces."""
    return _runs(text.lower().split())


def _runs(words: list[str]) -> list[str]:
    if len(words) < RUN:
        return [" ".join(words)]
    return list(map(" ".join, zip(*(words[start:] for start in range(RUN)), strict=False)))


def datasketch(texts: Sequence[str], hashfunc: Any) -> list[Any]:
    """Compute MinHashes by datasketch's bulk route, as fast as its generator and `update_batch`."""
    from datasketch import MinHash

    given = ([run.encode() for run in runs(text)] for text in texts)
    return list(MinHash.bulk(given, num_perm=SLOTS, hashfunc=hashfunc, scheme="affine32"))


def datasketch_hashes(hashes: Sequence[Sequence[int]]) -> list[Any]:
    """Compute MinHashes of 32-bit hashes by datasketch's bulk route."""
    from datasketch import MinHash

    return list(MinHash.bulk(hashes, num_perm=SLOTS, seed=Settings().seed, hashfunc=int, scheme="affine32"))


def rensa(sets: Any) -> Any:
    """Return a matrix of signatures by rensa's bulk route."""
    from rensa import RMinHash

    return RMinHash.digest_matrix_from_token_sets(list(sets), SLOTS, 1)


def rensa_hashes(hashes: NDArray[np.uint64], ends: NDArray[np.uint64]) -> Any:
    """Return a matrix of signatures by rensa's flat route, from hashes."""
    from rensa import RMinHash

    return RMinHash.digest_matrix_from_flat_token_hashes(hashes, ends, SLOTS, 1)


def fastsketch(sets: list[list[str]]) -> NDArray[np.uint64]:
    """Return signatures by FastSketchLSH's bulk route."""
    from FastSketchLSH import FastSimilaritySketch

    return np.asarray(FastSimilaritySketch(size=SLOTS).batch(sets, num_threads=1))


def fastsketch_hashes(hashes: NDArray[np.uint64], ends: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return signatures of hashes by FastSketchLSH's bulk route."""
    from FastSketchLSH import FastSimilaritySketch

    return np.asarray(FastSimilaritySketch(size=SLOTS).batch_csr(hashes, ends, prehashed=True, num_threads=1))


def gaoya(texts: Sequence[str]) -> Any:
    """Build gaoya's index with one band, the least work beyond the signatures; it tokenizes by itself."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(32, 0.5, 1, SLOTS, None, "word", True, (RUN, RUN), "vec")
    for place, text in enumerate(texts):
        index.insert_document(place, text)
    return index


def recipe(texts: Sequence[str]) -> list[NDArray[np.uint64]]:
    """Compute text-dedup's sketch: sets of runs, SHA-1, permutations modulo a Mersenne prime."""
    prime, most = np.uint64((1 << 61) - 1), np.uint64((1 << 32) - 1)
    random = np.random.RandomState(42)
    a, b = random.randint(1, int(prime), SLOTS, np.uint64), random.randint(0, int(prime), SLOTS, np.uint64)
    rows = []
    for text in texts:
        found = {run.encode() for run in _runs(re.split(r"\W+", text.lower()))}
        hashes = np.array([int.from_bytes(sha1(run).digest()[:4], "little") for run in found], np.uint64)  # noqa: S324
        rows.append(((hashes[:, None] * a + b) % prime & most).min(axis=0))
    return rows


def megabytes(texts: Sequence[str]) -> float:
    """Return the size of texts as UTF-8."""
    return sum(len(text.encode(errors="surrogatepass")) for text in texts) / 1e6


def _equal_to_datasketch(articles: Sequence[tuple[str, str]], sketcher: Sketcher) -> str:
    documents = [Document.of(*article) for article in articles]
    if not np.array_equal(sketcher.signatures(articles), reference.signatures(documents, Settings())):
        raise BenchmarkError("the signatures of dedup and of datasketch differ: they should be equal to the last bit")
    return f"dedup = datasketch fed with the same hashes, bit for bit ({len(articles):,} articles)"


def _equal_to_libraries(articles: Sequence[tuple[str, str]], extractor: Extractor) -> str:
    documents, found = [Document.of(*article) for article in articles], extractor.features(articles)
    same = np.array_equal(found.signatures, reference.signatures(documents, Settings()))
    for ours, theirs in zip(found.term_counts(), reference.term_counts(documents, Settings()), strict=True):
        same = same and abs(ours - theirs).nnz == 0
    if not same:
        raise BenchmarkError("dedup's features differ from those of datasketch and scikit-learn on the same words")
    return f"dedup = datasketch and HashingVectorizer on the same words, bit for bit ({len(articles):,} articles)"


def _estimates(texts: Sequence[str], sketcher: Sketcher) -> list[str]:
    """Return the mean error of each library's estimates, for each text and its first two thirds."""
    cut = [text[: 2 * len(text) // 3] for text in texts]
    exact = np.array([_jaccard(set(runs(a)), set(runs(b))) for a, b in zip(texts, cut, strict=True)])
    both = [*texts, *cut]
    makers: dict[str, Callable[[], NDArray[Any]]] = {
        "dedup": lambda: sketcher.signatures([("", text) for text in both]),
        "datasketch": lambda: np.array([sketch.hashvalues for sketch in datasketch(both, zlib.crc32)]),
        "text-dedup's recipe": lambda: np.array(recipe(both)),
    }
    if is_here("rensa"):
        makers["rensa"] = lambda: np.array(rensa(map(runs, both)).to_rows())
    if is_here("fastsketchlsh"):
        makers["fastsketchlsh"] = lambda: fastsketch(list(map(runs, both)))
    errors = {}
    for name, make in makers.items():
        rows = make()
        estimates = (rows[: len(texts)] == rows[len(texts) :]).mean(axis=1)
        errors[name] = float(np.abs(estimates - exact).mean())
    wrong = [name for name, error in errors.items() if error > CLOSE]
    if wrong:
        raise BenchmarkError(f"{', '.join(wrong)}: estimates off by more than {CLOSE} do not come from the same runs")
    listed = ", ".join(f"{name} {error:.3f}" for name, error in errors.items())
    return [f"mean error of estimated Jaccards on {len(texts):,} texts and parts of them: {listed}"]


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)
