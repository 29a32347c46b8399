"""Boilerplate: passages that a site adds to everything it publishes, such as lists of other headlines, cookie notices
or copyright notices. A passage is a run of `PASSAGE` words, a shorter line, or a shorter beginning or end of a body.

Boilerplate must neither make copies of unrelated articles nor contribute to their vectors. A passage that several
articles share may also be a wire report that many outlets ran. The titles decide: the articles that share a wire report
are about one thing, so each has the words of the others' titles. Two articles are too few to decide, and nothing is
removed from them, but for a line that is the whole title of the other one: a list of headlines, or a link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.exact import Numbers
from dedup.vectorize.features import BEGINS_SEGMENT, BEGINS_SENTENCE, HashedWords
from dedup.vectorize.hashing import BASE, MASK, mix64
from dedup.vectorize.labels import (
    among,
    certain_labels,
    has_segments,
    held_labels,
    outside_labels,
    outside_segments,
    without_topics,
)
from dedup.vectorize.labels import (
    segments as segments_of,
)
from dedup.vectorize.misplaced_body import distinctive_words

PASSAGE = 24
"""Words in a passage: texts that share no more than this are no copies, see `match.copies.FEW`."""
LINE = 5
"""Words from which a whole line is a passage, wherever it is ..."""
EDGE = 12
"""... and from which the beginning and the end of a body are, also inside of a line. Shorter ones may be phrases."""
SALT = 0xA24BAED4963EE407
"""Makes the hashes of short passages depend on their length, and unlike those of `PASSAGE` words."""
HOLDERS = 3
"""Articles that must hold a passage for it to be boilerplate."""
PAIRWISE = 5
"""Holders of a passage up to which all pairs are related. Of more, each is related to the next one and the last to the
first: a digest between two versions of a text must not make strangers of them."""
RELATED = 4
"""A passage is boilerplate where the mean relation of its holders is at most 1 / `RELATED`, times (k - 2) / k for k
holders: a few related articles look unrelated by chance more often than many."""
HEADLINE = 3
"""Words of the shortest title that is recognised in the body of another article."""
LEAD = 25
"""Words at the start of a body that replace a missing title."""
REST = LINE
"""Words that must remain of a body: fewer are not compared. Shorter ones may be phrases, and more is often all of an
article that stands before a wall."""
BEGINS_LINE = BEGINS_SENTENCE | BEGINS_SEGMENT
"""Flags of a word that begins a line, a bullet or what follows a colon."""
_INVERSE = pow(BASE, -1, MASK + 1)
UNIT = 1 << 15
"""Relations are integers in units of 1 / `UNIT`."""
SPEAKING = -2 * UNIT // RELATED
"""Two articles speak for themselves from this sum of what their own words have of their titles more than the repeated
passages have. What the passages have more relates them only if it is at least 1 / `RELATED`."""
OWN_WORDS = 12
"""Own words from which articles speak for themselves."""
MUTE = -2 * UNIT
"""Stands for articles with fewer words of their own."""
_AT_ONCE = 1 << 17
"""Words whose passages are found at a time."""


class Relating(Protocol):
    """Detects languages and relates articles: `language.detect` and `relations`, or their kernels."""

    def detect(self, words: HashedWords) -> list[str]: ...

    def relations(
        self, words: HashedWords, pairs: NDArray[np.int64], repeated: NDArray[np.uint64], languages: Sequence[str]
    ) -> NDArray[np.int64]: ...


class Finding(Relating, Protocol):
    """The steps of `find_boilerplate` that have a plain form and a kernel."""

    def held_passages(self, words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]: ...

    def lines_among(
        self, words: HashedWords, passages: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]: ...

    def outside_boilerplate(self, words: HashedWords, passages: NDArray[np.uint64]) -> NDArray[np.bool_]: ...


def find_boilerplate(words: HashedWords, by: Finding) -> NDArray[np.uint64]:
    """The hashes of the passages, and of the labels of titles, that are boilerplate; sorted.

    Takes time linear in the number of words: a holder of a passage is compared with few others, see `PAIRWISE`. The
    relation of two articles is the mean share of the distinctive words of one title that are in the other article.
    """
    labels = _find_labels(words, by) if has_segments(words) else np.empty(0, np.uint64)
    known = np.union1d(labels, find_headlines(words, by, labels))
    outside = partial(by.outside_boilerplate, passages=known)
    return np.union1d(known, of_unrelated(words, *by.held_passages(words), by, outside))


def _find_labels(words: HashedWords, by: Finding) -> NDArray[np.uint64]:
    segments, places = held_labels(words, HOLDERS)
    if not len(segments):
        return segments
    labels = of_unrelated(words, segments, places, by, partial(outside_segments, segments=segments), titles=True)
    return certain_labels(words, without_topics(words, labels, segments, places, by.detect), segments, HOLDERS)


def find_headlines(words: HashedWords, by: Finding, labels: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hashes of the short passages of bodies that are the title of an unrelated article; sorted.

    Args:
        words: of the articles.
        by: the form of the steps.
        labels: the hashes of labels, sorted, which are not compared.
    """
    return of_unrelated(words, *held_headlines(words, by), by, partial(outside_labels, labels=labels), titles=True)


def find_related(words: HashedWords, by: Finding) -> NDArray[np.uint64]:
    """The hashes of the passages whose holders are clearly related, with a mean relation from 1 / `RELATED`; sorted.

    Between these and boilerplate are passages that an index neither learns nor forgets.
    """
    passages, places = by.held_passages(words)
    outside = partial(by.outside_boilerplate, passages=find_headlines(words, by, passages[:0]))
    found, total, _, pairs = _totals(words, passages, places, by, outside)
    related: NDArray[np.uint64] = found[RELATED * total >= pairs * UNIT]
    return related


def of_unrelated(
    words: HashedWords,
    passages: NDArray[np.uint64],
    places: NDArray[np.int64],
    by: Finding,
    outside: Callable[[HashedWords], NDArray[np.bool_]],
    *,
    titles: bool = False,
) -> NDArray[np.uint64]:
    """Those of some passages whose holders are unrelated, sorted.

    Args:
        words: of the articles.
        passages, places: see `held_passages`.
        by: the form of the steps.
        outside: says which words count.
        titles: whether the passages are segments of titles; see `are_unrelated`.
    """
    found, total, holders, pairs = _totals(words, passages, places, by, outside, titles=titles)
    unrelated: NDArray[np.uint64] = found[are_unrelated(total, holders, pairs, titles=titles)]
    return unrelated


def _totals(
    words: HashedWords,
    passages: NDArray[np.uint64],
    places: NDArray[np.int64],
    by: Finding,
    outside: Callable[[HashedWords], NDArray[np.bool_]],
    *,
    titles: bool = False,
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct passages, and for each the sum of the relations of its holders, how many these are and their pairs.

    Of titles, each holder is related to the next one only.
    """
    if not len(passages):
        none = np.empty(0, np.int64)
        return passages, none, none, none
    begins = np.flatnonzero(np.concatenate([[True], passages[1:] != passages[:-1]]))
    holders = np.diff(np.append(begins, len(passages)))
    one, other, number = related_pairs(holders, pairwise=1 if titles else PAIRWISE, closed=not titles)
    key, pair = np.unique(places[one] * len(words) + places[other], return_inverse=True)
    among, pairs = np.unique(np.stack(np.divmod(key, len(words)), axis=1), return_inverse=True)
    some = words.take(among)
    some = some.kept(outside(some))
    relation = by.relations(some, pairs.reshape(-1, 2), passages[begins], by.detect(some))
    total = np.zeros(len(begins), np.int64)
    np.add.at(total, number, relation[pair.ravel()])  # NumPy 2.0 returns the inverse with a second axis
    return passages[begins], total, holders, np.bincount(number, minlength=len(begins))


def related_pairs(
    sizes: NDArray[np.int64], *, pairwise: int = PAIRWISE, closed: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of holders that are related, as places in lists that follow each other, and the number of the list.

    Args:
        sizes: of the lists.
        pairwise: size up to which all pairs are related; of larger lists, consecutive ones.
        closed: whether the first and the last of larger lists are a pair too.
    """
    number = np.repeat(np.arange(len(sizes)), sizes)
    first, last = np.cumsum(sizes) - sizes, np.cumsum(sizes) - 1
    found = []
    for step in range(1, max(2, pairwise)):
        one = np.flatnonzero(number[step:] == number[:-step])
        one = one[(step == 1) | (sizes[number[one]] <= pairwise)]
        found.append((one, one + step))
    if closed:
        found.append((first[sizes > pairwise], last[sizes > pairwise]))
    one, other = (np.concatenate(part) for part in zip(*found, strict=True))
    return one, other, number[one]


def are_unrelated(total: Numbers, holders: Numbers, pairs: Numbers, *, titles: bool = False) -> Numbers:
    """Whether the holders of a passage are unrelated, which makes it boilerplate; see `RELATED`.

    Args:
        total: the sum of the relations of its holders, in units of 1 / `UNIT`; also a Spark column.
        holders: how many there are; also a Spark column.
        pairs: how many pairs of them are related; also a Spark column.
        titles: whether it is a segment of titles. Of these, unrelated ones have a word in common more often: k - 3/2
            replaces k - 2.
    """
    return 2 * RELATED * total * holders <= pairs * (2 * holders - (3 if titles else 4)) * UNIT


def remaining(
    words: HashedWords,
    passages: NDArray[np.uint64],
    outside: Callable[[HashedWords, NDArray[np.uint64]], NDArray[np.bool_]],
) -> NDArray[np.bool_]:
    """Which words remain when boilerplate is removed as often as there is any: what surrounds it can be some too.

    Args:
        words: of the articles.
        passages: see `outside_boilerplate`.
        outside: `outside_boilerplate`, or its kernel.

    Returns:
        Shape (words,).
    """
    keep = np.ones(len(words.hashes), bool)
    places: NDArray[np.int64] | None = None  # those of the words that are left; None for all
    while len(passages):
        stays = outside(words, passages)
        gone = np.flatnonzero(~stays)
        if not len(gone):
            break
        keep[gone if places is None else places[gone]] = False
        if len(words) == 1:
            places = np.flatnonzero(stays) if places is None else places[stays]
            words = words.kept(stays)
            continue
        begins = words.offsets[::2]
        changed = np.flatnonzero(np.diff(np.searchsorted(gone, begins)))  # of other articles all words would stay again
        sizes = np.diff(begins)[changed]
        word = np.repeat(begins[changed] - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))
        left = stays[word]
        places = word[left] if places is None else places[word[left]]
        words = words.take(changed).kept(left)
    return keep


class Passages(NamedTuple):
    """Passages of bodies, all of shape (passages,). Some may be there twice.

    Attributes:
        hashes: the hash of each.
        begins, ends: where it begins and ends among the words of all articles.
        places: the place of its article.
    """

    hashes: NDArray[np.uint64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    places: NDArray[np.int64]


def passages_of_bodies(words: HashedWords, *, short: bool = False) -> Passages:
    """The passages of bodies, or those of fewer than `PASSAGE` words alone: lines, beginnings and ends.

    A word that begins a sentence and a segment begins a line.
    """
    first, last = words.offsets[1::2], words.offsets[2::2]
    article = np.repeat(np.arange(len(words)), last - first)
    word = np.arange(len(article)) + (last - np.cumsum(last - first))[article]
    is_line = (words.flags[word] & BEGINS_LINE) == BEGINS_LINE
    begins, places = word[is_line], article[is_line]
    ends = np.minimum(np.append(begins[1:], len(words.hashes))[: len(begins)], last[places])
    some = (ends - begins >= LINE) & (ends - begins < PASSAGE)
    parts = [(begins[some], ends[some], places[some])]
    for size in range(EDGE, PASSAGE):
        longer = np.flatnonzero(last - first >= size)
        parts += [(first[longer], first[longer] + size, longer), (last[longer] - size, last[longer], longer)]
    begins, ends, places = (np.concatenate(column) for column in zip(*parts, strict=True))
    salts = np.uint64(SALT) * (ends - begins).astype(np.uint64)
    if not short:
        some = word + PASSAGE <= last[article]
        begins, ends = np.concatenate([word[some], begins]), np.concatenate([word[some] + PASSAGE, ends])
        places = np.concatenate([article[some], places])
        salts = np.concatenate([np.zeros(len(begins) - len(salts), np.uint64), salts])
    powers, inverses = (np.full(len(words.hashes) + 1, factor, np.uint64) for factor in (BASE, _INVERSE))
    powers[0] = inverses[0] = 1
    np.multiply.accumulate(powers, out=powers)
    np.multiply.accumulate(inverses, out=inverses)
    sums = np.zeros(len(words.hashes) + 1, np.uint64)
    np.cumsum(words.hashes * inverses[:-1], out=sums[1:])
    return Passages(mix64((sums[ends] - sums[begins]) * powers[ends - 1] + salts), begins, ends, places)


def _in_parts(words: HashedWords) -> Iterator[tuple[int, HashedWords]]:
    """The articles in parts of about `_AT_ONCE` words: the place of the first of each part, and their words."""
    first = 0
    while first < len(words):
        until = int(words.offsets[2 * first]) + _AT_ONCE
        last = max(first + 1, int(np.searchsorted(words.offsets[2::2], until, side="right")))
        yield first, words.part(first, last)
        first = last


def outside_boilerplate(words: HashedWords, passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which words remain when boilerplate is removed from titles and bodies; shape (words,).

    A body of which fewer than `REST` words would remain is removed entirely, or kept entirely if there is no title.

    Kernel: `vectorize.kernels.boilerplate.outside_boilerplate`.

    Args:
        words: of the articles.
        passages: the hashes of the passages that are boilerplate, sorted.
    """
    keep = outside_labels(words, passages)
    if len(passages):
        left, lengths = _outside(words, passages), np.diff(words.offsets)
        rest = np.diff(np.concatenate([[0], np.cumsum(left)])[words.offsets])
        titled = np.zeros(len(lengths), bool)
        titled[1::2] = lengths[::2] > 0
        enough = rest >= REST
        keep &= np.repeat(~enough & ~titled, lengths) | left & np.repeat(enough | (rest == lengths), lengths)
    return keep


def _outside(words: HashedWords, passages: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which words are in none of some passages of bodies, whose hashes are sorted; shape (words,)."""
    outside = np.ones(len(words.hashes), bool)
    for first, part in _in_parts(words) if len(passages) else ():
        found, count = passages_of_bodies(part), len(part.hashes)
        known = among(found.hashes, passages)
        begin, end = (np.bincount(places[known], minlength=count + 1) for places in (found.begins, found.ends))
        start = int(words.offsets[2 * first])
        outside[start : start + count] = np.cumsum(begin - end)[:-1] == 0
    return outside


def passages_in(words: HashedWords) -> NDArray[np.uint64]:
    """The hashes of all passages of articles, and of the segments of their titles; sorted."""
    return np.union1d(passages_of_bodies(words).hashes, segments_of(words).hashes)


def held_passages(words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The passages that at least `HOLDERS` articles have.

    Kernel: `vectorize.kernels.boilerplate.held_passages`.

    Returns:
        The hashes of the passages and the places of the articles that have them, both of shape (holdings,), sorted by
        passage and then by place.
    """
    hashes, articles = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for first, part in _in_parts(words):
        found = passages_of_bodies(part)
        order = np.argsort(found.places, kind="stable")
        hashes.append(found.hashes[order])
        articles.append(first + found.places[order])
    passages, places = np.concatenate(hashes), np.concatenate(articles)
    order = np.argsort(passages, kind="stable")
    passages, places = _distinct(passages[order], places[order])
    begins = np.flatnonzero(np.diff(passages, prepend=~passages[:1]))
    holders = np.diff(np.append(begins, len(passages)))
    enough = np.repeat(holders >= HOLDERS, holders)
    return passages[enough], places[enough]


def _distinct(passages: NDArray[np.uint64], places: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Passages and places of articles without those that equal the ones before them."""
    other = np.ones(len(passages), bool)
    other[1:] = (passages[1:] != passages[:-1]) | (places[1:] != places[:-1])
    return passages[other], places[other]


def held_headlines(words: HashedWords, by: Finding) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The short passages of bodies that are the title of another article.

    Returns:
        The hashes of the passages and the places of the articles that have them, the first of those with the title
        among them; both of shape (holdings,), sorted by passage and then by place.
    """
    titles = title_lines(words)
    each, first = np.unique(titles, return_index=True)
    passages, places = by.lines_among(words, each[each > 0])
    other = passages != titles[places]
    passages, places = passages[other], places[other]
    found = np.unique(passages)
    passages = np.concatenate([passages, found])
    places = np.concatenate([places, first[np.searchsorted(each, found)]])
    order = np.lexsort((places, passages))
    return passages[order], places[order]


def title_lines(words: HashedWords) -> NDArray[np.uint64]:
    """The hash of each title as a passage of a body, 0 if it has too few or too many words; shape (articles,)."""
    lengths = np.diff(words.offsets)[::2]
    some = np.flatnonzero((lengths >= LINE) & (lengths < PASSAGE))
    begins, lengths = words.offsets[2 * some], lengths[some]
    value = np.zeros(len(some), np.uint64)
    for place in range(lengths.max(initial=0)):
        longer = np.flatnonzero(lengths > place)
        value[longer] = value[longer] * np.uint64(BASE) + words.hashes[begins[longer] + place]
    found = np.zeros(len(words), np.uint64)
    found[some] = mix64(value + np.uint64(SALT) * lengths.astype(np.uint64))
    return found


def lines_among(words: HashedWords, passages: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Those of some passages, sorted, that are short ones of bodies, and the places of the articles that have them.

    Kernel: `vectorize.kernels.boilerplate.lines_among`.
    """
    hashes, articles = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for first, part in _in_parts(words):
        found = passages_of_bodies(part, short=True)
        known = among(found.hashes, passages)
        hashes.append(found.hashes[known])
        articles.append(first + found.places[known])
    held, places = np.concatenate(hashes), np.concatenate(articles)
    order = np.lexsort((held, places))
    return _distinct(held[order], places[order])


def lists(words: HashedWords, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which articles contain a list of headlines, that is the title of one they are paired with; shape (articles,).

    Kernel: `vectorize.kernels.relations.lists`.
    """
    found = np.zeros(len(words), bool)
    for a, b in pairs.tolist():
        for title, holder in ((a, b), (b, a)):
            found[holder] |= not found[holder] and _is_headline(words.title(title), words.body(holder))
    return found


def relations(
    words: HashedWords,
    pairs: NDArray[np.int64],
    repeated: NDArray[np.uint64],
    languages: Sequence[str],
    listing: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """The relation of pairs of articles in units of 1 / `UNIT`; 1 where neither title has a distinctive word.

    Two articles speak for themselves if their own words, outside of the repeated passages, have nearly as many
    distinctive words of their titles as the passages have, see `SPEAKING`. Then only the own words count, and those
    that are in the passages too count half: they may name the subject of a whole site. The headline of a wire text is
    about the passages.

    An article that contains the title of another one word by word has a list of headlines, in which the words of any
    title may occur: of such an article only the own words count in any case.

    Kernel: `vectorize.kernels.relations.relations`.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2).
        repeated: the hashes of the passages that several articles have, sorted.
        languages: of the articles.
        listing: which articles contain a list of headlines, if known from more pairs than these.
    """
    listing = lists(words, pairs) if listing is None else listing
    outside = _outside(words, repeated)
    held = {place: _Holder.of(words, place, outside, languages[place]) for place in np.unique(pairs).tolist()}
    found = np.full(len(pairs), UNIT, np.int64)
    for number, (a, b) in enumerate(pairs.tolist()):
        shares = []
        alone = held[a].speaks + held[b].speaks >= SPEAKING
        for one, other in ((a, b), (b, a)):
            title, own, rest = held[one].distinctive, held[other].own, held[other].rest
            if not title:
                continue
            if alone:
                shares.append((2 * len(title & own) - len(title & own & rest)) * UNIT // (2 * len(title)))
            else:
                shares.append(len(title & (own if listing[other] else own | rest)) * UNIT // len(title))
        if shares:
            found[number] = sum(shares) // len(shares)
    return found


@dataclass(frozen=True, slots=True)
class _Holder:
    """The word sets of an article that has a repeated passage.

    Attributes:
        distinctive: the distinctive words of its title.
        own: its words outside of the repeated passages, with those of the title.
        rest: the words of the repeated passages.
        speaks: how much more of its title is in its own words than in the repeated passages, in units of 1 / `UNIT`;
            `MUTE` if it has fewer than `OWN_WORDS` words of its own.
    """

    distinctive: set[int]
    own: set[int]
    rest: set[int]
    speaks: int

    @classmethod
    def of(cls, words: HashedWords, place: int, outside: NDArray[np.bool_], language: str) -> _Holder:
        title, body = words.title(place), words.body(place)
        heading = title if len(title) else body[:LEAD]
        distinctive = distinctive_words(heading.tolist(), language)
        outside = outside[int(words.offsets[2 * place + 1]) : int(words.offsets[2 * place + 2])]
        own, rest = {*body[outside].tolist()}, {*body[~outside].tolist()}
        more = (len(distinctive & own) - len(distinctive & rest)) * UNIT // max(1, len(distinctive))
        return cls(
            distinctive=distinctive,
            own={*title.tolist(), *own},
            rest=rest,
            speaks=more if np.count_nonzero(outside) >= OWN_WORDS else MUTE,
        )


def _is_headline(title: NDArray[np.uint32], body: NDArray[np.uint32]) -> bool:
    """Whether a body contains a title of several words, word by word; takes linear time, by a search in bytes."""
    if len(title) < HEADLINE:
        return False
    sought, text = title.tobytes(), body.tobytes()
    at = text.find(sought)
    while at > 0 and at % title.itemsize:  # a match that begins inside a word's bytes
        at = text.find(sought, at + 1)
    return at >= 0
