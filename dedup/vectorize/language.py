"""The language of an article, by its commonest words.

This decides which table of common words an article is weighed with, so it need not tell languages apart that share
their common words; and it must not be fooled by a name or a quotation, so it wants a fair share of the words.
"""

from __future__ import annotations

from collections import Counter

from dedup.text.document import Document
from dedup.vectorize import background

UNKNOWN = ""
LOOKED_AT = 400
"""Words of the article that are looked at."""
SMALLEST_SHARE = 0.12
"""Share of the words looked at that must be among the commonest of the language."""
ENGLISH_TIE = 0.95
"""English wins over a language whose words are not more frequent than this says: its table is the best one."""


def detect(document: Document) -> str:
    """The code of the language of a document, or `UNKNOWN`."""
    words = (document.title.words + document.body.words)[:LOOKED_AT]
    script = Counter(_script(word) for word in words)
    script.pop("", None)
    if sum(script.values()) > len(words) / 2:
        return "ja" if script["ja"] else min(script, key=lambda language: (-script[language], language))
    tongues = background.tongues()
    counts = Counter(language for word in words for language in tongues.get(word, ()))
    if not counts:
        return UNKNOWN
    most = max(counts.values())
    if most < SMALLEST_SHARE * len(words):
        return UNKNOWN
    if counts["en"] >= ENGLISH_TIE * most:
        return "en"
    return min(language for language, count in counts.items() if count == most)


def _script(word: str) -> str:
    """The language whose own script a token is written in, "" where the script has several."""
    first = word[0]
    if "\u3040" <= first <= "\u30ff":
        return "ja"
    if "\uac00" <= first <= "\ud7a3":
        return "ko"
    return "zh" if "\u3400" <= first <= "\u9fff" else ""
