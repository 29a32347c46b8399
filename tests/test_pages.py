"""The blocks of the documentation run and print what the pages show: see `pages`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from forked_command import served
from pages import PAGES, ROOT, Block, Run, blocks, name_of

from dedup.cli import application

UNTESTED = {
    "README.md": 2,  # setting up, and this very test run, which .ci/run does
    "CONTRIBUTING.md": 2,  # the same; the site, which test_site builds
    "tutorials/folder.md": 1,  # a virtual environment of the reader's
    "tutorials/feed.md": 1,  # the network
    "howto/embedding.md": 3,  # models
    "howto/deploy.md": 2,  # a machine with systemd, and containers
    "howto/postgresql.md": 2,  # a server
    "howto/other-formats.md": 3,  # the scripts of the page, and two packages
    "howto/from-text-dedup.md": 1,  # text-dedup
}
"""Number of blocks per page that are marked as not run."""


@pytest.fixture(scope="module")
def command() -> Iterator[str]:
    with served() as line:
        yield line


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path, command: str) -> None:
    faults = Run(page, tmp_path, command=command).whole().faults
    assert not faults, "\n\n".join(faults)


def test_blocks_that_are_not_run_are_marked_and_counted() -> None:
    marked = {name_of(page): sum(block.title.startswith("Not run") for block in blocks(page)) for page in PAGES}
    assert {name: count for name, count in marked.items() if count} == UNTESTED


def test_nothing_is_run_that_is_not_there(tmp_path: Path) -> None:
    """Test the runner: a page with each kind of fault has as many faults."""
    page = ROOT / "docs" / "nowhere.md"
    wrong = (
        "```sh\nfalse | cat\n```\n",
        "```pycon\n>>> 1 + 1\n3\n```\n",
        "```text\n$ echo now\nthen\n```\n",
        '```sh title="Not run: it would fail"\nfalse\n```\n',
        "```python\nkept = 2\n```\n",
        "```pycon\n>>> kept\n2\n```\n",
    )
    made = tmp_path / "docs" / page.name
    made.parent.mkdir()
    made.write_text("\n".join(wrong), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pages.name_of", lambda _: page.name)
        (tmp_path / "run").mkdir()
        run = Run(made, tmp_path / "run", command="false").whole()
        assert len(run.faults) == 3
        (tmp_path / "renewed").mkdir()
        assert "$ echo now\nnow\n```" in Run(made, tmp_path / "renewed", command="false").renewed()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_block_is_where_the_run_does_not_see_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"^[ >]+```", text, re.MULTILINE), "a block that is set in"
    assert not re.findall(r"^~~~", text, re.MULTILINE)
    assert len(blocks(page)) * 2 == len(re.findall(r"^```", text, re.MULTILINE)), "a block without its kind"


@cache
def _commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(application())
    return {"": group, **group.commands}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_exist(page: Path) -> None:
    """Also of blocks that are not run."""
    for block in blocks(page):
        for line in _lines(block):
            words = shlex.split(line, comments=True)
            for place, word in enumerate(words):
                if Path(word).name == "dedup" and (place == 0 or words[place - 1] in {"|", "&&", "&", "exec"}):
                    name = next(iter(words[place + 1 :]), "")
                    command = _commands()[name]
                    command = getattr(command, "commands", {}).get(next(iter(words[place + 2 :]), ""), command)
                    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
                    assert {word for word in words[place:] if word.startswith("--")} <= known, f"{block.line}: {line}"


def _lines(block: Block) -> list[str]:
    if block.is_transcript:
        return re.findall(r"^\$ (.*)$", block.text, re.MULTILINE)
    if block.kind != "sh":
        return []
    text = re.sub(r"<<-?'?(\w+)'?([^\n]*)\n.*?^\1$", r"\2", block.text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\\\n", " ", text).splitlines()
