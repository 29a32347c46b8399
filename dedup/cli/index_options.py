"""Options, input and output that the commands of `dedup index` share."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import dedup
from dedup.article import Article, Notice
from dedup.cli.inputs import require_readable
from dedup.cli.messages import report
from dedup.cli.output import standard_output
from dedup.cli.progress import ProgressBar
from dedup.formats.escaping import visible
from dedup.formats.json_text import json_text
from dedup.inputs.dates import day_or_time
from dedup.read.source import LINE_TOO_LONG, lines

if TYPE_CHECKING:
    from dedup.config import Configuration
    from dedup.index import StoryIndex
    from dedup.settings import Settings

StoreOption = Annotated[Path, typer.Option("--store", metavar="FILE", help="The file with the index.")]
KeepDaysOption = Annotated[
    float | None,
    typer.Option(
        "--keep-days", metavar="DAYS", help="Expire articles older than this; inf: never.", show_default=False
    ),
]
SettleHoursOption = Annotated[
    float | None,
    typer.Option(
        "--settle-hours",
        metavar="HOURS",
        help="A story unchanged for this long keeps its id permanently.",
        show_default=False,
    ),
]
WaitOption = Annotated[
    float | None,
    typer.Option(
        "--wait", metavar="SECONDS", help="Wait this long for another writer to end.", show_default=False, min=0
    ),
]
PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH",
        help="Files and folders of articles; - for JSON lines from standard input, processed as they arrive.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class NewStoreOptions:
    """The options with which a store is made."""

    no_text: Annotated[
        bool, typer.Option("--no-text", help="For a new store: store no texts; nothing can be explained then.")
    ] = False
    keep_days: Annotated[
        float | None,
        typer.Option(
            "--keep-days",
            metavar="DAYS",
            help="For a new store: expire articles older than this. Default: never.",
            show_default=False,
        ),
    ] = None
    settle_hours: Annotated[
        float | None,
        typer.Option(
            "--settle-hours",
            metavar="HOURS",
            help="For a new store: a story unchanged for this long keeps its id permanently. Default: 72.",
            show_default=False,
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """Return the arguments of `StoryIndex.open`."""
        store_text = False if self.no_text else None
        return {"store_text": store_text, "keep_days": self.keep_days, "settle_hours": self.settle_hours}


def explicit_settings(given: Configuration) -> dict[str, Any]:
    """Return by name the settings that change results and come from a flag, the environment or a file."""
    method = given.settings.method()
    return {name: value for name, value in method.items() if given.origins[name] != "default"}


def settings_for(store: Path, given: Configuration) -> Settings | None:
    """Return the settings to open an index with; None for an existing one without explicit settings."""
    return given.settings if explicit_settings(given) or not store.exists() else None


@contextmanager
def opened(store: Path, wait: float | None, **options: Any) -> Iterator[StoryIndex]:
    """Open the index in a file for writing."""
    with (
        ProgressBar() as progress,
        dedup.StoryIndex.open(store, wait=wait or 0.0, progress=progress, **options) as index,
    ):
        yield index


StoreInsteadOption = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="STORE", help="Take articles and stories of this index, as it has them.", show_default=False
    ),
]


@contextmanager
def opened_to_read(store: Path, **options: Any) -> Iterator[StoryIndex]:
    """Open the index in a file for reading, while another process may write to it."""
    with (
        ProgressBar() as progress,
        dedup.StoryIndex.open(store, read_only=True, progress=progress, **options) as index,
    ):
        yield index


def moment(text: str | None, option: str) -> date | datetime | None:
    """Parse an ISO 8601 date or time; wrong usage ends the command."""
    if text is None:
        return None
    try:
        return day_or_time(text)
    except ValueError:
        problem = f"{visible(text)} is not a date: write 2024-01-31, or 2024-01-31T12:30"
        raise typer.BadParameter(problem, param_hint=option) from None


def write_lines(records: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON line per record, flushed at once."""
    with standard_output() as out:
        for record in records:
            out.write(json_text(dict(record)) + "\n")
            out.flush()


def articles_of(paths: Sequence[str], given: Configuration, notices: list[Notice]) -> Iterator[Article]:
    """Yield the articles of paths in order, or those of standard input as the lines arrive.

    Problems of a line are reported at once, since standard input may not end.
    """
    if "-" not in paths:
        read = dedup.read_articles(list(paths), notices=notices, **given.reading)
        yield from require_readable(read, paths, notices, "article")
        return
    if list(paths) != ["-"]:
        raise typer.BadParameter("standard input is read line by line: - must be the only path", param_hint="PATH")
    for number, line in enumerate(lines(sys.stdin.buffer), 1):
        if line is not None and not line.strip():
            continue
        article, found = _article(line, f"stdin:{number}", given, today=datetime.now(UTC))
        if found:
            report(found)
        if article is not None:
            yield article


def _article(line: bytes | None, where: str, given: Configuration, today: date) -> tuple[Article | None, list[Notice]]:
    if line is None:
        return None, [Notice(where, LINE_TOO_LONG, "line skipped", skipped=True)]
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return None, [Notice(where, f"it is no JSON in UTF-8 ({type(error).__name__})", "line skipped", skipped=True)]
    if not isinstance(record, dict):
        return None, [Notice(where, "it is no JSON object", "line skipped", skipped=True)]
    article, notices = dedup.from_record(
        record, where=where, default_id="", fields=given.fields, dayfirst=given.dayfirst, today=today
    )
    if article is not None and not article.id:
        return None, [*notices, Notice(where, "it has no id to be known by", "line skipped", skipped=True)]
    return article, notices
