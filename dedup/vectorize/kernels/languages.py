"""Kernel for the language of articles: what `dedup.vectorize.language.detect` returns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize import background
from dedup.vectorize.features import SCRIPT_SHIFT, HashedWords
from dedup.vectorize.kernels.compiling import Whole, kept
from dedup.vectorize.kernels.machine import lowest
from dedup.vectorize.kernels.murmur import hash_words
from dedup.vectorize.kernels.points import CHINESE, JAPANESE, KOREAN
from dedup.vectorize.kernels.threads import parts_in_threads
from dedup.vectorize.language import (
    ENGLISH_OVERRIDES,
    ENGLISH_TIE,
    ENGLISH_WORDS,
    LOOKED_AT,
    SMALLEST_SHARE,
    UNKNOWN,
    english_words,
)

_UNKNOWN, _JAPANESE, _KOREAN, _CHINESE = -1, -2, -3, -4
_ONE = np.uint64(1)
_AT_ONCE = 2_000
"""Articles that are worth a thread."""


@dataclass(frozen=True, slots=True, eq=False)
class CommonWords:
    """A hash table of the commonest words of the languages, and of the English table.

    Attributes:
        languages: the codes, sorted; at most 63.
        keys: the hash in each slot, by open addressing from its lower bits on; the size is a power of two. uint32.
        masks: for each slot the set of languages, bit i for `languages[i]`, and the bit after these for
            the English table; 0 in an empty slot. uint64.
    """

    languages: tuple[str, ...]
    keys: NDArray[np.uint32]
    masks: NDArray[np.uint64]


@cache
def common_words() -> CommonWords:
    """The table, built when it is first needed (a few ms)."""
    words = background.languages_by_word()
    languages = tuple(sorted({language for spoken in words.values() for language in spoken}))
    english = english_words()
    size = 1 << (2 * (len(words) + len(english))).bit_length()
    keys, masks = np.zeros(size, np.uint32), np.zeros(size, np.uint64)
    bits = [sum(1 << languages.index(language) for language in set(spoken)) for spoken in words.values()]
    bits += [1 << len(languages)] * len(english)
    for key, mask in zip(hash_words([*words, *english]).tolist(), bits, strict=True):
        place = key % size
        while masks[place] and keys[place] != key:
            place = (place + 1) % size
        keys[place] = key
        masks[place] |= np.uint64(mask)
    return CommonWords(languages, keys, masks)


def detect(words: HashedWords, threads: int | None = 1) -> list[str]:
    """The code of the language of each article, or `UNKNOWN`.

    Plain form: `vectorize.language.detect`.
    """
    known = common_words()
    found = np.empty(len(words), np.int16)
    english = known.languages.index("en")

    def work(first: int, last: int) -> None:
        offsets = words.offsets[2 * first : 2 * last + 1]
        given = (words.hashes, words.flags, offsets, known.keys, known.masks, len(known.languages), english)
        detect_block(*given, found[first:last])

    parts_in_threads(work, len(words), threads, least=_AT_ONCE)
    names = {**dict(enumerate(known.languages)), _UNKNOWN: UNKNOWN, _JAPANESE: "ja", _KOREAN: "ko", _CHINESE: "zh"}
    return [names[place] for place in found.tolist()]


@kept
def detect_block(
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    keys: NDArray[np.uint32],
    masks: NDArray[np.uint64],
    languages: Whole,
    english: Whole,
    found: NDArray[np.int16],
) -> None:
    """Write the language of each article: its index in `CommonWords.languages`, or `_UNKNOWN` and the like."""
    wrap = np.uint32(len(keys) - 1)
    counts = np.empty(64, np.int64)
    for article in range(len(found)):
        begin = offsets[2 * article]
        end = min(offsets[2 * article + 2], begin + LOOKED_AT)
        japanese = korean = chinese = np.int64(0)
        for place in range(begin, end):
            script = flags[place] >> SCRIPT_SHIFT & 3
            japanese += script == JAPANESE
            korean += script == KOREAN
            chinese += script == CHINESE
        if 2 * (japanese + korean + chinese) > end - begin:
            found[article] = _JAPANESE if japanese else (_KOREAN if korean >= chinese else _CHINESE)
            continue
        counts[:] = 0
        for place in range(begin, end):
            slot = hashes[place] & wrap
            while masks[slot]:
                if keys[slot] == hashes[place]:
                    spoken = masks[slot]
                    while spoken:
                        counts[lowest(spoken)] += 1
                        spoken &= spoken - _ONE
                    break
                slot = (slot + np.uint32(1)) & wrap
        most, first = np.int64(0), 0
        for language in range(languages):
            if counts[language] > most:
                most, first = counts[language], language
        likely = most > 0 and most >= SMALLEST_SHARE * (end - begin)
        share, of = ENGLISH_OVERRIDES if likely else ENGLISH_WORDS
        tied = likely and counts[english] >= ENGLISH_TIE * most
        if tied or (end > begin and of * counts[languages] >= share * (end - begin)):
            found[article] = english
        else:
            found[article] = first if likely else _UNKNOWN
