"""Families of notices of one form, as `dedup.match.families` finds them: a sample of their pairs is decided first.

Only articles with many candidates are in a family. Where there are fewer of them than a family has, nothing is sampled.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.match.copies import AGREEING
from dedup.match.families import MEMBERS, MOST_COPIES
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.series import DAYS
from dedup.spark.arrow import flat, numbers, words_of
from dedup.spark.blocks import assign_blocks, places, with_articles
from dedup.spark.components import components
from dedup.spark.copies import COPY, already_decided, decide_pairs
from dedup.spark.job import Job, worker_backend
from dedup.spark.partitions import at_home

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def decide_by_family(job: Job, candidates: DataFrame, features: DataFrame) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Decide the candidates of bands, without all pairs of families; the decided pairs are the step `banded`.

    Returns:
        The decided pairs; the pairs `a`, `b` that are decided, or that the filter of `decide_pairs` rejected; and the
        articles `n` of families.
    """
    checkpoints = job.checkpoints
    pairs = checkpoints.step("banded.pairs", lambda: candidates)
    crowded = _crowded(job, pairs, features)
    if crowded is None:
        decided = decide_pairs(job, "banded", pairs, features, agreeing=True)
        return decided, already_decided(job, "banded", decided), pairs.selectExpr("a as n").where("false")
    sample = crowded.groupBy("b").agg({"a": "max"}).toDF("b", "a").select("a", "b")
    sampled = decide_pairs(job, "sampled", sample, features, agreeing=True)
    family = _families(job, sampled)
    others = decide_pairs(job, "others", _others(job, pairs, family, features), features, agreeing=True)
    decided = checkpoints.step(
        "banded", lambda: _outside(sampled, family, f"kind != {COPY} or jaccard = 1").union(others)
    )
    known = already_decided(job, "sampled", sampled).union(already_decided(job, "others", others))
    return decided, known, family


def in_series(job: Job, distinct: DataFrame) -> DataFrame:
    """Return the articles `n` of series, as `dedup.match.series.in_series` finds them."""
    from pyspark.sql import functions as F

    known = distinct.where("source != '' and undated != '' and seconds is not null").select(
        "n", "source", "undated", F.floor(F.col("seconds") / SECONDS_A_DAY).alias("day")
    )

    def find() -> DataFrame:
        returning = (
            known.groupBy("source", "undated").agg(F.countDistinct("day").alias("days")).where(f"days >= {DAYS}")
        )
        return known.join(returning, ["source", "undated"], "left_semi").select("n")

    return job.checkpoints.step("series", find)


def _crowded(job: Job, pairs: DataFrame, features: DataFrame) -> DataFrame | None:
    """Return the pairs of two articles that have many candidates each, None if there are too few for a family.

    Candidates whose signatures agree in too few slots do not count. They are known once the signatures are compared,
    which is done only for articles that have many candidates with them.
    """
    checkpoints, settings = job.checkpoints, job.settings
    likely = checkpoints.step("crowded.likely", lambda: _with_many(pairs))
    if checkpoints.rows("crowded.likely") < MEMBERS:
        return None
    ends = likely.toDF("a"), likely.toDF("b")
    touching = pairs.join(ends[0], "a", "left_semi")
    touching = touching.union(pairs.join(ends[0], "a", "left_anti").join(ends[1], "b", "left_semi").select("a", "b"))
    blocks = assign_blocks(job, "crowded.blocks", touching, checkpoints.rows("banded.pairs"))

    def agreeing(articles: Any, pairs: Any) -> Any:
        pair, number = places(pairs), numbers(articles["n"])
        slots = flat(articles["signature"], np.uint32)[0].reshape(len(number), settings.num_perm)
        pair = pair[worker_backend(settings).agreeing_slots(slots, pair) >= AGREEING * settings.num_perm]
        return {"a": number[pair[:, 0]], "b": number[pair[:, 1]]}

    signatures = features.select("home", "n", "signature")
    met = checkpoints.step(
        "crowded.agreeing", lambda: with_articles(job, blocks, [signatures], agreeing, "a long, b long")
    )

    def find() -> DataFrame:
        many = _with_many(met)
        return met.join(many.toDF("a"), "a", "left_semi").join(many.toDF("b"), "b", "left_semi").select("a", "b")

    crowded = checkpoints.step("crowded", find)
    return crowded if checkpoints.rows("crowded") >= MEMBERS else None


def _with_many(pairs: DataFrame) -> DataFrame:
    """Return the articles `n` that are in as many pairs as a family has members."""
    from pyspark.sql import functions as F

    ends = pairs.select(F.explode(F.array("a", "b")).alias("n"))
    return ends.groupBy("n").count().where(f"count >= {MEMBERS}").select("n")


def _families(job: Job, sampled: DataFrame) -> DataFrame:
    """Return the articles `n` of families, as `dedup.match.families.in_families` finds them."""
    from pyspark.sql import functions as F

    templates, copies = sampled.where(f"kind > {COPY}"), sampled.where(f"kind = {COPY}")
    of = components(job, "sampled", templates, at_most=job.checkpoints.rows("sampled")).toDF("n", "family")

    def find() -> DataFrame:
        a, b = of.toDF("a", "family"), of.toDF("b", "family")
        members = of.groupBy("family").agg(F.count("*").alias("members"))
        many = templates.join(a, "a").groupBy("family").agg(F.count("*").alias("templates"))
        inside = copies.join(a, "a").join(b, ["b", "family"]).groupBy("family").agg(F.count("*").alias("copies"))
        counted = members.join(many, "family").join(inside, "family", "left").fillna(0, ["copies"])
        few = F.col("copies") <= F.lit(MOST_COPIES) * (F.col("copies") + F.col("templates"))
        return of.join(counted.where((F.col("members") >= MEMBERS) & few), "family", "left_semi").select("n")

    return job.checkpoints.step("families", find)


def _outside(pairs: DataFrame, family: DataFrame, unless: str = "false") -> DataFrame:
    """Return the pairs without those of two articles of families, unless a condition is met."""
    from pyspark.sql import functions as F

    sides = (family.select(F.col("n").alias(end), F.lit(True).alias(f"in_{end}")) for end in "ab")
    marked = pairs.join(next(sides), "a", "left").join(next(sides), "b", "left")
    return marked.where(f"in_a is null or in_b is null or {unless}").select(*pairs.columns)


def _others(job: Job, pairs: DataFrame, family: DataFrame, features: DataFrame) -> DataFrame:
    """Return the pairs to decide after the sampled ones: those outside of families, and equal texts in one."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    def digests(rows: Any, members: Any) -> Any:
        wanted = rows.filter(np.isin(numbers(rows["n"]), numbers(members["n"])))
        words = words_of(wanted)
        texts = [blake2b(words.main(place).hashes.tobytes(), digest_size=16).digest() for place in range(len(words))]
        return {"n": wanted["n"], "text": texts}

    sample = job.checkpoints.existing("sampled.pairs")
    held = features.select("home", "n", "title", "hashes", "flags")
    texts = at_home(held, family, digests, "n long, text binary")
    before = F.lag("n").over(Window.partitionBy("text").orderBy("n")).alias("a")
    equal = texts.select(before, F.col("n").alias("b")).where("a is not null")
    return _outside(pairs, family).union(equal).join(sample, ["a", "b"], "left_anti")
