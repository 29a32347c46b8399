from __future__ import annotations

import csv
import io
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import BODY, read_all, read_quietly, write

from dedup.article import Article, Notice
from dedup.read.table import _long_cells


def table(rows: list[list[str]], delimiter: str = ",") -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue()


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz", ".tsv.gz"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter(tmp_path: Path, delimiter: str, ending: str) -> None:
    rows = [["Headline", "Body", "Date"], ["Port; open, again | now", f"{BODY}\nMore;", "2020-01-01"], ["t", "b", ""]]
    path = write(tmp_path / f"a{ending}", table(rows, delimiter))
    assert read_quietly(path) == [
        Article(
            id=f"a{ending}:2",
            title="Port; open, again | now",
            text=f"{BODY}\nMore;",
            published=date(2020, 1, 1),
            path=str(path),
            where=f"{path}:2",
        ),
        Article(id=f"a{ending}:4", title="t", text="b", path=str(path), where=f"{path}:4"),
    ]


def test_one_column_is_enough(tmp_path: Path) -> None:
    assert [article.text for article in read_quietly(write(tmp_path / "a.csv", "text\nx\ny\n"))] == ["x", "y"]


def test_a_name_with_a_delimiter_in_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'title,"a;b;c;d",text\n1,2,x\n')
    assert [article.text for article in read_quietly(path)] == ["x"]


def test_cells_of_any_size(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    text = "harbour " * 100_000
    assert read_quietly(write(tmp_path / "a.csv", f"text\n{text}\n"))[0].text == text
    assert csv.field_size_limit() == limit


def test_rows_with_too_few_and_too_many_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text,source\n1,x\n2,y,Echo,rest\n3,z,Echo,,\n4,w,Echo\n5\n")
    articles, notices = read_all(path)
    assert [(article.id, article.text, article.source) for article in articles] == [
        ("1", "x", ""),
        ("2", "y", "Echo"),
        ("3", "z", "Echo"),
        ("4", "w", "Echo"),
    ]
    assert [str(notice) for notice in notices] == [
        f"{path}:2: only 2 of 3 cells; kept, the missing cells taken as empty",
        f"{path}:3: 4 cells where 3 have a name; kept without the cells beyond",
        f"{path}:6: only 1 of 3 cells; kept, the missing cells taken as empty",
        f"{path}:6: its text is empty and it has no title; skipped",
    ]


def test_columns_of_one_name_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,,title,text,\nx,1,t,y,2\n")
    (article,), (notice,) = read_all(path)
    assert article.text == "y"
    assert str(notice) == f"{path}: several columns have one name: 'text'; the last of each is read"


def test_blank_rows_count_but_say_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\n\ntext,title\r\n\r\nx,t\r\n,\r\n , \r\ny,t\r\n")
    assert [article.id for article in read_quietly(path)] == ["a.csv:5", "a.csv:8"]


def test_without_a_text_column_the_titles_are_judged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "title,when\nHarbour reopens,x\nPort shut,y\n")
    articles, (notice,) = read_all(path)
    assert [(article.title, article.text) for article in articles] == [("Harbour reopens", ""), ("Port shut", "")]
    assert (notice.where, notice.skipped) == (str(path), False)
    assert notice.problem == "no column is the text; the first line names 'title', 'when'"


def test_without_text_and_title_the_file_is_skipped_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "story_body,outlet\nx,y\nx,y\n")
    assert read_all(path) == (
        [],
        [
            Notice(
                str(path),
                "no column is the text; the first line names 'story_body', 'outlet'",
                "skipped (--field text=NAME says which column holds the text;"
                " if this is a row, --columns text,- reads it)",
                skipped=True,
            )
        ],
    )
    assert len(read_quietly(path, fields={"text": "story_body"})) == 2


def test_a_header_alone_is_told(tmp_path: Path) -> None:
    (notice,) = read_all(write(tmp_path / "a.csv", "text,title\n"))[1]
    assert notice.problem == "there is no article in it"


def test_a_quotation_mark_that_is_never_closed_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,text\n1,x\n2,"y\n3,z\n4,w\n')
    articles, (notice,) = read_all(path)
    assert [(article.id, article.text) for article in articles] == [("1", "x"), ("2", "y"), ("3", "z"), ("4", "w")]
    assert (notice.where, notice.problem) == (f"{path}:3", "a quotation mark is never closed")
    assert notice.action == "it is read as a character, and the lines that follow as rows of their own"


def test_the_lines_of_a_cell_that_is_cut_off_stay_together(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,title,text\n1,t,x\n2,u,"y,\n\nand so on\n')
    articles, (notice,) = read_all(path)
    assert [article.text for article in articles] == ["x", "y,\n\nand so on\n"]
    assert (notice.where, notice.action) == (f"{path}:3", "the rest of the file is kept as one cell")


def test_quotation_marks_that_are_closed_rows_later(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,text\n1,"x\n2,y\n3,"z" he said\n4,"several\n5,lines"\n5,w\n')
    articles, (notice,) = read_all(path)
    assert [(article.id, article.text) for article in articles] == [
        *(("1", "x"), ("2", "y"), ("3", "z he said"), ("4", "several\n5,lines"), ("5", "w"))
    ]
    assert notice.where == f"{path}:2"


def test_quotation_marks_inside_a_cell_are_no_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,text\n1,a 5" pipe\n2,"he said ""no"""\n3,a 7" pipe')
    assert [article.text for article in read_quietly(path)] == ['a 5" pipe', 'he said "no"', 'a 7" pipe']


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
rows = st.lists(
    st.tuples(cells.map(str.strip).filter(bool), cells.filter(str.strip), cells.map(str.strip)), min_size=1, max_size=5
)


@given(rows, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from([".csv", ".tsv", ".csv.gz"]))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, pile: list[tuple[str, str, str]], delimiter: str, ending: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"table{ending}"
    write(path, table([["id", "text", "source"], *map(list, pile)], delimiter))
    found = read_quietly(path)
    assert [replace(article, where="") for article in found] == [
        Article(id=id_, text=text, source=source, path=str(path)) for id_, text, source in pile
    ]
    lines = [int(article.where.removeprefix(f"{path}:")) for article in found]
    assert lines[0] == 2
    assert lines == sorted(set(lines))


def test_a_quotation_mark_that_is_never_closed_costs_no_row_of_a_large_file(tmp_path: Path) -> None:
    """The row that it would begin is longer than an article can be."""
    rows = "".join(f"{number},{BODY * 20}\n" for number in range(20_000))
    path = write(tmp_path / "a.csv", f'id,text\na,"{BODY}\n{rows}')
    articles, (notice,) = read_all(path)
    assert [article.id for article in articles] == ["a", *map(str, range(20_000))]
    assert notice.problem == "a quotation mark is never closed"
    assert [article.where for article in articles[:3]] == [f"{path}:{line}" for line in (2, 3, 4)]


def test_two_threads_that_read_leave_the_limit_of_cells_to_each_other() -> None:
    """The limit is the process's: the one that ended first set it back for the other, and that one left it lifted."""
    before, lifted, done = csv.field_size_limit(), threading.Event(), threading.Event()

    def other() -> None:
        with _long_cells():
            lifted.set()
            done.wait(10)

    thread = threading.Thread(target=other)
    with _long_cells():
        thread.start()
        lifted.wait(0.2)
    assert lifted.wait(10)
    seen = csv.field_size_limit()
    done.set()
    thread.join()
    assert seen > before
    assert csv.field_size_limit() == before
