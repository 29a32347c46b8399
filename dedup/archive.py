"""What is new: articles clustered together with those of an archive, whose stories keep their names."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Literal

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.formats.quoting import quoted
from dedup.formats.spreadsheet import unshielded
from dedup.inputs.collection import items_of
from dedup.pipeline import cluster
from dedup.progress import Progress
from dedup.read import read_records
from dedup.read.own import is_row
from dedup.read.paths import BESIDE
from dedup.results.clustering import Clustering, Story
from dedup.results.story_ids import ARCHIVE_PREFIX, inherit_ids

if TYPE_CHECKING:
    import pandas as pd

    from dedup.settings import Settings

Status = Literal["new", "continues", "copy", "archived"]

_STORY, _ID = "dedup_story", "dedup_id"


@dataclass(frozen=True, slots=True)
class Archived:
    """An article that was there before, and the id of the story it was in then, "" where that is not known."""

    article: Article
    story: str = ""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """New articles, and how they stand to those of an archive.

    Attributes:
        clustering: the new articles and behind them those of the archive, in their stories. A story that continues one
            of the archive has the id it had there.
        count: how many of its articles are new: those at the places below it.
        statuses: for each article of the clustering "copy" where it is a copy of an archived one, "continues" where an
            archived one is in its story, else "new"; "archived" for those of the archive.
        copy_of: for each the id of the archived article that it is a copy of, None where it is none.
    """

    clustering: Clustering
    count: int
    statuses: tuple[Status, ...]
    copy_of: tuple[str | None, ...]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in sorted(Counter(self.statuses).items()))
        return f"<Arrivals of {self.count} articles: {counts}>"

    @property
    def stories(self) -> tuple[Story, ...]:
        """The stories that have a new article, the largest first."""
        wanted = {self.clustering.labels[place] for place in range(self.count)}
        return tuple(story for label, story in enumerate(self.clustering.stories) if label in wanted)

    def to_records(self, *, archived: bool = False) -> list[dict[str, Any]]:
        """One mapping per new article, as `Clustering.to_records`, with `status` and `copy_of`.

        Args:
            archived: whether the archived articles follow.
        """
        return [
            {**record, "status": status, "copy_of": copy}
            for place, (record, status, copy) in enumerate(
                zip(self.clustering.to_records(), self.statuses, self.copy_of, strict=True)
            )
            if archived or place < self.count
        ]


def cluster_against(
    articles: Iterable[Article | Mapping[str, Any] | str] | pd.DataFrame,
    archive: Iterable[Archived | Article],
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    keep_texts: bool = True,
) -> Arrivals:
    """Groups new articles together with those of an archive, and says of each whether it is new.

    The stories are those of one run over both: what was archived may fall into other stories than before, where new
    articles say so. A story has the id of the archived story that it has most articles of.

    Args:
        articles: the new ones, as for `cluster`.
        archive: from `read_archive`, or articles of which no stories are known. In the clustering their ids have
            `archive:` before them.
        settings: as for `cluster`.
        progress: as for `cluster`.
        keep_texts: as for `cluster`.

    Raises:
        InputError: something among the articles is no article at all.
    """
    names: list[str] = []
    known: list[str] = []
    count = 0

    def everything() -> Iterator[Any]:
        nonlocal count
        for item in items_of(articles):
            count += 1
            yield item
        for held in archive:
            one = held if isinstance(held, Archived) else Archived(held)
            names.append(one.article.id)
            known.append(one.story)
            yield replace(one.article, id=f"{ARCHIVE_PREFIX}{one.article.id}")

    clustering = cluster(everything(), settings, progress=progress, keep_texts=keep_texts)
    before = dict(zip((article.id for article in clustering.articles[count:]), known, strict=True))
    clustering = replace(clustering, stories=_inherit_ids(clustering.stories, before))
    copies: list[str | None] = [None] * len(clustering.articles)
    statuses: list[Status] = ["archived"] * len(clustering.articles)
    for story in clustering.stories:
        places = [clustering.place(article) for article in story.articles]
        originals: dict[str, str] = {}
        for group in story.copy_groups:
            held = [place for place in map(clustering.place, group.articles) if place >= count]
            if held:
                originals |= dict.fromkeys(group.articles, names[held[0] - count])
        continues = max(places) >= count
        for article, place in zip(story.articles, places, strict=True):
            if place < count:
                copies[place] = originals.get(article)
                statuses[place] = "copy" if article in originals else "continues" if continues else "new"
    return Arrivals(clustering, count, tuple(statuses), tuple(copies))


def _inherit_ids(stories: Iterable[Story], known: Mapping[str, str]) -> tuple[Story, ...]:
    """The stories, each under the id of the archived story that it has most articles of; no id goes to two."""
    stories = list(stories)
    claims = (
        (place, name, held)
        for place, story in enumerate(stories)
        for name, held in Counter(known[article] for article in story.articles if known.get(article)).items()
    )
    names = inherit_ids([story.id for story in stories], claims)
    return tuple(replace(story, id=name) for story, name in zip(stories, names, strict=True))


def read_archive(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    fields: Mapping[str, str] | None = None,
    notices: list[Notice] | None = None,
    dayfirst: bool = False,
) -> Iterator[Archived]:
    """Reads an archive, one article at a time: files and folders of articles, what `--keep` has written, or results.

    A result (JSON lines, CSV or Parquet) names the files its articles came from; they are read again. Files are looked
    for from the folder at hand, then from that of the result.

    Args:
        paths: files and folders, or one of these.
        fields: as for `read_articles`.
        notices: as for `read_articles`.
        dayfirst: as for `read_articles`.

    Raises:
        InputError: as the articles are read: a result names a file that is not there, or that has changed since.
    """
    noted = [] if notices is None else notices
    arguments = [os.fsdecode(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    return _read(arguments, fields, noted, dayfirst)


def _read(
    arguments: list[str], fields: Mapping[str, str] | None, notices: list[Notice], dayfirst: bool
) -> Iterator[Archived]:
    for argument in arguments:
        with _twice(argument) as stdin:
            rows = _rows(argument, stdin)
            if stdin is not None:
                stdin.seek(0)
            if rows:
                yield from _files_of(rows, Path(argument), fields, dayfirst, notices)
                continue
            beside = _beside(Path(argument))
            options: dict[str, Any] = {"fields": fields, "notices": notices, "dayfirst": dayfirst, "stdin": stdin}
            for article, record, file in read_records(argument, **options):
                added = beside.get(file.id, {}) if record.number is None else record.values
                name, known = added.get(_ID), added.get(_STORY)
                yield Archived(
                    replace(article, id=name) if isinstance(name, str) and name else article,
                    known if isinstance(known, str) else "",
                )


@contextmanager
def _twice(argument: str) -> Iterator[IO[bytes] | None]:
    """What standard input holds, if that is meant: an archive is looked at first, and then read."""
    if argument != "-":
        yield None
        return
    with TemporaryFile(prefix="dedup-") as copy:
        copyfileobj(sys.stdin.buffer, copy)
        copy.seek(0)
        yield copy


def _rows(argument: str, stdin: IO[bytes] | None) -> list[Mapping[str, Any]]:
    """The rows of a result; none where the argument is no result."""
    rows = []
    # Read as if the id were the title: a row without a title is a row all the same.
    for article, record, _ in read_records(argument, fields={"title": "id"}, notices=[], stdin=stdin, own=True):
        if article.text or not is_row(record.values):
            return []
        rows.append(record.values)
    if ".csv" in Path(argument.lower()).suffixes:
        return [
            {name: unshielded(value) if isinstance(value, str) else value for name, value in row.items()}
            for row in rows
        ]
    return rows


def _beside(folder: Path) -> dict[str, dict[str, Any]]:
    """What `--keep` has written about the files of a folder, by their names; nothing where it has not."""
    try:
        lines = (folder / BESIDE).read_text(encoding="utf-8").splitlines()
        return {line["file"]: line for line in map(json.loads, lines)}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _files_of(
    rows: list[Mapping[str, Any]],
    result: Path,
    fields: Mapping[str, str] | None,
    dayfirst: bool,
    notices: list[Notice],
) -> Iterator[Archived]:
    """The articles of the rows of a result, read again from their files, each with its story."""
    of_path: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        of_path.setdefault(str(row["path"] or "-"), []).append(row)
    advice = "give the articles themselves as the archive, or what --keep all has written"
    for path, held in of_path.items():
        file = next((place for place in (Path(path), result.parent / path) if place.is_file()), None)
        if path == "-" or file is None:
            came = "came by standard input" if path == "-" else f"were in {path}, which is not there"
            raise InputError(f"{result}: {len(held):,} of its articles {came}; {advice}")
        found = (article for article, _, _ in read_records(file, fields=fields, notices=notices, dayfirst=dayfirst))
        for row, article in zip(held, _endless(found), strict=False):
            if article is None or article.title != (row["title"] or ""):
                now = "has fewer articles" if article is None else f"has {quoted(article.title)} in its place"
                raise InputError(f"{result}: {quoted(row['title'])} was in {path}, which {now} now; {advice}")
            yield Archived(replace(article, id=str(row["id"])), str(row["story"]))


def _endless(articles: Iterable[Article]) -> Iterator[Article | None]:
    yield from articles
    while True:
        yield None
