"""Records with other names, types and dates than the API has, read as the records of files are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dedup.article import Article, Notice
from dedup.index.inputs import read_article, unread
from dedup.inputs.items import is_blank
from dedup.service.problems import Fault, Problem

NAMES = 300
"""Names that are looked at in a record, those of objects in it included."""
_LONGEST = 100
"""Characters of a name that is looked at."""
_DEEPEST = 6
"""Depth of objects in each other whose names are looked at."""
_OPTIONAL = ("source", "url", "author", "section", "kind", "lang")
_LABELS = ("story", "storyline")
"""Fields of an article that label it for an evaluation, and mean nothing to a service."""
_ID = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_OPTION = re.compile(r" \(--[^)]*\)")
"""What a notice advises to users of the command."""


@dataclass(frozen=True, slots=True)
class Received:
    """An article of a request, and the notices of what was changed or left out."""

    article: Article
    notices: tuple[Notice, ...] = ()


def read_tolerantly(
    record: Mapping[str, Any],
    refused: Problem,
    limits: Mapping[str, int],
    *,
    where: str = "",
    needs_id: bool = True,
    needs_words: bool = False,
) -> Received:
    """Read a record that is not as the API has it: by the usual names of fields, and with a notice of each fault.

    Args:
        record: the record.
        refused: the problem of reading it strictly.
        limits: characters of the fields at most.
        where, needs_id, needs_words: see `RequestModels.read_article`.

    Raises:
        Problem: it has no id, neither text nor title, or one of them is too long.
    """
    begin, left_out = f"{where}." if where else "", list[str]()
    room = [NAMES]
    incoming = read_article(_looked_at(record, room, left_out), needs_id=False, may_be_blank=True)
    article, notices = incoming.article, [_without_option(notice) for notice in incoming.notices]
    strict = {fault.field: fault for fault in refused.faults}
    faults = []
    if needs_id and not article.id:
        missing = Fault(f"{begin}id", "it is missing", "give an id by which you know the article")
        faults.append(strict.get(f"{begin}id", missing))
    elif len(article.id) > limits["id"]:
        faults.append(_too_long(f"{begin}id", article.id, limits["id"]))
    elif article.id and not _ID.fullmatch(article.id):
        faults.append(Fault(f"{begin}id", "it has control characters", "give an id of visible characters"))
    if is_blank(article):
        if needs_words or f"{begin}text" in strict:
            wordless = Fault(f"{begin}text", "it is empty, and there is no title", "give a text, a title, or both")
            faults.append(strict.get(f"{begin}text", wordless))
    else:
        required = (("text", article.text), ("title", article.title))
        faults += [
            _too_long(f"{begin}{name}", value, limits[name]) for name, value in required if len(value) > limits[name]
        ]
    if faults:
        raise Problem("invalid", *faults)
    for name in _OPTIONAL:
        if (length := len(getattr(article, name))) > limits[name]:
            empty: dict[str, Any] = {name: ""}
            article = replace(article, **empty)
            notices.append(Notice(where, f"its {name} has {length:,} characters", "left out", skipped=False))
    left_out = [*(name for name in _LABELS if getattr(article, name) is not None), *left_out]
    article = replace(article, story=None, storyline=None)
    if left_out:
        notices.append(unread(where, left_out))
    return Received(article, tuple(notices))


def _looked_at(
    record: Mapping[str, Any], room: list[int], left_out: list[str], depth: int = _DEEPEST
) -> dict[str, Any]:
    """Return a record with at most so many names as there is room for; names beyond are added to `left_out`."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        if not room[0] or len(name) > _LONGEST:
            left_out.append(name[:_LONGEST])
            continue
        room[0] -= 1
        if isinstance(value, Mapping):
            value = _looked_at(value, room, left_out, depth - 1) if depth else None  # noqa: PLW2901 - what is looked at
        found[name] = value
    return found


def _too_long(field: str, value: str, limit: int) -> Fault:
    return Fault(field, f"it has {len(value):,} characters", f"give at most {limit:,}")


def _without_option(notice: Notice) -> Notice:
    return replace(notice, problem=_OPTION.sub("", notice.problem), action=_OPTION.sub("", notice.action))
