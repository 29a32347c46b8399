"""Tell of many articles at once which may have words that tell a kind: most have none, and need not be read for them.

A word is looked for by the longest run of ASCII letters, digits and underscores in it, and by eight bytes of that: in
`éditorial` by `ditoria`. So more articles are found than have the words, but never fewer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

IN_TITLE, AT_ENDS, OF_SPORT = 1, 2, 4
"""What an article may have: a telling word in its title, one at the ends of its text, two words of sport."""
EVERY = IN_TITLE | AT_ENDS | OF_SPORT

_PARTS = 4
"""Parts of an article that are looked at: its title, and see `Lookup.likely`."""
_WIDTH = 8
"""Bytes by which a word is looked for."""
_TABLE_BITS = 17
"""Bits of the hash by which most words of a text are seen to be none of those looked for."""
_RUN = re.compile(r"[a-z0-9_]+")
_TO_LOWER = bytes(sign if re.match(r"\w", chr(sign)) else ord(" ") for sign in range(128)).lower().ljust(256)
"""For each byte of ASCII its lower case if it is of a word, else a space."""
_FOLDED = "\u0130\u212a"
"""The characters beyond ASCII whose lower case has a letter of ASCII: a capital I with a dot, the sign of Kelvin."""
_MIX, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(64 - _TABLE_BITS)
_ONES, _HIGHS, _SPACES = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080), np.uint64(0x2020202020202020)


class Lookup:
    """Looks up words in the titles and texts of articles.

    Args:
        title: words that tell a kind in a title.
        ends: words, with the signs at them, that tell one at the ends of a text.
        sport: words of sport, in a title or at the beginning of a text.
        head: characters at the beginning of a text in which these are looked for.
        hinted: characters at the beginning and the end of a text that are its ends.

    Attributes:
        marks: characters, of which the words without letters of ASCII have one at least, in both cases.
    """

    def __init__(
        self, title: Iterable[str], ends: Iterable[str], sport: Iterable[str], *, head: int, hinted: int
    ) -> None:
        self._head, self._hinted = head, hinted
        words = {IN_TITLE: {*title}, AT_ENDS: {*ends}, OF_SPORT: {*sport}}
        every = sorted(set().union(*words.values()))
        run_of = {word: max(runs, key=len) for word in every if (runs := _RUN.findall(word))}
        _, keys = _words(f" {' '.join(run_of.values())}{' ' * _WIDTH}".encode())
        self._keys, places = np.unique(keys, return_inverse=True)
        bits = [sum(bit for bit, some in words.items() if word in some) for word in run_of]
        self._bits = np.zeros(len(self._keys), np.uint8)
        np.bitwise_or.at(self._bits, places, np.array(bits, np.uint8))
        self._sports = np.bincount(places, [word in words[OF_SPORT] for word in run_of])
        self._table = np.zeros(1 << _TABLE_BITS, np.bool_)
        self._table[self._keys * _MIX >> _SHIFT] = True
        marks = _characters_of(word for word in every if word not in run_of)
        self.marks = frozenset((*marks, *(mark.upper() for mark in marks), *_FOLDED))
        # A word that is cut at the end of `hinted` is another one there, so its end is looked at twice.
        self._cut = slice(max(0, hinted - max(map(len, words[AT_ENDS]), default=0)), hinted)

    def likely(self, articles: Sequence[tuple[str, str]]) -> list[int]:
        """Return of articles, given as title and text, which of `EVERY` each may have."""
        head, cut, tail = slice(self._head), self._cut, slice(-self._hinted, None)
        parts = [part for title, text in articles for part in (title, text[head], text[cut], text[tail])]
        joined = " ".join(parts)
        ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)) + 1)
        starts, keys = _words(b" " + joined.encode("ascii", "replace").translate(_TO_LOWER) + b" " * _WIDTH)
        some = np.flatnonzero(self._table[keys * _MIX >> _SHIFT])
        place = np.minimum(np.searchsorted(self._keys, keys[some]), len(self._keys) - 1)
        right = self._keys[place] == keys[some]
        some, place = starts[some[right]], place[right]
        found = self._found(place, np.searchsorted(ends, some, "right"), some, ends)
        for number in self._marked(joined, ends[_PARTS - 1 :: _PARTS].tolist()):
            found[number] = EVERY
        likely: list[int] = found.tolist()
        return likely

    def _found(
        self, word: NDArray[np.int64], part: NDArray[np.int64], at: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> NDArray[np.uint8]:
        """Return which of `EVERY` each article has, given the places of words that are known.

        Args:
            word: the number of each word.
            part: the part that it is in.
            at: where it begins.
            ends: where each part ends.
        """
        number, which, bits = part // _PARTS, part % _PARTS, self._bits[word]
        found = np.zeros(len(ends) // _PARTS, np.uint8)
        in_title = (which == 0) & (bits & IN_TITLE != 0)
        begins = np.where(part > 0, ends[part - 1], 0)
        at_ends = ((which > 1) | ((which == 1) & (at - begins < self._hinted))) & (bits & AT_ENDS != 0)
        of_sport = (which < 2) & (bits & OF_SPORT != 0)
        found[number[in_title]] |= IN_TITLE
        found[number[at_ends]] |= AT_ENDS
        several = np.unique(number[of_sport] * len(self._keys) + word[of_sport])
        sports = np.bincount(several // len(self._keys), self._sports[several % len(self._keys)], len(found))
        found[sports >= 2] |= OF_SPORT
        return found

    def _marked(self, joined: str, ends: Sequence[int]) -> Iterator[int]:
        """Yield the articles with one of the characters that the words without letters of ASCII have."""
        is_ascii = joined.isascii()
        for mark in self.marks:
            at = -1 if is_ascii and not mark.isascii() else joined.find(mark)
            while at >= 0:
                number = bisect_right(ends, at)
                yield number
                at = joined.find(mark, ends[number])


def _words(text: bytes) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return where the words of a text begin, less one, and the first bytes of each, up to the space after it.

    Args:
        text: words and spaces: one at the beginning, `_WIDTH` at the end.
    """
    inside = np.frombuffer(text, np.uint8) != ord(" ")
    starts = np.flatnonzero(inside[1:] > inside[:-1])
    keys: NDArray[np.uint64] = np.ndarray((len(text) - _WIDTH + 1,), "<u8", text, 0, (1,))[starts + 1]
    # The highest bit of each byte that is a space, and perhaps of some after it, but of none before it.
    others = keys ^ _SPACES
    spaces = (others - _ONES) & ~others & _HIGHS
    return starts, keys & (spaces ^ (spaces - np.uint64(1)))


def _characters_of(words: Iterable[str]) -> list[str]:
    """Return characters of which each word has one at least: first that which most words have."""
    left, found = [*words], list[str]()
    while left:
        counts: dict[str, int] = {}
        for word in left:
            for mark in {*word}:
                counts[mark] = counts.get(mark, 0) + 1
        found.append(min(counts, key=lambda mark: (mark.isascii(), -counts[mark], mark)))
        left = [word for word in left if found[-1] not in word]
    return found
