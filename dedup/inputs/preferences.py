"""What the user prefers: outlets to show first, outlets behind a paywall, and articles that are never grouped."""

from __future__ import annotations

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from dedup.article import Article
from dedup.settings import Settings


class Preferences:
    """The preferences of some settings.

    Args:
        settings: for `preferred_outlets`, `paywalled_outlets` and `ungrouped`.
    """

    def __init__(self, settings: Settings) -> None:
        self._preferred, self._paywalled = _items(settings.preferred_outlets), _items(settings.paywalled_outlets)
        self._ungrouped = [pattern.partition(":") for pattern in _items(settings.ungrouped)]

    def __bool__(self) -> bool:
        """Whether some articles are shown before others."""
        return bool(self._preferred or self._paywalled)

    def rank(self, article: Article) -> int:
        """Return the rank of an article among the complete versions of a text; the least is shown."""
        place = next((n for n, outlet in enumerate(self._preferred) if _is_of(article, outlet)), len(self._preferred))
        return 2 * place + any(_is_of(article, outlet) for outlet in self._paywalled)

    def is_ungrouped(self, article: Article) -> bool:
        """Return whether an article is a story of its own, whatever it says."""
        return bool(self._ungrouped) and any(_matches(article, name, glob) for name, _, glob in self._ungrouped)


def _items(text: str) -> list[str]:
    if not text:
        return []
    return [item for part in text.split(",") if (item := " ".join(part.casefold().split()))]


def _is_of(article: Article, outlet: str) -> bool:
    """Return whether an article is of an outlet, given by its name or its domain."""
    if " ".join(article.source.casefold().split()) == outlet:
        return True
    return "." in outlet and f".{_host(article.url)}".endswith(f".{outlet}")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # no address
        return ""


def _matches(article: Article, name: str, glob: str) -> bool:
    glob = glob.strip()
    if name == "source":
        return _is_of(article, glob) or fnmatchcase(" ".join(article.source.casefold().split()), glob)
    if name == "section":
        return any(fnmatchcase(section, glob) for section in _items(article.section))
    address = article.url.casefold()
    return fnmatchcase(address, glob) or fnmatchcase(address.partition("://")[2], glob)
