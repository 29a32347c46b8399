"""What a clustering answers, whatever its articles are."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import dedup
from dedup import Clustering, UnknownArticleError


@pytest.fixture(scope="module")
def pair() -> Clustering:
    ferry = "Fire broke out on the Corran ferry on Tuesday."
    return dedup.cluster([{"id": "a", "text": ferry}, {"id": "b", "text": f"{ferry} Nobody was hurt."}])


@pytest.mark.parametrize("name", ["b", 1, np.int64(1), np.uint8(1)])
def test_an_article_is_named_by_its_id_or_its_place(pair: Clustering, name: Any) -> None:
    assert pair.place(name) == 1
    assert type(pair.place(name)) is int


@pytest.mark.parametrize("name", [None, 1.0, [], ("a",), b"a"])
def test_what_can_be_neither_is_unknown(pair: Clustering, name: Any) -> None:
    with pytest.raises(UnknownArticleError, match="is not an article: give its id or its position"):
        pair.place(name)


def test_a_deep_copy_answers_as_the_original(pair: Clustering) -> None:
    twin = copy.deepcopy(pair)
    assert (twin.labels, twin.links) == (pair.labels, pair.links)
    assert twin.explain("a", "b") == pair.explain("a", "b")
    assert twin.rethreshold(1).labels == pair.rethreshold(1).labels


def test_explanations_say_what_decided_about_equal_texts() -> None:
    text = " ".join(f"word{number}" for number in range(60))
    found = dedup.cluster([{"title": "final_v3.docx", "text": text}, {"title": "By Ann Vole", "text": text}]).explain(
        0, 1
    )
    assert found.same_text
    assert found.reason == "The same text: their bodies are equal, whatever their titles say."
    wall = "Subscribe to continue reading."
    found = dedup.cluster(
        [{"title": "Mill burns", "text": wall}, {"title": "Cup goes to Dunmere", "text": wall}]
    ).explain(0, 1)
    assert not found.same_text
    assert "by title alone" in found.reason
