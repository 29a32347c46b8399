"""The temporary folder of a run exists exactly as long as its result can be read."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dedup.spark.job import own_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]


class Context:
    """Stands in for the Spark context."""


@contextmanager
def used(context: Context) -> Iterator[Path]:
    with own_folder(context) as address:
        yield Path(address.removeprefix("file://"))


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_exists_until_the_context_ends() -> None:
    context = Context()
    with used(context) as folder:
        (folder / "step").mkdir()
    assert folder.is_dir()
    del context
    assert not folder.exists()


def test_the_folder_is_removed_after_an_error() -> None:
    context, folders = Context(), []

    def run() -> None:
        with used(context) as folder:
            folders.append(folder)
            (folder / "step").mkdir()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert not folders[0].exists()


def test_the_folder_is_removed_when_python_ends_but_not_a_child(tmp_path: Path) -> None:
    program = """
import os, sys
from dedup.spark.job import own_folder
class Context: pass
context = Context()
with own_folder(context) as address:
    folder = address.removeprefix("file://")
if not os.fork():
    sys.exit()
os.wait()
print(os.path.isdir(folder))
"""
    if not hasattr(os, "fork"):
        pytest.skip("this system forks no processes")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "True\n"
    assert not list(tmp_path.glob("dedup-spark-*"))


@pytest.mark.usefixtures("warnings_of_spark")
def test_a_run_that_fails_leaves_no_folder(spark: SparkSession, temporary: Path) -> None:
    from dedup.errors import InputError
    from dedup.spark import cluster

    frame = spark.createDataFrame([(1, 2)], "x int, y int")
    with pytest.raises(InputError, match="no column holds a text"):
        cluster(frame)
    assert not list(temporary.glob("dedup-spark-*"))
