"""Write the kept records to a folder: each input file with its kept records, in its own format.

A file that is one article is copied unchanged.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from dedup.formats.atomic import atomic_file, atomic_folder
from dedup.formats.json_text import json_text
from dedup.keep.spool import Origin, Spool
from dedup.keep.writing import LINES, LIST, OBJECT, ROWS, encoded, write_stream
from dedup.read.paths import SIDECAR

LIST_OF_FILES = SIDECAR
"""The file with the added fields of copied articles; hidden, so that no run reads it as articles."""

_SHAPES = {"line": LINES, "item": LIST, "object": OBJECT, "row": ROWS, "values": LINES}


def write_folder(spool: Spool, kept: Iterable[int], added: Sequence[Mapping[str, Any]], folder: Path) -> int:
    """Write records into a new folder, atomically.

    Args:
        spool: the records of the run.
        kept: positions of the records to write, ascending.
        added: the fields to add, for every position.
        folder: the folder to make.

    Returns:
        The number of copied files.

    Raises:
        OSError: the folder cannot be written, or a file to copy is gone.
        InputError: a file has changed since it was read.
    """
    copied: list[Mapping[str, Any]] = []
    with atomic_folder(folder) as unfinished:
        for origin, group in groupby(spool.records(kept), lambda record: record.origin):
            target = unfinished / origin.name
            target.parent.mkdir(parents=True, exist_ok=True)
            places = [record.place for record in group]
            if origin.form == "file":
                with origin.source().opened() as article, target.open("wb") as copy:
                    shutil.copyfileobj(article, copy)
                copied.append({"file": origin.name, **added[places[0]]})
                continue
            with atomic_file(target) as out:
                write_stream(spool, _shape(origin), places, added, out)
        if copied:
            lines = "".join(json_text(line) + "\n" for line in copied)
            (unfinished / LIST_OF_FILES).write_bytes(encoded(lines))
    return len(copied)


def _shape(origin: Origin) -> str:
    return origin.kind if origin.form == "column" else _SHAPES[origin.form]
