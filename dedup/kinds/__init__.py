"""Kinds of articles: report, brief, flash, live blog, digest, opinion, release, notice, result, gallery, stub.

A kind is given with the article, or found by its record (section, address, outlet), its title, or the way its text is
built. What is unsure is a report. Whom an article credits is found with it: see `dedup.kinds.credits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dedup.article import Article
from dedup.kinds import records, texts, titles
from dedup.kinds.credits import credit_beside, credit_in, hints, other_outlet_in
from dedup.kinds.notices import About, names_of_match, names_of_notice
from dedup.text.kill_notices import WORDS, is_kill_notice

if TYPE_CHECKING:
    from dedup.kinds.lookup import Lookup

KINDS = ("report", "brief", "flash", "live", "digest", "opinion", "release", "notice", "result", "gallery", "stub")
"""All kinds."""
FOLLOWING = frozenset(("flash", "live", "digest", "opinion"))
"""Kinds that join a story but never count in it, so that they never connect two: see `dedup.group.linkage`."""
SECONDARY = FOLLOWING | {"release", "gallery", "stub"}
"""Kinds that are canonical only where there is no other article."""
FLASH_WORDS = 60
"""Most words of a flash."""
BRIEF_WORDS = 100
"""Most words of a brief ..."""
SHORT_WORDS = 150
"""... and of a page that has a gallery, a video or a paywall in place of a text."""


@dataclass(frozen=True, slots=True)
class FoundKind:
    """The kind of an article, and what it was found by: "given", or the words that tell; "" for a report."""

    kind: str
    reason: str = ""


REPORT = FoundKind("report")


class Content(NamedTuple):
    """What an article tells.

    Attributes:
        kind: its kind.
        credit: the agency or other outlet that it credits, "" for none.
        names: of a notice or an article on a match the names that it is about, sorted, see `dedup.kinds.notices`. Those
            of a notice are found by `told_by`.
        beside: of an article on a match other names in its lead, sorted.
        withdraws: whether it is a wire's notice that withdraws another article.
    """

    kind: FoundKind = REPORT
    credit: str = ""
    names: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    withdraws: bool = False

    @property
    def about(self) -> About | None:
        """What it is about, if it is a notice or an article on a match."""
        if self.kind.kind == "notice":
            return About("notice", frozenset(self.names))
        form = "result" if self.kind.kind == "result" else "match"
        return About(form, frozenset(self.names), frozenset(self.beside)) if self.names else None

    @property
    def is_stub(self) -> bool:
        """Whether it stands in place of a text that must be paid for."""
        return self.kind.kind == "stub"

    def is_certain_version(self, other: Content, *, specific: bool) -> bool:
        """Return whether it and another under one address are versions of one article, whatever their texts.

        Args:
            other: what the other tells.
            specific: whether the address names an article, see `dedup.inputs.addresses.PageKey`.
        """
        return self.withdraws or other.withdraws or (specific and (self.is_stub or other.is_stub))


NOTHING = Content()


def named_kind(name: str) -> str:
    """Return the kind that a name means: one of `KINDS`, a type of schema.org or a usual name; "" if unknown."""
    return records.named(name)


def kind_of(article: Article) -> FoundKind:
    """Return the kind of an article; a given one wins."""
    return told_by(article, read_content(article.title, article.text)).kind


def read_content(title: str, text: str) -> Content:
    """Return what title and text tell, without the other fields."""
    return _read(title, text, in_title=True, at_ends=True, of_sport=True)


def read_contents(articles: Sequence[tuple[str, str]]) -> list[Content]:
    """Return what each of some articles tells, given as title and text: as `read_content` does, in half the time."""
    from dedup.kinds.lookup import AT_ENDS, IN_TITLE, OF_SPORT

    return [
        _read(title, text, in_title=may & IN_TITLE > 0, at_ends=may & AT_ENDS > 0, of_sport=may & OF_SPORT > 0)
        for (title, text), may in zip(articles, _lookup().likely(articles), strict=True)
    ]


def _read(title: str, text: str, *, in_title: bool, at_ends: bool, of_sport: bool) -> Content:
    """Return what an article tells, given which words it may have, see `dedup.kinds.lookup`."""
    title_words = titles.words_of(title) if in_title or of_sport else []
    words = _hints().intersection(texts.words_at_ends(text)) if at_ends else frozenset[str]()
    ends = texts.Ends.of(text, words) if words else None
    kind = _kind_by_content(title, title_words, text, ends)
    credit = credit_in(ends.head, ends.tail) if ends and not hints().isdisjoint(words) else ""
    credit = credit or other_outlet_in(text)
    may_withdraw = not (WORDS.isdisjoint(title_words) and WORDS.isdisjoint(words))
    withdraws = may_withdraw and is_kill_notice(title, text)
    is_of_match = of_sport and texts.is_of_match(title, title_words, text)
    names, beside = names_of_match(title, text) if is_of_match else ((), ())
    if kind is REPORT and not (credit or names or beside or withdraws):
        return NOTHING
    return Content(kind, credit, names, beside, withdraws)


@cache
def _hints() -> frozenset[str]:
    """Return words, without any of which at its ends a text tells nothing but by its size and its lines."""
    return hints() | texts.HINTS | WORDS


@cache
def _lookup() -> Lookup:
    from dedup.kinds.lookup import Lookup

    return Lookup(titles.HINTS | WORDS, _hints(), texts.SPORT_WORDS, head=texts.HEAD_OF_SPORT, hinted=texts.HINTED)


def _kind_by_content(title: str, words: list[str], text: str, ends: texts.Ends | None) -> FoundKind:
    """Return the kind that title and text tell; `ends` is None where they have no word that could."""
    size = texts.size(text, SHORT_WORDS)
    told = titles.kind_of_title(title, words)
    if told and _fits(told[0], size, text):
        return FoundKind(told[0], f'title: "{told[1]}"')
    if not size:
        return REPORT
    if told := texts.kind_of_text(text, ends, size, is_short=size <= SHORT_WORDS):
        return FoundKind(told[0], f"text: {told[1]}")
    return FoundKind("brief", f"text: at most {BRIEF_WORDS} words") if size <= BRIEF_WORDS else REPORT


def told_by(article: Article, content: Content) -> Content:
    """Return what an article tells, given what its title and its text do, as `read_content` returns it."""
    credit = credit_beside(article.author, article.source, content.credit)
    kind, names, beside = _kind_beside(article, content.kind), content.names, content.beside
    if kind.kind == "notice":
        names, beside = names_of_notice(article.title, article.text), ()
    elif kind.kind not in _OF_MATCHES:
        names, beside = (), ()
    if kind is content.kind and credit == content.credit and names == content.names and beside == content.beside:
        return content
    return Content(kind, credit, names, beside, content.withdraws)


def _kind_beside(article: Article, content: FoundKind) -> FoundKind:
    """Return the kind of an article: a given one wins, then that of its record."""
    if article.kind and (given := named_kind(article.kind)):
        return FoundKind(given, "given")
    if not (article.section or article.url or article.source):
        return content
    told = records.kind_of_record(article.section, article.url, article.source)
    if not told or content.kind == "stub":
        return content
    return FoundKind(*told) if _fits(told[0], texts.size(article.text, SHORT_WORDS), article.text) else content


def _fits(kind: str, size: int, text: str) -> bool:
    """Return whether a text of so many words can be of a kind that its title or its record tell."""
    if kind in _MOST_WORDS:
        return 0 < size <= _MOST_WORDS[kind]
    return kind != "result" or texts.is_of_sport(text)


_OF_MATCHES = frozenset(("report", "brief", "result"))
_MOST_WORDS = {"flash": FLASH_WORDS, "gallery": SHORT_WORDS}
