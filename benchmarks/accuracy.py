"""Accuracy of the groups on every labelled set, beside peers in the same run.

`run` returns one dictionary; except for `seconds`, it depends only on the data and the seed:

    benchmark, schema, seed, resamples, data (SHA-256 by file, or of a folder)
    machine, versions, commit
    methods            description of each method
    sets               by set: articles, stories, view_of, methods: by method the scores of `dedup.Scores`,
                       `intervals` (95 %, by measure), `ahead` (95 % of dedup's lead), `by_language`,
                       `across_languages` (of pairs of articles in two languages, `all` and each two), and `threshold`
                       if it was tuned; an effort without peers has dedup only, one without resamples no intervals
    mean               sets: those averaged over; methods: by method the mean BCubed F1 and ARI
    storylines         by set: see `storylines.score_storylines`
    copy_pairs         by method `by_pair` and `by_group`: `all` and `without_low_confidence`, `templates_kept_apart`
    telegram_pairs     by method and language: precision, recall, F1, accuracy
    embedding          name of the model of --embed, "" without one
    seed_pour          `as_found` and `bare`, without the boilerplate of their sites, and each again with the model of
                       --embed (`…_embedding`): by set, `alone` and `all_in_one` among them, see `mixtures.pour`
    all_in_one         all sets as one collection, and each set alone, weighted by size
    batches            small batches, clustered one by one
    stream             the beginning of a real stream: see `stream.score_stream`
    skipped            sets left out, with the reason
    seconds            by step
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks import baselines, data, mixtures, pairs, storylines, stream
from benchmarks.data import LabelledSet
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from benchmarks.stories import Effort, score_set
from dedup import Article

SCHEMA = 2
SEED = 20240527
EMBEDDED = ("dedup_embedding", "embedding_tuned", "embedding_hdbscan", "both_tuned")
"""Methods that need the model of --embed."""
METHODS = {
    "dedup": "dedup with its default settings",
    "dedup_embedding": "the same with the model of --embed",
    **baselines.DESCRIPTIONS,
}
AVERAGED = ("fnc1_train", "mmds_dev", "basil", "newswcl50")
"""Sets in the mean. Not `meantime`, whose stories have one article per language, nor our own `seeds`."""


FULL = Effort(resamples=1000, batches=60)
QUICK = Effort(
    resamples=200,
    batches=12,
    without=frozenset({"fnc1_train", "meantime", "all_in_one", "telegram_pairs", "stream", *data.STORYLINE_FILES}),
)


def run(
    folder: Path | None, *, chosen: Sequence[str] = (), effort: Effort = FULL, seed: int = SEED, watch: Stopwatch
) -> dict[str, Any]:
    """Measure the chosen sets and return the report.

    Args:
        folder: the labelled sets, or None for `seeds/` only.
        chosen: names of sets, including `copy_pairs`, `telegram_pairs` and `stream`; all if empty.
        effort: extent of the run.
        seed: seed of resamples and batches.
        watch: times and announces the steps.

    Raises:
        BenchmarkError: a chosen set does not exist, or a data file is broken.
    """
    with watch.step("read"):
        all_sets = data.labelled_sets(folder)
        copies, events = data.copy_pairs(folder), data.telegram_pairs(folder)
        aggregated = data.storyline_sets(folder)
        poured = {"as_found": data.pour_articles(folder), "bare": data.bare_articles(folder)}
    special = {"copy_pairs": copies, "telegram_pairs": events, "stream": data.stream_file(folder)}
    available = (
        {collection.name for collection in all_sets}
        | {*aggregated}
        | {name for name, found in special.items() if found}
    )
    unknown = [name for name in chosen if name not in available]
    if unknown:
        raise BenchmarkError(f"there is no set {', '.join(unknown)} (there are: {', '.join(sorted(available))})")

    def wanted(name: str, view_of: str = "") -> bool:
        return name in chosen if chosen else effort.without.isdisjoint({name, view_of})

    sets = [collection for collection in all_sets if wanted(collection.name, collection.view_of)]
    complete = [collection for collection in sets if not collection.view_of]
    aggregated = {name: articles for name, articles in aggregated.items() if wanted(name)}
    measured = (
        {collection.name for collection in sets}
        | {*aggregated}
        | {name for name in special if name in available and wanted(name)}
    )
    methods = {name: text for name, text in METHODS.items() if effort.embed or name not in EMBEDDED}
    report: dict[str, Any] = {
        "benchmark": "accuracy",
        "schema": SCHEMA,
        "seed": seed,
        "resamples": effort.resamples,
        "data": data.digests(folder),
        **provenance(),
        "embedding": effort.embed.name if effort.embed else "",
        "methods": {**methods, **{f"copies: {name}": text for name, text in pairs.COPY_DESCRIPTIONS.items()}},
        "sets": {},
        "skipped": _skipped(folder, available, measured, poured),
    }
    apart = {}
    for collection in sets:
        report["sets"][collection.name], apart[collection.name] = score_set(collection, effort, seed, watch)
    report["mean"] = _mean(report["sets"])
    if aggregated:
        report["storylines"] = {
            name: storylines.score_storylines(articles, effort, seed, watch, name)
            for name, articles in aggregated.items()
        }
    if copies and wanted("copy_pairs"):
        report["copy_pairs"] = pairs.score_copies(copies, effort, seed, watch)
    if events and wanted("telegram_pairs"):
        report["telegram_pairs"] = pairs.score_events(events, effort, seed, watch)
    # Not into our own seeds, which contain the poured story.
    others = [collection for collection in complete if collection.name != "seeds"]
    if others:
        hosts = [LabelledSet("alone", ()), *others]
        if len(others) > 1 and "all_in_one" not in effort.without:
            hosts.append(mixtures.all_in_one(others))
        report["seed_pour"] = {
            form + suffix: {host.name: mixtures.pour(articles, host, watch, embed) for host in hosts}
            for form, articles in poured.items()
            if articles
            for suffix, embed in (("", None), ("_embedding", effort.embed))
            if embed or not suffix
        }
    if len(complete) > 1 and "all_in_one" not in effort.without:
        report["all_in_one"] = mixtures.pour_all(complete, apart, effort, seed, watch)
    batched = [collection for collection in sets if _is_for_batches(collection)]
    if batched:
        report["batches"] = mixtures.score_batches(batched, effort, seed, watch)
    if "stream" in measured:
        with watch.step("stream: read"):
            judged = data.stream_pairs(folder)
        if judged:
            report["stream"] = stream.score_stream(judged, effort, seed, watch)
    report["seconds"] = watch.seconds
    return report


def _is_for_batches(collection: LabelledSet) -> bool:
    """Return whether a set has one language, and stories of several articles."""
    langs = {article.lang for article in collection.articles}
    stories = len(set(collection.truth))
    return len(langs) == 1 and 1 < stories < len(collection.articles)


def _skipped(
    folder: Path | None, available: set[str], measured: set[str], poured: Mapping[str, Sequence[Article]]
) -> dict[str, str]:
    reasons = dict.fromkeys(sorted(available - measured), "not asked for")
    if folder is None:
        return {**reasons, "all but seeds": "no folder of labelled sets: give one with --data, or set DEDUP_DATA"}
    absent = {*data.FILES, *data.STORYLINE_FILES, "copy_pairs", "telegram_pairs", "stream", "seeds"} - available
    reasons |= dict.fromkeys(sorted(absent), "not there")
    if not poured["as_found"]:
        reasons["two articles to pour"] = "not there"
    elif not poured["bare"]:
        reasons["the two articles bare"] = "their boilerplate is known for other files only"
    return reasons


def _mean(sets: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in AVERAGED if name in sets]
    if not names:
        return {}
    return {
        "sets": names,
        "methods": {
            method: {
                measure: fmean(sets[name]["methods"][method][measure] for name in names)
                for measure in ("bcubed_f1", "ari")
            }
            for method in sets[names[0]]["methods"]
        },
    }
