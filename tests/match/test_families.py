"""Many notices of one form: sampled, kept apart, and without an effect on other collections."""

from __future__ import annotations

import random

import pytest

from dedup import Article, StoryIndex, cluster

FORM = (
    "The ferry {} left at {} with {} passengers and {} cars on board and arrived {} minutes late because of {}."
    " All times"
    " are those of the harbour office in Tann, which publishes them every evening without guarantee. Complaints"
    " can be made"
    " in writing within ten days, and tickets are refunded if a ferry was more than an hour late. The next sailings are"
    " shown on the boards at both piers. The harbour office is open from eight to six, and closed on holidays."
)
SHIPS = ["Aurora", "Belle Anna", "Corran", "Dolphin", "Estrella"]
CAUSES = ["fog", "a broken pump", "high waves off the cape", "work on the pier", "a search for a lost child"]


def notices(count: int) -> list[Article]:
    drawn = random.Random(4)  # noqa: S311 - no secret
    return [
        Article(
            id=str(number),
            text=FORM.format(drawn.choice(SHIPS), *(drawn.randint(2, 900) for _ in range(4)), drawn.choice(CAUSES)),
        )
        for number in range(count)
    ]


def copies(articles: list[Article]) -> set[frozenset[str]]:
    groups = [group for story in cluster(articles) for group in story.copy_groups]
    return {frozenset(group.articles) for group in groups}


@pytest.mark.parametrize("count", [12, 31, 32, 60, 300])
def test_notices_are_apart_however_many(count: int) -> None:
    assert len(cluster(notices(count)).stories) == count


def test_an_equal_notice_is_a_copy() -> None:
    given = notices(80)
    again = [Article(id="again", title="Late again", text=given[7].text), Article(id="more", text=given[70].text)]
    assert copies([*given, *again]) == {frozenset({"7", "again"}), frozenset({"70", "more"})}


def test_a_notice_with_one_other_number_is_no_copy() -> None:
    given = notices(80)
    numbers = given[7].text.split()
    changed = " ".join("901" if place == 5 else word for place, word in enumerate(numbers))
    assert numbers[5].isdigit()
    assert copies([*given, Article(id="changed", text=changed)]) == set()


def test_versions_of_a_text_are_no_family() -> None:
    """Forty papers have a text of Monday, forty one of Tuesday with other numbers."""
    text = " ".join(f"word{number}" for number in range(150))
    bodies = [f"{text[:400]} {day} of {day * 7} {text[400:]} by paper{n}" for day in (11, 12) for n in range(40)]
    found = copies([Article(id=str(n), text=body) for n, body in enumerate(bodies)])
    assert sorted(map(len, found)) in ([40, 40], [80])


def test_an_index_keeps_them_apart() -> None:
    given = notices(60)
    with StoryIndex.open(":memory:") as index:
        index.add_many(given[:40])
        for article in given[40:]:
            assert index.add(article).copy_of is None
        assert len(index.placements().stories) == 60
