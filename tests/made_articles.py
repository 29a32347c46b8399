"""Generated articles: events reported by several outlets, with copies and updates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from dedup import Article

PLACES = [
    "Larkhaven",
    "Dunmere",
    "Valmora",
    "Brackwell",
    "Corran",
    "Northgate",
    "Sorrel",
    "Quillon",
    "Tarnow",
    "Elmsea",
]
THINGS = ["ferry", "bridge", "depot", "school", "harbour", "tunnel", "market", "reservoir", "railway", "theatre"]
DEEDS = ["burned", "reopened", "flooded", "collapsed", "closed", "was sold", "was evacuated", "was restored"]
START = datetime(2024, 3, 1, tzinfo=UTC)


def event(rng: np.random.Generator) -> tuple[str, list[str]]:
    """Return a headline, and the sentences that its versions are made of."""
    place, thing, deed = (str(rng.choice(words)) for words in (PLACES, THINGS, DEEDS))
    name, number = f"{rng.choice(PLACES)}{rng.integers(1000)}", int(rng.integers(10, 900))
    person = f"Inspector {chr(65 + int(rng.integers(26)))}{rng.choice(['ardel', 'ostin', 'umanov', 'ilke', 'erosa'])}"
    sentences = [
        f"The {thing} of {place} {deed} on the night of the festival, {person} of {name} said.",
        f"In all {number} people had been near the {thing} when the first call came from {name}.",
        f"{person} spoke of a slow evening in {place} and thanked the crews of {name}.",
        f"An inquiry in {place} is to say within {number % 30 + 2} days how it came that the {thing} {deed}.",
        f"Neighbours in {name} said that they had warned of the {thing} since the spring.",
        f"The council of {place} put the damage to the {thing} at {number} thousand crowns.",
        f"{person} asked witnesses from {name} and {place} to come forward.",
    ]
    return f"{place} {thing} {deed}: {person} opens inquiry in {name}", sentences


def stream(seed: int, count: int, days: float = 20.0) -> Iterator[Article]:
    """Yield articles in the order of their dates, several for each event, some of them copies."""
    rng = np.random.default_rng(seed)
    known: list[tuple[str, list[str], list[str]]] = []
    for number in range(count):
        if not known or rng.random() < 0.3:
            title, sentences = event(rng)
            known.append((title, sentences, []))
        title, sentences, told = known[max(0, len(known) - 1 - int(rng.integers(8)))]
        if told and rng.random() < 0.3:
            text = str(rng.choice(told)) + (" More follows." if rng.random() < 0.5 else "")
        else:
            chosen = rng.permutation(len(sentences))[: int(rng.integers(4, 8))]
            text = " ".join(sentences[place] for place in chosen.tolist())
            told.append(text)
        yield Article(
            id=f"a{number}",
            title=title if rng.random() < 0.7 else "",
            text=text,
            published=START + timedelta(days=days * number / count) if rng.random() < 0.95 else None,
            source=str(rng.choice(["Post", "Echo", "Courier", "Vestnik", ""])),
        )
