"""The documentation is complete and current, and has no dead link.

`test_pages` runs its examples.
"""

from __future__ import annotations

import inspect
import io
import json
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from pages import PAGES, ROOT, name_of
from typer.testing import CliRunner

import dedup
from dedup.article import Notice
from dedup.cli import application
from dedup.cli.output import Format
from dedup.inputs.names import USUAL_NAMES
from dedup.read import _readers
from dedup.read.container import SUFFIXES
from dedup.report import write_json

PACKAGE = Path(str(dedup.__file__)).resolve().parent
"""The package beside the tests, or the installed one."""
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
        "Embedding",
        "Background",
        "Change",
        "Client",
        "Clustering",
        "Configuration",
        "CopyGroup",
        "Explanation",
        "FoundKind",
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
        "Storyline",
        "StoryIndex",
        "StoryPage",
        "Origins",
        "Part",
        "Passage",
        "Piece",
        "Provenance",
        "Version",
    ),
)


def section(heading: str) -> str:
    """Return the section of the reference whose heading begins with a text."""
    start = re.search(rf"^(#+) {re.escape(heading)}(?!\w).*\n", REFERENCE, re.MULTILINE)
    assert start, f"docs/reference.md has no heading {heading!r}"
    end = re.compile(rf"^#{{1,{len(start[1])}}} ", re.MULTILINE).search(REFERENCE, start.end())
    return REFERENCE[start.end() : end.start() if end else len(REFERENCE)]


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of table rows, by each code span in their first cell."""
    found = {}
    for line in re.findall(r"^\| *`.*$", text, re.MULTILINE):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for name in re.findall(r"`([^`]+)`", cells[0]):
            assert name not in found, f"{name} is explained twice"
            found[name] = cells
    return found


def commands() -> dict[str, Any]:
    """Return the command, named "", and its subcommands by name."""
    group: Any = typer.main.get_command(application())
    return {"": group, **group.commands}


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
    assert set(rows(section("Kinds of file"))) == {*_readers(), *SUFFIXES, "-"}


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
        if isinstance(knob.default, str):
            assert listed[knob.name][1:3] == [knob.default, "a list"]
            continue
        span = f"{shown(low)} or more" if math.isinf(high) else f"{shown(low)} to {shown(high)}"
        assert listed[knob.name][1:3] == [shown(knob.default), span]
        assert listed[knob.name][3]


def made_clustering() -> dedup.Clustering:
    """Return a clustering with a copy group, a link and a notice."""
    clustering = dedup.cluster([{"id": name, "text": "Fire broke out on the ferry off Corran."} for name in "ab"])
    return replace(clustering, notices=(Notice("a", "an invented problem", "kept", skipped=False),))


def test_every_key_of_records_is_explained() -> None:
    (record, _) = made_clustering().to_records()
    assert list(rows(section("`jsonl`"))) == list(record)


def paths(value: Any, above: str = "") -> Iterator[str]:
    """Return the paths of all keys of a document: `stories`, `stories[].id`, …"""
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
    """Return the signature of a public name: `score(truth, predicted)`."""
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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_placeholder_is_left(page: Path) -> None:
    assert re.findall(r"@@\w*@@", page.read_text(encoding="utf-8")) == []


# The links


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page: Path) -> None:
    links = re.findall(
        r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    )
    for link in links:
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.resolve().is_relative_to(ROOT), link
        inside = target.resolve().relative_to(ROOT)
        assert (PACKAGE.parent / inside if inside.parts[:1] == ("dedup",) else target).exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_map_of_the_house_names_what_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:dedup|tests|docs|website|seeds|benchmarks)/[\w./*-]*)`", text))
    made = {name for name in named if "NAME" in name}
    beside = {name: PACKAGE.parent if name.startswith("dedup/") else ROOT for name in named - made}
    assert {name for name, folder in beside.items() if not next(folder.glob(name.rstrip("/")), None)} == set()
    rooms = {f"dedup/{path.name}/" for path in PACKAGE.iterdir() if path.is_dir()}
    assert {room for room in rooms if "__" not in room} <= named, "a room that is not on the map"


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed: dict[str, set[str]] = {name: set() for name in map(_bare, project["dependencies"])}
    for extra, requirements in project["optional-dependencies"].items():
        for name in map(_bare, requirements):
            if name != project["name"]:
                listed.setdefault(name, set()).add(extra)
    page = rows((ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8"))
    assert set(page) == set(listed)
    for name, extras in listed.items():
        assert set(re.findall(r"`([\w-]+)`", page[name][1])) >= extras, name


def _bare(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def test_every_bound_names_tests_that_exist() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[^`]+)`", text))
    assert not [name for name in named if not (ROOT / name).exists()]
    tables = [part for part in text.split("\n\n") if part.startswith("| what | bound | tested in |")]
    rows = [row for table in tables for row in table.splitlines()[2:]]
    assert len(tables) == 2
    assert len(rows) > 40
    assert [row.split("|")[1].strip() for row in rows if "`tests/" not in row] == ["comparing"]  # no bound, by design
