"""Cluster files in a Spark session of its own, for `dedup cluster --engine spark`."""

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
"""Spark's format for each suffix; a suffix of compression may follow."""
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
    """Cluster the articles of files and write a row per article.

    Args:
        paths: files or folders, all of one format; a folder without a suffix holds Parquet.
        output: a new folder; its suffix determines the format.
        settings: how articles are compared.
        master: URL of the Spark master, "" for that of Spark's configuration.
        fields: our name -> theirs.
        folder: where checkpoints are written, see `cluster`.
        against: files of an archive, see `cluster_against`; only rows of new articles are written then.

    Returns:
        The number of rows written.

    Raises:
        InputError: the format is unknown, there are several, or the output exists.
        EngineError: Spark failed or cannot start.
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
        # By default Spark creates this folder in the current one.
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
    """Read files of one format; a column that a file lacks is null there.

    Raises:
        InputError: the format is unknown, or there are several.
        EngineError: Spark cannot read them.
    """
    from dedup.spark.checkpoints import spark_errors

    kind = _kind(paths)
    with spark_errors("reading the input"):
        return spark.read.format(kind).options(**_OPTIONS[kind]).load(list(paths))


def write_file(found: DataFrame, output: str) -> None:
    """Write rows into a new folder, in the format of its suffix.

    Raises:
        InputError: the format is unknown.
        EngineError: Spark cannot write them.
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
        raise InputError(f"{output!r} has no known suffix: it must end in {', '.join(FORMATS)}")
    return kind


def _format(path: str) -> str | None:
    ends = [end.lower() for end in PurePath(path).suffixes]
    while ends and ends[-1] in _PACKINGS:
        ends.pop()
    if not ends:
        return None
    if ends[-1] not in FORMATS:
        raise InputError(f"Spark cannot read or write {path!r} here: only {', '.join(FORMATS)}")
    return FORMATS[ends[-1]]


def _exists(spark: SparkSession, path: str) -> bool:
    from dedup.spark.checkpoints import jvm_of

    held = jvm_of(spark).org.apache.hadoop.fs.Path(path)
    return bool(held.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).exists(held))
