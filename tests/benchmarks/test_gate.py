"""The gate on made-up floors and measurements, and once as a command on a made-up folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmarks import data, gate
from benchmarks.__main__ import app
from benchmarks.gate import Measurement, Outcome, ScoredSet
from benchmarks.machine import BenchmarkError
from benchmarks.show import show_gate
from benchmarks.stories import Effort

CORPORA = {"seeds": "51", "basil.jsonl.gz": "52"}


@pytest.fixture
def floors(tmp_path: Path) -> Path:
    """Return floors: seeds at 1 and .9, basil at .8, both as one set at .7."""
    path = tmp_path / "floors.json"
    gate.write(path, measured().sets)
    return path


def measured(f1: float = 1.0, ari: float = 0.9, basil: float = 0.8, both: float = 0.7) -> Measurement:
    """Return the measurement of a run with all sets."""
    return Measurement(
        CORPORA,
        {
            "seeds": ScoredSet({"seeds": "51"}, {"f1": f1, "ari": ari}),
            "basil": ScoredSet({"basil.jsonl.gz": "52"}, {"f1": basil}),
            "all_in_one": ScoredSet(CORPORA, {"f1": both}),
        },
    )


def seeds_alone(f1: float = 1.0) -> Measurement:
    """Return the measurement of a run without a folder of labelled sets."""
    return Measurement({"seeds": "51"}, {"seeds": ScoredSet({"seeds": "51"}, {"f1": f1, "ari": 0.9})})


def run(
    found: Measurement, floors: Path, *, update: bool = False, accept_lower: bool = False
) -> tuple[Outcome, dict[str, dict[str, float]]]:
    """Run the gate; return its outcome and the scores in the file afterwards."""
    outcome = gate.run(lambda: found, floors, update=update, accept_lower=accept_lower)
    return outcome, {name: dict(part.scores) for name, part in gate.read(floors).items()}


def verdicts(outcome: Outcome) -> dict[tuple[str, str], str]:
    return {(row.set, row.score): row.verdict for row in outcome.rows if row.verdict != "held"}


def test_equal_scores_pass_and_do_not_change_the_file(floors: Path) -> None:
    before = floors.read_bytes()
    outcome, _ = run(measured(), floors)
    assert outcome.passed
    assert len(outcome.rows) == 4
    assert not verdicts(outcome)
    assert not outcome.notes
    assert floors.read_bytes() == before


@pytest.mark.parametrize("ari", [0.898, 0.902])
def test_a_score_within_the_tolerance_passes(floors: Path, ari: float) -> None:
    outcome, _ = run(measured(ari=ari), floors)
    assert outcome.passed
    assert not verdicts(outcome)


def test_a_lower_score_fails_and_is_named(floors: Path) -> None:
    outcome, kept = run(measured(basil=0.7979), floors)
    assert outcome.problems == ["basil: f1 fell from 0.8000 to 0.7979"]
    assert verdicts(outcome) == {("basil", "f1"): "lower"}
    assert kept["basil"] == {"f1": 0.8}


def test_a_higher_score_passes_with_a_hint(floors: Path) -> None:
    outcome, kept = run(measured(ari=0.9021), floors)
    assert outcome.passed
    assert verdicts(outcome) == {("seeds", "ari"): "higher"}
    assert "1 score is" in outcome.notes[0]
    assert "--update" in outcome.notes[0]
    assert kept["seeds"]["ari"] == 0.9


def test_another_corpus_is_an_error_until_it_is_accepted(floors: Path) -> None:
    found = measured(f1=1.0)
    other = Measurement(
        {**CORPORA, "seeds": "other"}, {**found.sets, "seeds": ScoredSet({"seeds": "other"}, {"f1": 1.0, "ari": 0.95})}
    )
    outcome, _ = run(other, floors)
    assert len(outcome.problems) == 1
    assert outcome.problems[0].startswith("seeds: seeds is not what the floors were measured on")
    assert {row.set for row in outcome.rows} == {"basil", "all_in_one"}
    assert run(other, floors, update=True)[0].passed
    assert gate.read(floors)["seeds"] == ScoredSet({"seeds": "other"}, {"f1": 1.0, "ari": 0.95})
    assert run(other, floors)[0].passed


def test_another_corpus_does_not_bypass_a_floor(floors: Path) -> None:
    found = Measurement({"seeds": "other"}, {"seeds": ScoredSet({"seeds": "other"}, {"f1": 0.5, "ari": 0.9})})
    outcome, kept = run(found, floors, update=True)
    assert not outcome.passed
    assert kept["seeds"]["f1"] == 1.0


def test_a_missing_set_is_skipped_and_named(floors: Path) -> None:
    outcome, _ = run(seeds_alone(), floors)
    assert outcome.passed
    assert {row.set for row in outcome.rows} == {"seeds"}
    assert outcome.skipped == dict.fromkeys(("basil", "all_in_one"), "basil.jsonl.gz not there")


def test_a_mixture_that_lacks_one_set_is_skipped(floors: Path) -> None:
    part = ScoredSet({"seeds": "51"}, {"f1": 0.1})
    outcome, kept = run(Measurement({"seeds": "51"}, {**seeds_alone().sets, "all_in_one": part}), floors, update=True)
    assert outcome.passed
    assert "all_in_one" in outcome.skipped
    assert kept["all_in_one"] == {"f1": 0.7}


def test_the_seeds_are_never_skipped(floors: Path) -> None:
    outcome, _ = run(Measurement({}, {}), floors)
    assert outcome.problems == [
        "seeds: f1 is pinned at 1.0000 and was not measured",
        "seeds: ari is pinned at 0.9000 and was not measured",
        "all_in_one: f1 is pinned at 0.7000 and was not measured",
    ]


def test_a_set_with_a_corpus_must_be_measured(floors: Path) -> None:
    found = measured()
    outcome, _ = run(Measurement(CORPORA, {name: found.sets[name] for name in ("seeds", "all_in_one")}), floors)
    assert outcome.problems == ["basil: f1 is pinned at 0.8000 and was not measured"]


def test_a_new_score_passes_with_a_hint_and_is_pinned_by_an_update(floors: Path) -> None:
    found = measured()
    more = Measurement(CORPORA, {**found.sets, "batches": ScoredSet({"seeds": "51"}, {"f1": 0.6})})
    outcome, kept = run(more, floors)
    assert outcome.passed
    assert verdicts(outcome) == {("batches", "f1"): "new"}
    assert outcome.notes
    assert "batches" not in kept
    assert run(more, floors, update=True)[1]["batches"] == {"f1": 0.6}


def test_an_update_raises_floors_and_keeps_missing_sets(floors: Path) -> None:
    found = seeds_alone()
    found = Measurement(found.files, {"seeds": ScoredSet({"seeds": "51"}, {"f1": 0.999, "ari": 0.9001})})
    outcome, kept = run(found, floors, update=True)
    assert outcome.passed
    assert kept == {"seeds": {"f1": 1.0, "ari": 0.9001}, "basil": {"f1": 0.8}, "all_in_one": {"f1": 0.7}}
    assert list(kept) == ["seeds", "basil", "all_in_one"]


def test_an_update_refuses_to_lower_and_then_writes_nothing(floors: Path) -> None:
    before = floors.read_bytes()
    outcome, _ = run(measured(ari=0.95, basil=0.7), floors, update=True)
    assert not outcome.passed
    assert "basil: f1 fell" in outcome.problems[0]
    assert "--accept-lower" in outcome.problems[-1]
    assert floors.read_bytes() == before


def test_a_lower_score_is_pinned_if_accepted(floors: Path) -> None:
    outcome, kept = run(measured(ari=0.95, basil=0.7, both=0.6999), floors, update=True, accept_lower=True)
    assert outcome.passed
    assert "basil: f1 fell from 0.8000 to 0.7000" in outcome.notes
    assert kept == {"seeds": {"f1": 1.0, "ari": 0.95}, "basil": {"f1": 0.7}, "all_in_one": {"f1": 0.6999}}
    assert run(measured(ari=0.95, basil=0.7, both=0.6999), floors)[0].passed


def test_a_pin_without_a_score_is_removed_if_accepted(floors: Path) -> None:
    found = Measurement(CORPORA, {"seeds": ScoredSet({"seeds": "51"}, {"f1": 1.0})})
    assert not run(found, floors, update=True)[0].passed
    outcome, kept = run(found, floors, update=True, accept_lower=True)
    assert outcome.passed
    assert kept == {"seeds": {"f1": 1.0}}


def test_incompatible_flags(floors: Path) -> None:
    with pytest.raises(BenchmarkError, match="give both"):
        run(measured(), floors, accept_lower=True)


def test_absent_or_broken_floors_are_an_error_that_says_so(tmp_path: Path) -> None:
    floors = tmp_path / "floors.json"
    with pytest.raises(BenchmarkError, match=r"there is no .*floors\.json: --update writes it"):
        run(measured(), floors)
    assert run(measured(), floors, update=True)[1]["basil"] == {"f1": 0.8}
    for broken in ("{", "[]", '{"basil": {}}', '{"basil": {"corpus": {}, "scores": {"f1": "high"}}}'):
        floors.write_text(broken, encoding="utf-8")
        for update in (False, True):
            with pytest.raises(BenchmarkError, match=r"floors\.json has no floors"):
                gate.run(measured, floors, update=update)


def test_the_table_shows_every_score_and_what_is_left_out(floors: Path) -> None:
    outcome, _ = run(seeds_alone(f1=0.99), floors)
    out = io.StringIO()
    show_gate(outcome, Console(file=out, width=80))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert ["seeds", "f1", "1.0000", "0.9900", "-0.0100", "lower"] in lines
    assert ["ari", "0.9000", "0.9000"] in lines
    assert "left out: basil (basil.jsonl.gz not there)" in out.getvalue()


def test_the_command_pins_and_then_passes(shared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "SEEDS", tmp_path / "nothing")
    monkeypatch.setattr(gate, "FLOORS", tmp_path / "floors.json")
    monkeypatch.setattr(gate, "EFFORT", Effort(resamples=0, batches=2, peers=False))
    arguments = ["gate", "--data", str(shared_folder)]
    absent = CliRunner().invoke(app, arguments)
    assert absent.exit_code == 1
    assert "--update" in absent.output
    assert CliRunner().invoke(app, [*arguments, "--update"]).exit_code == 0
    passed = CliRunner().invoke(app, arguments)
    assert passed.exit_code == 0, passed.output
    assert "The gate is passed" in passed.output

    pinned = gate.read(gate.FLOORS)
    assert set(pinned) == {
        *("mmds_dev", "mmds_dev_en", "basil", "all_in_one", "batches", "copy_pairs", "telegram_pairs"),
        *("pour: alone", "pour: mmds_dev", "pour: basil", "pour: all_in_one"),
    }
    assert set(pinned["pour: alone"].scores) == {"together", "joined at"}
    assert set(pinned["pour: all_in_one"].corpus) == {"basil.jsonl.gz", "mmds_dev.jsonl.gz", "poured"}
    assert {"stranger below cut", "mean below cut"} < set(pinned["pour: basil"].scores)
    assert set(pinned["pour: basil"].corpus) == {"basil.jsonl.gz", "poured"}
    assert set(pinned["mmds_dev_en"].corpus) == {"mmds_dev.jsonl.gz"}
    assert pinned["pour: basil"].scores["together"] == 1
    assert pinned["copy_pairs"].scores["templates apart by_group"] == 1

    record = json.loads(gate.FLOORS.read_text(encoding="utf-8"))
    record["basil"]["scores"]["bcubed_f1"] = 1.5
    gate.FLOORS.write_text(json.dumps(record), encoding="utf-8")
    failed = CliRunner().invoke(app, arguments)
    assert failed.exit_code == 1
    assert "basil: bcubed_f1 fell from 1.5000" in " ".join(failed.output.split())
    assert "Traceback" not in failed.output


def test_the_gate_takes_no_time_for_the_stream() -> None:
    assert gate.EFFORT.without == {"stream"}
    assert not gate.EFFORT.peers


def test_the_committed_floors_are_read_and_include_the_seeds() -> None:
    pinned = gate.read(gate.FLOORS)
    assert set(pinned["seeds"].corpus) == {"seeds"}
    assert pinned["seeds"].scores.keys() == {"bcubed_f1", "ari"}
    assert all(len(digest) == 64 for part in pinned.values() for digest in part.corpus.values())
