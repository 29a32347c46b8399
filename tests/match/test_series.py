from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from dedup import Article, cluster
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.series import in_series, undated

NAN = float("nan")


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Harbour pictures — January 3, 2020", "Harbour pictures — February 28, 2020"),
        ("Water level of the Brell on Monday (12.4 m)", "Water level of the Brell on Thursday (9.8 m)"),
        ("Le marché du lundi 3 mars", "Le marché du mardi 4 mars"),
        ("BRIEFLY", "Briefly"),
    ],
)
def test_titles_of_a_series_are_equal_without_their_dates(title: str, other: str) -> None:
    assert undated(title) == undated(other) != ""


def test_a_title_of_three_days_of_one_outlet_is_a_series() -> None:
    days = np.array([1, 2, 3, 1, 2, 3, 1, 2, 2.1, 1, 2, NAN, 1, 2, 3])
    outlets = np.array([0, 0, 0, 1, 2, 3, 4, 4, 4, 5, 5, 5, -1, -1, -1])
    titles = ["Picture of May 3"] * len(days)
    found = in_series(titles, outlets, days * SECONDS_A_DAY)
    assert found.tolist() == [True] * 3 + [False] * 12
    assert not in_series(["", "3 May", "12"], np.zeros(3, np.int64), np.arange(3.0) * SECONDS_A_DAY).any()


def test_no_two_of_a_series_are_one_story() -> None:
    def picture(day: int, source: str) -> Article:
        title, published = f"Harbour picture of May {day}", date(2024, 5, day)
        return Article(id=f"{source}-{day}", title=title, text="", source=source, published=published)

    assert len(cluster([picture(day, "Post") for day in (1, 2, 3)]).stories) == 3
    assert len(cluster([picture(day, "Post") for day in (1, 2)]).stories) < 2
    assert len(cluster([picture(1, "Post"), picture(2, "Echo"), picture(3, "Star")]).stories) < 3
