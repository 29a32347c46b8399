"""Scikit-learn estimators: two transformers and a clusterer.

X is a sequence of texts, `Article`s or mappings, as for `dedup.cluster`; a pandas Series, an array or a data frame with
one column of these, under any name; or a data frame with several columns, which need the usual names. Texts have no
number of features, so the estimators have no `n_features_in_`.
"""

# ruff: noqa: N803 - scikit-learn's name for X

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from dedup.article import Article
from dedup.backends import PlainBackend, choose
from dedup.errors import InputError
from dedup.inputs.collection import ArticleReader
from dedup.inputs.fields import find_fields
from dedup.pipeline import cluster
from dedup.settings import Settings
from dedup.vectorize.boilerplate import find_boilerplate, remaining
from dedup.vectorize.features import Features, HashedWords
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.hashing import shingle_hash
from dedup.vectorize.misplaced_body import body_digest, misplaced
from dedup.vectorize.reference import minhash

if TYPE_CHECKING:
    import pandas as pd
    from datasketch import MinHash

    from dedup.results.clustering import Clustering

    Articles = Iterable[Article | Mapping[str, Any] | str] | NDArray[Any] | pd.DataFrame

DEFAULTS = Settings()
"""Defaults of the parameters: those of the settings of the same name."""
COLUMNS = 2**22
"""Columns of `StoryTfidfVectorizer`: few enough for the weights of a linear model."""


class _TextInputMixin:
    """Base of the estimators: X is texts, the parameters are settings."""

    get_params: Callable[..., dict[str, Any]]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc] # BaseEstimator has it, which comes after the mixins
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        if tags.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = []
        return tags

    def _settings(self) -> Settings:
        """The parameters, validated."""
        knobs = {knob.name for knob in fields(Settings)}
        params = {name: value for name, value in self.get_params(deep=False).items() if name in knobs}
        return Settings(**{"bands": 1, **params})  # one band divides every `num_perm`

    def _articles(self, X: Any) -> Any:
        """Return X in a form that `cluster` accepts."""
        taker = f"{type(self).__name__} takes a sequence of texts or articles"
        if isinstance(X, (str, bytes, Mapping, Article)):
            raise InputError(f"{taker}, not one {type(X).__name__}: put it in a list")
        column = X
        if hasattr(X, "columns"):
            names = list(X.columns)
            if len(names) != 1:
                if (found := find_fields(names))["text"] or found["title"]:
                    return X
                raise InputError(f"{taker}; of the columns {names} none is known as text or title: pass the one it is")
            column = X[names[0]]
        dtype = getattr(column, "dtype", None)
        if getattr(dtype, "kind", "O") in "biufcmM":
            raise InputError(f"{taker}, not numbers: this is {dtype} data")
        if not isinstance(column, Iterable):
            raise InputError(f"{taker}, not {type(X).__name__}")
        if isinstance(column, np.ndarray):
            if column.ndim != 1 and column.shape[1:] != (1,):
                raise InputError(f"{taker}; an array of them has one column, this one has the shape {column.shape}")
            return column.ravel().tolist()
        return column


class MinHashVectorizer(_TextInputMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Convert texts to MinHash signatures.

    The share of slots in which two signatures agree estimates the Jaccard similarity of their shingles. Nothing is
    learned, and `fit` is not required. The text of an article is its body, or its title if it has no body.

    Args:
        num_perm: number of slots of a signature.
        shingle_size: words in a shingle; a shorter text is one shingle.
        seed: seed of the permutations.
    """

    def __init__(
        self,
        *,
        num_perm: int = DEFAULTS.num_perm,
        shingle_size: int = DEFAULTS.shingle_size,
        seed: int = DEFAULTS.seed,
    ) -> None:
        self.num_perm = num_perm
        self.shingle_size = shingle_size
        self.seed = seed

    def fit(self, X: Articles, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn passes y to all estimators
        """Check the parameters and the type of X; nothing is learned.

        Raises:
            SettingsError: listing every parameter that is out of range.
            InputError: X is not texts or articles.
        """
        self._settings()
        self._articles(X)
        return self

    def transform(self, X: Articles) -> NDArray[np.uint32]:
        """Return the signatures, shape (articles, num_perm); all slots of an article without words are 2³² − 1.

        Raises:
            SettingsError: listing every parameter that is out of range.
            InputError: X is not texts or articles.
        """
        return self._signatures(X)

    def to_minhash(self, X: Articles) -> list[MinHash]:
        """Return the signatures as `datasketch.MinHash`, for its `jaccard`, `merge` and `MinHashLSH`.

        More shingles can be added: `sketch.update(b"five words of a text")`, the words as `dedup.text.tokens` defines
        them, in UTF-8 with a space between them.

        Args:
            X: texts or articles; or an array of signatures that `transform` made of them.

        Raises:
            SettingsError: listing every parameter that is out of range.
            InputError: X is neither.
        """
        from datasketch import MinHash

        empty = minhash([], self._settings())
        made = X if isinstance(X, np.ndarray) and X.dtype == np.uint32 else self._signatures(X)
        if made.ndim != 2 or made.shape[1] != self.num_perm:
            raise InputError(f"signatures have the shape (articles, {self.num_perm}), these have {made.shape}")
        same = {name: getattr(empty, name) for name in ("seed", "hashfunc", "permutations", "scheme")}
        return [MinHash(hashvalues=row, **same) for row in made]

    def from_minhash(self, sketches: Iterable[MinHash]) -> NDArray[np.uint32]:
        """Return the signatures of `datasketch.MinHash` objects, shape (sketches, num_perm), as from `transform`.

        Raises:
            SettingsError: listing every parameter that is out of range.
            InputError: one of them is no MinHash, or has another number of slots, seed, scheme or hash function: it
                cannot be compared with the signatures made here.
        """
        empty = minhash([], self._settings())
        rows = []
        for place, sketch in enumerate(sketches):
            if not isinstance(sketch, type(empty)):
                raise InputError(f"sketch {place} is a {type(sketch).__name__}; it must be a datasketch.MinHash")
            _check_comparable(f"sketch {place}", sketch, empty)
            rows.append(sketch.hashvalues)
        return np.array(rows, np.uint32).reshape(len(rows), len(empty))

    @property
    def _n_features_out(self) -> int:
        return self.num_perm

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def _signatures(self, X: Articles) -> NDArray[np.uint32]:
        read = _Read.of(self._articles(X), self._settings())
        return read.backend.signatures(read.words, read.order)[read.rows]


class StoryTfidfVectorizer(_TextInputMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Convert texts to the TF-IDF vectors by which `dedup.cluster` compares stories.

    A column is a hashed term, the one that scikit-learn's `HashingVectorizer` gives for a word. Like
    `HashingVectorizer`, it has no column names and no `set_output`. Equal articles count once in `fit`.
    `dedup.cluster` also counts near-copies once, which are not searched here; to get its exact vectors, fit on one
    article of each group of copies.

    Args:
        title_weight: weight of a word in the title, relative to 1 deep in the body.
        lead_weight: extra weight of the first word of the body.
        lead_length: words after which the extra weight has fallen to 1/e.
        capital_weight: factor for words capitalised inside a sentence.
        background: number of articles that the shipped word frequencies count for.

    Attributes:
        frequencies_: number of articles with each term, by language.
        overwritten_: digests of bodies found under unrelated titles, such as a paywall notice; articles with such a
            body are compared by their title alone.
        furniture_: hashes of boilerplate passages, shared by otherwise unrelated articles, such as a list of other
            headlines; they are removed.
    """

    frequencies_: Frequencies
    overwritten_: list[bytes]
    furniture_: NDArray[np.uint64]

    def __init__(
        self,
        *,
        title_weight: int = DEFAULTS.title_weight,
        lead_weight: float = DEFAULTS.lead_weight,
        lead_length: int = DEFAULTS.lead_length,
        capital_weight: float = DEFAULTS.capital_weight,
        background: int = DEFAULTS.background,
    ) -> None:
        self.title_weight = title_weight
        self.lead_weight = lead_weight
        self.lead_length = lead_length
        self.capital_weight = capital_weight
        self.background = background

    def fit(self, X: Articles, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn passes y to all estimators
        """Learn the number of articles with each term.

        Raises:
            SettingsError: listing every parameter that is out of range.
            InputError: X is not texts or articles.
        """
        self._learn(X)
        return self

    def fit_transform(self, X: Articles, y: object = None) -> sp.csr_array:  # noqa: ARG002 - as above
        """Fit to the articles and return their vectors, in one pass over the texts.

        Raises:
            SettingsError: listing every parameter that is out of range.
            InputError: X is not texts or articles.
        """
        return self._weigh(self._learn(X))

    def transform(self, X: Articles) -> sp.csr_array:
        """Return the TF-IDF vectors of articles; each row depends on its article and on what was fitted.

        Returns:
            Shape (articles, 2²²), the words of a column added; rows of length 1 but for such sums, or without entries
            where an article has no telling words.

        Raises:
            sklearn.exceptions.NotFittedError: `fit` was not called.
            SettingsError: listing every parameter that is out of range.
            InputError: X is not texts or articles.
        """
        check_is_fitted(self)
        return self._weigh(self._counted(_Read.of(self._articles(X), self._settings())))

    def _learn(self, X: Articles) -> _Counted:
        read = _Read.of(self._articles(X), self._settings())
        self.overwritten_ = sorted({body_digest(read.words, place) for place in misplaced(read.words, read.outlets)})
        titled = read.words.kept(self._outside_foreign_bodies(read.words))
        self.furniture_ = find_boilerplate(titled, read.backend)
        counted = self._counted(read)
        self.frequencies_ = counted.backend.frequencies(counted.features, counted.languages)
        return counted

    def _outside_foreign_bodies(self, words: HashedWords) -> NDArray[np.bool_]:
        """Return which words are outside misplaced bodies, shape (words,)."""
        known = set(self.overwritten_)
        titled = (place for place in range(len(words)) if known and len(words.title(place)))
        return words.outside_bodies([place for place in titled if body_digest(words, place) in known])

    def _counted(self, read: _Read) -> _Counted:
        keep = self._outside_foreign_bodies(read.words)
        keep[keep] = remaining(read.words.kept(keep), self.furniture_, read.backend.outside_boilerplate)
        features = read.backend.features(read.words.kept(keep), keep, read.order)
        return _Counted(features, read.backend.detect(features.words), read.rows, read.backend)

    def _weigh(self, counted: _Counted) -> sp.csr_array:
        vectors = counted.backend.tfidf(counted.features, counted.languages, self.frequencies_)
        matrix = vectors.matrix[counted.rows]
        # Much of scikit-learn refuses sparse arrays that count in 64 bits.
        index = np.int32 if matrix.nnz <= np.iinfo(np.int32).max else np.int64
        places = (vectors.terms % COLUMNS)[matrix.indices].astype(index), matrix.indptr.astype(index)
        found = sp.csr_array((matrix.data, *places), shape=(matrix.shape[0], COLUMNS))
        found.sum_duplicates()
        return found


class StoryClusterer(_TextInputMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Cluster articles into stories, as `dedup.cluster` does.

    The parameters are those of `Settings`, which documents them. `Article`s and mappings can have publication dates.

    Attributes:
        labels_: for each article the number of its story, 0 for the largest; shape (articles,).
        copy_labels_: for each article the number of its copy group, -1 without a copy; shape (articles,).
        clustering_: the clustering with stories, copies, links and explanations.
    """

    clustering_: Clustering
    labels_: NDArray[np.int64]
    copy_labels_: NDArray[np.int64]

    def __init__(
        self,
        *,
        granularity: float = DEFAULTS.granularity,
        window: float = DEFAULTS.window,
        copy_overlap: float = DEFAULTS.copy_overlap,
        shingle_size: int = DEFAULTS.shingle_size,
        num_perm: int = DEFAULTS.num_perm,
        bands: int = DEFAULTS.bands,
        seed: int = DEFAULTS.seed,
        title_weight: int = DEFAULTS.title_weight,
        lead_weight: float = DEFAULTS.lead_weight,
        lead_length: int = DEFAULTS.lead_length,
        capital_weight: float = DEFAULTS.capital_weight,
        background: int = DEFAULTS.background,
        neighbours: int = DEFAULTS.neighbours,
        date_penalty: float = DEFAULTS.date_penalty,
        outlet_penalty: float = DEFAULTS.outlet_penalty,
        preferred_outlets: str = DEFAULTS.preferred_outlets,
        paywalled_outlets: str = DEFAULTS.paywalled_outlets,
        ungrouped: str = DEFAULTS.ungrouped,
    ) -> None:
        self.granularity = granularity
        self.window = window
        self.copy_overlap = copy_overlap
        self.shingle_size = shingle_size
        self.num_perm = num_perm
        self.bands = bands
        self.seed = seed
        self.title_weight = title_weight
        self.lead_weight = lead_weight
        self.lead_length = lead_length
        self.capital_weight = capital_weight
        self.background = background
        self.neighbours = neighbours
        self.date_penalty = date_penalty
        self.outlet_penalty = outlet_penalty
        self.preferred_outlets = preferred_outlets
        self.paywalled_outlets = paywalled_outlets
        self.ungrouped = ungrouped

    def fit(self, X: Articles, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn passes y to all estimators
        """Group the articles into stories.

        Raises:
            SettingsError: listing every parameter that is out of range.
            InputError: X is not texts or articles.
        """
        self.clustering_ = cluster(settings=self._settings(), articles=self._articles(X))
        self.labels_ = np.array(self.clustering_.labels, np.int64)
        self.copy_labels_ = np.array(self.clustering_.copy_labels, np.int64)
        return self


def _check_comparable(name: str, sketch: MinHash, own: MinHash) -> None:
    theirs = {"num_perm": len(sketch), "seed": sketch.seed, "scheme": sketch.scheme}
    ours = {"num_perm": len(own), "seed": own.seed, "scheme": own.scheme}
    if theirs != ours:
        wrong = ", ".join(
            f"{key}={value!r} instead of {ours[key]!r}" for key, value in theirs.items() if value != ours[key]
        )
        raise InputError(f"{name} cannot be compared with the signatures made here: it has {wrong}")
    if getattr(sketch, "hashfunc", shingle_hash) is not shingle_hash:  # a LeanMinHash has none
        raise InputError(
            f"{name} cannot be compared with the signatures made here: its hashfunc is not"
            f" {shingle_hash.__module__}.{shingle_hash.__name__}"
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """The words of distinct articles, where `backend` read each, their outlets, and which of them each article is."""

    words: HashedWords
    outlets: NDArray[np.int64]
    order: NDArray[np.int64]
    rows: NDArray[np.int64]
    backend: PlainBackend

    @classmethod
    def of(cls, articles: Articles, settings: Settings) -> Self:
        reader = ArticleReader(articles)
        backend, texts = choose(reader.texts(), settings)
        # Each article by its own words: which words share a hash would depend on the other articles.
        words = HashedWords.joined([block.resolved() for block in backend.blocks(texts)])
        collection, order = reader.collection()
        return cls(words.take(order), collection.outlets(), order, collection.inverse(), backend)


@dataclass(frozen=True, slots=True)
class _Counted:
    """The features and languages of distinct articles, and which of them each article is."""

    features: Features
    languages: list[str]
    rows: NDArray[np.int64]
    backend: PlainBackend
