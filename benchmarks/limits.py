"""Compare the speed of each step with limits of the machine, in the same run, on one core.

A limit is an upper bound of the rate of a step: parsing JSON bounds reading, the hash function on prepared words bounds
hashing, one multiplication bounds a slot of a signature, and copying memory bounds everything.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.joining import BANDS, planted_signatures
from benchmarks.machine import is_here
from benchmarks.sketching import SLOTS, Sketcher
from benchmarks.timing import Timing, alternately
from dedup import Settings, read_articles
from dedup.match.kernels.bands import pairs_of_buckets
from dedup.vectorize.kernels.extractor import Extractor, blocks
from dedup.vectorize.kernels.murmur import hash_block

if TYPE_CHECKING:
    from dedup import Article

COPIED = 1 << 28
"""Bytes copied to measure memory bandwidth."""
MULTIPLIED = 1 << 10
"""Numbers multiplied at a time: few enough for the first-level cache."""
TIMES = 100_000
SIGNATURES = 100_000


def measure(articles: Sequence[Article], rounds: int, announce: Callable[[str], object]) -> list[dict[str, Any]]:
    """Measure each step and its limits.

    Returns:
        For each step its `rate` and limits: `name`, `rate` in the unit of the step, and the `share` reached.
    """
    from benchmarks.sketching_kernel import multiply

    both = [(article.title, article.text) for article in articles]
    given = list(blocks(both))
    extractor, sketcher = Extractor(Settings()), Sketcher()
    words = [extractor.words(block) for block in given]
    sketcher.signatures(both[:8])
    text = "\0".join(part for pair in both for part in pair).encode(errors="surrogatepass")
    lines = [_line(article) for article in articles]
    packed = gzip.compress(b"\n".join(lines), 6)
    source, target = np.ones(COPIED // 8, np.int64), np.zeros(COPIED // 8, np.int64)
    numbers = np.ones(MULTIPLIED, np.uint32)
    rows = planted_signatures(SIGNATURES, 1)
    present = np.ones(len(rows), bool)
    ready, ends = _ready_words(text)
    hashes = np.empty(len(ends) - 1, np.uint32)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "articles.jsonl.gz"
        path.write_bytes(packed)
        methods: dict[str, Callable[[], object]] = {
            "read": lambda: sum(1 for _ in read_articles(path)),
            "unpack": lambda: zlib.decompress(packed, 31),
            "json": lambda: [json.loads(line) for line in lines],
            "words": lambda: [extractor.words(block) for block in given],
            "hash": lambda: hash_block(ready, ends, hashes),
            "encode": lambda: [part.encode(errors="surrogatepass") for pair in both for part in pair],
            "sketch": lambda: [sketcher.of_words(block) for block in words],
            "multiply": lambda: multiply(numbers, np.uint32(0x9E3779B1), TIMES),
            "features": lambda: [extractor.sketch(block) for block in words],
            "buckets": lambda: pairs_of_buckets(rows, present, BANDS),
            "copy": lambda: np.copyto(target, source),
        }
        if is_here("orjson"):
            import orjson

            methods["orjson"] = lambda: [orjson.loads(line) for line in lines]
        for method in methods.values():
            method()
        took = alternately(methods, rounds, announce=announce)
    raw, size = sum(map(len, lines)) / 1e6, len(text) / 1e6
    slots = SLOTS * sum(max(0, end - begin - 4) for block in words for begin, end in block.spans().tolist()) / 1e9
    copied = COPIED / 1e6 / _seconds(took["copy"])
    counted = sum(len(block.hashes) for block in words) / 1e6
    parsed = {"json.loads": raw / _seconds(took["json"])}
    if "orjson" in took:
        parsed["orjson.loads"] = raw / _seconds(took["orjson"])
    unpacked = {"gunzip": raw / _seconds(took["unpack"])}
    stdlib = {"gunzip + json.loads": raw / (_seconds(took["unpack"]) + _seconds(took["json"]))}
    return [
        _step("read .jsonl.gz", "MB/s", raw / _seconds(took["read"]), {**unpacked, **parsed, **stdlib}),
        _step(
            "text -> words",
            "MB/s",
            size / _seconds(took["words"]),
            {
                "hash of ready words": size / _seconds(took["hash"]),
                "str.encode": size / _seconds(took["encode"]),
                "memcpy": copied,
            },
        ),
        _step(
            "words -> sketch",
            "10⁹ slots/s",
            slots / _seconds(took["sketch"]),
            {"multiply, add in cache": TIMES * MULTIPLIED / 1e9 / _seconds(took["multiply"])},
        ),
        _step(
            "words -> features",
            "10⁶ words/s",
            counted / _seconds(took["features"]),
            {"sketch alone": counted / _seconds(took["sketch"])},
        ),
        _step(
            "bands -> pairs",
            "MB/s",
            rows.nbytes / 1e6 / _seconds(took["buckets"]),
            {"memcpy": copied},
        ),
    ]


def _step(name: str, unit: str, rate: float, limits: dict[str, float]) -> dict[str, Any]:
    found = [{"name": limit, "rate": most, "share": rate / most} for limit, most in limits.items()]
    return {"step": name, "unit": unit, "rate": rate, "limits": found}


def _seconds(timing: Timing) -> float:
    return float(np.median(timing.processor))


def _line(article: Article) -> bytes:
    record = {"id": article.id, "title": article.title, "text": article.text, "source": article.source}
    if article.published:
        record["published"] = article.published.isoformat()
    return json.dumps(record, ensure_ascii=False).encode(errors="surrogatepass")


def _ready_words(text: bytes) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Split text at spaces, the input of the hash limit."""
    flat = np.frombuffer(text + b"\0\0\0", np.uint8)
    cuts = np.flatnonzero(flat[:-3] == ord(" "))
    return flat, np.concatenate([[0], cuts, [len(text)]]).astype(np.int64)
