"""The quality gate: compare the scores of dedup with pinned floors.

`floors.json` has, for each set, the SHA-256 of its files and its scores to four decimals; higher is better. The scores
are those of `accuracy`, of dedup alone and without intervals. Floors rise with `--update`; one is lowered only by
`--update --accept-lower`, so that the history shows that it was intended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks import accuracy
from benchmarks.machine import BenchmarkError, Stopwatch
from benchmarks.stories import Effort

FLOORS = Path(__file__).with_name("floors.json")
EFFORT = Effort(resamples=0, batches=accuracy.FULL.batches, without=frozenset({"stream"}), peers=False)
"""Left out: the stream, whose pairs are no fair sample and whose 5,000 articles take as long as all other sets."""
TOLERANCE = 0.002
DECIMALS = 4

Digests = Mapping[str, str]
"""SHA-256 by file or folder."""
Verdict = Literal["held", "lower", "higher", "new", "gone"]


@dataclass(frozen=True, slots=True)
class ScoredSet:
    """The scores of one set, pinned or measured, and the files it is made of."""

    corpus: Digests
    scores: Mapping[str, float]


ScoredSets = Mapping[str, ScoredSet]


@dataclass(frozen=True, slots=True)
class Measurement:
    """The result of a run: available files and scored sets."""

    files: Digests
    sets: ScoredSets


@dataclass(frozen=True, slots=True)
class Row:
    """One score, pinned and measured; at most one is None."""

    set: str
    score: str
    pinned: float | None
    measured: float | None

    @property
    def difference(self) -> float | None:
        """Return measured minus pinned, to four decimals."""
        if self.pinned is None or self.measured is None:
            return None
        return round(self.measured - self.pinned, DECIMALS)

    @property
    def verdict(self) -> Verdict:
        """Return whether the score held, within the tolerance."""
        if self.pinned is None:
            return "new"
        if self.difference is None:
            return "gone"
        if self.difference < -TOLERANCE:
            return "lower"
        return "higher" if self.difference > TOLERANCE else "held"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of the gate: it passed without `problems`; `skipped` are unavailable sets with the reason."""

    rows: Sequence[Row]
    problems: Sequence[str] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Return whether there are no problems."""
        return not self.problems


def run(
    measure: Callable[[], Measurement], floors: Path = FLOORS, *, update: bool = False, accept_lower: bool = False
) -> Outcome:
    """Measure the scores and compare them with the floors, or update these.

    Args:
        measure: returns the scores to compare.
        floors: the file with the floors.
        update: write the file: floors rise to the measured scores, digests are renewed, unavailable sets are kept. If
            a floor would fall, nothing is written.
        accept_lower: with `update`, let floors fall to the measured scores, or vanish if there are none.

    Raises:
        BenchmarkError: there are no floors, they cannot be read, or the flags do not go together.
    """
    if accept_lower and not update:
        raise BenchmarkError("--accept-lower lowers floors that --update writes: give both")
    pinned = read(floors) if floors.exists() or not update else {}
    measured = measure()
    outcome = compare(pinned, measured, same_corpus=not update)
    if not update:
        return outcome
    if outcome.problems and not accept_lower:
        refused = [*outcome.problems, f"{floors.name} is left as it was: only --update --accept-lower lowers a floor"]
        return Outcome(outcome.rows, refused, outcome.skipped)
    write(floors, renew(pinned, measured, outcome, accept_lower=accept_lower))
    return Outcome(outcome.rows, (), outcome.skipped, [*outcome.problems, f"{floors.name} is written"])


def compare(pinned: ScoredSets, measured: Measurement, *, same_corpus: bool = True) -> Outcome:
    """Compare every pinned score with the measured one; `same_corpus` refuses to compare scores on other data."""
    rows: list[Row] = []
    problems: list[str] = []
    notes: list[str] = []
    skipped: dict[str, str] = {}
    for name in [*pinned, *(name for name in measured.sets if name not in pinned)]:
        floor, found = pinned.get(name), measured.sets.get(name)
        absent = [file for file in (floor.corpus if floor else ()) if file not in measured.files]
        if absent and "seeds" not in absent:
            skipped[name] = f"{', '.join(absent)} not there"
            continue
        corpus = found.corpus if found else {}
        if same_corpus and floor and found and corpus != floor.corpus:
            changed = sorted(file for file in {*corpus, *floor.corpus} if corpus.get(file) != floor.corpus.get(file))
            problems.append(
                f"{name}: {', '.join(changed)} is not what the floors were measured on, so its scores cannot be"
                " compared: restore it, or take it over with --update"
            )
            continue
        rows += _rows(name, floor.scores if floor else {}, found.scores if found else {})
    for row in rows:
        if row.verdict == "lower":
            problems.append(f"{row.set}: {row.score} fell from {row.pinned:.4f} to {row.measured:.4f}")
        elif row.verdict == "gone":
            problems.append(f"{row.set}: {row.score} is pinned at {row.pinned:.4f} and was not measured")
    rising = sum(row.verdict in ("higher", "new") for row in rows)
    if rising and same_corpus:
        notes.append(
            f"{rising} {'score is' if rising == 1 else 'scores are'} above the pin or without one: "
            "--update would raise the floor"
        )
    return Outcome(rows, problems, skipped, notes)


def renew(pinned: ScoredSets, measured: Measurement, outcome: Outcome, *, accept_lower: bool) -> ScoredSets:
    """Return the new floors. A score that is lower within the tolerance keeps its floor, so floors never drift down."""
    scores: dict[str, dict[str, float]] = {}
    for row in outcome.rows:
        values = [value for value in (row.measured, None if accept_lower else row.pinned) if value is not None]
        if values:
            scores.setdefault(row.set, {})[row.score] = max(values)
    kept = {name: pinned[name] for name in outcome.skipped}
    fresh = {name: ScoredSet(measured.sets[name].corpus, found) for name, found in scores.items()}
    return {name: (kept | fresh)[name] for name in [*pinned, *fresh] if name in kept or name in fresh}


def measure(folder: Path | None, watch: Stopwatch) -> Measurement:
    """Measure the scores with `accuracy`.

    Raises:
        BenchmarkError: a file of the data is broken.
    """
    return measurement(accuracy.run(folder, effort=EFFORT, watch=watch))


def measurement(report: Mapping[str, Any]) -> Measurement:
    """Extract the scores to pin from a report of `accuracy`."""
    files: Digests = report["data"]
    sets: dict[str, ScoredSet] = {}

    def add(name: str, corpus: Sequence[str], scores: Mapping[str, float]) -> None:
        rounded = {score: round(float(value), DECIMALS) for score, value in scores.items()}
        sets[name] = ScoredSet({file: files[file] for file in sorted(corpus)}, rounded)

    file_of = {}
    for name, scored in report["sets"].items():
        file_of[name] = "seeds" if name == "seeds" else f"{scored['view_of'] or name}.jsonl.gz"
        alone = scored["stories"] == scored["articles"]  # no right pairs, and the ARI of most groupings is 0
        add(name, [file_of[name]], _of(scored["methods"]["dedup"], "bcubed_f1", *(() if alone else ("ari",))))
    for name, scores in (("all_in_one", ("bcubed_f1", "ari")), ("batches", ("bcubed_f1", "pair_f1"))):
        if name in report:
            corpus = {file_of[part] for part in report[name]["sets"]}
            add(name, list(corpus), _of(report[name]["methods"]["dedup"], *scores))
    if "copy_pairs" in report:
        corpus = {"copy_pairs_dev.jsonl", "copy_pairs_dev_articles.jsonl.gz"}
        add("copy_pairs", list(corpus), _copy_scores(report["copy_pairs"]["methods"]["dedup"]))
    if "telegram_pairs" in report:
        found = report["telegram_pairs"]
        scores_by_lang = {f"f1 {lang}": found["methods"]["dedup"][lang]["f1"] for lang in found["pairs"]}
        add("telegram_pairs", ["telegram_pairs.jsonl", "telegram_articles.jsonl.gz"], scores_by_lang)
    for way, label in (("as_found", "pour"), ("bare", "bare")):
        for name, poured in report.get("seed_pour", {}).get(way, {}).items():
            if name == "all_in_one":
                hosts = {file_of[part] for part in report[name]["sets"] if part != "seeds"}
            else:
                hosts = {file_of[name]} if name in file_of else set()
            add(f"{label}: {name}", [*hosts, "poured"], _pour_scores(poured))
    return Measurement(files, sets)


def read(floors: Path) -> ScoredSets:
    """Read the floors of a file.

    Raises:
        BenchmarkError: the file is missing or not one of floors.
    """
    try:
        record = json.loads(floors.read_text(encoding="utf-8"))
        return {
            name: ScoredSet(dict(part["corpus"]), {score: float(value) for score, value in part["scores"].items()})
            for name, part in record.items()
        }
    except FileNotFoundError as error:
        raise BenchmarkError(f"there is no {floors}: --update writes it from what is measured now") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BenchmarkError(f"{floors} has no floors as --update writes them ({error}): restore it") from error


def write(floors: Path, sets: ScoredSets) -> None:
    """Write the floors, one line per score, for readable diffs."""
    record = {name: {"corpus": part.corpus, "scores": part.scores} for name, part in sets.items()}
    floors.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _rows(name: str, pinned: Mapping[str, float], measured: Mapping[str, float]) -> list[Row]:
    return [Row(name, score, pinned.get(score), measured.get(score)) for score in dict.fromkeys([*pinned, *measured])]


def _of(scores: Mapping[str, float], *names: str) -> dict[str, float]:
    return {name: scores[name] for name in names}


def _copy_scores(judged: Mapping[str, Any]) -> dict[str, float]:
    """Return the F1 of copies by pair and by group, also without low-confidence pairs, and templates kept apart."""
    scores = {}
    for way in ("by_pair", "by_group"):
        scores[f"f1 {way}"] = judged[way]["all"]["f1"]
        scores[f"f1 {way}, sure pairs"] = judged[way]["without_low_confidence"]["f1"]
        if judged[way]["templates_kept_apart"] is not None:
            scores[f"templates apart {way}"] = judged[way]["templates_kept_apart"]
    return scores


def _pour_scores(poured: Mapping[str, Any]) -> dict[str, float]:
    """Return whether the two are together without strangers, the height of their merge (0: none) and the margins.

    The margins of strangers are by the highest score to one of the two, and by the mean of the scores to both.
    """
    below = {"stranger below cut": "single_below", "mean below cut": "mean_below"}
    return {
        "together": float(poured["together"] and not poured["strangers"]),
        "joined at": poured["joined_at"] or 0.0,
        **{score: poured["margins"][margin] for score, margin in below.items() if poured["nearest"]},
    }
