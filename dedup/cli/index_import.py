"""`dedup index import`: articles with the stories of another system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from dedup.article import Notice
from dedup.cli.index_options import NewStoreOptions, StoreOption, WaitOption, opened, settings_for
from dedup.cli.inputs import require_readable
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import ConfigurationOptions, EmbeddingOptions, JsonOption, LogJsonOption, VerboseOption, grouped
from dedup.cli.output import standard_output
from dedup.formats.escaping import unescape_formula, visible
from dedup.formats.json_text import json_text
from dedup.report import counted

if TYPE_CHECKING:
    from dedup.article import Article
    from dedup.config import Configuration
    from dedup.index.importing import ImportReport

_SHOWN = 20
"""Most stories, or articles, of each kind in the table."""


@grouped
def import_(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Files and folders of articles, or a result of dedup; - for JSON lines from standard input.",
            show_default=False,
        ),
    ],
    store: StoreOption,
    stories: Annotated[
        Path | None,
        typer.Option(
            "--stories",
            metavar="TABLE",
            help="A file with the id of each article and the id of its story, beside the articles.",
            show_default=False,
        ),
    ] = None,
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Give the stories the ids of those that they share most articles with.")
    ] = False,
    wait: WaitOption = None,
    *,
    new: NewStoreOptions,
    embedding: EmbeddingOptions,
    configuration: ConfigurationOptions,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Add articles that have stories in another system, and report where the stories differ.

    The field story of a record is the id of its story; results of 'dedup cluster', what --keep has written and 'dedup
    index export --texts' have it too. The articles are placed as 'add' places them. With --keep-ids links to the
    stories of the other system lead to stories here. After an interruption the same command can be given again.
    """
    from dedup.archive import read_archive

    begin_logging(verbose, as_json=log_json)
    given = configuration.configured()
    notices: list[Notice] = []
    story_of = {} if stories is None else _stories_of(stories, given, notices)
    unused = {*story_of}
    with opened(store, wait, settings=settings_for(store, given), embedding=embedding.made(), **new.given()) as index:

        def articles() -> Iterator[Article]:
            for held in read_archive(paths, notices=notices, **given.reading):
                if stories is None:
                    story_of[held.article.id] = held.story or held.article.story or ""
                unused.discard(held.article.id)
                yield held.article

        read = require_readable(articles(), paths, notices, "article")
        found = index.import_stories(read, story_of, keep_ids=keep_ids, notices=notices)
    report(notices)
    if unused:
        say(f"{visible(str(stories))}: {counted(len(unused), 'id', 'ids')} without an article")
    with standard_output() as out:
        if json:
            out.write(json_text(found.to_record()) + "\n")
        else:
            _write(found, out)


def _stories_of(file: Path, given: Configuration, notices: list[Notice]) -> dict[str, str]:
    """Return the story of each article that a table names."""
    from dedup.read import read_records

    # Read as if the id were the title: a row has neither text nor title.
    fields = {"title": given.fields.get("id", "id"), "story": given.fields.get("story", "story")}
    options: dict[str, Any] = {"fields": fields, "columns": given.columns, "table": given.table, "own": True}
    found: dict[str, str] = {}
    is_csv = ".csv" in Path(str(file).lower()).suffixes
    faults: list[Notice] = []
    for article, _, _ in read_records(str(file), notices=faults, **options):
        if article.title and article.story:
            found[unescape_formula(article.title) if is_csv else article.title] = article.story
    notices += [notice for notice in faults if notice.skipped]
    if not found:
        report(notices)
        names = f"'{fields['title']}' and '{fields['story']}'"
        say(f"Error: {visible(str(file))} has no rows with {names} (name the columns with --field id=… story=…)")
        raise typer.Exit(1)
    return found


def _write(found: ImportReport, out: TextIO) -> None:
    others = f"; {counted(found.others, 'article has', 'articles have')} none" if found.others else ""
    articles, stories = counted(found.articles, "article", "articles"), counted(found.stories, "story", "stories")
    out.write(f"{articles} in {stories} of the other system{others}\n")
    out.write(f"{found.agreeing:,} of {found.stories:,} stories agree, {counted(found.kept, 'id', 'ids')} kept\n")
    divided = {parts[0].given: {part.story: part.articles for part in parts} for parts in found.split}
    joined = {parts[0].story: {part.given: part.articles for part in parts} for parts in found.joined}
    _write_stories(divided, "of the other system divided here", out)
    _write_stories(joined, "here joined from several", out)
    if found.alone:
        out.write(f"\n{counted(len(found.alone), 'article', 'articles')} alone here\n")
        for id_ in found.alone[:_SHOWN]:
            out.write(f"  {visible(id_)}\n")
        _write_rest(len(found.alone), out)


def _write_stories(stories: Mapping[str, Mapping[str, Sequence[str]]], what: str, out: TextIO) -> None:
    """Write stories with the parts that the other side has of them."""
    if not stories:
        return
    out.write(f"\n{counted(len(stories), 'story', 'stories')} {what}\n")
    for name, parts in [*stories.items()][:_SHOWN]:
        listed = [f"{other} ({len(articles):,})" for other, articles in [*parts.items()][:_SHOWN]]
        rest = f" and {len(parts) - _SHOWN:,} more" if len(parts) > _SHOWN else ""
        out.write(visible(f"  {name}: {', '.join(listed)}{rest}") + "\n")
    _write_rest(len(stories), out)


def _write_rest(count: int, out: TextIO) -> None:
    if count > _SHOWN:
        out.write(f"  and {count - _SHOWN:,} more, which --json lists\n")
