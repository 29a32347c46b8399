"""The pages in a real browser: what they show, news that comes while one is open, and that no article runs anything."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served, serving

import dedup
from dedup.service.tokens import add_token

sys.path.append(str(Path(__file__).resolve().parents[1] / "report"))
from browser import running, until

ROOT = Path(__file__).resolve().parents[2]
TOLD = {
    "ferry": "The ferry of Larkhaven burned on the night of the festival and the harbour was closed until morning.",
    "bridge": "Engineers closed the suspension bridge of Kelsey after sensors found cracks in two steel cables.",
}
MARKUP = "<img src=x onerror=alert(1)>"
EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "<svg/onload=alert(3)>",
    "</template><script>alert(4)</script>",
    "javascript:alert(5)",
    "{{constructor.constructor('alert(6)')()}}",
    "${alert(7)}",
    "' onmouseover='alert(8)",
    "<iframe srcdoc='<script>alert(9)</script>'>",
    "<a href=javascript:alert(10)>x</a>",
    "\u202etxet desrever\u202c",
    "<style>*{display:none}</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "]]><![CDATA[<script>alert(11)</script>",
    "%3Cscript%3Ealert(12)%3C/script%3E",
    "#/../../side/x",
    "\ufeff\u2028alert(13)\u2029",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("pages") / "stories.db") as found:
        with dedup.Client(found.url) as client:
            client.add_many(dedup.read_articles([str(ROOT / "seeds")]))
        yield found


@contextmanager
def opened(browser: Any, served: Served, hash_: str = "", **options: Any) -> Iterator[Any]:
    """A page, ready; whatever it said on the console, and whatever it wanted from elsewhere, is a failure."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: _asked(dialog, said))
    page.on("request", lambda request: said.extend([] if request.url.startswith(served.url) else [request.url]))
    page.goto(f"{served.url}/{hash_}")
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    yield page
    context.close()
    expected = ("status of 404", "status of 409", "status of 410")
    assert [line for line in said if not any(status in line for status in expected)] == []


def _asked(dialog: Any, said: list[str]) -> None:
    said.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def test_the_list_a_story_and_two_versions_side_by_side(browser: Any, served: Served) -> None:
    with opened(browser, served) as page:
        stories = httpx.get(f"{served.url}/v1/stories").json()["stories"]
        assert page.locator("#entries li").count() == len(stories) == 18
        assert "37 articles in 18 stories" in page.locator("#summary").inner_text()
        largest = max(stories, key=lambda story: int(story["size"]))
        assert page.locator("#entries li").first.get_attribute("data-story") == largest["id"]
        page.click(f"[data-story='{largest['id']}'] a")
        page.wait_for_selector(".story")
        assert page.locator("#open h2").inner_text() == largest["title"]
        assert page.locator(".moment").count() == largest["size"]
        page.wait_for_selector(".versions")
        assert "Likely the original: Meridian News Agency" in page.locator("[data-slot=verdict]").inner_text()
        page.click(".versions summary")
        page.click(f"[data-slot=rows] tr:nth-child({len(largest['copy_groups'][0]['articles'])}) a")
        page.wait_for_selector(".side")
        assert page.locator("[data-slot=text-a] mark").count() >= 1
        assert "The same text" in page.locator(".verdict").inner_text()
        page.locator("[data-slot=text-a] mark >> nth=0").click()
        assert page.locator("mark.hot").count() == 2
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('.side')")


def test_stories_are_ordered_by_growth(browser: Any, served: Served) -> None:
    words = "A lock of the canal at Tarnow gave way and the barges behind it ran aground in the mud"
    with dedup.Client(served.url) as client:
        before = {story.id for story in client.stories()}
        client.add_many(dedup.Article(id=f"lock{number}", text=words) for number in range(12))
        (new,) = [story.id for story in client.stories() if story.id not in before]
        with opened(browser, served, "#order=growth") as page:
            assert page.locator("#order").input_value() == "growth"
            assert page.locator("#entries li").first.get_attribute("data-story") == new
            listed = page.locator("#entries li").evaluate_all("found => found.map((one) => one.dataset.story)")
        grown = [client.growth(story).articles for story in listed]
        assert grown == sorted(grown, reverse=True)
        assert len({*grown}) > 2
        client.remove(*(f"lock{number}" for number in range(12)))


@pytest.mark.parametrize("width", [1400, 390])
def test_what_is_hidden_is_not_shown(browser: Any, served: Served, width: int) -> None:
    """A style that lays a thing out goes before the browser's own word on `hidden`."""
    with opened(browser, served, viewport={"width": width, "height": 844}) as page:
        assert page.locator("#controls").is_visible()
        assert not page.locator("#token").is_visible()
        shown = "[...document.querySelectorAll('[hidden]')].filter((one) => one.getClientRects().length > 0)"
        assert page.evaluate(f"{shown}.map((one) => one.id)") == []


def test_marks_stand_where_the_library_says(browser: Any, served: Served) -> None:
    """Also behind letters that a browser counts twice."""
    texts = [f"😀 {'𝔽' * 9} {n} The harbour master closed both basins to all ships after the spill. {n}" for n in "ab"]
    with dedup.Client(served.url) as client:
        for name, text in zip("ab", texts, strict=True):
            client.add({"id": f"twice-{name}", "text": text})
        passages = client.explain("twice-a", "twice-b").passages
        with opened(browser, served, "#view=compare&a=twice-a&b=twice-b") as page:
            page.wait_for_selector(".side")
            marked = page.locator("[data-slot=text-a] mark").all_inner_texts()
            assert marked == [texts[0][one.a_start : one.a_end] for one in passages]
        client.remove("twice-a", "twice-b")


def test_search_and_paste(browser: Any, served: Served) -> None:
    with opened(browser, served) as page:
        page.keyboard.press("/")
        page.keyboard.type("halcyon")
        held = {one["story"] for one in httpx.get(f"{served.url}/v1/search?q=halcyon").json()["articles"]}
        assert 0 < len(held) < 18
        until(page, f"document.querySelectorAll('#entries li').length === {len(held)}")
        page.fill("#query", "nothing has these words")
        until(page, "document.querySelectorAll('#entries li').length === 0")
        page.fill("#query", "")
        page.click("text=Compare two texts")
        page.wait_for_selector(".paste")
        text = "Fire broke out on the ferry off Corran at dawn, and forty passengers were brought ashore by lifeboats."
        for name in "ab":
            page.fill(f"[data-slot=text-{name}]", f"{text} {MARKUP}")
        page.click(".paste button")
        page.wait_for_selector(".paste .side")
        assert "The same text" in page.locator(".paste .verdict").inner_text()
        assert page.locator(".paste .side mark").count() >= 2


def test_a_story_appears_while_the_page_is_open(browser: Any, served: Served) -> None:
    with opened(browser, served) as page, dedup.Client(served.url) as client:
        before = page.locator("#entries li").count()
        page.evaluate("scrollTo(0, 400)")
        placed = client.add({"id": "fresh", "title": "Lighthouse relit", "text": "The lighthouse of Sorrel was relit."})
        page.wait_for_selector("#news:text-is('1 new – show')", timeout=20_000)
        assert page.locator("#entries li").count() == before, "nothing moves under the reader"
        assert page.evaluate("scrollY") == 400
        page.click("#news")
        page.wait_for_selector(f".fresh[data-story='{placed.story}']")
        assert page.locator("#entries li").count() == before + 1
        page.click(f"[data-story='{placed.story}'] a")
        page.wait_for_selector(".moment")
        client.add({"id": "fresh2", "title": "Lighthouse", "text": "The lighthouse of Sorrel was relit."})
        page.click("#news")
        until(page, "document.querySelectorAll('.moment').length === 2")  # the open story too
        client.remove("fresh", "fresh2")
        page.click("#news")
        until(page, f"!document.querySelector(\"#entries [data-story='{placed.story}']\")")
        page.wait_for_selector("#alert:not([hidden])")
        assert "here any more" in page.locator("#alert").inner_text()


def test_a_page_goes_on_where_its_cursor_is_of_no_use(browser: Any, served: Served) -> None:
    """As after another store was put in the place of this one: it begins again from the stories."""
    with opened(browser, served) as page, dedup.Client(served.url) as client:
        until(page, "document.querySelectorAll('#entries li').length > 0")
        lost = {"title": "Lost", "errors": [{"field": "since", "problem": "p", "remedy": "r"}]}
        seen: list[str] = []

        def answer(route: Any) -> None:
            seen.append(re.findall(r"since=(\d+)", route.request.url)[0])
            if seen[-1] == seen[0]:
                route.fulfill(status=410, json=lost)
            else:
                route.continue_()

        page.route("**/v1/changes*", answer)
        client.add({"id": "lost", "title": "Slipway", "text": "The slipway of Dunmere was closed."})
        waited = 0
        while not seen and waited < 100:  # for the request that the page had sent already to be answered
            page.wait_for_timeout(200)
            waited += 1
        placed = client.add({"id": "found", "title": "Weir", "text": "The weir of Quillon was opened at noon."})
        found = page.locator(f"[data-story='{placed.story}']")
        while not found.count():
            page.click("#news", timeout=30_000)
            page.wait_for_timeout(200)
        page.wait_for_timeout(2_000)
        assert int(seen[-1]) > int(seen[0])
        client.remove("lost", "found")


def test_whatever_an_article_holds_is_shown_as_text(browser: Any, tmp_path: Path) -> None:
    common = "The harbour master closed both basins to all ships after the spill, he said on Monday. "
    with serving(tmp_path / "evil.db") as served, dedup.Client(served.url) as client:
        articles = [
            dedup.Article(
                id=f"{evil.strip()} {number}".lstrip("\ufeff\u2028"),
                title=f"{evil} title",
                text=f"{evil}\n{common * 3}{evil}",
                source=f"{evil} outlet",
                url=evil,
                author=evil,
                section=evil,
                lang=evil[:100],
            )
            for number, evil in enumerate(EVIL)
        ]
        client.add_many(articles)
        with opened(browser, served) as page:
            stories = httpx.get(f"{served.url}/v1/stories").json()["stories"]
            for story in stories:
                page.click(f"[data-story='{story['id']}'] a")
                page.wait_for_selector(".story")
                for number in range(min(3, story["size"])):
                    page.locator(".moment [data-what]").nth(number).click()
                    page.wait_for_selector(".side, .reading")
                    assert page.locator("#open a:not([href^='#'])").count() == 0, "no address that is none of http"
                    page.locator("[data-slot=back]").click()
                    page.wait_for_selector(".story")
                page.locator("[data-slot=back]").click()
                until(page, "!document.querySelector('.story')")
            for evil in EVIL[:6]:
                page.fill("#query", evil[:100])
                page.wait_for_timeout(400)
            assert page.locator("#main img, #open svg, #main script, #main iframe, #main style").count() == 0
            assert page.evaluate("document.querySelectorAll('script').length") == 1
            page.evaluate("location.hash = 'story=' + encodeURIComponent('<img src=x onerror=alert(1)>')")
        with opened(browser, served, "#story=%3Cscript%3E&a=%E0%A4%A") as page:
            page.wait_for_selector("#alert:not([hidden])")
            assert page.locator("#alert").inner_text().startswith("There is no such article here any more")
            page.evaluate("0")


def test_with_a_token(browser: Any, tmp_path: Path) -> None:
    secret = add_token(tmp_path / "tokens", "reader", "read")
    with serving(tmp_path / "s.db", "--tokens", str(tmp_path / "tokens")) as served:
        context = browser.new_context()
        page = context.new_page()
        page.goto(served.url)
        page.wait_for_selector("#token:not([hidden])")
        assert page.locator("#token").is_visible()
        assert not page.locator("#controls").is_visible()
        assert page.locator("#entries li").count() == 0
        page.fill("#secret", "wrong")
        page.click("#token button")
        page.wait_for_selector("#alert:not([hidden])")
        page.fill("#secret", secret)
        page.click("#token button")
        page.wait_for_selector("#controls:not([hidden])")
        assert "0 articles" in page.locator("#summary").inner_text()
        context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible(browser: Any, served: Served, width: int) -> None:
    from test_page import assert_accessible  # of the report

    with opened(browser, served, viewport={"width": width, "height": 844}) as page:
        assert_accessible(page)
        page.evaluate("document.querySelector('#entries a').click()")
        page.wait_for_selector(".story")
        assert_accessible(page)
        page.evaluate("location.hash = 'view=judge&a=ec-90311&b=ec-90377'")
        page.wait_for_selector(".judging .text")
        assert_accessible(page)
        page.click("#paste")
        page.wait_for_selector(".paste")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_pages_hold_no_data_and_allow_nothing(served: Served) -> None:
    answer = httpx.get(served.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert "://" not in answer.text
    script = httpx.get(f"{served.url}/assets/page.js").text
    assert not any(word in script for word in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "document.write"))


def test_an_editor_corrects_a_story_and_undoes_it(browser: Any, tmp_path: Path) -> None:
    with serving(tmp_path / "stories.db") as own, dedup.Client(own.url) as client:
        client.add_many([{"id": name, "title": f"About the {name}", "text": text} for name, text in TOLD.items()])
        first = client.article("ferry").story
        with opened(browser, own, f"#story={first}") as page:
            page.click(".edit summary")
            page.fill(".edit [data-slot=by]", "Ann")
            page.fill(".edit [data-slot=title]", "The night of Larkhaven")
            page.click(".edit [data-slot=rename]")
            until(page, "() => document.querySelector('#story-title').textContent === 'The night of Larkhaven'")
            page.click(".edit summary")
            page.select_option(".edit [data-slot=other]", "bridge")
            page.click(".edit [data-slot=merge]")
            until(page, "() => document.querySelectorAll('.timeline > li').length === 2")
            assert client.article("bridge").story == client.article("ferry").story
            page.click(".edit summary")
            until(page, "() => document.querySelectorAll('.edit li').length === 2")
            page.select_option(".edit [data-slot=article]", "bridge")
            page.click(".edit [data-slot=split]")
            until(page, "() => !document.querySelector('.edit [data-slot=anyway]').hidden")
            assert "contradicts the decision d2 (together by Ann" in page.inner_text(".edit [data-slot=said]")
            page.click(".edit li:first-child button")
            until(page, "() => document.querySelectorAll('.timeline > li').length === 1")
            assert [decision.kind for decision in client.decisions()[0]] == ["title"]
