"""Plots: of a clustering the story sizes, scores and dates; of a comparison the parts of the score."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

from dedup.errors import MissingDependencyError
from dedup.formats.escaping import visible

if TYPE_CHECKING:
    from dedup.results.clustering import Clustering, Explanation

PICTURES = (".png", ".svg")
_INK, _FAINT, _MAIN, _OTHER = "#1d1b18", "#6b655b", "#8c2f1b", "#3a6a7d"
_WORDS = 12
_BARS, _LABELS = 40, 6  # days that are drawn as bars; dates under them


def plot_clustering(clustering: Clustering, out: BinaryIO, style: str) -> None:
    """Plot the distribution of story sizes, link scores and story start dates.

    Args:
        clustering: the clustering; it needs no texts.
        out: a binary stream.
        style: "png" or "svg".

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    figure = _figure(11, 3.4)
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator, NullLocator

    sizes, scores, days = figure.subplots(1, 3)
    counts = Counter(len(story.articles) for story in clustering.stories)
    sizes.set(title="Story sizes", xlabel="articles in a story", ylabel="stories")
    if counts:
        sizes.scatter(list(counts), list(counts.values()), color=_MAIN, s=22)
        sizes.set(xscale="log", yscale="log")
        for axis, values in ((sizes.xaxis, counts), (sizes.yaxis, counts.values())):
            ticks = _ticks(max(values))
            axis.set_ticks(ticks, [f"{tick:,}" for tick in ticks])
            axis.set_minor_locator(NullLocator())
            axis.set_view_interval(0.8, max(2.0, max(values) * 1.4), ignore=True)

    links = clustering.links
    bins = [step / 40 for step in range(41)]
    parts = [[min(max(link.cosine, 0.0), 1.0) for link in links if link.kind == kind] for kind in ("story", "copy")]
    scores.hist(parts, bins, stacked=True, color=[_OTHER, _MAIN], label=["same story", "same text"])
    scores.set(title="Links inside stories", xlabel="cosine", ylabel="links")
    if links:
        scores.legend(frameon=False)

    begun = Counter(day for story in clustering.stories if (day := _day(story.start)))
    if begun:
        first, last = min(begun), max(begun)
        span = [first + timedelta(step) for step in range((last - first).days + 1)]
        if len(span) <= _BARS:
            days.bar(span, [begun[day] for day in span], width=0.9, color=_MAIN, alpha=0.85)
            shown = span[:: -(-len(span) // _LABELS)]
            days.set_xticks(shown, [f"{day:%d %b}".lstrip("0") for day in shown])
            days.set_xlabel(str(first.year) if first.year == last.year else f"{first.year}–{last.year}")
        else:
            days.fill_between(span, [begun[day] for day in span], step="mid", color=_MAIN, alpha=0.85, linewidth=0)
            locator = AutoDateLocator(minticks=2, maxticks=_LABELS)
            days.xaxis.set_major_locator(locator)
            days.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    else:
        days.text(0.5, 0.5, "no dates", ha="center", va="center", color=_FAINT, transform=days.transAxes)
    for axes in (scores, days):
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True))
    days.set(title="Stories by start date", ylabel="stories")
    _save(figure, out, style)


def _ticks(most: int) -> list[int]:
    """Return the whole numbers that a logarithmic axis up to `most` is labelled with."""
    decades = [10**power for power in range(len(str(most)) + 1)]
    every = decades if most > 1_000 else [step * decade for decade in decades for step in (1, 2, 5)]
    return [tick for tick in every if tick <= max(2, most * 1.4)]


def plot_explanation(explanation: Explanation, out: BinaryIO, style: str) -> None:
    """Plot the score of two articles as a waterfall, and the words that contribute most.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    figure = _figure(10, 3.8)
    steps, words = figure.subplots(1, 2)
    parts = explanation.waterfall()
    names = [*(part.name for part in parts), "score"]
    bottoms = [*(min(part.total, part.total - part.value) for part in parts), 0.0]
    heights = [*(abs(part.value) for part in parts), parts[-1].total]
    colours = [*(_OTHER if part.value >= 0 else _FAINT for part in parts), _MAIN]
    steps.bar(names, heights, bottom=bottoms, color=colours, width=0.6)
    steps.axhline(explanation.threshold, color=_INK, linewidth=0.8, linestyle="--")
    steps.annotate("threshold", (0.5, explanation.threshold), ha="center", va="bottom", color=_INK, fontsize=8)
    steps.set(title=f"Score; probability {explanation.link.probability:.0%}")
    shown = explanation.words[:_WORDS][::-1]
    words.barh([_label(word.word) for word in shown], [word.weight for word in shown], color=_OTHER)
    words.set(title="Words that contribute most", xlabel="share of the cosine")
    _save(figure, out, style)


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure  # pyplot would keep global state
    except ImportError as error:
        raise MissingDependencyError("--plot", "matplotlib", extra="plot") from error
    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, out: BinaryIO, style: str) -> None:
    import matplotlib as mpl

    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8, colors=_FAINT)
        axes.title.set_fontsize(10)
        axes.xaxis.label.set(fontsize=8, color=_FAINT)
        axes.yaxis.label.set(fontsize=8, color=_FAINT)
    with mpl.rc_context({"svg.hashsalt": "dedup", "svg.fonttype": "none"}):  # makes the output deterministic
        figure.savefig(out, format=style, dpi=150, metadata={"Date": None} if style == "svg" else {"Software": None})


def _label(word: str) -> str:
    """Return a word with escapes for what matplotlib would interpret as a formula."""
    return visible(word).replace("$", r"\$")


def _day(when: date | None) -> date | None:
    return date(when.year, when.month, when.day) if when else None
