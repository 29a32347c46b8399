"""`dedup cluster`: the stories of files and folders."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import dedup
from dedup.article import Notice
from dedup.cli.engine import Engine, check_engine, run_on_spark
from dedup.cli.inputs import FilesFromOption, ended_by_nothing, gather, unless_unreadable
from dedup.cli.keeping import Keeping
from dedup.cli.messages import begin_logging, say, tell
from dedup.cli.options import (
    ConfigOption,
    DayfirstOption,
    FieldOption,
    LogJsonOption,
    MemoryOption,
    PlotOption,
    SetOption,
    ThreadsOption,
    VerboseOption,
    configured,
)
from dedup.cli.output import Format, check_output, check_plot, choose_format, write_plot, write_result
from dedup.cli.progress import ProgressBar
from dedup.keep.choice import Keep
from dedup.report import Summary, counted, plot_clustering, summarise
from dedup.results.clustering import Clustering

if TYPE_CHECKING:
    from dedup.archive import Arrivals
    from dedup.article import Article
    from dedup.config import Configuration


SHORT_HELP = "Group articles into stories, and find the copies."
HELP = """Groups articles into stories, and finds the copies inside them.

PATH is a file, a folder (with all folders in it), a pattern in quotation marks ('news/**/*.html') or - for JSON lines
on standard input. Files are .txt, .md, .html, .json, .jsonl, .csv, .parquet, .arrow, feeds (.xml, .rss, .atom), .warc,
.eml and .mbox, each also packed as .gz, .bz2, .xz or .zst. Records are recognised by the usual names of their fields.

\b
Examples:
  dedup cluster news/                           a table of the stories
  dedup cluster news/ --output stories.html     a page to look at them
  dedup cluster news/ --output stories.jsonl    the same as data
  dedup cluster a.csv --field text=story_body   the text is in that column
  dedup cluster news/ --set granularity=.4      narrower stories
  cat a.jsonl | dedup cluster - --format json   everything, links too
  find . -newer last -print0 | dedup cluster --files-from -
  dedup cluster a.jsonl --keep copy --output b.jsonl
                                                the records, each text once
  dedup cluster today/ --against archive/       what is new today
  dedup cluster --engine spark a.parquet --output b.parquet

\b
Formats:
  table    the stories with more than one article, for a person
  jsonl    a line per article: id, story, copy_group (null without a copy),
           canonical (true for the article to show of each story), title,
           source, published, dated and dated_by (the date it goes by, and
           where that is from: published, text or seen), path, probability
           (that its links are right)
  csv      the same as rows; a text that a spreadsheet would take for a
           formula begins with an apostrophe
  parquet  the same as columns
  html     one page for a browser that needs no network: stories, timelines,
           who copied whom, two versions side by side, search, the knob
  json     one document: settings, stories, copy groups, scored links, notices
'dedup schema' prints what they hold as JSON schemas.

--keep writes the records of the input instead, each as it came, with fields dedup_id, dedup_story and others behind its
own: all, one of each copy group, or one of each story. They are written in the format they came in; into a folder
(--output kept/), each file under its own name, articles that are files as copies of them.

--against clusters the articles together with those of an ARCHIVE and says of each whether it is a copy of an archived
one, continues an archived story or is new. ARCHIVE is a file or folder of articles, what --keep has written, or a
result. With --keep copy, copies of archived articles are left out; with --keep story, all that continues a story is.

--engine spark runs the same method on Apache Spark, for archives that are too large for one machine: PATH is Parquet,
ORC, JSON lines or CSV that Spark reads, --output a folder with rows of id, story, copy_group, canonical and score.

The result goes to standard output or to --output; progress, the summary and what was skipped go to standard error.

\b
Exit codes:
  0    done
  1    nothing usable, or under --strict something skipped (the output is
       written all the same); a full disk; too little memory
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
            " elsewhere; under --keep what the records came in.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write to this file, whole or not at all; packed if it ends in .gz, .bz2, .xz or .zst. - is standard"
            " output. Under --keep also a folder, which ends in /.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        Keep | None,
        typer.Option(
            "--keep",
            help="Write the records of the input: all, one of each copy group, or one of each story.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="ARCHIVE",
            help="Say what is new against these articles, or against an earlier result. Repeat for more.",
            show_default=False,
        ),
    ] = None,
    plot: PlotOption = None,
    engine: Annotated[
        Engine | None, typer.Option("--engine", help="Run on Apache Spark, and not here.", show_default=False)
    ] = None,
    master: Annotated[
        str | None,
        typer.Option(
            "--master",
            metavar="URL",
            help="Where Spark runs, as in local[2] or spark://host:7077; without it, where its configuration says.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(
            "--steps",
            metavar="FOLDER",
            help="Where the steps of a run on Spark are kept: one that was stopped goes on from there.",
            show_default=False,
        ),
    ] = None,
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    setting: SetOption = None,
    config: ConfigOption = None,
    threads: ThreadsOption = None,
    memory: MemoryOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where anything was skipped.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on standard error but errors.")] = False,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Parses, clusters, writes."""
    if quiet and verbose:
        raise typer.BadParameter("it contradicts --quiet", param_hint="-v")
    begin_logging(verbose, as_json=log_json)
    others = {"--keep": keep is not None, "--format": style is not None, "--strict": strict, "--dayfirst": dayfirst}
    check_engine(engine, master, steps, others={**others, "--plot": plot is not None})
    given = configured(field=field, setting=setting, config=config, dayfirst=dayfirst, threads=threads, memory=memory)
    paths = gather(paths, files_from)
    if "-" in (against or ()) and ("-" in paths or str(files_from) == "-"):
        raise typer.BadParameter("standard input is taken already, and cannot be the archive", param_hint="--against")
    if engine is Engine.SPARK:
        run_on_spark(paths, output, given, master, steps, against, quiet=quiet)
        return
    target = None if output in {None, "-"} else Path(str(output))
    keeping = None
    if keep:
        keeping = Keeping(keep, style, target, paths, against or (), as_folder=str(output).endswith("/"))
    else:
        style = choose_format(style, target)
        if target:
            check_output(target, [*paths, *(against or ())])

    if plot:
        check_plot(plot, [*paths, *(against or ())])
    began = time.perf_counter()
    notices: list[Notice] = []
    with ExitStack() as stack:
        if keeping:
            stack.enter_context(keeping)
        progress = stack.enter_context(ProgressBar(quiet=quiet))
        written = "nothing is written"
        try:
            articles = _articles(paths, given, notices, progress, keeping)
            found = _clustered(articles, against, given, notices, progress, keep_texts=style is Format.HTML)
            progress.stop()
            kept, written = "", written if target else "what is written is not whole"
            if keeping:
                kept = keeping.write(found)
            else:
                write_result(found, style or Format.JSONL, target)
            if plot:
                drawn = found if isinstance(found, Clustering) else found.clustering
                write_plot(plot, partial(plot_clustering, drawn))
        except KeyboardInterrupt:
            progress.stop()
            if not quiet:
                tell(notices)
            say(f"Interrupted{progress.state()}; {written}")
            raise

    clustering = found if isinstance(found, Clustering) else found.clustering
    if not quiet:
        tell(clustering.notices)
        line = summary_line(found, time.perf_counter() - began)
        say("; ".join(filter(None, (line, kept, given.told_by_file))), details=summarise(found).to_dict())
    if strict and any(notice.skipped for notice in clustering.notices):
        raise typer.Exit(1)


def _articles(
    paths: list[str],
    given: Configuration,
    notices: list[Notice],
    progress: ProgressBar,
    keeping: Keeping | None,
) -> Iterator[Article]:
    """The articles of the input, one at a time; where there is none, the command ends."""
    read = keeping.articles if keeping else dedup.read_articles
    count = 0
    for count, article in enumerate(read(paths, fields=given.fields, notices=notices, dayfirst=given.dayfirst), 1):
        progress("reading", count, 0)
        yield article
    if not count:
        progress.stop()
        raise ended_by_nothing(paths, notices, "article to cluster")
    if keeping:
        keeping.check()


def _clustered(
    articles: Iterator[Article],
    against: list[str] | None,
    given: Configuration,
    notices: list[Notice],
    progress: ProgressBar,
    *,
    keep_texts: bool,
) -> Clustering | Arrivals:
    """The stories of the articles, with all that was noticed. Texts are let go once their words are read, or kept."""
    settings = given.settings
    if not against:
        clustering = dedup.cluster(articles, settings, progress=progress, keep_texts=keep_texts)
        return replace(clustering, notices=(*notices, *clustering.notices))
    read = dedup.read_archive(against, fields=given.fields, notices=notices, dayfirst=given.dayfirst)
    archive = unless_unreadable(read, against, notices, "archived article to compare with", progress)
    arrivals = dedup.cluster_against(articles, archive, settings, progress=progress, keep_texts=keep_texts)
    noticed = (*notices, *arrivals.clustering.notices)
    return replace(arrivals, clustering=replace(arrivals.clustering, notices=noticed))


def summary_line(found: Clustering | Arrivals, seconds: float) -> str:
    """The run in one line: `40 articles in 31 stories (14 of them in 5 shared), 3 copies, 0 skipped, 1.2 s`."""
    summary = summarise(found)
    shared = f" ({summary.shared_articles:,} of them in {summary.shared_stories:,} shared)"
    stories = counted(summary.stories, "story", "stories") + (shared if summary.shared_stories else "")
    news = "" if summary.new is None else _news(summary)
    return (
        f"{counted(summary.articles, 'article', 'articles')}{news} in {stories},"
        f" {counted(summary.copies, 'copy', 'copies')}, {summary.skipped:,} skipped, {seconds:.1f} s"
    )


def _news(summary: Summary) -> str:
    return (
        f" ({counted(summary.archived_copies or 0, 'copy', 'copies')} of the archive's {summary.archived:,},"
        f" {summary.continuing:,} continuing its stories, {summary.new:,} new)"
    )
