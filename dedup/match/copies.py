"""Copies: pairs of articles that are one text, cut, extended, re-headlined or wrapped.

Candidates come from banded MinHash signatures, generously, and from the same-story pairs of high cosine. Each is then
decided on the exact overlap of the two sets of shingles, and by what differs: in a form notice it is the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.match.stories import Pairs, days_between
from dedup.match.templates import same_template
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import shingles_in_order

if TYPE_CHECKING:
    from dedup.settings import Settings

CROWD = 32
"""Articles in a bucket up to which all its pairs are candidates; in a fuller one each has `STRIDE` others."""
STRIDE = 8
NEAR = 0.5
"""Jaccard from which two copies count as one text when stories are looked for."""
AGREEING = 1 / 32
"""Share of the slots of two signatures that must agree for the exact overlap to be counted."""
ALIKE = 0.4
"""Cosine from which a same-story pair is a candidate ..."""
HINT = 2
"""... or slots of two signatures that must agree: of a brief and the long text that it was cut from a few do, while
strangers have none in common."""
FEW = 20
"""Shared shingles below which two texts are copies only if one ..."""
NEARLY_WHOLE = 0.8
"""... has this share of its shingles in the other: two short notes may well end in the same line."""
RECURRING = 14.0
"""Days from which only texts that are all but equal are copies; a form, or a background paragraph, comes back later."""
ALL_BUT_EQUAL = 0.8
"""Jaccard of texts that are all but equal."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The exact overlap of pairs of articles, sorted by (a, b), with a < b.

    Attributes:
        a, b: places of the two articles, shape (pairs,).
        shared: distinct shingles both have.
        sizes: distinct shingles of each, shape (pairs, 2).
        jaccard: share of both texts' shingles that both have.
        containment: share of the shorter text's shingles that the longer has too.
        overlap: share of a text's words that stand in shingles both have, the mean of the two texts'. An edited word
            takes out five shingles, but one word: light rewriting lowers it less than the other two.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    shared: NDArray[np.int64]
    sizes: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    containment: NDArray[np.float64]
    overlap: NDArray[np.float64]

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Overlaps:
        """The pairs for which `keep` is true, or at the places that it lists."""
        shares = self.jaccard[keep], self.containment[keep], self.overlap[keep]
        return Overlaps(self.a[keep], self.b[keep], self.shared[keep], self.sizes[keep], *shares)

    def with_others(self, other: Overlaps) -> Overlaps:
        """These pairs and others, which must be none of them."""
        columns = [column.name for column in fields(self)]
        both = Overlaps(**{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in columns})
        return both.where(np.lexsort((both.b, both.a)))


def band_candidates(
    signatures: NDArray[np.uint32], present: NDArray[np.bool_], settings: Settings
) -> NDArray[np.int64]:
    """Pairs of articles whose signatures are equal in a whole band (Broder 1997; Leskovec et al. 2014, ch. 3).

    Kernel: `match.kernels.bands.band_candidates`.

    Args:
        signatures: shape (articles, num_perm).
        present: shape (articles,): whether an article has any shingle.
        settings: for the number of bands.

    Returns:
        Shape (pairs, 2), a < b, sorted, without those that agree in too few slots to be worth an exact count. Linear in
        the number of articles: a bucket with more than `CROWD` of them gives each only its next `STRIDE` neighbours,
        and the first.
    """
    rows = settings.num_perm // settings.bands
    articles = np.flatnonzero(present)
    keys: list[NDArray[np.int64]] = []
    total = len(signatures)
    for band in range(settings.bands):
        slots = np.ascontiguousarray(signatures[articles, band * rows : (band + 1) * rows])
        _, bucket = np.unique(slots, axis=0, return_inverse=True)
        bucket = bucket.ravel()  # NumPy 2.0 alone gives it a second axis
        order = articles[np.argsort(bucket, kind="stable")]
        one, other = bucket_pairs(np.bincount(bucket))
        keys.append(order[one] * total + order[other])
    pairs: NDArray[np.int64] = np.unique(np.concatenate(keys)) if keys else np.empty(0, np.int64)
    found = np.stack([pairs // max(1, total), pairs % max(1, total)], axis=1)
    worth: NDArray[np.int64] = found[agreeing_slots(signatures, found) >= AGREEING * signatures.shape[1]]
    return worth


def bucket_pairs(size: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of places that buckets of some sizes, one after the other, make candidates."""
    last = np.repeat(np.cumsum(size), size)  # for each place the end of its bucket
    first = last - np.repeat(size, size)
    crowded = np.repeat(size, size) > CROWD
    place = np.arange(len(last))
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for step in range(1, min(CROWD, int(size.max(initial=0)))):
        inside = place[(place + step < last) & (~crowded | (step <= STRIDE))]
        found.append((inside, inside + step))
    star = crowded & (place > first)
    found.append((first[star], place[star]))
    one, other = (np.concatenate(part) for part in zip(*found, strict=True))
    return one, other


def agreeing_slots(signatures: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """In how many slots the signatures of each pair agree; shape (pairs,).

    Kernel: `match.kernels.bands.agreeing_slots`.
    """
    blocks = [pairs[start : start + 65_536] for start in range(0, len(pairs), 65_536)]
    counts = [np.count_nonzero(signatures[block[:, 0]] == signatures[block[:, 1]], axis=1) for block in blocks]
    found: NDArray[np.int64] = np.concatenate([np.empty(0, np.int64), *counts])
    return found


class Comparing(Protocol):
    """Compares texts: the plain functions `overlaps` and `templates.matching_blocks`, or their fast twins."""

    def overlaps(self, words: HashedWords, pairs: NDArray[np.int64]) -> Overlaps: ...

    def matching_blocks(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]: ...


def overlaps(words: HashedWords, pairs: NDArray[np.int64], size: int) -> Overlaps:
    """The exact overlap of pairs of articles.

    Kernel: `vectorize.kernels.overlaps.shared_shingles`.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2), a < b, sorted.
        size: words in a shingle.
    """
    texts = {place: words.main(place).hashes for place in np.unique(pairs).tolist()}
    begun = {place: shingles_in_order(text, size) for place, text in texts.items()}
    sets = {place: np.unique(shingles) for place, shingles in begun.items()}
    shared, held = np.zeros(len(pairs), np.int64), np.zeros((len(pairs), 2), np.int64)
    for number, (a, b) in enumerate(pairs.tolist()):
        both = np.intersect1d(sets[a], sets[b], assume_unique=True)
        shared[number] = len(both)
        if len(both):
            held[number] = [_words_in(begun[place], both, min(size, len(texts[place]))) for place in (a, b)]
    sizes = np.array([[len(sets[a]), len(sets[b])] for a, b in pairs.tolist()], np.int64).reshape(-1, 2)
    return counted(words, pairs, shared, sizes, held)


def counted(
    words: HashedWords,
    pairs: NDArray[np.int64],
    shared: NDArray[np.int64],
    sizes: NDArray[np.int64],
    held: NDArray[np.int64],
) -> Overlaps:
    """The overlaps of pairs from what was counted.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2).
        shared: distinct shingles both have, shape (pairs,).
        sizes: distinct shingles of each, shape (pairs, 2).
        held: words of each that stand in shingles both have, shape (pairs, 2).
    """
    shares = held / np.maximum(1, words.lengths(pairs.ravel()).reshape(-1, 2))
    union = np.maximum(1, sizes.sum(axis=1) - shared)
    smaller = np.maximum(1, sizes.min(axis=1))
    overlap = (shares[:, 0] + shares[:, 1]) / 2
    return Overlaps(pairs[:, 0], pairs[:, 1], shared, sizes, shared / union, shared / smaller, overlap)


def _words_in(shingles: NDArray[np.uint64], some: NDArray[np.uint64], size: int) -> int:
    """How many words of a text stand in some of its shingles, which are sorted; `size` words are a shingle."""
    place = np.minimum(np.searchsorted(some, shingles), len(some) - 1)
    begins = np.flatnonzero(some[place] == shingles)
    return int(np.minimum(np.diff(begins), size).sum()) + size


def is_overlapping(found: Overlaps, settings: Settings) -> NDArray[np.bool_]:
    """Whether the overlap of each pair is that of copies: a large share of the words, and more than a closing line."""
    return (found.overlap >= settings.copy_overlap) & ((found.shared >= FEW) | (found.containment >= NEARLY_WHOLE))


def alike_candidates(pairs: Pairs, known: NDArray[np.int64], agreeing: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same-story pairs so alike that they may be copies, but for those already known.

    Args:
        pairs: the same-story pairs.
        known: candidates already, shape (pairs, 2).
        agreeing: in how many slots the signatures of each same-story pair agree, shape (pairs,).

    Returns:
        Shape (pairs, 2), sorted.
    """
    hinted = agreeing >= HINT
    alike = pairs.where((pairs.cosine >= ALIKE) | hinted)
    width = max(int(known.max(initial=0)), int(alike.b.max(initial=0))) + 1
    new = ~np.isin(alike.a * width + alike.b, known[:, 0] * width + known[:, 1])
    return np.stack([alike.a[new], alike.b[new]], axis=1)


def decide(
    words: HashedWords,
    by: Comparing,
    pairs: NDArray[np.int64],
    seconds: NDArray[np.float64],
    settings: Settings,
) -> tuple[Overlaps, Overlaps]:
    """Of candidates those whose texts overlap as copies do: the copies, and those that are one form filled in twice.

    Args:
        words: of the articles.
        by: compares them.
        pairs: the candidates, shape (pairs, 2), a < b, sorted.
        seconds: publication times, shape (articles,), nan where unknown.
        settings: for the overlap of copies.
    """
    found = by.overlaps(words, pairs)
    found = found.where(is_overlapping(found, settings))
    days = days_between(seconds, found.a, found.b)  # nan where a date is unknown, which is more than nothing
    recurring = days >= RECURRING
    rows = zip(found.a.tolist(), found.b.tolist(), days.tolist(), strict=True)
    form = np.array(
        [same_template(words.main(a), words.main(b), apart, by.matching_blocks) for a, b, apart in rows], bool
    )
    return found.where(~form & (~recurring | (found.jaccard >= ALL_BUT_EQUAL))), found.where(form)


def never_one_story(words: HashedWords, by: Comparing, forms: Overlaps) -> Overlaps:
    """Of forms those that are so by their texts alone, whenever they were published.

    The others only came later, with some number changed, and are no copies; but a toll that has risen by the next day
    stands in a newer version of one story.
    """
    places = zip(forms.a.tolist(), forms.b.tolist(), strict=True)
    always = [same_template(words.main(a), words.main(b), aligned=by.matching_blocks) for a, b in places]
    return forms.where(np.array(always, bool))
