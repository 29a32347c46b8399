"""Bodies stored under headlines that are not their own."""

from __future__ import annotations

from itertools import permutations

from dedup.text.document import Document
from dedup.vectorize.features import HashedWords
from dedup.vectorize.misplaced_body import LONG, body_digest, body_digests, misplaced

WALL = "Subscribe to continue reading this and all our other stories. Cancel whenever you want to."
WIRE = "The ferry Halcyon Star caught fire off Larkhaven on Sunday. All 214 passengers were brought ashore by lifeboat."


LONG_WIRE = " ".join([WIRE, *(f"word{number}" for number in range(LONG))])


def places(*articles: tuple[str, str], outlets: list[int] | None = None) -> list[int]:
    return misplaced(HashedWords.of([Document.of(title, text) for title, text in articles]), outlets)


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


def test_a_long_body_is_one_text_whatever_its_titles_are() -> None:
    titles = ["final_v3.docx", "By Ann Vole and Bo Rask", "Fähre vor Larkhaven in Flammen", "What the sea gave back"]
    assert places(*((title, LONG_WIRE) for title in titles), outlets=[0, 1, 2, 3]) == []
    assert places(*((title, LONG_WIRE) for title in titles[:2]), outlets=[0, 0]) == []
    assert places(*((title, LONG_WIRE) for title in titles[:2])) == []
    assert places(*((title, WIRE) for title in titles), outlets=[0, 1, 2, 3]) == [0, 1, 2, 3]


def test_three_unrelated_titles_of_one_outlet_show_a_wall() -> None:
    """Under the titles of other outlets too."""
    titles = ["Mill burns in Brackwell", "Rates held again", "Cup goes to Dunmere", "What the sea gave back"]
    articles = [(title, LONG_WIRE) for title in titles]
    assert places(*articles, outlets=[5, 5, 5, 7]) == [0, 1, 2, 3]
    assert places(*articles, outlets=[5, 5, 6, 7]) == []
    assert places(*articles[:2], ("Ferry on fire off Larkhaven", LONG_WIRE), outlets=[5, 5, 5]) == []
    assert places(*articles) == [0, 1, 2, 3]


def test_the_order_does_not_matter() -> None:
    articles = [("Mill burns in Brackwell", WALL), ("Rates held again", WALL), ("Ferry on fire", WIRE), ("", WALL)]
    for order in permutations(range(4)):
        found = places(*(articles[place] for place in order))
        assert sorted(order[place] for place in found) == [0, 1]


def test_no_articles_have_nothing_overwritten() -> None:
    assert places() == []
    assert places(("", ""), ("", "")) == []


def test_digests_are_those_of_articles_with_a_title_and_a_body() -> None:
    texts = [("A title", "A body of it"), ("", "A body alone"), ("A title alone", ""), ("Another", "A body of it")]
    words = HashedWords.of([Document.of(*text) for text in texts])
    assert [*body_digests(words)] == [(0, body_digest(words, 0)), (3, body_digest(words, 3))]
    assert body_digest(words, 0) == body_digest(words, 3)
    assert [*body_digests(words, [3, 1])] == [(3, body_digest(words, 3))]
    for texts in ([], [("", "")]):
        assert [*body_digests(HashedWords.of([Document.of(*text) for text in texts]))] == []
