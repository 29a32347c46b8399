"""HTML in texts is recognised by its structure and converted once; what only looks like it is left as it is."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import Article, StoryIndex, cluster, from_record, read_articles
from dedup.article import Notice
from dedup.inputs.markup import to_plain

PLAIN = [
    "a < b and c > d, or a <b and c> d, if a<b",
    "I <3 you <- really <= 4",
    "Write to <john@paper.example> or <b@paper.example>, or see <https://paper.example/>.",
    "A List<int>, a List<Article>, a vector<b> and an Array<Form>",
    "AT&T and R&D, Q&A; &copy 2020 and &foo;",
    "The <b> tag makes text bold, <i> and <u> do not.",
    "How to use <b> and </b> in HTML",
    'Put it between <p> and </p>, with `<br>` or "<hr>" (<li>) where a <br /> breaks the line.',
    "<p> and </p> explained",
    "nested <div>s, <p>'s and the <br>-Tag",
    "<applause> Thank you. <laughs>",
    "<Mark> Hello\n<Data> Hello",
    "PHILLIPS<P> SAYS, LA LAND <LLX>,DU PONT <DD>GET",
    "the <script> element and the <title> of a page",
    "x &lt y",
]


@pytest.mark.parametrize("text", PLAIN)
def test_a_text_without_html_is_left_as_it_is(text: str) -> None:
    assert to_plain(text) == text
    article, notices = from_record({"text": text, "title": text}, where="a", default_id="a")
    assert article is not None
    assert (article.text, article.title, notices) == (text, text, [])


@given(st.text(alphabet=st.characters(blacklist_characters="<&")))
def test_a_text_without_angle_brackets_and_ampersands_is_the_same_object(text: str) -> None:
    assert to_plain(text) is text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("<p>One.\n<p>Two\nlines.", "One.\n\nTwo lines."),
        ("<P>ONE.</P>\n<DIV>TWO.</DIV>", "ONE.\n\nTWO."),
        ("One.<br>Two.<br/>Three.<br />Four.", "One.\nTwo.\nThree.\nFour."),
        ("It ended on Monday. <br> Nobody was hurt.", "It ended on Monday.\nNobody was hurt."),
        ("A <b>bold</b>ly set <em>word</em>", "A boldly set word"),
        ("One\nline <i>each</i>\n\nTwo", "One\nline each\n\nTwo"),
        ('<a href="https://a.example/?a=1&b=2" title="a > b">Read</a> on', "Read on"),
        ("<img src='x>y.jpg' alt='A ferry'>Fire", "Fire"),
        ('<div class=\\"a b\\">Fire <a href=\\"u\\">on</a> board</div>', "Fire on board"),
        ("<ul><li>One</li><li>Two</ul>", "One\nTwo"),
        ("<table><tr><td>Reds</td><td>3</td></tr><tr><th>Blues</th></table>", "Reds 3\nBlues"),
        ("<script>if (a < b) {'</p>'}</script>One<style>p {}</style><noscript><img src=x></noscript>", "One"),
        ("<p>One</p><template><p>T</p></template><video><source src=a>Get a browser</video>", "One"),
        ("<!doctype html><html><head><title>T</title></head><body>One</body></html>", "One"),
        ("One.<!--more-->\n\nTwo <!-- ad < ad --> three", "One.\n\nTwo three"),
        ("<![CDATA[<p>One</p>]]>", "One"),
        ("<p>One<o:p>&nbsp;</o:p></p><amp-img src=a></amp-img>", "One"),
        ("<p>Mail <jo@a.example>, a List<int>, 1 < 2 &amp; 3</p>", "Mail <jo@a.example>, a List<int>, 1 < 2 & 3"),
        ("<p>One <a hre", "One"),
        ("<p>One <!-- two", "One"),
        ("<iframe src=a />One <i>two</i>", "One two"),
        ("<br>", ""),
        ("Caf&eacute; &#8217;n&#x2019; &nbsp;tea &amp; AT&T", "Café ’n’  tea & AT&T"),
        ("The &lt;b&gt; tag", "The <b> tag"),
        ("<p>&amp;lt;b&amp;gt;</p>", "&lt;b&gt;"),
        ("&amp;lt;", "&lt;"),
        ("&lt;p&gt;One&lt;/p&gt;", "One"),  # escaped as a whole, as in feeds
        ("&lt;p class=&quot;a&quot;&gt;One &amp;amp; two&lt;br/&gt;Three&lt;/p&gt;", "One & two\nThree"),
        ("Put it between &lt;p&gt; and &lt;/p&gt;", "Put it between <p> and </p>"),
        ("&amp;notit; &D;", "&notit; &D;"),
    ],
)
def test_html_becomes_plain_text_once(text: str, plain: str) -> None:
    assert to_plain(text) == plain


ROWS = [
    (
        "Ferry &amp; bridge",
        '<p>Forty people were taken off a burning ferry.<br /></p><p><img src="a.jpg"/>No one died.</p>',
    ),
    ("Library <em>closes</em>", "<div>Councillors voted to close the library &#8211; in June.</div>"),
    ("Prices <b> fall", "Households paid less in April than in March."),
]
PLAIN_ROWS = [
    ("Ferry & bridge", "Forty people were taken off a burning ferry.\n\nNo one died."),
    ("Library closes", "Councillors voted to close the library – in June."),
    ("Prices <b> fall", "Households paid less in April than in March."),
]


def written(folder: Path, kind: str) -> Path:
    path = folder / f"rows.{kind}"
    records = [{"title": title, "text": text} for title, text in ROWS]
    if kind == "csv":
        with path.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([("title", "text"), *ROWS])
    elif kind == "json":
        path.write_text(json.dumps({"articles": records}), encoding="utf-8")
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(records), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "parquet"])
def test_every_reader_removes_markup_and_counts_it(tmp_path: Path, kind: str) -> None:
    notices: list[Notice] = []
    articles = list(read_articles(written(tmp_path, kind), notices=notices))
    assert [(article.title, article.text) for article in articles] == PLAIN_ROWS
    (notice,) = notices
    assert notice.action == "markup was removed from the text of 2 articles"
    assert notice.where.endswith(" and 1 more")
    assert not notice.skipped


def test_mappings_and_data_frames_too_but_no_article_made_by_a_program() -> None:
    records = [{"id": str(place), "title": title, "text": text} for place, (title, text) in enumerate(ROWS)]
    for given_as in (records, pd.DataFrame(records)):
        found = cluster(given_as)
        assert [(article.title, article.text) for article in found.articles] == PLAIN_ROWS
        assert [notice.action for notice in found.notices] == ["markup was removed from the text of 2 articles"]
    made = [Article(id=str(place), title=title, text=text) for place, (title, text) in enumerate(ROWS)]
    assert list(cluster(made).articles) == made


def test_the_index_reads_records_as_a_run_does() -> None:
    records = [{"id": str(place), "title": title, "text": text} for place, (title, text) in enumerate(ROWS)]
    with StoryIndex.open(":memory:") as index:
        notices: list[Notice] = []
        index.add_many(records, notices=notices)
        stored = [index.article(record["id"]) for record in records]
        assert [(found.article.title, found.article.text) for found in stored if found] == PLAIN_ROWS
        assert [notice.action for notice in notices] == ["markup was removed from the text of 2 articles"]
        (notice,) = index.update(records[0] | {"text": "<p>One.</p>"}).notices
        assert notice.action == "markup was removed"


def test_a_value_of_tags_only_is_missing() -> None:
    article, _ = from_record({"content": "<img src='a.jpg'>", "body": "", "title": "Fire"}, where="a", default_id="a")
    assert article is not None
    assert article.text == ""
    article, _ = from_record({"body": "<p></p>", "content": "Fire on a ferry"}, where="a", default_id="a")
    assert article is not None
    assert article.text == "Fire on a ferry"


SLOW = ["<", "<a ", "<b>", " <b> ", "<!--", "<!", "<?", "</", "<![CDATA[", "<script>", "<script ", '<a b="', "<a b='\""]
SLOW += ["<a b=c", "<p>", "<a-", "&amp;", "&#x", "\n \n", "<b></b>", '<a b="<a c=\'" d="\' c=\'"']


@pytest.mark.parametrize("piece", SLOW)
def test_the_time_is_linear(piece: str) -> None:
    text = f"<p>One</p>{piece * (90_000 // max(1, piece.count('<')))}"
    started = time.process_time()
    to_plain(text)
    assert time.process_time() - started < 5


def test_a_text_of_more_tags_than_an_article_has_is_left_as_it_is() -> None:
    text = "<b>x</b>" * 60_000
    assert to_plain(text) is text
