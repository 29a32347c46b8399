"""Files whose names have control characters and direction marks: no output has them raw, and each is found again."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

import dedup
from dedup.archive import read_archive
from dedup.cli import main
from dedup.read import read_articles
from dedup.report import write_csv, write_html, write_json, write_jsonl, write_parquet, write_table

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be given to files there")

NAMES = (
    "red\x1b[31m.txt",
    "red\\x1b[31m.txt",
    "red\\\x1b[31m.txt",
    "red\\\\x1b[31m.txt",
    "turned\u202etxt.txt",
    "turned\\u202etxt.txt",
    "line\nend.txt",
    "line end.txt",
    "tab\t.txt",
    "c1\x9b31m.txt",
    "next\x85.txt",
    "deleted\x7f.txt",
    "separated\u2028.txt",
    "tagged\U000e0041.txt",
    "marked\u200e\u061c.txt",
    "users\\alpha.txt",
    "a\x1bfolder/with\rone.txt",
    "a\x1bfolder/records\a.jsonl",
)
ODD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
BODY = "Number {0}: the council of Dunmere closed bridge {0} after crack {0} was found in pier {0} on Monday."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(NAMES):
        path = tmp_path / "news" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = BODY.format(number) * (1 + number % 3)
        path.write_text(json.dumps({"text": text}) + "\n" if name.endswith("l") else text, encoding="utf-8")
    return tmp_path / "news"


@pytest.mark.usefixtures("folder")
def test_ids_are_unique_safe_and_readable() -> None:
    articles = list(read_articles("news"))
    ids = {article.id for article in articles}
    assert len(ids) == len(NAMES)
    assert not [article for article in articles if ODD.search(f"{article.id}{article.path}{article.where}")]
    assert not any("\n" in name for name in ids)
    assert {r"red\x1b[31m.txt", r"red\\x1b[31m.txt", r"line\x0aend.txt", r"users\alpha.txt"} <= ids
    assert r"a\x1bfolder/records\x07.jsonl:1" in ids


@pytest.mark.parametrize("name", NAMES)
def test_one_argument(folder: Path, name: str) -> None:
    (article,) = read_articles(folder / name)
    assert not ODD.search(article.id + article.path)


def test_notices_show_the_name(folder: Path) -> None:
    (folder / "empty\x1b[2J.txt").touch()
    (folder / "other\x9b.xyz").write_text("x", encoding="utf-8")
    notices: list[dedup.Notice] = []
    list(read_articles(["news", "none\x1b.txt"], notices=notices))
    assert {notice.where for notice in notices} == {
        r"news/empty\x1b[2J.txt",
        r"news/other\x9b.xyz",
        r"none\x1b.txt",
    }


@pytest.mark.usefixtures("folder")
def test_no_format_has_them_raw() -> None:
    result = dedup.cluster(read_articles("news"))
    for write in (write_csv, write_json, write_jsonl, write_html, write_table):
        out = io.StringIO()
        write(result, out)
        written = out.getvalue().replace("\r\n", "\n")
        assert not ODD.search(written), write
        assert "\x1b" not in written
    records = result.to_records()
    assert len({record["id"] for record in records}) == len(NAMES)
    pyarrow = pytest.importorskip("pyarrow.parquet")
    binary = io.BytesIO()
    write_parquet(result, binary)
    for row in pyarrow.read_table(binary).to_pylist():
        assert not any(ODD.search(value) for value in row.values() if isinstance(value, str))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_result_finds_its_files_again(form: str) -> None:
    result = dedup.cluster(read_articles("news"))
    with Path(f"stories.{form}").open("w", encoding="utf-8", newline="") as out:
        (write_csv if form == "csv" else write_jsonl)(result, out)
    again = {one.article.id: one.article.text for one in read_archive(f"stories.{form}")}
    assert again == {article.id: article.text for article in result.articles}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["dedup", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


@pytest.mark.usefixtures("folder")
def test_kept_files_have_their_names_and_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {article.id for article in read_articles("news")}
    run(monkeypatch, "cluster", "news", "--keep", "all", "--output", "kept/")
    assert {str(path.relative_to("kept")) for path in Path("kept").rglob("[!.]*.*")} == set(NAMES)
    assert {one.article.id for one in read_archive("kept")} == ids


@pytest.mark.usefixtures("folder")
def test_an_index_finds_them_by_the_id_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "index", "add", "news", "--store", "s.db")
    added = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in added] == ["added"] * len(NAMES)
    run(monkeypatch, "index", "explain", r"red\x1b[31m.txt", r"red\\x1b[31m.txt", "--store", "s.db")
    explained = json.loads(capsys.readouterr().out)
    assert {explained["a"], explained["b"]} == {r"red\x1b[31m.txt", r"red\\x1b[31m.txt"}
    run(monkeypatch, "index", "export", "--store", "s.db", "--format", "csv")
    assert not ODD.search(capsys.readouterr().out.replace("\r\n", "\n"))
