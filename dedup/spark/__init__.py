"""Stories on Apache Spark: the same method, the same kernels, the same labels as `dedup.cluster`, on many machines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dedup.errors import EngineError, MissingDependencyError
from dedup.results.story_ids import COPY_GROUP_PREFIX, DIGITS, STORY_PREFIX
from dedup.settings import METHOD_VERSION, Settings

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from dedup.background import Background
    from dedup.spark.job import Job

__all__ = ["cluster", "cluster_against"]

LAYOUT = 3
"""Raised whenever steps that were kept by an earlier version can no longer be gone on with."""
SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",  # of long texts ten thousand are too many
    "spark.sql.execution.arrow.maxBytesPerBatch": str(64 << 20),  # where Spark knows it
    "spark.sql.requireAllClusterKeysForCoPartition": "false",  # rows of a task are together, whatever else joins
    "spark.sql.sources.bucketing.enabled": "true",
}
"""Settings of the session while a run goes on."""


def cluster(
    dataframe: DataFrame,
    settings: Settings | None = None,
    *,
    background: Background | None = None,
    fields: Mapping[str, str] | None = None,
    folder: str | None = None,
    partitions: int | None = None,
    chunk: int = 100_000,
) -> DataFrame:
    """Groups the articles of a data frame into stories, and the copies inside them.

    Args:
        dataframe: a row for each article, under the usual names (see `dedup.from_record`).
        settings: the defaults serve every collection. `threads` and `memory` are Spark's business here.
        background: what is known before any article is seen, as for `dedup.cluster`. Without one it is learned from
            these articles.
        fields: our name -> theirs, as in `{"text": "story_body"}`.
        folder: where the steps of the run are kept, on a file system that driver and executors reach; a run that was
            stopped goes on from there. It can be removed when the result is written. Without one a temporary folder is
            used, which only a session on one machine can.
        partitions: into how many parts work is dealt, as many as Spark has processors by default, four times. No
            result depends on it, nor on `chunk`.
        chunk: articles that one task compares with each other, and with those before them in the window.

    Returns:
        A row for each article: `id`, `story`, `copy_group` (null where it has no copy), `canonical` (true for the one
        to show of each story) and `score` (its mean score to the other texts of its story; null where it is alone).
        The first four are those of `dedup.cluster(…).to_records()`. The rows are read from the folder when they are
        asked for, so a temporary one stays as long as the session, and is removed with it, or at once after an error.

    Raises:
        InputError: the data frame has no column with a text or a title, or one twice.
        EngineError: the folder holds another run, or the session will not do, or rows got lost.
        MissingDependencyError: pyspark or pyarrow is not installed.
    """
    with _job(dataframe, settings, background, fields, folder, partitions, chunk) as job:
        return clustered(job, dataframe, fields or {})


def cluster_against(
    dataframe: DataFrame,
    archive: DataFrame,
    settings: Settings | None = None,
    *,
    background: Background | None = None,
    fields: Mapping[str, str] | None = None,
    folder: str | None = None,
    partitions: int | None = None,
    chunk: int = 100_000,
) -> DataFrame:
    """Groups new articles together with those of an archive, as `dedup.cluster_against` does.

    It is one run over both. With a `background` nothing is learned from them, so what two articles score does not
    depend on how much of an archive is given: the days within the window of the new ones, say.

    Args:
        dataframe: a row for each new article.
        archive: a row for each archived one, under the same names, with an `id` of its own and, where it is known, the
            `story` that it was in.
        settings, background, fields, folder, partitions, chunk: as for `cluster`.

    Returns:
        The columns of `cluster`, and for each new article its `status` (`copy` of an archived one, `continues` a story
        with one, or `new`) and whom it is a `copy_of` (the id of the first published archived copy, or null). Archived
        articles are there too, with `archive:` before their ids and the status `archived`: their story may have become
        another one. A story has the name of the archived story that it has most articles of.

    Raises:
        InputError: as for `cluster`; an archived article has no id or another's, or a new id begins with `archive:`.
        EngineError, MissingDependencyError: as for `cluster`.
    """
    from dedup.spark.arrivals import arrivals, together

    given = dict(fields or {})
    both, known = together(dataframe, archive, given)
    with _job(both, settings, background, given, folder, partitions, chunk) as job:
        return arrivals(job, clustered(job, both, given), known)


@contextmanager
def _job(
    dataframe: DataFrame,
    settings: Settings | None,
    background: Background | None,
    fields: Mapping[str, str] | None,
    folder: str | None,
    partitions: int | None,
    chunk: int,
) -> Iterator[Job]:
    """A run over a data frame, in a session that is set up for it."""
    _import()
    from dedup.spark.checkpoints import Checkpoints, jvm_of
    from dedup.spark.job import Job, configured, own_folder

    spark, settings = dataframe.sparkSession, settings or Settings()
    jvm_of(spark)
    given = folder is not None
    parts = partitions or 4 * spark.sparkContext.defaultParallelism
    with ExitStack() as stack:
        if folder is None:
            if not str(spark.sparkContext.master).startswith("local"):
                raise EngineError("a session on several machines needs folder=: a folder that all of them reach")
            folder = stack.enter_context(own_folder(spark.sparkContext))
        stack.enter_context(configured(spark, {**SESSION, "spark.sql.shuffle.partitions": str(parts)}))
        run = {
            "settings": settings.fingerprint,
            "background": background.fingerprint if background else "",
            "layout": [LAYOUT, METHOD_VERSION],
            "fields": dict(fields or {}),
            "input": _fingerprint(dataframe) if given else "",
        }
        kept = Checkpoints(spark, folder, run, parts)
        try:
            yield Job(spark, settings, kept, parts, chunk, background=background)
        finally:
            kept.forget()


def _import() -> None:
    """Says what to install where something is missing."""
    try:
        import pyarrow as pa  # noqa: F401 - whether it is there
        import pyspark.sql  # noqa: F401 - the same
    except ImportError as error:
        raise MissingDependencyError("dedup.spark", "pyspark", extra="spark") from error


def clustered(job: Job, dataframe: DataFrame, fields: Mapping[str, str]) -> DataFrame:
    """The whole way of one run: every line is a step that is kept."""
    from dedup.spark.bodies import misplaced
    from dedup.spark.boilerplate import find_boilerplate
    from dedup.spark.copies import band_candidates, decided, known, standing
    from dedup.spark.features import features as features_of
    from dedup.spark.features import features_by, with_own_bodies
    from dedup.spark.grouping import alike, linked, stories, units
    from dedup.spark.reading import read_articles
    from dedup.spark.story_pairs import days_of, found_pairs, rescored, times_of
    from dedup.spark.tfidf import frequencies, languages_of, totals, vectors

    members, distinct, words = read_articles(job, dataframe, fields, _today(job))
    if job.background is None:
        titled = with_own_bodies(job, words, misplaced(job, words))
        features = features_of(job, titled, find_boilerplate(job, titled))
    else:
        features = features_by(job, words, job.background)

    banded = decided(job, "banded", band_candidates(job, features), features, agreeing=True)
    hidden = standing(job, banded, features)

    languages = languages_of(job, features, hidden)
    weighed, several = vectors(job, features, frequencies(job, features, hidden, languages), languages)
    times = times_of(job, weighed, hidden)
    days = days_of(times)
    total = totals(job, weighed, hidden)
    met, ends = found_pairs(job, weighed, hidden, banded, total, days, several=several)
    pairs = rescored(job, met, times, sum(days.values()))

    more = decided(job, "alike", alike(pairs, known(job, "banded", banded)), features, agreeing=False)
    one_text = units(job, banded.union(more), features, weighed)
    joined = job.kept.step("linked", lambda: linked(pairs, ends, one_text, more), by="task")
    grouped = stories(job, joined, ends, one_text, hidden, distinct)
    return job.kept.step("result", lambda: _labelled(members, grouped), rows=job.kept.rows("members"))


def _labelled(members: DataFrame, grouped: DataFrame) -> DataFrame:
    """A row for each article; who is in no component is a story alone, with those that are equal to it."""
    from pyspark.sql import functions as F

    def named(prefix: str, name: Column) -> Column:
        return F.concat(F.lit(prefix), F.lower(F.lpad(F.hex(name), DIGITS, "0")))

    inside = F.col("story").isNotNull()
    copies = F.when(inside, F.col("copy_group")).when(F.col("several"), F.col("name"))
    return members.join(grouped, "n", "left").select(
        "id",
        named(STORY_PREFIX, F.coalesce("story", "name")).alias("story"),
        named(COPY_GROUP_PREFIX, copies).alias("copy_group"),
        (F.col("first") & (F.col("n") == F.coalesce("shown", "n"))).alias("canonical"),
        "score",
    )


def _today(job: Job) -> datetime:
    """The day of the run, which is that of its first start: later dates are no dates."""
    told = job.kept.small("today", lambda: {"today": datetime.now(UTC).isoformat()})
    return datetime.fromisoformat(told["today"])


def _fingerprint(dataframe: DataFrame) -> str:
    """Of the rows in whatever order: how many there are, and the sum of their hashes."""
    from pyspark.sql import functions as F

    from dedup.spark.job import column

    columns = [F.to_json(F.struct(column(name))) for name in dataframe.columns]
    hashed = F.xxhash64(*columns).cast("decimal(38,0)")
    row = dataframe.agg(F.count("*"), F.sum(hashed)).first()
    told = f"{sorted(dataframe.dtypes)} {tuple(row) if row else ()}"
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
