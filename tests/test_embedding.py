"""`dedup.Embedding`: what it takes from a model, what it refuses, and the file that it keeps vectors in."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dedup import DedupError, Embedding, EmbeddingError, MissingDependencyError
from dedup.embedding import BATCH, GRAIN, LEAD, lead


def lengths(texts: list[str]) -> Any:
    return np.array([[len(text), 1.0, text.count("a")] for text in texts])


class Counting:
    """Counts the texts that it embeds."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def __call__(self, texts: list[str]) -> Any:
        self.batches.append(list(texts))
        return lengths(texts)


def test_vectors_have_length_one_and_are_rounded() -> None:
    found = Embedding(lengths).vectors(["aa", "b" * 500])
    assert found.dtype == np.int16
    norms = np.sqrt(((found * GRAIN) ** 2).sum(axis=1))
    assert norms == pytest.approx([1.0, 1.0], abs=0.001)


def test_scale_does_not_matter_nor_does_a_size_whose_square_is_infinite() -> None:
    plain = Embedding(lengths).vectors(["aa", "b"])
    assert (Embedding(lambda texts: lengths(texts) * 1e200).vectors(["aa", "b"]) == plain).all()
    assert (Embedding(lambda texts: lengths(texts).astype(np.float32)).vectors(["aa", "b"]) == plain).all()
    assert (Embedding(lambda texts: lengths(texts).tolist()).vectors(["aa", "b"]) == plain).all()


def test_a_vector_of_zeros_stays_one() -> None:
    assert not Embedding(lambda texts: np.zeros((len(texts), 4))).vectors(["a"]).any()


def test_each_text_is_embedded_once_in_the_order_of_content() -> None:
    count = Counting()
    texts = [f"text {number % 100:03}" for number in range(300)]
    forward = Embedding(count).vectors(texts)
    assert [len(batch) for batch in count.batches] == [BATCH, 100 - BATCH]
    assert [text for batch in count.batches for text in batch] == sorted(set(texts))
    assert (Embedding(lengths).vectors(texts[::-1]) == forward[::-1]).all()


def test_no_text_is_no_call() -> None:
    def never(texts: list[str]) -> Any:
        raise AssertionError(texts)

    assert Embedding(never).vectors([]).shape == (0, 0)


def test_title_and_lead_are_embedded() -> None:
    assert lead("Fire", "It burned.") == "Fire\n\nIt burned."
    assert lead("", " text ") == "text"
    assert lead("Fire", "") == "Fire"
    assert len(lead("t" * 3_000, "x" * 9_000)) == LEAD


BAD: dict[str, tuple[Callable[[list[str]], Any], str]] = {
    "not a number": (lambda texts: np.full((len(texts), 3), np.nan), "infinite or none at all"),
    "infinite": (lambda texts: np.full((len(texts), 3), np.inf), "infinite or none at all"),
    "one short": (lambda texts: np.ones((len(texts) - 1, 3)), r"shape \(2, dimensions\), not \(1, 3\)"),
    "flat": (lambda texts: np.ones(len(texts)), r"not \(2,\)"),
    "no dimension": (lambda texts: np.ones((len(texts), 0)), r"not \(2, 0\)"),
    "ragged": (lambda _: [[1.0], [1.0, 2.0]], "of numbers"),
    "words": (lambda texts: texts, "of numbers"),
    "nothing": (lambda _: None, r"not \(\)"),
    "raises": (lambda _: 1 / 0, "ZeroDivisionError"),
    "leaves": (lambda _: sys.exit(3), "SystemExit: 3"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_model_must_not_do(name: str) -> None:
    function, message = BAD[name]
    with pytest.raises(EmbeddingError, match=message) as caught:
        Embedding(function).vectors(["a", "b"])
    assert isinstance(caught.value, DedupError)
    assert isinstance(caught.value, RuntimeError)


def test_dimensions_that_change() -> None:
    widths = iter([3, 4])
    with pytest.raises(EmbeddingError, match="3 dimensions as before, not 4"):
        Embedding(lambda texts: np.ones((len(texts), next(widths)))).vectors(
            [str(number) for number in range(BATCH + 1)]
        )


def test_a_model_that_hangs_is_left_behind() -> None:
    release = threading.Event()
    began = time.monotonic()
    with pytest.raises(EmbeddingError, match=r"more than 0\.2 seconds for 1 texts"):
        Embedding(lambda _: release.wait(60), seconds=0.2).vectors(["a"])
    assert time.monotonic() - began < 30
    release.set()


def test_a_model_is_called_by_one_thread_that_ends() -> None:
    seen: set[threading.Thread] = set()

    def embed(texts: list[str]) -> Any:
        seen.add(threading.current_thread())
        return lengths(texts)

    Embedding(embed).vectors([str(number) for number in range(3 * BATCH)])
    (thread,) = seen
    thread.join(10)
    assert not thread.is_alive()


def test_what_is_no_embedding() -> None:
    with pytest.raises(EmbeddingError, match="not int"):
        Embedding(3)  # type: ignore[arg-type]
    with pytest.raises(EmbeddingError, match="must be positive"):
        Embedding(lengths, seconds=0)


# Vectors of the articles


def test_articles_may_bring_their_vectors() -> None:
    given = Embedding(None)
    found = given.vectors(["a", "b", "c"], [(3.0, 4.0), None, [0.0, 2.0]])
    assert (found * GRAIN).tolist() == [pytest.approx([0.6, 0.8], abs=GRAIN), [0.0, 0.0], [0.0, 1.0]]
    assert given.name == "vector"


def test_a_vector_that_an_article_brings_is_not_embedded() -> None:
    count = Counting()
    Embedding(count).vectors(["a", "b"], [(1.0, 0.0, 0.0), None])
    assert count.batches == [["b"]]


def test_vectors_of_different_models_are_refused() -> None:
    with pytest.raises(EmbeddingError, match="2 dimensions as before, not 3"):
        Embedding(None).vectors(["a", "b"], [(1.0, 0.0), (1.0, 0.0, 0.0)])
    with pytest.raises(EmbeddingError, match="2 dimensions as before, not 3"):
        Embedding(lengths).vectors(["a", "b"], [(1.0, 0.0), None])
    with pytest.raises(EmbeddingError, match="NaN"):
        Embedding(None).vectors(["a"], [(1.0, float("nan"))])


# The cache


def test_what_is_in_the_cache_is_not_embedded_again(tmp_path: Path) -> None:
    first, again = Counting(), Counting()
    file = tmp_path / "vectors.db"
    fresh = Embedding(first, "m", cache=file).vectors(["a", "b"])
    kept = Embedding(again, "m", cache=file).vectors(["b", "c", "a"])
    assert again.batches == [["c"]]
    assert (kept[[2, 0]] == fresh).all()


def test_another_model_has_vectors_of_its_own(tmp_path: Path) -> None:
    other = Counting()
    Embedding(lengths, "m", cache=tmp_path / "vectors.db").vectors(["a"])
    Embedding(other, "n", cache=tmp_path / "vectors.db").vectors(["a"])
    assert other.batches == [["a"]]


def test_a_model_that_fails_has_lost_nothing(tmp_path: Path) -> None:
    texts = [f"{number:04}" for number in range(2 * BATCH)]

    def failing(batch: list[str]) -> Any:
        if texts[-1] in batch:
            raise MemoryError
        return lengths(batch)

    with pytest.raises(EmbeddingError, match="MemoryError"):
        Embedding(failing, "m", cache=tmp_path / "vectors.db").vectors(texts)
    again = Counting()
    Embedding(again, "m", cache=tmp_path / "vectors.db").vectors(texts)
    assert again.batches == [texts[BATCH:]]


def test_a_file_that_is_no_cache(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    (tmp_path / "text").write_text("This is a text and not a database at all.\n" * 30, encoding="utf-8")
    with pytest.raises(EmbeddingError, match="cannot be used as a cache"):
        Embedding(lengths, cache=tmp_path / "text")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE vectors (a)")
    with pytest.raises(EmbeddingError, match="is not a cache of embeddings"):
        Embedding(lengths, cache=tmp_path / "other.db")
    with pytest.raises(EmbeddingError, match="cannot be used as a cache"):
        Embedding(lengths, cache=tmp_path / "none" / "vectors.db")


def test_a_model_that_changed_under_its_name(tmp_path: Path) -> None:
    Embedding(lengths, "m", cache=tmp_path / "vectors.db").vectors(["a"])
    with pytest.raises(EmbeddingError, match="3 dimensions as before, not 2"):
        Embedding(lambda texts: np.ones((len(texts), 2)), "m", cache=tmp_path / "vectors.db").vectors(["a", "b"])


# By name


def test_a_function_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_own_model.py").write_text(
        "def embed(texts):\n    return [[1.0, float(len(text))] for text in texts]\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    found = Embedding.of("python:my_own_model:embed")
    assert found.name == "python:my_own_model:embed"
    assert found.vectors(["a"]).shape == (1, 2)
    assert str(tmp_path) not in sys.path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("python:", "there is no embedding"),
        ("python:json", "should read python:MODULE:FUNCTION"),
        ("python:no_such_module_here:embed", "ModuleNotFoundError"),
        ("python:json:embed", "AttributeError"),
        ("python:json:__name__", "not a function"),
        ("word2vec", "there is no embedding 'word2vec'"),
        ("sentence-transformers:", "there is no embedding"),
        ("sentence-transformers:no/such/folder", "there is no folder"),
    ],
)
def test_names_that_are_wrong(name: str, message: str) -> None:
    with pytest.raises(EmbeddingError, match=message):
        Embedding.of(name)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"modules\.json is missing"):
        Embedding.of(f"sentence-transformers:{tmp_path}")


def test_a_missing_package_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modules.json").write_text("[]", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingDependencyError, match=r"story-dedup\[embedding\]"):
        Embedding.of(f"sentence-transformers:{tmp_path}")


def test_what_is_given_as_an_embedding_stays_one() -> None:
    own = Embedding(lengths, "m")
    assert Embedding.of(own) is own
    assert Embedding.of("vector").name == "vector"
    assert Embedding.of(lengths).name.endswith(":lengths")
    assert repr(own) == "<Embedding m>"


def test_the_cache_is_little_larger_than_the_vectors(tmp_path: Path) -> None:
    model = Embedding(
        lambda texts: np.random.default_rng(len(texts)).normal(size=(len(texts), 512)), "m", cache=tmp_path / "v"
    )
    model.vectors([f"text {number}" for number in range(500)])
    assert (tmp_path / "v").stat().st_size < 1.3 * 500 * 512 * 2
