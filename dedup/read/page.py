"""Extract the article of a saved web page with trafilatura. Nothing is fetched."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from dedup.article import Notice
from dedup.errors import MissingDependencyError
from dedup.formats.escaping import sanitize
from dedup.inputs.dates import read_date
from dedup.read.own_output import is_result_page
from dedup.read.page_fields import PageFields, decide_date
from dedup.read.page_metadata import PageMetadata, collect_metadata
from dedup.read.site_names import SiteNames
from dedup.read.source import Record, Source, rename_fields

if TYPE_CHECKING:
    from lxml.html import HtmlElement
    from trafilatura.settings import Document

UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, Han."""

_CONTROL = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML can have."""

_SHORTEST, _SHORTEST_UNSPACED = 250, 100
"""Minimum characters of a text. Below it, trafilatura retries with looser rules and includes boilerplate. In scripts
without spaces, 100 characters hold as much as 250 elsewhere."""

_MOST_TAGS, _MOST_ELEMENTS = 1_000_000, 50_000
"""Maximum tags of a page, and elements after invisible ones are removed. Beyond, trafilatura takes minutes."""

_SAVED = re.compile(r"<!--\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:)\s*(https?://[^\s<>]{1,2000})")
"""What browsers write at the beginning of a page they save."""

_LONGEST_ADDRESS = 4096
"""Maximum characters of an address. Longer ones are inline images."""


def read(source: Source, fields: Mapping[str, str], sites: SiteNames | None = None) -> Iterator[Record | Notice]:
    values = extract_page(source, sites=sites)
    yield from source.pop_notices()
    if values:
        yield Record(rename_fields(fields, **values), is_plain=True)


def survey(source: Source, sites: SiteNames) -> None:
    """Count the names of the site that a page states."""
    survey_page(source, sites)


def survey_page(source: Source, sites: SiteNames, *, url: str = "", charset: str = "") -> None:
    """Count the names of the site that a page states. Problems are ignored; they are reported when it is read.

    Args:
        source, url, charset: see `extract_page`.
        sites: the names of the sites of the input.
    """
    markup, _ = sanitize(source.read_text(declared=True, charset=charset))
    if markup.strip() and markup.count("<") <= _MOST_TAGS:
        tree, _ = _parse(markup)
        if tree is not None:
            sites.add(collect_metadata(tree, url or _saved_address(markup)), _folder(source.where))
    source.pop_notices()


def _saved_address(markup: str) -> str:
    found = _SAVED.search(markup[: 1 << 12])
    return found[1] if found else ""


def _folder(where: str) -> str:
    return f"{where.rpartition('/')[0]}/"


def extract_page(
    source: Source, *, url: str = "", charset: str = "", seen: str = "", sites: SiteNames | None = None
) -> dict[str, Any]:
    """Extract the article of a page. Problems are added to the notices of the source.

    Args:
        source: the page.
        url: the address it was fetched from.
        charset: the encoding named by the server.
        seen: when it was fetched. No article was published later.
        sites: the names of the sites of the input.

    Returns:
        The fields that were found; {} if there is no article.

    Raises:
        OSError: the page cannot be opened.
        MissingDependencyError: trafilatura is not installed.
    """
    markup, replaced = sanitize(source.read_text(declared=True, charset=charset))
    if not markup.strip():
        return {}
    source.notices += [Notice(source.where, f"it has {what}", "replaced by U+FFFD", False) for what in replaced]
    if (count := markup.count("<")) > _MOST_TAGS:
        source.add_notice(f"it has {count:,} tags, too many for the page of an article")
        return {}
    tree, complete = _parse(markup)
    if tree is None:
        source.add_notice("there is no HTML in it")
        return {}
    if not complete:
        source.add_notice("its tags are nested too deeply", "what comes behind is skipped")
    if is_result_page(tree.xpath("string(//meta[@name='generator']/@content)")):
        source.add_notice("it is a page that dedup has written, and no article")
        return {}
    lang = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    _strip(tree)
    if (count := sum(1 for _ in tree.iter())) > _MOST_ELEMENTS:
        source.add_notice(f"it has {count:,} elements, too many for the page of an article")
        return {}
    url = url or _saved_address(markup)
    page = collect_metadata(tree, url)
    _flatten(tree)
    latest = read_date(seen).when or datetime.now(UTC)
    extracted = cache(partial(_extract_metadata, tree, url))
    try:
        own = _decide(page, extracted, sites or SiteNames(), source.where)
        published = decide_date(page, lambda: extracted().date or "", latest=latest)
        text = _without_title(_extract_text(tree, markup, url), own.titles)
    except MissingDependencyError:
        raise
    except Exception as error:  # unusual pages raise arbitrary exceptions in the libraries involved
        source.add_notice(f"trafilatura cannot read it ({type(error).__name__}: {error})")
        return {}
    if not text:
        if not own.title:
            source.add_notice("no article is found on this page")
            return {}
        action = "kept, judged by its title alone"
        source.notices.append(Notice(source.where, "no text of an article is found on this page", action, False))
    values = {
        "text": text,
        "title": own.title,
        "published": published,
        "source": own.outlet or page.host,
        "url": page.url,
        "lang": lang,
    }
    return {name: value for name, value in values.items() if value or name == "text"}


def _parse(markup: str) -> tuple[HtmlElement | None, bool]:
    """Parse a page.

    Returns:
        The tree, None if there is no element; and whether it is complete: lxml stops at tags nested too deeply.

    Raises:
        MissingDependencyError: lxml is not installed.
    """
    try:
        from lxml import etree, html
    except ImportError:
        raise MissingDependencyError("reading HTML", "lxml", extra="html") from None
    # Passed as bytes with a fixed encoding, so that the one declared by the page is ignored.
    data = markup.encode(errors="replace")
    for roomy in (False, True):
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=roomy)
        try:
            tree = html.document_fromstring(data, parser=parser)
        except (etree.LxmlError, ValueError):
            return None, True
        if not isinstance(tree.tag, str):
            return None, True
        if complete := not any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
            break
    return tree, complete


def _strip(tree: HtmlElement) -> None:
    """Remove scripts, styles, drawings and inline images.

    The texts around adjacent removed elements are joined once, since there can be hundreds of thousands of them: lxml
    joins them one by one, and again whenever trafilatura looks at them.
    """
    texts: dict[tuple[HtmlElement, HtmlElement | None], list[str]] = defaultdict(list)
    for element in list(tree.iter("script", "style", "svg")):
        parent = element.getparent()
        if parent is not None and not (element.tag == "script" and "ld+json" in (element.get("type") or "")):
            texts[parent, element.getprevious()].append(element.tail or "")
            parent.remove(element)
    for (parent, before), parts in texts.items():
        if before is None:
            parent.text = _assignable([parent.text or "", *parts]) or None
        else:
            before.tail = _assignable([before.tail or "", *parts]) or None
    for element in tree.iter("img", "source", "iframe"):
        for name in ("src", "srcset", "srcdoc"):
            if len(element.get(name) or "") > _LONGEST_ADDRESS:
                del element.attrib[name]


def _assignable(parts: list[str]) -> str:
    """Join texts; lxml returns control characters from references but rejects them on assignment."""
    return _CONTROL.sub("\ufffd", "".join(parts))


def _flatten(tree: HtmlElement) -> None:
    """Turn layout tables, which hold paragraphs or headlines, into plain blocks."""
    layouts: set[HtmlElement] = set()
    for element in tree.iter("p", "h1", "article"):
        for table in element.iterancestors("table"):
            if table in layouts:
                break
            layouts.add(table)
    for table in [table for table in tree.iter("table") if table in layouts]:
        if table.tag == "div":  # inside a table already converted
            continue
        for element in table.iter("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"):
            element.tag = "div"


def _decide(page: PageMetadata, extracted: Callable[[], Document], sites: SiteNames, where: str) -> PageFields:
    """Decide title and outlet; the extractor is asked only if not two statements agree on the title."""
    own = sites.decide(page, _folder(where))
    if own.is_agreed:
        return own
    return sites.decide(page, _folder(where), " ".join((extracted().title or "").split()))


def _extract_metadata(tree: HtmlElement, url: str) -> Document:
    """Return the metadata that trafilatura finds in a page."""
    try:
        from trafilatura import extract_metadata
    except ImportError:
        raise MissingDependencyError("reading HTML", "trafilatura", extra="html") from None
    _silence_loggers()
    # Only dates that the page states are used, none found in its text. Future dates are refused later, as for all
    # files.
    dates = {"original_date": True, "extensive_search": False, "min_date": "1900-01-01", "max_date": "2199-12-31"}
    return extract_metadata(tree, url or None, dates)


def _extract_text(tree: HtmlElement, markup: str, url: str) -> str:
    """Return the text of the article of a page."""
    try:
        from trafilatura import bare_extraction
    except ImportError:
        raise MissingDependencyError("reading HTML", "trafilatura", extra="html") from None
    _silence_loggers()
    found = bare_extraction(tree, url=url or None, include_comments=False, config=_config(markup))
    return str(getattr(found, "text", None) or "")


def _without_title(text: str, titles: Collection[str]) -> str:
    """Remove a first line that repeats the title."""
    first, _, rest = text.partition("\n")
    return rest.lstrip("\n") if " ".join(first.split()) in titles and rest.strip() else text


def _config(markup: str) -> Any:
    from copy import copy

    from trafilatura.settings import DEFAULT_CONFIG, use_config

    letters = re.sub(r"<[^<>]*>|[\s!-@]", "", markup[: 1 << 16])
    if len(UNSPACED.findall(letters)) * 4 < len(letters):
        return DEFAULT_CONFIG
    config = copy(use_config())
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(_SHORTEST_UNSPACED))
    return config


def _silence_loggers() -> None:
    """Keep the libraries from logging to standard error. Handlers set by the caller still receive the logs."""
    import logging

    for name in ("courlan", "htmldate", "justext", "readability", "trafilatura"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
