"""What all commands of `python -m benchmarks` share: their options, and how they begin and end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.machine import BenchmarkError, Stopwatch, require_libraries
from dedup.errors import DedupError

Data = Annotated[
    Path | None,
    typer.Option(help="Folder of labelled sets. Default: $DEDUP_DATA, else ../shared/data beside the repository."),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the whole result here as JSON.")]
Quick = Annotated[bool, typer.Option("--quick", help="Measure little, to see that everything works.")]
Plots = Annotated[Path | None, typer.Option(help="Folder to draw a figure in, as SVG.")]
Resamples = Annotated[int | None, typer.Option(min=0, help="Seed of the resamples.")]
MadeUp = Annotated[int, typer.Option(min=0, help="Seed of what is made up.")]


@contextmanager
def measuring(json_file: Path | None = None, *, beside_peers: bool = True) -> Iterator[Stopwatch]:
    """Where something is measured: it tells how far it is, and ends the command with a line where it cannot go on.

    Args:
        json_file: where the result is to be written.
        beside_peers: whether the libraries that dedup is compared with are needed; they are imported inside.
    """
    notes = Console(stderr=True)
    try:
        if beside_peers:
            require_libraries()
        if json_file and not json_file.parent.is_dir():
            raise BenchmarkError(f"--json names {json_file}, whose folder does not exist: make it first")
        with notes.status("starting") as status:
            yield Stopwatch(status.update)
    except DedupError as error:
        complain(str(error))
        raise typer.Exit(1) from error


def write(json_file: Path | None, report: Mapping[str, Any]) -> None:
    """Writes a result, if that is wanted."""
    if json_file:
        json_file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def complain(message: str) -> None:
    """A line about what is wrong."""
    Console(stderr=True).print(f"benchmarks: {message}", style="red", markup=False, highlight=False)
