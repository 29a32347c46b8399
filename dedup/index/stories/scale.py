"""The scale of an embedding in an index: the chances that its cosines tell, kept until they are learned anew.

It is learned from the stories that words found, as in a run (`dedup.match.meaning`): when the index has `FIRST`
articles with an embedding, each time these are a quarter more up to `LAST`, and by `reconcile` and `rebuild`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.errors import StoreError
from dedup.match.meaning import STEPS, UNIT, Meaning

FIRST = 32
"""Articles with an embedding from which there is a scale."""
LAST = 10_000
"""Articles from which only `reconcile` and `rebuild` learn it anew: it takes seconds, and hardly changes."""
_STEPS = 2 * STEPS + 1


@dataclass(frozen=True, slots=True)
class Scale:
    """Chances at each step of the cosine, by language; see `dedup.match.meaning.Meaning`.

    Attributes:
        languages: names of the languages, "" for an unknown one.
        story, storyline: in units of 1 / `UNIT`, shape (languages, steps).
        articles: how many there were when it was learned.
    """

    languages: tuple[str, ...]
    story: NDArray[np.int64]
    storyline: NDArray[np.int64]
    articles: int

    @classmethod
    def of(cls, meaning: Meaning, names: Mapping[int, str]) -> Scale:
        """Return the scale that was learned with some embeddings; `names` has the languages by number."""
        numbers = sorted(names)
        story, storyline = meaning.story[numbers], meaning.storyline[numbers]
        return cls(tuple(names[one] for one in numbers), story, storyline, int(np.count_nonzero(meaning.known)))

    def is_outgrown(self, articles: int) -> bool:
        """Return whether there are so many articles now that it is to be learned anew."""
        return self.articles + self.articles // 4 <= articles <= LAST

    def meaning(
        self, vectors: NDArray[np.int16], known: NDArray[np.bool_], languages: Sequence[str], model: str = ""
    ) -> Meaning:
        """Return what it tells about articles; a language that it does not have has the lowest chances of all."""
        number = {name: place for place, name in enumerate(self.languages)}
        numbers = np.array([number.get(name, len(number)) for name in languages], np.int64)
        curves = [
            np.concatenate([curve, curve.min(axis=0, keepdims=True, initial=UNIT)])
            for curve in (self.story, self.storyline)
        ]
        return Meaning(model, vectors, known, numbers, *curves)

    def packed(self) -> str:
        """Serialise the scale; see `unpacked`."""
        curves = {
            name: [self.story[place].tolist(), self.storyline[place].tolist()]
            for place, name in enumerate(self.languages)
        }
        return json.dumps({"articles": self.articles, "languages": curves}, separators=(",", ":"))

    @classmethod
    def unpacked(cls, text: str) -> Scale:
        """Read the output of `packed`.

        Raises:
            StoreError: it is damaged.
        """
        try:
            record = json.loads(text)
            curves = np.array([*record["languages"].values()], np.int64).reshape(-1, 2, _STEPS)
            return cls(tuple(map(str, record["languages"])), curves[:, 0], curves[:, 1], int(record["articles"]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = "the scale of the embedding in the store is damaged"
            raise StoreError(f"{problem}: 'dedup index check --repair' deletes it, to be learned anew") from error
