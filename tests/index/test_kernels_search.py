"""Searching by kernels beyond the date window. `tests/backends/test_twins.py` compares each kernel."""

from __future__ import annotations

from datetime import date

import pytest

from dedup import Article, StoryIndex


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
