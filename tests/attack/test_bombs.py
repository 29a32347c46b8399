"""Small files with large content: memory is bounded, and skipped content is reported."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dedup
from dedup import read
from dedup.article import Article, Notice
from dedup.read import columns, feed, read_articles

MB = 1 << 20
_MEASURED = """
import json, resource, sys
from dedup.read import read_articles
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
notices = []
articles = sum(1 for _ in read_articles([sys.argv[1]], notices=notices))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([articles, (after - before) / 1024, [str(notice) for notice in notices]]))
"""
UNPACKED = 80 * MB
LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 12))


def measured(path: Path) -> tuple[int, float, list[str]]:
    """Return the articles, the peak memory in MB and the notices."""
    done = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], capture_output=True, text=True, check=True)
    articles, memory, told = json.loads(done.stdout)
    return articles, memory, told


def pieces() -> Iterator[bytes]:
    yield from (b"a" * MB for _ in range(UNPACKED // MB))


def packed(kind: str) -> bytes:
    """Return compressed repetitions of one letter."""
    if kind == "gz":
        held = io.BytesIO()
        with gzip.GzipFile(fileobj=held, mode="wb", compresslevel=9, mtime=0) as out:
            for piece in pieces():
                out.write(piece)
        return held.getvalue()
    packers: dict[str, Callable[[], Any]] = {
        "bz2": lambda: bz2.BZ2Compressor(9),
        "xz": lambda: lzma.LZMACompressor(preset=0),
    }
    if kind == "zst":
        zstandard = pytest.importorskip("zstandard")
        packers["zst"] = lambda: zstandard.ZstdCompressor(level=3).compressobj()
    packer = packers[kind]()
    return b"".join([*(packer.compress(piece) for piece in pieces()), packer.flush()])


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_a_decompression_bomb_is_not_held_in_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.jsonl.{kind}"
    path.write_bytes(packed(kind))
    assert path.stat().st_size < UNPACKED / 200
    articles, memory, told = measured(path)
    assert articles == 0
    assert memory < 200
    assert any("it unpacks to more than 200 times its size" in notice for notice in told), told


@pytest.mark.parametrize(
    ("name", "content", "most"),
    [
        ("a.json", b"[" + b" " * (20 * MB) + b"]", 150),
        ("a.json", b"[" * (4 * MB), 150),
        ("a.json", b'{"a":' * (2 * MB), 250),
        ("a.jsonl", b'{"text":"' + b"a" * (20 * MB) + b'"}', 200),
        ("a.xml", b"<rss><channel><item>" + b"<b/>" * (MB), 200),
        ("a.xml", b"<any>" + b"<b/>" * (MB), 150),
        ("a.xml", b"<rss>" + b"<b/>" * (MB), 200),
        ("a.xml", b"<doc><main>" + b"<p/>" * (MB), 200),
        ("a.mbox", b"From a\n\n" + b"a" * (20 * MB), 150),
        ("a.warc", b"WARC/1.0\r\nX: " + b"a" * (20 * MB), 250),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else None,
)
def test_an_endless_article_is_not_held_in_memory(tmp_path: Path, name: str, content: bytes, most: int) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    articles, memory, told = measured(path)
    assert articles == 0
    assert told
    assert memory < most


def read_all(path: Path) -> tuple[list[Article], list[Notice]]:
    notices: list[Notice] = []
    return list(read_articles([path], notices=notices)), notices


def test_entities_do_not_multiply(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    item = "<item><title>T &l11;</title><description>d</description></item>"
    path.write_text(
        f'<!DOCTYPE rss [<!ENTITY l0 "lol">{LAUGHS}]><rss><channel>{item}</channel></rss>', encoding="utf-8"
    )
    articles, _ = read_all(path)
    assert all(len(article.title) < 100 for article in articles)


def test_no_entity_reaches_another_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of this machine", encoding="utf-8")
    for declared in (f'<!ENTITY x SYSTEM "{secret.as_uri()}">', f'<!ENTITY % x SYSTEM "{secret.as_uri()}"> %x;'):
        path = tmp_path / "a.xml"
        item = "<item><title>T &x;</title><description>d &x;</description></item>"
        path.write_text(f"<!DOCTYPE rss [{declared}]><rss><channel>{item}</channel></rss>", encoding="utf-8")
        articles, notices = read_all(path)
        assert "secret of" not in repr((articles, notices))


def test_notices_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A two-byte line that is not JSON has a notice of about a hundred bytes; beyond a limit they are counted."""
    monkeypatch.setattr(read, "MOST_NOTICES", 10)
    path = tmp_path / "a.jsonl"
    path.write_text("{\n" * 25 + '{"text": "whole"}\n', encoding="utf-8")
    articles, notices = read_all(path)
    assert len(articles) == 1
    assert len(notices) == 11
    assert notices[-1].problem == "15 more like these, of 25 in all"
    assert notices[-1].skipped
    assert sum(notice.count for notice in notices) == 25


def test_rows_without_size_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(columns, "_ALLOWANCE", 1 << 16)
    count = 1_000_000
    path = tmp_path / "a.parquet"
    text = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int8()), pa.array(["one text for all"]))
    parquet.write_table(pa.table({"text": text}), path)
    assert path.stat().st_size * 200 < count * 80
    articles, (notice,) = read_all(path)
    assert 0 < len(articles) < count
    assert notice.problem == f"behind row {len(articles):,} it unpacks to more than 200 times its size"


def test_offsets_outside_of_the_file_are_refused(tmp_path: Path) -> None:
    """Memory outside of the file must not become an article."""
    pa = pytest.importorskip("pyarrow")
    ipc = pytest.importorskip("pyarrow.ipc")
    held = io.BytesIO()
    table = pa.table({"text": ["a mill burns", "two crews fought it"]})
    with ipc.new_stream(held, table.schema) as writer:
        writer.write_table(table)
    content = held.getvalue()
    offsets = b"".join(place.to_bytes(4, "little") for place in (0, 12, 31))
    assert content.count(offsets) == 1
    path = tmp_path / "a.arrow"
    path.write_bytes(content.replace(offsets, b"".join(place.to_bytes(4, "little") for place in (0, 12, 1 << 20))))
    articles, notices = read_all(path)
    assert articles == []
    assert any("it cannot be read" in notice.problem for notice in notices), notices


def test_an_item_of_many_elements_is_reported_and_those_before_it_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_MOST_ELEMENTS", 50)
    item = "<item><title>A mill burns</title><description>Two crews</description></item>"
    path = tmp_path / "a.xml"
    path.write_text(f"<rss><channel>{item * 30}<item>{'<b/>' * 60}</item>{item}</channel></rss>", encoding="utf-8")
    articles, notices = read_all(path)
    assert len(articles) == 30
    assert any("an item with more than 50 elements" in notice.problem for notice in notices)


def test_an_endless_title_is_cut_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [{"title": "a " * 5_000, "text": "A mill burns."}, {"title": "a " * 5_000}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (one, other), notices = read_all(path)
    assert len(one.title) == 4_095
    assert len(other.title) == 9_999, "it is all there is to read"
    assert notices[0].problem == "its title has 9,999 characters"
    assert notices[0].action == "cut to 4,096"


def test_titles_of_articles_made_in_a_program_are_cut_too() -> None:
    """Time would grow with the product of titles and texts: 12 of 48,000 words took 19 s."""
    long, passage = (
        " ".join(f"word{number}" for number in range(200_000)),
        " ".join(f"p{number}" for number in range(30)),
    )
    made = [dedup.Article(id=str(place), title=f"{place} {long}", text=f"{passage} {place}") for place in range(4)]
    began = time.process_time()
    clustering = dedup.cluster([*made, dedup.Article(id="alone", title=long, text="")])
    assert time.process_time() - began < 30
    assert {len(article.title) for article in clustering.articles[:4]} <= {4_095, 4_096}
    assert clustering.articles[4].title == long, "it is all there is to read"
    cut = [notice for notice in clustering.notices if notice.action == "cut to 4,096"]
    assert len(cut) == 4
    assert cut[0].problem == f"its title has {len(long) + 2:,} characters"


def test_items_inside_a_broken_one_are_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an unclosed item all later ones are nested; they are read without holding them."""
    monkeypatch.setattr(feed, "_MOST_ELEMENTS", 120)
    item = "<item><title>A mill burns</title><description>Two crews</description></item>"
    path = tmp_path / "a.xml"
    path.write_text(f"<rss><channel><item><title>Open</title>{item * 100}</channel></rss>", encoding="utf-8")
    articles, notices = read_all(path)
    assert len(articles) >= 100
    assert not any("more than" in notice.problem for notice in notices)
