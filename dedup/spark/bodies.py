"""Bodies that are not their articles': the same words under headlines that do not speak of them, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import binary, numbers, words_of
from dedup.spark.job import Job, worker_backend
from dedup.spark.partitions import are_named, at_home, places_in, repeated
from dedup.vectorize.features import HashedWords
from dedup.vectorize.misplaced_body import body_digest, is_foreign

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BODIES = "n long, body binary, title binary"


def misplaced(job: Job, words: DataFrame) -> DataFrame:
    """The numbers `n` of the articles whose body is not theirs, as `dedup.vectorize.misplaced_body` finds them."""
    from pyspark.sql import functions as F

    settings, kept = job.settings, job.kept
    texts = words.select("home", "n", "title", "hashes", "flags")
    again = repeated(job, "bodies.again", texts, _hashes, least=2, entries=kept.rows("words"))

    def find() -> DataFrame:
        held = at_home(texts, again, _bodies, BODIES)
        shared = held.groupBy("body").agg(F.count("*").alias("count")).where("count > 1").select("body")
        holders = kept.step("bodies", lambda: held.join(shared, "body", "left_semi"))
        groups = holders.groupBy("body").agg(F.min("n").alias("n"), F.collect_set("title").alias("titles"))
        several = kept.step("bodies.titles", lambda: groups.where(F.size("titles") > 1))

        def foreign(rows: Any, coming: Any) -> Any:
            import pyarrow as pa

            words = words_of(rows.take(places_in(numbers(rows["n"]), numbers(coming["n"]))))
            languages = worker_backend(settings).detect(words)
            wrong = [
                is_foreign(
                    {tuple(np.frombuffer(title, np.uint32).tolist()) for title in titles},
                    set(words.body(place).tolist()),
                    languages[place],
                )
                for place, titles in enumerate(coming["titles"].to_pylist())
            ]
            return {"body": coming["body"].filter(pa.array(wrong, pa.bool_()))}

        bodies = at_home(texts, several, foreign, "body binary")
        return holders.where(F.octet_length("title") > 0).join(bodies, "body", "left_semi").select("n")

    return kept.step("overwritten", find)


def _digests(words: HashedWords) -> tuple[NDArray[np.int64], list[bytes]]:
    """The places of articles with a body, and the digest of each."""
    has_body = np.flatnonzero(words.offsets[2::2] > words.offsets[1::2])
    return has_body, [body_digest(words, place) for place in has_body.tolist()]


def _hashes(table: Any) -> NDArray[np.uint64]:
    return _prefixes(_digests(words_of(table))[1])


def _prefixes(digests: list[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(digest[:8] for digest in digests), "<u8").astype(np.uint64)


def _bodies(rows: Any, again: Any) -> Any:
    import pyarrow as pa

    words = words_of(rows)
    has_body, digests = _digests(words)
    some = np.flatnonzero(are_named(_prefixes(digests), again)).tolist()
    titles = [words.title(int(has_body[place])) for place in some]
    bounds = np.concatenate([[0], np.cumsum([len(title) for title in titles])]).astype(np.int64)
    return {
        "n": rows["n"].take(pa.array(has_body[some], pa.int64())),
        "body": pa.array([digests[place] for place in some], pa.binary()),
        "title": binary(np.concatenate([np.empty(0, np.uint32), *titles]), bounds),
    }
