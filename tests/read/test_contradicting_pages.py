"""Pages whose title, outlet or date is stated in several ways that contradict each other."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from reading import BODY, read_all, read_quietly, write
from shared_cases import ABSENT, CASES

PARAGRAPHS = "".join(f"<p>{BODY} Ferry number {number} sailed at noon.</p>" for number in range(9))
DAY = date(2025, 5, 12)
HEADLINE = "Ferry burns off Harwick, forty rescued"
ECHO = "The Harwick Echo"


def article(**values: Any) -> dict[str, Any]:
    return {"@context": "schema.org", "@type": "NewsArticle", **values}


def publisher(name: str) -> dict[str, str]:
    return {"@type": "Organization", "name": name}


@dataclass(frozen=True)
class Page:
    """A page: what its head states, JSON-LD, what stands above the text, and the right values."""

    title: str = ""
    meta: tuple[tuple[str, str], ...] = (("article:published_time", "2025-05-12T08:00:00Z"),)
    data: Any = None
    above: str | None = None
    below: str = ""
    right: str = HEADLINE
    outlet: str = ECHO
    day: date | None = DAY
    head: str = ""

    def markup(self) -> str:
        meta = "".join(f'<meta property="{name}" content="{html.escape(text)}">' for name, text in self.meta)
        data = self.data if isinstance(self.data, str) else json.dumps(self.data, ensure_ascii=False)
        script = f'<script type="application/ld+json">{data}</script>' if self.data else ""
        above = f"<h1>{html.escape(self.right)}</h1>" if self.above is None else self.above
        return (
            "<!doctype html><html lang=en><head><meta charset=utf-8>"
            f"<title>{html.escape(self.title)}</title>{self.head}{meta}{script}</head><body>{above}<article>{PARAGRAPHS}</article>{self.below}</body></html>"
        )


DATED = (("article:published_time", "2025-05-12T08:00:00Z"),)
CARD = (*DATED, ("og:title", HEADLINE), ("og:site_name", ECHO))

PAGES = {
    "a full stop in the headline": Page(
        title=f"Ferry burns. Forty are rescued – {ECHO}", right="Ferry burns. Forty are rescued"
    ),
    "an abbreviation in the headline": Page(
        title=f"Ferry burns off St. Orrin | {ECHO}", right="Ferry burns off St. Orrin"
    ),
    "a site in front of a headline with a full stop": Page(
        title=f"{ECHO}: Ferry burns off St. Orrin", right="Ferry burns off St. Orrin"
    ),
    "a domain in the headline": Page(
        title="Harbour.example sells ferry tickets again",
        right="Harbour.example sells ferry tickets again",
        outlet="",
    ),
    "a domain as the site": Page(title=f"{HEADLINE} - echo.example", outlet="echo.example"),
    "dashes in the headline": Page(title=f"Ferry burns – forty rescued – {ECHO}", right="Ferry burns – forty rescued"),
    "a section between headline and site": Page(title=f"{HEADLINE} – World – {ECHO}"),
    "the headline is stated as the site": Page(
        title=f"{HEADLINE} – {ECHO}",
        meta=(*DATED, ("og:title", HEADLINE), ("og:site_name", HEADLINE)),
        data=article(headline=HEADLINE, publisher=publisher(ECHO)),
    ),
    "the site is the card of every page": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(*DATED, ("og:title", f"{ECHO} – News from the harbour"), ("og:site_name", ECHO)),
    ),
    "the heading is the site": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(*DATED, ("og:title", HEADLINE)),
        above=f"<h1>{ECHO}</h1><h2>{HEADLINE}</h2>",
    ),
    "the heading is a logo and nothing else names the site": Page(
        title=HEADLINE,
        above=f"<header><h1><a href='/'>{ECHO}</a></h1></header><h2 class='entry-title'>{HEADLINE}</h2>",
    ),
    "the heading is a section": Page(
        title=f"{HEADLINE} – {ECHO}", meta=CARD, above=f"<h1>Politics</h1><h2>{HEADLINE}</h2>"
    ),
    "several headings": Page(
        title=f"{HEADLINE} – {ECHO}",
        meta=CARD,
        above=f"<h1>{ECHO}</h1><h1>Most read today</h1><h1>{HEADLINE}</h1>",
    ),
    "a heading in capitals": Page(title=f"{HEADLINE} – {ECHO}", meta=CARD, above=f"<h1>{HEADLINE.upper()}</h1>"),
    "the data is of another article too": Page(
        title=f"{HEADLINE} | {ECHO}",
        head='<link rel=canonical href="https://www.harwick-echo.example/ferry">',
        meta=(("og:site_name", ECHO),),
        data=[
            article(
                headline="Bridge closed for a week", datePublished="2025-04-01", url="https://harwick-echo.example/b"
            ),
            article(headline=HEADLINE, datePublished="2025-05-12T08:00:00Z", url="https://harwick-echo.example/ferry"),
        ],
    ),
    "the data of the page before": Page(
        title=f"{HEADLINE} | {ECHO}", meta=CARD, data=article(headline="Bridge closed for a week")
    ),
    "the data is cut": Page(
        title=f"Ferry burns off Harwick, forty... | {ECHO}",
        data=article(headline="Ferry burns off Harwick, forty rescued by…", publisher=publisher(ECHO)),
        right="Ferry burns off Harwick, forty rescued by lifeboats of three towns",
    ),
    "the card has the site behind the headline": Page(
        title=f"{HEADLINE} | {ECHO}", meta=(*DATED, ("og:title", f"{HEADLINE} | {ECHO}"), ("og:site_name", ECHO))
    ),
    "the text of an agency": Page(
        title=f"{HEADLINE} – {ECHO}", meta=CARD, data=article(headline=HEADLINE, publisher=publisher("Quayside Wire"))
    ),
    "the system is stated as the site": Page(
        title=f"{HEADLINE} – {ECHO}", meta=(*DATED, ("og:title", HEADLINE), ("og:site_name", "WordPress"))
    ),
    "the site is in the headline": Page(
        title=f"{ECHO} wins a prize – {ECHO}",
        meta=(*DATED, ("og:title", f"{ECHO} wins a prize"), ("og:site_name", ECHO)),
        right=f"{ECHO} wins a prize",
    ),
    "publisher by reference, entities in the data": Page(
        title="Harwick&#8217;s ferry burns",
        data={
            "@graph": [
                article(
                    headline="Harwick&#8217;s ferry burns",
                    publisher={"@id": "https://echo.example/#us"},
                    datePublished="2025-05-12T08:00:00Z",
                    dateModified="2025-05-14T08:00:00Z",
                ),
                {"@type": "Organization", "@id": "https://echo.example/#us", "name": ECHO},
            ]
        },
        meta=(),
        right="Harwick’s ferry burns",
    ),
    "data that is broken": Page(title=HEADLINE, meta=CARD, data='{"@type": "NewsArticle", "headline": "Bridge'),
    "scripts without spaces": Page(
        title="青石镇百年木桥修复后重新开放_国内_青石晚报", right="青石镇百年木桥修复后重新开放", outlet="青石晚报"
    ),
    "the site is in the card alone": Page(title=f"{ECHO} | News", meta=(*DATED, ("og:title", f"{HEADLINE} | {ECHO}"))),
    "a change that is older than the publication": Page(
        title=f"{HEADLINE} | {ECHO}", meta=(*DATED, ("article:modified_time", "2020-01-01"))
    ),
    "dates that were never set, and one in the future": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(("article:published_time", "1970-01-01"), ("date", "2150-01-01")),
        data=article(headline=HEADLINE, datePublished="0001-01-01T00:00:00", dateCreated="2025-05-12"),
    ),
    "nothing but a title": Page(title=f"{HEADLINE} | {ECHO}", above=""),
    "a change before the publication": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(("article:modified_time", "2025-06-30T08:00:00Z"), ("og:updated_time", "2025-06-30T08:00:00Z"), *DATED),
    ),
    "a crawl after the publication": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(("date", "2025-07-01"),),
        data=article(headline=HEADLINE, datePublished="2025-05-12", dateModified="2025-05-13"),
    ),
    "a later date for the networks": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(("article:published_time", "2025-05-20T08:00:00Z"),),
        data=article(headline=HEADLINE, datePublished="2025-05-12T08:00:00Z"),
    ),
    "several later dates for the networks": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(("article:published_time", "2025-05-20"), ("sailthru.date", "2025-05-20"), ("pubdate", "2025-05-20")),
        data=article(headline=HEADLINE, datePublished="2025-05-12T08:00:00Z"),
    ),
    "a date that was never set": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(("article:published_time", "1970-01-01T00:00:00Z"),),
        above=f"<h1>{HEADLINE}</h1><time datetime='2025-05-12T09:00'>12 May</time>",
    ),
    "a date in the future": Page(
        title=f"{HEADLINE} | {ECHO}", data=article(headline=HEADLINE, datePublished="2150-01-01"), meta=DATED
    ),
    "the year of the rights": Page(
        title=f"{HEADLINE} | {ECHO}",
        meta=(),
        above=f"<h1>{HEADLINE}</h1><time class='entry-date published' datetime='2025-05-12'>12 May</time>",
        below="<footer>© 2026 The Harwick Echo. <time datetime='2026-01-01'>1 January 2026</time></footer>",
    ),
    "microdata": Page(
        title=f"Breaking: ferry on fire – {ECHO}",
        meta=(("dateModified", "2025-05-19"),),
        above=f"<h1 itemprop=headline>{HEADLINE}</h1><time itemprop=datePublished datetime='2025-05-12'>x</time>",
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_right_values_of_a_page(tmp_path: Path, name: str) -> None:
    page = PAGES[name]
    (found,) = read_quietly(write(tmp_path / "a.html", page.markup()))
    assert (found.title, found.source, found.published) == (page.right, page.outlet, page.day)
    assert found.text.count(BODY) == 9


@pytest.mark.skipif(not CASES.exists(), reason=ABSENT)
def test_the_pages_of_a_shared_case() -> None:
    found, _ = read_all(CASES / "page_outlet_is_headline")
    assert [(article.source, article.published) for article in found] == [(ECHO, DAY)] * 3
    assert [article.title for article in found] == [
        "Ferry burns off St. Orrin, forty rescued",
        "Ferry burns. Forty people are rescued",
        "Ferry burns off Harwick, forty rescued",
    ]


def of_host(number: int, site: str = "", tail: str = "", agency: str = "", host: str = "quay.example") -> str:
    headline = f"Ferry {number} burns off St. Orrin, {number} rescued"
    return Page(
        title=headline + tail,
        head=f"<link rel=canonical href='https://{host}/{number}'>",
        meta=(*DATED, *([("og:site_name", site)] if site else [])),
        data=article(headline=headline, publisher=publisher(agency)) if agency else None,
        right=headline,
    ).markup()


@pytest.mark.parametrize("prefixes", ["abcd", "dcba", "bdac"])
def test_the_pages_of_a_host_have_one_outlet(tmp_path: Path, prefixes: str) -> None:
    """The name of most pages is that of all, whatever their order."""
    pages = [of_host(2, ECHO), of_host(3, ECHO), of_host(4, "Echo Sport"), of_host(5)]
    for prefix, page in zip(prefixes, pages, strict=True):
        write(tmp_path / f"{prefix}.html", page)
    write(tmp_path / "e.html", of_host(6, "The Selby Post", host="selby.example"))
    write(tmp_path / "f.html", of_host(7, host="nobody.example"))
    outlets = [article.source for article in read_quietly(tmp_path)]
    assert outlets == [ECHO] * 4 + ["The Selby Post", "nobody.example"]


def test_the_host_of_a_saved_page(tmp_path: Path) -> None:
    """Browsers write the address into a comment; JSON-LD has it as well."""
    write(tmp_path / "a.html", of_host(2, ECHO))
    saved = "<!-- saved from url=(0029)https://www.quay.example/3 --><html>"
    write(tmp_path / "b.html", of_host(3).replace("<html", f"{saved}<html", 1).replace("canonical", "next"))
    data = json.dumps(article(headline="Ferry 4", url="https://quay.example/4"))
    script = f"<script type='application/ld+json'>{data}</script></head>"
    write(tmp_path / "c.html", of_host(4).replace("</head>", script).replace("canonical", "next"))
    articles = read_quietly(tmp_path)
    assert [article.source for article in articles] == [ECHO] * 3
    assert articles[1].url == "https://www.quay.example/3"


def test_a_host_of_several_outlets_has_no_name_of_its_own(tmp_path: Path) -> None:
    for number, name in enumerate(("The Echo", "The Post", "The Mail", "The Times")):
        write(tmp_path / f"{number}.html", of_host(number + 2, name))
    assert [article.source for article in read_quietly(tmp_path)] == ["The Echo", "The Post", "The Mail", "The Times"]


def test_a_name_that_only_the_titles_of_several_pages_have(tmp_path: Path) -> None:
    for number in (2, 3, 4):
        text = f"<title>Ferry {number} burns - the harwick echo</title><body>{PARAGRAPHS}"
        write(tmp_path / f"{number}.html", f"<!doctype html><html>{text}</html>")
    found = [(article.title, article.source) for article in read_quietly(tmp_path)]
    assert found == [(f"Ferry {number} burns", "the harwick echo") for number in (2, 3, 4)]
