"""Features by NumPy alone against scikit-learn and datasketch, to the last bit."""

from __future__ import annotations

import os
import sys
from subprocess import run

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kernel_twins import assert_equal_features, texts
from sklearn.utils import murmurhash3_32

from dedup import Settings
from dedup.backends import NumpyBackend
from dedup.text.document import Document
from dedup.vectorize import features
from dedup.vectorize.features import HashedWords, numpy_features, numpy_signatures
from dedup.vectorize.hashing import hashes_of
from dedup.vectorize.reference import signatures


@given(st.lists(st.text(), max_size=20))
@settings(deadline=None)  # a busy machine takes longer now and then
@example([])
@example(["", "a", "ab", "abc", "abcd", "abcde", "é", "水火", "x" * 1_000])
def test_words_are_hashed_as_scikit_learn_does(words: list[str]) -> None:
    expected = [murmurhash3_32(word.encode(), seed=0, positive=True) for word in words]
    assert hashes_of(iter(words)).tolist() == expected


@pytest.mark.parametrize(
    "chosen",
    [Settings(), Settings(title_weight=0, num_perm=64, shingle_size=2), Settings(lead_weight=0, seed=9)],
)
@given(st.lists(st.tuples(texts, texts), max_size=5))
@settings(deadline=None)  # the first example imports the libraries
@example([("", ""), ("One Two", ""), ("", "two"), ("A mill burns", "A mill burns down on the river. Ann ran. " * 9)])
def test_features_are_those_of_the_libraries(chosen: Settings, articles: list[tuple[str, str]]) -> None:
    words = NumpyBackend(chosen).read(articles)
    assert_equal_features(numpy_features(words, chosen), articles, chosen)


def test_long_texts_are_permuted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [Document.of("", " ".join(f"w{number % 91}" for number in range(length))) for length in (7, 8, 9, 100)]
    expected = signatures(documents, Settings())
    monkeypatch.setattr(features, "_AT_ONCE", 4)
    assert numpy_signatures(HashedWords.of(documents), Settings()).tolist() == expected.tolist()


def test_a_small_job_imports_neither_library_nor_compiler() -> None:
    code = "import dedup, sys; dedup.cluster(['one text', 'two texts']); print(*sys.modules)"
    given = {name: value for name, value in os.environ.items() if name != "DEDUP_KERNELS"}
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=given)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"sklearn", "datasketch", "numba", "pandas"}
