"""The page for the one who reads: each point for the file and for the service, which have one set of scripts."""

from __future__ import annotations

import csv
import io
import json
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from serving import Served, serving
from storyline_articles import storyline_articles

import dedup
from dedup.formats.escaping import unescape_formula
from dedup.report import write_html

sys.path.append(str(Path(__file__).resolve().parents[1] / "report"))
from browser import opened as opened_file
from browser import running, until
from test_page import assert_accessible
from test_service_pages import opened as opened_service

ROOT = Path(__file__).resolve().parents[2]
COAST = "Fire broke out on the ferry Lady Corran off Sorrel at dawn and nine people died, the coastguard said. "
TRAM = (
    "The last tram of Kallby was brought home to the museum on Friday, and the crowd sang for old driver Ilse Bruun. "
)
Opened = Callable[..., AbstractContextManager[Any]]


def articles() -> list[dedup.Article]:
    """A story with copies, one of two outlets, three of a storyline, and 130 articles of a story of their own."""
    dice = random.Random(11)  # noqa: S311 - words for articles
    letters = "abcdefghijklmnoprstuvz"
    words = ["".join(dice.choices(letters, k=dice.randint(5, 9))) for _ in range(4_000)]
    day = date(2024, 6, 1)
    named = [
        ("f1", "Ferry burns off Corran", COAST * 3, "Echo", "https://echo.example/ferry?a=1&b=2", "en"),
        ("f2", "Nine die on ferry", COAST * 3 + "The inquiry has begun.", "Wire", "https://wire.example/1", "en"),
        ("f3", "Ferry blaze: “nine dead”", COAST * 2 + "Minister Lindqvist came.", "ECHO", "javascript:alert(1)", "en"),
        ("t1", "=Last tram of Kallby", TRAM * 2, "Kallby-Posten", "", "da"),
        ("t2", "The last tram", TRAM + "Its bell was rung three times by driver Ilse Bruun.", "Wire", "", "en"),
    ]
    found = [
        dedup.Article(
            id=name,
            title=title,
            text=text,
            source=source,
            url=url,
            lang=lang,
            author="Mara Quill",
            section="Coast",
            published=day + timedelta(number),
        )
        for number, (name, title, text, source, url, lang) in enumerate(named)
    ]
    for number in range(130):
        some = dice.sample(words, 45)
        found.append(
            dedup.Article(
                id=f"n{number}",
                title=f"{some[0]} {some[1]} {some[2]}",
                text=" ".join(some[3:]),
                source=("Echo", "Wire", "Kallby-Posten")[number % 3],
                lang="en",
                kind="" if number else "opinion",
                published=day + timedelta(number % 20),
            )
        )
    line = {"sale": 3, "strike": 5, "judgment": 7}
    parts = [(one, line[one.id.split("-")[0]]) for one in storyline_articles() if one.id.split("-")[0] in line]
    return [*found, *(replace(one, lang="en", published=day + timedelta(number)) for one, number in parts)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "stories.html"
    with path.open("w", encoding="utf-8", newline="") as out:
        write_html(dedup.cluster(articles()), out)
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served") / "stories.db") as found:
        with dedup.Client(found.url) as client:
            client.add_many(articles())
        yield found


@pytest.fixture(params=["file", "service"])
def opened(request: pytest.FixtureRequest, browser: Any) -> Opened:
    if request.param == "file":
        return partial(opened_file, browser, request.getfixturevalue("written"))
    return partial(opened_service, browser, request.getfixturevalue("served"))


def entries(page: Any) -> int:
    return int(page.evaluate("list.listed.length"))


def story_of(page: Any, article: str) -> str:
    return str(page.evaluate("id => source.storyOf(source.data.placeOf.get(id)).id", article))


def open_story(page: Any, article: str) -> None:
    page.click(f"[data-story='{story_of(page, article)}'] a")
    page.wait_for_selector(".story")


# Back to the source


def test_an_article_is_read_here_and_at_its_source(opened: Opened) -> None:
    with opened() as page:
        open_story(page, "f1")
        links = page.locator(".timeline a[target=_blank]").evaluate_all("links => links.map(link => link.href)")
        assert links == ["https://echo.example/ferry?a=1&b=2", "https://wire.example/1"]
        page.click(".moment[data-article=f1] [data-what=read]")
        page.wait_for_selector(".reading")
        assert page.locator(".reading .text").inner_text().strip() == (COAST * 3).strip()
        assert page.locator(".columns").count() == 0, "no comparison with itself"
        assert "Mara Quill · Coast" in page.locator(".reading [data-slot=note]").inner_text()
        link = page.locator(".reading .actions a").first
        assert link.get_attribute("href") == "https://echo.example/ferry?a=1&b=2"
        assert link.get_attribute("rel") == "noreferrer noopener"
        page.click("[data-slot=after]")
        until(page, "address.state.a === 'f2'")


# One list


def test_the_list_is_in_rows_largest_first(opened: Opened) -> None:
    with opened(viewport={"width": 1400, "height": 900}) as page:
        boxes = page.locator(".entry").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(box => [box.top, box.left])"
        )
        assert len({left for _, left in boxes}) > 1
        assert boxes == sorted(boxes)
        assert page.locator(".entry").first.get_attribute("data-story") == story_of(page, "f1")
        sizes = page.evaluate("list.listed.map(story => story.size)")
        assert sizes == sorted(sizes, reverse=True)


def test_more_keeps_what_stood_and_back_keeps_the_place(opened: Opened) -> None:
    with opened(viewport={"width": 1400, "height": 700}) as page:
        before = page.locator(".entry").evaluate_all("all => all.map(one => one.dataset.story)")
        page.evaluate("document.querySelector('.entry').kept = true")
        page.locator("#more").scroll_into_view_if_needed()
        page.click("#more")
        after = page.locator(".entry").evaluate_all("all => all.map(one => one.dataset.story)")
        assert after[: len(before)] == before
        assert len(after) == 120
        assert page.evaluate("document.querySelector('.entry').kept")
        page.locator(".entry >> nth=100").scroll_into_view_if_needed()
        place = page.evaluate("scrollY")
        assert place > 700
        page.locator(".entry a >> nth=100").click()
        page.wait_for_selector(".story")
        assert page.locator(".entry a[aria-current]").count() == 1
        in_view = "getBoundingClientRect().top"
        assert 0 <= page.evaluate(f"document.querySelector('.entry a[aria-current]').{in_view}") < 700
        assert page.evaluate(f"document.querySelector('.story h2').{in_view}") < 700
        page.go_back()
        until(page, "!document.querySelector('.story')")
        until(page, "place => Math.abs(scrollY - place) < 2", place)
        assert page.locator(".entry").count() == 120


def test_a_story_beyond_the_first_entries_scrolls_into_view(opened: Opened) -> None:
    with opened(viewport={"width": 1400, "height": 700}) as page:
        last = page.evaluate("list.listed[115].id")
        page.evaluate("id => { location.hash = 'story=' + id }", last)
        page.wait_for_selector(f"[data-story='{last}'] a[aria-current]")
        assert 0 <= page.evaluate("document.querySelector('.entry a[aria-current]').getBoundingClientRect().top") < 700


# The address


def test_the_address_is_all_that_a_colleague_needs(opened: Opened, browser: Any) -> None:
    with opened() as page:
        page.fill("#query", "ferry")
        until(page, "list.listed.length === 1")
        page.click("[data-key='lang:en']")
        page.select_option("#order", "time")
        open_story(page, "f1")
        page.click(".moment[data-article=f3] [data-what=compare]")
        page.wait_for_selector(".side .text")
        seen = page.evaluate("address.state")
        assert {name: value for name, value in seen.items() if value} == {
            "q": "ferry",
            "lang": "en",
            "order": "time",
            "view": "compare",
            "story": story_of(page, "f1"),
            "a": seen["a"],
            "b": "f3",
        }
        link = page.url
        title = page.title()
        copies = browser.new_context()
        other = copies.new_page()
        other.goto(link)
        other.wait_for_selector(".side .text")
        assert other.evaluate("address.state") == seen
        assert other.input_value("#query") == "ferry"
        assert other.title() == title
        assert other.evaluate("list.listed.length") == 1
        copies.close()
        page.go_back()
        page.wait_for_selector(".story")
        page.go_back()
        until(page, "!document.querySelector('.story')")
        assert page.input_value("#query") == "ferry"


@pytest.mark.parametrize("hash_", ["story=snowhere", "view=read&a=nothing", "view=compare&a=f1&b=gone"])
def test_what_is_there_no_more_is_told(opened: Opened, hash_: str) -> None:
    with opened() as page:
        page.evaluate("hash => { location.hash = hash }", hash_)
        page.wait_for_selector("#alert:not([hidden])")
        assert "here any more" in page.locator("#alert").inner_text()
        open_story(page, "f1")
        assert not page.locator("#alert").is_visible()


def test_the_link_is_copied(opened: Opened) -> None:
    with opened(permissions=["clipboard-read", "clipboard-write"]) as page:
        page.fill("#query", "tram bell")
        page.click("#copy")
        until(page, "document.querySelector('#copy').textContent === 'Copied'")
        assert page.evaluate("navigator.clipboard.readText()") == page.url
        assert "q=tram+bell" in page.url


# A story


def test_a_story_opens_with_what_an_editor_wants(opened: Opened) -> None:
    with opened() as page:
        open_story(page, "f1")
        page.wait_for_selector(".versions")
        order = "['.timeline', '.versions'].map(one => document.querySelector(one).getBoundingClientRect().top)"
        timeline, versions = page.evaluate(order)
        assert timeline < versions
        told = page.locator(".headlines").inner_text()
        assert all(title in told for title in ("Ferry burns off Corran", "Nine die on ferry"))
        assert not page.locator(".versions table").is_visible(), "statistics are behind a fold"
        assert "%" not in page.locator("#open").inner_text()
        assert all(page.locator("#open abbr").evaluate_all("all => all.map(one => one.title.length > 20)"))
        page.click(".versions summary")
        until(page, "document.querySelectorAll('.versions tbody tr').length > 1")
        assert page.locator(".versions table").is_visible()
        page.click(".moment[data-article=f3] [data-what=compare]")
        page.wait_for_selector(".side .text")
        assert not page.locator(".steps").is_visible()
        assert page.locator(".verdict").inner_text().startswith("The same")


def test_a_story_stands_in_its_storyline(opened: Opened) -> None:
    with opened() as page:
        open_story(page, "strike-herald")
        page.wait_for_selector(".storyline [aria-current]")
        around = page.locator(".storyline li")
        for place, title in enumerate(("Oakvale sells its port", "Dockers lay down work", "Judges dismiss complaint")):
            assert title in around.nth(place).inner_text()
        assert around.locator("time").all_inner_texts() == ["2024-06-04", "2024-06-06", "2024-06-08"]
        assert around.nth(1).get_attribute("aria-current")
        around.nth(2).locator("a").click()
        until(page, "id => address.state.story === id", story_of(page, "judgment-herald"))
        page.click(".storyline .actions a")
        until(page, "document.querySelector('#chosen button')")
        assert entries(page) == 3
        assert page.locator("#chosen").inner_text().startswith("Storyline: ")
        assert page.evaluate("new Set(list.listed.map(story => story.storyline)).size") == 1
        link = page.url
        page.goto("about:blank")
        page.goto(link)
        until(page, "document.documentElement.dataset.ready && list.listed.length === 3")
        page.click("#chosen button")
        until(page, "list.listed.length === source.stories.length")
        open_story(page, "f1")
        page.wait_for_selector(".versions")
        assert not page.locator(".storyline").is_visible(), "it is the only story of its storyline"


# Search and filters


def test_search_finds_phrases_marks_and_counts(opened: Opened) -> None:
    with opened() as page:
        page.fill("#query", '"nine people died" Lindqvist')
        until(page, "list.listed.length === 1")
        assert page.locator("#summary").inner_text().startswith("1 article in 1 story")
        assert "1 article has it" in page.locator(".entry").inner_text()
        page.fill("#query", '"people nine died"')
        until(page, "list.listed.length === 0")
        assert page.locator("#nothing").is_visible()
        assert page.locator("#nothing-for").inner_text() == 'Nothing found for "people nine died".'
        page.click("#clear")
        until(page, "list.listed.length === source.stories.length")
        assert page.input_value("#query") == ""
        page.fill("#query", '"DRIVER  ilse"')
        until(page, "list.listed.length === 1")
        open_story(page, "t1")
        page.click(".moment [data-what=read] >> nth=0")
        page.wait_for_selector(".reading")
        assert {text.lower() for text in page.locator(".reading mark").all_inner_texts()} == {"driver ilse"}


def test_each_count_of_a_filter_is_what_it_leaves(opened: Opened) -> None:
    with opened(viewport={"width": 1400, "height": 900}) as page:
        names = page.locator("#facets legend").all_inner_texts()
        assert [name.lower() for name in names] == ["outlet", "language", "size", "copies", "kind", "storyline"]
        assert "1" in page.locator("[data-key='kind:opinion']").inner_text()
        assert "Echo" in page.locator("[data-key='outlet:echo']").inner_text(), "ECHO is the same outlet"
        assert page.locator("[data-key^='outlet:']").count() == 6
        total = entries(page)
        for first in ("", "size:1", "lang:en"):
            if first:
                page.click(f"[data-key='{first}']")
                until(page, "document.querySelector('#chosen button')")
            for key in page.locator("#facets [data-key]").evaluate_all("all => all.map(one => one.dataset.key)"):
                if key.split(":")[0] == first.split(":")[0]:
                    continue
                button = page.locator(f"[data-key='{key}']")
                count = int(button.locator(".number").inner_text().replace(",", ""))
                button.click()
                until(page, f"document.querySelector(\"[data-key='{key}']\").ariaPressed === 'true'")
                assert entries(page) == count, key
                assert page.evaluate("document.activeElement.dataset.key") == key, "the focus stays"
                button.click()
                until(page, f"document.querySelector(\"[data-key='{key}']\").ariaPressed === 'false'")
            if first:
                page.click("#chosen button")
                until(page, "document.querySelector('#chosen').hidden")
        assert entries(page) == total


def test_the_filters_of_file_and_service_agree(browser: Any, written: Path, served: Served) -> None:
    told = []
    for page_opened in (partial(opened_file, browser, written), partial(opened_service, browser, served)):
        with page_opened() as page:
            buttons = page.locator("#facets button").evaluate_all(
                "all => all.map(one => [one.closest('fieldset').querySelector('legend').textContent, one.innerText])"
            )
            bars = page.locator("#bars button").evaluate_all("all => all.map(one => one.title)")
            told.append((page.inner_text("#summary"), buttons, bars))
    assert told[0] == told[1]


def test_a_long_list_is_drawn_in_parts(opened: Opened) -> None:
    """The number of elements does not depend on that of the stories, so neither does the time to show them."""
    with opened() as page:
        assert entries(page) > 60
        assert page.locator(".entry").count() == 60
        assert (
            page.locator("#facets fieldset").evaluate_all(
                "all => Math.max(...all.map(one => one.querySelectorAll('li').length))"
            )
            <= 8
        )
        assert page.locator("#bars button").count() <= 120
        read = page.locator(".entry .lead").evaluate_all("all => all.filter(one => one.textContent).length")
        assert read < 60, "texts of entries far below the window are not read yet"
        page.click("[data-key='size:1']")
        until(page, "document.querySelector('#chosen button')")
        assert page.locator(".entry").count() == 60


def test_the_chart_is_clickable_and_counts_what_it_leaves(opened: Opened) -> None:
    with opened() as page:
        for number in (0, 7, 19):
            bar = page.locator("#bars button").nth(number)
            count = int(bar.get_attribute("title").split(": ")[1].split()[0])
            bar.click()
            until(page, "document.querySelector(\"#bars [aria-pressed='true']\")")
            assert entries(page) == count
            assert page.evaluate("address.state.from") == str(date(2024, 6, 1) + timedelta(number))
            page.locator("#bars button").nth(number).click()
            until(page, "!document.querySelector(\"#bars [aria-pressed='true']\")")
        page.locator("#bars button").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        until(page, "address.state.from === '2024-06-02'")


# Judging


def test_judging_hides_the_verdict_goes_on_and_can_be_undone(opened: Opened) -> None:
    with opened() as page:
        page.click("#judge")
        page.wait_for_selector(".judging .text")
        first = page.evaluate("[address.state.a, address.state.b]")
        told = page.locator("#open").inner_text()
        assert not any(word in told for word in ("The same story", "Different stories", "likely", "score"))
        left = (
            "Number(document.querySelector('[data-slot=told]').textContent.match(/([\\d,]+) pair/)[1].replace(',', ''))"
        )
        before = page.evaluate(left)
        page.keyboard.press("2")
        until(page, "first => first.join() !== [address.state.a, address.state.b].join()", first)
        until(page, "document.querySelector('[data-slot=last]').textContent.startsWith('You: same story. dedup: ')")
        assert page.evaluate(left) == before - 1
        page.keyboard.press("u")
        until(page, "first => first.join() === [address.state.a, address.state.b].join()", first)
        until(page, "document.querySelector('[data-slot=told]').textContent.startsWith('0 judged')")
        page.click("[data-label=neither]")
        until(page, "first => first.join() !== [address.state.a, address.state.b].join()", first)
        second = page.evaluate("[address.state.a, address.state.b]")
        page.keyboard.press("n")
        until(page, "second => second.join() !== [address.state.a, address.state.b].join()", second)
        page.wait_for_selector(".judging .text")
        page.keyboard.press("1")
        until(page, "document.querySelector('[data-slot=told]').textContent.startsWith('2 judged')")
        with page.expect_download() as saved:
            page.click("#export")
        lines = [json.loads(line) for line in Path(saved.value.path()).read_text(encoding="utf-8").splitlines()]
        assert [line["label"] for line in lines] == ["neither", "same_text"]
        assert {*lines[0].values()} == {*first, "neither"}
        page.select_option("[data-slot=language]", "da")
        until(page, "document.querySelector('[data-slot=told]').textContent.includes(' 0 pairs left')")


# At a glance


@pytest.mark.parametrize("width", [1400, 390])
def test_the_list_shows_first_lines_sizes_and_days(opened: Opened, width: int) -> None:
    with opened(viewport={"width": width, "height": 844}) as page:
        until(page, "document.querySelector('.entry .lead').textContent")
        assert page.locator(".entry .lead").first.inner_text().startswith("Fire broke out on the ferry Lady Corran")
        widths = page.locator(".entry [data-slot=bar]").evaluate_all("all => all.map(one => one.offsetWidth)")
        assert widths == sorted(widths, reverse=True)
        assert widths[0] > widths[-1] > 0
        assert page.locator(".entry svg rect").count() >= 60
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML.slice(0, 80))"
        assert page.locator(".masthead *, .controls *, .entry *:not(svg *)").evaluate_all(cut) == []
        assert_accessible(page)
        if width == 390:
            first = page.evaluate("document.querySelector('.entry').getBoundingClientRect().top")
            assert first < 844 / 3, "the controls take less than a third of the first screen"
            page.click("#filters")
            assert page.locator("#facets").is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert_accessible(page)


def test_print_is_black_on_white_and_uses_the_sheet(opened: Opened) -> None:
    with opened(color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        style = "getComputedStyle(document.body)"
        assert page.evaluate(f"[{style}.color, {style}.backgroundColor]") == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        assert page.evaluate("document.querySelector('#entries').offsetWidth / innerWidth") > 0.9
        assert not page.locator("#controls").is_visible()
        page.emulate_media(media="screen")
        open_story(page, "f1")
        page.emulate_media(media="print")
        assert page.evaluate("document.querySelector('.timeline').offsetWidth / innerWidth") > 0.9
        assert not page.locator("#entries").is_visible()


@pytest.mark.parametrize("width", [1400, 390])
def test_the_days_stand_under_their_bars(opened: Opened, width: int) -> None:
    with opened(viewport={"width": width, "height": 844}) as page:
        if width == 390:
            page.click("#filters")
        ends = (
            "one => { const box = one.getBoundingClientRect(); return [Math.round(box.left), Math.round(box.right)]; }"
        )
        bars, axis = page.locator("#bars").evaluate(ends), page.locator("#axis").evaluate(ends)
        assert bars == axis
        assert page.locator("#axis").inner_text().split() == ["2024-06-01", "2024-06-20"]
        assert page.locator("#axis").evaluate("one => one.offsetHeight") < 30


def test_dark_is_remembered(opened: Opened) -> None:
    with opened() as page:
        page.wait_for_selector("html[data-ready]")
        page.click("#theme")
        page.wait_for_selector("html[data-theme=dark]")
        page.reload()
        page.wait_for_selector("html[data-ready][data-theme=dark]")


def test_what_the_page_lists_is_saved_as_a_table(opened: Opened) -> None:
    with opened() as page:
        page.click("[data-key='lang:en']")
        page.fill("#query", "tram")
        until(page, "list.listed.length === 1")
        with page.expect_download() as saved:
            page.click("#save")
        text = Path(saved.value.path()).read_bytes().decode("utf-8")
        assert text.startswith("\ufeff")
        (row,) = csv.DictReader(io.StringIO(text[1:], newline=""))
        assert row["articles"] == "2"
        assert row["first"] == "2024-06-04"
        assert unescape_formula(row["title"]) == page.evaluate("list.listed[0].title")
        assert not row["title"].startswith("=")
