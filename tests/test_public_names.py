"""The public names of `dedup`."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest

import dedup

NAMES = [name for name in dedup.__all__ if name != "__version__"]


def type_checking_imports() -> list[tuple[str, str, str | None]]:
    """Return (module, name, as) of the imports for type checkers."""
    tree = ast.parse(Path(str(dedup.__file__)).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    assert isinstance(block.test, ast.Name)
    assert block.test.id == "TYPE_CHECKING"
    found = []
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        found += [(str(node.module), alias.name, alias.asname) for alias in node.names]
    return found


def test_all_is_in_order_and_names_nothing_twice() -> None:
    assert dedup.__all__[0] == "__version__"
    assert sorted(NAMES) == NAMES
    assert len(set(dedup.__all__)) == len(dedup.__all__)


def test_type_checkers_see_the_same_names_from_the_same_places() -> None:
    imports = type_checking_imports()
    assert sorted(name for _, name, _ in imports) == NAMES
    for module, name, renamed in imports:
        assert renamed == name, "an import that type checkers would not take as public"
        assert getattr(dedup, name) is getattr(import_module(module), name)


def test_what_is_visible_is_public_or_a_module() -> None:
    """In a new interpreter, before and after using every name."""
    program = """
import types, dedup
public = set(dedup.__all__)
before = {name for name in dir(dedup) if not name.startswith("_")}
for name in dedup.__all__:
    getattr(dedup, name)
extra = {name for name in dir(dedup) if not name.startswith("_")} - public
modules = {name for name in extra if isinstance(getattr(dedup, name), types.ModuleType)}
print(sorted(before - public), sorted(extra - modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = done.stdout.strip().split("] ")
    assert before + "]" == "['Any', 'TYPE_CHECKING', 'annotations', 'import_module']"
    assert after == "['Any', 'TYPE_CHECKING', 'annotations', 'import_module']"


def test_no_public_name_is_that_of_a_module() -> None:
    """An imported module would replace the name."""
    modules = {path.name.removesuffix(".py") for path in Path(str(dedup.__file__)).parent.iterdir()}
    assert not modules & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_says_what_it_is(name: str) -> None:
    value = getattr(dedup, name)
    assert value.__name__ == name
    assert (value.__doc__ or "").strip()
    assert not value.__doc__.startswith(f"{name}("), "a docstring that dataclass wrote"
    if inspect.isclass(value):
        for member, what in vars(value).items():
            if not member.startswith("_") and (inspect.isfunction(what) or isinstance(what, property | classmethod)):
                assert inspect.getdoc(getattr(value, member)), f"{name}.{member}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'dedup' has no attribute 'clutser'"):
        dedup.clutser  # noqa: B018 - to look is the test
    assert not hasattr(dedup, "__wrapped__")


def test_everything_can_be_listed_and_starred() -> None:
    assert set(dedup.__all__) <= set(dir(dedup))
    namespace: dict[str, object] = {}
    exec("from dedup import *", namespace)  # noqa: S102 - a star cannot be imported inside a function
    assert set(dedup.__all__) <= set(namespace)


def test_the_version_is_the_distributions() -> None:
    try:
        installed = metadata.version("story-dedup")
    except metadata.PackageNotFoundError:
        pytest.skip("story-dedup is not installed here, only its folder is on the path")
    assert installed == dedup.__version__
