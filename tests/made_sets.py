"""A tiny made-up folder of labelled sets, in the format of the real one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks import data as benchmark_data

MATTERS = {
    "ferry": "Harbour master Lind closed the northern quay after the ferry Aurora struck a buoy in thick fog",
    "orchard": "Orchard growers around Tolmin expect their smallest cherry harvest since records began after frost",
    "chess": "Teenage grandmaster Ilves won the Viljandi chess tournament with a bold rook sacrifice in round nine",
    "bridge": "Engineers found hairline cracks in the Karlova suspension bridge and banned lorries above ten tonnes",
}
ENDINGS = ("officials said.", "people there confirmed.", "we have learnt.")


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON lines, compressed if the suffix says so."""
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def articles(lang: str = "en", prefix: str = "") -> list[dict[str, Any]]:
    """Return four stories of three articles each."""
    return [
        {
            "id": f"{prefix}{name}-{number}",
            "title": f"{name.title()}: what is known",
            "text": f"{matter}, {ending}",
            "lang": lang,
            "story": f"{prefix}{name}",
        }
        for name, matter in MATTERS.items()
        for number, ending in enumerate(ENDINGS)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a writable folder: sets basil (English) and mmds_dev (two languages), both files of pairs; no stream."""
    return _write_folder(tmp_path)


@pytest.fixture
def stream_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the tiny folder with a stream of the twelve English articles and four judged pairs, the third wrong."""
    write_lines(folder / "stream_2020_01_02.jsonl.gz", articles())
    pairs = folder.parent / "stream_pairs.tsv"
    judged = ("ferry-0\tferry-1\tsame", "ferry-0\tchess-0\tdifferent", "ferry-0\tferry-2\tdifferent")
    pairs.write_text("\n".join(("# id, id, label", *judged, "chess-1\tchess-2\tunsure\n")), encoding="utf-8")
    monkeypatch.setattr(benchmark_data, "STREAM_PAIRS", pairs)
    return folder


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny folder, for reading only, with two articles on one story in `seeds` beside it."""
    data = _write_folder(tmp_path_factory.mktemp("benchmarks"))
    beside = data.parent / "seeds"
    beside.mkdir()
    opening = "Trainers of the Lisbon zoo released the lynx Bruma into the Guadiana valley"
    (beside / "one.txt").write_text(f"{opening}, where she joins eleven others.\n", encoding="utf-8")
    (beside / "two.txt").write_text(f"{opening} after a year of training.\n", encoding="utf-8")
    return data


def _write_folder(parent: Path) -> Path:
    data = parent / "data"
    data.mkdir()
    write_lines(data / "basil.jsonl.gz", articles())
    write_lines(data / "mmds_dev.jsonl.gz", [*articles(), *articles("ms", "ms-")])
    unlabelled = [{name: value for name, value in record.items() if name != "story"} for record in articles()]
    write_lines(data / "copy_pairs_dev_articles.jsonl.gz", unlabelled)
    write_lines(
        data / "copy_pairs_dev.jsonl",
        [
            _pair("ferry-0", "ferry-1", label="copy", confidence="high", template=False),
            _pair("orchard-0", "orchard-1", label="update", confidence="low", template=False),
            _pair("chess-0", "bridge-0", label="related", confidence="high", template=True),
        ],
    )
    write_lines(data / "telegram_articles.jsonl.gz", unlabelled)
    write_lines(
        data / "telegram_pairs.jsonl",
        [
            _pair("ferry-0", "ferry-1", label="same", lang="en"),
            _pair("ferry-0", "chess-1", label="different", lang="ru"),
        ],
    )
    return data


def _pair(a: str, b: str, **rest: str | bool) -> dict[str, str | bool]:
    return {"id_a": a, "id_b": b, **rest}
