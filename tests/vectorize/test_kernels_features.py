"""Signatures, term counts, languages and overlaps by the kernels, against those of the plain form."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from kernel_twins import assert_equal_features, assert_equal_words, assert_same, extractor, term_index, texts
from numpy.typing import NDArray

from benchmarks.data import DEFAULT, ENVIRONMENT
from dedup.errors import InputError
from dedup.match.copies import counted, overlaps
from dedup.settings import Settings
from dedup.text.document import Document
from dedup.vectorize import background
from dedup.vectorize.features import Features, HashedWords
from dedup.vectorize.hashing import permutations, word_hash
from dedup.vectorize.kernels import extractor as extractors
from dedup.vectorize.kernels import languages
from dedup.vectorize.kernels import overlaps as overlap_kernels
from dedup.vectorize.kernels.compiling import kept
from dedup.vectorize.kernels.counting import REACH
from dedup.vectorize.kernels.extractor import Extractor, blocks
from dedup.vectorize.kernels.murmur import hash_words
from dedup.vectorize.kernels.overlaps import shared_shingles
from dedup.vectorize.kernels.overlaps import sort as sort_hashes
from dedup.vectorize.language import detect
from dedup.vectorize.reference import minhash

VOCABULARY = ["mill", "boat", "fire", "水火", "é", "Anna", "Riga's", "1,200", "3", "The", "of", *map(str, range(60))]


def random_articles(seed: int, count: int) -> list[tuple[str, str]]:
    chance = random.Random(seed)  # noqa: S311

    def text(most: int) -> str:
        return " ".join(chance.choices(VOCABULARY, k=chance.randint(0, most))) + chance.choice(["", ".", "\n", "’"])

    articles = [(text(8), text(chance.choice([3, 12, 90, 700]))) for _ in range(count)]
    return [*articles, *((title, title + " " + body) for title, body in articles[::3]), ("", ""), ("a", "")]


VARIANTS = [
    Settings(),
    Settings(title_weight=0),
    Settings(lead_weight=0.0),
    Settings(title_weight=64, lead_weight=64.0, lead_length=13),
    Settings(lead_length=10_000),
    Settings(title_weight=0, lead_weight=0.0, shingle_size=1, num_perm=2, bands=1),
    Settings(shingle_size=32, num_perm=130, bands=13, seed=2**32 - 1),
    Settings(shingle_size=3, num_perm=127, bands=1, seed=0),
]


@pytest.mark.parametrize("settings", VARIANTS, ids=range(len(VARIANTS)))
def test_features_are_those_of_the_plain_form(settings: Settings) -> None:
    articles = random_articles(4, 40)
    assert_equal_features(Extractor(settings).features(articles), articles, settings)


@given(st.lists(st.tuples(texts, texts), max_size=5))
@hypothesis_settings(max_examples=60, deadline=None)
def test_features_of_any_text(articles: list[tuple[str, str]]) -> None:
    assert_equal_features(extractor().features(articles), articles, Settings())


@pytest.mark.parametrize("settings", VARIANTS, ids=range(len(VARIANTS)))
def test_permutations_are_datasketch_s(settings: Settings) -> None:
    ours, theirs = permutations(settings), minhash([], settings).permutations
    assert np.array_equal(np.array(ours), theirs)
    assert all(part.dtype == np.uint32 for part in ours)


@pytest.mark.parametrize("title_weight", [0, 2])
def test_a_text_made_to_crowd_the_table_of_counts(title_weight: int) -> None:
    """Words whose terms all fall into one corner of it; and the articles after it find it empty again."""
    words = [f"w{number}" for number in range(400_000)]
    crowding = [word for word, term in zip(words, map(term_index, words), strict=True) if term >> 21 == 77]
    assert len(crowding) > 4 * REACH // 3
    text = " ".join([*crowding, "Mill", *crowding[::2]])
    articles = [
        ("one two", "Three four"),
        (crowding[0], text),
        ("one two", "Three four"),
        ("", text + " " + text),
        ("", "a"),
    ]
    settings = Settings(title_weight=title_weight)
    assert_equal_features(Extractor(settings).features(articles), articles, settings)


def test_large_counts() -> None:
    """One word so often that its weight needs more than 16 bits, in one block of several."""
    articles = [("a", "b"), ("", "The mill " * 6_000), ("c", "d e")]
    found = Features.joined([extractor().features([article]) for article in articles])
    assert found.every.dtype == np.uint32
    assert extractor().features(articles[:1]).every.dtype == np.uint16
    assert_equal_features(found, articles, Settings())


def test_terms_at_the_end_of_the_table() -> None:
    words = [f"w{number}" for number in range(400_000)]
    last = sorted(words, key=term_index)
    articles = [("", " ".join(last[-count:])) for count in (1, 3, 20, 60, 61, 90, 200)]
    articles += [("", " ".join(last[:count])) for count in (1, 3, 20, 60, 61, 90, 200)]
    assert_equal_features(extractor().features(articles), articles, Settings())


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize(("size", "length"), [(1, 10**9), (7, 10**9), (512, 500), (1000, 10**9)])
def test_neither_blocks_nor_threads_change_anything(
    monkeypatch: pytest.MonkeyPatch, threads: int, size: int, length: int
) -> None:
    articles = random_articles(5, 60)
    whole = extractor().features(articles)
    monkeypatch.setattr(extractors, "BLOCK", size)
    monkeypatch.setattr(extractors, "BLOCK_LENGTH", length)
    assert_same(Features.joined(list(extractor().stream(iter(articles), threads))), whole)


def test_blocks_hold_every_article_once(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = random_articles(6, 50)
    monkeypatch.setattr(extractors, "BLOCK", 9)
    monkeypatch.setattr(extractors, "BLOCK_LENGTH", 2_000)
    found = list(blocks(articles))
    assert [article for block in found for article in block] == articles
    assert max(map(len, found)) == 9
    assert min(map(len, found[:-1])) < 9


def test_articles_are_read_as_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractors, "BLOCK", 4)
    read = 0

    def source() -> Iterator[tuple[str, str]]:
        nonlocal read
        for number in range(400):
            read += 1
            yield "", f"article {number}"

    stream = extractor().stream(source(), threads=2)
    assert len(next(stream)) == 4
    assert read < 60
    assert 4 + sum(map(len, stream)) == 400


def test_an_error_in_the_source_is_the_caller_s() -> None:
    def source() -> Iterator[tuple[str, str]]:
        yield "a", "b"
        raise InputError("no article")

    with pytest.raises(InputError, match="no article"):
        list(extractor().stream(source(), threads=2))


def test_no_articles() -> None:
    assert_equal_features(extractor().features([]), [], Settings())
    nothing = Features.joined(list(extractor().stream([])), slots=128)
    assert len(nothing) == 0
    assert nothing.signatures.shape == (0, 128)
    assert [matrix.shape[0] for matrix in nothing.term_counts()] == [0, 0]
    assert languages.detect(nothing.words) == []


def test_features_of_a_title_alone() -> None:
    """What an article has that is judged without its body."""
    articles = random_articles(7, 30)
    words = extractor().words(articles)
    places = list(range(0, len(articles), 2))
    alone = extractor().sketch(words.take(places, bodies=False))
    assert_equal_features(alone, [(articles[place][0], "") for place in places], Settings())


def test_a_title_too_long_to_count_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractors, "LONGEST_TITLE", 3)
    extractor().features([("a b c", "d e f g")])
    with pytest.raises(InputError, match="more than 3 words"):
        extractor().features([("a b c d", "e")])


def test_languages_are_those_of_the_plain_form() -> None:
    chance = random.Random(8)  # noqa: S311
    common = list(background.languages_by_word())
    others = ["zq", "Xylo", "水火木", "かな", "힣각", "カ", "東京タワー", "1", "ก"]
    articles = []
    for _ in range(1_500):
        pool = chance.choices(common, k=chance.randint(1, 9)) + chance.choices(others, k=chance.randint(0, 12))
        words = chance.choices(pool, k=chance.choice([1, 2, 3, 10, 30, 500]))
        articles.append((" ".join(words[:5]), " ".join(words[5:])))
    found = languages.detect(extractor().words(articles))
    assert found == detect(HashedWords.of([Document.of(*article) for article in articles]))
    assert len(set(found)) > 30


def test_no_two_of_the_commonest_words_have_one_hash() -> None:
    words = list(background.languages_by_word())
    assert len({word_hash(word.encode()) for word in words}) == len(words)
    assert languages.common_words().languages == tuple(sorted(languages.common_words().languages))
    assert len(languages.common_words().languages) <= 64


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [1, 5, 32])
def test_overlaps_are_those_of_the_plain_form(monkeypatch: pytest.MonkeyPatch, threads: int, size: int) -> None:
    articles = random_articles(9, 30)
    pairs = np.array([(a, b) for b in range(len(articles)) for a in range(b)], np.int64)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    monkeypatch.setattr(overlap_kernels, "CHUNK", 37)
    words = HashedWords.of([Document.of(*article) for article in articles])
    assert_same_overlaps(extractor().words(articles), words, pairs, size, threads)
    assert overlaps(words, pairs, size).shared.any()


def assert_same_overlaps(
    fast: HashedWords, plain: HashedWords, pairs: NDArray[np.int64], size: int, threads: int | None = None
) -> None:
    found = counted(fast, pairs, *shared_shingles(fast, pairs, size, threads)[:3])
    expected = overlaps(plain, pairs, size)
    for column in expected.__dataclass_fields__:
        assert np.array_equal(getattr(found, column), getattr(expected, column)), column


def test_overlaps_of_no_pairs() -> None:
    shared, sizes, held, stretches = shared_shingles(extractor().words([("a", "b")]), np.empty((0, 2), np.int64), 5)
    assert shared.shape == (0,)
    assert sizes.shape == held.shape == stretches.shape == (0, 2)


@kept  # only kernels can call a kernel that is not kept
def sort(array: NDArray[np.uint64], spare: NDArray[np.uint64], digits: NDArray[np.uint32], count: np.uint64) -> None:
    sort_hashes(array, spare, digits, count)


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 40) | st.integers(0, 40).map(lambda low: 7 << 32 | low)))
@hypothesis_settings(deadline=None, max_examples=60)
def test_hashes_are_sorted(values: list[int]) -> None:
    array, spare = np.array(values, np.uint64), np.empty(len(values), np.uint64)
    sort(array, spare, np.empty(1024, np.uint32), np.uint64(len(values)))
    assert array.tolist() == sorted(values)


SETS = {
    "basil": 1,
    "copy_pairs_dev_articles": 1,
    "fnc1_train": 2,
    "meantime": 1,
    "mmds_dev": 1,
    "newswcl50": 1,
    "reuters21578": 20,
    "stream_2020_01_02": 69,
    "telegram_articles": 1,
}
"""The real sets, and of how many of their articles one is looked at, or half as many in a short run."""
PART = 1 if os.environ.get("DEDUP_LONG_TESTS") == "1" else 2


@pytest.mark.parametrize("name", SETS)
def test_real_articles(name: str) -> None:
    path = Path(os.environ.get(ENVIRONMENT, DEFAULT)) / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there: set DEDUP_DATA to the folder of the labelled sets")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for place, line in enumerate(lines) if place % (PART * SETS[name]) == 0]
    articles = [(record.get("title", ""), record.get("text", "")) for record in records]
    found = Features.joined(list(extractor().stream(articles, threads=2)))
    assert_equal_words(found.words, articles)
    assert_equal_features(found, articles, Settings())
    documents = [Document.of(*article) for article in articles]
    assert languages.detect(found.words) == detect(HashedWords.of(documents))
    order = np.lexsort(found.signatures[:, :2].T)
    pairs = np.unique(np.sort(np.stack([order[:-1], order[1:]], axis=1), axis=1), axis=0)
    assert_same_overlaps(found.words, HashedWords.of(documents), pairs, Settings().shingle_size)


def test_hashed_words_of_documents_have_the_same_features() -> None:
    articles = random_articles(10, 40)
    plain = HashedWords.of([Document.of(*article) for article in articles], hash_words)
    assert_same(extractor().sketch(plain), extractor().features(articles))
