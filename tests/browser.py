"""Open pages from disk in Chromium, headless and without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


def chromium() -> str:
    """Return the path of Chromium; without one, tests are skipped, but not in CI."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), "")
    if not found:
        assert not os.environ.get("CI"), "CI has to have a browser: see .ci/run"
        pytest.skip("there is no Chromium on this machine (Debian's package: chromium)")
    return found


@contextmanager
def running() -> Iterator[Any]:
    """Start a browser with Playwright."""
    path = chromium()
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, path: Path, **options: Any) -> Iterator[Any]:
    """Open a page from disk; console messages and network requests are failures."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: _asked(dialog, said))
    page.on("request", lambda request: _fetched(request.url, said))
    page.goto(path.resolve().as_uri())
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    yield page
    context.close()
    assert said == []


def until(page: Any, expression: str, arg: object = None) -> None:
    """Wait until an expression is true; Playwright's own wait needs `eval`, which the page forbids."""
    for _ in range(600):
        if page.evaluate(expression, arg):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


def _asked(dialog: Any, said: list[str]) -> None:
    said.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _fetched(url: str, said: list[str]) -> None:
    if not url.startswith(("file:", "blob:")):
        said.append(url)
