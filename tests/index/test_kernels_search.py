"""What the index computes by kernels is what its NumPy twins compute, to the bit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from dedup import Article, Background, Settings, StoryIndex, learn_background
from dedup.backends import CompiledBackend
from dedup.index.features.tfidf import Weigher
from dedup.index.search.kernels.scan import any_prefix_agrees, any_prefix_agrees_by_words

WORDS = {
    "en": "the of and to in that is was for with said Paris Berlin 12 1,500 minister weather storm vote",
    "de": "der die das und nicht ist von mit den auf Berlin Wien 12 1.500 Minister Sturm Wahl sagte wurde eine",
    "": "xqz vrtk 77 Plmno qwrt zzkx Brtv",
}


def made(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """Texts in several languages and none, some empty, one that says a word more often than 16 bits can count."""
    texts = []
    for _ in range(count):
        words = WORDS[str(rng.choice([*WORDS]))].split()
        length = int(rng.choice([0, 1, 8, 60, 400]))
        own = [f"{rng.choice(['w', 'W', '9'])}{rng.integers(0, 400)}" for _ in range(length)]
        text = [str(rng.choice(words)) if rng.random() < 0.7 else one for one in own]
        texts.append(
            (" ".join(str(word) for word in rng.choice(words, 4)) if rng.random() < 0.8 else "", " ".join(text))
        )
    return [*texts, ("", "again " * 70_000)]


@pytest.mark.parametrize("learned", [False, True])
def test_weights_by_a_kernel_are_those_by_numpy(learned: bool) -> None:
    seed = int(np.random.default_rng().integers(1 << 32))
    rng = np.random.default_rng(seed)
    texts = made(rng, 120)
    articles = [Article(id=str(place), title=title, text=text) for place, (title, text) in enumerate(texts)]
    background = learn_background(articles[::2]) if learned else Background.general()
    settings = Settings()
    backend = CompiledBackend(settings)
    words = backend.read(texts)
    features = backend.features(words, np.ones(len(words.hashes), np.bool_), np.arange(len(words)))
    languages = backend.detect(words)
    assert {"en", "de", ""} <= {*languages}, f"seed {seed}"
    assert features.every.max() > 1 << 16
    fast, plain = (Weigher(settings, background, fast=fast) for fast in (True, False))
    for some in (range(len(texts)), *([place] for place in (0, 1, 2, len(texts) - 1))):
        part = backend.features(words.take([*some]), np.ones(0, np.bool_), np.arange(len(some)))
        spoken = [languages[place] for place in some]
        found, wanted = fast.weigh(part, spoken), plain.weigh(part, spoken)
        for name in ("indptr", "terms", "weights", "crossing", "background_similarity"):
            one, other = getattr(found, name), getattr(wanted, name)
            assert np.array_equal(one, other), f"seed {seed}: {name}"
            assert one.dtype == other.dtype, name


def test_places_that_agree_are_counted_by_words_as_by_bytes() -> None:
    seed = int(np.random.default_rng().integers(1 << 32))
    rng = np.random.default_rng(seed)
    for _ in range(2_000):
        own = rng.choice([0, 1, 127, 128, 255], 16).astype(np.uint8)
        rows = rng.choice([0, 1, 127, 128, 255], (3, 16)).astype(np.uint8)
        slots, least = np.array([2, 0], np.int32), int(rng.integers(1, 12))
        wanted = bool((np.count_nonzero(rows[[2, 0]] == own, axis=1) >= least).any())
        assert any_prefix_agrees(rows, slots, own, least) == wanted, f"seed {seed}"
        assert any_prefix_agrees_by_words(rows.view(np.uint64), slots, own.view(np.uint64), least) == wanted, (
            f"seed {seed}"
        )


@pytest.mark.parametrize("kernels", ["on", "off"])
def test_of_what_lies_far_back_copies_alone_are_found(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By kernels signatures are looked at before what no date is near to is searched; the answers are the same."""
    monkeypatch.setenv("DEDUP_KERNELS", kernels)
    bodies = {name: " ".join(f"{name}word{at} {name.upper()}{at % 7}" for at in range(90)) for name in "abcdefgh"}
    old = [
        Article(id=f"{name}{day}", title=f"{name} of {day}", text=f"{body} on{day}", published=date(2020, 1, day))
        for day in range(1, 29)
        for name, body in bodies.items()
    ]
    with StoryIndex.open(":memory:") as index:
        index.add_many(old)
        later = {"title": "b of 9", "published": "2022-06-01"}
        same = index.match({**later, "text": f"{bodies['b']} on9 more"})
        assert same.copy_of is not None
        assert same.copy_of.startswith("b")
        changed = " ".join(f"{word} fresh{place}" for place, word in enumerate(bodies["b"].split()))
        assert index.match({**later, "text": changed}).links == ()
        near = index.match({**later, "published": "2020-01-20", "text": changed})
        assert near.links, "of that time it is alike"
