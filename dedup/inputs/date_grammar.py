"""A grammar of dates, as people and programs write them. What it cannot account for word by word, it does not read.

A date is folded (`dedup.text.date_words`), and then its parts are taken out one after the other: its words, its time
with the zone, its day. Nothing but punctuation may be left. So a range, a second date or an unknown word is never read
as something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from itertools import pairwise

from dedup.text.date_words import WORD, date_words, fold, phrase

ORDERS = ("dmy", "mdy", "ymd")
"""Orders of day, month and year in digits."""

UNSEEN = "counted from when it was seen, which is not known"
"""Why a date that counts from the time of fetching is not read."""

_HOURS = {
    **dict.fromkeys(("z", "ut", "tu", "utc", "gmt", "wet", "zulu"), 0.0),
    **dict.fromkeys(("west", "cet", "mez", "met", "wat"), 1.0),
    **dict.fromkeys(("cest", "mesz", "mest", "eet", "cat", "sast"), 2.0),
    **dict.fromkeys(("eest", "oesz", "msk", "мск", "eat", "trt"), 3.0),
    "msd": 4.0,
    "pkt": 5.0,
    "npt": 5.75,
    "ict": 7.0,
    "wib": 7.0,
    **dict.fromkeys(("wita", "awst", "hkt", "sgt", "myt", "pht"), 8.0),
    "wit": 9.0,
    "jst": 9.0,
    "kst": 9.0,
    "acdt": 10.5,
    "acst": 9.5,
    "aest": 10.0,
    "aedt": 11.0,
    "nzst": 12.0,
    "nzdt": 13.0,
    "hst": -10.0,
    "akst": -9.0,
    "akdt": -8.0,
    "pst": -8.0,
    "pdt": -7.0,
    "mst": -7.0,
    "mdt": -6.0,
    "cdt": -5.0,
    "est": -5.0,
    "edt": -4.0,
    "brt": -3.0,
    "nst": -3.5,
    "ndt": -2.5,
}
"""Hours from UTC of the zones whose names have one meaning in use; EST to PDT are those of RFC 2822, but for CST."""

_SEVERAL = frozenset(
    ["ACT", "ADT", "AMT", "AST", "BST", "CST", "CT", "ECT", "ET", "GST", "IST", "MT", "PT", "SST", "WST"]
)
"""Zones whose names have several meanings: CST is America's, China's and Cuba's, ET is EST or EDT."""

_UNIVERSAL = "(?:utc?|gmt)"
_OFFSET = r"[+-](?:\d\d?:\d\d|\d{4}|\d\d?)(?::?00)?(?![\d:])"
_LARGEST_OFFSET = timedelta(hours=14)

_JOINT = r"[\s./,'-]*"
_DAY = r"(?<![\d.,])(?P<day>\d\d?)(?:st|nd|rd|th|er|ere|re|e|o|a|ο|η|η)?\b"
_NAMED = (
    rf"{_DAY}{_JOINT}<(?P<month>\d+)>{_JOINT}'?(?P<year>\d{{4}}|\d\d(?!\s*\{{|\.\d|:))(?!\d)",
    rf"<(?P<month>\d+)>{_JOINT}{_DAY}(?:[\s./,-]+(?P<year>\d{{4}})|\s*,\s*(?P<short>\d\d)|[\s,]*'(?P<shorter>\d\d))(?!\d)",
    rf"(?<!\d)(?P<year>\d{{4}}){_JOINT}<(?P<month>\d+)>{_JOINT}(?P<day>\d\d?)(?:a|e)?(?!\d)",
    rf"(?<!\d)(?P<year>\d{{4}}){_JOINT}{_DAY}{_JOINT}<(?P<month>\d+)>",
)
_YEAR_FIRST = r"(?<![\d.])(\d{4})(?:\s?([-/.])\s?(\d\d?)\s?\2\s?(\d\d?)|\s(\d\d?)\s(\d\d?))(?!\d)"
_FIGURES = r"(?<![\d.])(\d\d?)(?:\s?([-/.])\s?(\d\d?)\s?\2\s?'?(\d{4}|\d\d)|\s(\d\d?)\s(\d{4}))(?!\d)"
_COMPACT = r"(?<!\d)(\d{4})(\d\d)(\d\d)(?!\d)"
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "民國": 1911, "民国": 1911}
_BUDDHIST = 543
_TENS, _ONES = "[一二三四五六七八九]?十[一二三四五六七八九]?", "[〇零一二三四五六七八九]+"
_NUMERALS = {numeral: number for number, numeral in enumerate("〇一二三四五六七八九")} | {"零": 0}


class UnreadableError(ValueError):
    """Raised for a text that is no date, with the reason if it is more special than that."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A date as it is written.

    Attributes:
        days: the day under each order in which it exists; one day under "" if the order is not in doubt.
        time: the time of day, with its zone if one is understood; None for a day alone.
        zone: the name of a zone that is not understood, "" for none. The time is then None.
    """

    days: dict[str, date]
    time: time | None = None
    zone: str = ""


def parse(text: str, seen: date | None = None) -> Parsed:
    """Parse a date.

    Args:
        text: the date.
        seen: the day or time from which "yesterday" and "2 hours ago" count.

    Raises:
        UnreadableError: it is none.
        ValueError, OverflowError: a part of it is out of range.
    """
    if re.search(r"[<>{}]", text):  # stand for words that are understood
        raise UnreadableError
    text, unknown = _take_named_zone(text)
    folded = fold(text)
    if (ago := _ago(folded, seen)) is not None:
        return ago
    spelled, thai = _spelled_out(_simplified(folded)), "\u0e00" <= max(folded, default="") <= "\u0e7f"
    doubtful = re.compile(r"<(\d+)\|(\d+)>")  # "mar": Tuesday or March
    if doubtful.search(spelled):
        with suppress(UnreadableError):
            return _parse_spelled(doubtful.sub(r"{w\2}", spelled), seen, unknown, thai=thai)
    return _parse_spelled(doubtful.sub(r"<\1>", spelled), seen, unknown, thai=thai)


def _parse_spelled(text: str, seen: date | None, unknown: str, *, thai: bool) -> Parsed:
    rest, found_time = _take_time(text, _CLOCKS)
    rest, weekdays = _take_weekdays(rest)
    rest, days = _take_day(rest, seen, thai=thai)
    if found_time is None:
        rest, found_time = _take_time(rest, _LOOSE_CLOCKS)
    if re.search(r"[^\s,;.:()\[\]|·•@/-]", rest.replace("{h}", " ").replace("{am}", " ")):
        raise UnreadableError
    if len(set(days.values())) > 1 and weekdays:
        days = {order: day for order, day in days.items() if str(day.weekday()) in weekdays} or days
    when, zone = found_time or (None, "")
    zone = zone or unknown
    return Parsed(days, None if zone else when, zone)


_NAMED_ZONE = re.compile(
    r"(?<=\d:\d\d)((?::\d\d(?:[.,]\d+)?)?\s*(?:[AaPp]\.?\s?[Mm]\b\.?)?[\s,(]*)([A-Z]{2,5}|МСК)(?![A-Za-z])(?!\s?[+−-]\d)"
)


def _take_named_zone(text: str) -> tuple[str, str]:
    """Replace the name of a zone behind a time by its offset, and take out one of several meanings, which is returned.

    It is recognised by its capitals, before folding: CET is a zone, and \u010det a Thursday.
    """
    unknown = ""

    def offset(match: re.Match[str]) -> str:
        nonlocal unknown
        behind, name = match.groups()
        if name in _SEVERAL:
            unknown = name
            return behind
        hours = _HOURS.get(name.lower())
        return match[0] if hours is None else f"{behind}{time(tzinfo=_fixed(hours)):%z}"

    return _NAMED_ZONE.sub(offset, text, count=1), unknown


def _simplified(text: str) -> str:
    """Rewrite the forms of programs and of East Asia in plainer ones."""
    text = re.sub(r"^d:(\d{8})(\d{6})", r"\1t\2", text).replace("'00'", "00")  # PDF
    text = re.sub(r"^(\d{8})(\d\d)(\d\d)(\d\d)(?=\D)", r"\1 \2:\3:\4", text)
    text = re.sub(r"^(\d{8}) ?t(\d\d):?(\d\d):?(\d\d)(?!\d)", r"\1 \2:\3:\4", text)
    text = re.sub(r"^(\d{4}):(\d\d):(\d\d)(?=\s)", r"\1-\2-\3", text)  # Exif
    text = re.sub(r"(?<=\d{4}):(?=\d\d:\d\d)", " ", text)  # logs of web servers
    text = re.sub(r"^(\d{4}-\d\d-\d\d)\s?(?:z|[+-]\d\d:\d\d)$", r"\1", text)  # XML: a day in a zone
    text = re.sub(rf"({_OFFSET}|(?<=\d)z)\s*[(\[][^()\[\]]*[)\]]", r"\1", text)  # +0200 (Central European Time)
    text = re.sub(r"(\d:\d\d)\s+(\d{4})\s+([+-]\d{4})$", r"\1 \3 \2", text)  # git
    text = re.sub(r"(?<=\d)t(?=\d)", " ", text)
    text = re.sub(r"(?<=\d)(?:\([ae]\)|°)", "", text)  # Basque endings, Italian ordinals
    text = re.sub(r"\b([ap])\.?\s?m\b\.?", r"\1m", text)
    text = re.sub(r"\bo'clock\b", "h", text)
    text = re.sub(r"(?<=\d)(\.?)\s+(listopada|lis|lip)\b(?=\.?\s+\d{4})", _slavic_month, text)
    if not text.isascii():
        text = re.sub(rf"(?:{_TENS}|{_ONES})(?=[年月日号號時时点點分秒])", lambda match: _number(match[0]), text)
        text = re.sub(rf"({'|'.join(_ERAS)})\s*(\d+|元)\s*年", _of_era, text)
        text = re.sub(r"(\d{4})\s*[年년]\s*(\d\d?)\s*[月월]\s*(\d\d?)\s*(?:[日号號일]|(?!\d))", r" \1-\2-\3 ", text)
        halves = r"(\d\d?)\s*[時时点點시]\s*(?:(\d\d?)\s*[分분]\s*(?:(\d\d?)\s*[秒초])?|(半))?"
        text = re.sub(halves, _east_asian_time, text)
    return re.sub(  # Vietnamese
        r"(?:ngay\s*)?\b(\d\d?)\s+(?:thang|thg\.?)\s+(\d\d?)\s*(?:,|nam|\s)\s*(\d{4})\b", r" \3-\2-\1 ", text
    )


def _slavic_month(match: re.Match[str]) -> str:
    """Tell Polish months from Croatian ones of the same name: Croatian puts a dot behind the day, Polish does not."""
    months = {"listopada": 10, "lip": 6} if match[1] else {"listopada": 11, "lis": 11, "lip": 7}
    return f" <{months[match[2]]}>" if match[2] in months else match[0]


def _number(numerals: str) -> str:
    if "十" not in numerals:
        return "".join(str(_NUMERALS[numeral]) for numeral in numerals)
    tens, _, ones = numerals.partition("十")
    return str(10 * _NUMERALS.get(tens, 1) + (_NUMERALS[ones] if ones else 0))


def _of_era(match: re.Match[str]) -> str:
    return f"{_ERAS[match[1]] + (1 if match[2] == '元' else int(match[2]))}年"


def _east_asian_time(match: re.Match[str]) -> str:
    hour, minute, second, half = match.groups()
    return f" {hour}:{'30' if half else (minute or '0').zfill(2)}{':' + second.zfill(2) if second else ''} "


def _spelled_out(text: str) -> str:
    """Replace words by their meaning: `<5>` May, `<3|1>` March or Tuesday, `{w1}`, `{am}`, `{h}` an hour, `{d-1}`.

    A word without a meaning stays: behind a time it is the name of a zone.
    """
    spans = [match.span() for match in WORD.finditer(text)]
    out, end, place = [], 0, 0
    while place < len(spans):
        stop, meaning, count = _meaning(text, spans, place)
        out += [text[end : spans[place][0]], meaning]
        end, place = stop, place + count
    return "".join([*out, text[end:]])


def _meaning(text: str, spans: Sequence[tuple[int, int]], place: int) -> tuple[int, str, int]:
    """Return the end of the longest known phrase at a place, what it means, and the number of its words."""
    start = spans[place][0]
    for count in range(min(4, len(spans) - place), 0, -1):
        words = spans[place : place + count]
        stop = words[-1][1]
        joined = all(re.fullmatch(r"[\s.'-]*", text[one[1] : other[0]]) for one, other in pairwise(words))
        if joined and (meaning := _lookup(phrase(text[start:stop]))) is not None:
            return stop, meaning, count
    stop = spans[place][1]
    return stop, _parts(text[start:stop]) or text[start:stop], 1


def _lookup(words: str) -> str | None:
    tables = date_words()
    month, weekday = tables["month"].get(words), tables["weekday"].get(words)
    if month:
        return f"<{month}|{weekday}>" if weekday else f"<{month}>"
    if words in tables["half"]:
        return f"{{{tables['half'][words]}}}"
    if words in tables["hour"]:
        return "{h}"
    if weekday:
        return f"{{w{weekday}}}"
    if words in tables["day"]:
        return f"{{d{tables['day'][words]}}}"
    return " " if words in tables["filler"] else None


def _parts(word: str) -> str:
    """Return the meanings of the phrases that a word of a script without spaces is made of; "" if it is not."""
    if word.upper() != word.lower() or word.isascii():
        return ""
    found = []
    while word:
        size = next((size for size in range(len(word), 0, -1) if _lookup(word[:size]) is not None), 0)
        if not size:
            return ""
        found.append(_lookup(word[:size]) or "")
        word = word[size:]
    return " ".join(found)


_AFTER = (
    r"\s*(?P<after>\{[ap]m\}|[ap](?![a-z]))?\.?(?:\s*\{h\}\.?)?"
    rf"(?:\s*,?\s*\(?(?:(?P<universal>{_UNIVERSAL})\s*)?(?P<offset>{_OFFSET})(?:\s*\(?[a-z]{{1,5}}\)?(?![a-z]))?"
    r"|\s*,?\s*\(?(?P<zone>[a-z]+(?:/[a-z_]+)+|[a-z]{1,5}(?![a-z])(?:\s*[+-]\d[\d:]*)?))?\)?"
)
_BEFORE = r"(?:(?P<before>\{[ap]m\})\s*)?"
_SECOND = r"(?P<second>\d\d)(?:[.,:](?P<part>\d{1,9}))?"


def _clocks(*forms: str) -> list[re.Pattern[str]]:
    return [re.compile(_BEFORE + form + _AFTER) for form in forms]


_CLOCKS = _clocks(
    rf"(?<![\d:+-])(?P<hour>\d\d?):(?P<minute>\d\d)(?::{_SECOND})?(?![\d:])",
    r"(?<!\d)(?P<hour>\d\d?)\s?\{h\}\s?(?P<minute>\d\d)(?!\d)",
    r"\{h\}[\s.:]*(?P<hour>\d\d?)\.(?P<minute>\d\d)(?![\d.])",
    rf"(?<![\d.])(?P<hour>\d\d?)\.(?P<minute>\d\d)(?=\s*(?:\{{h\}}|\{{[ap]m\}}|{_UNIVERSAL}))",
)
"""Times that are sure before the day is known."""

_LOOSE_CLOCKS = _clocks(
    rf"(?<![\d.])(?P<hour>\d\d?)\.(?P<minute>\d\d)(?:\.{_SECOND})?(?![\d.])",
    r"(?<!\d)(?P<hour>\d\d)(?P<minute>\d\d)(?=\s*(?:\{h\}|[a-z]{1,5}\b))",
    r"(?<!\d)(?P<hour>\d\d?)(?=\s*\{(?:am|pm|h)\})",
    r"\{(?:h|am|pm)\}[\s.:]*(?P<hour>\d\d?)(?!\d)",
)
"""Times that may be part of a day until that is taken out: `10.30`, `1030 GMT`, `3 pm`, `kl. 10`."""


def _take_time(text: str, clocks: Sequence[re.Pattern[str]]) -> tuple[str, tuple[time | None, str] | None]:
    """Take a time out of a date, and return what is left, the time, and the name of an unknown zone."""
    for clock in clocks:
        if found := clock.search(text):
            return _without(text, found), _time(found)
    return text, None


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _time(found: re.Match[str]) -> tuple[time | None, str]:
    """Return the time of day, and the name of its zone if it is not understood: the time is None then."""
    parts = {"minute": "00", "second": None, "part": None, **found.groupdict()}
    hour = int(parts["hour"] or 0)
    if half := re.sub(r"\W", "", parts["before"] or parts["after"] or ""):
        if hour > 12 or (parts["before"] and parts["after"]):
            raise UnreadableError
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    attached = found["offset"] and not found.string[: found.start("offset")].endswith(" ")
    if attached and _may_be_range(parts):
        raise UnreadableError
    zone, unknown = _zone(parts["offset"], parts["zone"] or "")
    part = (parts["part"] or "").ljust(6, "0")[:6]
    when = time(hour, int(parts.get("minute") or 0), int(parts["second"] or 0), int(part), tzinfo=zone)
    return (None, unknown) if unknown else (when, "")


def _may_be_range(parts: Mapping[str, str | None]) -> bool:
    """Return whether a time and the offset attached to it may be two times: `10:00-11:30`."""
    offset = parts["offset"] or ""
    end = offset.removeprefix("-")
    certain = parts["universal"] or parts["second"] or offset == end or ":" not in end
    return not certain and f"{end:0>5}" > f"{parts['hour']:0>2}:{parts['minute']}"


def _zone(offset: str | None, name: str) -> tuple[tzinfo | None, str]:
    if offset is not None:
        sign, hour, minute = re.findall(r"[+-]|\d\d?", offset + " 00")[:3]
        ahead = timedelta(hours=int(hour), minutes=int(minute))
        if int(minute) > 59 or ahead > _LARGEST_OFFSET:
            raise UnreadableError
        return timezone(-ahead if sign == "-" else ahead) if ahead else UTC, ""
    if not name:
        return None, ""
    if name not in _HOURS:
        return None, name.upper()
    return _fixed(_HOURS[name]), ""


def _fixed(hours: float) -> timezone:
    return timezone(timedelta(hours=hours)) if hours else UTC


def _take_weekdays(text: str) -> tuple[str, str]:
    """Take the names of days of the week out of a date; return what is left, and the numbers of those days."""
    return re.sub(r"\{w\d+\}", " ", text), "".join(re.findall(r"\{w(\d+)\}", text))


def _take_day(text: str, seen: date | None, *, thai: bool) -> tuple[str, dict[str, date]]:
    """Take the day out of a date; return what is left, and the day under each order in which it exists."""
    relative = re.findall(r"\{d(-?\d)\}", text)
    text = re.sub(r"\{d-?\d\}", " ", text)
    for found, days in _days(text, thai=thai):
        if not days:
            raise UnreadableError
        return _without(text, found), days
    if len(relative) == 1:
        if seen is None:
            raise UnreadableError(UNSEEN)
        return text, {"": (seen.date() if isinstance(seen, datetime) else seen) + timedelta(days=int(relative[0]))}
    raise UnreadableError


def _days(text: str, *, thai: bool) -> Iterator[tuple[re.Match[str], dict[str, date]]]:
    for form in _NAMED:
        if found := re.search(form, text):
            parts = found.groupdict()
            year = parts["year"] or parts["short"] or parts["shorter"]
            yield found, {"": date(_full_year(year, thai=thai), int(parts["month"]), int(parts["day"]))}
    for form in (_YEAR_FIRST, _COMPACT):
        if found := re.search(form, text):
            year, month, day = (part for part in found.groups() if part and part.isdecimal())
            yield found, {"": date(_full_year(year, thai=thai), int(month), int(day))}
    if found := re.search(_FIGURES, text):
        first, second, third = (part for part in found.groups() if part and part.isdecimal())
        orders = {"dmy": (third, second, first), "mdy": (third, first, second)}
        if len(third) == 2:
            orders["ymd"] = (first.zfill(2), second, third)
        days = {order: _day(*parts, thai=thai) for order, parts in orders.items()}
        yield found, {order: day for order, day in days.items() if day}


def _day(year: str, month: str, day: str, *, thai: bool) -> date | None:
    try:
        return date(_full_year(year, thai=thai), int(month), int(day))
    except ValueError:
        return None


def _full_year(year: str, *, thai: bool) -> int:
    """Read two digits as RFC 2822 does, and a year beside Thai words as that of the Buddhist calendar."""
    number = int(year)
    if len(year) == 2:
        number += 2500 if thai else 2000 if number < 50 else 1900
    return number - _BUDDHIST if thai and number > 2400 else number


def _ago(text: str, seen: date | None) -> Parsed | None:
    """Read "2 hours ago"; None if the text is not of this form."""
    text = re.sub(r"^(?:(?:last )?updated|published|posted|about|ca\.?|~)\s*:?\s*(?=\S)", "", text)
    numbers = re.findall(r"\d+", text)
    seconds = date_words()["ago"].get(phrase(text))
    if seconds is None or len(numbers) > 1 or re.search(r"\d[.,:]\d", text):
        return None
    if seen is None:
        raise UnreadableError(UNSEEN)
    back = timedelta(seconds=int(seconds) * int(numbers[0] if numbers else 1))
    if int(seconds) >= 86400:  # days are counted, not hours
        return Parsed({"": (seen.date() if isinstance(seen, datetime) else seen) - back})
    if not isinstance(seen, datetime):
        raise UnreadableError("counted from a time, and only the day is known on which it was seen")
    when = seen - back
    return Parsed({"": when.date()}, when.timetz())
