"""The features that an index computes of a single article equal those of a run, to the bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

import dedup
from dedup import Background, Settings
from dedup.backends import CompiledBackend, NumpyBackend, PlainBackend
from dedup.errors import StoreError
from dedup.index.features.sketch import (
    Compared,
    Sketcher,
    Vector,
    matrix_of,
    names_of,
    pack_words,
    unpack_words,
    unpacked,
)
from dedup.text.document import Document
from dedup.vectorize.cross_lingual import cross_lingual_vectors, figures
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.features import TEXT, HashedWords, form_of, numpy_features, plain_features
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.general import general_matrix
from dedup.vectorize.tfidf import Vectors, tfidf
from dedup.vectorize.vocabulary import PlainTable, Vocabulary

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
ARTICLES = list(dedup.read_articles([str(SEEDS)]))
TEXTS = [(article.title, article.text) for article in ARTICLES] + [("", ""), ("Only 12 of a Title", ""), ("", "one")]
LEARNED = dedup.learn_background(ARTICLES[::2])
SHORT = Frequencies(LEARNED.frequencies.languages, LEARNED.frequencies.articles, LEARNED.frequencies.counts[:, : 2**22])
OLD = replace(LEARNED, frequencies=SHORT, general_sums=None)  # as in the first format


def vocabulary() -> Vocabulary:
    return Vocabulary(PlainTable(), in_order=True)


@pytest.fixture(params=[NumpyBackend, CompiledBackend])
def backend(request: pytest.FixtureRequest) -> PlainBackend:
    found: PlainBackend = request.param(Settings())
    return found


@pytest.mark.parametrize("settings", [Settings(), Settings(title_weight=0, lead_length=7, num_perm=64, bands=32)])
def test_features_from_words_are_those_from_texts(settings: Settings) -> None:
    documents = [Document.of(*text) for text in TEXTS]
    wanted, found = plain_features(documents, settings), numpy_features(HashedWords.of(documents), settings)
    for name in ("signatures", "indptr", "terms", "every", "capitals"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name)), name
        assert getattr(found, name).dtype == getattr(wanted, name).dtype, name


@pytest.mark.parametrize("background", [Background.general(), LEARNED], ids=["general", "learned"])
def test_vectors_are_those_of_a_run(backend: PlainBackend, background: Background) -> None:
    settings = Settings()
    sketcher = Sketcher(backend, settings, background)
    words = sketcher.words(TEXTS, vocabulary())
    judged = sketcher.judged(words)
    vectors = sketcher.vectors(judged)
    features, languages = numpy_features(judged, settings), backend.detect(judged)
    wanted = tfidf(*features.term_counts(), languages, background.frequencies, settings)
    found = Compared(vectors)
    assert np.array_equal(found.matrix.toarray(), used(wanted.matrix))
    assert found.matrix.nnz == wanted.matrix.nnz
    assert [vector.background_similarity for vector in vectors] == background.ordinariness(wanted).tolist()
    across = cross_lingual_vectors(wanted, features.terms_of(features.capitals), figures(judged), languages)
    assert across is not None
    assert np.array_equal(found.names.toarray(), used(across.matrix))
    assert [vector.language for vector in vectors] == languages
    assert [vector.length for vector in vectors] == judged.lengths().tolist()
    assert np.array_equal([vector.signature_bytes for vector in vectors], (features.signatures & 0xFF).astype(np.uint8))
    for place, text in enumerate(TEXTS):  # one by one as well as together
        (alone,) = sketcher.vectors(sketcher.judged(sketcher.words([text], vocabulary())))
        assert alone.packed() == vectors[place].packed()


@pytest.mark.parametrize("background", [Background.general(), LEARNED, OLD], ids=["general", "learned", "old"])
def test_general_weights_are_those_of_a_run(backend: PlainBackend, background: Background) -> None:
    settings = Settings()
    sketcher = Sketcher(backend, settings, background)
    vectors = sketcher.vectors(sketcher.judged(sketcher.words(TEXTS, vocabulary())))
    vectors.append(replace(vectors[0], language="de"))
    vectors.append(replace(vectors[0], language="und"))
    matrix, terms = matrix_of([(vector.terms, vector.weights) for vector in vectors])
    languages = [vector.language for vector in vectors]
    wanted = general_matrix(Vectors(matrix, terms), languages, background.frequencies, settings)
    usual = background.general_ordinariness(wanted, terms).tolist()
    found, similarities = sketcher.general(vectors)
    assert np.array_equal(np.concatenate(found) * WEIGHT_UNIT, wanted.data)
    assert similarities.tolist() == usual
    for vector, weights, similarity in zip(vectors, found, usual, strict=True):  # one by one as well as together
        (alone,), (own,) = sketcher.general([vector])
        assert (alone.tolist(), own) == (weights.tolist(), similarity)


def test_the_form_of_a_vector_is_that_of_its_words() -> None:
    sketcher = Sketcher(NumpyBackend(Settings()), Settings(), Background.general())
    (vector,) = sketcher.vectors(sketcher.words(TEXTS[:1], vocabulary()))
    for headline in (True, False):
        for length in (0, 1, TEXT - 1, TEXT, TEXT + 1):
            form = replace(vector, headline=headline, length=length).form
            assert form == form_of(np.array(headline), np.array(length))


def test_vectors_unpacked_together_are_those_unpacked_alone() -> None:
    sketcher = Sketcher(NumpyBackend(Settings()), Settings(), Background.general())
    vectors = sketcher.vectors(sketcher.words(TEXTS, vocabulary()))
    many = np.arange(400, dtype=np.int32)  # of one upper half: more than a byte counts
    wide = Vector(many, (many + 1).astype(np.uint16), many % 3 == 0, vectors[0].signature_bytes, "en", 0.25, 9, True)
    for some in (vectors, [*vectors, wide]):
        packed = [vector.packed() for vector in some]
        assert [vector.packed() for vector in unpacked(packed)] == packed
        for found, vector in zip(names_of(some), some, strict=True):
            assert [part.tolist() for part in found] == [part.tolist() for part in vector.names()]
    of_no_language = packed[0][:10] + b"\xff" + packed[0][11:]
    for broken in (packed[0][:-1], b"", packed[0] + b"\0", packed[0][:25] + b"\xff" + packed[0][26:], of_no_language):
        with pytest.raises(StoreError, match="repair"):
            unpacked([*packed, broken])


def test_no_kernel_is_compiled_again_for_one_packed_vector() -> None:
    from dedup.index.features.kernels import cross_lingual_parts

    sketcher = Sketcher(NumpyBackend(Settings()), Settings(), Background.general())
    packed = [vector.packed() for vector in sketcher.vectors(sketcher.words(TEXTS, vocabulary()))]
    names_of([Vector.unpacked(one) for one in packed])
    before = len(cross_lingual_parts.signatures)  # type: ignore[attr-defined]
    for one in packed:
        names_of([Vector.unpacked(one)])
    assert len(cross_lingual_parts.signatures) == before  # type: ignore[attr-defined]


def used(matrix: sp.csr_array) -> NDArray[np.float64]:
    """A matrix without its empty columns."""
    dense: NDArray[np.float64] = matrix.toarray()
    return dense[:, dense.any(axis=0)]


def test_what_is_packed_is_unpacked() -> None:
    sketcher = Sketcher(NumpyBackend(Settings()), Settings(), Background.general())
    words = sketcher.words(TEXTS, vocabulary())
    again = unpack_words([pack_words(words, place) for place in range(len(words))])
    for name in ("hashes", "flags", "offsets"):
        assert np.array_equal(getattr(again, name), getattr(words, name))
    for vector in sketcher.vectors(words):
        data = vector.packed()
        assert Vector.unpacked(data).packed() == data
        for broken in (data[:-1], data[:9], b"", data + b"\0"):
            with pytest.raises(StoreError, match="repair"):
                Vector.unpacked(broken)
    data = pack_words(words, 0)
    for broken in (data[:-1], data[:5], b"", data[:20] + b"?" + data[21:]):
        with pytest.raises(StoreError, match="repair"):
            unpack_words([broken])
