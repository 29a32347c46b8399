"""Copy groups, digests and representatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.group.copies import (
    MOST_MEMBERS,
    MOST_PARTS,
    TOGETHER,
    coherent,
    copy_groups,
    digests,
    first_of_group,
    representatives,
    title_keys,
    without_parts,
)
from dedup.inputs.collection import Seniority
from dedup.match.copies import NEAR, NEARLY_WHOLE, Overlaps
from dedup.text.document import Document
from dedup.vectorize.features import HashedWords
from dedup.vectorize.tfidf import _unit


def copies_of(*pairs: tuple[int, int], jaccard: Sequence[float] | None = None) -> Overlaps:
    """Copy links between pairs, of equal texts unless their Jaccard is given in that order."""
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    ones = np.ones(len(a))
    found = ones if jaccard is None else np.array(jaccard)
    links = Overlaps(a, b, ones.astype(np.int64), np.ones((len(a), 2), np.int64), found, ones, ones)
    return links.where(np.lexsort((b, a)))


def vectors(*topics: int) -> sp.csr_array:
    """Vectors that are similar within a topic and orthogonal between topics."""
    rows = np.zeros((len(topics), max(topics) + 1))
    rows[np.arange(len(topics)), topics] = 1
    return _unit(sp.csr_array(rows))


SENIORITY = [(5.0, -100, 0), (3.0, -100, 1), (3.0, -200, 2), (float("inf"), -900, 3), (5.0, -100, 4)]


NO_TEMPLATES = copies_of()
NO_TITLES = [b""] * 200


@pytest.mark.parametrize("seed", range(10))
def test_groups_are_what_links_connect(seed: int) -> None:
    random = np.random.default_rng(seed)
    pairs = {(int(min(pair)), int(max(pair))) for pair in random.integers(30, size=(18, 2)) if pair[0] != pair[1]}
    group = {article: {article} for article in range(30)}
    for a, b in pairs:
        joined = group[a] | group[b]
        for article in joined:
            group[article] = joined
    expected = sorted({tuple(sorted(found)) for found in group.values() if len(found) > 1})
    assert copy_groups(copies_of(*pairs), NO_TEMPLATES) == list(map(list, expected))


@pytest.mark.parametrize("seed", range(10))
def test_templates_keep_groups_apart_that_weaker_links_would_join(seed: int) -> None:
    random = np.random.default_rng(seed)
    drawn = {(int(min(pair)), int(max(pair))) for pair in random.integers(15, size=(60, 2)) if pair[0] != pair[1]}
    pairs = random.permutation(sorted(drawn)).tolist()
    templates, links = ([(a, b) for a, b in part] for part in (pairs[:5], pairs[5:]))
    jaccard = random.choice([0.2, 0.3, 0.6, 0.9], size=len(links)).tolist()
    group = {article: {article} for article in range(15)}
    refused = 0
    for _, (a, b) in sorted(zip([-share for share in jaccard], links, strict=True)):
        joined = group[a] | group[b]
        if any({*form} <= joined for form in templates):
            refused += 1
            continue
        for article in joined:
            group[article] = joined
    assert refused, "a case of it"
    expected = sorted({tuple(sorted(found)) for found in group.values() if len(found) > 1})
    found = copy_groups(copies_of(*links, jaccard=jaccard), copies_of(*templates))
    assert found == list(map(list, expected))


def overlapping(shares: dict[tuple[int, int], float]) -> Callable[[NDArray[np.int64]], Overlaps]:
    """Return a function that gives the overlaps of pairs, 0 for pairs not named."""

    def compared(pairs: NDArray[np.int64]) -> Overlaps:
        assert (pairs[:, 0] < pairs[:, 1]).all()
        assert pairs.tolist() == sorted(pairs.tolist())
        found = copies_of(*((a, b) for a, b in pairs.tolist()))
        return replace(found, overlap=np.array([shares.get((a, b), 0.0) for a, b in pairs.tolist()]))

    return compared


def test_a_chain_of_texts_that_share_less_and_less_is_no_group() -> None:
    """Only one of two halves of a text joins it: its mean overlap with the text and the other half is halved."""
    chain = copies_of((0, 1), (1, 2), jaccard=[0.6, 0.5])
    for share, expected in ((2 * TOGETHER - 0.001, [True, False]), (2 * TOGETHER, [True, True])):
        compared = overlapping({(0, 1): 0.6, (1, 2): share})
        assert coherent(chain, NO_TEMPLATES, compared, 0.45, NO_TITLES).tolist() == expected
    assert coherent(chain, NO_TEMPLATES, overlapping({(1, 2): 0.4}), 0.2, NO_TITLES).tolist() == [True, True], (
        "a lower bar"
    )


def test_the_pages_of_an_article_go_with_it() -> None:
    """Under its title, and contained in it: not two articles under one title that share a part."""
    lengths, titles = np.array([900, 400, 400]), [b"fire", b"fire", b"fire"]
    for contained, expected in ((1.0, True), (NEARLY_WHOLE - 0.001, False)):
        copies = replace(copies_of((0, 1), (0, 2)), containment=np.array([contained, contained]))
        assert digests(copies, lengths, vectors(0, 1, 2), titles)[0] == (not expected)
        assert coherent(copies, NO_TEMPLATES, overlapping({(0, 2): 0.5}), 0.45, titles)[1] == expected
        for others in ([b"fire", b"fire", b"vote"], [b"vote", b"fire", b"vote"], NO_TITLES):
            assert not coherent(copies, NO_TEMPLATES, overlapping({(0, 2): 0.5}), 0.45, others)[1]
        assert digests(copies, lengths, vectors(0, 1, 2), [b"brief", b"fire", b"vote"])[0]


def test_pages_are_one_text_of_which_another_part_is_a_part() -> None:
    """An article with background paragraphs of another one is no version of it, though its own page has its title."""
    lengths, titles = np.array([1_000, 400, 400, 300]), [b"fire", b"fire", b"fire", b"vote"]
    copies = replace(copies_of((0, 1), (0, 2), (0, 3)), containment=np.ones(3))
    assert digests(copies, lengths, vectors(0, 1, 2, 3), titles)[0]
    assert not digests(copies, lengths, vectors(0, 1, 2, 2), titles)[0], "related to the second page"
    with_overlap = replace(copies_of((0, 1), (0, 2), (0, 3), (1, 3)), containment=np.array([1.0, 1.0, 1.0, 0.5]))
    assert not digests(with_overlap, lengths, vectors(0, 1, 2, 3), titles)[0], "a version of the first page"


def test_numbers_of_pages_are_no_words_of_titles() -> None:
    documents = [
        Document.of(title, "text") for title in ("Port fire", "Port fire (2)", "Port fire 1/3", "", "12", "Port")
    ]
    one, two, three, none, number, other = title_keys(HashedWords.of(documents), copies_of((0, 1), (2, 3), (4, 5)))
    assert one == two == three
    assert none == number == b""
    assert other not in {one, none}


def test_single_pairs_are_not_compared_again() -> None:
    pairs = copies_of((0, 1), (2, 3))
    assert coherent(pairs, NO_TEMPLATES, overlapping({}), 0.45, NO_TITLES).tolist() == [True, True]
    assert coherent(copies_of(), NO_TEMPLATES, overlapping({}), 0.45, NO_TITLES).tolist() == []


def test_a_large_group_is_compared_in_part() -> None:
    """Each new copy of a text with hundreds of copies is compared with a fixed number of them."""
    count = 5 * MOST_MEMBERS
    asked: list[int] = []

    def compared(pairs: NDArray[np.int64]) -> Overlaps:
        asked.append(len(pairs))
        return replace(copies_of(*((a, b) for a, b in pairs.tolist())), overlap=np.ones(len(pairs)))

    star = copies_of(*((0, place) for place in range(1, count)))
    assert coherent(star, NO_TEMPLATES, compared, 0.45, NO_TITLES).all()
    assert max(asked) == MOST_MEMBERS
    assert len(asked) == count - 2


@pytest.mark.parametrize("seed", range(10))
def test_the_groups_of_the_kept_links_are_coherent(seed: int) -> None:
    random = np.random.default_rng(seed)
    drawn = sorted({(int(min(pair)), int(max(pair))) for pair in random.integers(12, size=(40, 2)) if np.ptp(pair)})
    templates, links = copies_of(*drawn[::9]), [pair for number, pair in enumerate(drawn) if number % 9]
    copies = copies_of(*links, jaccard=random.choice([0.2, 0.5, 0.9], size=len(links)).tolist())
    shares = {pair: float(random.choice([0.0, 0.3, 0.6, 0.9])) for pair in combinations(range(12), 2)}
    stays = coherent(copies, templates, overlapping(shares), 0.45, NO_TITLES)
    assert 0 < stays.sum() < len(stays)
    groups = copy_groups(copies.where(stays), templates)
    home = {article: number for number, group in enumerate(groups) for article in group}
    assert [home.get(a, -1 - a) == home.get(b, -1 - b) for a, b in links] == stays.tolist()
    apart = set(zip(templates.a.tolist(), templates.b.tolist(), strict=True))
    assert not any(pair in apart for group in groups for pair in combinations(group, 2))


def test_the_members_of_a_growing_group_are_not_sorted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    count, sorted_values = 40 * MOST_MEMBERS, 0

    def counting(values: Iterable[Any], *, key: Callable[[Any], Any] | None = None) -> list[Any]:
        nonlocal sorted_values
        found = sorted(values, key=key)
        sorted_values += len(found)
        return found

    monkeypatch.setattr("dedup.group.copies.sorted", counting, raising=False)
    star = copies_of(*((0, place) for place in range(1, count)))
    assert coherent(
        star, NO_TEMPLATES, overlapping({(0, place): 1.0 for place in range(count)}), 0.0, [b""] * count
    ).all()
    assert sorted_values < 4 * MOST_MEMBERS * count


def test_no_links_make_no_groups() -> None:
    assert copy_groups(copies_of(), NO_TEMPLATES) == []
    assert copy_groups(copies_of(), copies_of((0, 1))) == []


def test_a_text_with_unrelated_parts_is_a_digest() -> None:
    lengths = np.array([1_000, 100, 100, 100])
    copies = copies_of((0, 1), (0, 2), (0, 3))
    assert digests(copies, lengths, vectors(0, 1, 2, 3), NO_TITLES).tolist() == [True, False, False, False]
    assert digests(copies, lengths, vectors(1, 1, 1, 1), NO_TITLES).tolist() == [False] * 4
    assert digests(copies_of((0, 1)), lengths, vectors(0, 1, 2, 3), NO_TITLES).tolist() == [False] * 4


def test_parts_that_overlap_are_parts_of_one_text() -> None:
    """Whatever their vectors say."""
    lengths = np.array([1_000, 500, 500])
    assert not digests(copies_of((0, 1), (0, 2), (1, 2)), lengths, vectors(0, 1, 2), NO_TITLES).any()


def test_texts_of_one_length_are_no_parts() -> None:
    assert not digests(copies_of((0, 1), (0, 2)), np.array([1_000, 700, 700]), vectors(0, 1, 2), NO_TITLES).any()


def test_a_text_with_very_many_parts_is_compared_in_part() -> None:
    count = 5 * MOST_PARTS
    lengths = np.array([10_000, *[10] * count])
    star = copies_of(*((0, place) for place in range(1, count + 1)))
    assert digests(star, lengths, vectors(*range(count + 1)), NO_TITLES)[0]
    assert not digests(star, lengths, vectors(0, *[1] * count), NO_TITLES)[0]


def test_a_digest_is_a_copy_of_digests_only() -> None:
    """A digest is a copy of a text that is nearly all of it, which may be no digest itself; not of its parts."""
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2)]
    copies = copies_of(*pairs, jaccard=[NEAR - 0.001, 0.1, NEAR, 0.1])
    for digest, expected in (
        ([True, False, False, True], [False, False, True, True]),
        ([True, False, False, False], [False, False, True, True]),
        ([False, True, False, False], [False, True, True, False]),
        ([False, False, False, False], [True, True, True, True]),
        ([True, True, True, True], [False, False, True, False]),
    ):
        assert without_parts(copies, np.array(digest)).tolist() == expected


@pytest.mark.parametrize("seed", range(10))
def test_the_senior_near_copy_represents_all_that_near_links_connect(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 30
    pairs = sorted({(int(min(pair)), int(max(pair))) for pair in random.integers(count, size=(25, 2)) if np.ptp(pair)})
    jaccard = random.choice([0.2, NEAR - 0.001, NEAR, 0.9], size=len(pairs)).tolist()
    times, lengths = random.integers(3, size=count).tolist(), random.integers(3, size=count).tolist()
    seniority: list[Seniority] = [(float(times[place]), -lengths[place], place) for place in range(count)]
    near = [pair for pair, share in zip(pairs, jaccard, strict=True) if share >= NEAR]
    representative = list(range(count))
    for _ in range(count):  # long enough for the senior of a group to become known to all of it
        for a, b in near:
            representative[a] = representative[b] = min(
                representative[a], representative[b], key=lambda place: seniority[place]
            )
    assert 0 < sum(representative[place] != place for place in range(count)) < count
    assert representatives(copies_of(*pairs, jaccard=jaccard), NO_TEMPLATES, seniority).tolist() == representative


def test_instances_of_a_template_do_not_represent_each_other() -> None:
    """Though a third text is a near-copy of both: it goes with the more similar one."""
    links = copies_of((1, 3), (3, 4), jaccard=[0.7, 0.8])
    assert representatives(links, copies_of((1, 4)), SENIORITY).tolist() == [0, 1, 2, 4, 4]
    assert representatives(links, NO_TEMPLATES, SENIORITY).tolist() == [0, 1, 2, 1, 1]


def test_articles_without_copies_represent_themselves() -> None:
    assert representatives(copies_of(), NO_TEMPLATES, SENIORITY).tolist() == list(range(len(SENIORITY)))
    assert representatives(copies_of(), NO_TEMPLATES, []).tolist() == []


@pytest.mark.parametrize(
    ("group", "expected"), [([0, 1, 3], 1), ([1, 2], 2), ([3, 0], 0), ([4, 0], 0), ([3], 3), ([4, 3, 2, 1, 0], 2)]
)
def test_the_first_of_a_group_is_the_first_published_then_the_longest(group: list[int], expected: int) -> None:
    for order in permutations(group):
        assert first_of_group(order, SENIORITY) == expected
