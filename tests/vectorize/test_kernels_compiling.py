"""When the kernels are used, and where their machine code is kept."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from kernel_twins import extractor

from dedup import backends
from dedup.backends import (
    WORTH_COMPILING,
    WORTH_LOADING,
    CompiledBackend,
    NumpyBackend,
    PlainBackend,
    TakeoverBackend,
    choose,
    form,
)
from dedup.errors import SettingsError
from dedup.settings import Settings
from dedup.vectorize.kernels import cache as stored
from dedup.vectorize.kernels.extractor import Extractor


@pytest.fixture
def loaded() -> Extractor:
    """The kernels, which came from wherever they are kept."""
    return extractor()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of the user's cache."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    stored.cache_folder.cache_clear()
    yield tmp_path / "cache"
    stored.cache_folder.cache_clear()


def test_the_variable_decides(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not cache.exists()
    monkeypatch.setenv("DEDUP_KERNELS", "off")
    assert form(10**9) == "plain"
    monkeypatch.setenv("DEDUP_KERNELS", " ON ")
    assert form(0) == "compiled"
    monkeypatch.setenv("DEDUP_KERNELS", "maybe")
    with pytest.raises(SettingsError, match="must be on, off or auto, not 'maybe'"):
        form(1)


@pytest.mark.parametrize("choice", [None, "", "auto"])
def test_else_the_size_of_the_job_does(cache: Path, monkeypatch: pytest.MonkeyPatch, choice: str | None) -> None:
    if choice is None:
        monkeypatch.delenv("DEDUP_KERNELS", raising=False)
    else:
        monkeypatch.setenv("DEDUP_KERNELS", choice)
    assert form(WORTH_COMPILING - 1) == "numpy"
    assert form(WORTH_COMPILING) == "takeover"
    folder = stored.cache_folder()
    assert folder is not None
    assert folder.is_relative_to(cache)
    (folder / "made.nbc").touch()
    assert form(WORTH_LOADING) == "numpy", "an earlier run may have been ended while it compiled"
    stored.mark_compiled()
    assert form(WORTH_LOADING) == "compiled"
    assert form(WORTH_LOADING - 1) == "numpy"


def test_without_a_compiler_there_are_no_kernels(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not cache.exists()
    monkeypatch.delenv("DEDUP_KERNELS", raising=False)
    monkeypatch.setattr(backends, "find_spec", lambda _: None)
    assert form(10**9) == "numpy"
    monkeypatch.setenv("DEDUP_KERNELS", "on")
    with pytest.raises(SettingsError, match="pip install numba"):
        form(1)


@pytest.mark.parametrize("count", [0, 1, WORTH_LOADING, WORTH_COMPILING, WORTH_COMPILING + 1])
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("choice", ["on", "off", "auto"])
def test_no_article_is_lost_while_the_form_is_chosen(
    count: int, compiled: bool, choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEDUP_KERNELS", choice)
    monkeypatch.setattr(backends, "is_compiled", lambda _: compiled)
    monkeypatch.setattr("dedup.backends.compiled.is_compiled", lambda: True)
    monkeypatch.setattr("dedup.backends.takeover.Compiler", lambda _: None)
    texts = [("title", str(number)) for number in range(count)]
    found, given = choose(iter(texts), Settings())
    assert list(given) == texts
    forms = {"plain": PlainBackend, "numpy": NumpyBackend, "takeover": TakeoverBackend, "compiled": CompiledBackend}
    assert type(found) is forms[form(count)]


def test_a_folder_that_cannot_be_written_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(file))
    stored.cache_folder.cache_clear()
    assert stored.cache_folder() is None
    assert not stored.is_compiled()
    stored.cache_folder.cache_clear()


def test_the_user_s_cache_is_taken_where_no_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    for platform, variable in (("win32", "LOCALAPPDATA"), ("linux", "XDG_CACHE_HOME")):
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setenv(variable, str(tmp_path / platform))
        stored.cache_folder.cache_clear()
        folder = stored.cache_folder()
        assert folder is not None
        assert folder.is_relative_to(tmp_path / platform / "story-dedup")
    stored.cache_folder.cache_clear()


def test_compiling_is_announced(loaded: Extractor, cache: Path) -> None:
    """Here nothing is compiled, for this process has the kernels already; what is told depends on the folder alone."""
    assert len(loaded.features([])) == 0
    assert not cache.exists()
    told: list[tuple[str, int, int]] = []
    CompiledBackend(Settings(threads=1), lambda *what: told.append(what))
    assert {stage for stage, _, _ in told} == {"compiling, once for this machine"}
    assert [done for _, done, _ in told] == list(range(14))
    assert {total for _, _, total in told} == {13}
    assert stored.is_compiled()
    CompiledBackend(Settings(threads=1), lambda *what: told.append(what))
    assert len(told) == 14


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to be changed."""
    source = Path(stored.__file__).parents[2]
    return Path(shutil.copytree(source, tmp_path / "dedup", ignore=shutil.ignore_patterns("*.pyc")))


def with_a_changed_constant(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)^([A-Z_]+) = ", r"\1 = 2 * ", source, count=1)
    assert count == 1
    path.write_text(changed, encoding="utf-8")


@pytest.mark.parametrize("name", ["match/copies.py", "match/stories.py", "text/document.py", "vectorize/exact.py"])
def test_a_constant_that_a_kernel_reaches_changes_the_digest(package: Path, name: str) -> None:
    before = stored.source_digest(package)
    with_a_changed_constant(package / name)
    assert stored.source_digest(package) != before


@pytest.mark.parametrize("name", ["text/alphabet.tsv", "index/features/kernels.py", "index/search/kernels/scan.py"])
def test_a_kernel_or_a_table_of_theirs_changes_the_digest(package: Path, name: str) -> None:
    before = stored.source_digest(package)
    with (package / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert stored.source_digest(package) != before


@pytest.mark.parametrize("name", ["cli/progress.py", "report/html/page.py", "keep/choice.py"])
def test_a_module_that_no_kernel_reaches_leaves_the_digest(package: Path, name: str) -> None:
    before = stored.source_digest(package)
    with_a_changed_constant(package / name)
    assert stored.source_digest(package) == before


def is_for_types(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"


def test_the_digest_follows_the_imports_that_python_sees(package: Path) -> None:
    """No module is missed by the regular expressions. They may find more, in a docstring for example."""
    sources = stored._sources(package)
    ahead = [name for name, source in sources.items() if b"@kept" in source or b"@kernel" in source]
    reached = set[str]()
    while ahead:
        module = ahead.pop()
        if module in sources and module not in reached:
            reached.add(module)
            statements = [one for one in ast.parse(sources[module]).body if not is_for_types(one)]
            for node in chain.from_iterable(map(ast.walk, statements)):
                if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("dedup."):
                    room = str(node.module).removeprefix("dedup").lstrip(".")
                    ahead += [room, *(f"{room}.{alias.name}".lstrip(".") for alias in node.names)]
    assert reached <= stored._reached(sources).keys()
    assert {"index.features.kernels", "index.search.kernels.scan", "text.alphabet"} <= reached


def test_machine_code_is_kept_and_found_again(tmp_path: Path) -> None:
    """Two processes: the second has nothing to compile. Neither changes where anyone else's code is kept."""
    program = (
        "import numba; before = numba.config.CACHE_DIR\n"
        "from dedup.vectorize.kernels import cache as stored, murmur\n"
        "ready = stored.is_compiled()\n"
        "assert murmur.hash_words(['mill']).tolist() == [3037678787], murmur.hash_words(['mill'])\n"
        "assert numba.config.CACHE_DIR == before\n"
        "stored.mark_compiled()\n"
        "print(ready, stored.is_compiled(), len(murmur.hash_block.stats.cache_hits))"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path), "HOME": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    said = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["False", "True", "0"], ["True", "True", "1"]]


def run_kernel(cache: Path, **environment: str | None) -> tuple[int, str]:
    """Run a kernel in a process, and return how often its code was found and what was logged."""
    program = (
        "from dedup.vectorize.kernels import murmur\n"
        "assert murmur.hash_words(['mill']).tolist() == [3037678787]\n"
        "print(len(murmur.hash_block.stats.cache_hits))"
    )
    given = {**os.environ, "NUMBA_CACHE_DIR": str(cache), **environment}
    variables = {name: value for name, value in given.items() if value is not None}
    # `lastResort` is not used below the package's NullHandler: log to stderr as an application does.
    program = f"import logging; logging.basicConfig()\n{program}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=variables)
    return int(done.stdout), done.stderr


def test_damaged_machine_code_is_thrown_away_and_compiled_again(tmp_path: Path) -> None:
    assert run_kernel(tmp_path) == (0, "")
    assert run_kernel(tmp_path) == (1, "")
    (folder,) = tmp_path.iterdir()
    damages: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda _: b"",
        "halved": lambda content: content[: len(content) // 2],
        "zeros": lambda content: bytes(len(content)),
        "garbled": lambda content: content[:-99] + bytes(byte ^ 0x5A for byte in content[-99:]),
        "extended": lambda content: content + b"x",
    }
    for kind in ("*.nbi", "*.nbc"):
        for name, damage in damages.items():
            for path in folder.rglob(kind):
                path.write_bytes(damage(path.read_bytes()))
            hits, logged = run_kernel(tmp_path)
            assert hits == 0, (kind, name)
            assert logged.count("\n") == 1, (kind, name, logged)
            assert f"{folder}: the stored machine code is damaged" in logged
        assert run_kernel(tmp_path) == (1, ""), kind


def test_a_cache_whose_files_became_folders_is_not_used(tmp_path: Path) -> None:
    run_kernel(tmp_path)
    (folder,) = tmp_path.iterdir()
    for path in [*folder.rglob("*.nb?")]:
        path.unlink()
        path.mkdir()
    hits, logged = run_kernel(tmp_path)
    assert hits == 0
    assert logged.count("\n") == 1
    shutil.rmtree(folder)
    folder.touch()
    assert run_kernel(tmp_path) == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are those of POSIX")
def test_only_the_user_may_enter_the_cache(cache: Path) -> None:
    folder = stored.cache_folder()
    assert folder is not None
    assert folder.parent == cache
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    stored.cache_folder.cache_clear()
    assert stored.cache_folder() == folder
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="users without a name are those of POSIX")
def test_a_user_without_a_home_folder_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    stored.cache_folder.cache_clear()
    assert stored.cache_folder() is None
    monkeypatch.setattr(sys, "platform", "darwin")
    stored.cache_folder.cache_clear()
    assert stored.cache_folder() is None
    stored.cache_folder.cache_clear()
