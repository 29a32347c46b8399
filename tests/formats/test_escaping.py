"""What is shielded from spreadsheets comes back, and none of it is a formula."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from dedup.formats.escaping import escape_formula, unescape_formula


@given(st.text(st.sampled_from("'=+-@\t\r a1"), max_size=6))
@example("=1+1")
@example("'=1+1")
@example("'quoted'")
def test_what_is_shielded_comes_back(text: str) -> None:
    cell = escape_formula(text)
    assert not cell.startswith(tuple("=+-@\t\r"))
    assert unescape_formula(cell) == text
