"""The kind that the title of an article tells: the frequent forms of several languages, and no others."""

from __future__ import annotations

import re
from functools import cache

from dedup.kinds.words import lower_words_in

_WHEN = "(?:morning|midday|noon|lunchtime|afternoon|evening|nightly|overnight|daily|weekly|weekend|monthly|today's)"
_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day(?:'s)?"
_WHAT = "(?:news|world|national|local|regional|state|business|sports?|politics|tech|market)"
_KIND = "(?:briefing|bulletin|digest|round-?up|headlines|newsletter|rundown)"
_SHORT = f"(?:{_KIND}|briefs?|wrap(?:-?up)?|catch-?up|top stories)"
_MARK = r"\s?(?:[:|–—]|-\s)\s?"
"""What follows a label at the head of a title."""
_BEFORE = r"\s?(?:[|–—]|\s-)\s?"
"""What precedes one at its end."""


def _labels(names: str) -> str:
    """Return the pattern of names that stand alone, or before or after a sign that separates them."""
    return rf"^(?:{names})(?:$|{_MARK})|{_BEFORE}(?:{names})$|^[\[(](?:{names})[\])]"


_PATTERNS: dict[str, tuple[str, ...]] = {
    "live": (
        r"\blive[ -]?(?:updates?|blog|coverage|feed|report)\b|\b(?:as it happened|minute by minute|rolling coverage)\b",
        r"^live(?: ?[:|–—]| -)|(?:[|–—]| -) ?live$|\(live\)|\b(?:live|news)-?(?:blog|ticker)\b",
        r"\ben direct\b|\b(?:en vivo|en directo|minuto a minuto|ao vivo)\b|^in diretta\b|[|:–—-] diretta\b",
        r"\b(?:онлайн|текстовая)[ -]трансляция\b",
    ),
    "digest": (
        rf"\b(?:{_WHEN}(?: {_WHAT})?|{_DAY}(?: (?:morning|evening|{_WHAT}))?|{_WHAT}) {_SHORT}\b",
        rf"^(?:the |your )?{_KIND}(?:$| ?[:|–—-])|\b(?:newsletter|round-?up){_MARK}|^in ?briefs?\W*$",
        r"\b(?:news|week|day|world|sports?) in (?:brief|review|pictures|photos)\b|^in brief\b|\bat a glance$",
        r"\b(?:what|(?:\d+|five|six|seven|ten) (?:key )?things) (?:you need |we need |you should )?(?:to )?"
        r"know (?:today|tonight|now|this (?:morning|evening|week)|(?:on|for) \w+day|(?:to )?start|before)\b",
        r"\bhere(?:'s| is| are) (?:what(?:'s| is) happening|the (?:latest|top|day's) (?:headlines|stories|news))\b",
        r"\b(?:top|main|biggest) (?:stories|headlines|news) (?:of|for|from|this|today|on)\b",
        r"\band other (?:world |news |top )?(?:headlines|stories|news)\b",
        r"\btoday's (?:papers|front pages)\b",
        r"\bnieuwsoverzicht\b|\bkort nieuws\b",
        r"\b(?:nachrichten|das wichtigste) (?:am|vom|des) (?:morgen|mittag|abend|tages?|\w+tag)\b",
        r"\b(?:kurz notiert|kurzmeldungen|kurznachrichten|(?:meldungen|der tag) im überblick)\b",
        r"\bl'essentiel de l'actualité\b|\b(?:en bref|revue de presse)\b|\bles titres d(?:u|e la)\b",
        r"\b(?:rassegna stampa|en breve)\b",
        r"\b(?:resumen|resumo) (?:de noticias|de notícias|de la semana|da semana|del día|do dia)\b",
        r"\bдайджест\b|\bглавное за (?:день|ночь|неделю|утро|сутки)\b",
    ),
    "opinion": (
        _labels(
            "opinions?|editorials?|op-?ed|commentary|guest (?:column|commentary|essay)|column|letters?(?: to the "
            "editor)?"
            "|your letters|readers' letters|viewpoint|leader|the guardian view"
        ),
        r"^the \w+ view on\b|\bletters to the editor\b",
        _labels("meinung|kommentar|gastkommentar|gastbeitrag|kolumne|leitartikel|leserbriefe?"),
        _labels("opinions?|éditorial|édito|l'édito|tribune|chronique|point de vue|courrier des lecteurs|billet"),
        r"^(?:« ?.+ ?»\s?: )?(?:tribune|éditorial)\. ",
        _labels("opinión|editorial|columna|tribuna|cartas? al director|carta abierta|opinião|coluna"),
        _labels("l'opinione|l'editoriale|editoriale|il commento|commento|lettere al direttore"),
        _labels("мнение|колонка|редакционная статья|письма читателей"),
    ),
    "release": (
        _labels(
            "(?:press|news|media) release|pressemitteilung|communiqué de presse|comunicado de prensa|nota de prensa"
            "|comunicato stampa|nota à imprensa|пресс-релиз"
        ),
    ),
    "flash": (
        rf"^(?:breaking(?: news)?|news ?flash|flash|urgent|alert|just in|newsalert){_MARK}|^(?:breaking|urgent) \W",
        rf"^(?:eilmeldung|eil|\+{{2,3}} ?eil(?:meldung)?){_MARK}|^eilmeldung\b",
        rf"^(?:alerte(?: info)?|dernière minute|urgent){_MARK}",
        rf"^(?:urgente|última hora|alerta|de última hora){_MARK}",
        rf"^(?:ultim'ora|ultima ora|flash){_MARK}",
        rf"^(?:срочно|молния|экстренно){_MARK}",
    ),
    "notice": (
        rf"\bweather (?:forecast|outlook)\b|^(?:today's |tonight's )?weather(?:$|{_MARK})|\bweather (?:today"
        rf"|tomorrow)\b"
        r"|\bforecast for (?:today|tomorrow|tonight|\w+day)\b",
        r"\b(?:winning|lottery|lotto|powerball|mega millions|euromillions) (?:numbers|results?)\b"
        r"|\blottery results?\b|\blottery .{0,30}(?:winning numbers|results? (?:today|live|announced|out))\b",
        r"\b(?:gold|silver|petrol|diesel|fuel|lpg)(?: and \w+)? (?:prices?|rates?) (?:today|for today)\b"
        r"|\b(?:prices?|rates?) today\b.{0,30}\b(?:gold|silver|petrol|diesel)\b"
        r"|\b(?:foreign )?exchange rates (?:for|on|today)\b",
        rf"^(?:obituar(?:y|ies)|death notices?|funeral notices?)(?:$|{_MARK})|{_BEFORE}obituary$|\bobituary{_MARK}",
        r"\b(?:daily |weekly |your |today's )?horoscopes?(?: for| today|:|$)",
        r"\bwettervorhersage\b|\bdas wetter (?:heute|morgen|am \w+tag|in \w+)\b|^wetter (?:heute|morgen|in \w+)\b",
        r"\blottozahlen\b|\blotto am (?:mittwoch|samstag)\b|\b(?:spritpreise|benzinpreise|goldpreis) (?:heute"
        r"|aktuell)\b",
        rf"^(?:nachruf|todesanzeigen?|traueranzeigen?)(?:$|{_MARK})|\bhoroskop (?:heute|für|vom)\b|^horoskop\b",
        r"^météo(?:$| :| du | de | à )|\bprévisions météo\b|\brésultats? (?:du |de l')?(?:loto|euromillions?)\b"
        r"|\btirage (?:du )?(?:loto|euromillions?)\b|\bavis de décès\b|^nécrologie\b",
        r"\bprix (?:des carburants|du carburant|de l'essence|de l'or) (?:aujourd'hui|du jour)\b"
        r"|\bcours de l'or\b.*\bjour\b",
        r"\bpronóstico del (?:tiempo|clima)\b|\b(?:el tiempo|clima) (?:hoy|mañana|para hoy|de hoy)\b",
        r"\bnúmeros ganadores\b|\bresultados? (?:de |del )?(?:la )?(?:lotería|sorteo|quiniela|baloto)\b"
        r"|\blotería .{0,30}\bresultados?\b|\bprecio (?:del|de la|de los|de) .{2,30}\bhoy\b|^(?:obituario|esquelas?)\b",
        r"\bprevisioni (?:del tempo|meteo)\b|^meteo(?:$| ?:)|\bestrazion[ei] (?:del )?(?:lotto|superenalotto)\b"
        r"|\bprezz[oi] .{2,30}\boggi\b|\boroscopo (?:di oggi|del giorno|della settimana)\b|^(?:necrologi[oe]"
        r"|lutto)(?:$| ?:)",
        r"\bпрогноз погоды\b|^погода (?:на|в|сегодня|завтра)\b|\bрезультаты (?:розыгрыша|тиража|лотереи)\b"
        r"|\bкурс (?:доллара|евро|валют) .{0,20}(?:сегодня|на)\b|\bгороскоп на\b|^некролог\b",
        r"\bprevisão do tempo\b|\bresultado (?:da |do )?(?:mega-sena|lotofácil|quina|loteria)\b",
    ),
    "gallery": (
        rf"^(?:in )?(?:photos?|pictures|pics|gallery|photo gallery|video|watch|slideshow|images?){_MARK}",
        rf"{_BEFORE}(?:in )?(?:photos|pictures|pics|gallery|video|photo gallery)$|[\[(](?:photos?|video|watch"
        rf"|gallery)[\])]",
        r"^in (?:photos|pictures|pics)\b|[,;:!?–—-] ?see (?:the )?(?:pics|pictures|photos|images)$",
        rf"\b(?:bildergalerie|fotostrecke)\b|^(?:die bilder|bilder|fotos|video|im video){_MARK}",
        rf"^(?:en images|en photos|photos|vidéo|diaporama|en vidéo){_MARK}|^en images\b|{_BEFORE}(?:en images|vidéo)$",
        rf"^(?:fotos|fotogalería|galería|vídeo|video|en fotos|en imágenes){_MARK}|^en (?:fotos|imágenes)\b",
        rf"^(?:foto|fotogallery|le foto|video|il video|guarda il video){_MARK}|\bfotogallery\b",
        rf"^(?:фото|видео|фоторепортаж){_MARK}|\bфоторепортаж\b",
    ),
}
_SCORE = r"(?<![\w/.:-])(?:\d{1,3} ?[-–] ?\d{1,3}|\d{1,2}:\d)(?![\w/:-]|\.\d)"
_BY_KIND = {**_PATTERNS, "result": (_SCORE,)}
_HINTS = {
    "live": "live liveblog coverage happened minute newsblog newsticker liveticker direct directo diretta vivo minuto "
    "ao трансляция",
    "digest": "brief briefing briefs bulletin catch catchup digest glance happening headlines inbrief inbriefs know "
    "news newsletter pages papers photos pictures review round roundup rundown stories top wrap wrapup actualité bref "
    "breve dia día kort kurz kurzmeldungen kurznachrichten nachrichten nieuwsoverzicht noticias notícias presse semana "
    "stampa titres wichtigste überblick главное дайджест",
    "opinion": "opinion opinions editorial editorials op oped commentary column essay letter letters viewpoint leader "
    "view meinung kommentar gastkommentar gastbeitrag kolumne leitartikel leserbrief leserbriefe éditorial édito "
    "tribune "
    "chronique vue lecteurs billet opinión columna tribuna director abierta opinião coluna opinione editoriale "
    "commento "
    "direttore мнение колонка редакционная письма",
    "release": "release pressemitteilung communiqué comunicado prensa comunicato imprensa релиз",
    "flash": "breaking flash newsflash urgent alert newsalert just eilmeldung eil alerte dernière urgente última "
    "alerta "
    "ultim ultima срочно молния экстренно",
    "notice": "weather forecast numbers result results lottery price prices rate rates obituary obituaries notice "
    "notices "
    "horoscope horoscopes wettervorhersage wetter lottozahlen lotto spritpreise benzinpreise goldpreis nachruf "
    "todesanzeige todesanzeigen traueranzeige traueranzeigen horoskop météo loto euromillions décès nécrologie prix "
    "cours "
    "pronóstico tiempo clima números resultado resultados lotería precio obituario esquela esquelas previsioni meteo "
    "estrazione estrazioni prezzo prezzi oroscopo necrologi necrologie necrologio lutto погоды погода результаты курс "
    "гороскоп некролог previsão",
    "gallery": "photo photos pics pictures gallery video watch slideshow image images bildergalerie bilder fotostrecke "
    "fotos vidéo diaporama fotogalería galería vídeo imágenes foto fotogallery фото видео фоторепортаж",
    "result": "beat beats defeat defeats edge edges win wins won draw draws drew thrash thrashes rout routs top "
    "tops down "
    "downs lose loses lost hold holds stun stuns sink sinks crush crushes past v vs schlägt besiegt gewinnt siegt "
    "verliert "
    "unentschieden gegen remis bat battent impose imposent victoire face vence gana derrota golea empata empatan "
    "cae batte "
    "vince pareggia supera pari обыграл обыграла обыграли победил победила победили разгромил разгромила разгромили "
    "уступил "
    "уступила уступили сыграли",
}
_KINDS_OF: dict[str, tuple[str, ...]] = {
    word: tuple(kind for kind, words in _HINTS.items() if word in words.split())
    for word in " ".join(_HINTS.values()).split()
}
"""A title without any of these words is a report's: a look-up, where the patterns take a hundred microseconds."""
HINTS = frozenset(_KINDS_OF)
"""These words."""
OF_NOTICES = frozenset(_HINTS["notice"].split())
"""Words in the titles of notices, in lower case."""
_TELLING = frozenset(word for word, kinds in _KINDS_OF.items() if kinds != ("result",))
_OF_RESULTS = frozenset(_HINTS["result"].split())
_APOSTROPHES = str.maketrans("’ʼ‘", "'''")


def words_of(title: str) -> list[str]:
    """Return the words of a title, in lower case."""
    return lower_words_in(title)


def kind_of_title(title: str, words: list[str]) -> tuple[str, str] | None:
    """Return the kind that a title of some words tells and those that tell it; None for a report's.

    A "result" has a score and a verb of winning or losing. A vote has them too: see `texts.is_of_sport`.
    """
    if _TELLING.isdisjoint(words) and (_OF_RESULTS.isdisjoint(words) or not any(map(str.isdecimal, words))):
        return None
    lower = title.lower()
    likely = {kind for word in words if word in _KINDS_OF for kind in _KINDS_OF[word]}
    plain = " ".join(lower.translate(_APOSTROPHES).split())
    for kind in _BY_KIND:
        if kind in likely and (match := _pattern(kind).search(plain)):
            return kind, match[0].strip(" :|-–—.«»")
    return None


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    """What the titles of a kind are like, compiled when the first title may be one."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in _BY_KIND[kind]))
