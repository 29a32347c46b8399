"""`explain` names what was not compared."""

from __future__ import annotations

from dedup import Article, Background, StoryIndex, cluster, learn_background

NOTICE = "Read on with a subscription from four crowns a month, and take the puzzle page with you on the train to work."
TOLD = (
    ("Bakers strike in Orsa", "The bakers of Orsa have laid down their work because of the night shifts."),
    ("Comet seen above the bay", "A green comet was seen above Larkhaven bay by hundreds of people at dawn."),
    ("Court halts motorway", "A court in Mirstad has halted the building of the motorway through the marshes."),
    ("Old tram returns", "A tram of 1921 runs again through the centre of Tann on Sundays in summer."),
)


def articles() -> list[Article]:
    return [
        Article(id=str(n), title=f"{title} - BCN News", text=f"{text}\n\n{NOTICE}", source="BCN")
        for n, (title, text) in enumerate(TOLD)
    ]


def test_boilerplate_is_named() -> None:
    explained = cluster(articles()).explain("0", "1")
    assert NOTICE.rstrip(".") in " ".join(explained.removed_a)
    assert NOTICE.rstrip(".") in " ".join(explained.removed_b)
    assert "Not compared in '0', as boilerplate:" in explained.reason
    assert not any(word in part for part in explained.removed_a for word in ("Orsa", "bakers"))


def test_a_label_of_one_article_is_named() -> None:
    item = Article(id="x", title="Comet seen above the bay - Orsa Herald", text="Comet seen above the bay Orsa Herald")
    explained = cluster([item, Article(id="y", text="Rain.")]).explain("x", "y")
    assert explained.removed_a == ("Orsa Herald",)
    assert explained.removed_b == ()


def test_an_index_names_what_it_has_learned() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add_many(articles(), batch=1)
        explained = index.explain("0", "3")
        assert NOTICE.rstrip(".") in " ".join(explained.removed_b)


def test_a_background_is_named_too() -> None:
    known = learn_background(articles())
    two = [
        Article(
            id="x",
            text=f"Snow fell in Kelmar and Weldon for nine hours, and the trains stood still until noon.\n\n{NOTICE}",
            title="Snow",
        ),
        Article(id="y", text="Rain."),
    ]
    explained = cluster(two, background=known).explain("x", "y")
    assert explained.removed_a == (NOTICE.rstrip("."),)
    assert explained.removed_b == ()


def test_nothing_is_removed_from_two_articles() -> None:
    explained = cluster(articles()[:2], background=Background.general()).explain("0", "1")
    assert explained.removed_a == explained.removed_b == ()
    assert "Not compared" not in explained.reason
