"""A run that begins before its kernels are compiled, and the process that compiles them."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import few_kernels
import pytest
from made_articles import stream

import dedup
from dedup import Settings, cluster
from dedup.backends import CompiledBackend, NumpyBackend, TakeoverBackend, takeover
from dedup.backends.compiler import Compiler
from dedup.vectorize.kernels import cache as stored


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of the user's cache."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    stored.cache_folder.cache_clear()
    yield tmp_path / "cache"
    stored.cache_folder.cache_clear()


def ended(compiler: Compiler) -> bool:
    compiler.wait(lambda: False)
    return not compiler.is_working()


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="ascii")


ARTICLES = [*stream(5, 260)]


def links(found: dedup.Clustering) -> list[object]:
    return [*found.stories, *found.links]


@pytest.fixture(scope="module")
def expected() -> list[object]:
    return links(cluster(ARTICLES))


@pytest.mark.parametrize("number", [0, 1, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 17, 19, 22, 1_000])
def test_kernels_may_take_over_before_any_step(
    number: int, expected: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()
    backends = list[TakeoverBackend]()

    def has_kernels(_: TakeoverBackend, step: str) -> bool:
        asked.append(step)
        return len(asked) > number

    def choose(articles: object, settings: Settings, _: object) -> tuple[TakeoverBackend, object]:
        backends.append(TakeoverBackend(settings))
        return backends[0], articles

    monkeypatch.setattr(takeover, "Compiler", lambda _: None)
    monkeypatch.setattr(TakeoverBackend, "_has_kernels", has_kernels)
    monkeypatch.setattr("dedup.pipeline.choose", choose)
    assert links(cluster(ARTICLES)) == expected
    assert asked[0] == "blocks"
    assert {"features", "story_pairs", "average_linkage", "cut"} <= {*asked}


def test_every_step_that_has_kernels_can_be_taken_over() -> None:
    steps = {name for name in vars(CompiledBackend) if not name.startswith("_")}
    assert steps <= {*vars(TakeoverBackend)}
    marked = [name for names in CompiledBackend(Settings(threads=1))._call_all() for name in names]
    assert sorted(marked) == sorted(steps), "what is compiled first is what is used first"
    assert issubclass(TakeoverBackend, NumpyBackend)


def test_another_process_compiles(cache: Path) -> None:
    compiler = Compiler(few_kernels.compile_few)
    assert compiler.wait(lambda: stored.is_compiled("few"))
    assert ended(compiler)
    assert [*cache.rglob("*.nbc")]
    assert not [*cache.rglob("*.tmp.*")]


def test_two_processes_compile_at_once(cache: Path) -> None:
    compilers = [Compiler(few_kernels.compile_few) for _ in range(2)]
    assert all(map(ended, compilers))
    assert stored.is_compiled("few")
    assert len([*cache.rglob("*.nbc")]) == 1


@pytest.mark.skipif(os.name != "posix", reason="the limit is that of POSIX")
def test_on_a_full_disk_there_are_no_kernels_and_a_warning(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "dedup.kernels"):
        assert ended(Compiler(few_kernels.compile_on_a_full_disk))
    assert not stored.is_compiled("few")
    assert [record.message.count("\n") for record in caplog.records] == [0]
    assert "dedup kernels compile" in caplog.text
    assert cache.exists()


def test_a_killed_compiler_is_noticed_and_leaves_no_zombie(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    compiler = Compiler(few_kernels.compile_for_ever)
    assert compiler.is_working()
    assert compiler._process is not None
    number = compiler._process.pid
    compiler._process.kill()
    with caplog.at_level(logging.WARNING, "dedup.kernels"):
        assert not compiler.wait(lambda: False)
    assert "could not be compiled" in caplog.text
    with pytest.raises(ChildProcessError):
        os.waitpid(number, os.WNOHANG)
    assert cache.exists()


def test_the_compiler_ends_when_it_is_no_longer_wanted(cache: Path) -> None:
    compiler = Compiler(few_kernels.compile_for_ever)
    assert compiler._process is not None
    number = compiler._process.pid
    del compiler
    with pytest.raises(ChildProcessError):
        os.waitpid(number, os.WNOHANG)
    assert cache.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="states of processes are read from /proc")
@pytest.mark.parametrize("way", ["return", "os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_the_compiler_ends_with_its_parent(cache: Path, way: str) -> None:
    program = (
        "import os, time, few_kernels\n"
        "from dedup.backends.compiler import Compiler\n"
        "compiler = Compiler(few_kernels.compile_for_ever)\n"
        "time.sleep(1)\n"
        "print(compiler.is_working(), compiler._process.pid, flush=True)\n" + ("" if way == "return" else way)
    )
    path = os.pathsep.join([*filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == (-signal.SIGKILL if "kill" in way else 0)
    assert not done.stderr
    working, number = done.stdout.split()
    assert working == "True"
    until = time.monotonic() + 30
    while is_running(int(number)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(int(number))
    assert cache.exists()


def test_nothing_is_imported_from_the_current_folder(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("numba", "numpy", "dedup", "random"):
        (tmp_path / f"{name}.py").write_text("open('imported', 'w')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert ended(Compiler(few_kernels.compile_few))
    assert stored.is_compiled("few")
    assert not (tmp_path / "imported").exists()
    assert cache.exists()


def test_where_nothing_can_be_written_a_process_compiles_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(file))
    for function in (stored.cache_folder, stored._temporary_folder):
        function.cache_clear()
    try:
        assert stored.cache_folder() is None
        folder = stored.working_folder()
        assert folder is not None
        compiler = Compiler(few_kernels.compile_few)
        assert compiler.wait(lambda: stored.is_compiled("few"))
        assert [*folder.rglob("*.nbc")]
        assert ended(compiler)
        stored._remove_if(os.getpid() + 1, folder.parent)
        assert folder.exists()
        stored._remove_if(os.getpid(), folder.parent)
        assert not folder.parent.exists()
        monkeypatch.setattr("tempfile.tempdir", str(file))
        stored._temporary_folder.cache_clear()
        assert stored.working_folder() is None
        assert not Compiler(few_kernels.compile_few).is_working()
    finally:
        for function in (stored.cache_folder, stored._temporary_folder):
            function.cache_clear()
