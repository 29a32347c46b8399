"""Versions of one page: two articles under one address are versions of one text, or two texts under one address.

An address alone does not make a revision: a column, a live page or a broken feed shows another text under the same
address each day, and none of them may be lost. So the two must also share text or title.
"""

from __future__ import annotations

import numpy as np

from dedup.match.copies import Comparing
from dedup.match.templates import Instance, same_template
from dedup.vectorize.features import IS_NUMBER, HashedText, HashedWords
from dedup.vectorize.hashing import shingles_in_order

SHINGLE = 5
TEXT = 1 / 3
"""Share of the shorter body's shingles from which two bodies are versions, ..."""
REWRITTEN = 0.1
"""... from which they are at an address that names an article, ..."""
SAME_DAY = 0.75
"""... if the two are fewer days apart: a rewritten report follows within hours, the next column within a day."""
TITLES = 0.5
"""Jaccard similarity of the words of two titles from which they are one title."""
LEAD = 60
"""Words at the beginning of a body by which a revision is of the story of the version before it."""
STUB = 40
"""Words of a body below which it is compared word by word ..."""
STUB_WORDS = 0.6
"""... and is an extract if so large a share of its distinct words is in the other article, and all its numbers."""


def are_versions(words: HashedWords, a: int, b: int, days: float, by: Comparing, *, specific: bool) -> bool:
    """Return whether two articles under one address are versions of one article.

    They are if their bodies share a third of the shorter one, or if they have one title and the shorter body is empty
    or a short extract of the other. Under an address that names an article, less is enough on the same day: a tenth, or
    an extract under another title. They are not if the bodies are instances of one template, like two days' forecasts.

    Args:
        words: of the articles.
        a, b: places of the two in `words`.
        days: between their dates, nan if one is unknown.
        by: compares texts.
        specific: whether the address names an article, see `PageKey`.
    """
    one, other = _Text(words, a), _Text(words, b)
    if one.equals(other):
        return True
    titles = one.title_words == other.title_words if not specific else one.titled_as(other)
    short, long = (one, other) if len(one.body) <= len(other.body) else (other, one)
    if not len(short.body):
        return titles
    share = short.share_in(long)
    if share >= TEXT:
        from_template, never = same_template(one.instance, other.instance, days, by.matching_blocks, by.shared_words)
        return not (never if specific else from_template)
    soon = specific and days < SAME_DAY
    if len(short.body) < STUB:
        common = short.body_words & long.every_word
        extract = len(common) >= STUB_WORDS * len(short.body_words) and (soon or short.numbers <= common)
        return extract and (titles or soon)
    return soon and share >= REWRITTEN


def keeps_story(words: HashedWords) -> bool:
    """Return whether the second of two versions is of the story of the first: whether it has its title or its lead.

    A page that has left both is about another matter.
    """
    one, other = _Text(words, 0), _Text(words, 1)
    return one.titled_as(other) or one.lead_in(other) >= TEXT


class _Text:
    """The words of one article."""

    def __init__(self, words: HashedWords, place: int) -> None:
        first, middle, last = words.offsets[2 * place : 2 * place + 3].tolist()
        self.title = HashedText(words.hashes[first:middle], words.flags[first:middle])
        self.body = HashedText(words.hashes[middle:last], words.flags[middle:last])
        self.title_words, self.body_words = {*self.title.hashes.tolist()}, {*self.body.hashes.tolist()}
        self.every_word = self.title_words | self.body_words
        self.numbers = {*self.body.hashes[self.body.flags & IS_NUMBER > 0].tolist()}

    @property
    def instance(self) -> Instance:
        return Instance(self.body, self.title)

    def equals(self, other: _Text) -> bool:
        pairs = (self.title, other.title), (self.body, other.body)
        return all(np.array_equal(one.hashes, another.hashes) for one, another in pairs)

    def titled_as(self, other: _Text) -> bool:
        both, every = self.title_words & other.title_words, self.title_words | other.title_words
        return len(both) >= TITLES * len(every) > 0

    def lead_in(self, other: _Text) -> float:
        """Return the share of the lead's shingles that another lead has."""
        lead, others = ({*shingles_in_order(text.body.hashes[:LEAD], SHINGLE).tolist()} for text in (self, other))
        return len(lead & others) / max(1, len(lead))

    def share_in(self, other: _Text) -> float:
        """Return the share of the body's shingles that another body has."""
        own, others = ({*shingles_in_order(text.body.hashes, SHINGLE).tolist()} for text in (self, other))
        return len(own & others) / max(1, len(own))
