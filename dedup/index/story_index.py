"""The story index: articles one at a time, each told at once where it belongs, kept for good."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from dedup.article import Article, Notice
from dedup.background import Background
from dedup.errors import InputError, StoreError, UnknownArticleError
from dedup.index.inputs import (
    Incoming,
    Placement,
    alone,
    checked_count,
    checked_date,
    checked_ids,
    checked_seconds,
    noticed,
    some,
)
from dedup.index.queries import (
    IndexedArticle,
    StoryPage,
    changes_after,
    every_story,
    explain,
    page,
    pages,
    placements,
    stats,
)
from dedup.index.repair import check
from dedup.index.session import Desk, prefetch
from dedup.index.store.metadata import StoreMetadata, StoreOptions, read_metadata, write_metadata
from dedup.index.store.protocol import Store, StoryFilter
from dedup.index.store.records import Change
from dedup.index.store.sqlite import SqliteStore
from dedup.index.store.temporary import MEMORY, TemporaryStore
from dedup.index.store.text_search import words_of
from dedup.inputs.collection import published_seconds
from dedup.pipeline import cluster
from dedup.settings import checked

if TYPE_CHECKING:
    from dedup.index.stories.placement import Drawn
    from dedup.progress import Progress
    from dedup.results.clustering import Clustering, Explanation, Story
    from dedup.settings import Settings

BATCH = 500
"""Articles that `add_many` stores at a time."""


class StoryIndex:
    """Articles that come one at a time, in their stories. Open one with `open`.

    What `add` has returned is on disk. One index writes to a file at a time; any number may read it meanwhile. The
    methods may be called from several threads: those that write wait for each other, those that read for none of them.
    """

    def __init__(self, desk: Desk) -> None:
        """For `open`."""
        if not isinstance(desk, Desk):
            raise InputError(f"an index is opened, not made: StoryIndex.open({desk!r})")
        self._desk, self._store = desk, desk.store

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        settings: Settings | None = None,
        *,
        background: Background | None = None,
        store_text: bool | None = None,
        keep_days: float | None = None,
        settle_hours: float | None = None,
        read_only: bool = False,
        wait: float = 0.0,
        anew: bool = False,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Opens an index, or makes one where there is none.

        Args:
            path: path of its file; ":memory:" for a private temporary file that is removed on close.
            settings: of a new index; of one that is there they must be the same. None for those it has.
            background: of a new index, see `learn_background`; None for the word frequencies that ship with dedup. An
                index that is there keeps its own.
            store_text: whether it keeps the texts; None for yes, or as the index has it that is there. Without, nothing
                can be explained; words are kept as hashes, and of an article without a title the beginning, which it is
                called by. As with `settings`, an index that is there must be the same in this and the next two.
            keep_days: days after which articles are let go of by themselves; None for never.
            settle_hours: hours after which a story that nothing touched keeps its id for good; None for 72.
            read_only: whether it is only read, while another process may be writing.
            wait: seconds to wait for another writer to end.
            anew: whether an index of an older method is opened all the same, to `rebuild` it.
            progress: told where something takes long.
            clock: seconds since 1970; where it goes back, the latest time that was seen counts.

        Raises:
            StoreError: the file is no store, is damaged, of a newer format, or cannot be read or written.
            StoreLockedError: another index writes to it.
            SettingsError: it was made with others.
        """
        settings, options = checked(settings), StoreOptions(store_text, keep_days, settle_hours)
        store: Store
        store = TemporaryStore() if os.fspath(path) == MEMORY else SqliteStore(path, read_only=read_only, wait=wait)
        try:
            if not store.metadata():
                if read_only:
                    raise StoreError(f"{store.where} has no index in it yet: 'dedup index add' makes one")
                with store.transaction():
                    write_metadata(store, StoreMetadata.new(settings, background, options))
            facts = read_metadata(store, settings, options, method=not anew)
        except BaseException:
            store.close()
            raise
        return cls(Desk(store, facts, clock, progress, read_only=read_only))

    def __enter__(self) -> Self:
        """The index itself, which is closed when the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    def close(self) -> None:
        """Lets go of the file. Calling it again does nothing."""
        self._desk.close()

    def __repr__(self) -> str:
        return f"<StoryIndex {self._store.where}>"

    def __contains__(self, article: object) -> bool:
        """Whether an article of this id is in the index."""
        return isinstance(article, str) and self._store.article(article) is not None

    def __len__(self) -> int:
        """How many articles are in the index."""
        return self._store.counts()["articles"]

    @property
    def settings(self) -> Settings:
        """The settings of the index."""
        return self._desk.facts.settings

    @property
    def background(self) -> Background:
        """What scores depend on besides the two articles; its `version` counts how often it was changed."""
        return self._desk.background

    # Writing

    def add(self, article: Article | Mapping[str, Any]) -> Placement:
        """Takes an article in and tells where it belongs. When this returns, it is on disk.

        The same article again changes nothing; another text under a known id is an update.

        Raises:
            InputError: it is no article: it has no id, or neither text nor title.
            StoreError: it could not be stored.
        """
        came = [alone(article)]
        return self._take(came, self._desk.draw(came))[0]

    def add_many(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> list[Placement]:
        """Takes articles in and tells where each belongs, in their order; all else as for `add_stream`.

        While some are stored, the next are read.
        """
        source, noted = enumerate(articles), [] if notices is None else notices
        placements: list[Placement] = []
        read = partial(some, source, checked_count(batch, "batch"), noted)
        for came, drawn in prefetch(read, self._desk.draw):
            placements += self._take(came, drawn)
        return placements

    def add_stream(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> Iterator[Placement]:
        """Takes articles in as they come and tells where each belongs, in their order; some are stored at a time.

        It is a generator: what was told is on disk, and where it is not gone through, no more is taken in.

        Args:
            articles: taken one by one. One that has neither text nor title is kept, empty, with a notice.
            batch: how many are stored at a time: all of them, or, where that fails, none.
            notices: what was wrong with them is added; each `Placement` has its own too.

        Raises:
            InputError: something is no article, or has no id: those of its batch are not stored.
            StoreError: a batch could not be stored; those before it are.
        """
        source, noted = enumerate(articles), [] if notices is None else notices
        while came := some(source, checked_count(batch, "batch"), noted):
            yield from self._take(came, self._desk.draw(came))

    def update(self, article: Article | Mapping[str, Any]) -> Placement:
        """The same as `add` for an article that is there.

        Raises:
            UnknownArticleError: it is not.
        """
        came = [alone(article)]
        return self._take(came, self._desk.draw(came), known=True)[0]

    def remove(self, *articles: str) -> list[Change]:
        """Takes articles out, with all that was kept of them; their ids stay in `changes`, for others to follow.

        Raises:
            UnknownArticleError: one of them is not there; nothing is removed.
        """
        names = checked_ids(articles)
        with self._desk.transaction() as ledger:
            stored = [self._desk.known(name) for name in names]
            with self._desk.thinking:
                self._desk.keeper().forget(ledger, stored, "removed")
        return ledger.changes

    def expire(self, before: date | datetime | str) -> int:
        """Takes out the articles that were published before a time (or came, where that is unknown); tells how many."""
        when = published_seconds(checked_date(before, "before"))
        with self._desk.transaction() as ledger:
            return self._desk.expire(ledger, when)

    def reconcile(self) -> list[Change]:
        """Brings all placements to `clustering`, but for settled stories, which stay; tells what has changed."""
        with self._desk.transaction() as ledger, self._desk.thinking:
            self._desk.reconcile(ledger)
        return ledger.changes

    def rebuild(
        self, settings: Settings | None = None, *, background: Background | None = None, learn: bool = False
    ) -> list[Change]:
        """Judges all articles anew, by other settings or another background; tells what has changed.

        Args:
            settings: the new ones, None for those it has.
            background: the new one, None for the one it has.
            learn: whether the background is learned from the articles that are there.
        """
        desk, wanted = self._desk, checked(settings) or self.settings
        with desk.transaction() as ledger, desk.thinking:
            if learn:
                background = desk.whole(wanted, None, learn=True).learned
            desk.rebuild(ledger, wanted, background or self.background, anew=background is not None)
        return ledger.changes

    def vacuum(self, *, changes_before: int = 0) -> None:
        """Gives back the disk that removed articles took, and forgets the changes before a cursor."""
        with self._desk.transaction():
            self._store.trim(changes_before)
        self._store.vacuum()

    def check(self, *, repair: bool = False) -> list[str]:
        """What is wrong in the store, nothing where it is sound; with `repair` it is put right as far as it can be."""
        if not repair:
            return check(self._desk, repair=False)
        with self._desk.repairing():
            return check(self._desk, repair=True)

    # Reading

    def match(self, article: Article | Mapping[str, Any]) -> Placement:
        """Where an article would belong; nothing is stored. An id is not needed.

        Raises:
            InputError: it is no article, or has neither text nor title.
        """
        return self.match_many([article])[0]

    def match_many(self, articles: Iterable[Article | Mapping[str, Any]]) -> list[Placement]:
        """The same of several, each as if it were asked about alone; together they take less time.

        Raises:
            InputError: one is no article.
        """
        came = [alone(article, needs_id=False, place=place) for place, article in enumerate(articles)]
        return noticed(self._desk.told(self._desk.match(came)), came) if came else []

    def article(self, article: str) -> IndexedArticle:
        """An article by its id.

        Raises:
            UnknownArticleError: there is none.
        """
        with self._store.reading():
            stored = self._desk.known(article)
            text = self._store.texts([stored.number]).get(stored.number, "")
            story = self._store.story_numbered([stored.story])[stored.story]
            return IndexedArticle(stored.article(text), story.id, self._desk.copy_of(stored))

    def story(self, story: str) -> Story:
        """A story by its id; one that has become part of another gives that one, under its id.

        Raises:
            UnknownArticleError: there is none.
        """
        found = self._store.story(story)
        while found is not None and found.into is not None:
            found = self._store.story_numbered([found.into]).get(found.into)
        told = None if found is None else next(every_story(self._store, iter([[found]])), None)
        if told is None:
            raise UnknownArticleError(f"there is no story {story!r} in this index")
        return told

    def stories(
        self, *, since: date | datetime | str | None = None, outlet: str | None = None, min_size: int = 1
    ) -> Iterator[Story]:
        """The stories, the last touched first, read page by page.

        Args:
            since: those alone that something touched at that time or later.
            outlet: those alone that have an article of it, by its name as it was given.
            min_size: those alone that have so many articles.
        """
        return every_story(self._store, pages(self._store, _wanted(since, outlet, min_size)))

    def page(
        self,
        cursor: str | None = None,
        *,
        since: date | datetime | str | None = None,
        outlet: str | None = None,
        min_size: int = 1,
        limit: int = 50,
    ) -> StoryPage:
        """The same a page at a time, for who asks again later: with the cursor that the page before ended with.

        Raises:
            InputError: it is no such cursor.
        """
        return page(self._store, _wanted(since, outlet, min_size), cursor, checked_count(limit, "limit"))

    def search(self, query: str, *, limit: int = 50) -> list[IndexedArticle]:
        """The articles that hold all words of a query in id, outlet, title or text; the last that came first.

        Upper and lower case are one, mostly. The articles come without their texts.

        Raises:
            InputError: the query has no words, or more than twelve.
        """
        found = self._store.holding(words_of(query), checked_count(limit, "limit"))
        stories = self._store.story_numbered(sorted({stored.story for stored in found}))
        return [
            IndexedArticle(stored.article(""), stories[stored.story].id, self._desk.copy_of(stored))
            for stored in found
            if stored.story in stories
        ]

    def changes(self, since: int = 0, *, limit: int = 1_000) -> list[Change]:
        """What has changed after a cursor, in order, up to a limit: go on from the last one's cursor.

        Raises:
            CursorError: the changes after it were forgotten (see `vacuum`), or there is no such change.
        """
        return changes_after(self._store, since, limit)

    def explain(self, a: str, b: str) -> Explanation:
        """Why two articles are in one story, or are not, by their scores under the background of the index.

        Raises:
            UnknownArticleError: one of them is not there.
            InputError: the index keeps no texts.
        """
        one, other = self._desk.known(a), self._desk.known(b)
        texts = self._store.texts([one.number, other.number])
        articles = [stored.article(texts.get(stored.number, "")) for stored in (one, other)]
        alone = cluster(articles, self.settings, background=self.background, keep_texts=self._desk.facts.store_text)
        return explain(alone, same_story=one.story == other.story, same_text=one.copies == other.copies)

    def clustering(self) -> Clustering:
        """All articles grouped as `cluster(articles, settings, background=…)` groups them; nothing is changed."""
        return self._desk.whole(self.settings, self.background).clustering

    def placements(self) -> Clustering:
        """All articles in the stories where they are placed now, for the writers of reports; without links."""
        with self._store.reading():
            return placements(self._store, self.settings)

    def stats(self) -> dict[str, Any]:
        """What there is, ready for JSON: `articles`, `stories`, `changes` (the last cursor), `bytes` on disk, …"""
        return stats(self._store, self._desk.facts, self._desk.memory)

    def _take(self, came: Sequence[Incoming], drawn: Sequence[Drawn], *, known: bool = False) -> list[Placement]:
        with self._desk.transaction() as ledger:
            if known:
                self._desk.known(came[0].article.id)
            return noticed(self._desk.told(self._desk.take(ledger, came, drawn)), came)


def _wanted(since: date | datetime | str | None, outlet: str | None, min_size: int) -> StoryFilter:
    return StoryFilter(checked_seconds(since, "since"), outlet, checked_count(min_size, "min_size"))
