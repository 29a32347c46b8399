"""Take what a user passes as articles: records, rows of data frames, strings; each item becomes an `Article`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Number
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from dedup.article import Article, Notice, changed
from dedup.errors import InputError
from dedup.formats.escaping import sanitize
from dedup.inputs.fields import find_fields, flatten
from dedup.inputs.record import LONGEST_TITLE, Corrections, read_record, too_long
from dedup.inputs.values import is_missing
from dedup.kinds import named_kind

if TYPE_CHECKING:
    import pandas as pd

KEPT_EMPTY = "kept as an empty article"
"""Action of the notice for an article with neither text nor title."""
_STRINGS = ("id", "title", "text", "source", "url", "author", "section", "kind", "lang", "path", "where")
_strings = attrgetter(*_STRINGS)
_ROWS = 1024
"""Rows of a data frame converted to mappings at a time."""


def iter_items(articles: Iterable[Article | Mapping[str, Any] | str] | pd.DataFrame) -> Iterator[object]:
    """Yield the items of a collection, or the rows of a data frame.

    Raises:
        InputError: `articles` is not a collection.
    """
    if isinstance(articles, (str, bytes, Mapping, Article)):
        raise InputError(f"cluster takes a collection of articles, not one {type(articles).__name__}: put it in a list")
    if (rows := _rows(articles)) is not None:
        yield from rows
    elif isinstance(articles, Iterable):
        yield from articles
    else:
        raise InputError(f"cluster takes a collection of articles, not {type(articles).__name__}")


def _rows(frame: Any) -> Iterable[object] | None:
    """Yield the rows of a data frame as mappings without importing its library; None if it is not a data frame."""
    if hasattr(frame, "collect_schema") and hasattr(frame, "lazy") and not hasattr(frame, "iter_rows"):
        frame = frame.collect()  # a lazy frame of polars
    if hasattr(frame, "iter_rows"):  # polars
        return cast(Iterable[object], frame.iter_rows(named=True))
    if hasattr(frame, "to_batches"):  # pyarrow's tables
        return (row for batch in frame.to_batches(max_chunksize=_ROWS) for row in batch.to_pylist())
    if hasattr(frame, "read_next_batch"):  # streams of its batches
        return (row for batch in frame for row in batch.to_pylist())
    if hasattr(frame, "to_pylist"):  # one batch, or a column of texts
        return cast(Iterable[object], frame.to_pylist())
    if hasattr(frame, "to_dict") and hasattr(frame, "columns") and hasattr(frame, "iloc"):  # pandas
        named = frame.index.names
        pieces = (frame.iloc[start : start + _ROWS] for start in range(0, len(frame), _ROWS))
        if None not in named and not {*named} & {*frame.columns}:  # such as the ids, after `set_index`
            pieces = (piece.reset_index() for piece in pieces)
        return (row for piece in pieces for row in piece.to_dict("records"))
    return None


def mappings(articles: Any) -> Iterator[Mapping[str, Any]]:
    return (flatten(item)[0] for item in iter_items(articles) if isinstance(item, Mapping))


def is_lasting(articles: Any) -> bool:
    """Return whether articles can be iterated over twice."""
    return isinstance(articles, Sequence) or any(
        hasattr(articles, name) for name in ("iloc", "iter_rows", "to_batches")
    )


def to_article(
    item: object,
    place: int | str,
    notices: list[Notice],
    corrections: Corrections,
    *,
    default_id: str | None = None,
    fields: Mapping[str, str] | None = None,
) -> Article:
    """Convert an item of the input to an `Article`. An unusable record becomes an empty article, with a notice.

    Args:
        item: an `Article`, a mapping or a string.
        place: its position in the collection.
        notices: problems of the item; extended in place.
        corrections: reads dates, and counts what is corrected.
        default_id: the id of an item that has none; None for its position.
        fields: see `from_record`.

    Raises:
        InputError: the item is of another type.
    """
    where, number = f"article {place}", str(place) if default_id is None else default_id
    if isinstance(item, Article):
        if item.kind and not named_kind(item.kind):
            corrections.count_kind(item.kind, item.where or where)
        return _sanitized(item, where, notices)
    if isinstance(item, str):
        return _sanitized(Article(id=number, text=item), where, notices)
    if not isinstance(item, (Mapping, Sequence)) and is_missing(item):  # a gap in a list or a column of texts
        return _sanitized(Article(id=number, text=""), where, notices)
    if not isinstance(item, Mapping):
        kinds = "an Article, a mapping or a string"
        raise InputError(f"{where} is a {type(item).__name__}; it must be {kinds}")
    article, found = read_record(item, where=where, default_id=number, fields=fields, path="", corrections=corrections)
    if article is None:
        # Results must align with the caller's rows, so an unusable one stays, without text.
        notices.extend(replace(notice, action=KEPT_EMPTY, skipped=False) for notice in found)
        item = {**item, "text": "-"}
        article, found = read_record(
            item, where=where, default_id=number, fields=fields, path="", corrections=corrections
        )
        article = replace(article, text="") if article else Article(id=number, text="")
    notices.extend(found)
    return article


def _sanitized(article: Article, where: str, notices: list[Notice]) -> Article:
    """Sanitize the strings of an article and cut an overlong title. Note each change, and a blank article."""
    changes: dict[str, Any] = {}
    if article.id != (stripped := article.id.strip()):
        article = changed(article, id=stripped)  # as `from_record` does
    for name in () if _is_clean(article) else (*_STRINGS, *_labels(article)):
        value, found = sanitize(getattr(article, name))
        for what in found:
            changes[name] = value
            notices.append(Notice(where, f"its {name} has {what}", "replaced by U+FFFD", skipped=False))
    if len(article.title) > LONGEST_TITLE and article.text.strip():
        changes["title"] = changes.get("title", article.title)[:LONGEST_TITLE].rstrip()
        notices.append(Notice(where, *too_long(article.title), skipped=False))
    if is_blank(article):
        notices.append(Notice(where, "it has no text and no title", KEPT_EMPTY, skipped=False))
    return changed(article, **changes) if changes else article


def _is_clean(article: Article) -> bool:
    """Return whether all strings of an article stay as they are, as nearly all do."""
    whole = "\n".join(_strings(article))
    if article.story is not None or article.storyline is not None:
        whole = "\n".join((whole, *(getattr(article, name) for name in _labels(article))))
    return not sanitize(whole)[1]


def _labels(article: Article) -> list[str]:
    return [name for name in ("story", "storyline") if isinstance(getattr(article, name), str)]


def is_blank(article: Article) -> bool:
    """Return whether an article has neither text nor title."""
    return not article.text.strip() and not article.title.strip()


def has_integer_id(record: Mapping[str, Any]) -> bool:
    """Return whether the id of a record is an integer, be it one of NumPy or, in a column with gaps, a float."""
    value = next((record[name] for name in find_fields(record)["id"] if not is_missing(record[name])), None)
    return isinstance(value, Number) and not isinstance(value, bool)
