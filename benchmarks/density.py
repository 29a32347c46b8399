"""Labelled sets poured into a real stream: what happens to stories and storylines where much else is in the news.

Each set is clustered together with the first 0, 1,000, 10,000 and all articles of the unlabelled stream. The stream is
shifted to the middle of the set's dates, and has none where the set has none; of sets without texts only its headlines
are poured in. `run` returns by set and size: BCubed scores of the `stories` and `storylines` of the labelled articles;
`strangers`, how many stream articles are in a story with a labelled one, as a share of these; `in_storylines`, the same
for storylines; and the `crowding`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import data
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from dedup import Article, cluster
from dedup.evaluation.scores import score
from dedup.inputs.collection import published_seconds

SIZES = (0, 1_000, 10_000, 69_045)
SNIPPET = 25
"""Words of a text that are poured into a set of snippets: one whose texts have no more in the median."""


def run(
    folder: Path | None, *, chosen: Sequence[str] = (), sizes: Sequence[int] = SIZES, watch: Stopwatch
) -> dict[str, Any]:
    """Pour the chosen sets, all if empty, into the stream; see the module.

    Raises:
        BenchmarkError: there is no stream, or a chosen set does not exist.
    """
    stream = data.whole_stream(folder)
    if not stream:
        raise BenchmarkError(f"there is no {data.STREAM}")
    sets = {one.name: one.articles for one in data.labelled_sets(folder) if not one.view_of and one.name != "seeds"}
    sets |= data.storyline_sets(folder)
    if unknown := sorted({*chosen} - {*sets}):
        raise BenchmarkError(f"there is no set {', '.join(unknown)} (there are: {', '.join(sorted(sets))})")
    report: dict[str, Any] = {"benchmark": "density", **provenance(), "sets": {}}
    for name in chosen or sets:
        report["sets"][name] = {}
        for size in sorted(sizes):
            with watch.step(f"{name}: {size:,}"):
                report["sets"][name][str(size)] = _poured(sets[name], stream[:size])
    return report


def _poured(labelled: Sequence[Article], stream: Sequence[Article]) -> dict[str, Any]:
    """Cluster a set with a part of the stream, and score the labelled articles."""
    strangers = shifted(labelled, stream)
    clustering = cluster([*(replace(one, id=f"labelled {one.id}") for one in labelled), *strangers])
    labels = clustering.labels
    lines = [clustering.stories[label].storyline for label in labels]
    found: dict[str, Any] = {"crowding": getattr(clustering.evidence, "crowding", 0.0)}
    for level, gold, groups in (
        ("stories", [one.story for one in labelled], [str(label) for label in labels]),
        ("storylines", [one.storyline for one in labelled], lines),
    ):
        places = [place for place, truth in enumerate(gold) if truth is not None]
        if places:
            found[level] = score([gold[place] for place in places], [groups[place] for place in places]).to_dict()
        found["strangers" if level == "stories" else "in_storylines"] = _share(groups, len(labelled))
    return found


def _share(groups: Sequence[str], labelled: int) -> float:
    """Return how many strangers are in a group with a labelled article, as a share of the labelled articles."""
    own = {*groups[:labelled]}
    return sum(group in own for group in groups[labelled:]) / max(1, labelled)


def shifted(labelled: Sequence[Article], stream: Sequence[Article]) -> list[Article]:
    """Return the articles of the stream in the form of a set: its dates, and texts of its length."""
    lengths = sorted(len(one.text.split()) for one in labelled)
    usual = lengths[len(lengths) // 2] if lengths else 0
    dates = [published_seconds(one.published) for one in labelled if one.published is not None]
    others = [published_seconds(one.published) for one in stream if one.published is not None]
    by = median(dates) - median(others) if dates and others else None
    return [
        replace(
            one,
            text="" if usual == 0 else " ".join(one.text.split()[:SNIPPET]) if usual <= SNIPPET else one.text,
            published=_moved(one.published, by),
            seen=None,
        )
        for one in stream
    ]


def _moved(published: date | None, by: float | None) -> datetime | None:
    if published is None or by is None:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=round(published_seconds(published) + by))
