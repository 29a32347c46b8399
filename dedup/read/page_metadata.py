"""Collect what a page says about its article: titles, outlets, dates and addresses, wherever it says them.

A page can contradict itself. `dedup.read.page_fields` decides which of the values are right.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dedup.inputs.addresses import page_address

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LONGEST = 500
"""Maximum characters of a value. Longer ones are texts."""
_MOST_HEADINGS = 20
"""Maximum `h1` elements that are considered."""
_LONGEST_DATA, _MOST_NODES, _MOST_ARTICLES = 1 << 20, 10_000, 100
"""Maximum characters of a JSON-LD script, and objects and articles of a page that are considered."""

_NAMES = ("og:site_name", "application-name", "apple-mobile-web-app-title", "citation_journal_title", "dc.publisher")
"""Properties of `meta` that hold the name of the outlet, the most reliable first."""
_CARDS = ("og:title", "twitter:title", "title", "dc.title", "parsely-title", "sailthru.title", "citation_title")
"""Properties of `meta` that hold the title. They are copies of each other, so the first counts."""
_PUBLISHED = (
    *("article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date", "sailthru.date"),
    *("citation_publication_date", "citation_date", "dc.date.issued", "dcterms.issued", "publication_date"),
    *("publish-date", "publishdate", "publish_date", "published_time", "pubdate", "article.published"),
)
_MODIFIED = (
    *("article:modified_time", "og:updated_time", "datemodified", "last-modified", "lastmod", "dcterms.modified"),
    *("article.updated", "revised"),
)
_DATES = ("date", "dc.date", "dcterms.date", "dc.date.created", "dcterms.created", "datecreated")
"""Properties of `meta` that hold the date of publication, or that of the page."""

_ARTICLES = ("Article", "BlogPosting", "Report")
"""What the types of articles in schema.org end in."""
_SITES = frozenset(("WebSite", "NewsMediaOrganization", "Newspaper"))
_COMMENT_MARKS = ("<!--", "-->", "<![CDATA[", "//<![CDATA[", "// <![CDATA[", "]]>", "//]]>", "// ]]>", "//-->", "//")
"""What is left around JSON that was hidden from old browsers."""
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class DataArticle:
    """An article described by JSON-LD or microdata."""

    title: str = ""
    publisher: str = ""
    published: str = ""
    created: str = ""
    modified: str = ""
    url: str = ""


@dataclass(slots=True)
class PageMetadata:
    """The statements of a page about its article, in the order of the page.

    Attributes:
        page: the text of `<title>`.
        card: the title for social networks, as in `og:title`.
        headings: the texts of `h1` and of elements marked as headline.
        articles: the articles of JSON-LD and microdata.
        names: the names of the outlet, by where they are stated.
        published: dates of publication.
        modified: dates of a later change.
        dates: dates of either kind.
        times: dates of `time` elements, those marked as publication first.
        url: the address the page states.
        host: the host of that address, or of the one it was fetched from, without `www.`.
    """

    page: str = ""
    card: str = ""
    headings: list[str] = field(default_factory=list)
    articles: list[DataArticle] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    url: str = ""
    host: str = ""


def collect_metadata(tree: HtmlElement, url: str = "") -> PageMetadata:
    """Collect the statements of a page.

    Args:
        tree: the parsed page, with its JSON-LD.
        url: the address it was fetched from, "" if unknown.
    """
    found = PageMetadata(page=_line(tree.findtext(".//title") or ""))
    _read_meta(tree, found)
    stated = _address(found.url)
    # Some sites call their home page the canonical address of every page.
    found.url = stated if stated and (page_address(stated) or not page_address(url)) else _address(url)
    _read_headings(tree, found)
    _read_marked_up(tree, found)
    _read_data(tree, found)
    _read_times(tree, found)
    found.host = next(filter(None, map(host_of, (found.url, url, *(one.url for one in found.articles)))), "")
    return found


def _address(url: str) -> str:
    """Return an address without control characters, its spaces escaped."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", "", url.strip()).replace(" ", "%20")


def host_of(url: str) -> str:
    """Return the host of an address without `www.` and the prefixes of mobile editions; "" if it has none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return re.sub(r"^(?:(?:www\d?|m|amp|mobile)\.)+(?=[^.]+\.)", "", host)


def _line(text: str) -> str:
    return " ".join(text[: 4 * _LONGEST].split())[:_LONGEST]


def _read_meta(tree: HtmlElement, found: PageMetadata) -> None:
    values: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or element.get("http-equiv")
        value = _line(element.get("content") or "")
        if name and value:
            values.setdefault(name.strip().lower(), value)
    found.card = next((values[name] for name in _CARDS if name in values), "")
    found.names = {name: values[name] for name in _NAMES if name in values}
    found.published = [values[name] for name in _PUBLISHED if name in values]
    found.modified = [values[name] for name in _MODIFIED if name in values]
    found.dates = [values[name] for name in _DATES if name in values]
    addresses = [element.get("href") or "" for element in tree.iter("link") if element.get("rel") == "canonical"]
    found.url = next((url for url in (*addresses, values.get("og:url", "")) if host_of(url)), "")


def _read_headings(tree: HtmlElement, found: PageMetadata) -> None:
    for number, element in enumerate(tree.iter("h1")):
        if number == _MOST_HEADINGS:
            break
        if not (text := _line(element.text_content())):
            continue
        links = element.findall(".//a")
        if len(links) == 1 and _line(links[0].text_content()) == text and _is_home(links[0].get("href") or ""):
            found.names.setdefault("logo", text)
        else:
            found.headings.append(text)


def _is_home(address: str) -> bool:
    try:
        return urlsplit(address).path in {"", "/", "./", "index.html", "/index.html"} and not address.startswith("#")
    except ValueError:
        return False


def _read_marked_up(tree: HtmlElement, found: PageMetadata) -> None:
    """Read the microdata of an article."""
    values: dict[str, str] = {}
    for element in tree.xpath("//*[@itemprop='headline' or @itemprop='datePublished' or @itemprop='dateModified']"):
        if element.tag == "meta" or element.get("itemprop") in values:
            continue  # properties of meta are read with the others
        value = _line(element.get("datetime") or element.get("content") or element.text_content())
        if value:
            values[element.get("itemprop")] = value
    if title := values.get("headline"):
        found.headings.append(title)
    found.published += filter(None, [values.get("datePublished")])
    found.modified += filter(None, [values.get("dateModified")])


def _read_times(tree: HtmlElement, found: PageMetadata) -> None:
    others: list[str] = []
    for element in tree.iter("time"):
        value = _line(element.get("datetime") or "")
        marks = f"{element.get('class') or ''} {element.get('itemprop') or ''}".lower()
        if not value:
            continue
        if element.get("pubdate") is not None or "publish" in marks or "entry-date" in marks:
            found.times.append(value)
        elif "updat" in marks or "modif" in marks:
            found.modified.append(value)
        elif not others:
            others.append(value)
    found.times += others


def _read_data(tree: HtmlElement, found: PageMetadata) -> None:
    """Read JSON-LD. Publishers are often references to another object of the page."""
    nodes = list(_nodes(tree))
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    for node in nodes:
        kinds = [kind for kind in _values(node.get("@type")) if isinstance(kind, str)]
        if any(kind.endswith(_ARTICLES) for kind in kinds):
            if len(found.articles) < _MOST_ARTICLES:
                found.articles.append(_article(node, by_id))
        elif not _SITES.isdisjoint(kinds) and (name := _text(node, "name")):
            found.names.setdefault("site", name)
        elif any(kind.endswith("WebPage") for kind in kinds):
            found.published += filter(None, [_text(node, "datePublished")])
            found.modified += filter(None, [_text(node, "dateModified")])


def _nodes(tree: HtmlElement) -> Iterator[Mapping[str, Any]]:
    """Yield the objects that describe the page, in its order: not those of articles it links to."""
    left = _MOST_NODES
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "") or len(script.text or "") > _LONGEST_DATA:
            continue
        waiting: list[Any] = [_parse_data(script.text or "")]
        while waiting and left:
            value = waiting.pop()
            if isinstance(value, list):
                waiting += reversed(value[:left])
            elif isinstance(value, dict):
                left -= 1
                yield value
                waiting += [value.get("mainEntity"), value.get("mainEntityOfPage"), value.get("@graph")]


def _parse_data(text: str) -> Any:
    text = text.strip().rstrip("; \n")
    for mark in _COMMENT_MARKS:
        text = text.removeprefix(mark).removesuffix(mark).strip()
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _article(node: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]) -> DataArticle:
    publisher = ""
    for value in (*_values(node.get("publisher")), *_values(node.get("sourceOrganization"))):
        known = by_id.get(str(value.get("@id")), value) if isinstance(value, Mapping) else {"name": value}
        publisher = publisher or _text(known, "name")
    main = node.get("mainEntityOfPage")
    addresses = (node.get("url"), main.get("@id") if isinstance(main, Mapping) else main, node.get("@id"))
    return DataArticle(
        title=_text(node, "headline") or _text(node, "name"),
        publisher=publisher,
        published=_text(node, "datePublished"),
        created=_text(node, "dateCreated"),
        modified=_text(node, "dateModified"),
        url=next((value for value in addresses if isinstance(value, str) and host_of(value)), ""),
    )


def _values(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _text(node: Mapping[str, Any], name: str) -> str:
    """Return a value of a node on one line. Entities and tags in JSON-LD are mistakes of its writer."""
    value = next(iter(_values(node.get(name))), None)
    if isinstance(value, Mapping):
        value = value.get("@value")
    return _line(_TAG.sub("", html.unescape(value[: 4 * _LONGEST]))) if isinstance(value, str) else ""
