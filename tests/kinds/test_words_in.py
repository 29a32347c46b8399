"""The words that kinds are found by are those of the pattern, whatever the signs between them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from dedup.kinds.words import lower_words_in, words_in

SIGNS = "".join(map(chr, range(128))) + "“”‘’–—…\u00a0éßКİ\u212aａ٣٤_\u2028\x85\u0301"


@given(st.text(st.one_of(st.sampled_from(SIGNS), st.characters(codec="utf-8"))))
def test_the_words_are_those_of_the_pattern(text: str) -> None:
    assert words_in(text) == re.findall(r"\w+", text)
    assert words_in(text.lower()) == lower_words_in(text) == re.findall(r"\w+", text.lower())


def test_signs_at_words_in_ascii_letters() -> None:
    assert words_in("“Cup” – 3-1,\x1cgoal_s…") == ["Cup", "3", "1", "goal_s"]
    assert words_in("the “café”—shut") == ["the", "café", "shut"]
    assert words_in("") == []
