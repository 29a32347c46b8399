"""What a notebook shows of a result: short tables, in the notebook's own style, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from typing import Protocol

MOST = 20
"""Rows that are shown."""


class CopyGroupRow(Protocol):
    """What is shown of a `CopyGroup`."""

    @property
    def articles(self) -> tuple[str, ...]: ...


class StoryRow(Protocol):
    """What is shown of a `Story`."""

    @property
    def title(self) -> str: ...
    @property
    def articles(self) -> tuple[str, ...]: ...
    @property
    def canonical(self) -> str: ...
    @property
    def sources(self) -> tuple[str, ...]: ...
    @property
    def copy_groups(self) -> Sequence[CopyGroupRow]: ...
    @property
    def start(self) -> date | None: ...
    @property
    def end(self) -> date | None: ...


def copies_in(story: StoryRow) -> int:
    """How many articles of a story repeat the text of another: two in a group of three copies."""
    return sum(len(group.articles) - 1 for group in story.copy_groups)


def clustering_html(stories: Sequence[StoryRow], articles: int) -> str:
    """The largest stories of a clustering as an HTML table, and how many there are.

    Args:
        stories: all of them, the largest first.
        articles: how many articles were clustered.
    """
    shared = [story for story in stories if len(story.articles) > 1]
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
    alone = len(stories) - len(shared)
    count = f"{articles:,} articles in {len(stories):,} stories{rest}; {alone:,} stand alone"
    return _table(("Story", "Articles", "Copies", "Outlets", "Dates"), rows, count)


def story_html(story: StoryRow) -> str:
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


def _days(story: StoryRow) -> str:
    if story.start is None or story.end is None:
        return ""
    first, last = story.start.isoformat()[:10], story.end.isoformat()[:10]
    return first if first == last else f"{first} – {last}"
