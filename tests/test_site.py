"""The documentation site builds without a warning, has no dead link, and needs no network."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from browser import running

import dedup

pytest.importorskip("mkdocs", reason="the site needs the extra docs")

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "dedup").is_dir():
    pytest.skip("the site leads to the source, which is not here", allow_module_level=True)
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
"""Elements a browser loads, with the attribute for the address."""


class Read(HTMLParser):
    """The `ids` of a page, the targets `led` to by links, and the resources `loaded`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids, self.led, self.loaded = set[str](), list[str](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.led.append(values["href"])
        if values.get(LOADED.get(tag, "")) and values.get("rel") not in {"canonical", "next", "prev"}:
            self.loaded.append(values[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        config = load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder))
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Read]:
    found = {path.relative_to(site).as_posix(): Read(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert "index.html" in found
    return found


pytestmark = pytest.mark.filterwarnings("default")  # what the builders warn each other of is not ours


def test_every_page_of_the_documentation_is_there(site: Path) -> None:
    written = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {name for name in written if not (site / name).is_file()} == set()
    assert "<h1" in (site / "index.html").read_text(encoding="utf-8")


def test_no_link_leads_nowhere(pages: dict[str, Read], site: Path) -> None:
    """mkdocs checks the source; this checks the built pages."""
    lost = set()
    for name, page in pages.items():
        for link in page.led + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or not (parts.path or parts.fragment):
                continue
            target = posixpath.normpath(
                posixpath.join(posixpath.dirname(name), unquote(parts.path)) if parts.path else name
            )
            if target in pages:
                if parts.fragment and unquote(parts.fragment) not in pages[target].ids:
                    lost.add((name, link))
            elif not (site / target).exists():
                lost.add((name, link))
    assert {(name, link) for name, link in lost if name != "404.html"} == set()


def test_nothing_is_loaded_from_elsewhere(pages: dict[str, Read], site: Path) -> None:
    assert {(name, link) for name, page in pages.items() for link in page.loaded if urlsplit(link).netloc} == set()
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", style.read_text(encoding="utf-8")), style.name


def test_every_public_name_has_its_docstring(pages: dict[str, Read]) -> None:
    assert {name for name in dedup.__all__ if f"dedup.{name}" not in pages["api.html"].ids} == {"__version__"}


def test_every_command_has_its_help(site: Path) -> None:
    import typer

    from dedup.cli import application

    text = (site / "help.html").read_text(encoding="utf-8")
    group: Any = typer.main.get_command(application())
    names = {f"dedup {name}" for name in group.commands}
    names |= {f"dedup index {name}" for name in group.commands["index"].commands}
    assert {name for name in names if f"$ {name} --help" not in text} == set()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with running() as started:
        yield started


def test_a_browser_shows_it_from_disk(browser: Any, pages: dict[str, Read], site: Path) -> None:
    """On a phone, light and dark: no page is wider than the screen, nothing is fetched, no errors."""
    faults: list[tuple[str, str]] = []
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
        tab = context.new_page()
        tab.on("request", lambda request: faults.append(("fetched", request.url)))
        tab.on("pageerror", lambda error: faults.append(("error", str(error))))
        for name in sorted(pages):
            if not name.startswith("source/") and (scheme == "light" or name == "tutorials/notebook.html"):
                tab.goto((site / name).as_uri())
                wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if wide > 0:
                    faults.append((name, f"{wide} pixels too wide"))
        context.close()
    assert [fault for fault in faults if not fault[1].startswith(("file:", "data:", "blob:"))] == []


def test_search_works_from_disk(browser: Any, site: Path) -> None:
    tab = browser.new_page()
    tab.goto((site / "index.html").as_uri())
    tab.fill("[data-md-component=search-query]", "rethreshold")
    tab.wait_for_selector(".md-search-result__item", timeout=20_000)
    assert "reference.html" in tab.inner_html(".md-search-result__list")
    tab.close()
