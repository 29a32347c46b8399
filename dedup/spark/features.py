"""What is taken from the words of articles, where they lie: the kernels of one machine, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.backends import CompiledBackend
from dedup.background import Background
from dedup.spark.arrow import binary, flat, mapped, numbers, rows_of, words_columns, words_of
from dedup.spark.boilerplate import passages_of, without_boilerplate
from dedup.spark.job import Job, broadcast, worker_backend
from dedup.spark.partitions import at_home, places_in, schema_of
from dedup.vectorize.features import Features, HashedWords, narrowed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FEATURES = (
    "home int, n long, seconds double, length int, source string, language string, words int, title int, hashes binary,"
    " flags binary, signature binary, terms binary, counts binary, capitals binary"
)


def with_own_bodies(job: Job, words: DataFrame, foreign: DataFrame) -> DataFrame:
    """The words of articles, of those whose body is not theirs the title alone: a step, if there are any."""
    if not job.kept.rows("overwritten"):
        return words

    def find() -> DataFrame:
        return at_home(words, foreign, _without_bodies, schema_of(words))

    return job.kept.step("titled", find, rows=job.kept.rows("words"), by="home")


def features(job: Job, words: DataFrame, boilerplate: DataFrame) -> DataFrame:
    """The features of articles, by what stays of their words: a row for each."""
    settings = job.settings

    def take(rows: Any, boilerplate: Any) -> Any:
        by = worker_backend(settings)
        return _taken(rows, without_boilerplate(words_of(rows), passages_of(boilerplate), by), by)

    return job.kept.step(
        "features", lambda: at_home(words, boilerplate, take, FEATURES), rows=job.kept.rows("words"), by="home"
    )


def features_by(job: Job, words: DataFrame, background: Background) -> DataFrame:
    """The same, where it is known what is boilerplate, and which bodies are not their articles'."""
    settings = job.settings
    handed = broadcast(job.spark, background)

    def take(rows: Any) -> Any:
        by, known, words = worker_backend(settings), handed.value, words_of(rows)
        words = words.kept(words.outside_bodies(known.overwritten(words)))
        return _taken(rows, without_boilerplate(words, known.passages, by), by)

    return job.kept.step(
        "features", lambda: words.mapInArrow(mapped(take), FEATURES), rows=job.kept.rows("words"), by="home"
    )


def _taken(rows: Any, words: HashedWords, by: CompiledBackend) -> Any:
    found = by.features(words, np.ones(len(words.hashes), np.bool_), np.arange(len(words)))
    return {
        **{name: rows[name] for name in ("home", "n", "seconds", "length", "source")},
        "language": by.detect(words),
        "words": words.lengths().astype(np.int32),
        **words_columns(words),
        "signature": rows_of(found.signatures),
        "terms": binary(found.terms, found.indptr),
        "counts": binary(found.every.astype(np.uint32), found.indptr),
        "capitals": binary(found.capitals.astype(np.uint32), found.indptr),
    }


def features_of(table: Any) -> Features:
    """The features of a table's articles, without words and signatures."""
    terms, indptr = flat(table["terms"], np.int32)
    count = table.num_rows
    nothing = HashedWords(np.empty(0, np.uint32), np.empty(0, np.uint8), np.zeros(2 * count + 1, np.int64))
    weights = [narrowed(flat(table[name], np.uint32)[0]) for name in ("counts", "capitals")]
    return Features(nothing, np.empty((count, 0), np.uint32), indptr, terms, *weights)


def _without_bodies(rows: Any, foreign: Any) -> Any:
    words, place = words_of(rows), places_in(numbers(rows["n"]), numbers(foreign["n"])).tolist()
    columns = words_columns(words.kept(words.outside_bodies(place)))
    return {name: columns.get(name, rows[name]) for name in rows.column_names}
