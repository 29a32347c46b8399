"""Cluster articles on Apache Spark: the method, kernels and labels of `dedup.cluster`, on many machines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dedup.errors import EngineError, MissingDependencyError
from dedup.results.story_ids import COPY_GROUP_PREFIX, DIGITS, STORY_PREFIX, STORYLINE_PREFIX
from dedup.settings import METHOD_VERSION, Settings

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from dedup.background import Background
    from dedup.spark.job import Job

__all__ = ["cluster", "cluster_against"]

LAYOUT = 10
"""Version of the checkpoints: raised when a run cannot resume from those of an earlier version."""
SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",  # the default, 10,000, is too many long texts
    "spark.sql.execution.arrow.maxBytesPerBatch": str(64 << 20),  # ignored by versions of Spark without it
    "spark.sql.requireAllClusterKeysForCoPartition": "false",  # joins by task and article need no shuffle
    "spark.sql.sources.bucketing.enabled": "true",
}
"""Settings of the session during a run."""


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
    """Group the articles of a data frame into stories and copy groups.

    Args:
        dataframe: a row per article, with the column names of `dedup.from_record`.
        settings: how articles are compared. `threads` and `memory` are ignored: Spark decides both.
        background: a frozen background, as for `dedup.cluster`. By default it is learned from these articles.
        fields: our name -> theirs, as in `{"text": "story_body"}`.
        folder: where checkpoints are written, on a file system that driver and executors reach; an interrupted run
            resumes from there. It can be removed once the result is written. By default a temporary folder, which
            needs a session on one machine.
        partitions: number of parts the work is split into, by default four per processor. It does not affect the
            result; nor does `chunk`.
        chunk: articles that one task compares with each other and with earlier ones in the window.

    Returns:
        A row per article: `id`, `story`, `copy_group` (null without a copy), `canonical` (true for the representative
        of each story), `score` (mean score to the other texts of its story; null for a story of one text) and
        `storyline` (of its story). All but the score equal those of `dedup.cluster(…).to_records()`. Rows are read
        from the folder when they are needed, so a temporary folder lives as long as the session; after an error it is
        removed at once.

    Raises:
        InputError: the data frame has no column with a text or a title, or a duplicate column.
        EngineError: the folder belongs to another run, the session is unsuitable, or rows were lost.
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
    """Group new articles together with those of an archive, as `dedup.cluster_against` does.

    Both are clustered in one run. With a `background` nothing is learned from them, so scores do not depend on how
    much of the archive is given: the days within the window of the new articles are enough.

    Args:
        dataframe: a row per new article.
        archive: a row per archived article, with the same columns, a unique `id` and optionally the `story` and the
            `storyline` it was in.
        settings, background, fields, folder, partitions, chunk: as for `cluster`.

    Returns:
        The columns of `cluster`, and for each new article its `status` (`copy` of an archived one, `continues` a story
        with one, or `new`) and `copy_of` (the id of its first published archived copy, or null). Archived articles are
        included, with the prefix `archive:` and the status `archived`, as their story may have changed. A story
        inherits the name of the archived story it shares most articles with, and a storyline that of a storyline.

    Raises:
        InputError: as for `cluster`; an archived id is missing or not unique, or a new id begins with `archive:`.
        EngineError, MissingDependencyError: as for `cluster`.
    """
    from dedup.spark.archive import against_archive, combined_with_archive

    given = dict(fields or {})
    both, known = combined_with_archive(dataframe, archive, given)
    with _job(both, settings, background, given, folder, partitions, chunk) as job:
        return against_archive(job, clustered(job, both, given), known)


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
    """Configure the session for one run over a data frame."""
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
                raise EngineError("a session on several machines needs folder=, a folder that all of them can access")
            folder = stack.enter_context(own_folder(spark.sparkContext))
        stack.enter_context(configured(spark, {**SESSION, "spark.sql.shuffle.partitions": str(parts)}))
        run = {
            "settings": settings.fingerprint,
            "background": background.fingerprint if background else "",
            "layout": [LAYOUT, METHOD_VERSION],
            "fields": dict(fields or {}),
            "input": _fingerprint(dataframe) if given else "",
        }
        checkpoints = Checkpoints(spark, folder, run, parts)
        try:
            yield Job(spark, settings, checkpoints, parts, chunk, background=background)
        finally:
            checkpoints.drop_tables()


def _import() -> None:
    """Import pyspark and pyarrow.

    Raises:
        MissingDependencyError: one of them is not installed.
    """
    try:
        import pyarrow as pa  # noqa: F401 - only checked
        import pyspark.sql  # noqa: F401 - only checked
    except ImportError as error:
        raise MissingDependencyError("dedup.spark", "pyspark", extra="spark") from error


def clustered(job: Job, dataframe: DataFrame, fields: Mapping[str, str]) -> DataFrame:
    """Run all steps of the pipeline; each writes a checkpoint."""
    from dedup.group.cut import EVENT
    from dedup.spark.boilerplate import find_boilerplate
    from dedup.spark.copies import band_candidates, decide_pairs, find_representatives, without_notices
    from dedup.spark.crowding import crowding, times_of
    from dedup.spark.families import decide_by_family, in_series
    from dedup.spark.features import features as features_of
    from dedup.spark.features import misplaced_bodies, without_known, without_misplaced_bodies
    from dedup.spark.grouping import alike_pairs, assembled, cut_stories, linkable_pairs, units
    from dedup.spark.reading import read_articles
    from dedup.spark.story_pairs import adjusted, days_of, excluded_pairs, find_pairs
    from dedup.spark.storylines import articles_as_groups, names_of, regrouped, storylines
    from dedup.spark.tfidf import frequencies, languages_of, totals, vectors

    members, distinct, words = read_articles(job, dataframe, fields, _today(job))
    own = words if job.background is None else without_known(job, words, job.background)
    foreign = misplaced_bodies(job, own)
    titled = without_misplaced_bodies(job, own, foreign, "titled")
    boilerplate = find_boilerplate(job, titled)
    if own is not words:
        titled = without_misplaced_bodies(job, words, foreign, "titled.all")
    features = features_of(job, titled, boilerplate)

    banded, known, family = decide_by_family(job, band_candidates(job, features), features)
    banded = without_notices(banded, distinct)
    hidden = find_representatives(job, banded, features)

    languages = languages_of(job, features, hidden)
    weighted, several = vectors(job, features, frequencies(job, features, hidden, languages), languages)
    times = times_of(job, weighted, hidden)
    days = days_of(times)
    total, count = totals(job, weighted, hidden), sum(days.values())
    strangers = family.union(in_series(job, distinct)).distinct()
    excluded = excluded_pairs(job, hidden, banded, strangers)
    taken = crowding(job, weighted, hidden, excluded, times, total, count, several=several)
    found, ends = find_pairs(job, weighted, excluded, total, days, taken, several=several)
    pairs = adjusted(job, found)

    more = decide_pairs(job, "alike", alike_pairs(pairs, known), features, agreeing=False)
    more = without_notices(more, distinct)
    one_text = units(job, banded.union(more), features, weighted)
    joined = job.checkpoints.step("linked", lambda: linkable_pairs(pairs, ends, one_text, more, distinct), by="task")
    events = cut_stories(job, "events", EVENT, joined, ends, one_text, hidden, distinct)
    articles = articles_as_groups(job, weighted, hidden, count)
    lines, wider = storylines(job, articles, events, joined, ends, taken)
    named = job.checkpoints.step("storylines", lambda: names_of(regrouped(distinct, events, lines), distinct))
    of, granularity = events, job.settings.granularity
    if granularity < EVENT:
        of = cut_stories(job, "cut", granularity, joined, ends, one_text, hidden, distinct)
    elif granularity > EVENT:
        of = job.checkpoints.step("cut", lambda: regrouped(distinct, events, wider))
    grouped = assembled(job, joined, ends, one_text, of, distinct, weighted)
    return job.checkpoints.step(
        "result", lambda: _labelled(members, grouped, named), rows=job.checkpoints.rows("members")
    )


def _labelled(members: DataFrame, grouped: DataFrame, storylines: DataFrame) -> DataFrame:
    """Return a row per article; one in no story with others is one together with its exact duplicates."""
    from pyspark.sql import functions as F

    def named(prefix: str, name: Column) -> Column:
        return F.concat(F.lit(prefix), F.lower(F.lpad(F.hex(name), DIGITS, "0")))

    inside = F.col("story").isNotNull()
    copies = F.when(inside & ~F.col("revised"), F.col("copy_group")).when(F.col("several"), F.col("name"))
    return (
        members.join(grouped, "n", "left")
        .join(storylines, "n", "left")
        .select(
            "id",
            named(STORY_PREFIX, F.coalesce("story", "name")).alias("story"),
            named(COPY_GROUP_PREFIX, copies).alias("copy_group"),
            (F.col("lead") & (F.col("n") == F.coalesce("shown", "n"))).alias("canonical"),
            "score",
            named(STORYLINE_PREFIX, F.coalesce("storyline", "name")).alias("storyline"),
        )
    )


def _today(job: Job) -> datetime:
    """Return the day of the first start of the run; publication dates after it are rejected."""
    noted = job.checkpoints.values("today", lambda: {"today": datetime.now(UTC).isoformat()})
    return datetime.fromisoformat(noted["today"])


def _fingerprint(dataframe: DataFrame) -> str:
    """Return a digest of the schema, the number of rows and the sum of their hashes, independent of row order."""
    from pyspark.sql import functions as F

    from dedup.spark.job import column

    columns = [F.to_json(F.struct(column(name))) for name in dataframe.columns]
    hashed = F.xxhash64(*columns).cast("decimal(38,0)")
    row = dataframe.agg(F.count("*"), F.sum(hashed)).first()
    described = f"{sorted(dataframe.dtypes)} {tuple(row) if row else ()}"
    return hashlib.blake2b(described.encode(), digest_size=16).hexdigest()
