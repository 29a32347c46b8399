"""Judgements: what is offered, how they are read, how a clustering is scored by them, the command's loop."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import dedup
from dedup.cli import main
from dedup.evaluation.judgements import Judgement, keep_judgement, offered, read_judgements, score_judgements
from dedup.report.comparison import write_pair

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


@pytest.fixture(scope="module")
def seeds() -> dedup.Clustering:
    return dedup.cluster(dedup.read_articles([SEEDS]))


def gold(clustering: dedup.Clustering) -> list[Judgement]:
    """The clustering's own stories as judgements of every pair that is offered."""
    found = []
    for a, b in offered(clustering):
        one, other = clustering.place(a), clustering.place(b)
        text = clustering.copy_labels[one] == clustering.copy_labels[other] >= 0
        story = clustering.labels[one] == clustering.labels[other]
        found.append(Judgement(a, b, "same_text" if text else "same_story" if story else "neither"))
    return found


def test_pairs_near_the_border_come_first(seeds: dedup.Clustering) -> None:
    pairs = list(offered(seeds))
    assert len(pairs) == len(set(pairs)) > 20

    def distance(pair: tuple[str, str]) -> float:
        why = seeds.explain(*pair)
        return abs(why.overlap - 0.45) if why.same_text else abs(why.link.score - why.threshold)

    assert max(map(distance, pairs[:5])) < min(map(distance, pairs[-5:]))
    assert pairs[0] not in list(offered(seeds, [Judgement(*pairs[0][::-1], "neither")]))


def test_its_own_stories_are_scored_as_perfect(seeds: dedup.Clustering) -> None:
    for granularity in (0.3, 0.5, 0.8):
        clustering = seeds.rethreshold(granularity)
        found = score_judgements(seeds, [*gold(clustering), Judgement("nobody", "no one", "neither")])
        assert found.best_f1 == 1
        assert found.unknown == 1
        assert found.suggested is not None
        agreed = score_judgements(seeds.rethreshold(found.suggested), gold(clustering))
        assert (agreed.f1, agreed.copy_f1) == (1, 1)


def test_judgements_on_one_side_suggest_nothing(seeds: dedup.Clustering) -> None:
    pair = next(offered(seeds))
    assert score_judgements(seeds, [Judgement(*pair, "neither")]).suggested is None
    with pytest.raises(dedup.InputError, match="none of the 1 judgements"):
        score_judgements(seeds, [Judgement("nobody", "no one", "neither")])


def test_lines_come_back_and_the_last_of_a_pair_counts(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    lines = [Judgement("a\u2028\x1b", 'b"', "neither"), Judgement('b"', "a\u2028\x1b", "same_text")]
    path.write_text("".join(one.line() for one in lines) + "\n", encoding="utf-8")
    assert read_judgements(path) == lines[1:]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", r"labels.jsonl:2 is not valid JSON"),
        ("[]", "should have the ids a and b and a label"),
        ('{"a": "x", "b": "y", "label": "maybe"}', "one of same_text, same_story, neither, not 'maybe'"),
        ('{"a": "x", "b": "x", "label": "neither"}', "against itself"),
    ],
)
def test_a_line_that_is_no_judgement_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(Judgement("x", "y", "neither").line() + line + "\n", encoding="utf-8")
    with pytest.raises(dedup.InputError, match=problem):
        read_judgements(path)


@pytest.mark.parametrize(
    ("a", "b", "label", "problem"),
    [
        ("x", "y", "same", "the label is one of same_text, same_story, neither, not 'same'"),
        ("x", "x", "neither", "the article 'x' is judged against itself"),
        ("x", 1, "neither", "Judgement.b must be the id of an article, not 1"),
    ],
)
def test_what_is_no_judgement_is_refused_in_python_too(a: Any, b: Any, label: Any, problem: str) -> None:
    with pytest.raises(dedup.InputError, match=problem):
        Judgement(a, b, label)


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["dedup", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with pytest.raises(SystemExit) as ended:
        main()
    written = capsys.readouterr()
    return int(ended.value.code or 0), written.out, written.err


def test_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    labels = tmp_path / "mine.jsonl"
    code, out, err = run(monkeypatch, capsys, "s\n?\nm\nn\n\nq\n", "judge", str(SEEDS), "--labels", str(labels))
    assert code == 0
    assert "2 judged now, 2 in" in err
    assert "? is not an answer" in out
    first = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines()]
    assert [line["label"] for line in first] == ["same_story", "neither"]
    run(monkeypatch, capsys, "t\nt\n", "judge", str(SEEDS), "--labels", str(labels), "--count", "1")
    lines = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == len({(line["a"], line["b"]) for line in lines}) == 3
    code, out, _ = run(monkeypatch, capsys, "", "evaluate", str(SEEDS), "--labels", str(labels))
    assert code == 0
    assert out.startswith("3 judged pairs\n\n")
    assert "With fewer than 50 judgements this is uncertain" in out
    code, out, _ = run(monkeypatch, capsys, "", "evaluate", str(SEEDS), "--labels", str(labels), "--json")
    assert json.loads(out)["judged"] == 3
    code, _, err = run(monkeypatch, capsys, "", "evaluate", str(SEEDS), "--labels", str(tmp_path / "none"))
    assert (code, "there is no file" in err) == (2, True)


def test_what_nothing_was_found_for_is_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    apart = ("levant-tribune/world-40417.txt", "cwa-24-22")
    labels = tmp_path / "mine.jsonl"
    labels.write_text(Judgement(*apart, "same_text").line() + Judgement("nobody", "no one", "neither").line())
    _, out, _ = run(monkeypatch, capsys, "", "evaluate", str(SEEDS), "--labels", str(labels))
    lines = out.splitlines()
    assert lines[0] == "1 judged pair; 1 more have articles that are not in the input"
    assert [line.split()[-3:] for line in lines[3:5]] == [["–", "0.000", "0.000"]] * 2


def test_a_pair_is_shown_without_the_empty_line_below_a_headline() -> None:
    shown = io.StringIO()
    a, b = (dedup.Article(id=name, title="Blaze", text=f"\nFire broke out on ferry {name}.") for name in "ab")
    write_pair(a, b, shown, colour=False)
    assert "   Fire broke out on ferry a.\n" in shown.getvalue().splitlines(keepends=True)


def test_judgements_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    for content in (b'{"a": "\xff"}\n', b"[" * 100_000 + b"\n"):
        path.write_bytes(content)
        with pytest.raises(dedup.InputError, match=r"labels\.jsonl"):
            read_judgements(path)


def test_a_judgement_is_a_line_of_its_own(tmp_path: Path) -> None:
    """Though the last line there has no end, as editors leave it, and whatever an id holds."""
    path = tmp_path / "labels.jsonl"
    judgements = [Judgement("a", "b", "neither"), Judgement("a\x85\u2028", "c", "same_text")]
    path.write_text('{"a": "x", "b": "y\u2028", "label": "neither"}', encoding="utf-8")
    for one in judgements:
        keep_judgement(path, one)
    assert read_judgements(path) == [Judgement("x", "y\u2028", "neither"), *judgements]


def test_where_answers_cannot_be_kept_is_told_before_the_first_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for labels in (tmp_path / "none" / "labels.jsonl", tmp_path):
        code, out, err = run(monkeypatch, capsys, "s\n", "judge", str(SEEDS), "--labels", str(labels))
        assert (code, out) == (2, "")
        assert "cannot be written" in err
