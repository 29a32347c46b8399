"""SQLite databases: one table is read, and nothing is written."""
# ruff: noqa: S608 - the statements make the databases of these tests

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from datetime import date
from pathlib import Path
from random import Random

import pytest
from reading import BODY, read_all, read_quietly, write

from dedup import StoryIndex
from dedup.article import Article, Notice
from dedup.read import database, read_articles

ARTICLES = (
    "CREATE TABLE articles (id INTEGER PRIMARY KEY, headline TEXT, body TEXT, published TEXT)",
    f"INSERT INTO articles VALUES (7, 'One', '{BODY}', '2024-03-01'), (9, 'Two', '{BODY}', NULL)",
)
COMMENTS = (
    "CREATE TABLE comments (id INTEGER PRIMARY KEY, title TEXT, text TEXT)",
    "INSERT INTO comments VALUES (1, 'No', 'x')",
)


def make(path: Path, *statements: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def of_table(path: Path, table: str) -> tuple[list[Article], list[Notice]]:
    notices: list[Notice] = []
    return list(read_articles(path, table=table, notices=notices)), notices


@pytest.mark.parametrize("name", ["a.db", "a.sqlite", "a.sqlite3", "a name?x=#y.db"])
def test_the_rows_of_the_only_table_with_texts(tmp_path: Path, name: str) -> None:
    others = ("CREATE TABLE tags (article INTEGER, tag TEXT)", "CREATE VIEW both AS SELECT * FROM articles")
    path = make(tmp_path / name, *ARTICLES, *others)
    first, second = read_quietly(path)
    assert (first.id, first.title, first.text, first.published) == ("7", "One", BODY, date(2024, 3, 1))
    assert (second.id, second.where) == ("9", f"{path}:2")
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_the_table_with_text_and_title_is_preferred(tmp_path: Path) -> None:
    others = ("CREATE TABLE pages (title TEXT)", "CREATE TABLE notes (text TEXT)")
    assert len(read_quietly(make(tmp_path / "a.db", *others, *ARTICLES))) == 2


def test_of_several_tables_one_has_to_be_named(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db", *ARTICLES, *COMMENTS)
    articles, (notice,) = read_all(path)
    assert not articles
    assert notice.problem == "several of its tables can hold articles: 'articles', 'comments'"
    assert notice.action == "skipped (--table NAME says which to read)"
    assert [article.title for article in of_table(path, "Comments")[0]] == ["No"]
    articles, (notice,) = of_table(path, "news")
    assert (articles, notice.problem) == ([], "it has no table 'news' (its tables are 'articles', 'comments')")


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        ((), "it is no SQLite database"),
        (("CREATE TABLE a (x, y)",), "none of its tables has a text or title among its columns: 'a'"),
        (("CREATE VIEW a AS SELECT 'x' AS text",), "it has no tables"),
        (("CREATE VIRTUAL TABLE a USING fts5(text)",), "several of its tables|none of its tables"),
    ],
)
def test_databases_without_articles(tmp_path: Path, statements: tuple[str, ...], problem: str) -> None:
    path = make(tmp_path / "a.db", *statements)
    if not statements:
        write(path, BODY)
    articles, (notice,) = read_all(path)
    assert not articles
    assert any(one in notice.problem for one in problem.split("|"))


def test_the_columns_can_be_named(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        'CREATE TABLE "odd ""name" ("story ""body" TEXT)',
        f'INSERT INTO "odd ""name" VALUES (\'{BODY}\')',
    )
    (article,) = read_quietly(path, fields={"text": 'story "body'})
    assert article.text == BODY


def test_views_and_generated_columns_are_not_computed(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) AS text FROM n"
    made = "CREATE TABLE b (id TEXT, title TEXT, text TEXT AS (hex(zeroblob(1000))))"
    path = make(tmp_path / "a.db", f"CREATE VIEW a AS {endless}", made, "INSERT INTO b (id, title) VALUES ('i', 'T')")
    (article,), _ = of_table(path, "b")
    assert (article.title, article.text) == ("T", "")
    assert of_table(path, "a")[1][0].problem == "it has no table 'a' (its tables are 'b')"


def test_a_story_index_is_no_file_of_articles(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "a.db") as index:
        index.add(Article(id="1", text=BODY))
    articles, (notice,) = read_all(tmp_path / "a.db")
    assert (articles, notice.problem) == ([], "it is a story index of dedup, and no file of articles")


def test_a_database_in_use(tmp_path: Path) -> None:
    """What is in its log only is told; nothing is locked, written or removed."""
    path = make(tmp_path / "a.db", *ARTICLES)
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute(f"INSERT INTO articles VALUES (11, 'Three', '{BODY}', NULL)")
    writer.commit()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    articles, (notice,) = read_all(path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert (len(articles), notice.problem) == (2, "changes in 'a.db-wal' beside it are not read")
    writer.close()


def test_a_database_that_may_not_be_written_to(tmp_path: Path) -> None:
    path = make(tmp_path / "x/a.db", *ARTICLES)
    path.chmod(0o400)
    path.parent.chmod(0o500)
    assert len(read_quietly(path)) == 2
    path.parent.chmod(0o700)


def test_compressed_and_in_an_archive(tmp_path: Path) -> None:
    content = make(tmp_path / "x/a.db", *ARTICLES).read_bytes()
    (tmp_path / "a.db.gz").write_bytes(gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a.db", content)
    for name in ("a.db.gz", "b.zip"):
        assert [article.title for article in read_quietly(tmp_path / name)] == ["One", "Two"]


def test_odd_values_concern_their_row_alone(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE a (title TEXT, text TEXT)",
        f"INSERT INTO a VALUES (CAST(x'ff41' AS TEXT), '{BODY}'), (NULL, x'42'), (3, 4.5), ('T', '{BODY}')",
    )
    articles, _ = read_all(path)
    assert [(article.title, article.text) for article in articles][::3] == [("\ufffdA", BODY), ("T", BODY)]


def test_a_text_beyond_all_measure(tmp_path: Path) -> None:
    path = make(
        tmp_path / "a.db",
        "CREATE TABLE a (title TEXT, text TEXT)",
        f"INSERT INTO a VALUES ('One', '{BODY}'), ('Two', hex(zeroblob(40000000))), ('Three', hex(zeroblob(9000000)))",
    )
    articles, notices = read_all(path)
    assert [article.title for article in articles] == ["One"]
    assert [notice.where for notice in notices] == [f"{path}:2", f"{path}:3"]
    assert notices[0].problem == "a row with more than 16,777,216 characters, too many for an article"


def test_damaged_databases_raise_nothing(tmp_path: Path) -> None:
    rows = (
        f"INSERT INTO articles SELECT id + {1 << step} * 10, headline, body, NULL FROM articles" for step in range(8)
    )
    whole = make(tmp_path / "a.db", *ARTICLES, *rows).read_bytes()
    random = Random(1)  # noqa: S311
    for number in range(80):
        place = random.randrange(len(whole))
        content = whole[:place] + (b"" if number % 3 == 0 else random.randbytes(8) + whole[place + 8 :])
        read_all(write(tmp_path / "b.db", content))


def test_pages_that_are_used_many_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        f"INSERT INTO articles SELECT id + {1 << step} * 10, headline, body, NULL FROM articles" for step in range(8)
    )
    path = make(tmp_path / "a.db", *ARTICLES, *rows)
    monkeypatch.setattr(database, "_ALLOWANCE", 5000)
    monkeypatch.setattr(database, "LARGEST_RATIO", 0)
    articles, (notice,) = read_all(path)
    assert 10 < len(articles) < 60
    assert notice.problem.endswith("it has more than 0 times its size")
