"""The hashes of words and shingles, against the libraries they come from, against each other, and pinned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kernel_twins import term_index
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils import murmurhash3_32

from dedup.text.tokens import shingles
from dedup.vectorize.hashing import (
    BASE,
    FEATURES,
    plain_hashes,
    shingle_hash,
    shingles_in_order,
    short_shingles_in_order,
    terms_of,
    word_hash,
)

words = st.text(st.characters(exclude_categories=("Cs", "Zs")).filter(lambda char: char != " "), min_size=1)
few_words = st.lists(st.one_of(st.sampled_from(["a", "b", "水火", "é"]), words), max_size=12)


def shingle_hash64(shingle: bytes) -> int:
    """The specification of `shingles_in_order`, for one shingle."""
    value, mask = 0, 2**64 - 1
    for word in shingle.split(b" "):
        value = (value * BASE + word_hash(word)) & mask
    value = ((value ^ value >> 33) * 0xFF51AFD7ED558CCD) & mask  # the finaliser of MurmurHash3 (Appleby 2011)
    value = ((value ^ value >> 33) * 0xC4CEB9FE1A85EC53) & mask
    return value ^ value >> 33


@given(words)
@example("")
@example("水火")
def test_a_word_hash_is_scikit_learns(word: str) -> None:
    assert word_hash(word.encode()) == murmurhash3_32(word.encode(), seed=0, positive=True)
    assert 0 <= word_hash(word.encode()) < 2**32


def test_hashes_of_both_signs_are_tried() -> None:
    signs = {murmurhash3_32(word.encode()) < 0 for word in ("mill", "boat", "fire", "rain", "storm", "harbour")}
    assert signs == {True, False}


@given(words)
@example("mill")
@example("boat")
@example("fire")
@example("rain")
@example("storm")
@example("harbour")
def test_a_term_index_is_the_column_scikit_learn_counts_under(word: str) -> None:
    counter = HashingVectorizer(analyzer=list, n_features=FEATURES, alternate_sign=False, norm=None)
    assert counter.transform([[word]]).indices.tolist() == [term_index(word)]
    assert terms_of(plain_hashes([word])).tolist() == [term_index(word)]


@given(few_words, st.integers(1, 8))
def test_rolled_hashes_are_those_of_the_shingles(text: list[str], size: int) -> None:
    expected = sorted({shingle_hash64(shingle) for shingle in shingles(text, size)})
    found = np.unique(shingles_in_order(plain_hashes(text), size))
    assert found.dtype == np.uint64
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("shingle", "expected", "short"),
    [
        ("", 0x0000000000000000, 0x00000000),
        ("a", 0x72C67487451A6CD1, 0x3C2569B2),
        ("the mill burned down on", 0xFF526F04B5EEC7BF, 0xEA8C5DFF),
        ("é 水火", 0xA71FA699A327B94C, 0xB5EEB0DE),
    ],
)
def test_shingle_hashes_are_public_and_fixed(shingle: str, expected: int, short: int) -> None:
    assert shingle_hash64(shingle.encode()) == expected
    assert shingle_hash(shingle.encode()) == short


def test_the_order_of_words_counts() -> None:
    assert shingle_hash64(b"a b") != shingle_hash64(b"b a")
    assert shingle_hash64(b"a a b") != shingle_hash64(b"a b b")
    assert shingle_hash(b"a b") != shingle_hash(b"b a")
    assert shingle_hash(b"a a b") != shingle_hash(b"a b b")


def test_hashes_spread_over_all_bits() -> None:
    hashes = np.array([shingle_hash64(f"word{number} next".encode()) for number in range(4_000)], np.uint64)
    assert len(np.unique(hashes)) == len(hashes)
    for bit in range(64):
        share = np.mean((hashes >> np.uint64(bit)) & np.uint64(1))
        assert 0.45 < share < 0.55, bit


@given(st.lists(st.sampled_from(["a", "b", "水火", "é", "mill", "17"]), max_size=60), st.integers(1, 32))
def test_shingles_in_order_are_those_of_the_text(words: list[str], size: int) -> None:
    expected = [shingle_hash64(shingle) for shingle in shingles(words, size)]
    assert shingles_in_order(plain_hashes(words), size).tolist() == expected
    expected = [shingle_hash(shingle) for shingle in shingles(words, size)]
    assert short_shingles_in_order(plain_hashes(words), size).tolist() == expected
