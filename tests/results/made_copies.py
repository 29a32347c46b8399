"""Copy groups made on purpose: one text, and what papers do to it. Their histories are known."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from dedup.results.provenance import VersionText

SYLLABLES = ["ka", "lo", "mi", "ter", "san", "du", "vel", "pri", "no", "sha", "gor", "bel"]
OUTLETS = ["Harbour Post", "Dunmere Echo", "Sorrel Gazette", "Brackwell Times", "Levant Tribune", "Northgate Daily"]
AGENCY = "Meridian News Agency"
HOUR = 3600.0


@dataclass(frozen=True)
class Copies:
    """Versions of one text, in a random order, and the place of the original among them."""

    versions: list[VersionText]
    original: int


def sentence(chosen: random.Random) -> str:
    words = [
        "".join(chosen.choices(SYLLABLES, k=chosen.choice([1, 1, 2, 2, 3]))) for _ in range(chosen.randrange(7, 24))
    ]
    return " ".join(words).capitalize() + "."


def copied(chosen: random.Random, sentences: list[str], credit: str) -> list[str]:
    """A version of a text: cut at the end or inside, reworded here and there, with something of its own around it."""
    copy = list(sentences)
    changed = False
    while not changed:
        if chosen.random() < 0.5 and len(copy) > 4:
            copy = copy[: chosen.randrange(len(copy) * 2 // 3, len(copy))]
            changed = True
        if chosen.random() < 0.3 and len(copy) > 4:
            del copy[chosen.randrange(1, len(copy))]
            changed = True
        if chosen.random() < 0.5:
            for _ in range(chosen.randrange(1, 7)):
                place = chosen.randrange(len(copy))
                words = copy[place].split()
                words[chosen.randrange(len(words))] = "".join(chosen.choices(SYLLABLES, k=3))
                copy[place] = " ".join(words)
            changed = True
        if chosen.random() < 0.4:
            copy += [sentence(chosen) for _ in range(chosen.randrange(1, 3))]
            changed = True
        if chosen.random() < 0.2:
            copy.insert(0, "".join(chosen.choices(SYLLABLES, k=3)).capitalize() + " region today.")
            changed = True
    if chosen.random() < 0.25:
        copy.append(credit)
    return copy


def made_copies(seed: int, size: int) -> Copies:
    """A group in which a third of the dates lack and a third mislead; a copy may be one of an earlier copy."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    source = AGENCY if chosen.random() < 0.5 else OUTLETS[0]
    texts = [[sentence(chosen) for _ in range(chosen.randrange(8, 26))]]
    if source == AGENCY and chosen.random() < 0.6:
        texts[0][0] = f"PORT ELLERY (MNA) - {texts[0][0]}"
    sources, times = [source], [0.0]
    for _ in range(size - 1):
        model = 0 if chosen.random() < 0.75 else chosen.randrange(len(texts))
        texts.append(
            copied(chosen, texts[model], chosen.choice([f"First published by {source}.", f"Source: {source}"]))
        )
        sources.append(chosen.choice(OUTLETS[1:]))
        times.append(times[model] + chosen.uniform(0.2, 48) * HOUR)
    kinds = [place % 3 for place in range(size)]
    chosen.shuffle(kinds)
    dates = [(time, math.nan, chosen.uniform(-72, 72) * HOUR)[kind] for time, kind in zip(times, kinds, strict=True)]
    versions = [VersionText(" ".join(text), name, day) for text, name, day in zip(texts, sources, dates, strict=True)]
    order = chosen.sample(range(size), size)
    return Copies([versions[place] for place in order], order.index(0))
