"""A synthetic news stream of any length, with known stories and copies.

Words are made of syllables, drawn with Zipf's law (Mandelbrot's form: the word of rank r with a probability
proportional to 1 / (r + 0.5)). What determines the cost of comparing is as in the real stream: words and distinct words
of an article, articles with the word of a given rank, pairs above the method's floor (`tests/benchmarks/test_corpus.py`
holds the first two; `scale` reports the density of both).

An article belongs to a **beat** (a subject with words and people of its own, which its articles have in common), to a
**theme** of it, and to a **story** of one or more articles within days, which has names, words and figures of its own.
It is its outlet's **own version**, or a **copy** of an earlier version of the story: cut at the end, with up to 8 % of
the words edited and another headline. A third of the outlets put **boilerplate** under their articles: a footer, and
headlines of the day.

A stream depends only on its shape, and a longer stream begins with the shorter one: each day has its own random
numbers. Days are made one by one, so a stream of any length takes little memory.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup import Article

SEED = 20240527
START = datetime(2020, 1, 1, tzinfo=UTC)
COMMONEST = """
the of to and a in is that for on was he with as it at by from has his have be an are said not which will this
who were but they had their would been after or its one she we also about more than when other two over up out
there people her new all some into first could time last years can before what if between most against during
while where no made under so them many him only then because any such through being those these now three even
should both each since part our did day around including well still just like may another days called make
"""
"""The most frequent words, which determine the detected language of every text."""

WORDS = 150_000
"""Number of distinct words, without names."""
BEATS = 40
BEAT_WORDS = 250
THEMES = 30
"""Themes of a beat: topics that last for weeks, a series of matches or a law on its way."""
THEME_WORDS = 24
CAST = 150
"""Recurring people and places of a beat."""
OUTLETS = 60
OF_STORY, OF_THEME, OF_BEAT, SPECIAL = 0.06, 0.15, 0.285, 0.52
"""Cumulative shares of a text's words from its story, theme and beat, and of repetitions."""
_KINDS = (0.0, OF_STORY / 2, OF_STORY, OF_THEME, OF_BEAT)
ONSETS = ("b", "br", "c", "d", "dr", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "tr", "v")
VOWELS = ("a", "e", "i", "o", "u", "a", "e", "i", "o", "ea")
CODAS = ("", "", "", "l", "m", "n", "r", "s")


@dataclass(frozen=True, slots=True)
class Shape:
    """Parameters of a stream.

    Attributes:
        articles: number of articles.
        per_day: articles per day.
        repeated: number of articles with one common body, spread evenly over all days.
        headlines: `own`, if these have headlines of the stories they replace, as behind a paywall; or `wire`, if their
            headlines match the body, as of a wire text.
        seed: seed of all random numbers.
    """

    articles: int
    per_day: int = 1_150
    repeated: int = 0
    headlines: str = "wire"
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Planted:
    """An article with its labels.

    Attributes:
        record: `id`, `title`, `text`, `published`, `source`, the fields of an input record.
        story: the number of its story.
        text: the number of the version that it is, or is a copy of.
    """

    record: dict[str, str]
    story: int
    text: int

    def article(self) -> Article:
        """Return the article."""
        published = datetime.fromisoformat(self.record["published"])
        return Article(**{**self.record, "published": published})  # type: ignore[arg-type]


@dataclass(slots=True)
class _Version:
    number: int
    sentences: list[list[str]]


@dataclass(slots=True)
class _Story:
    number: int
    beat: int
    theme: list[str]
    names: list[str]
    words: list[str]
    versions: list[_Version] = field(default_factory=list)


class Language:
    """Words, names and outlets, from a seed."""

    def __init__(self, seed: int) -> None:
        rng = np.random.Generator(np.random.PCG64([seed, 0]))
        self.words = [*COMMONEST.split(), *_made_up(rng, WORDS - len(COMMONEST.split()))]
        weights = 1 / (np.arange(WORDS) + 1.5)
        self._zipf = np.cumsum(weights / weights.sum())
        middle = np.exp(rng.uniform(np.log(300), np.log(WORDS), (BEATS, BEAT_WORDS))).astype(np.int64)
        self.beats = [[self.words[place] for place in row] for row in middle.tolist()]
        self.casts = [[name.title() for name in _made_up(rng, CAST)] for _ in range(BEATS)]
        self.themes = [[_theme(rng, self, beat) for _ in range(THEMES)] for beat in range(BEATS)]
        self.footers = [_footer(rng, self, outlet) for outlet in range(OUTLETS)]

    def draw(self, rng: np.random.Generator, count: int) -> list[str]:
        """Draw words, with Zipf's frequencies."""
        words = self.words
        return [words[place] for place in np.searchsorted(self._zipf, rng.random(count)).tolist()]


def stream(shape: Shape) -> Iterator[Planted]:
    """Generate the articles of a stream in the order of their dates."""
    language = Language(shape.seed)
    due: list[tuple[int, int, _Story]] = []  # a heap: the day, and a number for an order without ties
    stories = texts = queued = 0
    articles_per_repeat = shape.articles / shape.repeated if shape.repeated else 0.0
    wire: _Story | None = None
    for day in range(-(-shape.articles // shape.per_day)):
        rng = np.random.Generator(np.random.PCG64([shape.seed, 1, day]))
        if shape.repeated and wire is None:
            wire = _begun(rng, language, stories)
            wire.versions.append(_Version(texts, _body(rng, language, wire, 400)))
            stories, texts = stories + 1, texts + 1
        headlines: list[str] = []
        minutes = np.sort(rng.integers(0, 24 * 60, shape.per_day)).tolist()
        for place, minute in enumerate(minutes):
            number = day * shape.per_day + place
            if number >= shape.articles:
                return
            if due and due[0][0] <= day:
                story = heapq.heappop(due)[2]
            else:
                story = _begun(rng, language, stories)
                stories += 1
                for later in _more(rng):
                    queued += 1
                    heapq.heappush(due, (day + later, queued, story))
            outlet = int(rng.integers(OUTLETS))
            copied = bool(story.versions) and rng.random() < 0.45
            if copied:
                version = story.versions[int(rng.integers(len(story.versions)))]
                sentences = _edited(rng, language, version.sentences)
            else:
                length = int(np.clip(np.exp(rng.normal(5.55, 0.55)), 60, 1500))
                version = _Version(texts, _body(rng, language, story, length))
                sentences = version.sentences
                texts += 1
                if len(story.versions) < 5:
                    story.versions.append(version)
            title = _headline(rng, language, story)
            if wire and int((number + 1) / articles_per_repeat) > int(number / articles_per_repeat):
                sentences, version = wire.versions[0].sentences, wire.versions[0]
                if shape.headlines == "wire":
                    story, title = wire, _headline(rng, language, wire)
                text = _written(sentences)
            else:
                text = _furnished(rng, _written(sentences), language.footers[outlet], headlines)
            headlines.append(title)
            when = START + timedelta(days=day, minutes=minute)
            record = {
                "id": f"a{number}",
                "title": title,
                "text": text,
                "published": when.isoformat(),
                "source": f"Outlet {outlet}",
            }
            yield Planted(record, story.number, version.number)


def write(articles: Iterable[Planted], path: Path) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Write articles as JSON lines; return the story and the text of each."""
    stories: list[int] = []
    texts: list[int] = []
    with path.open("w", encoding="utf-8") as out:
        for article in articles:
            out.write(json.dumps(article.record, ensure_ascii=False) + "\n")
            stories.append(article.story)
            texts.append(article.text)
    return np.array(stories, np.int32), np.array(texts, np.int32)


def _made_up(rng: np.random.Generator, count: int) -> list[str]:
    """Make up distinct words, in order of length."""
    found: dict[str, None] = {}
    while len(found) < count:
        syllables = 2 if len(found) < count // 5 else 3
        picks = rng.integers(0, 1 << 30, (min(4096, count), 3 * syllables))
        for row in picks.tolist():
            parts = [
                part
                for place in range(0, 3 * syllables, 3)
                for part in (
                    ONSETS[row[place] % len(ONSETS)],
                    VOWELS[row[place + 1] % len(VOWELS)],
                    CODAS[row[place + 2] % len(CODAS)],
                )
            ]
            found["".join(parts)] = None
    return list(found)[:count]


def _theme(rng: np.random.Generator, language: Language, beat: int) -> list[str]:
    """Draw some words and people of a beat."""
    words = [language.beats[beat][place] for place in rng.integers(0, BEAT_WORDS, THEME_WORDS).tolist()]
    return words + [language.casts[beat][place] for place in rng.integers(0, CAST, THEME_WORDS // 4).tolist()]


def _begun(rng: np.random.Generator, language: Language, number: int) -> _Story:
    """Start a story: a beat, the larger ones more often, some of its people, names and words of its own."""
    beat = int(BEATS * rng.random() ** 1.6)
    cast, words = language.casts[beat], language.beats[beat]
    known = [cast[int(CAST * rng.random() ** 2)] for _ in range(int(rng.integers(1, 4)))]
    own = [name.title() for name in _made_up(rng, int(rng.integers(2, 6)))]
    figures = [str(int(figure)) for figure in rng.integers(2, 5000, 4)]
    rare = [words[int(place)] for place in rng.integers(0, BEAT_WORDS, 8)]
    theme = language.themes[beat][int(THEMES * rng.random() ** 2)]
    return _Story(number, beat, theme, known + own, rare + figures + language.draw(rng, 4))


def _more(rng: np.random.Generator) -> list[int]:
    """Draw the days of a story's later articles: mostly none, sometimes very many."""
    if rng.random() < 0.55:
        return []
    count = min(80, int(1 / max(1e-3, rng.random()) ** 0.7))
    days: list[int] = np.minimum(12, rng.exponential(1.1, count)).astype(int).tolist()
    return days


def _body(rng: np.random.Generator, language: Language, story: _Story, length: int) -> list[list[str]]:
    """Return the sentences of a text; words of the story are more frequent at the beginning."""
    words = language.draw(rng, length)
    kinds = rng.random(length)
    kinds[:50] *= 0.75
    picks = rng.random(length)
    sources = (story.names, story.words, story.theme, language.beats[story.beat])
    for (low, high), source in zip(pairwise(_KINDS), sources, strict=True):
        places = np.flatnonzero((kinds >= low) & (kinds < high))
        chosen = picks[places] ** 2 if source is sources[-1] else picks[places]  # frequent words first
        for place, number in zip(places.tolist(), (len(source) * chosen).astype(int).tolist(), strict=True):
            words[place] = source[number]
    places = np.flatnonzero((kinds >= OF_BEAT) & (kinds < SPECIAL))
    for place, number in zip(places.tolist(), (places * picks[places]).astype(int).tolist(), strict=True):
        words[place] = words[number]
    ends = np.cumsum(rng.integers(8, 26, length // 8 + 1))
    sentences, start = [], 0
    for end in ends.tolist():
        if start >= length:
            break
        sentences.append(words[start:end])
        start = end
    return sentences


def _edited(rng: np.random.Generator, language: Language, sentences: list[list[str]]) -> list[list[str]]:
    """Return a copy: often cut at the end, some words replaced."""
    kept = len(sentences) if rng.random() < 0.5 else max(3, int(len(sentences) * rng.uniform(0.55, 1)))
    share = rng.uniform(0, 0.08) if rng.random() < 0.6 else 0.0
    edited = []
    for sentence in sentences[:kept]:
        places = np.flatnonzero(rng.random(len(sentence)) < share).tolist() if share else []
        if places:
            sentence = list(sentence)  # noqa: PLW2901 - the version keeps its own
            for place, word in zip(places, language.draw(rng, len(places)), strict=True):
                sentence[place] = word
        edited.append(sentence)
    return edited


def _headline(rng: np.random.Generator, language: Language, story: _Story) -> str:
    """Return a headline: names and words of the story, and others."""
    count = int(rng.integers(3, 6))
    own_words = [*story.names, *story.words[:8]]
    own = [own_words[int(place)] for place in rng.integers(0, len(own_words), count)]
    others = language.draw(rng, int(rng.integers(2, 6)))
    words = own + others
    words = [words[int(place)] for place in rng.permutation(len(words))]
    return " ".join([words[0].capitalize(), *words[1:]])


def _written(sentences: list[list[str]]) -> str:
    """Join sentences to a text, about four per paragraph."""
    lines = [f"{sentence[0].capitalize()} {' '.join(sentence[1:])}." for sentence in sentences if sentence]
    return "\n".join(" ".join(lines[start : start + 4]) for start in range(0, len(lines), 4))


def _footer(rng: np.random.Generator, language: Language, outlet: int) -> str:
    """Return the footer of an outlet; two in three have none."""
    if outlet % 3:
        return ""
    words = language.draw(rng, int(rng.integers(28, 60)))
    return f"{words[0].capitalize()} {' '.join(words[1:])} Outlet {outlet}."


def _furnished(rng: np.random.Generator, text: str, footer: str, headlines: list[str]) -> str:
    """Add the boilerplate of its site to a text."""
    if not footer:
        return text
    if len(headlines) > 20 and rng.random() < 0.3:
        latest = headlines[-int(rng.integers(4, 8)) :]
        footer = "\n".join(["Also read", *latest, footer])
    return f"{text}\n{footer}"
