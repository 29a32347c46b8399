"""Texts and collections constructed to be slow take a bounded number of steps; `benchmarks growth` times them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dedup.match import passages
from dedup.match.passages import MOST_STEPS, shared_passages
from dedup.read import page


@pytest.mark.parametrize("count", [50, 200])
def test_words_repeated_in_another_order_are_aligned_in_linear_time(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    steps = 0

    def counting(one: list[int], other: list[int], i: int, j: int) -> Callable[[int, int], int]:
        run_at = snake(one, other, i, j)

        def run(x: int, y: int) -> int:
            nonlocal steps
            found = run_at(x, y)
            steps += 1 + found
            return found

        return run

    snake = passages._snake
    monkeypatch.setattr(passages, "_snake", counting)
    one, other = ["fire", "broke", "out"] * count, ["broke", "out", "fire", "fire", "broke"] * count
    shared_passages(" ".join(one), " ".join(other))
    words = len(one) + len(other)
    assert 10 * words < steps < (MOST_STEPS + 10) * words


@pytest.mark.parametrize("removed", ["<script></script>", "<style></style>", "<svg><path/></svg>"])
def test_texts_between_removed_elements_are_joined_once(monkeypatch: pytest.MonkeyPatch, removed: str) -> None:
    """Joining them by lxml copies the text for each of them."""
    html = pytest.importorskip("lxml.html")
    joined: list[int] = []

    def counting(parts: list[str]) -> str:
        joined.append(len(parts))
        return assignable(parts)

    assignable = page._assignable
    monkeypatch.setattr(page, "_assignable", counting)
    between = f"{removed}a" * 1_000
    tree = html.document_fromstring(f"<html><body><p>{between}<b>c</b>{between}</p></body></html>")
    page._strip(tree)
    assert joined == [1_001, 1_001]
    (paragraph,) = tree.iter("p")
    assert len(paragraph.xpath("text()")) == 2
    assert (paragraph.text, paragraph[0].tail) == ("a" * 1_000, "a" * 1_000)
