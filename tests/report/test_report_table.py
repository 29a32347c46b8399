"""The table: what it says, that it fits, and that no title can do harm."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_clustering import clustering, example
from rich.cells import cell_len

from dedup.article import Article
from dedup.report import visible, write_table
from dedup.report.table import dates, outlets
from dedup.results.clustering import Clustering


def table(found: Clustering, width: int) -> str:
    out = io.StringIO()
    write_table(found, out, width=width)
    return out.getvalue()


def pair(title: str, source: str = "") -> Clustering:
    return clustering([([Article(id=name, text="", title=title, source=source) for name in "ab"], [])])


def test_table_narrow_counts_outlets() -> None:
    assert table(example(), 84) == (
        "Story                       Articles  Copies  Origins  Outlets  Dates\n"
        "──────────────────────────  ────────  ──────  ───────  ───────  ──────────────────\n"
        "Harbour closed after spill         3       1        2        2  2024-03-30 – 04-02\n"
        "Council votes                      2                2\n"
        "\n"
        "1 more article, in a story of its own.\n"
    )


def test_table_wide_names_outlets() -> None:
    row = table(example(), 200).splitlines()[2]
    assert row == "Harbour closed after spill         3       1        2  Coast, Wire  2024-03-30 – 04-02  ██ █"


def test_the_spread_has_a_bar_for_each_part_of_the_days() -> None:
    spike = [Article(id=f"s{n}", text="", title="Spike", published=date(2024, 5, 1)) for n in range(8)]
    late = [
        Article(id=f"l{n}", text="", title="Late", published=date(2024, 5, day)) for n, day in enumerate((1, 9, 20))
    ]
    lines = table(clustering([(spike, []), (late, [])]), 120).splitlines()
    assert lines[0].endswith("Days")
    assert [line[-10:].count("█") for line in lines[2:4]] == [1, 3]
    assert lines[2].rstrip().endswith("█")
    assert "Days" not in table(clustering([(spike, [])]), 120), "a single day is no spread"


def test_only_the_largest_are_shown_and_the_others_counted() -> None:
    out = io.StringIO()
    write_table(example(), out, width=84, top=1)
    assert out.getvalue().splitlines()[3:] == [
        "",
        "1 more story with more than one article.",
        "1 more article, in a story of its own.",
    ]


def test_a_short_title_does_not_cut_its_heading() -> None:
    assert table(pair("x"), 80).splitlines()[2] == "x             2                2"
    assert table(pair("x"), 80).startswith("Story  Articles  Copies  Origins  Outlets  Dates\n")


def test_table_without_shared_stories() -> None:
    assert (
        table(clustering([([Article(id=name, text="")], []) for name in "ab"]), 80)
        == "No stories with more than one article (2 articles).\n"
    )
    assert table(clustering([]), 80) == "No articles.\n"
    assert "of its own" not in table(pair("x"), 80)


@pytest.mark.parametrize("title", ["", "  \n "])
def test_a_story_without_a_title_says_so(title: str) -> None:
    assert "(no title)" in table(pair(title), 80)


def test_rich_markup_and_emoji_codes_are_plain_text() -> None:
    assert "[bold red]x[/] :smile: [link=http://e.example]" in table(
        pair("[bold red]x[/] :smile: [link=http://e.example]"), 120
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x1b]0;owned\x07x", "\\x1b]0;owned\\x07x"),
        ("\x9b31mred", "\\x9b31mred"),
        ("one\r\ntwo\tthree\u2028four", "one two three four"),
        ("\u202eback", "\\u202eback"),
        ("\u2069out of it", "\\u2069out of it"),
        ("nul\x00", "nul\\x00"),
        ("half \ud83d", "half \\ud83d"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("می‌خواهم 👩‍🔬", "می‌خواهم 👩‍🔬"),  # joiners stay
    ],
)
def test_visible(title: str, shown: str) -> None:
    assert visible(title) == shown
    assert shown in table(pair(title), 80)


@given(
    title=st.text(st.characters(codec=None), max_size=120),
    source=st.text(st.characters(codec=None), max_size=60),
    width=st.integers(60, 220),
)
def test_any_title_keeps_the_table_in_shape(title: str, source: str, width: int) -> None:
    lines = table(pair(title, source), width).split("\n")
    assert len(lines) == 5  # header, rule, the story, an empty line, the end
    for line in lines:
        plain = line.replace("\u2068", "").replace("\u2069", "")
        assert cell_len(plain) <= width
        assert not re.search("[\x00-\x1f\x7f-\x9f\xad\u2028-\u202e\u2066-\u2069\ud800-\udfff]", plain)


@pytest.mark.parametrize(
    "title", ["東京で会議、首相が新しい計画を発表したと報じられた" * 3, "कखग" * 60, "ข่าว" * 60, "e" * 300]
)
def test_long_titles_are_cut_at_the_cell(title: str) -> None:
    row = table(pair(title, "BBC"), 80).splitlines()[2]
    assert "…" in row
    assert 70 < cell_len(row) <= 80 or row.endswith("1")
    header = table(pair(title, "BBC"), 80).splitlines()[0]
    assert cell_len(row[: row.index("…")]) < cell_len(header[: header.index("Articles")])


def test_columns_stay_in_line_after_wide_titles() -> None:
    members = [Article(id=name, text="", title="東京で会議") for name in "ab"]
    others = [Article(id=name, text="", title="Tokyo meeting") for name in "cd"]
    lines = table(clustering([(members, []), (others, [])]), 80).splitlines()
    assert cell_len(lines[2]) == cell_len(lines[3])


def test_right_to_left_titles_are_isolated() -> None:
    row = table(pair("قمة في القاهرة", "BBC"), 80).splitlines()[2]
    assert row.startswith("\u2068قمة في القاهرة\u2069")
    assert "\u2068" not in table(pair("Cairo summit"), 80)


def test_dates() -> None:
    assert dates(None, None) == ""
    assert dates(date(2024, 1, 2), date(2024, 1, 2)) == "2024-01-02"
    assert dates(date(2024, 1, 2), datetime(2024, 1, 2, 9, tzinfo=UTC)) == "2024-01-02"
    assert dates(date(2024, 1, 2), date(2024, 2, 3)) == "2024-01-02 – 02-03"
    assert dates(date(2023, 12, 31), date(2024, 1, 1)) == "2023-12-31 – 2024-01-01"


def test_outlets_are_named_while_there_is_room() -> None:
    names = ("BBC", "CNN", "Le Monde")
    assert outlets(names, 40) == "BBC, CNN, Le Monde"
    assert outlets(names, 12) == "BBC, CNN +1"
    assert outlets(names, 9) == "BBC +2"
    assert outlets(names, 4) == "3 outlets"
    assert outlets(("A very long outlet name",), 10) == "A very lo…"
    assert outlets((), 10) == ""
