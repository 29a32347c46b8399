"""Recognise the titles of round-ups: digests and briefings, which report many events, and live blogs."""

from __future__ import annotations

import re

_WHEN = "(?:morning|midday|noon|lunchtime|afternoon|evening|nightly|overnight|daily|weekly|weekend|monthly|today's)"
_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day(?:'s)?"
_WHAT = "(?:news|world|national|local|regional|business|sports?|politics|tech|market)"
_KIND = "(?:briefing|bulletin|digest|round-?up|headlines|newsletter|rundown)"
_SHORT = f"(?:{_KIND}|briefs?|wrap(?:-?up)?|catch-?up|top stories)"
_ENGLISH = (
    rf"\b(?:{_WHEN}(?: {_WHAT})?|{_DAY}(?: (?:morning|evening|{_WHAT}))?|{_WHAT}) {_SHORT}\b",
    rf"^(?:the |your )?{_KIND}(?:$| ?[:|–—-])",
    r"\b(?:news|week|day|world|sports?) in (?:brief|review|pictures|photos)\b|^in brief\b|\bat a glance$",
    r"\b(?:what|(?:\d+|five|six|seven|ten) (?:key )?things) (?:you need |we need |you should )?(?:to )?"
    r"know (?:today|tonight|now|this (?:morning|evening|week)|(?:on|for) \w+day|(?:to )?start|before)\b",
    r"\bhere(?:'s| is| are) (?:what(?:'s| is) happening|the (?:latest|top|day's) (?:headlines|stories|news))\b",
    r"\b(?:top|main|biggest) (?:stories|headlines|news) (?:of|for|from|this|today|on)\b",
    r"\btoday's (?:papers|front pages)\b",
    r"\blive[ -]?(?:updates?|blog|coverage|feed|report)\b|\b(?:as it happened|minute by minute|rolling coverage)\b",
    r"^live(?: ?[:|–—]| -)|(?:[|–—]| -) ?live$|\(live\)",
)
_OTHER_LANGUAGES = (
    r"\b(?:live|news)-?(?:blog|ticker)\b|\bnieuwsoverzicht\b|\bkort nieuws\b",
    r"\b(?:nachrichten|das wichtigste) (?:am|vom|des) (?:morgen|mittag|abend|tages?|\w+tag)\b",
    r"\b(?:kurz notiert|kurzmeldungen|kurznachrichten|(?:meldungen|der tag) im überblick)\b",
    r"\ben direct\b|\bl'essentiel de l'actualité\b|\b(?:en bref|revue de presse)\b|\bles titres d(?:u|e la)\b",
    r"\b(?:en vivo|en directo|minuto a minuto|ao vivo|rassegna stampa|en breve)\b|^in diretta\b|[|:–—-] diretta\b",
    r"\b(?:resumen|resumo) (?:de noticias|de notícias|de la semana|da semana|del día|do dia)\b",
    r"\bдайджест\b|\bглавное за (?:день|ночь|неделю|утро|сутки)\b|\b(?:онлайн|текстовая)[ -]трансляция\b",
)
_ROUNDUP = re.compile("|".join(f"(?:{pattern})" for pattern in (*_ENGLISH, *_OTHER_LANGUAGES)))
_WORD = re.compile(r"\w+")
_HINTS = frozenset(
    (
        *("brief", "briefing", "briefs", "bulletin", "catch", "catchup", "coverage", "digest", "glance", "happened"),
        *("happening", "headlines", "know", "latest", "live", "liveblog", "minute", "news", "newsletter", "pages"),
        *("papers", "photos", "pictures", "review", "round", "roundup", "rundown", "stories", "top", "wrap", "wrapup"),
        *("actualité", "bref", "breve", "dia", "direct", "directo", "diretta", "día", "kort", "kurz", "liveticker"),
        *("kurzmeldungen", "kurznachrichten", "minuto", "nachrichten", "newsblog", "newsticker", "nieuwsoverzicht"),
        *("noticias", "notícias", "presse", "semana", "stampa", "titres", "vivo", "wichtigste", "überblick"),
        *("главное", "дайджест", "трансляция"),
    )
)
"""A title without any of these words is no round-up's: a look-up, where the patterns take fifty microseconds."""
_APOSTROPHES = str.maketrans("’ʼ‘", "'''")


def is_roundup(title: str) -> bool:
    """Return whether a title is that of a digest, a briefing or a live blog. Frequent forms are known, no others."""
    title = title.lower()
    if _HINTS.isdisjoint(_WORD.findall(title)):
        return False
    return _ROUNDUP.search(" ".join(title.translate(_APOSTROPHES).split())) is not None
