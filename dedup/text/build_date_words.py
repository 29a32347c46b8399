"""Writes `date_words.tsv`, the words of dates in many languages: `python -m dedup.text.build_date_words`.

The words are those of Unicode's CLDR in the package Babel (`pip install babel`; the shipped table is from 2.19.0), and
a few more. Each line has a kind, a value and a phrase, folded as `date_words` does:

    month    its number. A name of different months in different languages (listopad) is left out.
    weekday  its numbers, as digits, Monday is 0: some names are those of two days.
    half     "am" or "pm".
    day      days from today: "yesterday" is -1.
    ago      seconds that each unit is back: "# hours ago" is 3600.
    hour     words before or after an hour, as "Uhr".
    filler   words that mean nothing in a full date: "de", "Published".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dedup.text.date_words import fold, phrase

LANGUAGES = (
    "af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fil fr ga gl gu ha he hi hr hu hy id is it ja ka kk km"
    " kn ko ky lb lo lt lv mk ml mn mr ms mt my nb ne nl nn pa pl ps pt ro ru si sk sl so sq sr sr_Latn sv sw ta te tg"
    " th tk tr uk ur uz vi zh zh_Hant zu"
)
REGIONS = (
    "ar_DZ ar_IQ ar_LB ar_MA ar_SY ar_TN az_Cyrl bs_Cyrl de_AT en_AU en_CA en_GB es_MX es_PE fr_CA fr_CH pt_PT"
    " sr_Cyrl_ME uz_Cyrl"
)
"""Further forms of these languages, which have other names."""
SMALLER = "as br ckb dsb eo fo fur fy gd hsb ig jv ku oc om or rm rw sc sd ti tt ug yo"
"""Further languages, of which only names of months and days are taken that are not short."""

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_HALVES = ("am", "pm")

_MORE = {
    "month": {
        "1": "জানুয়ারী|ژانویهٔ|jänner|ян|tháng một|tháng giêng",
        "2": "ফেব্রুয়ারী|فوریهٔ|feber|tháng hai",
        "3": "берез|tháng ba",
        "4": "кві|tháng tư",
        "5": "مهٔ|тра|tháng năm",
        "6": "чер|tháng sáu",
        "7": "ژوئیهٔ|tháng bảy",
        "8": "сер|tháng tám",
        "9": "sept|setiembre|верес|tháng chín",
        "10": "жов|tháng mười",
        "11": "листоп|studenog|tháng mười một",
        "12": "гру|tháng mười hai",
    },
    "weekday": {
        "0": "пнд",
        "1": "tues втр",
        "2": "weds срд",
        "3": "thur thurs чтв",
        "4": "птн",
        "5": "сбт",
        "6": "вск",
    },
    "half": {"am": "a m|π μ|oδ|午前|上午|凌晨|早上|清晨", "pm": "p m|午後|下午|傍晚"},
    "hour": {
        "": "h hs hr hrs hour hours uhr uur uhr ore ora ura klo kl klockan klokken godz godzina hod hodin saat jam óra"
        " min časa година годин часов часа час hora horas heure heures น นาฬิกา ساعت"
    },
    "day": {"0": "today", "-1": "yesterday"},
    "ago": {
        "0": "just now|now|gerade eben|à l'instant|ahora mismo|только что|刚刚|剛剛|たった今|방금",
        "1": "# secs ago|a second ago|# s ago",
        "60": "# mins ago|a minute ago|a min ago|one minute ago|vor einer minute|il y a une minute|hace un minuto"
        "|um minuto atrás|há um minuto|un minuto fa|минуту назад|# minutes back|# m ago|# minutos atrás|# minuto atrás",
        "3600": "# hrs ago|an hour ago|one hour ago|a hour ago|vor einer stunde|il y a une heure|hace una hora"
        "|uma hora atrás|há uma hora|un'ora fa|час назад|# h ago|# horas atrás|# hora atrás",
        "86400": "a day ago|one day ago|vor einem tag|il y a un jour|hace un día|# d ago|# dias atrás|# dia atrás",
        "604800": "a week ago|one week ago|vor einer woche|il y a une semaine|hace una semana",
    },
    "filler": {
        "": "on at the of in published posted date updated last publié le à updated: den dne dnia du il el la las"
        " veröffentlicht publicado publicada em en às as del de dos opublikowano опубликовано gepubliceerd"
        " op pubblicato alle dato um d l st r v у года году року წლის წ সাল พ.ศ. ค.ศ. เดือน"
        " stand aktualisiert erstellt mis jour actualizado actualizada atualizado atualizada aggiornato bijgewerkt"
        " o roku dodano aktualizacja updatováno güncelleme yayınlanma tarihi обновлено στις δημοσίευση نشر في الساعة"
        " 发布时间 发布于 发布 发表于 发表 更新时间 更新 时间 日期 發布時間 發佈 更新時間 公開日 更新日 配信"
        " 입력 수정 등록 승인 기사입력 최종수정"
    },
}
"""Words that CLDR does not have. Phrases are separated by `|` if there is one, else by spaces."""


def _names(data: Mapping[str, Any], kind: str) -> Iterator[tuple[int, str]]:
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            yield from data[kind][context].get(width, {}).items()


def _literals(pattern: str) -> Iterator[tuple[str, str, str]]:
    """Yield the words of a pattern of CLDR, each with the character before it and that behind it."""
    for match in re.finditer(r"'([^']*)'|[^\x00-\x7f]+", pattern):
        before, behind = pattern[: match.start()][-1:], pattern[match.end() :][:1]
        yield before, match[1] if match[1] is not None else match[0], behind


def _of_language(language: str) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, value, name) of a language."""
    from babel import Locale

    data: Any = Locale.parse(language)._data
    months = list(_names(data, "months"))
    patterns = [str(pattern) for pattern in (*data["date_formats"].values(), *data["datetime_skeletons"].values())]
    dated = [pattern for pattern in patterns if "y" in pattern and "M" in pattern and "d" in pattern]
    joined = [str(pattern) for pattern in data["datetime_formats_relative"].values()]
    timed = [str(pattern) for pattern in data["time_formats"].values()]
    for pattern in dated:
        for before, literal, behind in _literals(pattern):
            yield from (("month", str(number), literal + name) for number, name in months if behind == "M")
            yield from (("month", str(number), name + literal) for number, name in months if before == "M")
            yield from (("filler", "", word) for word in literal.split())
    for pattern in (*joined, *timed):
        yield from (("filler", "", word) for _, literal, _ in _literals(pattern) for word in literal.split())
    yield from (("month", str(number), name) for number, name in months)
    yield from (("weekday", str(number), name) for number, name in _names(data, "days"))
    for context in data["day_periods"].values():
        for width in ("wide", "abbreviated"):
            yield from (("half", half, context[width][half]) for half in _HALVES if half in context.get(width, {}))
    for unit, seconds in _UNITS.items():
        for width in ("", "-short", "-narrow"):
            found = data["date_fields"].get(f"{unit}{width}", {})
            for plural, pattern in found.get("past", {}).items():
                if "{0}" in pattern or plural in {"one", "two"}:
                    each = seconds * (2 if plural == "two" and "{0}" not in pattern else 1)
                    yield "ago", str(each), pattern.replace("{0}", "1")
            yield from (("ahead", "", pattern.replace("{0}", "1")) for pattern in found.get("future", {}).values())
    yield from (("day", str(number), name) for number, name in data["date_fields"]["day"]["relative"].items())


def _rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield (kind, value, name, language)."""
    for language in (*LANGUAGES.split(), *REGIONS.split()):
        yield from ((*row, language) for row in _of_language(language))
    for language in SMALLER.split():
        named = (row for row in _of_language(language) if row[0] in {"month", "weekday"} and len(row[2]) > 3)
        yield from ((*row, language) for row in named)
    for kind, values in _MORE.items():
        for value, names in values.items():
            yield from ((kind, value, name, "") for name in names.split("|" if "|" in names else None))


def table() -> str:
    """The table: on each line a kind, a value and a phrase."""
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    languages: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, value, name, language in _rows():
        if words := phrase(fold(name)):
            values[kind, words].add(value)
            languages[kind, words].add(language)
    for words in [words for kind, words in values if kind == "month" and "en" in languages["weekday", words]]:
        del values["month", words]  # "Sat" is September in Hausa
    rows = []
    for (kind, words), found in values.items():
        if kind == "weekday" and (len(words) > 1 or words.upper() == words.lower()):
            rows.append((kind, "".join(sorted(found)), words))
        elif len(found) == 1 and _is_word(kind, words) and ("ahead", words) not in values:
            rows.append((kind, min(found), words))
    named = {words for kind, _, words in rows if kind in {"month", "weekday", "hour"}}
    fillers = {words for kind, _, words in rows if kind == "filler"} - named - {*_HALVES}
    taken = {"half": named | fillers, "filler": named | {*_HALVES}}
    kept = [row for row in rows if row[2] not in taken.get(row[0], ()) and not (row[0] == "day" and int(row[1]) > 0)]
    return "".join(f"{kind}\t{value}\t{words}\n" for kind, value, words in sorted(kept))


def _is_word(kind: str, words: str) -> bool:
    """Return whether a phrase names something by itself: no number, and of a month more than two ASCII letters."""
    if kind == "ago":
        return words.strip("# ") != ""
    if kind in {"weekday", "ahead"}:
        return False
    return "#" not in words and not (kind == "month" and words.isascii() and len(words) < 3)


def main() -> None:
    Path(__file__).with_name("date_words.tsv").write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
