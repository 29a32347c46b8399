"""Read the values of NITF, the News Industry Text Format of the IPTC: one article in a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

IN_NAMESPACE = "/NITF/"
"""What all namespaces of NITF have in them; most documents have none."""

_PARAGRAPHS = frozenset(("p", "hl1", "hl2", "li", "dt", "dd", "pre", "credit", "tr"))
_BESIDE = frozenset(("media", "media-caption", "nitf-table", "abstract", "note", "copyrite"))
"""Elements in the content that are no text of the article."""
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def read_nitf(root: Any) -> dict[str, Any]:
    """Return the values of a document."""
    values = {
        "id": _attribute(root, "docdata/doc-id", "id-string") or root.get("uno", ""),
        "title": _line(_find(root, "body/body.head/hedline/hl1")) or _line(_find(root, "head/title")),
        "text": _text(root),
        "published": (
            _attribute(root, "docdata/date.issue", "norm")
            or _attribute(root, "pubdata", "date.publication")
            or _attribute(root, "docdata/date.release", "norm")
            or _attribute(root, "body.head/dateline/story.date", "norm")
        ),
        "source": (
            _attribute(root, "pubdata", "name")
            or _line(_find(root, "body.head/distributor/org"))
            or _line(_find(root, "body.head/distributor"))
            or _attribute(root, "docdata/doc.copyright", "holder")
        ),
        "url": _attribute(root, "pubdata", "ex-ref"),
        "lang": root.get(_LANG)
        or root.get("lang")
        or _attribute(root, "body", _LANG)
        or _attribute(root, "body", "lang"),
    }
    return {name: value for name, value in values.items() if value or name == "text"}


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _find(root: Any, path: str) -> Any:
    """Return the first element of a path, which may begin at any depth; None if there is none."""
    first, *names = path.split("/")
    for element in root.iter("{*}" + first):
        found = element
        for name in names:
            found = next((child for child in found if _name(child) == name), None)
            if found is None:
                break
        else:
            return found
    return None


def _attribute(root: Any, path: str, name: str) -> str:
    element = _find(root, path)
    return "" if element is None else (element.get(name) or "").strip()


def _line(element: Any) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _text(root: Any) -> str:
    """Return the text. A block that is part of the longest, as that of the first paragraph, is left out."""
    content = _find(root, "body/body.content")
    if content is None:
        return ""
    blocks = ["\n\n".join(_paragraphs(block)) for block in ([*content] if _is_blocks(content) else [content])]
    longest = max(range(len(blocks)), key=lambda place: len(blocks[place]))
    return "\n\n".join(block for place, block in enumerate(blocks) if place == longest or block not in blocks[longest])


def _is_blocks(content: Any) -> bool:
    names = {_name(child) for child in content} - _BESIDE
    return names == {"block"}


def _paragraphs(element: Any) -> Iterator[str]:
    """Yield the paragraphs in an element."""
    if text := " ".join((element.text or "").split()):
        yield text
    for child in element:
        name = _name(child)
        if name in _PARAGRAPHS:
            if text := _line(child):
                yield text
        elif name not in _BESIDE:
            yield from _paragraphs(child)
        if text := " ".join((child.tail or "").split()):
            yield text
