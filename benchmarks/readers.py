"""Cost of reading: large and odd inputs, each in a process of its own, with peak memory and time.

Every input is generated from a seed in a temporary folder. Only reading is measured: the articles are counted and
dropped. The result is a dictionary: `inputs`, by name, each with `bytes` (of all files),
`articles`, `seconds` (of processor time), `peak` (bytes resident at most, the interpreter and its libraries included),
`said` (the first notice) and `notices` (how many); `idle`, the peak of a process that reads one line; and where it
comes from.
"""

from __future__ import annotations

import bz2
import gzip
import json
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.machine import Stopwatch, provenance

SEED = 5
MEGABYTE = 1_000_000
_ARTICLE = 2_000
"""Characters per text, as in typical news."""

_CHILD = """
import json, resource, sys, time
from dedup.read import read_articles
began, notices, count = time.process_time(), [], 0
for _ in read_articles(sys.argv[1], notices=notices):
    count += 1
seconds = time.process_time() - began
try:  # on Linux, getrusage includes the peak of the parent process
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
first = str(notices[0]) if notices else ""
print(json.dumps({"articles": count, "seconds": seconds, "peak": peak, "said": first, "notices": len(notices)}))
"""

Make = Callable[[Path, random.Random], None]


def run(*, chosen: Sequence[str] = (), quick: bool = False, seed: int = SEED, watch: Stopwatch) -> dict[str, Any]:
    """Create and read every input.

    Args:
        chosen: words in the names of the inputs to measure; all if empty.
        quick: use a twentieth of the size.
        seed: seed of the words.
        watch: times the inputs.
    """
    scale = 0.05 if quick else 1.0
    measured = {}
    with watch.step("one line"), tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.jsonl").write_text('{"text": "One line."}\n')
        idle = _read(Path(folder))["peak"]
    for name, make in inputs(scale).items():
        if chosen and not any(word in name for word in chosen):
            continue
        with watch.step(name), tempfile.TemporaryDirectory() as folder:
            make(Path(folder), random.Random(seed))  # noqa: S311 - words, no secrets
            size = sum(path.stat().st_size for path in Path(folder).iterdir())
            found = _read(Path(folder))
            said = str(found["said"]).replace(f"{folder}/", "").replace(folder, ".")
            measured[name] = {"bytes": size, **found, "said": said}
    return {"idle": idle, "seed": seed, "scale": scale, "inputs": measured, **provenance()}


def inputs(scale: float) -> dict[str, Make]:
    """Return the inputs by name; at scale 1 most have 100 MB."""
    size = int(100 * MEGABYTE * scale)
    return {
        "JSON lines": partial(_lines, size=size),
        "JSON lines, one line": partial(_one_line, size=2 * size),
        "JSON lines in zstd": partial(_lines, size=size, ending=".zst"),
        "JSON lines in bzip2": partial(_lines, size=size // 10, ending=".bz2"),
        "a JSON list": partial(_list, size=size),
        "a list in a JSON object": partial(_list, size=size // 2, wrapped=True),
        "JSON 10,000 levels deep": _deep,
        "a gzip bomb of 2 GB": partial(_bomb, size=int(2_000 * MEGABYTE * scale)),
        "a zip bomb of 1 GB": partial(_zip, size=int(1_000 * MEGABYTE * scale)),
        "CSV": partial(_table, size=size),
        "CSV, cells of 2 MB": partial(_table, size=size, cell=2 * MEGABYTE),
        "CSV, a quotation mark never closed": partial(_table, size=size, broken=True),
        "text of 200 MB": partial(_text, size=2 * size),
        "UTF-16 without a mark": partial(_wide, size=min(size, 12 * MEGABYTE)),
        "a million empty files": partial(_empty, count=int(1_000_000 * scale)),
        "Parquet": partial(_columns, size=size),
        "Parquet, nested": partial(_columns, size=size // 2, nested=True),
        "Arrow": partial(_columns, size=size, kind="arrow"),
        "a page of 50 MB": partial(_page, size=int(50 * MEGABYTE * scale)),
        "a page, 15 MB of it programs": partial(_page, size=15 * MEGABYTE, script=True),
        "1,000 pages": partial(_pages, count=int(1_000 * scale)),
        "RSS": partial(_feed, size=size),
        "a mailbox": partial(_mailbox, size=size),
        "WARC, 1,000 pages": partial(_archive, count=int(1_000 * scale)),
    }


def _read(folder: Path) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _CHILD, str(folder)], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _texts(words: random.Random, size: int) -> Iterator[str]:
    """Generate texts of invented words with `size` characters in total."""
    letters = "aeiounrtslkmdp"
    known = ["".join(words.choices(letters, k=words.randint(2, 9))) for _ in range(5_000)]
    for _ in range(max(1, size // _ARTICLE)):
        yield " ".join(words.choices(known, k=_ARTICLE * 10 // 65))


def _records(words: random.Random, size: int) -> Iterator[dict[str, Any]]:
    for number, text in enumerate(_texts(words, size)):
        title = f"{text[:40]} {number}"
        yield {"id": number, "title": title, "text": text, "published": "2024-01-15", "source": "The Echo"}


def _lines(folder: Path, words: random.Random, *, size: int, ending: str = "") -> None:
    lines = (json.dumps(record).encode() + b"\n" for record in _records(words, size))
    path = folder / f"feed.jsonl{ending}"
    if ending == ".zst":
        import zstandard

        with path.open("wb") as out, zstandard.ZstdCompressor().stream_writer(out) as packed:
            for line in lines:
                packed.write(line)
    else:
        with bz2.open(path, "wb") if ending else path.open("wb") as plain:
            plain.writelines(lines)


def _one_line(folder: Path, words: random.Random, *, size: int) -> None:
    with (folder / "feed.jsonl").open("w") as out:
        out.write('{"text": "')
        out.writelines(_texts(words, size))
        out.write('"}\n{"text": "the line behind it"}\n')


def _list(folder: Path, words: random.Random, *, size: int, wrapped: bool = False) -> None:
    with (folder / "feed.json").open("w") as out:
        out.write('{"articles": [' if wrapped else "[")
        for number, record in enumerate(_records(words, size)):
            out.write(",\n" * (number > 0) + json.dumps(record))
        out.write("]}" if wrapped else "]")


def _deep(folder: Path, words: random.Random) -> None:  # noqa: ARG001 - as every maker
    line = '{"text": ' + "[" * 10_000 + "]" * 10_000 + "}\n"
    (folder / "feed.jsonl").write_text(line * 100 + '{"text": "the line behind them"}\n')


def _bomb(folder: Path, words: random.Random, *, size: int) -> None:  # noqa: ARG001
    with gzip.open(folder / "feed.jsonl.gz", "wb", compresslevel=6) as out:
        out.write(b'{"text": "the line before it"}\n')
        for _ in range(size // (1 << 20)):
            out.write(bytes(1 << 20))


def _zip(folder: Path, words: random.Random, *, size: int) -> None:  # noqa: ARG001
    with zipfile.ZipFile(folder / "feed.jsonl", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a", "w") as out:
        for _ in range(size // (1 << 20)):
            out.write(bytes(1 << 20))


def _table(folder: Path, words: random.Random, *, size: int, cell: int = 0, broken: bool = False) -> None:
    with (folder / "feed.csv").open("w", newline="") as out:
        out.write("id,title,text\n")
        for number, text in enumerate(_texts(words, size)):
            body = (text * (cell // len(text) + 1))[:cell] if cell else text
            mark = '"' if broken and number == 100 else ""
            out.write(f"{number},title,{mark}{body}\n")
            if cell and number * cell >= size:
                break


def _text(folder: Path, words: random.Random, *, size: int) -> None:
    with (folder / "book.txt").open("w") as out:
        out.writelines(f"{text}\n" for text in _texts(words, size))


def _wide(folder: Path, words: random.Random, *, size: int) -> None:
    with (folder / "long.txt").open("w", encoding="utf-16-le") as out:
        out.writelines(f"{text}\n" for text in _texts(words, size))


def _empty(folder: Path, words: random.Random, *, count: int) -> None:  # noqa: ARG001
    (folder / "zz.txt").write_text("The file behind them, which has something in it.")
    for number in range(count):
        (folder / f"{number:07}.txt").touch()


def _columns(folder: Path, words: random.Random, *, size: int, kind: str = "parquet", nested: bool = False) -> None:
    import pyarrow as pa
    from pyarrow import ipc, parquet

    def table(records: list[dict[str, Any]]) -> pa.Table:
        deep = {"people": [{"name": "A", "places": [{"lat": 1.5, "lon": 2.5}] * 3}] * 3}
        return pa.Table.from_pylist([record | {"deep": deep} if nested else record for record in records])

    records = _records(words, size)
    pieces = iter(lambda: [record for _, record in zip(range(5_000), records, strict=False)], [])
    first = table(next(pieces))
    with (folder / f"feed.{kind}").open("wb") as out:
        writer = parquet.ParquetWriter(out, first.schema) if kind == "parquet" else ipc.new_file(out, first.schema)
        with writer:
            writer.write_table(first)
            for piece in pieces:
                writer.write_table(table(piece))


def _html(words: random.Random, size: int, script: int = 0) -> Iterator[str]:
    yield "<html><head><title>A title of the page</title>"
    if script:
        yield f"<script>{'var a = [1, 2, 3];' * (script // 18)}</script>"
    yield "</head><body><nav><ul>" + "<li><a href=/>Section</a></li>" * 30 + "</ul></nav><article><h1>A title</h1>"
    for text in _texts(words, size):
        yield f"<p>{text[:700]}</p><p>{text[700:1400]}</p><p>{text[1400:]}</p>"
    yield "</article><footer>" + "<p><a href=/>Imprint</a></p>" * 20 + "</footer></body></html>"


def _page(folder: Path, words: random.Random, *, size: int, script: bool = False) -> None:
    with (folder / "page.html").open("w") as out:
        out.writelines(_html(words, _ARTICLE if script else size, size if script else 0))


def _pages(folder: Path, words: random.Random, *, count: int) -> None:
    for number in range(count):
        (folder / f"{number:05}.html").write_text("".join(_html(words, _ARTICLE, 20_000)))


def _feed(folder: Path, words: random.Random, *, size: int) -> None:
    with (folder / "feed.xml").open("w") as out:
        out.write('<?xml version="1.0"?><rss version="2.0"><channel><title>The Echo</title>')
        for number, text in enumerate(_texts(words, size)):
            out.write(
                f"<item><guid>{number}</guid><title>{text[:60]}</title><description>{text}</description></item>\n"
            )
        out.write("</channel></rss>")


def _mailbox(folder: Path, words: random.Random, *, size: int) -> None:
    with (folder / "news.mbox").open("w") as out:
        for number, text in enumerate(_texts(words, size)):
            out.write(
                f"From a@b.example Mon Jan 15 07:30:00 2024\nFrom: Echo <a@b.example>\nSubject: {number}\n\n{text}\n\n"
            )


def _archive(folder: Path, words: random.Random, *, count: int) -> None:
    import io

    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
    with (folder / "crawl.warc.gz").open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        for number in range(count):
            payload = io.BytesIO("".join(_html(words, _ARTICLE, 20_000)).encode())
            url = f"https://echo.example/{number}"
            writer.write_record(writer.create_warc_record(url, "response", payload=payload, http_headers=headers))


def show_readers(report: Mapping[str, Any], console: Console) -> None:
    """Print a line per input."""
    table = Table(box=SIMPLE_HEAD, title="reading, each input by a process of its own", title_justify="left")
    for name in ("input", "size, MB", "articles", "peak, MB", "seconds", "said"):
        table.add_column(name, justify="left" if name in {"input", "said"} else "right", overflow="fold")
    for name, found in report["inputs"].items():
        others = f" … and {found['notices'] - 1:,} more" if found["notices"] > 1 else ""
        said = found["said"] if len(found["said"]) < 90 else f"{found['said'][:89]}…"
        table.add_row(
            name,
            f"{found['bytes'] / MEGABYTE:.1f}",
            f"{found['articles']:,}",
            f"{found['peak'] / MEGABYTE:.0f}",
            f"{found['seconds']:.1f}",
            escape(f"{said}{others}"),
        )
    console.print(table)
    machine = report["machine"]
    console.print(
        f"A process that reads one line takes {report['idle'] / MEGABYTE:.0f} MB. Seed {report['seed']}, scale"
        f" {report['scale']:g}; {machine['cpu']}, {machine['cores']} cores, {machine['system']}.",
        highlight=False,
    )
