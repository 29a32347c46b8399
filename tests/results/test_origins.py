"""How many distinct tellings the articles of a story can come from."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest
from labelled_data import DATA

import dedup
from dedup.errors import InputError
from dedup.kinds import Content, FoundKind, read_content, told_by
from dedup.results.origins import Told, count_origins, read_publishers

READ = Path(__file__).parents[1] / "kinds" / "origins_read.tsv"
"""Ids of the articles of twenty stories, and the origins that a reader found, before the rules were written."""


def told(source: str, text: int, credit: str = "", kind: str = "report") -> Told:
    return Told(source, Content(FoundKind(kind), credit), text)


def test_copies_are_one_telling() -> None:
    found = count_origins([told("Echo", 0), told("Post", 0), told("Mail", 1)], {})
    assert (found.articles, found.texts, found.outlets, found.at_most) == (3, 2, 3, 2)
    assert str(found) == "3 articles, 3 outlets, at most 2 origins"


def test_texts_with_one_credit_are_one_telling() -> None:
    found = count_origins([told("Echo", 0, "AP"), told("Post", 1, "AP"), told("Mail", 2), told("Mail", 3, "AFP")], {})
    assert (found.texts, found.at_most, found.agencies) == (4, 3, ("AFP", "AP"))


def test_a_copy_without_the_credit_is_of_the_agency_too() -> None:
    assert count_origins([told("Echo", 0), told("Post", 0, "AP"), told("Mail", 1, "AP")], {}).at_most == 1


def test_outlets_of_one_publisher_are_one_origin_but_for_what_they_credit() -> None:
    publishers = {"echo": "Corran Press", "post": "Corran Press"}
    found = count_origins([told("The Echo", 0), told("post.example", 1), told("Post", 2, "AP")], publishers)
    assert (found.outlets, found.publishers, found.at_most) == (2, 1, 2)


def test_a_release_is_no_origin_beside_a_report() -> None:
    assert count_origins([told("Wire", 0, kind="release"), told("Echo", 1), told("Post", 2)], {}).at_most == 2
    assert count_origins([told("Wire", 0, kind="release")], {}).at_most == 1


def test_texts_without_an_outlet_are_origins_each() -> None:
    found = count_origins([told("", 0), told("", 1)], {})
    assert (found.at_most, str(found)) == (2, "2 articles, at most 2 origins")


def test_the_file_of_publishers(tmp_path: Path) -> None:
    shipped = read_publishers(tmp_path)
    assert shipped["sun"] == shipped["times"] == "News Corp"
    (tmp_path / "publishers.toml").write_text('[publishers]\n"Corran Press" = ["The Echo", "post.example"]\n')
    assert read_publishers(tmp_path) == {**shipped, "echo": "Corran Press", "post": "Corran Press"}
    for wrong in ("publishers = 1", '[publishers]\n"A" = "b"', "[[", "[other]"):
        (tmp_path / "publishers.toml").write_text(wrong)
        with pytest.raises(InputError, match=r"no file of publishers.*\[publishers\]"):
            read_publishers(tmp_path)


def test_runs_and_indexes_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "The harbour of Corran stays closed until Friday after the fire on the ferry Aurelia, the port authority said."
    )
    own = (
        "Until Friday no ship enters Corran: the port authority closed the harbour after the ferry Aurelia had burned."
    )
    given = [
        dedup.Article(id="a", title="Corran harbour closed", text=f"HALMSUND (AP) — {text}", source="The Echo"),
        dedup.Article(id="b", title="Harbour of Corran shut", text=f"HALMSUND (AP) — {text} It rained.", source="Post"),
        dedup.Article(id="c", title="Corran harbour closed by fire", text=own, source="mail.example"),
    ]
    monkeypatch.chdir(tmp_path)
    (story,) = dedup.cluster(given)
    assert str(story.origins) == "3 articles, 3 outlets, at most 2 origins"
    assert story.to_record()["origins"]["summary"] == str(story.origins)
    with dedup.StoryIndex.open(":memory:") as index:
        for article in given:
            index.add(article)
        assert index.story(index.article("a").story).origins == story.origins
        assert index.explain("a", "c").credit_a == "AP"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no labelled data in {DATA}")
def test_the_bound_holds_where_origins_were_read() -> None:
    with gzip.open(DATA / "groundnews_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        every = [json.loads(line) for line in lines]
    with READ.open(encoding="utf-8", newline="") as file:
        stories = list(csv.DictReader(file, delimiter="\t"))
    wanted = {name for row in stories for name in row["articles"].split()}
    fields = ("id", "title", "text", "source", "published")
    given = [{field: one[field] for field in fields if one.get(field)} for one in every if one["id"] in wanted]
    found = dedup.cluster(given)
    over = []
    for row in stories:
        places = [found.place(name) for name in row["articles"].split()]
        copies = [found.copy_labels[place] if found.copy_labels[place] >= 0 else -1 - place for place in places]
        articles = [found.articles[place] for place in places]
        tellings = [
            Told(article.source, told_by(article, read_content(article.title, article.text)), text)
            for article, text in zip(articles, copies, strict=True)
        ]
        over.append(count_origins(tellings, read_publishers(READ.parent)).at_most - int(row["origins"]))
    assert min(over) >= 0
    assert sum(more <= 1 for more in over) >= 16
