"""Writes `months.tsv`, the names of the months in many languages: `python -m dedup.text.build_months`.

The names are those of Unicode's CLDR in the package Babel (`pip install babel`; the shipped table is from 2.18.0). A
name of different months in different languages (listopad) is left out.
"""

from __future__ import annotations

from pathlib import Path

LANGUAGES = (
    "ar bg bn ca cs da de el en es fa fi fil fr he hi hr hu id is it"
    " lt lv mk ms nb nl pl pt ro ru sk sl sr sv ta tr uk ur"
)


def names(language: str) -> dict[str, set[int]]:
    """The numbers of the months by their names in a language, which are folded as `dateline` does."""
    from babel.dates import get_month_names

    found: dict[str, set[int]] = {}
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            for number, name in get_month_names(width, context, language).items():
                word = name.casefold().strip(".")
                if len(word) > 2 and all(char.isalpha() or not char.isascii() for char in word):
                    found.setdefault(word, set()).add(number)
    return found


def table() -> str:
    """The table: on each line a name and the number of its month."""
    months: dict[str, set[int]] = {"sept": {9}}
    for language in LANGUAGES.split():
        for name, numbers in names(language).items():
            months.setdefault(name, set()).update(numbers)
    rows = sorted((name, number) for name, numbers in months.items() if len(numbers) == 1 for number in numbers)
    return "".join(f"{name}\t{number}\n" for name, number in rows)


def main() -> None:
    Path(__file__).with_name("months.tsv").write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
