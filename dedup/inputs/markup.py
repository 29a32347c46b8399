"""Recognise HTML in the text of a record by its structure, and convert it to plain text with the standard library.

A text that only speaks of tags ("the <b> tag"), compares (`a < b`) or holds addresses in angle brackets is no HTML.
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from html.parser import HTMLParser

_BLOCKS = (
    "address|article|aside|blockquote|body|center|details|dialog|dir|div|dl|fieldset|figcaption|figure|footer|form|h1|h2"
    "|h3|h4|h5|h6|head|header|hgroup|html|legend|main|menu|nav|ol|p|pre|section|table|tbody|tfoot|thead|ul"
)
_LINES = "br|caption|dd|dt|hr|li|option|summary|tr"
_INLINE = (
    "a|abbr|acronym|area|b|base|bdi|bdo|big|button|cite|code|col|colgroup|data|datalist|del|dfn|em|embed|font|i|img"
    "|input|ins|kbd|label|link|map|mark|meta|meter|nobr|optgroup|output|param|picture|progress|q|rp|rt|ruby|s|samp"
    "|select|small|source|span|strike|strong|sub|sup|time|track|tt|u|var|wbr"
)
_HIDDEN = "audio|canvas|iframe|noscript|object|script|style|svg|template|textarea|title|video"
"""Elements whose content is no text of the page, or is shown only by browsers that lack the element."""
_NAMES = f"{_BLOCKS}|{_LINES}|td|th|{_INLINE}|{_HIDDEN}"
_BREAK = (
    dict.fromkeys(_BLOCKS.split("|"), "\n\n")
    | dict.fromkeys(_LINES.split("|"), "\n")
    | dict.fromkeys(("td", "th"), " ")
)
_ALONE = frozenset(("br", "BR", "dd", "dt", "hr", "li", "p", "td", "th", "tr", "!--"))
"""Tags that need no end tag: in lower case, since `<P>` and `<DD>` are stocks as well. Any other tag without attributes
is recognised with its end tag only."""
_MOST_TAGS = 100_000
"""A text with more angle brackets is left as it is: no article has so many tags, and each takes microseconds."""

_REST = r"""(?=[\s/>])(?:[\s/]*+[^\s<>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s<>"'][^\s<>]*+))?+)*+[\s/]*+>"""
"""The attributes and the end of a tag. Possessive quantifiers keep the time linear."""
_TAG = re.compile(rf"<(?P<end>/?)(?P<name>{_NAMES})(?P<rest>{_REST})|<!--[^<>]{{0,200}}?-->", re.IGNORECASE)
_PROLOGUE = re.compile(r"\s*<(?:!doctype\s|!\[CDATA\[|\?xml\s|!--)", re.IGNORECASE)
_PIECE = re.compile(
    rf"(?P<dropped><!--.*?(?:-->|\Z)|<!\[CDATA\[|\]\]>|<[!?][^<>]*+>|</?(?:{_NAMES})(?:\s[^<>]*+)?\Z"
    rf"|<(?P<name>{_HIDDEN}){_REST}(?<!/>).*?(?:</(?P=name)\s*+>|\Z)|</?(?:{_HIDDEN}){_REST})"
    rf"|(?P<tag></?(?:[a-z]\w{{0,9}}:)?(?:{_NAMES}|[a-z][a-z0-9]*+-[a-z0-9-]*+){_REST})|<",
    re.IGNORECASE | re.DOTALL,
)
"""What is dropped, tags of HTML (also with a prefix, and custom elements), and other angle brackets, which are text."""
_SEPARATOR = re.compile(rf"<(?:{_BLOCKS}|{_LINES})[\s/>]", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")

_QUOTES = frozenset("\"'`´“”„‘’‚«»‹›")
_OPENING, _CLOSING = frozenset("([{/-–—"), frozenset(".,;:!?…)]}/-–—")
_SENTENCE_END = re.compile(r"""[.!?…。]["'”’»)]*\s+$""")
_PLURAL = re.compile(r"['’]?s\b")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_SPACE = re.compile(r"[^\S\n]+")
_LINE_END = re.compile(r" ?\n ?")
_GAP = re.compile(r"\n{3,}")


def to_plain(text: str) -> str:
    """Convert HTML to plain text; return any other text as it is.

    Block elements become paragraphs, separated by blank lines, and `<br>`, rows and list items become lines. Scripts,
    styles, comments and attributes are dropped. Entities with a semicolon are decoded also in a text without tags;
    what is HTML then was escaped as a whole, and is converted as well.
    """
    if _is_html(text):
        return _without_tags(text)
    if "&" not in text:
        return text
    decoded = _ENTITY.sub(_decoded, text)
    return _without_tags(decoded) if _is_html(decoded) else decoded


def _without_tags(text: str) -> str:
    parser = _TextParser(text)
    parser.feed(_PIECE.sub(_sifted, text))
    parser.close()
    return parser.text()


def to_plain_line(text: str) -> str:
    """Convert HTML to plain text on one line, such as a title; return any other text as it is."""
    plain = to_plain(text)
    return text if plain == text else " ".join(plain.split())


def _is_html(text: str) -> bool:
    """Return whether a text has a tag with attributes, an element, or a tag that separates lines or paragraphs."""
    if not 0 < text.count("<") <= _MOST_TAGS:
        return False
    if _PROLOGUE.match(text):
        return True
    opened: set[str] = set()
    for tag in _TAG.finditer(text):
        name = tag["name"] or "!--"
        if name != "!--" and not name.islower() and not name.isupper():  # `List<Article>`
            continue
        if tag["rest"] and "=" in tag["rest"]:
            return True
        before, after = text[max(0, tag.start() - 8) : tag.start()], text[tag.end() : tag.end() + 8]
        if before[-1:] in _QUOTES and after[:1] in _QUOTES:
            continue
        begins = not before.strip() or before.rstrip(" \t").endswith(("\n", "\r", ">"))
        ends = not after.strip() or after.lstrip(" \t").startswith(("\n", "\r", "<"))
        attached_before = bool(before) and not before[-1].isspace() and before[-1] not in _OPENING
        attached_after = (
            bool(after) and not after[0].isspace() and after[0] not in _CLOSING and not _PLURAL.match(after)
        )
        if name in _ALONE and (
            attached_before or attached_after or (begins and ends) or bool(_SENTENCE_END.search(before))
        ):
            return True
        name = name.lower()
        if tag["end"]:
            if name in opened and (attached_before or ends):
                return True
        elif attached_after or begins:
            opened.add(name)
    return False


def _sifted(piece: re.Match[str]) -> str:
    return "" if piece["dropped"] else piece["tag"] or "&lt;"


def _decoded(entity: re.Match[str]) -> str:
    if entity[1] and f"{entity[1]};" not in html5:
        return entity[0]
    character = html.unescape(entity[0])
    return " " if character == "\xa0" else character


class _TextParser(HTMLParser):
    """Collects the text of HTML in which every angle bracket belongs to a tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._has_blocks = _SEPARATOR.search(text) is not None

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - as in the base class
        self._pieces.append(_BREAK.get(tag.rpartition(":")[2], ""))

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if (separator := _BREAK.get(tag.rpartition(":")[2], "")) == "\n\n":
            self._pieces.append(separator)

    def handle_data(self, data: str) -> None:
        if self._has_blocks:  # without any, line ends are those of the text
            data = "\n\n".join(part.replace("\n", " ") for part in _BLANK_LINE.split(data))
        self._pieces.append(data)

    def text(self) -> str:
        """Return the text, in paragraphs."""
        text = _LINE_END.sub("\n", _SPACE.sub(" ", "".join(self._pieces)))
        return _GAP.sub("\n\n", text).strip()
