"""JSON on one line: every value survives, and rows of columns are written as each row would be."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.formats.json_text import json_rows, json_text

ODD = ("\x7f", "\x1b[31m", "\u2028", "\u202e", "\ud800", 'quo"te\\', "%s %", "Fähre", "", "\0\n\r\t")
CELLS = st.one_of(
    st.text(max_size=9),
    st.sampled_from(ODD),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.sampled_from(ODD), max_size=2),
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6))
def test_rows_are_written_as_each_as_a_mapping(rows: list[tuple[Any, ...]]) -> None:
    names = ("id", "100 % “sure”", 'a "b"')
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    assert [*json_rows(columns)] == [json_text(dict(zip(names, row, strict=True))) for row in rows]


@pytest.mark.parametrize("values", [[0.0, -0.0] * 9, [True, 1, 1.0] * 9, ["a", None] * 9, [*ODD] * 9, [1e-5, 1e16] * 9])
def test_repeated_values_are_written_as_they_are(values: Sequence[Any]) -> None:
    assert [*json_rows({"one": values})] == [json_text({"one": value}) for value in values]


def test_what_is_written_is_one_line_that_says_the_same() -> None:
    for text in (*json_rows({"text": ODD}), *(json_text({"text": text}) for text in ODD)):
        assert text.isprintable()
    assert [json.loads(text)["text"] for text in json_rows({"text": ODD})] == [*ODD]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_not_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        list(json_rows({"one": [1.0, value]}))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        list(json_rows({"one": ["a", "b"], "other": ["c"]}))
