"""Conversion between the objects of the library and the JSON of a service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dedup.article import Article, Notice
from dedup.comparison import Mentions, Passage, Piece
from dedup.errors import ConflictError, CursorError, InputError, ServiceError, UnknownArticleError
from dedup.group.decisions import Decision
from dedup.index import Change, IndexedArticle, Placement
from dedup.index.decisions import Decided
from dedup.index.growth import Growth
from dedup.index.inputs import Incoming
from dedup.index.store.records import from_iso
from dedup.kinds import FoundKind
from dedup.results.clustering import CopyGroup, Explanation, Link, SharedWord, Story
from dedup.results.origins import Origins

_BYTES = 4_000_000
_NUMBER = 25  # bytes of a number of a vector, with a comma
_SENT = ("id", "text", "title", "source", "url", "author", "section", "kind", "lang", "published", "seen")


def path_segment(name: str) -> str:
    """Return an id as a segment of a path, with "." and ".." escaped."""
    return quote(name, safe="").replace(".", "%2E") if not name.strip(".") else quote(name, safe="")


def record_of(incoming: Incoming) -> dict[str, Any]:
    """Return the record of an article to send, without its empty fields; the text is always there."""
    record: dict[str, Any] = incoming.article.to_record()
    found = {name: record[name] for name in _SENT if record[name] or name == "text"}
    vector = incoming.article.vector
    return found if vector is None else {**found, "vector": [*vector]}


def batches(records: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the records in batches whose bodies are not too large."""
    batch: list[dict[str, Any]] = []
    size = 0
    for record in records:
        count = 6 * len(record["text"]) + _NUMBER * len(record.get("vector", ())) + 1_000
        if batch and size + count > _BYTES:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += count
    if batch:
        yield batch


def retry_seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0


def problem_of(content: bytes) -> dict[str, Any] | None:
    """Return the problem of an answer, or None if the answer is not one of dedup, but of a proxy for example."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    ours = isinstance(found, dict) and str(found.get("type", "")).startswith("urn:story-dedup:problem:")
    return found if ours else None


def error_of(problem: Mapping[str, Any]) -> Exception:
    """Return the error of the library for a problem."""
    status = int(problem.get("status", 0))
    faults = "; ".join(f"{one['field']}: {one['problem']}: {one['remedy']}" for one in problem.get("errors", ())[:5])
    message = f"{problem['title']} ({status}): {faults}" if faults else f"{problem['title']} ({status})"
    if status == 410:
        return CursorError(message)
    if status == 404:
        return UnknownArticleError(message)
    if status == 412 or str(problem.get("type", "")).endswith(":contradiction"):
        named = [] if status == 412 else [str(one["field"]) for one in problem.get("errors", ())]
        return ConflictError(message, named)
    if status in {400, 409, 413, 414, 415, 422}:
        return InputError(message)
    return ServiceError(message, status)


def change(record: Mapping[str, Any]) -> Change:
    return Change(**{**record, "at": datetime.fromisoformat(record["at"])})


def decision(record: Mapping[str, Any]) -> Decision:
    return replace(Decision.from_record(record), in_force=bool(record["in_force"]))


def decided(record: Mapping[str, Any]) -> Decided:
    made = tuple(decision(one) for one in record["decisions"])
    return Decided(made, record["version"], dict(record["stories"]), tuple(map(change, record["changes"])))


def placement(record: Mapping[str, Any], incoming: Incoming) -> Placement:
    """Return the placement of an article, with the notices of the client and those that the service adds."""
    later = (Notice(f"article {record['id']}", one["problem"], one["action"], False) for one in record["notices"])
    known = {one.action for one in incoming.notices}
    return Placement(
        record["id"],
        record["status"],
        record["story"] or "",
        record["new_story"],
        record["copy_of"],
        tuple(Link(**link) for link in record["links"]),
        tuple(map(change, record["changed"])),
        record["before"] or "",
        (*incoming.notices, *(one for one in later if one.action not in known)),
        record.get("suspected_copy_of"),
        storyline=record.get("storyline") or "",
        revision_of=record.get("revision_of"),
        revised_by=record.get("revised_by"),
    )


def held(record: Mapping[str, Any]) -> IndexedArticle:
    names = ("id", "title", "source", "url", "author", "section", "lang")
    fields: dict[str, Any] = {name: record.get(name, "") for name in names}
    fields |= {name: from_iso(record[name]) for name in ("published", "seen")}
    kind = FoundKind(record["kind"], record["kind_reason"])
    if kind.reason == "given":
        fields["kind"] = kind.kind
    return IndexedArticle(
        Article(text=record.get("text", ""), **fields),
        record["story"],
        record["copy_of"],
        kind,
        record.get("revision_of"),
        record.get("revised_by"),
        record.get("withdrawn", False),
    )


def story(record: Mapping[str, Any]) -> Story:
    origins = {name: value for name, value in record["origins"].items() if name != "summary"}
    groups = tuple(CopyGroup(one["id"], tuple(one["articles"]), one["canonical"]) for one in record["copy_groups"])
    return Story(
        record["id"],
        tuple(record["articles"]),
        record["canonical"],
        record["title"],
        groups,
        from_iso(record["start"]),
        from_iso(record["end"]),
        tuple(record["sources"]),
        storyline=record.get("storyline", ""),
        origins=Origins(**{**origins, "agencies": tuple(origins["agencies"])}),
        revisions=tuple(map(tuple, record.get("revisions", ()))),
    )


def growth(record: Mapping[str, Any]) -> Growth:
    """Return the growth of the story of a record."""
    given = record["growth"]
    return Growth(given["hours"], given["articles"], given["origins"])


def explanation(record: Mapping[str, Any]) -> Explanation:
    fields = {name: value for name, value in record.items() if name != "waterfall"}
    passages = [{**one, "pieces": tuple(Piece(**piece) for piece in one["pieces"])} for one in record["passages"]]
    return Explanation(
        **{
            **fields,
            "link": Link(**record["link"]),
            "words": tuple(SharedWord(**word) for word in record["words"]),
            "passages": tuple(Passage(**one) for one in passages),
            **{name: Mentions(**{key: tuple(some) for key, some in record[name].items()}) for name in _MENTIONS},
            "missing": tuple(record["missing"]),
            **{name: tuple(record.get(name, ())) for name in ("removed_a", "removed_b")},
        }
    )


_MENTIONS = ("names", "numbers", "dates")
