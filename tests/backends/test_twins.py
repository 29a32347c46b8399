"""Every kernel against its plain form, to the last bit: the table of twins, and a generator of cases for each row."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import math
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import plain_forms
import pytest
import scipy.sparse as sp
from kernel_twins import TRAPS, extractor, wide_of_each
from numpy.random import Generator
from numpy.typing import NDArray
from test_layout import modules, name_of

from dedup import Article, Background, learn_background
from dedup.backends.twins import TWINS, Twin
from dedup.group.cut import cut as plain_cut
from dedup.group.kernels.cut import cut
from dedup.group.kernels.linkage import average_linkage
from dedup.group.linkage import LOWEST, Tree
from dedup.group.linkage import average_linkage as plain_average_linkage
from dedup.index.features import kernels as feature_kernels
from dedup.index.features.sketch import Vector, names_of, unpacked
from dedup.index.features.tfidf import Weigher, look_up
from dedup.index.search.kernels import layout, scan
from dedup.index.search.kernels import prefixes as prefix_kernels
from dedup.index.search.neighbours import Neighbours, Query, score_by_kernel, score_by_numpy, strongest, sums_by_story
from dedup.index.search.postings import SEALED_AT_ONCE, PlainPostings, Postings, Reach, SegmentedPostings
from dedup.index.search.segments import LISTED, Hits, Prefixes, VectorBatch
from dedup.index.search.table import ArticleTable
from dedup.index.stories import regroup
from dedup.match import copies, suspects, templates
from dedup.match.kernels import bands
from dedup.match.kernels import stories as story_kernels
from dedup.match.kernels import templates as template_kernels
from dedup.match.kernels.best import among_best
from dedup.match.kernels.probability import of_links
from dedup.match.kernels.products import products as compiled_products
from dedup.match.probability import LEAST_SCORE, Probabilities
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import Pairs, mean_similarity, products, related_to, story_pairs
from dedup.match.stories import among_best as plain_among_best
from dedup.settings import Settings
from dedup.text.document import Document
from dedup.vectorize import boilerplate, cross_lingual, labels, language, tfidf
from dedup.vectorize.cross_lingual import CrossLingual
from dedup.vectorize.exact import SCORE_UNIT, WEIGHT_UNIT
from dedup.vectorize.features import HashedWords, plain_features
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.hashing import FEATURES, buckets_of, hashes_of, wide_hashes_of
from dedup.vectorize.kernels import boilerplate as boilerplate_kernels
from dedup.vectorize.kernels import cross_lingual as cross_lingual_kernels
from dedup.vectorize.kernels import languages as language_kernels
from dedup.vectorize.kernels import relations as relation_kernels
from dedup.vectorize.kernels import tfidf as tfidf_kernels
from dedup.vectorize.kernels.encoding import encoded
from dedup.vectorize.kernels.extractor import Extractor
from dedup.vectorize.kernels.murmur import hash_words
from dedup.vectorize.kernels.overlaps import own_words, shared_shingles
from dedup.vectorize.kernels.vocabulary import CompiledTable
from dedup.vectorize.vocabulary import PlainTable

Case: TypeAlias = tuple[object, object]
Cases: TypeAlias = Callable[[Generator], Iterator[Case]]
GENERATORS: dict[str, Cases] = {}
NAN = math.nan


def cases_of(*kernels: str) -> Callable[[Cases], Cases]:
    """Registers what yields the results of some kernels, each with that of its plain form."""

    def register(cases: Cases) -> Cases:
        GENERATORS.update(dict.fromkeys(kernels, cases))
        return cases

    return register


def assert_same_bits(found: Any, expected: Any) -> None:
    """That two results are equal in every type and bit."""
    if isinstance(expected, np.ndarray):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.tobytes() == expected.tobytes(), (found, expected)
    elif isinstance(expected, sp.csr_array):
        assert found.shape == expected.shape
        assert_same_bits([found.data, found.indices, found.indptr], [expected.data, expected.indices, expected.indptr])
    elif dataclasses.is_dataclass(expected):
        for field in dataclasses.fields(expected):
            assert_same_bits(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same_bits(one, other)
    else:
        assert type(found) is type(expected)
        assert found == expected


# Texts


VOCABULARY = [
    "mill",
    "boat",
    "fire",
    "水火",
    "é",
    "Anna",
    "Riga's",
    "1,200",
    "3",
    "The",
    "of",
    "der",
    "und",
    "the",
    "is",
]


def some_articles(rng: Generator, count: int) -> list[tuple[str, str]]:
    """Titles and texts: of words, of characters that are hard to split, with blocks that many share, or empty."""
    words = [*VOCABULARY, *(f"w{number}" for number in range(60))]
    block = " ".join(f"block{number}" for number in range(60))
    found = [("", ""), ("a", ""), ("A mill burns", "A mill burns down")]
    for number in range(count):
        title = " ".join(rng.choice(words, rng.integers(0, 8)))
        text = " ".join(rng.choice(words, rng.choice([3, 12, 90, 400])))
        text += f" {block} {text[:99]}" if rng.random() < 0.4 else rng.choice(["", ".", "\n", "’"])
        found.append((title, text if number % 4 else "".join(rng.choice([*TRAPS], 60)) + text))
    return found


def documents_of(articles: list[tuple[str, str]]) -> list[Document]:
    return [Document.of(*article) for article in articles]


SETTINGS = (
    Settings(),
    Settings(title_weight=0, num_perm=64, bands=32, shingle_size=2),
    Settings(lead_weight=0.0, lead_length=13, seed=9),
    Settings(title_weight=64, lead_weight=64.0, shingle_size=32, num_perm=130, bands=13),
)


@cases_of("vectorize.kernels.encoding.encoded")
def texts(rng: Generator) -> Iterator[Case]:
    every = [*TRAPS, *"aZ \0’é中😀\ud800\udc00", ""]
    for texts in ([], [""], ["a" * 64], ["".join(rng.choice(every, rng.integers(0, 200))) for _ in range(300)]):
        data, offsets = encoded(texts)
        yield (data[: offsets[-1]].tobytes(), offsets), plain_forms.encoded(texts)


@cases_of("vectorize.kernels.extractor.Extractor.words")
def words(rng: Generator) -> Iterator[Case]:
    for articles in ([], [("", "")], some_articles(rng, 100)):
        found, plain = extractor().words(articles), HashedWords.of(documents_of(articles))
        yield found.resolved(), plain.resolved()
        yield (
            wide_of_each(found),
            wide_hashes_of(
                word for document in documents_of(articles) for word in (*document.title.words, *document.body.words)
            ),
        )
        yield wide_of_each(found), wide_of_each(plain)


@cases_of("vectorize.kernels.extractor.Extractor.sketch")
def features(rng: Generator) -> Iterator[Case]:
    for settings in SETTINGS:
        for articles in ([], some_articles(rng, 30)):
            documents = documents_of(articles)
            yield Extractor(settings).sketch(HashedWords.of(documents).resolved()), plain_features(documents, settings)


@cases_of("vectorize.kernels.murmur.hash_words")
def hashes(rng: Generator) -> Iterator[Case]:
    made = ["".join(rng.choice([*"abc9é水😀"], length)) for length in range(1, 200)]
    for words in ([], ["a"], made, made * 2):
        yield hash_words(words), hashes_of(words)


@cases_of("vectorize.kernels.vocabulary.CompiledTable.add")
def tables_of_words(rng: Generator) -> Iterator[Case]:
    found, plain = CompiledTable(), PlainTable()
    for size in (0, 1, 40_000, 40_000, 3):
        terms = rng.permutation(60_000)[:size].astype(np.int32)
        wides = rng.integers(0, 3, size).astype(np.uint64)
        for insert in (False, True):
            yield found.add(terms, wides, insert=insert), plain.add(terms, wides, insert=insert)
        yield [found.holder(term) for term in range(99)], [plain.holder(term) for term in range(99)]
        for table in (found, plain):
            table.replace(7, size)


@cases_of("vectorize.kernels.languages.detect")
def spoken(rng: Generator) -> Iterator[Case]:
    articles = some_articles(rng, 60)
    articles += [
        ("", "船は正午に港を出た。ガラスの窓"),
        ("", "배는 정오에 항구를 떠났다."),
        ("", "El barco salió de la mar"),
    ]
    for words in (HashedWords.of([]), extractor().words(articles)):
        yield language_kernels.detect(words), language.detect(words)


@cases_of(
    "vectorize.kernels.boilerplate.held_passages",
    "vectorize.kernels.boilerplate.lines_among",
    "vectorize.kernels.boilerplate.outside_boilerplate",
)
def passages(rng: Generator) -> Iterator[Case]:
    for articles in ([], [("A title", "")], some_articles(rng, 80)):
        words = extractor().words(articles)
        expected = boilerplate.held_passages(words)
        yield boilerplate_kernels.held_passages(words), expected
        for passages in (np.unique(expected[0])[::2], np.array([0, 1], np.uint64)):
            kept = boilerplate.outside_boilerplate(words, passages)
            yield boilerplate_kernels.outside_boilerplate(words, passages), kept
            yield boilerplate_kernels.lines_among(words, passages), boilerplate.lines_among(words, passages)
    parts = ["LIVE", "The Boat Herald", "Page 3/9", "12", "Ferry sails at noon", "Photos", "A"]
    titles = [" - ".join(rng.choice(parts, rng.integers(1, 6))) for _ in range(120)]
    words = extractor().words([(title, "") for title in titles])
    every = np.unique(labels.segments(words).hashes)
    assert not boilerplate.outside_boilerplate(words, every[::2]).all()
    for some in (every, every[::2], every[1::2], rng.choice(every, 3)):
        kept = boilerplate.outside_boilerplate(words, np.unique(some))
        yield boilerplate_kernels.outside_boilerplate(words, np.unique(some)), kept


@cases_of("vectorize.kernels.relations.lists", "vectorize.kernels.relations.relations")
def titles_in_bodies(rng: Generator) -> Iterator[Case]:
    articles = some_articles(rng, 60)
    titles = [" ".join(rng.choice(["the", "of", "mill", "fire", "t1", "t2", "zz"], 4)) for _ in range(60)]
    articles += [(title, f"{titles[rng.integers(60)]} w{rng.integers(30)} mill") for title in titles]
    words = extractor().words(articles)
    repeated = np.unique(boilerplate.held_passages(words)[0])
    languages = rng.choice(["en", "de", "", "xx"], len(words)).tolist()
    for pairs in (rng.integers(0, len(words), (400, 2)), np.empty((0, 2), np.int64)):
        yield relation_kernels.lists(words, pairs), boilerplate.lists(words, pairs)
        given = words, pairs, repeated, languages
        yield relation_kernels.relations(*given), boilerplate.relations(*given)


@cases_of("index.features.kernels.weigh")
def weights_under_a_background(rng: Generator) -> Iterator[Case]:
    texts = [*some_articles(rng, 60), ("", "again " * 70_000)]
    articles = [Article(id=str(place), title=title, text=text) for place, (title, text) in enumerate(texts)]
    for background in (Background.general(), learn_background(articles[::2])):
        for some in (texts, texts[:0], texts[1:2], texts[3:9]):
            features = extractor().features(some)
            languages = rng.choice(["en", "de", "", "xx"], len(some)).tolist()
            found, expected = (
                Weigher(Settings(), background, fast=fast).weigh(features, languages) for fast in (True, False)
            )
            yield found, expected


@cases_of("vectorize.kernels.tfidf.frequencies")
def document_frequencies(rng: Generator) -> Iterator[Case]:
    for articles in ([], [("", "a")], some_articles(rng, 80)):
        features, count = extractor().features(articles), len(articles)
        languages = rng.choice(["en", "de", "", "zh"], count).tolist()
        for among in (None, np.flatnonzero(rng.random(count) < 0.7)):
            plain = Frequencies.of(features.terms_of(features.every), languages, among)
            yield tfidf_kernels.frequencies(features, languages, among), plain


@cases_of("vectorize.kernels.tfidf.tfidf", "vectorize.kernels.cross_lingual.cross_lingual_vectors")
def weighed_vectors(rng: Generator) -> Iterator[Case]:
    for articles in ([], some_articles(rng, 60)):
        for background in (0, 1_000):
            features, settings = extractor().features(articles), Settings(background=background)
            languages = rng.choice(["en", "de", "", "xx", "zh", "ms"], len(articles)).tolist()
            among = np.flatnonzero(rng.random(len(articles)) < 0.8)
            frequencies = Frequencies.of(features.terms_of(features.every), languages, among)
            every, capitals = features.term_counts()
            vectors = tfidf.tfidf(every, capitals, languages, frequencies, settings)
            yield tfidf_kernels.tfidf(features, languages, frequencies, settings), vectors
            for spoken in (languages, ["en"] * len(articles), rng.choice(["ms", "id", ""], len(articles)).tolist()):
                names, figures = features.terms_of(features.capitals), cross_lingual.figures(features.words)
                yield (
                    cross_lingual_kernels.cross_lingual_vectors(vectors, features, spoken),
                    cross_lingual.cross_lingual_vectors(vectors, names, figures, spoken),
                )


@cases_of("vectorize.kernels.overlaps.shared_shingles", "vectorize.kernels.overlaps.own_words")
def overlaps(rng: Generator) -> Iterator[Case]:
    words = extractor().words(some_articles(rng, 25))
    every = np.array([*combinations(range(len(words)), 2)], np.int64)
    for pairs in (every, every[:0]):
        for size in (1, 5, 32):
            found = copies.counted(words, pairs, *shared_shingles(words, pairs, size)[:3])
            yield found, copies.overlaps(words, pairs, size)
            yield own_words(words, pairs, size), suspects.own_words(words, pairs, size)


# Pairs and trees


def some_signatures(rng: Generator, count: int, num_perm: int, values: int) -> NDArray[np.uint32]:
    """Signatures that share slots by chance, some equal, some equal but for a few slots."""
    made = rng.integers(2**32 - values, 2**32, (count, num_perm)).astype(np.uint32)
    equal = rng.random(count) < 0.4
    made[equal] = made[rng.integers(0, max(1, count // 10), int(equal.sum()))]
    made[(rng.random(made.shape) < 0.1) & equal[:, None]] = 7
    return made


@cases_of("match.kernels.bands.band_candidates", "match.kernels.bands.agreeing_slots")
def candidates(rng: Generator) -> Iterator[Case]:
    for num_perm, number in ((128, 64), (128, 32), (128, 128), (12, 4), (9, 3), (10, 2), (4, 1), (2, 1)):
        settings = Settings(num_perm=num_perm, bands=number)
        for count, values in ((0, 3), (1, 3), (40, 3), (300, 50), (1_000, 5_000)):
            given = some_signatures(rng, count, num_perm, values), rng.random(count) < 0.9, settings
            pairs = copies.band_candidates(*given)
            yield bands.band_candidates(*given), pairs
            yield bands.agreeing_slots(given[0], pairs), copies.agreeing_slots(given[0], pairs)
    for size in (2, copies.LARGE_BUCKET - 1, copies.LARGE_BUCKET, copies.LARGE_BUCKET + 1, 100):
        given = np.ones((size, 128), np.uint32), np.ones(size, np.bool_), Settings()
        yield bands.band_candidates(*given), copies.band_candidates(*given)


@cases_of("match.kernels.templates.shared_words", "match.kernels.templates.matching_blocks")
def alignments(rng: Generator) -> Iterator[Case]:
    for length in (0, 1, 2, 5, 40) * 20:
        texts = [rng.integers(0, 7, rng.integers(0, length + 1)).astype(np.uint32) for _ in range(2)]
        yield template_kernels.matching_blocks(*texts), templates.matching_blocks(*texts)
        yield template_kernels.shared_words(*texts), templates.shared_words(*texts)
    for share in (0.0, 0.01, 0.1, 0.3, 0.9):
        one = rng.zipf(1.4, 1_500).clip(0, 2_000).astype(np.uint32)
        edited = np.where(rng.random(len(one)) < share, rng.integers(0, 2_000, len(one)), one).astype(np.uint32)
        other = np.concatenate([edited[:200], edited[400:], edited[300:350]])
        yield template_kernels.matching_blocks(one, other), templates.matching_blocks(one, other)
        yield template_kernels.shared_words(one, other), templates.shared_words(one, other)


def unit_vectors(rng: Generator, count: int, terms: int, words: int = 12) -> sp.csr_array:
    """Unit vectors with common and rare terms; many alike, some equal, some empty, some of one term."""
    shares = 1 / np.arange(1, terms + 1)
    rows = np.zeros((count, terms))
    for row in rows:
        np.add.at(row, rng.choice(terms, words, p=shares / shares.sum()), rng.integers(1, 4, words))
    rows[rng.random(count) < 0.1] = 0
    rows[rng.random(count) < 0.2] = rows[:1]
    one_term = rng.random(count) < 0.1
    rows[one_term] = np.eye(terms)[rng.integers(0, terms, int(one_term.sum()))]
    lengths = np.maximum(np.sqrt((rows**2).sum(axis=1)), 1)[:, None]
    return sp.csr_array(np.rint(rows / lengths / WEIGHT_UNIT) * WEIGHT_UNIT)


def some_times(rng: Generator, count: int, kind: int) -> NDArray[np.float64]:
    """Times with gaps, at the edges of the window, in one heap, or none at all."""
    days = (
        rng.choice([0, 0.5, 1, 15, 29, 30, 30.5, 31, 60, 61, 90, NAN, NAN], size=count),
        rng.uniform(0, 400, count),
        np.full(count, NAN),
        rng.integers(0, 3, count).astype(np.float64),
    )[kind]
    return np.asarray(1.6e9 + days * SECONDS_A_DAY)


def some_pairs(rng: Generator, count: int, share: float) -> Pairs:
    every = np.array([*combinations(range(count), 2)], np.int64).reshape(-1, 2)
    a, b = every[rng.random(len(every)) < share].T
    return Pairs(a, b, np.zeros(len(a)), np.zeros(len(a), np.int64))


@cases_of("match.kernels.stories.story_pairs")
def pairs_in_window(rng: Generator) -> Iterator[Case]:
    for number, count in enumerate((0, 1, 2, 40, 90, 150, 300, 300)):
        settings = Settings(
            window=[30.0, 0.0, math.inf, 7.5][number % 4],
            neighbours=[100, 3, 1, 100_000][number // 2],
            date_penalty=[0.15, 0.0, 1.0][number % 3],
        )
        matrix, seconds = unit_vectors(rng, count, [5, 60, 900][number % 3]), some_times(rng, count, number % 4)
        standing = np.where(rng.random(count) < 0.2, 0, np.arange(count))
        across = CrossLingual(unit_vectors(rng, count, 60), rng.integers(-1, 3, count)) if number % 2 else None
        never = some_pairs(rng, count, [0.0, 0.2][number % 2])
        lean = mean_similarity(matrix, standing)
        given = (matrix, lean, seconds, np.unique(standing), never, settings, None, across)
        for crowding in (0.0, 0.07):
            expected = story_pairs(*given, crowding=crowding)
            for threads, block, pile in ((None, 100, 1 << 22), (1, 32, 1), (3, 1 + number, 17)):
                found = story_kernels.story_pairs(*given, crowding=crowding, threads=threads, block=block, pile=pile)
                yield found, expected


@cases_of("match.kernels.stories.related_to")
def related_articles(rng: Generator) -> Iterator[Case]:
    for number, count in enumerate((0, 1, 2, 90, 300, 300)):
        settings = Settings(window=[30.0, math.inf][number % 2])
        matrix, seconds = unit_vectors(rng, count, [5, 60, 900][number % 3]), some_times(rng, count, number % 4)
        among = np.flatnonzero(rng.random(count) < 0.9)
        across = CrossLingual(unit_vectors(rng, count, 60), rng.integers(-1, 3, count)) if number % 2 else None
        strangers = rng.random(count) < 0.3 if number % 3 else None
        given = (matrix, np.full(count, 0.01), seconds, among, some_pairs(rng, count, 0.05), settings, across)
        for share in (0.0, 0.3, 1.0):
            sample = among[: math.ceil(share * len(among))]
            expected = related_to(sample, *given, strangers=strangers)
            for threads, block in ((None, 100), (3, 1 + number)):
                found = story_kernels.related_to(sample, *given, strangers=strangers, threads=threads, block=block)
                yield found, expected


@cases_of("match.kernels.best.among_best")
def best_pairs(rng: Generator) -> Iterator[Case]:
    for count, most, values in ((2, 1, 2), (30, 2, 4), (60, 7, 1 << 20), (200, 1_000, 2), (200, 3, 4)):
        pairs = some_pairs(rng, count, 0.6)
        score = rng.integers(1, values, len(pairs.a))
        a, b, given = (column.astype(np.int32) for column in (pairs.a, pairs.b, score))
        keep, _ = among_best(a, b, given, most, count)
        yield keep, plain_among_best(Pairs(pairs.a, pairs.b, pairs.cosine, score), most, count)


@cases_of("match.kernels.products.products")
def dot_products(rng: Generator) -> Iterator[Case]:
    for rows, terms in ((1, 1), (5, 3), (40, 200)) * 4:
        weights = rng.integers(0, 1 << 15, (rows, terms)) * (rng.random((rows, terms)) < 0.3) * WEIGHT_UNIT
        matrix, count = sp.csr_array(weights), int(rng.integers(0, 90))
        a, b = np.sort(rng.integers(0, rows, count)), rng.integers(0, rows, count)
        yield compiled_products(matrix, a, b), products(matrix, a, b)
        first = int(rng.integers(0, rows + 1))
        both = matrix[:first], a, b, matrix[first:]
        yield compiled_products(*both), products(matrix, a, b)
        yield products(*both), products(matrix, a, b)


@cases_of("group.kernels.linkage.average_linkage")
def trees(rng: Generator) -> Iterator[Case]:
    low = round(LOWEST / SCORE_UNIT)
    for number in range(60):
        count, share = [0, 1, 3, 9, 30, 80][number % 6], [0.05, 0.3, 1.0][number % 3]
        values = np.array([low // 2, low, *rng.integers(1, 1 << 20, 198)])[: [1, 2, 4, 200][number // 6 % 4]]
        pairs, order = some_pairs(rng, count, share), rng.permutation(count).tolist()
        groups = sorted(order[first : first + int(rng.integers(2, 5))] for first in range(0, count - 5, 8))
        groups = groups if number % 2 else []
        pairs = Pairs(pairs.a, pairs.b, pairs.cosine, rng.choice(values, len(pairs.a)))
        weights = np.ones(count, np.int64)
        if number % 4 == 3:  # in each group the first alone has scores
            weights[[article for group in groups for article in group[1:]]] = 0
            pairs = pairs.where((weights[pairs.a] > 0) & (weights[pairs.b] > 0))
        follows = rng.random(count) < rng.choice([0, 0.3])
        given = pairs, groups, weights, follows
        yield average_linkage(*given), plain_average_linkage(*given)
        sizes = rng.integers(1, 6, count)  # groups, with sums of scores
        sums = Pairs(pairs.a, pairs.b, pairs.cosine, pairs.score * rng.integers(-2, 9, len(pairs.a)))
        yield average_linkage(sums, [], sizes, follows), plain_average_linkage(sums, [], sizes, follows)


def some_tree(rng: Generator, leaves: int, merges: int) -> Tree:
    """A tree whose first nodes are copies and whose heights fall, many of them equal."""
    free, left, right = rng.permutation(leaves).tolist(), list[int](), list[int]()
    for node in range(leaves, leaves + merges):
        for side in (left, right):
            side.append(free.pop(int(rng.integers(len(free)))))
        free.append(node)
    height = np.sort(rng.choice([np.inf, 0.9, 0.5, 0.4, 0.3, 0.2, 0.18, 0.16, 0.15, 0.1, 0.05], merges))[::-1]
    weights = (rng.random(leaves) < 0.9).astype(np.int64)
    joined, follows = int(rng.integers(merges + 1)), rng.random(leaves) < rng.choice([0, 0.3])
    return Tree(leaves, np.array(left, np.int64), np.array(right, np.int64), height.copy(), weights, joined, follows)


@cases_of("group.kernels.cut.cut")
def cuts(rng: Generator) -> Iterator[Case]:
    for leaves in (0, 1, 2, 30, 400) * 6:
        tree = some_tree(rng, leaves, int(rng.integers(max(1, leaves))))
        for granularity in (0.0, 0.1, 0.35, 0.5, 0.6, 0.75, 1.0):
            yield cut(tree, granularity), plain_cut(tree, granularity)


# The index


def some_vectors(rng: Generator, count: int, kinds: int = 200, slots: int = 16) -> list[Vector]:
    """Vectors of length 1, a few alike, some of one term or of none."""
    found = list[Vector]()
    for number in range(count):
        places = (kinds * rng.random(rng.choice([0, 1, 5, 40, 90])) ** 3).astype(np.int64)
        terms = np.unique(places * FEATURES // kinds).astype(np.int32)
        weights = rng.random(len(terms)) + 0.05
        whole = np.rint(weights / np.sqrt((weights**2).sum()) / WEIGHT_UNIT).astype(np.uint16)
        signature_bytes = rng.choice([0, 1, 127, 128, 255], slots).astype(np.uint8)
        crossing, spoken = rng.random(len(terms)) < 0.3, str(rng.choice(["en", "de", ""]))
        new = Vector(
            terms,
            whole,
            crossing,
            signature_bytes,
            spoken,
            float(rng.random() / 9),
            len(terms),
            bool(rng.random() < 0.2),
        )
        found.append(found[-1] if found and number % 5 == 4 else new)
    return found


def entries_of(vectors: list[Vector]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint16]]:
    """Vector, term and weight of each entry."""
    rows = [np.full(len(vector.terms), row, np.int32) for row, vector in enumerate(vectors)]
    terms, weights = [vector.terms for vector in vectors], [vector.weights for vector in vectors]
    return (
        np.concatenate([np.empty(0, np.int32), *rows]),
        np.concatenate([np.empty(0, np.int32), *terms]),
        np.concatenate([np.empty(0, np.uint16), *weights]),
    )


@cases_of("index.features.kernels.look_up")
def looked_up(rng: Generator) -> Iterator[Case]:
    for most in (1, 50, 10_000):
        rows = [np.unique(rng.integers(0, most, size)).astype(np.int32) for size in (0, 1, 40, 90)]
        indptr, terms = np.concatenate([[0], np.cumsum([len(row) for row in rows])]), np.concatenate(rows)
        for known in (terms[:0], np.unique(rng.integers(0, most, 60)).astype(np.int32), np.unique(terms)):
            of_each: Any = rng.random(len(known) + 1), rng.integers(0, 99, len(known) + 1)
            for values in of_each:
                for some in (np.arange(4), np.array([3, 1]), np.arange(0)):
                    found, expected = np.zeros((2, len(terms)), values.dtype)
                    table = known, buckets_of(known), values
                    feature_kernels.look_up(some, indptr, terms, *table, found)
                    look_up(some, indptr, terms, *table, expected)
                    yield found, expected


@cases_of("index.features.kernels.unpack_vectors", "index.features.kernels.cross_lingual_parts")
def packed_vectors(rng: Generator) -> Iterator[Case]:
    for vectors in ([], *(some_vectors(rng, count) for count in (1, 2, 90))):
        packed = [vector.packed() for vector in vectors]
        yield unpacked(packed), [Vector.unpacked(data) for data in packed]
        yield names_of(vectors), [vector.names() for vector in vectors]


@cases_of(*(f"index.search.kernels.layout.{name}" for name in ("sort_by_term", "term_statistics", "segment_arrays")))
def segments(rng: Generator) -> Iterator[Case]:
    for vectors in ([], some_vectors(rng, 1), some_vectors(rng, 200)):
        entries = entries_of(vectors)
        keys = plain_forms.sort_by_term(*entries)
        yield layout.sort_by_term(*entries), keys
        columns = plain_forms.term_statistics(keys)
        yield layout.term_statistics(keys), columns
        for share in (0.0, 0.3, 1.0):
            given = keys, rng.random(len(columns[0])) < share, columns[0], len(vectors)
            yield layout.segment_arrays(*given), plain_forms.segment_arrays(*given)


@cases_of("index.search.kernels.scan.locate_terms")
def listed_places(rng: Generator) -> Iterator[Case]:
    for most in (1, 50, 10_000, FEATURES):
        for count in (0, 1, 90, 4_000):
            known = np.unique(rng.integers(0, most, count)).astype(np.int32)
            in_head = rng.random(len(known)) < 0.2
            others = np.unique(np.concatenate([rng.integers(0, most, 90), rng.permutation(known)[:90]]))
            for terms in (others.astype(np.int32), known, known[:0]):
                given = known[~in_head], buckets_of(known[~in_head]), known[in_head], terms
                found, expected = np.empty((2, len(terms)), np.int32)
                scan.locate_terms(*given, found)
                plain_forms.locate_terms(*given, expected)
                yield found, expected


@cases_of("index.search.kernels.prefixes.any_prefix_agrees", "index.search.kernels.prefixes.any_prefix_listed")
def prefixes(rng: Generator) -> Iterator[Case]:
    values = np.array([0, 1, 127, 128, 255], np.uint8)
    for width in (1, 7, 16):
        for count in (0, 1, 3, LISTED, LISTED + 7):
            rows = rng.choice(values, (count, width))
            for least in range(1, width + 2):
                own, (first, last) = rng.choice(values, width), sorted(rng.integers(0, count + 1, 2).tolist())
                given = own, least, first, last
                expected = plain_forms.any_prefix_agrees(rows, *given)
                yield prefix_kernels.any_prefix_agrees(rows, *given), expected
                yield Prefixes.of(rows).any_agrees(*given), expected


@cases_of(*(f"index.search.kernels.scan.scan_{name}" for name in ("for_one", "for_many", "open_rows")))
def searches(rng: Generator) -> Iterator[Case]:
    """The hits are in another order, so they are sorted. Up to `SEALED_AT_ONCE` vectors stay unsealed."""
    everywhere = Reach(-np.inf, np.inf)
    for kinds in (20, 200, 5_000):
        for counts in ((3,), (SEALED_AT_ONCE - 1,), (SEALED_AT_ONCE,), (500, 20)):
            stores: tuple[Postings, ...] = tuple(
                form(0.05, lambda slots: np.full(len(slots), np.nan)) for form in (SegmentedPostings, PlainPostings)
            )
            first = 0
            for count in counts:
                vectors = [(one.terms, one.weights) for one in some_vectors(rng, count, kinds)]
                for store in stores:
                    store.add_many(range(first, first + count), vectors)
                    store.remove(first + 1)
                first += count
            asked = [(one.terms, one.weights) for one in some_vectors(rng, 70, kinds)]
            for floor in (0.05, 0.5):
                for query in asked[:9]:
                    yield tuple(np.sort(np.stack(store.above(*query, floor, everywhere))) for store in stores)  # type: ignore[misc]
                every = VectorBatch.of(asked), floor, [everywhere] * len(asked)
                found, expected = (np.stack(store.all_above(*every)) for store in stores)
                yield found[:, np.lexsort(found)], expected[:, np.lexsort(expected)]


def some_table(rng: Generator, vectors: list[Vector]) -> ArticleTable:
    """Articles in memory, with stories, outlets and times; some stand for no copies."""
    live = ArticleTable(Settings(num_perm=16, bands=8), 0.01, list, fast=True)
    for number, vector in enumerate(vectors):
        seconds = some_times(rng, 1, 0)[0]
        when, outlet = None if np.isnan(seconds) else float(seconds), str(rng.choice(["", "A", "B", "C"]))
        slot = live.admit(number, when, outlet, vector, twin=False)
        live.story[slot], live.representative[slot] = rng.integers(0, 12), rng.random() < 0.8
    return live


@cases_of("index.search.kernels.scoring.score_pairs")
def pairs_of_stories(rng: Generator) -> Iterator[Case]:
    for count in (1, 2, 60):
        vectors = some_vectors(rng, count)
        live, slots = some_table(rng, vectors), rng.permutation(count)
        given, found = [vectors[slot] for slot in slots.tolist()], []
        for live.by_kernels in (True, False):
            found.append(regroup.pairs_among(live, slots, given, {3: [5]}))
        yield found[0], found[1]


def some_hits(rng: Generator, count: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Slots, each once, and dot products."""
    slots = rng.permutation(count)[: rng.integers(0, most + 1)]
    return slots, rng.integers(0, 1 << 30, len(slots))


@cases_of("index.search.kernels.scoring.score_hits")
def scored_hits(rng: Generator) -> Iterator[Case]:
    live = some_table(rng, some_vectors(rng, 80))
    for count in (1, 2, 40):
        asking = [
            Query(vector, float(some_times(rng, 1, 0)[0]), int(rng.integers(-1, 3)))
            for vector in some_vectors(rng, count)
        ]
        slots, dots = zip(*(some_hits(rng, 80, 80) for _ in asking), strict=True)
        start = np.cumsum([0, *map(len, slots)])
        hits = Hits(start, np.concatenate(slots), np.concatenate(dots), rng.random(start[-1]) < 0.3)
        yield score_by_kernel(live, asking, hits), score_by_numpy(live, asking, hits)


@cases_of("index.search.kernels.scoring.sums_by_story", "index.search.kernels.scoring.strongest")
def sums_and_best(rng: Generator) -> Iterator[Case]:
    live = some_table(rng, some_vectors(rng, 80))
    for _ in range(60):
        slots, _ = some_hits(rng, 80, int(rng.choice([0, 1, 80])))
        scores = rng.choice([0, 0, 1, 2, 1 << 20, 1 << 24], len(slots))
        cosine, none = rng.choice([0.1, 0.25, 0.5], len(slots)), np.zeros(len(slots))
        alike = Neighbours(slots, cosine, scores, none, none.astype(np.int64), none > 0)
        copied = rng.choice(80, rng.integers(0, 4), replace=False)
        story, most = int(rng.integers(-1, 12)), int(rng.integers(1, 20))
        sums, best = [], []
        for live.by_kernels in (True, False):
            sums.append(sums_by_story(live, slots, scores, 3.0, float(1 << 20)))
            best.append(strongest(live, alike, scores, copied, story, most))
        yield sums[0], sums[1]
        yield best[0], best[1]


@cases_of("match.kernels.probability.of_links")
def probabilities(rng: Generator) -> Iterator[Case]:
    curves = Probabilities.shipped()
    slopes = np.array(curves.joined), np.array(curves.apart), np.array(curves.copy)
    score = np.concatenate([[0.0, LEAST_SCORE, 1.0], rng.random(5_000) ** 3])
    background, overlap = rng.random(len(score)) / 5, rng.random(len(score))
    foreign, joined, is_copy = (rng.random(len(score)) < 0.5 for _ in range(3))
    known = score, background, foreign, joined, is_copy, overlap
    expected = np.where(is_copy, curves.of_copies(overlap), curves.of_stories(score, background, foreign, joined))
    yield of_links(*known, *slopes), expected


# The table


def found_by(name: str) -> Any:
    """A function by its name inside the package, or of `plain_forms`."""
    package = "" if name.startswith("plain_forms.") else "dedup."
    parts = name.split(".")
    for cut_at in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(package + ".".join(parts[:cut_at]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[cut_at:], module)
    raise AssertionError(name)


def kernels() -> Iterator[str]:
    """The compiled functions that Python calls, by their names inside the package."""
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and {"kept", "kept_with_gil"} & {
                *map(ast.unparse, node.decorator_list)
            }:
                yield f"{name_of(path).removeprefix('dedup.')}.{node.name}"


def test_every_kernel_has_a_plain_form_and_cases() -> None:
    assert sorted({name for twin in TWINS for name in twin.compiled()}) == sorted(kernels())
    assert sorted(GENERATORS) == sorted(twin.kernel for twin in TWINS)


@pytest.mark.parametrize("twin", TWINS, ids=[twin.kernel for twin in TWINS])
def test_docstrings_name_the_other_form(twin: Twin) -> None:
    for name, other, said in ((twin.kernel, twin.plain, "Plain form: "), (twin.plain, twin.kernel, "Kernel: ")):
        lines = [line for line in str(found_by(name).__doc__).splitlines() if line.strip().startswith(said)]
        assert any(f"`{other}`" in line for line in lines), f"{name} does not name {other}"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cases", dict.fromkeys(GENERATORS.values()), ids=lambda cases: cases.__name__)
def test_kernels_equal_their_plain_forms(cases: Cases, seed: int) -> None:
    for found, expected in cases(np.random.default_rng(seed)):
        assert_same_bits(found, expected)
    for twin in TWINS:
        if GENERATORS[twin.kernel] is cases:
            assert all(found_by(name).signatures for name in twin.compiled()), "a kernel was not called"
