"""Fuzz the token definition and word features: all backends are equal bit for bit, for any two texts."""

from __future__ import annotations

import sys
from pathlib import Path

from fuzz_given import Given

sys.path.append(str(Path(__file__).parents[1] / "vectorize"))

from kernel_twins import TRAPS, assert_equal_features, assert_equal_words, extractor, plain_words, unpacked

from dedup.backends import NumpyBackend
from dedup.settings import Settings
from dedup.text.dateline import dateline, find_dates
from dedup.text.spans import spans
from dedup.text.tokens import tokenize
from dedup.vectorize.features import numpy_features

_SETTINGS = Settings()


def one(data: bytes) -> None:
    """Compare the features of up to three articles in all backends."""
    given = Given(data)
    articles = []
    for _ in range(1 + given.number(3)):
        title = _text(given)
        text = title + _text(given) if given.chance(4) else _text(given)
        articles.append((title, text))
    found = extractor().features(articles)
    assert_equal_words(found.words, articles)
    assert_equal_features(found, articles, _SETTINGS)
    light = NumpyBackend(_SETTINGS).read(articles)
    assert unpacked(light) == plain_words(articles)
    assert_equal_features(numpy_features(light, _SETTINGS), articles, _SETTINGS)
    for article in articles:
        for text in article:
            _check_spans(text)
            dateline(text)
            find_dates(text)


def _check_spans(text: str) -> None:
    placed, tokens = spans(text), tokenize(text)
    assert (placed.words, placed.capitals) == (tokens.words, tokens.capitals)
    assert len(placed.starts) == len(placed.ends) == len(placed)
    for start, end in zip(placed.starts, placed.ends, strict=True):
        assert 0 <= start < end <= len(text)
    assert placed.starts == sorted(placed.starts)


def _text(given: Given) -> str:
    """Return any text, or one of characters likely to differ between backends, repeated."""
    if not given.chance(2):
        return given.text(200)
    places = given.taken(given.number(60))
    return "".join(TRAPS[place % len(TRAPS)] * (1 if place < len(TRAPS) else 33) for place in places)


def starts() -> list[bytes]:
    """Return seed inputs."""
    texts = ("The “Ferry” burns: Anna's 1,200 men. L'été", "İstanbul'S ǅ ﬁ Ａ é\u0301\u0316", "水火 กิ่ง 가힣 ٣۷ 𝟛")
    made = [bytes([0, 0, 0, len(text.encode())]) + text.encode() for text in texts]
    return [*made, bytes(range(256)), bytes([2, 1]) * 40]
