"""Signatures and term counts, against simple loops."""

from __future__ import annotations

import math
from collections import defaultdict

import datasketch
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_twins import term_index

from dedup.settings import Settings
from dedup.text.document import Document
from dedup.text.tokens import Tokens
from dedup.vectorize import reference
from dedup.vectorize.hashing import FEATURES, shingle_hash
from dedup.vectorize.reference import COUNT_UNIT, ZONE, body_weight, minhash, signatures, term_counts


def random_tokens(random: np.random.Generator, length: int) -> Tokens:
    vocabulary = ["mill", "boat", "fire", "水火", "é", *(f"w{number}" for number in range(40))]
    words = [vocabulary[place] for place in random.integers(len(vocabulary), size=length).tolist()]
    capitals = bytearray(random.integers(2, size=length).astype(np.uint8).tobytes())
    return Tokens(words, capitals, bytearray(length))


def random_documents(seed: int, count: int) -> list[Document]:
    random = np.random.default_rng(seed)
    return [
        Document(random_tokens(random, int(random.integers(9))), random_tokens(random, int(random.integers(400))))
        for _ in range(count)
    ]


def naive_counts(document: Document, settings: Settings, *, capitals_only: bool) -> dict[int, float]:
    """The weight of each term, word by word, in units of `COUNT_UNIT`."""
    counts: dict[int, float] = defaultdict(float)
    for word, capital in zip(document.title.words, document.title.capitals, strict=True):
        if capital or not capitals_only:
            counts[term_index(word)] += settings.title_weight / COUNT_UNIT
    for place, (word, capital) in enumerate(zip(document.body.words, document.body.capitals, strict=True)):
        if capital or not capitals_only:
            zone = place - place % ZONE
            exact = 1 + settings.lead_weight * math.exp(-(zone + 4.5) / settings.lead_length)
            counts[term_index(word)] += round(exact * 16)
    return {term: count for term, count in counts.items() if count}


@pytest.mark.parametrize(
    ("seed", "settings"),
    [
        (0, Settings()),
        (1, Settings(title_weight=0)),
        (2, Settings(lead_weight=0)),
        (3, Settings(title_weight=7, lead_weight=11.5, lead_length=13)),
        (4, Settings(lead_length=10_000)),
        (5, Settings(title_weight=0, lead_weight=0)),
    ],
)
def test_term_counts_are_those_of_a_dictionary(seed: int, settings: Settings) -> None:
    documents = [*random_documents(seed, 25), Document(Tokens(), Tokens())]
    every, capitals = term_counts(documents, settings)
    for matrix, capitals_only in ((every, False), (capitals, True)):
        assert matrix.shape == (len(documents), FEATURES)
        for row, document in enumerate(documents):
            begin, end = matrix.indptr[row : row + 2]
            found = dict(zip(matrix.indices[begin:end].tolist(), matrix.data[begin:end].tolist(), strict=True))
            assert found == naive_counts(document, settings, capitals_only=capitals_only), f"row {row}"
            assert sorted(found) == matrix.indices[begin:end].tolist()


def test_blocks_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = random_documents(6, 23)
    whole = term_counts(documents, Settings())
    monkeypatch.setattr(reference, "_BLOCK", 5)
    for one, other in zip(whole, term_counts(documents, Settings()), strict=True):
        assert one.shape == other.shape
        for part in ("data", "indices", "indptr"):
            assert np.array_equal(getattr(one, part), getattr(other, part))


def test_no_documents_have_no_counts() -> None:
    for matrix in term_counts([], Settings()):
        assert matrix.shape == (0, FEATURES)


def test_the_weight_of_a_word_falls_from_the_lead_on() -> None:
    weights = [body_weight(place, Settings()) for place in range(0, 1_000, ZONE)]
    assert weights == sorted(weights, reverse=True)
    assert weights[:6] == [45, 40, 36, 32, 29, 27]
    assert weights[-1] == 16


@given(st.lists(st.sampled_from(["a", "b", "c", "水火"]), max_size=20), st.integers(0, 2**32 - 1))
def test_a_minhash_is_datasketchs_own(words: list[str], seed: int) -> None:
    settings = Settings(num_perm=16, bands=8, seed=seed, shingle_size=3)
    by_hand = datasketch.MinHash(16, seed, hashfunc=shingle_hash, scheme="affine32")
    count = max(1, len(words) - 2) if words else 0
    for start in range(count):
        by_hand.update(" ".join(words[start : start + 3]).encode())
    sketch = minhash(words, settings)
    assert sketch == by_hand
    sketch.update(b"more")
    assert sketch.jaccard(by_hand) <= 1


def test_signatures_are_the_rows_of_the_minhashes() -> None:
    documents = [*random_documents(7, 4), Document(Tokens(), Tokens())]
    rows = signatures(documents, Settings())
    assert rows.shape == (5, 128)
    assert rows.dtype == np.uint32
    for row, document in zip(rows, documents, strict=True):
        assert row.tolist() == minhash(document.words, Settings()).hashvalues.tolist()
    assert signatures([], Settings()).shape == (0, 128)


def test_the_signature_of_nothing_is_all_ones() -> None:
    assert set(minhash([], Settings()).hashvalues.tolist()) == {2**32 - 1}


def test_a_signature_is_pinned() -> None:
    sketch = minhash(["the", "mill", "burned", "down", "on", "the", "first", "of", "may"], Settings())
    assert sketch.hashvalues[:4].tolist() == [
        346016580,
        293064286,
        270685903,
        223979639,
    ]
