"""Reads articles from files, folders and standard input, one at a time, and says what it could not read.

A reader is a module with a function `read(source, fields)` that gives a `Record` for each article of a file and a
`Notice` for whatever it had to leave out. To add one, write the module and name it in `_readers`: one file, one line.

What a reader need not care for: the file is unpacked and, with `source.text()`, decoded; whatever opening and reading
it raises becomes a notice, and what was given before is kept; names of fields, dates, ids and characters that no text
can hold are dealt with where records become articles. What it has to care for: nothing larger than `LARGEST_RECORD` is
held, a library is imported inside the function and its absence raises `MissingDependencyError`, and fields that it
names itself go through `named`, since `--field` can rename them.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from dedup.article import Article, Notice
from dedup.errors import MissingDependencyError
from dedup.formats.atomic import content_suffix
from dedup.inputs.record import Dates, find_fields, read_record
from dedup.read import columns, feed, jsonfile, jsonlines, mail, markdown, page, plain, table, warc
from dedup.read.own_output import own_output_notice
from dedup.read.paths import FoundFile, find_files, reason
from dedup.read.source import EMPTY, Record, Source
from dedup.read.unused_columns import UnusedColumns

__all__ = ["read_articles", "read_records"]

MOST_NOTICES = 100_000
"""Notices of a run that are told one by one: a file of broken lines has one for every two bytes."""

Reader = Callable[[Source, Mapping[str, str]], Iterator[Record | Notice]]


def _readers() -> dict[str, Reader]:
    """The reader for each ending of a file name. Each may have that of a packed file behind it."""
    return {
        ".arrow": columns.read,
        ".atom": feed.read,
        ".csv": table.read,
        ".eml": mail.read,
        ".feather": columns.read,
        ".htm": page.read,
        ".html": page.read,
        ".json": jsonfile.read,
        ".jsonl": jsonlines.read,
        ".mbox": mail.read_mailbox,
        ".md": markdown.read,
        ".ndjson": jsonlines.read,
        ".parquet": columns.read,
        ".rss": feed.read,
        ".tsv": table.read,
        ".txt": plain.read,
        ".warc": warc.read,
        ".wet": warc.read,
        ".xhtml": page.read,
        ".xml": feed.read,
    }


def read_articles(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    fields: Mapping[str, str] | None = None,
    notices: list[Notice] | None = None,
    stdin: IO[bytes] | None = None,
    dayfirst: bool = False,
) -> Iterator[Article]:
    """Reads articles, one at a time: files of many records are never held as a whole.

    Args:
        paths: files, folders (with all that is in them), patterns (`news/**/*.html`), `-` for JSON lines on standard
            input; or one of these.
        fields: our name -> theirs, as in `{"text": "story_body"}`; see `dedup.from_record`.
        notices: takes what was wrong with the input, as it is found. Without it the notices are logged as warnings.
        stdin: the bytes that `-` stands for, if not the process's standard input.
        dayfirst: whether `01/02/2020` is the first of February; without it, it is not understood.

    Returns:
        The articles in the order of `paths`, within folders in the order of their names. An article without an id
        of its own is called after its file, seen from the argument (`nato/a.txt`), and in a file of many after its
        line or, in a JSON list, its place too (`feed.jsonl:7`). Ids can occur twice.

    Raises:
        InputError: `fields` has a name that is not a field of an article. Nothing in a file ever raises.
    """
    records = read_records(paths, fields=fields, notices=notices, stdin=stdin, dayfirst=dayfirst)
    return (article for article, _, _ in records)


def read_records(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    fields: Mapping[str, str] | None = None,
    notices: list[Notice] | None = None,
    stdin: IO[bytes] | None = None,
    dayfirst: bool = False,
    own: bool = False,
) -> Iterator[tuple[Article, Record, FoundFile]]:
    """As `read_articles`, each article with the record it was made of (all its fields, its place, its very text), and
    the file that this was found in.

    Args:
        own: whether what dedup itself has written is read like any other record; else it is passed over, with a notice.
    """
    fields = dict(fields or {})
    find_fields((), fields)  # wrong names are told at once, not at the first article
    arguments = [os.fsdecode(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    note = _NoticeLimit(notices.append if notices is not None else _log)
    dates = Dates(dayfirst=dayfirst, today=datetime.now(UTC))
    return _read(arguments, fields, note, stdin, dates, own=own)


class _NoticeLimit:
    """Passes notices on, up to a number that fits into memory; of the others it keeps the count."""

    def __init__(self, note: Callable[[Notice], None]) -> None:
        self._note = note
        self._left = MOST_NOTICES
        self._untold: Counter[tuple[str, bool]] = Counter()

    def __call__(self, notice: Notice) -> None:
        self._left -= 1
        if self._left >= 0:
            self._note(notice)
        else:
            self._untold[notice.action, notice.skipped] += 1

    def end(self) -> None:
        """Tells how many there were besides."""
        for (action, skipped), count in self._untold.items():
            problem = f"{count:,} more like these, of {MOST_NOTICES - self._left:,} in all"
            self._note(Notice("everything that was read", problem, action, skipped=skipped, count=count))


def _log(notice: Notice) -> None:
    logging.getLogger("dedup").warning("%s", notice)


def _read(
    arguments: list[str],
    fields: Mapping[str, str],
    note: _NoticeLimit,
    stdin: IO[bytes] | None,
    dates: Dates,
    *,
    own: bool,
) -> Iterator[tuple[Article, Record, FoundFile]]:
    readers = _readers()
    unused = UnusedColumns(fields)
    for found in find_files(arguments, lambda name: content_suffix(Path(name)) in readers):
        if isinstance(found, Notice):
            note(found)
            continue
        logging.getLogger("dedup.read").debug("reading %s", found.shown)
        if found.path is None:
            source = Source.of_stream(stdin or sys.stdin.buffer, found.shown)
            reader: Reader = jsonlines.read
        else:
            source = Source.of_file(found.path, found.shown)
            reader = readers[content_suffix(found.path)]
        yield from _articles(reader, source, found, fields, note, dates, own=own, unused=unused)
    unused.log()
    for notice in dates.notices():
        note(notice)
    note.end()


def _articles(
    reader: Reader,
    source: Source,
    found: FoundFile,
    fields: Mapping[str, str],
    note: Callable[[Notice], None],
    dates: Dates,
    *,
    own: bool,
    unused: UnusedColumns,
) -> Iterator[tuple[Article, Record, FoundFile]]:
    is_table = reader in (table.read, columns.read)
    unused.begin()
    empty, told = True, set[Notice]()
    for item in _read_guarded(reader, source, fields):
        if isinstance(item, Notice):
            empty = empty and not item.skipped
            note(item)
            continue
        empty = False
        if not own and (mine := own_output_notice(item.values, found.shown)):
            if mine not in told:
                told.add(mine)
                note(mine)
            continue
        behind = "" if item.number is None else f":{item.number}"
        article, remarks = read_record(
            item.values,
            where=f"{found.shown}{behind}",
            default_id=f"{found.id}{behind}",
            fields=fields,
            path=found.shown,
            dates=dates,
        )
        for remark in remarks:
            note(remark)
        if article is not None:
            if is_table:
                unused.see(item.values, article)
            yield article, item, found
    if is_table and (notice := unused.end(found.shown)):
        note(notice)
    if empty:
        note(Notice(found.shown, EMPTY, "skipped", skipped=True))


def _read_guarded(reader: Reader, source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    """What the reader finds, with the notices of its source among it, to the end or to where reading fails."""
    try:
        for item in reader(source, fields):
            yield from source.pop_notices()
            yield item
    except OSError as error:
        yield Notice(source.where, f"it cannot be read ({reason(error)})", "skipped", skipped=True)
    except MissingDependencyError as error:
        yield Notice(source.where, str(error), "skipped", skipped=True)
    except UnicodeError as error:
        yield Notice(source.where, f"it cannot be decoded ({error})", "the rest is skipped", skipped=True)
    yield from source.pop_notices()
