"""Collections constructed to be slow, of any size: a name, and a function that makes the articles."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, count
from typing import Any

from benchmarks.corpus import Shape, stream
from dedup.article import Article
from dedup.vectorize.hashing import hashes_of

SEED = 19
START = datetime(2024, 3, 1, tzinfo=UTC)
VOCABULARY = 8_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SCRIPTS = (
    (0x41, 26), (0x410, 32), (0x3B1, 17), (0x5D0, 26), (0x627, 26), (0x905, 50), (0xE01, 46), (0x10D0, 32),
    (0x531, 38), (0xAC00, 5_000), (0x4E00, 8_000), (0x3041, 80), (0x1200, 300), (0x1780, 30), (0xA000, 1_100),
)  # fmt: skip
"""First letter of a script, and how many letters are used."""

DATES = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), None, START)

Make = Callable[[int], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of collection.

    Attributes:
        make: returns titles and texts for a number.
        bound: what bounds the time where it is not linear, from SECURITY.md; empty where it is.
        hours: between one article and the next.
        start: the smallest number that is measured.
        fields: returns other fields of an article, by its place.
    """

    make: Make
    bound: str = ""
    hours: float = 1.0
    start: int = 250
    fields: Callable[[int], Mapping[str, Any]] = lambda _: {}

    def articles(self, number: int) -> list[Article]:
        """Make the articles, always the same ones."""
        made = []
        for place, (title, text) in enumerate(self.make(number)):
            published = START + timedelta(hours=self.hours * place)
            fields = {"id": str(place), "title": title, "text": text, "published": published}
            made.append(Article(**{**fields, **self.fields(place)}))
        return made


class Words:
    """Words with Zipf's frequencies, and words that come once."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)  # noqa: S311 - words, no secrets
        lengths = (self.random.randint(3, 9) for _ in range(VOCABULARY))
        self._words = ["".join(self.random.choices(LETTERS, k=length)) for length in lengths]
        self._frequencies = list(accumulate(1 / rank for rank in range(3, VOCABULARY + 3)))
        self._number = count()

    def some(self, number: int) -> list[str]:
        """Draw words."""
        return self.random.choices(self._words, cum_weights=self._frequencies, k=number)

    def text(self, number: int) -> str:
        """Draw a text."""
        return " ".join(self.some(number))

    def new(self) -> str:
        """Return a word that was not returned before."""
        return f"q{next(self._number)}z"

    def figure(self) -> str:
        """Draw a number."""
        return str(self.random.randrange(100, 99_999))


def _ordinary(number: int) -> list[tuple[str, str]]:
    """Articles of a made-up stream."""
    return [(one.record["title"], one.record["text"]) for one in stream(Shape(number, per_day=24))]


def _edited(length: int, edit: Callable[[Words, list[str], int], object], title: str = "One title") -> Make:
    """Return a maker of versions of one text."""

    def make(number: int) -> list[tuple[str, str]]:
        words = Words()
        base = words.some(length)
        made = []
        for place in range(number):
            version = list(base)
            edit(words, version, place)
            made.append((title or words.text(8).title(), " ".join(version)))
        return made

    return make


def _none(words: Words, text: list[str], place: int) -> None:
    """Change nothing."""


def _one_word(words: Words, text: list[str], place: int) -> None:
    text[place % len(text)] = words.new()


def _one_number(words: Words, text: list[str], place: int) -> None:  # noqa: ARG001 - as every edit
    text[len(text) // 2] = str(1_000 + place)


def _numbers(step: int) -> Callable[[Words, list[str], int], None]:
    def edit(words: Words, text: list[str], place: int) -> None:  # noqa: ARG001
        for slot in range(5, len(text), step):
            text[slot] = words.figure()

    return edit


def _tail(words: Words, text: list[str], place: int) -> None:  # noqa: ARG001
    text.extend(["tail", words.new(), words.new()])


def _half_new(words: Words, text: list[str], place: int) -> None:
    half = len(text) // 2
    start = half * (place % 2)
    text[start : start + half] = words.some(half)


def _two_groups(words: Words, text: list[str], place: int) -> None:
    text[50] = "1111" if place % 2 else "2222"
    text[60 + place % 200] = words.new()


def _shuffled(words: Words, text: list[str], place: int) -> None:  # noqa: ARG001
    words.random.shuffle(text)


def _new_words(words: Words, number: int) -> str:
    return " ".join(words.new() for _ in range(number))


def _drawn(one: Callable[[Words, int], tuple[str, str]]) -> Make:
    """Return a maker that draws each article."""

    def make(number: int) -> list[tuple[str, str]]:
        words = Words()
        return [one(words, place) for place in range(number)]

    return make


def _phrase(words: Words, place: int) -> tuple[str, str]:  # noqa: ARG001 - as every article
    new = [words.new() for _ in range(60)]
    return words.new(), " ".join([*new[:30], "the quick harbour master said", *new[30:]])


def _names(words: Words, place: int) -> tuple[str, str]:  # noqa: ARG001
    text = words.some(60)
    text[5:50:9] = ["Arvid", "Brannock", "Cordelia", "Dunmere", "Elsworth"]
    return "Arvid Brannock Cordelia", " ".join(text)


def _capitals(words: Words, place: int) -> tuple[str, str]:  # noqa: ARG001
    return words.text(8).upper(), words.text(80).title()


def _titles_in_texts(words: Words, place: int) -> tuple[str, str]:  # noqa: ARG001
    opening = " ".join(Words().some(40))
    return words.text(600), f"{opening} {words.text(300)}"


def _all_scripts(words: Words, place: int) -> tuple[str, str]:
    made = []
    for number in range(60):
        first, letters = SCRIPTS[(place + number // 6) % len(SCRIPTS)]
        length = words.random.randint(1, 8)
        made.append("".join(chr(first + words.random.randrange(letters)) for _ in range(length)))
    return " ".join(made[:4]), " ".join(made)


def _symbols(symbols: Sequence[str]) -> Make:
    def one(words: Words, place: int) -> tuple[str, str]:  # noqa: ARG001
        return "".join(words.random.choices(symbols, k=40)), "".join(words.random.choices(symbols, k=600))

    return _drawn(one)


def _sliding(step: int, length: int = 120) -> Make:
    """Return a maker of articles of which each shares most of its text with the next."""

    def make(number: int) -> list[tuple[str, str]]:
        text = Words().some(step * number + length)
        return [("One title", " ".join(text[step * place : step * place + length])) for place in range(number)]

    return make


def _digests(number: int) -> list[tuple[str, str]]:
    """Each 30 articles are versions of the halves of another."""
    words = Words()
    made: list[tuple[str, str]] = []
    while len(made) < number:
        halves = words.some(100), words.some(100)
        made.append(("A digest", " ".join(halves[0] + halves[1])))
        for place in range(30):
            half = list(halves[place % 2])
            half[place] = words.new()
            made.append(("A part", " ".join(half)))
    return made[:number]


def _hub(number: int) -> list[tuple[str, str]]:
    others = _ordinary(number)
    return [("Hub", " ".join(text[:200] for _, text in others)), *others]


def _nested(number: int) -> list[tuple[str, str]]:
    """Each text is the beginning of one of 2,000 words."""
    text = Words().some(2_000)
    return [("One title", " ".join(text[: 20 + place * 619 % 1_980])) for place in range(number)]


def _star(number: int) -> list[tuple[str, str]]:
    """Each article shares words with one in the middle, and few with others."""
    words = Words()
    middle = [words.new() for _ in range(400)]
    made = [("Middle", " ".join(middle))]
    for _ in range(number - 1):
        new = [words.new() for _ in range(40)]
        made.append((words.new(), " ".join(new + words.random.sample(middle, 12))))
    return made


@cache
def _colliding() -> list[str]:
    """Words whose hashes end in the same 12 bits, so that they share a place of a hash table."""
    words = [f"k{number:x}" for number in range(400_000)]
    groups = defaultdict(list)
    for word, value in zip(words, hashes_of(words).tolist(), strict=True):
        groups[value & 0xFFF].append(word)
    return max(groups.values(), key=len)


def _collisions(words: Words, place: int) -> tuple[str, str]:  # noqa: ARG001
    found = _colliding()
    return " ".join(words.random.sample(found, 8)), " ".join(words.random.sample(found, 80))


def _one_article(text: Callable[[Words, int], str]) -> Make:
    """Return a maker of one article of a size, among a few ordinary ones."""

    def make(number: int) -> list[tuple[str, str]]:
        return [("Large", text(Words(), number)), *_ordinary(60)]

    return make


def _long_copies(number: int) -> list[tuple[str, str]]:
    """Two long texts of which every tenth word differs."""
    words = Words()
    text = words.some(number)
    return [("Long", " ".join(text)), ("Long", " ".join(w if k % 10 else words.new() for k, w in enumerate(text)))]


def _long_templates(number: int) -> Sequence[tuple[str, str]]:
    return _edited(number, _numbers(10))(2)


WINDOW, TEMPLATES = "comparing in the window", "templates"

COLLECTIONS: dict[str, Collection] = {
    "ordinary": Collection(_ordinary),
    "ordinary, one time": Collection(_ordinary, WINDOW, 0),
    "ordinary, no dates": Collection(_ordinary, WINDOW, fields=lambda _: {"published": None}),
    "first and last dates": Collection(_ordinary, WINDOW, fields=lambda k: {"published": DATES[k % len(DATES)]}),
    "one outlet": Collection(_ordinary, fields=lambda _: {"source": "The Echo"}),
    "an outlet each": Collection(_ordinary, fields=lambda k: {"source": f"Paper {k}"}),
    "one id": Collection(_ordinary, fields=lambda _: {"id": "same"}),
    "one text": Collection(_edited(200, _none)),
    "one text, new titles": Collection(_edited(200, _none, "")),
    "one text, new titles, one time": Collection(_edited(200, _none, ""), hours=0),
    "one word differs": Collection(_edited(200, _one_word), start=1_000),
    "one word differs, one time": Collection(_edited(200, _one_word), hours=0, start=1_000),
    "one number differs": Collection(_edited(200, _one_number), TEMPLATES),
    "new titles and ends": Collection(_edited(200, _tail, "")),
    "half of one text": Collection(_edited(200, _half_new), WINDOW),
    "words of one text in any order": Collection(_edited(60, _shuffled), WINDOW),
    "a template": Collection(_edited(200, _numbers(10)), TEMPLATES),
    "a short template": Collection(_edited(30, _numbers(6)), TEMPLATES),
    "a long template": Collection(_edited(2_000, _numbers(100)), TEMPLATES, start=30),
    "a template of numbers": Collection(_edited(200, _numbers(2)), TEMPLATES),
    "two groups of a template": Collection(_edited(300, _two_groups), TEMPLATES),
    "a phrase in strangers": Collection(_drawn(_phrase)),
    "names in strangers": Collection(_drawn(_names), WINDOW),
    "capitals": Collection(_drawn(_capitals), WINDOW),
    "one title": Collection(_drawn(lambda w, _: ("One title of all articles", w.text(80)))),
    "titles in texts": Collection(_drawn(_titles_in_texts), start=60),
    "huge titles": Collection(_drawn(lambda w, _: (w.text(2_000), w.text(60))), start=30),
    "no words": Collection(_drawn(lambda *_: ("-", "..."))),
    "titles only": Collection(_drawn(lambda w, _: (w.text(8), ""))),
    "one word each": Collection(_drawn(lambda w, _: ("", w.new()))),
    "the same word": Collection(_drawn(lambda *_: ("", "fire"))),
    "one word repeated": Collection(_drawn(lambda w, _: ("", f"{w.new()} " * 200))),
    "long words": Collection(_drawn(lambda w, k: ("", "".join(w.some(2_000)) + f" {k}")), start=60),
    "new words": Collection(_drawn(lambda w, _: (w.new(), _new_words(w, 80)))),
    "colliding words": Collection(_drawn(_collisions), WINDOW),
    "digests": Collection(_digests),
    "halves shared in a chain": Collection(_sliding(60)),
    "a sliding text": Collection(_sliding(6)),
    "a sliding text, one time": Collection(_sliding(6), hours=0),
    "beginnings of one text": Collection(_nested, start=500),
    "a star": Collection(_star),
    "an article of all others": Collection(_hub),
    "many scripts": Collection(_drawn(_all_scripts)),
    "marks": Collection(_symbols([chr(code) for code in range(0x300, 0x36F)])),
    "marks on letters": Collection(_drawn(lambda w, _: ("", "".join(c + "\u0301\u0323" * 9 for c in w.text(60))))),
    "invisible characters": Collection(_symbols("\u200b\u200c\u200d\ufeff\u2060")),
    "emoji": Collection(_symbols(["👩‍👩‍👧‍👦", "🏳️‍🌈", "😀", "🇩🇪", "👍🏽"])),
    "marks of direction": Collection(_symbols("\u202e\u202d\u2066\u2069\u200f")),
    "a long article": Collection(_one_article(lambda w, n: w.text(n)), start=8_000),
    "a long article of new words": Collection(_one_article(_new_words), start=8_000),
    "a long article of one word": Collection(_one_article(lambda _, n: "fire " * n), start=8_000),
    "a long article of sentences": Collection(_one_article(lambda _, n: "Fire broke out. " * n), start=4_000),
    "a long word": Collection(_one_article(lambda _, n: "fire" * n), start=8_000),
    "long copies": Collection(_long_copies, start=8_000),
    "long instances of a template": Collection(_long_templates, start=8_000),
}  # fmt: skip
