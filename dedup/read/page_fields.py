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
_SHORT_WORD = 3
"""Maximum letters of a word of a name that may begin with a small letter: `La Voz de la Ría`."""
_LAG = timedelta(days=2)
"""How far dates that mean one moment can differ: time zones, and clocks that are wrong."""

_SEPARATOR = re.compile(r"\s+(?:[-–—―|·•»«›‹/~⋆*]|::?)\s+|\s*[|｜_]\s*|(?<=[^\x00-\u02ff])-(?=[^\x00-\u02ff])|:\s+")
"""What separates the parts of `<title>`: `Ferry burns – World – The Echo`, `The Echo: Ferry burns`."""
_OMISSION = re.compile(r"\s*(?:…|\.\.\.)$")
_DETERMINER = re.compile(r"^(?:the|der|die|das|el|la|le|les|il|o|a)\s+", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:https?://)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,12}/?", re.IGNORECASE)

_NO_NAMES = frozenset(
    (
        *("home", "homepage", "news", "blog", "article", "articles", "website", "mywebsite", "mysite", "wordpress"),
        *("untitled", "index", "default", "null", "undefined", "none", "startseite", "inicio", "accueil"),
        *("nachrichten", "live", "video", "videos", "photos", "update", "updates", "opinion", "analysis"),
    )
)
"""Placeholders of publishing systems and marks of genres, normalized by `name_key`."""


@dataclass(frozen=True, slots=True)
class PageFields:
    """The title and the outlet of a page.

    Attributes:
        title: the title, "" if there is none.
        titles: all forms of it on the page, which may be repeated at the beginning of the text.
        outlet: the name of the outlet, "" if the page states none.
        tails: parts of `<title>` that may be the name of the site, the likeliest first.
        is_agreed: whether two statements agree on the title.
    """

    title: str
    titles: frozenset[str]
    outlet: str
    tails: tuple[str, ...]
    is_agreed: bool


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
    names = [name for name in (*page.names.values(), *(one.publisher for one in page.articles)) if _can_be_name(name)]
    voices = _voices(page, extracted)
    title = _elect(voices, Counter(map(name_key, [*names, *([site] * len(voices) if site else [])])), page)
    beside = next(filter(None, (_beside(text, title) for text in (page.page, page.card))), [])
    confirmed = {name_key(part) for part in beside}
    names = [name for name in names if name_key(name) in confirmed or not _is_headline(name, title)]
    if not beside and (title == page.page or not names) and (part := _lone_name(page.page, [*names, site], page.host)):
        beside = [part]
    outlet = site or _outlet(page, names, beside)
    title = _without_names(title, {name_key(name) for name in (outlet, *beside[:1], *names) if name}, sections=True)
    tails = dict.fromkeys(part for part in (*beside, *_ends(page.page)) if name_key(part) != name_key(title))
    titles = frozenset((title, *page.headings, *(text for _, text in voices)))
    is_agreed = sum(_agreement(title, text) == 1 for _, text in voices) > 1
    return PageFields(title, titles, outlet, tuple(tails), is_agreed)


def _can_be_name(name: str) -> bool:
    return (
        0 < len(name) <= 2 * _LONGEST_NAME
        and len(name.split()) <= 2 * _MOST_NAME_WORDS
        and name_key(name) not in _NO_NAMES
    )


def _looks_like_name(text: str, *, strictly: bool = False) -> bool:
    """Return whether a part of a title is written like a name: short, no sentence, its words in capitals.

    Args:
        text: the part.
        strictly: whether every word has to begin with a capital letter, if it is not short, and not the first alone.
    """
    words = text.split()
    begun = words if strictly else words[:1]
    return (
        0 < len(words) <= _MOST_NAME_WORDS
        and len(text) <= _LONGEST_NAME
        and (len(words) == 1 or not any(word[0].islower() and len(word) > _SHORT_WORD for word in begun))
        and not re.search(r"[?!…]$", text)
        and name_key(text) not in _NO_NAMES
    )


def _fits_host(name: str, host: str) -> bool:
    """Return whether a host is named after an outlet: `tidewater.example` after the Tidewater Gazette."""
    key, plain = name_key(name), name_key(_DETERMINER.sub("", name))
    initials = "".join(word[0] for word in name.casefold().split() if word[0].isalnum())
    labels = [name_key(label) for label in host.split(".")[:-1]] or [""]
    return bool(host) and (
        key == name_key(host)
        or any(len(one) >= 3 and (one in {key, plain, initials} or (len(one) >= 4 and one in key)) for one in labels)
        or (len(plain) >= 5 and plain in labels[-1])
    )


def _voices(page: PageMetadata, extracted: str) -> list[tuple[str, str]]:
    """Return the titles that a page states and where it does, the most reliable first."""
    article = choose_article(page, [page.card, page.page, extracted, *page.headings])
    data = article.title if article else ""
    headings = [text for text in page.headings if any(_agreement(text, one) == 1 for one in (data, page.card) if one)]
    headings += [text for text in page.headings if _agreement(text, page.page) == 1]
    heading = next(iter([*headings, *page.headings]), "")
    stated = [("heading", heading), ("data", data), ("card", page.card), ("page", page.page)]
    if name_key(extracted) not in {name_key(text) for _, text in stated}:  # else it is a copy
        stated.append(("extracted", extracted))
    return [(where, text) for where, text in stated if text]


def choose_article(page: PageMetadata, titles: Sequence[str]) -> DataArticle | None:
    """Return the article of JSON-LD that the page is about: of its address or title, else the first; None if none."""
    same_url = (one for one in page.articles if one.url and page.url and _path(one.url) == _path(page.url))
    keys = [name_key(title) for title in titles if title]
    same_title = (one for one in page.articles if one.title and any(name_key(one.title) in key for key in keys))
    return next((one for found in (same_url, same_title, page.articles) for one in found), None)


def _path(url: str) -> str:
    return url.partition("://")[2].partition("#")[0].partition("?")[0].rstrip("/").removeprefix("www.")


def _elect(voices: Sequence[tuple[str, str]], names: Counter[str], page: PageMetadata) -> str:
    """Return the title that most of the voices agree with, and that is not stated as a name.

    Candidates are the voices, and their parts beside a name or beside another voice.
    """
    texts = [text for _, text in voices]
    parts = {name_key(text) for text in texts} | names.keys()
    parts |= {name_key(part) for part in _ends(page.page) if _fits_host(part, page.host) and _looks_like_name(part)}
    candidates = dict.fromkeys(texts)
    candidates.update(dict.fromkeys(filter(None, (_without_names(text, parts - {name_key(text)}) for text in texts))))

    def rank(title: str) -> tuple[float, int]:
        key = name_key(title)
        score = sum(_agreement(title, text) for text in texts) - names[key]
        score -= _fits_host(title, page.host) and _looks_like_name(title)
        score -= _is_small_part(title, page.page) and sum(name_key(text) == key for text in texts) < 2
        return score, len(title) if score >= 2 else 0

    best = max(candidates, key=rank, default="")
    best = next((text for where, text in voices if where != "page" and _is_cut(best, text)), best)
    same = [text for text in texts if name_key(text) == name_key(best)]
    return next((text for text in same if not text.isupper()), best)


def _agreement(title: str, text: str) -> float:
    """Return 1 if a text states a title, alone, cut or beside a name; else up to half for common words."""
    if name_key(title) == name_key(text) or _is_cut(title, text) or _is_cut(text, title):
        return 1
    if _beside(text, title):
        return 1
    if _beside(title, text):
        return 0
    words, others = set(title.casefold().split()), set(text.casefold().split())
    return len(words & others) / len(words | others) / 2


def _is_small_part(title: str, page: str) -> bool:
    """Return whether a title is a part of `<title>` of which another part is twice as long, as names are."""
    longest = max((len(part) for part in _beside(page, title)), default=0)
    return longest >= 2 * len(title)


def _is_cut(short: str, whole: str) -> bool:
    """Return whether a title is the beginning of a longer one."""
    key, longer = name_key(_OMISSION.sub("", short)), name_key(whole)
    marked = _OMISSION.search(short) is not None
    rest = whole[len(short) :].lstrip()
    continues = bool(rest) and (rest[0].isalnum() or rest[0] == ",")
    return 0 < len(key) < len(longer) and longer.startswith(key) and (marked or (len(key) >= _LEAST_CUT and continues))


def _parts(text: str) -> list[tuple[int, int]]:
    """Return start and end of the parts of a title between separators."""
    ends = [(match.start(), match.end()) for match in _SEPARATOR.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    return list(zip(starts, [*(start for start, _ in ends), len(text)], strict=True))


def _beside(text: str, title: str) -> list[str]:
    """Return the parts of a text beside a title, the likeliest name of a site first; [] if there are none."""
    key = name_key(_OMISSION.sub("", title))
    parts = _parts(text) if key and key in name_key(text) else []
    for place in range(1, len(parts)):
        if name_key(_OMISSION.sub("", text[: parts[place - 1][1]])) == key:
            return [text[start:end] for start, end in reversed(parts[place:]) if start < end]
        if name_key(text[parts[place][0] :]) == key:
            return [text[start:end] for start, end in parts[:place] if start < end]
    return []


def _ends(text: str) -> Iterator[str]:
    """Yield the last and the first part of a title, if it has several."""
    parts = _parts(text)
    if len(parts) > 1:
        yield from (text[start:end] for start, end in (parts[-1], parts[0]) if 0 < end - start <= _LONGEST_NAME)


def _lone_name(page: str, names: Sequence[str], host: str) -> str:
    """Return the name at the end or the beginning of `<title>`, where nothing else says what the headline is."""
    known = set(map(name_key, names))
    for part in _ends(page):
        if name_key(part) in known or (_fits_host(part, host) and _looks_like_name(part)):
            return part
    for part in _ends(page):
        rest = page.removesuffix(part) if page.endswith(part) else page.removeprefix(part)
        separator = rest.rstrip()[-1:] if page.endswith(part) else rest.lstrip()[:1]
        if (
            separator != ":"
            and _looks_like_name(part, strictly=True)
            and len(rest) > (1 if page.endswith(part) else 2) * len(part)
        ):
            return part
    return ""


def _without_names(title: str, names: Collection[str], *, sections: bool = False) -> str:
    """Remove names from both ends of a title; with `sections` also a single word before a name at the end."""
    is_cut = False
    while names and len(parts := _parts(title)) > 1:
        last = title[slice(*parts[-1])]
        if name_key(last) in names or (sections and is_cut and len(last.split()) == 1 and len(last) < parts[-2][1] / 2):
            title, is_cut = title[: parts[-2][1]], True
        elif name_key(title[slice(*parts[0])]) in names:
            title = title[parts[1][0] :]
        else:
            break
    return title.strip()


def _is_headline(name: str, title: str) -> bool:
    """Return whether a stated name is the headline, or most of it. The name at the end of a title is none."""
    key, headline = name_key(name), name_key(title)
    if key == next((name_key(part) for part in _ends(title)), ""):
        return False
    return bool(headline) and (headline in key or (key in headline and 2 * len(key) > len(headline)))


def _outlet(page: PageMetadata, names: Sequence[str], beside: Sequence[str]) -> str:
    """Return the name that most statements agree on; of equals one that fits the host, then the first stated."""
    candidates = [*names, *(part for part in beside[:1] if _looks_like_name(part) or _fits_host(part, page.host))]
    counts = Counter(name_key(name) for name in candidates)
    counts.update({name_key(part) for part in beside[1:]} & counts.keys())

    def rank(name: str) -> int:
        return counts[name_key(name)] + (_fits_host(name, page.host) and _DOMAIN.fullmatch(name) is None)

    return max(candidates, key=rank, default="")


def decide_date(page: PageMetadata, extracted: Callable[[], str], *, latest: date) -> str:
    """Return when the article of a page was published, as a date in ISO 8601; "" if it is unknown.

    Dates in the future, dates that were never set and dates after the last change lose against any other. None wins
    over an earlier `datePublished`; of the others the day that most statements have counts, else the earliest. Where
    all are refused, the first is returned, so that the refusal is reported.

    Args:
        page: its statements.
        extracted: returns the date that the extractor finds.
        latest: when the page was seen; later dates are refused.
    """
    article = choose_article(page, [page.card, page.page, *page.headings])
    of_data = [article.published] if article and article.published else []
    created = [article.created] if article and article.created else []
    changed = [*page.modified, *([article.modified] if article else [])]
    ends = [*(day + _LAG for day in _days(changed, latest)), *_days(of_data, latest)]
    last = min(ends, default=None)
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
        days = [day for day in days if last is None or day <= last] or days
        if days:
            counts = Counter(days)
            return min(counts, key=lambda day: (-counts[day], day)).isoformat()
        refused += values
    return next(iter(refused), "")


def _days(values: Iterable[str], latest: date) -> list[date]:
    found = (read_date(value, today=latest).when for value in values if value)
    return [when.date() if isinstance(when, datetime) else when for when in found if when is not None]
