"""Zip and tar archives: what is in them is read as in a folder, and whatever they unpack to is bounded."""

from __future__ import annotations

import gzip
import io
import json
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from reading import BODY, json_lines, read_all, read_quietly, write

from dedup.archive import read_archive
from dedup.read import container, read_articles

PAGE = (
    f"<html><head><title>Harbour reopens – The Echo</title></head><body><h1>Harbour reopens</h1>{f'<p>{BODY}</p>' * 5}"
)
FILES = {
    "feed/a.jsonl": json_lines([{"title": "One", "text": BODY}, {"title": "Two", "text": BODY}]).encode(),
    "b.txt": BODY.encode(),
    "c.csv.gz": gzip.compress(f"id,text\nx1,{BODY}\n".encode(), mtime=0),
    "d.html": PAGE.encode(),
    "e.mbox": f"From a b\nSubject: A mail\n\n{BODY}\n".encode(),
    "Mail/cur/1700000000.M1.host:2,S": f"Subject: Another mail\n\n{BODY}\n".encode(),
    "f.json": json.dumps([{"text": BODY}]).encode(),
}
IDS = [
    "feed/a.jsonl:1",
    "feed/a.jsonl:2",
    "b.txt",
    "x1",
    "d.html",
    "e.mbox:1",
    "Mail/cur/1700000000.M1.host:2,S",
    "f.json:1",
]


def zip_of(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tar_of(path: Path, files: Mapping[str, bytes], *others: tarfile.TarInfo) -> Path:
    kind = {
        ".tar": "w",
        ".gz": "w:gz",
        ".tgz": "w:gz",
        ".bz2": "w:bz2",
        ".tbz2": "w:bz2",
        ".xz": "w:xz",
        ".txz": "w:xz",
    }
    with tarfile.open(path, kind[path.suffix]) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in others:
            archive.addfile(info)
    return path


def archive_of(path: Path, files: Mapping[str, bytes]) -> Path:
    return (zip_of if path.suffix == ".zip" else tar_of)(path, files)


NAMES = ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tbz2", "a.tar.xz", "a.txz"]


@pytest.mark.parametrize("name", NAMES)
def test_the_files_in_an_archive_are_read_as_in_a_folder(tmp_path: Path, name: str) -> None:
    path = archive_of(tmp_path / name, FILES)
    articles = read_quietly(path)
    assert [article.id for article in articles] == [one if one == "x1" else f"{name}!{one}" for one in IDS]
    assert [article.text.count(BODY) for article in articles] == [1, 1, 1, 1, 5, 1, 1, 1]
    assert articles[1].path == f"{path}!feed/a.jsonl"
    assert articles[1].where == f"{path}!feed/a.jsonl:2"
    assert (articles[4].title, articles[4].source) == ("Harbour reopens", "The Echo")


def test_columns_and_crawls_in_an_archive(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    held = io.BytesIO()
    parquet.write_table(pa.table({"text": [BODY, BODY]}), held)
    headers = f"WARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: {len(BODY)}\r\n\r\n"
    record = f"WARC/1.0\r\n{headers}{BODY}\r\n\r\n"
    path = tar_of(tmp_path / "a.tgz", {"a.parquet": held.getvalue(), "b.wet": record.encode()})
    assert [article.id for article in read_quietly(path)] == ["a.tgz!a.parquet:1", "a.tgz!a.parquet:2", "a.tgz!b.wet:1"]


def test_a_folder_of_archives(tmp_path: Path) -> None:
    zip_of(tmp_path / "a.zip", {"a.txt": BODY.encode()})
    tar_of(tmp_path / "b.tgz", {"a.txt": BODY.encode()})
    assert [article.id for article in read_quietly(tmp_path)] == ["a.zip!a.txt", "b.tgz!a.txt"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_what_is_skipped_is_named(tmp_path: Path, name: str) -> None:
    files = {
        "a.png": b"x",
        "../b.txt": b"x",
        "/c.txt": b"x",
        "d.zip": b"x",
        "d.tar.gz": b"x",
        "e.txt": b"",
        "f.txt.gz": gzip.compress(gzip.compress(BODY.encode())),
        ".g.txt": b"x",
        "__MACOSX/._h.txt": b"x",
        "i.txt": BODY.encode(),
    }
    path = archive_of(tmp_path / name, files)
    (article,), notices = read_all(path)
    assert article.id == f"{name}!i.txt"
    assert [(notice.where.removeprefix(str(path)), notice.problem) for notice in notices] == [
        ("!a.png", "dedup does not read files of this kind (.png)"),
        ("!../b.txt", "its name leads out of the archive"),
        ("!/c.txt", "its name leads out of the archive"),
        ("!d.zip", "it is an archive in an archive"),
        ("!d.tar.gz", "it is an archive in an archive"),
        ("!e.txt", "there is no article in it"),
        ("!f.txt.gz", "it is compressed twice"),
        ("", "2 files in it are hidden (the name begins with a dot)"),
    ]


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_what_belongs_to_a_saved_page_is_not_read(tmp_path: Path, name: str) -> None:
    page = PAGE.encode()
    files = {"x/a.html": page, "x/a_files/frame.html": page, "x/a_files/b.png": b"x", "b_files/c.html": page}
    articles, (notice,) = read_all(archive_of(tmp_path / name, files))
    assert [article.id for article in articles] == [f"{name}!x/a.html", f"{name}!b_files/c.html"]
    assert notice.problem == "2 files in it belong to saved pages beside"


def test_links_and_devices_are_named_and_not_followed(tmp_path: Path) -> None:
    infos = []
    for name, kind in (("a.txt", tarfile.SYMTYPE), ("b.txt", tarfile.LNKTYPE), ("c.txt", tarfile.FIFOTYPE)):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        infos.append(info)
    tar_of(tmp_path / "a.tar", {"d.txt": BODY.encode()}, *infos)
    link = zipfile.ZipInfo("a.txt")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    (article,), notices = read_all(tmp_path)
    assert article.id == "a.tar!d.txt"
    problems = ["it is a link", "it is a link", "it is no ordinary file", "it is a link"]
    assert [notice.problem for notice in notices] == problems


def test_other_methods_and_encryption(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a.txt": BODY.encode()}, zipfile.ZIP_BZIP2)
    assert [notice.problem for notice in read_all(path)[1]] == ["it is compressed by another method than Deflate"]
    content = bytearray(zip_of(tmp_path / "b.zip", {"b.txt": BODY.encode()}).read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    (notice,) = read_all(write(tmp_path / "c.zip", bytes(content)))[1]
    assert notice.problem == "it is encrypted"


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz", "a.txz"])
def test_damaged_archives_are_told(tmp_path: Path, name: str) -> None:
    """Cut or changed anywhere: nothing is raised, and where anything is missing there is a notice."""
    random = Random(1)  # noqa: S311
    files = {**FILES, "g.txt": random.randbytes(3000).hex().encode()}
    whole = archive_of(tmp_path / name, files).read_bytes()
    complete = len(read_quietly(tmp_path / name))
    (tmp_path / "x").mkdir()
    for number in range(60):
        place = random.randrange(len(whole))
        content = whole[:place] + (b"" if number % 2 else random.randbytes(4) + whole[place + 4 :])
        (tmp_path / "x" / name).write_bytes(content)
        articles, notices = read_all(tmp_path / "x" / name)
        assert len(articles) >= complete or notices


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_what_is_no_archive_is_told(tmp_path: Path, name: str) -> None:
    (notice,) = read_all(write(tmp_path / name, BODY * 100))[1]
    assert notice.problem.startswith(f"it is not a whole {name[2:]} archive")
    assert notice.action == "skipped"


def test_an_empty_archive_is_told(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.tgz"):
        archive_of(tmp_path / name, {})
    assert {notice.problem for notice in read_all(tmp_path)[1]} == {"there is no article in it"}


def bomb(folder: Path, name: str) -> Path:
    """Archives that unpack to more than 200 MB, of some hundred kilobytes."""
    zeros = b"x" * (1 << 20)
    if name == "many members.zip":
        return zip_of(folder / "a.zip", {f"{number}.txt": zeros for number in range(200)})
    if name == "compressed members.zip":
        inner = gzip.compress(zeros * 30, mtime=0)
        return zip_of(folder / "a.zip", {f"{number}.jsonl.gz": inner for number in range(10)})
    if name == "overlapping members.zip":
        path = zip_of(folder / "a.zip", {"000.txt": zeros})
        content = path.read_bytes()
        start = content.index(b"PK\1\2")
        entry = content[start : content.index(b"PK\5\6")]
        entries = b"".join(entry.replace(b"000.txt", b"%03d.txt" % number) for number in range(300))
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 300, 300, len(entries), start, 0)
        path.write_bytes(content[:start] + entries + end)
        return path
    if name == "one member.tgz":
        return tar_of(folder / "a.tgz", {"a.jsonl": zeros * 200})
    info = tarfile.TarInfo("a.txt")  # a header for each article of the world
    info.pax_headers = {"comment": "x" * (200 << 20)}
    path = folder / "a.tgz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    return path


BOMBS = ["many members.zip", "compressed members.zip", "overlapping members.zip", "one member.tgz", "a header.tgz"]
_MEASURED = """
import resource, sys
from dedup.read import read_articles
from dedup.article import Notice
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
notices = []
articles = list(map(len, (article.text for article in read_articles([sys.argv[1]], notices=notices))))
print(sum(articles), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, *notices, sep="\\n")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it measures in kilobytes")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_told_and_take_little_memory(tmp_path: Path, name: str) -> None:
    path = bomb(tmp_path, name)
    assert path.stat().st_size < 1 << 20
    done = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], capture_output=True, text=True, check=True)
    size, memory, *notices = done.stdout.splitlines()
    assert int(size) <= 68 << 20
    assert int(memory) < 150
    assert notices


def test_the_bounds_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MOST_MEMBERS", 2)
    monkeypatch.setattr(container, "LARGEST_MEMBER", 1000)
    monkeypatch.setattr(container, "_LARGEST_DIRECTORY", 500)
    files = {"a.txt": BODY.encode() * 100, "b.txt": BODY.encode(), "c.txt": BODY.encode()}
    for name in ("a.zip", "b.tar"):
        archive_of(tmp_path / name, files)
    zip_of(tmp_path / "c.zip", {f"{number}.txt": b"x" for number in range(20)})
    articles, notices = read_all(tmp_path)
    assert [article.id for article in articles] == ["a.zip!b.txt", "b.tar!b.txt"]
    assert [notice.problem for notice in notices] == [
        *["it has more than 1,000 bytes", "it has more than 2 members"] * 2,
        "it is not a whole zip archive (its list of members has more than 500 bytes)",
    ]


def test_large_members_are_held_in_a_file_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "_IN_MEMORY", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    path = zip_of(tmp_path / "a.zip", FILES)
    found = []
    for article in read_articles([path], notices=[]):
        found.append(article.id)
        assert list((tmp_path / "t").iterdir()) == []
    assert len(found) == len(IDS)


def test_articles_of_an_archive_are_read_again_from_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    zip_of(Path("a.zip"), FILES)
    names = ("id", "story", "copy_group", "canonical", "title", "path")
    rows = [
        dict(zip(names, (article.id, "s1", "c1", True, article.title, article.path), strict=True))
        for article in read_quietly("a.zip")
    ]
    write(tmp_path / "result.jsonl", json_lines(rows))
    assert [one.article.id for one in read_archive("result.jsonl")] == [row["id"] for row in rows]
