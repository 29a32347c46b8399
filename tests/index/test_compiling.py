"""The kernels of an index are compiled when it is opened, and none while it is used."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import importlib

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
with StoryIndex.open(":memory:") as index:
    index.add({"id": "first", "text": "the and of to in"})
    before = compiled()
    index.add_many(articles)
    index.add_many({"id": str(n), "text": text} for n, text in enumerate([german, bodies["c"], bodies["c"] + " more"]))
    index.match({"title": "b of 9", "published": "2022-06-01", "text": bodies["b"] + " more"})
    index.match_many(articles[:90])
    index.remove("a1")
print(*sorted(name for name, signatures in before.items() if not signatures))
print(*(name for name, signatures in compiled().items() if signatures != before[name]))
"""


def test_no_kernel_is_compiled_after_an_index_is_opened() -> None:
    environment = {**os.environ, "DEDUP_KERNELS": "on"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    not_called, new = done.stdout.splitlines()
    assert not_called == "index.search.kernels.scan.any_prefix_agrees"  # for signatures shorter than a prefix
    assert not new
