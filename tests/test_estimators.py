"""Input, output and errors of the estimators; see also `test_estimators_in_scikit_learn.py`."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import datasketch
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_twins import term_index
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils.validation import check_is_fitted

from dedup import (
    Article,
    InputError,
    MinHashVectorizer,
    Settings,
    SettingsError,
    StoryClusterer,
    StoryTfidfVectorizer,
    cluster,
    read_articles,
)
from dedup.estimators import COLUMNS
from dedup.results.evidence import StoredEvidence
from dedup.text.document import Document
from dedup.vectorize.hashing import shingle_hash
from dedup.vectorize.reference import signatures

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
ESTIMATORS = (MinHashVectorizer, StoryTfidfVectorizer, StoryClusterer)
TEXTS = [
    "The ferry burned for two hours before the coast guard reached it.",
    "Two hours passed before the coast guard reached the burning ferry.",
    "The central bank left its interest rate where it was.",
    "",
]
NONSENSE = ["brillig slithy toves gyre brillig", "slithy borogoves gyre", "mimsy borogoves outgrabe mimsy mimsy"]


@pytest.fixture(scope="module")
def seeds() -> list[Article]:
    return list(read_articles([str(SEEDS)], notices=[]))


def run(estimator: Any, X: Any) -> NDArray[Any]:  # noqa: N803 - scikit-learn's name
    """Return the output of an estimator for X as an array."""
    found = estimator.fit_predict(X) if hasattr(estimator, "fit_predict") else estimator.fit_transform(X)
    return np.stack([*found.tocoo().coords, found.data]) if isinstance(found, sp.csr_array) else np.asarray(found)


def same(a: sp.csr_array, b: sp.csr_array) -> bool:
    parts = ("indptr", "indices", "data")
    return a.shape == b.shape and all(np.array_equal(getattr(a, part), getattr(b, part)) for part in parts)


# Parameters.


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_defaults_are_those_of_settings(kind: type[Any]) -> None:
    defaults = asdict(Settings())
    assert kind().get_params() == {name: defaults[name] for name in kind().get_params()}


def test_the_clusterer_has_every_setting() -> None:
    assert list(inspect.signature(StoryClusterer).parameters) == list(Settings().method())


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_constructor_stores_and_fit_validates(kind: type[Any]) -> None:
    name, wrong = next(iter(kind().get_params())), object()
    estimator = kind(**{name: wrong})
    assert estimator.get_params()[name] is wrong
    with pytest.raises(SettingsError, match=f"^{name} must be "):
        estimator.fit(TEXTS)


def test_all_wrong_parameters_are_named_together() -> None:
    with pytest.raises(SettingsError) as caught:
        MinHashVectorizer(num_perm=0, shingle_size=0).transform(TEXTS)
    assert caught.value.faults == (
        "shingle_size must lie between 1 and 32, not 0",
        "num_perm must lie between 2 and 4096, not 0",
    )


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_clone_get_params_and_set_params(kind: type[Any]) -> None:
    estimator = kind().fit(TEXTS)
    changed = {
        name: f"{value}a" if name == "preferred_outlets" else value if isinstance(value, str) else value + 1
        for name, value in estimator.get_params().items()
    }
    estimator.set_params(**changed)
    copy = clone(estimator)
    assert copy.get_params() == changed
    assert not [name for name in vars(copy) if name.endswith("_")]


def test_numbers_of_numpy_are_numbers() -> None:
    """Parameter grids are often an `np.linspace` or an `np.arange`."""
    numbers: dict[str, Any] = {"granularity": np.float64(0.3), "neighbours": np.int64(7)}
    clusterer = StoryClusterer(**numbers).fit(TEXTS)
    assert clusterer.clustering_.settings == Settings(granularity=0.3, neighbours=7)
    assert clusterer.get_params()["granularity"] is numbers["granularity"]


# Input.


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize(
    "as_input",
    [
        tuple,
        iter,
        np.array,
        lambda texts: np.array(texts, object).reshape(-1, 1),
        lambda texts: pd.Series(texts, index=range(10, 10 + len(texts))),
        lambda texts: pd.DataFrame({"story_body": texts}),
        lambda texts: pd.DataFrame({"body": texts, "seen": range(len(texts))}),
        lambda texts: [{"text": text} for text in texts],
        lambda texts: [Article(id="same", text=text) for text in texts],
    ],
    ids=["tuple", "iterator", "array", "column", "series", "frame", "wide frame", "mappings", "articles"],
)
def test_all_forms_of_texts_are_alike(kind: type[Any], as_input: Any) -> None:
    np.testing.assert_array_equal(run(kind(), as_input(TEXTS)), run(kind(), TEXTS))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_titles_count_in_a_wide_frame(kind: type[Any], seeds: Sequence[Article]) -> None:
    frame = pd.DataFrame({"headline": [a.title for a in seeds], "content": [a.text for a in seeds]})
    mappings = [{"title": article.title, "text": article.text} for article in seeds]
    np.testing.assert_array_equal(run(kind(), frame), run(kind(), mappings))


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("one text", "NAME takes a sequence of texts or articles, not one str: put it in a list"),
        (b"one text", "NAME takes a sequence of texts or articles, not one bytes: put it in a list"),
        ({"text": "a"}, "NAME takes a sequence of texts or articles, not one dict: put it in a list"),
        (Article(id="a", text="a"), "NAME takes a sequence of texts or articles, not one Article: put it in a list"),
        (None, "NAME takes a sequence of texts or articles, not NoneType"),
        (np.zeros((3, 2)), "NAME takes a sequence of texts or articles, not numbers: this is float64 data"),
        (np.arange(3), "NAME takes a sequence of texts or articles, not numbers: this is int64 data"),
        (sp.eye_array(3), "NAME takes a sequence of texts or articles, not numbers: this is float64 data"),
        (pd.Series([1, 2]), "NAME takes a sequence of texts or articles, not numbers: this is int64 data"),
        (
            pd.DataFrame({"text": [1.5]}),
            "NAME takes a sequence of texts or articles, not numbers: this is float64 data",
        ),
        (
            np.array([["a", "b"]], object),
            "NAME takes a sequence of texts or articles; an array of them has one column, this one has the"
            " shape (1, 2)",
        ),
        (
            pd.DataFrame({"a": ["b"], "c": ["d"]}),
            "NAME takes a sequence of texts or articles; of the columns ['a', 'c'] none is known as text or"
            " title: pass the one it is",
        ),
        ([1.0, 2.0], "article 0 is a float; it must be an Article, a mapping or a string"),
        (["a", ["b"]], "article 1 is a list; it must be an Article, a mapping or a string"),
        (pd.Series(["a", 5], dtype=object), "article 1 is a int; it must be an Article, a mapping or a string"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_texts_is_refused(kind: type[Any], wrong: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message.replace('NAME', kind.__name__))}$"):
        run(kind(), wrong)


def test_no_articles_are_no_rows() -> None:
    assert MinHashVectorizer().fit_transform([]).shape == (0, 128)
    assert StoryTfidfVectorizer().fit_transform([]).shape == (0, COLUMNS)
    clusterer = StoryClusterer().fit([])
    assert clusterer.labels_.shape == clusterer.copy_labels_.shape == (0,)


# Signatures.


def test_signatures_are_those_of_a_sketch_made_by_hand() -> None:
    text = "one two three four five six seven"
    sketch = datasketch.MinHash(64, seed=7, scheme="affine32", hashfunc=shingle_hash)
    for shingle in (b"one two three four", b"two three four five", b"three four five six", b"four five six seven"):
        sketch.update(shingle)

    vectorizer = MinHashVectorizer(num_perm=64, shingle_size=4, seed=7)
    assert vectorizer.to_minhash([text]) == [sketch]
    found = vectorizer.fit_transform([text])
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, [sketch.hashvalues])


@given(st.lists(st.text("ab .\N{CYRILLIC SMALL LETTER A}\N{HANGUL SYLLABLE GA}漢", max_size=40), max_size=6))
@settings(deadline=None, max_examples=50)
def test_signatures_are_those_of_the_reference(texts: list[str]) -> None:
    expected = signatures([Document.of("", text) for text in texts], Settings(num_perm=16, bands=4))
    np.testing.assert_array_equal(MinHashVectorizer(num_perm=16).fit_transform(texts), expected)


def test_sketches_work_in_an_index_and_come_back() -> None:
    vectorizer = MinHashVectorizer(shingle_size=2)
    sketches = vectorizer.to_minhash(TEXTS)
    index = datasketch.MinHashLSH(num_perm=128, params=(64, 2))
    for place, sketch in enumerate(sketches):
        index.insert(place, sketch)
    assert set(index.query(vectorizer.to_minhash([TEXTS[0] + " Nobody was hurt."])[0])) == {0, 1}

    assert sketches[0].jaccard(sketches[1]) == pytest.approx(5 / 17, abs=0.12)  # "two hours", "before the", ...
    back = vectorizer.from_minhash(sketches)
    assert back.dtype == np.uint32
    np.testing.assert_array_equal(back, vectorizer.transform(TEXTS))
    assert vectorizer.to_minhash(back) == sketches
    np.testing.assert_array_equal(vectorizer.from_minhash(map(datasketch.LeanMinHash, sketches)), back)
    assert vectorizer.from_minhash([]).shape == (0, 128)


def test_a_sketch_can_be_updated() -> None:
    vectorizer = MinHashVectorizer()
    kept = vectorizer.transform(["one two three four five"])
    (sketch,) = vectorizer.to_minhash(kept)
    before = kept.copy()
    sketch.update(b"two three four five six")
    assert [sketch] == vectorizer.to_minhash(["one two three four five six"])
    np.testing.assert_array_equal(kept, before)


@pytest.mark.parametrize(
    ("sketch", "message"),
    [
        (
            datasketch.MinHash(64, 2, hashfunc=shingle_hash),
            "sketch 1 cannot be compared with the signatures made here: it has num_perm=64 instead of 128,"
            " seed=2 instead of 1",
        ),
        (
            datasketch.MinHash(128, 1, hashfunc=shingle_hash, scheme="legacy"),
            "sketch 1 cannot be compared with the signatures made here: it has scheme='legacy' instead of 'affine32'",
        ),
        (
            datasketch.MinHash(128, 1),
            "sketch 1 cannot be compared with the signatures made here: its hashfunc is not"
            " dedup.vectorize.hashing.shingle_hash",
        ),
        ("a text", "sketch 1 is a str; it must be a datasketch.MinHash"),
    ],
    ids=["size and seed", "scheme", "hashfunc", "no sketch"],
)
def test_foreign_sketches_are_refused(sketch: Any, message: str) -> None:
    vectorizer = MinHashVectorizer()
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        vectorizer.from_minhash([*vectorizer.to_minhash(["a text"]), sketch])


def test_signatures_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match=re.escape("signatures have the shape (articles, 128), these have (2, 64)")):
        MinHashVectorizer().to_minhash(np.zeros((2, 64), np.uint32))


# TF-IDF.


def by_hand(texts: Sequence[str], fitted: Sequence[str], added: int) -> NDArray[np.float64]:
    """Return unit vectors of (1 + ln tf)·ln((n + added + 1)/(df + 1)) over the hashed terms that occur."""
    counter = HashingVectorizer(analyzer=str.split, n_features=2**22, alternate_sign=False, norm=None)
    used = np.unique(counter.transform([*texts, *fitted]).indices)
    counts, fitted_counts = (counter.transform(part)[:, used].toarray() for part in (texts, fitted))
    idf = np.log((len(fitted) + added + 1) / ((fitted_counts > 0).sum(axis=0) + 1))
    weights = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf
    return cast(NDArray[np.float64], weights / np.linalg.norm(weights, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("fitted", "new", "added"),
    [
        (NONSENSE, ["gyre mimsy mimsy frumious", "slithy"], 20),
        (
            ["the ship and the crew of the port", "it was a port in the south", "a crew was on the ship"],
            ["the crew of the ship was in the port", "it was the vessel of a crew and a captain"],
            0,
        ),
    ],
    ids=["unknown language", "english"],
)
def test_vectors_are_those_made_by_hand(fitted: list[str], new: list[str], added: int) -> None:
    vectorizer = StoryTfidfVectorizer(lead_weight=0, capital_weight=1, background=0).fit(fitted)
    for texts in (fitted, new):
        found = vectorizer.transform(texts)
        used = np.unique([term_index(word) % COLUMNS for text in [*texts, *fitted] for word in text.split()])
        assert found.shape == (len(texts), COLUMNS)
        assert found.indices.dtype == found.indptr.dtype == np.int32
        assert found[:, used].sum() == found.sum()
        np.testing.assert_allclose(found[:, used].toarray(), by_hand(texts, fitted, added), rtol=0, atol=2**-15)


def test_vectors_are_those_that_cluster_uses(seeds: Sequence[Article]) -> None:
    """With near-copies, fit on one of each, since `cluster` learns from these only."""
    articles = [*seeds, *seeds[:5], *walled()]
    evidence = evidence_of(articles)
    counting = np.flatnonzero(evidence.tree.weights).tolist()
    texts = [evidence.collection.first(distinct) for distinct in counting]
    assert len(texts) < len(evidence.collection), "a case of near-copies"
    assert_vectors(StoryTfidfVectorizer().fit(texts).transform(articles), evidence)
    assert_vectors(StoryTfidfVectorizer().fit_transform(texts), evidence_of(texts))


def evidence_of(articles: Sequence[Article]) -> StoredEvidence:
    evidence = cast(StoredEvidence, cluster(articles)._evidence)
    assert evidence.misplaced, "a case of bodies under unrelated titles"
    return evidence


def assert_vectors(found: sp.csr_array, evidence: StoredEvidence) -> None:
    for distinct, places in enumerate(evidence.collection.members):
        expected = evidence.vectors.matrix[[distinct]]
        for place in places:
            row = found[[place]]
            columns = evidence.vectors.terms[expected.indices] % COLUMNS
            dense = np.bincount(columns, expected.data, COLUMNS)
            np.testing.assert_array_equal(row.indices, np.unique(columns))
            np.testing.assert_array_equal(row.data, dense[row.indices])


def walled() -> list[Article]:
    """Three articles with a paywall as body."""
    titles = ["Ferry fire kills nine", "Central bank holds rate", "Orchard growers fear frost"]
    wall = "To go on reading, please take out a subscription or log in to your account with us."
    return [Article(id=title, title=title, text=wall) for title in titles]


def test_a_row_depends_on_no_other_row(seeds: Sequence[Article]) -> None:
    articles = [*seeds[:8], *seeds[:2], *walled()]
    vectorizer = StoryTfidfVectorizer()
    together = vectorizer.fit_transform(articles)
    assert len(vectorizer.overwritten_) == 1
    assert same(together, vectorizer.transform(articles))
    assert same(together, sp.csr_array(sp.vstack([vectorizer.transform([article]) for article in articles])))
    assert same(together[::-1], vectorizer.transform(articles[::-1]))


def test_an_article_without_words_has_an_empty_row() -> None:
    found = StoryTfidfVectorizer().fit_transform(["", "one text", "!?"])
    assert np.diff(found.indptr).tolist() == [0, 2, 0]
    assert (MinHashVectorizer().transform(["", "!?"]) == 2**32 - 1).all()


def test_vectors_need_fitting() -> None:
    with pytest.raises(NotFittedError, match="This StoryTfidfVectorizer instance is not fitted yet"):
        StoryTfidfVectorizer().transform(TEXTS)


# Clusters.


def test_the_clusterer_is_cluster(seeds: Sequence[Article]) -> None:
    expected = cluster(seeds, Settings(granularity=0.3, window=5))
    clusterer = StoryClusterer(granularity=0.3, window=5)
    labels = clusterer.fit_predict(seeds)
    assert labels is clusterer.labels_
    assert labels.dtype == clusterer.copy_labels_.dtype == np.int64
    assert tuple(labels.tolist()) == expected.labels
    assert tuple(clusterer.copy_labels_.tolist()) == expected.copy_labels
    assert clusterer.clustering_.stories == expected.stories


def test_dates_come_with_the_articles() -> None:
    month_apart = [{"text": TEXTS[0], "date": "2024-05-01"}, {"text": TEXTS[1], "date": "2024-07-01"}]
    assert StoryClusterer(granularity=0.7).fit_predict(TEXTS[:2]).tolist() == [0, 0]
    assert StoryClusterer(granularity=0.7).fit_predict(month_apart).tolist() == [0, 1]


def test_the_clusterer_needs_fitting() -> None:
    with pytest.raises(NotFittedError, match="This StoryClusterer instance is not fitted yet"):
        check_is_fitted(StoryClusterer())
    check_is_fitted(StoryClusterer().fit(TEXTS))


# Imports.


def test_scikit_learn_is_imported_for_the_estimators_alone() -> None:
    code = "import sys, dedup; dedup.cluster; assert 'sklearn' not in sys.modules; dedup.StoryClusterer"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_estimators_are_estimators() -> None:
    assert all(issubclass(kind, BaseEstimator) for kind in ESTIMATORS)
