from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import boilerplate
from benchmarks.machine import BenchmarkError, Stopwatch
from benchmarks.site_texts import KINDS, OUTLETS, pour
from dedup import Article

EXTRA = 12 * OUTLETS


def articles(count: int) -> list[Article]:
    text = " ".join(f"word{n}" for n in range(60))
    return [Article(id=str(n), title=f"Matter {n}", text=f"{text} {n}", story=f"s{n // 2}") for n in range(count)]


def test_the_same_seed_pours_the_same() -> None:
    given = articles(60)
    lines = [one.story or "" for one in given]
    assert pour(given, lines, seed=1) == pour(given, lines, seed=1)
    assert pour(given, lines, seed=1) != pour(given, lines, seed=2)


def test_site_texts_are_added_and_can_be_left_out() -> None:
    given = articles(600)
    poured = pour(given, [one.story or "" for one in given], seed=1)
    assert len(poured) == 600 + EXTRA
    assert sorted(one.article.id for one in poured if not one.made_up) == sorted(one.id for one in given)
    assert {one.site.kind for one in poured if one.site} == set(KINDS)
    for one in poured:
        assert (one.site is None) == (one.article == one.bare)
        if one.site and one.site.kind != "headlines":
            assert one.site.text in one.article.text
            assert one.site.text not in one.bare.text
            assert len(one.site.text.split()) == one.site.words
            assert 5 <= one.site.words <= 300
    clean = [one for one in poured if one.site is None]
    assert 0.6 < len(clean) / 600 < 0.8
    assert {one.article.id: one.article.text for one in clean} == {
        one.id: one.text for one in given if one.id in {other.article.id for other in clean}
    }


def test_articles_of_one_story_are_of_several_outlets() -> None:
    poured = pour(articles(200), [f"s{n // 2}" for n in range(200)], seed=3, share=1.0, extra=0)
    sites = {one.story: set[str]() for one in poured}
    for one in poured:
        assert one.site is not None
        sites[one.story].add(one.site.name)
    assert {len(found) for found in sites.values()} == {2}


def test_a_set_is_measured(folder: Path) -> None:
    report = boilerplate.run(folder, sets=["basil"], seed=1, limit=6, watch=Stopwatch())
    measured = report["sets"]["basil"]
    assert measured["articles"] == 6
    collections = measured["collections"]
    assert [collections[name]["articles"] for name in ("clean", "bare", "dirty")] == [6, 6 + EXTRA, 6 + EXTRA]
    assert collections["clean"]["run"]["f1"] == 1
    for found in collections.values():
        assert sum(row["articles"] for row in found["kinds"]) == found["articles"]
        assert sum(row["answers"] for row in found["kinds"]) == found["answers"]["false"]
        for method in boilerplate.METHODS:
            assert sum(row[method] for row in found["kinds"]) == found[method]["copies"]["false"]


def test_an_absent_set_is_named(folder: Path) -> None:
    with pytest.raises(BenchmarkError, match="there is no set fnc1_train"):
        boilerplate.run(folder, sets=["fnc1_train"], seed=1, limit=0, watch=Stopwatch())
