"""The benchmark that pours labelled sets into a stream."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from storyline_articles import storyline_articles

from benchmarks.density import _poured, shifted
from dedup import Article

DAY = datetime(2020, 1, 5, 12, tzinfo=UTC)
STREAM = [
    Article(id=str(number), title=f"Court hears case {number}", text="word " * 300, published=DAY)
    for number in range(3)
]


def test_the_stream_takes_the_form_of_a_set() -> None:
    dated = [replace(one, published=datetime(2024, 3, 1, tzinfo=UTC)) for one in storyline_articles()]
    moved = shifted(dated, STREAM)
    assert {one.published for one in moved} == {datetime(2024, 3, 1, tzinfo=UTC)}
    assert [one.text for one in moved] == [one.text for one in STREAM]
    assert {one.published for one in shifted(storyline_articles(), STREAM)} == {None}
    headlines = [replace(one, text="") for one in dated]
    assert {one.text for one in shifted(headlines, STREAM)} == {""}
    snippets = [replace(one, text="a short snippet") for one in dated]
    assert {len(one.text.split()) for one in shifted(snippets, STREAM)} == {25}


def test_labelled_articles_are_scored_and_strangers_counted() -> None:
    labelled = [replace(one, story=one.id.split("-")[0]) for one in storyline_articles()]
    alone = _poured(labelled, [])
    assert alone["stories"]["bcubed_f1"] == 1
    assert (alone["strangers"], alone["in_storylines"]) == (0, 0)
    assert "storylines" not in alone
    stranger = replace(labelled[0], id="stranger", source="gazette")
    caught = _poured(labelled, [stranger, *STREAM])
    assert caught["strangers"] == pytest.approx(1 / len(labelled))
    assert caught["in_storylines"] == pytest.approx(1 / len(labelled))
