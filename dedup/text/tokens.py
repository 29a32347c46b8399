"""The tokenizer. Terms, shingles and passages all use it; a change to it is a new method version.

1. The text is converted to Unicode normalisation form C, after runs of more than 30 marks are cut to 30.
2. A word is a letter or digit and the letters, digits and marks that follow it. Everything else separates words, the
   apostrophe included, which splits French and Italian elisions; an `s` after the apostrophe of a word is dropped.
3. Runs of scripts written without spaces (Han, Kana, Hangul, Thai, Lao, Khmer, Burmese) become character bigrams.
4. Code points are folded one by one with a shipped table: capitals to lower case, digits of all scripts to ASCII, some
   spelling variants to one; ignorable signs (soft hyphen, vowel points, joiners) are removed.
5. A token is capitalised if it begins with a capital and does not begin a sentence.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from sys import intern

from dedup.text.alphabet import alphabet

APOSTROPHES = "'’ʼ＇"


@dataclass(slots=True)
class Tokens:
    """The tokens of a text in order; `capitals[i]` is 1 if `words[i]` is capitalised inside a sentence, else 0."""

    words: list[str] = field(default_factory=list)
    capitals: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.words)

    def after(self, count: int) -> Tokens:
        """All tokens but the first `count`."""
        return Tokens(self.words[count:], self.capitals[count:])

    def where(self, keep: Iterable[object]) -> Tokens:
        """The tokens for which `keep` is true."""
        places = [place for place, kept in enumerate(keep) if kept]
        if len(places) == len(self):
            return self
        return Tokens([self.words[place] for place in places], bytearray(self.capitals[place] for place in places))


def tokenize(text: str) -> Tokens:
    """Split any string into tokens, in linear time."""
    table = alphabet()
    folding, is_capital = table.folding, table.capitals
    tokens = Tokens()
    words, capitals = tokens.words, tokens.capitals
    if not text.isascii():
        # Reordering marks takes time quadratic in their number: an attack could have many in a run.
        text = unicodedata.normalize("NFC", table.stack.sub(r"\1", text))
    sentence_begins, end = True, -2
    for match in table.pattern.finditer(text):
        kind, run = match.lastindex, match.group()
        if kind == 3:
            sentence_begins = True
            continue
        word = run.translate(folding) if not run.isascii() else run.lower()
        if kind == 1:
            pairs = [word[i : i + 2] for i in range(len(word) - 1)] or [word]
            words.extend(map(intern, pairs))
            capitals.extend(bytes(len(pairs)))
        elif not (word == "s" and match.start() == end + 1 and text[end] in APOSTROPHES):
            words.append(intern(word))
            capitals.append(not sentence_begins and run[0] in is_capital)
        sentence_begins, end = False, match.end()
    return tokens


def shingles(words: list[str], size: int) -> list[bytes]:
    """Every run of `size` words in UTF-8, separated by spaces; a shorter text is one shingle, an empty one has none."""
    if not words:
        return []
    count = max(1, len(words) - size + 1)
    return [" ".join(words[i : i + size]).encode() for i in range(count)]
