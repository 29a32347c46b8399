"""Average linkage in rounds, for components that are too large for one task.

Average linkage is reducible: a merged group is never closer to a third one than the closer of its two parts was. So
two groups that are each other's nearest can be merged before any other merge is known. Each round merges all such
groups (Murtagh 1983; distributed: Sumengen et al. 2021) and sums their scores; the merges are those of one machine. A
group without a score above the threshold will never have one, so its scores are dropped. As soon as a component fits
a task, one task does the rest.

The quality of a merge depends on the two groups only. It is therefore decided when they merge, and the stories are
the components of good merges, without the full tree. Stories are joined into storylines in the same rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from dedup.group.cut import drop_at, height_needed, joining_threshold, threshold_at
from dedup.group.linkage import LOWEST
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
MERGES = "a long, b long, good boolean"


class Rule(NamedTuple):
    """What the merges of a linkage need.

    Attributes:
        lowest: mean score below which nothing merges.
        needed: returns the mean score of a good merge, given the sizes of both groups and the heights at which they
            formed.
    """

    lowest: float
    needed: Callable[[tuple[int, int], tuple[float, float]], float]

    @classmethod
    def of_articles(cls, granularity: float) -> Self:
        """The rule by which articles become stories, as in `dedup.group.cut.cut`."""
        return cls(threshold_at(granularity), partial(_story_needed, granularity))

    @classmethod
    def of_stories(cls, granularity: float) -> Self:
        """The rule by which stories become storylines, as in `dedup.group.cut.cut`."""
        return cls(LOWEST, partial(_storyline_needed, granularity))


def _story_needed(granularity: float, sizes: tuple[int, int], heights: tuple[float, float]) -> float:
    return height_needed(threshold_at(granularity), drop_at(granularity, min(sizes)), sizes, heights)


def _storyline_needed(granularity: float, _sizes: tuple[int, int], _heights: tuple[float, float]) -> float:
    return joining_threshold(granularity)


def large_components(job: Job, name: str, of: DataFrame, inside: DataFrame, pairs: int) -> DataFrame | None:
    """Return the `component`s with more pairs than a task links; None without any.

    Args:
        job: the run.
        name: prefix of the step names.
        of: the component of each article.
        inside: the pairs inside components, with the `component` of each.
        pairs: number of pairs.
    """
    from pyspark.sql import functions as F

    if pairs <= job.links:
        return None
    # `neighbours` bounds the pairs of an article, so small components need not be counted.
    articles = max(2, job.links // max(1, job.settings.neighbours))
    many = of.groupBy("component").count().where(F.col("count") >= articles).select("component")
    several = job.checkpoints.step(f"{name}.many", lambda: many)
    if not job.checkpoints.rows(f"{name}.many"):
        return None
    counted = inside.join(F.broadcast(several), "component", "left_semi").groupBy("component").count()
    found = job.checkpoints.step(f"{name}.large", lambda: counted.where(F.col("count") > job.links).select("component"))
    return found if job.checkpoints.rows(f"{name}.large") else None


def link_in_rounds(
    job: Job, name: str, links: DataFrame, units: DataFrame, hidden: DataFrame, granularity: float
) -> DataFrame:
    """Return the `story` (its least number) of each article `n` that is in one with others.

    Args:
        job: the run.
        name: prefix of the step names.
        links: the scored pairs `a`, `b`, `score` inside some components.
        units: the `unit` of articles with a copy, of these components.
        hidden: articles that have a representative, which do not count.
        granularity: at which the tree is cut.
    """
    edges = _initial_groups(job, name, links, units, hidden)
    count = job.checkpoints.rows(f"{name}.edges")
    merged = merges(job, name, groups_of(edges), edges, count, Rule.of_articles(granularity))
    copies = units.where("n != unit").selectExpr("unit as a", "n as b")
    most = job.checkpoints.rows("units") + job.checkpoints.rows(f"{name}.merges")
    good = copies.union(merged.where("good").select("a", "b"))
    return components(job, f"{name}.stories", good, at_most=most).toDF("n", "story")


def groups_of(edges: DataFrame) -> DataFrame:
    """Return the groups with a sum of scores: `n`, their `size`, and that they have not `formed` by a merge."""
    from pyspark.sql import functions as F

    both = edges.selectExpr("a as n", "size_a as size").union(edges.selectExpr("b", "size_b")).distinct()
    return both.select("n", "size", F.lit(float("inf")).alias("formed"), F.lit(True).alias("good"))


def merges(job: Job, name: str, nodes: DataFrame, edges: DataFrame, count: int, rule: Rule) -> DataFrame:
    """Return the merges of average linkage: the numbers `a`, `b` of both groups, and whether it is `good`.

    A group has the number of its first article.

    Args:
        job: the run.
        name: prefix of the step names; the merges are the step `{name}.merges`.
        nodes: the groups, see `groups_of`.
        edges: the sums of scores: `a`, `b`, `total`, `size_a`, `size_b`.
        count: number of these.
        rule: what a merge needs.
    """
    found, round_ = [], 0
    nodes = job.checkpoints.step(f"{name}.0.nodes", partial(nodes.select, "*")) if count > job.links else nodes
    while count > job.links:
        round_ += 1
        nodes, edges, merged = _merge_round(job, f"{name}.{round_}", nodes, edges, rule)
        found.append(merged.selectExpr("low as a", "high as b", "good"))
        count = job.checkpoints.rows(f"{name}.{round_}.edges")
    of = components(job, f"{name}.rest", _reaching(edges, rule.lowest), at_most=job.links)

    merge = partial(_remaining_merges, settings=job.settings, rule=rule)

    def finish() -> DataFrame:
        inside = edges.join(of.toDF("a", "component"), "a").join(of.toDF("b", "other"), "b")
        inside = inside.where("component = other")
        blocks = inside.selectExpr("a", "b", "total", f"pmod(xxhash64(component), {job.parts}) as block")
        held = nodes.join(of.select("n"), "n", "left_semi")
        rest = with_articles(job, blocks, [held], merge, MERGES)
        for part in found:
            rest = rest.union(part)
        return rest

    return job.checkpoints.step(f"{name}.merges", finish)


def _initial_groups(job: Job, name: str, links: DataFrame, units: DataFrame, hidden: DataFrame) -> DataFrame:
    """Return the sums of scores between the groups after the merges of copies."""
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

    return job.checkpoints.step(f"{name}.edges", find)


def _height() -> Column:
    """Return the mean score of two groups, by the operations of `dedup.group.linkage`, so that it is bit-identical."""
    from pyspark.sql import functions as F

    pairs = (F.col("size_a") * F.col("size_b")).cast("double")
    return F.col("total").cast("double") * F.lit(SCORE_UNIT) / pairs


def _reaching(edges: DataFrame, threshold: float) -> DataFrame:
    return edges.where(_height() >= threshold).select("a", "b")


def _merge_round(
    job: Job, name: str, nodes: DataFrame, edges: DataFrame, rule: Rule
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Merge all groups that are each other's nearest; return the groups, the sums between them and the merges."""
    from pyspark.sql import functions as F

    checkpoints = job.checkpoints
    high = edges.withColumn("height", _height()).where(F.col("height") >= rule.lowest)
    sides = high.select(F.col("a").alias("n"), F.col("b").alias("other"), "height")
    sides = sides.union(high.select("b", "a", "height"))
    # Ties go to the pair whose first articles come first; all pairs here share `n`.
    most = F.max(F.struct("height", (-F.col("other")).alias("less"))).alias("best")
    best = sides.groupBy("n").agg(most).select("n", (-F.col("best.less")).alias("other"), "best.height")
    best = checkpoints.step(f"{name}.best", partial(best.select, "*"))

    def merge() -> DataFrame:
        ends = best.select(F.least("n", "other").alias("low"), F.greatest("n", "other").alias("high"), "height")
        both = ends.groupBy("low", "high").agg(F.count("*").alias("sides"), F.first("height").alias("height"))
        both = both.where("sides = 2").drop("sides")
        for end in ("low", "high"):
            both = both.join(nodes.toDF(end, f"size_{end}", f"formed_{end}", f"good_{end}"), end)
        return both.mapInArrow(mapped(partial(_merged_groups, rule=rule), 65_536), MERGED)

    merged = checkpoints.step(f"{name}.merged", merge)

    def move() -> DataFrame:
        absorbed = merged.select(F.col("high").alias("n"), F.col("low").alias("to"))
        left = best.select("n").join(absorbed, "n", "left").withColumn("to", F.coalesce("to", "n"))
        after = merged.select(F.col("low").alias("to"), "size", "formed", "good")
        alone = nodes.toDF("to", "its_size", "its_formed", "its_good")
        found = left.join(after, "to", "left").join(alone, "to")
        columns = (F.coalesce(column, f"its_{column}").alias(column) for column in ("size", "formed", "good"))
        return found.select("n", "to", *columns)

    moved = checkpoints.step(f"{name}.moved", move)

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
    return left, checkpoints.step(f"{name}.edges", add_up), merged


def _merged_groups(table: Any, rule: Rule) -> Any:
    good = [
        row["good_low"]
        and row["good_high"]
        and row["height"] >= rule.needed((row["size_low"], row["size_high"]), (row["formed_low"], row["formed_high"]))
        for row in table.to_pylist()
    ]
    size = numbers(table["size_low"]) + numbers(table["size_high"])
    return {**{name: table[name] for name in ("low", "high")}, "size": size, "formed": table["height"], "good": good}


def _remaining_merges(articles: Any, pairs: Any, settings: Settings, rule: Rule) -> Any:
    """Return the merges of the components in a task, by the first articles of the groups."""
    import pyarrow as pa

    backend, number, pair = worker_backend(settings), numbers(articles["n"]), places(pairs)
    sizes = numbers(articles["size"]).astype(np.int64)
    total = numbers(pairs["total"]).astype(np.int64)
    tree = backend.average_linkage(Pairs(pair[:, 0], pair[:, 1], np.zeros(len(pair)), total), [], sizes)
    size, formed = sizes.tolist(), numbers(articles["formed"]).tolist()
    good, first, found = articles["good"].to_pylist(), list(range(len(number))), []
    for a, b, height in zip(tree.left.tolist(), tree.right.tolist(), tree.height.tolist(), strict=True):
        if height < rule.lowest:
            break
        fits = height >= rule.needed((size[a], size[b]), (formed[a], formed[b]))
        good.append(good[a] and good[b] and fits)
        size.append(size[a] + size[b])
        formed.append(height)
        found.append((first[a], first[b]))
        first.append(min(first[a], first[b]))
    ends = number[np.array(found, np.int64).reshape(-1, 2)]
    return {"a": ends[:, 0], "b": ends[:, 1], "good": pa.array(good[len(number) :], pa.bool_())}
