"""Storylines: average linkage of stories, in rounds over all tasks.

The counterpart of `dedup.group.storylines`. The vectors of a story are added up in each home first, so that of a story
of any size each home sends one row. Pairs of stories with related articles are scored in blocks, and linked as articles
are, see `linkage`. With the groups that were found this is repeated; pairs of groups that did not change keep their
scores. All sums are sums of integers, so they do not depend on order.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from dedup.group.cut import EVENT
from dedup.group.storylines import Groups, SparseSums, scores_between
from dedup.match.stories import Products, products, similarity_to_others
from dedup.settings import Settings
from dedup.spark.arrow import binary, empty, numbers
from dedup.spark.blocks import assign_blocks, places, with_articles
from dedup.spark.components import components
from dedup.spark.job import Job, broadcast, worker_backend
from dedup.spark.linkage import Rule, groups_of, merges
from dedup.spark.partitions import HOME_BITS, at_home, places_in, without
from dedup.spark.story_pairs import in_tasks
from dedup.spark.tfidf import matrix_and_terms, totals_of
from dedup.vectorize.exact import WEIGHT_UNIT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

GROUPS = "home int, n long, size long, background long, first double, last double, terms binary, sums binary"
EDGES = "a long, b long, total long, size_a long, size_b long"
_ADDED = 10_000
"""Approximate number of groups that one task adds up."""


def articles_as_groups(job: Job, vectors: DataFrame, hidden: DataFrame, count: int) -> DataFrame:
    """Return the articles as groups of one, see `dedup.group.storylines.Groups`.

    Args:
        job: the run.
        vectors: the result of `dedup.spark.tfidf.vectors`.
        hidden: the articles that have a representative, which do not count.
        count: number of the others.
    """
    general = vectors.selectExpr("home", "n", "seconds", "terms", "general as weights")
    total = None if job.background else totals_of(job, "totals.general", general, hidden)
    shared = broadcast(job.spark, (total, job.background))

    def group(rows: Any, hidden: Any) -> Any:
        total, background = shared.value
        matrix, terms = matrix_and_terms(rows)
        if background:
            similarity = background.general_ordinariness(matrix, terms)
        else:
            each = np.arange(rows.num_rows)
            to_all = np.asarray(matrix @ (total.at(terms) * WEIGHT_UNIT)).ravel()  # exact: multiples of a power of two
            similarity = similarity_to_others(to_all, products(matrix, each, each), count)
        number = numbers(rows["n"])
        weights = 1 - np.isin(number, numbers(hidden["n"])).astype(np.int64)
        groups = Groups.of(matrix, similarity, numbers(rows["seconds"]).astype(np.float64), weights, products)
        return _columns(number, terms, groups)

    found = at_home(general, hidden.select("n"), group, GROUPS)
    return job.checkpoints.step("storylines.articles", lambda: found, rows=job.checkpoints.rows("vectors"), by="home")


def storylines(
    job: Job, articles: DataFrame, events: DataFrame, pairs: DataFrame, ends: DataFrame, crowding: float
) -> tuple[DataFrame, DataFrame]:
    """Join stories into storylines, as `dedup.group.storylines.with_storylines` does.

    Args:
        job: the run.
        articles: the result of `articles_as_groups`.
        events: the `story` of each linked article `n` at the granularity `EVENT`.
        pairs: the result of `linkable_pairs`.
        ends: the tasks with pairs of each article.
        crowding: of the collection.

    Returns:
        The `group` of each joined `story`: its storyline, and its story at the granularity of the run if that is above
        `EVENT`.
    """
    from pyspark.sql import functions as F

    checkpoints, granularity = job.checkpoints, job.settings.granularity
    groups = _joined(job, "storylines.0.groups", articles, events.toDF("n", "to"), checkpoints.rows("events"))
    given = checkpoints.step("storylines.0.pairs", lambda: _related(pairs, ends, events))
    known: DataFrame | None = None
    bad: DataFrame | None = None
    found: list[DataFrame] = []
    count = round_ = 0
    while True:
        name = f"storylines.{round_}"
        edges = checkpoints.step(f"{name}.edges", partial(_edges, job, name, given, groups, known, crowding))
        nodes = groups_of(edges)
        if bad is not None:
            nodes = nodes.drop("good").join(bad.withColumn("good", F.lit(False)), "n", "left").fillna(True, ["good"])
        merged = merges(job, name, nodes, edges, checkpoints.rows(f"{name}.edges"), Rule.of_stories(granularity))
        found.append(merged)
        new = checkpoints.rows(f"{name}.merges")
        if not new:
            break
        count, round_ = count + new, round_ + 1
        moved = components(job, f"{name}.moved", merged.select("a", "b"), at_most=new).toDF("n", "to")
        if granularity > EVENT:
            worse = merged.where("not good").selectExpr("a as n").join(moved, "n").selectExpr("to as n")
            bad = worse.distinct() if bad is None else worse.union(bad.join(moved, "n", "left_anti")).distinct()
        both = edges.join(moved.toDF("a", "to_a"), "a", "left").join(moved.toDF("b", "to_b"), "b", "left")
        known = both.where("to_a is null and to_b is null").select(*edges.columns)
        changed = both.where("to_a is not null or to_b is not null")
        changed = changed.selectExpr("coalesce(to_a, a) as a", "coalesce(to_b, b) as b")
        given = checkpoints.step(f"storylines.{round_}.pairs", partial(_distinct, changed))
        if not checkpoints.rows(f"storylines.{round_}.pairs"):
            break
        groups = _joined(job, f"storylines.{round_}.groups", groups, moved, 2 * new)
    every = found[0]
    for part in found[1:]:
        every = every.union(part)
    lines = components(job, "storylines.all", every.select("a", "b"), at_most=count)
    stories = components(job, "storylines.good", every.where("good").select("a", "b"), at_most=count)
    return lines.toDF("story", "group"), stories.toDF("story", "group")


def regrouped(distinct: DataFrame, events: DataFrame, groups: DataFrame) -> DataFrame:
    """Return the group, as `story`, of each article `n` in a story or a group with others.

    Args:
        distinct: the articles.
        events: the `story` of each linked article `n`.
        groups: the `group` of each joined `story`.
    """
    from pyspark.sql import functions as F

    of = distinct.select("n").join(events.toDF("n", "event"), "n", "left")
    of = of.withColumn("story", F.coalesce("event", "n")).join(groups, "story", "left")
    return of.where("event is not null or group is not null").select("n", F.coalesce("group", "story").alias("story"))


def names_of(of: DataFrame, distinct: DataFrame) -> DataFrame:
    """Return the name of each one's storyline, that of its first published article: `n`, `storyline`."""
    from pyspark.sql import functions as F

    held = of.join(distinct.select("n", "name", "seconds", "length"), "n")
    seniority = F.struct(F.coalesce("seconds", F.lit(float("inf"))), -F.col("length"), "n")
    return of.join(held.groupBy("story").agg(F.min_by("name", seniority).alias("storyline")), "story").drop("story")


def _related(pairs: DataFrame, ends: DataFrame, events: DataFrame) -> DataFrame:
    """Return the pairs of stories with related articles."""
    of = in_tasks(ends, events)
    for end in "ab":
        its = of.toDF(end, "task", f"story_{end}")
        pairs = pairs.join(its.hint("shuffle_hash"), ["task", end], "left")
    return _distinct(pairs.selectExpr("coalesce(story_a, a) as a", "coalesce(story_b, b) as b"))


def _distinct(pairs: DataFrame) -> DataFrame:
    """Return the distinct pairs of different numbers, the lower one first."""
    return pairs.where("a != b").selectExpr("least(a, b) as a", "greatest(a, b) as b").distinct()


def _edges(
    job: Job, name: str, given: DataFrame, groups: DataFrame, known: DataFrame | None, crowding: float
) -> DataFrame:
    """Return the sums of scores of pairs of groups, with the sizes of both, after the known ones."""
    settings = job.settings
    blocks = assign_blocks(job, f"{name}.blocks", given, job.checkpoints.rows(f"{name}.pairs"))
    scored = with_articles(
        job, blocks, [groups], lambda articles, pairs: _scored(articles, pairs, crowding, settings), EDGES
    )
    return scored if known is None else known.union(scored)


def _scored(articles: Any, pairs: Any, crowding: float, settings: Settings) -> Any:
    number, pair = numbers(articles["n"]), places(pairs)
    groups, _ = _groups(articles, worker_backend(settings).products)
    a, b = np.ascontiguousarray(pair[:, 0]), np.ascontiguousarray(pair[:, 1])
    total = scores_between(groups, a, b, crowding, settings)
    some = (groups.size[a] > 0) & (groups.size[b] > 0)
    a, b = a[some], b[some]
    sizes = {"size_a": groups.size[a], "size_b": groups.size[b]}
    return {"a": number[a], "b": number[b], "total": total[some], **sizes}


def _joined(job: Job, name: str, groups: DataFrame, moved: DataFrame, count: int) -> DataFrame:
    """Replace groups by those that they make up.

    Args:
        job: the run.
        name: the step's name.
        groups: by home.
        moved: for each changed group `n` the one that it is part of, `to`.
        count: upper bound of the number of these.
    """

    def gather(rows: Any, moving: Any) -> Any:
        import pyarrow as pa

        rows = rows.take(pa.array(places_in(numbers(rows["n"]), numbers(moving["n"]))))
        return _added(rows, numbers(moving["to"])) if rows.num_rows else empty(GROUPS)

    def add(rows: Any) -> Any:
        import pyarrow as pa

        return pa.table(_added(rows, numbers(rows["n"])))

    blocks = max(job.parts, count // _ADDED)
    parts = at_home(groups, moved, gather, GROUPS).selectExpr("*", f"pmod(xxhash64(n), {blocks}) as block")
    changed = parts.groupBy("block").applyInArrow(add, GROUPS)
    return job.checkpoints.step(name, lambda: without(groups, moved).union(changed), by="home")


def _added(rows: Any, to: NDArray[np.int64]) -> Any:
    """Add up the groups that are part of one."""
    number, group = np.unique(to, return_inverse=True)
    groups, terms = _groups(rows, products)
    return _columns(number, terms, groups.joined(group.ravel()))


def _groups(rows: Any, products: Products) -> tuple[Groups, NDArray[np.int64]]:
    """Return the groups of a table, and the hashed term of each column of their sums."""
    sums, terms = matrix_and_terms(rows, weights="sums", kind=np.int64)
    size, background = (numbers(rows[name]).astype(np.int64) for name in ("size", "background"))
    first, last = (numbers(rows[name]).astype(np.float64) for name in ("first", "last"))
    return Groups(SparseSums(sums, products), np.arange(len(size)), size, background, first, last), terms


def _columns(number: NDArray[np.int64], terms: NDArray[np.int64], groups: Groups) -> dict[str, Any]:
    """Return groups as columns, the inverse of `_groups`."""
    sums = cast(SparseSums, groups.sums).rows(groups.row)
    sums.eliminate_zeros()
    bounds = sums.indptr.astype(np.int64)
    return {
        "home": (number & ((1 << HOME_BITS) - 1)).astype(np.int32),
        "n": number,
        "size": groups.size,
        "background": groups.background,
        "first": groups.start,
        "last": groups.end,
        "terms": binary(terms[sums.indices].astype(np.int32), bounds),
        "sums": binary((sums.data / WEIGHT_UNIT).astype(np.int64), bounds),  # exact
    }
