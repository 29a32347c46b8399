"""The rooms of the house: what each module may import, that importing costs nothing, that nothing outgrows its idea."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dedup

PACKAGE = Path(str(dedup.__file__)).resolve().parent
MODULES = sorted(PACKAGE.rglob("*.py"))

ROOMS = {
    # room: the rooms it may import from, besides itself
    "errors": "",
    "article": "errors",
    "likeness": "",
    "naming": "",
    "quote": "",
    "spreadsheet": "",
    "dates": "quote",
    "holdable": "",
    "record": "errors article dates holdable quote",
    "settings": "errors quote",
    "sources": "errors article quote settings",
    "whole": "errors",
    "clustering": "errors article likeness settings notebook",
    "notebook": "clustering",
    "read": "errors article record dates holdable quote whole",
    "text": "errors",
    "vectorize": "errors text settings",
    "match": "errors likeness text settings clustering vectorize",
    "group": "errors clustering vectorize match",
    "collection": "errors article record holdable text group",
    "background": "errors vectorize match",
    "steps": "errors settings clustering text vectorize match group",
    "evidence": "errors article settings clustering text vectorize match group collection assemble explain",
    "assemble": "errors article settings clustering text vectorize match group collection evidence",
    "explain": "errors article settings clustering text vectorize match group collection evidence",
    "pipeline": "errors article settings clustering text vectorize match group collection background steps evidence",
    "estimators": "errors article settings clustering record text vectorize match group collection steps pipeline",
    "index": (
        "errors article settings clustering record dates quote text vectorize match group collection background steps"
        " evidence assemble pipeline"
    ),
    "client": "errors article clustering likeness index",
    "service": "__init__ errors article quote settings sources clustering pipeline provenance index report",
    "engines": "errors article settings record naming text vectorize match group collection background assemble steps",
    "archive": "errors article settings clustering naming quote read spreadsheet collection pipeline",
    "provenance": "errors article likeness clustering text match collection",
    "portable": "errors article clustering vectorize group collection evidence",
    "heaviest": "text vectorize collection evidence",
    "report": (
        "__init__ errors article likeness settings clustering match collection assemble provenance portable heaviest"
        " archive spreadsheet"
    ),
    "keep": "errors article clustering read archive report whole",
    "evaluate": "errors article clustering",
    "judging": "errors clustering group vectorize portable evaluate quote report",
    "cli": (
        "__init__ errors article dates settings sources whole clustering read archive evaluate report judging keep"
        " index engines service"
    ),
    "__main__": "cli",
    "__init__": (
        "errors article record settings sources clustering read background pipeline archive estimators evaluate"
        " likeness provenance judging index client"
    ),
}
"""The table of the house, as built. Reading a record is `collection`'s business too, since a caller may pass mappings;
the key that it orders articles by is `group`'s; `match` needs the words of documents; the command and the reports ask
the public door for its version; collection, steps, evidence, assemble and explain are the pipeline's own layer; of
what runs on an engine the command alone knows."""

HEAVY = [
    "numpy",
    "scipy",
    "sklearn",
    "datasketch",
    "pandas",
    "typer",
    "rich",
    "dateutil",
    "charset_normalizer",
    "joblib",
    "pyarrow",
    "pyspark",
    "fastapi",
    "uvicorn",
    "httpx",
    "prometheus_client",
]


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> Iterator[str]:
    """The rooms a module imports from, also inside functions and for type checking."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names]
                if node.module == "dedup"
                else [str(node.module)]
            )
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "dedup":
                yield (
                    parts[1]
                    if len(parts) > 1 and (PACKAGE / parts[1]).exists() | (PACKAGE / f"{parts[1]}.py").exists()
                    else "__init__"
                )


def test_every_module_is_in_a_room_of_the_table() -> None:
    assert {room_of(path) for path in MODULES} == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_from_those_it_may(path: Path) -> None:
    allowed = {*ROOMS[room_of(path)].split(), room_of(path)}
    assert set(imported_rooms(path)) <= allowed


def test_the_table_allows_nothing_that_is_not_there() -> None:
    assert all(set(rooms.split()) <= set(ROOMS) for rooms in ROOMS.values())


def test_rooms_are_in_order() -> None:
    """But for evidence and its two readers, and what a clustering shows of itself, no two rooms import each other."""
    layer = {"evidence", "assemble", "explain"}, {"clustering", "notebook"}
    for room, others in ROOMS.items():
        for other in others.split():
            assert room not in ROOMS[other].split() or any({room, other} <= one for one in layer), (room, other)


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, dedup; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & set(HEAVY)


def test_the_small_names_load_nothing_heavy() -> None:
    """An article or settings can be made without numpy."""
    program = (
        "import sys, dedup; dedup.Article(id='a', text='b'); dedup.Settings(); dedup.InputError;"
        " print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & set(HEAVY)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_has_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400
    assert not {"utils", "util", "helpers", "common", "core", "misc"} & set(
        path.relative_to(PACKAGE).with_suffix("").parts
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_keeps_state(path: Path) -> None:
    """No list, dictionary or set at module level that anything could change: those there are constants by name.

    A constant is assigned once, in capitals (or is one of the package's own lists of names), and no function of the
    module changes it by a method, an item or `global`.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    mutable = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    held: set[str] = set()
    for statement in tree.body:
        targets = (
            statement.targets
            if isinstance(statement, ast.Assign)
            else [statement.target]
            if isinstance(statement, ast.AnnAssign)
            else []
        )
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        for name in names:
            assert name not in held, f"{name} is assigned twice"
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, mutable):
            assert all(name.strip("_").isupper() or name == "__all__" for name in names), names
        held |= names
    changing = {
        "append",
        "add",
        "update",
        "extend",
        "insert",
        "pop",
        "popitem",
        "clear",
        "remove",
        "discard",
        "setdefault",
    }
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Global), "a function that changes a module's name"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in changing:
            changed = node.func.value
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed = node.value
        else:
            continue
        if isinstance(changed, ast.Name):
            assert changed.id not in held, f"{changed.id} is changed"
