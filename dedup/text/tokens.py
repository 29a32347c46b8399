"""The tokenizer. Terms, shingles and passages all use it; a change to it is a new method version.

1. The text is converted to Unicode normalisation form C, after runs of more than 30 marks are cut to 30.
2. A word is a letter or digit and the letters, digits and marks that follow it. Everything else separates words, the
   apostrophe included, which splits French and Italian elisions; an `s` after the apostrophe of a word is dropped.
3. Runs of scripts written without spaces (Han, Kana, Hangul, Thai, Lao, Khmer, Burmese) become character bigrams.
4. Code points are folded one by one with a shipped table: capitals to lower case, digits of all scripts to ASCII, some
   spelling variants to one; ignorable signs (soft hyphen, vowel points, joiners) are removed.
5. A token is capitalised if it begins with a capital and does not begin a sentence.
6. A token begins a sentence if it is the first one or the first after a sign that ends a sentence or a line, and a
   segment if it is the first one or the first after a sign that separates the parts of a headline.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from sys import intern

from dedup.text.alphabet import SEPARATORS, alphabet

APOSTROPHES = "'’ʼ＇"
SENTENCE, SEGMENT = 1, 2
"""What a token may begin: bits of `Tokens.begins`."""


@dataclass(slots=True)
class Tokens:
    """The tokens of a text in order.

    Attributes:
        words: the tokens.
        capitals: 1 for each that is capitalised inside a sentence, else 0.
        begins: `SENTENCE` and `SEGMENT` for each that begins one, else 0.
    """

    words: list[str] = field(default_factory=list)
    capitals: bytearray = field(default_factory=bytearray)
    begins: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.words)

    def after(self, count: int) -> Tokens:
        """All tokens but the first `count`."""
        return Tokens(self.words[count:], self.capitals[count:], self.begins[count:])

    def before(self, count: int) -> Tokens:
        """The first `count` tokens."""
        return self if count == len(self) else Tokens(self.words[:count], self.capitals[:count], self.begins[:count])

    def where(self, keep: Iterable[object]) -> Tokens:
        """The tokens for which `keep` is true."""
        places = [place for place, kept in enumerate(keep) if kept]
        if len(places) == len(self):
            return self
        capitals, begins = (bytearray(flags[place] for place in places) for flags in (self.capitals, self.begins))
        return Tokens([self.words[place] for place in places], capitals, begins)


def tokenize(text: str) -> Tokens:
    """Split any string into tokens, in linear time."""
    table = alphabet()
    folding, is_capital = table.folding, table.capitals
    tokens = Tokens()
    words, capitals, begins = tokens.words, tokens.capitals, tokens.begins
    if not text.isascii():
        # Reordering marks takes time quadratic in their number: an attack could have many in a run.
        text = unicodedata.normalize("NFC", table.stack.sub(r"\1", text))
    begin, end = SENTENCE | SEGMENT, -2
    for match in table.pattern.finditer(text):
        kind, run = match.lastindex, match.group()
        if kind == 3:
            begin |= SENTENCE | SEGMENT if run in SEPARATORS else SENTENCE
            continue
        if kind == 4:
            begin |= SEGMENT
            continue
        word = run.translate(folding) if not run.isascii() else run.lower()
        if kind == 1:
            pairs = [word[i : i + 2] for i in range(len(word) - 1)] or [word]
            words.extend(map(intern, pairs))
            capitals.extend(bytes(len(pairs)))
            begins.append(begin)
            begins.extend(bytes(len(pairs) - 1))
        elif not (word == "s" and match.start() == end + 1 and text[end] in APOSTROPHES):
            words.append(intern(word))
            capitals.append(not begin & SENTENCE and run[0] in is_capital)
            begins.append(begin)
        begin, end = 0, match.end()
    return tokens


def shingles(words: list[str], size: int) -> list[bytes]:
    """Every run of `size` words in UTF-8, separated by spaces; a shorter text is one shingle, an empty one has none."""
    if not words:
        return []
    count = max(1, len(words) - size + 1)
    return [" ".join(words[i : i + size]).encode() for i in range(count)]
