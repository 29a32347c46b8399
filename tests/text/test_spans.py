"""The positions of words in the given text."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from dedup.text.spans import spans
from dedup.text.tokens import tokenize

SIGNS = [
    *"abÉeA1 .,'’s\nßאﬁİ漢字ก한<=",
    "e\u0301",
    "\u0301",
    "か\u3099",
    "\u1112\u1161\u11ab",
    "\u00ad",
    "\u200d",
    "\u05b0",
]


@given(st.lists(st.sampled_from(SIGNS)).map("".join) | st.text().map(lambda text: unicodedata.normalize("NFC", text)))
def test_the_words_are_those_of_the_definition(text: str) -> None:
    found, defined = spans(text), tokenize(text)
    assert (found.words, found.capitals) == (defined.words, defined.capitals)
    assert all(0 <= start < end <= len(text) for start, end in zip(found.starts, found.ends, strict=True))
    assert found.starts == sorted(found.starts)


@given(st.text())
def test_places_are_inside_any_text(text: str) -> None:
    found = spans(text)
    assert all(0 <= start < end <= len(text) for start, end in zip(found.starts, found.ends, strict=True))


def test_a_decomposed_word_is_marked_whole() -> None:
    text = "un cafe\u0301 noir"
    found = spans(text)
    places = zip(found.starts, found.ends, strict=True)
    assert [text[start:end] for start, end in places] == ["un", "cafe\u0301", "noir"]
    assert found.words[1] == "caf\u00e9"


def test_pairs_of_characters_overlap() -> None:
    found = spans("東京都 a")
    assert list(zip(found.words, found.starts, found.ends, strict=True)) == [
        ("東京", 0, 2),
        ("京都", 1, 3),
        ("a", 4, 5),
    ]
    assert found.pairs == bytearray([1, 1, 0])


def test_a_pile_of_marks_that_is_cut_keeps_the_places_behind_it() -> None:
    text = "e" + "\u0301" * 40 + "x mill"
    placed = spans(text)
    assert placed.words == tokenize(text).words
    assert (placed.starts, placed.ends) == ([0, 43], [42, 47])
