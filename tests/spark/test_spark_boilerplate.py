"""Fingerprints find every repeated passage, and title shares equal those of one machine."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup.settings import Settings
from dedup.vectorize.boilerplate import BEGINS_LINE, EDGE, HOLDERS, LINE, PASSAGE, SPEAKING, UNIT, held_passages
from dedup.vectorize.hashing import shingles_in_order

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

import pyarrow as pa

from dedup.backends import CompiledBackend
from dedup.spark.arrow import packed, words_columns
from dedup.spark.boilerplate import RUN, SPAN, _fingerprints, _passage_fingerprints, _suspects, shares_in
from dedup.spark.partitions import truncated
from dedup.vectorize.features import HashedWords
from dedup.vectorize.kernels.relations import distinctive_words


def as_words(bodies: list[NDArray[np.uint32]]) -> HashedWords:
    """Articles with bodies, and a word of a title."""
    title = np.array([7], np.uint32)
    hashes = np.concatenate([part for body in bodies for part in (title, body)])
    ends = np.cumsum([length for body in bodies for length in (1, len(body))])
    return HashedWords(hashes, np.zeros(len(hashes), np.uint8), np.concatenate([[0], ends]).astype(np.int64))


def test_fingerprints_of_a_batch_equal_those_of_each_article() -> None:
    random = np.random.default_rng(7)
    lengths = [0, 3, PASSAGE - 1, PASSAGE, PASSAGE + 1, 200, 0, 40]
    bodies = [random.integers(0, 1 << 32, length, np.uint32) for length in lengths]
    prefixes, bounds = _passage_fingerprints(as_words(bodies))
    for number, body in enumerate(bodies):
        runs = shingles_in_order(body, RUN)
        naive = [int(runs[at : at + SPAN].min()) for at in range(len(body) - PASSAGE + 1)]
        assert prefixes[bounds[number] : bounds[number + 1]].tolist() == naive
    assert len(_passage_fingerprints(as_words(bodies[:2]))[0]) == 0


def test_equal_passages_have_equal_fingerprints() -> None:
    """Wherever in a text they stand: by that alone no passage with enough holders is missed."""
    random = np.random.default_rng(11)
    shared = random.integers(0, 1 << 32, 60, np.uint32)
    bodies = [
        np.concatenate([random.integers(0, 50, before, np.uint32), shared, random.integers(0, 50, after, np.uint32)])
        for before, after in ((0, 0), (1, 30), (200, 3))
    ]
    by_passage: list[dict[int, int]] = []
    for body in bodies:
        passages, prefixes = shingles_in_order(body, PASSAGE), _passage_fingerprints(as_words([body]))[0]
        assert len(passages) == len(prefixes)
        by_passage.append(dict(zip(passages.tolist(), prefixes.tolist(), strict=True)))
    common = set(by_passage[0]) & set(by_passage[1]) & set(by_passage[2])
    assert len(common) == 60 - PASSAGE + 1
    for passage in common:
        assert len({prefixes[passage] for prefixes in by_passage}) == 1
    assert (
        len(set(by_passage[0].values())) < len(by_passage[0]) / 3
    )  # neighbours share theirs: that is what they are for


def test_every_passage_that_enough_articles_have_is_sent() -> None:
    """The short ones are their own fingerprints."""
    random = np.random.default_rng(13)
    lines = [random.integers(0, 1 << 32, length, np.uint32) for length in (3, LINE, EDGE, 2 * EDGE, 50)]
    bodies, flags = [], []
    for _ in range(30):
        some = [lines[number] for number in random.integers(0, len(lines), 4)]
        some.insert(int(random.integers(5)), random.integers(0, 1 << 32, int(random.integers(1, 30)), np.uint32))
        bodies.append(np.concatenate(some))
        flags += [np.zeros(1, np.uint8), *(np.eye(1, len(line), dtype=np.uint8)[0] * BEGINS_LINE for line in some)]
    plain = as_words(bodies)
    words = HashedWords(plain.hashes, np.concatenate(flags).astype(np.uint8), plain.offsets)
    sent, count = np.unique(_fingerprints(pa.table(words_columns(words))), return_counts=True)
    hashes = packed(truncated(sent[count >= HOLDERS], 56), rising=True)
    passages, places = _suspects(words, pa.table({"bits": [56], "hashes": [hashes]}))
    _, inverse, held = np.unique(passages, return_inverse=True, return_counts=True)
    enough = held[inverse.ravel()] >= HOLDERS
    expected, holders = held_passages(words)
    assert passages[enough].tolist() == expected.tolist()
    assert places[enough].tolist() == holders.tolist()


def test_title_shares_equal_those_of_one_machine() -> None:
    """Also of a list of headlines, and of articles that speak for themselves or have few words of their own."""
    by = CompiledBackend(Settings(threads=1))
    tail = " ".join(f"tail{n}" for n in range(30))
    own = "Smoke rose over the harbour while boats of the coast guard brought the passengers of the ferry to the pier."
    texts = [
        ("Ferry burns off Corran", f"{own} {tail}"),
        ("Mayor Ondra resigns", f"Ferry burns off Corran, it was said. {tail}"),
        ("", f"Striker joins Velden for a fee, the mayor said. {tail}"),
        ("Corran ferry tail3 tail4", f"{own} {tail}"),
        ("The tail5 tail6 tail7 of Corran", f"It burns. {tail}"),
    ]
    words = by.read(iter(texts))
    repeated = np.unique(shingles_in_order(words.body(0)[-30:], PASSAGE))
    languages = by.detect(words)
    pairs = np.array(list(combinations(range(len(texts)), 2)))
    whole = by.relations(words, pairs, repeated, languages)
    distinctive, starts = distinctive_words(words, languages)
    titles = [words.title(place) for place in range(len(texts))]
    ways = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.argsort(ways[:, 1], kind="stable")
    ways = ways[order]
    held = [distinctive[starts[a] : starts[a + 1]] for a in ways[:, 0]]
    ends = np.concatenate([[0], np.cumsum([len(one) for one in held])])
    bounds = np.concatenate([[0], np.cumsum([len(titles[a]) for a in ways[:, 0]])])
    share, speaking = shares_in(
        words,
        ways[:, 1],
        (np.concatenate([titles[a] for a in ways[:, 0]]), bounds),
        (np.concatenate(held), ends),
        repeated,
        by,
    )
    modes = set()
    for (a, b), relation in zip(pairs.tolist(), whole.tolist(), strict=True):
        of = [number for number, way in enumerate(ways.tolist()) if {*way} == {a, b}]
        alone = int(speaking[of].sum() >= SPEAKING)
        modes.add(alone)
        sides = [int(share[number, alone]) for number in of if share[number, 0] >= 0]
        assert (sum(sides) // len(sides) if sides else UNIT) == relation
    assert modes == {0, 1}
