"""Title and body of a document."""

from __future__ import annotations

import pytest

from dedup.text.document import Document


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


def test_copies_are_looked_for_in_the_body_or_else_the_title() -> None:
    assert Document.of("Mill burns", "Nobody hurt").words == ["nobody", "hurt"]
    assert Document.of("Mill burns", "").words == ["mill", "burns"]
    assert Document.of("Mill burns down", "Mill burns down").words == ["mill", "burns", "down"]
    assert Document.of("Mill burns", "Nobody hurt").where([1, 1], [0, 0]).words == ["mill", "burns"]
    assert Document.of("", "").words == []
