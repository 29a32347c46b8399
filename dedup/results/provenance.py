"""The likely original of a copy group, and what each version removed, added and changed.

The original contains everything that two copies share. A copy lacks what it cut, has text that no other version has, is
published later, and may credit a source. Each of these signs adds to the log-odds of a version; a softmax turns the
sums into probabilities. If no probability reaches `SURE`, the original is unknown.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from dedup.comparison import Passage, Piece
from dedup.errors import InputError
from dedup.match.passages import shared_passages
from dedup.results.clustering import NO_TEXTS
from dedup.text.spans import spans

if TYPE_CHECKING:
    from dedup.results.clustering import Clustering, CopyGroup, Story

SURE = 0.6
"""Minimum probability of a reported original."""
PHRASE = 4
"""Length in words of the phrases by which versions are compared."""
SCALE = 10.0
"""Number of differing phrases at which a sign has 63 % of its weight; one changed word changes `PHRASE` phrases."""
LACKS, ALONE, LATER, LONGER, NAMED, CREDITS = 4.0, 2.5, 0.8, 1.6, 4.0, 4.0
"""Full weights of the signs, in log-odds: lacking what all others have; having text that no other has; being later than
another; containing the only other version and more; being credited by the others; crediting a source. Set on generated
groups like those of the tests, with other seeds; halving or doubling any of them finds as many originals."""
TAIL = 400
"""Characters at the beginning and at the end of a text that are searched for credits."""
_REPUBLISHED = re.compile(
    r"(?i)\b(?:first (?:published|appeared)|originally (?:published|appeared)|republished|reprinted|syndicated"
    r"|(?:source|via|quelle|fuente|fonte|источник)\s*:|with permission|zuerst erschienen|publicado originalmente"
    r"|publié (?:à l'origine|initialement))"
)


@dataclass(frozen=True, slots=True)
class Version:
    """An article of a copy group, compared with the likely original.

    Attributes:
        article: id of the article.
        probability: probability that it is the original.
        kept: share of the original's letters and digits that it contains, 1 for the original itself.
        cut: passages of the original that it lacks, as character offsets in the original's text.
        added: passages that the original lacks, as character offsets in its own text.
        changed: changed passages: `a` in the original's text, `b` in its own.
    """

    article: str
    probability: float
    kept: float
    cut: tuple[tuple[int, int], ...]
    added: tuple[tuple[int, int], ...]
    changed: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """The likely history of a copy group.

    Attributes:
        group: id of the group.
        original: id of the likely original; None if no version reaches `SURE`.
        certainty: the highest probability of a version.
        reasons: the signs in favour of the original, one clause each.
        versions: all articles of the group, by descending probability.
    """

    group: str
    original: str | None
    certainty: float
    reasons: tuple[str, ...]
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Appearance:
    """The first article of an outlet in a story: the outlet, the article's id, its date (None if unknown)."""

    source: str
    article: str
    dated: date | None


@dataclass(frozen=True, slots=True)
class VersionText:
    """A version of a text with its outlet and publication time, in seconds since 1970 (nan if unknown)."""

    text: str
    source: str
    seconds: float


def trace(clustering: Clustering, group: CopyGroup) -> Provenance:
    """Return the likely original of a copy group, and the differences of the other versions.

    Raises:
        InputError: the texts were not kept.
    """
    if not clustering.has_texts:
        raise InputError(NO_TEXTS)
    names, texts = group.articles, version_texts(clustering, group)
    weights, reasons = likely_originals(texts)
    order = sorted(range(len(names)), key=lambda place: (-weights[place], place))
    first = order[0]
    original = texts[first].text
    versions = tuple(_version(names[place], weights[place], original, texts[place].text) for place in order)
    known, why = (names[first], reasons[first]) if weights[first] >= SURE else (None, ())
    return Provenance(group.id, known, weights[first], why, versions)


def version_texts(clustering: Clustering, group: CopyGroup) -> list[VersionText]:
    """Return the texts of a copy group, in the order of its articles."""
    from dedup.inputs.collection import published_seconds

    found = []
    for name in group.articles:
        article, (day, _) = clustering.articles[clustering.place(name)], clustering.dated(name)
        found.append(VersionText(article.text or article.title, article.source, published_seconds(day)))
    return found


def timeline(clustering: Clustering, story: Story) -> tuple[Appearance, ...]:
    """Return the outlets of a story by the date of their first article, each with this article."""
    seen: dict[str, Appearance] = {}
    for name in story.articles:
        article = clustering.articles[clustering.place(name)]
        outlet = article.source or article.id
        seen.setdefault(outlet, Appearance(outlet, name, clustering.dated(name)[0]))
    return tuple(seen.values())


def likely_originals(versions: Sequence[VersionText]) -> tuple[list[float], list[tuple[str, ...]]]:
    """Return for each version the probability that it is the original, to four digits, and the reasons for it."""
    phrases = [_phrases(version.text) for version in versions]
    support = Counter(phrase for held in phrases for phrase in held)
    shared = {phrase for phrase, count in support.items() if count > 1}
    known = [version.seconds for version in versions if not math.isnan(version.seconds)]
    outlets = [_outlet_names(version.source) for version in versions]
    credited = [_credited(version, outlets) for version in versions]
    majority = min(1.0, (len(versions) - 2) / 2)  # with two versions, text of one alone is no sign
    odds, reasons = [], []
    for place, (version, held) in enumerate(zip(versions, phrases, strict=True)):
        log_odds = 0.0
        why = []
        # Squared, since a phrase of only two versions may be a change that one of them copied from the other.
        lacks = sum((support[phrase] / (len(versions) - 1)) ** 2 for phrase in shared - held)
        alone = sum(1 for phrase in held if support[phrase] == 1)
        if len(versions) > 2:
            log_odds -= LACKS * _saturated(lacks) + ALONE * majority * _saturated(alone)
            if not lacks:
                why.append("it has all that two others share")
            if not alone and len(support) > len(held):
                why.append("it says nothing that no other says")
        elif len(versions) == 2:
            other = phrases[1 - place]
            longer, shorter = len(held - other), len(other - held)
            if longer > 2 * SCALE and longer > 4 * shorter:
                log_odds += LONGER
                why.append("it holds the other, and more")
        earlier = [seconds for seconds in known if seconds < version.seconds]
        if earlier:
            log_odds -= LATER
        elif not math.isnan(version.seconds) and len(known) > 1 and max(known) > version.seconds:
            log_odds += LATER / 2
            why.append("it is the earliest of those with a date")
        namers = sum(1 for other, named in enumerate(credited) if other != place and place in named)
        if namers:
            log_odds += NAMED
            why.append("others name its outlet as their source")
        if credited[place] - {place} or (_REPUBLISHED.search(_ends(version.text)) and not namers):
            log_odds -= CREDITS
        odds.append(log_odds)
        reasons.append(tuple(why))
    top = max(odds)
    total = sum(math.exp(value - top) for value in odds)
    return [round(math.exp(value - top) / total, 4) for value in odds], reasons


def _saturated(count: float) -> float:
    """Map a count of phrases to [0, 1): 0 for none, close to 1 for many times `SCALE`."""
    return 1 - math.exp(-count / SCALE)


def _phrases(text: str) -> set[tuple[str, ...]]:
    words = spans(text).words
    return {tuple(words[place : place + PHRASE]) for place in range(max(1, len(words) - PHRASE + 1))}


def _ends(text: str) -> str:
    return text if len(text) <= 2 * TAIL else f"{text[:TAIL]}\n{text[-TAIL:]}"


def _credited(version: VersionText, outlets: Sequence[Sequence[str]]) -> set[int]:
    """Return the versions whose outlet is named at the beginning or end of a version, possibly including itself."""
    ends = _ends(version.text)
    folded = ends.casefold()
    return {place for place, names in enumerate(outlets) if any(_is_named(name, ends, folded) for name in names)}


def _outlet_names(source: str) -> list[str]:
    """Return the names of an outlet: its name, and its initials if it has three or more words."""
    words = re.findall(r"[^\W_]+", source)
    initials = "".join(word[0] for word in words).upper() if len(words) > 2 else ""
    return [name for name in (source.strip(), initials) if len(name) > 2]


def _is_named(name: str, ends: str, folded: str) -> bool:
    if not name.isupper():  # an acronym such as "(AFP)" is matched by case
        name, ends = name.casefold(), folded
    # The substring test comes first: nearly all outlets are absent, and compiling a pattern for each is slow.
    return name in ends and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", ends) is not None


def _version(name: str, probability: float, original: str, text: str) -> Version:
    if text == original:
        return Version(name, probability, 1.0, (), (), ())
    passages = _in_order(shared_passages(original, text))
    pieces = [piece for passage in passages for piece in passage.pieces]
    changed, cut, added = [], [], []
    ends = (0, 0)
    for piece in [*pieces, Piece(len(original), len(original), len(text), len(text))]:
        old, new = (ends[0], piece.a_start), (ends[1], piece.b_start)
        has_old, has_new = bool(_letters(original[slice(*old)])), bool(_letters(text[slice(*new)]))
        if has_old and has_new:
            changed.append(Piece(*old, *new))
        elif has_old:
            cut.append(old)
        elif has_new:
            added.append(new)
        ends = (piece.a_end, piece.b_end)
    total = _letters(original)
    kept = sum(_letters(original[piece.a_start : piece.a_end]) for piece in pieces) / total if total else 1.0
    return Version(name, probability, kept, tuple(cut), tuple(added), tuple(changed))


def _letters(text: str) -> int:
    return sum(1 for letter in text if letter.isalnum())


def _in_order(passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages, in the order of the first text, that have the same order in both texts and the most words.

    A passage that was moved therefore counts as cut and added. `passages` must be in the order of the first text. The
    time is O(n log n): among the chains that a passage can extend, `front` keeps those that no other chain dominates
    with at least as many words and an earlier end in the second text.
    """
    words: list[float] = []  # of the best chain that ends with each passage
    before: list[int] = []  # the previous passage of this chain, -1 for none
    open_: list[tuple[int, int]] = []  # heap of (end in the first text, passage)
    ends: list[int] = []  # ends in the second text of the passages in `front`, ascending
    front: list[int] = []  # last passages of the chains, ascending by words
    for place, passage in enumerate(passages):
        while open_ and open_[0][0] <= passage.a_start:
            _, closed = heappop(open_)
            end = passages[closed].b_end
            at = bisect_right(ends, end)
            if at and words[front[at - 1]] >= words[closed]:
                continue
            first = last = bisect_left(ends, end)
            while last < len(front) and words[front[last]] <= words[closed]:
                last += 1
            ends[first:last], front[first:last] = [end], [closed]
        at = bisect_right(ends, passage.b_start)
        before.append(front[at - 1] if at else -1)
        words.append(passage.words + (words[before[-1]] if at else 0.0))
        heappush(open_, (passage.a_end, place))
    place = max(range(len(words)), key=words.__getitem__, default=-1)
    chain: list[Passage] = []
    while place >= 0:
        chain.append(passages[place])
        place = before[place]
    return chain[::-1]
