"""`dedup inspect`: show what each field of the input is taken for, and what is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.inputs import FilesFromOption, gather, require_readable
from dedup.cli.messages import begin_logging, report, say
from dedup.cli.options import (
    ColumnsOption,
    ConfigOption,
    DayfirstOption,
    FieldOption,
    JsonOption,
    LogJsonOption,
    TableOption,
    VerboseOption,
    configured,
)
from dedup.cli.output import standard_output
from dedup.formats.json_text import json_text
from dedup.inputs.read_fields import ReadFields
from dedup.read import read_records
from dedup.report import counted
from dedup.report.fields import fields_record, write_fields

if TYPE_CHECKING:
    from dedup.article import Notice

HELP = """Read articles, and show which names of the input each field was read from, with counts and a sample, and
which names were not read.

PATH is as for 'dedup cluster'. Nothing is compared. The table goes to standard output, notices to standard error.

\b
Examples:
  dedup inspect feed.json
  dedup inspect feed.json --field text=fields.bodyText
  dedup inspect news/ --json

Names that were not read and look like content are shown with the option that reads them.

\b
Exit codes:
  0    done
  1    no usable input
  2    wrong usage: an unknown option or field
  130  interrupted
"""


def command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files, folders, patterns; - for standard input.", show_default=False),
    ] = None,
    files_from: FilesFromOption = None,
    field: FieldOption = None,
    columns: ColumnsOption = None,
    table: TableOption = "",
    dayfirst: DayfirstOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
) -> None:
    """Read and print."""
    begin_logging(verbose, as_json=log_json)
    given = configured(field=field, columns=columns, table=table, config=config, dayfirst=dayfirst)
    named = gather(paths, files_from)
    counts, notices = ReadFields(every=True), list["Notice"]()
    records = read_records(named, notices=notices, counts=counts, **given.reading)
    count = sum(1 for _ in require_readable(records, named, notices, "article"))
    with standard_output() as out:
        if json:
            out.write(json_text({"articles": count, **fields_record(counts)}) + "\n")
        else:
            write_fields(counts, out)
    shown = set(counts.notices())  # the table has them
    report([notice for notice in notices if notice not in shown])
    say(counted(count, "article", "articles"))
