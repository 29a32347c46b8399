"""Writes the tables of this folder: `python -m dedup.vectorize.background.build --data DIR`.

English shares are counted in real news: the texts of `reuters21578.jsonl.gz` and of `stream_2020_01_02.jsonl.gz` in
DIR, every distinct text once. Those of other languages are estimated from word frequencies, which the package wordfreq
supplies (`pip install wordfreq`): a word of frequency f stands in about 1 − exp(−300·f) of articles of 300 words.

Names of countries, of the languages they speak and, in English, of those who speak them count as no rarer than
`PLACE_SHARE`. Counted, most would: but
which of them are in the news changes faster than any table, and what a country does next is another story. The names
are those of Unicode's CLDR, from the package babel.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dedup.text.document import Document
from dedup.text.tokens import tokenize
from dedup.vectorize.background import COMMONEST, languages, languages_by_word, shares
from dedup.vectorize.hashing import hashes_of, terms_of, wide_hashes_of
from dedup.vectorize.language import english_words

NEWS = {"reuters21578": 20_000, "stream_2020_01_02": 27_000}
WORDS_AN_ARTICLE = 300
SMALLEST_SHARE = {"en": 200e-6, "other": 10_000e-6}
MOST_WORDS = 4_000
BIGRAM_LANGUAGES = {"ja", "ko", "zh"}
PLACE_SHARE = 0.05
"""About that of China in the two files, and a third of that of India, where half of the articles come from."""


def texts(path: Path, most: int) -> Iterator[Document]:
    """The documents of the distinct texts of a file: `most` of them, picked by their digest."""
    records: dict[bytes, tuple[str, str]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            text = record.get("text", "")
            if text:
                digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
                records.setdefault(digest, (record.get("title", ""), text))
    for digest in sorted(records)[:most]:
        yield Document.of(*records[digest])


def english(data: Path) -> dict[str, float]:
    """For each word the share of news articles that have it."""
    articles, having = 0, Counter[str]()
    for name, most in NEWS.items():
        for document in texts(data / f"{name}.jsonl.gz", most):
            articles += 1
            having.update({*document.title.words, *document.body.words})
    return {word: count / articles for word, count in having.items()}


def from_frequencies(frequencies: dict[str, float]) -> dict[str, float]:
    """For each token the share of articles that have it, estimated from how often the words it is in are used."""
    used = Counter[str]()
    for word, frequency in frequencies.items():
        for token in tokenize(word).words:
            if any(char.isdigit() for char in token):
                continue  # wordfreq counts all numbers of one length as one word
            used[token] += frequency  # type: ignore[assignment] # Counter's type knows whole numbers only
    return {token: 1 - math.exp(-WORDS_AN_ARTICLE * frequency) for token, frequency in used.items()}


def places(language: str) -> set[str]:
    """The countries, and the languages that are official in one, whose name in a language is a single token."""
    from babel import Locale
    from babel.languages import get_official_languages

    locale: Any = Locale.parse({"sh": "hr"}.get(language, language))
    countries = [code for code in locale.territories if len(code) == 2 and code.isalpha()]  # others are continents
    spoken = {tag.split("_")[0] for code in countries for tag in get_official_languages(code, de_facto=True)}
    names = [locale.territories[code] for code in countries]
    language_names = [locale.languages[code] for code in spoken if code in locale.languages]
    names += language_names + (peoples(language_names) if language == "en" else [])
    tokens = [tokenize(name.split("(")[0].split(",")[0]).words for name in names]  # "Myanmar (Burma)"
    return {name[0] for name in tokens if len(name) == 1 and len(name[0]) > 1}


def peoples(language_names: list[str]) -> list[str]:
    """In English those who speak a language, where they are called by it: Russians, Thais, but not the English."""
    return [f"{name}s" for name in language_names if name.endswith(("an", "ani", "ai"))]


def write(language: str, shares: dict[str, float]) -> None:
    shares = {**shares, **{name: max(PLACE_SHARE, shares.get(name, 0.0)) for name in places(language)}}
    smallest = SMALLEST_SHARE.get(language, SMALLEST_SHARE["other"])
    rows = sorted(((round(share * 1e6), word) for word, share in shares.items() if share >= smallest), reverse=True)
    if language != "en":
        rows = rows[:MOST_WORDS]
    text = "".join(f"{word}\t{share}\n" for share, word in rows)
    with gzip.GzipFile(Path(__file__).with_name(f"{language}.tsv.gz"), "wb", mtime=0) as file:
        file.write(text.encode())


def write_commonest() -> None:
    """The first words of each table, but for names, once more in one file, from which languages are told apart."""
    lines = []
    for language in languages():
        names = places(language)
        common = (word for word, share in shares(language).items() if word not in names or share > PLACE_SHARE)
        lines.append(" ".join([language, *islice(common, COMMONEST)]))
    Path(__file__).with_name("commonest.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_words() -> None:
    """The hashes of the words of all tables. Of words with one term, that of the highest share is kept."""
    highest: dict[str, float] = {}
    for language in languages():
        for word, share in shares(language).items():
            highest[word] = max(share, highest.get(word, 0.0))
    words = sorted(highest, key=lambda word: (-highest[word], word))
    commonest = [*languages_by_word()]
    words = [*commonest, *(word for word in words if word not in set(commonest))]
    terms, first = np.unique(terms_of(hashes_of(words)), return_index=True)
    wides = wide_hashes_of([words[place] for place in first.tolist()])
    np.savez(Path(__file__).with_name("words.npz"), terms=terms.astype(np.int32), wides=wides)


def write_hashes() -> None:
    """The hashes of the words of each table with their shares in millionths, and those of `english_words`."""
    tables = {
        language: np.stack([hashes_of(table := shares(language)), np.rint(np.multiply([*table.values()], 1e6))])
        for language in languages()
    }
    columns: dict[str, Any] = {language: rows.astype(np.uint32) for language, rows in tables.items()}
    np.savez(Path(__file__).with_name("hashes.npz"), english_words=hashes_of(english_words()), **columns)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the two news files")
    data = parser.parse_args().data
    import wordfreq

    for language in wordfreq.available_languages("small"):
        if language != "en":
            shares = from_frequencies(wordfreq.get_frequency_dict(language, "small"))
            if language in BIGRAM_LANGUAGES:  # a single character is a token only where it stands alone
                shares = {token: share for token, share in shares.items() if len(token) > 1}
            write(language, shares)
    write("en", english(data))
    write_commonest()
    write_words()
    write_hashes()


if __name__ == "__main__":
    main()
