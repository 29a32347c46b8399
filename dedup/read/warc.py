"""Read WARC, the format of web crawlers, with warcio and trafilatura. Each page is an article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Any

from dedup.article import Notice
from dedup.errors import MissingDependencyError
from dedup.read.page import extract_page
from dedup.read.plain import split_title
from dedup.read.source import Record, Source, rename_fields

_PAGES = ("text/html", "application/xhtml+xml")


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    try:
        from warcio.exceptions import ArchiveLoadFailed

        from dedup.read.warc_records import WarcRecords
    except ImportError:
        raise MissingDependencyError("reading WARC", "warcio", extra="warc") from None
    passed_over: Counter[str] = Counter()
    number = 0
    with source.binary() as stream:
        records = WarcRecords(stream)
        while True:
            try:
                record = next(records, None)
            except Exception as error:  # ArchiveLoadFailed, or any exception for invalid headers
                kind = "" if isinstance(error, ArchiveLoadFailed) else f"{type(error).__name__}: "
                problem = f"it is broken behind record {number:,} ({kind}{' '.join(str(error).split())[:200]})"
                action = "what was read up to there is kept" if number else "skipped"
                yield Notice(source.where, problem, action, skipped=True)
                break
            if records.overrun:
                problem = "it is longer than its header says"
                yield Notice(f"{source.where}:{number}", problem, "what comes behind is skipped", skipped=True)
            if record is None:
                break
            number += 1
            yield from _record(record, number, source.where, fields, passed_over)
    if count := passed_over.total():
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(passed_over.items()))
        what = "record is" if count == 1 else "records are"
        yield Notice(source.where, f"{count:,} {what} no pages ({kinds})", "passed over", skipped=True)


def _record(
    record: Any, number: int, where: str, fields: Mapping[str, str], passed_over: Counter[str]
) -> Iterator[Record | Notice]:
    from dedup.read.warc_records import read_body

    if record.rec_type not in {"response", "resource", "conversion"}:
        return  # requests and metadata of the crawl
    headers = record.http_headers if record.rec_type == "response" else record.rec_headers
    media, charset = _media(headers.get_header("Content-Type") if headers else None)
    code = headers.get_statuscode() if headers and record.rec_type == "response" else "200"
    if code != "200":
        passed_over[f"with status {code}"] += 1
        return
    if media not in _PAGES and not (media == "text/plain" and record.rec_type == "conversion"):
        passed_over[f"of type {media or 'unknown'}"] += 1
        return
    place = f"{where}:{number}"
    try:
        content, problems = read_body(record)
    except Exception as error:  # damaged chunks raise arbitrary exceptions in warcio
        content, problems = b"", [f"its content cannot be read ({type(error).__name__}: {error})"]
    action = "what can be read is kept" if content else "skipped"
    yield from (Notice(place, problem, action, skipped=not content) for problem in problems)
    if not content:
        return
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    inner = Source.of_bytes(content, place)
    if media == "text/plain":
        title, text = split_title(inner.read_text())
        values: dict[str, Any] = {"title": title, "text": text, "url": url} if text.strip() else {}
    else:
        values = extract_page(inner, url=url, charset=charset)
    yield from inner.pop_notices()
    if values:
        values["seen"] = record.rec_headers.get_header("WARC-Date")
        yield Record(rename_fields(fields, **values), number, is_plain=True)


def _media(content_type: str | None) -> tuple[str, str]:
    """Return the media type and the encoding of a `Content-Type`."""
    message = Message()
    message["Content-Type"] = (content_type or "").replace("\n", " ").replace("\r", " ")
    return message.get_content_type() if content_type else "", str(message.get_content_charset("") or "")
