"""Read WARC, the format of web crawlers, with warcio and trafilatura. Each page is an article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from dedup.article import Notice
from dedup.errors import MissingDependencyError
from dedup.read.page import extract_page, survey_page
from dedup.read.plain import split_title
from dedup.read.site_names import SiteNames
from dedup.read.source import Record, Source, rename_fields

_PAGES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class _Page:
    """The content of a record, its number, its headers, and whether it is a page or only its text."""

    source: Source
    number: int
    url: str
    charset: str
    seen: str
    is_text: bool


def read(source: Source, fields: Mapping[str, str], sites: SiteNames | None = None) -> Iterator[Record | Notice]:
    for item in _pages(source):
        if isinstance(item, Notice):
            yield item
            continue
        if item.is_text:
            title, text = split_title(item.source.read_text())
            values: dict[str, Any] = {"title": title, "text": text, "url": item.url} if text.strip() else {}
        else:
            values = extract_page(item.source, url=item.url, charset=item.charset, seen=item.seen, sites=sites)
        yield from item.source.pop_notices()
        if values:
            values["seen"] = item.seen
            yield Record(rename_fields(fields, **values), item.number, is_plain=True)


def survey(source: Source, sites: SiteNames) -> None:
    """Count the names of the sites that the pages state."""
    for item in _pages(source):
        if isinstance(item, _Page) and not item.is_text:
            survey_page(item.source, sites, url=item.url, charset=item.charset)


def _pages(source: Source) -> Iterator[_Page | Notice]:
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
            yield from _page(record, number, source.where, passed_over)
    if count := passed_over.total():
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(passed_over.items()))
        what = "record is" if count == 1 else "records are"
        yield Notice(source.where, f"{count:,} {what} no pages ({kinds})", "passed over", skipped=True)


def _page(record: Any, number: int, where: str, passed_over: Counter[str]) -> Iterator[_Page | Notice]:
    from dedup.read.warc_records import read_body

    if record.rec_type not in {"response", "resource", "conversion"}:
        return  # requests and metadata of the crawl
    headers = record.http_headers if record.rec_type == "response" else record.rec_headers
    media, charset = _media(headers.get_header("Content-Type") if headers else None)
    code = headers.get_statuscode() if headers and record.rec_type == "response" else "200"
    if code != "200":
        passed_over[f"with status {code}"] += 1
        return
    is_text = media == "text/plain" and record.rec_type == "conversion"
    if media not in _PAGES and not is_text:
        passed_over[f"of type {media or 'unknown'}"] += 1
        return
    place = f"{where}:{number}"
    try:
        content, problems = read_body(record)
    except Exception as error:  # damaged chunks raise arbitrary exceptions in warcio
        content, problems = b"", [f"its content cannot be read ({type(error).__name__}: {error})"]
    action = "what can be read is kept" if content else "skipped"
    yield from (Notice(place, problem, action, skipped=not content) for problem in problems)
    if content:
        url = record.rec_headers.get_header("WARC-Target-URI") or ""
        seen = record.rec_headers.get_header("WARC-Date") or ""
        yield _Page(Source.of_bytes(content, place), number, url, charset, seen, is_text)


def _media(content_type: str | None) -> tuple[str, str]:
    """Return the media type and the encoding of a `Content-Type`."""
    message = Message()
    message["Content-Type"] = (content_type or "").replace("\n", " ").replace("\r", " ")
    return message.get_content_type() if content_type else "", str(message.get_content_charset("") or "")
