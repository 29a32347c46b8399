"""WARC: the pages of a crawl, whatever else is in it."""

from __future__ import annotations

import gzip
import io
import random
import re
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from reading import BODY, read_all, read_quietly, write
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""warcio's writer leaves a temporary file to the garbage collector."""

HEAD = "<html lang=en><head><title>Harbour reopens</title></head>"
PAGE = f"{HEAD}<body><h1>Harbour reopens</h1>{f'<p>{BODY}</p>' * 5}</body>"


def archive(path: Path, pages: list[tuple[str, str, bytes]], *, packed: bool = True) -> Path:
    """An archive of responses: status line, headers and content of each."""
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=packed)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "x"}))
        for number, (status, headers, content) in enumerate(pages):
            pairs = [tuple(line.split(": ", 1)) for line in headers.splitlines()]
            writer.write_record(
                writer.create_warc_record(
                    f"https://echo.example/{number}",
                    "response",
                    payload=io.BytesIO(content),
                    http_headers=StatusAndHeaders(status, pairs, protocol="HTTP/1.1"),
                    warc_headers_dict={"WARC-Date": "2024-01-15T07:30:00Z"},
                )
            )
    return path


def page(text: str = PAGE, headers: str = "Content-Type: text/html", status: str = "200 OK") -> tuple[str, str, bytes]:
    return status, headers, text.encode()


@pytest.mark.parametrize("packed", [True, False])
def test_a_page_is_an_article(tmp_path: Path, packed: bool) -> None:
    path = archive(tmp_path / ("a.warc.gz" if packed else "a.warc"), [page(), page()], packed=packed)
    articles = read_quietly(path)
    assert [article.id for article in articles] == [f"{path.name}:2", f"{path.name}:3"]
    first = articles[0]
    assert (first.title, first.text.count(BODY), first.lang) == ("Harbour reopens", 5, "en")
    assert (first.url, first.source) == ("https://echo.example/0", "echo.example")
    assert (first.published, first.seen) == (None, datetime(2024, 1, 15, 7, 30, tzinfo=UTC))


def test_the_pages_of_a_host_have_one_outlet(tmp_path: Path) -> None:
    """The name that some of the pages state, also those that come later."""
    named = PAGE.replace("</head>", '<meta property="og:site_name" content="The Echo"></head>')
    articles = read_quietly(archive(tmp_path / "a.warc.gz", [page(), page(), page(named)]))
    assert [article.source for article in articles] == ["The Echo"] * 3


def test_what_is_no_page_is_counted(tmp_path: Path) -> None:
    pages = [
        page(status="404 Not Found"),
        ("200 OK", "Content-Type: image/png", b"\x89PNG"),
        ("200 OK", "X: y", b"?"),
        page(),
    ]
    (article,), (notice,) = read_all(archive(tmp_path / "a.warc.gz", pages))
    assert article.url == "https://echo.example/3"
    kinds = "1 of type image/png, 1 of type unknown, 1 with status 404"
    assert (notice.problem, notice.action) == (f"3 records are no pages ({kinds})", "passed over")


def test_packed_and_chunked_contents(tmp_path: Path) -> None:
    content = gzip.compress(PAGE.encode())
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (content[:50], content[50:])) + b"0\r\n\r\n"
    headers = "Content-Type: text/html\nContent-Encoding: gzip\nTransfer-Encoding: chunked"
    pages = [("200 OK", headers, chunked), ("200 OK", headers, b"5\r\nno gz\r\n"), page()]
    articles, _ = read_all(archive(tmp_path / "a.warc.gz", pages))
    assert [article.url[-1] for article in articles if article.text.count(BODY) == 5] == ["0", "2"]


def packed_by(encoding: str, content: bytes) -> bytes:
    if encoding == "deflate":
        return zlib.compress(content)
    if encoding == "deflate without a frame":
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return packer.compress(content) + packer.flush()
    if encoding == "br":
        return bytes(pytest.importorskip("brotli").compress(content))
    if encoding == "zstd":
        return bytes(pytest.importorskip("zstandard").compress(content))
    return gzip.compress(content)


HEADERS = "Content-Type: text/html\nContent-Encoding: "
PACKINGS = ["gzip", "x-gzip", "deflate", "deflate without a frame", "br", "zstd"]


@pytest.mark.parametrize("encoding", PACKINGS)
def test_every_packing_of_the_web(tmp_path: Path, encoding: str) -> None:
    headers = f"Content-Type: text/html\nContent-Encoding: {encoding.partition(' ')[0]}"
    whole = packed_by(encoding, PAGE.encode())
    pages = [("200 OK", headers, whole), ("200 OK", headers, PAGE.encode())]  # the second is not packed at all
    articles = read_quietly(archive(tmp_path / "a.warc", pages))
    assert [article.text.count(BODY) for article in articles] == [5, 5]


@pytest.mark.parametrize("encoding", PACKINGS)
def test_a_body_that_cannot_be_unpacked_to_its_end_is_told(
    tmp_path: Path, encoding: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of random letters, so that there are several blocks. warcio gives what it has, and prints of it at most."""
    letters = " ".join(random.Random(3).choices("abcdefghijklmnopqrstuvwxyz", k=200_000))  # noqa: S311 - no secret
    content = packed_by(encoding, f"{HEAD}<body><p>{BODY}</p>{f'<p>{BODY}</p>' * 5}<p>{letters}</p></body>".encode())
    headers = f"Content-Type: text/html\nContent-Encoding: {encoding.partition(' ')[0]}"
    pages = [("200 OK", headers, content[:-900]), page()]
    articles, notices = read_all(archive(tmp_path / "a.warc", pages))
    assert articles[-1].text.count(BODY) == 5
    (notice,) = notices
    assert notice.where.endswith("a.warc:2")
    assert notice.problem.startswith("its content cannot be unpacked to its end (")
    assert notice.skipped == (len(articles) == 1)
    assert capfd.readouterr() == ("", "")


def test_a_packed_body_is_no_bomb(tmp_path: Path) -> None:
    content = gzip.compress(b"<p>" + b"a" * (1 << 27))
    headers = HEADERS + "gzip"
    (article,), (notice,) = read_all(archive(tmp_path / "a.warc", [("200 OK", headers, content), page()]))
    assert article.text.count(BODY) == 5
    assert "too many for an article" in notice.problem


def test_without_brotli_the_command_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = HEADERS + "br"
    path = archive(tmp_path / "a.warc", [("200 OK", headers, packed_by("br", PAGE.encode())), page()])
    monkeypatch.setitem(sys.modules, "brotli", None)
    (article,), (notice,) = read_all(path)
    assert article.id == "a.warc:3"
    assert notice.skipped
    problem = "its content, packed with br, needs the package brotli: pip install 'story-dedup[warc]'"
    assert notice.problem == problem


def test_a_record_longer_than_its_header_says_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """warcio prints the rest of it to standard error and goes on."""
    whole = archive(tmp_path / "a.warc", [page(), page()], packed=False).read_bytes()
    head, between, rest = whole.partition(b"WARC-Target-URI: https://echo.example/0")
    length = re.search(rb"Content-Length: (\d+)", rest) or re.search(rb"Content-Length: (\d+)", head)
    assert length
    shorter = b"Content-Length: %d" % (int(length[1]) - 50)
    path = write(tmp_path / "b.warc", head + between + rest.replace(length[0], shorter, 1))
    articles, notices = read_all(path)
    assert [article.id for article in articles] == ["b.warc:2", "b.warc:3"]
    (notice,) = notices
    assert str(notice) == f"{path}:2: it is longer than its header says; what comes behind is skipped"
    assert capfd.readouterr() == ("", "")


def test_an_address_with_spaces_is_mended_in_silence(tmp_path: Path) -> None:
    """warcio logs it, which without a handler goes to standard error with whatever the address holds."""
    whole = archive(tmp_path / "a.warc", [page()], packed=False).read_bytes()
    path = write(tmp_path / "b.warc", whole.replace(b"https://echo.example/0", b"https://echo.example/ \x1b[2J0"))
    code = "import sys; from dedup.read import read_articles; print([one.url for one in read_articles(sys.argv[1:])])"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("['https://echo.example/%20[2J0']\n", "")


def test_a_record_that_is_cut_off_is_told_with_its_number(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.warc", [page(), page()], packed=False)
    path.write_bytes(path.read_bytes()[:-100])
    articles, (notice,) = read_all(path)
    assert [article.id for article in articles] == ["a.warc:2", "a.warc:3"]
    assert str(notice) == f"{path}:3: the file ends in the middle of it; what can be read is kept"


@pytest.mark.parametrize("lines", [b"X: " + b"a" * (1 << 21), b"X: a\r\n" * (1 << 18)], ids=["one line", "many lines"])
def test_a_header_without_end_breaks_the_file_off(tmp_path: Path, lines: bytes) -> None:
    whole = archive(tmp_path / "a.warc", [page(), page()], packed=False).read_bytes()
    path = write(tmp_path / "b.warc", whole + b"WARC/1.0\r\n" + lines)
    articles, (notice,) = read_all(path)
    assert len(articles) == 2
    assert notice.problem == "it is broken behind record 3 (a header of more than 1,048,576 bytes)"


def test_many_records_without_content_are_no_header_without_end(tmp_path: Path) -> None:
    record = b"WARC/1.0\r\nWARC-Type: metadata\r\nX: " + b"a" * 10_000 + b"\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    whole = archive(tmp_path / "a.warc", [page()], packed=False).read_bytes()
    (article,) = read_quietly(write(tmp_path / "b.warc", record * 200 + whole))
    assert article.id == "b.warc:202"


def test_the_encoding_that_the_server_names(tmp_path: Path) -> None:
    text = "В понедельник порт снова открылся после шторма, и паромы вышли в море."
    content = f"<html><body><h1>Порт</h1>{f'<p>{text}</p>' * 5}</body></html>".encode("koi8-r")
    (article,) = read_quietly(
        archive(tmp_path / "a.warc", [("200 OK", "Content-Type: text/html; charset=KOI8-R", content)])
    )
    assert article.text.count(text) == 5


def test_texts_of_common_crawl(tmp_path: Path) -> None:
    with (tmp_path / "a.warc.wet.gz").open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        text = io.BytesIO(f"Harbour reopens after the storm\n\n{BODY}\n".encode())
        headers = {"Content-Type": "text/plain"}
        writer.write_record(
            writer.create_warc_record("https://e.example/1", "conversion", payload=text, warc_headers_dict=headers)
        )
    (article,) = read_quietly(tmp_path)
    assert (article.title, article.text.strip()) == ("Harbour reopens after the storm", BODY)
    assert article.url == "https://e.example/1"


def test_an_archive_that_is_cut_off(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.warc.gz", [page(PAGE + f"<!-- {number} -->") for number in range(20)])
    path.write_bytes(path.read_bytes()[:-200])
    articles, notices = read_all(path)
    assert 15 <= len(articles) <= 20
    assert any("it is not a whole gzip file" in notice.problem for notice in notices)


@pytest.mark.parametrize("content", [b"text", b"WARC/1.0\r\nx", b"WARC/1.0\r\nContent-Length: -5\r\n\r\n", b"\0" * 500])
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.warc", content)
    write(tmp_path / "b.txt", BODY)
    articles, notices = read_all(tmp_path)
    assert [article.id for article in articles] == ["b.txt"]
    assert any(notice.skipped for notice in notices)


def test_without_warcio_the_command_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive(tmp_path / "a.warc", [page()])
    for name in [name for name in sys.modules if name.partition(".")[0] == "warcio"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "warcio", None)
    (notice,) = read_all(tmp_path)[1]
    assert notice.problem == "reading WARC needs the package warcio: pip install 'story-dedup[warc]'"


def test_a_response_without_an_address_breaks_nothing_off_silently(tmp_path: Path) -> None:
    """Found by fuzzing: warcio asks for the address of what has none."""
    whole = archive(tmp_path / "a.warc", [page(), page()], packed=False).read_bytes()
    path = write(tmp_path / "b.warc", whole.replace(b"WARC-Target-URI: https://echo.example/1", b"X: 1"))
    articles, notices = read_all(path)
    assert [article.id for article in articles] == ["b.warc:2"]
    assert any("it is broken behind record 2 (AttributeError" in notice.problem for notice in notices), notices
