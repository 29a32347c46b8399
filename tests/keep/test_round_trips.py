"""Whatever the records look like, what is kept of them is what they were, and what was added behind it."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup.article import Article, Notice
from dedup.formats.atomic import atomic_file
from dedup.keep import ADDED, LINES, LIST, ROWS, Spool, check_shape, shape_of, write_folder, write_stream
from dedup.keep.objects import add_fields, join_lines
from dedup.keep.rows import cell_value, close_quotes, row_values, split_cells
from dedup.read import read_articles
from dedup.read.source import Table

pa = pytest.importorskip("pyarrow")
from pyarrow import ipc, parquet  # noqa: E402 - only where there is pyarrow

some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def added_for(articles: Sequence[Article]) -> list[dict[str, Any]]:
    """Made-up values of what is added, every kind of value among them."""
    values = ("s1", None, True, 3, 1, 0.5)
    return [dict(zip(ADDED, (article.id, *values, article.path, "l1"), strict=True)) for article in articles]


def kept_of(path: Path, shape: str | None = None) -> bytes:
    """What `--keep all` writes of a file."""
    spool, articles, _ = read_into_spool(path)
    out = io.BytesIO()
    with closing(spool):
        shape = shape or shape_of(spool.origins)
        check_shape(shape, spool.origins)
        write_stream(spool, shape, range(len(articles)), added_for(articles), out)
    return out.getvalue()


def test_markup_is_kept_as_it_was(tmp_path: Path) -> None:
    rows = [["title", "text"], ["Fire &amp; smoke", "<p>The ferry <b>burned</b>.</p>"]]
    path = tmp_path / "a.csv"
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    assert [article.text for article in read_articles(path, notices=[])] == ["The ferry burned."]
    assert [row[:2] for row in csv.reader(io.StringIO(kept_of(path).decode()))] == rows


Spooled = Callable[..., tuple[Spool, list[Article], list[Notice]]]


@pytest.fixture
def spooled() -> Iterator[Spooled]:
    """Puts by what is in some files, and forgets it at the end."""
    spools: list[Spool] = []

    def read(*paths: Path) -> tuple[Spool, list[Article], list[Notice]]:
        found = read_into_spool(*paths)
        spools.append(found[0])
        return found

    yield read
    for spool in spools:
        spool.close()


def read_into_spool(*paths: Path) -> tuple[Spool, list[Article], list[Notice]]:
    spool, notices = Spool(), list[Notice]()
    articles = list(spool.articles([str(path) for path in paths], fields={}, notices=notices, dayfirst=False))
    return spool, articles, notices


# JSON, as it is written

blanks = st.text(" \t", max_size=2)
names = st.text(st.characters(codec="utf-8"), max_size=6).map(json.dumps) | st.text(
    st.characters(codec="utf-8"), max_size=6
).map(lambda name: json.dumps(name, ensure_ascii=False))
numbers = st.sampled_from(["1.10", "1E+2", "-0", "1e400", "0.1000", "NaN", "-Infinity", "9" * 100, "1" * 4000, "-0.0"])
scalars = numbers | names | st.sampled_from(["true", "false", "null", '"\\u00e9"', '"\\ud800"', '"\\/"', '"a\u2028b"'])


def joined(parts: Sequence[str], around: str) -> str:
    return around[0] + ",".join(parts) + around[1]


values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(st.tuples(blanks, inner).map("".join), max_size=3).map(lambda parts: joined(parts, "[]"))
        | st.lists(st.tuples(blanks, names, blanks, st.just(":"), inner).map("".join), max_size=3).map(
            lambda parts: joined(parts, "{}")
        )
    ),
    max_leaves=6,
)
members = st.tuples(blanks, names, blanks, st.just(":"), blanks, values, blanks).map("".join)
objects = st.tuples(st.lists(members, max_size=4), st.lists(members, max_size=4)).map(
    lambda sides: joined([*sides[0], '"text" : "Fire."', *sides[1]], "{}")
)


def pairs(text: str) -> list[tuple[str, Any]]:
    """The members of an object, doubled names and all, with numbers as they are written."""
    parsed: list[tuple[str, Any]] = json.loads(
        text, object_pairs_hook=list, parse_float=str, parse_int=str, parse_constant=str
    )
    return parsed


def has_text(raw: str) -> bool:
    record = json.loads(raw)
    return isinstance(record.get("text"), str) and bool(record["text"].strip())


@some
@given(records=st.lists(objects.filter(has_text), min_size=1, max_size=4), end=st.sampled_from(["\n", "\r\n"]))
def test_json_lines(tmp_path: Path, records: list[str], end: str) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(end.join(records).encode("utf-8", "surrogatepass"))
    written = kept_of(path).decode().split("\n")
    assert written.pop() == ""
    assert len(written) == len(records)
    for raw, line in zip(records, written, strict=True):
        assert line.startswith(raw.rstrip()[:-1].rstrip())
        found = pairs(line)
        assert found[: -len(ADDED)] == pairs(raw)
        assert [name for name, _ in found[-len(ADDED) :]] == list(ADDED)


@some
@given(records=st.lists(objects.filter(has_text), min_size=2, max_size=4), around=st.booleans())
def test_lists(tmp_path: Path, records: list[str], around: bool) -> None:
    """A list, or one inside an object: its items come as a list."""
    path = tmp_path / "feed.json"
    items = "[\n" + ",\n  ".join(records) + "\n]"
    path.write_text(f'{{"total": 7, "articles": {items}, "more": []}}' if around else items, encoding="utf-8")
    found = json.loads(kept_of(path), object_pairs_hook=list, parse_float=str, parse_int=str, parse_constant=str)
    assert [item[: -len(ADDED)] for item in found] == [pairs(raw) for raw in records]
    lines = kept_of(path, LINES).decode().split("\n")[:-1]
    assert [pairs(line)[: -len(ADDED)] for line in lines] == [pairs(raw) for raw in records]


@some
@given(raw=objects)
def test_fields_of_a_run_before_are_replaced(raw: str) -> None:
    """Twice is as once, and nothing else goes."""
    first = add_fields(raw, {"dedup_id": "a", "dedup_story": "s"}, ADDED)
    again = add_fields(first, {"dedup_id": "b"}, ADDED)
    assert pairs(again) == [*pairs(raw), ("dedup_id", "b")]
    assert add_fields(again, {"dedup_id": "b"}, ADDED) == again


def test_fields_of_a_run_before_may_stand_anywhere() -> None:
    text = '{"dedup_id": 1, "a": 1.0,  "dedup_story" : {"x": [2]} , "b":2}'
    assert add_fields(text, {"dedup_id": "n"}, ADDED) == '{"a": 1.0 , "b":2, "dedup_id": "n"}'
    assert add_fields('{"dedup_id": 1}', {"dedup_id": "n"}, ADDED) == '{"dedup_id": "n"}'
    inside = '{"a": {"dedup_id": 1}, "b": "\\"dedup_id\\""}'
    assert add_fields(inside, {}, ADDED).startswith('{"a": {"dedup_id": 1}, "b": "\\"dedup_id\\""')


def test_an_object_of_many_lines_fits_on_one() -> None:
    assert join_lines('{\r\n  "a": 1,\n  "b": "x\\ny"\n}\n') == '{   "a": 1,   "b": "x\\ny" }'


def test_bytes_that_are_no_utf8_come_back(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    raw = b'{"text": "caf\xe9 ' + "ça va".encode() * 9 + b'"}'
    path.write_bytes(raw + b"\n")
    assert kept_of(path).startswith(raw[:-1])


def test_undecodable_marks_and_other_encodings_become_utf8(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes('{"text": "Ärger in Köln"}\n'.encode("utf-16"))
    assert kept_of(path).decode().startswith('{"text": "Ärger in Köln", "dedup_id"')


# Tables

pieces = st.sampled_from(['"', ",", ";", "\t", "\n", "\r\n", "a", "é", " ", "'", "=", "0", "1.10"])
cells = st.lists(pieces, max_size=8).map("".join)


@some
@given(
    rows=st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=5),
    delimiter=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_tables(tmp_path: Path, rows: list[list[str]], delimiter: str, quoting: int, end: str, last: bool) -> None:
    """Rows with too few cells, too many, line ends and quotation marks in them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    head = ["text", "a", "b"]
    whole = [[f"Fire {number}.", *row] for number, row in enumerate(rows)]
    writer.writerows([head, *whole])
    text = out.getvalue() if last else out.getvalue().removesuffix(end)
    path = tmp_path / "feed.csv"
    path.write_bytes(text.encode())
    written = kept_of(path).decode()
    read = list(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter))
    assert read[0] == [*head, *ADDED]
    for row, found in zip(whole, read[1:], strict=True):
        named, beyond = (row + [""] * 3)[:3], row[3:]
        assert found[:3] == named
        assert found[3 + len(ADDED) :] == beyond
        assert found[3:10] == [found[3], "s1", "", "true", "3", "1", "0.5"]
    assert kept_of_again(tmp_path, written) == written


def kept_of_again(folder: Path, written: str) -> str:
    """The same once more: the columns of the run before are replaced."""
    path = folder / "again" / "feed.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(written.encode())
    return kept_of(path).decode().replace(str(path), str(folder / "feed.csv"))


@some
@given(cells=st.lists(cells, min_size=1, max_size=6), delimiter=st.sampled_from([",", ";", "\t"]))
def test_cells_are_found_as_csv_finds_them(cells: list[str], delimiter: str) -> None:
    row = delimiter.join(cells).replace("\r", "").replace("\n", "")
    raw, whole = split_cells(row, delimiter)
    assert delimiter.join(raw) == row
    if row and whole:
        assert [cell_value(cell) for cell in raw] == next(csv.reader([row], delimiter=delimiter))


@pytest.mark.parametrize(
    ("raw", "values", "becomes"),
    [
        ('1,"Fire, then rain\n', {"id": "1", "text": "Fire, then rain\n"}, '1,"Fire, then rain\n"'),
        ('1,"Fire\n', {"id": "1", "text": "Fire"}, "1,Fire\n"),
        ('"1,Fire\n', {"id": "1", "text": "Fire"}, "1,Fire\n"),
        ('1,5" rain\n', {"id": "1", "text": '5" rain'}, '1,5" rain\n'),
        ('1,"a ""b"" c"\n', {"id": "1", "text": 'a "b" c'}, '1,"a ""b"" c"\n'),
    ],
)
def test_a_quotation_mark_that_is_never_closed_is_mended(raw: str, values: Mapping[str, str], becomes: str) -> None:
    table = Table("id,text\n", ",")
    assert close_quotes(raw, table, values) == becomes
    assert row_values(becomes, table) == values


def test_unclosed_quotation_marks_swallow_no_other_row(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text('id,text\n1,"Fire at sea\n2,Rain\n3,Snow\n4,"and no end, ever\n', encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(kept_of(path).decode())))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["text"] == "Fire at sea"
    assert [row["dedup_story"] for row in rows] == ["s1"] * 4


def test_columns_of_one_name_both_come_back(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("text,note,note\nFire.,a,b\n", encoding="utf-8")
    assert kept_of(path).decode().splitlines()[1].startswith("Fire.,a,b,feed.csv:2,s1,")


# Parquet and Arrow

FRAME = {
    "text": ["Fire.", "Rain.", "Snow."],
    "when": pa.array([1, None, 3], pa.timestamp("ns", "Europe/Paris")),
    "money": pa.array([1, 2, None], pa.decimal128(30, 2)),
    "nested": [{"a": [1, None]}, None, {"a": []}],
    "big": pa.array([2**63, 0, 1], pa.uint64()),
    "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
    "blob": [b"\xff", b"", None],
    "dedup_story": ["old", "old", "old"],
}


@pytest.mark.parametrize("name", ["feed.parquet", "feed.arrow", "feed.parquet.gz"])
def test_columns(tmp_path: Path, name: str) -> None:
    table = pa.table(FRAME).replace_schema_metadata({"made": "by us"})
    path = tmp_path / name
    with atomic_file(path) as out:
        if ".parquet" in name:
            parquet.write_table(table, out, row_group_size=2)
        else:
            with ipc.new_file(out, table.schema) as writer:
                writer.write_table(table)
    written = io.BytesIO(kept_of(path))
    found = parquet.read_table(written) if ".parquet" in name else ipc.open_file(written).read_all()
    before = table.drop_columns(["dedup_story"])
    assert found.select(before.schema.names).equals(before)
    assert found.select(before.schema.names).schema.equals(before.schema)
    assert found.schema.metadata[b"made"] == b"by us"
    assert found.schema.names == [*before.schema.names, *ADDED]
    assert found["dedup_story"].to_pylist() == ["s1"] * 3
    assert found["dedup_copy_group"].to_pylist() == [None] * 3
    lines = [json.loads(line) for line in kept_of(path, LINES).decode().splitlines()]
    assert [line["big"] for line in lines] == [2**63, 0, 1]
    assert lines[0]["nested"] == {"a": [1, None]}


def test_a_column_of_a_type_without_a_class_is_left_out_and_told(tmp_path: Path) -> None:
    """An interval of months, which pyarrow can read and not make: from a case of the fuzzer."""
    case = Path(__file__).parents[1] / "fuzz" / "cases" / "columns" / "a-type-without-a-class"
    path = tmp_path / "feed.arrow"
    path.write_bytes(b"\xff\xff\xff\xff" + case.read_bytes().partition(b"\xff\xff\xff\xff")[2])
    notices: list[Notice] = []
    assert [article.text for article in read_articles([path], notices=notices)] == ["A fire", "B"]
    assert [notice.problem for notice in notices[:2]] == ["its 'date' cannot be read (it is a month_interval)"] * 2
    kept = ipc.open_file(io.BytesIO(kept_of(path))).read_all()
    assert kept.schema.names == ["id", "text", *ADDED]
    assert kept["text"].to_pylist() == ["A fire", "B"]


# Files, packings, several at once

PACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}


@pytest.mark.parametrize("packing", ["", ".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("name", ["feed.jsonl", "feed.json", "feed.csv", "feed.tsv"])
def test_a_folder_has_each_file_as_it_came(spooled: Spooled, tmp_path: Path, name: str, packing: str) -> None:
    content = {
        "feed.jsonl": '{"text": "Fire.", "n": 1.10}\n{"text": "Rain."}\n',
        "feed.json": '[{"text": "Fire.", "n": 1.10}, {"text": "Rain."}]',
        "feed.csv": "text,n\nFire.,1.10\nRain.,\n",
        "feed.tsv": "text\tn\nFire.\t1.10\nRain.\t\n",
    }[name]
    path = tmp_path / "in" / "deep" / f"{name}{packing}"
    path.parent.mkdir(parents=True)
    with atomic_file(path) as out:
        out.write(content.encode())
    spool, articles, notices = spooled(tmp_path / "in")
    assert not [notice for notice in notices if "nothing is read from" not in notice.problem]
    write_folder(spool, [1], added_for(articles), tmp_path / "out")
    written = (tmp_path / "out" / "deep" / f"{name}{packing}").read_bytes()
    if packing == ".zst":
        written = pytest.importorskip("zstandard").ZstdDecompressor().decompressobj().decompress(written)
    elif packing:
        written = PACKED[packing](written)
    assert b"Rain." in written
    assert b"Fire." not in written
    assert b"dedup_story" in written
    plain = tmp_path / name
    plain.write_bytes(written)
    assert [article.text for article in spooled(plain)[1]] == ["Rain."]


def test_articles_that_are_files_are_copied(spooled: Spooled, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "one.txt").write_bytes(b"\xef\xbb\xbfFire broke out\r\n\0\r\n")
    (folder / "two.md").write_text("---\ntitle: Rain\n---\nIt rained.\n", encoding="utf-8")
    (folder / "three.json").write_text('{\n "text": "Snow",\n "n": 1.10\n}\n', encoding="utf-8")
    spool, articles, _ = spooled(folder)
    assert write_folder(spool, range(len(articles)), added_for(articles), tmp_path / "out") == 2
    for name in ("a/one.txt", "two.md"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()
    snow = (tmp_path / "out" / "three.json").read_text(encoding="utf-8")
    assert snow.startswith('{\n "text": "Snow",\n "n": 1.10, "dedup_id": ')
    told = (tmp_path / "out" / ".dedup.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["file"] for line in told] == ["a/one.txt", "two.md"]


def test_files_of_one_name_do_not_meet(spooled: Spooled, tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder / "news").mkdir(parents=True)
        (tmp_path / folder / "news" / "f.jsonl").write_text(f'{{"text": "{folder}"}}\n', encoding="utf-8")
    path = tmp_path / "x" / "news" / "f.jsonl"
    spool, articles, _ = spooled(tmp_path / "x" / "news", tmp_path / "y" / "news", path, path)
    write_folder(spool, range(len(articles)), added_for(articles), tmp_path / "out")
    written = [file.read_text(encoding="utf-8") for file in (tmp_path / "out").rglob("*.jsonl")]
    assert len(written) == 4
    assert sum('"text": "x"' in text for text in written) == 3


def test_several_forms_become_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,n\nFire.,1.10\n", encoding="utf-8")
    (tmp_path / "b.json").write_text('[{"text": "Rain.", "n": 1.10}]', encoding="utf-8")
    (tmp_path / "c.txt").write_text("Snow fell.\n", encoding="utf-8")
    (tmp_path / "d.jsonl").write_text('{"text": "Hail.", "n": 1.10}\n', encoding="utf-8")
    lines = kept_of(tmp_path).decode().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["Fire.", "Rain.", "Snow fell.\n", "Hail."]
    assert json.loads(lines[0])["n"] == "1.10"
    assert '"n": 1.10, "dedup_id": "b.json:1"' in lines[1]
    assert json.loads(lines[2])["dedup_path"] == str(tmp_path / "c.txt")
    with pytest.raises(ValueError, match="did not come as a table with the same columns"):
        kept_of(tmp_path, ROWS)
    assert len(json.loads(kept_of(tmp_path, LIST))) == 4


def test_tables_with_the_same_columns_are_one(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"id,text\r\n{name},Fire.\r\n", encoding="utf-8", newline="")
    rows = list(csv.DictReader(io.StringIO(kept_of(tmp_path).decode(), newline="")))
    assert [row["id"] for row in rows] == ["a", "b"]


def test_the_input_may_be_gone_when_it_is_written(spooled: Spooled, tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text('{"text": "Fire."}\n', encoding="utf-8")
    spool, articles, _ = spooled(path)
    path.unlink()
    out = io.BytesIO()
    write_stream(spool, LINES, range(len(articles)), added_for(articles), out)
    assert out.getvalue().startswith(b'{"text": "Fire.", "dedup_id"')


def test_rows_that_could_not_be_read_are_kept_as_far_as_they_could(tmp_path: Path, spooled: Spooled) -> None:
    """Bytes that are no UTF-8 spoil only their own value, when the rows are read once more too."""
    text = pa.array(["Fire on the ferry.", "Rain."], pa.string())
    note = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.array([0, 2, 3], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfex")]
    )
    days = pa.array([10**12, 0], pa.timestamp("s"))  # a year that Python does not know
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": text, "note": note, "day": days}), path)
    spool, articles, notices = spooled(path)
    assert [article.text for article in articles] == ["Fire on the ferry.", "Rain."]
    assert any("'day'" in notice.problem for notice in notices)
    out = io.BytesIO()
    write_stream(spool, LINES, range(2), added_for(articles), out)
    first, second = map(json.loads, out.getvalue().decode("utf-8", "surrogateescape").splitlines())
    assert (first["text"], first["day"], second["note"]) == ("Fire on the ferry.", None, "x")


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
@pytest.mark.parametrize("shape", [LINES, None])
def test_of_a_damaged_file_what_was_read_is_kept(
    tmp_path: Path, spooled: Spooled, name: str, shape: str | None
) -> None:
    """Rows that came before what is damaged: when they are read once more nothing behind them is."""
    whole = [{"text": f"Fire on ferry {number}, {'and so on ' * 30}{number * 7919}"} for number in range(256)]
    table, path = pa.Table.from_pylist(whole), tmp_path / name
    if name == "a.parquet":
        parquet.write_table(table, path, row_group_size=64, use_dictionary=False, compression="zstd")
        place = parquet.read_metadata(path).row_group(2).column(0).data_page_offset
    else:
        with ipc.new_file(str(path), table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as file:
            file.write_table(table, max_chunksize=64)
        place = path.stat().st_size * 6 // 10
    data = bytearray(path.read_bytes())
    data[place : place + 200] = bytes(200)
    path.write_bytes(data)
    spool, articles, notices = spooled(path)
    assert 0 < len(articles) < 256
    assert notices
    out = io.BytesIO()
    write_stream(spool, shape or path.suffix, range(len(articles)), added_for(articles), out)
    path.write_bytes(out.getvalue())
    assert out.getvalue()


def test_what_is_written_for_one_file_is_not_written_over_that_of_another(tmp_path: Path, spooled: Spooled) -> None:
    """Items of a feed are written as JSON lines, under a name that another file may have."""
    pytest.importorskip("lxml")
    folder = tmp_path / "in"
    folder.mkdir()
    items = "".join(f"<item><guid>{n}</guid><description>Feed {n} tells.</description></item>" for n in range(2))
    (folder / "feed.xml").write_text(f"<rss><channel>{items}</channel></rss>")
    (folder / "feed.xml.jsonl").write_text('{"id": "x", "text": "A line tells."}\n')
    spool, articles, _ = spooled(folder)
    write_folder(spool, range(3), added_for(articles), tmp_path / "out")
    written = [line for file in sorted((tmp_path / "out").iterdir()) for line in file.read_text().splitlines()]
    assert len(written) == 3


def test_a_feed_whose_name_speaks_of_arrows_is_a_feed(tmp_path: Path, spooled: Spooled) -> None:
    pytest.importorskip("lxml")
    path = tmp_path / "news.arrow.xml"
    path.write_text("<rss><channel><item><description>Feed tells.</description></item></channel></rss>")
    spool, articles, _ = spooled(path)
    assert [origin.form for origin in spool.origins] == ["values"]
    assert len(articles) == 1
