"""Every step in its plain form for articles whose words are known and whose texts are not: as an index has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.steps import FastSteps, PlainSteps
from dedup.vectorize.features import IS_CAPITAL, Features, HashedWords, narrowed
from dedup.vectorize.hashing import FEATURES, shingles_in_order, terms_of
from dedup.vectorize.kernels.switch import use_kernels
from dedup.vectorize.reference import COUNT_UNIT, ZONE, body_weight, minhash

if TYPE_CHECKING:
    from dedup.clustering import Progress
    from dedup.settings import Settings


class WordSteps(PlainSteps):
    """The plain steps, by hashed words alone."""

    def features(
        self,
        words: HashedWords,
        keep: NDArray[np.bool_],
        order: NDArray[np.int64],  # noqa: ARG002 - nothing is asked of texts
        progress: Progress | None = None,
    ) -> Features:
        """The features of articles, as far as they are made of some of their words."""
        if progress:
            progress("counting the words", 0, len(words))
        return features_of(words.kept(keep), self._settings)


def steps_for(articles: int, settings: Settings, progress: Progress | None = None) -> PlainSteps:
    """The form of the steps that is done sooner with so many articles."""
    return FastSteps(settings, progress) if use_kernels(articles) else WordSteps(settings)


def features_of(words: HashedWords, settings: Settings) -> Features:
    """What `plain_features` takes from documents, from their hashed words."""
    from datasketch import MinHash

    permutations = minhash([], settings).permutations
    signatures = np.empty((len(words), settings.num_perm), np.uint32)
    for place in range(len(words)):
        sketch = MinHash(settings.num_perm, hashfunc=int, permutations=permutations, scheme="affine32")
        shingles = np.unique(shingles_in_order(words.main(place).hashes, settings.shingle_size))
        sketch.update_batch((shingles & np.uint64(0xFFFFFFFF)).tolist())
        signatures[place] = sketch.hashvalues
    part = np.repeat(np.arange(len(words.offsets) - 1), np.diff(words.offsets))
    position = np.arange(len(words.hashes)) - words.offsets[part]
    zones = int(position.max(initial=0)) // ZONE + 1
    by_zone = np.array([body_weight(zone * ZONE, settings) for zone in range(zones)], np.int64)
    title = round(settings.title_weight / COUNT_UNIT)
    weight = np.where(part % 2 == 0, title, by_zone[position // ZONE])
    keys, place_of = np.unique(part // 2 * FEATURES + terms_of(words.hashes), return_inverse=True)
    every, capitals = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    np.add.at(every, place_of.ravel(), weight)
    np.add.at(capitals, place_of.ravel(), np.where(words.flags & IS_CAPITAL, weight, 0))
    some = every > 0
    rows, terms = np.divmod(keys[some], FEATURES)
    return Features(
        words,
        signatures,
        np.searchsorted(rows, np.arange(len(words) + 1)).astype(np.int64),
        terms.astype(np.int32),
        narrowed(every[some].astype(np.uint32)),
        narrowed(capitals[some].astype(np.uint32)),
    )
