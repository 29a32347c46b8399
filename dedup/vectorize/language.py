"""The language of an article, detected by the commonest words of each language.

The language selects the table of common words for TF-IDF, so languages that share their common words may be confused.
A name or a quotation in another language must not change it, so a minimum share of the words is required.

Many headlines have no such word, or one of another language by chance. English ones are also known by their other
words: the table of English is large enough to have most of them, and fewer than four in ten of another language.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import chain, repeat

from dedup.vectorize import background
from dedup.vectorize.features import SCRIPT_SHIFT, HashedWords
from dedup.vectorize.hashing import hashes_of
from dedup.vectorize.kernels.points import CHINESE, JAPANESE, KOREAN

UNKNOWN = ""
LOOKED_AT = 400
"""Words at the start of an article that are examined."""
SMALLEST_SHARE = 0.12
"""Share of the examined words that must be among the commonest of the language."""
ENGLISH_TIE = 0.95
"""English is chosen if it has at least this share of the most hits: its table of common words is the largest."""
ENGLISH_WORDS, ENGLISH_OVERRIDES = (2, 3), (3, 4)
"""Share of the examined words that must be in the English table for a text of no other language to be English, and for
one that seems to be of another; as numerator and denominator."""
_OWN_SCRIPT = {JAPANESE: "ja", KOREAN: "ko", CHINESE: "zh"}


@cache
def _languages_by_hash() -> dict[int, tuple[str, ...]]:
    """The languages that have a word among their commonest, by the word's hash."""
    known = background.languages_by_word()
    found: dict[int, tuple[str, ...]] = {}
    for word, languages in zip(hashes_of(list(known)).tolist(), known.values(), strict=True):
        found[word] = (*found.get(word, ()), *languages)
    return found


@cache
def _english() -> frozenset[int]:
    """The hashes of `english_words`."""
    return frozenset(background.english_hashes().tolist())


def english_words() -> list[str]:
    """The words in the English table that are not among the commonest of other languages alone."""
    common = background.languages_by_word()
    return [word for word in background.shares("en") if "en" in common.get(word, ("en",))]


def detect(words: HashedWords) -> list[str]:
    """The code of the language of each article, or `UNKNOWN`.

    Kernel: `vectorize.kernels.languages.detect`.
    """
    return [language_of(words, article) for article in range(len(words))]


def language_of(words: HashedWords, article: int) -> str:
    """The code of the language of one article, or `UNKNOWN`."""
    first, _, last = words.offsets[2 * article : 2 * article + 3].tolist()
    looked_at = slice(first, min(last, first + LOOKED_AT))
    count = looked_at.stop - first
    script = Counter((words.flags[looked_at] >> SCRIPT_SHIFT & 3).tolist())
    script.pop(0, None)
    if 2 * script.total() > count:
        own = {_OWN_SCRIPT[sign]: number for sign, number in script.items()}
        return "ja" if "ja" in own else min(own, key=lambda language: (-own[language], language))
    known, examined = _languages_by_hash(), words.hashes[looked_at].tolist()
    counts = Counter(chain.from_iterable(map(known.get, examined, repeat(()))))
    most = max(counts.values(), default=0)
    likely = most > 0 and most >= SMALLEST_SHARE * count
    if likely and counts["en"] >= ENGLISH_TIE * most:
        return "en"
    share, of = ENGLISH_OVERRIDES if likely else ENGLISH_WORDS
    if count and of * sum(map(_english().__contains__, examined)) >= share * count:
        return "en"
    if not likely:
        return UNKNOWN
    return min(language for language, number in counts.items() if number == most)
