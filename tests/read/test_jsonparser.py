"""A line is parsed as a whole JSON text is, whatever is around the value, in it, or wrong with it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.read.jsonparser import JsonParser

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
AROUND = st.text(st.sampled_from(" \t\r\n\x0b\xa0\ufeffx]}"), max_size=3)


def both(line: str) -> tuple[object, object]:
    """What the parser says of a line with its end, and of the line without it."""
    by_line, by_text = JsonParser(), JsonParser()
    found, expected = by_line.parse_line(line), by_text.parse(line.rstrip("\r\n"))
    return (
        (repr(found), by_line.has_doubled, [*by_line.doubled("f:1")]),
        (repr(expected), by_text.has_doubled, [*by_text.doubled("f:1")]),
    )


@given(VALUES, AROUND, AROUND, st.booleans(), st.integers(0, 30))
def test_a_line_is_parsed_as_its_text(value: object, before: str, after: str, ascii_only: bool, cut: int) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    for line in (f"{before}{text}{after}", f"{text}\n", f"{text[:cut]}\n", text[cut:]):
        found, expected = both(line)
        assert found == expected


@pytest.mark.parametrize(
    "line",
    [
        *('{"a": 1, "a": 2}\n', '{"a": 1, "a": 2} x\n', '{"a": 1, "a": 2}\r\n', '{"a": {"b": 1, "b": 2}}', "", "\n"),
        *("NaN\n", "[Infinity, -Infinity]\n", '{"n": ' + "9" * 5000 + "}\n", '"\\ud800"\n', '{"a": "\t"}\n'),
        *("[" * 100_000 + "\n", "{}{}\n", "{} \n", "1e999\n"),
    ],
)
def test_special_lines(line: str) -> None:
    found, expected = both(line)
    assert found == expected


def test_a_name_that_is_repeated_in_what_is_no_value_is_not_reported_for_the_next_line() -> None:
    parser = JsonParser()
    assert parser.parse_line('{"a": {"b": 1, "b": 2}, }\n')[1]
    assert parser.parse_line('{"a": 1}\n') == ({"a": 1}, "")
    assert not parser.has_doubled
    assert math.isnan(parser.parse_line("NaN\n")[0])
