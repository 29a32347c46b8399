"""Title and body of a document."""

from __future__ import annotations

import pytest

from dedup.text.document import Document
from dedup.text.tokens import tokenize


@pytest.mark.parametrize(
    ("title", "text", "body"),
    [
        ("Mill burns down", "MILL BURNS DOWN\nNobody was hurt.", ["nobody", "was", "hurt"]),
        ("Mill burns down", "Mill burns down!", []),
        ("Mill burns down", "Mill burns down, mill burns down.", ["mill", "burns", "down"]),
        ("Mill burns down", "The mill burns down.", ["the", "mill", "burns", "down"]),
        ("Mill burns down", "Mill burns.", ["mill", "burns"]),
        ("Mill burns down", "", []),
        ("Mill burns", "Mill burns down.", ["mill", "burns", "down"]),  # a sentence may well begin with two words
        ("Mill", "Mill mill mill", ["mill", "mill", "mill"]),
        ("", "Mill burns.", ["mill", "burns"]),
        ("!?", "Mill burns.", ["mill", "burns"]),
    ],
)
def test_a_title_of_three_words_repeated_at_the_start_is_dropped(title: str, text: str, body: list[str]) -> None:
    document = Document.of(title, text)
    assert document.body.words == body
    assert len(document.body.capitals) == len(body)


@pytest.mark.parametrize(
    ("title", "text", "label"),
    [
        ("Mill burns down at Weldon - Orsa Herald", "Mill burns down at Weldon Orsa Herald", 2),
        ("Mill burns down at Weldon | Orsa Herald", "MILL BURNS DOWN AT WELDON\xa0\xa0Orsa Herald", 2),
        ("Weldon: mill burns down - Herald", "Weldon: mill burns down Herald", 1),
        ("Mill burns down at Weldon - Orsa Herald", "Mill burns down at Weldon - Orsa Herald", 0),
        ("Mill burns down at Weldon - Orsa Herald", "Mill burns down at Weldon Orsa Herald says", 0),
        ("Mill burns down at Weldon - Orsa Herald", "Mill burns down at Weldon", 0),
        ("Mill burns down at Weldon - Orsa Herald", "", 0),
        ("Mill burns down at Weldon", "Mill burns down at Weldon", 0),
        ("Mill burns - Orsa Evening Herald", "Mill burns Orsa Evening Herald", 0),  # the label is longer than the rest
        (f"{'mill ' * 9} - {'herald ' * 8}", f"{'mill ' * 9} {'herald ' * 8}", 8),
        (f"{'mill ' * 9} - {'herald ' * 9}", f"{'mill ' * 9} {'herald ' * 9}", 0),
    ],
)
def test_a_text_without_the_separator_shows_a_label(title: str, text: str, label: int) -> None:
    document, whole = Document.of(title, text), tokenize(title)
    assert document.label == label
    assert document.title.words == whole.words[: len(whole) - label]
    assert not label or not document.body.words


def test_copies_are_looked_for_in_the_body_or_else_the_title() -> None:
    assert Document.of("Mill burns", "Nobody hurt").words == ["nobody", "hurt"]
    assert Document.of("Mill burns", "").words == ["mill", "burns"]
    assert Document.of("Mill burns down", "Mill burns down").words == ["mill", "burns", "down"]
    assert Document.of("Mill burns", "Nobody hurt").where([1, 1], [0, 0]).words == ["mill", "burns"]
    assert Document.of("", "").words == []
