"""The page in a real browser: what it shows, that it regroups as the library does, that no article runs anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from browser import opened, running, until
from labelled_data import DATA, SEEDS
from made_clustering import example
from storyline_articles import storyline_articles

import dedup
from dedup.match import mentions
from dedup.match.passages import shared_passages
from dedup.report import write_html
from dedup.report.html.payload import HEAVY

MANY = 10_000 if os.environ.get("DEDUP_LONG_TESTS") == "1" else 600
STATE = """g => source.storiesAt(g).map(story => {
  const ids = source.data.ids;
  return [story.id, story.articles.map(place => ids[place]), ids[story.canonical], story.title,
          story.copies.map(group => group.map(place => ids[place])).sort(),
          [story.origins, story.publishers, story.agencies]];
})"""
PASSAGES = """([one, other]) => texts.passages(one, other).map(found =>
  [one.slice(found.aStart, found.aEnd), other.slice(found.bStart, found.bEnd), found.words])"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with running() as found:
        yield found


def written(clustering: dedup.Clustering, path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        write_html(clustering, out)
    return path


@pytest.fixture(scope="module")
def seeds() -> dedup.Clustering:
    return dedup.cluster(dedup.read_articles([SEEDS]))


@pytest.fixture(scope="module")
def page_of_seeds(seeds: dedup.Clustering, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(seeds, tmp_path_factory.mktemp("page") / "seeds.html")


def shared_data(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"the third-party texts {name} are not here (DEDUP_DATA names their folder)")
    return DATA / name


def assert_regroups(page: Any, clustering: dedup.Clustering, steps: int = 20) -> None:
    for step in range(steps + 1):
        granularity = step / steps
        cut = clustering.rethreshold(granularity)
        expected = [
            [
                story.id,
                [*story.articles],
                story.canonical,
                story.title,
                sorted([*group.articles] for group in story.copy_groups),
                [story.origins.at_most, story.origins.publishers, [*story.origins.agencies]],
            ]
            for story in cut.stories
        ]
        assert page.evaluate(STATE, granularity) == expected, granularity


def assert_accessible(page: Any) -> None:
    """No serious fault, by axe-core, in light and in dark; a page's policy does not bind what a debugger runs."""
    import axe_playwright_python

    source = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(300)  # colours fade
        page.evaluate(source)
        found = page.evaluate("async () => (await axe.run()).violations")
        faults = [(one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"]) for one in found]
        assert [
            fault for fault, one in zip(faults, found, strict=True) if one["impact"] in {"serious", "critical"}
        ] == []


def test_it_regroups_as_the_library_does(browser: Any, seeds: dedup.Clustering, page_of_seeds: Path) -> None:
    with opened(browser, page_of_seeds) as page:
        assert_regroups(page, seeds)


def test_it_shows_what_the_user_prefers_and_nothing_withdrawn(browser: Any, tmp_path: Path) -> None:
    text = "The ferry Aurelia burned off Corran for six hours, the coastguard of Halmsund said, before tugs came."
    own = "Tugs came to the Aurelia off Corran after six hours, the Halmsund coastguard said of the burned ferry."
    given = [
        dedup.Article(id=source, title="Ferry Aurelia burns off Corran", text=body, source=source, kind=kind)
        for source, body, kind in (
            *(("Wire", text, ""), ("Echo", text, ""), ("Post", text + " (AP)", ""), ("Mail", own, "")),
            ("Digest", own + " More below.", "digest"),
        )
    ]
    given.append(replace(given[0], id="kill", title=f"MANDATORY KILL: {given[0].title}", text=""))
    for preferred in ("Echo", "Post", "Mail, Digest", "Wire", "Digest"):
        settings = dedup.Settings(preferred_outlets=preferred, paywalled_outlets="Mail")
        clustering = dedup.cluster(given, settings)
        assert clustering.story_of("Post").origins.agencies == ("AP",)
        with opened(browser, written(clustering, tmp_path / "preferred.html")) as page:
            assert_regroups(page, clustering, 4)


def test_a_story_in_several_languages_is_shown_and_found_as_one(browser: Any, tmp_path: Path) -> None:
    text = "The ferry Aurelia burned off Corran for six hours, the coastguard of Halmsund said, before tugs came."
    given = [dedup.Article(id=lang, title="Ferry Aurelia", text=text, source=lang, lang=lang) for lang in ("en", "de")]
    given.append(dedup.Article(id="other", title="A museum in Kallby", text="It has opened again.", lang="en"))
    with opened(browser, written(dedup.cluster(given), tmp_path / "languages.html")) as page:
        assert page.locator("#entries [data-slot=outlets]").all_inner_texts()[0].endswith("German, English")
        page.click("[data-key='lang:several']")
        until(page, "document.querySelectorAll('#entries > *').length === 1")
        page.click("#entries a >> nth=0")
        assert "German, English" in page.locator("#open [data-slot=dek]").inner_text()


def test_the_slider_regroups_what_is_shown(browser: Any, seeds: dedup.Clustering, page_of_seeds: Path) -> None:
    with opened(browser, page_of_seeds) as page:
        knob = page.locator("#granularity")
        for granularity in (0.0, 0.3, 0.5, 1.0):
            knob.fill(str(granularity))
            stories = seeds.rethreshold(granularity).stories
            until(page, f"document.querySelector('#summary').textContent.includes('in {len(stories)} stories')")
            assert page.evaluate("document.activeElement.id") == "granularity"
            titles = page.locator("#entries h3").all_inner_texts()
            assert [" ".join(title.split()) for title in titles] == [story.title for story in stories]


def test_a_story_its_versions_and_two_of_them_side_by_side(
    browser: Any, seeds: dedup.Clustering, page_of_seeds: Path
) -> None:
    with opened(browser, page_of_seeds) as page:
        page.click("#entries a >> nth=0")
        assert page.locator("#open h2").inner_text() == seeds.stories[0].title
        assert page.locator(".moment").count() == len(seeds.stories[0].articles)
        assert "Likely the original: Meridian News Agency" in page.locator(".versions [data-slot=verdict]").inner_text()
        page.click(".versions summary")
        page.click(f"[data-slot=rows] tr:nth-child({len(seeds.stories[0].copy_groups[0].articles)}) a")
        page.wait_for_selector(".side")
        assert page.locator(".text mark").count() >= 2
        signature_bytes = [page.locator(f"[data-slot=text-{side}] mark").all_inner_texts() for side in "ab"]
        texts = {article.id: article.text for article in seeds.articles}
        ids = page.evaluate("[address.state.a, address.state.b]")
        found = shared_passages(*(texts[name] for name in ids))
        assert signature_bytes[0] == [texts[ids[0]][one.a_start : one.a_end] for one in found]
        page.locator("[data-slot=text-a] mark >> nth=0").click()
        assert page.locator("mark.hot").count() == 2
        page.go_back()
        page.wait_for_selector(".story")


def test_keys_alone_will_do(browser: Any, page_of_seeds: Path) -> None:
    with opened(browser, page_of_seeds) as page:
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        assert page.evaluate("document.activeElement === document.querySelector('#entries a')")
        page.keyboard.press("Enter")
        page.wait_for_selector(".story")
        assert page.evaluate("document.activeElement.id") == "story-title"
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('.story')")


def test_passages_are_those_of_the_library(browser: Any, seeds: dedup.Clustering, page_of_seeds: Path) -> None:
    texts = [article.text for article in seeds.articles]
    pairs = [(one, other) for one in texts for other in texts[:12]]
    with opened(browser, page_of_seeds) as page:
        for one, other in [
            *pairs,
            ("会議は東京で開かれ三十人が参加した。", "昨日の会議は東京で開かれ三十人が参加したという。"),
        ]:
            expected = [
                [one[found.a_start : found.a_end], other[found.b_start : found.b_end], found.words]
                for found in shared_passages(one, other)
            ]
            assert page.evaluate(PASSAGES, [one, other]) == expected


def test_names_are_those_of_the_library(browser: Any, seeds: dedup.Clustering, page_of_seeds: Path) -> None:
    texts = [article.text for article in seeds.articles]
    with opened(browser, page_of_seeds) as page:
        for one, other in [(one, other) for one in texts for other in texts[:12]]:
            told = mentions.names(one, other)
            found = page.evaluate("([one, other]) => texts.names(one, other)", [one, other])
            assert [names[: mentions.MOST] for names in found] == [[*told.both], [*told.only_a], [*told.only_b]]


def test_words_and_probabilities_are_those_of_the_library(
    browser: Any, seeds: dedup.Clustering, page_of_seeds: Path
) -> None:
    explained = 0
    with opened(browser, page_of_seeds) as page:
        for a, b in combinations(range(len(seeds.articles)), 2):
            found = page.evaluate("([a, b]) => source.measured(a, b)", [a, b])
            if "words" in found:
                told = seeds.explain(a, b)
                weights = {word.word: 1000 * word.weight for word in told.words}
                for (word, weight), heavy in zip(found["words"], told.words[:HEAVY], strict=True):
                    assert weight == pytest.approx(weights[word], abs=0.51)
                    assert weights[word] == pytest.approx(1000 * heavy.weight), "of equals any"
                assert found["probability"] == pytest.approx(told.link.probability, abs=1e-3)
                explained += 1
    assert explained > 20


@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible(browser: Any, page_of_seeds: Path, width: int) -> None:
    with opened(browser, page_of_seeds, viewport={"width": width, "height": 844}) as page:
        assert_accessible(page)
        page.click("#entries a >> nth=0")
        assert_accessible(page)
        page.click(".versions summary")
        page.click("[data-slot=rows] tr:last-child a")
        page.wait_for_selector(".side")
        assert_accessible(page)
        page.click("[data-slot=back]")
        page.click(".moment [data-what=read] >> nth=1")
        page.wait_for_selector(".reading")
        assert_accessible(page)
        page.click("#judge")
        page.wait_for_selector(".judging .text")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


EVIL = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "\"'><svg onload=alert(3)>",
    "{{ 7*7 }}{% raw %}",
    "</template></textarea></title><script>alert(4)</script>",
    "javascript:alert(5)//",
    "<!--<script>",
    "\u202eright to left\u202c",
    "\x1b[31mred\x07\x00\x7f",
    "&lt;b&gt;&amp;amp;",
    "\ud800 lone",
]


def test_whatever_an_article_holds_is_shown_as_text(browser: Any, tmp_path: Path) -> None:
    common = "The harbour master closed both basins to all ships after the spill, he said on Monday. "
    articles: list[Any] = [
        {
            "id": f"{evil} {number}",
            "title": f"{evil} title",
            "text": f"{evil}\n{common * 3}{evil}",
            "source": f"{evil} outlet",
            "author": f"{evil} author",
            "section": f"{evil} section",
            "lang": evil,
        }
        for number, evil in enumerate(EVIL)
    ]
    articles += [
        dedup.Article(id=f"direct {number}", title=evil, text=common, source=evil, url=evil, author=evil, section=evil)
        for number, evil in enumerate(EVIL)
    ]
    articles.append({"id": "long", "title": "x" * 10_000, "text": common + "word " * 50_000, "source": "a"})
    path = written(dedup.cluster(articles), tmp_path / "evil.html")
    assert path.read_text(encoding="utf-8").count("<script>") == 1
    with opened(browser, path) as page:
        for link in range(page.locator("#entries a").count()):
            page.locator("#entries a").nth(link).click()
            page.wait_for_selector(".story")
            for number in range(min(4, page.locator(".moment [data-what]").count())):
                page.locator(".moment [data-what]").nth(number).click()
                page.wait_for_selector(".side, .reading")
                assert page.locator("#open a:not([href^='#'])").count() == 0, "no address that is none of http"
                page.locator("[data-slot=back]").click()
                page.wait_for_selector(".story")
            page.locator("[data-slot=back]").click()
            until(page, "!document.querySelector('.story')")
        for evil in EVIL:
            page.fill("#query", evil)
            page.wait_for_timeout(50)
        assert page.locator("#main img, #open svg, #main iframe, #main style, #main script").count() == 0
        assert page.evaluate("document.querySelectorAll('script').length") == 3


def test_without_scripts_the_largest_stories_are_there(
    browser: Any, seeds: dedup.Clustering, page_of_seeds: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_of_seeds.resolve().as_uri())
    assert page.locator("#entries h3").count() == len(seeds.stories)
    assert "Scripts are off" in page.locator("noscript").inner_text()
    context.close()


def test_a_browser_that_cannot_unpack_says_so(browser: Any, page_of_seeds: Path) -> None:
    context = browser.new_context()
    context.add_init_script("delete window.DecompressionStream")
    page = context.new_page()
    page.goto(page_of_seeds.resolve().as_uri())
    assert "DecompressionStream" in page.locator("#alert").inner_text()
    context.close()


def test_the_page_forbids_everything_else(page_of_seeds: Path) -> None:
    text = page_of_seeds.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "unsafe" not in text
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_same_clustering_is_the_same_page(seeds: dedup.Clustering, page_of_seeds: Path, tmp_path: Path) -> None:
    assert written(seeds, tmp_path / "again.html").read_bytes() == page_of_seeds.read_bytes()


def test_a_page_has_a_heading_and_says_what_it_was_made_from(browser: Any, tmp_path: Path) -> None:
    title, path = "Monday <b>'s news", tmp_path / "page.html"
    with path.open("w", encoding="utf-8", newline="") as out:
        write_html(dedup.cluster(["Fire on the ferry."]), out, title=title, made="Made at noon from <i>a.csv")
    with opened(browser, path) as page:
        assert page.title() == page.locator("h1").inner_text() == title
        assert page.locator(".made").inner_text() == "Made at noon from <i>a.csv"


def test_nothing_and_one_article(browser: Any, tmp_path: Path) -> None:
    for number, texts in enumerate(([], ["Fire broke out on the ferry."])):
        with opened(browser, written(dedup.cluster(texts), tmp_path / f"{number}.html")) as page:
            assert page.locator("#entries li").count() == len(texts)


def test_without_texts_or_evidence_there_is_no_page(seeds: dedup.Clustering, tmp_path: Path) -> None:
    with pytest.raises(dedup.InputError, match="keep_texts=True"):
        written(dedup.cluster(seeds.articles, keep_texts=False), tmp_path / "a.html")
    with pytest.raises(dedup.InputError, match="without evidence"):
        written(example(), tmp_path / "b.html")


def test_a_labelled_set_of_news(browser: Any, tmp_path: Path) -> None:
    clustering = dedup.cluster(dedup.read_articles([shared_data("basil.jsonl.gz")]))
    with opened(browser, written(clustering, tmp_path / "basil.html")) as page:
        assert_regroups(page, clustering)
        assert_accessible(page)


@pytest.mark.parametrize("width", [1400, 390])
def test_a_week_of_several_hundred_outlets(browser: Any, week: Path, width: int) -> None:
    """Long timelines, storylines of dozens of stories, articles without date or text."""
    with opened(browser, week, viewport={"width": width, "height": 844}) as page:
        if width == 390:
            page.click("#filters")
        assert_accessible(page)
        assert page.locator("[data-key^='storyline:']").count() == 8
        page.click("#entries a >> nth=0")
        page.wait_for_selector(".storyline [aria-current]")
        assert page.locator(".storyline li").count() == 5
        assert_accessible(page)
        page.click(".moment [data-what=compare] >> nth=4")
        page.wait_for_selector(".side")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clustering = dedup.cluster(dedup.read_articles([shared_data("groundnews_dev.jsonl.gz")]))
    return written(clustering, tmp_path_factory.mktemp("page") / "week.html")


def test_a_page_of_many_articles(browser: Any, tmp_path: Path) -> None:
    """Each article takes 1.35 KB at most, beside the page itself."""
    articles = list(islice(dedup.read_articles([shared_data("stream_2020_01_02.jsonl.gz")]), MANY))
    clustering = dedup.cluster(articles)
    path, empty = written(clustering, tmp_path / "stream.html"), written(dedup.cluster([]), tmp_path / "empty.html")
    assert path.stat().st_size - empty.stat().st_size <= 1_350 * MANY
    with opened(browser, path) as page:
        assert_regroups(page, clustering)
        page.fill("#query", "rain")
        until(page, "document.querySelector('#summary').textContent.includes('of')")
        page.fill("#query", "")
        until(page, "!document.querySelector('#summary').textContent.includes('of')")
        page.click("#entries a >> nth=0")
        page.wait_for_selector(".story")
        page.click(".moment [data-what=compare] >> nth=1")
        page.wait_for_selector(".side")
        assert_accessible(page)


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions by one outlet, a title as long as titles get, all on one day, and a pile of what was skipped."""
    text = "Fire broke out on the ferry Lady Corran off Sorrel at dawn and nine people died, the coastguard said. " * 3
    articles = [
        dedup.Article(
            id=f"npa/{number}.txt",
            title="Ferry burns " * 330 if number == 2 else "Ferry burns off Corran",
            text=text + "The inquiry that Minister Lindqvist promised has begun. " * number,
            source="Echo" if number == 2 else "NPA",
            published=date(2024, 6, 15),
        )
        for number in range(3)
    ]
    museum = dedup.Article(
        id="m", text="The museum of Kallby has reopened after the flood.", published=date(2024, 6, 15)
    )
    notices = tuple(
        dedup.Notice(f"feed.jsonl:{line}", "not <JSON>", "line skipped", skipped=True) for line in range(70)
    )
    clustering = replace(dedup.cluster([*articles, museum]), notices=notices)
    return written(clustering, tmp_path_factory.mktemp("page") / "awkward.html")


def test_what_was_skipped_is_on_the_page(browser: Any, awkward: Path) -> None:
    with opened(browser, awkward) as page:
        assert page.inner_text("#skipped summary") == "70 files, records and lines were skipped"
        page.click("#skipped summary")
        told = page.inner_text("#skipped ul").splitlines()
        assert told[0] == "feed.jsonl:0: not <JSON>; line skipped"
        assert (len(told), told[-1]) == (61, "… and 10 more")


def test_where_nothing_was_skipped_nothing_is_said(browser: Any, tmp_path: Path) -> None:
    with opened(browser, written(dedup.cluster(["Fire on the ferry."]), tmp_path / "one.html")) as page:
        assert page.locator("#skipped").count() == 0


def test_a_single_day_has_no_chart(browser: Any, awkward: Path) -> None:
    with opened(browser, awkward) as page:
        assert not page.is_visible("#chart")


@pytest.mark.parametrize("width", [1400, 390])
def test_a_story_is_readable_however_wide_the_window(browser: Any, awkward: Path, width: int) -> None:
    with opened(browser, awkward, viewport={"width": width, "height": 900}) as page:
        page.click(".entry a")
        page.click(".versions summary")
        page.wait_for_selector(".versions tbody tr:nth-child(3)")
        names = page.locator(".versions tbody a").all_inner_texts()
        assert sorted(names) == ["Echo", "NPA · npa/0.txt", "NPA · npa/1.txt"]
        head = page.locator(".versions th").evaluate_all(
            "cells => cells.map(cell => cell.getClientRects().length && cell.offsetHeight)"
        )
        assert max(head) < 40, "no header breaks inside a word"
        tall = page.locator(".headline").evaluate_all("lines => lines.map(line => line.offsetHeight)")
        assert max(tall) < 150
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_was_not_compared_is_grey(browser: Any, tmp_path: Path) -> None:
    """Also behind characters that JavaScript counts as two, inside of shared passages, and a whole wall."""
    notice = "Read on with a subscription from four crowns a month, and take the puzzle page with you on the train"
    told = {
        "Bakers strike in Orsa": "\n 🍞 The bakers of Orsa have laid down their work because of the night shifts.",
        "Comet seen above the bay": "A green comet was seen above Larkhaven bay by hundreds of people at dawn.",
        "Court halts motorway": "A court in Mirstad has halted the building of the motorway through the marshes.",
        "Old tram returns": "",
        "Swans counted": "",
    }
    texts = [f"{text}\n\n{notice}." if text else notice for text in told.values()]
    articles = [dedup.Article(id=title, title=title, text=text) for title, text in zip(told, texts, strict=True)]
    found = dedup.cluster(articles)
    with opened(browser, written(found, tmp_path / "page.html")) as page:
        for pair in ((0, 1), (2, 3)):
            a, b = (articles[place].id for place in pair)
            page.evaluate("hash => { location.hash = hash }", urlencode({"view": "compare", "a": a, "b": b}))
            page.wait_for_selector(f"[data-slot=title-a]:text-is('{articles[pair[0]].title}')")
            for name, place in zip("ab", pair, strict=True):
                shown = page.locator(f"[data-slot=text-{name}]")
                assert shown.text_content() == texts[place].lstrip()
                assert "".join(shown.locator(".removed").all_text_contents()) == notice
            assert page.locator("[data-slot=removed]").is_visible()


def test_nothing_is_grey_where_all_was_compared(browser: Any, seeds: dedup.Clustering, page_of_seeds: Path) -> None:
    first, second = seeds.stories[0].articles[:2]
    with opened(browser, page_of_seeds) as page:
        page.evaluate("hash => { location.hash = hash }", urlencode({"view": "compare", "a": first, "b": second}))
        page.wait_for_selector(".columns .text")
        assert page.locator(".text .removed").count() == 0
        assert not page.locator("[data-slot=removed]").is_visible()


def test_storylines_are_those_of_the_library(browser: Any, seeds: dedup.Clustering, tmp_path: Path) -> None:
    clustering = dedup.cluster([*seeds.articles, *storyline_articles()])
    assert len(clustering.storylines) < len(clustering.stories)
    with opened(browser, written(clustering, tmp_path / "lines.html")) as page:
        for granularity in (0.2, 0.5, 0.8, 1.0):
            page.evaluate("g => source.regroup(g)", granularity)
            wanted = {story.id: story.storyline for story in clustering.rethreshold(granularity).stories}
            assert page.evaluate("Object.fromEntries(source.stories.map(one => [one.id, one.storyline]))") == wanted
