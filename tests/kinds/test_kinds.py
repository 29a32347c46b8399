"""Every kind of article as five languages write it, and reports with the same words."""

from __future__ import annotations

from typing import Any

import pytest

import dedup
from dedup.inputs.record import from_record
from dedup.kinds import KINDS, kind_of

LONG = (
    "The harbour of Corran stays closed until Friday after the fire on the ferry, the port authority decided. Divers "
    "searched the hull twice without finding the cause, and the owner wants the wreck to be towed to Halmsund. "
) * 8
"""The text of a report."""
SHORT = "The harbour of Corran stays closed until Friday, the port authority said. More to come."


def kind(title: str = "Harbour stays closed", text: str = LONG, **fields: Any) -> str:
    return kind_of(dedup.Article(id="a", title=title, text=text, **fields)).kind


TITLES = {
    "live": [
        ("Ferry fire off Corran: live updates", LONG),
        ("Brand im Hafen: Liveticker", LONG),
        ("EN DIRECT - Incendie du port de Corran", LONG),
        ("Incendio del puerto de Corran, minuto a minuto", LONG),
        ("In diretta: incendio al porto di Corran", LONG),
        ("Пожар в порту: онлайн-трансляция", LONG),
    ],
    "digest": [
        ("Morning briefing: ferry fire, library vote, rail strike", LONG),
        ("State roundup: council rejects the budget; port closed", LONG),
        ("Inbriefs", LONG),
        ("Das Wichtigste am Morgen", LONG),
        ("L'essentiel de l'actualité de ce lundi", LONG),
        ("Resumen de noticias del día", LONG),
        ("Rassegna stampa di lunedì", LONG),
        ("Дайджест новостей за неделю", LONG),
    ],
    "opinion": [
        ("Opinion: Close the harbour for good", LONG),
        ("The harbour nobody needs | Editorial", LONG),
        ("Letters to the editor: the harbour and the library", LONG),
        ("Kommentar: Der Hafen muss warten", LONG),
        ("Éditorial : un port sans avenir", LONG),
        ("Opinión | El puerto que nadie quiere", LONG),
        ("L'editoriale – Un porto senza futuro", LONG),
        ("Мнение: порт надо закрыть", LONG),
    ],
    "release": [
        ("Press release: Corran Lines orders two ferries", LONG),
        ("Pressemitteilung: Corran Lines bestellt zwei Fähren", LONG),
        ("Communiqué de presse : deux nouveaux ferries", LONG),
        ("Comunicado de prensa: dos nuevos transbordadores", LONG),
        ("Comunicato stampa: due nuovi traghetti", LONG),
    ],
    "flash": [
        ("BREAKING: Fire on the ferry off Corran", SHORT),
        ("EILMELDUNG: Feuer auf Fähre vor Corran", SHORT),
        ("ALERTE INFO - Incendie sur un ferry", SHORT),
        ("ÚLTIMA HORA: Incendio en un transbordador", SHORT),
        ("Ultim'ora: incendio su un traghetto", SHORT),
        ("Срочно: пожар на пароме", SHORT),
    ],
    "notice": [
        ("Weather forecast for Corran and the coast", LONG),
        ("Powerball winning numbers for Saturday", LONG),
        ("Gold price today: rates in ten cities", LONG),
        ("Obituary: Ada Brandt, keeper of the lighthouse", LONG),
        ("Lottozahlen vom Samstag", LONG),
        ("Wettervorhersage für die Küste", LONG),
        ("Résultats du loto de samedi", LONG),
        ("Prévisions météo pour la côte", LONG),
        ("Lotería de la costa: resultados del sorteo", LONG),
        ("Precio del dólar hoy en Valmora", LONG),
        ("Previsioni meteo per la costa", LONG),
        ("Прогноз погоды на выходные", LONG),
    ],
    "result": [
        ("Corran beat Halmsund 3-1", "The team of Corran scored three goals in the second half of the match. " * 12),
        ("Halmsund gewinnt 2:1 gegen Corran", "Nach dem Spiel feierte der Trainer drei Tore vor der Halbzeit. " * 12),
        ("Corran bat Halmsund 3-0", "Le match a basculé avant la mi-temps, et la ligue applaudit trois buts. " * 12),
        ("Valmora golea 4-0 a Corran", "El equipo marcó cuatro goles en el partido de la liga. " * 12),
        ("Valmora batte Corran 2-0", "La squadra ha deciso la partita con un gol nel primo tempo. " * 12),
    ],
    "gallery": [
        ("Photos: The ferry fire off Corran", SHORT),
        ("The Aurelia burns off Corran; see pics", SHORT),
        ("Bildergalerie: Feuer auf der Fähre", SHORT),
        ("EN IMAGES - L'incendie du ferry", SHORT),
        ("FOTOGALERÍA: el incendio del transbordador", SHORT),
        ("Fotogallery: l'incendio del traghetto", SHORT),
    ],
}
TEXTS = {
    "live": [
        "\n".join(f"{hour}:15 {LONG[:200]}" for hour in range(18, 10, -1)),
        "\n" + "\n".join(f"{hour}.40 Uhr – {LONG[:200]}".replace(".", ":", 1) for hour in range(8, 15)),
        LONG + " We are closing this live blog now.",
        LONG + " Dieser Liveblog ist beendet.",
        LONG + " Ce direct est terminé.",
    ],
    "digest": [
        "Here are the top stories of this Monday. " + LONG,
        "Welcome to the morning newsletter of the Echo. " + LONG,
        "L'essentiel de l'actualité en cinq points. " + LONG,
        "Estas son las noticias más importantes del día. " + LONG,
        "Le principali notizie di oggi in breve. " + LONG,
    ],
    "opinion": [
        LONG + " The writer is a former harbour master of Corran.",
        LONG + " (Views expressed are the author's own)",
        LONG + " Der Autor ist Professor für Seerecht.",
        LONG + " L'auteur est professeur de droit maritime.",
        LONG + " El autor es profesor de derecho marítimo.",
        LONG + " L'autore è docente di diritto della navigazione.",
    ],
    "release": [
        "HALMSUND, June 3 /PRNewswire/ -- Corran Lines has ordered two ferries. " + LONG,
        "FOR IMMEDIATE RELEASE: Corran Lines has ordered two ferries. " + LONG,
        "Halmsund (ots) - Corran Lines hat zwei Fähren bestellt. " + LONG,
        LONG + " Media contact: Ada Brandt, press@corran.example",
        LONG + " Pressekontakt: Ada Brandt, press@corran.example",
        LONG + " Contact presse : Ada Brandt, press@corran.example",
        LONG + " Contacto de prensa: Ada Brandt",
    ],
    "flash": [
        "A ferry is on fire off Corran. This is a breaking story.",
        "Eine Fähre brennt vor Corran. Mehr in Kürze.",
        "Un ferry est en feu au large de Corran. Plus d'informations à venir.",
        "Arde un transbordador frente a Corran. Más información en breve.",
        "Un traghetto è in fiamme. Notizia in aggiornamento.",
        "Паром горит у Коррана. Подробности позже.",
    ],
    "stub": [
        "The ferry burned for hours. Already a subscriber? Log in.",
        "Subscribe for less than $9 a month to access this story and all others.",
        "Verifying that you are not a robot...",
        "Die Fähre brannte stundenlang. Weiterlesen mit Echo Plus.",
        "Le ferry a brûlé. Article réservé aux abonnés.",
        "El transbordador ardió. Contenido exclusivo para suscriptores.",
        "Il traghetto è bruciato. Contenuto riservato agli abbonati.",
    ],
    "brief": [" ".join(LONG.split()[:70])],
}
RECORDS = {
    "live": [
        {"url": "https://echo.example/world/live/2024/jun/15/ferry"},
        {"url": "https://echo.example/a/ferry-liveblog"},
    ],
    "digest": [{"section": "Newsletters"}, {"section": "Rassegna stampa"}],
    "opinion": [
        *({"section": "Opinion"}, {"section": "News, Letters to the Editor"}, {"section": "Meinung"}),
        *({"section": "Leserbriefe"}, {"section": "Tribunes"}, {"section": "Cartas al director"}),
        *({"section": "Editoriali"}, {"section": "Мнения"}, {"url": "https://echo.example/opinion/ports/close-it"}),
    ],
    "release": [
        *({"source": "PR Newswire"}, {"url": "https://echo.example/press-releases/two-ferries"}),
        *({"section": "Pressemitteilungen"}, {"section": "Communiqués de presse"}, {"section": "Notas de prensa"}),
    ],
    "notice": [{"section": name} for name in ("Obituaries", "Todesanzeigen", "Avis de décès", "Esquelas", "Некрологи")],
}
REPORTS = [
    {"title": "Opinion poll puts the mayor ahead"},
    {"title": "Column of smoke over the harbour"},
    {"title": "Mayor's letter to the council leaks"},
    {"title": "Residents live in fear after the port fire"},
    {"title": "Watch committee meets on Friday"},
    {"title": "Court upholds ruling 5-4"},
    {"title": "Council wins vote 9-2 on the harbour"},
    {"title": "Storm worse than forecast closes the harbour"},
    {"title": "Gold prices fall on stronger crown"},
    {"title": "Breaking up the ferry takes a year"},
    {"title": "BREAKING: Fire on the ferry off Corran", "text": LONG},
    {"title": "Video: how the ferry burned", "text": LONG},
    {"text": LONG + " The writer Ada Brandt said she had seen the smoke from her window."},
    {"text": LONG + " In a press release the owner apologised."},
    {"text": LONG + " The author of the report is expected in Corran on Monday."},
    {
        "text": "The timetable:\n"
        + "\n".join(f"{hour}:15 Corran to Halmsund" for hour in range(6, 20))
        + "\n"
        + LONG[:900]
    },
    {"section": "World"},
    {"section": "Business"},
    {"url": "https://echo.example/news/live-music-returns"},
    {"url": "https://echo.example/2024/06/15/opinion-poll"},
    {"title": "", "text": "", "source": "The Echo"},
    {"title": "BREAKING: Fire on the ferry off Corran", "text": ""},
    {"text": LONG + " Log in to comment."},
]
BRIEFS = [
    "The harbour stays closed. Continue reading this article at https://echo.example/harbour",
    "The harbour stays closed. Continue reading this on the site of the Echo.",
    "The harbour stays closed. Sign up for the morning mail of the Echo to keep you up to date.",
]
"""Texts that lead to another page, or ask for nothing but an address, and are no stubs of a paywall."""


@pytest.mark.parametrize(("name", "title", "text"), [(name, *case) for name, some in TITLES.items() for case in some])
def test_titles(name: str, title: str, text: str) -> None:
    assert kind(title, text) == name


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, some in TEXTS.items() for text in some])
def test_texts(name: str, text: str) -> None:
    assert kind(text=text) == name


@pytest.mark.parametrize(("name", "fields"), [(name, fields) for name, some in RECORDS.items() for fields in some])
def test_records(name: str, fields: dict[str, str]) -> None:
    assert kind(**fields) == name


@pytest.mark.parametrize("fields", REPORTS)
def test_reports(fields: dict[str, str]) -> None:
    assert kind(**fields) == "report"


@pytest.mark.parametrize("text", BRIEFS)
def test_briefs(text: str) -> None:
    assert kind(text=text) == "brief"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        *((name, name) for name in KINDS),
        *(("LiveBlogPosting", "live"), ("https://schema.org/OpinionNewsArticle", "opinion"), ("NewsArticle", "report")),
        *(("Press Release", "release"), ("Leitartikel", "opinion"), ("Éditorial", "opinion"), ("obituaries", "notice")),
    ],
)
def test_a_given_kind_wins(given: str, name: str) -> None:
    article = dedup.Article(id="a", title="Morning briefing: ferry fire", text=LONG, section="Sports", kind=given)
    assert kind_of(article) == dedup.FoundKind(name, "given")


def test_of_an_unknown_kind_there_is_a_notice() -> None:
    assert kind(kind="page") == "report"
    assert kind("Morning briefing", kind="page") == "digest"
    given = [dedup.Article(id=str(n), text=LONG, kind=name) for n, name in enumerate(("report", "page", "page", "x"))]
    known = "a kind is report, brief, flash, live, digest, opinion, release, notice, result, gallery or stub"
    (found,) = dedup.cluster(given).notices
    assert (found.where, found.skipped) == ("article 1 and 2 more", False)
    assert found.problem == "'page', 'x' are no kinds of article"
    assert found.action == f"found from title and text; {known}"
    with dedup.StoryIndex.open(":memory:") as index:
        (found,) = index.add(given[1]).notices
        assert found.problem == "'page' is no kind of article"
        (found,) = index.add({"id": "a", "text": LONG, "Kind": "page"}).notices
        assert found.action.endswith(known)
    _, (found,) = from_record({"text": LONG, "form": "page"}, where="f:7", default_id="a", fields={"kind": "form"})
    assert (found.where, found.problem) == ("f:7", "'page' is no kind of article")


@pytest.mark.parametrize(
    "record", [{"kind": "opinion"}, {"@type": "OpinionNewsArticle"}, {"type_of_material": "Op-Ed"}]
)
def test_kinds_of_records(record: dict[str, str]) -> None:
    article, notices = from_record({"text": LONG, **record}, where="a", default_id="a")
    assert article
    assert not notices
    assert kind_of(article) == dedup.FoundKind("opinion", "given")
    article, _ = from_record({"text": LONG, "type": "post"}, where="a", default_id="a")
    assert article
    assert article.kind == ""


def test_every_found_kind_has_its_reason() -> None:
    found = dedup.cluster([dedup.Article(id="a", title="Ferry fire: live updates", text=LONG)]).kinds
    assert found == (dedup.FoundKind("live", 'title: "live updates"'),)
    assert kind_of(dedup.Article(id="a", text=LONG, section="Leserbriefe")).reason == 'section: "Leserbriefe"'
    assert kind_of(dedup.Article(id="a", text=LONG)).reason == ""
