"""Properties of the tokens of any string."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedup.text.alphabet import alphabet
from dedup.text.tokens import SENTENCE, tokenize

anything = st.text(st.characters(exclude_categories=()))  # lone surrogates, nulls and all planes included
scripts = st.text(
    st.one_of(
        st.sampled_from("aAsSéΣςİıßёأىة'’ʼ.!?:\n \0\u00ad\u200d\u0301\u0316\u0345\u3099\u064bֹ٣๓水火カのン한กิ่က្"),
        st.characters(codec="utf-8"),
    )
)
texts = st.one_of(anything, scripts)


@given(texts)
@example("\ud800\udc00")
@example("\0")
@example("'s")
@example("a\u00ad'\u00ads")
def test_any_string_has_tokens(text: str) -> None:
    tokens = tokenize(text)
    assert len(tokens.words) == len(tokens.capitals) == len(tokens.begins) == len(tokens)
    assert all(tokens.words)
    assert set(tokens.capitals) <= {0, 1}
    assert not any(
        capital and begins & SENTENCE for capital, begins in zip(tokens.capitals, tokens.begins, strict=True)
    )
    for word in tokens.words:
        word.encode()  # a word can always be written down
        assert " " not in word


@given(texts)
@example("e\u00ad\u0301")
@example("Ａ\u0301")
def test_words_are_fixed_points(text: str) -> None:
    """Words put together with spaces have themselves as tokens.

    Not so, by definition, where leaving out an invisible sign or folding a letter brings a letter beside a mark that
    it composes with (a soft hyphen between e and its acute): the word is then not in normalisation form C, and is
    brought to it when read again.
    """
    words = tokenize(text).words
    if all(unicodedata.is_normalized("NFC", word) for word in words):
        assert tokenize(" ".join(words)).words == words


@given(texts)
def test_reading_three_times_is_reading_twice(text: str) -> None:
    """Tokenizing twice gives fixed points, also where words are not."""
    twice = tokenize(" ".join(tokenize(text).words)).words
    assert tokenize(" ".join(twice)).words == twice


@given(texts)
def test_normal_forms_have_the_same_tokens(text: str) -> None:
    """If no run of marks is cut: a mark that is composed with its letter does not count."""
    composed, decomposed = tokenize(unicodedata.normalize("NFC", text)), tokenize(unicodedata.normalize("NFD", text))
    if not alphabet().stack.search(unicodedata.normalize("NFD", text)):
        assert composed == decomposed == tokenize(text)


@given(texts, texts)
def test_a_space_keeps_texts_apart(one: str, other: str) -> None:
    """Except for a mark or an ignorable sign after the space; and sentences continue across it."""
    assert tokenize(f"{one} . {other}").words == tokenize(one).words + tokenize(other).words


@given(st.text(st.sampled_from("aAzZ09 '.,-|:"), max_size=40))
def test_ascii_is_read_as_anything_else(text: str) -> None:
    """ASCII has a shortcut, which must give the same tokens."""
    there = tokenize(text)
    assert tokenize("é. " + text).words == ["é", *there.words]
    assert tokenize("é: " + text).capitals[1:] == there.capitals
    assert tokenize("é: " + text).begins[1:] == there.begins


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a ",
        "'s",
        "a'",
        ".",
        "\u0301",
        "\u0301\u0316",
        "\u0345\u0334",
        "\u00ad",
        "a\u00ad",
        "水",
        "กิ่",
        "\u0e48\u0e38",
        "\u1100\u1161\u11a8",
        "\ud800",
        "\0",
        "\ufdfa",
        "\u1f82",
        "𝟛",
    ],
    ids=ascii,
)
def test_time_is_linear(unit: str) -> None:
    """Quadratic time would be a factor of 64 for 8 times the text; the best of three tries, with a margin."""

    def seconds(length: int) -> float:
        text = "é" + unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            tokenize(text)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(80_000) < 30 * seconds(10_000) + 0.05
