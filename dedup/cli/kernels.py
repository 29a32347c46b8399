"""`dedup kernels`: show the compiled kernels, compile them ahead, remove them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dedup.cli.messages import say
from dedup.cli.output import standard_output
from dedup.cli.progress import ProgressBar
from dedup.errors import InputError

HELP = """Show, compile or remove the compiled kernels, which make large runs faster.

\b
show     where they are stored, their size, and whether they are complete
compile  compile them now, as for an image; else the first large run does
clear    remove those of all versions

Results do not depend on them.

\b
Examples:
  dedup kernels
  dedup kernels compile

They are stored for one user and processor. The list goes to standard output.
Exit codes: 0 done, 1 they cannot be stored, 2 wrong usage.
"""


class Action(StrEnum):
    """What can be done with the kernels."""

    SHOW = "show"
    COMPILE = "compile"
    CLEAR = "clear"


def command(
    action: Annotated[Action, typer.Argument(metavar="[ACTION]", help="show, compile or clear.")] = Action.SHOW,
) -> None:
    """Show, compile or remove the kernels."""
    from dedup.vectorize.kernels.cache import cache_folder, kept_folders, remove_folders

    if action == Action.CLEAR:
        found = kept_folders()
        size = _megabytes(found)
        remove_folders()
        say(f"{len(found)} removed, {size}")
        return
    if action == Action.COMPILE:
        _compile()
    folder = cache_folder()
    with standard_output() as out:
        if folder is None:
            out.write("no folder can be written: each process compiles for itself\n")
            return
        for kept in kept_folders():
            is_this = kept == folder
            out.write(f"{kept}  {_megabytes([kept])}, {_state(kept) if is_this else 'of another version'}\n")


def _compile() -> None:
    from importlib.util import find_spec

    from dedup.backends import CompiledBackend
    from dedup.background import Background
    from dedup.index.compiling import compile_kernels
    from dedup.settings import Settings
    from dedup.vectorize.kernels.cache import cache_folder

    if cache_folder() is None or find_spec("numba") is None:
        raise InputError("the kernels cannot be stored: set NUMBA_CACHE_DIR to a folder that only you can write")
    from dedup.vectorize.kernels.linked import quicken_compiler
    from dedup.vectorize.kernels.machine_code import VerifiedFiles

    quicken_compiler()
    VerifiedFiles.must_save = True
    settings = Settings(threads=1)
    with ProgressBar() as bar:
        compile_kernels(CompiledBackend(settings, bar), settings, Background.general(), bar)


def _state(folder: Path) -> str:
    compiled = [(folder / f"compiled-{kernels}").exists() for kernels in ("run", "index")]
    return "complete" if all(compiled) else "complete for runs" if compiled[0] else "incomplete"


def _megabytes(folders: list[Path]) -> str:
    size = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    return f"{size / 1e6:.1f} MB"
