"""The score of a pair and its penalties; two articles of one outlet must be more similar to be one story."""

from __future__ import annotations

import math
import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import Article, Clustering, Settings, cluster
from dedup.group import cut
from dedup.match import passages
from dedup.match import scores as formulas
from dedup.match.probability import LEAST_SCORE, MOST_BACKGROUND
from dedup.match.scores import FADE, least_cosine, outlet_penalty, score
from dedup.match.stories import Pairs, with_outlet_penalty
from dedup.vectorize.exact import SCORE_UNIT

FERRY = "The ferry Aurelia ran aground off Port Vellan with {} people aboard, the Vellan coast guard said. {}"
MORE = (
    "Tugs from Orsk pulled at her stern until the tide fell, and her passengers were taken ashore in lifeboats.",
    "The harbour master blamed a broken buoy, which fishermen say had been dark since the storm of last week.",
    "Divers found a tear in the hull, so the owner, Brandal Line, will keep her on the sand until it is welded.",
)


def reports(*sources: str) -> list[Article]:
    texts = [FERRY.format(number, more) for number, more in zip(("120", "some 120", "about 130"), MORE, strict=True)]
    return [
        Article(id=f"{place}", text=text, source=source)
        for place, (text, source) in enumerate(zip(texts, sources, strict=False))
    ]


def scores(clustering: Clustering) -> dict[tuple[str, str], float]:
    names = [article.id for article in clustering.articles]
    return {(a, b): clustering.explain(a, b).link.score for a, b in combinations(names, 2)}


def units(score: float) -> int:
    return round(score / SCORE_UNIT)


def test_only_pairs_of_one_outlet_lose_the_outlet_penalty() -> None:
    a, b = np.array(list(combinations(range(5), 2)), np.int64).T
    pairs = Pairs(a, b, np.full(len(a), 0.25), np.full(len(a), units(0.25), np.int64))
    outlets = np.array([0, -1, 0, 1, -1])
    found = with_outlet_penalty(pairs, outlets, Settings(outlet_penalty=0.1))
    taken = {(i, j): units(0.25) - score for i, j, score in zip(found.a, found.b, found.score, strict=True)}
    assert taken.pop((0, 2)) == units(0.1)
    assert set(taken.values()) == {0}, "two unknown outlets are not one"
    assert len(taken) == len(a) - 1


def test_a_headline_and_a_text_score_more_than_two_of_a_kind() -> None:
    texts = [FERRY.format(number, " ".join(MORE)) for number in ("120", "some 120")]
    first, second = (Article(id=name, title="A ferry", text=text) for name, text in zip("ab", texts, strict=True))
    headlines = [
        Article(id=name, title=f"Ferry Aurelia {what} off Port Vellan", text="")
        for name, what in (("c", "aground"), ("d", "stuck"))
    ]
    brief = Article(id="e", title="Ferry Aurelia aground off Port Vellan", text="Tugs from Orsk are under way.")
    found = cluster([first, second, *headlines, brief])
    for a, b in combinations("abcde", 2):
        explanation = found.explain(a, b)
        cosine = explanation.link.cosine - explanation.background - explanation.date_penalty
        mixed = {a, b} & {"a", "b"} and {a, b} & {"c", "d"}
        assert explanation.headline == pytest.approx(0.6 * cosine if mixed else 0, abs=2 * SCORE_UNIT)
        if explanation.headline:
            assert [part.name for part in explanation.waterfall()][-1] == "headline"
    for link in found.links:
        assert link.kind == "copy" or link.score == found.explain(link.a, link.b).link.score


def test_a_pair_without_a_positive_score_is_dropped() -> None:
    pairs = Pairs(np.array([0]), np.array([1]), np.array([0.1]), np.array([units(0.05)]))
    assert len(with_outlet_penalty(pairs, np.array([3, 3]), Settings(outlet_penalty=0.1)).a) == 0
    assert len(with_outlet_penalty(pairs, np.array([3, 3]), Settings(outlet_penalty=0)).a) == 1


def test_the_penalty_fades_with_the_score() -> None:
    grid = np.linspace(0, 1, 401)
    left = grid - outlet_penalty(np.rint(grid / SCORE_UNIT), 0.1) * SCORE_UNIT
    assert (np.diff(left) > 0).all(), "what is more alike stays ahead"
    assert left[grid >= FADE[1]] == pytest.approx(grid[grid >= FADE[1]], abs=SCORE_UNIT)
    assert left[grid <= FADE[0]] == pytest.approx(grid[grid <= FADE[0]] - 0.1, abs=SCORE_UNIT)


def test_the_outlet_is_the_source_in_any_spelling() -> None:
    unknown, apart = scores(cluster(reports("", "", ""))), scores(cluster(reports("Post", "Echo", "Courier")))
    assert unknown == apart
    together = scores(cluster(reports("The  Post", "the post", "")))
    assert together[("0", "1")] < apart[("0", "1")]
    assert together[("0", "2")] == apart[("0", "2")]
    assert together[("1", "2")] == apart[("1", "2")]


def test_an_explanation_has_the_outlet_penalty() -> None:
    settings = Settings(outlet_penalty=0.05)
    clustering = cluster(reports("Post", "Post", "Echo"), settings)
    one, other = clustering.explain("0", "1"), clustering.explain("0", "2")
    assert 0 < one.outlet_penalty <= 0.05
    assert other.outlet_penalty == 0
    worth = one.link.cosine - one.background - one.date_penalty
    assert one.link.score == pytest.approx(worth - one.outlet_penalty, abs=2 * SCORE_UNIT)
    for link in clustering.links:
        assert link.score == clustering.explain(link.a, link.b).link.score


def test_copies_in_one_outlet_are_copies() -> None:
    first, second, _ = reports("Post", "Post", "Post")
    longer = Article(id="longer", text=f"{first.text} {MORE[1]}", source="Post")
    settings = Settings(outlet_penalty=1)
    found = cluster([first, longer, second], settings)
    assert found.explain("0", "longer").same_text
    assert found.explain("0", "1").outlet_penalty > 0


def test_a_text_that_several_outlets_ran_is_of_none() -> None:
    wire, follow, _ = reports("Post", "Post", "Post")
    elsewhere = Article(id="elsewhere", text=wire.text, source="Echo")
    assert cluster([wire, follow]).explain("0", "1").outlet_penalty > 0
    assert cluster([wire, elsewhere, follow]).explain("0", "1").outlet_penalty == 0
    again = Article(id="again", text=wire.text)
    assert cluster([wire, again, follow]).explain("0", "1").outlet_penalty > 0


def test_the_page_computes_with_the_same_constants() -> None:
    """The script of the page has formulas of its own; `tests/report/test_page.py` compares its stories."""
    templates = files("dedup.report.html") / "templates"
    script = "".join((templates / name).read_text(encoding="utf-8") for name in ("snapshot.js", "texts.js"))
    found = dict(re.findall(r"\b([A-Z_]+) = ([\d. *-]+)[,;]", script))
    wanted = {name: getattr(cut, name) for name in ("PAIR", "SAME_EVENT", "LOWEST", "SEVERAL", "DROP", "CAP")}
    wanted |= {name: getattr(passages, name) for name in ("SEED", "FEWEST", "EDIT", "SLACK", "LONE", "REACH", "SHIFT")}
    wanted |= {name: getattr(formulas, name) for name in ("ONE_DAY", "A_DAY", "MOST_DAYS", "MEASURED", "HEADLINE")}
    wanted |= {"SPAN": formulas.DATE_SPAN, "CROWD": passages.MOST_PLACES}
    assert {name: float(found[name]) for name in wanted} == wanted
    for name in ("FADE", "FADE_CROWDED"):
        low, high = re.search(rf"\b{name} = \[([\d.]+), ([\d.]+)\]", script).groups()  # type: ignore[union-attr]
        assert (float(low), float(high)) == getattr(formulas, name)
    floors = r"Math\.max\(score, ([\d.]+)\)\), Math\.min\(found\.background - data\.crowding, ([\d.]+)\)"
    for least, most in re.findall(floors, script):
        assert (float(least), float(most)) == (LEAST_SCORE, MOST_BACKGROUND)


@given(*(st.floats(0, most) for most in (0.6, 0.6, 40, 1, 1, 40, 0.2)))
def test_no_score_is_positive_up_to_the_least_cosine(
    a: float, b: float, days: float, most: float, share: float, more: float, crowding: float
) -> None:
    least = least_cosine(min(a, b), days, most, crowding)
    unknown = least_cosine(min(a, b), 0.0, most, crowding)
    for cosine in (least, min(least, least * share)):
        assert score(np.float64(cosine), a, b, np.float64(days), most, crowding) <= 0
        assert score(np.float64(cosine), a, b, np.float64(days + more), most, crowding) <= 0
    assert score(np.float64(unknown), a, b, np.float64(math.nan), most, crowding) <= 0


def test_the_least_cosine_grows_with_the_days_to_the_full_penalty() -> None:
    assert [least_cosine(0.02, days, 0.1) for days in (0.0, 10.0, 20.0, math.inf)] == pytest.approx(
        [0.02, 0.07, 0.12, 0.12]
    )
    assert least_cosine(0.0, 20.0, 1.0) == least_cosine(0.0, 20.0, 0.1, 0.08) == FADE[0]
