"""`dedup cluster`: the stories of files and folders."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

import dedup
from dedup.article import Notice
from dedup.cli.inputs import FilesFromOption, gather
from dedup.cli.messages import say, tell
from dedup.cli.options import DayfirstOption, FieldOption, SetOption, parse_fields, parse_settings
from dedup.cli.output import Format, check_output, choose_format, write_clustering
from dedup.cli.progress import ProgressBar
from dedup.clustering import Clustering
from dedup.report import summarise

_NAMED = 10  # paths in a message

SHORT_HELP = "Group articles into stories, and find the copies."
HELP = """Groups articles into stories, and finds the copies inside them.

PATH is a file, a folder (with all folders in it), a pattern in quotation marks ('news/**/*.html') or - for JSON lines
on standard input. Files are .txt, .md, .html, .json, .jsonl, .csv, .parquet, .arrow, feeds (.xml, .rss, .atom), .warc,
.eml and .mbox, each also packed as .gz, .bz2, .xz or .zst. Records are recognised by the usual names of their fields.

\b
Examples:
  dedup cluster news/                           a table of the stories
  dedup cluster news/ --output stories.jsonl    the same as data
  dedup cluster a.csv --field text=story_body   the text is in that column
  dedup cluster news/ --set granularity=.4      narrower stories
  cat a.jsonl | dedup cluster - --format json   everything, links too
  find . -newer last -print0 | dedup cluster --files-from -

\b
Formats:
  table  the stories with more than one article, for a person
  jsonl  a line per article: id, story, copy_group (null without a copy),
         canonical (true for the article to show of each story), title,
         source, published, dated and dated_by (the date it goes by, and
         where that is from: published, text or seen), path, probability
         (that its links are right)
  csv    the same as rows, unchanged: a spreadsheet may take a title that
         begins with = for a formula, so import it there as text
  json   one document: settings, stories, copy groups, scored links, notices

The result goes to standard output or to --output; progress, the summary and what was skipped go to standard error.

\b
Exit codes:
  0    done
  1    nothing usable, or under --strict something skipped (the output is
       written all the same)
  2    wrong usage: an unknown option, setting, field or format
  130  interrupted; 141 when the reader of the output went away
"""


def command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files, folders, patterns; - for standard input.", show_default=False),
    ] = None,
    *,
    files_from: FilesFromOption = None,
    style: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="What to write. Without it: what the name of --output ends in, else a table on a terminal and jsonl"
            " elsewhere.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write to this file, whole or not at all; - is standard output.",
            show_default=False,
        ),
    ] = None,
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    setting: SetOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where anything was skipped.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on standard error but errors.")] = False,
) -> None:
    """Parses, clusters, writes."""
    fields, settings = parse_fields(field), parse_settings(setting)
    paths = gather(paths, files_from)
    output = None if output == Path("-") else output
    style = choose_format(style, output)
    if output:
        check_output(output, paths)

    began = time.perf_counter()
    notices: list[Notice] = []
    with ProgressBar(quiet=quiet) as progress:
        articles = []
        for article in dedup.read_articles(paths, fields=fields, notices=notices, dayfirst=dayfirst):
            articles.append(article)
            progress("reading", len(articles), 0)
        if not articles:
            tell(notices)
            others = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
            say("Error: there is no article to cluster in " + ", ".join(paths[:_NAMED]) + others)
            raise typer.Exit(1)
        clustering = dedup.cluster(articles, settings, progress=progress)
    clustering = replace(clustering, notices=(*notices, *clustering.notices))
    write_clustering(clustering, style, output)

    if not quiet:
        tell(clustering.notices)
        say(summary_line(clustering, time.perf_counter() - began))
    if strict and any(notice.skipped for notice in clustering.notices):
        raise typer.Exit(1)


def summary_line(clustering: Clustering, seconds: float) -> str:
    """The run in one line: `40 articles in 31 stories (14 of them in 5 shared), 3 copies, 0 skipped, 1.2 s`."""
    summary = summarise(clustering)
    shared = f" ({summary.shared_articles:,} of them in {summary.shared_stories:,} shared)"
    stories = _count(summary.stories, "story", "stories") + (shared if summary.shared_stories else "")
    return (
        f"{_count(summary.articles, 'article', 'articles')} in {stories}, {_count(summary.copies, 'copy', 'copies')}, "
        f"{summary.skipped:,} skipped, {seconds:.1f} s"
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
