"""The kind that the text of an article tells: its first and last words, and how it is built."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from dedup.kinds.parts import Parts
from dedup.kinds.words import lower_words_in

_HEAD, _TAIL = 240, 240
"""Characters at the beginning and the end that are looked at."""
HEAD_OF_SPORT = 2 * _HEAD
"""Characters at the beginning in which words of sport are looked for."""
HINTED = 160
"""Characters at the beginning and the end of which the words are looked up: what they hint at is at the very ends."""
_ENTRIES = 6
"""Fewest lines of a live blog that begin with a time ..."""
_ENTRY_WORDS = 25
"""... and fewest words for each: a timetable or a list of comments has fewer ..."""
_IN_ORDER = 0.8
"""... and least share of them that is in order, the last first or the first first."""
_FLASH_WORDS = 60
_WIDE = 15
"""Characters of a word from which the text is taken to be of a script without spaces, with two to a word."""
_LONGEST = 7
"""Characters of a word, with the space, by which a text is known to have more words than asked without counting."""

_TIME = re.compile(r"\n[ \t•*–-]{0,4}(\d{1,2})[:.h](\d{2})(?: ?([ap])\.?m\b\.?)?(?![\d,.:-])", re.IGNORECASE)
_LIVE_TEXT = re.compile(
    r"\b(?:clos|end|paus|wrapp)\w+ (?:this|our|the) live ?(?:blog|coverage|updates)\b"
    r"|\b(?:this|our|the) live ?(?:blog|coverage) (?:is|has|will)\b.{0,20}\b(?:clos|end|paus|over)"
    r"|\bliveblog (?:ist|wird|endet)\b.{0,20}\b(?:beendet|geschlossen|hier)|\bdieser liveblog\b"
    r"|\bce direct est (?:terminé|fini)|\bfin de ce direct\b|\bfinaliza (?:nuestra|esta) cobertura en (?:directo|vivo)"
    r"|\b(?:la|nostra) diretta (?:finisce|termina|si chiude)\b|\bтрансляция (?:завершена|окончена)"
)
_DIGEST_TEXT = re.compile(
    r"\bin (?:today|this (?:morning|evening|week))?(?:'s)? ?(?:newsletter|briefing|edition):|\bin today's newsletter\b"
    r"|\bhere are (?:all |some of )?(?:the|today's|this week's) (?:\w+ )?(?:stories|headlines)\b"
    r"|\bwelcome to (?:the|your|our) \w+(?: \w+)? (?:newsletter|briefing|digest|round-?up)\b"
    r"|\b(?:in der|in unserer) heutigen (?:ausgabe|newsletter)\b|\bguten morgen[,!].{0,60}\bnewsletter\b"
    r"|\bl'essentiel de l'actualité\b|\bau sommaire de (?:cette|notre) (?:édition|newsletter)\b"
    r"|\bestas son las noticias\b|\blas noticias (?:más importantes|principales) (?:del día|de hoy)\b"
    r"|\bле notizie del giorno\b|\ble principali notizie di oggi\b|\bглавные (?:новости|события) (?:дня|недели)\b"
)
_RELEASE_HEAD = re.compile(
    r"/? ?prnewswire ?/?|\bglobe ?newswire\b|\bbusiness wire\)|\baccesswire\b|\beinpresswire\b"
    r"|^\W*for immediate release\b|^\W*(?:press release|news release|media release|pressemitteilung"
    r"|communiqué de presse|comunicado de prensa"
    r"|nota de prensa|comunicato stampa|пресс-релиз)\b(?= ?(?:$|\n|[:–—|-]))"
)
_RELEASE_TAIL = re.compile(
    r"\b(?:media|press|investor) contacts?:|\bfor media (?:i|e)nquiries\b|\bpressekontakt\b|\bcontacts? presse ?:"
    r"|\bcontacto de prensa\b|\bcontatti? stampa\b|\bконтакты для (?:сми|прессы)\b|\n ?# ?# ?# ?$"
)
_OPINION_TAIL = re.compile(
    r"(?:^|[.!?\n)”\"»]\s*|[(*_—–]\s?)(?:the )?(?:writer|author|columnist)s? (?:is|are|teaches|heads) (?!said|told"
    r"|expected|in |at )"
    r"|\bviews?(?: and opinions)?(?: expressed)?(?: above| here| in this (?:column|article|piece)"
    r"| by the \w+)*,? (?:are|is) "
    r"(?:(?:the author's|the writer's|his|her|their|my) (?:own|alone)|(?:strictly |purely )?personal)"
    r"|\bd(?:er autor|ie autorin) (?:ist|lehrt|arbeitet)\b|\bgibt die meinung des autors\b"
    r"|\bl'auteure? est\b|\bles opinions exprimées\b|\b(?:el autor|la autora) es\b|\blas opiniones expresadas\b"
    r"|\bl'autore è\b|\ble opinioni espresse\b|\bмнение (?:автора|редакции) может не совпадать\b|\bавтор —"
)
_OPINION_HEAD = re.compile(
    r"^\W*(?:letters to the editor|to submit a letter to|dear editor|sir,|sir —|madam,)|^\W*(?:opinion"
    r"|editorial)(?: by|:|\n)"
)
_FLASH_TEXT = re.compile(
    r"\bmore (?:details )?(?:to follow|to come|soon)\b|\bthis is a (?:breaking|developing)(?: news)? story\b"
    r"|\bmehr in kürze\b|\bweitere informationen (?:folgen|in kürze)\b|\bwird (?:laufend )?aktualisiert\b"
    r"|\bplus d'informations? à (?:venir|suivre)\b|\bmás (?:información|detalles) en breve\b|\bnoticia en desarrollo\b"
    r"|\b(?:notizia )?in aggiornamento\b|\bseguono aggiornamenti\b|\bподробности (?:позже|следуют|уточняются)"
)
_STUB_TEXT = re.compile(
    r"\b(?:subscribe|sign up|register|log ?in|sign in|create an account)\b.{0,60}\b(?:to (?:continue|keep reading|read"
    r"|access|view|save)|subscribe)"
    r"|\bcontinue reading (?:with|by|this(?!(?: \w+)? (?:at|on|via)\b))"
    r"|\b(?:this|the) (?:content|article|story) is (?:only )?(?:for|available to|reserved) .{0,20}subscribers"
    r"|\balready (?:a subscriber|have an account)\b|\bsubscribers? only\b|\bsubscribe (?:now"
    r"|for)\b.{0,40}\b(?:access|month|week)\b"
    r"|\b(?:verify(?:ing)? (?:that )?you are (?:not a robot|human)|enable javascript|checking your browser)\b"
    r"|\b(?:weiterlesen|lesen sie weiter) mit\b|\bjetzt (?:abonnieren|weiterlesen)\b|\bnur für abonnenten\b"
    r"|\bexklusiv für abonnenten\b"
    r"|\bréservée? (?:aux|à nos) abonnés\b|\bil vous reste .{1,20}à lire\b|\bpour lire la suite\b|\babonnez-vous pour\b"
    r"|\bexclusivo para (?:suscriptores|assinantes)\b|\bsuscríbete para\b|\bpara (?:seguir|continuar) leyendo\b"
    r"|\briservato agli abbonati\b|\babbonati per (?:leggere|continuare)\b|\bper continuare a leggere\b"
    r"|\bтолько для подписчиков\b|\bоформите подписку\b|\bчтобы (?:читать|прочитать) (?:дальше|полностью)\b"
)
_MATCH_WORDS = frozenset(
    (
        *("match", "matches", "goal", "goals", "innings", "wicket", "wickets", "league", "cup", "striker", "overs"),
        *("touchdown", "touchdowns", "semifinal", "semifinals", "midfielder", "goalkeeper", "defender", "stadium"),
        *("playoff", "playoffs", "bowler", "spinner", "batsman"),
        *("spiel", "tor", "tore", "halbzeit", "liga", "stürmer", "halbfinale", "anpfiff", "elfmeter", "stadion"),
        *("buts", "ligue", "attaquant", "stade", "coupe", "partido", "gol", "goles", "jornada", "copa", "delantero"),
        *("estadio", "semifinales", "partita", "coppa", "semifinale", "campionato", "attaccante", "stadio", "rigore"),
        *("матч", "матча", "матче", "гол", "гола", "лиги", "тайме", "кубка", "кубок", "полуфинал", "полуфинале"),
    )
)
SPORT_WORDS = _MATCH_WORDS | frozenset(
    (
        *("game", "half", "quarter", "season", "team", "coach", "points", "tie", "set", "sets", "final", "finale"),
        *("trainer", "trainerin", "saison", "mannschaft", "équipe", "match", "entraîneur", "entraîneuse", "finalista"),
        *("equipo", "entrenador", "entrenadora", "squadra", "allenatore", "allenatrice", "команда", "тренер", "финал"),
        *("captain", "games", "scored", "arena", "финале", "penalty", "penalties", "partite"),
    )
)
_MATCH_HINTS = (
    *(
        "coach",
        "playoff",
        "bowler",
        "spinner",
        "batsman",
        "match",
        "goal",
        "inning",
        "wicket",
        "league",
        "cup",
        "striker",
        "overs",
        "touchdown",
        "semifinal",
        "midfielder",
    ),
    *("defender", "stadi", "spiel", "tor", "halbzeit", "liga", "halbfinale", "anpfiff", "elfmeter", "buts", "ligue"),
    *("attaquant", "stade", "coupe", "partido", "gol", "jornada", "copa", "delantero", "partita", "coppa", "rigore"),
    *("campionato", "attaccante", "матч", "гол", "лиги", "тайме", "куб", "полуфинал"),
)
_STUB_HINTS = Parts(
    *("subscri", "log in", "login", "sign in", "sign up", "register", "continue reading", " account", "robot", "human"),
    *("javascript", "browser", "abonn", "weiterlesen", "lesen sie", "à lire", "lire la", "suscr", "assinantes"),
    *("leyendo", "leggere", "abbonat", "подпис", "чтобы"),
)
_FLASH_HINTS = Parts(
    *("to follow", "to come", "more soon", "breaking", "developing", "mehr in", "weitere info", "aktualisiert"),
    *("plus d'info", "en breve", "desarrollo", "aggiornament", "подробности"),
)
"""Words, or parts of words: a text without any of them is not searched, as the patterns take a hundred times longer."""


class Ends(NamedTuple):
    """The beginning and the end of a text, and those of `words_at_ends` that may tell something."""

    head: str
    tail: str
    words: frozenset[str]

    @classmethod
    def of(cls, text: str, words: frozenset[str]) -> Ends:
        return cls(text[:_HEAD], text[-_TAIL:], words)


def words_at_ends(text: str) -> list[str]:
    """Return the words at the beginning and the end of a text in lower case, with the signs at them."""
    return f"{text[:HINTED]} {text[-HINTED:]}".lower().replace("/", " ").split()


def size(text: str, enough: int) -> int:
    """Return about how many words a text has, counted up to a little more than `enough`."""
    if len(text) > _LONGEST * enough:
        return enough + 1
    if not text or text.isspace():
        return 0
    words = 1 + text.count(" ") + text.count("\n")
    return len(text) // 2 if len(text) > _WIDE * words else words


def kind_of_text(text: str, ends: Ends | None, words: int, *, is_short: bool) -> tuple[str, str] | None:
    """Return the kind that a text of so many words tells and what tells it; None for a report's.

    `ends` is None where they have no word of `HINTS`.
    """
    if is_short:
        plain = _plain(text)
        if (
            words <= _FLASH_WORDS
            and _FLASH_HINTS.is_one_in(plain)
            and (found := _first_of((("flash", _FLASH_TEXT),), plain))
        ):
            return found
        if _STUB_HINTS.is_one_in(plain) and (found := _first_of((("stub", _STUB_TEXT),), plain)):
            return found
    if ends is not None and not HINTS.isdisjoint(ends.words) and (found := _kind_of_ends(ends)):
        return found
    return None if is_short else _live_by_times(text)


def _kind_of_ends(ends: Ends) -> tuple[str, str] | None:
    """Return the kind that the beginning and the end of a text tell."""
    if "(ots)" in ends.head:  # a wire of releases; in capitals it is something else
        return "release", '"(ots)"'
    for search in _SEARCHES:
        if not search.hints.isdisjoint(ends.words):
            plain = _plain(ends.tail if search.at_end else ends.head)
            if found := _first_of(((search.kind, search.pattern),), plain):
                return found
    return None


def _first_of(patterns: tuple[tuple[str, re.Pattern[str]], ...], plain: str) -> tuple[str, str] | None:
    for kind, pattern in patterns:
        if match := pattern.search(plain):
            return kind, '"' + " ".join(match[0].split()).strip(" :|.-–—()") + '"'
    return None


def _live_by_times(text: str) -> tuple[str, str] | None:
    """Recognise a live blog by its entries: they begin with times, are in order, and longer than those of a table."""
    found = _TIME.findall(text)
    if len(found) < _ENTRIES:
        return None
    times = [
        (int(hour) % 12 + 12 * (half.lower() == "p") if half else int(hour), int(minute))
        for hour, minute, half in found
    ]
    if len(set(times)) < _ENTRIES or len(text.split()) < _ENTRY_WORDS * len(times):
        return None
    later = sum(one < other for one, other in pairwise(times))
    earlier = sum(one > other for one, other in pairwise(times))
    in_order = max(later, earlier) >= _IN_ORDER * (len(times) - 1)
    return ("live", f"{len(times)} entries with a time") if in_order else None


def is_of_sport(text: str) -> bool:
    """Return whether the beginning of a text has several words of sport."""
    return len(SPORT_WORDS.intersection(lower_words_in(text[:HEAD_OF_SPORT]))) >= 2


def is_of_match(title: str, title_words: list[str], text: str) -> bool:
    """Return whether an article is on a match, or a team: its title and its beginning have words of sport.

    Args:
        title: its title.
        title_words: the words of the title, in lower case.
        text: its text.
    """
    head = text[:HEAD_OF_SPORT]
    found = SPORT_WORDS.intersection(title_words + lower_words_in(head))
    if len(found) < 2 or len(found) < (4 if _MATCH_WORDS.isdisjoint(found) else 2):
        return False
    return any(map(f"{title}\n{head}".lower().__contains__, _MATCH_HINTS))


def _plain(text: str) -> str:
    return text.lower().replace("’", "'")


class _Search(NamedTuple):
    """What is looked for at the beginning or the end of a text that has one of the words."""

    kind: str
    pattern: re.Pattern[str]
    at_end: bool
    hints: frozenset[str]


_LIVE_HINTS = frozenset(("blog", "liveblog", "direct", "cobertura", "diretta", "трансляция", "coverage"))
_OPINION_HINTS = (
    *("writer", "writers", "author", "authors", "columnist", "columnists", "views", "(views", "autor", "autorin"),
    *("autors", "l'auteur", "l’auteur", "l'auteure", "l’auteure", "l'autore", "l’autore", "opinions", "opiniones"),
    *("autora", "opinioni", "совпадать", "автор", "(автор", "view"),
)
_SEARCHES = (
    _Search("live", _LIVE_TEXT, at_end=False, hints=_LIVE_HINTS),
    _Search(
        *("release", _RELEASE_HEAD, False),
        frozenset(
            (
                *("release", "release:", "pressemitteilung", "pressemitteilung:", "communiqué", "comunicado", "nota"),
                *("comunicado:", "comunicato", "пресс-релиз", "immediate", "newswire", "newswire)", "prnewswire"),
                *("(prnewswire)", "globenewswire", "(globe", "wire)", "accesswire", "einpresswire", "(einpresswire)"),
                *("(ots)", "release-", "release—", "release–", "(globenewswire)", "(accesswire)"),
            )
        ),
    ),
    _Search(
        *("digest", _DIGEST_TEXT, False),
        frozenset(
            (
                *("newsletter", "newsletter:", "newsletter,", "newsletter.", "briefing", "briefing:", "edition:"),
                *(
                    "headlines",
                    "headlines:",
                    "stories",
                    "stories:",
                    "welcome",
                    "heutigen",
                    "l'essentiel",
                    "l’essentiel",
                ),
                *("sommaire", "noticias", "notizie", "главные", "digest", "digest."),
            )
        ),
    ),
    _Search(
        *("opinion", _OPINION_HEAD, False),
        frozenset(
            (
                *("letters", "letter", "editor", "editor,", "editor:", "sir,", "sir", "madam,", "opinion", "opinion:"),
                *("editorial", "editorial:"),
            )
        ),
    ),
    _Search("live", _LIVE_TEXT, at_end=True, hints=_LIVE_HINTS),
    _Search(
        *("release", _RELEASE_TAIL, True),
        frozenset(
            (
                *("contact:", "contacts:", "inquiries", "inquiries:", "enquiries", "enquiries:", "pressekontakt"),
                *("pressekontakt:", "presse", "prensa", "prensa:", "stampa", "stampa:", "контакты", "#", "###"),
            )
        ),
    ),
    _Search("opinion", _OPINION_TAIL, at_end=True, hints=frozenset(_OPINION_HINTS)),
)
HINTS = frozenset().union(*(search.hints for search in _SEARCHES))
"""Words, without any of which at its ends a text is not searched there."""
