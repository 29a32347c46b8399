"""Bodies stored under headlines that are not their own."""

from __future__ import annotations

from itertools import permutations

from dedup.text.document import Document
from dedup.vectorize.features import HashedWords
from dedup.vectorize.misplaced_body import misplaced

WALL = "Subscribe to continue reading this and all our other stories. Cancel whenever you want to."
WIRE = "The ferry Halcyon Star caught fire off Larkhaven on Sunday. All 214 passengers were brought ashore by lifeboat."


def places(*articles: tuple[str, str]) -> list[int]:
    return misplaced(HashedWords.of([Document.of(title, text) for title, text in articles]))


def test_one_body_under_unrelated_titles_is_nobodys() -> None:
    assert places(("Mill burns in Brackwell", WALL), ("Rates held again", WALL), ("Cup goes to Dunmere", WALL)) == [
        0,
        1,
        2,
    ]


def test_a_wire_text_under_headlines_of_its_own_is_theirs() -> None:
    assert places(("Ferry on fire off Larkhaven", WIRE), ("Halcyon Star passengers saved", WIRE)) == []


def test_two_titles_that_speak_of_each_other_are_one_event() -> None:
    """Even if the body that both have contains neither title's words."""
    assert places(("Mill burns in Brackwell", WALL), ("Brackwell mill burns down", WALL)) == []


def test_a_series_of_titles_vouches_for_no_stranger() -> None:
    series = [(f"Brackwell council sits, day {day}", WALL) for day in ("one", "two", "three", "four")]
    assert places(*series[:2]) == []
    assert places(*series, ("Ferry on fire off Larkhaven", WALL)) == [0, 1, 2, 3, 4]


def test_one_title_is_no_evidence() -> None:
    assert places(("Mill burns in Brackwell", WALL), ("Mill burns in Brackwell", WALL)) == []
    assert places(("Mill burns in Brackwell", WALL), ("", WALL)) == []
    assert places(("", WALL), ("", WALL)) == []


def test_an_untitled_article_keeps_its_body() -> None:
    found = places(("Mill burns in Brackwell", WALL), ("", WALL), ("Rates held again", WALL), ("Other", WIRE))
    assert found == [0, 2]


def test_the_order_does_not_matter() -> None:
    articles = [("Mill burns in Brackwell", WALL), ("Rates held again", WALL), ("Ferry on fire", WIRE), ("", WALL)]
    for order in permutations(range(4)):
        found = places(*(articles[place] for place in order))
        assert sorted(order[place] for place in found) == [0, 1]


def test_no_articles_have_nothing_overwritten() -> None:
    assert places() == []
    assert places(("", ""), ("", "")) == []
