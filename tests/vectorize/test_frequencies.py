from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from dedup.settings import Settings
from dedup.vectorize import frequencies as module
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.tfidf import tfidf

WIDTH = 8

articles = st.tuples(st.sampled_from(["", "de", "en"]), st.lists(st.integers(0, 3), min_size=WIDTH, max_size=WIDTH))


@given(st.lists(articles, max_size=12))
def test_having_counts_the_articles_that_have_a_term(collection: Sequence[tuple[str, list[int]]]) -> None:
    every = sp.csr_array(np.array([row for _, row in collection], float).reshape(-1, WIDTH))
    frequencies = Frequencies.of(every, [language for language, _ in collection])

    terms = np.array([6, 0, 3])
    for language in (None, "", "de", "en", "fr"):
        rows = [row for name, row in collection if language in (None, name)]
        assert frequencies.having(terms, language).tolist() == [sum(row[term] > 0 for row in rows) for term in terms]
    for language in ("", "de", "en", "fr"):
        assert frequencies.articles_in(language) == sum(name == language for name, _ in collection)


@given(st.lists(articles, max_size=12), st.integers(1, 9))
def test_entries_are_counted_some_at_a_time(collection: Sequence[tuple[str, list[int]]], at_once: int) -> None:
    every = sp.csr_array(np.array([row for _, row in collection], float).reshape(-1, WIDTH))
    languages, among = [language for language, _ in collection], np.arange(0, len(collection), 2)
    whole = Frequencies.of(every, languages, among)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_ONCE", at_once)
        parts = Frequencies.of(every, languages, among)
    assert parts.counts.toarray().tolist() == whole.counts.toarray().tolist()
    assert whole.counts.toarray().sum() == (every.toarray()[among] > 0).sum()


def test_nothing_is_known_of_a_language_that_was_not_there() -> None:
    """Without background and articles of the language, the idf is that of the collection; no weight is nan."""
    frequencies = Frequencies.of(sp.csr_array(np.array([[1.0, 1.0], [1.0, 0.0]])), ["en", "en"])
    new = sp.csr_array(np.array([[16.0, 16.0]]))
    vectors = tfidf(new, sp.csr_array((1, 2)), ["de"], frequencies, Settings(background=0))
    assert vectors.matrix.toarray().tolist() == [[0.0, 1.0]]
