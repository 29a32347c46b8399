"""What is written comes back: JSON, JSON lines, CSV."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_clustering import clustering, example

import dedup
from dedup.article import Article
from dedup.formats.escaping import unescape_formula
from dedup.report import COLUMNS, json_text, write_csv, write_json, write_jsonl
from dedup.settings import Settings

any_text = st.text(st.characters(codec=None))  # lone surrogates included
read_text = st.text(st.characters(exclude_categories=["Cs"]))


def titled(title: str) -> io.StringIO:
    return io.StringIO(title, newline="")


def test_jsonl_is_a_record_a_line() -> None:
    found, out = example(), io.StringIO()
    write_jsonl(found, out)
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    assert records == found.to_records()
    assert list(records[0]) == [
        "id",
        "story",
        "copy_group",
        "canonical",
        "title",
        "source",
        "published",
        "dated",
        "dated_by",
        "path",
        "probability",
        "storyline",
        "url",
        "author",
        "section",
        "revision_of",
        "revised_by",
        "lang",
    ]
    assert [record["copy_group"] for record in records] == ["s0-0", None, "s0-0", None, None, None]
    assert [record["id"] for record in records if record["canonical"]] == ["a.txt", "d", "f"]


@given(any_text)
def test_jsonl_returns_any_title_and_splits_nowhere_else(title: str) -> None:
    out = io.StringIO()
    write_jsonl(clustering([([Article(id="a", text="", title=title)], [])]), out)
    assert len(out.getvalue().splitlines()) == 1
    encoded = out.getvalue().encode()  # strict: no lone surrogate is left
    assert json.loads(encoded)["title"] == title


def test_json_text_keeps_letters_and_escapes_what_a_terminal_obeys() -> None:
    assert json_text(["Füße 東京"]) == '["Füße 東京"]'
    assert json_text(["\x1b[31m \x9b31m \u202e"]) == r'["\u001b[31m \u009b31m \u202e"]'
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text([math.nan])


def test_json_holds_everything() -> None:
    found, out = example(), io.StringIO()
    write_json(found, out)
    document = json.loads(out.getvalue())
    assert list(document) == ["schema", "dedup", "settings", "summary", "stories", "storylines", "links", "notices"]
    assert document["schema"] == 1
    assert document["dedup"] == dedup.__version__
    assert document["settings"] == {**Settings().method(), "fingerprint": Settings().fingerprint}
    assert document["summary"] == {
        "articles": 6,
        "stories": 3,
        "shared_stories": 2,
        "shared_articles": 5,
        "copies": 1,
        "storylines": 1,
        "skipped": 1,
    }
    harbour = document["stories"][0]
    assert harbour["articles"] == found.to_records()[:3]
    assert harbour["copy_groups"] == [{"id": "s0-0", "articles": ["a.txt", "c.txt"], "canonical": "a.txt"}]
    assert (harbour["start"], harbour["end"]) == ("2024-03-30", "2024-04-02")
    assert harbour["sources"] == ["Coast", "Wire"]
    assert document["links"][1] == {
        "a": "d",
        "b": "e",
        "kind": "story",
        "score": 0.25,
        "cosine": 0.3,
        "jaccard": 0.0,
        "containment": 0.0,
        "days": None,
        "probability": 0.83,
    }
    assert document["notices"] == [
        {"where": "feed.jsonl:7", "problem": "not valid JSON", "action": "line skipped", "skipped": True, "count": 1}
    ]


def test_json_of_nothing_with_a_window_without_end_is_valid() -> None:
    out = io.StringIO()
    write_json(clustering([], settings=Settings(window=math.inf)), out)

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    document = json.loads(out.getvalue(), parse_constant=refuse)
    assert document["settings"]["window"] is None
    assert (document["stories"], document["links"], document["notices"]) == ([], [], [])


def test_json_gives_times_with_their_zone() -> None:
    out = io.StringIO()
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    write_json(clustering([([Article(id="a", text="", published=noon)], [])]), out)
    story = json.loads(out.getvalue())["stories"][0]
    assert story["start"] == story["articles"][0]["published"] == "2024-05-01T12:00:00+00:00"


def test_csv_has_the_columns_of_the_records() -> None:
    found, out = example(), io.StringIO(newline="")
    write_csv(found, out)
    rows = list(csv.DictReader(titled(out.getvalue())))
    assert list(rows[0]) == list(COLUMNS) == list(found.to_records()[0])
    assert rows[1] == {
        "id": "b.txt",
        "story": "s0",
        "copy_group": "",
        "canonical": "false",
        "title": "Oil in the harbour",
        "source": "Wire",
        "published": "2024-04-02",
        "dated": "2024-04-02",
        "dated_by": "published",
        "path": "b.txt",
        "probability": "",
        "storyline": "",
        "url": "",
        "author": "",
        "section": "",
        "revision_of": "",
        "revised_by": "",
        "lang": "",
    }
    assert rows[0]["canonical"] == "true"
    assert [row["probability"] for row in rows] == ["0.98", "", "0.98", "0.83", "0.83", ""]


@given(read_text)
def test_csv_returns_any_title(title: str) -> None:
    out = io.StringIO(newline="")
    write_csv(clustering([([Article(id="a", text="", title=title, source="=1+1")], [])]), out)
    (row,) = csv.DictReader(titled(out.getvalue()))
    assert re.sub("^'(?='*[=+@\t\r-])", "", row["title"]) == title
    assert row["source"] == "'=1+1"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "'="])
def test_no_cell_is_a_formula(sign: str) -> None:
    out = io.StringIO(newline="")
    text = f"{sign}HYPERLINK(1)"
    article = Article(id=text, text="", title=text, source=text, path=text, url=text, author=text, section=text)
    write_csv(clustering([([article], [])]), out)
    (row,) = csv.DictReader(titled(out.getvalue()))
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//coast.example/a", " https://coast.example"]
)
def test_only_an_address_of_http_is_a_url(url: str) -> None:
    for address, shown in ((url, ""), ("https://coast.example/a?b=c#d", "https://coast.example/a?b=c#d")):
        (record,) = clustering([([Article(id="a", text="", url=address)], [])]).to_records()
        assert record["url"] == shown


@given(any_text, any_text, any_text)
def test_csv_and_json_read_back_equal(title: str, author: str, section: str) -> None:
    article = Article(id="a", text="", title=title, author=author, section=section, url="https://coast.example/ä?b='=1")
    found = clustering([([article], [])])
    rows, document = io.StringIO(newline=""), io.StringIO()
    write_csv(found, rows)
    write_json(found, document)
    (row,) = csv.DictReader(titled(rows.getvalue()))
    (record,) = json.loads(document.getvalue())["stories"][0]["articles"]
    assert [record] == found.to_records()
    for name in ("title", "author", "section", "url"):
        assert unescape_formula(row[name]) == re.sub("[\ud800-\udfff]", "\ufffd", record[name])


def test_csv_replaces_lone_surrogates_only() -> None:
    out = io.StringIO(newline="")
    write_csv(clustering([([Article(id="a", text="", title="x\ud800y 😀")], [])]), out)
    assert "x\ufffdy 😀" in out.getvalue()
    assert not re.search("[\ud800-\udfff]", out.getvalue())
