"""The page of `--against` in a real browser: what is new, what continues, what is a copy, as the library says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from browser import opened, running, until
from labelled_data import DATA, SEEDS
from test_page import assert_accessible

import dedup
from dedup.archive import Archived
from dedup.report import write_html

STATE = """() => list.listed.map(story => [
  story.id, story.storyline, story.articles.map(place => [source.data.ids[place], story.stateOf(place)])
])"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with running() as found:
        yield found


def halves(articles: list[dedup.Article]) -> dedup.Arrivals:
    """The later half of some articles against the earlier one, whose stories have ids of an archive."""
    old, new = articles[::2], articles[1::2]
    before = dedup.cluster(old)
    held = [before.story_of(article.id) for article in old]
    archive = [
        Archived(article, f"kept-{story.id}", f"kept-{story.storyline}")
        for article, story in zip(old, held, strict=True)
    ]
    return dedup.cluster_against(new, archive)


def written(found: dedup.Arrivals, path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        write_html(found, out)
    return path


@pytest.fixture(scope="module")
def arrivals() -> dedup.Arrivals:
    return halves(list(dedup.read_articles([SEEDS])))


@pytest.fixture(scope="module")
def page_of_arrivals(arrivals: dedup.Arrivals, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(arrivals, tmp_path_factory.mktemp("page") / "against.html")


def assert_same(page: Any, found: dedup.Arrivals) -> None:
    status = dict(zip((article.id for article in found.clustering.articles), found.statuses, strict=True))
    wanted = [[story.id, story.storyline, [[name, status[name]] for name in story.articles]] for story in found.stories]
    assert page.evaluate(STATE) == wanted
    badges = {tuple(told.split()) for told in page.locator(".entry .badges").all_inner_texts()}
    assert badges <= {("New",), ("Continues",), ("Continues", "Copies"), ("Copies",)}, "always in one order"


def test_stories_order_and_statuses_are_those_of_the_library(
    browser: Any, arrivals: dedup.Arrivals, page_of_arrivals: Path
) -> None:
    assert {"new", "continues", "copy", "archived"} <= {*arrivals.statuses}
    with opened(browser, page_of_arrivals) as page:
        assert_same(page, arrivals)
        counts = {status: arrivals.statuses.count(status) for status in ("new", "continues", "copy")}
        told = page.locator("#summary").inner_text()
        assert f"{arrivals.count} articles ({counts['new']} new, {counts['continues']} continuing" in told
        assert f"{counts['copy']} copy of earlier articles) in {len(arrivals.stories)} stories" in told
        assert_accessible(page)


def test_a_real_day_against_the_one_before(browser: Any, tmp_path: Path) -> None:
    if not (DATA / "stream_2020_01_02.jsonl.gz").exists():
        pytest.skip("the third-party texts are not here (DEDUP_DATA names their folder)")
    found = halves(list(islice(dedup.read_articles([str(DATA / "stream_2020_01_02.jsonl.gz")]), 800)))
    with opened(browser, written(found, tmp_path / "day.html")) as page:
        assert_same(page, found)
        assert_accessible(page)


def test_what_a_story_continues_is_told_and_filtered(
    browser: Any, arrivals: dedup.Arrivals, page_of_arrivals: Path
) -> None:
    with opened(browser, page_of_arrivals) as page:
        labels = page.locator("[data-key^='status:']").evaluate_all("all => all.map(one => one.dataset.key)")
        assert {*labels} == {"status:new", "status:continues", "status:copy"}
        for key in labels:
            count = int(page.locator(f"[data-key='{key}'] .number").inner_text())
            page.click(f"[data-key='{key}']")
            until(page, f"document.querySelector(\"[data-key='{key}']\").ariaPressed === 'true'")
            assert page.evaluate("list.listed.length") == count
            badge = {"status:new": "New", "status:continues": "Continues", "status:copy": "Copies"}[key]
            assert all(badge in told for told in page.locator(".entry .badges").all_inner_texts())
            page.click(f"[data-key='{key}']")
            until(page, f"document.querySelector(\"[data-key='{key}']\").ariaPressed === 'false'")
        page.click("[data-key='status:continues']")
        until(page, "address.state.status === 'continues'")
        page.click(".entry a >> nth=0")
        page.wait_for_selector(".continued")
        story = arrivals.clustering.story_of(page.evaluate("source.data.ids[list.listed[0].canonical]"))
        earlier = [name for name in story.articles if name.startswith("archive:")]
        first = arrivals.clustering.articles[arrivals.clustering.place(earlier[0])]
        told = page.locator(".continued").inner_text()
        assert " ".join(first.title.split()) in told
        assert f"{len(earlier)} earlier article" in told
        assert page.locator(".moment .archived").count() == len(earlier)


def test_the_slider_keeps_statuses(browser: Any, arrivals: dedup.Arrivals, page_of_arrivals: Path) -> None:
    with opened(browser, page_of_arrivals) as page:
        page.locator("#granularity").fill("0")
        until(page, "address.state.g === '0'")
        assert page.evaluate("list.listed.every(story => story.status.length)")
        page.locator("#granularity").fill(str(arrivals.clustering.settings.granularity))
        until(page, "address.state.g === ''")
        until(page, f"list.listed.length === {len(arrivals.stories)}")
        assert_same(page, arrivals)
