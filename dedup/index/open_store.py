"""An open store: its transactions, and the state in memory that belongs to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from dedup.background import Background
from dedup.embedding import Embedding
from dedup.errors import StoreError, UnknownArticleError
from dedup.index.boilerplate import LearnedBoilerplate
from dedup.index.clock import IndexClock, no_times
from dedup.index.compiling import Preparation
from dedup.index.embedding import Embedder
from dedup.index.inputs import checked_id, checked_text
from dedup.index.pages import add_addresses
from dedup.index.state import IndexState
from dedup.index.store.metadata import DAY, StoreMetadata, read_metadata
from dedup.index.store.protocol import Store
from dedup.index.store.records import Revision, StoredArticle
from dedup.index.stories.changes import ChangeLog
from dedup.index.sync import sync
from dedup.index.vocabulary import StoredVocabulary
from dedup.progress import Progress
from dedup.settings import METHOD_VERSION, Settings

_EXPIRED_AT_ONCE = 500
REGROUPED = "regrouped"
"""Metadata: number of transactions that changed copies only, of which the log of changes says nothing."""
RESHOWN = "reshown"
"""Metadata: number of transactions after which unchanged stories show other articles."""


class OpenStore:
    """One open store with its transactions.

    Attributes:
        store: where everything is stored.
        metadata: metadata of the index.
        embedder: embeds articles.
        memory_lock: held by each thread that uses the state in memory.
    """

    def __init__(
        self,
        store: Store,
        metadata: StoreMetadata,
        clock: Callable[[], float],
        progress: Progress | None,
        *,
        read_only: bool,
        embedding: Embedding | None = None,
    ) -> None:
        self.store, self.metadata, self.embedder = store, metadata, Embedder(store, embedding)
        self.memory_lock = threading.RLock()
        self._write_lock = threading.RLock()
        self._clock, self._progress, self._read_only = IndexClock(clock, store.metadata()), progress, read_only
        self._state: IndexState | None = None
        self._vocabulary: StoredVocabulary | None = None
        self._cursor, self._regrouped = -1, 0
        self._preparation = Preparation()
        self._is_writing = self._has_addresses = False

    def close(self) -> None:
        """Close the store."""
        self._preparation.close()
        with self._write_lock:
            self.store.close()
            self._state = None

    @property
    def background(self) -> Background:
        """Background of the index."""
        return Background.from_bytes(self.store.background(), self.metadata.version)

    @property
    def memory(self) -> int | None:
        """Bytes of memory that the articles take, None before they are loaded."""
        return self._state.table.memory() + self._state.joined.embedded.memory() if self._state else None

    def learned(self) -> LearnedBoilerplate:
        """Return what the store says that the index has learned."""
        learned = LearnedBoilerplate(self.store, self.background)
        learned.read()
        return learned

    @contextmanager
    def transaction(self) -> Iterator[ChangeLog]:
        """Keep all that is done inside it, or nothing. The state in memory follows.

        Raises:
            StoreError: the index is read-only, or could not be written.
        """
        self._refuse_read_only()
        with self._write_lock:
            with self.memory_lock:
                self._drop_if_kernels_wait()
            state = self.state()
            try:
                self._is_writing = True
                with self.store.transaction():
                    highest = self.store.highest()
                    now = self._clock.advance(state.table.times)
                    log = ChangeLog(
                        self.store,
                        state.table,
                        now,
                        self.metadata.settle_seconds,
                        highest["last_change"],
                        highest["last_story"],
                        highest["last_article"],
                        state.shown,
                    )
                    if not self._has_addresses:
                        add_addresses(self.store)
                    yield log
                    with self.memory_lock:
                        if self.metadata.keep_days is not None:
                            until = self._clock.advance_expiry(self.state().table.times)
                            self.expire(log, until - self.metadata.keep_days * DAY)
                        self.lay(log)
                        reshown = log.write()
                    facts = self._clock.facts() if log.changes or log.has_touched else {}
                    unseen = (log.has_touched or self.state().joined.has_new_scale) and not log.changes
                    silent = {REGROUPED: unseen, RESHOWN: reshown}
                    facts |= {name: str(self._counted(name) + 1) for name, is_so in silent.items() if is_so}
                    self.store.put_metadata(facts)
            except BaseException:
                with self.memory_lock:
                    self._state = None  # it is ahead of the store: it will be loaded again
                    state.vocabulary.words.roll_back()
                    if self._vocabulary is not state.vocabulary:
                        self._vocabulary = None
                raise
            finally:
                self._is_writing = False
            state.vocabulary.words.commit()
            self._cursor, self._has_addresses = log.cursor, True
            state.joined.has_new_scale = False
            state.uncommitted.clear()

    def lay(self, log: ChangeLog) -> None:
        """End a transaction: find the storylines, and lay joins and the decisions of editors over its changes."""
        state = self.state()  # `rebuild` has replaced it
        state.storylines.update(log)
        state.write()
        log.laid = state.shown.lay(log, log.decided, state.joined.update(log))

    @contextmanager
    def repair(self) -> Iterator[float]:
        """Open a transaction that does not use the state in memory, which is loaded again after it.

        Yields:
            The time of the changes of the repair.

        Raises:
            StoreError: the index is read-only, or could not be written.
        """
        self._refuse_read_only()
        with self._write_lock, self.memory_lock:
            self._state = None
            with self.store.transaction():
                yield self._clock.advance(no_times)
                self.store.put_metadata(self._clock.facts())

    def forget_words(self) -> None:
        """Delete the words that no stored article has any more."""
        with self.repair():
            state = self._new_state(self.metadata.settings, self.background, stale=False)
            state.vocabulary.read()
            state.vocabulary.forget(state.stored_terms(), self.background)
            self._vocabulary = None  # it still has the words that were deleted

    def today(self) -> datetime:
        """Return the time that no article can be dated long after; see `IndexClock.today`."""
        return self._clock.today()

    def state(self) -> IndexState:
        """Return the state in memory, loaded from the store if necessary."""
        with self.memory_lock:
            if self._state is None:
                counts, self._regrouped = self.store.counts(), self._counted(REGROUPED)
                stale = self.metadata.method != METHOD_VERSION
                state = self._new_state(self.metadata.settings, self.background, stale=stale)
                with self._snapshot():
                    state.load()
                self._state, self._cursor = state, counts["last_change"]
            return self._state

    def current_state(self) -> IndexState:
        """Return the state in memory with all changes that other processes have committed."""
        with self.memory_lock:
            if self._state is not None and self._read_only:
                last, regrouped = self.store.highest()["last_change"], self._counted(REGROUPED)
                if (last, regrouped) != (self._cursor, self._regrouped):
                    before, self.metadata = self.metadata, read_metadata(self.store, None)
                    now = min(before.now, self.metadata.now)
                    if self.metadata.version == before.version and sync(self._state, self._cursor, last, now):
                        self._cursor, self._regrouped = last, regrouped
                    else:
                        self._state = self._vocabulary = None
            if self._state is not None and self._write_lock.acquire(blocking=False):
                try:
                    if not self._is_writing:
                        self._drop_if_kernels_wait()
                finally:
                    self._write_lock.release()
            return self.state()

    def refresh(self) -> int:
        """Bring the state in memory to what other processes have committed; return the cursor of its last change."""
        with self.memory_lock:
            self.current_state()
            return self._cursor

    def _drop_if_kernels_wait(self) -> None:
        """Drop a state that has grown worth kernels, once they are ready: it is loaded again with them."""
        if self._state is not None and self._state.has_outgrown_numpy() and self._preparation.is_ready():
            self._state = None

    def find(self, id_: str) -> StoredArticle | None:
        """Return the stored article of an id, None if there is none.

        Raises:
            InputError: the id is no string.
        """
        found = self.store.article(checked_id(id_))
        return found or self.store.article(checked_text(id_, "id"))  # surrounding space was once part of an id

    def stored(self, id_: str) -> StoredArticle:
        """Return the stored article of an id.

        Raises:
            InputError: the id is no string.
            UnknownArticleError: there is none.
        """
        found = self.find(id_)
        if found is None:
            raise UnknownArticleError(f"there is no article with the id {id_!r} in this index")
        return found

    def find_revision(self, id_: str) -> Revision | None:
        """Return the earlier version of a page of an id, None if there is none.

        Raises:
            InputError: the id is no string.
        """
        ids = [checked_id(id_), checked_text(id_, "id")]
        found = self.store.revisions_called(ids)
        return found.get(ids[0]) or found.get(ids[1])

    def latest(self, id_: str) -> tuple[StoredArticle, Revision | None]:
        """Return the stored article of an id; for an earlier version of a page the latest, and the version.

        Raises:
            InputError: the id is no string.
            UnknownArticleError: there is none.
        """
        revision = None if self.find(id_) else self.find_revision(id_)
        latest = self.store.articles([revision.latest]).get(revision.latest) if revision else None
        return (latest, revision) if latest else (self.stored(id_), None)

    def copy_of(self, stored: StoredArticle) -> str | None:
        """Return the id of the article that an article is a copy of, None if it is no copy."""
        if stored.copies == stored.number:
            return None
        first = self.store.articles([stored.copies]).get(stored.copies)
        return first.id if first else None

    def expire(self, log: ChangeLog, before: float) -> int:
        """Delete the articles older than a time, in seconds since 1970, and return how many."""
        count = 0
        while old := self.store.older(before, _EXPIRED_AT_ONCE):
            numbers = [article.number for article in old]
            with self.memory_lock:
                self.state().delete(log, old, "expired")
                self.store.delete_addresses(numbers)
            count += len(old) + self._expire_revisions(log, self.store.revisions_of(numbers))
        while revisions := self.store.older_revisions(before, _EXPIRED_AT_ONCE):
            count += self._expire_revisions(log, revisions)
        return count

    def _expire_revisions(self, log: ChangeLog, revisions: Sequence[Revision]) -> int:
        numbers = [revision.number for revision in revisions]
        for revision in revisions:
            log.record("expired", revision.article.id, "")
        self.store.delete_revisions(numbers)
        self.state().joined.forget(numbers)
        self.store.delete_addresses(numbers)
        return len(numbers)

    def _counted(self, name: str) -> int:
        return int(self.store.metadata().get(name, "0"))

    def _new_state(
        self, settings: Settings, background: Background, *, stale: bool, embedding: str | None = None
    ) -> IndexState:
        count, known = self.store.counts()["articles"], self._vocabulary
        state = IndexState(
            self.store,
            settings,
            background,
            count,
            self._progress,
            known,
            embedding=self.metadata.embedding if embedding is None else embedding,
            stale=stale,
        )
        self._vocabulary = state.vocabulary
        return state

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise StoreError(f"{self.store.where} was opened to be read only: open it without read_only to write")

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Read from one snapshot of the store if another process writes to it.

        In the writing process the state in memory is ahead of the snapshot, so the latest stored data is needed.
        """
        if not self._read_only:
            yield
            return
        with self.store.reading():
            yield
