"""What a notebook shows of a result: short tables, in the notebook's own style, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from dedup.clustering import copies_in

if TYPE_CHECKING:
    from dedup.clustering import Clustering, Story

MOST = 20
"""Rows that are shown."""


def clustering_html(clustering: Clustering) -> str:
    """The largest stories of a clustering, and how many there are."""
    shared = [story for story in clustering.stories if len(story.articles) > 1]
    rows = [
        (
            story.title or "(no title)",
            len(story.articles),
            copies_in(story) or "",
            ", ".join(story.sources[:4]),
            _days(story),
        )
        for story in shared[:MOST]
    ]
    rest = f", {len(shared) - MOST:,} more like these" if len(shared) > MOST else ""
    alone = len(clustering.stories) - len(shared)
    count = f"{len(clustering.articles):,} articles in {len(clustering.stories):,} stories{rest}; {alone:,} stand alone"
    return _table(("Story", "Articles", "Copies", "Outlets", "Dates"), rows, count)


def story_html(story: Story) -> str:
    """The articles of a story, with their copy groups."""
    group = {name: number for number, copies in enumerate(story.copy_groups, 1) for name in copies.articles}
    rows = [
        (name, f"copy group {group[name]}" if name in group else "", "shown" if name == story.canonical else "")
        for name in story.articles[:MOST]
    ]
    rest = f", {len(story.articles) - MOST:,} more" if len(story.articles) > MOST else ""
    count = f"{story.title}: {len(story.articles):,} articles {_days(story)}{rest}"
    return _table(("Article", "Copies", ""), rows, count)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    heading = "".join(f"<th scope='col' style='text-align:left'>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td dir='auto' style='text-align:left'>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    title = f"<caption dir='auto' style='text-align:left'>{escape(caption)}</caption>"
    return f"<table>{title}<thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>"


def _days(story: Story) -> str:
    if story.start is None or story.end is None:
        return ""
    first, last = story.start.isoformat()[:10], story.end.isoformat()[:10]
    return first if first == last else f"{first} – {last}"
