"""Write the stories as a text table."""

from __future__ import annotations

import shutil
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, TextIO

from dedup.formats.escaping import visible
from dedup.report.summary import counted, summarise
from dedup.results.clustering import Clustering, Story, copies_in

if TYPE_CHECKING:
    from dedup.archive import Arrivals

_OUTLET_NAMES_WIDTH = 100  # width in cells from which outlets are named instead of counted
_MIN_TITLE = 12
_GAP = "  "
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def write_table(found: Clustering | Arrivals, out: TextIO, *, width: int | None = None) -> None:
    """Write the stories with more than one article, the largest first, and the number of other articles.

    The stories of one storyline have one number in the column `Storyline`, which is empty for a story that has none of
    the others in its storyline.

    For arrivals, only stories with a new article are written. Titles and outlets are truncated to fit, measured in
    terminal cells (a Chinese character takes two), and control characters are escaped (see `visible`).

    Args:
        found: the result.
        out: a text stream.
        width: width of a line in cells; None for that of the terminal, or 120 without a terminal.
    """
    if width is None:
        width = shutil.get_terminal_size((120, 24)).columns
    summary = summarise(found)
    shared = [story for story in found.stories if len(story.articles) > 1]
    if shared:
        _write_rows(shared, _counts(found, shared), out, width)
        out.write("\n")
    alone = summary.articles - summary.shared_articles
    if alone and shared:
        out.write(f"{counted(alone, 'more article,', 'more articles, each')} in a story of its own.\n")
    elif alone:
        out.write(f"No stories with more than one article ({counted(alone, 'article', 'articles')}).\n")
    elif not shared:
        out.write("No articles.\n")


def _counts(found: Clustering | Arrivals, stories: Sequence[Story]) -> dict[str, list[str]]:
    """Return the numeric columns by header, one cell per story; zero is empty."""
    if isinstance(found, Clustering):
        counted = {"Articles": [len(story.articles) for story in stories]}
    else:
        place, count = found.clustering.place, found.count
        new = [sum(place(article) < count for article in story.articles) for story in stories]
        archived = [len(story.articles) - number for story, number in zip(stories, new, strict=True)]
        counted = {"New": new, "Archived": archived}
    counted["Copies"] = [copies_in(story) for story in stories]
    numbers = storyline_numbers(stories)
    if numbers:
        counted["Storyline"] = [numbers.get(story.storyline, 0) for story in stories]
    return {header: [str(number or "") for number in numbers] for header, numbers in counted.items()}


def storyline_numbers(stories: Sequence[Story]) -> dict[str, int]:
    """Return a number for each storyline of several stories, from 1 on in the order of their first ones."""
    shared = Counter(story.storyline for story in stories if story.storyline)
    return {name: number for number, name in enumerate((one for one, count in shared.items() if count > 1), 1)}


def _write_rows(stories: Sequence[Story], counts: dict[str, list[str]], out: TextIO, width: int) -> None:
    from rich.cells import cell_len

    spans = [dates(story.start, story.end) for story in stories]
    days = max(len("Dates"), *map(len, spans))
    wide = {header: max(len(header), *map(len, numbers)) for header, numbers in counts.items()}
    named = width >= _OUTLET_NAMES_WIDTH
    space = max(width - sum(wide.values()) - days - (len(wide) + 2) * len(_GAP), _MIN_TITLE)
    sources = [outlets(story.sources, space // 3) if named else str(len(story.sources) or "") for story in stories]
    source = max(len("Outlets"), *map(cell_len, sources))
    titles = [visible(story.title[: 4 * width]).strip() or "(no title)" for story in stories]
    title = min(max(len("Story"), *map(cell_len, titles)), max(space - source, _MIN_TITLE))

    def line(name: str, numbers: Sequence[str], outlet: str, day: str) -> None:
        outlet = fitted(outlet, source) if named else outlet.rjust(source)
        aligned = [number.rjust(cells) for number, cells in zip(numbers, wide.values(), strict=True)]
        out.write(_GAP.join((fitted(name, title), *aligned, outlet, day)).rstrip() + "\n")

    line("Story", list(counts), "Outlets", "Dates")
    out.write(_GAP.join("─" * cells for cells in (title, *wide.values(), source, days)) + "\n")
    for name, numbers, outlet, day in zip(titles, zip(*counts.values(), strict=True), sources, spans, strict=True):
        line(name, numbers, outlet, day)


def dates(start: date | None, end: date | None) -> str:
    """Return a range of days, with the year once if it is the same: `2020-01-30 – 02-02`."""
    if start is None or end is None:
        return ""
    first, last = start.isoformat()[:10], end.isoformat()[:10]
    if first == last:
        return first
    return f"{first} – {last[5:] if first[:4] == last[:4] else last}"


def outlets(sources: Sequence[str], cells: int) -> str:
    """Return the outlets that fit into `cells`, as `BBC, Le Monde +3`; else their number, as `4 outlets`."""
    from rich.cells import cell_len

    names = [visible(name) for name in sources]
    for shown in range(min(len(names), cells), 0, -1):
        others = f" +{len(names) - shown}" if shown < len(names) else ""
        text = ", ".join(names[:shown]) + others
        if cell_len(text) <= cells:
            return text
    return cut_to_cells(names[0], cells) if len(names) == 1 else f"{len(names)} outlets" if names else ""


def fitted(text: str, cells: int) -> str:
    """Return the text in exactly `cells`. Right-to-left text is isolated, to keep its neighbours in order."""
    from rich.cells import set_cell_size

    fitted = set_cell_size(cut_to_cells(text, cells), cells)
    if any(unicodedata.bidirectional(character) in {"R", "AL", "AN"} for character in fitted):
        body = fitted.rstrip(" ")
        return _ISOLATE + body + _END_ISOLATE + fitted[len(body) :]
    return fitted


def cut_to_cells(text: str, cells: int) -> str:
    """Return the text in at most `cells`, with a sign of what is cut."""
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"
