"""The version of a text, and the article of a story, that a run shows, and an index in every order of arrival."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

import pytest

from dedup import Settings, Story, StoryIndex, cluster

FIRE = [
    "Flames tore through a timber yard beside the canal at Orrelby early on Wednesday, and smoke lay over the town.",
    "The blaze began in a drying shed, according to fire officer Petra Lindqvist, and spread to three barges within"
    " twenty minutes.",
    "Two night watchmen were treated for burns at the district infirmary; neither is in danger, a doctor there said.",
    "Classes at the Orrelby grammar school were cancelled because its windows face the yard and the air was foul.",
    "The owner, Sandvik and Daughters, has traded on the quay since 1904 and employs sixty sawyers and carters.",
    "Insurers expect claims of about nine million crowns, much of it for oak that had been bought for a new town hall.",
    "Boats may not pass the lock until divers have looked at the barges, which lie across the channel at low water.",
    "Detectives asked anyone who filmed the shed before four in the morning to send them the pictures.",
]
TEXT = "\n\n".join(FIRE)
FOLLOW_UP = (
    "Divers raised the first of three barges that burned at the timber yard in Orrelby and the lock may open on Friday."
    " Fire officer Petra Lindqvist said the drying shed where the blaze began had no alarm. Sandvik and Daughters said"
    " its sixty sawyers would be paid while the quay by the canal is rebuilt, and that insurers had agreed to it."
)
BRIEFING = (
    "Divers raised the first of three barges that burned at the timber yard in Orrelby and the lock may open on Friday."
    " Fire officer Petra Lindqvist said the drying shed where the blaze began had no alarm. The national bank left its"
    " rate at two percent. A goalkeeper of Melby moves to the first division. Frost is expected in the northern hills."
)


def article(name: str, text: str, day: int = 3, title: str = "Timber yard burns in Orrelby") -> dict[str, Any]:
    return {"id": name, "title": title, "text": text, "published": f"2024-05-{day:02}"}


CASES: dict[str, tuple[Sequence[Mapping[str, Any]], str]] = {
    "the first of two equal ones": ([article("a", TEXT, 4), article("b", f"{TEXT} Ends.", 3)], "b"),
    "a doubled body": ([article("clean", TEXT), article("doubled", f"{TEXT}\n{TEXT}")], "clean"),
    "a doubled body that came first": ([article("clean", TEXT, 5), article("doubled", f"{TEXT}\n{TEXT}", 3)], "clean"),
    "a body that stands there three times": (
        [article("clean", TEXT, 4), article("tripled", f"{TEXT}\n{TEXT}\n{TEXT}", 3)],
        "clean",
    ),
    "a body that repeats its first half": (
        [article("clean", TEXT, 4), article("repeats", "\n\n".join([*FIRE, *FIRE[:4]]), 3)],
        "clean",
    ),
    "a teaser that came first": ([article("teaser", " ".join(FIRE[:3]), 3), article("full", TEXT, 4)], "full"),
    "two teasers": (
        [
            article("x", " ".join(FIRE[:4]), 2),
            article("y", f"{' '.join(FIRE[:4])} Read on", 3),
            article("full", TEXT, 4),
        ],
        "full",
    ),
    "without its last sentence": ([article("nearly", "\n\n".join(FIRE[:7]), 3), article("full", TEXT, 4)], "nearly"),
    "of one day the fullest": ([article("nearly", "\n\n".join(FIRE[:7])), article("full", TEXT)], "full"),
    "a clean one, a doubled one and a teaser": (
        [article("teaser", " ".join(FIRE[:4]), 2), article("doubled", f"{TEXT}\n{TEXT}", 3), article("clean", TEXT, 4)],
        "clean",
    ),
    "markup is not shown": (
        [article("plain", TEXT, 4), article("html", "".join(f"<p>{part}</p>" for part in FIRE) + "<p>Ends</p>", 3)],
        "html",
    ),
    "two pages and the whole": (
        [article("one", "\n\n".join(FIRE[:4])), article("two", "\n\n".join(FIRE[4:])), article("whole", TEXT)],
        "whole",
    ),
    "two numbered pages and the whole": (
        [
            article("one", "\n\n".join(FIRE[:4]), title="Timber yard burns in Orrelby (1/2)"),
            article("two", "\n\n".join(FIRE[4:]), title="Timber yard burns in Orrelby (2/2)"),
            article("whole", TEXT, 4),
        ],
        "whole",
    ),
    "a text in a live blog": (
        [article("live", TEXT, 3, "Orrelby fire: live updates"), article("article", f"{TEXT} Ends.", 4)],
        "article",
    ),
    "a briefing and an article": (
        [article("briefing", BRIEFING, 3, "Thursday morning briefing"), article("article", FOLLOW_UP, 4)],
        "article",
    ),
}


FOOTER = (
    "Sign up for the Canal Courier letters, manage your choices under My Account, share this page, send tips"
    " to the news desk, read our code of conduct, complain to the readers' editor, or order a print of any photograph."
)
OTHERS = (
    "The grammar school of Melby opens a planetarium with forty seats and a second-hand projector from a cruise ship.",
    "A heron colony of ninety nests was counted on the reservoir, twice as many as in the dry summer two years ago.",
    "Tram drivers and the city agreed on shorter shifts in winter, an extra driver per line, and heated cabins.",
)


def shown(stories: Iterator[Story] | Sequence[Story]) -> str:
    (story,) = stories
    assert all(group.canonical == story.canonical for group in story.copy_groups)
    return story.canonical


@pytest.mark.parametrize("name", CASES)
def test_a_run_shows_the_best_version(name: str) -> None:
    articles, expected = CASES[name]
    for order in permutations(articles):
        assert shown(cluster(order, Settings(granularity=0.3)).stories) == expected


@pytest.mark.parametrize("name", CASES)
def test_an_index_shows_it_whatever_the_order_of_arrival(name: str) -> None:
    articles, expected = CASES[name]
    for order in permutations(articles):
        with StoryIndex.open(":memory:", settings=Settings(granularity=0.3)) as index:
            for one in order:
                index.add(one)
            assert shown([*index.stories()]) == expected
            index.reconcile()
            assert shown([*index.stories()]) == expected


def test_a_version_without_boilerplate_is_shown() -> None:
    others = [article(f"other{place}", f"{text}\n{FOOTER}", 1, text[:40]) for place, text in enumerate(OTHERS)]
    with_footer, own = article("footer", f"{TEXT}\n{FOOTER}", 3), article("own", TEXT, 4)
    stories = cluster([*others, with_footer, own]).stories
    assert [story.canonical for story in stories if len(story.articles) > 1] == ["own"]
