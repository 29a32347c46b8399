"""From files to files: what `dedup cluster --engine spark` does, in a session of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dedup.errors import InputError, MissingDependencyError
from dedup.settings import Settings
from dedup.spark import cluster, cluster_against

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FORMATS = {".parquet": "parquet", ".orc": "orc", ".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "csv"}
"""By the end of a name, before that of a packing, what Spark is to read or write it as."""
_PACKINGS = {".gz", ".bz2", ".zst"}
_OPTIONS: dict[str, dict[str, str]] = {
    "parquet": {"mergeSchema": "true"},
    "orc": {"mergeSchema": "true"},
    "json": {},
    "csv": {"header": "true", "multiLine": "true", "escape": '"'},
}


def cluster_files(
    paths: Sequence[str],
    output: str,
    settings: Settings,
    *,
    master: str = "",
    fields: Mapping[str, str] | None = None,
    folder: str | None = None,
    against: Sequence[str] = (),
) -> int:
    """Clusters what is in files, and writes a row for each article.

    Args:
        paths: files or folders that Spark reads, all of one format; a folder without an ending holds Parquet.
        output: a folder that is not there yet; its ending says what is written into it.
        settings: how articles are compared.
        master: where Spark runs, "" where its own configuration says so.
        fields: our name -> theirs.
        folder: where the steps of the run are kept, see `cluster`.
        against: files with an archive, see `cluster_against`; with them rows of the new articles alone are written.

    Returns:
        How many rows were written.

    Raises:
        InputError: the formats are unknown or several, or the output is there.
        EngineError: Spark failed, or cannot be started.
        MissingDependencyError: pyspark is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingDependencyError("--engine spark", "pyspark", extra="spark") from error
    from dedup.spark.checkpoints import spark_errors

    _kind(paths), _written(output)
    if against:
        _kind(against)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("dedup").config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.io.compression.codec", "zstd")
    with ExitStack() as stack:
        # Spark makes this folder, where it is not told another, in the one it is started from.
        warehouse = stack.enter_context(TemporaryDirectory(prefix="dedup-spark-"))
        builder = builder.config("spark.sql.warehouse.dir", f"file://{warehouse}/tables")
        with spark_errors("starting Spark (it needs Java 17 or later)"):
            spark = (builder.master(master) if master else builder).getOrCreate()
        stack.callback(spark.stop)
        frame = read_files(spark, paths)
        if _exists(spark, output):
            raise InputError(f"{output} is there already: give the name of a folder that is not")
        if folder is None and str(spark.sparkContext.master).startswith("local"):
            folder = f"file://{warehouse}/steps"
        if against:
            archive = read_files(spark, against)
            found = cluster_against(frame, archive, settings, fields=fields, folder=folder)
            found = found.where("status != 'archived'")
        else:
            found = cluster(frame, settings, fields=fields, folder=folder)
        write_file(found, output)
        return int(found.count())


def read_files(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """The rows of files of one format; columns that some of them lack are null there.

    Raises:
        InputError: their format is unknown, or there are several.
        EngineError: Spark cannot read them.
    """
    from dedup.spark.checkpoints import spark_errors

    kind = _kind(paths)
    with spark_errors("reading the input"):
        return spark.read.format(kind).options(**_OPTIONS[kind]).load(list(paths))


def write_file(found: DataFrame, output: str) -> None:
    """Writes rows into a folder that is not there yet, as its ending says.

    Raises:
        InputError: it says nothing.
        EngineError: Spark cannot write it.
    """
    from dedup.spark.checkpoints import spark_errors

    kind = _written(output)
    with spark_errors("writing the output"):
        found.write.format(kind).options(**({"header": "true"} if kind == "csv" else {})).save(output)


def _kind(paths: Sequence[str]) -> str:
    kinds = {_format(path) or "parquet" for path in paths}
    if len(kinds) != 1:
        raise InputError(f"Spark reads files of one format at a time, not {', '.join(sorted(kinds))}")
    return kinds.pop()


def _written(output: str) -> str:
    kind = _format(output)
    if kind is None:
        raise InputError(f"{output!r} does not say what to write: it must end in {', '.join(FORMATS)}")
    return kind


def _format(path: str) -> str | None:
    ends = [end.lower() for end in PurePath(path).suffixes]
    while ends and ends[-1] in _PACKINGS:
        ends.pop()
    if not ends:
        return None
    if ends[-1] not in FORMATS:
        raise InputError(f"Spark is not asked to read or write {path!r} here: only {', '.join(FORMATS)}")
    return FORMATS[ends[-1]]


def _exists(spark: SparkSession, path: str) -> bool:
    from dedup.spark.checkpoints import jvm_of

    held = jvm_of(spark).org.apache.hadoop.fs.Path(path)
    return bool(held.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).exists(held))
