"""Writes the tables of this folder: `python -m dedup.vectorize.background.build --data DIR`.

English shares are counted in real news: the texts of `reuters21578.jsonl.gz` and of `stream_2020_01_02.jsonl.gz` in
DIR, every distinct text once. Those of other languages are estimated from word frequencies, which the package wordfreq
supplies (`pip install wordfreq`): a word of frequency f stands in about 1 − exp(−300·f) of articles of 300 words.
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

from dedup.text.document import Document
from dedup.text.tokens import tokenize
from dedup.vectorize.background import COMMONEST, languages, shares

NEWS = {"reuters21578": 20_000, "stream_2020_01_02": 27_000}
WORDS_AN_ARTICLE = 300
SMALLEST_SHARE = {"en": 200e-6, "other": 10_000e-6}
MOST_WORDS = 4_000
BIGRAM_LANGUAGES = {"ja", "ko", "zh"}


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


def write(language: str, shares: dict[str, float]) -> None:
    smallest = SMALLEST_SHARE.get(language, SMALLEST_SHARE["other"])
    rows = sorted(((round(share * 1e6), word) for word, share in shares.items() if share >= smallest), reverse=True)
    if language != "en":
        rows = rows[:MOST_WORDS]
    text = "".join(f"{word}\t{share}\n" for share, word in rows)
    with gzip.GzipFile(Path(__file__).with_name(f"{language}.tsv.gz"), "wb", mtime=0) as file:
        file.write(text.encode())


def write_commonest() -> None:
    """The first words of each table once more in one file, from which languages are told apart."""
    lines = (" ".join([language, *islice(shares(language), COMMONEST)]) for language in languages())
    Path(__file__).with_name("commonest.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


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


if __name__ == "__main__":
    main()
