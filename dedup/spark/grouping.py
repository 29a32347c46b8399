"""Group pairs into copy groups and stories, component by component.

Articles in different components are never merged, so components are grouped separately. Only same-story pairs whose
score reaches the merge threshold make components: a mean of scores is never above the largest, so two groups without
such a pair between them are never merged.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.group.canonical import Versions, canonical_of_story
from dedup.group.copies import coherent, copy_groups, digests, first_of_group, title_keys, without_parts
from dedup.group.cut import merge_threshold
from dedup.kinds import FOLLOWING, SECONDARY
from dedup.match.copies import ALIKE
from dedup.match.notices import MOST_DAYS, NEXT_MATCH
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import Pairs
from dedup.results.assemble import mean_scores
from dedup.settings import Settings
from dedup.spark.arrow import numbers, words_of
from dedup.spark.blocks import places, vocabulary, with_articles
from dedup.spark.components import components
from dedup.spark.copies import COPY, NEVER, TEMPLATE, overlaps_of, seniorities
from dedup.spark.job import Job, worker_backend
from dedup.spark.linkage import large_components, link_in_rounds
from dedup.spark.story_pairs import in_tasks
from dedup.spark.tfidf import matrix_of
from dedup.vectorize.exact import SCORE_UNIT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

UNITS = "n long, digest boolean, unit long"
LABELS = "n long, story long"
GROUPED = "n long, story long, copy_group long, shown long, score double"

_DAYS = f"(abs(seconds_a - seconds_b) / {SECONDS_A_DAY!r})"
_OF_TWO = (
    "(size(array_except(array_except(names_a, names_b), beside_b)) > 0"
    " and size(array_except(array_except(names_b, names_a), beside_a)) > 0)"
)
_APART = (
    f"case when kind_a = 'notice' and kind_b = 'notice' then coalesce({_DAYS} >= {MOST_DAYS!r}, false) or {_OF_TWO}"
    f" when kind_a = 'notice' or kind_b = 'notice' or coalesce({_DAYS} < {NEXT_MATCH!r}, false) then false"
    f" else (kind_a = 'result' and kind_b = 'result' and {_DAYS} is not null) or {_OF_TWO} end"
)
"""Whether two articles are two notices or of two matches, see `dedup.match.notices.are_apart`."""


def alike_pairs(pairs: DataFrame, known: DataFrame) -> DataFrame:
    """Return the same-story pairs that are alike enough for copies and not decided yet."""
    found = pairs.where(f"cosine >= {ALIKE!r} or hinted")
    found = found.selectExpr("a", "b", f"cosine >= {ALIKE!r} as alike", "cast(task as long) as block")
    return found.join(known.select("a", "b"), ["a", "b"], "left_anti")


def units(job: Job, decided: DataFrame, features: DataFrame, vectors: DataFrame) -> DataFrame:
    """Return the `unit` of each article `n` with a copy (first article of its text) and whether it is a `digest`."""
    from pyspark.sql import functions as F

    settings = job.settings
    copies = decided.where(f"kind = {COPY}")
    of = components(job, "copies", copies, at_most=sum(job.checkpoints.rows(name) for name in ("banded", "alike")))

    def find() -> DataFrame:
        inside = decided.where(f"kind >= {COPY}").join(of.toDF("a", "component"), "a")
        inside = inside.join(of.toDF("b", "other"), "b").where("component = other").drop("other")
        large = of.groupBy("component").count().where("count > 2").select("component")
        blocks = inside.join(large, "component", "left_semi").selectExpr(
            "*", f"pmod(xxhash64(component), {job.parts}) as block"
        )
        held = [
            features.select("home", "n", "words", "title", "hashes", "flags"),
            vectors.select("home", "n", "terms", "weights"),
        ]
        several = with_articles(
            job,
            blocks,
            held,
            lambda articles, pairs: _units(articles, pairs, settings),
            UNITS,
            known=vocabulary(job, features),
        )
        pairs = of.join(large, "component", "left_anti").select("n", F.lit(False).alias("digest"), "component")
        return several.union(pairs)

    return job.checkpoints.step("units", find)


def linkable_pairs(
    pairs: DataFrame, ends: DataFrame, units: DataFrame, decided: DataFrame, distinct: DataFrame
) -> DataFrame:
    """Return the pairs that may link a story, without those of digests, one template, two notices or two matches.

    Args:
        pairs: the scored pairs, by task.
        ends: the tasks with pairs of each article.
        units: the result of `units`.
        decided: decided pairs; those of kind `NEVER` are dropped.
        distinct: the articles.
    """
    left = pairs.where("score > 0")
    digest = in_tasks(ends, units.where("digest").select("n"))
    for end in "ab":
        left = left.join(digest.withColumnRenamed("n", end).hint("shuffle_hash"), ["task", end], "left_anti")
    never = in_tasks(ends, decided.where(f"kind = {NEVER}").selectExpr("a as n", "b")).withColumnRenamed("n", "a")
    left = left.join(never.hint("shuffle_hash"), ["task", "a", "b"], "left_anti")
    about = distinct.where("kind = 'notice' or size(names) > 0").select("n", "kind", "names", "beside", "seconds")
    if about.take(1):
        held = in_tasks(ends, about)
        for end in "ab":
            columns = (f"{name}_{end}" for name in ("kind", "names", "beside", "seconds"))
            left = left.join(held.toDF(end, "task", *columns).hint("shuffle_hash"), ["task", end], "left")
        left = left.where(f"kind_a is null or kind_b is null or not ({_APART})")
    return left.select("task", "a", "b", "score")


def cut_stories(
    job: Job,
    name: str,
    granularity: float,
    pairs: DataFrame,
    ends: DataFrame,
    units: DataFrame,
    hidden: DataFrame,
    distinct: DataFrame,
) -> DataFrame:
    """Return the `story` (its least number) of each article `n` that is linked to others, without storylines.

    Args:
        job: the run.
        name: the step's name.
        granularity: at which the merge tree is cut.
        pairs: the result of `linkable_pairs`.
        ends: the tasks with pairs of each article.
        units: the result of `units`.
        hidden: articles that have a representative.
        distinct: the articles.
    """
    from pyspark.sql import functions as F

    following = distinct.where(F.col("kind").isin(*FOLLOWING)).select("n")
    settings, threshold = job.settings, merge_threshold(granularity)
    one_text = units.where("n != unit").selectExpr("unit as a", "n as b")
    reaching = pairs.where(F.col("score") * SCORE_UNIT >= threshold).select("a", "b")
    most = job.checkpoints.rows("linked") + job.checkpoints.rows("units")
    of = components(job, name, reaching.union(one_text), at_most=most)
    large = large_components(job, name, of, _inside(pairs, ends, of), job.checkpoints.rows("linked"))
    in_rounds = None
    if large is not None:
        held = of.join(large, "component", "left_semi")
        inside = job.checkpoints.step(
            f"{name}.large.pairs", lambda: _inside(pairs, ends, held).select("a", "b", "score")
        )
        of_large = units.join(held.select("n"), "n", "left_semi")
        in_rounds = link_in_rounds(job, f"{name}.linkage", inside, of_large, hidden, following, granularity)
        of = of.join(large, "component", "left_anti")

    def find() -> DataFrame:
        links = _inside(pairs, ends, of)
        copies = one_text.join(of.withColumnRenamed("n", "a"), "a")
        links = links.union(copies.select("a", "b", F.lit(0), "component"))
        blocks = links.selectExpr("a", "b", "score", f"pmod(xxhash64(component), {job.parts}) as block")
        articles = of.select("n").join(units.select("n", "unit"), "n", "left")
        articles = articles.join(hidden.select("n", F.lit(True).alias("hidden")), "n", "left")
        articles = articles.join(following.select("n", F.lit(True).alias("follows")), "n", "left")
        found = with_articles(
            job, blocks, [articles], lambda articles, pairs: _cut(articles, pairs, settings, granularity), LABELS
        )
        return found if in_rounds is None else found.union(in_rounds.select("n", "story"))

    return job.checkpoints.step(name, find)


def assembled(
    job: Job,
    pairs: DataFrame,
    ends: DataFrame,
    units: DataFrame,
    of: DataFrame,
    distinct: DataFrame,
    vectors: DataFrame,
) -> DataFrame:
    """Return story, copy group, representative and mean score of each linked article `n`, all as numbers.

    A story or copy group is named after the content hash of its first article, `name` in `distinct`.

    Args:
        job: the run.
        pairs: the result of `linkable_pairs`.
        ends: the tasks with pairs of each article.
        units: the result of `units`.
        of: the `story` of each linked article `n`.
        distinct: the articles.
        vectors: of all articles.
    """
    from pyspark.sql import functions as F

    of = of.withColumnRenamed("story", "component")

    def find() -> DataFrame:
        links = _inside(pairs, ends, of)
        # A story without scored pairs is one text, or linked by other stories: all of its articles are needed.
        links = links.union(of.where("n != component").select("component", "n", F.lit(0), "component"))
        blocks = links.selectExpr("a", "b", "score", f"pmod(xxhash64(component), {job.parts}) as block")
        articles = distinct.select("n", "name", "members", "seconds", "length", "kind", "gone", "preference").join(
            of, "n"
        )
        terms = F.expr("cast(octet_length(terms) / 4 as int) as terms")
        articles = articles.join(vectors.select("n", terms), "n").join(units.select("n", "unit"), "n", "left")
        return with_articles(job, blocks, [articles], _assembled, GROUPED)

    return job.checkpoints.step("stories", find)


def _inside(pairs: DataFrame, ends: DataFrame, of: DataFrame) -> DataFrame:
    """Return the pairs inside components, with the `component`."""
    known = in_tasks(ends, of.select("n", "component"))
    for end, name in (("a", "component"), ("b", "other")):
        pairs = pairs.join(known.toDF(end, "task", name).hint("shuffle_hash"), ["task", end])
    return pairs.where("component = other").select("a", "b", "score", "component")


def _units(articles: Any, pairs: Any, settings: Settings) -> Any:
    backend, words, number, pair = worker_backend(settings), words_of(articles), numbers(articles["n"]), places(pairs)
    copies = overlaps_of(pairs, pair, [COPY])
    templates = overlaps_of(pairs, pair, [TEMPLATE, NEVER])
    titles = title_keys(words, copies)
    digest = digests(copies, words.lengths(), matrix_of(articles), titles)
    copies = copies.where(without_parts(copies, digest))
    copies = copies.where(coherent(copies, templates, partial(backend.overlaps, words), settings.copy_overlap, titles))
    unit = np.arange(len(number))
    for group in copy_groups(copies, templates):
        unit[group] = group[0]
    return {"n": number, "digest": digest, "unit": number[unit]}


def _cut(articles: Any, pairs: Any, settings: Settings, granularity: float) -> Any:
    """Cut the merge tree of the components in a block."""
    backend, number = worker_backend(settings), numbers(articles["n"])
    unit, groups = _places_of_units(articles, number), defaultdict[int, list[int]](list)
    for article, first in enumerate(unit.tolist()):
        groups[first].append(article)
    weights = 1 - np.array([bool(hidden) for hidden in articles["hidden"].to_pylist()], np.int64)
    follows = np.array([bool(following) for following in articles["follows"].to_pylist()], np.bool_)
    several = [group for group in groups.values() if len(group) > 1]
    tree = backend.average_linkage(_scored(pairs), several, weights, follows)
    label = backend.cut(tree, granularity)
    _, first_of = np.unique(label, return_index=True)
    return {"n": number, "story": number[first_of[label]]}


def _assembled(articles: Any, pairs: Any) -> Any:
    """Assemble the stories of a block as `dedup.results.assemble` does."""
    import pyarrow as pa

    number, label, found = numbers(articles["n"]), numbers(articles["component"]), _scored(pairs)
    unit = _places_of_units(articles, number)
    total = mean_scores(found, label, unit).tolist()
    seniority = seniorities(articles, np.arange(len(number)))
    seconds = [when for when, _, _ in seniority]
    lengths, terms = numbers(articles["length"]).tolist(), numbers(articles["terms"]).tolist()
    secondary = [kind in SECONDARY for kind in articles["kind"].to_pylist()]
    chosen = articles["gone"].to_pylist(), numbers(articles["preference"]).tolist()
    versions = Versions(terms, lengths, seconds, secondary, *chosen)
    members, names = numbers(articles["members"]), numbers(articles["name"])

    together: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for article in sorted(range(len(number)), key=seniority.__getitem__):
        together[int(label[article])][int(unit[article])].append(article)
    story, shown = (np.empty(len(number), np.int64) for _ in range(2))
    copy_group, mean = (np.full(len(number), None, object) for _ in range(2))
    for of in together.values():
        held = list(of.values())
        name = names[first_of_group((article for one in held for article in one), seniority)]
        best = number[canonical_of_story(held, total, versions)]
        for one in held:
            copies = int(names[first_of_group(one, seniority)]) if members[one].sum() > 1 else None
            for article in one:
                story[article], copy_group[article], shown[article] = name, copies, best
                mean[article] = total[article] / (len(held) - 1) if len(held) > 1 else None
    return {
        "n": number,
        "story": story,
        "copy_group": pa.array(copy_group, pa.int64()),
        "shown": shown,
        "score": pa.array(mean, pa.float64()),
    }


def _scored(pairs: Any) -> Pairs:
    """Return the pairs of a block that have a score."""
    pair, score = places(pairs), numbers(pairs["score"]).astype(np.int64)
    some = score > 0
    return Pairs(pair[some, 0], pair[some, 1], np.zeros(int(some.sum())), score[some])


def _places_of_units(articles: Any, number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position of the first article of each one's unit; its own position without a copy."""
    unit = [
        own if first is None else first
        for first, own in zip(articles["unit"].to_pylist(), number.tolist(), strict=True)
    ]
    found: NDArray[np.int64] = np.searchsorted(number, np.array(unit, np.int64))
    return found
