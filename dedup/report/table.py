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
_SPREAD = 10  # cells
_BARS = " ▁▂▃▄▅▆▇█"
_GAP = "  "
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def write_table(found: Clustering | Arrivals, out: TextIO, *, width: int | None = None, top: int | None = None) -> None:
    """Write the stories with more than one article, the largest first, and the number of other articles.

    Each row has the numbers of articles, of copies and of origins, which is at most how many tellings are distinct;
    on a wide terminal also the spread of its articles over the days of all, as a bar for each part of them.
    The stories of one storyline have one number in the column `Storyline`, which is empty for a story that has none of
    the others in its storyline.

    For arrivals, only stories with a new article are written. Titles and outlets are truncated to fit, measured in
    terminal cells (a Chinese character takes two), and control characters are escaped (see `visible`).

    Args:
        found: the result.
        out: a text stream.
        width: width of a line in cells; None for that of the terminal, or 120 without a terminal.
        top: number of stories that are written, None for all.
    """
    if width is None:
        width = shutil.get_terminal_size((120, 24)).columns
    summary = summarise(found)
    shared = [story for story in found.stories if len(story.articles) > 1]
    if shared:
        shown = shared[:top]
        spread = _spread(found, shown) if width >= _OUTLET_NAMES_WIDTH else []
        _write_rows(shown, _counts(found, shown), spread, out, width)
        out.write("\n")
        if len(shown) < len(shared):
            rest = len(shared) - len(shown)
            out.write(f"{counted(rest, 'more story', 'more stories')} with more than one article.\n")
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
    counted["Origins"] = [story.origins.at_most for story in stories]
    numbers = storyline_numbers(stories)
    if numbers:
        counted["Storyline"] = [numbers.get(story.storyline, 0) for story in stories]
    return {header: [str(number or "") for number in numbers] for header, numbers in counted.items()}


def storyline_numbers(stories: Sequence[Story]) -> dict[str, int]:
    """Return a number for each storyline of several stories, from 1 on in the order of their first ones."""
    shared = Counter(story.storyline for story in stories if story.storyline)
    return {name: number for number, name in enumerate((one for one, count in shared.items() if count > 1), 1)}


def _spread(found: Clustering | Arrivals, stories: Sequence[Story]) -> list[str]:
    """Return for each story how many articles each part of the days of all stories has; empty with a single day."""
    clustering = found if isinstance(found, Clustering) else found.clustering

    def days_of(story: Story) -> list[int]:
        days = (clustering.dated(one)[0] for one in story.articles)
        return [day.toordinal() for day in days if day is not None]

    every = [day for story in found.stories for day in days_of(story)]
    if not every or min(every) == max(every):
        return []
    first, length = min(every), max(every) - min(every) + 1
    cells = min(_SPREAD, length)
    lines = []
    for story in stories:
        parts = Counter((day - first) * cells // length for day in days_of(story))
        most = max(parts.values(), default=1)
        lines.append("".join(_BARS[-(-parts[cell] * (len(_BARS) - 1) // most)] for cell in range(cells)))
    return lines


def _write_rows(
    stories: Sequence[Story], counts: dict[str, list[str]], spread: Sequence[str], out: TextIO, width: int
) -> None:
    from rich.cells import cell_len

    spans = [dates(story.start, story.end) for story in stories]
    days = max(len("Dates"), *map(len, spans))
    wide = {header: max(len(header), *map(len, numbers)) for header, numbers in counts.items()}
    named = width >= _OUTLET_NAMES_WIDTH
    strip = max(map(len, ("Days", *spread))) + len(_GAP) if spread else 0
    space = max(width - sum(wide.values()) - days - strip - (len(wide) + 2) * len(_GAP), _MIN_TITLE)
    sources = [outlets(story.sources, space // 3) if named else str(len(story.sources) or "") for story in stories]
    source = max(len("Outlets"), *map(cell_len, sources))
    titles = [visible(story.title[: 4 * width]).strip() or "(no title)" for story in stories]
    title = min(max(len("Story"), *map(cell_len, titles)), max(space - source, _MIN_TITLE))

    def line(name: str, numbers: Sequence[str], outlet: str, day: str, bars: str) -> None:
        outlet = fitted(outlet, source) if named else outlet.rjust(source)
        aligned = [number.rjust(cells) for number, cells in zip(numbers, wide.values(), strict=True)]
        out.write(_GAP.join((fitted(name, title), *aligned, outlet, day.ljust(days), bars)).rstrip() + "\n")

    line("Story", list(counts), "Outlets", "Dates", "Days" if spread else "")
    rules = [title, *wide.values(), source, days, *([strip - len(_GAP)] if spread else [])]
    out.write(_GAP.join("─" * cells for cells in rules) + "\n")
    numbers_of = zip(*counts.values(), strict=True)
    for row in zip(titles, numbers_of, sources, spans, spread or [""] * len(stories), strict=True):
        line(*row)


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
