"""Mutation tests of the core: `python tests/mutation.py --count 40`.

For each package a random sample of changes is drawn. Each is tried in a process forked from one with the libraries
loaded, on the plain backend only, with the tests of the package that use no kernel; other tests compare kernels with
the plain backend. Tests that name the module run first, and the first failure ends the trial. Surviving changes are
printed: either they alter nothing, or a test is missing.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "group": ("test_linkage.py", "test_cut.py", "test_groups_of_copies.py"),
    "match": (
        *("test_stories.py", "test_copies.py", "test_templates.py", "test_crowding.py", "test_scores.py"),
        *("test_probability.py", "test_opinion.py", "test_passages.py", "test_mentions.py"),
    ),
    "text": (
        *("test_alphabet.py", "test_dateline.py", "test_document.py", "test_normal.py", "test_spans.py"),
        *("test_token_properties.py", "test_tokens.py"),
    ),
    "vectorize": (
        *("test_reference.py", "test_hashing.py", "test_exact.py", "test_background_tables.py", "test_boilerplate.py"),
        *("test_misplaced_body.py", "test_cross_lingual.py", "test_frequencies.py", "test_language.py"),
        "test_features.py",
    ),
}
"""The tested packages, and the tests of their plain backend."""

_NO_CORE = ("__init__", "build_")
"""Prefixes of modules to skip, because they only run when a table is built."""

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.Pow: ast.Mult,
}  # fmt: skip


_TOO_LONG = (signal.SIGALRM, signal.SIGXCPU, signal.SIGKILL)


@dataclass(frozen=True)
class Mutant:
    """A change of a module."""

    module: str
    line: int
    before: str
    after: str
    code: str


def mutants(path: Path) -> Iterator[Mutant]:
    """Return all changes of a module."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    typed = {id(inner) for node in ast.walk(tree) for outer in _annotations(node) for inner in ast.walk(outer)}
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in typed:
            continue
        for number, _ in enumerate(_changed(node)):
            changed = copy.deepcopy(tree)
            target = next(one for at, one in enumerate(ast.walk(changed)) if at == place)
            before = ast.unparse(target)
            list(_changed(target))[number](target)  # type: ignore[operator]
            yield Mutant(module, node.lineno, before, ast.unparse(target), ast.unparse(changed))  # type: ignore[attr-defined]


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        if (outer := getattr(node, name, None)) is not None:
            yield outer


def _changed(node: ast.AST) -> Iterator[object]:
    """Return the changes of a node, as functions."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        yield lambda one: one.ops.__setitem__(0, _COMPARISONS[type(one.ops[0])]())
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATORS and not _is_text(node):
        yield lambda one: setattr(one, "op", _OPERATORS[type(one.op)]())
    elif isinstance(node, ast.BoolOp):
        yield lambda one: setattr(one, "op", ast.Or() if isinstance(one.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield (
            lambda one: (
                setattr(one, "op", ast.UAdd())
                if isinstance(one.op, ast.Invert)
                else setattr(one, "operand", ast.UnaryOp(ast.Not(), one.operand))
            )
        )
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda one: setattr(one, "value", one.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda one: setattr(one, "value", not one.value)


def _is_text(node: ast.BinOp | ast.AugAssign) -> bool:
    held = (getattr(node, "left", None), getattr(node, "right", None), getattr(node, "value", None))
    return any(
        isinstance(one, ast.JoinedStr) or (isinstance(one, ast.Constant) and isinstance(one.value, str | bytes))
        for one in held
    )


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):  # type: ignore[misc] # of its own bases
    """Import one module with a change."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - the form of it
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        if found is not None:
            found.loader = self
        return found

    def get_filename(self, fullname: str) -> str:
        return f"{fullname} as changed"

    def get_data(self, path: str | bytes) -> bytes:  # noqa: ARG002
        return self._mutant.code.encode()


def in_order(module: str, tests: Sequence[Path]) -> list[str]:
    """Return the tests of a package: those that name the module first, shorter ones first."""
    told = {path: path.read_text(encoding="utf-8") for path in tests}
    return [str(path) for path in sorted(tests, key=lambda path: (module not in told[path], len(told[path])))]


def is_noticed(mutant: Mutant | None, tests: Sequence[str], seconds: int) -> str:
    """Return "killed" if a test fails, "slow" after too much processor time, else "alive"."""
    child = os.fork()
    if not child:
        os.setsid()
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1), os.dup2(quiet, 2)
        signal.alarm(20 * seconds)  # for what waits for ever
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os.environ["DEDUP_KERNELS"] = "off"
        if mutant:
            sys.meta_path.insert(0, _Changed(mutant))
        import hypothesis
        import pytest

        hypothesis.settings.register_profile("few", max_examples=20, deadline=None, database=None)
        hypothesis.settings.load_profile("few")
        try:
            code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore", *tests]))
        except BaseException:
            code = 1
        os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "slow" if os.WTERMSIG(status) in _TOO_LONG else "killed"
    return "killed" if os.WEXITSTATUS(status) else "alive"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40, help="changes of each room that are tried")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rooms", nargs="*", default=list(ROOMS), choices=ROOMS)
    parser.add_argument("--seconds", type=int, default=120, help="of processor time, after which one counts as noticed")
    chosen = parser.parse_args()
    for heavy in ("numpy", "scipy.sparse", "sklearn.feature_extraction.text", "datasketch", "pytest", "hypothesis"):
        __import__(heavy)
    for room in chosen.rooms:
        paths = [path for path in sorted((ROOT / "dedup" / room).glob("*.py")) if not path.stem.startswith(_NO_CORE)]
        tests = [ROOT / "tests" / room / name for name in ROOMS[room]]
        if is_noticed(None, list(map(str, tests)), chosen.seconds) != "alive":
            print(f"{room}: its tests fail as they are, or take more than {chosen.seconds} s")  # noqa: T201
            return 2
        every = [mutant for path in paths for mutant in mutants(path)]
        drawn = random.Random(chosen.seed).sample(every, min(chosen.count, len(every)))  # noqa: S311 - a sample
        counts = dict.fromkeys(("killed", "slow", "alive"), 0)
        began = time.monotonic()
        for mutant in drawn:
            outcome = is_noticed(mutant, in_order(mutant.module, tests), chosen.seconds)
            counts[outcome] += 1
            if outcome == "alive":
                print(f"alive  {mutant.module}:{mutant.line}  {mutant.before}  ->  {mutant.after}", flush=True)  # noqa: T201
        spent, noticed = time.monotonic() - began, counts["killed"] + counts["slow"]
        score = f"{noticed} of {len(drawn)} noticed ({noticed / len(drawn):.1%})"
        print(f"{room}: {score}, of {len(every)} changes, seed {chosen.seed}: {counts}, {spent:.0f} s", flush=True)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
