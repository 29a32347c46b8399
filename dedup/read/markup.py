"""Parse HTML with lxml, and convert fragments in feeds and mails to plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dedup.errors import MissingDependencyError

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BLOCKS = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "br",
            "caption",
            "center",
            "dd",
            "div",
            "dl",
            "dt",
            "figcaption",
        ),
        *("figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol"),
        *("p", "pre", "section", "table", "td", "th", "tr", "ul"),
    )
)
_HIDDEN = frozenset(("head", "iframe", "noscript", "script", "style", "svg", "template", "title"))
_TAG = re.compile(
    r"</?(?:a|abbr|article|b|big|blockquote|body|br|center|cite|code|dd|del|div|dl|dt|em|figure|font|footer|form|h[1-6]"
    r"|head|header|hr|html|i|iframe|img|input|ins|li|link|main|meta|nav|ol|p|picture|pre|q|s|script|section|small|span"
    r"|strike|strong|style|sub|sup|table|tbody|td|template|th|tr|tt|u|ul|video)(?=[\s/>])|<!--|<!doctype\b",
    re.IGNORECASE,
)
"""Tags that mark a text as HTML. Other words in angle brackets are text: "<one>"."""
_SPACE = re.compile(r"[^\S\n]+")
_GAP = re.compile(r" ?\n[ \n]*")


def parse_page(markup: str) -> tuple[HtmlElement | None, bool]:
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


def html_to_text(markup: str) -> str:
    """Return the text of an HTML fragment, one paragraph per line, without scripts and styles."""
    if not _TAG.search(markup):
        import html

        return html.unescape(markup).strip() if "&" in markup else markup.strip()
    tree, _ = parse_page(markup)
    if tree is None:
        return ""
    from lxml import etree

    pieces: list[str] = []
    hidden = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            hidden += tag in _HIDDEN
            if not hidden:
                pieces += ("\n" if tag in _BLOCKS else "", _on_one_line(element.text))
        else:
            hidden -= tag in _HIDDEN
            if not hidden:
                pieces += ("\n" if tag in _BLOCKS else "", _on_one_line(element.tail))
    return _GAP.sub("\n", _SPACE.sub(" ", "".join(pieces))).strip()


def _on_one_line(text: str | None) -> str:
    return " ".join(text.split("\n")) if text else ""
