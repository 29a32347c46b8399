"""The accuracy benchmark on a made-up folder."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmarks import accuracy, data, machine
from benchmarks.__main__ import app
from benchmarks.machine import BenchmarkError, Stopwatch
from benchmarks.show import show
from benchmarks.stories import Effort

SCORES = {"bcubed_precision", "bcubed_recall", "bcubed_f1", "ari", "pair_precision", "pair_recall", "pair_f1"}


LITTLE = Effort(resamples=20, batches=3)
QUICKLY = Effort(resamples=20, batches=2, without=frozenset({"mmds_dev", "copy_pairs", "telegram_pairs", "all_in_one"}))
POURED = {"one.txt", "two.txt"}


@pytest.fixture(autouse=True, scope="module")
def without_our_seeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave out the seeds, which have tests of their own, for speed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(data, "SEEDS", tmp_path_factory.getbasetemp() / "nothing")
        yield


@pytest.fixture(scope="module")
def report(shared_folder: Path) -> dict[str, Any]:
    """Return the report of a complete run; tests only read it."""
    return run(shared_folder, effort=LITTLE)


def run(folder: Path | None, **options: Any) -> dict[str, Any]:
    return accuracy.run(folder, watch=Stopwatch(), **options)


def test_the_report_has_everything(report: dict[str, Any]) -> None:
    assert json.loads(json.dumps(report)) == report
    assert {"machine", "versions", "commit", "seed", "data", "seconds"} <= set(report)
    assert set(report["sets"]) == {"mmds_dev", "mmds_dev_en", "basil"}
    for scored in report["sets"].values():
        assert set(scored["methods"]) == {*accuracy.METHODS} - {*accuracy.EMBEDDED}
        for scores in scored["methods"].values():
            assert set(scores) >= SCORES
            low, high = scores["intervals"]["bcubed_f1"]
            assert 0 <= low <= high <= 1
    assert set(report["sets"]["mmds_dev"]["methods"]["dedup"]["by_language"]) == {"en", "ms"}
    across = report["sets"]["mmds_dev"]["methods"]["dedup"]["across_languages"]
    assert set(across) <= {"all", "en–ms"}
    assert report["sets"]["basil"]["methods"]["linkage_tuned"]["bcubed_f1"] == 1
    assert report["sets"]["basil"]["methods"]["alone"]["bcubed_recall"] == pytest.approx(1 / 3)
    assert report["mean"]["sets"] == ["mmds_dev", "basil"]
    assert report["mean"]["methods"]["alone"]["ari"] == 0


def test_copies_are_judged_by_pair_and_by_group(report: dict[str, Any]) -> None:
    copies = report["copy_pairs"]
    assert (copies["pairs"], copies["copies"], copies["low_confidence"], copies["templates"]) == (3, 2, 1, 1)
    for scored in copies["methods"].values():
        for way in ("by_pair", "by_group"):
            assert set(scored[way]["all"]) == {"precision", "recall", "f1", "accuracy", "intervals"}
    assert copies["methods"]["jaccard_tuned"]["by_pair"]["all"]["f1"] == 1
    assert copies["methods"]["dedup"]["by_group"]["templates_kept_apart"] == 1


def test_events_are_judged_by_language(report: dict[str, Any]) -> None:
    events = report["telegram_pairs"]
    assert events["pairs"] == {"all": 2, "en": 1, "ru": 1}
    assert events["same"] == {"all": 1, "en": 1, "ru": 0}
    assert events["methods"]["linkage_tuned"]["all"]["accuracy"] == 1


def test_two_articles_are_poured_into_every_set_and_into_all_at_once(report: dict[str, Any]) -> None:
    assert set(report["seed_pour"]) == {"as_found"}
    assert report["skipped"]["the two articles bare"] == "their boilerplate is known for other files only"
    found = report["seed_pour"]["as_found"]
    assert list(found) == ["alone", "mmds_dev", "basil", "all_in_one"]
    assert found["alone"]["nearest"] == {}
    for name, result in found.items():
        assert result["together"]
        assert result["strangers"] == []
        if name != "alone":
            nearest = result["nearest"]
            assert nearest["single"]["to"] in POURED
            assert not {nearest["single"]["id"], nearest["mean"]["id"]} & POURED
            assert result["margins"]["single_below"] == result["cut"] - nearest["single"]["score"]
            assert result["margins"]["mean_below"] == result["cut"] - nearest["mean"]["score"]
    assert found["all_in_one"]["nearest"]["mean"]["id"].startswith(("basil/", "mmds_dev/"))


def test_articles_are_poured_without_known_boilerplate(shared_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [shared_folder.parent / "seeds" / name for name in sorted(POURED)]
    spans = {hashlib.sha256(path.read_bytes()).hexdigest(): (range(1, 2),) for path in paths}
    monkeypatch.setattr(data, "BARE", spans)
    report = run(shared_folder, chosen=["basil"], effort=QUICKLY)
    assert set(report["seed_pour"]) == {"as_found", "bare"}
    assert list(report["seed_pour"]["bare"]) == ["alone", "basil"]
    assert "the two articles bare" not in report["skipped"]


def test_a_stream_is_measured_if_present_and_chosen(stream_folder: Path) -> None:
    report = run(stream_folder, chosen=["stream"], effort=QUICKLY)
    assert report["stream"]["articles"] == 12
    assert not report["sets"]
    out = io.StringIO()
    show(report, Console(file=out, width=100))
    assert "real stream: 12 articles; judged pairs: 1 same, 2 different, 1 unsure" in out.getvalue()
    assert "1/2 .500" in out.getvalue()
    other = run(stream_folder, effort=replace(QUICKLY, without=QUICKLY.without | {"stream", "basil"}))
    assert "stream" not in other
    assert other["skipped"]["stream"] == "not asked for"
    (stream_folder / "stream_2020_01_02.jsonl.gz").unlink()
    assert run(stream_folder, chosen=["basil"], effort=QUICKLY)["skipped"]["stream"] == "not there"


def test_a_quick_run_skips_slow_parts() -> None:
    assert {"stream", "all_in_one", "fnc1_train"} <= accuracy.QUICK.without
    assert not accuracy.FULL.without


def test_all_in_one_is_compared_with_the_sets_apart(report: dict[str, Any]) -> None:
    mixed = report["all_in_one"]
    assert mixed["sets"] == ["mmds_dev", "basil"]
    assert mixed["articles"] == 36
    precisions = [report["sets"][name]["methods"]["dedup"]["bcubed_precision"] for name in mixed["sets"]]
    assert mixed["dedup_apart"]["bcubed_precision"] == pytest.approx((24 * precisions[0] + 12 * precisions[1]) / 36)


def test_batches_come_from_sets_of_one_language(report: dict[str, Any]) -> None:
    batches = report["batches"]
    assert batches["sets"] == ["mmds_dev_en", "basil"]
    assert batches["batches"] == LITTLE.batches
    assert batches["methods"]["alone"]["bcubed_precision"] == 1


def test_a_seed_fixes_everything_but_the_seconds_and_the_load(shared_folder: Path) -> None:
    first, second, other = (run(shared_folder, effort=QUICKLY, seed=seed) for seed in (1, 1, 2))
    for report in (first, second, other):
        assert report.pop("seconds")
        del report["machine"]["load"]
    assert first == second
    assert first["batches"] != other["batches"]


def test_only_what_was_chosen_is_measured(shared_folder: Path) -> None:
    report = run(shared_folder, chosen=["basil"], effort=QUICKLY)
    assert list(report["sets"]) == ["basil"]
    assert not {"copy_pairs", "telegram_pairs", "all_in_one"} & set(report)
    assert report["skipped"]["mmds_dev"] == "not asked for"
    assert report["skipped"]["fnc1_train"] == "not there"
    with pytest.raises(BenchmarkError, match=r"no set nonsense \(there are: basil, copy_pairs"):
        run(shared_folder, chosen=["nonsense"])


def test_without_a_folder_the_report_says_so() -> None:
    report = run(None)
    assert report["sets"] == {}
    assert "--data" in report["skipped"]["all but seeds"]


def test_the_tables_show_every_part(report: dict[str, Any]) -> None:
    out = io.StringIO()
    show(report, Console(file=out, width=100))
    text = out.getvalue()
    for words in (
        *("basil: 12 articles, 4 stories", "by language", "copies: 2 of 3 pairs", "same event", "poured into"),
        *("all in one", "3 batches", "mean of 2", "left out: fnc1_train", f"seed {accuracy.SEED}"),
    ):
        assert words in text


def test_sets_below_the_tuned_baseline_are_named_with_the_interval(report: dict[str, Any]) -> None:
    worse = copy.deepcopy(report)
    for name, ours in (("basil", 0.75), ("mmds_dev", 1.0)):
        methods = worse["sets"][name]["methods"]
        methods["dedup"]["bcubed_f1"], methods["linkage_tuned"]["bcubed_f1"] = ours, 0.875
        methods["linkage_tuned"]["ahead"]["bcubed_f1"] = [-0.25, 0.0625]
    out = io.StringIO()
    show(worse, Console(file=out, width=100))
    lines = [line for line in out.getvalue().splitlines() if line.startswith("below linkage_tuned: ")]
    assert "below linkage_tuned: basil by .125 (95 % of the difference: -.250 +.062)" in lines
    assert not any("mmds_dev " in line for line in lines)


def test_the_command_writes_what_it_shows(shared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "QUICK", QUICKLY)
    target = tmp_path / "result.json"
    arguments = ["accuracy", "--data", str(shared_folder), "--sets", "basil", "--quick", "--json", str(target)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "basil: 12 articles" in result.output
    assert set(json.loads(target.read_text(encoding="utf-8"))["sets"]) == {"basil"}


def test_an_embedding_is_measured_alone_and_in_dedup(
    shared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "QUICK", QUICKLY)
    target = tmp_path / "result.json"
    arguments = ["accuracy", "--data", str(shared_folder), "--sets", "basil", "--quick", "--json", str(target)]
    model = ["--embed", "python:benchmarks.opinion:letters", "--embed-cache", str(tmp_path / "vectors.db")]
    result = CliRunner().invoke(app, [*arguments, *model])
    assert result.exit_code == 0, result.output
    found = json.loads(target.read_text(encoding="utf-8"))
    assert found["embedding"] == "python:benchmarks.opinion:letters"
    assert set(found["sets"]["basil"]["methods"]) == {*accuracy.METHODS}
    assert set(found["seed_pour"]) == {"as_found", "as_found_embedding"}
    assert (tmp_path / "vectors.db").exists()


def test_pairs_in_two_languages_are_shown(report: dict[str, Any]) -> None:
    spoken = copy.deepcopy(report)
    pairs = {"gold": 3, "found": 2, "precision": 1.0, "recall": 2 / 3, "f1": 0.8}
    for scores in spoken["sets"]["mmds_dev"]["methods"].values():
        scores["across_languages"] = {"all": pairs, "en–ms": pairs}
    out = io.StringIO()
    show(spoken, Console(file=out, width=100))
    assert "mmds_dev, pairs in two languages" in out.getvalue()
    assert "3 all, 3 en–ms" in " ".join(out.getvalue().split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "gone"], "not a folder"),
        (["--sets", "nonsense"], "no set nonsense"),
        (["--json", "gone/result.json"], "does not exist"),
    ],
)
def test_the_command_says_what_is_wrong(shared_folder: Path, arguments: list[str], message: str) -> None:
    options = arguments if "--data" in arguments else ["--data", str(shared_folder), *arguments]
    result = CliRunner().invoke(app, ["accuracy", *options])
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine.LIBRARIES, "no-such-peer", "no_such_peer")
    with pytest.raises(BenchmarkError, match=r"need no-such-peer: run pip install -e '\.\[bench\]'"):
        machine.require_libraries()


def test_provenance_names_machine_versions_and_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = machine.provenance()
    assert found["machine"]["cpu"]
    assert found["machine"]["cores"] >= 1
    assert {"python", "numpy", "scikit-learn", "datasketch"} <= set(found["versions"])
    monkeypatch.setattr(machine, "REPOSITORY", tmp_path)  # not a checkout
    assert machine.provenance()["commit"] is None
    monkeypatch.setattr(shutil, "which", lambda _: None)  # no git at all
    assert machine.provenance()["commit"] is None


def test_a_stopwatch_announces_and_adds_up() -> None:
    announced: list[str] = []
    watch = Stopwatch(announced.append)
    for _ in range(2):
        with watch.step("work"):
            pass
    assert announced == ["work", "work"]
    assert list(watch.seconds) == ["work"]
    assert watch.seconds["work"] > 0
