"""What is escaped comes back: cells of spreadsheets and names of files."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from dedup.formats.escaping import escape_formula, escape_name, unescape_formula, unescape_name


@given(st.text(st.sampled_from("'=+-@\t\r a1"), max_size=6))
@example("=1+1")
@example("'=1+1")
@example("'quoted'")
def test_what_is_shielded_comes_back(text: str) -> None:
    cell = escape_formula(text)
    assert not cell.startswith(tuple("=+-@\t\r"))
    assert unescape_formula(cell) == text


@given(
    st.lists(st.sampled_from(["\\", "x1b", "u202e", "U000e0041", "xz", "a", "\x1b", "\u202e", "\n", "é"])).map("".join)
)
@example("\\\x1b")
@example("\\\\x1b")
def test_names_stay_different_and_come_back(name: str) -> None:
    assert escape_name(name).isprintable()
    assert unescape_name(escape_name(name)) == name


def test_ordinary_names_are_unchanged() -> None:
    for name in ("nato/a.txt", "C:\\users\\news.txt", "caf\u00e9 \u05d0\u200d.txt", "a\\xylophone.txt"):
        assert escape_name(name) == name
