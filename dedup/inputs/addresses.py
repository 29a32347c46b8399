"""Addresses of pages: which addresses, at one outlet, are those of one page.

An address is read, never fetched. `page_address` gives the same string for the forms that one page has: with and
without tracking parameters, `www.` and `https`, its AMP, mobile and print variants, and behind a redirector that states
its target. Home, section and search pages show other articles tomorrow: they are no addresses of an article.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from dedup.article import Article


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LONGEST = 4_096
"""Most characters of an address that is read."""
_UNWRAPPED = 4
"""Most redirectors around an address."""

_SUBDOMAINS = frozenset(("www", "www1", "www2", "www3", "m", "mobile", "mobil", "amp", "wap", "touch"))
"""First labels of a host that serve the same pages in another form."""
_REDIRECTS = re.compile(
    r"(?:(?:www|news|news\.url)\.)?google\.[a-z.]+/(?:url|imgres)|news\.url\.google\.com/|(?:www\.)?bing\.com/news/apiclick"
    r"|(?:lm?\.(?:facebook|instagram)|out\.reddit|t\.umblr)\.com/|exit\.sc/|slack-redir\.net/|(?:www\.)?vk\.com/away"
    r"|(?:go|click|clicks|redirect|track|link|links)\.[^/]+/"
)
"""Hosts and paths of pages that send the reader on to the address in a parameter ..."""
_REDIRECT_PAGES = frozenset(
    ("redirect", "redir", "away", "out", "outgoing", "click", "track", "link", "goto", "l", "r")
)
"""... and last segments of such paths at any host, without what follows a dot."""
_TARGETS = ("url", "u", "q", "target", "dest", "destination", "to", "redirect", "redir", "link", "z", "goto")
"""Parameters that hold the address that a redirector leads to."""
_WRAPPED = re.compile(
    r"(?:[^/]*\.cdn\.ampproject\.org/[a-z](?:/(?P<s1>s))?/"
    r"|(?:www\.)?google\.[a-z.]+/amp(?:/(?P<s2>s))?/"
    r"|(?:www\.)?bing-amp\.com/c(?:/(?P<s3>s))?/"
    r"|web\.archive\.org/web/\d+(?:[a-z]{2}_)?/(?:https?://?)?|archive\.org/wayback/\d+/(?:https?://?)?)(?P<inner>.+)"
)
"""Caches and archives that hold the address of a page in their own."""

_VARIANTS = frozenset(("amp", "amphtml", "print", "printversion", "print-version", "mobile", "m"))
"""First or last segments of a path that ask for another form of the page."""
_FORMS = frozenset(
    (
        "amp",
        "print",
        "printable",
        "mobile",
        "outputtype",
        "output",
        "view",
        "mode",
        "format",
        "version",
        "layout",
        "theme",
    )
)
"""Parameters that ask for another form of the page, if they have one of these values."""
_FORM_VALUES = frozenset(("", "1", "true", "yes", "on", "amp", "print", "printable", "mobile", "html", "full"))
_INDEX = re.compile(r"(?:index|default|home)\.(?:s?html?|php\d?|aspx?|jsp|cfm)", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:[._-]amp)?(?:\.s?html?)?(?:\.amp)?$", re.IGNORECASE)
_SESSION = re.compile(r";[^/]*")

_SECTIONS = _names(
    """
    about accueil actualidad actualite actualites aktuell archive archives arts articles asia australia austria blog
    blogs books breaking breaking-news business canada category china city columns comment contact culture cultura
    de deportes economia economics economie economy editorial education en entertainment environment es eu europe
    events fashion feed feeds film finance food football fr gallery germany health home homepage horoscope horoscopes
    in india international it ja lang language latest latest-news latest-stories life lifestyle live local lottery
    markets media money movies multimedia music nation national nachrichten news news-in-brief newsletter newsroom
    noticias notizie novosti nyheter opinion opinions page pages people photos podcast podcasts politica politics
    politik politique portada premium press pt radio region regional rss russia schweiz science scitech search section
    sections settings shop show siteindex sitemap society special sport sports start startseite stories story style
    subscribe tag tags tech technology today top top-news top-stories topic topics topnews traffic travel trending tv
    uk us usa video videos weather welt wetter wirtschaft wires world world-news yesterday
    """
)
"""Segments of paths that name a section."""
_LISTS = frozenset(("tag", "tags", "topic", "topics", "category", "categories", "author", "authors", "search"))
"""Last segments but one of the paths of lists: the last names the list."""
_DAY = re.compile(r"(?:/\d{1,4}){1,3}")
"""Paths of the archive of a year, a month or a day."""
_GENERIC = frozenset(("lang", "language", "locale", "edition", "region", "page", "tab", "sort", "order", "view"))
"""Parameters that do not name an article."""
_SLUG = re.compile(r"[^\W_]+(?:[-_+. ][^\W_]+){2,}")
_NUMBER = re.compile(r"\d{4}|\d{2}/\d{2}|[0-9a-f]{8}")


class PageKey(NamedTuple):
    """What identifies a page of an outlet.

    Attributes:
        digest: 16 bytes, equal for the addresses of one page at one outlet.
        specific: whether the address names an article, by a number, a date or several words. One that does not, such as
            `/report`, may show another article each day.
    """

    digest: bytes
    specific: bool


def page_keys(article: Article) -> list[PageKey]:
    """Return what identifies the page of an article: its address, and its id where that is an address too."""
    found: dict[bytes, PageKey] = {}
    for url in dict.fromkeys((article.url, article.id)):
        if "://" in url and (address := page_address(url)):
            outlet = " ".join(article.source.casefold().split()) or address.partition("/")[0]
            digest = blake2b(f"{outlet}\0{address}".encode(errors="replace"), digest_size=16).digest()
            found[digest] = PageKey(digest, is_specific(address))
    return [*found.values()]


@lru_cache(maxsize=1 << 12)
def page_address(url: str) -> str:
    """Return the address of an article's page in one form, "" if it is none."""
    url = url.strip().replace("&amp;", "&")
    if len(url) > LONGEST:
        return ""
    try:
        for _ in range(_UNWRAPPED):
            inner = _inside(url)
            if not inner:
                break
            url = inner
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not (host := _host(parts.hostname or "")):
            return ""
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:  # no address at all: "http://[", a port of letters
        return ""
    path = _path(parts.path)
    query = sorted(_parameters(parts.query, host))
    route = f"#{parts.fragment}" if parts.fragment[:1] in ("!", "/") else ""
    if not _names_article(path, query, route):
        return ""
    return f"{host}{port}{path}{'?' if query else ''}{urlencode(query)}{route}"


def is_specific(address: str) -> bool:
    """Return whether an address names an article by a number, a date or three words or more."""
    rest = address.partition("/")[2]
    return bool(_NUMBER.search(rest) or any(_SLUG.search(part) for part in rest.split("/")) or not rest.isascii())


def _inside(url: str) -> str:
    """Return the address that another one holds, "" if there is none."""
    address = url.partition("://")[2]
    if found := _WRAPPED.match(address):
        inner = found["inner"]
        return inner if inner.startswith("http") else f"https://{inner}"
    parts = urlsplit(url)
    page = parts.path.lower().rstrip("/").rpartition("/")[2].partition(".")[0]
    if not parts.query or not (page in _REDIRECT_PAGES or _REDIRECTS.match(f"{parts.hostname or ''}{parts.path}")):
        return ""
    values = dict(parse_qsl(parts.query))
    return next((values[name] for name in _TARGETS if values.get(name, "").startswith(("http://", "https://"))), "")


def _host(host: str) -> str:
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:  # an empty label, one that is too long
        return ""
    labels = host.rstrip(".").lower().split(".")
    while len(labels) > 2 and labels[0] in _SUBDOMAINS:
        labels = labels[1:]
    return ".".join(labels) if all(labels) and (len(labels) > 1 or labels[0] == "localhost") else ""


def _path(path: str) -> str:
    segments: list[str] = []
    for segment in _SESSION.sub("", unicodedata.normalize("NFC", unquote(path))).split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment and segment != ".":
            segments.append(segment)
    if segments and _INDEX.fullmatch(segments[-1]):
        segments.pop()
    while len(segments) > 1 and segments[0].lower() in _VARIANTS:
        segments = segments[1:]
    while len(segments) > 1 and _EXTENSION.sub("", segments[-1]).lower() in {*_VARIANTS, ""}:
        segments.pop()
    if segments:
        segments[-1] = _EXTENSION.sub("", segments[-1]) or segments[-1]
    return "".join(f"/{segment}" for segment in segments)


def _parameters(query: str, host: str) -> Iterator[tuple[str, str]]:
    """Yield the parameters that say which page is meant."""
    names, beginnings, of_hosts = _tracking()
    for name, value in parse_qsl(query, keep_blank_values=True):
        lower = name.lower().removeprefix("amp;")
        is_form = lower in _FORMS and value.lower() in _FORM_VALUES
        is_tracking = lower in names or lower.startswith(beginnings) or lower in of_hosts.get(host, ())
        if not (is_form or is_tracking):
            yield name.removeprefix("amp;"), value


def _names_article(path: str, query: list[tuple[str, str]], route: str) -> bool:
    segments = [segment.lower() for segment in path.split("/")[1:]]
    if segments[-2:-1] and segments[-2] in _LISTS:
        return False
    if route or (any(segment not in _SECTIONS for segment in segments) and not _DAY.fullmatch(path)):
        return True
    values = [value for name, value in query if name.lower() not in _GENERIC]
    return any(any(map(str.isdigit, value)) or _SLUG.search(value) for value in values)


@cache
def _tracking() -> tuple[frozenset[str], tuple[str, ...], Mapping[str, frozenset[str]]]:
    """Read the table of tracking parameters: names, beginnings of names, and names by host."""
    names: set[str] = set()
    beginnings: list[str] = []
    of_hosts: dict[str, set[str]] = {}
    for line in (files("dedup.inputs") / "tracking.txt").read_text("utf-8").splitlines():
        host, _, name = line.rpartition(" ")
        if line.startswith("#"):
            continue
        if host:
            of_hosts.setdefault(host, set()).add(name)
        elif name.endswith("*"):
            beginnings.append(name[:-1])
        else:
            names.add(name)
    return frozenset(names), tuple(beginnings), {host: frozenset(held) for host, held in of_hosts.items()}
