"""`dedup compare`: explain whether two articles are the same text or the same story."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

import dedup
from dedup.article import Article, Notice
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import (
    ColumnsOption,
    ConfigOption,
    DayfirstOption,
    FieldOption,
    JsonOption,
    LogJsonOption,
    PlotOption,
    SetOption,
    VerboseOption,
    configured,
)
from dedup.cli.output import check_plot, in_colour, standard_output, write_plot
from dedup.formats.escaping import visible
from dedup.formats.json_text import json_text
from dedup.read.paths import printable
from dedup.report import plot_explanation, write_comparison
from dedup.report.json_document import settings_record

if TYPE_CHECKING:
    from dedup.config import Configuration
    from dedup.results.clustering import Explanation
    from dedup.settings import Settings

HELP = """Report whether two articles are the same text and the same story, and how the score is composed.

A and B are files with one article each, or - for a JSON line on standard input. The two are compared in isolation,
with the word frequencies that ship with dedup; as part of a collection they can score slightly differently.

\b
Examples:
  dedup compare a.txt b.txt              for reading
  dedup compare a.json b.json --json     for a program

On a terminal with colours, text of A alone is red, text of B alone is green, common text is blue. With NO_COLOR in the
environment, differences are marked by signs.

The answer goes to standard output, with exit code 0 whatever it is; messages go to standard error.

\b
Exit codes:
  0    done
  1    no usable input: a file without an article
  2    wrong usage: an unknown option, setting, field or format
  130  interrupted; 141 when the reader of the output closed it
"""

_BACKGROUND = "the word frequencies that ship with dedup"


def command(
    a: Annotated[str, typer.Argument(metavar="A", help="A file with one article.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another such file.", show_default=False)],
    field: FieldOption = None,
    dayfirst: DayfirstOption = False,
    columns: ColumnsOption = None,
    setting: SetOption = None,
    config: ConfigOption = None,
    plot: PlotOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Parse, compare and print."""
    begin_logging(verbose, as_json=log_json)
    given = configured(field=field, setting=setting, config=config, dayfirst=dayfirst, columns=columns)
    settings = given.settings
    if given.told_by_file:
        say(given.told_by_file)
    if a == b == "-":
        raise typer.BadParameter("only one of the two can come from standard input", param_hint="A B")
    if plot:
        check_plot(plot, [a, b])
    first, second = _only(a, given), _only(b, given)
    # Files of one name in two folders may have equal ids, but what the user typed is distinct.
    names = (a, b) if a != b else (a, f"{b} (again)")
    first, second = replace(first, id=names[0]), replace(second, id=names[1])
    explanation = dedup.compare(first, second, settings)
    if plot:
        write_plot(plot, partial(plot_explanation, explanation))
    with standard_output() as out:
        if json:
            out.write(json_text(_record(explanation, settings)) + "\n")
        else:
            write_comparison(explanation, first, second, settings, out, colour=in_colour(out))
            out.write(f"Compared in isolation, with {_BACKGROUND}.\n")


def _only(path: str, given: Configuration) -> Article:
    """Return the only article of a file; without one, or with several, the command ends."""
    notices: list[Notice] = []
    articles = []
    for article in dedup.read_articles([path], notices=notices, **given.reading):
        articles.append(article)
        if len(articles) > 1:
            problem = f"{visible(path)} has more than one article: put each of the two in its own file"
            raise typer.BadParameter(problem, param_hint="A B")
    if not articles:
        reasons = [notice for notice in notices if notice.skipped]
        if len(reasons) == len(notices) == 1 and reasons[0].where == printable(path):
            say(f"Error: {path}: {reasons[0].problem}")
        else:
            report(notices)
            say(f"Error: there is no article in {path}")
        raise typer.Exit(1)
    report(notices)
    return articles[0]


def _record(explanation: Explanation, settings: Settings) -> dict[str, Any]:
    return {
        "schema": 1,
        "dedup": dedup.__version__,
        "settings": settings_record(settings),
        "judged_against": _BACKGROUND,
        **asdict(explanation),
        "waterfall": [asdict(part) for part in explanation.waterfall()],
    }
