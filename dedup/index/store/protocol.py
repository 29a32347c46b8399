"""The one seam between an index and where it is kept. `sqlite` is the store, `memory` its fake; both ship.

Everything that is written is written inside `transaction`, and is there for good when that ends. Readers may be in
other threads; they see what was last committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from dedup.index.store.records import Change, Sketch, StoredArticle, StoredStory


@dataclass(frozen=True, slots=True)
class StoryFilter:
    """Which stories are asked for: those touched at `since` or later, of an outlet, of some size; after a number."""

    since: float | None = None
    outlet: str | None = None
    min_size: int = 1
    before: tuple[float, int] | None = None


class Store(Protocol):
    """What an index needs of a store."""

    @property
    def where(self) -> str:
        """What the store is called in messages."""
        ...

    def close(self) -> None:
        """Lets go of it. Calling it again does nothing."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All that is written inside it is kept when it ends, or nothing where it ends by an error.

        Raises:
            StoreError: it could not be kept: nothing of it was.
        """
        ...

    def reading(self) -> AbstractContextManager[None]:
        """All that this thread reads inside it is of one moment, whatever others write meanwhile."""
        ...

    # What the index says of itself

    def metadata(self) -> dict[str, str]:
        """All facts by name."""
        ...

    def put_metadata(self, facts: Mapping[str, str]) -> None:
        """Writes some facts, over what was there."""
        ...

    def background(self) -> bytes:
        """What `put_background` wrote last."""
        ...

    def put_background(self, data: bytes) -> None: ...

    # Articles

    def put_articles(self, rows: Sequence[tuple[StoredArticle, str | None, Sketch]]) -> None:
        """Writes articles with their texts and sketches, each over what was there under its number."""
        ...

    def put_sketch(self, number: int, sketch: Sketch) -> None:
        """Writes what was taken from an article's words, over what was there."""
        ...

    def delete_sketch(self, number: int) -> None:
        """Takes away what no article has."""
        ...

    def place_articles(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        """Writes where articles that are there stand now: number, story, copies, whether it stands for itself."""
        ...

    def delete_article(self, number: int) -> None:
        """Takes away an article, and all that is known of it."""
        ...

    def put_apart(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Writes which articles are never of one story, the lower number first."""
        ...

    def apart(self, numbers: Sequence[int] | None = None) -> list[tuple[int, int]]:
        """All that was written of that, rising; or what was written of some articles."""
        ...

    def article(self, id_: str) -> StoredArticle | None:
        """The article that has an id."""
        ...

    def articles(self, numbers: Sequence[int]) -> dict[int, StoredArticle]:
        """Those of some articles that are there, by number."""
        ...

    def articles_called(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        """Those that have some ids, by id."""
        ...

    def ids(self, numbers: Sequence[int]) -> dict[int, str]:
        """The ids of those articles that are there, by number."""
        ...

    def numbers(self) -> list[int]:
        """Those of all articles, rising."""
        ...

    def first_alike(self, contents: Sequence[bytes]) -> dict[bytes, int]:
        """Of the articles of each content the number of the one that came first."""
        ...

    def after(self, number: int, most: int) -> list[StoredArticle]:
        """The next articles in the order they came."""
        ...

    def alike(self, content: bytes) -> list[StoredArticle]:
        """The articles of some content, in the order they came."""
        ...

    def of_story(self, story: int) -> list[StoredArticle]:
        """The articles of a story, in the order they came."""
        ...

    def holding(self, words: Sequence[str], most: int) -> list[StoredArticle]:
        """The articles that hold all of some folded words in id, outlet, title or text, the last that came first."""
        ...

    def older(self, seconds: float, most: int) -> list[StoredArticle]:
        """The articles whose age lies before a time, the oldest first; see `StoredArticle.age`."""
        ...

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """The texts of those articles that have one here."""
        ...

    def sketches(self, numbers: Sequence[int]) -> dict[int, Sketch]:
        """What was taken from their words."""
        ...

    def every_vector(self) -> Iterator[tuple[int, bytes]]:
        """The vectors of all articles, packed, in the order they came."""
        ...

    # Stories

    def put_stories(self, stories: Sequence[StoredStory]) -> None:
        """Writes stories, each over what was there under its number."""
        ...

    def delete_story(self, number: int) -> None: ...

    def story_ids(self, ids: Sequence[str]) -> set[str]:
        """Those of some ids that a story has, or had."""
        ...

    def story(self, id_: str) -> StoredStory | None:
        """The story that has, or had, an id."""
        ...

    def story_numbered(self, numbers: Sequence[int]) -> dict[int, StoredStory]: ...

    def stories(self, wanted: StoryFilter, most: int) -> list[StoredStory]:
        """The stories that stand and fit, last touched first, then by number, falling."""
        ...

    # Changes

    def append(self, changes: Sequence[Change]) -> None:
        """Writes changes, in order; their cursors are above all before them."""
        ...

    def changes(self, since: int, most: int) -> list[Change]:
        """The changes after a cursor."""
        ...

    def trim(self, before: int) -> None:
        """Forgets the changes before a cursor."""
        ...

    # Numbers

    def counts(self) -> dict[str, int]:
        """`articles` and `stories` (that stand): how many there are; and what `highest` tells."""
        ...

    def highest(self) -> dict[str, int]:
        """`last_article`, `last_story`, `last_change`: the highest number ever given; told at once, of however many."""
        ...

    # Upkeep

    def size(self) -> int:
        """Bytes it takes."""
        ...

    def vacuum(self) -> None:
        """Gives back what deleted articles took."""
        ...

    def faults(self) -> list[str]:
        """What is broken below what an index can see, nothing for a sound store."""
        ...
