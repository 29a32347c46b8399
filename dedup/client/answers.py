"""Between the library's objects and the JSON of a service: what a client sends, and what it makes of an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dedup.article import Article, Notice
from dedup.comparison import Mentions, Passage, Piece
from dedup.errors import CursorError, InputError, ServiceError, UnknownArticleError
from dedup.index import Change, IndexedArticle, Placement
from dedup.index.inputs import Incoming
from dedup.index.store.records import from_iso
from dedup.results.clustering import CopyGroup, Explanation, Link, SharedWord, Story

_BYTES = 4_000_000
_SENT = ("id", "text", "title", "source", "url", "lang", "published", "seen")


def part_of(name: str) -> str:
    """A part of an address; "." and ".." would be taken for folders."""
    return quote(name, safe="").replace(".", "%2E") if not name.strip(".") else quote(name, safe="")


def record_of(incoming: Incoming) -> dict[str, Any]:
    """Return the record of an article to send, without its empty fields; the text is always there."""
    record = incoming.article.to_record()
    return {name: record[name] for name in _SENT if record[name] or name == "text"}


def parts(records: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Some records at a time, so that no body is too large."""
    part: list[dict[str, Any]] = []
    size = 0
    for record in records:
        own = 6 * len(record["text"]) + 1_000
        if part and size + own > _BYTES:
            yield part
            part, size = [], 0
        part.append(record)
        size += own
    if part:
        yield part


def seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0


def problem_of(content: bytes) -> dict[str, Any] | None:
    """The problem that an answer tells of; None where it is not one of dedup's, but of who stands between, say."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    ours = isinstance(found, dict) and str(found.get("type", "")).startswith("urn:story-dedup:problem:")
    return found if ours else None


def error_of(problem: Mapping[str, Any]) -> Exception:
    """The error of the library that a problem is."""
    status = int(problem.get("status", 0))
    told = "; ".join(f"{one['field']}: {one['problem']}: {one['remedy']}" for one in problem.get("errors", ())[:5])
    message = f"{problem['title']} ({status}): {told}" if told else f"{problem['title']} ({status})"
    if status == 410:
        return CursorError(message)
    if status == 404:
        return UnknownArticleError(message)
    if status in {400, 409, 413, 414, 415, 422}:
        return InputError(message)
    return ServiceError(message, status)


def change(told: Mapping[str, Any]) -> Change:
    return Change(**{**told, "at": datetime.fromisoformat(told["at"])})


def placement(told: Mapping[str, Any], came: Incoming) -> Placement:
    """What is told of an article that was sent; of what was wrong with it what the client has not said already."""
    later = (Notice(f"article {told['id']}", one["problem"], one["action"], False) for one in told["notices"])
    known = {one.action for one in came.notices}
    return Placement(
        told["id"],
        told["status"],
        told["story"] or "",
        told["new_story"],
        told["copy_of"],
        tuple(Link(**link) for link in told["links"]),
        tuple(map(change, told["changed"])),
        told["before"] or "",
        (*came.notices, *(one for one in later if one.action not in known)),
    )


def held(told: Mapping[str, Any]) -> IndexedArticle:
    fields: dict[str, Any] = {name: told[name] for name in ("id", "title", "source", "url", "lang")}
    fields |= {name: from_iso(told[name]) for name in ("published", "seen")}
    return IndexedArticle(Article(text=told.get("text", ""), **fields), told["story"], told["copy_of"])


def story(told: Mapping[str, Any]) -> Story:
    groups = tuple(CopyGroup(one["id"], tuple(one["articles"]), one["canonical"]) for one in told["copy_groups"])
    return Story(
        told["id"],
        tuple(told["articles"]),
        told["canonical"],
        told["title"],
        groups,
        from_iso(told["start"]),
        from_iso(told["end"]),
        tuple(told["sources"]),
    )


def explanation(told: Mapping[str, Any]) -> Explanation:
    fields = {name: value for name, value in told.items() if name != "waterfall"}
    passages = [{**one, "pieces": tuple(Piece(**piece) for piece in one["pieces"])} for one in told["passages"]]
    return Explanation(
        **{
            **fields,
            "link": Link(**told["link"]),
            "words": tuple(SharedWord(**word) for word in told["words"]),
            "passages": tuple(Passage(**one) for one in passages),
            **{name: Mentions(**{key: tuple(some) for key, some in told[name].items()}) for name in _MENTIONS},
            "missing": tuple(told["missing"]),
        }
    )


_MENTIONS = ("names", "numbers", "dates")
