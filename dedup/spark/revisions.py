"""Revisions on Spark: of the versions of a page only the latest counts, as in `dedup.group.pages`.

The articles of each address that several have are compared in one task, the nearest in time. Versions are connected
through others, over all their addresses.
"""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.group.pages import Holders, pages
from dedup.match.versions import are_versions
from dedup.settings import Settings
from dedup.spark.arrow import numbers, words_of
from dedup.spark.components import components
from dedup.spark.job import Job, worker_backend

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ADDRESSES = "array<struct<key: binary, specific: boolean>>"
_DAY = 86_400.0


def find_revisions(job: Job, articles: DataFrame) -> DataFrame | None:
    """Return the articles `uid` of which there is a later version, with the `latest`; None if there are none.

    Args:
        job: the run.
        articles: the read articles, with their `addresses`.
    """
    from pyspark.sql import functions as F

    checkpoints = job.checkpoints
    keys = articles.where("not blank and size(addresses) > 0").select("uid", F.explode("addresses").alias("address"))
    keys = keys.select("uid", "address.key", "address.specific")
    shared = keys.groupBy("key").count().where("count > 1").select("key")
    if not shared.take(1):
        return None
    when = F.coalesce("published", "told", "seen").alias("seconds")
    known = ("uid", "id", "content", "length", "seen", "kind", "withdraws", "title", "hashes", "flags")
    held = keys.join(shared, "key").join(articles.select(*known, when), "uid")
    settings = job.settings

    def compared(table: Any) -> Any:
        return _versions(table, settings)

    def compare() -> DataFrame:
        return held.groupBy("key").applyInArrow(compared, "a long, b long")

    links = checkpoints.step("versions.pairs", compare)
    if not checkpoints.rows("versions.pairs"):
        return None
    of = components(job, "versions", links, at_most=checkpoints.rows("versions.pairs"))
    earliest = F.lit(float("-inf"))
    dates = (F.coalesce(when, earliest), F.coalesce("seen", earliest))
    order = F.struct((F.col("kind") != "stub").alias("whole"), *dates, "length", "content", "id", "uid")

    def find() -> DataFrame:
        placed = of.join(articles.select(F.col("uid").alias("n"), order.alias("rank")), "n")
        last = placed.groupBy("component").agg(F.max_by("n", "rank").alias("latest"))
        found = placed.join(last, "component").where("n != latest")
        return found.select(F.col("n").alias("uid"), "latest")

    return checkpoints.step("revisions", find)


def _versions(table: Any, settings: Settings) -> Any:
    """Return the pairs of articles under one address that are versions of one text."""
    import pyarrow as pa

    backend, words, uid = worker_backend(settings), words_of(table), numbers(table["uid"])
    rows = table.drop_columns(["hashes", "flags"]).to_pylist()
    earliest = -float("inf")

    def order(row: int) -> tuple[Any, ...]:
        it = rows[row]
        seconds, seen = (earliest if it[name] is None else it[name] for name in ("seconds", "seen"))
        return it["kind"] != "stub", seconds, seen, it["length"], it["content"], it["id"], it["uid"]

    def are_same(one: int, other: int, specific: bool) -> bool:
        first, second = rows[one], rows[other]
        if (first["id"], first["content"]) == (second["id"], second["content"]):
            return False
        if first["withdraws"] or second["withdraws"] or (specific and "stub" in (first["kind"], second["kind"])):
            return True
        dates = first["seconds"], second["seconds"]
        days = float("nan") if None in dates else abs(dates[1] - dates[0]) / _DAY
        return are_versions(words, one, other, days, backend, specific=specific)

    held = [(sorted(range(len(rows)), key=order), rows[0]["specific"])]
    found = [(group[0], other) for group in pages(starmap(Holders, held), are_same, order) for other in group[1:]]
    ends = uid[np.array(found, np.int64).reshape(-1, 2)]
    return pa.table({"a": ends.min(axis=1), "b": ends.max(axis=1)}) if len(ends) else pa.table(
        {"a": pa.array([], pa.int64()), "b": pa.array([], pa.int64())}
    )  # fmt: skip
