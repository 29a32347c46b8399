"""RSS and Atom as they are found, and what trafilatura writes: every item arrives, nothing else is reached."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import BODY, read_all, read_quietly, write

from dedup.article import Article, Notice
from dedup.inputs.markup import to_plain
from dedup.read.feed import read
from dedup.read.source import Record, Source

NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def rss(items: str, about: str = "<title>The Echo</title>") -> str:
    return f'<?xml version="1.0"?><rss version="2.0" {NAMESPACES}><channel>{about}{items}</channel></rss>'


def only(tmp_path: Path, content: str | bytes) -> Article:
    (article,) = read_quietly(write(tmp_path / "a.xml", content))
    return article


def test_an_item_of_rss(tmp_path: Path) -> None:
    item = f"""<item><title>Fire &amp; ferry</title><link>https://echo.example/1?a=1&amp;b=2</link>
        <guid isPermaLink="false">g-1</guid><pubDate>Mon, 15 Jan 2024 07:30:00 GMT</pubDate>
        <description>Short.</description><media:content><media:title>A picture</media:title></media:content>
        <content:encoded><![CDATA[<p>{BODY}</p><script>x()</script><p>Nobody was hurt.</p>]]></content:encoded>
        </item>"""
    about = "<title>The Echo</title><language>en-gb</language><image><title>Logo</title></image>"
    article = only(tmp_path, rss(item, about))
    assert (article.id, article.title, article.text) == ("g-1", "Fire & ferry", f"{BODY}\n\nNobody was hurt.")
    assert article.published == datetime(2024, 1, 15, 7, 30, tzinfo=UTC)
    assert (article.url, article.source, article.lang) == ("https://echo.example/1?a=1&b=2", "The Echo", "en-gb")


def test_the_author_and_the_section_of_an_item(tmp_path: Path) -> None:
    item = (
        f"<item><title>Ferry</title><description>{BODY}</description><dc:creator>Mara Lund</dc:creator>"
        "<category>Region</category><category>Sea &amp; ports</category></item>"
    )
    article = only(tmp_path, rss(item))
    assert (article.author, article.section) == ("Mara Lund", "Region, Sea & ports")
    atom = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>The Echo</title><entry><title>Ferry</title><summary>{BODY}'
        '</summary><author><name>Jon Peel</name></author><category term="sea"/></entry></feed>'
    )
    article = only(tmp_path, atom)
    assert (article.author, article.section) == ("Jon Peel", "sea")


def test_a_cut_text_of_an_item_loses_to_a_longer_one(tmp_path: Path) -> None:
    cut = f"<content:encoded><![CDATA[<p>{BODY[:20]} […]</p>]]></content:encoded>"
    assert only(tmp_path, rss(f"<item><title>A</title>{cut}<description>{BODY}</description></item>")).text == BODY


def test_an_item_of_rss_1(tmp_path: Path) -> None:
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    content = (
        f'<rdf:RDF xmlns:rdf="{rdf}" xmlns="http://purl.org/rss/1.0/" {NAMESPACES}><channel rdf:about="https://e.example">'
        '<title>The Echo</title></channel><item rdf:about="https://e.example/1"><title>Ferry</title>'
        f"<description>{BODY}</description><dc:date>2024-01-15</dc:date></item></rdf:RDF>"
    )
    article = only(tmp_path, content)
    assert (article.id, article.url, article.text) == ("https://e.example/1", "https://e.example/1", BODY)
    assert (article.published, article.source) == (date(2024, 1, 15), "The Echo")


def test_an_entry_of_atom(tmp_path: Path) -> None:
    content = f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Der Bote</title><entry>
        <id>urn:1</id><title type="html">F&#228;hre &lt;i&gt;brennt&lt;/i&gt;</title><link rel="self" href="s"/>
        <link href="https://bote.example/1"/><updated>2024-01-16T00:00:00Z</updated>
        <published>2024-01-15T00:00:00Z</published><summary>Kurz.</summary>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>{BODY}</p><p>Ein <b>Feuer</b>.</p></div>
        </content></entry></feed>"""
    article = only(tmp_path, content)
    assert (article.id, article.title, article.text) == ("urn:1", "Fähre brennt", f"{BODY}\n\nEin Feuer.")
    assert (article.url, article.source, article.lang) == ("https://bote.example/1", "Der Bote", "de")
    assert article.published == datetime(2024, 1, 15, tzinfo=UTC)


def test_an_items_own_source_comes_before_that_of_the_feed(tmp_path: Path) -> None:
    item = f'<item><source url="https://w.example">The Wire</source><description>{BODY}</description></item>'
    assert only(tmp_path, rss(item)).source == "The Wire"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Fish &amp; ships", "Fish & ships"),
        ("Fish & ships", "Fish & ships"),
        ("Fish &amp;amp; ships", "Fish & ships"),
        ("Caf&eacute;&nbsp;noir &ndash; &bogus;", "Café noir – &bogus;"),
        ("One &lt;b&gt;two&lt;/b&gt; three", "One two three"),
        ("<![CDATA[One <b>two</b> three & four]]>", "One two three & four"),
        ("Five &lt; six", "Five < six"),
        ("&#128674; &#x1F6A2;", "🚢 🚢"),
    ],
)
def test_entities_and_ampersands(tmp_path: Path, written: str, title: str) -> None:
    items = f"<item><title>{written}</title></item><item><title>Next &lt;one&gt; &amp; last</title></item>"
    articles = read_quietly(write(tmp_path / "a.rss", rss(items)))
    assert [article.title for article in articles] == [title, "Next <one> & last"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    declared = encoding.replace("cp", "windows-").replace("-sig", "")
    item = "<rss><channel><item><title>Порт открыт</title></item></channel></rss>"
    content = f'<?xml version="1.0" encoding="{declared}"?>{item}'
    assert only(tmp_path, content.encode(encoding)).title == "Порт открыт"


def test_entities_reach_no_other_file(tmp_path: Path) -> None:
    write(tmp_path / "secret.off", "secret")
    bomb = "".join(f'<!ENTITY b{place} "{f"&b{place - 1};" * 10}">' for place in range(1, 12))
    doctype = f'<!DOCTYPE rss [<!ENTITY s SYSTEM "secret.off"><!ENTITY b0 "boom">{bomb}]>'
    item = f"<item><title>Harbour &s; &b11;</title><description>{BODY}</description></item>"
    path = write(tmp_path / "a.xml", f"{doctype}<rss><channel>{item}</channel></rss>")
    (article,) = read_quietly(path)
    assert (article.title, article.text) == ("Harbour &s; &b11;", BODY)


def test_of_broken_xml_what_can_be_made_out_arrives(tmp_path: Path) -> None:
    items = (
        f"<item><title>One</title><description>{BODY}</description></item>"
        "<item><title>Two</titel><description>x</item>"
        f"<item><title>Three</title><description>{BODY}</description></item><item><title>Four</title><descr"
    )
    articles, (*_, notice) = read_all(write(tmp_path / "a.xml", rss(items).removesuffix("</channel></rss>")))
    assert {"One", "Three", "Four"} <= {article.title for article in articles}
    assert [article.text for article in articles if article.title in {"One", "Three"}] == [BODY, BODY]
    assert notice.problem.startswith("broken XML at line 1 (Opening and ending tag mismatch")
    assert (notice.action, notice.skipped) == ("what can be made out is read", True)


def test_characters_that_xml_cannot_hold_are_counted(tmp_path: Path) -> None:
    content = rss(f"<item><title>a\x01b\x00c</title><description>{BODY}</description></item>")
    (article,), (notice,) = read_all(write(tmp_path / "a.xml", content))
    assert (article.title, article.text) == ("a\ufffdb\ufffdc", BODY)
    assert (notice.problem, notice.skipped) == ("it has 2 characters that XML cannot hold", False)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "<news><body>x</body></news>",
            "it is XML, but neither RSS nor Atom nor NITF nor of trafilatura (it begins with <news>)",
        ),
        ("hello", "it is not XML"),
        ("\n \n", "there is no article in it"),
        (rss(""), "there is no article in it"),
    ],
)
def test_what_is_no_feed_is_told(tmp_path: Path, content: str, problem: str) -> None:
    path = write(tmp_path / "a.xml", content)
    assert read_all(path) == ([], [Notice(str(path), problem, "skipped", skipped=True)])


def test_an_item_without_anything_is_told(tmp_path: Path) -> None:
    articles, (notice,) = read_all(
        write(tmp_path / "a.xml", rss(f"<item/><item><description>{BODY}</description></item>"))
    )
    assert [article.id for article in articles] == ["a.xml:2"]
    assert (notice.where, notice.problem) == (f"{tmp_path / 'a.xml'}:1", "its text is empty and it has no title")


def test_fields_of_a_users_own_do_not_hide_those_of_a_feed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", rss(f"<item><title>One</title><description>{BODY}</description></item>"))
    (article,) = read_quietly(path, fields={"text": "story_body", "title": "kicker"})
    assert (article.title, article.text) == ("One", BODY)


DOCUMENT = f"""<doc sitename="The Echo" title="Fire &amp; ferry" author="A" date="2024-01-15" url="https://e.example/1"
    hostname="e.example"><main><head rend="h1">Fire</head><p>{BODY}</p><list><item>One</item></list></main>
    <comments><p>First!</p></comments></doc>"""
TEI = f"""<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc>
    <titleStmt><title type="main">Fire &amp; ferry</title></titleStmt><sourceDesc><biblFull><publicationStmt>
    <publisher>The Echo (e.example)</publisher><ptr type="URL" target="https://e.example/1"/><date>2024-01-15</date>
    </publicationStmt></biblFull></sourceDesc></fileDesc></teiHeader>
    <text><body><div type="entry"><ab>Fire</ab><p>{BODY}</p><list><item>One</item></list></div>
    <div type="comments"><p>First!</p></div></body></text></TEI>"""


@pytest.mark.parametrize("content", [DOCUMENT, TEI])
def test_documents_that_trafilatura_writes(tmp_path: Path, content: str) -> None:
    article = only(tmp_path, content)
    assert (article.id, article.title, article.text) == ("a.xml", "Fire & ferry", f"Fire\n{BODY}\nOne")
    assert (article.published, article.source, article.url) == (date(2024, 1, 15), "The Echo", "https://e.example/1")


def test_tables_that_trafilatura_writes_have_no_header(tmp_path: Path) -> None:
    cells = [
        *("https://e.example/1", "null", "942b1ff7dda7b6f2", "e.example", "Fire", "null", "2024-01-15"),
        *(f'"{BODY}\nMore."', "First!", "null", "article"),
    ]
    row = "\t".join(cells) + "\n"
    (article,) = read_quietly(write(tmp_path / "a.csv", row))
    assert (article.id, article.title, article.text) == ("a.csv:1", "Fire", f"{BODY}\nMore.")
    assert (article.published, article.source, article.url) == (date(2024, 1, 15), "e.example", "https://e.example/1")


def test_without_lxml_the_command_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.xml", rss(""))
    monkeypatch.setitem(sys.modules, "lxml", None)
    (notice,) = read_all(tmp_path)[1]
    assert notice.problem == "reading XML needs the package lxml: pip install 'story-dedup[feeds]'"


def test_a_feed_of_any_length_is_read_item_by_item(tmp_path: Path) -> None:
    items = "".join(f"<item><guid>{number}</guid><description>{BODY}</description></item>" for number in range(5000))
    source = Source.of_file(write(tmp_path / "a.xml", rss(items)), "a.xml")
    reader: Any = read(source, {})
    first = next(reader)
    assert isinstance(first, Record)
    assert first.values["id"] == "0"
    assert sum(1 for _ in reader) == 4999


texts = (
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"]), min_size=1, max_size=200)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: to_plain(escape(text)) == text)  # a tag by itself has no text
)


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_whatever_a_feed_escapes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    """Escaped twice, as feeds have it: once as HTML, once as XML."""
    items = "".join(
        f"<item><title>{escape(escape(title))}</title><description>{escape(escape(text))}</description></item>"
        for title, text in pairs
    )
    path = write(tmp_path_factory.mktemp("feeds") / "a.xml", rss(items))
    articles, _ = read_all(path)
    assert [(article.title, article.text) for article in articles] == [
        (title, text) for title, text in pairs if title.strip() or text.strip()
    ]
