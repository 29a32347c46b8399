"""Passages and boilerplate by kernels, against the plain form."""

from __future__ import annotations

import numpy as np
import pytest

from dedup.text.document import Document
from dedup.vectorize import boilerplate as plain
from dedup.vectorize.features import HashedWords
from dedup.vectorize.kernels import boilerplate as kernels
from dedup.vectorize.kernels.relations import lists


def random_words(seed: int, articles: int) -> HashedWords:
    """Bodies put together of a few blocks and words of their own, some titled, some empty, some short."""
    random = np.random.default_rng(seed)
    blocks = [[f"b{block}x{word}" for word in range(random.integers(10, 80))] for block in range(8)]
    documents = []
    for article in range(articles):
        body: list[str] = []
        for _ in range(random.integers(0, 4)):
            body += [*blocks[random.integers(8)], "\n" * random.integers(0, 2)]
            body += [f"w{article}x{word}" for word in range(random.integers(0, 30))] + [" : " * random.integers(0, 2)]
        title = " ".join(f"t{random.integers(9)}" for _ in range(random.integers(0, 3)))
        documents.append(Document.of(title, " ".join(body)))
    return HashedWords.of(documents)


@pytest.mark.parametrize("at_once", [1 << 25, 512, 16])
@pytest.mark.parametrize("roomy", [4, 1])
@pytest.mark.parametrize("seed", range(3))
def test_held_passages(seed: int, roomy: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether all are counted in one round or in many, and however often they share a counter."""
    monkeypatch.setattr(kernels, "AT_ONCE", at_once)
    monkeypatch.setattr(kernels, "ROOMY", roomy)
    words = random_words(seed, 60)
    found, expected = kernels.held_passages(words), plain.held_passages(words)
    assert len(expected[0]), f"seed {seed}"
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one, other), f"seed {seed}"


@pytest.mark.parametrize("seed", range(3))
def test_outside_boilerplate(seed: int) -> None:
    """Also where short passages overlap with long ones, and where little remains of a body."""
    words = random_words(seed, 60)
    passages = np.unique(plain.held_passages(words)[0])
    for some in (passages, passages[::3], passages[1::7]):
        expected = plain.outside_boilerplate(words, some)
        assert not expected.all(), f"seed {seed}"
        assert np.array_equal(kernels.outside_boilerplate(words, some), expected), f"seed {seed}"


def test_a_passage_whose_hash_is_zero_is_found() -> None:
    """No text has it by chance: the table's own marks are tried."""
    table = kernels._hash_set(np.array([0, 5, 9], np.uint64), 8)
    assert table[-1] == 1
    assert sorted(table[:-1][table[:-1] > 0].tolist()) == [5, 9]
    assert kernels._hash_set(np.array([5], np.uint64), 8)[-1] == 0


def test_a_title_is_found_wherever_it_stands_word_by_word() -> None:
    """Titles and bodies of three hashes, so that a title begins again within itself; two differ by a byte's shift."""
    seed = int(np.random.default_rng().integers(1 << 30))
    random = np.random.default_rng(seed)
    alphabet = np.array([0x01010101, 0x01010100, 0x00010101], np.uint32)
    sizes = random.integers(0, [6, 40], size=(200, 2))
    offsets = np.concatenate([[0], np.cumsum(sizes.ravel())]).astype(np.int64)
    hashes = alphabet[random.integers(3, size=offsets[-1])]
    words = HashedWords(hashes, np.zeros(len(hashes), np.uint8), offsets)
    pairs = random.permutation(200).reshape(100, 2).astype(np.int64)
    expected = np.zeros(200, bool)
    for title, holder in [*pairs.tolist(), *pairs[:, ::-1].tolist()]:
        sought, body = words.title(title).tolist(), words.body(holder).tolist()
        length = len(sought)
        expected[holder] |= length >= plain.HEADLINE and any(
            body[at : at + length] == sought for at in range(len(body) - length + 1)
        )
    assert 5 < expected.sum() < 195, f"seed {seed}"
    assert np.array_equal(plain.lists(words, pairs), expected), f"seed {seed}"
    assert np.array_equal(lists(words, pairs), expected), f"seed {seed}"
