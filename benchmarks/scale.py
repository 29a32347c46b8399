"""Growth of time and memory with the number of articles: real, made-up, and made-up with one repeated body.

Every run is `dedup cluster` on a file in a process of its own, by all processors. The result is one dictionary (`run`):

    benchmark, schema, seed, quick, machine, versions, commit
    real               runs on the beginning of the stream and on all of it
    made_up            runs on the made-up stream (see `corpus`), 1,150 articles a day
    crowds             made-up runs with one body in thousands of articles, by kind of headline
    exponents          of seconds over articles, fitted to `real` and to `made_up`
    density            pairs above the method's floor per article, in equally many real and made-up articles
    bars               targets, and whether they are reached
    skipped            runs left out, with the reason
    seconds            by step

A run has `articles`, `days`, `megabytes`, `seconds`, `processor`, `peak` (bytes), `bytes_per_article`, `stages` (see
`end_to_end.stages`), and if labels are known `stories` and `copies`, the scores of `dedup.Scores`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import corpus, joining
from benchmarks.corpus import SEED, Shape
from benchmarks.data import stream_file
from benchmarks.end_to_end import measured, stages
from benchmarks.machine import Stopwatch, provenance
from benchmarks.processes import clustered
from dedup import read_articles, score

SCHEMA = 1
BARS = {"exponent": 1.2, "seconds": 600.0, "peak": 10e9}
"""Upper bounds: exponent on the made-up stream; seconds and bytes of a million articles."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """The size of the benchmark.

    Attributes:
        real: articles of the stream, None for all.
        made_up: articles of the made-up stream.
        crowd: articles of the runs with a repeated body; 0 for no such runs.
        repeated: articles with one body.
        density: articles in which the pairs above the floor are counted.
    """

    real: tuple[int | None, ...]
    made_up: tuple[int, ...]
    crowd: int
    repeated: int
    density: int


FULL = Size((10_000, 30_000, None), (100_000, 300_000, MILLION), 100_000, 5_000, 20_000)
QUICK = Size((1_000, 3_000), (2_000, 5_000, 10_000), 5_000, 500, 2_000)


def run(
    folder: Path | None, *, size: Size = FULL, most: int | None = None, seed: int = SEED, watch: Stopwatch
) -> dict[str, Any]:
    """Measure all runs, small ones first.

    Args:
        folder: folder of the stream; None or a folder without it leaves real runs out.
        size: extent of the run.
        most: maximum number of articles of a run.
        seed: seed of made-up articles.
        watch: times and announces the steps.

    Raises:
        BenchmarkError: a run failed.
    """
    path, skipped = stream_file(folder), {}
    report: dict[str, Any] = {
        "benchmark": "scale",
        "schema": SCHEMA,
        "seed": seed,
        "quick": size == QUICK,
        **provenance(),
    }
    report["real"], report["made_up"], report["crowds"] = [], [], {}
    if path is None:
        skipped["real"] = "the stream is not there"
    with TemporaryDirectory() as place:
        scratch = Path(place)
        for count in size.real if path else ():
            if most and (count is None or count > most):
                skipped[f"real, {count or 'all'}"] = f"more than {most:,} articles"
                continue
            with watch.step(f"real, {count or 'all'}"):
                report["real"].append(_real(path, count, scratch))  # type: ignore[arg-type]
        for count in size.made_up:
            if most and count > most:
                skipped[f"made up, {count:,}"] = f"more than {most:,} articles"
                continue
            with watch.step(f"made up, {count:,}"):
                report["made_up"].append(made_up(Shape(count, seed=seed), scratch, watch.tell))
        for headlines in ("wire", "own") if size.crowd else ():
            count = min(size.crowd, most or size.crowd)
            shape = Shape(count, repeated=size.repeated * count // size.crowd, headlines=headlines, seed=seed)
            with watch.step(f"one body {shape.repeated:,} times in {count:,}, headlines: {headlines}"):
                report["crowds"][headlines] = made_up(shape, scratch, watch.tell)
    with watch.step("density"):
        report["density"] = _density(path, size.density, seed)
    report["exponents"] = {
        name: exponent([run["articles"] for run in report[name]], [run["seconds"] for run in report[name]])
        for name in ("real", "made_up")
        if len(report[name]) > 1
    }
    report["bars"] = _bars(report, size == FULL)
    return {**report, "skipped": skipped, "seconds": watch.seconds}


def made_up(shape: Shape, scratch: Path, tell: Callable[[str], object]) -> dict[str, Any]:
    """Run on a made-up stream and score its planted stories and copies."""
    given, output = scratch / "made-up.jsonl", scratch / "out.jsonl"
    tell("making the articles")
    story, text = corpus.write(corpus.stream(shape), given)
    tell("clustering")
    found = _run(given, output, days=-(-shape.articles // shape.per_day))
    tell("comparing with what was planted")
    found |= {"shape": asdict(shape), **planted_found(output, story, text)}
    given.unlink()
    return found


def planted_found(output: Path, story: NDArray[np.int32], text: NDArray[np.int32]) -> dict[str, Any]:
    """Score `stories` and `copies` of a result (JSON lines) against the planted ones."""
    stories: list[str] = []
    copies: list[str] = []
    with output.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            stories.append(record["story"])
            copies.append(record["copy_group"] or record["id"])
    return {
        "stories": score(story.tolist(), stories).to_dict(),
        "copies": score(text.tolist(), copies).to_dict(),
    }


def exponent(articles: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the growth exponent, the slope in log-log: 1 for linear time."""
    return float(np.polyfit(np.log(articles), np.log(seconds), 1)[0])


def _real(path: Path, count: int | None, scratch: Path) -> dict[str, Any]:
    given = path
    if count is not None:
        given = scratch / f"{count}.jsonl.gz"
        with gzip.open(path, "rb") as lines, gzip.open(given, "wb", compresslevel=6) as out:
            out.writelines(islice(lines, count))
    return _run(given, scratch / "out.jsonl", days=_days(given))


def _run(given: Path, output: Path, *, days: int) -> dict[str, Any]:
    articles, megabytes = measured(given)
    ran = clustered(given, output)
    return {
        "articles": articles,
        "days": days,
        "megabytes": megabytes,
        "seconds": ran["seconds"],
        "processor": ran["processor"],
        "peak": ran["peak"],
        "bytes_per_article": ran["peak"] / articles,
        "sha256": ran["sha256"],
        "stages": stages(ran, articles, megabytes),
    }


def _days(path: Path) -> int:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return len({(json.loads(line).get("published") or "")[:10] for line in lines} - {""})


def _density(path: Path | None, count: int, seed: int) -> dict[str, float]:
    given = {"made_up": [planted.article() for planted in corpus.stream(Shape(count, seed=seed))]}
    if path:
        given["real"] = list(islice(read_articles(path), count))
    return {name: joining.density(articles) for name, articles in given.items()}


def _bars(report: Mapping[str, Any], full: bool) -> dict[str, dict[str, Any]]:
    bars: dict[str, dict[str, Any]] = {}
    if full and "made_up" in report["exponents"]:
        bars["exponent"] = _bar(report["exponents"]["made_up"], BARS["exponent"])
    for run_ in report["made_up"]:
        if run_["articles"] == MILLION:
            bars |= {name: _bar(run_[name], BARS[name]) for name in ("seconds", "peak")}
    return bars


def _bar(measured_: float, most: float) -> dict[str, Any]:
    return {"measured": measured_, "at_most": most, "reached": measured_ <= most}
