"""Sources of settings, their precedence, and errors with their position."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dedup.config import Configuration, configure
from dedup.errors import SettingsError
from dedup.settings import Settings


def found(
    folder: Path, flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Configuration:
    return configure(flags, folder=folder, environment=environment or {})


def test_without_anything_they_are_the_defaults(tmp_path: Path) -> None:
    given = found(tmp_path)
    assert (given.settings, given.fields, given.dayfirst, given.file) == (Settings(), {}, False, None)
    assert set(given.origins.values()) == {"default"}


def test_flags_go_before_the_environment_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dedup.toml").write_text("window = 1\nseed = 2\n\nbands = 32\n[fields]\ntext = 'a'\ntitle = 'b'\n")
    given = found(tmp_path, {"window": "3", "fields.text": "c"}, {"DEDUP_WINDOW": "4", "DEDUP_SEED": "5"})
    assert given.settings == Settings(window=3, seed=5, bands=32)
    assert given.fields == {"text": "c", "title": "b"}
    origins = {name: place for name, place in given.origins.items() if place != "default"}
    assert origins == {
        "window": "--set window",
        "seed": "DEDUP_SEED",
        "bands": "dedup.toml:4",
        "fields.text": "--field text",
        "fields.title": "dedup.toml:7",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dedup.toml", "granularity = 0.25\ndayfirst = true\nmemory = '2GB'\n"),
        ("pyproject.toml", "[project]\nname = 'x'\n[tool.dedup]\ngranularity = 0.25\ndayfirst = true\nmemory = 2\n"),
        ("pyproject.toml", "[tool]\ndedup.granularity = 0.25\ndedup.dayfirst = true\ndedup.memory = '2000MB'\n"),
    ],
)
def test_the_nearest_file_is_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "dedup.toml").write_text("granularity = 0.9\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a" / name).write_text(text)
    (inner / "pyproject.toml").write_text("[project]\nname = 'it has no table of ours'\n")
    given = found(inner)
    assert (given.settings.granularity, given.dayfirst, given.settings.memory) == (0.25, True, 2.0)
    assert given.file == tmp_path / "a" / name


def test_a_named_file_goes_before_those_that_lie_about(tmp_path: Path) -> None:
    (tmp_path / "dedup.toml").write_text("window = 1\nnonsense = 2\n")
    (tmp_path / "mine.toml").write_text("seed = 9\n")
    for given in (
        configure(file=tmp_path / "mine.toml", folder=tmp_path, environment={}),
        configure(folder=tmp_path, environment={"DEDUP_CONFIG": str(tmp_path / "mine.toml")}),
    ):
        assert given.settings == Settings(seed=9)
    assert configure(file="/dev/null", folder=tmp_path, environment={}).settings == Settings()


def test_all_that_is_wrong_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dedup.toml").write_text(
        "# ours\nwindow = -1\nnote = '''\nseed = 1\n'''\nseed = 'x'\n[fields]\nbody = 'a'\ntext = 3\n"
    )
    environment = {"DEDUP_GRANULARTIY": ".4", "DEDUP_DAYFIRST": "perhaps", "DEDUP_TRACEBACK": "1", "OTHER": "x"}
    with pytest.raises(SettingsError) as caught:
        found(tmp_path, {"granularity": "2", "window": "soon"}, environment)
    told = caught.value.faults
    assert [fault.partition(": ")[0] for fault in told] == [
        "dedup.toml:2", "dedup.toml:3", "dedup.toml:6", "dedup.toml:8", "dedup.toml:9",
        "DEDUP_DAYFIRST", "DEDUP_GRANULARTIY", "--set granularity", "--set window",
    ]  # fmt: skip
    assert told[0] == "dedup.toml:2: window must lie between 0 and inf, not -1.0"
    assert "there is no setting 'note'" in told[1]
    assert told[2] == "dedup.toml:6: seed must be a whole number, not 'x'"
    assert "an article has no field 'body'" in told[3]
    assert "did you mean 'granularity'?" in told[6]


def test_what_does_not_go_together_is_told_with_both_places(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        found(tmp_path, {"num_perm": "100"}, {"DEDUP_BANDS": "64"})
    assert caught.value.faults == ("--set num_perm and DEDUP_BANDS: num_perm (100) must be a multiple of bands (64)",)
    assert found(tmp_path, {"num_perm": "100"}, {"DEDUP_BANDS": "50"}).settings == Settings(num_perm=100, bands=50)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"window = = 1\n", "dedup.toml:1: not TOML (invalid value)"),
        (b"window = 1\nwindow = 2\n", "dedup.toml:2: not TOML ("),
        (b"a = '\xff'\n", "dedup.toml is not UTF-8"),
        (b"window = " + b"9" * 5000 + b"\n", "dedup.toml: not TOML ("),
        (b"x = " + b"[" * 5000, "not TOML ("),
    ],
)
def test_a_file_that_is_no_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dedup.toml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        found(tmp_path)
    assert says in caught.value.faults[0]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read \(No such file or directory\)"):
        configure(file=tmp_path / "none.toml", environment={})


def test_a_broken_pyproject_of_others_stands_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\nname = 1\n")
    assert found(tmp_path).settings == Settings()
    (tmp_path / "pyproject.toml").write_text("[project\n[tool.dedup]\nwindow = 1\n")
    with pytest.raises(SettingsError, match="not TOML"):
        found(tmp_path)


def test_the_table_must_be_a_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\ndedup = 3\n")
    with pytest.raises(SettingsError, match=r"tool\.dedup must be a table"):
        found(tmp_path)


def test_the_line_of_a_key_is_found_in_whatever_form_it_is_given(tmp_path: Path) -> None:
    content = (
        "[tool.other]\nlist = [\n  'a',  # ]\n  [1, 2],\n]\ntext = '''\nwindow = 1\n[tool.dedup]\n'''\n\n"
        "[[tool.many]]\nx = 1\n[tool.dedup]\nfields = {text = 3}\n'seed' = 'x'\n[tool.dedup.serve]\nport = 1\n"
    )
    (tmp_path / "pyproject.toml").write_text(content)
    with pytest.raises(SettingsError) as caught:
        configure(folder=tmp_path, environment={})
    assert [fault.partition(": ")[0].rpartition(":")[2] for fault in caught.value.faults] == ["14", "15"]
    (tmp_path / "dedup.toml").write_text("fields.text = 3\nserve.port = 1\n\nseed = 'x'\n")
    with pytest.raises(SettingsError) as caught:
        configure(folder=tmp_path, environment={})
    assert [fault.partition(": ")[0].rpartition(":")[2] for fault in caught.value.faults] == ["1", "4"]


def test_the_lines_of_a_long_file_are_found_in_linear_time(tmp_path: Path) -> None:
    """Parsing the text up to each line, as an earlier version did, takes minutes here."""
    others = "".join(f'key{number} = "value {number}"\n' for number in range(3_000))
    many = "many = [\n" + "".join(f'  "{number}",\n' for number in range(3_000)) + "]\n"
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.other]\n{others}{many}[tool.dedup]\ngranularity = 0.4\nwindow = 7\n"
    )
    began = time.process_time()
    given = configure(folder=tmp_path, environment={})
    assert time.process_time() - began < 10
    assert given.origins["window"].endswith("pyproject.toml:6006")


@pytest.mark.parametrize("line", ["window = 0x" + "f" * 400, "seed = 0x" + "f" * 5000, "dayfirst = 0x" + "f" * 5000])
def test_a_number_beyond_all_measure_is_told_as_any_other(tmp_path: Path, line: str) -> None:
    (tmp_path / "dedup.toml").write_text(line + "\n")
    with pytest.raises(SettingsError, match=rf"dedup\.toml:1: {line.split(maxsplit=1)[0]} .*(number|[0-9]…)$"):
        configure(folder=tmp_path, environment={})


@pytest.mark.parametrize("value", ["id, title,-,text", ["id", "title", "-", "text"]])
def test_columns_are_names(tmp_path: Path, value: object) -> None:
    given = found(tmp_path, {"columns": value})
    assert given.columns == ("id", "title", "-", "text")
    assert given.reading == {"fields": {}, "dayfirst": False, "columns": given.columns, "table": ""}


@pytest.mark.parametrize("value", ["", " , ", 7, [1], []])
def test_columns_that_are_no_names_are_a_fault(tmp_path: Path, value: object) -> None:
    with pytest.raises(SettingsError, match="--columns: columns must be names"):
        found(tmp_path, {"columns": value})
