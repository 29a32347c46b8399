"""Titles of digests, briefings and live blogs, and others with the same words."""

from __future__ import annotations

import pytest

from dedup.kinds.titles import kind_of_title, words_of

ROUNDUPS = [
    "Morning briefing: ferry fire, library vote, rail strike",
    "Tuesday briefing",
    "Your Friday news briefing",
    "The evening digest",
    "Morning Digest: Halmsund port fire, prices fall, and more",
    "Top news of the day: ferry burns off Harwick",
    "Top stories for Monday",
    "News in brief",
    "IN BRIEF",
    "National news at a glance",
    "World in pictures",
    "What to know today",
    "What you need to know this morning",
    "Five things to know today",
    "10 things you should know before the opening bell",
    "Here’s what’s happening in Harwick",
    "Today’s papers: prices fall",
    "Headlines: port fire and library vote",
    "Business roundup",
    "Weekly round-up",
    "Ferry fire off Harwick: live updates",
    "Ferry fire – live",
    "LIVE: ferry burns off Harwick",
    "Budget day live blog",
    "Election night as it happened",
    "Liveblog zum Brand im Hafen",
    "Das Wichtigste am Morgen",
    "Brand im Hafen: Newsticker",
    "EN DIRECT - Incendie du port",
    "Revue de presse du lundi",
    "Incendio del puerto, en vivo",
    "Resumen de noticias",
    "Incendio al porto: diretta",
    "Дайджест новостей",
]
ARTICLES = [
    "",
    "Ferry burns off Harwick",
    "Mayor's briefing ends in uproar",
    "Court rejects brief filed by the city",
    "Residents live in fear after the port fire",
    "Live-action film of the novel announced",
    "Band to play live in Harwick",
    "What we know about the port fire",
    "Police know the arsonist",
    "Stories of the sea win the prize",
    "Latest storm closes the harbour",
    "Top court hears the case",
    "Review: a concert of two halves",
    "Digestive biscuits recalled",
    "Das Parlament wird kurz vor Weihnachten gewählt",
    "Le train direct pour Lyon supprimé",
    "El dueño del bar, vivo tras el incendio",
]


@pytest.mark.parametrize("title", ROUNDUPS)
def test_round_ups(title: str) -> None:
    for written in (title, f" {title.upper()}\n"):
        found = kind_of_title(written, words_of(written))
        assert found
        assert found[0] in {"digest", "live"}


@pytest.mark.parametrize("title", ARTICLES)
def test_articles(title: str) -> None:
    assert kind_of_title(title, words_of(title)) is None
