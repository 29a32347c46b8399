"""Files constructed to be slow, of any size: file name, and content for a number."""

from __future__ import annotations

import io
from collections.abc import Callable

HOSTILE: dict[str, tuple[str, Callable[[int], bytes]]] = {
    # what                        name        content of about 10 bytes for each of the number
    "a heading of blanks": ("a.md", lambda n: b"# a" + b" " * (10 * n) + b"x"),
    "front matter without end": ("a.md", lambda n: b"---\n" + b"a: b c d e\n" * n),
    "a text of short lines": ("a.txt", lambda n: b"a b c d e\n" * n),
    "marks on one letter": ("a.txt", lambda n: ("a" + "\u0301\u0316" * (2 * n)).encode()),
    "names that come twice": ("a.json", lambda n: b'{"text":"a",' + _members(n) + b',"k0":0}'),
    "names beside a list": ("a.json", lambda n: b"{" + _members(n) + b',"items":[{"text":"a"}]}'),
    "blanks in a list": ("a.json", lambda n: b"[" + b" " * (400 * n) + b'{"text":"a"}]'),
    "lists in a broken list": ("a.json", lambda n: b"[1 x" + b',{"a":[' * 300 + b"0,0,0,0,0," * n),
    "beginnings in a broken list": ("a.json", lambda n: b"[1 x" + b',{"a":"b"' * n),
    "quotation marks never closed": ("a.csv", lambda n: b"title,text\n" + b'z"abc,"y\n' * n),
    "cells without a name": ("a.csv", lambda n: b"title,text\n" + b",,,,,,,,,," * n),
    "columns without a name": ("a.csv", lambda n: b"title,text" + b",,,,,,,,,," * n + b"\n1,2\n"),
    "a wide header over short rows": (
        "a.csv",
        lambda n: b"title,text" + b"," * (5 * n) + b"\n" + b"a\n" * (5 * n // 2),
    ),
    "unclosed rows under a wide header": ("a.csv", lambda n: b"title,text" + b"," * (5 * n) + b"\n" + b'"a\n' * n),
    "wide columns of nothing": ("a.parquet", lambda n: _columns(n // 10, n // 2)),
    "a subject of encoded words": ("a.eml", lambda n: b"Subject: " + b"=?a?q?bcde" * n + b"\n\nbody"),
    "parameters of a type": ("a.eml", lambda n: b"Content-Type: text/plain" + b";a;b;c;d;e" * n + b"\n\nbody"),
    "addresses of a sender": ("a.eml", lambda n: b"From: " + b"<,(,a.b,(," * n + b"\n\nbody"),
    "parts in parts": ("a.eml", lambda n: _parts(n // 8)),
    "lines in many parts": ("a.eml", lambda n: _parts(n // 22, b"a\n" * (5 * n))),
    "lines in the deepest part": ("a.eml", lambda n: _parts(50, b"word word\n" * n)),
    "headers": ("a.eml", lambda n: b"X: abcdef\n" * n + b"\nbody"),
    "mails of nothing": ("a.mbox", lambda n: b"From a b\n\n" * n),
    "programs in a page": ("a.html", lambda n: b"<html><body><p>" + b"<script></script>x" * (n // 2)),
    "styles in a page": ("a.html", lambda n: b"<html><body><p>" + b"<style></style>x" * (n // 2)),
    "tags that are none": ("a.html", lambda n: b"<html><body><p>text " + b"< < < < < " * n),
    "tags without end": ("a.html", lambda n: b"<html><body>" + b"<div><div>" * n),
    "tables in tables": ("a.html", lambda n: b"<html><body>" + b"<table><tr><td><p>a</p>" * (n // 2)),
    "attributes": ("a.html", lambda n: b"<html><body><p " + b'abcd="ef" ' * n + b">text</p>"),
    "elements in an item": ("a.xml", lambda n: b"<rss><channel><item>" + b"<b/><b></b>" * n),
    "items in items": ("a.xml", lambda n: b"<rss><channel>" + b"<item>abcd" * n),
    "elements outside of items": ("a.xml", lambda n: b"<rss><channel>" + b"<b/><b></b>" * n),
    "references": ("a.xml", lambda n: b"<rss><channel><item><title>" + b"&lt;&nbsp;" * n + b"</title></item>"),
    "ampersands": ("a.xml", lambda n: b"<rss><channel><item><title>" + b"&&&&&&&&&&" * n + b"</title></item>"),
    "images in links": ("a.md", lambda n: b"![[](" * n),
    "emphasis in emphasis": ("a.md", lambda n: b"*a _b **c " * n),
    "list items": ("a.md", lambda n: b"* a\n" * n),
    "rows of a table in Markdown": (
        "a.md",
        lambda n: b"|a" * (n // 20) + b"|\n" + b"|-" * (n // 20) + b"|\n" + b"x\n" * n,
    ),
    "quotes in quotes": ("a.md", lambda n: b"> " * (5 * n) + b"a"),
    "headings of a page": (
        "a.html",
        lambda n: b"<title>a - b - c</title>" + b"<h1>a b</h1>" * (n // 2) + b"<p>text</p>",
    ),
    "separators in titles": ("a.html", lambda n: b"<title>" + b"a - b | c " * n + b"</title><h1>a - b</h1><p>text</p>"),
    "articles in the data of a page": ("a.html", lambda n: _data(n // 10)),
    "data in the data of a page": ("a.html", lambda n: _data_tag(b'{"@graph":[' * n)),
    "a header of an archive": ("a.warc", lambda n: b"WARC/1.0\r\nX: " + b"a" * (10 * n)),
    "headers of an archive": ("a.warc", lambda n: b"WARC/1.0\r\n" + b"X: abcde\r\n" * n),
}


def _parts(depth: int, text: bytes = b"word\n") -> bytes:
    begins = [b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (number, number) for number in range(depth)]
    ends = [b"--%d--\n" % number for number in reversed(range(depth))]
    return b"Subject: parts in parts\n" + b"".join(begins) + b"Content-Type: text/plain\n\n" + text + b"".join(ends)


def _columns(columns: int, rows: int) -> bytes:
    """A Parquet file: columns that are empty in all rows take no space."""
    import pyarrow as pa
    from pyarrow import parquet

    content = io.BytesIO()
    empty = {f"column {number}": pa.nulls(rows) for number in range(columns)}
    parquet.write_table(pa.table({"text": ["a text"] * rows} | empty), content)
    return content.getvalue()


def _data(count: int) -> bytes:
    article = b'{"@type":"Article","headline":"Ferry %d","publisher":{"name":"Echo %d"},"datePublished":"2020-01-01"}'
    return _data_tag(b"[" + b",".join(article % (number, number) for number in range(count)) + b"]")


def _data_tag(data: bytes) -> bytes:
    return b'<title>a - b</title><script type="application/ld+json">' + data + b"</script><h1>a</h1><p>text</p>"


def _members(count: int) -> bytes:
    return b",".join(b'"k%d":0' % number for number in range(count))
