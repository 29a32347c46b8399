"""The score of a pair of articles, and the penalties in it.

Each formula is written once, for NumPy arrays and for single numbers: kernels compile these same functions (see
`vectorize.kernels.compiling.callable_by_kernels`). A penalty fades out where two articles are very similar: those are
one story even a month apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from dedup.vectorize.exact import SCORE_UNIT, Numbers

if TYPE_CHECKING:
    from dedup.settings import Settings

DATE_SPAN = 20.0
"""Days over which the date penalty rises to its full size."""
FADE = (0.3, 0.6)
"""Scores between which penalties fade out."""
ONE_DAY = 0.5
"""Share of the crowding that is taken off for two articles of one day ..."""
A_DAY = 0.4
"""... and that each day between them adds ..."""
MOST_DAYS = 3.0
"""... up to this many times the crowding."""
UNDATED = 1.1
"""Days that count where a date is unknown: it says little, so nearly nothing is added or taken off."""
MEASURED = 0.08
"""Crowding above this counts as this for the part that depends on days: no denser stream has been measured."""
FADE_CROWDED = (0.5, 0.8)
"""Scores between which that part fades out."""
HEADLINE = 1.6
"""What the score of a headline alone and a text is multiplied by, see `HashedWords.forms`."""
SECONDS_A_DAY = 86_400


class Scoring(NamedTuple):
    """The settings that scores depend on, in a form that kernels accept.

    Attributes:
        date_penalty, outlet_penalty: their largest values.
        window: days beyond which a pair has no score.
        crowding: of the collection, see `match.crowding`.
    """

    date_penalty: float
    outlet_penalty: float
    window: float
    crowding: float

    @classmethod
    def of(cls, settings: Settings, crowding: float) -> Self:
        """The values of a run's settings."""
        return cls(
            float(settings.date_penalty), float(settings.outlet_penalty), float(settings.window), float(crowding)
        )


def days_apart(one: Numbers, other: Numbers) -> Numbers:
    """Days between two times in seconds, nan where one is unknown."""
    return np.abs(one - other) / SECONDS_A_DAY


def faded(penalty: Numbers, score: Numbers, low: float, high: float) -> Numbers:
    """The part of a penalty that applies at a score: all below `low`, nothing above `high`."""
    return penalty * np.minimum(np.maximum(1 - (score - low) / (high - low), 0.0), 1.0)


def crowding_by_days(days: Numbers, crowding: float) -> Numbers:
    """What the days between two articles add to the crowding of their collection, negative within a day.

    Strangers are as frequent on every day, articles of one story are not: most appear within a day of each other. So
    the odds that `match.crowding` estimates for the average pair are better for articles of one day, and get worse with
    each further day. An unknown date counts as `UNDATED` days.
    """
    share = A_DAY * (np.fmax(days, 0.0) + UNDATED * np.isnan(days)) - ONE_DAY
    return min(crowding, MEASURED) * np.minimum(share, MOST_DAYS)


def date_penalty(score: Numbers, days: Numbers, most: float, crowding: float) -> Numbers:
    """The penalty for the days between two articles, nan where they are unknown; it may be negative.

    Args:
        score: before it.
        days: between the two.
        most: its largest value in a small collection; at 0 days do not count.
        crowding: of the collection, see `crowding_by_days`.
    """
    usual = faded(most * np.minimum(1.0, np.fmax(days, 0.0) / DATE_SPAN), score, FADE[0], FADE[1])
    crowded = crowding_by_days(days, crowding) * (most > 0)
    return usual + np.minimum(crowded, 0.0) + faded(np.maximum(crowded, 0.0), score, FADE_CROWDED[0], FADE_CROWDED[1])


def score(
    cosine: Numbers, background_a: Numbers, background_b: Numbers, days: Numbers, most: float, crowding: float = 0.0
) -> Numbers:
    """The score of a pair, outlets apart: cosine less background similarity and date penalty.

    Args:
        cosine: of the two vectors.
        background_a, background_b: background similarity of each article, with the crowding.
        days: between them, nan where unknown.
        most: the largest date penalty.
        crowding: of the collection; 0 as long as it is unknown.

    Returns:
        A whole number of `SCORE_UNIT`, as a float; it may be negative.
    """
    raw = cosine - (background_a + background_b) / 2
    return np.rint((raw - date_penalty(raw, days, most, crowding)) / SCORE_UNIT)


def least_cosine(background: float, days: float, most: float, crowding: float = 0.0) -> float:
    """A cosine up to which `score` is not positive.

    Args:
        background: the lower background similarity of the two articles, or less; with the crowding.
        days: between them, or fewer; 0 where they are unknown.
        most: the largest date penalty.
        crowding: of the collection.
    """
    crowded = float(crowding_by_days(days, crowding)) * (most > 0)
    penalty = most * min(1.0, days / DATE_SPAN) + max(crowded, 0.0)
    return background + min(crowded, 0.0) + min(FADE[0], penalty)


def outlet_penalty(score: Numbers, most: float) -> Numbers:
    """The penalty for two articles of one outlet; it and the score are whole numbers of `SCORE_UNIT`, as floats."""
    return np.rint(faded(most, score * SCORE_UNIT, FADE[0], FADE[1]) / SCORE_UNIT)


def headline_score(score: Numbers, form_a: Numbers, form_b: Numbers) -> Numbers:
    """The score of a pair in which one article is a headline alone; a whole number of `SCORE_UNIT`, as a float.

    A headline has few words to share with a text, most of which the vector of the text gives little weight.

    Args:
        score: of the pair otherwise.
        form_a, form_b: see `HashedWords.forms`.
    """
    return np.rint(score * (1 + (HEADLINE - 1) * (form_a * form_b < 0)))


def final_score(
    cosine: Numbers,
    background_a: Numbers,
    background_b: Numbers,
    days: Numbers,
    same_outlet: Numbers,
    form_a: Numbers,
    form_b: Numbers,
    scoring: Scoring,
) -> Numbers:
    """The score of a pair with all that counts: `score` less `outlet_penalty`, see `headline_score`; never negative.

    It is 0 beyond the window.
    """
    before = np.maximum(0.0, score(cosine, background_a, background_b, days, scoring.date_penalty, scoring.crowding))
    after = before - same_outlet * outlet_penalty(before, scoring.outlet_penalty)
    return headline_score(np.maximum(0.0, after), form_a, form_b) * (1 - (days > scoring.window))


FORMULAS = (days_apart, faded, crowding_by_days, date_penalty, score, outlet_penalty, headline_score, final_score)
"""What kernels call."""
