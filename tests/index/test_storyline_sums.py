"""The sums by which storylines are compared, as articles come and go."""

from __future__ import annotations

import numpy as np
from numpy.random import default_rng

from benchmarks.site_texts import Writer
from dedup import StoryIndex
from dedup.group.storylines import SparseSums
from dedup.index.features.sketch import matrix_of
from dedup.index.stories.storylines import _FewSums, _Sum
from dedup.match.stories import products


def test_a_sum_that_is_kept_up_to_date_is_that_of_its_articles() -> None:
    """Whatever came and went; articles that have changed or were removed are not subtracted."""
    rng = default_rng(7)
    writer = Writer(rng)
    with StoryIndex.open(":memory:") as index:
        for number in range(30):
            title = writer.headline()
            index.add({"id": f"x{number}", "title": title, "text": writer.story(title, 3)})
        lines = index._session.state().storylines
        every = np.array(sorted(index._session.state().table.numbers()), np.int64)
        for step in range(60):
            if step == 40:
                index.update({"id": "x3", "title": "Of pears", "text": "Pears are sold at the quay again."})
                index.remove("x5")
                every = np.array(sorted(index._session.state().table.numbers()), np.int64)
            if step % 7 == 3:
                lines.forget(rng.choice(every, 2).tolist())
            some = np.sort(rng.choice(every, int(rng.integers(0, 9 if step % 2 else len(every))), replace=False))
            (kept,) = lines._sums_of([1], [some])
            lines._sums, known = {}, lines._sums
            (fresh,) = lines._sums_of([1], [some])
            lines._sums = known
            assert kept.numbers.tolist() == fresh.numbers.tolist() == some.tolist()
            assert kept.background == fresh.background
            (a, b) = (dict(zip(one.terms.tolist(), one.weights.tolist(), strict=True)) for one in (kept, fresh))
            assert {term: weight for term, weight in a.items() if weight} == {
                term: weight for term, weight in b.items() if weight
            }


def test_a_few_sums_are_compared_as_the_rows_of_a_sparse_matrix_are() -> None:
    rng = default_rng(int(default_rng().integers(1 << 32)))
    for count in (1, 2, 9):
        sums = []
        for size in rng.integers(0, 300, count).tolist():
            terms = np.sort(rng.choice(1_000, size, replace=False)).astype(np.int32)
            sums.append(_Sum(np.empty(0, np.int64), terms, rng.integers(1, 1 << 15, size), 0, 0))
        matrix, _ = matrix_of([(one.terms, one.weights) for one in sums])
        few, sparse = _FewSums(sums), SparseSums(matrix, products)
        for round_ in range(4):
            every = len(sums) + 3 * round_
            a, b = np.triu_indices(every, 1)
            alone = (a == every // 2) | (b == every // 2)
            for one, other in ((a, b), (a[alone], b[alone]), (b[alone], a[alone]), (a[:0], b[:0])):
                assert few.products(one, other).tolist() == sparse.products(one, other).tolist()
            of = rng.permutation(np.append(np.arange(3), rng.integers(0, 3, every)))
            parts = rng.integers(0, every, len(of))
            assert few.append(of, parts).tolist() == sparse.append(of, parts).tolist()


def test_an_earlier_version_that_becomes_an_article_again_counts_with_its_new_text() -> None:
    """It has the number that it had before."""
    page = {"url": "https://herald.example/2024/05/quay-7", "source": "Herald", "title": "Pears at the quay"}
    text = "Pears are sold at the quay from Monday on, the harbour master said, and so are plums."
    with StoryIndex.open(":memory:") as index:
        index.add({**page, "id": "one", "text": text, "published": "2024-05-01T08:00Z"})
        session = index._session
        number = session.stored("one").number
        some, lines = np.array([number]), session.state().storylines
        lines._sums_of([1], [some])
        index.add({**page, "id": "two", "text": f"{text} Apples too.", "published": "2024-05-01T09:00Z"})
        assert session.find_revision("one") is not None
        index.update({"id": "one", "title": "A bridge", "text": "The bridge over the Marlow is closed for a year."})
        assert session.stored("one").number == number
        assert session.state().storylines is lines
        (kept,) = lines._sums_of([1], [some])
        lines._sums = {}
        (fresh,) = lines._sums_of([1], [some])
        assert kept.terms.tolist() == fresh.terms.tolist()
