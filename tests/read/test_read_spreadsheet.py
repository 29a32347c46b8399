"""Spreadsheets of Excel, as people keep them, and hostile ones."""

from __future__ import annotations

import builtins
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from reading import BODY, read_all, read_quietly, write

import dedup
from dedup.read import spreadsheet

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, which reads spreadsheets, is not installed")

HEAD = ["id", "Title", "Text", "Date", "Source"]
ROWS = [
    [1, "Ferry burns", f"{BODY} One.", date(2024, 5, 1), "Echo"],
    [2, "Voss wins", f"{BODY} Two.", datetime(2024, 5, 2, 10, 30), "Post"],  # noqa: DTZ001 - cells have no zone
    [3, "Bridge shut", f"{BODY} Three.", "3 May 2024", None],
]


def book(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def packed(path: Path, change: Callable[[str, bytes], bytes], **more: bytes) -> Path:
    """Rewrite the files inside a spreadsheet."""
    with zipfile.ZipFile(path) as old:
        members = {name: change(name, old.read(name)) for name in old.namelist()} | more
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)
    return path


def in_sheet(xml: str) -> Callable[[str, bytes], bytes]:
    """Return a change that replaces the rows of the sheet."""
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{xml}</sheetData></worksheet>'
    return lambda name, content: sheet.encode() if name == "xl/worksheets/sheet1.xml" else content


def shared(path: Path, *texts: str) -> Path:
    """Write a spreadsheet whose texts are in a table of their own, as Excel writes them: two columns."""
    book(path, Sheet1=[HEAD])
    numbers = [f'<c t="s"><v>{number}</v></c>' for number in range(len(texts))]
    rows = "".join(f"<row>{one}{other}</row>" for one, other in zip(numbers[::2], numbers[1::2], strict=True))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    packed(path, in_sheet(rows))
    table = "".join(f"<si><t>{text}</t></si>" for text in texts)
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    strings = f'<sst xmlns="{space}">{table}</sst>'.encode()
    change = {"xl/sharedStrings.xml": strings}
    return packed(path, lambda _, content: content.replace(b"</Types>", override), **change)


def cells(*texts: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)


def test_a_row_is_an_article(tmp_path: Path) -> None:
    articles = read_quietly(book(tmp_path / "a.xlsx", Sheet1=[HEAD, *ROWS]))
    assert [(article.id, article.title, article.text) for article in articles] == [
        ("1", "Ferry burns", f"{BODY} One."),
        ("2", "Voss wins", f"{BODY} Two."),
        ("3", "Bridge shut", f"{BODY} Three."),
    ]
    dates = [article.published for article in articles]
    assert dates == [date(2024, 5, 1), datetime.fromisoformat("2024-05-02T10:30"), date(2024, 5, 3)]
    assert [type(day) for day in dates] == [date, datetime, date]
    assert [article.source for article in articles] == ["Echo", "Post", ""]
    assert [article.where[-2:] for article in articles] == [":2", ":3", ":4"]


def test_titles_above_the_header_and_empty_rows(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Articles of May"], [], ["exported", date(2024, 5, 31)], HEAD, ROWS[0], [], *ROWS[1:]]
    articles, (notice,) = read_all(book(tmp_path / "a.xlsx", Sheet1=rows))
    assert [article.id for article in articles] == ["1", "2", "3"]
    assert notice.skipped is False


def test_every_sheet_with_articles_is_read(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx",
        May=[HEAD[1:], ROWS[0][1:]],
        Notes=[["a", "b"], ["c", 1]],
        Empty=[],
        June=[HEAD[1:], ROWS[1][1:]],
    )
    articles, (notice,) = read_all(path)
    assert [(article.id, article.title) for article in articles] == [
        ("a.xlsx:2", "Ferry burns"),
        ("a.xlsx:4", "Voss wins"),
    ]
    assert notice.problem == "no table of articles is visible in its sheet 'Notes'"


def test_a_hidden_sheet_is_left_out(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", May=[HEAD, *ROWS], Old=[HEAD, *ROWS])
    made = openpyxl.load_workbook(path)
    made["Old"].sheet_state = "hidden"
    made.save(path)
    articles, (notice,) = read_all(path)
    assert len(articles) == 3
    assert "'Old'" in notice.problem


def test_a_sheet_without_a_header_is_read_with_the_option_of_the_message(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Sheet1=[["b1", *row[1:4]] for row in ROWS])
    articles, (notice,) = read_all(path)
    assert articles == []
    assert "the first is 'b1 | Ferry burns | " in notice.problem
    columns = notice.action.partition("--columns ")[2].split()[0].split(",")
    found = list(dedup.read_articles(path, columns=columns, notices=[]))
    assert [(article.title, str(article.published)[:10]) for article in found] == [
        (row[1], f"2024-05-0{place}") for place, row in enumerate(ROWS, 1)
    ]


def test_values_of_failed_formulas_are_none(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD, [1, "#N/A", BODY, "#REF!", "Echo"]])
    (article,) = read_quietly(path)
    assert (article.title, article.published, article.source) == ("", None, "Echo")


def test_a_formula_gives_its_value(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD])
    row = f'<row>{cells("title", "text")}</row><row><c t="str"><f>A9</f><v>From a formula</v></c>{cells(BODY)}</row>'
    (article,) = read_quietly(packed(path, in_sheet(row)))
    assert article.title == "From a formula"


def test_wrong_dimensions_do_not_matter(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD, *ROWS])
    packed(path, lambda _, content: content.replace(b'<dimension ref="A1:E4"', b'<dimension ref="A1:A1"'))
    assert len(read_quietly(path)) == 3


def test_what_is_no_spreadsheet_is_told(tmp_path: Path) -> None:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for content in (b"", b"text", b"PK\x03\x04 and no more", empty.getvalue()):
        articles, notices = read_all(write(tmp_path / "a.xlsx", content))
        assert articles == []
        assert notices[0].skipped
    (notice,) = read_all(write(tmp_path / "b.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600)))[1]
    assert "old version, or has a password" in notice.problem


def test_a_damaged_spreadsheet_keeps_what_was_read(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx", Sheet1=[HEAD, *([number, "t", f"{BODY} {number}", None, None] for number in range(500))]
    )
    packed(path, lambda name, content: content[: len(content) // 2] if name == "xl/worksheets/sheet1.xml" else content)
    articles, notices = read_all(path)
    assert 100 < len(articles) < 400
    assert notices[-1].action == "the rest is skipped"


def test_without_openpyxl_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD, *ROWS])
    real = builtins.__import__

    def missing(name: str, *others: Any, **named: Any) -> Any:
        if name == "openpyxl":
            raise ImportError(name)
        return real(name, *others, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    (notice,) = read_all(path)[1]
    assert "story-dedup[xlsx]" in notice.problem


# Hostile ones


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(
        book(tmp_path / "a.xlsx", Sheet1=[HEAD]), lambda _, content: content, **{"xl/more.xml": bytes(10_000_000)}
    )
    monkeypatch.setattr(spreadsheet, "LARGEST_DOCUMENT", 1 << 20)
    (notice,) = read_all(path)[1]
    assert notice.problem == "it unpacks to more than 200 times its size"


def test_too_many_texts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shared(tmp_path / "a.xlsx", "title", "text", "Ferry burns", BODY)
    assert [article.title for article in read_quietly(path)] == ["Ferry burns"]
    monkeypatch.setattr(spreadsheet, "LARGEST_DOCUMENT", 100)
    (notice,) = read_all(path)[1]
    assert "too many to hold" in notice.problem


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD, *ROWS])
    monkeypatch.setattr(spreadsheet, "_MOST_MEMBERS", 3)
    assert read_all(path)[1][0].problem == "it has more than 3 files inside"


def test_entities_are_refused(tmp_path: Path) -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>'
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD, *ROWS])
    packed(path, lambda name, content: laughs + content if "sheet1" in name else content)
    (notice,) = read_all(path)[1]
    assert "declares entities" in notice.problem


def test_a_row_of_any_number_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "_MOST_ROWS", 1000)
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD])
    rows = (1, cells("title", "text")), (2, cells("t", BODY)), (999_999_999_999, cells("u"))
    far = "".join(f'<row r="{number}">{row}</row>' for number, row in rows)
    assert [article.title for article in read_quietly(packed(path, in_sheet(far)))] == ["t"]


def test_a_cell_in_the_last_column(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD])
    wide = f'<row r="1">{cells("title", "text")}<c r="XFD1"><v>1</v></c></row><row r="2">{cells("t", BODY)}</row>'
    assert [article.title for article in read_quietly(packed(path, in_sheet(wide)))] == ["t"]


def test_a_cell_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "LARGEST_RECORD", 200)
    path = book(tmp_path / "a.xlsx", Sheet1=[HEAD, ROWS[0], [2, "t", "x" * 201], ROWS[2]])
    articles, (notice,) = read_all(path)
    assert [article.id for article in articles] == ["1", "3"]
    assert notice.where == f"{path}:3"
