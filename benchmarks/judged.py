"""Judged pairs of a real stream that is clustered whole.

For `stream_pairs_dev` and for our own `sample` of joins and near misses the report has, of all pairs, of those of high
confidence, and by how they were drawn: `pairs`, how many; the share of decisions that are `right`, `precision` and
`recall` of joining two articles of one development. A pair of the sample counts as often as the pairs it stands for.
`calibration` is the error of the probabilities of the joined pairs that are not copies, in five bins of equal mass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import bootstrap, data
from benchmarks.calibration import even_bins
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from dedup import Clustering, cluster

SAMPLE = Path(__file__).with_name("stream_sample.tsv")
SAME = ("same", "story", "copy", "update")
BINS = 5
SEED = 20200102
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged pair: two ids, the verdict, whether it is sure, how it was drawn, and how many pairs it stands for."""

    a: str
    b: str
    verdict: str
    sure: bool
    drawn: str
    weight: float = 1.0

    @property
    def same(self) -> bool:
        """Whether the two report one development."""
        return self.verdict in SAME


def run(folder: Path | None, *, resamples: int = RESAMPLES, seed: int = SEED, watch: Stopwatch) -> dict[str, Any]:
    """Cluster the stream and score the judged pairs; see the module.

    Raises:
        BenchmarkError: there is no stream.
    """
    articles = data.whole_stream(folder)
    if not articles:
        raise BenchmarkError(f"there is no {data.STREAM}")
    with watch.step("cluster the stream"):
        clustering = cluster(articles)
    report: dict[str, Any] = {"benchmark": "judged", "articles": len(articles), "seed": seed, **provenance()}
    pairs = [
        Judged(one["a"], one["b"], one["label"], one["confidence"] == "high", one["sampled"])
        for one in data.stream_pairs_dev(folder)
    ]
    with watch.step("score"):
        for name, judged in (("stream_pairs_dev", pairs), ("sample", sample())):
            if not judged:
                continue
            sure = [pair for pair in judged if pair.sure]
            report[name] = {
                "all": score(clustering, judged, resamples, seed),
                "high_confidence": score(clustering, sure, resamples, seed),
                "by_drawing": {
                    drawn: score(clustering, [pair for pair in judged if pair.drawn == drawn], 0, seed)
                    for drawn in sorted({pair.drawn for pair in judged})
                },
                "calibration": calibrated(clustering, judged),
                "calibration_high_confidence": calibrated(clustering, sure),
            }
    report["seconds"] = watch.seconds
    return report


def sample() -> list[Judged]:
    """Return our own sample."""
    rows = [line.split("\t") for line in SAMPLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [
        Judged(a, b, verdict, confidence == "high", f"{drawn} {days}", float(weight))
        for drawn, days, a, b, verdict, confidence, weight in rows
    ]


def score(clustering: Clustering, judged: Sequence[Judged], resamples: int, seed: int) -> dict[str, Any]:
    """Return the share of right decisions, precision and recall, weighted, with intervals if resampled."""
    weight = np.array([pair.weight for pair in judged])
    same = np.array([pair.same for pair in judged], bool)
    joined = np.array([clustering.story_of(pair.a) is clustering.story_of(pair.b) for pair in judged], bool)

    def shares(drawn: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        with np.errstate(invalid="ignore"):
            hits = drawn @ (same & joined)
            return {
                "right": drawn @ (same == joined) / drawn.sum(axis=1),
                "precision": hits / (drawn @ joined),
                "recall": hits / (drawn @ same),
            }

    found = {name: float(values[0]) for name, values in shares(weight[np.newaxis]).items()}
    if not resamples:
        return {"pairs": len(judged), **found}
    drawn = bootstrap.counts(len(judged), resamples, seed) * weight
    return {"pairs": len(judged), **found, "intervals": bootstrap.intervals(shares(drawn))}


def calibrated(clustering: Clustering, judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the calibration error of the joined pairs that are not copies, and the bins."""
    links = [
        (explained.link.probability, pair.same)
        for pair in judged
        if (explained := clustering.explain(pair.a, pair.b)).same_story and not explained.same_text
    ]
    said, right = np.array([one for one, _ in links]), np.array([same for _, same in links], bool)
    bins = even_bins(said, right, np.ones(len(said)), BINS)
    error = sum(share * abs(mean - true) for share, mean, true in bins)
    return {"links": len(links), "error": error, "bins": bins}
