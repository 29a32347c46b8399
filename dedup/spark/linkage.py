"""Average linkage of components that are too large for a task: in rounds, by all tasks together.

Two groups that are each other's most alike may merge at once, whatever else is going to, for average linkage is
reducible: no merge makes its result more like a third group than the more alike of the two was. So in each round all
such groups merge (Murtagh 1983; on many machines Sumengen et al. 2021), and their scores are added up: the merges are
those of one machine. A group that nothing reaches the threshold with is done, for nothing ever will, and its scores
are dropped. As soon as what is left fits a task, tasks do the rest, component by component.

Whether a merge is good enough depends on the two groups alone. So it is said when they merge, and the stories are what
good merges connect: nobody ever needs the whole tree.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.group.cut import drop_at, height_needed, threshold_at
from dedup.match.stories import Pairs
from dedup.settings import Settings
from dedup.spark.arrow import mapped, numbers
from dedup.spark.blocks import places, with_articles
from dedup.spark.components import components
from dedup.spark.job import Job, worker_backend
from dedup.vectorize.exact import SCORE_UNIT

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

MERGED = "low long, high long, size long, formed double, good boolean"
GOOD = "a long, b long"


def large_ones(job: Job, of: DataFrame, inside: DataFrame, pairs: int) -> DataFrame | None:
    """The `component`s with more pairs than a task links, None where there is none.

    Args:
        job: the run.
        of: the component of each article.
        inside: the pairs inside components, with the `component` of each.
        pairs: how many pairs there are.
    """
    from pyspark.sql import functions as F

    if pairs <= job.links:
        return None
    # An article has so many pairs of its own at most: a component of few articles need not be counted.
    articles = max(2, job.links // max(1, job.settings.neighbours))
    many = of.groupBy("component").count().where(F.col("count") >= articles).select("component")
    kept = job.kept.step("linkage.many", lambda: many)
    if not job.kept.rows("linkage.many"):
        return None
    counted = inside.join(F.broadcast(kept), "component", "left_semi").groupBy("component").count()
    found = job.kept.step("linkage.large", lambda: counted.where(F.col("count") > job.links).select("component"))
    return found if job.kept.rows("linkage.large") else None


def linked_in_rounds(job: Job, links: DataFrame, units: DataFrame, hidden: DataFrame) -> DataFrame:
    """The story of each article `n` of some components that is in one with others: the least number in it, `story`.

    Args:
        job: the run.
        links: the scored pairs `a`, `b`, `score` inside these components.
        units: for articles with a copy the first that is one text with it, `unit`: of these components alone.
        hidden: the articles that others stand for.
    """
    settings = job.settings
    threshold = threshold_at(settings.granularity)
    nodes, edges = _begun(job, links, units, hidden)
    good: list[DataFrame] = [units.where("n != unit").selectExpr("unit as a", "n as b")]
    most, round_ = job.kept.rows("units"), 0
    while job.kept.rows(f"linkage.{round_}.edges") > job.links:
        round_ += 1
        nodes, edges, merged = _round(job, f"linkage.{round_}", nodes, edges, settings)
        good.append(merged.where("good").selectExpr("low as a", "high as b"))
        most += job.kept.rows(f"linkage.{round_}.merged")
    of = components(job, "linkage.rest", _reaching(edges, threshold), at_most=job.links)

    def finish() -> DataFrame:
        inside = edges.join(of.toDF("a", "component"), "a").join(of.toDF("b", "other"), "b")
        inside = inside.where("component = other")
        blocks = inside.selectExpr("a", "b", "total", f"pmod(xxhash64(component), {job.parts}) as block")
        held = nodes.join(of.select("n"), "n", "left_semi")
        return with_articles(job, blocks, [held], lambda articles, pairs: _finished(articles, pairs, settings), GOOD)

    good.append(job.kept.step("linkage.finished", finish))
    most += job.kept.rows("linkage.finished")
    whole = good[0]
    for part in good[1:]:
        whole = whole.union(part)
    return components(job, "linkage.stories", whole, at_most=most).toDF("n", "story")


def _begun(job: Job, links: DataFrame, units: DataFrame, hidden: DataFrame) -> tuple[DataFrame, DataFrame]:
    """The groups before any merge but those of copies, and the sums of scores between them."""
    from pyspark.sql import functions as F

    members = units.join(hidden.select("n", F.lit(0).alias("counts")), "n", "left")
    sizes = members.groupBy("unit").agg(F.sum(F.coalesce("counts", F.lit(1))).alias("size"))
    ends = units.where("n != unit").select("n", "unit")

    def find() -> DataFrame:
        first = links.join(ends.toDF("a", "unit_a"), "a", "left").join(ends.toDF("b", "unit_b"), "b", "left")
        named = first.select(F.coalesce("unit_a", "a").alias("a"), F.coalesce("unit_b", "b").alias("b"), "score")
        ordered = named.select(F.least("a", "b").alias("a"), F.greatest("a", "b").alias("b"), "score").where("a != b")
        summed = ordered.groupBy("a", "b").agg(F.sum(F.col("score").cast("long")).alias("total"))
        for end in "ab":
            size = sizes.toDF(end, f"size_{end}")
            summed = summed.join(size, end, "left").withColumn(f"size_{end}", F.coalesce(f"size_{end}", F.lit(1)))
        return summed.select("a", "b", "total", "size_a", "size_b")

    edges = job.kept.step("linkage.0.edges", find)

    def apart() -> DataFrame:
        both = edges.selectExpr("a as n", "size_a as size").union(edges.selectExpr("b", "size_b")).distinct()
        return both.select("n", "size", F.lit(float("inf")).alias("formed"), F.lit(True).alias("good"))

    return job.kept.step("linkage.0.nodes", apart), edges


def _height() -> Column:
    """The mean score of two groups: the same operations on the same numbers as in `dedup.group.linkage`."""
    from pyspark.sql import functions as F

    pairs = (F.col("size_a") * F.col("size_b")).cast("double")
    return F.col("total").cast("double") * F.lit(SCORE_UNIT) / pairs


def _reaching(edges: DataFrame, threshold: float) -> DataFrame:
    return edges.where(_height() >= threshold).select("a", "b")


def _round(
    job: Job, name: str, nodes: DataFrame, edges: DataFrame, settings: Settings
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """The groups and sums after all groups have merged that are each other's most alike, and these merges."""
    from pyspark.sql import functions as F

    kept, threshold = job.kept, threshold_at(settings.granularity)
    high = edges.withColumn("height", _height()).where(F.col("height") >= threshold)
    sides = high.select(F.col("a").alias("n"), F.col("b").alias("other"), "height")
    sides = sides.union(high.select("b", "a", "height"))
    # Of pairs at one height the one whose first articles come first: all of these have `n` in common.
    most = F.max(F.struct("height", (-F.col("other")).alias("less"))).alias("best")
    best = sides.groupBy("n").agg(most).select("n", (-F.col("best.less")).alias("other"), "best.height")
    best = kept.step(f"{name}.best", partial(best.select, "*"))

    def merge() -> DataFrame:
        ends = best.select(F.least("n", "other").alias("low"), F.greatest("n", "other").alias("high"), "height")
        both = ends.groupBy("low", "high").agg(F.count("*").alias("sides"), F.first("height").alias("height"))
        both = both.where("sides = 2").drop("sides")
        for end in ("low", "high"):
            both = both.join(nodes.toDF(end, f"size_{end}", f"formed_{end}", f"good_{end}"), end)
        return both.mapInArrow(mapped(partial(_judged, settings=settings), 65_536), MERGED)

    merged = kept.step(f"{name}.merged", merge)

    def move() -> DataFrame:
        gone = merged.select(F.col("high").alias("n"), F.col("low").alias("to"))
        left = best.select("n").join(gone, "n", "left").withColumn("to", F.coalesce("to", "n"))
        after = merged.select(F.col("low").alias("to"), "size", "formed", "good")
        alone = nodes.toDF("to", "its_size", "its_formed", "its_good")
        found = left.join(after, "to", "left").join(alone, "to")
        columns = (F.coalesce(column, f"its_{column}").alias(column) for column in ("size", "formed", "good"))
        return found.select("n", "to", *columns)

    moved = kept.step(f"{name}.moved", move)

    def add_up() -> DataFrame:
        found = edges.select("a", "b", "total")
        for end in "ab":
            found = found.join(moved.select(F.col("n").alias(end), F.struct("to", "size").alias(f"to_{end}")), end)
        pair = found.select(F.least("to_a", "to_b").alias("low"), F.greatest("to_a", "to_b").alias("high"), "total")
        pair = pair.where("low.to != high.to").groupBy("low", "high").agg(F.sum("total").alias("total"))
        return pair.select(
            F.col("low.to").alias("a"),
            F.col("high.to").alias("b"),
            "total",
            F.col("low.size").alias("size_a"),
            F.col("high.size").alias("size_b"),
        )

    left = moved.where("n = to").select("n", "size", "formed", "good")
    return left, kept.step(f"{name}.edges", add_up), merged


def _good_enough(size: tuple[int, int], formed: tuple[float, float], height: float, granularity: float) -> bool:
    """Whether the merge of two groups is high enough, as in `dedup.group.cut.cut`."""
    return height >= height_needed(threshold_at(granularity), drop_at(granularity, min(size)), size, formed)


def _judged(table: Any, settings: Settings) -> Any:
    rows = table.to_pylist()
    good = [
        row["good_low"]
        and row["good_high"]
        and _good_enough(
            (row["size_low"], row["size_high"]),
            (row["formed_low"], row["formed_high"]),
            row["height"],
            settings.granularity,
        )
        for row in rows
    ]
    size = numbers(table["size_low"]) + numbers(table["size_high"])
    return {**{name: table[name] for name in ("low", "high")}, "size": size, "formed": table["height"], "good": good}


def _finished(articles: Any, pairs: Any, settings: Settings) -> Any:
    """The good merges of groups that are in a task together, by their first articles."""
    by, number, pair = worker_backend(settings), numbers(articles["n"]), places(pairs)
    sizes = numbers(articles["size"]).astype(np.int64)
    total = numbers(pairs["total"]).astype(np.int64)
    tree = by.average_linkage(Pairs(pair[:, 0], pair[:, 1], np.zeros(len(pair)), total), [], sizes)
    size, formed = sizes.tolist(), numbers(articles["formed"]).tolist()
    good, first = articles["good"].to_pylist(), list(range(len(number)))
    threshold, found = threshold_at(settings.granularity), []
    for a, b, height in zip(tree.left.tolist(), tree.right.tolist(), tree.height.tolist(), strict=True):
        if height < threshold:
            break
        fits = _good_enough((size[a], size[b]), (formed[a], formed[b]), height, settings.granularity)
        good.append(good[a] and good[b] and fits)
        size.append(size[a] + size[b])
        formed.append(height)
        first.append(min(first[a], first[b]))
        if good[-1]:
            found.append((first[a], first[b]))
    ends = np.array(found, np.int64).reshape(-1, 2)
    return {"a": number[ends[:, 0]], "b": number[ends[:, 1]]}
