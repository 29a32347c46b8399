"""The kind that the record of an article tells: its section, its address, its outlet, or a given name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from urllib.parse import urlsplit

_GIVEN = {
    "report": "report article news news-article newsarticle reportage-news-article analysis analysis-news-article "
    "background-news-article story bericht nachricht reportage noticia cronica notizia",
    "brief": "brief briefs short news-in-brief meldung kurzmeldung breve",
    "flash": "flash alert breaking breaking-news eilmeldung urgent urgente snap newsalert",
    "live": "live liveblog live-blog live-blog-posting live-updates live-coverage liveticker ticker en-direct en-vivo "
    "en-directo minuto-a-minuto diretta ao-vivo",
    "digest": "digest briefing briefings roundup round-up newsletter newsletters morning-briefing evening-briefing "
    "news-roundup summary-digest revue-de-presse rassegna-stampa presseschau",
    "opinion": "opinion opinions opinion-news-article opinion-piece editorial editorials editoriale editoriales op-ed "
    "oped column columns columnist columnists commentary comment comments-and-analysis commentisfree letter letters "
    "letters-to-the-editor your-letters views viewpoint viewpoints point-of-view perspectives guest-column "
    "guest-columns "
    "debate leader leaders lead-editorial meinung meinungen kommentar kommentare kolumne kolumnen leitartikel "
    "leserbrief leserbriefe gastbeitrag gastkommentar debatte editoriaux tribune-libre tribunes chroniques "
    "point-de-vue points-de-vue courrier-des-lecteurs idees debats opinie opinies columnas columnistas "
    "cartas-al-director "
    "tribuna opinione opinioni editoriali commenti opiniao colunistas artigos-de-opiniao felietony opinia ledare "
    "insandare debatt "
    "мнение мнения колонка колонки авторские-колонки 社説 社论 评论 评论员 观点 オピニオン",
    "release": "release press-release press-releases pressrelease pressreleases news-release news-releases "
    "media-release media-releases pressemitteilung pressemitteilungen pressemeldung pressemeldungen "
    "communique-de-presse "
    "communiques-de-presse comunicado-de-prensa comunicados-de-prensa nota-de-prensa notas-de-prensa comunicato-stampa "
    "comunicati-stampa persbericht persberichten пресс-релиз пресс-релизы",
    "notice": "notice notices obituary obituaries obits death-notices deaths funeral-notices public-notices "
    "legal-notices "
    "lottery lotto lottery-results winning-numbers weather-forecast horoscope horoscopes horoskop horoskope oroscopo "
    "horoscopo horoscopos todesanzeigen traueranzeigen nachruf nachrufe lottozahlen wettervorhersage avis-de-deces "
    "necrologie necrologies loterie esquelas obituario obituarios necrologicas loteria loterias necrologi lotterie "
    "гороскоп некролог некрологи",
    "result": "result results match-report scores scoreboard box-score sports-result spielbericht ergebnisse",
    "gallery": "gallery galleries photo-gallery photogallery photo-galleries photos pictures in-pictures image-gallery "
    "media-gallery video videos video-object image slideshow slideshows picture-gallery bildergalerie bilder "
    "fotostrecke "
    "fotostrecken diaporama diaporamas en-images galeria galerias fotogaleria fotogalerias fotogallery fotos",
    "stub": "stub teaser paywall",
}  # fmt: skip
"""Names of kinds as records have them, without case and accents, their words joined by hyphens."""
_UNTOLD = {"report", "brief", "result", "flash", "stub"}
"""Kinds that a section or a part of an address does not tell: one of news is of all kinds."""
_UNCLEAR = frozenset(
    (
        *("comment", "leader", "leaders", "debate", "debats", "debatt", "idees", "tribuna", "image", "video", "videos"),
        *("bilder", "fotos", "pictures", "photos", "deaths", "notice", "notices", "release"),
    )
)
"""Names that a kind can be given by, but a section or a part of an address is no sure sign of."""
_IN_ADDRESSES = frozenset(("video", "videos", "photos", "pictures", "fotos", "bilder", "comment"))
"""Those that are signs as a part of an address."""
_RELEASE_HOSTS = re.compile(
    r"(?:^|\b)(?:prnewswire|globenewswire|businesswire|accesswire|einpresswire|newswire\.ca|prweb|presseportal|ots\.at"
    r"|pressetext)\b"
)
_LIVE_SLUG = re.compile(
    r"(?:^|-)live-?(?:blog|updates?|ticker)(?:-|$)|(?:^|-)(?:minuto-a-minuto|liveblog|newsblog)(?:-|$)"
)
_PARTS = re.compile(r"[,/|>;&»]|\s[-–—]\s")


@cache
def _kinds() -> Mapping[str, str]:
    return {name: kind for kind, names in _GIVEN.items() for name in names.split()}


@lru_cache(1 << 10)
def named(name: str) -> str:
    """Return the kind that a name means: one of the kinds, a type of schema.org or a usual name; "" if unknown."""
    plain = _hyphened(re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name.strip().rpartition("schema.org/")[2]))
    return _kinds().get(plain, "")


@lru_cache(1 << 12)
def _kind_of_section(section: str) -> str:
    for part in _PARTS.split(section):
        plain = _hyphened(part)
        kind = _kinds().get(plain, "")
        if kind and kind not in _UNTOLD and plain not in _UNCLEAR:
            return kind
    return ""


def kind_of_record(section: str, url: str, source: str) -> tuple[str, str] | None:
    """Return the kind that section, address or outlet tell, with the reason; None if they tell none."""
    if section and (kind := _kind_of_section(section)):
        return kind, f'section: "{section}"'
    if url and (found := _kind_of_address(url)):
        return found
    if source and _is_release_wire(source):
        return "release", f'source: "{source}"'
    return None


@lru_cache(1 << 12)
def _is_release_wire(source: str) -> bool:
    return _RELEASE_HOSTS.search(source.casefold().replace(" ", "")) is not None


def _kind_of_address(url: str) -> tuple[str, str] | None:
    try:
        split = urlsplit(url)
    except ValueError:
        return None
    if _is_release_wire(split.netloc):
        return "release", f'url: "{split.netloc}"'
    *folders, slug = split.path.lower().strip("/").split("/")
    for folder in folders:
        kind = _kinds().get(folder, "")
        if kind and kind not in _UNTOLD and (folder in _IN_ADDRESSES or folder not in _UNCLEAR):
            return kind, f'url: "/{folder}/"'
    if match := _LIVE_SLUG.search(slug):
        return "live", f'url: "{match[0].strip("-")}"'
    return None


def _hyphened(name: str) -> str:
    plain = name.casefold()
    if not plain.isascii():
        plain = "".join(mark for mark in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(mark))
        plain = unicodedata.normalize("NFC", plain)
    return "-".join(re.findall(r"\w+", plain))
