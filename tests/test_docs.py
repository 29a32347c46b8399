"""The documentation says what the program does: nothing is missing in it, nothing is stale, its examples run.

In README.md and docs/ a block marked `python` is run, one marked `pycon` is run and has to print what it shows, one
marked `sh` calls commands and options that exist, and one marked `text` that begins with `$ dedup` is what this command
prints to a terminal of 100 columns, standard output alone; `python tests/renew.py` writes those anew. The Python blocks
of a page share one namespace, which at first holds `texts` and `names`; all run in the root of the repository.
"""

from __future__ import annotations

import doctest
import inspect
import io
import json
import math
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import dedup
from dedup.article import Notice
from dedup.cli import application
from dedup.cli.output import Format
from dedup.read import _readers
from dedup.record import USUAL_NAMES
from dedup.report import write_json

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")

FUNCTIONS = (
    *("cluster", "cluster_against", "compare", "configure", "from_record", "learn_background"),
    *("read_archive", "read_articles", "score"),
    *("trace", "timeline", "offered", "read_judgements", "score_judgements"),
)
ESTIMATORS = ("MinHashVectorizer", "StoryClusterer", "StoryTfidfVectorizer")
RECORDS = (
    *(
        "Archived",
        "Arrivals",
        "Appearance",
        "Article",
        "Background",
        "Change",
        "Client",
        "Clustering",
        "Configuration",
        "CopyGroup",
        "Explanation",
        "IndexedArticle",
        "JudgedScores",
        "Judgement",
        "Link",
        "Mentions",
        "Notice",
        "Placement",
        "Scores",
        "SharedWord",
        "Story",
        "StoryIndex",
        "StoryPage",
        "Part",
        "Passage",
        "Piece",
        "Provenance",
        "Version",
    ),
)
FIXTURES = {"texts": ["Fire broke out on the ferry.", "A ferry burned off Corran."], "names": ["a", "b"]}


def section(heading: str) -> str:
    """What stands below a heading of the reference, named by its beginning, down to the next one as high."""
    start = re.search(rf"^(#+) {re.escape(heading)}(?!\w).*\n", REFERENCE, re.MULTILINE)
    assert start, f"docs/reference.md has no heading {heading!r}"
    end = re.compile(rf"^#{{1,{len(start[1])}}} ", re.MULTILINE).search(REFERENCE, start.end())
    return REFERENCE[start.end() : end.start() if end else len(REFERENCE)]


def rows(text: str) -> dict[str, list[str]]:
    """The cells of the rows of tables, by each of the things in code that their first cell names."""
    found = {}
    for line in re.findall(r"^\| *`.*$", text, re.MULTILINE):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for name in re.findall(r"`([^`]+)`", cells[0]):
            assert name not in found, f"{name} is explained twice"
            found[name] = cells
    return found


def blocks(page: Path, kind: str) -> list[tuple[int, str]]:
    """The fenced blocks of a kind, each with its first line's number."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, block.start(1)) + 1, block[1]) for block in found]


def commands() -> dict[str, Any]:
    """The command by the name "", and its subcommands by theirs."""
    group: Any = typer.main.get_command(application())
    return {"": group, **group.commands}


def code_blocks(kind: str) -> list[Any]:
    return [
        pytest.param(text, id=f"{page.name}:{line}")
        for page in PAGES
        for line, text in blocks(page, kind)
        if kind != "text" or text.startswith("$ dedup")
    ]


# The command


def test_every_command_has_a_section() -> None:
    documented = re.findall(r"^### `dedup ?(\w*)`$", REFERENCE, re.MULTILINE)
    assert sorted(documented) == sorted(commands())


@pytest.mark.parametrize("name", commands())
def test_every_option_and_argument_is_explained(name: str) -> None:
    explained = {row.split()[0]: cells for row, cells in rows(section(f"`dedup {name}".strip() + "`")).items()}
    found = {"--help"}
    for parameter in commands()[name].params:
        if parameter.param_type_name == "argument":
            found.add(parameter.metavar + ("..." if parameter.nargs == -1 else ""))
            continue
        assert not parameter.default, f"{parameter.name} is neither off nor unset without being given"
        assert len(parameter.opts) == 1
        found.add(parameter.opts[0])
    assert set(explained) == found


def test_every_format_is_explained() -> None:
    (meaning,) = (cells[1] for row, cells in rows(section("`dedup cluster`")).items() if row.startswith("--format "))
    for style in Format:
        assert f"`{style}`" in meaning
        assert section(f"`{style}`").strip()


@pytest.mark.parametrize("text", code_blocks("sh"))
def test_commands_of_examples_exist(text: str) -> None:
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        for place, word in enumerate(words):
            if Path(word).name == "dedup":
                name = next(iter(words[place + 1 :]), "")
                command = commands()[name]
                inner = next(iter(words[place + 2 :]), "")
                command = getattr(command, "commands", {}).get(inner, command)
                known = {option for parameter in command.params for option in parameter.opts}
                assert {option for option in words[place:] if option.startswith("--")} <= known | {"--help"}


def test_every_key_of_a_comparison_is_explained(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("Fire broke out on the ferry off Corran.\n", encoding="utf-8")
    arguments = ["compare", *(str(tmp_path / name) for name in ("a.txt", "b.txt")), "--json"]
    written = json.loads(CliRunner().invoke(application(), arguments).stdout)
    own = set(written) - set(rows(section("`Explanation`")))
    assert own == {"schema", "dedup", "settings", "judged_against", "waterfall"}
    assert all(f"`{key}`" in section("`dedup compare`") for key in own)


# Input, settings, output


def test_every_kind_of_file_is_explained() -> None:
    assert set(rows(section("Kinds of file"))) == {*_readers(), "-"}


def test_every_usual_name_is_listed_in_its_order() -> None:
    listed = rows(section("Names of fields"))
    assert list(listed) == list(USUAL_NAMES)
    for field, names in USUAL_NAMES.items():
        assert tuple(name.replace("_", "") for name in re.findall(r"`(\w+)`", listed[field][1])) == names


def test_every_setting_has_its_default_and_range() -> None:
    def shown(value: Any) -> str:
        return str(value) if isinstance(value, int) else f"{value:g}"

    listed = rows(section("Settings"))
    assert list(listed) == [knob.name for knob in fields(dedup.Settings)]
    for knob in fields(dedup.Settings):
        low, high = knob.metadata["low"], knob.metadata["high"]
        span = f"{shown(low)} or more" if math.isinf(high) else f"{shown(low)} to {shown(high)}"
        assert listed[knob.name][1:3] == [shown(knob.default), span]
        assert listed[knob.name][3]


def made_clustering() -> dedup.Clustering:
    """A clustering that has something of everything: a copy group, a link and a notice."""
    clustering = dedup.cluster([{"id": name, "text": "Fire broke out on the ferry off Corran."} for name in "ab"])
    return replace(clustering, notices=(Notice("a", "an invented problem", "kept", skipped=False),))


def test_every_key_of_records_is_explained() -> None:
    (record, _) = made_clustering().to_records()
    assert list(rows(section("`jsonl`"))) == list(record)


def paths(value: Any, above: str = "") -> Iterator[str]:
    """The paths of all keys of a document: `stories`, `stories[].id`, …"""
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{above}.{key}" if above else key
            yield path
            yield from paths(inner, path)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{above}[]")


def test_every_key_of_the_json_document_is_explained() -> None:
    written = io.StringIO()
    write_json(made_clustering(), written)
    document = json.loads(written.getvalue())
    assert f"now {document['schema']} |" in section("`json`")
    found, explained = set(paths(document)), set(rows(section("`json`")))
    assert explained <= found, "a key that is gone"
    elsewhere = {f"settings.{knob.name}" for knob in fields(dedup.Settings)}
    elsewhere |= {f"stories[].articles[].{key}" for key in rows(section("`jsonl`"))}
    missing = found - explained - elsewhere
    assert {
        path for path in missing if not any(other.startswith((f"{path}.", f"{path}[]")) for other in found)
    } == set()


# The library


def signature(name: str) -> str:
    """How a public name is called: `score(truth, predicted)`."""
    found = inspect.signature(getattr(dedup, name))
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in found.parameters.values()]
    return f"{name}{found.replace(parameters=bare, return_annotation=inspect.Signature.empty)}"


def test_every_public_name_is_explained() -> None:
    library = section("The library")
    errors = {name for name in rows(section("Errors")) if name.endswith("Error")}
    headings = set(re.findall(r"^###+ `(\w+)", library, re.MULTILINE))
    assert headings | errors | {"__version__"} == set(dedup.__all__)
    assert "`dedup.__version__`" in library
    assert headings - {"Settings"} == {*FUNCTIONS, *ESTIMATORS, *RECORDS}
    assert all(issubclass(getattr(dedup, name), dedup.DedupError) for name in errors)


@pytest.mark.parametrize("name", [*FUNCTIONS, "MinHashVectorizer", "StoryTfidfVectorizer"])
def test_signatures_are_as_they_are(name: str) -> None:
    assert re.search(rf"^###+ `{re.escape(signature(name))}`$", REFERENCE, re.MULTILINE), signature(name)


def test_the_clusterer_has_all_settings() -> None:
    assert set(inspect.signature(dedup.StoryClusterer).parameters) == set(dedup.Settings().method())


@pytest.mark.parametrize("name", [*RECORDS, "Settings"])
def test_every_member_is_explained(name: str) -> None:
    kind = getattr(dedup, name)
    members = {member for member in dir(kind) if not member.startswith("_")}
    if name == "Settings":
        members -= {knob.name for knob in fields(kind)}
    below = section(f"`{name}")
    assert {member for member in members if not re.search(rf"`(\w+\.)?{member}[`(]", below)} == set()
    assert {re.sub(r"^\w+\.|\(.*", "", row) for row in rows(below) if not row.startswith('"')} <= members


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_member_of_an_estimator_is_explained(name: str) -> None:
    kind = getattr(dedup, name)
    members = {member for member in {*vars(kind), *inspect.get_annotations(kind)} if not member.startswith("_")}
    explained = {re.sub(r"\(.*", "", row) for row in rows(section(f"`{name}"))}
    assert members <= explained
    assert all(hasattr(kind, member) or member in members for member in explained)


@pytest.mark.parametrize("name", [*FUNCTIONS, *RECORDS, *ESTIMATORS, "Settings"])
def test_every_public_name_has_an_example(name: str) -> None:
    assert "```pycon\n>>> " in section(f"`{name}")


# The examples


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    namespace: dict[str, Any] = dict(FIXTURES)
    for line, text in blocks(page, "python"):
        exec(compile("\n" * (line - 1) + text, page, "exec"), namespace)  # noqa: S102 - the page's own code
    runner, failures = doctest.DocTestRunner(), io.StringIO()
    for line, text in blocks(page, "pycon"):
        examples = doctest.DocTestParser().get_doctest(text, namespace, page.name, str(page), line - 1)
        runner.run(examples, out=failures.write, clear_globs=False)
        namespace = examples.globs
    assert failures.getvalue() == ""


def printed(command: str) -> str:
    """What a command prints to a terminal of 100 columns."""
    terminal, end = pty.openpty()
    arguments = [sys.executable, "-m", "dedup.cli", *shlex.split(command)[1:]]
    environment = {**os.environ, "COLUMNS": "100", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    with subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=end, stderr=subprocess.DEVNULL
    ) as running:
        os.close(end)
        pieces = []
        while piece := _read(terminal):
            pieces.append(piece)
    os.close(terminal)
    assert running.returncode == 0
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so when the other end is closed
        return b""


def renewed(page: Path) -> str:
    """A page with all that commands print as they print it now."""

    def transcript(block: re.Match[str]) -> str:
        return f"```text\n$ {block[1]}\n{printed(block[1])}```"

    return re.sub(r"^```text\n\$ (dedup.*)\n(?:.*\n)*?```$", transcript, page.read_text(encoding="utf-8"), flags=re.M)


@pytest.mark.parametrize("text", code_blocks("text"))
def test_transcripts_are_what_is_printed(text: str) -> None:
    command, _, shown = text.partition("\n")
    assert shown == printed(command.removeprefix("$ "))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_placeholder_is_left(page: Path) -> None:
    assert re.findall(r"@@\w*@@", page.read_text(encoding="utf-8")) == []


# The links


def anchors(page: Path) -> set[str]:
    """The headings of a page as a link names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    links = re.findall(
        r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    )
    for link in links:
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert target.resolve().is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link
