"""Recognise output of dedup, which is not read as articles: results, judgements, pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dedup.article import Notice
from dedup.inputs.fields import find_fields
from dedup.inputs.values import is_missing

_ROW = frozenset({"id", "story", "copy_group", "canonical", "path"})
"""Fields of every row of a result."""

_DOCUMENT = frozenset({"schema", "dedup", "settings", "summary", "stories", "links"})
_JUDGEMENT = frozenset({"a", "b", "label"})
_LABELS = frozenset({"same_text", "same_story", "neither"})
_COLUMNS = frozenset(
    {
        "title",
        "source",
        "published",
        "dated",
        "dated_by",
        "probability",
        "storyline",
        "url",
        "author",
        "section",
        "status",
        "copy_of",
        "revision_of",
        "revised_by",
        "lang",
    }
)
_STORY_ROW = frozenset({"story", "articles", "copies", "outlets", "origins", "likely_original"})
_PAIR_ROW = frozenset({"a", "b", "kind", "cosine", "jaccard", "containment"})
OWN_NAMES = _ROW | _COLUMNS | _DOCUMENT | _JUDGEMENT | _STORY_ROW | _PAIR_ROW
"""Fields of output of dedup, by which `own_output_notice` recognises it, and of the rows of a result."""
_GENERATOR = "dedup "


def own_output_notice(values: Mapping[str, Any], where: str) -> Notice | None:
    """Return a notice if a record is output of dedup, else None.

    Args:
        values: the record.
        where: the file it is in, for the notice.
    """
    if values.keys() == _JUDGEMENT and str(values["label"]) in _LABELS:
        return Notice(where, "it holds judgements, no articles", "not read", skipped=False)
    if _STORY_ROW.issubset(values) or _PAIR_ROW.issubset(values):
        return Notice(
            where, "it is a table of dedup, of stories or pairs, and holds no articles", "skipped", skipped=True
        )
    if is_result_document(values):
        action = "skipped (--against takes JSON lines, CSV or Parquet)"
        return Notice(where, "it is a result of dedup in JSON, and holds no articles", action, skipped=True)
    if is_result_row(values) and all(is_missing(values[name]) for name in find_fields(values)["text"]):
        return Notice(where, "it is a result of dedup, and holds no articles", "skipped", skipped=True)
    return None


def is_result_document(values: Mapping[str, Any]) -> bool:
    """Return whether a JSON object is a result of dedup."""
    return values.keys() >= _DOCUMENT


def is_result_row(names: Collection[str]) -> bool:
    """Return whether a record has all fields of a row of a result."""
    return "copy_group" in names and set(names) >= _ROW


def is_own_table(names: Collection[str]) -> bool:
    """Return whether columns are those of a table of dedup: of articles, stories or pairs."""
    return is_result_row(names) or _STORY_ROW.issubset(names) or _PAIR_ROW.issubset(names)


def is_result_page(generator: str | None) -> bool:
    """Return whether the `generator` of an HTML page is dedup."""
    return (generator or "").startswith(_GENERATOR)
