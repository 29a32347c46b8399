"""Names and figures, by which articles of different languages are compared."""

from __future__ import annotations

import math

import numpy as np
import pytest
from kernel_twins import term_index

from dedup import cluster
from dedup.settings import Settings
from dedup.text.document import Document
from dedup.vectorize.cross_lingual import LEAST, WORTH, CrossLingual, cross_lingual_vectors, figures
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.features import HashedWords
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.language import detect
from dedup.vectorize.reference import term_counts
from dedup.vectorize.tfidf import Vectors, tfidf

ENGLISH = (
    "The ferry Aurelia Star ran onto the rocks off the island of Tilos on Sunday with 314 people on board, and the"
    " coast guard said that all of them were brought ashore before the ship of Meridian Lines began to sink."
)
GERMAN = (
    "Die Fähre Aurelia Star ist am Sonntag vor der Insel Tilos auf Felsen gelaufen. Alle 314 Menschen an Bord wurden"
    " nach den Angaben der Küstenwache an Land gebracht, bevor das Schiff der Reederei Meridian Lines zu sinken begann."
)
OTHER = (
    "Der Rat der Stadt hat nach langer Debatte den Bau einer neuen Schule am Rand des Parks beschlossen, und die"
    " Arbeiten sollen nach dem Willen der Verwaltung im Herbst mit 12 Arbeitern der Firma Brandl beginnen."
)


def weighed(*texts: str) -> tuple[list[Document], Vectors, CrossLingual | None]:
    documents = [Document.of("", text) for text in texts]
    every, capitals = term_counts(documents, Settings())
    languages = detect(HashedWords.of(documents))
    vectors = tfidf(every, capitals, languages, Frequencies.of(every, languages), Settings())
    return documents, vectors, cross_lingual_vectors(vectors, capitals, figures(HashedWords.of(documents)), languages)


def test_figures_are_the_words_that_begin_with_a_digit() -> None:
    documents = [Document.of("3 boats", "at 10pm, ٣٤ of them"), Document.of("", "10pm again; none of 3")]
    assert figures(HashedWords.of(documents)).tolist() == sorted(term_index(word) for word in ("3", "10pm", "34"))
    assert figures(HashedWords.of([])).tolist() == []


def test_what_crosses_is_names_and_figures_and_nothing_else() -> None:
    documents, vectors, across = weighed(ENGLISH, GERMAN)
    assert across is not None
    word_of = {term_index(word): word for document in documents for word in document.words}
    kept = {word_of[int(vectors.terms[column])] for column in across.matrix[[0]].indices}
    assert kept == {"aurelia", "star", "tilos", "sunday", "meridian", "lines", "314"}


def test_its_dot_products_are_cosines_of_the_kept_parts() -> None:
    _, vectors, across = weighed(ENGLISH, GERMAN, OTHER)
    assert across is not None
    kept = (across.matrix.toarray() > 0) * vectors.matrix.toarray()
    for a in range(3):
        for b in range(3):
            lengths = [max(LEAST, math.hypot(*kept[place])) for place in (a, b)]
            expected = WORTH * float(kept[a] @ kept[b]) / math.prod(lengths)
            assert float(across.matrix.toarray()[a] @ across.matrix.toarray()[b]) == pytest.approx(expected, abs=1e-3)
    steps = across.matrix.data / WEIGHT_UNIT
    assert (steps == np.rint(steps)).all()


def test_a_pair_is_foreign_only_where_both_languages_are_known_and_differ() -> None:
    across = CrossLingual(weighed(ENGLISH, GERMAN)[1].matrix, np.array([0, 0, 1, -1, -1]))
    pairs = np.array([(a, b) for a in range(5) for b in range(5)])
    foreign = {(int(a), int(b)) for a, b in pairs[across.spans(pairs[:, 0], pairs[:, 1])]}
    assert foreign == {(0, 2), (1, 2), (2, 0), (2, 1)}


@pytest.mark.parametrize(("languages", "several"), [(["en", "en"], False), (["ms", "id"], False), (["", "en"], False),
                                                    (["en", "de"], True), (["ms", "de"], True)])  # fmt: skip
def test_there_are_vectors_for_two_languages_or_more(languages: list[str], several: bool) -> None:
    documents = [Document.of("", ENGLISH), Document.of("", GERMAN)]
    every, capitals = term_counts(documents, Settings())
    vectors = tfidf(every, capitals, languages, Frequencies.of(every, languages), Settings())
    assert (
        cross_lingual_vectors(vectors, capitals, figures(HashedWords.of(documents)), languages) is not None
    ) == several


def test_an_event_is_one_story_in_two_languages() -> None:
    found = cluster([ENGLISH, GERMAN, OTHER])
    assert [len(story.articles) for story in found] == [2, 1]
    assert found.labels[0] == found.labels[1]


def test_an_article_without_names_and_figures_crosses_nowhere() -> None:
    plain = "the boat ran onto the rocks and all of the people were brought ashore by the guard before it sank"
    _, _, across = weighed(plain, GERMAN)
    assert across is not None
    assert across.matrix[[0]].nnz == 0
