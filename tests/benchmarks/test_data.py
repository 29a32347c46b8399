from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.machine import BenchmarkError


def test_every_set_of_the_folder_is_loaded_and_parts_are_views(folder: Path) -> None:
    sets = {collection.name: collection for collection in data.labelled_sets(folder)}
    assert [name for name in sets if name != "seeds"] == ["mmds_dev", "mmds_dev_en", "basil"]
    assert {name: collection.view_of for name, collection in sets.items() if collection.view_of} == {
        "mmds_dev_en": "mmds_dev"
    }
    assert len(sets["mmds_dev"].articles) == 24
    assert {article.lang for article in sets["mmds_dev_en"].articles} == {"en"}
    assert sets["basil"].truth[:4] == ["ferry", "ferry", "ferry", "orchard"]


def test_an_article_without_a_story_is_refused(folder: Path) -> None:
    (folder / "basil.jsonl.gz").unlink()
    (folder / "copy_pairs_dev_articles.jsonl.gz").rename(folder / "basil.jsonl.gz")
    with pytest.raises(BenchmarkError, match=r"basil\.jsonl\.gz: every article needs a story"):
        data.labelled_sets(folder)


def test_pairs_name_places(folder: Path) -> None:
    labelled = data.copy_pairs(folder)
    assert labelled is not None
    assert [(pair.label, pair.low_confidence, pair.template) for pair in labelled.pairs] == [
        ("copy", False, False),
        ("update", True, False),
        ("related", False, True),
    ]
    first = labelled.pairs[0]
    assert [labelled.articles[place].id for place in (first.a, first.b)] == ["ferry-0", "ferry-1"]


def test_a_pair_of_an_unknown_article_is_refused(folder: Path) -> None:
    record = {"id_a": "ferry-0", "id_b": "nobody", "label": "same", "lang": "en"}
    (folder / "telegram_pairs.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    with pytest.raises(BenchmarkError, match=r"telegram_pairs\.jsonl:1: .* no article 'nobody'"):
        data.telegram_pairs(folder)


def test_a_broken_line_is_named(folder: Path) -> None:
    with (folder / "telegram_pairs.jsonl").open("a", encoding="utf-8") as lines:
        lines.write("{broken\n")
    with pytest.raises(BenchmarkError, match=r"telegram_pairs\.jsonl:3: not JSON"):
        data.telegram_pairs(folder)


def test_files_that_are_absent_are_left_out(tmp_path: Path) -> None:
    assert data.copy_pairs(tmp_path) is None
    assert data.telegram_pairs(None) is None
    assert data.pour_articles(tmp_path) == ()
    assert {collection.name for collection in data.labelled_sets(tmp_path)} <= {"seeds"}


def test_the_articles_to_pour_are_beside_the_folder(folder: Path) -> None:
    beside = folder.parent / "seeds"
    beside.mkdir()
    for name in ("one.txt", "two.txt"):
        (beside / name).write_text("The quay was closed after the ferry struck a buoy in fog.\n", encoding="utf-8")
    assert [article.id for article in data.pour_articles(folder)] == ["one.txt", "two.txt"]


def test_bare_articles_have_no_boilerplate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data.bare_articles(None) == ()
    assert data.bare_articles(folder) == ()
    beside = folder.parent / "seeds"
    beside.mkdir()
    lines = (
        "News / Harbour",
        "Quay closed after ferry struck buoy",
        "",
        "Nobody was hurt in the fog.",
        "More:",
        "Late.",
    )
    spans = {}
    for name, kept in (("one.txt", (range(2, 5),)), ("two.txt", (range(2, 5), range(6, 7)))):
        (beside / name).write_text("\n".join((*lines, name)), encoding="utf-8")
        spans[hashlib.sha256((beside / name).read_bytes()).hexdigest()] = kept
    assert data.bare_articles(folder) == (), "nobody has told what is boilerplate in these"
    monkeypatch.setattr(data, "BARE", spans)
    one, two = data.bare_articles(folder)
    assert (one.id, two.id) == ("one.txt", "two.txt")
    assert one.title == two.title == lines[1]
    assert one.text.split() == lines[3].split()
    assert two.text.split() == [*lines[3].split(), "Late."]


def test_the_lines_of_the_real_two_articles_are_known() -> None:
    real = data.find_folder(None)
    whole, bare = data.pour_articles(real), data.bare_articles(real)
    if not whole:
        pytest.skip("the two real articles are not here: set DEDUP_DATA to the folder that they lie beside")
    assert [article.title for article in bare] == [article.title for article in whole]
    for full, part in zip(whole, bare, strict=True):
        assert part.text.strip()
        assert set(part.text.splitlines()) < set(full.text.splitlines())


def test_digests_tell_files_apart(folder: Path) -> None:
    before = data.digests(folder)
    assert set(before) - {"seeds"} == {path.name for path in folder.iterdir()}
    (folder / "telegram_pairs.jsonl").write_text("", encoding="utf-8")
    after = data.digests(folder)
    assert {name for name in before if before[name] != after[name]} == {"telegram_pairs.jsonl"}


def test_the_digest_of_a_folder_is_of_its_paths_and_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "SEEDS", tmp_path)
    (tmp_path / "one.txt").write_text("A text.", encoding="utf-8")
    before = data.digests(None)
    (tmp_path / ".hidden").write_text("No article.", encoding="utf-8")
    assert data.digests(None) == before
    (tmp_path / "one.txt").rename(tmp_path / "two.txt")
    moved = data.digests(None)
    (tmp_path / "two.txt").write_text("Another text.", encoding="utf-8")
    assert len({found["seeds"] for found in (before, moved, data.digests(None))}) == 3


def test_the_folder_is_the_given_one_else_that_of_the_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(data.ENVIRONMENT, str(folder))
    assert data.find_folder(None) == folder
    assert data.find_folder(tmp_path) == tmp_path
    monkeypatch.setenv(data.ENVIRONMENT, str(tmp_path / "gone"))
    with pytest.raises(BenchmarkError, match="DEDUP_DATA names"):
        data.find_folder(None)
    with pytest.raises(BenchmarkError, match="--data names"):
        data.find_folder(tmp_path / "gone")


def test_a_missing_default_folder_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(data.ENVIRONMENT, raising=False)
    monkeypatch.setattr(data, "DEFAULT", tmp_path / "gone")
    assert data.find_folder(None) is None
