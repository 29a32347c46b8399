"""Fuzz the readers: no exception, a notice for every problem, and output that can be encoded."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from fuzz_given import Given

from dedup.article import Article, Notice
from dedup.read import read_articles
from dedup.report import visible

ENDINGS = {
    "records": (".txt", ".md", ".json", ".jsonl", ".csv", ".tsv"),
    "pages": (".html", ".xml", ".eml", ".mbox", ".warc", ".wet"),
    "columns": (".parquet", ".arrow", ".feather"),
    "archives": (".zip", ".tar", ".db", ".nitf"),
}
"""The readers in four sets, so that fast ones do not wait for slow ones."""

_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda content: gzip.compress(content, 1, mtime=0),
    ".bz2": lambda content: bz2.compress(content, 1),
    ".xz": lambda content: lzma.compress(content, preset=0),
}
_ROOM = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 - files of a moment


def one(data: bytes, lot: str) -> None:
    """Read the bytes as a file of some format."""
    given = Given(data)
    ending, packed = given.choice(ENDINGS[lot]), given.choice([*[""] * 13, ".gz", ".bz2", ".xz"])
    truthful = given.number(16) != 1  # else the name says that it is packed, and it is not
    fields = given.choice(({}, {}, {}, {"text": "body"}, {"title": "text"}))
    content = given.rest()
    check(content if not truthful else _PACKED[packed](content), f"a{ending}{packed}", fields)


def check(content: bytes, name: str, fields: dict[str, str]) -> None:
    """Check a file of this content and name."""
    with tempfile.TemporaryDirectory(dir=_ROOM, prefix="dedup-fuzz-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        notices: list[Notice] = []
        articles = list(read_articles([path], fields=fields, notices=notices))
        assert articles or any(notice.skipped for notice in notices), "nothing was read, and nothing told"
        for article in articles:
            _check_article(article)
        for notice in notices:
            for text in (notice.where, notice.problem, notice.action):
                shown = visible(text)
                shown.encode()
                assert not set(shown) & _UNSHOWN, notice
            assert str(notice)
        if len(content) % 8 == 0:
            again: list[Notice] = []
            assert list(read_articles([path], fields=fields, notices=again)) == articles, "read twice, it differs"
            assert again == notices, "read twice, other things are told"
        os.unlink(path)  # noqa: PTH108 - quicker


_UNSHOWN = frozenset(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0x202E]))


def _check_article(article: Article) -> None:
    assert article.id
    for name in ("id", "title", "text", "source", "url", "lang", "path", "where", "story"):
        value = getattr(article, name)
        if value is not None:
            assert isinstance(value, str), name
            value.encode()
            assert "\0" not in value, name


def starts(lot: str) -> list[bytes]:
    """Return valid files of each format as seed inputs."""
    from fuzz_files import files

    made = []
    for name, content in files():
        ending = Path(name).suffix
        if ending in ENDINGS[lot]:
            made.append(bytes([ENDINGS[lot].index(ending), 0, 0, 0]) + content)
    return made
