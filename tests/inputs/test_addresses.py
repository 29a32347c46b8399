"""Which addresses are those of one page, and which are those of no article."""

from __future__ import annotations

import pytest

from dedup import Article, from_record
from dedup.inputs.addresses import is_specific, page_address, page_keys


def lines(text: str) -> list[str]:
    return text.split()


SAME = lines("""
https://www.paper.example/news/mill-fire
http://paper.example/news/mill-fire/
HTTPS://PAPER.example:443/news/mill-fire
https://m.paper.example/news/mill-fire?utm_source=x&fbclid=3#top
https://amp.paper.example/news/mill-fire/amp
https://paper.example/amp/news/mill-fire
https://paper.example/news/mill-fire.html?output=amp
https://paper.example/news/mill-fire.amp.html
https://paper.example/news/mill-fire?amp=1
https://paper.example/news/mill-fire?amp
https://paper.example/news/mill-fire/index.html?PHPSESSID=3
https://paper.example/news/mill-fire;jsessionid=23?print=1
https://paper.example/print/news/mill-fire
https://paper.example/news/mill-fire/print/
https://paper.example//news/./x/../mill%2Dfire
https://paper.example/news/mill-fire?at_medium=RSS&amp;at_campaign=rss
https://www-paper-example.cdn.ampproject.org/c/s/www.paper.example/news/mill-fire
https://www.google.com/amp/s/www.paper.example/news/mill-fire
https://www.google.com/url?sa=t&url=https%3A%2F%2Fwww.paper.example%2Fnews%2Fmill-fire%3Futm_source%3Dg
https://www.bing.com/news/apiclick.aspx?ref=F&aid=&url=https%3a%2f%2fpaper.example%2fnews%2fmill-fire&c=1
https://l.facebook.com/l.php?u=https%3A%2F%2Fpaper.example%2Fnews%2Fmill-fire&h=AT0
https://web.archive.org/web/20240501080000/https://paper.example/news/mill-fire
""")

OTHERS = lines("""
https://paper.example/news/mill-fire?page=1
https://paper.example/news/mill-fire?page=2
https://paper.example/news/mill-fire-2
https://other.example/news/mill-fire
https://paper.example/news/MILL-FIRE
https://paper.example/article.php?id=123
https://paper.example/article.php?id=124
https://paper.example/?p=123
https://paper.example/#!/news/mill-fire
https://news.aggregator.example/rss/articles/CBMiabc
""")

NO_ARTICLE = [
    *lines("""
https://paper.example/
https://paper.example
https://www.paper.example/index.html
https://paper.example/?utm_source=x
https://paper.example/?lang=en
https://paper.example/news
https://paper.example/news/world/
https://paper.example/sport/football
https://paper.example/latest
https://paper.example/weather
https://paper.example/tag/fire
https://paper.example/author/ann-bell
https://paper.example/search?q=fire
https://paper.example/2024/05/03/
mailto:desk@paper.example
tag:paper.example,2024:1
urn:uuid:1
http://[paper
http://paper.example:port/a
/news/mill-fire
"""),
    "",
    " ",
    "not an address",
    "https://",
    "https://paper.example/" + "a" * 5000,
]


@pytest.mark.parametrize("url", SAME)
def test_the_forms_of_one_page_have_one_address(url: str) -> None:
    assert page_address(url) == "paper.example/news/mill-fire"


def test_other_pages_have_other_addresses() -> None:
    found = [page_address(url) for url in OTHERS]
    assert all(found)
    assert len({*found, page_address(SAME[0])}) == len(OTHERS) + 1


@pytest.mark.parametrize("url", NO_ARTICLE)
def test_home_and_section_pages_are_no_articles(url: str) -> None:
    assert page_address(url) == ""


def test_the_order_of_parameters_does_not_matter() -> None:
    assert page_address("https://paper.example/a.php?id=1&cat=2") == page_address(
        "http://paper.example/a.php?cat=2&id=1"
    )


@pytest.mark.parametrize(
    ("url", "specific"),
    [
        ("https://paper.example/news/fire-at-paper-mill", True),
        ("https://paper.example/2024/05/03/fire", True),
        ("https://paper.example/news/48213377", True),
        ("https://paper.example/новости/пожар", True),
        ("https://paper.example/report", False),
        ("https://paper.example/morning-briefing", False),
    ],
)
def test_an_address_that_names_an_article(url: str, specific: bool) -> None:
    assert is_specific(page_address(url)) is specific


def test_an_address_is_one_of_an_outlet() -> None:
    url = SAME[0]
    own, other = (page_keys(Article(id="a", text="t", source=source, url=url)) for source in ("Paper", "Other"))
    assert own != other
    assert own == page_keys(Article(id="b", text="u", source=" paper ", url=SAME[3]))
    assert page_keys(Article(id=url, text="t", source="Paper")) == own  # an id that is an address
    assert page_keys(Article(id="a", text="t", url=url)) == page_keys(Article(id="b", text="t", url=SAME[1]))
    assert page_keys(Article(id="a/1", text="t")) == []


@pytest.mark.parametrize(
    ("canonical", "read"),
    [
        ("https://paper.example/news/mill-fire", "https://paper.example/news/mill-fire"),
        ("https://paper.example/", "https://m.paper.example/a?id=7"),  # the home page
        ("https://wire.example/mill-fire", "https://m.paper.example/a?id=7"),  # of the outlet that it was taken from
    ],
)
def test_the_canonical_address_of_a_record_is_read(canonical: str, read: str) -> None:
    record = {"title": "Fire", "text": "A fire.", "url": "https://m.paper.example/a?id=7", "canonical_url": canonical}
    article, _ = from_record(record, where="1", default_id="a")
    assert article is not None
    assert article.url == read
