"""Clustering against an archive: copies, continued stories, new stories, and stable story names."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

import dedup
from dedup import Archived, Arrivals, Article, Story
from dedup.archive import _inherit_ids
from dedup.keep import Keep, Spool, added_fields, kept_articles, write_folder, write_stream
from dedup.report import write_csv, write_json, write_jsonl, write_parquet, write_table

SPILL = (
    "The harbour of Eastport was closed on Monday after a tanker lost four hundred tonnes of oil near the breakwater."
    " Harbour master Ingrid Solheim said that the port would stay shut until Thursday at least."
)
LATER = (
    "Divers from Eastport began on Tuesday to pump oil from the tanker at the breakwater. Ingrid Solheim, the harbour"
    " master, hopes to reopen the harbour on Thursday; three hundred tonnes of oil are still aboard the tanker."
)
MUSEUM = "After two years of work the city museum of Kallby lets visitors in again, with a new hall for its clocks."
ELECTION = "Voters in Marlow go to the polls on Sunday. Polling stations open at seven, and a count follows at night."

OLD = [
    {"id": "spill", "title": "Oil closes Eastport harbour", "text": SPILL, "published": "2024-06-03"},
    {"id": "vote", "title": "Marlow votes on Sunday", "text": ELECTION, "published": "2024-06-03"},
]
NEW = [
    {"id": "again", "title": "Eastport harbour shut after spill", "text": SPILL, "published": "2024-06-04"},
    {"id": "pumps", "title": "Divers pump oil from Eastport tanker", "text": LATER, "published": "2024-06-04"},
    {"id": "vote", "title": "Kallby museum reopens", "text": MUSEUM, "published": "2024-06-04"},
]


def write(path: Path, records: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def arrivals() -> Arrivals:
    archive = [Archived(_article(record), f"old-{record['id']}") for record in OLD]
    return dedup.cluster_against(NEW, archive)


def _article(record: dict[str, str]) -> Article:
    article, _ = dedup.from_record(record, where="", default_id="")
    assert article
    return article


def test_each_new_article_is_a_copy_a_continuation_or_new(arrivals: Arrivals) -> None:
    assert arrivals.count == 3
    assert arrivals.statuses == ("copy", "continues", "new", "archived", "archived")
    assert arrivals.copy_of == ("spill", None, None, None, None)
    assert repr(arrivals) == "<Arrivals of 3 articles: 2 archived, 1 continues, 1 copy, 1 new>"
    assert len(arrivals.stories) == 2


def test_a_continued_story_keeps_its_name(arrivals: Arrivals) -> None:
    records = arrivals.to_records()
    assert [record["story"] for record in records[:2]] == ["old-spill"] * 2
    assert records[2]["story"].startswith("s")


def test_a_new_article_keeps_its_id_whatever_the_archive_has(arrivals: Arrivals) -> None:
    assert [article.id for article in arrivals.clustering.articles] == [
        "again", "pumps", "vote", "archive:spill", "archive:vote",
    ]  # fmt: skip


def test_it_is_one_run_over_both(arrivals: Arrivals) -> None:
    together = dedup.cluster([*NEW, *({**record, "id": f"archive:{record['id']}"} for record in OLD)])
    assert arrivals.clustering.labels == together.labels
    assert arrivals.clustering.copy_labels == together.copy_labels


def test_against_nothing_all_is_new() -> None:
    arrivals = dedup.cluster_against(NEW, [])
    assert arrivals.statuses == ("new",) * 3
    assert [story.id for story in arrivals.stories] == [story.id for story in dedup.cluster(NEW)]


def test_kept_are_those_that_are_new(arrivals: Arrivals) -> None:
    assert list(kept_articles(arrivals, Keep.ALL)) == [0, 1, 2]
    assert list(kept_articles(arrivals, Keep.COPY)) == [1, 2]
    assert list(kept_articles(arrivals, Keep.STORY)) == [2]
    assert [added["dedup_status"] for added in added_fields(arrivals)] == ["copy", "continues", "new"]
    assert added_fields(arrivals)[0]["dedup_story_size"] == 3


def _bare(name: str, *articles: str) -> Story:
    return Story(name, articles, articles[0], "", (), None, None, ())


@pytest.mark.parametrize(
    ("stories", "known", "named"),
    [
        ([("x", "a", "b", "c")], {"a": "A", "b": "B", "c": "B"}, ["B"]),  # most articles
        ([("x", "a", "b")], {"a": "B", "b": "A"}, ["A"]),  # as many: the first by name
        ([("B", "a", "b")], {"a": "B", "b": "A"}, ["B"]),  # as many: the one it has anyway
        ([("x", "a", "b"), ("y", "c")], {"a": "A", "b": "A", "c": "A"}, ["A", "y"]),  # split
        ([("x", "a", "b"), ("A", "c")], {"a": "A", "b": "A", "c": "A"}, ["A", "A+"]),  # split, its name taken
        ([("x", "a"), ("y", "b")], {"a": "A", "b": ""}, ["A", "y"]),
    ],
)
def test_which_story_has_the_name(stories: list[tuple[str, ...]], known: dict[str, str], named: list[str]) -> None:
    made = [_bare(name, *articles) for name, *articles in stories]
    assert [story.id for story in _inherit_ids(made, known)] == named


# Reading archives


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dedup.Clustering:
    monkeypatch.chdir(tmp_path)
    untitled = {"text": MUSEUM, "published": "2024-06-01"}
    write(tmp_path / "old.jsonl", [*OLD, untitled])
    return dedup.cluster(dedup.read_articles("old.jsonl"))


def archived(path: Path | str) -> list[tuple[str, str, str]]:
    return [(one.article.id, one.article.text, one.story) for one in dedup.read_archive(path)]


def expected(result: dedup.Clustering) -> list[tuple[str, str, str]]:
    return [
        (article.id, article.text, story["story"])
        for article, story in zip(result.articles, result.to_records(), strict=True)
    ]


@pytest.mark.parametrize("name", ["stories.jsonl", "stories.csv", "stories.parquet"])
def test_a_result_is_an_archive_with_its_articles(tmp_path: Path, result: dedup.Clustering, name: str) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
        with (tmp_path / name).open("wb") as binary:
            write_parquet(result, binary)
    else:
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as out:
            (write_csv if name.endswith(".csv") else write_jsonl)(result, out)
    assert archived(name) == expected(result)


def test_csv_gives_back_what_it_shields_from_spreadsheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "old.jsonl", [{"id": "=1+1", "title": "'+ 3 per cent", "text": SPILL}])
    result = dedup.cluster(dedup.read_articles("old.jsonl"))
    with (tmp_path / "stories.csv").open("w", encoding="utf-8", newline="") as out:
        write_csv(result, out)
    assert "'=1+1" in (tmp_path / "stories.csv").read_text(encoding="utf-8")
    assert archived("stories.csv") == expected(result)


def test_files_are_looked_for_beside_the_result_too(
    tmp_path: Path, result: dedup.Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "stories.jsonl").open("w", encoding="utf-8") as out:
        write_jsonl(result, out)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert archived("../stories.jsonl") == expected(result)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda path: path.unlink(), "were in old.jsonl, which is not there"),
        (lambda path: write(path, OLD), "which has fewer articles now"),
        (lambda path: write(path, [OLD[1], OLD[0], *OLD]), "has 'Marlow votes on Sunday' in its place now"),
    ],
)
def test_an_archive_that_has_changed_is_refused(
    tmp_path: Path, result: dedup.Clustering, change: object, says: str
) -> None:
    with (tmp_path / "stories.jsonl").open("w", encoding="utf-8") as out:
        write_jsonl(result, out)
    change(tmp_path / "old.jsonl")  # type: ignore[operator] # it is a function
    with pytest.raises(dedup.InputError, match=says):
        archived("stories.jsonl")


def test_articles_of_standard_input_cannot_be_read_again(tmp_path: Path, result: dedup.Clustering) -> None:
    piped = replace(result, articles=tuple(replace(article, path="-") for article in result.articles))
    with (tmp_path / "stories.jsonl").open("w", encoding="utf-8") as out:
        write_jsonl(piped, out)
    with pytest.raises(dedup.InputError, match=r"3 of its articles came by standard input; give .* --keep all"):
        archived("stories.jsonl")


@pytest.mark.parametrize("folder", [False, True])
def test_what_keep_has_written_is_an_archive(tmp_path: Path, result: dedup.Clustering, folder: bool) -> None:
    spool = Spool()
    paths = ["old.jsonl"]
    if folder:
        (tmp_path / "in").mkdir()
        for number, article in enumerate(result.articles):
            (tmp_path / "in" / f"{number}.txt").write_text(article.text, encoding="utf-8")
        paths = ["in"]
    articles = list(spool.articles(paths, fields={}, notices=[], dayfirst=False))
    found = dedup.cluster(articles)
    if folder:
        write_folder(spool, range(3), added_fields(found), tmp_path / "kept")
        told = archived("kept")
    else:
        out = io.BytesIO()
        write_stream(spool, "jsonl", range(3), added_fields(found), out)
        (tmp_path / "kept.jsonl").write_bytes(out.getvalue())
        told = archived("kept.jsonl")
    spool.close()
    assert told == expected(found)


# Reports


def test_reports_are_of_the_new_articles(arrivals: Arrivals) -> None:
    out = io.StringIO()
    write_jsonl(arrivals, out)
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [record["id"] for record in records] == ["again", "pumps", "vote"]
    assert list(records[0])[-2:] == ["status", "copy_of"]
    table = io.StringIO(newline="")
    write_csv(arrivals, table)
    assert table.getvalue().splitlines()[1].endswith(",copy,spill")
    document = io.StringIO()
    write_json(arrivals, document)
    whole = json.loads(document.getvalue())
    assert {name: whole["summary"][name] for name in ("new", "continuing", "archived_copies", "archived")} == {
        "new": 1, "continuing": 1, "archived_copies": 1, "archived": 2,
    }  # fmt: skip
    assert whole["summary"]["articles"] == 3
    assert len(whole["stories"]) == 2
    assert sorted(article["status"] for article in whole["stories"][0]["articles"]) == ["archived", "continues", "copy"]
    shown = io.StringIO()
    write_table(arrivals, shown, width=100)
    head, _, row, *_ = shown.getvalue().splitlines()
    assert head.split() == ["Story", "New", "Archived", "Copies", "Origins", "Outlets", "Dates", "Days"]
    assert row.split()[-8:-4] == ["2", "1", "1", "2"]


def test_csv_under_a_name_in_capitals_gives_back_what_it_shields(tmp_path: Path) -> None:
    (tmp_path / "news.jsonl").write_text(
        json.dumps({"id": "a", "title": "=1+1", "text": SPILL}) + "\n", encoding="utf-8"
    )
    result = dedup.cluster(dedup.read_articles([tmp_path / "news.jsonl"]))
    with (tmp_path / "STORIES.CSV").open("w", encoding="utf-8", newline="") as out:
        write_csv(result, out)
    assert [one.article.title for one in dedup.read_archive(tmp_path / "STORIES.CSV")] == ["=1+1"]


@pytest.mark.parametrize("count", [1, 40])
def test_an_archive_on_standard_input_is_read_from_its_beginning(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    lines = [json.dumps({"id": str(number), "text": f"{number} {SPILL}"}) for number in range(count)]
    stdin = io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert [one.article.id for one in dedup.read_archive("-")] == [str(number) for number in range(count)]
