"""`dedup index`: maintain a story index in a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.article import Notice
from dedup.cli.conversion import Command, Group
from dedup.cli.index_decide import decide, decisions, undo
from dedup.cli.index_follow import follow
from dedup.cli.index_import import import_
from dedup.cli.index_options import (
    KeepDaysOption,
    NewStoreOptions,
    PathsArgument,
    SettleHoursOption,
    StoreOption,
    WaitOption,
    articles_of,
    explicit_settings,
    moment,
    opened,
    opened_to_read,
    settings_for,
    write_lines,
)
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import (
    ColumnsOption,
    ConfigOption,
    DayfirstOption,
    EmbeddingOptions,
    FieldOption,
    LogJsonOption,
    SetOption,
    TableOption,
    ThreadsOption,
    VerboseOption,
    configured,
    grouped,
)
from dedup.cli.output import (
    Format,
    Layout,
    RowsOf,
    check_output,
    choose_format,
    made_from,
    write_result,
)
from dedup.embedding import NONE
from dedup.errors import CursorError, UnknownArticleError
from dedup.formats.atomic import atomic_file
from dedup.formats.escaping import visible
from dedup.formats.json_text import json_text

if TYPE_CHECKING:
    from dedup.index import IndexedArticle, StoryIndex
    from dedup.results.clustering import Story

HELP = """Maintain a story index in a file: each article is placed in a story as it is added.

The first add creates the file, with the settings given there. One process can write at a time, while others read. Each
command below has its own help: dedup index add --help.

\b
Examples:
  dedup index add news/ --store s.db           one line per article
  tail -f feed.jsonl | dedup index add - --store s.db
  dedup index match draft.txt --store s.db     is this already known?
  dedup index stories --store s.db --min-size 3
  dedup index changes --store s.db --since 120 changes after number 120
  dedup index follow --store s.db --to postgresql://localhost/news
  dedup index reconcile --store s.db           regroup as 'cluster' would
  dedup index export --store s.db              as 'cluster --format jsonl'

Results go to standard output as JSON lines; messages go to standard error.

\b
Exit codes:
  0    done
  1    no usable input, no such article or story, an unusable store, or
       faults found by 'check'
  2    wrong usage: an unknown option, setting, field or date
  130  interrupted; 141 when the reader of the output closed it
"""

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
LimitOption = Annotated[int | None, typer.Option("--limit", metavar="N", help="At most N.", show_default=False, min=1)]
_PATIENCE = 10.0
"""Seconds to wait for a service that does not answer."""
MATCH_BATCH = 64
"""Articles matched at a time, unless they arrive line by line."""


@grouped
def add(
    paths: PathsArgument,
    store: StoreOption,
    batch: BatchOption = None,
    *,
    new: NewStoreOptions,
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    columns: ColumnsOption = None,
    table: TableOption = "",
    setting: SetOption = None,
    config: ConfigOption = None,
    threads: ThreadsOption = None,
    wait: WaitOption = None,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
    embedding: EmbeddingOptions,
) -> None:
    """Add articles. A JSON line is written for each once it is on disk.

    Keys: id, status (added, updated, unchanged), story, new_story, copy_of, suspected_copy_of, revision_of, revised_by,
    before, notices and changed. After an interruption the same articles can be added again: those already in the index
    are unchanged. A store that is made with --embedding needs the same with each add, update and match.
    """
    begin_logging(verbose, as_json=log_json)
    given = configured(
        field=field, setting=setting, config=config, dayfirst=dayfirst, columns=columns, table=table, threads=threads
    )
    notices: list[Notice] = []
    with opened(store, wait, settings=settings_for(store, given), embedding=embedding.made(), **new.given()) as index:
        articles = articles_of(paths, given, notices)
        size = batch or (1 if "-" in paths else 500)
        write_lines(placed.to_record() for placed in index.add_stream(articles, batch=size, notices=notices))
    report(notices)


@grouped
def update(
    paths: PathsArgument,
    store: StoreOption,
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    columns: ColumnsOption = None,
    wait: WaitOption = None,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
    *,
    embedding: EmbeddingOptions,
) -> None:
    """Replace the text of articles in the index: one JSON line each, as for add. Unknown articles are skipped."""
    begin_logging(verbose, as_json=log_json)
    given = configured(field=field, dayfirst=dayfirst, columns=columns)
    notices: list[Notice] = []
    missing = 0
    with opened(store, wait, embedding=embedding.made()) as index:

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


def withdraw(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of articles.", show_default=False)],
    store: StoreOption,
    wait: WaitOption = None,
) -> None:
    """Withdraw articles: their stories show others, and their copies are told. The changes are JSON lines."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        write_lines(change.to_record() for change in index.withdraw(*ids))


def erase(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of articles.", show_default=False)],
    store: StoreOption,
    wait: WaitOption = None,
) -> None:
    """Erase all versions of articles, and overwrite the space. Backups have to be deleted by hand."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        write_lines(change.to_record() for change in index.erase(*ids))


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


@grouped
def rebuild(
    store: StoreOption,
    learn: Annotated[
        bool, typer.Option("--learn", help="Learn a new background from the articles in the index.")
    ] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Write the changes without making them.")] = False,
    setting: SetOption = None,
    config: ConfigOption = None,
    wait: WaitOption = None,
    *,
    embedding: EmbeddingOptions,
) -> None:
    """Regroup all articles with other settings, background or embedding. The changes are JSON lines.

    --embedding embeds all texts anew; --embedding none takes the embedding away.
    """
    begin_logging(0, as_json=False)
    given = configured(setting=setting, config=config)
    model = embedding.embedding if embedding.embedding == NONE else embedding.made()
    with opened(store, wait, anew=True) as index:
        explicit = explicit_settings(given)
        settings = replace(index.settings, **explicit) if explicit else None
        options: dict[str, Any] = {"settings": settings, "learn": learn, "preview": preview}
        write_lines(change.to_record() for change in index.rebuild(**options, embedding=model))


def check(
    store: StoreOption,
    repair: Annotated[bool, typer.Option("--repair", help="Repair the faults where possible.")] = False,
    wait: WaitOption = None,
) -> None:
    """Check the store, also while it is being written to. Faults are JSON lines; the exit code is 1 if any remain."""
    begin_logging(0, as_json=False)
    # A check alone writes nothing, so it does not wait for a service that writes.
    with opened(store, wait, anew=True) if repair else opened_to_read(store, anew=True) as index:
        faults: Sequence[str] = index.check(repair=repair)
        remaining = index.check() if repair and faults else faults
    write_lines({"fault": fault} for fault in faults)
    if remaining:
        hint = "" if repair else ": --repair fixes them where possible"
        say(f"{visible(str(store))} has {len(remaining):,} faults{hint}")
        raise typer.Exit(1)


def options(
    store: StoreOption,
    keep_days: KeepDaysOption = None,
    settle_hours: SettleHoursOption = None,
    no_text: Annotated[bool, typer.Option("--no-text", help="Delete all texts, for good, and store none.")] = False,
    wait: WaitOption = None,
) -> None:
    """Change options of the store, and print them as a JSON object. Without any, print them."""
    begin_logging(0, as_json=False)
    given: dict[str, Any] = {
        "keep_days": keep_days,
        "settle_hours": settle_hours,
        "store_text": False if no_text else None,
    }
    changes = any(value is not None for value in given.values())
    with opened(store, wait) if changes else opened_to_read(store) as index:
        if changes:
            index.change_options(**given)
        found = index.stats()
    write_lines([{name: found[name] for name in ("store_text", "keep_days", "settle_hours")}])


def quarantine(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The outlet, in any case.", show_default=False)],
    store: StoreOption,
    output: Annotated[
        Path,
        typer.Option(
            "--output", metavar="FILE", help="A new file for what is removed; 'add' puts it back.", show_default=False
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Only what was added since then.", show_default=False),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="The address of the service that writes to the store now, which removes the articles. Its token is"
            " read from DEDUP_TOKEN.",
            show_default=False,
        ),
    ] = None,
    wait: WaitOption = None,
) -> None:
    """Take out what one broken source sent. The changes are JSON lines.

    With --url this is done while a service writes to the store: what comes meanwhile is neither removed nor kept in the
    file.
    """
    from dedup.client import Client

    begin_logging(0, as_json=False)
    when = moment(since, "--since")
    if output.exists():
        raise typer.BadParameter(f"{output} is there already: name a new file", param_hint="--output")
    check_output(output, [str(store)])
    service = None if url is None else Client(url, os.environ.get("DEDUP_TOKEN"), patience=_PATIENCE)
    with opened(store, wait) if service is None else opened_to_read(store) as index:
        cursor = int(index.stats()["changes"])
        before = max(cursor - 1, 0)
        if service is not None and service.changes(before, limit=1)[:1] != index.changes(before, limit=1):
            raise typer.BadParameter(f"the service at {url} has another store than {store}", param_hint="--url")
        with atomic_file(output) as out:  # whole on disk before anything is removed
            found = index.articles(source=source, since=when)
            out.writelines((json_text(_article_line(held)) + "\n").encode() for held in found)
        if service is None:
            changes = index.quarantine(source, since=when)
        else:
            with service:
                changes = service.quarantine(source, since=when, cursor=cursor)
        write_lines(change.to_record() for change in changes)


def _article_line(held: IndexedArticle) -> dict[str, Any]:
    """Return an article with its text, its story and what it is a copy of, so that `add` can read it."""
    given: dict[str, Any] = {name: value for name, value in held.article.to_record().items() if value not in ("", None)}
    if held.article.vector is not None:
        given["vector"] = [*held.article.vector]
    return {**given, "text": held.article.text, "story": held.story, "copy_of": held.copy_of}


def backup(
    store: StoreOption, file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup, a new file.")]
) -> None:
    """Copy the store to a file, also while it is being written to. Copying by hand leaves out its log (-wal)."""
    begin_logging(0, as_json=False)
    with opened_to_read(store) as index:
        index.backup(file)


def restore(
    store: StoreOption,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup. It is left as it is.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace a store that is there, and its log.")] = False,
    wait: WaitOption = None,
) -> None:
    """Put a backup in the place of the store."""
    from dedup.index import StoryIndex

    begin_logging(0, as_json=False)
    StoryIndex.restore(file, store, replace=replace, wait=wait or 0.0)


def vacuum(
    store: StoreOption,
    changes_before: Annotated[
        int,
        typer.Option("--changes-before", metavar="CURSOR", help="Also forget the changes before this one.", min=0),
    ] = 0,
    wait: WaitOption = None,
) -> None:
    """Free the disk space of removed articles and forgotten changes. The new size in bytes is a JSON object."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        index.vacuum(changes_before=changes_before)
        write_lines([{"bytes": index.stats()["bytes"]}])


@grouped
def match(
    paths: PathsArgument,
    store: StoreOption,
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    columns: ColumnsOption = None,
    *,
    embedding: EmbeddingOptions,
) -> None:
    """Report where articles would be placed, without adding them: one JSON line each, with the deciding links."""
    begin_logging(0, as_json=False)
    given = configured(field=field, dayfirst=dayfirst, columns=columns)
    notices: list[Notice] = []
    with opened_to_read(store, embedding=embedding.made()) as index:
        articles = articles_of(paths, given, notices)
        size = 1 if "-" in paths else MATCH_BATCH
        blocks = iter(lambda: list(islice(articles, size)), [])
        placements = (placed for block in blocks for placed in index.match_many(block))
        write_lines({**placed.to_record(), "links": [asdict(link) for link in placed.links]} for placed in placements)
    report(notices)


def stories(
    store: StoreOption,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Only stories changed since.", show_default=False),
    ] = None,
    outlet: Annotated[
        str | None,
        typer.Option("--outlet", metavar="NAME", help="Only stories with an article of it.", show_default=False),
    ] = None,
    min_size: Annotated[
        int | None,
        typer.Option("--min-size", metavar="N", help="Only stories of N or more articles.", show_default=False, min=1),
    ] = None,
    limit: LimitOption = None,
) -> None:
    """List stories as JSON lines, the most recently changed first."""
    begin_logging(0, as_json=False)
    when = moment(since, "--since")
    with opened_to_read(store) as index:
        found = index.stories(since=when, outlet=outlet, min_size=min_size or 1)
        write_lines(_story_line(story) for story in islice(found, limit))


def _story_line(story: Story) -> dict[str, Any]:
    """Return the record of a story with its id as `story`, and its copy groups as lists of ids."""
    record = story.to_record()
    groups = [group["articles"] for group in record["copy_groups"]]
    return {"story": record.pop("id"), **record, "copy_groups": groups}


def explain(
    a: Annotated[str, typer.Argument(metavar="ID", help="The id of an article.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="OTHER", help="The id of another article.", show_default=False)],
    store: StoreOption,
) -> None:
    """Explain why two articles are in one story or not, as a JSON object."""
    begin_logging(0, as_json=False)
    with opened_to_read(store) as index:
        write_lines([asdict(index.explain(a, b))])


def stats(store: StoreOption) -> None:
    """Print the counts and settings of the index as a JSON object."""
    begin_logging(0, as_json=False)
    with opened_to_read(store) as index:
        write_lines([index.stats()])


def changes(
    store: StoreOption,
    since: Annotated[
        int | None,
        typer.Option("--since", metavar="CURSOR", help="Only changes after this one.", show_default=False, min=0),
    ] = None,
    limit: LimitOption = None,
) -> None:
    """List changes as JSON lines. To continue later, pass the cursor of the last one to --since.

    Without a cursor, all remaining changes are listed. An unknown cursor, or one before forgotten changes, is an error.
    """
    begin_logging(0, as_json=False)
    with opened_to_read(store) as index:
        cursor, left = since or 0, limit
        if since is None and (forgotten := _forgotten(index)):
            cursor = forgotten
            say(f"the changes up to {forgotten:,} were forgotten")
        found = index.changes(cursor, limit=min(left or 1_000, 1_000))
        while found:
            write_lines(change.to_record() for change in found)
            left = None if left is None else left - len(found)
            found = [] if left == 0 else index.changes(found[-1].cursor, limit=min(left or 1_000, 1_000))


def _forgotten(index: StoryIndex) -> int:
    """Return the cursor of the last forgotten change, 0 if there is none."""
    try:
        index.changes(limit=1)
    except CursorError as error:
        return error.first - 1
    return 0


@grouped
def export(
    store: StoreOption,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Write to this file, compressed by its suffix.", show_default=False
        ),
    ] = None,
    style: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="The output format. Default: the suffix of --output, else jsonl. html shows all articles as"
            " 'reconcile' would group them.",
            show_default=False,
        ),
    ] = None,
    *,
    texts: Annotated[
        bool, typer.Option("--texts", help="Write the articles whole, as JSON lines that 'add' reads.")
    ] = False,
    layout: Layout,
) -> None:
    """Write all articles and their stories in a format of 'dedup cluster'."""
    begin_logging(0, as_json=False)
    if texts:
        _export_texts(store, output, style)
        return
    chosen = choose_format(style, output) if output else style or Format.JSONL
    layout.check(chosen)
    if output:
        check_output(output, [str(store)])
    with opened_to_read(store) as index:
        found = index.clustering() if chosen is Format.HTML or layout.rows is RowsOf.PAIRS else index.placements()
        write_result(found, chosen, output, layout, made_from([str(store)]))


def _export_texts(store: Path, output: Path | None, style: Format | None) -> None:
    if style not in (None, Format.JSONL):
        raise typer.BadParameter("texts are written as JSON lines", param_hint="--format")
    if output:
        check_output(output, [str(store)])
    with opened_to_read(store) as index:
        records = (_article_line(held) for held in index.articles())
        if output is None:
            write_lines(records)
            return
        with atomic_file(output) as out:
            out.writelines((json_text(record) + "\n").encode() for record in records)


_COMMANDS = (
    *(
        add,
        import_,
        update,
        remove,
        withdraw,
        erase,
        expire,
        quarantine,
        reconcile,
        rebuild,
        options,
        check,
        backup,
        restore,
        vacuum,
    ),
    *(decide, undo, decisions),
    *(match, stories, explain, stats, changes, export, follow),
)


def group() -> typer.Typer:
    """Return the command `index` with its subcommands."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, cls=Group)
    app.callback(invoke_without_command=True)(_bare)
    for command in _COMMANDS:
        app.command(command.__name__.rstrip("_"), cls=Command)(command)  # `import` is a word of Python
    return app


def _bare(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
