"""Throughput and memory of the service, measured by wrk on the same machine, under load and under a flood.

wrk sends 90 % match and 10 % add requests at about the given rate, from the same machine. The articles are those of
the real stream, changed: matched ones have an added sentence, added ones consist of two halves.

The result is one dictionary (`run`):

    benchmark, machine, versions, commit
    articles    in the store when the load begins
    start       seconds until the service was ready
    load        requests, seconds, rate, milliseconds (p50, p90, p99, p999, max), errors, statuses; megabytes of
                `memory` at the beginning, in the middle and at the end; `processor`, the share of one core
    batch       milliseconds of reads (p50, p99, max) while a batch of 5,000 articles is added, and its seconds
    reconcile   the same during a reconcile
    flood       load without pauses, with more connections and only add requests; `after`, milliseconds (p50, max) of
                sequential requests afterwards
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import dedup
from benchmarks import data
from benchmarks.machine import BenchmarkError, Stopwatch, provenance

LEARNED_FROM = 5_000
"""Articles at the beginning of the stream from which the background of the store is learned."""
CONNECTIONS, FLOODING = 32, 256
QUEUE = 128
"""Length of the write queue: less than the connections of the flood, each of which sends one article at a time."""
ASKED = 20_000
"""Number of distinct requests; they are sent repeatedly."""
BATCH = 5_000
READERS = 4
"""Connections that read while the service is busy; each pauses PAUSE seconds after an answer."""
PAUSE = 0.05
_SCRIPT = Path(__file__).with_name("service.lua")
_TICKS = os.sysconf("SC_CLK_TCK")


def run(
    folder: Path | None,
    *,
    articles: int,
    rate: float,
    seconds: int,
    flood: int,
    store: Path | None,
    workers: int,
    seed: int,
    watch: Stopwatch,
) -> dict[str, Any]:
    """Measure the service and return the report.

    Args:
        folder: folder of the stream.
        articles: maximum number of articles in the store.
        rate: requests per second.
        seconds: duration of the load.
        flood: duration of the flood; 0 to leave it out.
        store: a store with the articles, of which a copy is served; None to make one.
        workers: processes that read, beside the one that writes.
        seed: seed of the requests.
        watch: times and announces the steps.
    """
    if shutil.which("wrk") is None:
        raise BenchmarkError("the load comes from wrk, which is not here: apt-get install wrk")
    stream = data.stream_file(folder)
    if stream is None:
        raise BenchmarkError("there is no stream: give its folder with --data")
    report: dict[str, Any] = {"benchmark": "service", "seed": seed, "workers": workers, **provenance()}
    with TemporaryDirectory() as place:
        here = Path(place)
        with watch.step("read"):
            every = sorted(dedup.read_articles([stream], notices=[]), key=lambda one: str(one.published))[:articles]
        with watch.step("store"):
            _store(here / "stories.db", every, store)
        rng = np.random.default_rng(seed)
        mixed, added = here / "mixed.tsv", here / "added.tsv"
        _write(mixed, _requests(every, rng, ASKED, adding=0.1, prefix="load"))
        _write(added, _requests(every, rng, ASKED, adding=1.0, prefix="flood"))
        batch = [record for _, record in _requests(every, rng, BATCH, adding=1.0, prefix="batch")]
        del every
        begin = time.perf_counter()
        with served(here / "stories.db", workers) as (process, url):
            report["start"] = time.perf_counter() - begin
            report["articles"] = _stats(url)["articles"]
            with watch.step("load"):
                report["load"] = _loaded(process, url, mixed, seconds, rate, seed)
            with watch.step("batch"):
                report["batch"] = _while_busy(url, mixed, lambda: _added(url, batch))
            with watch.step("reconcile"):
                report["reconcile"] = _while_busy(url, mixed, lambda: _reconciled(url))
            if flood:
                with watch.step("flood"):
                    report["flood"] = _loaded(process, url, added, flood, 0.0, seed, FLOODING)
                    time.sleep(3)
                    report["flood"]["after"] = _one_by_one(url, mixed, 200)
    return report


def _store(path: Path, articles: Sequence[dedup.Article], made: Path | None) -> None:
    if made is not None:
        shutil.copyfile(made, path)
        return
    background = dedup.learn_background(articles[:LEARNED_FROM])
    with dedup.StoryIndex.open(path, background=background) as index:
        for _ in index.add_stream(articles):
            pass


def _requests(
    articles: Sequence[dedup.Article], rng: np.random.Generator, count: int, *, adding: float, prefix: str
) -> Iterator[tuple[str, dict[str, str]]]:
    for number in range(count):
        one, other = (articles[int(place)] for place in rng.integers(len(articles), size=2))
        record = {"title": one.title[:1_000], "source": one.source[:200]}
        if one.published is not None:
            record["published"] = one.published.isoformat()
        if rng.random() < adding:
            text = f"{one.text[: len(one.text) // 2]} {other.text[len(other.text) // 2 :]}"
            yield "/v1/articles", {"id": f"{prefix}-{number}", "text": text[:100_000], **record}
        else:
            yield "/v1/match", {"text": f"{one.text[:100_000]} More on this soon, by reporter {number}.", **record}


def _write(path: Path, requests: Iterator[tuple[str, dict[str, str]]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for address, record in requests:
            out.write(f"{address}\t{json.dumps(record)}\n")


@contextmanager
def served(store: Path, workers: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a service of a store, and wait until it is ready."""
    command = [sys.executable, "-m", "dedup", "serve", "--store", str(store), "--port", "0"]
    command += ["--limit", f"queue={QUEUE}", "--workers", str(workers)]
    log = store.with_name("log.txt")
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, stderr=out, text=True)  # noqa: S603 - our own
    try:
        url = ""
        while not url or not _is_ready(url):
            if process.poll() is not None:
                raise BenchmarkError(f"the service did not start: {log.read_text(encoding='utf-8')[-500:]}")
            found = re.search(r"at (http://\S+)", log.read_text(encoding="utf-8"))
            url = found[1] if found else ""
            time.sleep(0.1)
        yield process, url
        process.terminate()
        if code := process.wait(60):
            raise BenchmarkError(f"the service ended with {code}: {log.read_text(encoding='utf-8')[-500:]}")
    finally:
        process.kill()
        process.wait()


def _is_ready(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:  # noqa: S310 - one of ours
        return bool(answer.status == 200)
    return False


def _stats(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/v1/stats", timeout=30) as answer:  # noqa: S310 - one of ours
        found: dict[str, Any] = json.load(answer)
        return found


def _loaded(
    process: subprocess.Popen[str],
    url: str,
    requests: Path,
    seconds: int,
    rate: float,
    seed: int,
    connections: int = CONNECTIONS,
) -> dict[str, Any]:
    """Run wrk for some seconds; return its report with the memory and processor time of the service."""
    pause = 1_000 * connections / rate if rate else 0.0
    environment = {
        **os.environ,
        "DEDUP_LOAD_REQUESTS": str(requests),
        "DEDUP_LOAD_DELAY": f"{pause:.2f}",
        "DEDUP_LOAD_SEED": str(seed),
    }
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(_SCRIPT), url]
    used, memory = _processor(process.pid), [_megabytes(process.pid)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as asking:  # noqa: S603 - our own
        while asking.poll() is None:
            time.sleep(0.25)
            memory.append(_megabytes(process.pid))
        assert asking.stdout is not None
        said = asking.stdout.read()
    found = re.search(r"^JSON (.*)$", said, re.MULTILINE)
    if found is None:
        raise BenchmarkError(f"wrk failed: {said[-500:]}")
    counters: dict[str, Any] = json.loads(found[1])
    counters["rate"] = counters["requests"] / counters["seconds"]
    counters["memory"] = [memory[0], memory[len(memory) // 2], memory[-1]]
    counters["processor"] = (_processor(process.pid) - used) / counters["seconds"]
    return counters


def _one_by_one(url: str, requests: Path, count: int) -> dict[str, float]:
    """Return the milliseconds of sequential requests, all of which must succeed."""
    times = []
    with requests.open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(count), strict=False):
            address, _, body = line.partition("\t")
            asked = urllib.request.Request(f"{url}{address}", body.encode(), {"Content-Type": "application/json"})  # noqa: S310 - one of ours
            begin = time.perf_counter()
            with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - one of ours
                answer.read()
            times.append(1_000 * (time.perf_counter() - begin))
    return {"p50": float(np.percentile(times, 50)), "max": max(times)}


def _while_busy(url: str, requests: Path, work: Callable[[], object]) -> dict[str, float]:
    """Return the milliseconds of reads while `work` runs: matches and lists of stories in turn."""
    with requests.open(encoding="utf-8") as lines:
        bodies = [line.partition("\t")[2].encode() for line in lines if line.startswith("/v1/match\t")]
    over = threading.Event()
    begin = time.perf_counter()
    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(_read_until, over, url, bodies[number::READERS]) for number in range(READERS)]
        try:
            work()
            seconds = time.perf_counter() - begin
        finally:
            over.set()
        times = np.concatenate([one.result() for one in reading])
    p50, p99 = np.percentile(times, [50, 99])
    return {"seconds": seconds, "reads": len(times), "p50": float(p50), "p99": float(p99), "max": float(times.max())}


def _read_until(over: threading.Event, url: str, bodies: Sequence[bytes]) -> list[float]:
    times = list[float]()
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    for body in itertools.cycle(bodies):
        begin = time.perf_counter()
        if len(times) % 2:
            connection.request("GET", "/v1/stories?limit=20")
        else:
            connection.request("POST", "/v1/match", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise BenchmarkError(f"a read was answered with {answer.status}")
        times.append(1_000 * (time.perf_counter() - begin))
        if over.wait(PAUSE):
            break
    connection.close()
    return times


def _added(url: str, batch: Sequence[dict[str, str]]) -> None:
    with dedup.Client(url, patience=600) as client:
        client.add_many(batch)


def _reconciled(url: str) -> None:
    with dedup.Client(url, patience=600) as client:
        client.reconcile()


def _with_workers(pid: int) -> list[int]:
    """Return the number of a process and those of its children."""
    found = [pid]
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended since
            found += map(int, (thread / "children").read_text("ascii").split())
    return found


def _megabytes(pid: int) -> float:
    """Return the memory of a process and its children; what they share counts for each."""
    return sum(_megabytes_of(one) for one in _with_workers(pid))


def _megabytes_of(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _processor(pid: int) -> float:
    """Return the processor seconds that a process and its children have used."""
    return sum(_processor_of(one) for one in _with_workers(pid))


def _processor_of(pid: int) -> float:
    counters = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(counters[11]) + int(counters[12])) / _TICKS


def show_service(report: Mapping[str, Any], out: Console) -> None:
    """Print the report."""
    title = f"{report['articles']:,} articles, ready after {report['start']:.1f} s"
    table = Table("", "requests", "a second", "p50", "p90", "p99", "p99.9", "max", "errors", "statuses", title=title)
    for name in ("load", "flood"):
        if found := report.get(name):
            times = (f"{found[key]:.1f} ms" for key in ("p50", "p90", "p99", "p999", "max"))
            statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(found["statuses"].items()))
            table.add_row(
                name, f"{found['requests']:,}", f"{found['rate']:.0f}", *times, str(found["errors"]), statuses
            )
    out.print(table)
    for name in ("load", "flood"):
        if found := report.get(name):
            memory = " → ".join(f"{value:.0f}" for value in found["memory"])
            out.print(f"{name}: {memory} MB, {found['processor']:.2f} cores", highlight=False)
    for name in ("batch", "reconcile"):
        found = report[name]
        read = ", ".join(f"{key} {found[key]:.1f} ms" for key in ("p50", "p99", "max"))
        out.print(f"{found['reads']:,} reads during a {name} of {found['seconds']:.1f} s: {read}", highlight=False)
    if after := report.get("flood", {}).get("after"):
        out.print(f"after the flood: p50 {after['p50']:.1f} ms, max {after['max']:.1f} ms", highlight=False)
