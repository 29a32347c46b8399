"""Credits of agencies and of other outlets in datelines, bylines and at the end, and names that are no credit."""

from __future__ import annotations

import pytest

from dedup.article import Article
from dedup.kinds import read_content, told_by
from dedup.kinds.credits import outlet_key

BODY = "The harbour of Corran stays closed until Friday after the fire on the ferry, the port authority decided. " * 6


def credit(text: str = BODY, author: str = "", source: str = "The Echo") -> str:
    article = Article(id="a", title="Harbour stays closed", text=text, author=author, source=source)
    return told_by(article, read_content(article.title, article.text)).credit


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"HALMSUND (AP) — {BODY}", "AP"),
        (f"Harbour stays closed\nHALMSUND, Corran (AP) -- {BODY}", "AP"),
        (f"HALMSUND, Aug 22 (Reuters) - {BODY}", "Reuters"),
        (f"NEW HALMSUND: (PTI) - {BODY}", "PTI"),
        (f"Halmsund [Corran] August 25 (ANI/TPS): {BODY}", "ANI"),
        (f"Halmsund (dpa) - {BODY}", "dpa"),
        (f"Halmsund (APA/dpa) - {BODY}", "dpa"),
        (f"Valmora, 22 ago (EFE).- {BODY}", "EFE"),
        (f"(ANSA) - VALMORA, 22 AGO - {BODY}", "ANSA"),
        (f"ГОРОД, 22 авг — РИА Новости. {BODY}", "RIA Novosti"),
        (f"ГОРОД, 22 августа. /ТАСС/. {BODY}", "TASS"),
        (f"By Ada Brandt, Associated Press\n{BODY}", "AP"),
        (f"Agence France-Presse\n{BODY}", "AFP"),
        (f"{BODY} © Agence France-Presse", "AFP"),
        (f"{BODY} Copyright 2025 The Associated Press. All rights reserved.", "AP"),
        (f"{BODY} – AFP", "AFP"),
        (f"{BODY} (Xinhua)", "Xinhua"),
        (f"{BODY} Australian Associated Press", "AAP"),
        (f"{BODY} PTI", "PTI"),
        (f"{BODY} Quelle: dpa", "dpa"),
        (f"{BODY} (Reporting by Ada Brandt; Editing by Cy Dunn)", "Reuters"),
        (f"HALMSUND (The Northgate Wire) — {BODY}", "The Northgate Wire"),
        (f"(Northgate Wire) – {BODY}", "Northgate Wire"),
    ],
)
def test_credits(text: str, name: str) -> None:
    assert credit(text) == name


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        f"The mayor told Reuters that the harbour stays closed. {BODY}",
        f"{BODY} The owner told AFP that the ferry was insured.",
        f"{BODY} The Associated Press contributed to this report.",
        f"{BODY} The AP style is to be followed, a reader writes.",
        f"The Corran Harbour Alliance (CHA) wants the port open. {BODY}",
        f"Members of the Aam Party (AAP) and of another party met. {BODY}",
        f"Reuters reported that the harbour stays closed. {BODY}",
        f"Ada Brandt (left) and Cy Dunn at the harbour. {BODY}",
        "",
    ],
)
def test_no_credit(text: str) -> None:
    assert credit(text) == ""


def test_bylines_and_outlets() -> None:
    assert credit(author="Ada Brandt, Associated Press") == "AP"
    assert credit(author="AFP") == "AFP"
    assert credit(author="Ada Brandt") == ""
    assert credit(source="apnews.com") == credit(source="Associated Press") == "AP"
    assert credit(source="www.reuters.com") == credit(source="Reuters") == "Reuters"
    assert credit(source="aa.com.tr") == "Anadolu"


def test_names_of_outlets() -> None:
    assert {outlet_key(name) for name in ("www.echo.example", "Echo", "The Echo", "https://echo.example/news")} == {
        "echo"
    }
    assert outlet_key("news.echo.co.uk") == "echo"
    assert outlet_key("") == ""
