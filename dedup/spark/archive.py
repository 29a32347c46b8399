"""Cluster against an archive: inherited names of stories and storylines, and the status of each new article.

As in `dedup.archive` a story inherits the name of the archived story it shares most articles with, a storyline that of
an archived storyline, and each name is given once. Names that only one claims are assigned by a join; the driver
decides contested ones, where stories were merged or split.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dedup.errors import InputError
from dedup.inputs.fields import find_fields
from dedup.results.story_ids import ARCHIVE_PREFIX, inherit_ids
from dedup.spark.checkpoints import spark_errors
from dedup.spark.job import column

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from dedup.spark.job import Job

NAMED = ("story", "storyline")
"""Columns with names that are inherited."""


def combined_with_archive(new: DataFrame, archive: DataFrame, fields: Mapping[str, str]) -> tuple[DataFrame, DataFrame]:
    """Return the rows of both, with prefixed archive ids; and what archived ones were in: `id`, `story`, `storyline`.

    Raises:
        InputError: an archived article has no id or a duplicate one, or a new id has the prefix of archived ones.
    """
    from pyspark.sql import functions as F

    name, own = _id(archive, fields)
    with spark_errors("reading the archive"):
        counted = archive.agg(F.count("*"), F.count(own), F.count_distinct(own)).first()
        rows, named, distinct = counted if counted else (0, 0, 0)
    if named < rows:
        raise InputError(f"{rows - named:,} archived articles have no id")
    if distinct < rows:
        raise InputError(f"{rows - distinct:,} archived articles have the id of another")
    new_name, new_own = _id(new, fields)
    if new_name:
        with spark_errors("reading the input"):
            taken = new.where(F.startswith(new_own, F.lit(ARCHIVE_PREFIX))).select(new_own).first()
        if taken:
            raise InputError(f"{taken[0]!r} is reserved for archived articles: none may begin with {ARCHIVE_PREFIX!r}")
        new = new.withColumn(new_name, column(new_name).cast("string"))
    marked = archive.withColumn(name, F.concat(F.lit(ARCHIVE_PREFIX), own))
    known = archive.select(
        F.concat(F.lit(ARCHIVE_PREFIX), own).alias("id"), *(_known(archive, name).alias(name) for name in NAMED)
    )
    marked = marked.drop(*NAMED)
    with spark_errors("putting archive and input together"):
        both = new.unionByName(marked, allowMissingColumns=True)
    return both, known


def against_archive(job: Job, result: DataFrame, known: DataFrame) -> DataFrame:
    """Add inherited names, `status` and `copy_of` to the result of a run over both.

    Args:
        job: the run.
        result: the result of `clustered`.
        known: the known names, from `combined_with_archive`.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    checkpoints = job.checkpoints
    named = result
    for of in NAMED:
        renamed = checkpoints.step(f"{of}.renamed", partial(_renamed, job, result, known, of))
        named = named.join(renamed.withColumnRenamed("own", of), of, "left")
        named = named.withColumn(of, F.coalesce("name", of)).drop("name")
    archived = F.startswith("id", F.lit(ARCHIVE_PREFIX))

    # The order of publication, as in `dedup.results.assemble`.
    published = checkpoints.existing("names").select("id", "published")
    distinct = checkpoints.existing("distinct").select("n", "seconds", "length")
    copies = result.where("copy_group is not null").select("id", "copy_group").where(archived)
    placed = (
        copies.join(published, "id").join(checkpoints.existing("members").select("id", "n"), "id").join(distinct, "n")
    )
    last = F.lit(float("inf"))
    order = F.struct(
        F.coalesce("published", "seconds", last),
        F.coalesce("seconds", last),
        -F.col("length"),
        "n",
        F.isnull("published"),
        F.coalesce("published", F.lit(0.0)),
        "id",
    )
    first = placed.groupBy("copy_group").agg(F.min_by("id", order).alias("first"))
    first = first.select("copy_group", F.substring("first", len(ARCHIVE_PREFIX) + 1, 1 << 30).alias("original"))

    continued = F.max(archived).over(Window.partitionBy("story"))
    combined = named.withColumn("continued", continued).join(first, "copy_group", "left")
    status = (
        F.when(archived, F.lit("archived"))
        .when(F.col("original").isNotNull(), F.lit("copy"))
        .when(F.col("continued"), F.lit("continues"))
        .otherwise(F.lit("new"))
    )
    copied = F.when(~archived, F.col("original"))
    columns = ("id", "story", "copy_group", "canonical", "score", "storyline")
    return checkpoints.step(
        "arrivals",
        lambda: combined.select(*columns, status.alias("status"), copied.alias("copy_of")),
        rows=checkpoints.rows("result"),
    )


def _renamed(job: Job, result: DataFrame, known: DataFrame, of: str) -> DataFrame:
    """Return the stories or storylines that are renamed: `own`, the name they have, and the new `name`.

    Args:
        job: the run.
        result: the result of `clustered`.
        known: the known names, from `combined_with_archive`.
        of: the column of the names.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    was = known.select("id", F.col(of).alias("was")).where("was is not null and was != ''")
    mine = result.select("id", F.col(of).alias("own"), "story")
    held = mine.join(was, "id").groupBy("own", "was").agg(F.count("*").alias("held"))
    held = job.checkpoints.step(f"{of}.claims", partial(held.select, "*"))
    of_own, of_name = Window.partitionBy("own"), Window.partitionBy("was")
    counted = held.withColumn("names", F.count("*").over(of_own)).withColumn("owners", F.count("*").over(of_name))
    # A name that another one already has is contested too: that one must get another name.
    own = mine.select(F.col("own").alias("was"), F.lit(True).alias("is_own")).distinct()
    counted = counted.join(own, "was", "left")
    alone = (F.col("names") == 1) & (F.col("owners") == 1)
    clear = counted.where(alone & ((F.col("own") == F.col("was")) | F.col("is_own").isNull()))
    contested = counted.join(clear.select("own", "was"), ["own", "was"], "left_anti").select("own", "was", "held")
    involved = contested.select("own").union(contested.select(F.col("was").alias("own"))).distinct()
    published = mine.join(involved, "own", "left_semi").join(
        job.checkpoints.existing("names").select("id", "published"), "id"
    )
    stories = published.groupBy("own", "story").agg(
        F.count("*").alias("articles"), F.coalesce(F.min("published"), F.lit(float("inf"))).alias("start")
    )
    first = F.min(F.struct(-F.col("articles"), "start", "story"))  # as `dedup.results.assemble.rank`
    order = stories.groupBy("own").agg(-F.sum("articles"), first)
    orders = {row[0]: (row[1], tuple(row[2])) for row in order.collect()}
    claims = [(row["own"], row["was"], row["held"]) for row in contested.collect()]
    names = [(own, name) for own, name in inherited_ids(claims, orders).items() if own != name]
    changed = clear.where("own != was").select("own", F.col("was").alias("name"))
    return changed.union(job.spark.createDataFrame(names, "own string, name string"))


def inherited_ids(claims: list[tuple[str, str, int]], orders: Mapping[str, tuple[int, Any]]) -> dict[str, str]:
    """Return the inherited name of each contested story or storyline.

    Args:
        claims: its own name, the name of an archived one, and the number of articles they share.
        orders: own name -> sort key, those without a claim included.
    """
    own = sorted(orders, key=orders.__getitem__)
    place = {name: number for number, name in enumerate(own)}
    named = inherit_ids(own, ((place[name], was, held) for name, was, held in claims))
    return dict(zip(own, named, strict=True))


def _id(frame: DataFrame, fields: Mapping[str, str]) -> tuple[str, Column]:
    """Return the name of the id column ("" without one) and the id of each row (null where it is missing)."""
    from pyspark.sql import functions as F

    names = list(find_fields(frame.columns, fields)["id"])
    if not names:
        return "", F.lit(None).cast("string")
    held = [column(name).cast("string") for name in names]
    return names[0], F.coalesce(*(F.when(F.trim(one) != "", one) for one in held))


def _known(archive: DataFrame, name: str) -> Column:
    """Return the names that archived articles have in a column, null without it."""
    from pyspark.sql import functions as F

    return F.col(name).cast("string") if name in archive.columns else F.lit(None).cast("string")
