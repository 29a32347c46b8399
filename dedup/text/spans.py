"""The positions of the words of a text, in the text before normalisation."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from dedup.text.alphabet import alphabet
from dedup.text.tokens import APOSTROPHES

_JAMO = "\u1160-\u11ff"  # parts of a Korean syllable, which compose with the one before although they are not marks
_CLUSTER = re.compile(f".(?:[{_JAMO}]|(?!\\w)[^\\s\\x00-\\x7f])*", re.DOTALL)


@dataclass(slots=True)
class Spans:
    """The words of a text in order, as `tokenize` returns them, and their positions.

    Attributes:
        words: in folded form.
        starts, ends: offsets in characters of the given text, whatever its normalisation form.
        capitals: whether each is capitalised inside a sentence.
        pairs: whether each is a bigram of a script without spaces, which overlaps with its neighbours.
    """

    words: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    capitals: bytearray = field(default_factory=bytearray)
    pairs: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.words)


def spans(text: str) -> Spans:
    """The words of a text with their positions, in linear time.

    A text that is not in normalisation form C is normalised letter by letter, with the marks that follow each.
    """
    table = alphabet()
    folding, is_capital = table.folding, table.capitals
    found, places = Spans(), None
    if not text.isascii() and not (unicodedata.is_normalized("NFC", text) and not table.stack.search(text)):
        text, places = _composed(text)
    words, starts, ends, capitals, pairs = found.words, found.starts, found.ends, found.capitals, found.pairs
    sentence_begins, end = True, -2
    for match in table.pattern.finditer(text):
        kind, run, start = match.lastindex, match.group(), match.start()
        if kind in (3, 4):
            sentence_begins |= kind == 3
            continue
        word = run.translate(folding) if not run.isascii() else run.lower()
        if kind == 1:
            letters = [place for place, letter in enumerate(run, start) if folding.get(ord(letter), 0) is not None]
            for place in range(max(1, len(letters) - 1)):
                held = letters[place : place + 2] or [start]
                words.append(word[place : place + 2])
                starts.append(held[0])
                ends.append(held[-1] + 1)
                capitals.append(False)
                pairs.append(True)
        elif not (word == "s" and start == end + 1 and text[end] in APOSTROPHES):
            words.append(word)
            starts.append(start)
            ends.append(match.end())
            capitals.append(not sentence_begins and run[0] in is_capital)
            pairs.append(False)
        sentence_begins, end = False, match.end()
    if places is not None:
        found.starts = [places[start].start for start in starts]
        found.ends = [places[end - 1].stop for end in ends]
    return found


def _composed(text: str) -> tuple[str, list[range]]:
    """A text in normalisation form C, and for each character the range of the given text that it comes from."""
    kept = bytearray(b"\1") * len(text)
    for pile in alphabet().stack.finditer(text):
        kept[pile.end(1) : pile.end()] = bytes(pile.end() - pile.end(1))
    origin = [place for place, whether in enumerate(kept) if whether]
    text = "".join([text[place] for place in origin])
    pieces: list[str] = []
    places: list[range] = []
    for cluster in _CLUSTER.finditer(text):
        piece = unicodedata.normalize("NFC", cluster[0])
        pieces.append(piece)
        places += [range(origin[cluster.start()], origin[cluster.end() - 1] + 1)] * len(piece)
    return "".join(pieces), places
