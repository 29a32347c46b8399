"""Small valid files of every format, as seed inputs of the fuzzers."""

from __future__ import annotations

import io
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterator

FEED = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE rss [<!ENTITY a "b">]>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>The Echo</title><language>en</language><item><title>Ferry &amp; fire</title><guid>1</guid>
<link>https://a.example/1</link><pubDate>Sat, 15 Jun 2024 10:00:00 GMT</pubDate><dc:date>2024-06-15</dc:date>
<description><![CDATA[<p>A fire broke out.</p><script>x</script>]]></description><content:encoded>&lt;p&gt;Two
&lt;b&gt;crews&lt;/b&gt;.</content:encoded></item><item><title>B</title><description>&copy; text</description></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Echo</title><entry><id>tag:1</id>
<title type="html">A &lt;b&gt;mill&lt;/b&gt;</title><link rel="alternate" href="http://a.example/"/>
<updated>2024-06-15T10:00:00Z</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>It burns.</p>
</div></content></entry></feed>"""
TEI = """<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt><title>Mill</title></titleStmt>
<sourceDesc><biblFull><publicationStmt><publisher>Echo (echo.example)</publisher>
<date>2024-06-15</date></publicationStmt></biblFull>
</sourceDesc></fileDesc></teiHeader><text><body><div type="entry"><p>A mill burns.</p></div></body></text></TEI>"""
DOC = (
    '<doc title="Mill" date="2024-06-15" hostname="e.example"><main><p>A mill burns.</p><p>Two crews.</p></main></doc>'
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Ferry burns - The Echo
</title><meta property="og:title" content="Ferry burns"><meta
property="article:published_time" content="2024-06-15T10:00:00Z"
><script type="application/ld+json">{"@type":"NewsArticle","headline":"Ferry burns","datePublished":
"2024-06-15"}</script>
</head><body><nav><a href="/">Home</a></nav><article><h1>Ferry burns</h1><p>Fire broke out on the ferry off the northern
quay on Saturday, and all ninety people aboard were taken off by boat, the harbour master said in the evening.</p>
<table><tr><td><p>Crews from three towns fought the flames until midnight, when the hull was towed to the pier.
</p></td></tr></table><ul><li>No one was hurt.</li></ul></article><footer>Copyright</footer></body></html>"""
MAIL = b"""From: Echo <news@e.example>
To: you@e.example
Subject: =?utf-8?q?Ferry_burns?=
Date: Sat, 15 Jun 2024 10:00:00 +0000
Message-ID: <1@e.example>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

A fire broke out on the ferry.=20
--b
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: base64

PHA+QSBmaXJlPC9wPg==
--b--
"""
WARC = (
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nWARC-Date: 2024-06-15T10:00:00Z\r\n"
    b"WARC-Record-ID: <urn:uuid:1>\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n%b"
    b"\r\n\r\n"
)
WET = (
    b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://a.example/\r\nWARC-Date: 2024-06-15T10:00:00Z\r\n"
    b"WARC-Record-ID: <urn:uuid:2>\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\nA mill burns.\n\r\n\r\n"
)
NITF = b"""<nitf xml:lang="en"><head><title>Ferry</title>
<docdata><date.issue norm="20240615T100000Z"/></docdata></head>
<body><body.head><hedline><hl1>Ferry burns</hl1></hedline></body.head>
<body.content><block><p>A <b>fire</b> broke out.</p>
</block></body.content></body></nitf>"""


def files() -> Iterator[tuple[str, bytes]]:
    """Return name and content of each."""
    yield "a.txt", "Ferry burns\n\nRIGA, 15 June 2024 – A fire broke out on the “ferry” Aurora’s deck.\n".encode()
    yield "b.txt", "Паром горит. 水火 กิ่ง".encode("utf-16")
    yield "c.txt", "Паром горит у причала".encode("cp1251")
    yield "a.md", b"---\ntitle: Ferry burns\ndate: 2024-06-15\ntags: [a, b]\n---\n# Ferry\n\nA fire *broke* out.\n"
    yield "a.json", b'{"title": "Ferry", "text": "A fire \\ud83d\\ude00 broke out", "date": "2024-06-15", "n": 1e9}'
    yield "b.json", b'[{"title": "A", "text": "B"}, {"title": "C", "body": "D", "id": 7}, 3]'
    yield "c.json", b'{"meta": {"n": 1}, "articles": [{"headline": "A", "content": "B"}]}'
    yield "a.jsonl", b'{"id": "a", "text": "A fire"}\n\n{"id": 2, "text": null, "title": "T"}\n[1]\n{"text": "cut'
    yield "a.csv", b'id,title,text,date\n1,"A ""b""","two\nlines",2024-06-15\n2,C,D\n3,"open\n'
    yield "b.csv", b"url;text\nhttp://a.example;b\nc;d\n"
    yield "a.tsv", b"http://a.example/\tid\t0123456789abcdef\ta.example\tTitle\t\t2024-06-15\tThe text\t\t\t\n"
    yield "a.html", PAGE.encode()
    yield "a.xml", FEED.encode()
    yield "b.xml", ATOM.encode()
    yield "c.xml", TEI.encode()
    yield "d.xml", DOC.encode()
    yield "a.eml", MAIL
    yield "a.mbox", b"From a@b Sat Jun 15\n" + MAIL + b"\nFrom b@c Sat Jun 15\nSubject: Two\n\n>From here on\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + PAGE.encode()
    yield "a.warc", WARC % (len(answer), answer)
    yield "a.wet", WET
    yield "a.nitf", NITF
    yield from _archives()
    yield from _columns()


def _archives() -> Iterator[tuple[str, bytes]]:
    members = {"a/b.txt": b"A fire broke out on the ferry.", "c.jsonl": b'{"text": "A fire"}\n'}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    yield "a.zip", held.getvalue()
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    yield "a.tar", held.getvalue()
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA page_size = 512")
    connection.execute("CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT, text TEXT)")
    connection.execute("INSERT INTO article VALUES (1, 'Ferry burns', 'A fire broke out.'), (2, NULL, 'B')")
    connection.commit()
    yield "a.db", connection.serialize()
    connection.close()


def _columns() -> Iterator[tuple[str, bytes]]:
    try:
        import pyarrow as pa
        from pyarrow import feather, ipc, parquet
    except ImportError:
        return
    table = pa.table({"id": ["a", None], "text": ["A fire", "B"], "date": pa.array([1, 2], pa.timestamp("s"))})
    held = io.BytesIO()
    parquet.write_table(table, held)
    yield "a.parquet", held.getvalue()
    for name, opened in (("a.arrow", ipc.new_file), ("b.arrow", ipc.new_stream)):
        held = io.BytesIO()
        with opened(held, table.schema) as writer:
            writer.write_table(table)
        yield name, held.getvalue()
    held = io.BytesIO()
    feather.write_feather(table, held, compression="uncompressed")
    yield "a.feather", held.getvalue()
