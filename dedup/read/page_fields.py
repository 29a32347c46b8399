"""Decide the title, the outlet and the date of a page whose statements contradict each other.

The title is what most of the heading, JSON-LD, `og:title` and `<title>` agree on, without the name of the site. The
outlet is the name that most statements agree on, and never a headline. The date is that of publication.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from dedup.inputs.dates import read_date
from dedup.read.page_metadata import DataArticle, PageMetadata

_LONGEST_NAME, _MOST_NAME_WORDS = 40, 5
"""Maximum characters and words of an outlet's name beside a title. A stated name can have twice as many."""
_LEAST_CUT = 40
"""Minimum letters of a title that is taken for the beginning of a longer one without a mark of omission."""
_LAG = timedelta(days=2)
"""How far dates that mean one moment can differ: time zones, and clocks that are wrong."""

_SEPARATOR = re.compile(r"\s+(?:[-–—―|·•»«›‹/~⋆*]|::?)\s+|\s*[|｜]\s*|(?<=[^\x00-\u02ff])[_-](?=[^\x00-\u02ff])|:\s+")
"""What separates the parts of `<title>`: `Ferry burns – World – The Echo`, `The Echo: Ferry burns`."""
_STRONG = re.compile(r"\s+[-–—―|·•»«]\s+|\s*[|｜]\s*|_")
"""Separators that a headline has less often than the name of a site beside it."""
_OMISSION = re.compile(r"\s*(?:…|\.\.\.)$")
_ARTICLE = re.compile(r"^(?:the|der|die|das|el|la|le|les|il|o|a)\s+", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,12}/?", re.IGNORECASE)

_NO_NAMES = frozenset(
    (
        *("home", "homepage", "news", "blog", "article", "articles", "website", "mywebsite", "mysite", "wordpress"),
        *(
            "untitled",
            "index",
            "default",
            "null",
            "undefined",
            "none",
            "startseite",
            "inicio",
            "accueil",
            "nachrichten",
        ),
    )
)
"""Placeholders of publishing systems, normalized by `name_key`."""


@dataclass(frozen=True, slots=True)
class PageFields:
    """The title and the outlet of a page.

    Attributes:
        title: the title, "" if there is none.
        titles: all forms of it on the page, which may be repeated at the beginning of the text.
        outlet: the name of the outlet, "" if the page states none.
        tails: parts of `<title>` that may be the name of the site, the likeliest first.
    """

    title: str
    titles: frozenset[str]
    outlet: str
    tails: tuple[str, ...]


@lru_cache(maxsize=1 << 12)
def name_key(text: str) -> str:
    """Return the letters and digits of a title or name, for comparison."""
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
    return letters or " ".join(text.split())


def decide_fields(page: PageMetadata, extracted: str = "", *, site: str = "") -> PageFields:
    """Decide the title and the outlet of a page.

    Args:
        page: its statements.
        extracted: the title that the extractor finds in its layout.
        site: the name of the site, if it is known from other pages.
    """
    names = [site, *page.names.values(), *(article.publisher for article in page.articles)]
    names = [name for name in names if _is_name(name)]
    counts = Counter(map(name_key, names))
    counts.subtract({name_key(title) for title in (*page.headings, page.card, *(one.title for one in page.articles))})
    certain = {name_key(site), *(key for key, count in counts.items() if count > 1)} - {""}
    certain |= {name_key(name) for name in names if _looks_like_a_name(name) and _fits_host(name, page.host)}
    voices = _voices(page, extracted, certain)
    title, agreed = _elect(voices)
    names = [name for name in names if not _is_headline(name, title, certain)]
    title = _without_names(
        title, {name_key(name): name for name in names}.keys() & certain or set(map(name_key, names))
    )
    beside = _beside(page.page, title, agreed)
    if not beside and not agreed and (part := _lone_tail(page.page, names, page.host)):
        title, beside = _remove_part(page.page, part) if title == page.page else title, [part]
    outlet = _outlet(page, names, beside, site)
    if outlet:
        title = _without_names(title, {name_key(outlet)})
    tails = tuple(dict.fromkeys(part for part in (*beside, *_ends(page.page)) if name_key(part) != name_key(title)))
    return PageFields(title, frozenset((title, *page.headings, *(text for _, text in voices))), outlet, tails)


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= 2 * _LONGEST_NAME
        and len(name.split()) <= 2 * _MOST_NAME_WORDS
        and name_key(name) not in _NO_NAMES
    )


def _fits_host(name: str, host: str) -> bool:
    """Return whether a host is named after an outlet: `tidewater.example` after the Tidewater Gazette."""
    labels = host.split(".")[:-1] or [host]
    key, plain = name_key(name), name_key(_ARTICLE.sub("", name))
    initials = "".join(word[0] for word in name.casefold().split() if word[0].isalnum())
    return bool(host) and (
        key == name_key(host)
        or any(
            len(label) >= 3 and (label in {key, plain, initials} or (len(label) >= 4 and label in key))
            for label in (name_key(part) for part in labels)
        )
        or (len(plain) >= 5 and plain in name_key(labels[-1]))
    )


def _voices(page: PageMetadata, extracted: str, certain: Collection[str]) -> list[tuple[str, str]]:
    """Return the titles that a page states by where it does, the most reliable first, without the names of the site."""
    others = [page.card, page.page, extracted, *page.headings]
    article = choose_article(page, others)
    heading = _best_heading(page, [article.title if article else "", page.card, page.page], certain)
    stated = [
        ("heading", heading),
        ("data", article.title if article else ""),
        ("card", page.card),
        ("page", page.page),
    ]
    if name_key(extracted) not in {name_key(text) for _, text in stated}:  # else it is a copy
        stated.append(("extracted", extracted))
    cut = [(where, _without_names(text, certain)) for where, text in stated]
    return [(where, text) for where, text in cut if text and name_key(text) not in certain]


def choose_article(page: PageMetadata, titles: Sequence[str]) -> DataArticle | None:
    """Return the article of JSON-LD that the page is about: of its address or title, else the first; None if none."""
    same_url = (one for one in page.articles if one.url and page.url and _path(one.url) == _path(page.url))
    keys = [name_key(title) for title in titles if title]
    same_title = (one for one in page.articles if one.title and any(name_key(one.title) in key for key in keys))
    return next((one for found in (same_url, same_title, page.articles) for one in found), None)


def _path(url: str) -> str:
    return url.partition("://")[2].partition("#")[0].partition("?")[0].rstrip("/").removeprefix("www.")


def _best_heading(page: PageMetadata, others: Sequence[str], certain: Collection[str]) -> str:
    """Return the heading that another title of the page agrees with, else the first that is no name of the site."""
    headings = [text for text in page.headings if name_key(text) not in certain]
    agreeing = (text for text in headings if any(_agreement(text, other) == 1 for other in others if other))
    return next(agreeing, headings[0] if headings else "")


def _elect(voices: Sequence[tuple[str, str]]) -> tuple[str, bool]:
    """Return the title that agrees most with the others, and whether another one agrees with it."""
    best, most, agreed = "", -1.0, False
    for place, (where, text) in enumerate(voices):
        alike = [_agreement(text, other) for number, (_, other) in enumerate(voices) if number != place]
        contained = where == "page" and any(_beside(text, other, agreed=True) for _, other in voices)
        score = sum(alike) - contained
        if score > most or (score == most and agreed and _is_part_beside(voices, best, text)):
            best, most, agreed = text, score, any(one == 1 for one in alike)
    fuller = (text for where, text in voices if where != "page" and _is_cut(best, text))
    best = next(fuller, best)
    same = [text for _, text in voices if name_key(text) == name_key(best)]
    return next((text for text in same if not text.isupper()), best), agreed


def _is_part_beside(voices: Sequence[tuple[str, str]], best: str, text: str) -> bool:
    """Return whether `<title>` is made of both titles, of which the longer is the headline."""
    page = next((text for where, text in voices if where == "page"), "")
    key = name_key(page)
    return len(text) > len(best) and key in {name_key(best + text), name_key(text + best)}


def _agreement(one: str, other: str) -> float:
    """Return 1 for titles that mean the same: equal, cut, or beside a name; else half the share of common words."""
    if name_key(one) == name_key(other) or _is_cut(one, other) or _is_cut(other, one):
        return 1
    if _beside(one, other, agreed=True) or _beside(other, one, agreed=True):
        return 1
    words, others = set(one.casefold().split()), set(other.casefold().split())
    return len(words & others) / len(words | others) / 2


def _is_cut(short: str, whole: str) -> bool:
    """Return whether a title is the beginning of a longer one."""
    key, longer = name_key(_OMISSION.sub("", short)), name_key(whole)
    marked = _OMISSION.search(short) is not None
    rest = whole[len(short) :].lstrip()
    continues = bool(rest) and (rest[0].isalnum() or rest[0] == ",")
    return len(key) < len(longer) and longer.startswith(key) and (marked or (len(key) >= _LEAST_CUT and continues))


def _parts(text: str) -> list[tuple[int, int]]:
    """Return start and end of the parts of a title between separators."""
    ends = [(match.start(), match.end()) for match in _SEPARATOR.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    return [(start, end) for start, end in zip(starts, [*(start for start, _ in ends), len(text)], strict=True)]


def _beside(page: str, title: str, agreed: bool) -> list[str]:
    """Return the parts of `<title>` beside the headline, the likeliest name of the site first; [] if there are none.

    Args:
        page: the text of `<title>`.
        title: the headline.
        agreed: whether another statement than `<title>` says that this is the headline.
    """
    if not agreed or not title or not page:
        return []
    parts = _parts(page)
    key = name_key(_OMISSION.sub("", title))
    for place in range(1, len(parts)):
        if name_key(page[: parts[place - 1][1]]) == key:
            return [page[start:end] for start, end in reversed(parts[place:]) if start < end]
        if name_key(page[parts[place][0] :]) == key:
            return [page[start:end] for start, end in parts[:place] if start < end]
    return []


def _ends(page: str) -> Iterator[str]:
    """Yield the last and the first part of a page's title, if it has several."""
    parts = _parts(page)
    if len(parts) > 1:
        yield from (page[start:end] for start, end in (parts[-1], parts[0]) if 0 < end - start <= _LONGEST_NAME)


def _lone_tail(page: str, names: Sequence[str], host: str) -> str:
    """Return the name at the end or the beginning of `<title>`, where nothing else says what the headline is."""
    known = set(map(name_key, names))
    for part in _ends(page):
        if name_key(part) in known or _fits_host(part, host):
            return part
    strong = list(_STRONG.finditer(page))
    if not strong:
        return ""
    tail, head = page[strong[-1].end() :], page[: strong[-1].start()]
    return tail if _looks_like_a_name(tail) and len(head.split()) > len(tail.split()) else ""


def _looks_like_a_name(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_NAME
        and len(text.split()) <= _MOST_NAME_WORDS
        and (not text[:1].islower() or _DOMAIN.fullmatch(text) is not None)
        and not re.search(r"[?!.…]$", text)
        and name_key(text) not in _NO_NAMES
    )


def _remove_part(page: str, part: str) -> str:
    parts = _parts(page)
    return page[: parts[-2][1]] if page.endswith(part) else page[parts[1][0] :]


def _without_names(title: str, names: Collection[str]) -> str:
    """Remove the names of the site from the beginning and the end of a title."""
    while names and len(parts := _parts(title)) > 1:
        if name_key(title[slice(*parts[-1])]) in names:
            title = title[: parts[-2][1]]
        elif name_key(title[slice(*parts[0])]) in names:
            title = title[parts[1][0] :]
        else:
            break
    return title.strip()


def _is_headline(name: str, title: str, certain: Collection[str]) -> bool:
    """Return whether a stated name is the headline, or most of it."""
    key, headline = name_key(name), name_key(title)
    if not headline or key in certain:
        return key == headline
    return headline in key or (key in headline and 2 * len(key) > len(headline))


def _outlet(page: PageMetadata, names: Sequence[str], beside: Sequence[str], site: str) -> str:
    """Return the name that most statements agree on; of equals one that fits the host, then the first stated."""
    if site:
        return site
    candidates = [*names, *(part for part in beside[:1] if _looks_like_a_name(part) or _fits_host(part, page.host))]
    counts = Counter(name_key(name) for name in candidates)
    counts.update({name_key(part) for part in beside[1:]} & counts.keys())

    def rank(name: str) -> tuple[float, bool]:
        is_domain = _DOMAIN.fullmatch(name) is not None
        return counts[name_key(name)] + (_fits_host(name, page.host) and not is_domain), not is_domain

    return max(candidates, key=rank, default="")


def decide_date(page: PageMetadata, extracted: Callable[[], str], *, latest: date) -> str:
    """Return when the article of a page was published, as a date in ISO 8601; "" if it is unknown.

    Dates in the future and dates that were never set lose against any other. Of two dates the later is of a change.
    Where all are refused, the first is returned, so that the refusal is reported.

    Args:
        page: its statements.
        extracted: returns the date that the extractor finds.
        latest: when the page was seen; later dates are refused.
    """
    article = choose_article(page, [page.card, page.page, *page.headings])
    of_data = [article.published] if article and article.published else []
    created = [article.created] if article and article.created else []
    changed = [*page.modified, *([article.modified] if article else [])]
    last = min(_days(changed, latest), default=None)
    tiers: list[Callable[[], Iterable[str]]] = [
        lambda: [*of_data, *page.published],
        lambda: [*created, *page.dates],
        lambda: page.times[:1],
        lambda: filter(None, [extracted()]),
    ]
    refused: list[str] = []
    for tier in tiers:
        values = list(tier())
        days = _days(values, latest)
        days = [day for day in days if last is None or day <= last + _LAG] or days
        if days:
            counts = Counter(days)
            return min(counts, key=lambda day: (-counts[day], day)).isoformat()
        refused += values
    return next(iter(refused), "")


def _days(values: Iterable[str], latest: date) -> list[date]:
    found = (read_date(value, today=latest).when for value in values if value)
    return [when.date() if isinstance(when, datetime) else when for when in found if when is not None]
