"""What the tests of the kernels share: the plain twin of each result, and texts that are meant to part the two."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.settings import Settings
from dedup.text.document import Document
from dedup.vectorize import reference
from dedup.vectorize.features import BEGINS_SHIFT, IS_CAPITAL, IS_NUMBER, Features, HashedWords, plain_features
from dedup.vectorize.hashing import FEATURES, terms_of, word_hash
from dedup.vectorize.kernels.extractor import Extractor

TRAPS = (
    "aAbsSzZ 0 9.!?:;…\"“”„«»¿¡•\n\r\u2028\u2029'’ʼ＇_-\0\t"  # words, signs, apostrophes
    "|()[]{}\\ - – — ― · ›►▶｜：【】"  # separators of segments
    "éÉşıİßẞſǅςΣσёЁЙй"  # letters beyond ASCII, of two bytes
    "\u0300\u0301\u0302\u0308\u030a\u0316\u0323\u0327\u0328\u0331\u0338\u0345"  # marks of several orders
    "\u00ad\u200b\u200c\u200d\u2060\ufe0f\U000e0100"  # signs that vanish
    "\u05b0\u05bc\u05d0\u05e9\ufb2a\u0640\u064b\u0651\u0653\u0654\u0627\u0622\u0649\u06cc"  # Hebrew, Arabic
    "\u0915\u093c\u093e\u0958\u09a1\u09bc\u09be\u09c7\u09cb\u09d7\u0bc6\u0bbe\u0bca\u0bd7"  # Hindi, Bengali, Tamil
    "0٣۷९๓７𝟗🯹"  # digits
    "กิ่ขຄ່ကိ္ក្ខ水火〇々カガか\u3099\u309aｶﾞ가힣각\u1100\u1161\u11a8\ua960"  # scripts without spaces
    "\U00020000\U0002f800\U00010400\U0001d15f\U0001f600🏽"  # other planes
    "\u0378\U000e0fff\ufffe\ue000\ud800\udfff"  # unassigned, private, half of a pair
    "ﬁＡ①½℃Å"
)

anything = st.text(st.characters(exclude_categories=()))
trapped = st.text(st.sampled_from(TRAPS), max_size=60)
stacked = st.builds(
    lambda before, mark, count, after: before + mark * count + after,
    trapped,
    st.sampled_from("\u0301\u0316\u064b\u0e34\u0e38\u3099\u00ad\ufe0f\u093e"),
    st.integers(25, 70),
    trapped,
)
texts = st.one_of(anything, trapped, stacked)


@cache
def extractor() -> Extractor:
    """The kernels with the default settings: made once, since their machine code has to be loaded."""
    made = Extractor(Settings())
    made.features([("", "")])
    return made


def plain_words(
    articles: Sequence[tuple[str, str]],
) -> list[tuple[list[int], list[int], list[bool], list[bool], list[int]]]:
    """For each article the hashes of title and body, and the flags of its words."""
    found = []
    for article in articles:
        document = Document.of(*article)
        words = document.title.words + document.body.words
        found.append(
            (
                [word_hash(word.encode()) for word in document.title.words],
                [word_hash(word.encode()) for word in document.body.words],
                list(map(bool, document.title.capitals + document.body.capitals)),
                [word < ":" for word in words],
                list(document.title.begins + document.body.begins),
            )
        )
    return found


def unpacked(words: HashedWords) -> list[tuple[list[int], list[int], list[bool], list[bool], list[int]]]:
    """The same from hashed words."""
    found = []
    for article in range(len(words)):
        first, middle, last = words.offsets[2 * article : 2 * article + 3].tolist()
        flags = words.flags[first:last]
        found.append(
            (
                words.hashes[first:middle].tolist(),
                words.hashes[middle:last].tolist(),
                (flags & IS_CAPITAL).astype(bool).tolist(),
                (flags & IS_NUMBER).astype(bool).tolist(),
                (flags >> BEGINS_SHIFT).tolist(),
            )
        )
    return found


def assert_equal_words(found: HashedWords, articles: Sequence[tuple[str, str]]) -> None:
    for article, one, other in zip(articles, unpacked(found), plain_words(articles), strict=True):
        assert one == other, article


def assert_same(one: Features, other: Features) -> None:
    """That two features are equal in every array."""
    for left, right in ((one, other), (one.words, other.words)):
        for name in left.__dataclass_fields__:
            if name not in ("words", "distinct"):
                assert np.array_equal(getattr(left, name), getattr(right, name)), name
                assert getattr(left, name).dtype == getattr(right, name).dtype, name


def assert_equal_features(found: Features, articles: Sequence[tuple[str, str]], settings: Settings) -> None:
    """That features are what scikit-learn and datasketch make of the articles."""
    documents = [Document.of(*article) for article in articles]
    plain = plain_features(documents, settings)
    assert_same(found, plain)
    for matrix, expected in zip(found.term_counts(), reference.term_counts(documents, settings), strict=True):
        assert matrix.shape == expected.shape
        for name in ("indptr", "indices", "data"):
            assert np.array_equal(getattr(matrix, name), getattr(expected, name)), name


def wide_of_each(words: HashedWords) -> NDArray[np.uint64]:
    """The wide hash of each word of a block, from its `distinct` words."""
    terms, found = terms_of(words.hashes), np.zeros(len(words.hashes), np.uint64)
    for part in sorted(words.distinct, key=lambda part: part.places is not None):
        wide_of = dict(zip(part.terms.tolist(), part.wides.tolist(), strict=True))
        assert len(wide_of) == len(part.terms)
        places = np.arange(len(found)) if part.places is None else part.places
        for place in places.tolist():
            found[place] = wide_of.get(int(terms[place]), 0)
        found[part.at] = part.others
    return found


def term_index(word: str) -> int:
    """The column in which `HashingVectorizer` counts a word."""
    value = word_hash(word.encode())
    return abs(value - (1 << 32) if value >> 31 else value) % FEATURES
