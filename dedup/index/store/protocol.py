"""The interface of a store, implemented by `sqlite` and `temporary`.

All writes happen inside `transaction` and are durable when it ends. Readers may be in other threads; they see the last
committed state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from dedup.index.store.records import AddressRow, Change, Revision, Sketch, StoredArticle, StoredStory

StoryOrder = Literal["changed", "size", "date", "growth"]
"""Orders of stories: by last change, articles, last known date, or articles that came lately; the greatest first."""


@dataclass(frozen=True, slots=True)
class StoryFilter:
    """Filter and order of stories.

    Attributes:
        since: least time of the last change, in seconds since 1970.
        outlet: outlet of at least one article.
        min_size: least number of articles.
        storyline: id of the storyline.
        before: key of the order and number of the story that the result continues after.
        published_since, published_until: bounds of the dates of its articles, in seconds since 1970: the story has one
            from the first on, and one until the second.
        order: what they are ordered by; those without a date are last.
        grown_since: time since which articles count as growth, see `Store.grown`.
        min_grown: least number of such articles.
    """

    since: float | None = None
    outlet: str | None = None
    min_size: int = 1
    storyline: str | None = None
    before: tuple[float, int] | None = None
    published_since: float | None = None
    published_until: float | None = None
    order: StoryOrder = "changed"
    grown_since: float = 0.0
    min_grown: float = 0.0


class Store(Protocol):
    """Storage of articles, stories and changes of one index."""

    @property
    def where(self) -> str:
        """Name of the store in messages."""
        ...

    def close(self) -> None:
        """Close the store. Repeated calls have no effect."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Commit all writes inside it when it ends, or none if it ends with an error.

        Raises:
            StoreError: the commit failed; nothing was written.
        """
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Give this thread a consistent snapshot, whatever other threads write meanwhile."""
        ...

    # Metadata

    def metadata(self) -> dict[str, str]:
        """Return the metadata by name; empty for a new store."""
        ...

    def put_metadata(self, values: Mapping[str, str]) -> None:
        """Write metadata, replacing values of the same names."""
        ...

    def background(self) -> bytes:
        """Return the bytes last written by `put_background`, empty if none."""
        ...

    def put_background(self, data: bytes) -> None: ...

    # Articles

    def put_articles(self, rows: Sequence[tuple[StoredArticle, str | None, Sketch]]) -> None:
        """Write articles with their texts and sketches, replacing those of the same numbers."""
        ...

    def put_sketch(self, number: int, sketch: Sketch) -> None:
        """Write the sketch of an article, replacing an earlier one."""
        ...

    def delete_sketch(self, number: int) -> None:
        """Delete a sketch that has no article."""
        ...

    def place_articles(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        """Update placements, given as number, story, copies and representative. Unknown numbers are ignored."""
        ...

    def delete_article(self, number: int) -> None:
        """Delete an article with its text, sketch and pairs."""
        ...

    def put_apart(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Write pairs of articles that are never in one story, the lower number first."""
        ...

    def apart(self, numbers: Sequence[int] | None = None) -> list[tuple[int, int]]:
        """Return the pairs of `put_apart` in ascending order: all of them, or those of some articles."""
        ...

    def article(self, id_: str) -> StoredArticle | None:
        """Return the article of an id, None if there is none."""
        ...

    def articles(self, numbers: Sequence[int]) -> dict[int, StoredArticle]:
        """Return existing articles by number."""
        ...

    def articles_called(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        """Return existing articles by id."""
        ...

    def ids(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the ids of existing articles by number."""
        ...

    def numbers(self) -> list[int]:
        """Return the numbers of all articles in ascending order."""
        ...

    def first_alike(self, contents: Sequence[bytes]) -> dict[bytes, int]:
        """Return the lowest article number of each content."""
        ...

    def after(self, number: int, most: int) -> list[StoredArticle]:
        """Return up to `most` articles with higher numbers, in ascending order."""
        ...

    def alike(self, content: bytes) -> list[StoredArticle]:
        """Return the articles of a content, by number."""
        ...

    def of_story(self, story: int) -> list[StoredArticle]:
        """Return the articles of a story, by number."""
        ...

    def holding(self, words: Sequence[str], most: int) -> list[StoredArticle]:
        """Return articles with all of some folded words in id, outlet, title or text, the newest first."""
        ...

    def older(self, seconds: float, most: int) -> list[StoredArticle]:
        """Return articles whose `StoredArticle.age` is below a time, the oldest first."""
        ...

    def texts(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the stored texts by number."""
        ...

    def sketches(self, numbers: Sequence[int]) -> dict[int, Sketch]:
        """Return the stored sketches by number."""
        ...

    def words_begin(self, numbers: Sequence[int], size: int) -> dict[int, bytes]:
        """Return the first bytes of the words in stored sketches by number."""
        ...

    def every_vector(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and packed vector of all articles, by number."""
        ...

    def put_words(self, data: bytes) -> None:
        """Append packed words; see `Vocabulary.unsaved`."""
        ...

    def delete_words(self, until: int) -> None:
        """Delete the packed words with numbers up to one."""
        ...

    def words(self, after: int) -> list[tuple[int, bytes]]:
        """Return what was appended by `put_words`, with ascending numbers, from one number on."""
        ...

    def put_lesson(self, data: bytes) -> int:
        """Append what the index has learned, see `Lesson.packed`, and return its number, which is never used again."""
        ...

    def delete_lesson(self, number: int) -> None: ...

    def lessons(self, after: int) -> list[tuple[int, bytes]]:
        """Return what was appended by `put_lesson`, with ascending numbers, from one number on."""
        ...

    # Pages

    def put_addresses(self, rows: Sequence[AddressRow]) -> None:
        """Write addresses of articles."""
        ...

    def delete_addresses(self, numbers: Sequence[int]) -> None:
        """Delete the addresses of articles, and that they were withdrawn."""
        ...

    def shared_addresses(self, pages: Sequence[bytes]) -> set[bytes]:
        """Return those addresses that several articles have."""
        ...

    def near(self, row: AddressRow, most: int) -> list[int]:
        """Return the numbers of up to `most` articles before a row of an address, then after it; the nearest first."""
        ...

    def put_revisions(self, rows: Sequence[Revision]) -> None:
        """Write earlier versions of pages, replacing those of the same numbers."""
        ...

    def revise(self, latest: Sequence[int], new: int) -> None:
        """Make the earlier versions of some articles those of another one."""
        ...

    def delete_revisions(self, numbers: Sequence[int]) -> None: ...

    def revisions(self, numbers: Sequence[int]) -> dict[int, Revision]:
        """Return existing earlier versions by number."""
        ...

    def revisions_called(self, ids: Sequence[str]) -> dict[str, Revision]:
        """Return existing earlier versions by id."""
        ...

    def revisions_of(self, latest: Sequence[int]) -> list[Revision]:
        """Return the earlier versions of some articles, by number."""
        ...

    def lost_revisions(self) -> list[Revision]:
        """Return earlier versions whose latest version is not stored; an intact store has none."""
        ...

    def count_revisions(self) -> int:
        """Return the number of earlier versions."""
        ...

    def older_revisions(self, seconds: float, most: int) -> list[Revision]:
        """Return earlier versions whose `StoredArticle.age` is below a time, the oldest first."""
        ...

    def put_withdrawn(self, numbers: Sequence[int]) -> None:
        """Record that articles were withdrawn."""
        ...

    def withdrawn(self, numbers: Sequence[int]) -> set[int]:
        """Return those articles that were withdrawn."""
        ...

    def anonymize(self, ids: Sequence[str]) -> None:
        """Take the ids of articles out of the changes so far, which stay."""
        ...

    # Decisions

    def put_decision(self, record: str) -> int:
        """Append the record of a decision, and return its number, which is never used again."""
        ...

    def replace_decision(self, number: int, record: str) -> None:
        """Replace the record of a decision."""
        ...

    def delete_decision(self, number: int) -> None: ...

    def decisions(self) -> list[tuple[int, str]]:
        """Return the decisions with their numbers, ascending."""
        ...

    def put_automatic(self, rows: Sequence[tuple[int, int, int, bool]]) -> None:
        """Write the placements by the method of articles that a decision has put elsewhere.

        They are given as to `place_articles`, which has where the articles are.
        """
        ...

    def delete_automatic(self, numbers: Sequence[int]) -> None: ...

    def automatic(self, numbers: Sequence[int] | None = None) -> dict[int, tuple[int, int, bool]]:
        """Return what was written by `put_automatic`, by number, without deleted articles: all, or of some articles."""
        ...

    def decided_stories(self) -> list[int]:
        """Return the numbers of the stories with a decided title or article to show."""
        ...

    # Embeddings

    def put_embedded(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Write the embeddings of articles or earlier versions of pages by number, replacing earlier ones."""
        ...

    def embedded(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Return the stored embeddings by number."""
        ...

    def every_embedded(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and embedding of all articles and earlier versions that have one, by number."""
        ...

    def delete_embedded(self, numbers: Sequence[int]) -> None:
        """Delete embeddings, those of articles and earlier versions that are stored excepted."""
        ...

    def clear_embedded(self) -> None:
        """Delete all embeddings, with the joins and the scale."""
        ...

    def put_joined(self, rows: Sequence[tuple[int, int]]) -> None:
        """Write for articles that an embedding adds to a story an article of it, by number, replacing earlier ones."""
        ...

    def delete_joined(self, numbers: Sequence[int]) -> None: ...

    def joined(self, numbers: Sequence[int] | None = None) -> dict[int, int]:
        """Return what was written by `put_joined`, by number, without deleted articles: all, or of some articles."""
        ...

    def put_scale(self, data: str) -> None:
        """Write what the cosines of the embedding tell; see `stories.joined.Scale`."""
        ...

    def scale(self) -> str:
        """Return what was last written by `put_scale`, "" if nothing was."""
        ...

    # Stories

    def put_stories(self, stories: Sequence[StoredStory]) -> None:
        """Write stories, replacing those of the same numbers."""
        ...

    def delete_story(self, number: int) -> None: ...

    def story_ids(self, ids: Sequence[str]) -> set[str]:
        """Return those ids that belong to a story, redirected ones included."""
        ...

    def story(self, id_: str) -> StoredStory | None:
        """Return the story of an id, redirected ones included, None if there is none."""
        ...

    def story_numbered(self, numbers: Sequence[int]) -> dict[int, StoredStory]: ...

    def lines(self) -> dict[int, str]:
        """Return for the stories that share a storyline with others its id, by their numbers.

        Those that decisions have put into another story are among them.
        """
        ...

    def stories(self, wanted: StoryFilter, most: int) -> list[StoredStory]:
        """Return stories that match and are not redirected, by the key of their order and number, descending."""
        ...

    def grown(self, since: float, stories: Sequence[int] | None = None) -> dict[int, int]:
        """Return how many articles came to stories since a time: added since then, and of no date before it."""
        ...

    # Changes

    def append(self, changes: Sequence[Change]) -> None:
        """Append changes, whose cursors are above all earlier ones."""
        ...

    def changes(self, since: int, most: int) -> list[Change]:
        """Return up to `most` changes after a cursor."""
        ...

    def trim(self, before: int) -> None:
        """Delete the changes before a cursor."""
        ...

    # Numbers

    def counts(self) -> dict[str, int]:
        """Return the number of `articles` and of `stories` (redirected ones apart), with the values of `highest`."""
        ...

    def highest(self) -> dict[str, int]:
        """Return the highest numbers ever used: `last_article`, `last_story`, `last_change`. Takes constant time."""
        ...

    # Upkeep

    def size(self) -> int:
        """Return the size on disk in bytes."""
        ...

    def vacuum(self) -> None:
        """Release the space of deleted articles."""
        ...

    def back_up(self, target: Path) -> None:
        """Copy the store to a new file, as it is at one moment.

        Raises:
            StoreError: the file exists, or cannot be written.
        """
        ...

    def faults(self) -> list[str]:
        """Return a message for each fault of the storage itself, none for an intact store."""
        ...
