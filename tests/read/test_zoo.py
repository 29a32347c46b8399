"""The zoo: what people really have, each with the message it gets, and the proof that all the rest arrived.

How much memory and time the large ones take, `python -m benchmarks readers` measures. Files and folders that may not be
read are in `test_read_paths`, where the reader drops its privileges.
"""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from reading import BODY, json_lines, read_all, write

from dedup.article import Article, Notice
from dedup.read import read_articles
from dedup.read.encoding import is_clean

LINE = json_lines([{"text": BODY}])
PAGE = f"<h1>Harbour reopens</h1>{f'<p>{BODY}</p>' * 5}"
MARKS = "Zo\u0308e\u0301 o\u0302\u0323"
MIXED = "Été à la mer, où l’on a déjà réparé le port.\n".encode() * 9 + "Marées et jetées.\n".encode("cp1252")


@dataclass(frozen=True)
class Animal:
    """A file, what is said about it, and what arrives of it.

    Attributes:
        content: its bytes.
        said: the notices, each with its place behind the file's name, as a user reads them.
        texts: of the articles that arrive.
    """

    content: bytes
    said: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


def text(content: str, *said: str, arrives: str | None = None) -> Animal:
    return Animal(content.encode(), said, (content if arrives is None else arrives,))


def _zipped(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("news.jsonl", LINE + " " * size)
    return out.getvalue()


def _parquet(**columns: pa.Array) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.table(columns), out)
    return out.getvalue()


def _bomb() -> bytes:
    """Two good lines, and then blanks without end."""
    return gzip.compress(LINE.encode() * 2 + b" " * (80 << 20), 9, mtime=0)


DEEP = "[" * 10_000 + "]" * 10_000
DIGITS = "9" * 100

ZOO: dict[str, Animal] = {
    # encodings
    "wrong.txt": Animal(
        ("Был шторм, и порт закрыли до понедельника.\n" * 9).encode("cp1251"),
        (": it is not UTF-8, it looks like cp1251; read so",),
        ("Был шторм, и порт закрыли до понедельника.\n" * 9,),
    ),
    "mixed.txt": Animal(
        MIXED,
        (": its text has 2 lone surrogates or undecodable bytes; replaced by U+FFFD",),
        (MIXED.decode(errors="replace"),),
    ),
    "undeclared.html": Animal(
        f"<html><body><h1>Порт</h1>{'<p>Был шторм, и порт закрыли до понедельника.</p>' * 5}".encode("koi8-r"),
        (": it is not UTF-8, it looks like koi8_r; read so",),
        ("\n".join(["Был шторм, и порт закрыли до понедельника."] * 5),),
    ),
    "mark.jsonl": Animal(b"\xef\xbb\xbf" + LINE.encode(), (), (BODY,)),
    "mark.csv": Animal("\ufefftext,title\n".encode("utf-16") + "One,Two\n".encode("utf-16-le"), (), ("One",)),
    "wide.txt": Animal(f"{BODY} 🚢\n".encode("utf-16"), (), (f"{BODY} 🚢\n",)),
    "unmarked.txt": Animal(
        f"{BODY}\n".encode("utf-16-be"), (": it is not UTF-8, it looks like utf-16-be; read so",), (f"{BODY}\n",)
    ),
    # characters
    "null.txt": text(f"a\0{BODY}", ": its text has 1 null byte; replaced by U+FFFD", arrives=f"a\ufffd{BODY}"),
    "surrogate.jsonl": Animal(
        b'{"text": "a\\ud800b"}\n' + LINE.encode(),
        (":1: its text has 1 lone surrogate or undecodable byte; replaced by U+FFFD",),
        ("a\ufffdb", BODY),
    ),
    "control.txt": text(f"{BODY}\x07\x1b[31m red \x08{BODY}" + "long text " * 20),
    "right-to-left.txt": text("أعيد فتح الميناء يوم الاثنين \u202eבים\u202c بعد العاصفة."),
    "emoji.txt": text("Ferries sail again 🚢👨‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿 at noon."),
    "marks.txt": text(f"{MARKS} sailed."),
    "unsegmented.txt": text("港口于星期一重新开放。ท่าเรือเปิดอีกครั้งในวันจันทร์"),
    # lines and packings
    "line.jsonl": Animal(
        b'{"text": "' + b"x" * (17 << 20) + b'"}\n' + LINE.encode(),
        (":1: a line of more than 16,777,216 characters, too many for an article; line skipped",),
        (BODY,),
    ),
    "empty.json": Animal(b"", (": there is no article in it; skipped",)),
    "bomb.jsonl.gz": Animal(
        _bomb(),
        (
            ": it unpacks to more than 200 times its size; what was read up to there is kept (67117056 bytes)",
            ":3: a line of more than 16,777,216 characters, too many for an article; line skipped",
        ),
        (BODY, BODY),
    ),
    "zip.jsonl": Animal(_zipped(1 << 20), (": it is a zip archive, no text; skipped",)),
    "cut.jsonl.gz": Animal(
        gzip.compress(LINE.encode() * 3, mtime=0)[:-8],
        (
            ": it is not a whole gzip file (Compressed file ended before the end-of-stream marker was reached);"
            f" what was read up to there is kept ({3 * len(LINE)} bytes)",
        ),
        (BODY, BODY, BODY),
    ),
    # JSON
    "deep.jsonl": Animal(
        f'{{"text": {DEEP}}}\n{LINE}'.encode(), (":1: the JSON is nested too deeply; line skipped",), (BODY,)
    ),
    "deep.json": Animal(DEEP.encode(), (": the JSON is nested too deeply; what comes after it is skipped",)),
    "doubled.jsonl": Animal(
        b'{"text": "one", "text": "two"}\n',
        (":1: several of its fields have one name: 'text'; the last of each is read",),
        ("two",),
    ),
    "nan.jsonl": Animal(
        b'{"text": "one", "title": NaN, "date": Infinity}\n',
        (":1: date inf is not understood; kept without a date",),
        ("one",),
    ),
    "digits.jsonl": Animal(
        f'{{"text": "one", "date": {DIGITS}}}\n'.encode(),
        (f":1: date {'9' * 59}… is not understood; kept without a date",),
        ("one",),
    ),
    "ids.jsonl": Animal(
        f'{{"text": "one", "id": {DIGITS}}}\n{{"text": "two", "id": {2**80}}}\n'.encode(), (), ("one", "two")
    ),
    "digits-without-end.jsonl": Animal(
        f'{{"text": "one", "id": {"9" * 5000}}}\n{LINE}'.encode(),
        (":1: JSON with a number of more than 4,300 digits; line skipped",),
        (BODY,),
    ),
    # tables
    "quotes.csv": Animal(
        b'title,text\na,"one\nb,two\nc,three\n',
        (
            ":2: a quotation mark is never closed; it is read as a character, and the lines that follow as rows of"
            " their own",
        ),
        ("one", "two", "three"),
    ),
    "cells.csv": Animal(f"title,text\na,{'x ' * (1 << 20)}\nb,two\n".encode(), (), ("x " * (1 << 20), "two")),
    "nested.parquet": Animal(
        _parquet(
            text=pa.array([BODY, "two"]),
            title=pa.array(["x", "y"]),
            deep=pa.array([{"a": [{"b": 1}]}, None]),
            gap=pa.nulls(2),
        ),
        (),
        (BODY, "two"),
    ),
    "missing.parquet": Animal(
        _parquet(kicker=pa.array([BODY])),
        (
            ": no column is the text; its columns are 'kicker';"
            " skipped (--field text=NAME says which column holds the text)",
        ),
    ),
    # pages
    "scripts.html": Animal(
        f"<html><script>{'var x;' * 99_999}</script><body>{PAGE}<iframe src='x'></iframe>".encode(),
        (),
        ("\n".join([BODY] * 5),),
    ),
    "frames.html": Animal(
        b"<html><title>Front page</title><frameset><frame src=/etc/passwd></frameset></html>",
        (": no text of an article is found on this page; kept, judged by its title alone",),
        ("",),
    ),
    "huge.html": Animal(
        b"<html>" + b"<p>word " * 3_000_000,
        (": it has more than 16,777,216 characters, too many for an article; skipped",),
    ),
    "entities.html": Animal(
        f"<html>{PAGE}<p>&lt;&eacute;&#x1F6A2;&bogus;</p>".encode(), (), ("\n".join([*[BODY] * 5, "<é🚢&bogus;"]),)
    ),
    "no-body.html": Animal(
        b"<html><head><meta charset=utf-8></head></html>", (": no article is found on this page; skipped",)
    ),
}


@pytest.mark.parametrize("name", ZOO)
def test_each_gets_its_message_and_the_rest_arrives(tmp_path: Path, name: str) -> None:
    animal = ZOO[name]
    for tame in ("0.txt", "zz.txt"):
        write(tmp_path / tame, BODY)
    path = tmp_path / name
    path.write_bytes(animal.content)
    articles, notices = read_all(tmp_path)
    assert tuple(str(notice).removeprefix(str(path)) for notice in notices) == animal.said
    assert tuple(article.text for article in articles[1:-1]) == animal.texts
    assert [articles[0].text, articles[-1].text] == [BODY, BODY]


def test_the_whole_zoo_at_once(tmp_path: Path) -> None:
    """No animal keeps another from arriving, and nothing raises."""
    for name, animal in ZOO.items():
        (tmp_path / name).write_bytes(animal.content)
    articles, notices = read_all(tmp_path)
    assert sorted(article.text for article in articles) == sorted(text for one in ZOO.values() for text in one.texts)
    dates = sum("date " in said for animal in ZOO.values() for said in animal.said)
    assert len(notices) == sum(len(animal.said) for animal in ZOO.values()) - dates + 1  # which are told together


def said_of(tmp_path: Path, make: Callable[[Path], None]) -> tuple[list[Article], list[str]]:
    """What arrives of a folder with a tame article and one that `make` makes, and what is said, without the folder."""
    (tmp_path / "pile").mkdir()
    write(tmp_path / "pile/tame.txt", BODY)
    make(tmp_path / "pile/x.jsonl")
    articles, notices = read_all(tmp_path / "pile")
    assert [article.id for article in articles if article.id == "tame.txt"] == ["tame.txt"]
    return articles, [str(notice).replace(str(tmp_path / "pile"), "") for notice in notices]


def test_many_empty_files_are_named_each(tmp_path: Path) -> None:
    def make(path: Path) -> None:
        for number in range(300):
            path.with_name(f"e{number:04}.txt").touch()

    articles, said = said_of(tmp_path, make)
    assert len(articles) == 1
    assert said == [f"/e{number:04}.txt: there is no article in it; skipped" for number in range(300)]


def test_a_fifo_a_device_and_loops(tmp_path: Path) -> None:
    def make(path: Path) -> None:
        os.mkfifo(path)
        path.with_name("device.txt").symlink_to("/dev/zero")
        path.with_name("loop.txt").symlink_to("loop.txt")
        path.with_name("again").symlink_to(".")

    _, said = said_of(tmp_path, make)
    assert sorted(said) == [
        "/device.txt: it is a link that leads out of what was given; skipped",
        "/loop.txt: it is no ordinary file, or a link to nothing; skipped",
        "/x.jsonl: it is no ordinary file, or a link to nothing; skipped",
        ": 1 link leads to a folder read already; not read again",
    ]
    named = tmp_path / "zero.txt"
    named.symlink_to("/dev/zero")
    assert [notice.problem for notice in read_all(named)[1]] == ["it is no ordinary file"]


@pytest.mark.skipif(os.name != "posix", reason="names of files are text elsewhere")
def test_names_that_are_no_names(tmp_path: Path) -> None:
    names = [
        b"new\nline.txt",
        b"caf\xe9.txt",
        b"\x1b[31mred.txt",
        "\u202etxt.exe.txt".encode(),
        b"a b  .txt",
        b"-v.txt",
    ]
    (tmp_path / "pile").mkdir()
    for name in names:
        (tmp_path / "pile" / os.fsdecode(name)).write_text(BODY)
    articles, notices = read_all(tmp_path / "pile")
    shown = {r"new\x0aline.txt", "caf\ufffd.txt", r"\x1b[31mred.txt", r"\u202etxt.exe.txt", "a b  .txt", "-v.txt"}
    assert {article.id for article in articles} == shown
    assert notices == []


def test_a_file_that_vanishes(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        write(tmp_path / name, BODY)
    notices: list[Notice] = []
    reading = read_articles([tmp_path], notices=notices)
    assert next(reading).id == "a.txt"
    (tmp_path / "b.txt").unlink()
    assert [article.id for article in reading] == ["c.txt"]
    assert [notice.skipped for notice in notices] == [True]
    assert "b.txt" in notices[0].where


def test_a_file_that_vanishes_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", LINE * 5000)
    notices: list[Notice] = []
    reading = read_articles([path], notices=notices)
    next(reading)
    path.unlink()
    assert (sum(1 for _ in reading), notices) == (4999, [])


def test_a_file_that_grows_as_fast_as_it_is_read(tmp_path: Path) -> None:
    """What it had when it was opened is read, and no more: else this would never end."""
    path = write(tmp_path / "a.jsonl", LINE * 5000)
    write(tmp_path / "b.txt", BODY)
    notices: list[Notice] = []
    count = 0
    with path.open("a") as more:
        for article in read_articles([tmp_path], notices=notices):
            count += article.path == str(path)
            more.write(LINE)
            more.flush()
    assert count == 5000
    assert [str(notice) for notice in notices] == [
        f"{path}: it grew while it was read; what it had at first is kept ({5000 * len(LINE)} bytes)"
    ]


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", LINE * 50_000)
    write(tmp_path / "b.txt", BODY)
    notices: list[Notice] = []
    reading = read_articles([tmp_path], notices=notices)
    next(reading)
    os.truncate(path, 40_000 * len(LINE))
    assert [article.id for article in reading][-1] == "b.txt"
    assert [notice.problem for notice in notices] == ["it became shorter while it was read"]


_WATCHED = """
import os, sys
from dedup.read import read_articles
folder = os.path.realpath(sys.argv[1])
list(read_articles([folder], notices=[]))  # whatever is imported, is now
opened = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        name = os.fsdecode(arguments[0])
        inside = "/" not in name and arguments[2] & os.O_NOFOLLOW  # in a folder that was opened before
        opened.append(os.path.join(folder, name) if inside else os.path.realpath(name))
    elif event in {"os.listdir", "os.scandir"} and arguments[0] is not None:
        opened.append(os.path.realpath(os.fsdecode(arguments[0])))
    elif event in {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.remove", "os.rename"}:
        opened.append(event)
sys.addaudithook(watch)
list(read_articles([folder], notices=[]))
ours = (folder, os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix))
print(*sorted({place for place in opened if not place.startswith(ours)}), sep="\\n")
print(sum(place.startswith(folder) for place in opened))
"""


def test_nothing_is_opened_outside_the_given_paths(tmp_path: Path) -> None:
    """Neither a file, nor a connection: the system's own record of what the interpreter opens says so."""
    (tmp_path / "pile").mkdir()
    for name, animal in ZOO.items():
        if len(animal.content) < 1 << 20:
            (tmp_path / "pile" / name).write_bytes(animal.content)
    write(tmp_path / "outside.txt", BODY)
    (tmp_path / "pile/out.txt").symlink_to(tmp_path / "outside.txt")
    (tmp_path / "pile/folder").symlink_to(tmp_path)
    doctype = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{(tmp_path / "outside.txt").as_uri()}">]>'
    write(tmp_path / "pile/x.xml", f"{doctype}<rss><channel><item><title>&x;</title></item></channel></rss>")
    ran = subprocess.run(
        [sys.executable, "-c", _WATCHED, str(tmp_path / "pile")], capture_output=True, text=True, check=True
    )
    *outside, inside = ran.stdout.splitlines()
    assert [place for place in outside if place] == []
    assert int(inside) > 20


@pytest.mark.parametrize("most", [0, len(LINE) * 50_000 - 1, len(LINE) * 50_000, 1 << 26])
def test_what_a_packed_file_holds_is_the_same_whether_it_is_unpacked_once_or_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    path, notices = tmp_path / "a.jsonl.gz", list[Notice]()
    path.write_bytes(gzip.compress((LINE * 50_000).encode(), 1))
    monkeypatch.setattr("dedup.read.source.LARGEST_KEPT", most)
    assert (sum(1 for _ in read_articles([path], notices=notices)), notices) == (50_000, [])


@pytest.mark.parametrize("most", [0, 1 << 26])
def test_a_packed_file_that_grows_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    path, notices = tmp_path / "a.jsonl.gz", list[Notice]()
    path.write_bytes(packed := gzip.compress((LINE * 50_000).encode(), 1))
    monkeypatch.setattr("dedup.read.source.LARGEST_KEPT", most)

    def after_more_is_added(stream: IO[bytes], *args: Any) -> bool:
        with path.open("ab") as more:
            more.write(packed)
        return is_clean(stream, *args)

    monkeypatch.setattr("dedup.read.source.is_clean", after_more_is_added)
    count = sum(1 for _ in read_articles([path], notices=notices))
    if most:  # the file is opened once
        assert count == 50_000
        assert [notice.problem for notice in notices] == ["it grew while it was read"]
    else:
        assert (count, notices) == (100_000, [])
