"""Storylines on Spark are those of a run: several stories each, in rounds, at every granularity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.sparse as sp
from spark_runs import Rows, expected, frame, labels, long

import dedup
from dedup import Settings
from dedup.group.cut import EVENT, cut
from dedup.group.linkage import average_linkage
from dedup.group.storylines import Groups, scores_between, with_storylines
from dedup.match.stories import Pairs, mean_similarity, products
from dedup.spark import cluster
from dedup.vectorize.exact import SCORE_UNIT, WEIGHT_UNIT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]

FREQUENT = (
    "the of and to in that it was for on with as at by from had they which were been",
    "der die und in den von zu das mit sich des auf ist im dem nicht ein eine als auch",
    "",
)
"""Frequent words of two languages and of one without a table."""
BEFORE_STORYLINES = ("events", "totals.general", "storylines.articles", "storylines.0.groups", "storylines.0.pairs")


def collection(seed: int) -> Rows:
    """Return articles of five matters with several stories each, of made-up words.

    Some stories come after a gap, some articles have no date, some are copies.
    """
    rng = np.random.default_rng(seed)

    def some(words: list[str], count: int) -> list[str]:
        return [str(word) for word in rng.choice(words, count, replace=False)]

    def words(count: int) -> list[str]:
        letters = zip(rng.choice(list("bdfgklmnprst"), (count, 4)), rng.choice(list("aeiou"), (count, 4)), strict=True)
        return ["".join(a + b for a, b in zip(*pair, strict=True)) for pair in letters]

    rows: Rows = []
    for line in range(5):
        matter = words(30)
        for story in range(int(rng.integers(2, 6))):
            own, day = words(14), story * float(rng.choice([1, 4, 9, 40])) + line
            for number in range(int(rng.integers(1, 6))):
                text = [*some(matter, 11), *some(own, 9), *words(6), *FREQUENT[line % 3].split()]
                rng.shuffle(text)
                published = datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=day + rng.random())
                rows.append(
                    {
                        "id": f"{line}-{story}-{number}",
                        "title": " ".join(some(matter + own, 4)).title(),
                        "text": " ".join(text) + ".",
                        "source": str(rng.choice(["Echo", "Herald", ""])),
                        "published": published.isoformat() if rng.random() > 0.15 else None,
                    }
                )
                if rng.random() < 0.1:
                    again = {"id": f"{rows[-1]['id']} again", "source": "Copyist", "text": f"{rows[-1]['text']} Again."}
                    rows.append({**rows[-1], **again})
    return rows


@pytest.mark.parametrize(
    "runs",
    [
        ((0.5, 5_000_000), (0.7, 5_000_000), (1.0, 5_000_000)),
        pytest.param(((0.96, 4), (0.3, 5_000_000)), marks=long),
    ],
)
def test_storylines_equal_those_of_a_run_at_every_granularity(
    spark: SparkSession, tmp_path: Path, runs: tuple[tuple[float, int], ...]
) -> None:
    """Runs at several granularities, with the largest component that a task links.

    The steps before storylines are computed once.
    """
    from dedup.spark import clustered
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.job import Job

    rows, counts = collection(20), []
    for granularity, links in runs:
        for note in tmp_path.glob("steps/*.json"):
            late = note.stem.startswith(("storylines", "cut", "stories", "result"))
            if late and note.stem not in BEFORE_STORYLINES:
                note.unlink()
        settings = Settings(granularity=granularity)
        job = Job(spark, settings, Checkpoints(spark, f"file://{tmp_path}/steps", {}, 3), 3, chunk=30, links=links)
        found = labels(clustered(job, frame(spark, rows), {}))
        job.checkpoints.drop_tables()
        assert found == expected(rows, settings)
        counts.append(len({story for story, *_ in found.values()}))
        lines = len({line for *_, line in found.values()})
    assert lines < counts[0]
    if runs[-1][0] == 1:
        assert counts[0] > counts[1] > counts[2] == lines, "the test has stories to join"
    assert (tmp_path / "steps" / "storylines.2.pairs").is_dir(), "groups were joined again"


def test_stories_are_joined_in_rounds_as_on_one_machine(spark: SparkSession, tmp_path: Path) -> None:
    """Made-up vectors: articles without a date, hidden ones, and pairs between most stories."""
    import pyarrow as pa

    from dedup.spark.arrow import binary
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.job import Job
    from dedup.spark.partitions import HOME_BITS
    from dedup.spark.storylines import articles_as_groups, regrouped, storylines

    rng, count, terms, crowding, settings = np.random.default_rng(6), 150, 80, 3 * SCORE_UNIT, Settings(granularity=0.8)
    of = rng.integers(0, 30, count)
    matter = of // 5
    weights_of_matter, own = (rng.integers(0, 9000, (n, terms)) * (rng.random((n, terms)) < 0.15) for n in (6, 30))
    weights = (weights_of_matter[matter] + own[of]) * (rng.random((count, terms)) < 0.6)
    weights[:, 0] += 1
    matrix = sp.csr_array(weights * WEIGHT_UNIT)
    days = of % 5 * 4 + 20 * rng.random(count)
    seconds = np.where(rng.random(count) < 0.1, np.nan, days * 86_400)
    representative = np.arange(count)
    representative[5:9] = 4
    a, b = np.triu_indices(count, 1)
    chance = np.where(of[a] == of[b], 0.9, np.where(matter[a] == matter[b], 0.05, 0.005))
    some = (rng.random(len(a)) < chance) & (representative[a] == a) & (representative[b] == b)
    pairs = Pairs(a[some], b[some], np.zeros(some.sum()), rng.integers(1, int(0.6 / SCORE_UNIT), some.sum()))
    counted = (representative == np.arange(count)).astype(np.int64)
    tree = average_linkage(pairs, [[4, 5, 6, 7, 8]], counted)
    story = cut(tree, EVENT)
    single = Groups.of(matrix, mean_similarity(matrix, representative), seconds, counted, products)
    scored = partial(scores_between, crowding=crowding, settings=settings)
    whole = with_storylines(tree, story, single, pairs, scored, average_linkage)
    lines, stories = cut(whole, 1.0), cut(whole, settings.granularity)
    assert story.max() > stories.max() > lines.max() > 1, "the test has stories to join"

    number = (np.arange(count) << HOME_BITS) | np.arange(count) % 3
    first = np.unique(story, return_index=True)[1][story]
    linked = np.bincount(story)[story] > 1
    vectors = {
        "home": np.arange(count, dtype=np.int32) % 3,
        "n": number,
        "seconds": pa.array(seconds, from_pandas=True),
        "terms": binary(matrix.indices.astype(np.int32), matrix.indptr.astype(np.int64)),
        "general": binary((matrix.data / WEIGHT_UNIT).astype(np.uint16), matrix.indptr.astype(np.int64)),
    }
    job = Job(spark, settings, Checkpoints(spark, f"file://{tmp_path}/steps", {}, 2), 2, links=40)
    given = {
        "vectors": vectors,
        "linked": {"task": pairs.a.astype(np.int32) % 2, "a": number[pairs.a], "b": number[pairs.b]},
        "ends": {"n": np.repeat(number, 2), "task": np.tile(np.arange(2, dtype=np.int32), count)},
        "events": {"n": number[linked], "story": number[first[linked]]},
        "hidden": {"n": number[counted == 0]},
        "distinct": {"n": number},
    }
    by = {"vectors": "home", "linked": "task"}
    steps = {
        name: job.checkpoints.step(name, partial(spark.createDataFrame, pa.table(table)), by=by.get(name))
        for name, table in given.items()
    }
    articles = articles_as_groups(job, steps["vectors"], steps["hidden"], int(counted.sum()))
    for groups, label in zip(
        storylines(job, articles, steps["events"], steps["linked"], steps["ends"], crowding),
        (lines, stories),
        strict=True,
    ):
        found = {row["n"]: row["story"] for row in regrouped(steps["distinct"], steps["events"], groups).collect()}
        firsts = number[np.unique(label, return_index=True)[1][label]]
        assert [found.get(n, n) for n in number.tolist()] == firsts.tolist()
    assert (tmp_path / "steps" / "storylines.0.1.edges").is_dir(), "components were linked in rounds"
    assert (tmp_path / "steps" / "storylines.2.pairs").is_dir(), "groups were joined again"


@long
def test_storylines_with_a_frozen_background_equal_those_of_a_run(spark: SparkSession) -> None:
    background = dedup.learn_background(collection(7))
    rows, settings = collection(5), Settings(granularity=0.7)
    found = cluster(frame(spark, rows), settings, background=background, partitions=2)
    assert labels(found) == expected(rows, settings, background)
    assert len({line for *_, line in labels(found).values()}) < len({story for story, *_ in labels(found).values()})
