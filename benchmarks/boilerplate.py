"""Effect of texts that belong to the site: stories and copies with and without walls, menus, footers and captions.

A labelled set is measured as three collections, see `site_texts`:

    clean  the labelled articles
    bare   the dirty collection without its site texts, as if all of them were recognised
    dirty  made-up articles added, a share of the labelled ones with site texts

The result is one dictionary (`run`):

    benchmark, machine, versions, commit, data, seed
    sets    by set: `articles`, `scored` (clean ones with a story), `dirty` (with a site text), and `collections`:
            `articles`
            `run`, `first`, `index`: by `cluster`, by an index fed one by one, and by it after `reconcile`: `f1`, BCubed
            F1 of the scored articles; `f1_whole`, of all labelled articles that keep their text, with a site text or
            not; `copies`, `right` and `false`: articles that are not the shown one of their copy group, by whether that
            one is of their story
            `answers`: `right` and `false` answers `copy_of` of the index, each counted when it was given; `per_10,000`,
            false ones among so many articles; `pairs`, the ids of each false one and of what it was said to copy
            `against_run`: BCubed F1 of `first` and `index` against the stories of `run`
            `kinds`: by kind and words of site text: `articles` that have it; `answers`, `first`, `index` and `run`,
            false copies among them; `joined_index` and `joined_run`, those that have a stranger in their story
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import dedup
from benchmarks import data
from benchmarks.machine import BenchmarkError, Stopwatch, provenance
from benchmarks.site_texts import KINDS, LENGTHS, Poured, pour
from dedup import Article, Clustering, StoryIndex

SETS = ("basil", "fnc1_train", "groundnews_dev")
SEED = 20
DAYS = 30
"""Days over which the articles arrive at the index."""
START = 1_767_225_600.0
"""Arrival of the first article, seconds since 1970."""
METHODS = ("run", "first", "index")


def run(folder: Path | None, *, sets: Sequence[str], seed: int, limit: int, watch: Stopwatch) -> dict[str, Any]:
    """Measure each set as clean, bare and dirty collection.

    Args:
        folder: the labelled sets.
        sets: names of the sets, of files with the field `story`, and `storyline` if they have it.
        seed: seed of what is made up.
        limit: labelled articles of each set at most, in complete storylines; 0 for all.
        watch: times and announces the steps.

    Raises:
        BenchmarkError: a set is absent.
    """
    report: dict[str, Any] = {
        "benchmark": "boilerplate",
        "seed": seed,
        **provenance(),
        "data": data.digests(folder),
        "sets": {},
    }
    for name in sets:
        articles, lines = _labelled(folder, name, limit)
        with watch.step(f"{name}: generate"):
            poured = pour(articles, lines, seed=seed)
        originals = {article.id: article for article in articles}
        collections = {
            "clean": {
                one.article.id: replace(originals[one.article.id], source=one.article.source)
                for one in poured
                if not one.made_up
            },
            "bare": {one.article.id: one.bare for one in poured},
            "dirty": {one.article.id: one.article for one in poured},
        }
        report["sets"][name] = {
            "articles": len(articles),
            "scored": sum(one.scored for one in poured),
            "dirty": sum(one.site is not None for one in poured),
            "collections": {
                which: _measured(given, poured, watch, f"{name}, {which}") for which, given in collections.items()
            },
        }
    report["seconds"] = watch.seconds
    return report


def _labelled(folder: Path | None, name: str, limit: int) -> tuple[list[Article], list[str]]:
    """Return the articles of a set, ids being places, and the storyline of each (its story if there are none)."""
    path = folder / f"{name}.jsonl.gz" if folder else None
    if path is None or not path.exists():
        raise BenchmarkError(f"there is no set {name}: give the folder of the labelled sets with --data")
    read = list(dedup.read_articles(path, notices=[]))
    lined = list(dedup.read_articles(path, fields={"story": "storyline"}, notices=[]))
    lines = [one.story or article.story or "" for one, article in zip(lined, read, strict=True)]
    kept, taken = set[str](), 0
    for line in dict.fromkeys(lines):
        if limit and taken >= limit:
            break
        kept.add(line)
        taken += lines.count(line)
    places = [place for place, line in enumerate(lines) if line in kept]
    return [replace(read[place], id=str(place)) for place in places], [lines[place] for place in places]


def _measured(given: Mapping[str, Article], poured: Sequence[Poured], watch: Stopwatch, what: str) -> dict[str, Any]:
    """Measure one collection, whose articles are given by id in the order of arrival."""
    by_id = {one.article.id: one for one in poured}
    with watch.step(f"{what}: run"):
        found = {"run": dedup.cluster(list(given.values()))}
    now, false, right = START, dict[str, str](), 0
    with StoryIndex.open(":memory:", clock=lambda: now) as index, watch.step(f"{what}: index"):
        for place, article in enumerate(given.values()):
            now = START + DAYS * 86_400 * place / len(given)
            copy_of = index.add(article).copy_of
            if copy_of is not None and by_id[article.id].is_stranger(by_id[copy_of]):
                false[article.id] = copy_of
            right += copy_of is not None and article.id not in false
        found["first"] = index.placements()
        index.reconcile()
        found["index"] = index.placements()
    wrong = {method: _false_copies(clustering, by_id) for method, clustering in found.items()}
    wrong["answers"] = set(false)
    joined = {f"joined_{method}": _joined(found[method], by_id) for method in ("index", "run")}
    return {
        "articles": len(given),
        **{method: _scores(found[method], by_id, wrong[method]) for method in METHODS},
        "answers": {
            "right": right,
            "false": len(false),
            "per_10,000": 10_000 * len(false) / len(given),
            "pairs": sorted(false.items()),
        },
        "against_run": {method: _agreement(found["run"], found[method]) for method in ("first", "index")},
        "kinds": _by_kind({id_: by_id[id_] for id_ in given}, wrong | joined),
    }


def _agreement(run: Clustering, index: Clustering) -> float:
    labels = dict(zip((article.id for article in index.articles), index.labels, strict=True))
    return dedup.score(run.labels, [labels[article.id] for article in run.articles]).bcubed_f1


def _scores(clustering: Clustering, by_id: Mapping[str, Poured], false: set[str]) -> dict[str, Any]:
    found = [(by_id[article.id], label) for article, label in zip(clustering.articles, clustering.labels, strict=True)]
    copies = sum(len(group.articles) - 1 for story in clustering for group in story.copy_groups)
    return {
        "f1": _f1((one.story, label) for one, label in found if one.scored),
        "f1_whole": _f1((one.story, label) for one, label in found if one.is_whole),
        "copies": {"right": copies - len(false), "false": len(false)},
    }


def _f1(labelled: Iterable[tuple[str | None, int]]) -> float:
    truth, labels = zip(*labelled, strict=True)
    return dedup.score(truth, labels).bcubed_f1


def _false_copies(clustering: Clustering, by_id: Mapping[str, Poured]) -> set[str]:
    """Return the articles that are of another story than the shown one of their copy group."""
    groups = [group for story in clustering for group in story.copy_groups]
    return {id_ for group in groups for id_ in group.articles if by_id[id_].is_stranger(by_id[group.canonical])}


def _joined(clustering: Clustering, by_id: Mapping[str, Poured]) -> set[str]:
    """Return the articles whose story has one of another storyline."""
    lines = {id_: {by_id[other].line for other in story.articles} for story in clustering for id_ in story.articles}
    return {id_ for id_, found in lines.items() if len(found) > 1}


def _by_kind(given: Mapping[str, Poured], counted: Mapping[str, set[str]]) -> list[dict[str, Any]]:
    """Count articles by kind and length of the site text, and how many of them are in each of the sets."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for id_, one in given.items():
        if one.site is None:
            rows["none", ""].append(id_)
        else:
            least, most = next(length for length in LENGTHS if one.site.words <= length[1])
            rows[one.site.kind, f"{least}–{most}"].append(id_)
    order = ["none", *KINDS]
    lengths = ["", *(f"{least}–{most}" for least, most in LENGTHS)]
    return [
        {"kind": kind, "words": words, "articles": len(ids)}
        | {name: len(found.intersection(ids)) for name, found in counted.items()}
        for (kind, words), ids in sorted(
            rows.items(), key=lambda row: (order.index(row[0][0]), lengths.index(row[0][1]))
        )
    ]


def show(report: Mapping[str, Any], out: Console) -> None:
    """Print the report."""
    scores = Table(
        *(
            "set",
            "collection",
            "articles",
            "F1: run, first, index",
            "of whole",
            "against run",
            "copies, false",
            "answers, false",
        ),
        "per 10,000",
        title="run; index before and after reconcile",
    )
    for name, measured in report["sets"].items():
        for which, found in measured["collections"].items():
            scores.add_row(
                *(name, which, f"{found['articles']:,}"),
                " ".join(f"{found[method]['f1']:.4f}" for method in METHODS),
                " ".join(f"{found[method]['f1_whole']:.4f}" for method in METHODS),
                " ".join(f"{value:.3f}" for value in found["against_run"].values()),
                "; ".join(_right_and_false(found[method]["copies"]) for method in METHODS),
                _right_and_false(found["answers"]),
                f"{found['answers']['per_10,000']:.1f}",
            )
    out.print(scores)
    columns = ("articles", "answers", "first", "index", "run", "joined_index", "joined_run")
    for name, measured in report["sets"].items():
        title = f"{name}, dirty: false copies; articles in one story with strangers"
        table = Table("site text", "words", *(column.replace("_", " ") for column in columns), title=title)
        for row in measured["collections"]["dirty"]["kinds"]:
            table.add_row(row["kind"], row["words"], *(str(row[column]) for column in columns))
        out.print(table)


def _right_and_false(copies: Mapping[str, int]) -> str:
    return f"{copies['right']}, {copies['false']}"
