"""Bodies that are not their articles': the same words under headlines that do not speak of them, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.engines.spark.job import Job, steps_of
from dedup.engines.spark.packed import binary, mapped, words_of
from dedup.vectorize.boilerplate import body_digest, is_foreign

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BODIES = "n long, body binary, title binary"


def overwritten(job: Job, words: DataFrame) -> DataFrame:
    """The numbers `n` of the articles whose body is not theirs, as `dedup.vectorize.boilerplate` finds them."""
    from pyspark.sql import functions as F

    settings, kept = job.settings, job.kept

    def find() -> DataFrame:
        held = words.select("n", "title", "hashes", "flags").mapInArrow(mapped(_bodies), BODIES)
        shared = held.groupBy("body").agg(F.count("*").alias("count")).where("count > 1").select("body")
        holders = kept.step("bodies", lambda: held.join(shared, "body", "left_semi"))
        groups = holders.groupBy("body").agg(F.min("n").alias("n"), F.collect_set("title").alias("titles"))
        several = kept.step("bodies.titles", lambda: groups.where(F.size("titles") > 1))
        titled = several.join(words.select("n", "title", "hashes", "flags"), "n")

        def foreign(table: Any) -> Any:
            words = words_of(table)
            languages = steps_of(settings).detect(words)
            wrong = [
                is_foreign(
                    {tuple(np.frombuffer(title, np.uint32).tolist()) for title in titles},
                    set(words.body(place).tolist()),
                    languages[place],
                )
                for place, titles in enumerate(table["titles"].to_pylist())
            ]
            return {"body": table["body"].filter(wrong)}

        bodies = titled.mapInArrow(mapped(foreign, 64), "body binary")
        return holders.where(F.octet_length("title") > 0).join(bodies, "body", "left_semi").select("n")

    return kept.step("overwritten", find)


def _bodies(table: Any) -> Any:
    words = words_of(table)
    has_body = np.flatnonzero(words.offsets[2::2] > words.offsets[1::2])
    titles = [words.title(place) for place in has_body.tolist()]
    bounds = np.concatenate([[0], np.cumsum([len(title) for title in titles])]).astype(np.int64)
    return {
        "n": table["n"].take(has_body),
        "body": [body_digest(words, place) for place in has_body.tolist()],
        "title": binary(np.concatenate([np.empty(0, np.uint32), *titles]), bounds),
    }
