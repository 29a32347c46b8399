"""Who copied whom: the likely original of a copy group, and what each version cut, added and changed.

Offered with its certainty, not as fact. An original holds all that two copies have in common; a copy lacks what it cut,
has text that no other version has, is published later, and may credit a source. Each sign adds to the log-odds of a
version, and a softmax turns the sums into probabilities; where none reaches `SURE`, the original is unknown.
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
"""Probability from which an original is named."""
PHRASE = 4
"""Words in a row by which versions are compared: what one has and another lacks."""
SOME = 10.0
"""Phrases of difference that say most of what many more would say: one changed word changes `PHRASE` of them."""
LACKS, ALONE, LATER, LONGER, NAMED, CREDITS = 4.0, 2.5, 0.8, 1.6, 4.0, 4.0
"""What speaks, in units of log-odds: to lack what all others have; to say something alone; to be later than another; to
hold all of the only other version and more; to be named as the source by the others; to name one. Set on groups made
like those of the tests, from other seeds; half or twice of each names as many."""
TAIL = 400
"""Characters at the head and at the foot of a text in which it says where it is from."""
_REPUBLISHED = re.compile(
    r"(?i)\b(?:first (?:published|appeared)|originally (?:published|appeared)|republished|reprinted|syndicated"
    r"|(?:source|via|quelle|fuente|fonte|источник)\s*:|with permission|zuerst erschienen|publicado originalmente"
    r"|publié (?:à l'origine|initialement))"
)


@dataclass(frozen=True, slots=True)
class Version:
    """An article of a copy group beside the likely original.

    Attributes:
        article: its id.
        probability: that it is the original.
        kept: share of the original's words that it has too, 1 for the original itself.
        cut: what it left out, in characters of the original's text.
        added: what it says besides, in characters of its own text.
        changed: what it says otherwise: `a` in the original's text, `b` in its own.
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
        group: the group's id.
        original: the id of the likely original, None where no version stands out: "unsure".
        certainty: the probability of the likeliest version.
        reasons: what speaks for it, a clause each.
        versions: all articles of the group, the likeliest original first.
    """

    group: str
    original: str | None
    certainty: float
    reasons: tuple[str, ...]
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Appearance:
    """An outlet's first article in a story: its outlet, the article's id, its date (None where unknown)."""

    source: str
    article: str
    dated: date | None


@dataclass(frozen=True, slots=True)
class Telling:
    """What is looked at of a version: `seconds` since 1970 when it was published, nan where unknown."""

    text: str
    source: str
    seconds: float


def trace(clustering: Clustering, group: CopyGroup) -> Provenance:
    """Who copied whom in a copy group.

    Raises:
        InputError: the texts were not kept.
    """
    if not clustering.has_texts:
        raise InputError(NO_TEXTS)
    names, told = group.articles, tellings(clustering, group)
    weights, reasons = likely_originals(told)
    order = sorted(range(len(names)), key=lambda place: (-weights[place], place))
    first = order[0]
    original = told[first].text
    versions = tuple(_version(names[place], weights[place], original, told[place].text) for place in order)
    sure = weights[first] >= SURE
    named = names[first] if sure else None
    return Provenance(group.id, named, weights[first], reasons[first] if sure else (), versions)


def tellings(clustering: Clustering, group: CopyGroup) -> list[Telling]:
    """The articles of a copy group, in their order, as they are looked at."""
    from dedup.inputs.collection import published_seconds

    found = []
    for name in group.articles:
        place = clustering.place(name)
        article, (day, _) = clustering.articles[place], clustering.dated(place)
        found.append(Telling(article.text or article.title, article.source, published_seconds(day)))
    return found


def timeline(clustering: Clustering, story: Story) -> tuple[Appearance, ...]:
    """The outlets of a story in the order in which they came to it, each with its first article."""
    seen: dict[str, Appearance] = {}
    for name in story.articles:
        article = clustering.articles[clustering.place(name)]
        outlet = article.source or article.id
        seen.setdefault(outlet, Appearance(outlet, name, clustering.dated(name)[0]))
    return tuple(seen.values())


def likely_originals(versions: Sequence[Telling]) -> tuple[list[float], list[tuple[str, ...]]]:
    """For each version of a text the probability that it is the original, to four digits, and what speaks for it."""
    phrases = [_phrases(version.text) for version in versions]
    support = Counter(phrase for held in phrases for phrase in held)
    shared = {phrase for phrase, count in support.items() if count > 1}
    known = [version.seconds for version in versions if not math.isnan(version.seconds)]
    outlets = [_outlet_names(version.source) for version in versions]
    credited = [_credited(version, outlets) for version in versions]
    crowding = min(1.0, (len(versions) - 2) / 2)  # of two versions neither is contradicted by others
    odds, reasons = [], []
    for place, (version, held) in enumerate(zip(versions, phrases, strict=True)):
        says = 0.0
        why = []
        # What all the others have weighs most: what two have may be what one of them changed, and the other copied.
        lacks = sum((support[phrase] / (len(versions) - 1)) ** 2 for phrase in shared - held)
        alone = sum(1 for phrase in held if support[phrase] == 1)
        if len(versions) > 2:
            says -= LACKS * _much(lacks) + ALONE * crowding * _much(alone)
            if not lacks:
                why.append("it has all that two others share")
            if not alone and len(support) > len(held):
                why.append("it says nothing that no other says")
        elif len(versions) == 2:
            other = phrases[1 - place]
            longer, shorter = len(held - other), len(other - held)
            if longer > 2 * SOME and longer > 4 * shorter:
                says += LONGER
                why.append("it holds the other, and more")
        earlier = [seconds for seconds in known if seconds < version.seconds]
        if earlier:
            says -= LATER
        elif not math.isnan(version.seconds) and len(known) > 1 and max(known) > version.seconds:
            says += LATER / 2
            why.append("it is the earliest of those with a date")
        namers = sum(1 for other, named in enumerate(credited) if other != place and place in named)
        if namers:
            says += NAMED
            why.append("others name its outlet as their source")
        if credited[place] - {place} or (_REPUBLISHED.search(_ends(version.text)) and not namers):
            says -= CREDITS
        odds.append(says)
        reasons.append(tuple(why))
    top = max(odds)
    total = sum(math.exp(says - top) for says in odds)
    return [round(math.exp(says - top) / total, 4) for says in odds], reasons


def _much(count: float) -> float:
    """From 0 for nothing to 1 for much."""
    return 1 - math.exp(-count / SOME)


def _phrases(text: str) -> set[tuple[str, ...]]:
    words = spans(text).words
    return {tuple(words[place : place + PHRASE]) for place in range(max(1, len(words) - PHRASE + 1))}


def _ends(text: str) -> str:
    return text if len(text) <= 2 * TAIL else f"{text[:TAIL]}\n{text[-TAIL:]}"


def _credited(version: Telling, outlets: Sequence[Sequence[str]]) -> set[int]:
    """The versions one of whose outlet's names a version has at its head or foot, itself included."""
    ends = _ends(version.text)
    folded = ends.casefold()
    return {place for place, names in enumerate(outlets) if any(_names(name, ends, folded) for name in names)}


def _outlet_names(source: str) -> list[str]:
    """How an outlet is called: by its name, or by its initials where it has three words or more."""
    words = re.findall(r"[^\W_]+", source)
    initials = "".join(word[0] for word in words).upper() if len(words) > 2 else ""
    return [name for name in (source.strip(), initials) if len(name) > 2]


def _names(name: str, ends: str, folded: str) -> bool:
    if not name.isupper():  # as an agency's sign is, in "(AFP)"
        name, ends = name.casefold(), folded
    # Of many outlets nearly all are not there at all, and a pattern for each takes long to make.
    return name in ends and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", ends) is not None


def _version(name: str, probability: float, original: str, text: str) -> Version:
    if text == original:
        return Version(name, probability, 1.0, (), (), ())
    passages = _in_order(shared_passages(original, text))
    pieces = [piece for passage in passages for piece in passage.pieces]
    changed, cut, added = [], [], []
    ends = (0, 0)
    for piece in [*pieces, Piece(len(original), len(original), len(text), len(text))]:
        gone, come = (ends[0], piece.a_start), (ends[1], piece.b_start)
        is_gone, is_come = bool(_letters(original[slice(*gone)])), bool(_letters(text[slice(*come)]))
        if is_gone and is_come:
            changed.append(Piece(*gone, *come))
        elif is_gone:
            cut.append(gone)
        elif is_come:
            added.append(come)
        ends = (piece.a_end, piece.b_end)
    total = _letters(original)
    kept = sum(_letters(original[piece.a_start : piece.a_end]) for piece in pieces) / total if total else 1.0
    return Version(name, probability, kept, tuple(cut), tuple(added), tuple(changed))


def _letters(text: str) -> int:
    return sum(1 for letter in text if letter.isalnum())


def _in_order(passages: Sequence[Passage]) -> list[Passage]:
    """The passages that stand in one order in both texts, with the most words: what was moved is cut and added.

    They come in the order of the first text. In time n log n: of the chains that a passage can follow in the first
    text, `front` keeps those that no other beats with as many words and an earlier end in the second.
    """
    words: list[float] = []  # of the best chain that ends with each passage, ...
    before: list[int] = []  # ... and the passage before it there, -1 for none
    begun: list[tuple[int, int]] = []  # a heap: where a passage ends in the first text, and which it is
    ends: list[int] = []  # in the second text, rising, ...
    front: list[int] = []  # ... of these passages, whose chains rise in words
    for place, passage in enumerate(passages):
        while begun and begun[0][0] <= passage.a_start:
            _, over = heappop(begun)
            end = passages[over].b_end
            at = bisect_right(ends, end)
            if at and words[front[at - 1]] >= words[over]:
                continue
            first = last = bisect_left(ends, end)
            while last < len(front) and words[front[last]] <= words[over]:
                last += 1
            ends[first:last], front[first:last] = [end], [over]
        at = bisect_right(ends, passage.b_start)
        before.append(front[at - 1] if at else -1)
        words.append(passage.words + (words[before[-1]] if at else 0.0))
        heappush(begun, (passage.a_end, place))
    place = max(range(len(words)), key=words.__getitem__, default=-1)
    chain: list[Passage] = []
    while place >= 0:
        chain.append(passages[place])
        place = before[place]
    return chain[::-1]
