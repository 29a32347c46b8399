"""Read articles from files, folders and standard input, one at a time, with a notice for what cannot be read.

A reader is a module with a function `read(source, fields)` that yields a `Record` for each article of a file and a
`Notice` for each problem. To add one, write the module and enter it in `_readers`.

Done for a reader: the file is decompressed and, with `source.text()`, decoded; errors of opening and reading become
notices, and records yielded before are kept; field names, dates, ids, HTML in texts and invalid characters are handled
when records become articles. Left to a reader: it holds nothing larger than `LARGEST_RECORD`, imports optional
libraries inside the function and raises `MissingDependencyError` without them, and passes field names of its own
through `rename_fields`, since `--field` can rename them.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any

from dedup.article import Article, Notice
from dedup.errors import MissingDependencyError
from dedup.inputs.fields import find_fields, flatten
from dedup.inputs.read_fields import ReadFields
from dedup.inputs.record import Corrections, read_record
from dedup.read import columns, container, feed, jsonfile, jsonlines, markdown, page, plain, spreadsheet, table
from dedup.read.own_output import own_output_notice
from dedup.read.paths import FoundFile, find_files, kind_of, reason
from dedup.read.site_names import SiteNames
from dedup.read.source import EMPTY, Record, Source

__all__ = ["read_articles", "read_records"]

MOST_NOTICES = 100_000
"""Maximum single notices of a run. Further ones are counted: a broken file can have one per two bytes."""

Reader = Callable[[Source, Mapping[str, str]], Iterator[Record | Notice]]


def _read_database(source: Source, fields: Mapping[str, str], table_name: str) -> Iterator[Record | Notice]:
    from dedup.read import database  # with SQLite

    return database.read(source, fields, table=table_name)


def _read_mail(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    from dedup.read import mail  # with the parts of mail of the standard library, as WARC

    return mail.read(source, fields)


def _read_mailbox(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    from dedup.read import mail

    return mail.read_mailbox(source, fields)


def _read_warc(source: Source, fields: Mapping[str, str], sites: SiteNames | None) -> Iterator[Record | Notice]:
    from dedup.read import warc

    return warc.read(source, fields, sites=sites)


def _survey_warc(source: Source, sites: SiteNames) -> None:
    from dedup.read import warc

    warc.survey(source, sites)


_SURVEYS: Mapping[str, Callable[[Source, SiteNames], None]] = {
    ".htm": page.survey,
    ".html": page.survey,
    ".warc": _survey_warc,
    ".xhtml": page.survey,
}
"""What counts the names of the sites in a file of pages, by its kind."""


def _readers(sites: SiteNames | None = None, table_name: str = "") -> dict[str, Reader]:
    """Return the reader for each suffix. A suffix of compression may follow.

    Args:
        sites: the names of the sites whose pages are read.
        table_name: the table to read of a database.
    """
    read_database = partial(_read_database, table_name=table_name)
    read_page, read_warc = partial(page.read, sites=sites), partial(_read_warc, sites=sites)
    return {
        ".arrow": columns.read,
        ".atom": feed.read,
        ".csv": table.read,
        ".db": read_database,
        ".eml": _read_mail,
        ".feather": columns.read,
        ".htm": read_page,
        ".html": read_page,
        ".json": jsonfile.read,
        ".jsonl": jsonlines.read,
        ".mbox": _read_mailbox,
        ".md": markdown.read,
        ".ndjson": jsonlines.read,
        ".ninjs": jsonfile.read,
        ".nitf": feed.read,
        ".parquet": columns.read,
        ".psv": table.read,
        ".rss": feed.read,
        ".sqlite": read_database,
        ".sqlite3": read_database,
        ".tab": table.read,
        ".tsv": table.read,
        ".txt": plain.read,
        ".warc": read_warc,
        ".wet": read_warc,
        ".xhtml": read_page,
        ".xlsm": spreadsheet.read,
        ".xlsx": spreadsheet.read,
        ".xml": feed.read,
    }


def read_articles(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    fields: Mapping[str, str] | None = None,
    notices: list[Notice] | None = None,
    stdin: IO[bytes] | None = None,
    dayfirst: bool = False,
    columns: Sequence[str] = (),
    table: str = "",
) -> Iterator[Article]:
    """Read articles, one at a time. Files of many records are never held in memory completely.

    Args:
        paths: one or several of: files, folders (read recursively), patterns (`news/**/*.html`), and `-` for JSON lines
            on standard input.
        fields: field of an `Article` -> name in the records, as in `{"text": "story_body"}`; see `dedup.from_record`.
        notices: a list that problems with the input are appended to. By default they are logged as warnings.
        stdin: the stream to read for `-`; by default the standard input of the process.
        dayfirst: read `01/02/2020` as 1 February. By default such a date is refused as ambiguous.
        columns: names for the columns of tables without a header, as in `["id", "title", "-", "text"]`; "-" for one
            that is not read.
        table: the table to read of a SQLite database. By default the only one with a text or title.

    Returns:
        The articles in the order of `paths`, within folders by name. An article without an id is named by its path
        relative to the argument (`nato/a.txt`), followed in a file of many by the number of its line, row or item
        (`feed.jsonl:7`). Ids need not be unique.

    Raises:
        InputError: `fields` has a name that is not a field of an article. The content of files never raises.
    """
    options: dict[str, Any] = {"fields": fields, "dayfirst": dayfirst, "columns": columns, "table": table}
    records = read_records(paths, notices=notices, stdin=stdin, **options)
    return (article for article, _, _ in records)


def read_records(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    fields: Mapping[str, str] | None = None,
    notices: list[Notice] | None = None,
    stdin: IO[bytes] | None = None,
    dayfirst: bool = False,
    columns: Sequence[str] = (),
    table: str = "",
    own: bool = False,
    counts: ReadFields | None = None,
) -> Iterator[tuple[Article, Record, FoundFile]]:
    """Read articles as `read_articles` does, each with its record (all fields, position, original text) and file.

    Args:
        paths: see `read_articles`.
        fields: see `read_articles`.
        notices: see `read_articles`.
        stdin: see `read_articles`.
        dayfirst: see `read_articles`.
        columns: see `read_articles`.
        table: see `read_articles`.
        own: whether to read output of dedup like any other record. By default it is skipped with a notice.
        counts: counts the names that the fields are read from.
    """
    fields = dict(fields or {})
    find_fields((), fields)  # report wrong names at once, not at the first article
    arguments = [os.fsdecode(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    note = _NoticeLimit(notices.append if notices is not None else _log)
    corrections = Corrections(dayfirst=dayfirst, today=datetime.now(UTC), fields=counts or ReadFields())
    return _read(arguments, fields, tuple(columns), note, stdin, corrections, table=table, own=own)


class _NoticeLimit:
    """Passes on the first `MOST_NOTICES` notices and counts the rest."""

    def __init__(self, note: Callable[[Notice], None]) -> None:
        self._note = note
        self._left = MOST_NOTICES
        self._suppressed: Counter[tuple[str, bool]] = Counter()

    def __call__(self, notice: Notice) -> None:
        self._left -= 1
        if self._left >= 0:
            self._note(notice)
        else:
            self._suppressed[notice.action, notice.skipped] += 1

    def end(self) -> None:
        """Pass on one summary per action for the notices beyond the limit."""
        for (action, skipped), count in self._suppressed.items():
            problem = f"{count:,} more like these, of {MOST_NOTICES - self._left:,} in all"
            self._note(Notice("everything that was read", problem, action, skipped=skipped, count=count))


def _log(notice: Notice) -> None:
    logging.getLogger("dedup").warning("%s", notice)


def _read(
    arguments: list[str],
    fields: Mapping[str, str],
    columns: Sequence[str],
    note: _NoticeLimit,
    stdin: IO[bytes] | None,
    corrections: Corrections,
    *,
    table: str,
    own: bool,
) -> Iterator[tuple[Article, Record, FoundFile]]:
    sites, surveyed = SiteNames(), False
    readers = _readers(sites, table)
    for item in _files(arguments, readers.keys(), stdin):
        if isinstance(item, Notice):
            note(item)
            continue
        found, source = item
        logging.getLogger("dedup.read").debug("reading %s", found.shown)
        if found.kind in _SURVEYS and not surveyed:
            _survey(arguments, sites)
            surveyed = True
        source.columns = columns
        yield from _articles(readers[found.kind], source, found, fields, note, corrections, own=own)
    for notice in corrections.notices():
        note(notice)
    note.end()


def _files(
    arguments: list[str], kinds: Collection[str], stdin: IO[bytes] | None = None
) -> Iterator[Notice | tuple[FoundFile, Source]]:
    """Yield the files of some kinds with their sources, also those in archives, and a notice for each problem."""
    for found in find_files(arguments, lambda path: kind_of(path) in {*kinds, *container.SUFFIXES}):
        if isinstance(found, Notice):
            yield found
        elif found.path is None:
            yield found, Source.of_stream(stdin or sys.stdin.buffer, found.shown)
        else:
            source = Source.of_file(found.path, found.shown, found.roots)
            if found.kind in container.SUFFIXES:
                yield from container.read_members(found, source, kinds)
            else:
                yield found, source


def _survey(arguments: list[str], sites: SiteNames) -> None:
    """Count the names of the sites of all pages. What cannot be read is reported when its articles are."""
    for item in _files(arguments, _SURVEYS.keys()):
        if not isinstance(item, Notice) and item[0].path:
            with suppress(OSError, MissingDependencyError, UnicodeError):
                _SURVEYS[item[0].kind](item[1], sites)


def _articles(
    reader: Reader,
    source: Source,
    found: FoundFile,
    fields: Mapping[str, str],
    note: Callable[[Notice], None],
    corrections: Corrections,
    *,
    own: bool,
) -> Iterator[tuple[Article, Record, FoundFile]]:
    corrections.dates.begin_file(found.shown, None if source.live else partial(_again, reader, source, fields))
    empty, first, reported = True, True, set[Notice]()
    for item in _read_guarded(reader, source, fields):
        if isinstance(item, Notice):
            empty = empty and not item.skipped
            note(item)
            continue
        empty = False
        if not own and (mine := own_output_notice(item.values, found.shown)):
            if mine not in reported:
                reported.add(mine)
                note(mine)
            continue
        behind = "" if item.number is None else f":{item.number}"
        behind += f".{item.part}" if item.part else ""
        article, remarks = read_record(
            item.values,
            where=f"{found.shown}{behind}",
            default_id=f"{found.id}{behind}",
            fields=fields,
            path=found.shown,
            corrections=corrections,
            is_plain=item.is_plain,
            about=item.about,
        )
        for remark in remarks:
            note(remark)
        if article is not None:
            if item.names and corrections.fields and first:
                first = False
                corrections.fields.see_unloaded((name for name in item.names if name not in item.values), found.shown)
            yield article, item, found
    if empty:
        note(Notice(found.shown, EMPTY, "skipped", skipped=True))


def _again(reader: Reader, source: Source, fields: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Return the records of a file, from the first one on, with the fields of objects inside them."""
    items = _read_guarded(reader, replace(source, notices=[]), fields)
    return (flatten(item.values, fields)[0] for item in items if isinstance(item, Record))


def _read_guarded(reader: Reader, source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    """Yield from a reader, with the notices of its source, until the end or a failure, which becomes a notice."""
    try:
        for item in reader(source, fields):
            if source.notices:
                yield from source.pop_notices()
            yield item
    except OSError as error:
        yield Notice(source.where, f"it cannot be read ({reason(error)})", "skipped", skipped=True)
    except MissingDependencyError as error:
        yield Notice(source.where, str(error), "skipped", skipped=True)
    except UnicodeError as error:
        yield Notice(source.where, f"it cannot be decoded ({error})", "the rest is skipped", skipped=True)
    yield from source.pop_notices()
