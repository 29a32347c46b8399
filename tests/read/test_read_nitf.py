"""NITF: the format of agencies and of archives of newspapers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from reading import BODY, read_all, read_quietly, write

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE nitf SYSTEM "http://www.nitf.example/nitf-3-3.dtd">
"""
AGENCY = f"""{HEAD}<nitf version="-//IPTC//DTD NITF 3.3//EN" xml:lang="en"><head><title>Slug harbour</title>
<docdata><doc-id id-string="ab-17" regsrc="AB"/><date.issue norm="20240301T080000Z"/>
<doc.copyright holder="Quayside Wire" year="2024"/></docdata></head><body>
<body.head><hedline><hl1>Harbour <em>reopens</em></hl1><hl2>Ferries sail</hl2></hedline>
<byline>By Anna Lind</byline><dateline><location>HARWICK</location></dateline></body.head>
<body.content><p>{BODY}</p><p>Ferries &amp; ships <org>sailed</org> at noon.</p>
<media><media-reference source="a.jpg"/><media-caption>A ferry.</media-caption></media>
<ul><li>One</li><li>Two</li></ul></body.content><body.end><tagline>ends</tagline></body.end></body></nitf>"""
ARCHIVE = f"""{HEAD}<nitf><head><title>PORT OPENS</title><meta name="publication_year" content="1998"/>
<docdata><doc-id id-string="1000"/></docdata>
<pubdata date.publication="19980302T000000" ex-ref="https://post.example/1000" name="The Selby Post"/></head>
<body><body.head><hedline><hl1>Port Opens</hl1><hl1 class="online_headline">Port online</hl1></hedline></body.head>
<body.content><block class="lead_paragraph"><p>LEAD: {BODY}</p></block>
<block class="full_text"><p>LEAD: {BODY}</p><p>Ships sailed.</p></block></body.content></body></nitf>"""


@pytest.mark.parametrize("name", ["a.xml", "a.nitf", "a.nitf.gz"])
def test_the_document_of_an_agency(tmp_path: Path, name: str) -> None:
    (article,) = read_quietly(write(tmp_path / name, AGENCY))
    assert (article.id, article.title, article.source, article.lang) == (
        "ab-17",
        "Harbour reopens",
        "Quayside Wire",
        "en",
    )
    assert article.text == f"{BODY}\n\nFerries & ships sailed at noon.\n\nOne\n\nTwo"
    assert article.published == datetime(2024, 3, 1, 8, tzinfo=UTC)


def test_the_document_of_an_archive(tmp_path: Path) -> None:
    """The first paragraph, which is there twice, is read once."""
    (article,) = read_quietly(write(tmp_path / "a.xml", ARCHIVE))
    assert (article.id, article.title, article.source) == ("1000", "Port Opens", "The Selby Post")
    assert (article.text, article.url) == (f"LEAD: {BODY}\n\nShips sailed.", "https://post.example/1000")
    assert article.published == datetime(1998, 3, 2)  # noqa: DTZ001 - it has no zone


def test_a_document_with_a_namespace_and_without_most(tmp_path: Path) -> None:
    text = f"<body.content><block>{BODY}<p>Ships.</p></block></body.content>"
    space = 'xmlns="http://press.example/std/NITF/2006-10-18/"'
    date_line = '<dateline><story.date norm="20240301"/></dateline>'
    page = f"<nitf {space}><head><title>Port</title></head><body><body.head>{date_line}</body.head>{text}</body></nitf>"
    (article,) = read_quietly(write(tmp_path / "a.xml", page))
    assert (article.title, article.text, article.published) == ("Port", f"{BODY}\n\nShips.", date(2024, 3, 1))


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE nitf [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        "<nitf><body><body.content><p>&e;x</p></body.content></body></nitf>",
        f"<nitf><body><body.content>{'<p/>' * 300_000}</body.content></body></nitf>",
        f"<nitf><body><body.content>{'<block>' * 300}{BODY}",
        "<nitf/>",
    ],
)
def test_odd_documents_are_read_or_told(tmp_path: Path, text: str) -> None:
    articles, notices = read_all(write(tmp_path / "a.xml", text))
    assert articles or notices
    assert not any("root:" in article.text for article in articles)
