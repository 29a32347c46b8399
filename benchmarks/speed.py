"""Speed of dedup, step by step and end to end, beside peers in the same run.

The result is one dictionary (`run`):

    benchmark, schema, seed, quick, articles (where they are from)
    machine, versions, commit, missing, without (peers that are not installed, and how to install them)
    rows               by name: `what` is done, `articles`, `timings` by way (seconds of the processor, median, low,
                       high; `clock`, the median by the clock, is larger where other programs run), `ratios` of each
                       peer's time to ours, `bars` (targets, and whether they are reached), `checked`
    steps              each step and its limits, see `limits.measure`
    whole              `dedup cluster` on the stream: seconds, peak, and each stage with its share
    twins              whether results with and without kernels are equal
    small              `dedup cluster seeds/` and `import dedup`: seconds
    seconds            by step
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import corpus, end_to_end, joining, limits, sketching
from benchmarks.data import stream_file
from benchmarks.machine import WITHOUT, Stopwatch, missing, provenance
from benchmarks.timing import Timing, one_core, ratios
from dedup import Article, read_articles

SCHEMA = 1
SEED = 20240527
BARS: dict[str, dict[str, float]] = {
    "text_to_signature": {"datasketch, crc32": 30, "rensa": 15, "fastsketchlsh": 15, "gaoya": 5},
    "hashes_to_signature": {"rensa": 0.5, "fastsketchlsh": 0.5},
    "text_to_features": {"scikit-learn": 15},
    "signatures_to_groups": {"datasketch": 200},
    "vectors_to_pairs": {"sparse-dot-topn, int32": 4, "sparse-dot-topn, float64": 4},
}
"""Minimum ratio of a peer's time to ours; 0.5 where we may take twice its time."""
WHAT = {
    "text_to_signature": "text -> signature, one core",
    "hashes_to_signature": "the signature step alone, from the same hashes of runs, one core",
    "text_to_features": "text -> signature + term counts, beside term counts alone, one core",
    "signatures_to_groups": "signatures -> verified groups (32 bands of 4), beside insert + query, one core",
    "vectors_to_pairs": "pairs above the method's floor, one core",
}


@dataclass(frozen=True, slots=True)
class Size:
    """The size of the benchmark.

    Attributes:
        sketched: articles for signatures and counts.
        grouped, large: signatures to group, with peers and without.
        joined: articles for pairs.
        twins: articles clustered with and without kernels.
        rounds: number of rounds.
        stream: articles of the stream for the end-to-end run, None for all.
        whole: number of end-to-end runs.
    """

    sketched: int
    grouped: int
    large: int
    joined: int
    twins: int
    rounds: int
    stream: int | None
    whole: int


FULL = Size(3_000, 100_000, 1_000_000, 20_000, 15_000, 7, None, 3)
QUICK = Size(500, 10_000, 100_000, 2_000, 500, 3, 2_000, 1)


def run(folder: Path | None, *, size: Size = FULL, seed: int = SEED, watch: Stopwatch) -> dict[str, Any]:
    """Measure all rows and return the report.

    Args:
        folder: folder of the stream; without it, articles are made up.
        size: extent of the run.
        seed: seed of made-up articles.
        watch: times and announces the steps.

    Raises:
        BenchmarkError: a peer and dedup do not compute the same thing, or a run failed.
    """
    path = stream_file(folder)
    with watch.step("read"):
        every = _articles(path, max(size.joined, 10 * size.sketched), seed)
    spread = every[:: max(1, len(every) // size.sketched)][: size.sketched]
    first = every[: size.joined]
    steps: dict[str, Callable[[Callable[[str], object]], dict[str, Any]]] = {
        "text_to_signature": lambda tell: sketching.text_to_signature(spread, size.rounds, tell),
        "hashes_to_signature": lambda tell: sketching.hashes_to_signature(spread, size.rounds, tell),
        "text_to_features": lambda tell: sketching.text_to_features(spread, size.rounds, tell),
        "signatures_to_groups": lambda tell: joining.signatures_to_groups(
            size.grouped, size.large, size.rounds, seed, tell
        ),
        "vectors_to_pairs": lambda tell: joining.vectors_to_pairs(first, min(size.rounds, 5), tell),
    }
    rows = {}
    with one_core():
        for name, step in steps.items():
            with watch.step(name):
                rows[name] = row(WHAT[name], step(watch.tell), BARS[name])
        with watch.step("limits"):
            reached = limits.measure(spread, size.rounds, watch.tell)
    with watch.step("the whole command"):
        clustered = end_to_end.command(path, size.stream, size.whole, seed, watch.tell)
    with watch.step("with and without kernels"):
        twins = end_to_end.twins(first[: size.twins], watch.tell)
    with watch.step("small jobs"):
        small = end_to_end.small(size.rounds, watch.tell)
    return {
        "benchmark": "speed",
        "schema": SCHEMA,
        "seed": seed,
        "quick": size == QUICK,
        "articles": path.name if path else "made up (the stream is not there)",
        **provenance(),
        "missing": missing(),
        "without": WITHOUT,
        "rows": rows,
        "steps": reached,
        "whole": clustered,
        "twins": twins,
        "small": small,
        "seconds": watch.seconds,
    }


def row(what: str, found: Mapping[str, Any], bars: Mapping[str, float]) -> dict[str, Any]:
    """Return a row of the table: times, ratios of the peers' times to ours, and bars."""
    timings: dict[str, Timing] = found["timings"]
    compared = {name: ratios(timings["dedup"], timing) for name, timing in timings.items() if name != "dedup"}
    return {
        "what": what,
        **{name: value for name, value in found.items() if name != "timings"},
        "timings": {name: timing.to_dict() for name, timing in timings.items()},
        "ratios": compared,
        "bars": {
            name: {"at_least": bar, "reached": compared[name]["median"] >= bar}
            for name, bar in bars.items()
            if name in compared
        },
    }


def _articles(path: Path | None, count: int, seed: int) -> list[Article]:
    if path:
        return list(islice(read_articles(path), count))
    return [planted.article() for planted in corpus.stream(corpus.Shape(count, seed=seed))]
