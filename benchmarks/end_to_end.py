"""The command end to end: its stages on a stream, kernels against NumPy on equal articles, and small jobs."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks import corpus
from benchmarks.data import SEEDS
from benchmarks.processes import clustered, run_python
from benchmarks.timing import free_threads, spread

if TYPE_CHECKING:
    from dedup import Article

MADE_UP = 10_000
"""Number of made-up articles, without a stream."""
BARS = {"seconds": 40.0, "peak": 2.5e9, "seeds": 1.5, "import": 0.15}
"""Limits in seconds and bytes for the stream, `dedup cluster seeds/` and `import dedup`."""


def command(
    path: Path | None, count: int | None, times: int, seed: int, tell: Callable[[str], object]
) -> dict[str, Any]:
    """Time `dedup cluster` on a stream, with all processors.

    Args:
        path: the stream; None for made-up articles.
        count: articles of it, None for all.
        times: number of runs.
        seed: seed of made-up articles.
        tell: announces every run.

    Returns:
        `articles`, `megabytes` (title and text as UTF-8), `seconds` and their spread, `peak`, `stages` (of the run
        of the median, see `stages`), and `same`, whether all runs wrote the same.
    """
    with TemporaryDirectory() as folder:
        given = Path(folder) / "stream.jsonl"
        if path is None:
            tell("making articles up")
            corpus.write(corpus.stream(corpus.Shape(count or MADE_UP, seed=seed)), given)
        elif count is None:
            given = path
        else:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                given.write_text("".join(islice(lines, count)), encoding="utf-8")
        articles, megabytes = measured(given)
        runs = []
        for number in range(times):
            tell(f"dedup cluster {given.name}, {articles:,} articles, {number + 1} of {times}")
            runs.append(clustered(given, Path(folder) / "out.jsonl"))
    runs.sort(key=lambda run: run["seconds"])
    middle = runs[len(runs) // 2]
    return {
        "articles": articles,
        "megabytes": megabytes,
        "seconds": spread([run["seconds"] for run in runs]),
        "processor": middle["processor"],
        "peak": max(run["peak"] for run in runs),
        "stages": stages(middle, articles, megabytes),
        "same": len({run["sha256"] for run in runs}) == 1,
        "bars": {name: BARS[name] for name in ("seconds", "peak")} if path and count is None else {},
    }


def stages(run: Mapping[str, Any], articles: int, megabytes: float) -> list[dict[str, Any]]:
    """Return seconds, share, articles and MB per second, and bytes per article of each stage."""
    return [
        {
            "name": stage["name"],
            "seconds": stage["seconds"],
            "share": stage["seconds"] / run["seconds"],
            "articles_per_second": articles / stage["seconds"] if stage["seconds"] else None,
            "megabytes_per_second": megabytes / stage["seconds"] if stage["seconds"] else None,
            "peak": stage["peak"],
            "bytes_per_article": stage["peak"] / articles,
        }
        for stage in run["stages"]
    ]


def measured(path: Path) -> tuple[int, float]:
    """Return the number of articles in a file of JSON lines, and the MB of their titles and texts as UTF-8."""
    articles = size = 0
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            articles += 1
            size += sum(len((record.get(name) or "").encode(errors="surrogatepass")) for name in ("title", "text"))
    return articles, size / 1e6


def twins(articles: Sequence[Article], tell: Callable[[str], object]) -> dict[str, Any]:
    """Cluster articles with and without kernels; return whether all output, links included, is equal."""
    with TemporaryDirectory() as folder:
        given, runs = Path(folder) / "articles.jsonl", {}
        with given.open("w", encoding="utf-8") as out:
            for article in articles:
                record = {"id": article.id, "title": article.title, "text": article.text, "source": article.source}
                if article.published:
                    record["published"] = article.published.isoformat()
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        for kernels in ("on", "off"):
            tell(f"{len(articles):,} articles with kernels {kernels}")
            output = Path(folder) / "out.json"
            runs[kernels] = clustered(given, output, kernels=kernels, style="json")
    return {
        "articles": len(articles),
        "seconds": {kernels: run["seconds"] for kernels, run in runs.items()},
        "ratio": runs["off"]["seconds"] / runs["on"]["seconds"],
        "identical": runs["on"]["sha256"] == runs["off"]["sha256"],
        "sha256": runs["on"]["sha256"],
    }


def small(rounds: int, tell: Callable[[str], object]) -> dict[str, Any]:
    """Return the seconds of a warm `dedup cluster seeds/`, and of `import dedup` without Python's own start."""
    commands = {
        "seeds": ["-m", "dedup", "cluster", str(SEEDS), "--format", "table"],
        "import": ["-c", "import dedup"],
        "python": ["-c", "pass"],
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):  # the first warms up
        for name, arguments in commands.items():
            tell(f"python {' '.join(arguments[:3])}, round {number} of {rounds}")
            ran = run_python(arguments, free_threads())["seconds"]
            if number:
                took[name].append(ran)
    bare = median(took["python"])
    return {
        "seeds": {**spread(took["seeds"]), "bar": BARS["seeds"]},
        "import": {**spread([max(0.0, seconds - bare) for seconds in took["import"]]), "bar": BARS["import"]},
        "python": {**spread(took["python"]), "version": sys.version.split()[0]},
    }
