"""What follows from a kind: each row of the table in docs/method.md, in a run and in an index, in any order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from match_articles import LANGUAGES, matches
from storyline_articles import storyline_articles

import dedup
from dedup.kinds import FOLLOWING, SECONDARY

FIRE = [
    "Fire broke out on the ferry Aurelia off Corran at dawn. The coastguard of Halmsund took all 212 passengers off "
    "the Aurelia in lifeboats, and tugs towed the burning ferry to the quay of Corran, where it still smokes.",
    "All 212 passengers of the burning ferry Aurelia were rescued off Corran. Lifeboats of the Halmsund coastguard "
    "took "
    "them ashore, and two tugs brought the Aurelia to the quay of Corran by noon.",
    "The ferry Aurelia burned for six hours off Corran before tugs towed it to the quay. The coastguard at Halmsund "
    "said "
    "that lifeboats had taken off its 212 passengers, none of them badly hurt.",
]
VOTE = [
    "The council of Brackwell voted to close the Dunmere library at the end of the year. Mayor Ada Quill cast the vote "
    "that decided, after 1,400 readers of the library had signed a petition against its closing.",
    "Mayor Ada Quill decided the vote of the Brackwell council: the Dunmere library closes in December. Readers had "
    "handed in a petition with 1,400 names to keep the library open.",
    "Dunmere loses its library in December, the Brackwell council voted by one voice, that of Mayor Ada Quill. The "
    "1,400 "
    "readers who signed the petition for the library want to sue.",
]
TWO = (("fire", "Ferry Aurelia burns off Corran", FIRE), ("vote", "Dunmere library closes", VOTE))
BOTH = (
    "Fire on the ferry Aurelia off Corran: the coastguard of Halmsund took 212 passengers off in lifeboats, and "
    "tugs towed "
    "the ferry to the quay. Brackwell council votes to close the Dunmere library: Mayor Ada Quill decided the vote, in "
    "spite of a petition of 1,400 readers."
)


def articles(kind: str) -> list[dedup.Article]:
    """Two stories, and an article of a kind with the words of both."""
    reports = [
        dedup.Article(id=f"{name}{number}", title=title, text=text, source=f"Paper {name}{number}", kind="report")
        for name, title, some in TWO
        for number, text in enumerate(some)
    ]
    return [*reports, dedup.Article(id="it", title="Aurelia and Dunmere", text=BOTH, source="The Echo", kind=kind)]


def stories(found: dedup.Clustering) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in found}


def of_others(found: dedup.Clustering) -> set[frozenset[str]]:
    return {others for story in found if (others := frozenset(story.articles) - {"it"})}


@pytest.mark.parametrize("kind", sorted(FOLLOWING))
@pytest.mark.parametrize("granularity", [0.3, 0.5, 0.7, 0.9, 1.0])
def test_it_never_connects_two_stories(kind: str, granularity: float) -> None:
    settings = dedup.Settings(granularity=granularity)
    *others, it = articles(kind)
    assert of_others(dedup.cluster([*others, it], settings)) == stories(dedup.cluster(others, settings))


@pytest.mark.parametrize("kind", sorted(FOLLOWING))
def test_it_joins_the_story_that_it_fits_best(kind: str) -> None:
    *others, it = articles(kind)
    it = replace(it, text=FIRE[1].replace("noon", "eleven") + " A reader asks why. " + BOTH)
    found = dedup.cluster([*others, it])
    assert found.story_of("it").articles.count("fire0") == 1
    assert found.story_of("it").articles.count("vote0") == 0


@pytest.mark.parametrize("kind", sorted(SECONDARY))
def test_it_is_canonical_only_alone(kind: str) -> None:
    fire = articles(kind)[:3]
    it = dedup.Article(
        id="it", title=fire[0].title, text=f"{FIRE[0]} {FIRE[1]} {FIRE[2]}", source="The Echo", kind=kind
    )
    story = dedup.cluster([*fire, it]).story_of("it")
    assert len(story.articles) == 4
    assert story.canonical != "it"
    assert dedup.cluster([it]).stories[0].canonical == "it"
    copies = [it, replace(it, id="report", kind="report", text=f"{it.text} It was the Aurelia's last trip.")]
    assert dedup.cluster(copies).stories[0].canonical == "report"


@pytest.mark.parametrize("kind", ["flash", "live"])
def test_two_of_them_are_one_story_before_the_first_report(kind: str) -> None:
    flashes = [
        dedup.Article(id=f"flash{n}", title="Ferry Aurelia burns off Corran", text=text, source=f"Wire {n}", kind=kind)
        for n, text in enumerate(FIRE[:2])
    ]
    reports = [one for one in articles(kind) if one.id.startswith("fire")]
    assert len(dedup.cluster(flashes)) == 1
    assert len(dedup.cluster([*flashes, *reports])) == 1


def test_a_text_that_is_a_report_elsewhere_connects_as_one() -> None:
    *others, it = articles("digest")
    copy = replace(it, id="copy", kind="report", source="The Post", text=f"{it.text} More of both on Monday.")
    plain = dedup.cluster([*others, replace(it, kind="report"), copy])
    assert stories(dedup.cluster([*others, it, copy])) == stories(plain)


@pytest.mark.parametrize("kind", ["digest", "flash", "opinion"])
def test_an_index_places_it_as_a_run_does_in_any_order(kind: str) -> None:
    given = articles(kind)
    wanted = of_others(dedup.cluster(given))
    for seed in range(6):
        given = [given[place] for place in np.random.default_rng(seed).permutation(len(given))]
        with dedup.StoryIndex.open(":memory:") as index:
            for article in given:
                index.add(article)
            assert of_others(index.placements()) == wanted
            index.reconcile()
            assert of_others(index.placements()) == wanted
            held = index.article("it")
            assert held.kind == dedup.FoundKind(kind, "given")
            assert index.story(held.story).canonical != "it" or len(index.story(held.story).articles) == 1


@pytest.mark.parametrize("kind", ["flash", "digest"])
def test_an_index_does_not_show_it_beside_a_report(kind: str) -> None:
    fire = articles(kind)[:2]
    it = dedup.Article(
        id="it", title=fire[0].title, text=f"{FIRE[0]} {FIRE[1]} {FIRE[2]}", source="The Echo", kind=kind
    )
    for order in itertools.permutations([*fire, it]):
        with dedup.StoryIndex.open(":memory:") as index:
            for article in order:
                index.add(article)
            story = index.story(index.article("it").story)
            assert len(story.articles) == 3
            assert story.canonical != "it"


def notice(name: str, title: str, text: str, day: int = 14) -> dedup.Article:
    return dedup.Article(id=name, title=title, text=text, published=date(2024, 6, day), source=f"Paper {name}")


NOTICES = [
    notice(
        "corran",
        "Weather forecast for Corran",
        "Rain will move over Corran on Friday afternoon, with gusts up to 60 km/h on the coast. In the evening it "
        "clears up. "
        "Highs near 17 degrees, lows about 9. The harbour office of Corran expects waves of two metres.",
    ),
    notice(
        "corran too",
        "Corran weather forecast: rain and gusts",
        "Friday brings rain to Corran. In the afternoon gusts of 60 km/h reach the coast, the harbour office says, "
        "and waves "
        "of two metres. Highs are 17 degrees and lows 9, before it clears up in the evening.",
    ),
    notice(
        "halmsund",
        "Weather forecast for Halmsund",
        "Rain will move over Halmsund on Friday afternoon, with gusts up to 45 km/h on the coast. At night showers "
        "stay. "
        "Highs near 19 degrees, lows about 11. The harbour office of Halmsund expects waves of one metre.",
    ),
    notice(
        "next day",
        "Weather forecast for Corran",
        "Sun is back in Corran on Saturday morning, with light wind on the coast. In the evening clouds come in. "
        "Highs near "
        "21 degrees, lows about 12. The harbour office of Corran expects a calm sea.",
        day=15,
    ),
    notice(
        "ada",
        "Obituary: Ada Brandt, harbour master",
        "Ada Brandt, who was harbour master of Corran for thirty years, has died at 84. Born in Halmsund, she went "
        "to sea at "
        "sixteen and was the first woman to hold the office. She leaves two daughters. The funeral is on Friday in "
        "Corran.",
    ),
    notice(
        "ada too",
        "Obituary: Ada Brandt",
        "The former harbour master of Corran, Ada Brandt, died on Tuesday at the age of 84. Brandt, born in "
        "Halmsund, was the "
        "first woman in the office, which she held for thirty years. Two daughters survive her.",
    ),
    notice(
        "cy",
        "Obituary: Cy Dunn, harbour pilot",
        "Cy Dunn, who was a harbour pilot in Corran for thirty years, has died at 79. Born in Halmsund, he went to "
        "sea at "
        "sixteen and guided nine thousand ships. He leaves two sons. The funeral is on Friday in Corran.",
    ),
]


def test_notices_are_a_story_for_the_same_place_person_and_day_only() -> None:
    together = {frozenset({"corran", "corran too"}), frozenset({"ada", "ada too"})}
    wanted = together | {frozenset({one.id}) for one in NOTICES if not any(one.id in some for some in together)}
    assert stories(dedup.cluster(NOTICES)) == wanted
    for seed in range(4):
        with dedup.StoryIndex.open(":memory:") as index:
            for place in np.random.default_rng(seed).permutation(len(NOTICES)):
                index.add(NOTICES[place])
            assert stories(index.placements()) == wanted
    reports = [replace(one, kind="report") for one in NOTICES]
    assert len(dedup.cluster(reports)) < len(wanted)


TOWNS = ("Corran", "Halmsund", "Brackwell", "Dunmere", "Ostby", "Lindvik", "Tarnfell", "Eskholm", "Marrow", "Vintra")


def forecast(town: str) -> dedup.Article:
    return notice(
        town,
        f"Weather forecast for {town}",
        f"Rain will move over {town} on Friday afternoon, with gusts up to 60 km/h on the coast. In the evening it "
        f"clears up. Highs near 17 degrees, lows about 9. The harbour office of {town} expects waves of two metres.",
    )


def test_forecasts_that_differ_in_the_place_are_no_copies() -> None:
    given = [*map(forecast, TOWNS), notice("again", "Corran weather forecast: rain", forecast("Corran").text)]
    wanted = {frozenset({"Corran", "again"}), *(frozenset({town}) for town in TOWNS[1:])}
    assert stories(dedup.cluster(given)) == wanted
    for seed in range(3):
        with dedup.StoryIndex.open(":memory:") as index:
            for place in np.random.default_rng(seed).permutation(len(given)):
                index.add(given[place])
            assert stories(index.placements()) == wanted


FORMS = {
    "en": (
        "Weather forecast",
        "Rain will move over {} on Friday afternoon. In the evening it clears up, at 17 degrees.",
    ),
    "de": ("Wettervorhersage: Regen am Freitag", "In {} fällt am Freitag Regen. Am Abend klart es auf, bei 17 Grad."),
    "fr": ("Prévisions météo", "Il pleuvra vendredi à {}. Dans la soirée, le ciel se dégage. Il fera 17 degrés."),
    "es": ("Pronóstico del tiempo", "El viernes lloverá en {}. Por la tarde se despeja y habrá 17 grados en la costa."),
    "it": ("Previsioni del tempo", "Venerdì piove a {}. In serata il cielo si apre, con 17 gradi lungo la costa."),
    "ru": ("Прогноз погоды", "В пятницу в {} ожидается дождь. К вечеру прояснится, температура 17 градусов."),
}
"""Forecasts whose titles name no place."""


@pytest.mark.parametrize("language", FORMS)
def test_a_place_that_only_the_lead_names_tells_notices_apart(language: str) -> None:
    title, text = FORMS[language]
    given = [notice(f"{town} {n}", title, text.format(town)) for town in ("Corran", "Halmsund") for n in (1, 2)]
    given[1] = replace(given[1], title=f"{title}: Corran", text=f"{given[1].text} Corran.")
    wanted = {frozenset({f"{town} 1", f"{town} 2"}) for town in ("Corran", "Halmsund")}
    assert {one.kind for one in dedup.cluster(given).kinds} == {"notice"}
    assert stories(dedup.cluster(given)) == wanted
    for order in (given, given[::-1]):
        with dedup.StoryIndex.open(":memory:") as index:
            index.add_many(order, batch=1)
            assert stories(index.placements()) == wanted


def test_a_person_that_only_the_text_names_tells_obituaries_apart() -> None:
    given = [replace(one, title="Obituary") for one in NOTICES if "Obituary" in one.title]
    assert stories(dedup.cluster(given)) == {frozenset({"ada", "ada too"}), frozenset({"cy"})}


def lines_of(found: dedup.Clustering) -> set[frozenset[str]]:
    lines: dict[str, set[str]] = {}
    for story in found:
        lines.setdefault(story.storyline, set()).update(story.articles)
    return {frozenset(line) for line in lines.values()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_preview_and_report_of_a_match_are_one_storyline_and_the_next_match_another(language: str) -> None:
    others = [one for one in storyline_articles() if one.id.startswith("volcano")]
    given = [*matches(language), *others]
    wanted = {
        frozenset({"0 Echo", "0 Post", "1 Echo", "1 Post"}),
        frozenset({"2 Echo", "2 Post", "3 Echo", "3 Post"}),
        frozenset({one.id for one in others}),
    }
    assert lines_of(dedup.cluster(given)) == wanted
    for seed in range(3):
        dealt = [given[place] for place in np.random.default_rng(seed).permutation(len(given))]
        with dedup.StoryIndex.open(":memory:") as index:
            index.add_many(dealt, batch=1 + 9 * (seed == 1))
            assert lines_of(index.placements()) == wanted
            index.reconcile()
            assert lines_of(index.placements()) == wanted


def test_two_matches_of_the_same_teams_are_told_apart_by_their_days() -> None:
    _, report = matches("en")[0], matches("en")[2]
    again = replace(report, id="again", title="Corran beat Halmsund 3-2 after extra time", published=date(2024, 6, 19))
    for days, count in ((15, 1), (19, 2)):
        given = [report, replace(again, text=report.text.replace("2-1", "3-2"), published=date(2024, 6, days))]
        copies = [replace(one, text=f"{one.text} {one.id} saw it.") for one in given]
        assert len(dedup.cluster(copies, dedup.Settings(copy_overlap=1.0))) == count
