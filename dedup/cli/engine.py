"""`dedup cluster --engine spark`: its options, and the call of the engine."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.cli.messages import say
from dedup.report import counted

if TYPE_CHECKING:
    from dedup.config import Configuration


class Engine(StrEnum):
    """The engines that can cluster, besides this process."""

    SPARK = "spark"


@dataclass(frozen=True, slots=True)
class SparkOptions:
    """Options of a run on Spark."""

    engine: Annotated[Engine | None, typer.Option("--engine", help="Run on Apache Spark.", show_default=False)] = None
    master: Annotated[
        str | None,
        typer.Option(
            "--master",
            metavar="URL",
            help="The Spark master, such as local[2] or spark://host:7077. Default: from Spark's configuration.",
            show_default=False,
        ),
    ] = None
    steps: Annotated[
        str | None,
        typer.Option(
            "--steps",
            metavar="FOLDER",
            help="Keep the intermediate steps of a run on Spark here; an interrupted run resumes from them.",
            show_default=False,
        ),
    ] = None

    def check(self, others: Mapping[str, object]) -> None:
        """End the command if options do not go together.

        Args:
            others: the values of the options that Spark does not support.
        """
        if self.engine is None:
            others, problem = {"--master": self.master, "--steps": self.steps}, "it needs --engine spark"
        else:
            problem = "it does not go with --engine spark"
        for option, value in others.items():
            if value:
                raise typer.BadParameter(problem, param_hint=option)

    def run(
        self, paths: list[str], output: str | None, given: Configuration, against: Sequence[str], *, quiet: bool
    ) -> None:
        """Cluster on Spark, and report the number of articles."""
        if output in {None, "-"}:
            problem = "Spark writes a folder: give its name, as in --output stories.parquet"
            raise typer.BadParameter(problem, param_hint="--output")
        if "-" in paths:
            raise typer.BadParameter("Spark reads files and folders, not standard input", param_hint="PATH")
        from dedup.spark.files import cluster_files

        began = time.perf_counter()
        count = cluster_files(
            paths,
            str(output),
            given.settings,
            master=self.master or "",
            fields=given.fields,
            folder=self.steps,
            against=against,
        )
        if not quiet:
            line = f"{counted(count, 'article', 'articles')} in {output}, {time.perf_counter() - began:.1f} s"
            say("; ".join(filter(None, (line, given.told_by_file))))
