"""Who copied whom: known originals are named, what cannot be known is not, and differences are told in place."""

from __future__ import annotations

import math
import random
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from made_copies import made_copies

import dedup
from dedup.comparison import Passage
from dedup.results.provenance import SURE, VersionText, _in_order, likely_originals, timeline, trace

WIRE = (
    "PORT ELLERY (MNA) - Fire broke out on the ferry Halcyon Star off Corran on Saturday, the coast guard said. "
    "Nine people were taken to hospital. The ship had left Port Ellery at noon with 187 passengers and 19 crew. "
    "Her owner, Sorrel Line, suspended all other sailings until Monday. An inquiry will begin next week in Corran. "
    "Passengers told of thick smoke on the car deck and of doors that would not open. The minister promised help."
)


def named(seeds: range, sizes: range) -> tuple[int, int, int]:
    """How many originals are named rightly, wrongly, and not at all."""
    right = wrong = unsure = 0
    for size in sizes:
        for seed in seeds:
            group = made_copies(100 * seed + size, size)
            probability, _ = likely_originals(group.versions)
            best = max(range(size), key=probability.__getitem__)
            if probability[best] < SURE:
                unsure += 1
            elif best == group.original:
                right += 1
            else:
                wrong += 1
    return right, wrong, unsure


def test_originals_are_named_though_dates_lack_or_mislead() -> None:
    right, wrong, unsure = named(range(40), range(3, 10))
    assert right / (right + wrong + unsure) >= 0.9
    assert wrong / (right + wrong) <= 0.05


def test_of_two_versions_it_is_named_less_often_but_hardly_ever_wrongly() -> None:
    right, wrong, _ = named(range(150), range(2, 3))
    assert right >= 80
    assert wrong / (right + wrong) <= 0.15


def test_what_cannot_be_known_is_unsure() -> None:
    equal = [VersionText(WIRE, source, math.nan) for source in ("A", "B", "C")]
    assert max(likely_originals(equal)[0]) < SURE
    reworded = [VersionText(WIRE, "A", math.nan), VersionText(WIRE.replace("Nine", "Eleven"), "B", math.nan)]
    assert max(likely_originals(reworded)[0]) < SURE


def test_the_agency_that_the_text_names_is_its_source() -> None:
    versions = [VersionText(WIRE, name, math.nan) for name in ("Harbour Post", "Meridian News Agency", "Dunmere Echo")]
    probability, reasons = likely_originals(versions)
    assert probability[1] >= SURE
    assert "others name its outlet as their source" in reasons[1]


@pytest.fixture
def clustering() -> dedup.Clustering:
    cut, added = (
        WIRE.replace(" The minister promised help.", ""),
        WIRE + " Our reporter was there when they came ashore.",
    )
    changed = WIRE.replace("Nine people", "Eleven people").replace(" The minister promised help.", "")
    texts = {"wire": WIRE, "cut": cut, "added": added, "changed": changed}
    articles = [
        {"id": name, "text": text, "source": name, "published": f"2024-06-10T1{hour}:00:00Z"}
        for hour, (name, text) in enumerate(texts.items())
    ]
    return dedup.cluster([*articles, {"id": "other", "text": "The museum reopens after two years of works."}])


def test_what_each_version_cut_added_and_changed(clustering: dedup.Clustering) -> None:
    (group,) = clustering.stories[0].copy_groups
    found = trace(clustering, group)
    assert found.original == "wire"
    assert found.certainty == found.versions[0].probability >= SURE
    assert found.reasons
    texts = {article.id: article.text for article in clustering.articles}
    by_name = {version.article: version for version in found.versions}
    ((start, end),) = by_name["cut"].cut
    assert WIRE[start:end].strip() == "The minister promised help."
    ((start, end),) = by_name["added"].added
    assert texts["added"][start:end].strip() == "Our reporter was there when they came ashore."
    (piece,) = by_name["changed"].changed
    assert WIRE[piece.a_start : piece.a_end].strip() == "Nine"
    assert texts["changed"][piece.b_start : piece.b_end].strip() == "Eleven"
    assert by_name["wire"].kept == by_name["added"].kept == 1
    assert 0.9 < by_name["cut"].kept < 1


def test_the_timeline_has_each_outlet_once(clustering: dedup.Clustering) -> None:
    told = timeline(clustering, clustering.stories[0])
    assert [appearance.source for appearance in told] == ["wire", "cut", "added", "changed"]
    assert told[0].dated == datetime(2024, 6, 10, 10, tzinfo=UTC)


def test_without_texts_nothing_is_told(clustering: dedup.Clustering) -> None:
    without = dedup.cluster(clustering.articles, keep_texts=False)
    with pytest.raises(dedup.InputError, match="keep_texts=True"):
        trace(without, without.stories[0].copy_groups[0])


def test_a_group_of_very_many_outlets_takes_no_time_for_each_pair_of_them() -> None:
    """A pattern was made for each version and each outlet: two hundred thousand here."""
    versions = [VersionText(f"{WIRE} Edition {number}.", f"Outlet number {number}", math.nan) for number in range(450)]
    versions[7] = VersionText(f"{WIRE} (Outlet number 9)", "Outlet number 7", math.nan)
    began = time.process_time()
    odds, _ = likely_originals(versions)
    assert time.process_time() - began < 10
    assert max(range(450), key=odds.__getitem__) == 9


def a_passage(rng: random.Random, reach: int) -> Passage:
    a, b = rng.randrange(reach), rng.randrange(reach)
    a_end, b_end = a + rng.randrange(1, 9), b + rng.randrange(1, 9)
    return Passage(a, a_end, b, b_end, rng.randrange(1, 12) / 2, True, ())


def follows(after: Passage, before: Passage) -> bool:
    return before.a_end <= after.a_start and before.b_end <= after.b_start


def most_words(passages: list[Passage]) -> float:
    """Of a chain: every pair of passages is looked at."""
    best: list[float] = []
    for passage in passages:
        fit = (words for words, known in zip(best, passages, strict=False) if follows(passage, known))
        best.append(passage.words + max(fit, default=0.0))
    return max(best, default=0.0)


@pytest.mark.parametrize("reach", [2, 12, 60])
def test_passages_in_order_are_the_chain_with_the_most_words(reach: int) -> None:
    for seed in range(300):
        rng = random.Random(seed)  # noqa: S311 - no secrets
        passages = [a_passage(rng, reach) for _ in range(rng.randrange(30))]
        passages.sort(key=lambda found: (found.a_start, found.b_start))
        chain = _in_order(passages)
        assert all(follows(after, before) for before, after in pairwise(chain)), f"seed {seed}"
        assert sum(passage.words for passage in chain) == most_words(passages), f"seed {seed}"


def test_many_passages_take_no_time_for_each_pair_of_them() -> None:
    passages = [Passage(10 * place, 10 * place + 9, 10 * place, 10 * place + 9, 8, True, ()) for place in range(30_000)]
    began = time.process_time()
    assert len(_in_order(passages)) == 30_000
    assert time.process_time() - began < 5
