"""Pictures and what notebooks show: they are there, they are the same each time, and nothing in them is obeyed."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import dedup
from dedup.report import pictures, plot_clustering, plot_explanation, write_comparison

TEXT = "Fire broke out on the ferry Halcyon Star off Corran on Saturday, the coast guard said, and nine people died."
EVIL = "<b>$x^2$</b> \x1b[31m & \u202e"


@pytest.fixture(scope="module")
def clustering() -> dedup.Clustering:
    articles = [
        {"id": EVIL, "title": EVIL, "text": TEXT, "source": EVIL, "published": "2024-06-15"},
        {"id": "b", "title": "Blaze", "text": TEXT.replace("nine", "ten"), "published": "2024-06-15"},
        {"id": "c", "title": "Museum reopens", "text": "The museum reopens after two years."},
    ]
    return dedup.cluster(articles)


@pytest.mark.parametrize("style", ["png", "svg"])
def test_pictures_are_drawn_alike_each_time(clustering: dedup.Clustering, style: str) -> None:
    pytest.importorskip("matplotlib")
    empty = dedup.cluster([])
    drawings: list[Callable[..., None]] = [
        partial(plot_clustering, clustering),
        partial(plot_clustering, empty),
        partial(plot_explanation, clustering.explain(0, 1)),
        partial(plot_explanation, clustering.explain(0, 2)),
    ]
    for draw in drawings:
        pictures = [io.BytesIO(), io.BytesIO()]
        for picture in pictures:
            draw(picture, style)
        assert pictures[0].getvalue() == pictures[1].getvalue()
        assert pictures[0].getvalue().startswith(b"\x89PNG" if style == "png" else b"<?xml")


def test_the_command_draws(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text(TEXT, encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dedup", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run("compare", "a.txt", "b.txt", "--plot", "why.svg").returncode == 0
    assert run("cluster", "a.txt", "b.txt", "--plot", "all.png").returncode == 0
    assert (tmp_path / "why.svg").stat().st_size > 1000
    assert (tmp_path / "all.png").stat().st_size > 1000
    wrong = run("cluster", "a.txt", "--plot", "all.gif")
    assert wrong.returncode == 2
    assert "should end in .png or .svg" in wrong.stderr


def test_notebooks_show_text_as_text(clustering: dedup.Clustering) -> None:
    for shown in (clustering._repr_html_(), clustering.stories[0]._repr_html_()):
        assert "&lt;b&gt;" in shown
        assert "<b>" not in shown
    assert "3 articles in 2 stories; 1 with a single article" in clustering._repr_html_()


def test_a_graph_has_the_articles_and_the_links(clustering: dedup.Clustering) -> None:
    pytest.importorskip("networkx")
    graph = clustering.to_networkx()
    assert set(graph.nodes) == {article.id for article in clustering.articles}
    assert graph.nodes["b"]["title"] == "Blaze"
    (edge,) = graph.edges(data=True)
    assert {edge[0], edge[1]} == {EVIL, "b"}
    assert edge[2]["kind"] == "copy"


def test_a_comparison_tells_by_colours_or_by_signs(clustering: dedup.Clustering) -> None:
    first, second = clustering.articles[:2]
    plain, coloured = io.StringIO(), io.StringIO()
    for out, colour in ((plain, False), (coloured, True)):
        write_comparison(clustering.explain(0, 1), first, second, clustering.settings, out, colour=colour)
    assert "[-nine-]{+ten+}" in plain.getvalue()
    assert "\x1b" not in plain.getvalue()
    assert "\x1b[31m[-nine-]\x1b[0m" in coloured.getvalue()
    assert "\x1b[31m &" not in coloured.getvalue()  # what the title holds is written out
    assert "\\x1b[31m" in coloured.getvalue()


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (1, [1, 2]),
        (3, [1, 2]),
        (8, [1, 2, 5, 10]),
        (300, [1, 2, 5, 10, 20, 50, 100, 200]),
        (7_000, [1, 10, 100, 1_000]),
    ],
)
def test_axes_of_counts_have_whole_numbers(most: int, ticks: list[int]) -> None:
    assert pictures._ticks(most) == ticks


def test_days_are_labelled_by_days(clustering: dedup.Clustering) -> None:
    pytest.importorskip("matplotlib")
    drawn = io.BytesIO()
    plot_clustering(clustering, drawn, "svg")
    text = drawn.getvalue().decode()
    assert "15 Jun" in text
    assert ":00" not in text, "no hours"
    assert "2024" in text
