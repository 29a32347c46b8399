"""The commands of `dedup index` that write."""

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
    moment,
    opened,
    said_settings,
    settings_for,
    write_lines,
)
from dedup.cli.messages import begin_logging, say, tell
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
        help="Articles put on disk at a time. Unset: 500, and each by itself from standard input.",
        show_default=False,
        min=1,
    ),
]


def add(
    paths: PathsArgument,
    store: StoreOption,
    batch: BatchOption = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Of a new store: keep no texts; nothing can be explained then.")
    ] = False,
    keep_days: Annotated[
        float | None,
        typer.Option(
            "--keep-days",
            metavar="DAYS",
            help="Of a new store: let go of articles older than this. Unset: of none.",
            show_default=False,
        ),
    ] = None,
    settle_hours: Annotated[
        float | None,
        typer.Option(
            "--settle-hours",
            metavar="HOURS",
            help="Of a new store: a story that nothing touched for so long keeps its id for good. Unset: 72.",
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
    """Take articles in: a JSON line for each, written once it is on disk.

    Keys: id, status (added, updated, unchanged), story, new_story, copy_of, before, notices, changed. The same articles
    may be given again after an interruption: those that are there are unchanged.
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
    tell(notices)


def update(
    paths: PathsArgument,
    store: StoreOption,
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    wait: WaitOption = None,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Give articles that are there another text: a JSON line for each, as for add. Those that are not are skipped."""
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
    tell(notices)
    if missing:
        raise typer.Exit(1)


def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of articles.", show_default=False)],
    store: StoreOption,
    wait: WaitOption = None,
) -> None:
    """Take articles out, with all that was kept of them: the changes, a JSON line each. All of them, or none."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        write_lines(change.to_record() for change in index.remove(*ids))


def expire(
    store: StoreOption,
    before: Annotated[str, typer.Option("--before", metavar="DATE", help="The first date that stays.")],
    wait: WaitOption = None,
) -> None:
    """Take out the articles published before a date, or come before it where that is unknown."""
    begin_logging(0, as_json=False)
    limit = moment(before, "--before")
    with opened(store, wait) as index:
        count = index.expire(limit) if limit is not None else 0
    write_lines([{"expired": count}])


def reconcile(store: StoreOption, wait: WaitOption = None) -> None:
    """Bring all placements to what 'dedup cluster' would find with the index's background: the changes."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        write_lines(change.to_record() for change in index.reconcile())


def rebuild(
    store: StoreOption,
    learn: Annotated[
        bool, typer.Option("--learn", help="Learn anew from the articles that are there what all of them share.")
    ] = False,
    setting: SetOption = None,
    config: ConfigOption = None,
    wait: WaitOption = None,
) -> None:
    """Judge all articles anew, by other settings or another background: the changes, a JSON line each."""
    begin_logging(0, as_json=False)
    given = configured(setting=setting, config=config)
    with opened(store, wait, anew=True) as index:
        said = said_settings(given)
        settings = replace(index.settings, **said) if said else None
        write_lines(change.to_record() for change in index.rebuild(settings, learn=learn))


def check(
    store: StoreOption,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what can be.")] = False,
    wait: WaitOption = None,
) -> None:
    """Say what is wrong in the store, a line of JSON each; exit code 1 where something is, or stays."""
    begin_logging(0, as_json=False)
    with opened(store, wait, anew=True) as index:
        faults: Sequence[str] = index.check(repair=repair)
        stays = index.check() if repair and faults else faults
    write_lines({"fault": fault} for fault in faults)
    if stays:
        say(
            f"{visible(str(store))} has {len(stays):,} faults" + ("" if repair else ": --repair puts right what can be")
        )
        raise typer.Exit(1)


def vacuum(
    store: StoreOption,
    changes_before: Annotated[
        int,
        typer.Option("--changes-before", metavar="CURSOR", help="Forget the changes before this one, too.", min=0),
    ] = 0,
    wait: WaitOption = None,
) -> None:
    """Give back the disk that removed articles and forgotten changes took: the bytes that the store takes now."""
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
"""By their names."""
