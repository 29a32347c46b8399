"""Generated sites: articles of labelled sets and made-up ones, with texts that are the site's and not the article's.

Forty outlets have a text of their own each, one of eight kinds (`KINDS`) and five lengths (`LENGTHS`). Each outlet gets
a part of the labelled articles, and a share of these has its site text. Every outlet also publishes made-up articles,
which are about nothing else in the collection. Everything is drawn from a seed.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from dedup import Article

WORDS = Path(__file__).with_name("site_words.toml")
OUTLETS = 40
KINDS = ("wall", "teaser", "menu", "subject menu", "footer", "notice", "caption", "headlines")
"""Where they are: instead of the text; after its first words; before it, twice; after it; amid it; before its first
words or instead of it; after it."""
REPLACING = ("wall", "teaser", "caption")
"""Kinds that replace most of the text."""
LENGTHS = ((5, 11), (12, 23), (24, 59), (60, 149), (150, 300))
"""Words of site texts, least and most. A list of headlines has one for about eight words."""
LATEST = 40
"""Headlines that an outlet remembers."""
TEASER = 18
"""Words of an article before a wall."""


class Writer:
    """Makes up names, headlines, articles and site texts, from the words of `site_words.toml`."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._words: dict[str, Any] = tomllib.loads(WORDS.read_text(encoding="utf-8"))

    def pick(self, options: Sequence[str]) -> str:
        """Return one of the options."""
        return options[int(self._random.integers(len(options)))]

    def between(self, low: int, high: int) -> int:
        """Return a number, both ends included."""
        return int(self._random.integers(low, high, endpoint=True))

    def place(self) -> str:
        """Return the name of a place, one of some thousands."""
        return self.fill(self.pick(["{syllable}{ending}", "{syllable}{syllable}{ending}"])).capitalize()

    def fill(self, template: str) -> str:
        """Replace each slot of a template."""
        return re.sub(r"{(\w+)}", lambda slot: self._slot(slot[1]), template)

    def headline(self) -> str:
        """Return a headline."""
        return self.fill("{place} {thing} {deed} {object}")

    def story(self, headline: str, sentences: int) -> str:
        """Return an article of some sentences, the first of which says what the headline does."""
        told = [
            f"{headline} {{clause}}, {{person}} said.",
            *(self.pick(self._words["sentence"]) for _ in range(sentences - 1)),
        ]
        return self.fill(" ".join(told))

    def notice(self, words: int, name: str, lang: str) -> str:
        """Return a wall, footer or notice of so many words."""
        return self._site_text(self._words["notices"][lang], words, name, ". ")

    def caption(self, words: int, name: str) -> str:
        """Return a caption of so many words."""
        return self._site_text(self._words["caption"], words, name, ". ")

    def menu(self, words: int, name: str, subjects: Sequence[str]) -> str:
        """Return a menu of so many words, half of whose entries name the subjects, if there are any."""
        entries = list(self._words["section"])
        if subjects:
            entries += [f"{self.pick(entries)} {self.pick(subjects)} {self.pick(subjects)}" for _ in entries]
        return self._site_text(entries, words, name, " ")

    def _slot(self, name: str) -> str:
        match name:
            case "n":
                return str(self.between(2, 99))
            case "place":
                return self.place()
            case "person":
                return f"{self.fill('{first}')} {self.fill('{syllable}{syllable}').capitalize()}"
            case _:
                return self.pick(self._words[name])

    def _site_text(self, lines: Sequence[str], words: int, name: str, between: str) -> str:
        """Join lines in random order, each again only when all were used, and cut after so many words."""
        parts: list[str] = []
        while len(" ".join(parts).split()) < words:
            parts += [lines[place] for place in self._random.permutation(len(lines))]
        text = self.fill(between.join(parts).replace("{name}", name))
        return " ".join(text.split()[:words])


@dataclass(frozen=True, slots=True)
class Site:
    """An outlet and its text.

    Attributes:
        name: its name; `named` says whether its articles give it as their source.
        kind: one of `KINDS`.
        text: its text; headlines come from its last articles instead.
        words: the number of words of the text.
    """

    name: str
    named: bool
    kind: str
    text: str
    words: int


@dataclass(frozen=True, slots=True)
class Poured:
    """One article of a dirty collection.

    Attributes:
        article: with the text of its site, if `site` is given.
        bare: without it.
        line: its storyline, for a made-up article one of its own.
        story: its story, None if only the storyline is known.
        site: the site whose text it has, None for an article left as it was.
        made_up: whether it was made up.
    """

    article: Article
    bare: Article
    line: str
    story: str | None
    site: Site | None
    made_up: bool

    @property
    def scored(self) -> bool:
        """Whether it is one of the untouched articles whose stories are scored."""
        return self.site is None and self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether it is a labelled article that has all of its text, with or without that of a site."""
        return not self.made_up and self.story is not None and (self.site is None or self.site.kind not in REPLACING)

    def is_stranger(self, other: Poured) -> bool:
        """Whether the two are of different stories."""
        return self.line != other.line or (None not in {self.story, other.story} and self.story != other.story)


def make_sites(random: np.random.Generator, subjects: Sequence[str]) -> list[Site]:
    """Make the outlets: each kind in each length."""
    writer, sites = Writer(random), []
    for number in range(OUTLETS):
        kind, (least, most) = KINDS[number % len(KINDS)], LENGTHS[number // len(KINDS) % len(LENGTHS)]
        name, words = writer.fill("{place} {outlet}"), writer.between(least, most)
        lang = {8: "de", 9: "es"}.get(number % 10, "en")
        match kind:
            case "menu" | "subject menu":
                text = writer.menu(words, name, subjects if kind == "subject menu" else ())
            case "caption":
                text = writer.caption(words, name)
            case "headlines":
                text = writer.pick(["Latest", "Most read", "More from us", "Related"])
            case _:
                text = writer.notice(words, name, lang)
        sites.append(Site(name, number % 4 != 3, kind, text, words))
    return sites


def subject_words(articles: Iterable[Article], most: int = 60) -> list[str]:
    """Return words that a site about the subject of the articles has in its menu: the commonest in their headlines."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    heads = [set(re.findall(r"[A-Za-z]{4,}", article.title or article.text[:120])) for article in articles]
    counted = Counter(word for head in heads for word in head if word.lower() not in ENGLISH_STOP_WORDS)
    return sorted(counted, key=lambda word: (-counted[word], word))[:most]


def pour(
    articles: Sequence[Article], lines: Sequence[str], *, seed: int, share: float = 0.3, extra: int = 12
) -> list[Poured]:
    """Return articles in the order of their arrival: labelled ones, a share of them dirty, and made-up ones.

    Dated articles arrive by date, others at random. Articles of one story are given to outlets in turn.

    Args:
        articles: labelled articles, with unique ids.
        lines: the storyline of each.
        seed: seed of all that is drawn.
        share: share of the labelled articles that get the text of their site.
        extra: made-up articles of each outlet.
    """
    random = np.random.default_rng(seed)
    sites, writer = make_sites(random, subject_words(articles)), Writer(random)
    turns: dict[str, count[int]] = {}
    dated = sorted((str(article.published), place) for place, article in enumerate(articles) if article.published)
    arrival = random.random(len(articles))
    arrival[[place for _, place in dated]] = np.sort(arrival[[place for _, place in dated]])
    due: list[tuple[float, int, Site, bool]] = []
    for place, article in enumerate(articles):
        key = article.story or lines[place]
        turn = next(turns.setdefault(key, count(int(random.integers(OUTLETS)))))
        due.append((float(arrival[place]), place, sites[turn % OUTLETS], bool(random.random() < share)))
    due += [
        (float(random.random()), len(articles) + number, sites[number % OUTLETS], True)
        for number in range(extra * OUTLETS)
    ]
    latest: dict[str, deque[str]] = {site.name: deque(maxlen=LATEST) for site in sites}
    published, poured = next((articles[place].published for _, place in dated), None), list[Poured]()
    for _, place, site, is_dirty in sorted(due, key=lambda one: one[:2]):
        made_up = place >= len(articles)
        story: str | None
        if made_up:
            title = writer.headline()
            article = Article(id=f"made-up-{place}", title=title, text="", published=published)
            text = writer.story(title, 1 if site.kind in REPLACING else writer.between(2, 7))
            article, line, story = replace(article, text=text), article.id, article.id
        else:
            article, line, story = articles[place], lines[place], articles[place].story
            published = article.published or published
        article = replace(article, source=site.name if site.named else "", story=story)
        poured.append(
            _dirtied(article, line, site, latest[site.name], writer, made_up=made_up)
            if is_dirty
            else Poured(article, article, line, story, None, made_up)
        )
        if article.title:
            latest[site.name].appendleft(article.title)
    return poured


def _dirtied(
    article: Article, line: str, site: Site, latest: Sequence[str], writer: Writer, *, made_up: bool
) -> Poured:
    """Return an article with the text of its site."""
    own, words = article.text, article.text.split()
    title = article.title or " ".join(words[:10])
    half = len(words) // 2
    match site.kind:
        case "wall":
            own, text = "", site.text
        case "teaser":
            own = " ".join(words[:TEASER])
            text = f"{own}\n\n{site.text}"
        case "menu" | "subject menu":
            text = f"{site.text}\n\n{own}"
        case "footer":
            text = f"{own}\n\n{site.text}"
        case "notice":
            text = f"{' '.join(words[:half])}\n\n{site.text}\n\n{' '.join(words[half:])}"
        case "caption":
            own = "" if made_up or writer.between(0, 1) else " ".join(words[:TEASER])
            text = f"{site.text}\n\n{own}".strip()
        case _:
            text = "\n".join([own, site.text, *list(latest)[: max(1, site.words // 8)]])
    dirty, bare = (replace(article, title=title, text=given) for given in (text, own))
    return Poured(dirty, bare, line, article.story, site, made_up)
