"""Read XML with lxml: items of RSS and Atom feeds, one at a time, and documents of NITF and of trafilatura."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from dedup.article import Notice
from dedup.errors import MissingDependencyError
from dedup.inputs.markup import to_plain
from dedup.inputs.values import fullest
from dedup.read import nitf
from dedup.read.source import LARGEST_RECORD, Record, Source, rename_fields

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PREFIXES = {
    "": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://www.w3.org/2005/Atom": "",
    "http://purl.org/atom/ns#": "",
    "http://www.tei-c.org/ns/1.0": "",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
}
"""Namespace -> prefix in the names below. Elements of other namespaces, such as Media RSS, are ignored."""

_TEXT = ("content:encoded", "content", "description", "summary")
_PUBLISHED = ("pubdate", "published", "issued", "dc:date", "dcterms:issued", "dcterms:created", "updated", "modified")
_ID = ("guid", "id", "dc:identifier")

_ITEMS = frozenset(("item", "entry"))
_DOCUMENTS = frozenset(("doc", "TEI", "nitf"))

_MOST_ELEMENTS = 200_000
"""Maximum elements held in memory: those of one item or document."""
_MOST_HELD = 2 * LARGEST_RECORD
"""Maximum bytes of the same, in UTF-8 with entities expanded."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(?:(#\w{1,8}|[A-Za-z]\w{0,31});)?")
_XML_ENTITIES = frozenset(("amp", "apos", "gt", "lt", "quot"))
_LONGEST_ENTITY = 34
_PIECE = 1 << 16


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    try:
        from lxml import etree
    except ImportError:
        raise MissingDependencyError("reading XML", "lxml", extra="feeds") from None
    with source.text(declared=True) as stream:
        # No network access, and no entities but the five of XML: a feed cannot include other files.
        cleaned = _CleanedXml(stream)
        parser = etree.iterparse(
            cleaned,
            events=("start", "end"),
            encoding="utf-8",
            recover=True,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
        )
        feed = _Feed()
        read_before = 0
        try:
            for event, element in parser:
                values = feed.take(event, element)
                if values is not None:
                    number = feed.count if feed.is_feed else None
                    yield Record(rename_fields(fields, **values), number, is_plain=True)
                if values is not None or not feed.held:
                    read_before = cleaned.given_out
                elif feed.held > _MOST_ELEMENTS or cleaned.given_out - read_before > _MOST_HELD:
                    problem = f"an item with more than {_MOST_ELEMENTS:,} elements or {LARGEST_RECORD:,} characters"
                    yield Notice(source.where, problem, "it and what comes behind is skipped", skipped=True)
                    break
                if feed.is_foreign:
                    break  # reported below; its whole content would be held in memory
        except etree.XMLSyntaxError:
            pass  # reported below
        if not feed.root:
            if cleaned.filled:
                yield Notice(source.where, "it is not XML", "skipped", skipped=True)
            return
        if cleaned.replaced:
            what = "characters that XML cannot hold" if cleaned.replaced > 1 else "character that XML cannot hold"
            yield Notice(source.where, f"it has {cleaned.replaced:,} {what}", "replaced by U+FFFD", skipped=False)
        yield from _faults(parser.error_log, source.where)
        if not feed.count and feed.root and not feed.is_feed:
            problem = f"it is XML, but neither RSS nor Atom nor NITF nor of trafilatura (it begins with <{feed.root}>)"
            yield Notice(source.where, problem, "skipped", skipped=True)


def _faults(errors: Any, where: str) -> Iterator[Notice]:
    from lxml import etree

    harmless = {etree.ErrorTypes.ERR_UNDECLARED_ENTITY, etree.ErrorTypes.WAR_UNDECLARED_ENTITY}
    faults = [error for error in errors if error.level >= etree.ErrorLevels.ERROR and error.type not in harmless]
    if faults:
        others = f" and {len(faults) - 1:,} more such faults" if len(faults) > 1 else ""
        problem = f"broken XML at line {faults[0].line} ({faults[0].message.strip()}){others}"
        yield Notice(where, problem, "what can be made out is read", skipped=True)


class _Feed:
    """The state of a feed while its elements are parsed."""

    def __init__(self) -> None:
        self.root = ""
        self.count = 0
        self.held = 0  # elements in memory
        self._depth = 0
        self._open = 0
        self._held_before: list[int] = []  # value of `held` at the start of each open item
        self._about: dict[str, str] = {}

    @property
    def is_feed(self) -> bool:
        return self.root.lower() in {"rss", "rdf", "feed", "channel"}

    @property
    def is_foreign(self) -> bool:
        """Return whether the root element is known, and is neither a feed nor a document."""
        return bool(self.root) and not self.is_feed and self.root not in _DOCUMENTS

    def take(self, event: str, element: Any) -> dict[str, Any] | None:
        """Process a parser event. Return the values of an item that has just ended, else None."""
        name = _name(element)
        if event == "start":
            self.held += 1
            self._depth += 1
            if self._depth == 1:
                self.root = name or element.tag.rpartition("}")[2]
            if self.is_feed and name in _ITEMS:
                self._open += 1
                self._held_before.append(self.held)
            if name in {"rss", "feed", "channel"} and element.get(_LANG):
                self._about["lang"] = element.get(_LANG)
            return None
        self._depth -= 1
        if self.is_feed and name in _ITEMS:  # after a broken item, the next ones are nested in it
            self._open -= 1
            self.count += 1
            self.held = self._held_before.pop()  # only the item itself remains
            values = _item(element, self._about)
            if self._open:
                element.clear()
            else:
                self._forget(element)
            return values
        if self._open:
            return None
        if self._depth == 0 and name in _DOCUMENTS:
            self.count += 1
            return {"doc": _document, "TEI": _tei, "nitf": nitf.read_nitf}[name](element)
        if self.is_feed and _name(element.getparent()) in {"channel", "feed"}:
            key = {"title": "source", "language": "lang", "dc:language": "lang"}.get(name)
            if key:
                self._about.setdefault(key, to_plain(_content(element)).strip())
            if name not in {"channel", "feed"}:
                self._forget(element)
        return None

    def _forget(self, element: Any) -> None:
        """Free an element and its preceding siblings, so that memory is bounded by one item."""
        tail = element.tail
        element.clear()
        element.tail = tail
        parent = element.getparent()
        while parent is not None and (before := element.getprevious()) is not None:
            parent.remove(before)
        self.held = 0


def _item(element: Any, about: Mapping[str, str]) -> dict[str, Any]:
    held: dict[str, str] = {}
    url = source = author = ""
    sections: list[str] = []
    for child in element:
        name = _name(child).lower()
        if name == "link":
            if child.get("rel", "alternate") == "alternate":
                url = url or child.get("href") or _address(_content(child))
        elif name == "category":
            sections += filter(None, [(child.get("label") or child.get("term") or to_plain(_content(child))).strip()])
        elif name == "author":
            names = [inner for inner in child if _name(inner) == "name"]
            author = author or to_plain(_content(names[0] if names else child)).strip()
        elif name == "source":
            titles = [inner for inner in child if _name(inner) == "title"]
            source = to_plain(_content(titles[0] if titles else child)).strip()
        elif name and not held.get(name, "").strip():
            held[name] = _markup(child) if child.get("type") == "xhtml" else _content(child)
    texts = (to_plain(held[name]).strip() for name in _TEXT if name in held)
    about_url = element.get(_ABOUT) or ""
    values = {
        "id": next((_address(held[name]) for name in _ID if held.get(name, "").strip()), about_url),
        "title": " ".join(to_plain(held.get("title", "") or held.get("dc:title", "")).split()),
        "text": fullest(texts),
        "published": next((held[name].strip() for name in _PUBLISHED if held.get(name, "").strip()), ""),
        "source": source or about.get("source", "") or held.get("dc:publisher", "").strip(),
        "url": url or about_url,
        "author": author or to_plain(held.get("dc:creator", "")).strip(),
        "section": ", ".join(dict.fromkeys(sections)),
        "lang": element.get(_LANG) or held.get("dc:language", "").strip() or about.get("lang", ""),
    }
    return {name: value for name, value in values.items() if value or name == "text"}


def _address(text: str) -> str:
    """Return an address or id with ampersands unescaped; some feeds escape them twice."""
    return text.strip().replace("&amp;", "&")


def _document(element: Any) -> dict[str, Any]:
    """Return the values of trafilatura's XML: metadata are attributes, the text is in `main`."""
    main = element.find("main")
    named_so = {"title": "title", "published": "date", "id": "id", "url": "url", "lang": "language", "seen": "filedate"}
    named_so |= {"author": "author", "section": "categories"}
    values = {ours: element.get(theirs, "") for ours, theirs in named_so.items()}
    values["source"] = element.get("sitename") or element.get("hostname") or ""
    values["text"] = _paragraphs(main) if main is not None else ""
    return {name: value for name, value in values.items() if value or name == "text"}


def _tei(element: Any) -> dict[str, Any]:
    """Return the values of trafilatura's TEI."""
    space = {"t": "http://www.tei-c.org/ns/1.0"}

    def text(path: str) -> str:
        return str(element.xpath(f"string(({path})[1])", namespaces=space)).strip()

    body = element.find(".//t:text/t:body", space)
    values = {
        "title": text(".//t:titleStmt/t:title"),
        "published": text(".//t:biblFull//t:date"),
        "source": re.sub(r" \([^()]*\)$", "", text(".//t:biblFull//t:publisher")),
        "url": text(".//t:ptr[@type='URL']/@target"),
        "author": text(".//t:biblFull//t:author"),
        "seen": text(".//t:creation/t:date[@type='download']"),
        "text": _paragraphs(body.find("t:div[@type='entry']", space) if body is not None else None),
    }
    return {name: value for name, value in values.items() if value or name == "text"}


def _paragraphs(element: Any) -> str:
    if element is None:
        return ""
    pieces = (" ".join(_content(child).split()) for child in element)
    return "\n".join(piece for piece in pieces if piece)


def _name(element: Any) -> str:
    """Return the name of an element with its prefix in `_PREFIXES`, "" for other namespaces."""
    if element is None or not isinstance(element.tag, str):
        return ""
    space, _, local = element.tag.rpartition("}")
    prefix = _PREFIXES.get(space.removeprefix("{"))
    if local == "RDF":
        return "rdf"
    if prefix is None and nitf.IN_NAMESPACE in space:
        prefix = ""
    return "" if prefix is None else f"{prefix}{local}"


def _content(element: Any) -> str:
    """Return all text in an element."""
    return "".join(element.itertext())


def _markup(element: Any) -> str:
    """Return the markup in an element."""
    from lxml import etree

    inside = (etree.tostring(child, encoding="unicode") for child in element)
    return "".join([html.escape(element.text or ""), *inside])


class _CleanedXml(io.RawIOBase):
    """A text stream as UTF-8 bytes, repaired so that libxml2 does not lose text after an error.

    HTML entities become their characters, bare ampersands are escaped, and characters that are invalid in XML are
    replaced by U+FFFD.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._held = ""
        self._waiting = b""
        self.filled = False
        self.replaced = 0
        self.given_out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        if not self._waiting:
            self._waiting = self._next()
        given, self._waiting = self._waiting[: len(view)], self._waiting[len(view) :]
        view[: len(given)] = given
        self.given_out += len(given)
        return len(given)

    def _next(self) -> bytes:
        piece = self._stream.read(_PIECE)
        self.filled = self.filled or bool(piece.strip())
        text, self._held = self._held + piece, ""
        if piece and (start := text.rfind("&", len(text) - _LONGEST_ENTITY)) > 0:  # may continue in the next piece
            text, self._held = text[:start], text[start:]
        text, count = _UNHOLDABLE.subn("\ufffd", _AMPERSAND.sub(_escaped, text))
        self.replaced += count
        return text.encode()


def _escaped(ampersand: re.Match[str]) -> str:
    name = ampersand[1]
    if name is None:
        return "&amp;"
    if name in _XML_ENTITIES:
        return ampersand[0]
    meant = html.unescape(ampersand[0])
    return html.escape(meant) if meant != ampersand[0] else f"&amp;{name};"
