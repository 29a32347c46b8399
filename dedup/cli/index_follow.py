"""`dedup index follow`: tables in PostgreSQL that follow an index."""

from __future__ import annotations

from typing import Annotated

import typer

from dedup.cli.index_options import StoreOption, write_lines
from dedup.cli.messages import begin_logging
from dedup.cli.options import LogJsonOption, VerboseOption


def follow(
    store: StoreOption,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="The database: postgresql://USER@HOST/NAME.", show_default=False)
    ],
    once: Annotated[bool, typer.Option("--once", help="End as soon as the tables equal the store.")] = False,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Keep tables of stories, storylines, articles, copies and changes in PostgreSQL.

    They are in the schema dedup, which is made at first. Each transaction brings them to one state of the store; a JSON
    line is written for it, with cursor, changes, stories and complete. Without --once it looks at the store every
    second, and connects again where the server is restarted. The password can come from PGPASSWORD or ~/.pgpass.
    """
    from dedup.follow import follow as follow_store

    begin_logging(verbose, as_json=log_json)
    follow_store(store, to, once=once, on_written=lambda written: write_lines([written.to_record()]))
