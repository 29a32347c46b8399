"""`dedup cluster --engine spark`: what its options must be, and the hand-over."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from dedup.cli.messages import say
from dedup.report import counted

if TYPE_CHECKING:
    from dedup.config import Configuration


class Engine(StrEnum):
    """What a clustering can run on besides this process."""

    SPARK = "spark"


def check_engine(engine: Engine | None, master: str | None, steps: str | None, *, others: dict[str, bool]) -> None:
    """Ends the command where options do not go together; `others` are those that Spark has no use for, if given."""
    if engine is None:
        for option, value in (("--master", master), ("--steps", steps)):
            if value:
                raise typer.BadParameter("it goes with --engine spark", param_hint=option)
        return
    for option, given in others.items():
        if given:
            raise typer.BadParameter("it does not go with --engine spark", param_hint=option)


def run_on_spark(
    paths: list[str],
    output: str | None,
    given: Configuration,
    master: str | None,
    steps: str | None,
    against: list[str] | None,
    *,
    quiet: bool,
) -> None:
    """Clusters on Spark, and says how many articles there were."""
    if output in {None, "-"}:
        raise typer.BadParameter(
            "Spark writes a folder: give its name, as in --output stories.parquet", param_hint="--output"
        )
    if "-" in paths:
        raise typer.BadParameter("Spark reads files and folders, not standard input", param_hint="PATH")
    from dedup.spark.files import cluster_files

    began = time.perf_counter()
    count = cluster_files(
        paths,
        str(output),
        given.settings,
        master=master or "",
        fields=given.fields,
        folder=steps,
        against=against or (),
    )
    if not quiet:
        line = f"{counted(count, 'article', 'articles')} in {output}, {time.perf_counter() - began:.1f} s"
        say("; ".join(filter(None, (line, given.told_by_file))))
