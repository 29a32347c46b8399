"""TF-IDF: document frequencies by language, the vectors of articles, and the sums of their weights.

Frequencies and sums are one number per word and language. They grow much more slowly than the articles, and are
broadcast to every task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.spark.arrow import ascending, binary, flat, mapped, numbers, packed, split_by_part, unpacked, words_of
from dedup.spark.features import features_of
from dedup.spark.job import Job, broadcast, worker_backend
from dedup.spark.partitions import at_home, without
from dedup.vectorize.cross_lingual import distinct_languages, figures, language_numbers
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.frequencies import Frequencies, summed, values_at
from dedup.vectorize.general import general_matrix
from dedup.vectorize.hashing import FEATURES
from dedup.vectorize.kernels.cross_lingual import names_and_figures

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SUMS = "language string, part int, terms binary, sums binary"
VECTORS = (
    "home int, n long, seconds double, source string, form int, tongue int, terms binary, weights binary,"
    " crossing binary, crossing_weights binary, signature binary, general binary"
)
_PART = 1 << 25
"""Terms per part."""
_COUNTED = 65_536
"""Minimum number of articles that are summed before they are sent; a larger batch sends fewer entries."""


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """The sum of the weights of each hashed term over a collection.

    Attributes:
        terms: ascending.
        sums: in `WEIGHT_UNIT`s.
        ranks: the rank of each term by its sum, largest first; ties by term.
    """

    terms: NDArray[np.int64]
    sums: NDArray[np.int64]
    ranks: NDArray[np.int64]

    @classmethod
    def of(cls, terms: NDArray[np.int64], sums: NDArray[np.int64]) -> Self:
        """Rank terms by their sums."""
        ranks = np.empty(len(sums), np.int64)
        ranks[np.argsort(-sums, kind="stable")] = np.arange(len(sums))
        return cls(terms, sums, ranks)

    def at(self, terms: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the sums of some terms, 0 for one that is not in the collection."""
        return values_at(terms, self.terms, self.sums)

    def ranks_of(self, terms: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the ranks of some terms: all different, those that are not in the collection last."""
        place = np.searchsorted(self.terms, terms)
        known = np.append(self.terms, -1)[place] == terms
        found = len(self.terms) + terms.astype(np.int64) - place
        found[known] = self.ranks[place[known]]
        return found


def languages_of(job: Job, features: DataFrame, hidden: DataFrame) -> DataFrame:
    """Return the number of articles of each `language`, separately for `hidden` ones."""
    from pyspark.sql import functions as F

    def count(rows: Any, hidden: Any) -> Any:
        import pyarrow as pa

        counts = pa.table(
            {"language": rows["language"], "hidden": np.isin(numbers(rows["n"]), numbers(hidden["n"]))}
        ).group_by(["language", "hidden"])
        return counts.aggregate([([], "count_all")]).rename_columns(["language", "hidden", "count"])

    counted = at_home(
        features.select("home", "n", "language"),
        hidden.select("n"),
        count,
        "language string, hidden boolean, count long",
    )
    return job.checkpoints.step(
        "languages", lambda: counted.groupBy("language", "hidden").agg(F.sum("count").alias("count"))
    )


def frequencies(job: Job, features: DataFrame, hidden: DataFrame, languages: DataFrame) -> Frequencies:
    """Return the document frequencies of articles without a representative, or those of the background."""
    if job.background is not None:
        return job.background.frequencies
    seen = without(features.select("home", "n", "language", "terms"), hidden)
    sums = job.checkpoints.step(
        "frequencies", lambda: _sum_by_part(seen.mapInArrow(mapped(_count_articles, _COUNTED), SUMS))
    )
    of = {row["language"]: row["count"] for row in languages.where("not hidden").collect()}
    names = sorted(of)
    rows = sorted((row["language"], row["part"], row["terms"], row["sums"]) for row in sums.collect())
    terms = np.concatenate([np.empty(0, np.int64), *(np.frombuffer(row[2], np.int32) for row in rows)]).astype(np.int64)
    counts = np.concatenate([np.empty(0, np.int64), *(np.frombuffer(row[3], np.int64) for row in rows)])
    held = dict.fromkeys(names, 0)
    for row in rows:
        held[row[0]] += len(row[2]) // 4
    starts = np.cumsum([0, *(held[name] for name in names)])
    matrix = sp.csr_array((counts, terms, starts), shape=(len(names), FEATURES))
    return Frequencies(tuple(names), np.array([of[name] for name in names], np.int64), matrix)


def vectors(job: Job, features: DataFrame, found: Frequencies, languages: DataFrame) -> tuple[DataFrame, bool]:
    """Return the vectors of articles, and whether there are several languages.

    The weights of the same terms by news in general are in the column `general`, see `dedup.vectorize.general`.
    """
    settings, checkpoints = job.settings, job.checkpoints
    names = distinct_languages(row["language"] for row in languages.collect())
    several = len(names) > 1
    known = _number_terms(job, features) if several else np.empty(0, np.int64)
    shared = broadcast(job.spark, (found, known))

    def weigh(table: Any) -> Any:
        frequencies, known = shared.value
        of, language = features_of(table), table["language"].to_pylist()
        made = worker_backend(settings).tfidf(of, language, frequencies)
        matrix, language_number = made.matrix, language_numbers(language, names)
        general = general_matrix(made, language, frequencies, settings)
        across = names_and_figures(made, of, known) if several else sp.csr_array(matrix.shape)
        return {
            **{name: table[name] for name in ("home", "n", "seconds", "source", "form")},
            "tongue": np.full(len(of), -1, np.int32) if language_number is None else language_number.astype(np.int32),
            **_packed(matrix, made.terms, "terms", "weights"),
            **_packed(across, made.terms, "crossing", "crossing_weights"),
            "signature": table["signature"],
            "general": _packed(general, made.terms, "terms", "general")["general"],
        }

    columns = ("home", "n", "seconds", "source", "form", "language", "terms", "counts", "capitals", "signature")
    made = features.select(*columns).mapInArrow(mapped(weigh), VECTORS)
    return checkpoints.step("vectors", lambda: made, rows=checkpoints.rows("features"), by="home"), several


def totals(job: Job, vectors: DataFrame, hidden: DataFrame) -> Totals:
    """Return the sums of the weights of all articles without a representative.

    With a background, the sums are its own.
    """
    if job.background is not None:
        return Totals.of(job.background.terms, job.background.sums)
    return totals_of(job, "totals", vectors, hidden)


def totals_of(job: Job, name: str, vectors: DataFrame, hidden: DataFrame) -> Totals:
    """Return the sums of the weights of some vectors without the `hidden` ones; `name` is that of the step."""
    seen = without(vectors.select("home", "n", "terms", "weights"), hidden)
    sums = job.checkpoints.step(name, lambda: _sum_by_part(seen.mapInArrow(mapped(_sum_weights, _COUNTED), SUMS)))
    rows = sums.select("part", "terms", "sums").orderBy("part").collect()
    terms = np.concatenate([np.empty(0, np.int32), *(np.frombuffer(row["terms"], np.int32) for row in rows)])
    of_terms = np.concatenate([np.empty(0, np.int64), *(np.frombuffer(row["sums"], np.int64) for row in rows)])
    return Totals.of(terms.astype(np.int64), of_terms)


def matrix_of(table: Any, terms: str = "terms", weights: str = "weights") -> sp.csr_array:
    """Return the vectors of a table's articles, with a column per term that occurs, in the order of terms."""
    return matrix_and_terms(table, terms, weights)[0]


def matrix_and_terms(
    table: Any, terms: str = "terms", weights: str = "weights", kind: Any = np.uint16
) -> tuple[sp.csr_array, NDArray[np.int64]]:
    """Return `matrix_of` a table whose weights are of a `kind`, and the hashed term of each column."""
    held, indptr = flat(table[terms], np.int32)
    distinct, column = np.unique(held, return_inverse=True)
    distinct = distinct.astype(np.int64) if len(distinct) else np.zeros(1, np.int64)
    data = flat(table[weights], kind)[0] * WEIGHT_UNIT
    shape = (table.num_rows, len(distinct))
    return sp.csr_array((data, column.ravel().astype(np.int32), indptr), shape=shape), distinct


def _packed(matrix: sp.csr_array, terms: NDArray[np.int64], name: str, weights: str) -> dict[str, Any]:
    bounds = matrix.indptr.astype(np.int64)
    units = (matrix.data / WEIGHT_UNIT).astype(np.uint16)  # exact: entries are multiples of it, at most 1
    return {name: binary(terms[matrix.indices].astype(np.int32), bounds), weights: binary(units, bounds)}


def _count_articles(table: Any) -> Any:
    """Count the articles of a batch with each term, by language and part."""
    terms, indptr = flat(table["terms"], np.int32)
    names, language = np.unique(np.array(table["language"].to_pylist(), dtype=str), return_inverse=True)
    rows = np.repeat(language.ravel(), np.diff(indptr))
    found: dict[str, list[Any]] = {"language": [], "part": [], "terms": [], "sums": []}
    for number, name in enumerate(names.tolist()):
        seen, counts = np.unique(terms if len(names) == 1 else terms[rows == number], return_counts=True)
        _add(found, name, seen, counts.astype(np.int64))
    return _table(found)


def _sum_weights(table: Any) -> Any:
    terms, _ = flat(table["terms"], np.int32)
    weights, _ = flat(table["weights"], np.uint16)
    seen, place = np.unique(terms, return_inverse=True)
    sums = np.bincount(place.ravel(), weights=weights)  # exact: integers far below 2⁵³
    found: dict[str, list[Any]] = {"language": [], "part": [], "terms": [], "sums": []}
    _add(found, "", seen, sums.astype(np.int64))
    return _table(found)


def _add(found: dict[str, list[Any]], language: str, terms: NDArray[np.int32], sums: NDArray[np.int64]) -> None:
    part, (held, held_sums) = split_by_part((terms // _PART).astype(np.int64), [terms, sums])
    found["language"] += [language] * len(part)
    found["part"] += part.tolist()
    found["terms"] += [packed(np.frombuffer(row, np.int32).astype(np.uint64), rising=True) for row in held.to_pylist()]
    found["sums"] += [packed(np.frombuffer(row, np.int64)) for row in held_sums.to_pylist()]


def _table(found: dict[str, list[Any]]) -> Any:
    import pyarrow as pa

    kinds = {"language": pa.string(), "part": pa.int32(), "terms": pa.binary(), "sums": pa.binary()}
    return {name: pa.array(column, kinds[name]) for name, column in found.items()}


def _sum_by_part(sums: DataFrame) -> DataFrame:
    """Add the sums of batches, by language and part."""
    return sums.groupBy("language", "part").applyInArrow(_sum_part, SUMS)


def _sum_part(table: Any) -> Any:
    import pyarrow as pa

    parts = zip(table["terms"].to_pylist(), table["sums"].to_pylist(), strict=True)
    terms, sums = summed([(ascending(some).astype(np.int32), unpacked(of, np.int64)) for some, of in parts])
    kinds = pa.schema([("language", pa.string()), ("part", pa.int32()), ("terms", pa.binary()), ("sums", pa.binary())])
    row = {"language": [table["language"][0].as_py()], "part": [table["part"][0].as_py()]}
    return pa.table({**row, "terms": [terms.astype(np.int32).tobytes()], "sums": [sums.tobytes()]}, schema=kinds)


def _number_terms(job: Job, features: DataFrame) -> NDArray[np.int64]:
    """Return the hashed terms that are numbers in some article, ascending."""

    def find(table: Any) -> Any:
        import pyarrow as pa

        return {"figures": pa.array([figures(words_of(table)).astype(np.int32).tobytes()], pa.binary())}

    found = job.checkpoints.step(
        "figures", lambda: features.select("title", "hashes", "flags").mapInArrow(mapped(find), "figures binary")
    )
    parts = [np.frombuffer(row[0], np.int32) for row in found.collect()]
    return np.unique(np.concatenate([np.empty(0, np.int32), *parts])).astype(np.int64)
