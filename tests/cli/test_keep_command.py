"""`dedup cluster --keep` and `--against` from the command line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from run_dedup import CHECKOUT, process

SEEDS = CHECKOUT / "seeds"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "one.txt").write_text("Ferry burns off Corran\n\nFire broke out on the ferry off Corran on Monday.\n")
    (folder / "two.txt").write_text("Ferry burns off Corran\n\nFire broke out on the ferry off Corran on Monday.\n")
    return folder


def test_one_of_each_copy_group_and_of_each_story() -> None:
    ids = {}
    for which in ("all", "copy", "story"):
        ended = process("cluster", SEEDS, "--keep", which)
        assert ended.code == 0
        records = [json.loads(line) for line in ended.out.splitlines()]
        ids[which] = [record["dedup_id"] for record in records]
        assert f"; {len(records)} of 37 records kept" in ended.err
    assert len(ids["all"]) == 37
    assert set(ids["story"]) < set(ids["copy"]) < set(ids["all"])
    stories = {json.loads(line)["dedup_story"] for line in process("cluster", SEEDS, "--keep", "all").out.splitlines()}
    assert len(ids["story"]) == len(stories)


def test_packed_in_packed_out(tmp_path: Path) -> None:
    packed = tmp_path / "wire.jsonl.gz"
    packed.write_bytes(gzip.compress((SEEDS / "wire.jsonl").read_bytes()))
    output = tmp_path / "out.jsonl.gz"
    assert process("cluster", packed, "--keep", "all", "--output", output).code == 0
    before = (SEEDS / "wire.jsonl").read_text(encoding="utf-8").splitlines()
    after = gzip.decompress(output.read_bytes()).decode().splitlines()
    assert [line[: len(raw) - 1] + "}" for raw, line in zip(before, after, strict=True)] == before


def test_standard_input_is_kept_too() -> None:
    ended = process("cluster", "-", "--keep", "copy", stdin=b'{"text": "Fire.", "n": 1.0}\n{"text": "Fire."}\n')
    assert len(ended.out.splitlines()) == 1
    assert json.loads(ended.out)["dedup_copy_group_size"] == 2


def test_standard_input_in_a_folder(tmp_path: Path) -> None:
    assert (
        process("cluster", "-", "--keep", "all", "--output", f"{tmp_path}/kept/", stdin=b'{"text": "A."}\n').code == 0
    )
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["stdin.jsonl"]


def test_a_folder_of_texts(folder: Path, tmp_path: Path) -> None:
    ended = process("cluster", folder, "--keep", "copy", "--output", f"{tmp_path}/kept/")
    assert ended.code == 0
    kept = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert kept == [".dedup.jsonl", "one.txt"]
    again = process("cluster", tmp_path / "kept", "--strict")
    assert (again.code, len(again.out.splitlines())) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keep", "all", "--format", "table"], "a table cannot hold records"),
        (["--keep", "all", "--format", "csv"], "did not come as a table with the same columns"),
        (["--keep", "all", "--output", "x.parquet"], "did not come as Parquet with the same columns"),
        (["--keep", "all", "--output", "x.xlsx"], "has no known suffix"),
        (["--keep", "all", "--output", "OUT/", "--format", "json"], "each file keeps its format"),
        (["--keep", "all", "--output", "FOLDER"], "is not empty"),
        (["--keep", "all", "--output", "FOLDER/new/"], "is in an input folder"),
        (["--keep", "some"], "'some' is not one of"),
    ],
)
def test_wrong_usage(folder: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    given = [each.replace("OUT", str(tmp_path / "out")).replace("FOLDER", str(folder)) for each in arguments]
    ended = process("cluster", folder, *given)
    assert (ended.code, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["news"]


def test_against_an_earlier_result(tmp_path: Path) -> None:
    result = tmp_path / "stories.jsonl"
    assert process("cluster", SEEDS, "--output", result).code == 0
    stories = {json.loads(line)["id"]: json.loads(line)["story"] for line in result.read_text().splitlines()}
    new = tmp_path / "new.jsonl"
    wire = (SEEDS / "wire.jsonl").read_text(encoding="utf-8").splitlines()
    new.write_text(f'{wire[0]}\n{{"id": "n", "text": "A swan was seen on the canal at Ostley."}}\n', encoding="utf-8")
    ended = process("cluster", new, "--against", result)
    copy, fresh = map(json.loads, ended.out.splitlines())
    assert (copy["status"], copy["story"]) == ("copy", stories[copy["copy_of"]])
    assert (fresh["status"], fresh["copy_of"]) == ("new", None)
    assert "2 articles (1 copy of the archive's 37, 0 continuing its stories, 1 new) in 2 stories" in ended.err
    kept = process("cluster", new, "--against", result, "--keep", "copy")
    assert json.loads(kept.out)["id"] == "n"
    assert json.loads(kept.out)["dedup_status"] == "new"


def test_an_archive_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    """Everything would be new; where a part of it is there, or it is empty as on a first day, that is told."""
    ended = process("cluster", folder, "--against", folder / "none.jsonl")
    assert "none.jsonl: there is no such file or folder" in ended.err
    assert "Error: there is no archived article to compare with in" in ended.err
    assert (ended.code, ended.out) == (1, "")
    (tmp_path / "empty.jsonl").touch()
    assert process("cluster", folder, "--against", tmp_path / "empty.jsonl").code == 0
    both = ("--against", folder / "none.jsonl", "--against", folder)
    assert process("cluster", folder, *both).code == 0
    assert process("cluster", folder, *both, "--strict").code == 1


def test_an_archive_that_grows_day_by_day(folder: Path, tmp_path: Path) -> None:
    """What is kept goes into the archive; stories keep their names."""
    archive = tmp_path / "archive"
    archive.mkdir()
    first = archive / "monday.jsonl"
    assert process("cluster", folder, "--keep", "all", "--output", first).code == 0
    story = json.loads(first.read_text().splitlines()[0])["dedup_story"]
    again = ("cluster", folder, "--against", archive, "--keep", "all")
    refused = process(*again, "--output", f"{tmp_path}/news/x.jsonl")
    assert refused.code == 2
    assert process("cluster", folder, "--against", first, "--keep", "all", "--output", first).code == 2
    assert process(*again, "--output", archive / "tuesday.jsonl").code == 0
    records = [json.loads(line) for line in (archive / "tuesday.jsonl").read_text().splitlines()]
    assert {record["dedup_story"] for record in records} == {story}
    assert {record["dedup_status"] for record in records} == {"copy"}
