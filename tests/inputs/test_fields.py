"""Which value of a record is which field: names, the fullest text, wrapped values, objects inside, paths."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from dedup.article import Article, Notice
from dedup.inputs.fields import follow
from dedup.inputs.names import field_of
from dedup.inputs.record import from_record
from dedup.inputs.values import is_cut
from dedup.read import read_articles

FULL = "The harbour reopened on Monday after the storm had passed, and the ferries run again from noon."
LINE = [{"type": "text", "text": "A "}, {"type": "text", "text": "b."}]
SHORT = "The harbour is open again."


def made(record: dict[str, Any], fields: dict[str, str] | None = None) -> Article:
    article, _ = from_record(record, where="feed:1", default_id="default", fields=fields)
    assert article is not None
    return article


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"description": SHORT, "content": FULL}, FULL),
        ({"description": SHORT, "content": None}, SHORT),
        ({"description": SHORT, "content": "  "}, SHORT),
        ({"description": FULL, "content": f"{FULL[:30]}… [+2101 chars]"}, FULL),
        ({"description": SHORT, "content": f"{FULL[:50]}… [+2101 chars]"}, f"{FULL[:50]}… [+2101 chars]"),
        ({"content": f"{FULL[:30]}… [+2101 chars]", "full_content": FULL}, FULL),
        ({"description": f"{FULL[:60]}...", "content": f"{FULL[:30]}..."}, f"{FULL[:60]}..."),
        ({"description": FULL, "content": "ONLY AVAILABLE IN PAID PLANS"}, FULL),
        ({"description": FULL, "content": "[Removed]"}, FULL),
        ({"excerpt": FULL}, FULL),
        ({"abstract": FULL, "snippet": SHORT}, FULL),
        ({"lead_paragraph": FULL, "abstract": SHORT}, FULL),
        ({"summary": SHORT, "selftext": FULL}, FULL),
        ({"description": f"<p>{FULL}</p>", "content": f"<p>{FULL[:30]} [&hellip;]</p>"}, FULL),
    ],
    ids=range(14),
)
def test_the_text_is_the_fullest(record: dict[str, Any], text: str) -> None:
    assert made({"title": "Harbour", **record}).text == text


@pytest.mark.parametrize(
    "end",
    [
        *("…", "...", " [...]", " […]", "… [+2101 chars]", "[+12 characters]", " Read more", " Read more…", " (more…)"),
        *(" Continue reading →", " Weiterlesen", " Lire la suite", " Leer más", " Leia mais", " Leggi tutto"),
        *(" Lees verder", " Czytaj więcej", " Читать далее", "阅读全文", "続きを読む", " [more]"),
    ],
)
def test_marks_of_a_cut(end: str) -> None:
    assert is_cut(FULL + end)
    assert is_cut(FULL + end + "\n")


@pytest.mark.parametrize("end", ["", "?", '"', " (Reuters)", " [1]", " They want more"])
def test_what_is_no_cut(end: str) -> None:
    assert not is_cut(FULL + end)


@pytest.mark.parametrize(
    ("title", "text", "day", "source", "lang", "author", "section"),
    [
        ("Überschrift", "Inhalt", "Datum", "Quelle", "Sprache", "Autor", "Rubrik"),
        ("titre", "texte", "date_de_publication", "éditeur", "langue", "auteur", "rubrique"),
        ("Título", "cuerpo", "Fecha", "fuente", "idioma", "autor", "categoría"),
        ("título", "conteúdo", "data de publicação", "veículo", "idioma", "autor", "editoria"),
        ("titolo", "testo", "data_pubblicazione", "testata", "lingua", "autore", "sezione"),
        ("kop", "inhoud", "publicatiedatum", "krant", "taal", "auteur", "rubriek"),
        ("tytuł", "treść", "data_publikacji", "źródło", "język", "autor", "dział"),
        ("ЗАГОЛОВОК", "текст", "дата", "источник", "язык", "автор", "рубрика"),
        ("заголовок", "зміст", "дата публікації", "джерело", "мова", "автор", "розділ"),
        ("标题", "内容", "日期", "媒体", "语言", "作者", "分类"),
        ("タイトル", "本文", "日付", "新聞社", "言語", "著者", "カテゴリ"),
        ("제목", "본문", "날짜", "언론사", "언어", "기자", "카테고리"),
        ("başlık", "metin", "tarih", "kaynak", "dil", "yazar", "kategori"),
    ],
    ids=["de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "zh", "ja", "ko", "tr"],
)
def test_names_in_many_languages(
    title: str, text: str, day: str, source: str, lang: str, author: str, section: str
) -> None:
    values = {title: "T", text: FULL, day: "2025-04-07", source: "Echo", lang: "xx", author: "A B", section: "Local"}
    article = made(values)
    assert (article.title, article.text, article.published) == ("T", FULL, date(2025, 4, 7))
    assert (article.source, article.lang, article.author, article.section) == ("Echo", "xx", "A B", "Local")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("headlines", "title"),
        ("date_posted", "published"),
        ("clean_text", "text"),
        ("og:title", "title"),
        ("dc:creator", "author"),
        ("article_body_html", "text"),
        ("source.name", "source"),
        ("fields.bodyText", "text"),
        ("title.rendered", "title"),
        ("content.rendered", "text"),
    ],
)
def test_other_forms_of_names(name: str, field: str) -> None:
    found = field_of(name)
    assert found is not None
    assert found[0] == field


@pytest.mark.parametrize(
    "name", ["story_id", "image.title", "image.url", "content_type", "text_length", "x" * 1000, "."]
)
def test_names_that_are_no_field(name: str) -> None:
    assert field_of(name) is None


def test_a_name_is_a_title_only_beside_an_address() -> None:
    assert made({"name": "Harbour reopens", "url": "https://echo.example/1", "description": FULL}).title != ""
    assert made({"name": "Mara Lund", "text": FULL}).title == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"rendered": FULL, "protected": False}, FULL),
        ({"#text": FULL, "@type": "html"}, FULL),
        ({"value": FULL}, FULL),
        ([{"type": "text/html", "value": f"<p>{FULL}</p>"}, {"type": "text/plain", "value": FULL}], FULL),
        ([FULL], FULL),
        ([{"type": "p", "text": "One."}, {"type": "p", "text": "Two."}], "One.\nTwo."),
        ({"blocks": [{"type": "paragraph", "data": {"text": one}} for one in ("One.", "Two.")]}, "One.\nTwo."),
        (["Go to ", {"type": "link", "text": "the port"}, " now."], "Go to the port now."),
        ({"type": "doc", "content": [{"type": "paragraph", "content": LINE}] * 2}, "A b.\nA b."),
        ({"en": FULL, "de": "Der Hafen ist offen."}, FULL),
        ([{"type": "image", "src": "x"}, {"type": "p", "text": "One."}], "\nOne."),
    ],
    ids=range(11),
)  # fmt: skip
def test_texts_in_objects_and_lists(value: Any, text: str) -> None:
    assert made({"title": "T", "body": value}).text == text


def test_other_fields_in_objects_and_lists() -> None:
    article = made(
        {
            "title": {"main": "Harbour reopens", "kicker": None},
            "text": FULL,
            "id": {"@isPermaLink": "false", "#text": "g-1"},
            "published": {"$date": {"$numberLong": "1744021800000"}},
            "source": {"uri": "echo.example", "title": "The Echo"},
            "authors": [{"name": "Mara Lund"}, {"name": "Jon Peel"}],
            "categories": [{"id": 5, "label": "Region"}],
            "links": [{"href": "https://echo.example/1"}, {"href": "https://echo.example/2"}],
            "language": {"id": 3, "code": "en"},
        }
    )
    assert (article.title, article.id, article.source) == ("Harbour reopens", "g-1", "The Echo")
    assert article.published == datetime(2025, 4, 7, 10, 30, tzinfo=UTC)
    assert (article.author, article.section) == ("Mara Lund, Jon Peel", "Region")
    assert (article.url, article.lang) == ("https://echo.example/1", "en")


def test_objects_and_lists_written_as_text() -> None:
    article = made({"text": FULL, "source": "{'id': None, 'name': 'The Echo'}", "authors": '["Mara Lund", "Jon Peel"]'})
    assert (article.source, article.author) == ("The Echo", "Mara Lund, Jon Peel")
    assert made({"text": FULL, "source": "[Echo]", "author": "{" * 900}).source == "[Echo]"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "/news/1", "ftp://echo.example", "https://echo.example/a b", "urn:x", "https://", 5]
)
def test_addresses_are_of_http(url: Any) -> None:
    article, notices = from_record({"text": FULL, "url": url}, where="", default_id="a")
    assert article is not None
    assert (article.url, notices) == ("", [])


def test_numbers_are_no_authors_and_sections() -> None:
    article = made({"text": FULL, "author": 3, "categories": [5, 12]})
    assert (article.author, article.section) == ("", "")


def test_objects_inside_a_record() -> None:
    article = made({"webTitle": "Harbour", "fields": {"bodyText": FULL, "trailText": SHORT}, "id": "g"})
    assert (article.title, article.text, article.id) == ("Harbour", FULL, "g")
    article = made({"_id": "e", "_source": {"headline": "Harbour", "body": FULL, "source": {"name": "Echo"}}})
    assert (article.title, article.text, article.id, article.source) == ("Harbour", FULL, "e", "Echo")
    article = made({"n": 5, "row_to_json": {"title": "Harbour", "text": FULL}})
    assert (article.title, article.text) == ("Harbour", FULL)
    article = made({"title": "Harbour", "publisher": {"name": "Echo", "description": "All that is new, every day."}})
    assert (article.text, article.source) == ("", "Echo")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", 1),
        ("A.B", 1),
        ("list.0.x", 2),
        ("list[1].x", 3),
        ("list.x", [2, 3]),
        ("a.c", None),
        ("list.7", None),
        ("a.b.c", None),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert follow({"a": {"b": 1}, "list": [{"x": 2}, {"x": 3}]}, path) == value


def test_paths_into_columns(tmp_path: Path) -> None:
    rows = [{"title": "T", "parts": {"story": [{"p": "One."}, {"p": "Two."}]}, "metadata": {"source": "Echo"}, "n": 1}]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    notices: list[Notice] = []
    (article,) = read_articles(tmp_path, fields={"text": "parts.story.p"}, notices=notices)
    assert (article.text, article.source, notices) == ("One.\nTwo.", "Echo", [])


def test_fields_may_be_paths() -> None:
    record = {"title": "T", "parts": {"story": [{"p": "One."}, {"p": "Two."}]}, "text": "another", "a.b": "plain"}
    assert made(record, {"text": "parts.story.p"}).text == "One.\nTwo."
    assert made(record, {"text": "parts.story[1].p"}).text == "Two."
    assert made(record, {"text": "a.b"}).text == "plain"
    assert made(record, {"text": "parts.nothing"}).text == ""
