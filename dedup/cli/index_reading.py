"""The commands of `dedup index` that only read the index."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.article import Notice
from dedup.cli.index_options import PathsArgument, StoreOption, articles_of, moment, opened_to_read, write_lines
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import DayfirstOption, FieldOption, configured
from dedup.cli.output import Format, check_output, choose_format, write_result
from dedup.errors import CursorError

if TYPE_CHECKING:
    from dedup.index import StoryIndex
    from dedup.results.clustering import Story

LimitOption = Annotated[int | None, typer.Option("--limit", metavar="N", help="At most N.", show_default=False, min=1)]
MATCH_BATCH = 64
"""Articles matched at a time, unless they arrive line by line."""


def match(
    paths: PathsArgument, store: StoreOption, field: FieldOption = None, dayfirst: DayfirstOption = False
) -> None:
    """Report where articles would be placed, without adding them: one JSON line each, with the deciding links."""
    begin_logging(0, as_json=False)
    given = configured(field=field, dayfirst=dayfirst)
    notices: list[Notice] = []
    with opened_to_read(store) as index:
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

    Without a cursor, all remaining changes are listed. An unknown cursor, or one before vacuumed changes, is an error.
    """
    begin_logging(0, as_json=False)
    with opened_to_read(store) as index:
        cursor, left = since or 0, limit
        if since is None and (forgotten := _forgotten(index)):
            cursor = forgotten
            say(f"the changes up to {forgotten:,} were vacuumed")
        found = index.changes(cursor, limit=min(left or 1_000, 1_000))
        while found:
            write_lines(change.to_record() for change in found)
            left = None if left is None else left - len(found)
            found = [] if left == 0 else index.changes(found[-1].cursor, limit=min(left or 1_000, 1_000))


def _forgotten(index: StoryIndex) -> int:
    """Return the cursor of the last vacuumed change, 0 if there is none."""
    try:
        index.changes(limit=1)
    except CursorError as error:
        return error.first - 1
    return 0


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
) -> None:
    """Write all articles and their stories in a format of 'dedup cluster'."""
    begin_logging(0, as_json=False)
    chosen = choose_format(style, output) if output else style or Format.JSONL
    if output:
        check_output(output, [str(store)])
    with opened_to_read(store) as index:
        write_result(index.clustering() if chosen is Format.HTML else index.placements(), chosen, output)


COMMANDS = {
    "match": match,
    "stories": stories,
    "explain": explain,
    "stats": stats,
    "changes": changes,
    "export": export,
}
"""The commands by name."""
