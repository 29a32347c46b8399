"""Features of articles, computed where their words are stored; misplaced bodies and boilerplate are removed first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.backends import CompiledBackend
from dedup.background import Background
from dedup.spark.arrow import binary, flat, mapped, numbers, rows_of, words_columns, words_of
from dedup.spark.boilerplate import passages_of
from dedup.spark.job import Job, broadcast, worker_backend
from dedup.spark.partitions import at_home, is_among, places_in, repeated, schema_of
from dedup.vectorize.features import Features, HashedWords, narrowed
from dedup.vectorize.misplaced_body import body_digest, is_foreign

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FEATURES = (
    "home int, n long, seconds double, length int, source string, language string, words int, title int, hashes binary,"
    " flags binary, form int, signature binary, terms binary, counts binary, capitals binary"
)
BODIES = "n long, body binary, title binary, source string"


def misplaced_bodies(job: Job, words: DataFrame) -> DataFrame:
    """Return the numbers `n` of articles with a misplaced body, with the rule of `dedup.vectorize.misplaced_body`."""
    from pyspark.sql import functions as F

    settings, checkpoints = job.settings, job.checkpoints
    texts = words.select("home", "n", "title", "hashes", "flags", "source")
    repeated_bodies = repeated(job, "bodies.again", texts, _hashes, least=2, entries=checkpoints.rows("words"))

    def find() -> DataFrame:
        held = at_home(texts, repeated_bodies, _bodies, BODIES)
        shared = held.groupBy("body").agg(F.count("*").alias("count")).where("count > 1").select("body")
        holders = checkpoints.step("bodies", lambda: held.join(shared, "body", "left_semi"))
        groups = holders.groupBy("body").agg(
            F.min("n").alias("n"), F.collect_set(F.struct("source", "title")).alias("titles")
        )
        several = checkpoints.step("bodies.titles", lambda: groups.where(F.size("titles") > 1))

        def foreign(rows: Any, coming: Any) -> Any:
            import pyarrow as pa

            words = words_of(rows.take(places_in(numbers(rows["n"]), numbers(coming["n"]))))
            languages = worker_backend(settings).detect(words)
            wrong = [
                is_foreign(
                    {(one["source"], tuple(np.frombuffer(one["title"], np.uint32).tolist())) for one in titles},
                    words.body(place),
                    languages[place],
                )
                for place, titles in enumerate(coming["titles"].to_pylist())
            ]
            return {"body": coming["body"].filter(pa.array(wrong, pa.bool_()))}

        bodies = at_home(texts, several, foreign, "body binary")
        return holders.where(F.octet_length("title") > 0).join(bodies, "body", "left_semi").select("n")

    return checkpoints.step("overwritten", find)


def _digests(words: HashedWords) -> tuple[NDArray[np.int64], list[bytes]]:
    """Return the positions of articles with a body, and the digest of each body."""
    has_body = np.flatnonzero(words.offsets[2::2] > words.offsets[1::2])
    return has_body, [body_digest(words, place) for place in has_body.tolist()]


def _hashes(table: Any) -> NDArray[np.uint64]:
    return _prefixes(_digests(words_of(table))[1])


def _prefixes(digests: list[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(digest[:8] for digest in digests), "<u8").astype(np.uint64)


def _bodies(rows: Any, repeated_bodies: Any) -> Any:
    import pyarrow as pa

    words = words_of(rows)
    has_body, digests = _digests(words)
    some = np.flatnonzero(is_among(_prefixes(digests), repeated_bodies)).tolist()
    titles = [words.title(int(has_body[place])) for place in some]
    bounds = np.concatenate([[0], np.cumsum([len(title) for title in titles])]).astype(np.int64)
    return {
        "n": rows["n"].take(pa.array(has_body[some], pa.int64())),
        "body": pa.array([digests[place] for place in some], pa.binary()),
        "title": binary(np.concatenate([np.empty(0, np.uint32), *titles]), bounds),
        "source": rows["source"].take(pa.array(has_body[some], pa.int64())),
    }


def without_misplaced_bodies(job: Job, words: DataFrame, foreign: DataFrame, step: str) -> DataFrame:
    """Remove misplaced bodies; the articles keep their titles. `step` is the name of the checkpoint."""
    if not job.checkpoints.rows("overwritten"):
        return words

    def find() -> DataFrame:
        return at_home(words, foreign, _without_bodies, schema_of(words))

    return job.checkpoints.step(step, find, rows=job.checkpoints.rows("words"), by="home")


def features(job: Job, words: DataFrame, boilerplate: DataFrame) -> DataFrame:
    """Return the features of articles without boilerplate, a row per article.

    Args:
        job: the run.
        words: words of the articles, without misplaced bodies that were found in this run.
        boilerplate: what was found in this run, see `find_boilerplate`.
    """
    settings, shared = job.settings, broadcast(job.spark, job.background)

    def take(rows: Any, boilerplate: Any) -> Any:
        backend, known = worker_backend(settings), shared.value or Background.general()
        known = replace(known, passages=np.union1d(known.passages, passages_of(boilerplate)))
        words = words_of(rows)
        keep, _ = known.own_words(words, backend.outside_boilerplate)
        return _extracted(rows, words.kept(keep), backend)

    return job.checkpoints.step(
        "features", lambda: at_home(words, boilerplate, take, FEATURES), rows=job.checkpoints.rows("words"), by="home"
    )


def without_known(job: Job, words: DataFrame, background: Background) -> DataFrame:
    """Remove the boilerplate and the misplaced bodies that a frozen background has."""
    settings, schema = job.settings, schema_of(words)
    shared = broadcast(job.spark, background)

    def own(rows: Any) -> Any:
        every = words_of(rows)
        keep, _ = shared.value.own_words(every, worker_backend(settings).outside_boilerplate)
        columns = words_columns(every.kept(keep))
        return {name: columns.get(name, rows[name]) for name in rows.column_names}

    return job.checkpoints.step(
        "own", lambda: words.mapInArrow(mapped(own), schema), rows=job.checkpoints.rows("words"), by="home"
    )


def _extracted(rows: Any, words: HashedWords, backend: CompiledBackend) -> Any:
    found = backend.features(words, np.ones(len(words.hashes), np.bool_), np.arange(len(words)))
    return {
        **{name: rows[name] for name in ("home", "n", "seconds", "length", "source")},
        "language": backend.detect(words),
        "words": words.lengths().astype(np.int32),
        **words_columns(words),
        "form": words.forms().astype(np.int32),
        "signature": rows_of(found.signatures),
        "terms": binary(found.terms, found.indptr),
        "counts": binary(found.every.astype(np.uint32), found.indptr),
        "capitals": binary(found.capitals.astype(np.uint32), found.indptr),
    }


def features_of(table: Any) -> Features:
    """Return the features of a table's articles, without words and signatures."""
    terms, indptr = flat(table["terms"], np.int32)
    count = table.num_rows
    nothing = HashedWords(np.empty(0, np.uint32), np.empty(0, np.uint8), np.zeros(2 * count + 1, np.int64))
    weights = [narrowed(flat(table[name], np.uint32)[0]) for name in ("counts", "capitals")]
    return Features(nothing, np.empty((count, 0), np.uint32), indptr, terms, *weights)


def _without_bodies(rows: Any, foreign: Any) -> Any:
    words, place = words_of(rows), places_in(numbers(rows["n"]), numbers(foreign["n"])).tolist()
    columns = words_columns(words.kept(words.outside_bodies(place)))
    return {name: columns.get(name, rows[name]) for name in rows.column_names}
