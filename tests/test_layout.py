"""The layout of the package: what a module may import, that importing costs nothing, that none outgrows its idea.

Three rules hold for every module, and each test names all that break one: imports go down the table of `FLOORS` only,
also those inside functions and under `TYPE_CHECKING`; no two modules import each other, by whatever detour; a module
is under `LONGEST` lines and keeps no state.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx

import dedup
from dedup.cli.loading import PUT_OFF

PACKAGE = Path(str(dedup.__file__)).resolve().parent
LONGEST = 700
"""Lines that a module stays under; CONTRIBUTING says the same."""

FLOORS = """
errors progress comparison memory
formats
article settings embedding
config text
kinds
inputs
read vectorize
match
group
backends
background results
pipeline
archive estimators
report evaluation keep
index spark
client follow service engines
cli
__main__
__init__
"""
"""What the package stands on, from the ground up: a room imports from floors below its own, never beside or above."""

INDEX_FLOORS = """
store
inputs
boilerplate features growth search vocabulary
stories clock
compiling
queries state
embedding learning pages sync
withdrawals decisions
open_store
session
repair operations importing
reading
story_index
"""
"""The rooms and modules of `dedup.index`, from the ground up. Those on one floor may import from each other."""

HEAVY = [
    "numpy",
    "scipy",
    "sklearn",
    "datasketch",
    "pandas",
    "typer",
    "rich",
    "charset_normalizer",
    "joblib",
    "pyarrow",
    "pyspark",
    "fastapi",
    "uvicorn",
    "httpx",
    "prometheus_client",
    "numba",
    "pydantic",
    "lxml",
    "trafilatura",
    "jinja2",
    "psycopg",
]
"""Packages that importing dedup does not load."""

UNSAID = {"utils", "util", "helpers", "common", "core", "misc"}
"""Names that say nothing of what a module holds."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_by(source: str, known: frozenset[str]) -> Iterator[str]:
    """The modules of the package that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"a relative import of {node.module}"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:  # of a module, or of something in one
            yield from [module for module in (name, name.rpartition(".")[0]) if module in known][:1]


@cache
def imports() -> dict[str, frozenset[str]]:
    """For each module of the package those of the package that it imports."""
    known = frozenset(map(name_of, modules()))
    return {
        name_of(path): frozenset(imported_by(path.read_text(encoding="utf-8"), known)) - {name_of(path)}
        for path in modules()
    }


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def upward(arrows: dict[str, frozenset[str]]) -> list[str]:
    """Imports of a room from a floor that is not below its own."""
    floor = {room: number for number, line in enumerate(FLOORS.split("\n")) for room in line.split()}
    unknown = sorted({room_of(module) for module in arrows} ^ set(floor))
    assert not unknown, f"rooms that are on no floor, or not there: {unknown}"
    return [
        f"{module} -> {other}"
        for module, others in sorted(arrows.items())
        for other in sorted(others)
        if room_of(module) != room_of(other)
        and floor[room_of(other)] >= floor[room_of(module)]
        and other != "dedup"  # its version; the public names load when they are first used
    ]


def upward_in_index(arrows: dict[str, frozenset[str]]) -> list[str]:
    """Imports of a room of the index from a floor above its own."""
    floor = {f"dedup.index.{room}": n for n, line in enumerate(INDEX_FLOORS.split("\n")) for room in line.split()}
    inside = {module: ".".join(module.split(".")[:3]) for module in arrows if module.startswith("dedup.index.")}
    return [
        f"{module} -> {other}"
        for module, room in sorted(inside.items())
        for other in sorted(arrows[module])
        if other == "dedup.index" or (other in inside and floor[inside[other]] > floor[room])
    ]


def circles(arrows: dict[str, frozenset[str]]) -> list[list[str]]:
    """Groups of modules of which each can be reached from each other."""
    components = nx.strongly_connected_components(nx.DiGraph(arrows))
    return sorted(sorted(group) for group in components if len(group) > 1)


def without_the_door(arrows: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The imports but for those of the package itself, whose names load when they are first used."""
    return {module: others - {"dedup"} for module, others in arrows.items()}


def test_imports_go_down() -> None:
    assert upward(imports()) == []
    assert upward_in_index(imports()) == []


def test_no_modules_import_each_other() -> None:
    assert circles(without_the_door(imports())) == []


def test_the_rules_can_fail() -> None:
    assert upward({**imports(), "dedup.errors": frozenset({"dedup.cli.cluster"})}) == [
        "dedup.errors -> dedup.cli.cluster"
    ]
    assert upward({**imports(), "dedup.read.feed": frozenset({"dedup.vectorize.tfidf"})}) == [
        "dedup.read.feed -> dedup.vectorize.tfidf"
    ]
    assert upward_in_index({**imports(), "dedup.index.store.lock": frozenset({"dedup.index.queries"})}) == [
        "dedup.index.store.lock -> dedup.index.queries"
    ]
    arrows = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"b"}), "d": frozenset({"a"})}
    assert circles(arrows) == [["b", "c"]]
    source = "def late():\n    from dedup import errors\n\nif TYPE_CHECKING:\n    import dedup.read.feed"
    assert sorted(imported_by(source, frozenset({"dedup.errors", "dedup.read.feed"}))) == [
        "dedup.errors",
        "dedup.read.feed",
    ]


def test_a_module_has_one_idea() -> None:
    long = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines >= LONGEST} == {}
    assert [name for name in long if UNSAID & set(name.split("."))] == []


def loaded_by(program: str) -> set[str]:
    program += "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import dedup") & set(HEAVY)


def test_the_small_names_load_nothing_heavy() -> None:
    """An article or settings can be made without numpy."""
    made = "import dedup; dedup.Article(id='a', text='b'); dedup.Settings(); dedup.InputError"
    assert not loaded_by(made) & set(HEAVY)


NOT_FOR_A_SMALL_RUN = {
    *("sklearn", "datasketch", "pandas", "numba", "rich", "joblib", "pyarrow", "pydantic", "lxml", "jinja2"),
    *("scipy.sparse.csgraph", "scipy.sparse.linalg", "scipy.linalg", "scipy.special"),
    *("unittest", "email.parser", "markdown_it", "dedup.read.mail", "dedup.read.database", "dedup.read.warc"),
    *("dedup.cli.index", "dedup.cli.serve", "dedup.cli.evaluate", "dedup.index", "dedup.service"),
}
"""Modules that a run on a few plain texts does not load."""


def loaded_by_command(*arguments: str, folder: Path) -> set[str]:
    """The modules that a command has loaded when it ends, but for those whose loading was put off."""
    program = (
        "import sys; from dedup.cli import main; sys.argv[0] = 'dedup'\n"
        "try: main()\n"
        "finally:\n"
        "    found = (name for name, module in sys.modules.items() if type(module).__name__ != '_LazyModule')\n"
        "    print(*list(found), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return set(done.stderr.splitlines()[-1].split())


def test_a_small_run_loads_little(tmp_path: Path) -> None:
    for number, text in enumerate(("Fire broke out on the ferry on Monday.", "A bridge was opened in the town.")):
        (tmp_path / f"{number}.txt").write_text(text, encoding="utf-8")
    loaded = loaded_by_command("cluster", ".", folder=tmp_path)
    assert "dedup.pipeline" in loaded
    assert loaded & NOT_FOR_A_SMALL_RUN == set()
    assert {f"numpy.{part}" for part in PUT_OFF} & loaded == set()


def test_help_and_version_load_no_command(tmp_path: Path) -> None:
    for argument in ("--help", "--version"):
        loaded = loaded_by_command(argument, folder=tmp_path)
        assert loaded & {"numpy", "pydantic", "rich", "dedup.cli.cluster", "dedup.report", "dedup.read"} == set()


MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
CHANGING = {"append", "add", "update", "extend", "insert", "pop", "popitem", "clear", "remove", "discard", "setdefault"}


def state_of(source: str) -> Iterator[str]:
    """What in a module can change: a name assigned twice or by `global`, a list that is no constant or is changed.

    A constant is assigned once, in capitals (or is one of the package's own lists of names), and no function of the
    module changes it by a method, an item or `global`.
    """
    tree = ast.parse(source)
    held: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets: list[ast.expr] = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        yield from (f"{name} is assigned twice" for name in sorted(names & held))
        if isinstance(statement.value, MUTABLE):
            yield from (
                f"{name} is no constant" for name in names if not name.strip("_").isupper() | (name == "__all__")
            )
        held |= names
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"{node.names[0]} is changed by a function"
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            changed = node.func.value
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed = node.value
        else:
            continue
        if isinstance(changed, ast.Name) and changed.id in held:
            yield f"{changed.id} is changed"


def test_no_module_keeps_state() -> None:
    found = {name_of(path): [*state_of(path.read_text(encoding="utf-8"))] for path in modules()}
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert [*state_of("A = {}\n\ndef f():\n    A['a'] = 1\n    A.clear()\n\nb = []")] == [
        "b is no constant",
        "A is changed",
        "A is changed",
    ]
