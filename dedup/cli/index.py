"""`dedup index`: maintain a story index in a file."""

from __future__ import annotations

import typer

from dedup.cli import index_reading, index_writing

SHORT_HELP = "Keep stories in a file, article by article."
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


def group() -> typer.Typer:
    """Return the command `index` with its subcommands."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback(invoke_without_command=True)(_bare)
    for module in (index_writing, index_reading):
        for name, function in module.COMMANDS.items():
            app.command(name)(function)
    return app


def _bare(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
