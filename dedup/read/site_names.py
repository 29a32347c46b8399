"""Learn the name of each site from all pages of an input, so that the pages of one host have one outlet.

The names are counted before the first page is read. The result depends on the pages, not on their order.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from dedup.read.page_fields import PageFields, decide_fields, name_key
from dedup.read.page_metadata import PageMetadata

MOST_SITES, _MOST_NAMES = 100_000, 50
"""Maximum hosts and folders that names are counted for, and names of each. Pages beyond are read by themselves."""


class SiteNames:
    """Counts the names that pages state, by host, and by folder for pages without an address."""

    def __init__(self) -> None:
        self._stated: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._parts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._pages: Counter[str] = Counter()

    def add(self, page: PageMetadata, folder: str) -> None:
        """Count the names of a page in a folder."""
        site = page.host or folder
        if site not in self._pages and len(self._pages) >= MOST_SITES:
            return
        self._pages[site] += 1
        found = decide_fields(page)
        if found.outlet and page.host:
            _count(self._stated[site], found.outlet)
        for part in found.tails:
            _count(self._parts[site], part)

    def decide(self, page: PageMetadata, folder: str, extracted: str = "") -> PageFields:
        """Decide the title and the outlet of a page as `decide_fields` does, with what is known of its site."""
        own = decide_fields(page, extracted)
        site = self._name(page.host or folder, own)
        return own if not site or site == own.outlet else decide_fields(page, extracted, site=site)

    def _name(self, site: str, own: PageFields) -> str:
        """Return the name that more than half of the pages with a name state, else a part of several titles."""
        if stated := self._stated.get(site):
            name, count = _most_frequent(stated)
            return name if 2 * count > stated.total() else ""
        if own.outlet:
            return ""
        keys = _by_key(self._parts.get(site, Counter()))
        repeated = [
            part for part in own.tails if keys[name_key(part)] > 1 and 2 * keys[name_key(part)] >= self._pages[site]
        ]
        return repeated[0] if repeated else ""


def _count(names: Counter[str], name: str) -> None:
    if name in names or len(names) < _MOST_NAMES:
        names[name] += 1


def _by_key(names: Counter[str]) -> Counter[str]:
    """Return how often each name is stated, in any spelling."""
    keys: Counter[str] = Counter()
    for name, count in names.items():
        keys[name_key(name)] += count
    return keys


def _most_frequent(names: Counter[str]) -> tuple[str, int]:
    """Return the most frequent name in its most frequent spelling, and how often it is stated in any."""
    keys = _by_key(names)
    key = min(keys, key=lambda key: (-keys[key], key))
    spellings = [name for name in names if name_key(name) == key]
    return min(spellings, key=lambda name: (-names[name], name)), keys[key]
