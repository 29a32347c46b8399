"""Read JSON lines, one object per line. Broken lines are skipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dedup.article import Notice
from dedup.read.jsonparser import JsonParser, describe_kind
from dedup.read.source import LINE_TOO_LONG, Record, Source, lines


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:  # noqa: ARG001 - as every reader
    parser = JsonParser()
    with source.text() as stream:
        for number, line in enumerate(lines(stream), 1):
            where = f"{source.where}:{number}"
            if line is None:
                yield Notice(where, LINE_TOO_LONG, "line skipped", skipped=True)
                continue
            if not line.strip():
                continue
            value, problem = parser.parse(line.rstrip("\r\n"))
            if not problem and not isinstance(value, dict):
                problem = f"a line has to hold one JSON object, this one holds {describe_kind(value)}"
            if problem:
                yield Notice(where, problem, "line skipped", skipped=True)
            else:
                yield from parser.doubled(where)
                yield Record(value, number, line, "line")
