"""Day or month first is decided for a field of a file as a whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import dedup
from dedup.article import Article, Notice

BODY = "The ferry to Corran burned for two hours before the lifeboats came."


def read(path: Path, dates: Sequence[str], *, dayfirst: bool = False) -> tuple[list[date | None], list[Notice]]:
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(
                [["id", "text", "date"], *([i, f"{BODY} {i}", d] for i, d in enumerate(dates))]
            )
    else:
        rows = ({"id": i, "text": f"{BODY} {i}", "date": d} for i, d in enumerate(dates))
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    notices: list[Notice] = []
    articles = dedup.read_articles(path, notices=notices, dayfirst=dayfirst)
    return [article.published for article in articles], notices


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_clear_dates_decide(tmp_path: Path, name: str) -> None:
    found, (notice,) = read(tmp_path / name, ["1/11/2013", "23/10/2013", "02.03.2014"])
    assert found == [date(2013, 11, 1), date(2013, 10, 23), date(2014, 3, 2)]
    assert notice.problem == "in its field 'date' '1/11/2013' can mean two days, and '23/10/2013' only one"
    assert notice.action == "all are read with the day first"
    assert notice.where.endswith(name)
    assert not notice.skipped


def test_months_can_be_first(tmp_path: Path) -> None:
    found, (notice,) = read(tmp_path / "a.csv", ["10/23/2013", "1/11/2013", "n/a", "12 May 2020"][:2])
    assert found == [date(2013, 10, 23), date(2013, 1, 11)]
    assert notice.action == "all are read with the month first"


def test_years_can_be_first(tmp_path: Path) -> None:
    found, (notice,) = read(tmp_path / "a.csv", ["10/11/12", "99/12/31"])
    assert found == [date(2010, 11, 12), date(1999, 12, 31)]
    assert notice.action == "all are read with the year first"


@pytest.mark.parametrize(
    "dates",
    [
        ["1/11/2013", "2/11/2013"],
        ["1/11/2013", "23/10/2013", "10/23/2013"],
        ["10/23/2013", "1/11/2013", "23/10/2013"],
        ["1/11/2013", "2013-10-23", "23 October 2013"],
    ],
)
def test_nothing_is_decided_without_a_clear_date_or_against_one(tmp_path: Path, dates: list[str]) -> None:
    found, notices = read(tmp_path / "a.csv", dates)
    assert found[dates.index("1/11/2013")] is None
    assert "open to two readings (--dayfirst)" in "".join(map(str, notices)) or "can mean" in notices[0].problem


def test_dates_inside_objects_decide(tmp_path: Path) -> None:
    dates = ["1/11/2013", "23/10/2013"]
    rows = [{"text": f"{BODY} {day}", "meta": {"published": {"value": day}}} for day in dates]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    decided = [date(2013, 11, 1), date(2013, 10, 23)]
    assert [article.published for article in dedup.read_articles(tmp_path / "a.jsonl", notices=[])] == decided
    assert [article.published for article in dedup.cluster(rows).articles] == decided


def test_each_field_and_each_file_decides_for_itself(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "text,date,seen\nA ferry burned.,1/2/2013,3/4/2014\nA bridge fell.,23/1/2013,4/23/2014\n"
    )
    (tmp_path / "b.csv").write_text("text,date\nA mill burned.,1/2/2013\n")
    notices: list[Notice] = []
    one, _, other = dedup.read_articles([tmp_path / "a.csv", tmp_path / "b.csv"], notices=notices)
    assert (one.published, one.seen, other.published) == (date(2013, 2, 1), date(2014, 3, 4), None)
    assert len(notices) == 3


def test_dayfirst_overrules_the_file(tmp_path: Path) -> None:
    found, _ = read(tmp_path / "a.csv", ["1/11/2013", "10/23/2013"], dayfirst=True)
    assert found == [date(2013, 11, 1), None]


def test_a_stream_decides_nothing() -> None:
    lines = b'{"text": "A ferry burned.", "date": "1/11/2013"}\n{"text": "A bridge fell.", "date": "23/10/2013"}\n'
    first, second = dedup.read_articles("-", stdin=io.BytesIO(lines), notices=[])
    assert (first.published, second.published) == (None, date(2013, 10, 23))


def test_lists_and_frames_decide_and_iterators_do_not() -> None:
    rows = [{"text": f"{BODY} One.", "date": "1/11/2013"}, {"text": f"{BODY} Two.", "date": "23/10/2013"}]

    def published(articles: Sequence[Article]) -> list[object]:
        return [article.published for article in articles]

    decided = [date(2013, 11, 1), date(2013, 10, 23)]
    assert published(dedup.cluster(rows).articles) == decided
    assert published(dedup.cluster(pd.DataFrame(rows)).articles) == decided
    assert published(dedup.cluster(iter(rows)).articles) == [None, decided[1]]
    assert any("the day first" in notice.action for notice in dedup.cluster(rows).notices)
