"""What two texts have in common at most, from less than the texts: most candidates are no copies, and need no look.

An outline is the set of a text's shingles, each cut to `BITS` bits: as gaps a byte each. Equal shingles are equal when
they are cut, so the cut ones that two outlines share are never too few, and what they could cover of the texts is never
too little: a pair that is not near enough by its outlines is none whose texts overlap as copies do.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.match.copies import FEW, NEARLY_WHOLE
from dedup.settings import Settings
from dedup.spark.arrow import binary, flat, numbers, words_of
from dedup.spark.blocks import places
from dedup.vectorize.hashing import shingles_in_order

BITS = 15
"""Of so many, one in a hundred is equal by chance between two texts of three hundred words."""
_SLACK = 1e-9
"""For what floating-point numbers may differ by: it decides nothing, for who is near enough is looked at."""


def outlines(rows: Any, size: int) -> Any:
    """The outlines of articles.

    Returns:
        `n`; `words`, in which copies are looked for; `begun`, how many shingles they have, and `distinct`, how many
        different ones; the gaps between the cut ones, `low` and `high` bytes apart.
    """
    words = words_of(rows)
    begun, distinct, cut = [], [], []
    for place in range(len(words)):
        shingles = shingles_in_order(words.main(place).hashes, size)
        begun.append(len(shingles))
        distinct.append(len(np.unique(shingles)))
        cut.append(np.unique(_cut(shingles)))
    bounds = np.cumsum([0, *map(len, cut)]).astype(np.int64)
    gaps = [np.diff(one, prepend=np.uint16(0)).astype(np.uint16) for one in cut]
    whole = np.concatenate([np.empty(0, np.uint16), *gaps])
    return {
        "n": rows["n"],
        "words": words.lengths().astype(np.int32),
        "begun": np.array(begun, np.int32),
        "distinct": np.array(distinct, np.int32),
        "low": binary((whole & 0xFF).astype(np.uint8), bounds),
        "high": binary((whole >> 8).astype(np.uint8), bounds),
    }


def near_enough(articles: Any, pairs: Any, settings: Settings) -> Any:
    """The pairs of a block, and whether they may overlap as copies do, see `dedup.match.copies.is_overlapping`."""
    pair, number = places(pairs), numbers(articles["n"])
    low, bounds = flat(articles["low"], np.uint8)
    gaps = low.astype(np.uint16) | flat(articles["high"], np.uint8)[0].astype(np.uint16) << np.uint16(8)
    cut = [np.cumsum(gaps[begin:end], dtype=np.uint16) for begin, end in pairwise(bounds.tolist())]
    held = np.array([len(one) for one in cut], np.int64)
    distinct = numbers(articles["distinct"]).astype(np.int64)
    shared = np.array([_shared(cut[a], cut[b]) for a, b in pair.tolist()], np.int64)
    # Of shingles that are one when they are cut, each may be shared.
    shared += (distinct - held)[pair].min(axis=1, initial=np.iinfo(np.int64).max)
    smaller = distinct[pair].min(axis=1, initial=np.iinfo(np.int64).max)
    shared = np.minimum(shared, smaller)
    again = numbers(articles["begun"]).astype(np.int64) - distinct
    length = numbers(articles["words"]).astype(np.int64)[pair]
    covered = np.minimum(settings.shingle_size * (shared[:, None] + again[pair]), length)
    covered[shared == 0] = 0
    share = covered / np.maximum(1, length)
    enough = share.sum(axis=1) / 2 >= settings.copy_overlap - _SLACK
    enough &= (shared >= FEW) | (shared >= (NEARLY_WHOLE - _SLACK) * smaller)
    columns = {name: pairs[name] for name in pairs.column_names}
    return {**columns, "a": number[pair[:, 0]], "b": number[pair[:, 1]], "enough": enough}


def _cut(shingles: NDArray[np.uint64]) -> NDArray[np.uint16]:
    return (shingles >> np.uint64(64 - BITS)).astype(np.uint16)


def _shared(one: NDArray[np.uint16], other: NDArray[np.uint16]) -> int:
    if len(one) > len(other):
        one, other = other, one
    if not len(one):
        return 0
    place = np.minimum(np.searchsorted(other, one), len(other) - 1)
    return int(np.count_nonzero(other[place] == one))
