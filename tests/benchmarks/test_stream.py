from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.machine import BenchmarkError, Stopwatch
from benchmarks.stories import Effort
from benchmarks.stream import score_stream

LITTLE = Effort(resamples=20, batches=0)


def test_the_beginning_of_the_stream_and_its_judged_pairs_are_read(
    stream_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled = data.stream_pairs(stream_folder)
    assert labelled is not None
    assert len(labelled.articles) == 12
    assert [pair.label for pair in labelled.pairs] == ["same", "different", "different", "unsure"]
    last = labelled.pairs[-1]
    assert [labelled.articles[place].id for place in (last.a, last.b)] == ["chess-1", "chess-2"]
    monkeypatch.setattr(data, "STREAM_ARTICLES", 9)
    shorter = data.stream_pairs(stream_folder)
    assert shorter is not None
    assert shorter.articles == labelled.articles[:9]


@pytest.mark.parametrize("line", ["ferry-0\tnobody\tsame", "ferry-0\tferry-1\tperhaps", "ferry-0 ferry-1 same", ""])
def test_a_line_that_is_no_judged_pair_is_named(stream_folder: Path, line: str) -> None:
    with data.STREAM_PAIRS.open("a", encoding="utf-8") as lines:
        lines.write(f"{line}\n")
    with pytest.raises(BenchmarkError, match=r"stream_pairs\.tsv:6: not two articles of the first 12"):
        data.stream_pairs(stream_folder)


def test_without_a_stream_there_is_nothing(folder: Path) -> None:
    assert data.stream_pairs(folder) is None
    assert data.stream_pairs(None) is None


def test_the_committed_pairs_are_two_ids_and_a_label() -> None:
    rows = [line.split("\t") for line in data.STREAM_PAIRS.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert {len(row) for row in rows} == {3}
    assert {label for _, _, label in rows} == set(data.STREAM_LABELS)
    assert len({frozenset(row[:2]) for row in rows}) == len(rows)


def test_stories_and_judged_pairs_are_counted(stream_folder: Path) -> None:
    labelled = data.stream_pairs(stream_folder)
    assert labelled is not None
    report = score_stream(labelled, LITTLE, 1, Stopwatch())
    assert report["articles"] == 12
    assert report["pairs"] == {"same": 1, "different": 2, "unsure": 1}
    assert set(report["methods"]) == {"dedup", "linkage"}
    for found in report["methods"].values():
        assert (found["stories"], found["of_several"], found["largest"]) == (4, 4, 3)
        assert found["same_together"] == {"count": 1, "of": 1, "share": 1, "interval": [1, 1]}
        apart = found["different_apart"]
        assert (apart["count"], apart["of"], apart["share"]) == (1, 2, 0.5)
        low, high = apart["interval"]
        assert 0 <= low < 0.5 < high <= 1


def test_a_label_that_was_not_given_has_no_share(stream_folder: Path) -> None:
    data.STREAM_PAIRS.write_text("ferry-0\tferry-1\tsame\n", encoding="utf-8")
    labelled = data.stream_pairs(stream_folder)
    assert labelled is not None
    report = score_stream(labelled, Effort(resamples=0, batches=0, peers=False), 1, Stopwatch())
    assert report["methods"]["dedup"]["different_apart"] == {"count": 0, "of": 0, "share": None}
    assert "interval" not in report["methods"]["dedup"]["same_together"]
    assert set(report["methods"]) == {"dedup"}


def test_the_committed_pairs_of_an_embedding_are_a_set_a_model_two_ids_and_a_verdict() -> None:
    path = data.STREAM_PAIRS.with_name("embedding_pairs.tsv")
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert len(rows) == len({(name, *sorted(ids)) for name, _, *ids, _ in rows}) == 60
    assert {verdict for *_, verdict in rows} == {"same", "different", "unsure"}
