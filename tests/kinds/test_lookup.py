"""Articles that are looked at together tell what each tells alone: no word that tells a kind is overlooked."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelled_data import DATA
from test_kinds import LONG, TITLES

import dedup
from dedup.kinds import NOTHING, _hints, _lookup, read_content, read_contents, texts, titles
from dedup.kinds.lookup import _FOLDED, AT_ENDS, IN_TITLE, OF_SPORT
from dedup.text.kill_notices import WORDS

WORDS_THAT_TELL = sorted(_hints() | texts.SPORT_WORDS | titles.HINTS)
JUNK = ("a", "x" * 150, "“Fähre”", "\u212a", "İ", "ß", "\ud800", "\0", "2-1", "#", "©", "日本", "élan", "_", "the", "’")
SEPARATORS = (" ", " ", "\n", "\xa0", "/", "-", "(", "’", "\u2003", "")


@st.composite
def made_up(draw: st.DrawFn) -> str:
    """Words that tell a kind, among others, in any case and with any sign between them."""
    words = st.one_of(st.sampled_from(WORDS_THAT_TELL), st.sampled_from(WORDS_THAT_TELL), st.sampled_from(JUNK))
    pieces = draw(st.lists(st.tuples(words, st.sampled_from(SEPARATORS), st.integers(0, 2)), max_size=12))
    return "".join((word, word.upper(), word.title())[case] + sign for word, sign, case in pieces)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(made_up(), made_up(), st.integers(0, 700), made_up()), max_size=5))
def test_no_word_is_overlooked(given: Sequence[tuple[str, str, int, str]]) -> None:
    articles = [(title, head + "z" * gap + tail) for title, head, gap, tail in given]
    may = _lookup().likely(articles)
    for (title, text), flags in zip(articles, may, strict=True):
        title_words = titles.words_of(title)
        if not (titles.HINTS | WORDS).isdisjoint(title_words):
            assert flags & IN_TITLE
        if not _hints().isdisjoint(texts.words_at_ends(text)):
            assert flags & AT_ENDS
        if texts.is_of_match(title, title_words, text):
            assert flags & OF_SPORT
    assert read_contents(articles) == [read_content(*article) for article in articles]


@pytest.mark.parametrize("place", range(120, 180))
def test_a_word_is_found_wherever_it_is_cut(place: int) -> None:
    text = f"{'z ' * 200}"[:place] + " letters to the editor (reuters) " + "y" * 900
    for whole in (text, text[::-1]):
        words = texts.words_at_ends(whole)
        (may,) = _lookup().likely([("", whole)])
        assert may & AT_ENDS or _hints().isdisjoint(words)


def test_a_report_tells_nothing() -> None:
    assert _lookup().likely([("Harbour stays closed", LONG)]) == [0]
    assert read_contents([("Harbour stays closed", LONG)]) == [NOTHING]
    assert read_contents([]) == []


def test_kinds_are_told_of_many_as_of_one() -> None:
    articles = [article for some in TITLES.values() for article in some]
    assert read_contents(articles) == [read_content(*article) for article in articles]


def test_a_letter_in_another_case_is_looked_for_too() -> None:
    marks, every = _lookup().marks, [*map(chr, range(sys.maxunicode + 1))]
    assert {mark for mark in every[128:] if re.search(r"[a-z0-9_]", mark.lower())} == {*_FOLDED}
    assert {mark for mark in every if not marks.isdisjoint(mark.lower())} <= marks
    ((may, other),) = [_lookup().likely([("АННУЛИРОВАН", ""), ("", "ТАСС")])]
    assert may & IN_TITLE
    assert other & AT_ENDS


@pytest.mark.skipif(
    not DATA.is_dir(), reason="the labelled sets are not here: set DEDUP_DATA to the folder that has them"
)
@pytest.mark.parametrize("path", sorted(DATA.glob("*.jsonl.gz")), ids=lambda path: path.name)
def test_real_articles_tell_the_same_together(path: Path) -> None:
    read = dedup.read_articles(path, notices=[])
    articles = [(article.title, article.text) for article, _ in zip(read, range(3_000), strict=False)]
    assert read_contents(articles) == [read_content(*article) for article in articles]
