"""WARC: the pages of a crawl, whatever else is in it."""

from __future__ import annotations

import gzip
import io
import sys
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
