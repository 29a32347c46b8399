"""The language of an article, by sentences of our own."""

from __future__ import annotations

import pytest

from dedup.text.document import Document
from dedup.vectorize.features import HashedWords
from dedup.vectorize.language import ENGLISH_TIE, UNKNOWN
from dedup.vectorize.language import detect as detect_all

SENTENCES = {
    "en": "The ferry left the harbour at noon, and by the evening all of its passengers were back on land.",
    "de": "Die Fähre ist am Mittag aus dem Hafen gefahren, und am Abend waren alle Passagiere wieder an Land.",
    "fr": "Le bac a quitté le port à midi, et dans la soirée tous les passagers étaient de retour sur la terre.",
    "es": "El barco salió del puerto a mediodía, y por la noche todos los pasajeros estaban de vuelta en la costa.",
    "it": "Il traghetto ha lasciato il porto a mezzogiorno e la sera tutti i passeggeri erano di nuovo a terra.",
    "pt": "O navio saiu do porto ao meio-dia, e à noite todos os passageiros já estavam de volta em terra, não no mar.",
    "nl": "De veerboot is om twaalf uur uit de haven vertrokken en in de avond was iedereen weer aan het land.",
    "sv": "Färjan lämnade hamnen vid middag, och på kvällen var alla som hade varit med tillbaka på land igen.",
    "pl": "Prom wypłynął z portu w południe, a wieczorem wszyscy, którzy na nim byli, wrócili już na ląd i do domu.",
    "cs": "Trajekt vyplul v poledne z přístavu a večer už byli všichni, kteří na něm byli, zase na břehu a doma.",
    "fi": "Lautta lähti satamasta keskipäivällä, ja illalla kaikki jotka olivat olleet mukana olivat taas maissa.",
    "hu": "A komp délben indult el a kikötőből, és este már mindenki, aki rajta volt, újra a parton volt, nem a vízen.",
    "tr": "Gemi öğlen limandan ayrıldı ve akşam olduğunda gemide olan herkes bir kez daha karada ve çok mutluydu.",
    "ru": "Паром вышел из порта в полдень, а вечером все, кто на нём был, уже вернулись на берег и были дома.",
    "uk": "Пором вийшов з порту опівдні, а ввечері всі, хто на ньому був, вже повернулися на берег і були вдома.",
    "el": "Το πλοίο έφυγε από το λιμάνι το μεσημέρι, και το βράδυ όλοι οι επιβάτες ήταν και πάλι στη στεριά.",
    "ar": "غادرت السفينة الميناء في الظهر، وفي المساء كان كل من كان على متنها قد عاد إلى البر من هذا السفر.",
    "fa": "کشتی ظهر از بندر رفت و در شب همه کسانی که در آن بودند به خشکی باز گشتند و این را به ما گفتند.",
    "he": "המעבורת יצאה מן הנמל בצהריים, ובערב כל מי שהיה על הסיפון כבר היה שוב על היבשה, לא בים.",
    "hi": "नाव दोपहर में बंदरगाह से निकली और शाम को सभी यात्री फिर से किनारे पर थे, यह बात उन्होंने कही है।",
    "id": "Kapal itu meninggalkan pelabuhan pada siang hari, dan pada malam hari semua orang di kapal sudah kembali.",
    "vi": "Con tàu đã rời cảng vào buổi trưa, và đến tối thì tất cả những người ở trên tàu đều đã trở về với gia đình.",
    "ja": "船は正午に港を出て、夕方にはすべての人が陸に戻っていました。",
    "ko": "배는 정오에 항구를 떠났고 저녁에는 모든 승객이 다시 육지로 돌아왔다.",
    "zh": "渡轮在中午离开港口，到了晚上，所有的乘客都回到了岸上。",
}  # fmt: skip


def detect(title: str, text: str) -> str:
    return detect_all(HashedWords.of([Document.of(title, text)]))[0]


@pytest.mark.parametrize(("language", "text"), SENTENCES.items(), ids=SENTENCES)
def test_a_sentence_is_enough(language: str, text: str) -> None:
    assert detect("", text) == language


@pytest.mark.parametrize("text", ["", "4711 0815", "Larkhaven Brackwell Dunmere", "ผู้โดยสารทุกคนกลับขึ้นฝั่งแล้ว", "ꙮ ᚠᚢᚦ"])
def test_nothing_to_go_by_is_unknown(text: str) -> None:
    assert detect("", text) == UNKNOWN


def test_a_few_words_of_a_language_among_strange_ones_do_not_decide() -> None:
    strange = " ".join(f"zorb{first}{second}" for first in "abcdefgh" for second in "lmnop")
    assert detect("", f"und der {strange}") == UNKNOWN
    assert detect("", f"und der die das nicht mit von sich auf für {strange}") == "de"


def test_a_quotation_does_not_decide() -> None:
    english = SENTENCES["en"] * 4
    assert detect("", f"{english} „{SENTENCES['de']}“ {english}") == "en"
    assert detect("", f"{SENTENCES['de'] * 4} “{SENTENCES['en']}” {SENTENCES['de'] * 4}") == "de"


def test_a_foreign_title_does_not_decide() -> None:
    assert detect("La vie en rose", SENTENCES["en"]) == "en"


def test_only_the_beginning_is_looked_at() -> None:
    assert detect("", SENTENCES["en"] * 30 + SENTENCES["de"] * 300) == "en"


def test_kana_makes_han_japanese() -> None:
    assert detect("", SENTENCES["zh"] + SENTENCES["ja"]) == "ja"


def test_english_wins_near_ties_only() -> None:
    assert 0.5 < ENGLISH_TIE < 1
    assert detect("", "the die and und of der") == "en"
