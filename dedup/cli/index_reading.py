"""The commands of `dedup index` that only read."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.article import Notice
from dedup.cli.index_options import PathsArgument, StoreOption, articles_of, moment, opened_to_read, write_lines
from dedup.cli.messages import begin_logging, say, tell
from dedup.cli.options import DayfirstOption, FieldOption, configured
from dedup.cli.output import Format, check_output, choose_format, write_result
from dedup.errors import CursorError

if TYPE_CHECKING:
    from dedup.index import StoryIndex
    from dedup.results.clustering import Story

LimitOption = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="At most so many.", show_default=False, min=1)
]
MATCHED_TOGETHER = 64
"""Articles that are matched at a time, where they do not come line by line."""


def match(
    paths: PathsArgument, store: StoreOption, field: FieldOption = None, dayfirst: DayfirstOption = False
) -> None:
    """Say where articles would belong, without taking them in: a JSON line for each, with the links that decided."""
    begin_logging(0, as_json=False)
    given = configured(field=field, dayfirst=dayfirst)
    notices: list[Notice] = []
    with opened_to_read(store) as index:
        articles = articles_of(paths, given, notices)
        at_once = 1 if "-" in paths else MATCHED_TOGETHER
        blocks = iter(lambda: list(islice(articles, at_once)), [])
        placements = (placed for block in blocks for placed in index.match_many(block))
        write_lines({**placed.to_record(), "links": [asdict(link) for link in placed.links]} for placed in placements)
    tell(notices)


def stories(
    store: StoreOption,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Those that something touched since.", show_default=False),
    ] = None,
    outlet: Annotated[
        str | None, typer.Option("--outlet", metavar="NAME", help="Those with an article of it.", show_default=False)
    ] = None,
    min_size: Annotated[
        int | None,
        typer.Option("--min-size", metavar="N", help="Those of so many articles.", show_default=False, min=1),
    ] = None,
    limit: LimitOption = None,
) -> None:
    """List stories, the last touched first: a JSON line for each."""
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
    b: Annotated[str, typer.Argument(metavar="OTHER", help="The id of another.", show_default=False)],
    store: StoreOption,
) -> None:
    """Say why two articles are in one story, or are not: a JSON object."""
    begin_logging(0, as_json=False)
    with opened_to_read(store) as index:
        write_lines([asdict(index.explain(a, b))])


def stats(store: StoreOption) -> None:
    """Say what there is: a JSON object."""
    begin_logging(0, as_json=False)
    with opened_to_read(store) as index:
        write_lines([index.stats()])


def changes(
    store: StoreOption,
    since: Annotated[
        int | None,
        typer.Option("--since", metavar="CURSOR", help="Those after this one.", show_default=False, min=0),
    ] = None,
    limit: LimitOption = None,
) -> None:
    """List what has changed, a JSON line each: the cursor of the last is where to go on from.

    Without a cursor: all that is known still. After one whose next changes were forgotten, or that none had: an error.
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
    """The cursor of the last change that is not known any more, 0 where all are."""
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
            "--output", metavar="FILE", help="Write to this file, packed as its name says.", show_default=False
        ),
    ] = None,
    style: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="How. Without it: what the name of --output ends in, else jsonl. The page shows all articles as"
            " 'reconcile' would group them.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write all articles and their stories as 'dedup cluster' does: a line per article, or another format."""
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
"""By their names."""
