"""The labelled sets: public ones from a folder outside of the project, our own from `seeds/`."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.machine import REPOSITORY, BenchmarkError
from dedup import Article, Notice
from dedup.read import read_articles

ENVIRONMENT = "DEDUP_DATA"
DEFAULT = REPOSITORY.parent / "shared" / "data"
SEEDS = REPOSITORY / "seeds"

FILES = ("fnc1_train", "mmds_dev", "basil", "newswcl50", "meantime")
STORYLINE_FILES = ("groundnews_dev", "newsagg_dev", "googlenews_ts_dev")
"""Files whose articles have a storyline; those of the first have a story too, in part."""
BY_LANGUAGE = {"mmds_dev": ("en",), "meantime": ("en", "es", "it", "nl")}
"""Files with several languages, and the languages that are measured as sets of their own."""
PAIR_FILES = {"copy_pairs_dev": "copy_pairs_dev_articles", "telegram_pairs": "telegram_articles"}
"""Files of labelled pairs, and of their articles."""
STREAM = "stream_2020_01_02"
STREAM_ARTICLES = 5000
"""Number of articles read from the beginning of the stream."""
STREAM_PAIRS = Path(__file__).with_name("stream_pairs.tsv")
STREAM_LABELS = ("same", "different", "unsure")
BARE: dict[str, tuple[range, ...]] = {
    "c1197dd5ca5a3841d4e86cc63740159fa85743a1f051cfefee36359638ff9ed6": (range(3, 20),),
    "c52cc5fd460185a38e66def4bb00e551a7eb76bbe070dfe1bafd737ea8e3805d": (range(3, 13), range(14, 25), range(26, 30)),
}
"""Content lines (from 1, as ranges) of each poured article, without boilerplate, by SHA-256 of the file."""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Articles with gold stories; `view_of` names the set that this one is a part of, "" for a complete set."""

    name: str
    articles: tuple[Article, ...]
    view_of: str = ""

    @property
    def truth(self) -> list[str]:
        """Return the gold story of each article."""
        return [article.story for article in self.articles if article.story is not None]


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two articles by position, with the label of a reader."""

    a: int
    b: int
    label: str
    lang: str = ""
    low_confidence: bool = False
    template: bool = False


@dataclass(frozen=True, slots=True)
class LabelledPairs:
    """Articles and labelled pairs of them."""

    name: str
    articles: tuple[Article, ...]
    pairs: tuple[LabelledPair, ...]


def find_folder(given: Path | None) -> Path | None:
    """Return the folder of labelled sets: `given`, else $DEDUP_DATA, else the default beside the repository.

    Returns:
        The folder; None if none is given and the default does not exist.

    Raises:
        BenchmarkError: the given folder does not exist.
    """
    if given is None and os.environ.get(ENVIRONMENT):
        given = Path(os.environ[ENVIRONMENT])
        origin = f"{ENVIRONMENT} names"
    else:
        origin = "--data names"
    if given is None:
        return DEFAULT if DEFAULT.is_dir() else None
    if not given.is_dir():
        raise BenchmarkError(f"{origin} {given}, which is not a folder: give the one with the labelled sets")
    return given


def require_folder(given: Path | None) -> Path:
    """Return the folder of labelled sets, which must exist.

    Raises:
        BenchmarkError: there is no folder.
    """
    folder = find_folder(given)
    if folder is None:
        raise BenchmarkError(f"there is no folder of labelled sets: set {ENVIRONMENT}, or give --data")
    return folder.resolve()


def labelled_sets(folder: Path | None) -> list[LabelledSet]:
    """Return the labelled sets of the folder, then `seeds/`.

    Raises:
        BenchmarkError: a file is broken.
    """
    found = []
    for name in FILES if folder else ():
        path = _file(folder, f"{name}.jsonl.gz")
        if path is None:
            continue
        labelled = LabelledSet(name, _articles(path))
        if any(article.story is None for article in labelled.articles):
            raise BenchmarkError(f"{path}: every article needs a story here")
        found.append(labelled)
        for lang in BY_LANGUAGE.get(name, ()):
            part = tuple(article for article in labelled.articles if article.lang == lang)
            if part:
                found.append(LabelledSet(f"{name}_{lang}", part, view_of=name))
    seeds = repository_seeds()
    return [*found, seeds] if seeds else found


def storyline_sets(folder: Path | None) -> dict[str, tuple[Article, ...]]:
    """Return the articles of the files with storylines, by name; without those that are absent.

    Raises:
        BenchmarkError: a file is broken, or an article has no storyline.
    """
    found = {}
    for name in STORYLINE_FILES:
        path = _file(folder, f"{name}.jsonl.gz")
        if path is None:
            continue
        found[name] = _articles(path)
        if any(article.storyline is None for article in found[name]):
            raise BenchmarkError(f"{path}: every article needs a storyline here")
    return found


def copy_pairs(folder: Path | None) -> LabelledPairs | None:
    """Return the pairs labelled `copy`, `update`, `story`, `related` or `different`; None without the file."""
    return _pairs(folder, "copy_pairs_dev")


def telegram_pairs(folder: Path | None) -> LabelledPairs | None:
    """Return the pairs labelled `same` or `different` event; None without the file."""
    return _pairs(folder, "telegram_pairs")


def stream_pairs(folder: Path | None) -> LabelledPairs | None:
    """Return the first articles of the real stream and our judged pairs of them; None without the stream.

    Raises:
        BenchmarkError: the stream is broken, or a line of the pairs is not two of its ids and a label.
    """
    path = stream_file(folder)
    if path is None:
        return None
    articles = _articles(path, STREAM_ARTICLES)
    places = {article.id: place for place, article in enumerate(articles)}
    pairs = []
    for number, line in enumerate(STREAM_PAIRS.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("#"):
            continue
        match line.split("\t"):
            case [a, b, label] if a in places and b in places and label in STREAM_LABELS:
                pairs.append(LabelledPair(places[a], places[b], label))
            case _:
                raise BenchmarkError(
                    f"{STREAM_PAIRS}:{number}: not two articles of the first {len(articles)} of {path.name} and one of"
                    f" {', '.join(STREAM_LABELS)}"
                )
    return LabelledPairs("stream", articles, tuple(pairs))


def whole_stream(folder: Path | None) -> tuple[Article, ...]:
    """Return all articles of the real stream; none without it."""
    path = stream_file(folder)
    return _articles(path) if path else ()


def stream_pairs_dev(folder: Path | None) -> list[dict[str, Any]]:
    """Return the judged pairs of the whole stream as records: ids `a` and `b`, `label`, `confidence`, `sampled`."""
    path = _file(folder, "stream_pairs_dev.jsonl")
    return [record for _, record in _records(path)] if path else []


def stream_file(folder: Path | None) -> Path | None:
    """Return the path of the real stream; None if it is absent."""
    return _file(folder, f"{STREAM}.jsonl.gz")


def repository_seeds() -> LabelledSet | None:
    """Return our own corpus with the stories of its manifest; None without a manifest.

    Raises:
        BenchmarkError: an article has no story there, or a story names an article that does not exist.
    """
    manifest = SEEDS / "manifest.toml"
    if not manifest.exists():
        return None
    stories: list[dict[str, Any]] = tomllib.loads(manifest.read_text(encoding="utf-8"))["story"]
    story_of = {article: story["name"] for story in stories for article in story["articles"]}
    articles = _articles(SEEDS)
    strays = {article.id for article in articles} ^ set(story_of)
    if strays:
        raise BenchmarkError(f"{manifest}: it and the articles disagree about {', '.join(sorted(strays))}")
    return LabelledSet("seeds", tuple(replace(article, story=story_of[article.id]) for article in articles))


def pour_articles(folder: Path | None) -> tuple[Article, ...]:
    """Return the two real articles on one story, in `seeds/` beside the folder; () if absent.

    Raises:
        BenchmarkError: there are not two of them.
    """
    beside = _beside(folder)
    if beside is None:
        return ()
    articles = _articles(beside)
    if len(articles) != 2:
        raise BenchmarkError(f"{beside} has {len(articles)} articles: it should have two, on one story")
    return articles


def bare_articles(folder: Path | None) -> tuple[Article, ...]:
    """Return the two poured articles without boilerplate; () if absent or unknown to `BARE`."""
    kept: dict[str, list[str]] = {}
    for path in (Path(article.path or "") for article in pour_articles(folder)):
        content = path.read_bytes()
        parts = BARE.get(hashlib.sha256(content).hexdigest())
        if parts is None:
            return ()
        lines = content.decode().split("\n")
        kept[path.name] = [lines[number - 1] for part in parts for number in part]
    with TemporaryDirectory() as place:  # read as any input
        for name, lines in kept.items():
            (Path(place) / name).write_text("\n".join(lines), encoding="utf-8")
        return _articles(Path(place))


def digests(folder: Path | None) -> dict[str, str]:
    """Return the SHA-256 of each data file, so that results on different data are not compared.

    `seeds` is the folder in the repository, `poured` that of the two articles beside the data.
    """
    names = [f"{name}.jsonl.gz" for name in (*FILES, *STORYLINE_FILES, STREAM)]
    for name, articles in PAIR_FILES.items():
        names += [f"{name}.jsonl", f"{articles}.jsonl.gz"]
    paths = [path for path in (_file(folder, name) for name in names) if path]
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    for name, place in (("seeds", SEEDS), ("poured", _beside(folder))):
        if place and place.is_dir():
            found[name] = _folder_digest(place)
    return found


def _beside(folder: Path | None) -> Path | None:
    """Return the folder of the poured articles."""
    beside = folder.parent / "seeds" if folder else None
    return beside if beside and beside.is_dir() else None


def _folder_digest(folder: Path) -> str:
    """Return the SHA-256 of the sorted paths and contents of all files except hidden ones."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            digest.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {inside.as_posix()}\n".encode())
    return digest.hexdigest()


def _pairs(folder: Path | None, name: str) -> LabelledPairs | None:
    pairs_path, articles_path = _file(folder, f"{name}.jsonl"), _file(folder, f"{PAIR_FILES[name]}.jsonl.gz")
    if pairs_path is None or articles_path is None:
        return None
    articles = _articles(articles_path)
    places = {article.id: place for place, article in enumerate(articles)}
    pairs = []
    for where, record in _records(pairs_path):
        for end in ("id_a", "id_b"):
            if record[end] not in places:
                raise BenchmarkError(f"{where}: {articles_path.name} has no article {record[end]!r}")
        pairs.append(
            LabelledPair(
                places[record["id_a"]],
                places[record["id_b"]],
                record["label"],
                record.get("lang", ""),
                record.get("confidence") == "low",
                record.get("template", False),
            )
        )
    return LabelledPairs(name, articles, tuple(pairs))


def _file(folder: Path | None, name: str) -> Path | None:
    path = folder / name if folder else None
    return path if path and path.exists() else None


def _articles(path: Path, most: int | None = None) -> tuple[Article, ...]:
    """Return the articles of a file or folder, at most `most`, by the product's reader.

    Raises:
        BenchmarkError: it cannot read every record of a file; a part would be scored as if it were complete.
            A folder may contain other files.
    """
    notices: list[Notice] = []
    articles = tuple(islice(read_articles([str(path)], notices=notices), most))
    skipped = [str(notice) for notice in notices if notice.skipped]
    if skipped and path.is_file():
        raise BenchmarkError(f"{path} is not complete: {'; '.join(skipped[:3])}")
    return articles


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the position and the JSON record of each line.

    Raises:
        BenchmarkError: a line is not JSON.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield f"{path}:{number}", json.loads(line)
            except ValueError as error:
                raise BenchmarkError(f"{path}:{number}: not JSON ({error}): the file is broken") from error
