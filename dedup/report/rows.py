"""Write a result as rows: JSON lines, CSV and Parquet, with one row per article, per story or per scored pair."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import date
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Literal, TextIO

from dedup.errors import MissingDependencyError
from dedup.formats.escaping import escape_formula
from dedup.formats.json_text import json_rows
from dedup.inputs.values import is_web_address
from dedup.results.clustering import COLUMNS, Clustering, Link, Story, columns_of_articles, copies_in

if TYPE_CHECKING:
    from dedup.archive import Arrivals

Rows = Literal["articles", "stories", "pairs"]
ROWS: tuple[Rows, ...] = ("articles", "stories", "pairs")
"""What a row can be of."""

COLUMNS_AGAINST = (*COLUMNS, "status", "copy_of")
"""Columns of `Arrivals.to_records`."""
STORY_COLUMNS = (
    *("story", "title", "articles", "copies", "outlets", "origins", "first", "last", "canonical", "likely_original"),
    *("sources", "url", "storyline", "publishers", "agencies", "languages"),
)
"""Columns of a row per story."""
PAIR_COLUMNS = ("story", *(field.name for field in fields(Link)), "title_a", "title_b")
"""Columns of a row per scored pair: the story, the fields of `Link`, and the two titles."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ROW_GROUP = 1 << 16  # rows
_LINES = 1 << 10
"""Lines written at a time."""
_FLOATS = {"probability", "score", "cosine", "jaccard", "containment", "days"}
_COUNTS = {"articles", "copies", "outlets", "origins", "publishers", "new_articles"}


def columns_of(found: Clustering | Arrivals, rows: Rows = "articles") -> tuple[str, ...]:
    """Return the columns of a result, in order."""
    against = not isinstance(found, Clustering)
    if rows == "stories":
        return (*STORY_COLUMNS, "status", "new_articles") if against else STORY_COLUMNS
    if rows == "pairs":
        return PAIR_COLUMNS
    return COLUMNS_AGAINST if against else COLUMNS


def table_of(found: Clustering | Arrivals, rows: Rows = "articles") -> dict[str, list[Any]]:
    """Return the rows of a result as columns: articles in input order, stories by size, pairs by score."""
    if rows == "articles" and isinstance(found, Clustering):
        return columns_of_articles(found)
    records = [*_stories(found)] if rows == "stories" else [*_pairs(found)] if rows == "pairs" else found.to_records()
    return {column: [record[column] for record in records] for column in columns_of(found, rows)}


def _stories(found: Clustering | Arrivals) -> Iterator[dict[str, Any]]:
    clustering = found if isinstance(found, Clustering) else found.clustering
    for story in found.stories:
        shown = clustering.articles[clustering.place(story.canonical)]
        record: dict[str, Any] = {
            "story": story.id,
            "title": story.title,
            "articles": len(story.articles),
            "copies": copies_in(story),
            "outlets": len(story.sources),
            "origins": story.origins.at_most,
            "first": _iso(story.start),
            "last": _iso(story.end),
            "canonical": story.canonical,
            "likely_original": _likely_original(clustering, story),
            "sources": "; ".join(story.sources),
            "url": shown.url if is_web_address(shown.url) else "",
            "storyline": story.storyline,
            "publishers": story.origins.publishers,
            "agencies": "; ".join(story.origins.agencies),
            "languages": "; ".join(_languages(clustering, story)),
        }
        if not isinstance(found, Clustering):
            new = sum(clustering.place(one) < found.count for one in story.articles)
            record |= {"status": "new" if new == len(story.articles) else "continues", "new_articles": new}
        yield record


def _languages(clustering: Clustering, story: Story) -> list[str]:
    articles = (clustering.articles[clustering.place(one)] for one in story.articles)
    return sorted({article.lang for article in articles} - {""})


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _likely_original(clustering: Clustering, story: Story) -> str | None:
    """Return the likely original of the largest copy group of a story; None where it is unsure or cannot be known."""
    from dedup.results.provenance import SURE, likely_originals, version_texts

    if not clustering.has_texts or not story.copy_groups:
        return None
    group = max(story.copy_groups, key=lambda group: len(group.articles))
    odds, _ = likely_originals(version_texts(clustering, group))
    best = max(range(len(odds)), key=odds.__getitem__)
    return group.articles[best] if odds[best] >= SURE else None


def _pairs(found: Clustering | Arrivals) -> Iterator[dict[str, Any]]:
    clustering = found if isinstance(found, Clustering) else found.clustering
    written = {article for story in found.stories for article in story.articles}
    for link in clustering.links:
        if link.a in written:
            one, other = (clustering.articles[clustering.place(name)] for name in (link.a, link.b))
            story = clustering.story_of(link.a).id
            yield {"story": story, **asdict(link), "title_a": one.title, "title_b": other.title}


def write_jsonl(found: Clustering | Arrivals, out: TextIO, *, rows: Rows = "articles") -> None:
    """Write one JSON object per row and line, with the columns as keys."""
    lines = json_rows(table_of(found, rows))
    while block := [*islice(lines, _LINES)]:
        out.write("\n".join((*block, "")))


def write_csv(found: Clustering | Arrivals, out: TextIO, *, rows: Rows = "articles", bom: bool = False) -> None:
    """Write a header, then the rows.

    Missing values are empty; `canonical` of an article is `true` or `false`. Rows end with CRLF (RFC 4180), so that a
    lone line feed or carriage return inside a title is quoted and preserved. A text that a spreadsheet would evaluate
    as a formula gets an apostrophe as prefix, see `escape_formula`. Lone surrogates, which UTF-8 cannot encode, become
    U+FFFD.

    Args:
        found: the result.
        out: a text stream.
        rows: what a row is of.
        bom: whether to begin with a byte order mark, by which a spreadsheet knows UTF-8.
    """
    if bom:
        out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    table = table_of(found, rows)
    writer.writerow(table)
    writer.writerows(zip(*(map(_cell, values) for values in table.values()), strict=True))


def _cell(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return _SURROGATE.sub("\ufffd", escape_formula(value))


def write_parquet(found: Clustering | Arrivals, out: IO[bytes], *, rows: Rows = "articles") -> None:
    """Write the rows as columns.

    `canonical` of an article is a boolean, numbers of articles are integers, probabilities and scores doubles. All
    other columns are strings, also `published`, which can be a day or a time. Missing values are null.

    Raises:
        MissingDependencyError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingDependencyError("writing Parquet", "pyarrow", extra="parquet") from None
    kinds = dict.fromkeys(_FLOATS, pa.float64()) | dict.fromkeys(_COUNTS, pa.int64())
    if rows == "articles":
        kinds["canonical"] = pa.bool_()
    schema = pa.schema([(column, kinds.get(column, pa.string())) for column in columns_of(found, rows)])
    table = table_of(found, rows)
    with parquet.ParquetWriter(out, schema) as writer:
        for start in range(0, len(next(iter(table.values()))), _ROW_GROUP):
            group = {column: values[start : start + _ROW_GROUP] for column, values in table.items()}
            writer.write_table(pa.Table.from_pydict(group, schema=schema))
