"""Clustering against an archive: which articles are new, and stories that keep the ids of archived ones."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Literal

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.formats.escaping import quote, unescape_formula, unescape_name
from dedup.inputs.items import iter_items
from dedup.pipeline import cluster
from dedup.progress import Progress
from dedup.read import read_records
from dedup.read.own_output import is_result_row
from dedup.read.paths import SIDECAR
from dedup.results.clustering import Clustering, Story
from dedup.results.story_ids import ARCHIVE_PREFIX, inherit_ids

if TYPE_CHECKING:
    import pandas as pd

    from dedup.embedding import Embed, Embedding
    from dedup.settings import Settings

Status = Literal["new", "continues", "copy", "archived"]

_STORY, _STORYLINE, _ID = "dedup_story", "dedup_storyline", "dedup_id"


@dataclass(frozen=True, slots=True)
class Archived:
    """An archived article with the ids of its story and its storyline, "" where unknown."""

    article: Article
    story: str = ""
    storyline: str = ""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """New articles clustered together with those of an archive.

    Attributes:
        clustering: the new articles followed by the archived ones, in stories. A story or storyline that continues an
            archived one has its id.
        count: number of new articles; they come first in the clustering.
        statuses: for each article of the clustering "copy" where it is a copy of an archived one, "continues" where an
            archived one is in its story, else "new"; "archived" for those of the archive.
        copy_of: for each the id of the archived article that it copies, None where there is none.
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
        """Stories with a new article, the largest first."""
        wanted = {self.clustering.labels[place] for place in range(self.count)}
        return tuple(story for label, story in enumerate(self.clustering.stories) if label in wanted)

    def to_records(self, *, archived: bool = False) -> list[dict[str, Any]]:
        """Return one mapping per new article: the keys of `Clustering.to_records`, `status` and `copy_of`.

        Args:
            archived: whether to append the archived articles.
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
    embedding: Embedding | Embed | str | None = None,
    keep_texts: bool = True,
    decisions: Iterable[Mapping[str, Any]] = (),
) -> Arrivals:
    """Cluster new articles together with those of an archive, and determine which are new.

    The stories are those of one run over both, so archived stories may be merged or split by new articles. A story gets
    the id of the archived story that it shares most articles with, and a storyline that of an archived storyline.

    Args:
        articles: the new ones, as for `cluster`.
        archive: the result of `read_archive`, or articles without known stories. In the clustering their ids are
            prefixed with `archive:`.
        settings: as for `cluster`.
        progress: as for `cluster`.
        embedding: as for `cluster`.
        keep_texts: as for `cluster`.
        decisions: as for `cluster`. Those on archived articles name them by their own ids.

    Raises:
        InputError: an item cannot be converted to an article.
        EmbeddingError: as for `cluster`.
    """
    names: list[str] = []
    known: list[str] = []
    lines: list[str] = []
    count = 0

    def everything() -> Iterator[Any]:
        nonlocal count
        for item in iter_items(articles):
            count += 1
            yield item
        for held in archive:
            one = held if isinstance(held, Archived) else Archived(held)
            names.append(one.article.id)
            known.append(one.story)
            lines.append(one.storyline)
            yield replace(one.article, id=f"{ARCHIVE_PREFIX}{one.article.id}")

    clustering = cluster(
        everything(), settings, progress=progress, embedding=embedding, keep_texts=keep_texts, decisions=decisions
    )
    archived = [article.id for article in clustering.articles[count:]]
    stories = _inherit_storylines(clustering, dict(zip(archived, lines, strict=True)))
    stories = _inherit_ids(stories, dict(zip(archived, known, strict=True)))
    clustering = replace(clustering, stories=stories)
    copies: list[str | None] = [None] * len(clustering.articles)
    statuses: list[Status] = ["archived"] * len(clustering.articles)
    for story in clustering.stories:
        every = _with_earlier(story)
        places = [clustering.place(article) for article in every]
        originals: dict[str, str] = {}
        for group in story.copy_groups:
            held = [place for place in map(clustering.place, group.articles) if place >= count]
            if held:
                originals |= dict.fromkeys(group.articles, names[held[0] - count])
        continues = max(places) >= count
        for article, place in zip(every, places, strict=True):
            if place < count:
                copies[place] = originals.get(article)
                statuses[place] = "copy" if article in originals else "continues" if continues else "new"
    return Arrivals(clustering, count, tuple(statuses), tuple(copies))


def _with_earlier(story: Story) -> list[str]:
    """Return the ids of a story's articles, and of the earlier versions of their pages."""
    return [*story.articles, *(article for versions in story.revisions for article in versions[:-1])]


def _inherit_ids(stories: Iterable[Story], known: Mapping[str, str]) -> tuple[Story, ...]:
    """Return the stories with the ids of the archived stories they continue; see `story_ids.inherit_ids`."""
    stories = list(stories)
    names = _continued([story.id for story in stories], known, enumerate(stories))
    return tuple(replace(story, id=name) for story, name in zip(stories, names, strict=True))


def _inherit_storylines(clustering: Clustering, known: Mapping[str, str]) -> tuple[Story, ...]:
    """Return the stories with the ids of the archived storylines that theirs continue."""
    own = [line.id for line in clustering.storylines]
    place = {name: number for number, name in enumerate(own)}
    names = _continued(own, known, ((place[story.storyline], story) for story in clustering.stories))
    return tuple(replace(story, storyline=names[place[story.storyline]]) for story in clustering.stories)


def _continued(own: Sequence[str], known: Mapping[str, str], stories: Iterable[tuple[int, Story]]) -> list[str]:
    """Return the ids of groups of stories.

    Args:
        own: the ids made from content.
        known: id of the archived group of articles, by their ids.
        stories: each with the place of its group in `own`.
    """
    held = Counter(
        (place, known[article]) for place, story in stories for article in _with_earlier(story) if known.get(article)
    )
    return inherit_ids(own, ((place, name, count) for (place, name), count in held.items()))


def read_archive(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    fields: Mapping[str, str] | None = None,
    notices: list[Notice] | None = None,
    dayfirst: bool = False,
    columns: Sequence[str] = (),
    table: str = "",
) -> Iterator[Archived]:
    """Read an archive, one article at a time: files and folders of articles, output of `--keep`, or results.

    A result (JSON lines, CSV or Parquet) names the files of its articles, which are read again. Relative paths are
    resolved against the working directory, then against the folder of the result.

    Args:
        paths: files and folders, or one of these.
        fields: as for `read_articles`.
        notices: as for `read_articles`.
        dayfirst: as for `read_articles`.
        columns: as for `read_articles`.
        table: as for `read_articles`.

    Raises:
        InputError: during iteration, where a result names a file that is missing or has changed.
    """
    noted = [] if notices is None else notices
    arguments = [os.fsdecode(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    return _read(arguments, noted, {"fields": fields, "dayfirst": dayfirst, "columns": columns, "table": table})


def _read(arguments: list[str], notices: list[Notice], options: Mapping[str, Any]) -> Iterator[Archived]:
    for argument in arguments:
        with _rereadable_stdin(argument) as stdin:
            rows = _rows(argument, stdin, options["table"])
            if stdin is not None:
                stdin.seek(0)
            if rows:
                yield from _reread(rows, Path(argument), notices, options)
                continue
            sidecar = _sidecar_fields(Path(argument))
            for article, record, file in read_records(argument, notices=notices, stdin=stdin, **options):
                added = sidecar.get(unescape_name(file.id), {}) if record.number is None else record.values
                name, known, line = added.get(_ID), added.get(_STORY), added.get(_STORYLINE)
                yield Archived(
                    replace(article, id=name) if isinstance(name, str) and name else article,
                    known if isinstance(known, str) else "",
                    line if isinstance(line, str) else "",
                )


@contextmanager
def _rereadable_stdin(argument: str) -> Iterator[IO[bytes] | None]:
    """Yield a seekable copy of standard input if `argument` is `-`, else None; an archive is read twice."""
    if argument != "-":
        yield None
        return
    with TemporaryFile(prefix="dedup-") as copy:
        copyfileobj(sys.stdin.buffer, copy)
        copy.seek(0)
        yield copy


def _rows(argument: str, stdin: IO[bytes] | None, table: str) -> list[Mapping[str, Any]]:
    """Return the rows of a result, empty if the argument is not a result."""
    rows = []
    # Read as if the id were the title: a row without a title is a row all the same.
    options: dict[str, Any] = {"fields": {"title": "id"}, "table": table, "own": True}
    for article, record, _ in read_records(argument, notices=[], stdin=stdin, **options):
        if article.text or not is_result_row(record.values):
            return []
        rows.append(record.values)
    if ".csv" in Path(argument.lower()).suffixes:
        return [
            {name: unescape_formula(value) if isinstance(value, str) else value for name, value in row.items()}
            for row in rows
        ]
    return rows


def _sidecar_fields(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the fields that `--keep` added to the files of a folder, by file name; empty without any."""
    try:
        lines = (folder / SIDECAR).read_text(encoding="utf-8").splitlines()
        return {line["file"]: line for line in map(json.loads, lines)}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _reread(
    rows: list[Mapping[str, Any]], result: Path, notices: list[Notice], options: Mapping[str, Any]
) -> Iterator[Archived]:
    """Read the articles of a result again from their files, each with its story."""
    of_path: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        path = str(row["path"] or "-")
        packed, is_member, _ = path.partition("!")  # `news.zip!a.txt`: archives are read once, as a whole
        of_path.setdefault(packed if is_member and _located(packed, result) else path, []).append(row)
    advice = "give the articles themselves as the archive, or what --keep all has written"
    for path, held in of_path.items():
        file = _located(path, result)
        if path == "-" or file is None:
            came = "came by standard input" if path == "-" else f"were in {path}, which is not there"
            raise InputError(f"{result}: {len(held):,} of its articles {came}; {advice}")
        found = (article for article, _, _ in read_records(file, notices=notices, **options))
        for row, article in zip(held, _padded(found), strict=False):
            if article is None or article.title != (row["title"] or ""):
                now = "has fewer articles" if article is None else f"has {quote(article.title)} in its place"
                raise InputError(f"{result}: {quote(row['title'])} was in {path}, which {now} now; {advice}")
            yield Archived(replace(article, id=str(row["id"])), str(row["story"]), str(row.get("storyline") or ""))


def _located(path: str, result: Path) -> Path | None:
    """Return the file that a result names, None if it is not there."""
    own = unescape_name(path)
    return next((place for place in (Path(own), result.parent / own) if place.is_file()), None)


def _padded(articles: Iterable[Article]) -> Iterator[Article | None]:
    """Yield the articles, then None without end."""
    yield from articles
    while True:
        yield None
