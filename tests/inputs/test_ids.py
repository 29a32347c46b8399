"""The ids of articles: an own id stays, integers are ids where ids are integers, and an index comes back."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dedup
from dedup.errors import UnknownArticleError

TEXTS = (
    "Parliament in Tarvia voted 61 to 54 on Thursday to raise the pension age.",
    "Goalkeeper Luka Ferrante saved two penalties in the final at Corran.",
    "A fire destroyed a warehouse at the port of Halmsund before dawn.",
    "Rain fell in Kallby for the ninth day, and the river left its banks.",
)


@pytest.mark.parametrize("texts", list(permutations(TEXTS[:3])))
@pytest.mark.parametrize("ids", [[1, None, 2], ["1", None, "2"], [None, 0, None], ["2", "1", None]])
def test_an_own_id_is_never_given_to_another(texts: tuple[str, ...], ids: list[Any]) -> None:
    clustering = dedup.cluster([{"id": own, "text": text} for own, text in zip(ids, texts, strict=True)])
    names = [article.id for article in clustering.articles]
    assert len({*names}) == 3
    for own, name in zip(ids, names, strict=True):
        if own is not None:
            assert name == str(own)


def test_articles_of_files_keep_their_own_ids(tmp_path: Path) -> None:
    lines = [{"text": TEXTS[0]}, {"id": "a.jsonl:1", "text": TEXTS[1]}, {"id": "7", "text": TEXTS[2]}]
    for order in permutations(lines):
        (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, order)))
        articles = dedup.cluster(dedup.read_articles(tmp_path / "a.jsonl", notices=[])).articles
        by_text = {article.text: article.id for article in articles}
        assert (by_text[TEXTS[1]], by_text[TEXTS[2]]) == ("a.jsonl:1", "7")


@pytest.mark.parametrize("kind", [int, np.int64, np.int32, np.uint8, float])
def test_integers_are_ids_where_one_was_given(kind: type) -> None:
    rows = [{"id": kind(number + 1), "text": text} for number, text in enumerate(TEXTS[:3])]
    clustering = dedup.cluster([*rows, {"text": TEXTS[3]}])
    assert clustering.place(1) == clustering.place("1") == clustering.place(np.int64(1)) == 0  # type: ignore[arg-type] # an index
    explanation = clustering.explain(1, 2)
    assert (explanation.a, explanation.b) == ("1", "2")
    assert clustering.story_of(3).articles == ("3",)
    assert clustering.dated(3) == (None, None)
    assert clustering.rethreshold(0.5).place(2) == 1
    with pytest.raises(UnknownArticleError, match="'0'"):
        clustering.place(0)


@pytest.mark.parametrize("ids", [["1", "2", "3"], [None, None, None], ["a", "b", True]])
def test_integers_are_positions_otherwise(ids: list[Any]) -> None:
    rows = [{"id": own, "text": text, "views": 3} for own, text in zip(ids, TEXTS, strict=False)]
    clustering = dedup.cluster(rows)
    assert clustering.place(0) == 0
    assert clustering.explain(0, 1).a == clustering.articles[0].id


def test_tables_and_pages_of_integer_ids() -> None:
    clustering = dedup.cluster([{"id": 30 - number, "text": text} for number, text in enumerate(TEXTS)])
    assert [record["id"] for record in clustering.to_records()] == ["30", "29", "28", "27"]
    assert clustering.to_pandas()["id"].tolist() == ["30", "29", "28", "27"]
    assert len(clustering.links) == 0


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["w", "x", "y", "z"]),
        pd.Index([7, 5, 3, 1]),
        pd.date_range("2024-01-01", periods=4),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1), ("b", 2)]),
        pd.RangeIndex(4),
    ],
)
def test_the_index_of_a_frame_comes_back(index: pd.Index) -> None:
    frame = pd.DataFrame({"text": TEXTS}, index=index)
    clustering = dedup.cluster(frame)
    assert clustering.to_pandas().index.equals(index)
    assert clustering.rethreshold(0.5).to_pandas().index.equals(index)
    assert dedup.cluster(pd.Series(TEXTS, index=index)).to_pandas().index.equals(index)
    frame["story"] = clustering.to_pandas()["story"]  # aligned by the index
    assert frame["story"].notna().all()


def test_named_levels_of_an_index_are_columns() -> None:
    frame = pd.DataFrame({"id": [3, 1, 2, 0], "text": TEXTS, "date": "2024-01-01"}).set_index("id")
    clustering = dedup.cluster(frame)
    assert [article.id for article in clustering.articles] == ["3", "1", "2", "0"]
    assert clustering.place(1) == 1
    assert clustering.to_pandas().index.tolist() == [3, 1, 2, 0]
    assert clustering.to_pandas().index.name == "id"
    other = dedup.cluster(frame.reset_index().set_index("id", drop=False))
    assert [article.id for article in other.articles] == ["3", "1", "2", "0"]
