"""Copies: pairs of articles that are one text, cut, extended, re-headlined or wrapped.

Candidates come from locality-sensitive hashing of MinHash signatures in bands (Broder 1997; Leskovec, Rajaraman &
Ullman 2014, ch. 3), with a low threshold, and from same-story pairs of high cosine. Each is decided on the exact
overlap of the two sets of shingles, and on what differs: instances of a template differ in numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.match.stories import Pairs, days_between
from dedup.match.suspects import Examining, is_suspected
from dedup.match.templates import Instance, SharedWords, same_template
from dedup.vectorize.boilerplate import PASSAGE
from dedup.vectorize.features import HashedText, HashedWords
from dedup.vectorize.hashing import shingles_in_order

if TYPE_CHECKING:
    from dedup.settings import Settings

LARGE_BUCKET = 32
"""Articles in a bucket up to which all its pairs are candidates; in a larger one each has `STRIDE` others."""
STRIDE = 8
NEAR = 0.5
"""Jaccard from which two copies count as one text when stories are looked for."""
AGREEING = 1 / 32
"""Share of agreeing slots of two signatures from which the exact overlap is counted."""
ALIKE = 0.4
"""Cosine from which a same-story pair is a candidate ..."""
HINT = 2
"""... or agreeing slots of two signatures: a brief and the long text that it was cut from have a few, unrelated texts
none."""
FEW = 20
"""Shared shingles below which two texts are copies only if one ..."""
NEARLY_WHOLE = 0.8
"""... has this share of its shingles in the other: two short texts may end in one closing line."""
RECURRING = 14.0
"""Days from which only nearly equal texts are copies: templates and background paragraphs recur."""
ALL_BUT_EQUAL = 0.8
"""Jaccard from which texts count as nearly equal."""
SURE = 0.5
"""Overlap below which two texts are copies only if their titles or leads agree too: see `is_supported`."""
TITLES, LEADS = 0.6, 0.1
"""The least Jaccard of the words of two titles, or of the shingles of two leads ..."""
LEAD = 100
"""... of so many words."""
SENTENCE = 12
"""Words from which a body is more than a phrase or caption of a longer one, and is compared whatever the titles are."""
_READ = 256
"""Texts that are kept while the pairs of them are decided, which are sorted."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The exact overlap of pairs of articles, sorted by (a, b), with a < b.

    Attributes:
        a, b: places of the two articles, shape (pairs,).
        shared: distinct shingles of both.
        sizes: distinct shingles of each, shape (pairs, 2).
        jaccard: shared shingles over all shingles of the two.
        containment: shared shingles over those of the smaller set.
        overlap: share of a text's words inside shared shingles, the mean of the two texts. An edited word removes five
            shingles but one word, so light rewriting lowers it less than the other two.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    shared: NDArray[np.int64]
    sizes: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    containment: NDArray[np.float64]
    overlap: NDArray[np.float64]

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Overlaps:
        """The pairs for which `keep` is true, or at the given places."""
        shares = self.jaccard[keep], self.containment[keep], self.overlap[keep]
        return Overlaps(self.a[keep], self.b[keep], self.shared[keep], self.sizes[keep], *shares)

    def with_others(self, other: Overlaps) -> Overlaps:
        """These pairs and others, sorted; no pair may be in both."""
        columns = [column.name for column in fields(self)]
        both = Overlaps(**{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in columns})
        return both.where(np.lexsort((both.b, both.a)))


def band_candidates(
    signatures: NDArray[np.uint32], present: NDArray[np.bool_], settings: Settings
) -> NDArray[np.int64]:
    """Find pairs of articles whose signatures are equal in at least one band.

    Kernel: `match.kernels.bands.band_candidates`.

    Args:
        signatures: shape (articles, num_perm).
        present: shape (articles,): whether an article has any shingle.
        settings: for the number of bands.

    Returns:
        Shape (pairs, 2), a < b, sorted, without pairs that agree in fewer than `AGREEING` of the slots. Linear in the
        number of articles: in a bucket of more than `LARGE_BUCKET` each is paired with the next `STRIDE` and the first
        only.
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
    """The candidate pairs of consecutive buckets of given sizes, as places."""
    last = np.repeat(np.cumsum(size), size)  # for each place the end of its bucket
    first = last - np.repeat(size, size)
    crowded = np.repeat(size, size) > LARGE_BUCKET
    place = np.arange(len(last))
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for step in range(1, min(LARGE_BUCKET, int(size.max(initial=0)))):
        inside = place[(place + step < last) & (~crowded | (step <= STRIDE))]
        found.append((inside, inside + step))
    star = crowded & (place > first)
    found.append((first[star], place[star]))
    one, other = (np.concatenate(part) for part in zip(*found, strict=True))
    return one, other


def agreeing_slots(signatures: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of agreeing slots of the signatures of each pair; shape (pairs,).

    Kernel: `match.kernels.bands.agreeing_slots`.
    """
    blocks = [pairs[start : start + 65_536] for start in range(0, len(pairs), 65_536)]
    counts = [np.count_nonzero(signatures[block[:, 0]] == signatures[block[:, 1]], axis=1) for block in blocks]
    found: NDArray[np.int64] = np.concatenate([np.empty(0, np.int64), *counts])
    return found


class Verdicts(NamedTuple):
    """Pairs that overlap enough to be copies, by what they are.

    Attributes:
        copies: the copies.
        templates: those that are made from the same template.
        never: of these the ones that are so by their texts alone, whatever their dates. Only those are never one story:
            a later text that changed a number is no copy, but may be of the same story, such as a toll that has risen
            by the next day.
        suspected: those whose shared words may be boilerplate, see `dedup.match.suspects`.
    """

    copies: Overlaps
    templates: Overlaps
    never: Overlaps
    suspected: Overlaps


class Comparing(Examining, Protocol):
    """Compares texts: also `overlaps`, `templates.matching_blocks` and `templates.shared_words`, or their kernels."""

    def overlaps(self, words: HashedWords, pairs: NDArray[np.int64]) -> Overlaps: ...

    def matching_blocks(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]: ...

    def shared_words(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> SharedWords: ...


def overlaps(words: HashedWords, pairs: NDArray[np.int64], size: int) -> Overlaps:
    """Count the exact overlap of pairs of articles.

    Kernel: `vectorize.kernels.overlaps.shared_shingles`.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2), a < b, sorted.
        size: words in a shingle.
    """
    texts = {place: words.main(place).hashes for place in np.unique(pairs).tolist()}
    begun = {place: shingles_in_order(text, size) for place, text in texts.items()}
    sets = {place: np.unique(shingles) for place, shingles in begun.items()}
    shared, covered = np.zeros(len(pairs), np.int64), np.zeros((len(pairs), 2), np.int64)
    for number, (a, b) in enumerate(pairs.tolist()):
        both = np.intersect1d(sets[a], sets[b], assume_unique=True)
        shared[number] = len(both)
        if len(both):
            covered[number] = [_words_in(begun[place], both, min(size, len(texts[place]))) for place in (a, b)]
    sizes = np.array([[len(sets[a]), len(sets[b])] for a, b in pairs.tolist()], np.int64).reshape(-1, 2)
    return counted(words, pairs, shared, sizes, covered)


def counted(
    words: HashedWords,
    pairs: NDArray[np.int64],
    shared: NDArray[np.int64],
    sizes: NDArray[np.int64],
    covered: NDArray[np.int64],
) -> Overlaps:
    """Overlaps of pairs from their counts.

    Args:
        words: of the articles.
        pairs: places of two articles, shape (pairs, 2).
        shared: distinct shingles of both, shape (pairs,).
        sizes: distinct shingles of each, shape (pairs, 2).
        covered: words of each inside shared shingles, shape (pairs, 2).
    """
    shares = covered / np.maximum(1, words.lengths(pairs.ravel()).reshape(-1, 2))
    union = np.maximum(1, sizes.sum(axis=1) - shared)
    smaller = np.maximum(1, sizes.min(axis=1))
    overlap = (shares[:, 0] + shares[:, 1]) / 2
    return Overlaps(pairs[:, 0], pairs[:, 1], shared, sizes, shared / union, shared / smaller, overlap)


def _words_in(shingles: NDArray[np.uint64], some: NDArray[np.uint64], size: int) -> int:
    """Count the words of a text inside some of its shingles, which are sorted; a shingle has `size` words."""
    place = np.minimum(np.searchsorted(some, shingles), len(some) - 1)
    begins = np.flatnonzero(some[place] == shingles)
    return int(np.minimum(np.diff(begins), size).sum()) + size


def is_overlapping(found: Overlaps, settings: Settings) -> NDArray[np.bool_]:
    """Whether the overlap of each pair is that of copies: a large share of the words, and more than a closing line."""
    return (found.overlap >= settings.copy_overlap) & ((found.shared >= FEW) | (found.containment >= NEARLY_WHOLE))


def is_supported(words: HashedWords, found: Overlaps, settings: Settings) -> NDArray[np.bool_]:
    """Whether each pair has enough overlap, or a title or lead in common.

    Reports of one matter share half of their words where both repeat its background. A short title without a body may
    be in another text as a headline, and a body of fewer words than `SENTENCE` in a longer one as any phrase or
    caption: each is a copy of an article with a like title.
    """

    def agree(a: int, b: int) -> bool:
        leads = [shingles_in_order(words.main(place).hashes[:LEAD], settings.shingle_size) for place in (a, b)]
        return _jaccard(words.title(a), words.title(b)) >= TITLES or _jaccard(*leads) >= LEADS

    supported = found.overlap >= SURE
    for row in np.flatnonzero(~supported).tolist():
        supported[row] = agree(int(found.a[row]), int(found.b[row]))
    titles, bodies = np.diff(words.offsets).reshape(-1, 2).T
    short = (bodies < SENTENCE) & (titles > 0) & (titles < PASSAGE)
    least = np.where(bodies > 0, SENTENCE, 1)  # words of a body in which it may be that
    by_titles = np.zeros(len(found.a), np.bool_)
    for one, other in ((found.a, found.b), (found.b, found.a)):
        by_titles |= short[one] & (bodies[other] >= least[one]) & (titles[other] > 0)
    for row in np.flatnonzero(by_titles).tolist():
        supported[row] = _jaccard(words.title(int(found.a[row])), words.title(int(found.b[row]))) >= TITLES
    return supported


def _jaccard(one: NDArray[np.unsignedinteger], other: NDArray[np.unsignedinteger]) -> float:
    first, second = set(one.tolist()), set(other.tolist())
    return len(first & second) / max(1, len(first | second))


def alike_candidates(pairs: Pairs, known: NDArray[np.int64], agreeing: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find same-story pairs that may be copies and are not known candidates.

    Args:
        pairs: the same-story pairs.
        known: candidates so far, shape (pairs, 2).
        agreeing: agreeing slots of the signatures of each same-story pair, shape (pairs,).

    Returns:
        Shape (pairs, 2), sorted.
    """
    hinted = agreeing >= HINT
    similar = pairs.where((pairs.cosine >= ALIKE) | hinted)
    width = max(int(known.max(initial=0)), int(similar.b.max(initial=0))) + 1
    new = ~np.isin(similar.a * width + similar.b, known[:, 0] * width + known[:, 1])
    return np.stack([similar.a[new], similar.b[new]], axis=1)


def decide(
    words: HashedWords,
    by: Comparing,
    pairs: NDArray[np.int64],
    seconds: NDArray[np.float64],
    settings: Settings,
    outlets: NDArray[np.int64] | None = None,
) -> Verdicts:
    """Split the candidates that overlap enough into copies, instances of one template and suspected copies.

    Args:
        words: of the articles.
        by: compares texts.
        pairs: the candidates, shape (pairs, 2), a < b, sorted.
        seconds: publication times, shape (articles,), nan where unknown.
        settings: for the overlap of copies.
        outlets: the number of the outlet of each, -1 if unknown; see `is_suspected`.
    """
    found = by.overlaps(words, pairs)
    found = found.where(is_overlapping(found, settings))
    if not len(found.a):  # as for nearly every article that comes alone
        return Verdicts(found, found, found, found)
    days = days_between(seconds, found.a, found.b)  # nan where a date is unknown
    from_template, never = _same_template(words, by, found, days).T
    recurring = days >= RECURRING
    copies = ~from_template & (~recurring | (found.jaccard >= ALL_BUT_EQUAL)) & is_supported(words, found, settings)
    suspected = copies.copy()
    suspected[copies] = is_suspected(words, by, found.where(copies), settings.shingle_size, outlets)
    return Verdicts(*map(found.where, (copies & ~suspected, from_template, never, suspected)))


def _same_template(words: HashedWords, by: Comparing, found: Overlaps, days: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the texts of each pair are made from the same template, and by their texts alone; shape (pairs, 2)."""

    @lru_cache(_READ)
    def instance(article: int) -> Instance:
        title = slice(*words.offsets[2 * article : 2 * article + 2].tolist())
        return Instance(words.main(article), HashedText(words.hashes[title], words.flags[title]))

    rows = zip(found.a.tolist(), found.b.tolist(), days.tolist(), strict=True)
    verdicts = [
        same_template(instance(a), instance(b), apart, by.matching_blocks, by.shared_words) for a, b, apart in rows
    ]
    return np.array(verdicts, bool).reshape(-1, 2)
