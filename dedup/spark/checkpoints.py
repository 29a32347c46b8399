"""Checkpoints between steps: an interrupted run resumes, and lost rows are detected.

Every step is a folder of Parquet files, and a JSON note that is written last: number of rows, schema, seconds. A step
with a note is read, not computed again.

Steps of large rows are bucketed by home or by task. Spark uses bucketing only for tables of its catalog, so such a
folder is an external table of the session during the run.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dedup.errors import EngineError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

_LOG = logging.getLogger("dedup.spark")
_RUN = "run"


@contextmanager
def spark_errors(what: str) -> Iterator[None]:
    """Convert errors of Spark to `EngineError`, in one line without the Java and Python stacks.

    Raises:
        EngineError: Spark failed.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise EngineError(f"{what} failed: {_reason(str(error))}") from error


def _reason(message: str) -> str:
    """Return the last error of the Python traceback, else of the Java one, else the first line."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    error = re.compile(r"(?!\S*PythonException)(\w+\.)*\w*(Error|Exception): \S")
    raised = [line for line in lines if error.match(line)]
    caused = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (raised or caused or lines or ["no message from Spark"])[-1 if raised or caused else 0]


def jvm_of(spark: SparkSession) -> Any:
    """Return the JVM of a session, the only access to Hadoop's file systems.

    Raises:
        EngineError: the session has none.
    """
    found: Any = getattr(spark, "_jvm", None)
    if found is None:
        raise EngineError("dedup.spark needs a classic Spark session: Spark Connect has no access to file systems")
    return found


@contextmanager
def if_alive() -> Iterator[None]:
    """Ignore errors of cleanup in a lost session, so that the original error is not hidden."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    with suppress(PySparkException, Py4JError, OSError):
        yield


class Checkpoints:
    """The steps of one run, in a folder that driver and executors reach.

    Args:
        spark: the session.
        folder: where steps are written; created if missing.
        run: what identifies the run: settings, input, versions.
        buckets: number of buckets of large steps.

    Raises:
        EngineError: the folder holds the steps of another run.
    """

    def __init__(self, spark: SparkSession, folder: str, run: dict[str, Any], buckets: int = 1) -> None:
        self._spark, self._folder, self._buckets = spark, folder.rstrip("/"), buckets
        self._tables: list[str] = []
        self._jvm = jvm_of(spark)
        before = self._read(_RUN)
        if before is None:
            self._write(_RUN, run)
        elif before != run:
            other = ", ".join(name for name in run if before.get(name) != run[name])
            raise EngineError(
                f"{self._folder} holds the steps of another run (another {other}): give another folder, or remove it"
            )

    def step(
        self, name: str, make: Callable[[], DataFrame], *, rows: int | None = None, by: str | None = None
    ) -> DataFrame:
        """Read a step if it was written before, else compute and write it.

        Args:
            name: the step's name.
            make: returns the rows.
            rows: the expected number of rows, if it is known.
            by: the column to bucket by.

        Raises:
            EngineError: Spark failed, or the number of rows is another.
        """
        from pyspark.sql import Observation, functions
        from pyspark.sql.types import StructType

        path, note = f"{self._folder}/{name}", self._read(name)
        if note is None:
            began = time.perf_counter()
            self._spark.sparkContext.setJobDescription(f"dedup: {name}")
            with spark_errors(f"step {name}"):
                made, counted = make(), Observation()
                self._spark.sparkContext.setJobDescription(f"dedup: {name}")  # `make` may have run other steps
                made = made.observe(counted, functions.count(functions.lit(1)).alias("rows"))
                if by is None:
                    made.write.mode("overwrite").parquet(path)
                else:
                    table = self._table(name, made.schema, by, self._buckets)
                    made.write.insertInto(table, overwrite=True)
            found, seconds = int(counted.get["rows"]), round(time.perf_counter() - began, 2)
            note = {"rows": found, "schema": json.loads(made.schema.json()), "seconds": seconds}
            note |= {"by": by, "buckets": self._buckets} if by else {}
            if rows is None or found == rows:
                self._write(name, note)
            _LOG.info("%s: %s rows in %.1f s", name, f"{found:,}", seconds)
        if rows is not None and note["rows"] != rows:
            raise EngineError(f"step {name} has {note['rows']:,} rows instead of {rows:,}: {path}")
        schema = StructType.fromJson(note["schema"])
        if "by" in note:
            return self._spark.table(self._table(name, schema, note["by"], note["buckets"]))
        return self._spark.read.schema(schema).parquet(path)

    def drop_tables(self) -> None:
        """Drop the tables from the catalog; the files stay."""
        with if_alive():
            while self._tables:
                self._spark.sql(f"DROP TABLE IF EXISTS {self._tables.pop()}")

    def _table(self, name: str, schema: StructType, by: str, buckets: int) -> str:
        """Return the external table of a step; its name is unique to this folder."""
        path = f"{self._folder}/{name}"
        table = f"dedup_{hashlib.blake2b(path.encode(), digest_size=8).hexdigest()}_{name.replace('.', '_')}"
        if table not in self._tables:
            columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in schema.fields)
            where = path.replace("\\", "\\\\").replace("'", "\\'")
            self._spark.sql(f"DROP TABLE IF EXISTS {table}")
            self._spark.sql(
                f"CREATE TABLE {table} ({columns}) USING parquet CLUSTERED BY ({by}) INTO {buckets} BUCKETS"
                f" LOCATION '{where}'"
            )
            self._tables.append(table)
        return table

    def existing(self, name: str) -> DataFrame:
        """Read a step that was written.

        Raises:
            EngineError: there is none of that name.
        """

        def make() -> DataFrame:
            raise EngineError(f"there is no step {name} in {self._folder}")

        return self.step(name, make)

    def rows(self, name: str) -> int:
        """Return the number of rows of a step that was written.

        Raises:
            EngineError: there is none of that name.
        """
        note = self._read(name)
        if note is None:
            raise EngineError(f"there is no step {name} in {self._folder}")
        return int(note["rows"])

    def values(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Read a step that is a few values if it was written before, else compute and write it."""
        note = self._read(name)
        if note is None:
            self._spark.sparkContext.setJobDescription(f"dedup: {name}")
            note = make()
            self._write(name, note)
            _LOG.info("%s: %s", name, note)
        return note

    def _read(self, name: str) -> dict[str, Any] | None:
        from py4j.protocol import Py4JError

        path = self._path(name)
        system = path.getFileSystem(self._configuration())
        if not system.exists(path):
            return None
        try:
            stream = system.open(path)
            try:
                text = self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
            finally:
                stream.close()
            found: dict[str, Any] = json.loads(text)
        except (Py4JError, ValueError) as error:  # Hadoop's checksum does not match, or no JSON
            raise EngineError(
                f"{self._folder}/{name}.json is damaged: remove it to compute the step again ({_reason(str(error))})"
            ) from error
        return found

    def _write(self, name: str, note: dict[str, Any]) -> None:
        """Write a note to a temporary file and rename it, so that it is never incomplete."""
        path, beside = self._path(name), self._path(f".{name}")
        system = path.getFileSystem(self._configuration())
        stream = system.create(beside, True)
        try:
            stream.write(bytearray(json.dumps(note, sort_keys=True).encode()))
        finally:
            stream.close()
        if not system.rename(beside, path):
            raise EngineError(f"{self._folder}/{name}.json cannot be written")

    def _path(self, name: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(f"{self._folder}/{name}.json")

    def _configuration(self) -> Any:
        return self._spark.sparkContext._jsc.hadoopConfiguration()
