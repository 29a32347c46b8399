"""Parts of words are found in a text of any script, and in no other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dedup.kinds.parts import Parts

PARTS = ("log in", "à lire", "подпис", " account")


@given(
    st.lists(st.sampled_from((*PARTS, "à", " l", "ire", "?", "??????", "’", "а", "lo", "g in", "\ud800")), max_size=8)
)
def test_a_part_is_found_where_it_is(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert Parts(*PARTS).is_one_in(text) == any(part in text for part in PARTS)
