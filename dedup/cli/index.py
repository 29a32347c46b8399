"""`dedup index`: a story index in a file, article by article."""

from __future__ import annotations

import typer

from dedup.cli import index_reading, index_writing

SHORT_HELP = "Keep stories in a file, article by article."
HELP = """Keeps stories in a file: articles one at a time, each told at once where it belongs.

The file is made by the first add, with the settings given there. One process writes to it at a time; any number may
read meanwhile. Each of the commands below has a help of its own: dedup index add --help.

\b
Examples:
  dedup index add news/ --store s.db           a line for each, once on disk
  tail -f feed.jsonl | dedup index add - --store s.db
  dedup index match draft.txt --store s.db     have we got this?
  dedup index stories --store s.db --min-size 3
  dedup index changes --store s.db --since 120 what happened after change 120
  dedup index reconcile --store s.db           to what 'cluster' would find
  dedup index export --store s.db              as 'cluster --format jsonl'

Results go to standard output as JSON lines; messages go to standard error.

\b
Exit codes:
  0    done
  1    nothing usable, no such article or story, a store that cannot be used
       or that 'check' finds faults in
  2    wrong usage: an unknown option, setting, field or date
  130  interrupted; 141 when the reader of the output went away
"""


def group() -> typer.Typer:
    """The command with its own commands."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback(invoke_without_command=True)(_bare)
    for module in (index_writing, index_reading):
        for name, function in module.COMMANDS.items():
            app.command(name)(function)
    return app


def _bare(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
