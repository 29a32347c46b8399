"""Between JSON and articles: what a record must have, and what is told of placements, stories and explanations."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from dedup.article import Article
from dedup.index import IndexedArticle, Placement
from dedup.results.clustering import Explanation, Link
from dedup.service.config import ServiceSettings
from dedup.service.problems import Fault, Problem, problem

ID = 512
"""Characters of an id."""
LENGTHS = {"title": 5_000, "source": 500, "url": 8_000, "lang": 100}
"""Characters of the other fields."""
FIELDS = ("id", "text", *LENGTHS, "published", "seen")
"""The fields of an article."""
ID_PATTERN = r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
"""What an id looks like: no control characters, and no space at its head."""
DATE_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
"""What a date looks like."""
WORDS_PATTERN = r"\S"
"""What a query looks like: there is something in it."""
PATTERNS = {
    DATE_PATTERN: ("is no date", "write 2024-01-31 or 2024-01-31T12:30:00Z"),
    ID_PATTERN: ("begins with a space or has control characters", "give an id of visible characters"),
    WORDS_PATTERN: ("has no words", "give one to twelve words"),
}
"""For each pattern what is wrong with what does not fit it, and what to do."""
_ID, _DATE, _SURROGATE = (
    re.compile(ID_PATTERN[:-1] + r"\Z"),
    re.compile(DATE_PATTERN[:-1] + r"\Z"),
    re.compile("[\ud800-\udfff]"),
)
_DAY = len("2024-01-31")


def article_of(
    record: Any, settings: ServiceSettings, *, where: str = "", needs_id: bool = True, needs_words: bool = False
) -> Article:
    """The article that a record of JSON is.

    Args:
        record: any JSON value.
        settings: for the limits.
        where: what stands before the names of fields in a problem: "articles.3".
        needs_id: whether it must have an id.
        needs_words: whether it must have a text or a title: one of many that has neither keeps its place.

    Raises:
        Problem: naming every field that is not as it should be.
    """
    begin = f"{where}." if where else ""
    if not isinstance(record, dict):
        raise problem("invalid", where or "body", f"it is {_kind(record)}", "send an article as a JSON object")
    faults: list[Fault] = [
        Fault(f"{begin}{name[:100]}", "an article has no such field", f"leave it out; it has: {', '.join(FIELDS)}")
        for name in record
        if name not in FIELDS
    ]
    values: dict[str, Any] = {}
    limits = {"id": ID, "text": settings.text, **LENGTHS}
    for name, most in limits.items():
        value = record.get(name)
        if value is None and not (name == "text" or (name == "id" and needs_id)):
            continue
        if fault := _text_fault(name, value, most):
            faults.append(Fault(begin + name, *fault))
        else:
            values[name] = value
    for name in ("published", "seen"):
        value = record.get(name)
        if value is None:
            continue
        moment = read_date(value)
        if moment is None:
            what = f"{value[:40]!r} is no date" if isinstance(value, str) else f"it is {_kind(value)}"
            faults.append(Fault(begin + name, what, "write it as ISO 8601 has it: 2024-01-31 or 2024-01-31T12:30:00Z"))
        else:
            values[name] = moment
    if needs_words and not faults and not values["text"].strip() and not values.get("title", "").strip():
        faults.append(Fault(f"{begin}text", "it is empty, and there is no title", "give a text, a title, or both"))
    if faults:
        raise Problem("invalid", *faults[:20])
    return Article(**{"id": "", **values})


def _text_fault(name: str, value: Any, most: int) -> tuple[str, str] | None:
    if value is None:
        return "it is missing", f"give {'an id by which you know the article' if name == 'id' else 'a string'}"
    if not isinstance(value, str):
        return f"it is {_kind(value)}", "give a string"
    if len(value) > most:
        return f"it has {len(value):,} characters", f"give at most {most:,}"
    if _SURROGATE.search(value):
        return "it has half of a surrogate pair", "write the character as UTF-8, or as both halves"
    if name == "id" and not _ID.match(value):
        return "it is empty, begins with a space or has control characters", "give an id of visible characters"
    return None


def read_date(value: Any) -> date | datetime | None:
    """A day or a time as ISO 8601 and RFC 3339 write it, None for anything else. A leap second is the one before."""
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    try:
        if len(value) <= _DAY:
            return date.fromisoformat(value)
        found = datetime.fromisoformat(re.sub(r"(?<=:\d\d):60", ":59", value.upper().replace(",", ".")))
        found.timestamp()
    except (ValueError, OverflowError):
        return None
    return found


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "of another type")


def placement_record(placement: Placement) -> dict[str, Any]:
    """A placement, ready for JSON."""
    told = placement.to_record()
    return {**told, "links": [_link(link) for link in placement.links]}


def _link(link: Link) -> dict[str, Any]:
    """What `dataclasses.asdict` gives, without copying what cannot change: it was a good part of every answer."""
    return {name: getattr(link, name) for name in Link.__slots__}


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    """An explanation, ready for JSON."""
    return {**asdict(explanation), "waterfall": [asdict(part) for part in explanation.waterfall()]}


def head_record(held: IndexedArticle) -> dict[str, Any]:
    """An article without its text, ready for JSON."""
    told = held.to_record()
    del told["text"]
    return told
