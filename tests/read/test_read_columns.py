"""Parquet, Arrow and Feather: every row arrives, whatever stands in other rows and columns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet
from reading import BODY, read_all, read_quietly, write

from dedup.article import Notice


def write_file(table: pa.Table, path: Path) -> None:
    with ipc.new_file(str(path), table.schema) as out:
        out.write_table(table, max_chunksize=7)


def write_stream(table: pa.Table, path: Path) -> None:
    with ipc.new_stream(str(path), table.schema) as out:
        out.write_table(table, max_chunksize=7)


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "a.parquet": lambda table, path: parquet.write_table(table, path, row_group_size=50),
    "b.parquet": lambda table, path: parquet.write_table(table, path, compression="zstd", use_dictionary=False),
    "a.arrow": write_file,
    "b.arrow": write_stream,
    "a.feather": lambda table, path: feather.write_feather(table, path, compression="lz4"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_row_is_an_article(tmp_path: Path, name: str) -> None:
    rows = [
        {
            "guid": number,
            "headline": f"Harbour {number}",
            "body": f"{BODY} {number}",
            "published": datetime(2024, 1, 1, 12, tzinfo=UTC),
            "source": {"id": None, "name": "The Echo"},
            "tags": ["port", None],
        }
        for number in range(200)
    ]
    path = tmp_path / name
    WRITERS[name](pa.Table.from_pylist(rows), path)
    articles = read_quietly(path)
    assert [(article.id, article.text) for article in articles] == [(str(row["guid"]), row["body"]) for row in rows]
    assert (articles[7].source, articles[7].published) == ("The Echo", datetime(2024, 1, 1, 12, tzinfo=UTC))
    assert articles[7].where == f"{path}:8"


@pytest.mark.parametrize("name", WRITERS)
def test_gaps_nested_columns_and_odd_types_disturb_nothing(tmp_path: Path, name: str) -> None:
    table = pa.table(
        {
            "text": pa.array([BODY, None, BODY], pa.large_string()),
            "title": pa.array(["One", "Two", None]).dictionary_encode(),
            "date": pa.array([date(2024, 1, 1), None, date(2024, 1, 3)]),
            "deep": pa.array([{"a": [{"b": {"c": 1}}]}, None, {"a": []}]),
            "price": pa.array([Decimal("1.20"), None, Decimal("3.40")]),
            "blob": pa.array([b"\xff\0", b"", None]),
            "none": pa.nulls(3),
        }
    )
    WRITERS[name](table, tmp_path / name)
    articles = read_quietly(tmp_path / name)
    assert [(article.title, article.text) for article in articles] == [("One", BODY), ("Two", ""), ("", BODY)]
    assert [article.published for article in articles] == [date(2024, 1, 1), None, date(2024, 1, 3)]


def test_texts_whose_writer_did_not_say_they_are_texts(tmp_path: Path) -> None:
    table = pa.table({"text": pa.array([BODY.encode(), "Порт".encode(), b"damaged \xff"], pa.binary())})
    parquet.write_table(table, tmp_path / "a.parquet")
    articles, (notice,) = read_all(tmp_path)
    assert [article.text for article in articles] == [BODY, "Порт", "damaged \ufffd"]
    assert notice.where.endswith("a.parquet:3")


def test_what_is_no_utf8_spoils_only_its_own_row(tmp_path: Path) -> None:
    damaged = pa.Array.from_buffers(pa.string(), 3, pa.array([b"good", b"b\xffd", b"fine"]).buffers())
    nested = pa.ListArray.from_arrays([0, 1, 2, 3], damaged)
    parquet.write_table(pa.table({"text": damaged, "source": nested, "tags": nested}), tmp_path / "a.parquet")
    articles, notices = read_all(tmp_path)
    assert [article.text for article in articles] == ["good", "b\ufffdd", "fine"]
    assert "nothing is read from 'tags'" in notices.pop().problem
    assert {notice.where.rpartition(":")[2] for notice in notices} == {"2"}
    assert [notice.skipped for notice in notices] == [False, False]


def test_times_beyond_those_that_python_knows(tmp_path: Path) -> None:
    table = pa.table({"text": ["one", "two"], "date": pa.array([2**62, 1_700_000_000_000_000], pa.timestamp("us"))})
    parquet.write_table(table, tmp_path / "a.parquet")
    articles, (notice, *_) = read_all(tmp_path)
    assert [article.text for article in articles] == ["one", "two"]
    assert articles[1].published == datetime(2023, 11, 14, 22, 13, 20)  # noqa: DTZ001 - the file names no zone
    assert "a.parquet:1" in notice.where


def test_columns_of_unusual_names(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"story": ["x"], "kicker": [BODY]}), tmp_path / "a.parquet")
    articles, (notice,) = read_all(tmp_path)
    assert (articles, notice.problem) == ([], "no column is the text; its columns are 'story', 'kicker'")
    (article,) = read_quietly(tmp_path, fields={"text": "kicker"})
    assert article.text == BODY


def test_a_cell_beyond_all_measure(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"title": ["a", "b"], "text": ["x" * (1 << 24) + "y", BODY]}), tmp_path / "a.parquet")
    articles, (notice, *_) = read_all(tmp_path)
    assert [article.text for article in articles] == ["", BODY]
    assert notice.problem == "its 'text' has more than 16,777,216 characters, too many for an article"


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _none(data: bytes) -> bytes:
    return data[:0]


def _beginning(data: bytes) -> bytes:
    return data[:8]


def _blank(data: bytes) -> bytes:
    return bytes(len(data))


def _scrambled(data: bytes) -> bytes:
    return data[:100] + bytes(byte ^ 0x5A for byte in data[100:-200]) + data[-200:]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("damage", [_cut, _scrambled, _none, _beginning, _blank])
def test_damaged_files_are_told_and_the_others_arrive(
    tmp_path: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    WRITERS[name](pa.table({"text": [f"{BODY} {number}" for number in range(300)]}), tmp_path / name)
    data = damage((tmp_path / name).read_bytes())
    (tmp_path / name).write_bytes(data)
    write(tmp_path / "z.txt", BODY)
    articles, notices = read_all(tmp_path)
    assert articles[-1].id == "z.txt"
    assert all(article.text.startswith(BODY) for article in articles) or name != "a.parquet"
    assert any(notice.skipped for notice in notices) or len(articles) == 301


@pytest.mark.parametrize(
    "data", [b"PAR1" + b"x" * 200 + b"PAR1", b"ARROW1\0\0" + b"x" * 99, b"FEA1" + b"x" * 99, b"text"]
)
def test_what_only_has_the_name(tmp_path: Path, data: bytes) -> None:
    for ending in (".parquet", ".arrow", ".feather"):
        (notice,) = read_all(write(tmp_path / f"a{ending}", data))[1]
        assert notice.problem.startswith("it cannot be read (")
        assert notice.skipped


def test_a_packed_file_of_columns(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"text": [BODY]}), tmp_path / "plain")
    write(tmp_path / "a.parquet.gz", (tmp_path / "plain").read_bytes())
    assert [article.text for article in read_quietly(tmp_path / "a.parquet.gz")] == [BODY]


def test_a_parquet_file_under_another_name_is_told(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"text": [BODY]}), tmp_path / "a.json")
    assert [notice.problem for notice in read_all(tmp_path)[1]] == ["it is a Parquet file, no text"]


def test_without_pyarrow_the_command_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.parquet", b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    problem = "reading Parquet and Arrow needs the package pyarrow: pip install 'story-dedup[parquet]'"
    assert read_all(tmp_path)[1] == [Notice(str(tmp_path / "a.parquet"), problem, "skipped", skipped=True)]


def test_rows_are_given_as_they_are_read(tmp_path: Path) -> None:
    """A file of any length takes the memory of some rows."""
    from dedup.read import columns
    from dedup.read.source import Source

    parquet.write_table(pa.table({"text": [BODY] * 1000}), tmp_path / "a.parquet", row_group_size=100)
    rows: Any = columns.read(Source.of_file(tmp_path / "a.parquet", "a"), {})
    assert next(rows).number == 1
    rows.close()
