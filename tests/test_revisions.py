"""One page under many addresses is one article: the latest version counts, the others are its history."""

from __future__ import annotations

import io
import itertools
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import dedup
from dedup import Article, Clustering
from dedup.group.pages import WINDOW, Holders, pages
from dedup.keep.choice import Keep, kept_articles
from dedup.report.html.page import write_html
from dedup.report.json_document import write_json
from dedup.report.summary import summarise
from dedup.results.revisions import without_earlier_versions

START = datetime(2024, 5, 1, 8, tzinfo=UTC)
FIRE = (
    "Twelve people died when a fire swept through a paper mill on the edge of Harlow on Tuesday evening, the county"
    " fire service said. Crews from nine stations fought the blaze until dawn. The cause is not known, said chief"
    " officer Ann Bell, who asked residents to keep their windows closed. The mill employs 340 people and was built in"
    " 1911. Its owner, Marsh Paper, said that production had stopped and that it was helping the families of the dead."
)
MORE = " A hall in Mill Lane was opened for those who had to leave their homes. An inquiry will open on Monday."
BUDGET = (
    "The council passed its budget on Monday night after a long debate about parking fees, libraries and a new bridge."
)
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty", "knoll", "ledge")


def article(id_: str, text: str, url: str, hours: float | None = 0.0, **fields: Any) -> Article:
    when = None if hours is None else START + timedelta(hours=hours)
    return Article(
        **{"id": id_, "text": text, "title": "Fire at Harlow mill", "source": "Paper", **fields},
        url=url,
        published=when,
    )


URL = "https://paper.example/news/mill-fire"
VERSIONS = (
    article("a", FIRE, f"{URL}?utm_source=feed"),
    article("b", FIRE + MORE, f"{URL}/amp", 2),
    article("c", FIRE.replace("Twelve", "Fourteen") + MORE, "http://m.paper.example/news/mill-fire", 5),
)
OTHER = article("d", BUDGET, "https://paper.example/news/budget", title="Council passes its budget")
COPY = article("e", FIRE, "https://other.example/fire-at-mill", 6, source="Other")


def found_in(clustering: Clustering) -> dict[str, tuple[Any, ...]]:
    names = ("story", "copy_group", "canonical", "revision_of", "revised_by")
    return {record["id"]: tuple(record[name] for name in names) for record in clustering.to_records()}


def test_the_latest_version_counts_in_any_order() -> None:
    first = None
    for order in itertools.permutations([*VERSIONS, OTHER, COPY]):
        clustering = dedup.cluster(order)
        assert sorted(len(story.articles) for story in clustering) == [1, 2]
        story = clustering.story_of("a")
        assert story == clustering.story_of("c")
        assert set(story.articles) == {"c", "e"}
        assert story.canonical == "c"
        assert story.revisions == (("a", "b", "c"),)
        first = first or found_in(clustering)
        assert found_in(clustering) == first
    assert first is not None
    assert [first[name][3:] for name in "abcde"] == [(None, "c"), ("a", "c"), ("b", None), (None, None), (None, None)]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(article("a", FIRE, URL), article("b", BUDGET, URL, 30, title="Budget passed"), id="another text"),
        pytest.param(
            article("a", FIRE, URL, title="The daily column"),
            article("b", BUDGET, URL, 24, title="The daily column"),
            id="a column at one address",
        ),
        pytest.param(article("a", FIRE, URL), article("b", FIRE + MORE, f"{URL}?page=2", 1), id="another page"),
        pytest.param(article("a", FIRE, URL), article("b", FIRE + MORE, URL, 1, source="Other"), id="another outlet"),
        pytest.param(
            article("a", FIRE, "https://paper.example/"),
            article("b", FIRE + MORE, "https://paper.example/", 1),
            id="a home page",
        ),
        pytest.param(
            article("a", "", URL, title="Fire at Harlow mill"),
            article("b", "", URL, 1, title="Budget passed"),
            id="titles alone",
        ),
        pytest.param(
            article("a", "The winning numbers in Saturday's draw were 3, 17, 22, 31, 40 and 44.", URL, title="Lottery"),
            article(
                "b", "The winning numbers in Friday's draw were 5, 11, 23, 29, 38 and 47.", URL, 96, title="Lottery"
            ),
            id="a notice of one form",
        ),
        pytest.param(Article(id="a", text="", url=URL), Article(id="b", text="", url=URL), id="without any text"),
    ],
)
def test_no_article_is_lost_to_a_false_revision(a: Article, b: Article) -> None:
    clustering = dedup.cluster([a, b, OTHER])
    assert not any(story.revisions for story in clustering)
    assert sum(len(story.articles) for story in clustering) == 3


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(article("a", FIRE, URL), article("b", FIRE, f"{URL}?fbclid=1", 1), id="the same text"),
        pytest.param(article("a", FIRE, URL), article("b", FIRE, URL, 1, title="Paper mill gone"), id="a new title"),
        pytest.param(
            article("a", FIRE.partition(".")[0] + ". Subscribe to read on.", URL),
            article("b", FIRE, URL, 1),
            id="a stub",
        ),
        pytest.param(article("a", "", URL), article("b", FIRE, URL, 1), id="a title, then the text"),
        pytest.param(article("a", FIRE, URL), article("b", FIRE[:300], URL, 1), id="a shortened text"),
        pytest.param(
            article("a", FIRE, "", source="Paper"), article("a", FIRE + MORE, "", 1, source="Paper"), id="one id"
        ),
        pytest.param(article(URL, FIRE, ""), article("b", FIRE + MORE, URL, 1), id="an id that is an address"),
    ],
)
def test_a_version_of_the_text_is_a_revision(a: Article, b: Article) -> None:
    clustering = dedup.cluster([b, a, OTHER])
    assert [len(versions) for story in clustering for versions in story.revisions] == [2]
    assert sum(len(story.articles) for story in clustering) == 2


def test_of_equal_dates_the_last_seen_is_the_latest() -> None:
    seen = START + timedelta(days=1)
    a, b = article("a", FIRE + MORE, URL, seen=seen), article("b", FIRE, URL, seen=seen + timedelta(hours=1))
    assert dedup.cluster([b, a]).stories[0].articles == ("b",)


def test_an_exact_copy_elsewhere_of_an_earlier_version_stays() -> None:
    clustering = dedup.cluster([*VERSIONS[:1], COPY, VERSIONS[2]])
    assert set(clustering.story_of("e").articles) == {"c", "e"}


def test_outputs_count_a_page_once() -> None:
    clustering = dedup.cluster([*VERSIONS, OTHER, COPY])
    assert (summarise(clustering).articles, summarise(clustering).revisions) == (3, 2)
    ids = [one.id for one in clustering.articles]
    assert [ids[place] for place in kept_articles(clustering, Keep.COPY)] == ["c", "d"]
    assert [ids[place] for place in kept_articles(clustering, Keep.ALL)] == ids
    out = io.StringIO()
    write_json(clustering, out)
    (fire,) = (story for story in json.loads(out.getvalue())["stories"] if story["revisions"])
    assert [row["id"] for row in fire["articles"]] == ["c", "e"]
    assert [row["id"] for row in fire["earlier"]] == ["a", "b"]
    latest = without_earlier_versions(clustering)
    assert len(latest.articles) == 3
    assert latest.stories == dedup.cluster([VERSIONS[2], OTHER, COPY]).stories
    assert latest.explain("c", "e").same_text
    write_html(clustering, io.StringIO())
    assert "earlier version of 'c'" in clustering.explain("a", "e").reason
    assert clustering.rethreshold(0.2).story_of("c").revisions == (("a", "b", "c"),)


def test_an_archived_page_is_continued() -> None:
    found = dedup.cluster_against(VERSIONS[1:], [VERSIONS[0]])
    assert found.statuses == ("continues", "continues", "archived")
    assert [record["revision_of"] for record in found.to_records()] == ["archive:a", "b"]


def test_ten_thousand_revisions_of_a_thousand_pages_count_a_thousand() -> None:
    dealt = random.Random(1)  # noqa: S311 - any will do
    articles = []
    for page in range(1_000):
        text = " ".join(f"{dealt.choice(WORDS)}{dealt.randrange(400)}" for _ in range(60))
        for version in range(10):
            text += f" {dealt.choice(WORDS)} {dealt.choice(WORDS)}"
            url = f"https://paper.example/news/{page}-report?utm_campaign={version}"
            articles.append(article(f"{page}-{version}", text, url, version, title=f"Report {page}"))
    dealt.shuffle(articles)
    clustering = dedup.cluster(articles)
    assert summarise(clustering).articles == 1_000
    assert sum(len(story.articles) for story in clustering) == 1_000
    assert {name for story in clustering for name in story.articles} == {f"{page}-9" for page in range(1_000)}


def test_one_address_for_all_articles_costs_little_for_each() -> None:
    asked: list[tuple[int, int]] = []

    def are_versions(a: int, b: int, _specific: bool) -> bool:
        asked.append((a, b))
        return False

    assert pages([Holders(range(1_000), specific=False)], are_versions, int) == []
    assert len(asked) < WINDOW * 1_000


def test_versions_are_connected_through_others() -> None:
    def near(a: int, b: int, _specific: bool) -> bool:
        return abs(a - b) == 1

    held: Sequence[Holders] = [Holders([0, 1, 5, 6], specific=True), Holders([1, 2], specific=True)]
    assert sorted(pages(held, near, int)) == [[0, 1, 2], [5, 6]]
