"""The header of a table, and tables without one. What is no row is named, and no row is taken for a header."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading import BODY, read_all, read_quietly, write

import dedup
from dedup.article import Article, Notice

TITLES = ["Ferry burns off Harwick", "Voss wins chess title", "Bridge closed for repairs"]
TEXTS = [f"{BODY} {ending}" for ending in ("Forty were saved.", "She is nineteen.", "It reopens in May.")]


def joined(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    return end.join(delimiter.join(row) for row in rows) + end


def rows(*before: str) -> list[list[str]]:
    return [[*before, title, text] for title, text in zip(TITLES, TEXTS, strict=True)]


def check(articles: list[Article]) -> None:
    assert [(article.title, article.text) for article in articles] == list(zip(TITLES, TEXTS, strict=True))


@pytest.mark.parametrize(
    ("above", "notice"),
    [
        ("sep=;\n", False),
        ("\ufeffsep=;\r\n", False),
        ('"sep=;"\n', False),
        ("sep=;;;\n", False),
        ("\n\n", False),
        ("# exported on 12 May 2020\n", True),
        ("// one\n// two\n\n", True),
        ("Articles of May\n", True),
        ("Articles of May;;\nFor: A. Reader;;\n;;\n", True),
        ("sep=;\nArticles of May\n", True),
    ],
)
def test_what_is_above_a_header_is_left_out(tmp_path: Path, above: str, notice: bool) -> None:
    path = write(tmp_path / "a.csv", above + joined([["id", "title", "text"], *rows("x")], ";"))
    articles, notices = read_all(path)
    check([article for article in articles if article.title])
    assert len(articles) == 3
    lines = [one for one in notices if "before the table" in one.problem]
    assert bool(lines) is notice
    assert not any(one.skipped for one in notices)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_without_a_header_is_read_with_the_option_of_the_message(
    tmp_path: Path, delimiter: str, end: str
) -> None:
    data = [["n1", title, text, "http://p.example/1", "2020-05-12"] for title, text in zip(TITLES, TEXTS, strict=True)]
    path = write(tmp_path / "a.csv", joined(data, delimiter, end))
    articles, (notice,) = read_all(path)
    assert articles == []
    assert notice.problem.startswith(f"no line names its columns; the first is '{'n1'}")
    assert notice.skipped
    option = notice.action.partition("--columns ")[2].split()[0]
    assert option == "-,title,text,url,published"
    found = list(dedup.read_articles(path, columns=option.split(","), notices=[]))
    check(found)
    assert {str(article.published) for article in found} == {"2020-05-12"}
    assert {article.url for article in found} == {"http://p.example/1"}


def test_a_word_for_a_text_in_a_row_does_not_make_it_a_header(tmp_path: Path) -> None:
    for word in ("article", "text", "news", "Title"):
        path = write(tmp_path / f"{word}.csv", joined(rows(word)))
        articles, (notice,) = read_all(path)
        assert articles == []
        assert "--columns -,title,text" in notice.action
        check(list(dedup.read_articles(path, columns=["kind", "title", "text"], notices=[])))


def test_columns_that_are_given_are_all_rows(tmp_path: Path) -> None:
    notices: list[Notice] = []
    path = write(tmp_path / "a.tsv", joined(rows("1"), "\t"))
    articles = list(dedup.read_articles(path, columns=["-", "title", "text"], notices=notices))
    check(articles)
    assert [article.id for article in articles] == ["a.tsv:1", "a.tsv:2", "a.tsv:3"]
    assert notices == []


def test_one_column_is_not_split(tmp_path: Path) -> None:
    notices: list[Notice] = []
    path = write(tmp_path / "a.csv", f'{BODY}, one; two\n"{BODY}, three\nfour"\n')
    articles = list(dedup.read_articles(path, columns=["text"], notices=notices))
    assert [article.text for article in articles] == [f"{BODY}, one; two", f"{BODY}, three\nfour"]
    assert notices == []


def test_columns_that_have_no_name_are_not_read(tmp_path: Path) -> None:
    notices: list[Notice] = []
    path = write(tmp_path / "a.csv", joined([[*row, "x", "y"] for row in rows("1")]))
    check(list(dedup.read_articles(path, columns=["-", "title", "text"], notices=notices)))
    assert notices == []


def test_a_header_goes_before_the_columns_that_are_given(tmp_path: Path) -> None:
    notices: list[Notice] = []
    path = write(tmp_path / "a.csv", joined([["id", "title", "text"], *rows("1")]))
    check(list(dedup.read_articles(path, columns=["number", "title", "text"], notices=notices)))
    assert [str(notice) for notice in notices] == [
        f"{path}: it has a header: 'id', 'title', 'text'; --columns is not used"
    ]


def test_a_header_of_the_columns_that_are_given_is_no_row(tmp_path: Path) -> None:
    notices: list[Notice] = []
    path = write(tmp_path / "a.csv", f"Text\n{BODY}\n")
    assert [article.text for article in dedup.read_articles(path, columns=["text"], notices=notices)] == [BODY]


def test_columns_without_a_text_and_a_title_are_told(tmp_path: Path) -> None:
    notices: list[Notice] = []
    path = write(tmp_path / "a.csv", joined(rows("1")))
    assert list(dedup.read_articles(path, columns=["id", "x", "y"], notices=notices)) == []
    assert "no column is the text" in notices[0].problem


@pytest.mark.parametrize("numbers", [["0", "1", "2"], ["", "0", "1", "2"]])
def test_columns_that_are_only_numbered(tmp_path: Path, numbers: list[str]) -> None:
    data = [[*(["7"] if not numbers[0] else []), *row] for row in rows("world")]
    path = write(tmp_path / "a.csv", joined([numbers, *data]))
    articles, (notice,) = read_all(path)
    assert articles == []
    assert notice.action == "skipped (--field title=1 --field text=2 says what they are)"
    check(read_quietly(path, fields={"title": "1", "text": "2"}))
    names = ["-", "title", "text"] if numbers[0] else ["-", "-", "title", "text"]
    check(list(dedup.read_articles(path, columns=names, notices=[])))


def test_single_quotation_marks(tmp_path: Path) -> None:
    quoted = [["'id'", "'title'", "'text'"], *([f"'{cell}, it''s here'" for cell in row] for row in rows("x"))]
    for name, lines in (("a.csv", quoted), ("b.csv", [["id", "title", "text"], *quoted[1:]])):
        articles = read_quietly(write(tmp_path / name, joined(lines)))
        assert [article.title for article in articles] == [f"{title}, it's here" for title in TITLES]


def test_an_apostrophe_is_no_quotation_mark(tmp_path: Path) -> None:
    texts = ["'Tis the season, they said", "It's late", "The workers' strike, again"]
    data = [["id", "text"], *([str(number), f'"{text}"'] for number, text in enumerate(texts))]
    assert [article.text for article in read_quietly(write(tmp_path / "a.csv", joined(data)))] == texts


def test_spaces_before_quotation_marks(tmp_path: Path) -> None:
    lines = [["id", " title", " text"], *([row[0], f' "{row[1]}, again"', f' "{row[2]}"'] for row in rows("x"))]
    articles = read_quietly(write(tmp_path / "a.csv", joined(lines)))
    assert [article.title for article in articles] == [f"{title}, again" for title in TITLES]


def test_quotation_marks_behind_backslashes(tmp_path: Path) -> None:
    lines = ["id,title,text", '1,"He said \\"no\\", and left","It was \\"over\\""', '2,"a, b",c']
    articles = read_quietly(write(tmp_path / "a.csv", "\n".join(lines)))
    assert [article.title for article in articles] == ['He said "no", and left', "a, b"]
    assert articles[0].text == 'It was "over"'


def test_a_backslash_at_the_end_of_a_cell_is_one(tmp_path: Path) -> None:
    lines = ["id,title,text", '1,"C:\\news\\","say ""no"", then"', '2,"D:\\","b"']
    assert [article.title for article in read_quietly(write(tmp_path / "a.csv", "\n".join(lines)))] == [
        "C:\\news\\",
        "D:\\",
    ]


@pytest.mark.parametrize("rule", ["|---|:---|---:|", "----+-------+-----", "---|---|---"])
def test_a_rule_below_the_header_is_no_row(tmp_path: Path, rule: str) -> None:
    edge = "|" if rule.startswith("|") else ""
    lines = [edge + " | ".join(row) + edge for row in (["id", "title", "text"], *rows("x"))]
    articles = read_quietly(write(tmp_path / "a.psv", "\n".join([lines[0], rule, *lines[1:]])))
    assert [article.title for article in articles] == TITLES


def test_a_header_behind_a_comment_mark(tmp_path: Path) -> None:
    check(read_quietly(write(tmp_path / "a.csv", joined([["#id", "title", "text"], *rows("x")]))))


def test_a_long_file_is_no_preamble(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "one line of a text\n" * 50 + joined([["id", "title", "text"], *rows("x")]))
    articles, (notice,) = read_all(path)
    assert articles == []
    assert "--columns" in notice.action


def test_the_number_of_a_row_is_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "sep=;\n\ntitle;text\n" + joined(rows(), ";"))
    assert [article.where for article in read_quietly(path)] == [f"{path}:{line}" for line in (4, 5, 6)]


def test_a_first_line_that_is_too_long_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "x" * (1 << 24) + "\ntext\n" + BODY)
    assert read_all(path) == (
        [],
        [Notice(str(path), "its first line is too long to name columns", "skipped", skipped=True)],
    )
