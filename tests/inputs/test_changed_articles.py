"""An article with some other values is what `dataclasses.replace` makes of it."""

from dataclasses import dataclass, fields, replace
from datetime import date

import dedup
from dedup.article import changed

ARTICLE = dedup.Article(
    id="a", title="T", text="x", published=date(2024, 5, 6), source="Echo", story="s", vector=(1.0, 2.0), where="f:1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded(dedup.Article):
    grade: int = 0


def test_it_has_all_other_values_and_the_first_stays() -> None:
    made = changed(ARTICLE, text="", id="b")
    assert made == replace(ARTICLE, text="", id="b")
    assert made.vector == ARTICLE.vector  # which is not compared
    assert ARTICLE.text == "x"
    assert {one.name for one in fields(made)} == {one.name for one in fields(ARTICLE)}


def test_an_article_of_another_class_stays_one() -> None:
    given = Graded(id="a", text="x", grade=3)
    assert changed(given, text="") == Graded(id="a", text="", grade=3)
