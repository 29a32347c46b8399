"""`dedup cluster`: group the articles in files and folders into stories."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import dedup
from dedup.article import Notice
from dedup.cli.engine import Engine, SparkOptions
from dedup.cli.inputs import FilesFromOption, gather, no_input, require_readable
from dedup.cli.keeping import Keeping
from dedup.cli.loading import put_off_parts
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import (
    ConfigurationOptions,
    EmbeddingOptions,
    LogJsonOption,
    PlotOption,
    VerboseOption,
    grouped,
)
from dedup.cli.output import (
    Format,
    Layout,
    RowsOf,
    check_output,
    check_plot,
    choose_format,
    made_from,
    write_plot,
    write_result,
)
from dedup.cli.progress import ProgressBar
from dedup.errors import InputError
from dedup.group.decisions import Decision
from dedup.inputs.read_fields import ReadFields
from dedup.keep.choice import Keep
from dedup.read import read_records
from dedup.report import Summary, counted, plot_clustering, summarise
from dedup.results.clustering import Clustering

if TYPE_CHECKING:
    from dedup.archive import Arrivals
    from dedup.article import Article
    from dedup.config import Configuration
    from dedup.embedding import Embedding


HELP = """Group articles into stories, and find the copies inside them.

PATH is a file, a folder (read recursively), a pattern in quotation marks ('news/**/*.html') or - for JSON lines on
standard input. Files are .txt, .md, .html, .json, .jsonl, .csv, .xlsx, .parquet, .arrow, .sqlite, feeds (.xml, .rss,
.atom), .nitf, .warc, .eml, .mbox and Maildir, each also compressed as .gz, .bz2, .xz or .zst, and in .zip and .tar
archives. The usual field names of records are recognised.

\b
Examples:
  dedup cluster news/                           a table of the stories
  dedup cluster news/ --output stories.html     a page for a browser
  dedup cluster news/ --output stories.jsonl    JSON lines for a program
  dedup cluster a.csv --field text=story_body   the text is in that column
  dedup cluster news/ --set granularity=.4      narrower stories
  cat a.jsonl | dedup cluster - --format json   one document, with links
  find . -newer last -print0 | dedup cluster --files-from -
  dedup cluster a.jsonl --keep copy --output b.jsonl
                                                the records without copies
  dedup cluster today/ --against archive/       what is new today
  dedup cluster news/ --embedding sentence-transformers:model/
                                                by meaning, beyond words
  dedup cluster --engine spark a.parquet --output b.parquet

\b
Formats:
  table    the stories with more than one article, for reading
  jsonl    one line per article: id, story, copy_group (null without a copy),
           canonical (true for one article of each story), title, source,
           published, dated (the date used), dated_by (where it comes from:
           published, text or seen), path, probability (that its links are
           right), url, author, section
  csv      the same, one row per article; a text that a spreadsheet would
           evaluate as a formula begins with an apostrophe
  parquet  the same, as columns
  html     one page for a browser, without network access: stories,
           timelines, the origin of copies, two versions side by side,
           search, a control for the granularity; --title is its heading
  json     one document: settings, stories, copy groups, scored links, notices
'dedup schema' prints the JSON schemas of these formats.

--rows stories writes one row per story instead of one per article: its size, copies, outlets, origins (at most how many
texts are independent), days, likely original, title, url, languages. --rows pairs writes one row per scored pair.

--keep writes the input records instead of a result: all, one per copy group, or one per story. Records are unchanged,
with dedup_id, dedup_story and other fields appended. The output format is that of the input. In a folder
(--output kept/) each file keeps its name, and articles that are files are copied.

--against clusters the articles together with those of an ARCHIVE, and reports for each whether it is a copy of an
archived article, continues an archived story or is new. ARCHIVE is a file or folder of articles, output of --keep, or
an earlier result. --keep copy then omits copies of archived articles; --keep story omits articles that continue an
archived story.

--embedding adds articles that words left alone to stories by their meaning, also across languages. It takes no story
apart, never unites two stories of several articles, and makes no copies. dedup ships no model.

--engine spark runs the same method on Apache Spark, for archives that are too large for one machine. PATH is Parquet,
ORC, JSON lines or CSV that Spark reads; --output is a folder with rows of id, story, copy_group, canonical, score and
storyline.

The result goes to standard output or to --output; progress, the summary and skipped input go to standard error.

\b
Exit codes:
  0    done
  1    no usable input, or something skipped under --strict (the output is
       written anyway); disk full; not enough memory
  2    wrong usage: an unknown option, setting, field or format
  130  interrupted; 141 when the reader of the output closed it
"""

_NEW_OBJECTS = 50_000
"""New objects among which garbage in cycles is looked for: by default 700, and often among all there are."""


@dataclass(frozen=True, slots=True)
class _InputOptions:
    """Options of the input."""

    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files, folders, patterns; - for standard input.", show_default=False),
    ] = None
    files_from: FilesFromOption = None

    def gathered(self, against: Sequence[str]) -> list[str]:
        """Return all input paths; wrong usage ends the command."""
        paths = gather(self.paths, self.files_from)
        if "-" in against and ("-" in paths or str(self.files_from) == "-"):
            problem = "standard input has the articles, and cannot be the archive"
            raise typer.BadParameter(problem, param_hint="--against")
        return paths


@dataclass(frozen=True, slots=True)
class _ResultOptions:
    """Options of the result."""

    style: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="The output format. Default: the suffix of --output, else a table on a terminal and jsonl otherwise;"
            " with --keep, the format of the input.",
            show_default=False,
        ),
    ] = None
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write to this file, completely or not at all; compressed if it ends in .gz, .bz2, .xz or .zst. - is"
            " standard output. With --keep also a folder, which ends in /.",
            show_default=False,
        ),
    ] = None
    keep: Annotated[
        Keep | None,
        typer.Option(
            "--keep", help="Write the input records: all, one per copy group, or one per story.", show_default=False
        ),
    ] = None
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="ARCHIVE",
            help="Report what is new compared with these articles or an earlier result. Repeatable.",
            show_default=False,
        ),
    ] = None
    decisions: Annotated[
        Path | None,
        typer.Option(
            "--decisions",
            metavar="FILE",
            help="Decisions of editors that the stories follow, as JSON lines of 'dedup index decisions'.",
            show_default=False,
        ),
    ] = None
    plot: PlotOption = None

    @property
    def target(self) -> Path | None:
        """The file or folder to write; None for standard output."""
        return None if self.output in {None, "-"} else Path(str(self.output))

    def checked(self, paths: Sequence[str], layout: Layout) -> tuple[Format | None, Keeping | None]:
        """Return the format of the result, or with --keep what writes the records; wrong usage ends the command."""
        style, keeping, against = self.style, None, self.against or ()
        if not self.keep:
            style = choose_format(style, self.target)
        layout.check(None if self.keep else style)
        if self.keep:
            as_folder = str(self.output).endswith("/")
            keeping = Keeping(self.keep, style, self.target, paths, against, as_folder=as_folder)
        elif self.target:
            check_output(self.target, [*paths, *against])
        if self.plot:
            check_plot(self.plot, [*paths, *against])
        return style, keeping


@dataclass(frozen=True, slots=True)
class _MessageOptions:
    """Options of messages and the exit code."""

    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything was skipped.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", help="Write only errors to standard error.")] = False
    verbose: VerboseOption = 0
    log_json: LogJsonOption = False

    def begin(self) -> None:
        """Start logging; wrong usage ends the command."""
        if self.quiet and self.verbose:
            raise typer.BadParameter("it contradicts --quiet", param_hint="-v")
        begin_logging(self.verbose, as_json=self.log_json)


@grouped
def command(
    inputs: _InputOptions,
    result: _ResultOptions,
    layout: Layout,
    spark: SparkOptions,
    embedding: EmbeddingOptions,
    configuration: ConfigurationOptions,
    messages: _MessageOptions,
) -> None:
    """Parse, cluster and write."""
    put_off_parts()
    messages.begin()
    spark.check(
        {
            "--keep": result.keep,
            "--format": result.style,
            "--strict": messages.strict,
            "--dayfirst": configuration.dayfirst,
            "--columns": configuration.columns,
            "--table": configuration.table,
            "--plot": result.plot,
            "--decisions": result.decisions,
            "--rows": layout.rows,
            "--bom": layout.bom,
            "--top": layout.top,
            "--title": layout.title,
            "--embedding": embedding.embedding,
            "--embedding-cache": embedding.embedding_cache,
        }
    )
    given = configuration.configured()
    paths = inputs.gathered(result.against or ())
    if spark.engine is Engine.SPARK:
        spark.run(paths, result.output, given, result.against or (), quiet=messages.quiet)
        return
    style, keeping = result.checked(paths, layout)
    model = embedding.made()
    began = time.perf_counter()
    notices, counts = list[Notice](), ReadFields()
    with ExitStack() as stack:
        stack.enter_context(_few_collections())
        if keeping:
            stack.enter_context(keeping)
        progress = stack.enter_context(ProgressBar(quiet=messages.quiet))
        written = "nothing is written"
        try:
            articles = _articles(paths, given, notices, progress, keeping, counts)
            needs_texts = style is Format.HTML or layout.rows is RowsOf.STORIES
            found = _clustered(articles, result, given, notices, progress, model, keep_texts=needs_texts)
            progress.stop()
            kept, written = "", written if result.target else "the output is incomplete"
            if keeping:
                kept = keeping.write(found)
            else:
                made = made_from(paths, result.against or ())
                write_result(found, style or Format.JSONL, result.target, layout, made)
            clustering = found if isinstance(found, Clustering) else found.clustering
            if result.plot:
                write_plot(result.plot, partial(plot_clustering, clustering))
        except KeyboardInterrupt:
            progress.stop()
            if not messages.quiet:
                report(notices)
            say(f"Interrupted{progress.state()}; {written}")
            raise

    if not messages.quiet:
        report(clustering.notices)
        line = summary_line(found, time.perf_counter() - began)
        said = filter(None, (line, counts.counted_texts(), kept, given.told_by_file))
        say("; ".join(said), details=summarise(found).to_dict())
    if messages.strict and any(notice.skipped for notice in clustering.notices):
        raise typer.Exit(1)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Let Python look for garbage in cycles among new objects only: to go through all articles again takes long."""
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, before[1], _NEW_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _articles(
    paths: list[str],
    given: Configuration,
    notices: list[Notice],
    progress: ProgressBar,
    keeping: Keeping | None,
    counts: ReadFields,
) -> Iterator[Article]:
    """Yield the articles of the input; if there are none, the command ends."""
    if keeping:
        articles = keeping.articles(paths, notices=notices, counts=counts, **given.reading)
    else:
        records = read_records(paths, notices=notices, counts=counts, **given.reading)
        articles = (article for article, _, _ in records)
    count = 0
    for count, article in enumerate(articles, 1):
        progress("reading", count, 0)
        yield article
    if not count:
        progress.stop()
        raise no_input(paths, notices, "article to cluster")
    if keeping:
        keeping.check()


def _clustered(
    articles: Iterator[Article],
    result: _ResultOptions,
    given: Configuration,
    notices: list[Notice],
    progress: ProgressBar,
    embedding: Embedding | None,
    *,
    keep_texts: bool,
) -> Clustering | Arrivals:
    """Return the stories of the articles, with the notices of reading. Without `keep_texts`, texts are released."""
    settings, against = given.settings, result.against
    decided = read_decisions(result.decisions) if result.decisions else []
    if not against:
        clustering = dedup.cluster(
            articles, settings, progress=progress, embedding=embedding, keep_texts=keep_texts, decisions=decided
        )
        return replace(clustering, notices=(*notices, *clustering.notices))
    read = dedup.read_archive(against, notices=notices, **given.reading)
    archive = require_readable(read, against, notices, "archived article to compare with", progress)
    arrivals = dedup.cluster_against(
        articles,
        archive,
        settings,
        progress=progress,
        embedding=embedding,
        keep_texts=keep_texts,
        decisions=decided,
    )
    merged = (*notices, *arrivals.clustering.notices)
    return replace(arrivals, clustering=replace(arrivals.clustering, notices=merged))


def read_decisions(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file of decisions; one that cannot be used ends the command.

    Raises:
        InputError: the file cannot be read, or a line is no decision.
    """
    found = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
            if line.strip():
                where = f"{path}:{number}"
                found.append(Decision.from_record(json.loads(line)).to_record())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise InputError(f"{path} is not in UTF-8: write the decisions with 'dedup index decisions'") from None
    except (json.JSONDecodeError, RecursionError):
        raise InputError(f"{where} is no JSON: write the decisions with 'dedup index decisions'") from None
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return found


def summary_line(found: Clustering | Arrivals, seconds: float) -> str:
    """Return the run in one line: `40 articles in 31 stories (14 of them in 5 shared), 3 copies, 0 skipped, 1.2 s`."""
    summary = summarise(found)
    shared = f" ({summary.shared_articles:,} of them in {summary.shared_stories:,} shared)"
    stories = counted(summary.stories, "story", "stories") + (shared if summary.shared_stories else "")
    news = "" if summary.new is None else _news(summary)
    earlier = f"{counted(summary.revisions, 'earlier version', 'earlier versions')}, " if summary.revisions else ""
    return (
        f"{counted(summary.articles, 'article', 'articles')}{news} in {stories},"
        f" {counted(summary.copies, 'copy', 'copies')}, {earlier}{summary.skipped:,} skipped, {seconds:.1f} s"
    )


def _news(summary: Summary) -> str:
    return (
        f" ({counted(summary.archived_copies or 0, 'copy', 'copies')} of the archive's {summary.archived:,},"
        f" {summary.continuing:,} continuing its stories, {summary.new:,} new)"
    )
