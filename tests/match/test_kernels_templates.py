"""The alignment by a kernel against `difflib`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.match.kernels.templates import matching_blocks
from dedup.match.templates import matching_blocks as plain_matching_blocks

TEXTS = st.lists(st.integers(0, 6), max_size=40)


@given(TEXTS, TEXTS)
@settings(max_examples=500, deadline=None)
def test_short_texts_of_few_words(one: list[int], other: list[int]) -> None:
    texts = np.array(one, np.uint32), np.array(other, np.uint32)
    assert matching_blocks(*texts) == plain_matching_blocks(*texts)


@pytest.mark.parametrize("seed", range(8))
def test_edited_texts(seed: int) -> None:
    random = np.random.default_rng(seed)
    one = random.zipf(1.4, 1_500).clip(0, 2_000).astype(np.uint32)
    edited = one.copy()
    changed = random.random(len(one)) < [0.01, 0.1, 0.3, 0.9][seed % 4]
    edited[changed] = random.integers(0, 2_000, int(changed.sum()))
    other = np.concatenate([edited[:200], edited[400:], edited[300:350]])
    assert matching_blocks(one, other) == plain_matching_blocks(one, other), f"seed {seed}"
