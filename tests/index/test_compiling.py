"""The kernels of an index are compiled when it is opened, or beside it, and none while it is used."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from made_articles import stream

from dedup import StoryIndex
from dedup.backends import CompiledBackend, NumpyBackend
from dedup.index import compiling

PROGRAM = """
import importlib
import tempfile

import dedup.backends.compiled
from dedup import StoryIndex
from dedup.backends.twins import TWINS
from dedup.index import compiling

def compiled():
    found = {}
    for name in (name for twin in TWINS for name in twin.compiled()):
        module, _, function = name.rpartition(".")
        found[name] = [*getattr(importlib.import_module(f"dedup.{module}"), function).signatures]
    return found

compiling.is_compiled = dedup.backends.compiled.is_compiled = lambda *_: False
bodies = {name: " ".join(f"{name}word{at} {name.upper()}{at % 7}" for at in range(90)) for name in "abcdefgh"}
german = "der die das und nicht ist von mit den Paris 12 " * 9
articles = [
    {"id": f"{name}{day}", "title": f"{name} of {day}", "text": f"{body} on{day}", "published": f"2020-01-{day:02}"}
    for day in range(1, 29)
    for name, body in bodies.items()
]
store = tempfile.mkdtemp() + "/stories.db"
with StoryIndex.open(":memory:") as index:
    index.add({"id": "first", "text": "the and of to in"})
    before = compiled()
    index.add_many(articles)
    index.add_many({"id": str(n), "text": text} for n, text in enumerate([german, bodies["c"], bodies["c"] + " more"]))
    index.match({"title": "b of 9", "published": "2022-06-01", "text": bodies["b"] + " more"})
    index.match_many(articles[:90])
    index.add({"id": "twin", "title": "c of 3", "text": bodies["c"] + " on3", "published": "2020-01-03"})
    index.remove("c3")
    index.remove("a1")
    index.reconcile()
    index.rebuild()
with StoryIndex.open(store) as index:
    index.add_many([*articles, {"id": "german", "text": german}])
with StoryIndex.open(store) as index:
    index.add({"id": "twin", "title": "d of 3", "text": bodies["d"] + " on3", "published": "2020-01-03"})
with StoryIndex.open(store) as index:
    index.add({"id": "another", "text": german + " Wien 14"})
    index.remove("d3")
    index.update({**articles[0], "text": bodies["e"]})
    index.explain(articles[3]["id"], articles[4]["id"])
print(*sorted(name for name, signatures in before.items() if not signatures))
print(*(name for name, signatures in compiled().items() if signatures != before[name]))
"""


def test_no_kernel_is_compiled_after_an_index_is_opened() -> None:
    environment = {**os.environ, "DEDUP_KERNELS": "on"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    not_called, new = done.stdout.splitlines()
    assert not not_called
    assert not new


class FinishedCompiler:
    """A compiler that has finished as soon as a test says so."""

    finished: list[bool]

    def __init__(self, _: object) -> None:
        """Begin."""

    def wait(self, until: Callable[[], bool]) -> bool:
        while not (self.finished or until()):
            time.sleep(0.001)
        return True

    def close(self) -> None:
        """Do nothing."""


def compile_beside(monkeypatch: pytest.MonkeyPatch) -> Callable[[StoryIndex], None]:
    """Let an index of 60 articles have kernels compiled beside it; return what finishes that."""
    compiled = list[bool]()
    monkeypatch.delenv("DEDUP_KERNELS", raising=False)
    monkeypatch.setattr("dedup.backends.is_compiled", lambda _: bool(compiled))
    monkeypatch.setattr("dedup.backends.WORTH_COMPILING", 60)
    monkeypatch.setattr("dedup.index.state.WORTH_COMPILING", 60)
    monkeypatch.setattr(compiling, "is_compiled", lambda _: len(compiled) > 0)
    monkeypatch.setattr(compiling, "Compiler", FinishedCompiler)
    finished = FinishedCompiler.finished = list[bool]()

    def finish(index: StoryIndex) -> None:
        compiled.append(True)
        finished.append(True)
        assert index._session._preparation._thread is not None
        index._session._preparation._thread.join()

    return finish


def test_an_index_takes_kernels_over_while_articles_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [*stream(7, 200)]

    def stories(before_add: Callable[[StoryIndex, int], None]) -> list[object]:
        with StoryIndex.open(":memory:") as index:
            for number, article in enumerate(articles):
                before_add(index, number)
                index.add(article)
            return [*index.stories()]

    known: list[object] = stories(lambda *_: None)
    finish = compile_beside(monkeypatch)
    used = list[type]()

    def before_add(index: StoryIndex, number: int) -> None:
        used.append(type(index._session.state().backend))
        if number == 100:
            finish(index)

    assert stories(before_add) == known
    assert used[:101] == [NumpyBackend] * 101
    assert used[102:] == [CompiledBackend] * (len(articles) - 102)


def test_an_index_takes_kernels_over_while_articles_are_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [*stream(7, 80)]
    finish = compile_beside(monkeypatch)
    with StoryIndex.open(":memory:") as index:
        index.add_many(articles)
        before = index.match_many(articles)
        assert type(index._session.state().backend) is NumpyBackend
        finish(index)
        assert index.match_many(articles) == before
        assert type(index._session.state().backend) is CompiledBackend
