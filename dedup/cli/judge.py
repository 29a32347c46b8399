"""`dedup judge`: ask a person whether pairs of articles are the same text, the same story, or neither."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

import dedup
from dedup.article import Notice
from dedup.cli.index_options import StoreInsteadOption, opened_to_read
from dedup.cli.inputs import FilesFromOption, gather
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import ConfigurationOptions, LogJsonOption, VerboseOption, grouped
from dedup.cli.output import in_colour, standard_output
from dedup.cli.progress import ProgressBar
from dedup.formats.escaping import visible
from dedup.report import write_pair

if TYPE_CHECKING:
    from dedup.config import Configuration
    from dedup.evaluation.judgements import Label
    from dedup.results.clustering import Clustering

HELP = """Ask whether pairs of articles are the same text, the same story or neither, and store the answers.

The most informative pairs come first: those near the threshold, and those of two outlets before those of one. Each
answer is written at once, as a line of JSON in LABELS: {"a": id, "b": id, "label": "same_text"}, or "same_story", or
"neither". Pairs with an answer in LABELS are not asked again. `dedup evaluate --labels` scores settings by them.

\b
Examples:
  dedup judge news/                              answers in labels.jsonl
  dedup judge news/ --labels mine.jsonl --count 50
  dedup evaluate news/ --labels mine.jsonl       which granularity fits?
  dedup judge --store s.db                       the articles of an index
  dedup evaluate --store s.db --labels labels.jsonl

\b
Answers:
  t    same text          s    same story          n    neither
  m    full texts         Enter  skip          q    quit

Pairs and questions go to standard output, progress and messages to standard error; answers come from standard input.

\b
Exit codes:
  0    done
  1    no usable input: no article, or no pair to ask about
  2    wrong usage: an unknown option, setting, field or format
  130  interrupted; answers so far are stored
"""

_ANSWERS: dict[str, Label] = {"t": "same_text", "s": "same_story", "n": "neither"}
_DEFAULT = "labels.jsonl"


@grouped
def command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files, folders, patterns.", show_default=False),
    ] = None,
    *,
    files_from: FilesFromOption = None,
    store: StoreInsteadOption = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="LABELS", help=f"Append to this file. Default: {_DEFAULT}.", show_default=False
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--count", metavar="N", min=1, help="Stop after N answers.", show_default=False),
    ] = None,
    configuration: ConfigurationOptions,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Parse, cluster and ask."""
    from dedup.evaluation.judgements import offered, read_judgements

    begin_logging(verbose, as_json=log_json)
    given = configuration.configured()
    if store and (paths or files_from):
        raise typer.BadParameter("the articles are those of the index alone", param_hint="PATH")
    named = [str(store)] if store else gather(paths, files_from)
    if "-" in named:
        raise typer.BadParameter("standard input is for answers, and cannot have articles", param_hint="PATH")
    target = labels or Path(_DEFAULT)
    if target.is_dir() or not target.resolve().parent.is_dir():
        problem = f"{target} cannot be written: it is a folder, or in none"
        raise typer.BadParameter(visible(problem), param_hint="--labels")
    known = read_judgements(target) if target.exists() else []
    clustering = _stored(store) if store else _clustered(named, given)
    pairs = list(offered(clustering, known)) if clustering else []
    if clustering is None or not pairs:
        say(f"Error: there is no pair to judge in {', '.join(named[:10])}")
        raise typer.Exit(1)
    with standard_output() as out:
        answered = _ask(clustering, pairs, target, count or len(pairs), out)
    line = f"{answered:,} judged now, {len(known) + answered:,} in {target}"
    say("; ".join(filter(None, (line, given.told_by_file))))


def _clustered(paths: list[str], given: Configuration) -> Clustering | None:
    notices: list[Notice] = []
    with ProgressBar() as progress:
        articles = list(dedup.read_articles(paths, notices=notices, **given.reading))
        clustering = dedup.cluster(articles, given.settings, progress=progress) if articles else None
    report([*notices, *(clustering.notices if clustering else ())])
    return clustering


def _stored(store: Path) -> Clustering | None:
    """Return the articles of an index, scored under its background; None if there are none."""
    with opened_to_read(store) as index:
        if not index.stats()["store_text"]:
            say(f"Error: {visible(str(store))} keeps no texts, which a person needs to judge")
            raise typer.Exit(1)
        return index.clustering() if len(index) else None


def _ask(clustering: Clustering, pairs: list[tuple[str, str]], target: Path, most: int, out: TextIO) -> int:
    """Ask about pairs until the person quits. Return the number of answers."""
    from dedup.evaluation.judgements import Judgement, keep_judgement

    answered = 0
    for number, (a, b) in enumerate(pairs, 1):
        first, second = (clustering.articles[clustering.place(name)] for name in (a, b))
        full = False
        while True:
            out.write(f"\n{'─' * 72}\nPair {number:,} of {len(pairs):,}\n\n")
            write_pair(first, second, out, colour=in_colour(out), full=full)
            out.write("\n[t]ext  [s]tory  [n]either  [m]ore  [Enter] skip  [q]uit > ")
            out.flush()
            line = sys.stdin.readline()
            answer = line.strip().lower()[:1]
            if not line or answer == "q":
                out.write("\n")
                return answered
            if answer == "m":
                full = True
                continue
            if answer in _ANSWERS or not answer:
                break
            out.write(visible(f"{line.strip()[:20]} is not an answer: type t, s, n, m or q, or only Enter") + "\n")
        if answer:
            keep_judgement(target, Judgement(a, b, _ANSWERS[answer]))
            answered += 1
            if answered >= most:
                break
    return answered
