"""The page in Chromium, as a file and served: bytes, first paint, and the time that a filter takes.

The result is one dictionary (`run`):

    benchmark, machine, versions, commit
    articles    of the page
    file        `bytes`, and bytes per article without the page's own (`bytes_per_article`)
    opened      by kind of page (file, service) milliseconds: `paint`, the first contentful one, and `list`, until the
                list of stories can be used; each of several times
    filters     by kind of page and filter the milliseconds until the next frame is drawn; each of several times
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

import dedup
from benchmarks import data
from benchmarks.corpus import Shape, stream
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from benchmarks.service import served
from benchmarks.show import empty_table
from dedup.report import write_html

TIMES = 5
"""How often each page is opened."""
PAIR = "#view=compare&a=mna-2406-1811&b=mna-2406-1907"
"""The pair of our own corpus in the documentation's picture."""
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_FILTERS = """async () => {
  const found = {}, frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const turn = async (changes) => {
    const begin = performance.now();
    address.go(changes, false);
    await frame();
    return performance.now() - begin;
  };
  for (const { dataset: { key, value } } of [...document.querySelectorAll('#facets button')].slice(0, 60)) {
    const name = key.slice(0, key.indexOf(':'));
    found[key] = await turn({ [name]: value });
    await turn({ [name]: '' });
  }
  found['order:time'] = await turn({ order: 'time' });
  return found;
}"""


def run(folder: Path | None, *, articles: int, watch: Stopwatch) -> dict[str, Any]:
    """Measure the page of the first articles of the real stream, or of made-up ones without it."""
    report: dict[str, Any] = {"benchmark": "page", **provenance(), "opened": {}, "filters": {}}
    with TemporaryDirectory() as place, ExitStack() as stack:
        here = Path(place)
        with watch.step("articles"):
            source = data.stream_file(folder)
            made = (one.article() for one in stream(Shape(articles)))
            every: Iterator[dedup.Article] = made if source is None else dedup.read_articles([source], notices=[])
            some = list(islice(every, articles))
        with watch.step("file"):
            size, shell = (
                _written(dedup.cluster(some), here / "all.html"),
                _written(dedup.cluster([]), here / "none.html"),
            )
        report |= {"articles": len(some), "file": {"bytes": size, "bytes_per_article": (size - shell) / len(some)}}
        with watch.step("store"), dedup.StoryIndex.open(here / "stories.db") as index:
            index.add_many(some)
        _, url = stack.enter_context(served(here / "stories.db"))
        browser = stack.enter_context(chromium())
        for kind, address in (("file", (here / "all.html").as_uri()), ("service", url)):
            with watch.step(kind):
                report["opened"][kind], report["filters"][kind] = _measured(browser, address)
    return report


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium, driven by playwright."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise BenchmarkError("the browser is driven by playwright: pip install playwright") from error
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        raise BenchmarkError("there is no Chromium: install it, or name it in CHROMIUM")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def draw(path: Path) -> None:
    """Take a picture of two versions side by side, of our own corpus."""
    with TemporaryDirectory() as place, chromium() as browser:
        _written(dedup.cluster(dedup.read_articles([data.SEEDS], notices=[])), Path(place) / "seeds.html")
        page = browser.new_page(viewport={"width": 1180, "height": 860})
        page.goto((Path(place) / "seeds.html").as_uri() + PAIR)
        page.wait_for_selector(".side .text mark")
        page.screenshot(path=path)


def _written(clustering: dedup.Clustering, path: Path) -> int:
    with path.open("w", encoding="utf-8", newline="") as out:
        write_html(clustering, out)
    return path.stat().st_size


def _measured(browser: Any, address: str) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the milliseconds of opening a page, several times, and of its filters."""
    opened: dict[str, list[float]] = {"paint": [], "list": []}
    filters: dict[str, list[float]] = {}
    for _ in range(TIMES):
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready]", timeout=120_000)
        opened["list"].append(page.evaluate("performance.now()"))
        for name, milliseconds in page.evaluate(_FILTERS).items():
            filters.setdefault(name, []).append(milliseconds)
        opened["paint"].append(page.evaluate(_PAINT))  # there by now: frames were drawn
        context.close()
    return opened, filters


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print medians of opening, and of the medians of the filters their median and the largest."""
    size = report["file"]
    title = f"the page, {report['articles']:,} articles, {size['bytes_per_article']:,.0f} bytes each in the file"
    table = empty_table(title, "", "first paint, ms", "list, ms", "filters", "median, ms", "most, ms")
    for kind, opened in report["opened"].items():
        filters = [*map(statistics.median, report["filters"][kind].values())]
        medians = [f"{statistics.median(opened[name]):,.0f}" for name in ("paint", "list")]
        table.add_row(kind, *medians, str(len(filters)), f"{statistics.median(filters):.0f}", f"{max(filters):.0f}")
    console.print(table)
