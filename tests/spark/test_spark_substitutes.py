"""Words that share a term are told apart whatever the partitions, as on one machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

from spark_runs import Rows, expected, frame, labels

from dedup.backends import CompiledBackend, NumpyBackend, PlainBackend
from dedup.settings import Settings
from dedup.spark import SESSION, cluster
from dedup.spark.arrow import words_columns, words_of
from dedup.spark.substitutes import Words, _in_ranges, _sharing, _words, decide, distinct_column, with_substitutes
from dedup.vectorize import vocabulary
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import hashes_of, terms_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]


def made_up() -> list[str]:
    return [f"{start}{number}" for number in range(150_000) for start in ("qu", "vor")]


@pytest.fixture(scope="module")
def sides() -> tuple[str, str]:
    """Return two texts whose words share their terms, each with one of the other."""
    words = np.array(made_up())
    terms = terms_of(hashes_of(words.tolist()))
    order = np.argsort(terms, kind="stable")
    same = np.flatnonzero(np.diff(terms[order]) == 0)
    assert len(same) >= 8
    return " ".join(words[order[same]].tolist()), " ".join(words[order[same + 1]].tolist())


@pytest.fixture(scope="module")
def texts(sides: tuple[str, str]) -> list[str]:
    """Return texts of which each has words of one side, of both, or of none, some of them not in ASCII."""
    one, other = sides
    return [
        f"{one} harbour",
        f"{other} meadow",
        "Nothing of it here.",
        f"{one} lighthouse",
        f"Naïve ﬁne {other} 水火 pasture",
        " ".join(f"{a} {b}" for a, b in zip(one.split(), other.split(), strict=True)),
        "",
        f"{other} prairie {one}",
        f"{other} 水火",
    ]


def taken_tokens(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """Let the first substitute tokens of every word be words of the collection."""
    usual = vocabulary.substitute_tokens

    def tokens(wide: int) -> Any:
        yield from words
        yield from usual(wide)

    for module in ("dedup.vectorize.vocabulary", "dedup.spark.substitutes"):
        monkeypatch.setattr(f"{module}.substitute_tokens", tokens)


def table_of(blocks: list[HashedWords]) -> Any:
    import pyarrow as pa

    count = sum(map(len, blocks))
    columns = {
        "uid": np.arange(count),
        **words_columns(HashedWords.joined(blocks)),
        "distinct": distinct_column(blocks),
    }
    return pa.table(columns)


def holders_in(words: Words) -> Callable[[Any], Words]:
    def holders(terms: Any) -> Words:
        here = np.isin(words[0], terms)
        return words[0][here], words[1][here]

    return holders


@pytest.mark.parametrize("backend", [NumpyBackend, CompiledBackend])
@pytest.mark.parametrize("tokens", [0, 1, 9])
@pytest.mark.parametrize("size", [1, 2, 4, 9])
def test_blocks_are_resolved_as_all_articles_at_once(
    backend: type[PlainBackend], tokens: int, size: int, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the first substitutes are taken by words."""
    import pyarrow as pa

    monkeypatch.setattr("dedup.vectorize.kernels.extractor.BLOCK", 1)
    if tokens:
        texts = [*texts, " ".join(f"taken{number}" for number in range(tokens))]
        taken_tokens(monkeypatch, texts[-1].split())
    whole = backend(Settings())
    expected_words = whole.read([("", text) for text in texts])
    assert whole.vocabulary.substitutes
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    rows = table_of([block for part in parts for block in backend(Settings()).blocks([("", text) for text in part])])
    known = _words(rows.filter(rows["distinct"].is_valid()))
    kinds = {"part": pa.int32(), "terms": pa.binary(), "wides": pa.binary()}
    sent = pa.table(_in_ranges(*known, 3), schema=pa.schema(list(kinds.items())))
    shared = pa.concat_tables([_sharing(sent.slice(row, 1)) for row in range(sent.num_rows)])
    sharing = shared["term"].to_numpy(), shared["wide"].to_numpy().view(np.uint64)
    calls = []

    def holders(terms: Any) -> Words:
        calls.append(len(terms))
        return holders_in(known)(terms)

    found = decide(sharing, holders)
    assert found == whole.vocabulary.substitutes
    assert len(calls) <= 4
    shuffled = rows.take(pa.array(np.random.default_rng(1).permutation(len(texts))))
    assert np.array_equal(words_of(with_substitutes(shuffled, found)).hashes, expected_words.hashes)


@pytest.mark.parametrize("displaced", [False, True])
def test_a_word_of_the_background_keeps_its_hash_where_it_does_not_occur(
    sides: tuple[str, str], displaced: bool
) -> None:
    import pyarrow as pa

    first, later = sides[0].split()[0], sides[1].split()[0]
    learned = NumpyBackend(Settings())
    learned.read([("", f"{first} {later}" if displaced else first)])
    packed = learned.vocabulary.packed()
    whole = NumpyBackend(Settings())
    words = whole.read([("", later)], packed)
    assert (words.hashes != hashes_of([later])).all() or displaced
    known = _words(table_of(NumpyBackend(Settings()).blocks([("", later)])))
    shared = _sharing(pa.table(_in_ranges(*known, 2)), packed)
    sharing = shared["term"].to_numpy(), shared["wide"].to_numpy().view(np.uint64)
    assert decide(sharing, holders_in(known), packed) == whole.vocabulary.substitutes


def test_nothing_is_asked_for_if_no_words_share_a_term() -> None:
    def never(terms: Any) -> Words:
        raise AssertionError(terms)

    assert decide((np.empty(0, np.int64), np.empty(0, np.uint64)), never) == {}


@pytest.mark.parametrize("partitions", [1, 4])
def test_words_of_a_data_frame_are_those_of_one_machine(
    spark: SparkSession, partitions: int, texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.job import Job, configured
    from dedup.spark.reading import read_articles

    texts = [*texts, "taken0 taken1"]
    taken_tokens(monkeypatch, ["taken0", "taken1"])
    whole = NumpyBackend(Settings())
    whole_words = whole.read([("", text) for text in texts])
    rows: Rows = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
    checkpoints = Checkpoints(spark, f"file://{tmp_path}", {}, 3)
    with configured(spark, SESSION):
        job = Job(spark, Settings(), checkpoints, 3)
        given = frame(spark, rows).repartition(partitions)
        members, _, words = read_articles(job, given, {}, datetime.now(UTC))
        held = {row["id"]: row["hashes"] for row in members.join(words, "n").collect()}
        assert checkpoints.rows("shared_terms") == 2 * len(whole.vocabulary.substitutes)
        checkpoints.drop_tables()
    for number in range(len(texts)):
        assert np.frombuffer(held[str(number)], np.uint32).tolist() == whole_words.body(number).tolist()


def test_stories_are_those_of_one_machine(spark: SparkSession, texts: list[str]) -> None:
    rows: Rows = [{"id": str(number), "title": f"Title {number}", "text": text} for number, text in enumerate(texts)]
    assert labels(cluster(frame(spark, rows).repartition(4), partitions=3)) == expected(rows)
