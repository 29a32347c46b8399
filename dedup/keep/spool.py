"""Store the records of a run on disk until it is known which of them are kept.

By then a file may have changed and standard input is consumed, and memory would hold every text twice. Rows of Parquet
and Arrow files are not stored but read again.
"""

from __future__ import annotations

import math
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dedup.errors import InputError
from dedup.formats.atomic import content_suffix
from dedup.formats.escaping import unescape_name
from dedup.formats.json_text import json_text
from dedup.keep.rows import close_quotes
from dedup.read import read_records
from dedup.read.source import Source

if TYPE_CHECKING:
    from dedup.article import Article, Notice
    from dedup.read.paths import FoundFile
    from dedup.read.source import Record, Table

COLUMNAR = (".parquet", ".arrow", ".feather", ".ipc")


@dataclass(frozen=True, slots=True)
class Origin:
    """What the records of a file, or of a part of it, have in common.

    Attributes:
        found: the file.
        name: relative path of the file in an output folder: `nato/a.txt`.
        form: "line", "item", "object" and "row" as in `Record.form`; "column" for a row of a Parquet or Arrow file,
            "file" for a file that is one article, "values" if only the parsed values of a record are available.
        table: header line and delimiter of rows.
    """

    found: FoundFile
    name: str
    form: str
    table: Table | None

    def source(self) -> Source:
        """Return the file as a source, to read it a second time.

        Raises:
            InputError: the origin is standard input.
        """
        if self.found.path is None:
            raise InputError("standard input cannot be read a second time: save it to a file first")
        return Source.of_file(self.found.path, self.found.shown, self.found.roots)

    @property
    def kind(self) -> str:
        """The suffix without that of the compression: ".jsonl" for `feed.jsonl.gz`."""
        return content_suffix(Path(self.name))


@dataclass(frozen=True, slots=True)
class SpooledRecord:
    """A stored record.

    Attributes:
        place: position among the articles.
        origin: its file.
        number: its number in the file.
        text: the original text; for "file" and "values" a JSON object of the parsed values, for "column" "".
    """

    place: int
    origin: Origin
    number: int
    text: str


class Spool:
    """Stores records in a temporary file and returns them by position.

    Raises:
        OSError: the temporary file cannot be written.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="dedup-")  # noqa: SIM115 - closed by `close`
        self._ends = array("Q")
        self._numbers = array("Q")
        self._of = array("L")
        self.origins: list[Origin] = []
        self._last: tuple[FoundFile, str, Table | None] | None = None
        self._names: set[str] = set()

    def close(self) -> None:
        """Delete the temporary file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._ends)

    def articles(self, paths: Sequence[str], *, notices: list[Notice], **options: Any) -> Iterator[Article]:
        """Read articles as `dedup.read_articles` does, and store the record of each."""
        for article, record, found in read_records(paths, notices=notices, **options):
            self.add(record, found)
            yield article

    def add(self, record: Record, found: FoundFile) -> None:
        """Store a record."""
        form = _form(record, found)
        if self._last is None or self._last[0] is not found or self._last[1:] != (form, record.table):
            again = self._last is not None and self._last[0] is found
            wanted = unescape_name(found.id) if found.path else "stdin.jsonl"
            name = self.origins[-1].name if again else self._own_name(wanted + ".jsonl" * (form == "values"))
            self.origins.append(Origin(found, name, form, record.table))
            self._last = (found, form, record.table)
        text = record.raw
        if form in {"file", "values"}:
            text = json_text(to_json_value(record.values))
        elif form == "row" and record.table:
            text = close_quotes(text, record.table, record.values)
        try:
            self._file.write(text.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise OSError(error.errno, f"{error.strerror} (TMPDIR names another)", tempfile.gettempdir()) from None
        self._ends.append(self._file.tell())
        self._numbers.append(record.number or 0)
        self._of.append(len(self.origins) - 1)

    def records(self, places: Iterable[int]) -> Iterator[SpooledRecord]:
        """Yield the records at some positions."""
        for place in places:
            start = self._ends[place - 1] if place else 0
            self._file.seek(start)
            text = self._file.read(self._ends[place] - start).decode("utf-8", "surrogatepass")
            yield SpooledRecord(place, self.origins[self._of[place]], self._numbers[place], text)

    def _own_name(self, wanted: str) -> str:
        """Return a unique relative path that stays inside the output folder."""
        parts = [part for part in Path(wanted).parts if part not in {"..", "/"}]
        stem, dot, endings = parts[-1].partition(".")
        name, number = "/".join(parts), 1
        while name in self._names:
            number += 1
            name = "/".join([*parts[:-1], f"{stem}-{number}{dot}{endings}"])
        self._names.add(name)
        return name


def _form(record: Record, found: FoundFile) -> str:
    if record.form:
        return record.form
    if found.member:  # it cannot be read again by itself
        return "values"
    if record.number is None:
        return "file"
    return "column" if found.path and content_suffix(found.path) in COLUMNAR else "values"


def to_json_value(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert values to JSON types; other types become text, and infinite or NaN numbers None."""

    def written(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(name): written(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [written(inner) for inner in value]
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if isinstance(value, bytes):
            return value.decode("utf-8", "surrogateescape")
        if value is None or isinstance(value, str | int | float):
            return value
        return value.isoformat() if hasattr(value, "isoformat") else str(value)

    made: dict[str, Any] = written(values)
    return made
