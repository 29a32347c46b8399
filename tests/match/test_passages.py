"""Shared passages: planted ones are found with their places, in linear time, and each piece is equal in both texts."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.comparison import Passage
from dedup.match.passages import FEWEST, shared_passages
from dedup.text.spans import spans

SYLLABLES = ["ka", "lo", "mi", "ter", "san", "du", "vel", "pri", "no", "sha", "gor", "bel"]
WORDS = ["a", "b", "c", "d", "e", "ff", "gg.", "東京都", "x"]


def vocabulary(chosen: random.Random, size: int = 4000) -> list[str]:
    """Invented words, the common ones short."""
    return ["".join(chosen.choice(SYLLABLES) for _ in range(1 + min(3, rank // 60))) for rank in range(size)]


def some_words(chosen: random.Random, words: list[str], count: int) -> list[str]:
    """Words with frequencies by Zipf's law."""
    return [words[int(len(words) ** chosen.random()) - 1] for _ in range(count)]


def edited(chosen: random.Random, passage: list[str], words: list[str], rate: float) -> list[str]:
    """Edit words: half replaced, a quarter deleted, a quarter inserted."""
    found: list[str] = []
    for word in passage:
        kind = chosen.random() if chosen.random() < rate else 1.0
        if kind < 0.5:
            found += some_words(chosen, words, 1)
        elif kind >= 0.75:
            found += [word] if kind == 1.0 else [word, *some_words(chosen, words, 1)]
    return found


def written(parts: list[tuple[list[str], bool]]) -> tuple[str, set[int]]:
    """A text of parts, with the places of those that are planted."""
    text, marked = "", set()
    for words, planted in parts:
        part = " ".join(f"{word}." if place % 13 == 12 else word for place, word in enumerate(words))
        if planted:
            marked |= set(range(len(text), len(text) + len(part)))
        text += part + " "
    return text, marked


def planted(seed: int, rate: float) -> list[tuple[str, set[int]]]:
    """Two texts that share some passages, in another order, among words of their own."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    words = vocabulary(chosen)
    passages = [some_words(chosen, words, chosen.randrange(12, 80)) for _ in range(chosen.randrange(1, 6))]
    order = chosen.sample(range(len(passages)), len(passages))

    def between() -> tuple[list[str], bool]:
        return some_words(chosen, words, chosen.randrange(5, 120)), False

    first = [part for passage in passages for part in (between(), (passage, True))]
    second = [part for place in order for part in (between(), (edited(chosen, passages[place], words, rate), True))]
    return [written([*parts, between()]) for parts in (first, second)]


def places(passages: tuple[Passage, ...], side: str) -> set[int]:
    return {
        place
        for passage in passages
        for place in range(getattr(passage, f"{side}_start"), getattr(passage, f"{side}_end"))
    }


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.08, 0.12, 0.18])
def test_planted_passages_are_found(rate: float) -> None:
    """F1 by characters is at least .95 up to an edit of every eighth word."""
    right = marked = true = 0
    for seed in range(60):
        (first, in_first), (second, in_second) = planted(seed, rate)
        passages = shared_passages(first, second)
        for side, known in (("a", in_first), ("b", in_second)):
            found = places(passages, side)
            right, marked, true = right + len(found & known), marked + len(found), true + len(known)
    assert 2 * right / (marked + true) >= (0.985 if rate <= 0.12 else 0.95)


def test_unrelated_texts_share_nothing() -> None:
    chosen = random.Random(5)  # noqa: S311 - no secret
    words = vocabulary(chosen)
    texts = [" ".join(some_words(chosen, words, 1500)) for _ in range(2)]
    assert shared_passages(*texts) == ()


def test_attributes_of_a_passage() -> None:
    first = "At noon the harbour master closed both basins to all ships, he said."
    second = "Yesterday the harbour master closed all three basins to all ships, he said. More follows."
    (passage,) = shared_passages(first, second)
    assert first[passage.a_start : passage.a_end] == "the harbour master closed both basins to all ships, he said."
    assert second[passage.b_start : passage.b_end].startswith("the harbour master closed all three")
    assert not passage.verbatim
    assert [first[piece.a_start : piece.a_end] for piece in passage.pieces] == [
        "the harbour master closed",
        "basins to all ships, he said.",
    ]
    assert passage.words == 10


def test_a_repeated_passage_is_found_at_both_places() -> None:
    passage = "no further sailings will leave the island before the inquiry has ended"
    first, second = f"Today {passage}. Later.", f"One: {passage}. Two: {passage}."
    found = shared_passages(first, second)
    assert len(found) == 2
    assert {second[one.b_start : one.b_end] for one in found} == {f"{passage}."}


def test_scripts_without_spaces() -> None:
    first, second = "会議は東京で開かれ三十人が参加した。", "昨日の会議は東京で開かれ三十人が参加したという。"
    (found,) = shared_passages(first, second)
    assert first[found.a_start : found.a_end] == "会議は東京で開かれ三十人が参加した。"[:-1]
    assert found.verbatim


some_text = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)


@given(some_text, some_text)
def test_pieces_are_equal_and_in_order(first: str, second: str) -> None:
    for passage in shared_passages(first, second):
        assert passage.words >= FEWEST
        ends = (passage.a_start, passage.b_start)
        for piece in passage.pieces:
            assert (piece.a_start, piece.b_start) >= ends
            ends = (piece.a_end, piece.b_end)
            one, other = spans(first[piece.a_start : piece.a_end]), spans(second[piece.b_start : piece.b_end])
            assert one.words == other.words
        assert ends == (passage.a_end, passage.b_end)


@pytest.mark.parametrize("words", [["a"], ["a", "b"], ["one", "two", "three", "4"]])
def test_texts_that_repeat_themselves_are_one_passage(words: list[str]) -> None:
    text = " ".join(words * (3000 // len(words)))
    found = shared_passages(text, text)
    assert (found[0].a_start, found[0].a_end) == (0, len(text))


@pytest.mark.parametrize("seed", range(6))
def test_pieces_of_very_repetitive_texts_are_joined(seed: int) -> None:
    """Not all places of very frequent runs are seeds, so a passage is found in parts."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    words = [chosen.choice("ab" if seed % 2 else "abcd") for _ in range(400)]
    other = list(words)
    for _ in range(4):
        other[chosen.randrange(400)] = "x"
    one, two = " ".join(words), " ".join(other)
    (passage,) = shared_passages(one, two)
    assert passage.words == sum(a == b for a, b in zip(words, other, strict=True))
    two = " ".join(other[chosen.randrange(30) :])
    for passage in shared_passages(one, two):
        for piece in passage.pieces:
            assert one[piece.a_start : piece.a_end] == two[piece.b_start : piece.b_end]
        for before, after in pairwise(passage.pieces):
            assert one[before.a_end : after.a_start].strip() or two[before.b_end : after.b_start].strip()
