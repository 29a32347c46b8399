"""The bytes of texts, against Python's own encoder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.vectorize.kernels.encoding import PAD, encoded
from dedup.vectorize.kernels.machine import NARROWED


def assert_encoded(texts: list[str]) -> None:
    expected = [text.encode(errors="surrogatepass") for text in texts]
    found, offsets = encoded(texts)
    ends = np.cumsum([0, *(len(part) + 1 for part in expected)])
    assert offsets.tolist() == ends.tolist()
    assert found[: ends[-1]].tobytes() == b"".join(part + b"\0" for part in expected)
    padding = found[ends[-1] :]
    assert 1 <= len(padding) <= PAD
    assert len(found) % PAD == 0
    assert (padding == 0xFF).all()


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text(st.characters(exclude_categories=()))))  # lone surrogates too
def test_any_texts(texts: list[str]) -> None:
    assert_encoded(texts)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text(st.sampled_from("aZ \0’é中😀\ud800\udc00"), max_size=5 * NARROWED)))
def test_characters_of_every_width_at_every_place(texts: list[str]) -> None:
    assert_encoded(texts)


@pytest.mark.parametrize("sign", ["’", "é", "中", "😀"])
def test_one_sign_at_every_place_of_texts_of_every_length(sign: str) -> None:
    lengths = range(2 * NARROWED + 2)
    assert_encoded(["a" * place + sign + "b" * (length - place) for length in lengths for place in range(length)])


def test_every_code_point() -> None:
    assert_encoded(["".join(map(chr, range(0x110000))), *map(chr, range(0x3000))])


@pytest.mark.parametrize("texts", [[], [""], ["", "", ""], ["x" * (PAD - 1)], ["x" * PAD]])
def test_no_text_and_padding(texts: list[str]) -> None:
    assert_encoded(texts)
