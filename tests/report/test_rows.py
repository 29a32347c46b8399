"""Rows of stories and pairs: what they hold, that they read back, that no cell is a formula."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from made_clustering import clustering, example

import dedup
from dedup.archive import Archived
from dedup.article import Article
from dedup.formats.escaping import unescape_formula
from dedup.report import ROWS, Rows, columns_of, write_csv, write_jsonl, write_parquet
from dedup.report.rows import table_of

TEXT = "Fire broke out on the ferry Lady Corran off Sorrel at dawn and nine people died, the coastguard said. "


def arrivals() -> dedup.Arrivals:
    texts = {"a": TEXT * 3, "b": TEXT * 3 + "More later.", "c": "The museum of Kallby has reopened after the flood."}
    articles = [Article(id=name, title=name, text=text, source="Echo") for name, text in texts.items()]
    return dedup.cluster_against(articles, [Archived(Article(id="x", text=TEXT * 3, source="Wire"), "kept")])


def rows_of(found: Any, rows: Rows, **options: Any) -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    write_csv(found, out, rows=rows, **options)
    return list(csv.DictReader(io.StringIO(out.getvalue().removeprefix("\ufeff"), newline="")))


def test_a_story_is_a_row() -> None:
    first, second, third = rows_of(example(), "stories")
    assert first == {
        "story": "s0",
        "title": "Harbour closed after spill",
        "articles": "3",
        "copies": "1",
        "outlets": "2",
        "origins": "2",
        "first": "2024-03-30",
        "last": "2024-04-02",
        "canonical": "a.txt",
        "likely_original": first["likely_original"],
        "sources": "Coast; Wire",
        "url": "",
        "storyline": "",
        "publishers": "2",
        "agencies": "",
        "languages": "",
    }
    assert (second["articles"], second["origins"], second["first"], second["likely_original"]) == ("2", "2", "", "")
    assert third["articles"] == "1"


def test_the_languages_of_a_story_are_those_of_its_articles() -> None:
    spoken = ("en", "de", "en", "")
    articles = [Article(id=f"{place}", text=TEXT * 3, lang=lang) for place, lang in enumerate(spoken)]
    found = clustering([(articles, [])])
    assert rows_of(found, "stories")[0]["languages"] == "de; en"
    assert [record["lang"] for record in found.to_records()] == [*spoken]


def test_a_pair_is_a_row() -> None:
    first, second = rows_of(example(), "pairs")
    assert (first["story"], first["a"], first["b"], first["kind"]) == ("s0", "a.txt", "c.txt", "copy")
    assert (first["title_a"], first["title_b"]) == ("Harbour closed after spill", "Harbour closed")
    assert float(second["probability"]) == 0.83


def test_the_likely_original_is_that_of_provenance() -> None:
    wire = TEXT * 2 + "The inquiry has begun. Divers will search the wreck on Monday. (Wire)"
    echo = TEXT * 2 + "The inquiry has begun. (Wire)"
    articles = [Article(id="w", text=wire, source="Wire"), Article(id="e", text=echo, source="Echo")]
    found = dedup.cluster(articles)
    (story,) = found.stories
    traced = dedup.trace(found, story.copy_groups[0])
    assert table_of(found, "stories")["likely_original"] == [traced.original] == ["w"]
    without = dedup.cluster(articles, keep_texts=False)
    assert table_of(without, "stories")["likely_original"] == [None]


def test_stories_of_arrivals_say_what_is_new() -> None:
    found = arrivals()
    rows = rows_of(found, "stories")
    assert [row["story"] for row in rows] == [story.id for story in found.stories]
    assert [(row["status"], row["new_articles"], row["articles"]) for row in rows] == [
        ("continues", "2", "3"),
        ("new", "1", "1"),
    ]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("made", [example, arrivals])
def test_all_formats_hold_the_same(rows: Rows, made: Any) -> None:
    found = made()
    lines, packed = io.StringIO(), io.BytesIO()
    write_jsonl(found, lines, rows=rows)
    records = [json.loads(line) for line in lines.getvalue().splitlines()]
    table = table_of(found, rows)
    assert records == [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    assert all(tuple(record) == columns_of(found, rows) for record in records)
    cells = rows_of(found, rows)
    assert [[*row] for row in cells] == [[*columns_of(found, rows)]] * len(records)
    for row, record in zip(cells, records, strict=True):
        for name, value in record.items():
            shown = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            assert unescape_formula(row[name]) == shown
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(found, packed, rows=rows)
    assert parquet.read_table(io.BytesIO(packed.getvalue())).to_pylist() == records


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "'="])
def test_no_cell_of_a_story_or_a_pair_is_a_formula(sign: str) -> None:
    text = f"{sign}HYPERLINK(1)"
    articles = [Article(id=text + name, text=TEXT, title=text, source=text, url=text) for name in "ab"]
    link = dedup.Link(articles[0].id, articles[1].id, "story", 0.5, 0.5, None, None, None, 0.5)
    found = clustering([(articles, [])], links=(link,))
    for rows in ROWS:
        for row in rows_of(found, rows):
            assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_byte_order_mark_on_request() -> None:
    for bom in (False, True):
        out = io.StringIO(newline="")
        write_csv(example(), out, bom=bom)
        assert out.getvalue().startswith("\ufeff" if bom else "id,")
