"""The commands of `dedup index` that change the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any

import typer

from dedup.article import Notice
from dedup.cli.index_options import (
    PathsArgument,
    StoreOption,
    WaitOption,
    articles_of,
    explicit_settings,
    moment,
    opened,
    settings_for,
    write_lines,
)
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import (
    ConfigOption,
    DayfirstOption,
    FieldOption,
    LogJsonOption,
    SetOption,
    ThreadsOption,
    VerboseOption,
    configured,
)
from dedup.errors import UnknownArticleError
from dedup.report import visible

BatchOption = Annotated[
    int | None,
    typer.Option(
        "--batch",
        metavar="N",
        help="Articles written to disk at a time. Default: 500, and 1 from standard input.",
        show_default=False,
        min=1,
    ),
]


def add(
    paths: PathsArgument,
    store: StoreOption,
    batch: BatchOption = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="For a new store: store no texts; nothing can be explained then.")
    ] = False,
    keep_days: Annotated[
        float | None,
        typer.Option(
            "--keep-days",
            metavar="DAYS",
            help="For a new store: expire articles older than this. Default: never.",
            show_default=False,
        ),
    ] = None,
    settle_hours: Annotated[
        float | None,
        typer.Option(
            "--settle-hours",
            metavar="HOURS",
            help="For a new store: a story unchanged for this long keeps its id permanently. Default: 72.",
            show_default=False,
        ),
    ] = None,
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    setting: SetOption = None,
    config: ConfigOption = None,
    threads: ThreadsOption = None,
    wait: WaitOption = None,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Add articles. A JSON line is written for each once it is on disk.

    Keys: id, status (added, updated, unchanged), story, new_story, copy_of, before, notices, changed. After an
    interruption the same articles can be added again: those already in the index are unchanged.
    """
    begin_logging(verbose, as_json=log_json)
    given = configured(field=field, setting=setting, config=config, dayfirst=dayfirst, threads=threads)
    options: dict[str, Any] = {
        "settings": settings_for(store, given),
        "store_text": False if no_text else None,
        "keep_days": keep_days,
        "settle_hours": settle_hours,
    }
    notices: list[Notice] = []
    with opened(store, wait, **options) as index:
        articles = articles_of(paths, given, notices)
        size = batch or (1 if "-" in paths else 500)
        write_lines(placed.to_record() for placed in index.add_stream(articles, batch=size, notices=notices))
    report(notices)


def update(
    paths: PathsArgument,
    store: StoreOption,
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    wait: WaitOption = None,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Replace the text of articles in the index: one JSON line each, as for add. Unknown articles are skipped."""
    begin_logging(verbose, as_json=log_json)
    given = configured(field=field, dayfirst=dayfirst)
    notices: list[Notice] = []
    missing = 0
    with opened(store, wait) as index:

        def records() -> Iterator[dict[str, Any]]:
            nonlocal missing
            for article in articles_of(paths, given, notices):
                try:
                    yield index.update(article).to_record()
                except UnknownArticleError as error:
                    missing += 1
                    notices.append(Notice(article.where or article.id, str(error), "skipped", skipped=True))

        write_lines(records())
    report(notices)
    if missing:
        raise typer.Exit(1)


def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of articles.", show_default=False)],
    store: StoreOption,
    wait: WaitOption = None,
) -> None:
    """Remove articles and their data, all of them or none. The changes are JSON lines."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        write_lines(change.to_record() for change in index.remove(*ids))


def expire(
    store: StoreOption,
    before: Annotated[str, typer.Option("--before", metavar="DATE", help="The first date to keep.")],
    wait: WaitOption = None,
) -> None:
    """Remove articles published before a date, or added before it if their date is unknown."""
    begin_logging(0, as_json=False)
    limit = moment(before, "--before")
    with opened(store, wait) as index:
        count = index.expire(limit) if limit is not None else 0
    write_lines([{"expired": count}])


def reconcile(store: StoreOption, wait: WaitOption = None) -> None:
    """Regroup all articles as 'dedup cluster' would with the background of the index. The changes are JSON lines."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        write_lines(change.to_record() for change in index.reconcile())


def rebuild(
    store: StoreOption,
    learn: Annotated[
        bool, typer.Option("--learn", help="Learn a new background from the articles in the index.")
    ] = False,
    setting: SetOption = None,
    config: ConfigOption = None,
    wait: WaitOption = None,
) -> None:
    """Regroup all articles with other settings or another background. The changes are JSON lines."""
    begin_logging(0, as_json=False)
    given = configured(setting=setting, config=config)
    with opened(store, wait, anew=True) as index:
        explicit = explicit_settings(given)
        settings = replace(index.settings, **explicit) if explicit else None
        write_lines(change.to_record() for change in index.rebuild(settings, learn=learn))


def check(
    store: StoreOption,
    repair: Annotated[bool, typer.Option("--repair", help="Repair the faults where possible.")] = False,
    wait: WaitOption = None,
) -> None:
    """Check the store. Faults are JSON lines; the exit code is 1 if any remain."""
    begin_logging(0, as_json=False)
    with opened(store, wait, anew=True) as index:
        faults: Sequence[str] = index.check(repair=repair)
        remaining = index.check() if repair and faults else faults
    write_lines({"fault": fault} for fault in faults)
    if remaining:
        hint = "" if repair else ": --repair fixes them where possible"
        say(f"{visible(str(store))} has {len(remaining):,} faults{hint}")
        raise typer.Exit(1)


def vacuum(
    store: StoreOption,
    changes_before: Annotated[
        int,
        typer.Option("--changes-before", metavar="CURSOR", help="Also delete the changes before this one.", min=0),
    ] = 0,
    wait: WaitOption = None,
) -> None:
    """Free the disk space of removed articles and deleted changes. The new size in bytes is a JSON object."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        index.vacuum(changes_before=changes_before)
        write_lines([{"bytes": index.stats()["bytes"]}])


COMMANDS = {
    "add": add,
    "update": update,
    "remove": remove,
    "expire": expire,
    "reconcile": reconcile,
    "rebuild": rebuild,
    "check": check,
    "vacuum": vacuum,
}
"""The commands by name."""
