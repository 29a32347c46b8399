"""The estimators in pipelines, searches and processes of scikit-learn and joblib."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union

from dedup import Article, MinHashVectorizer, StoryClusterer, StoryTfidfVectorizer, read_articles

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
ESTIMATORS = (MinHashVectorizer, StoryTfidfVectorizer, StoryClusterer)
FERRY = [
    "Nine died when the ferry Halcyon burned off the coast.",
    "The ferry Halcyon had no working sprinklers, an inspector said.",
    "Divers searched the burned ferry for the missing.",
    "The owner of the Halcyon will answer for the fire, the coast guard said.",
]
BANK = [
    "The central bank left its interest rate at four percent.",
    "Savers gain little from the interest rate, the bank admits.",
    "Inflation fell to three percent, the central bank said.",
    "The governor of the bank sees no rate cut before autumn.",
]
TOPICS = np.array(["ferry"] * 4 + ["bank"] * 4)
NEW = ["A survivor of the burned ferry spoke to the coast guard.", "The bank may cut the interest rate in autumn."]


@pytest.fixture(scope="module")
def seeds() -> list[Article]:
    return list(read_articles([str(SEEDS)], notices=[]))


@pytest.fixture(scope="module")
def stories(seeds: Sequence[Article]) -> NDArray[np.int64]:
    manifest = tomllib.loads((SEEDS / "manifest.toml").read_text(encoding="utf-8"))["story"]
    story = {article: number for number, one in enumerate(manifest) for article in one["articles"]}
    return np.array([story[article.id] for article in seeds])


def test_a_pipeline_with_a_classifier_and_cross_validation() -> None:
    pipeline = make_pipeline(StoryTfidfVectorizer(), KNeighborsClassifier(1, metric="cosine"))
    assert pipeline.fit(FERRY + BANK, TOPICS).predict(NEW).tolist() == ["ferry", "bank"]
    assert pipeline.set_params(storytfidfvectorizer__background=0).fit(FERRY + BANK, TOPICS).predict(NEW).shape == (2,)
    found = cross_val_predict(pipeline, FERRY + BANK, TOPICS, cv=4)
    assert (found == TOPICS).mean() >= 0.75


def test_a_pipeline_with_a_clusterer(seeds: Sequence[Article], stories: NDArray[np.int64]) -> None:
    pipeline = make_pipeline(StoryTfidfVectorizer(), DBSCAN(eps=0.75, min_samples=1, metric="cosine"))
    assert adjusted_rand_score(stories, pipeline.fit_predict(seeds)) > 0.5


def test_a_pipeline_with_a_linear_model() -> None:
    pipeline = make_pipeline(StoryTfidfVectorizer(), SGDClassifier(random_state=0))
    assert pipeline.fit(FERRY + BANK, TOPICS).predict(NEW).tolist() == ["ferry", "bank"]


def test_a_grid_search_finds_the_granularity(seeds: list[Article], stories: NDArray[np.int64]) -> None:
    def score(fitted: StoryClusterer, articles: Sequence[Article], truth: NDArray[np.int64]) -> float:
        return float(adjusted_rand_score(truth, clone(fitted).fit_predict(articles)))

    everything = np.arange(len(seeds))
    search = GridSearchCV(
        StoryClusterer(), {"granularity": np.array([0.05, 0.5])}, scoring=score, cv=[(everything, everything)]
    )
    search.fit(seeds, stories)
    assert search.best_params_ == {"granularity": 0.5}
    assert search.best_score_ > 0.9
    assert search.cv_results_["mean_test_score"][0] < 0.9
    assert adjusted_rand_score(stories, search.best_estimator_.labels_) == search.best_score_


def test_a_grid_search_over_folds() -> None:
    search = GridSearchCV(
        make_pipeline(StoryTfidfVectorizer(), KNeighborsClassifier(1, metric="cosine")),
        {"storytfidfvectorizer__title_weight": [0, 2], "storytfidfvectorizer__lead_weight": np.linspace(0, 2, 2)},
        cv=2,
        error_score="raise",
    )
    search.fit(FERRY + BANK, TOPICS)
    assert len(search.cv_results_["params"]) == 4


def test_the_text_column_of_a_frame() -> None:
    frame = pd.DataFrame({"views": [3.0, 5.0], "lead": NEW}, index=["a", "b"])
    for column in ("lead", ["lead"]):
        transformer = ColumnTransformer(
            [("text", StoryTfidfVectorizer(), column), ("hash", MinHashVectorizer(num_perm=4), column)],
            remainder="passthrough",
        )
        found = sp.csr_array(transformer.fit_transform(frame))
        assert found.shape == (2, 2**22 + 4 + 1)
        assert abs(found[:, : 2**22] - StoryTfidfVectorizer().fit_transform(NEW)).sum() == 0
        np.testing.assert_array_equal(found[:, -5:-1].toarray(), MinHashVectorizer(num_perm=4).transform(NEW))
        assert found[:, [-1]].toarray().tolist() == [[3], [5]]


def test_a_union_of_features() -> None:
    union: FeatureUnion = make_union(StoryTfidfVectorizer(), StoryTfidfVectorizer(background=0))
    assert union.fit(FERRY).transform(NEW).shape == (2, 2**23)


def test_signatures_as_a_data_frame() -> None:
    vectorizer = MinHashVectorizer(num_perm=3).set_output(transform="pandas")
    names = [f"minhashvectorizer{slot}" for slot in range(3)]
    for X, index in ((NEW, [0, 1]), (pd.DataFrame({"x": NEW}, index=[7, 9]), [7, 9])):  # noqa: N806 - scikit-learn's name
        for found in (vectorizer.fit_transform(X), vectorizer.transform(X)):
            assert isinstance(found, pd.DataFrame)
            assert found.columns.tolist() == names == vectorizer.get_feature_names_out().tolist()
            assert found.index.tolist() == index
            assert set(found.dtypes) == {np.dtype(np.uint32)}
    assert vectorizer.to_minhash(NEW) == MinHashVectorizer(num_perm=3).to_minhash(NEW)


def test_hashed_terms_are_no_data_frame() -> None:
    """Like scikit-learn's own `HashingVectorizer`."""
    for vectorizer in (StoryTfidfVectorizer(), HashingVectorizer()):
        name = type(vectorizer).__name__
        with pytest.raises(AttributeError, match=f"This '{name}' has no attribute 'set_output'"):
            vectorizer.set_output(transform="pandas")
        with pytest.raises(ValueError, match=f"Unable to configure output for {name}"):
            make_pipeline(vectorizer).set_output(transform="pandas")
        with config_context(transform_output="pandas"):
            assert sp.issparse(vectorizer.fit_transform(NEW))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_fitted_estimator_is_stored_and_loaded(kind: type[Any], tmp_path: Path, seeds: list[Article]) -> None:
    fitted = kind().fit(seeds)
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    loaded = joblib.load(tmp_path / "fitted.joblib")
    assert joblib.hash(loaded) == joblib.hash(fitted) == joblib.hash(kind().fit(seeds))
    assert joblib.hash(kind(seed=2) if kind is not StoryTfidfVectorizer else kind(background=2)) != joblib.hash(kind())
    if kind is StoryClusterer:
        assert loaded.labels_.tolist() == fitted.labels_.tolist()
        assert loaded.clustering_.rethreshold(0.1).labels == fitted.clustering_.rethreshold(0.1).labels
        assert loaded.clustering_.explain(0, 1) == fitted.clustering_.explain(0, 1)
    else:
        difference = np.abs(loaded.transform(NEW) - fitted.transform(NEW))
        assert difference.sum() == 0


def test_other_processes_find_the_same(seeds: list[Article]) -> None:
    parallel = joblib.Parallel(n_jobs=2, backend="loky")
    fitted = StoryTfidfVectorizer().fit(seeds)
    halves = parallel(joblib.delayed(fitted.transform)(part) for part in (seeds[:20], seeds[20:]))
    together = fitted.transform(seeds)
    assert abs(sp.vstack(halves) - together).sum() == 0

    labels = parallel(joblib.delayed(StoryClusterer().fit_predict)(part) for part in (seeds, seeds[::-1]))
    assert labels[0].tolist() == labels[1][::-1].tolist() == StoryClusterer().fit_predict(seeds).tolist()

    hashes = parallel(joblib.delayed(MinHashVectorizer().transform)(part) for part in (FERRY, BANK))
    np.testing.assert_array_equal(np.concatenate(hashes), MinHashVectorizer().transform(FERRY + BANK))
