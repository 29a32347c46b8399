"""The story index: articles are added one at a time, placed at once, and stored."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from dedup.article import Article, Notice
from dedup.background import Background
from dedup.embedding import NONE, Embed, Embedding
from dedup.errors import StoreError
from dedup.group.decisions import Decision
from dedup.index.decisions import Decided, Request, requested, version_of
from dedup.index.importing import ImportReport, compare_stories
from dedup.index.importing import keep_ids as give_ids
from dedup.index.inputs import (
    Incoming,
    Placement,
    checked_count,
    checked_date,
    checked_id,
    checked_ids,
    checked_path,
    checked_seconds,
    checked_text,
    read_article,
    read_batch,
)
from dedup.index.operations import change_options, quarantine
from dedup.index.reading import IndexReader
from dedup.index.repair import check
from dedup.index.session import IndexSession
from dedup.index.store.backup import restore
from dedup.index.store.metadata import StoreMetadata, StoreOptions, read_metadata, write_metadata
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change, change_key
from dedup.index.store.sqlite import SqliteStore
from dedup.index.store.temporary import MEMORY, TemporaryStore
from dedup.index.stories.changes import ChangeLog
from dedup.inputs.addresses import page_address
from dedup.inputs.collection import published_seconds
from dedup.settings import checked

if TYPE_CHECKING:
    from dedup.index.features.sketch import Features
    from dedup.progress import Progress
    from dedup.settings import Settings

BATCH = 500
"""Articles in one transaction of `add_many`."""


class _PreviewEndedError(Exception):
    """Raised to take back all that a preview did."""


class StoryIndex(IndexReader):
    """Stories of articles that are added one at a time. Created by `open`.

    What `add` has returned is on disk. One index writes to a file at a time, any number may read it. The methods are
    thread-safe: those that write wait for each other, those that read do not wait.

    Ids and search texts are read as articles are: null bytes and lone surrogates count as U+FFFD, and white space
    around an id is removed.
    """

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
        embedding: Embedding | Embed | str | None = None,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open an index, or create one if the file does not exist.

        Args:
            path: path of the file; ":memory:" for a private temporary file that is removed on close.
            settings: settings of a new index; those of an existing index must be equal. None for its own.
            background: background of a new index, see `learn_background`; None for the word frequencies that ship with
                dedup. An existing index keeps its own.
            store_text: whether texts are stored; None for yes, or the choice of an existing index. Without texts
                nothing can be explained; words are stored as hashes, and the beginning of an article without a title
                is stored as its title. As with `settings`, an existing index must agree on this and the next two.
            keep_days: days after which articles expire; None for never.
            settle_hours: hours without a change after which a story keeps its id permanently; None for 72.
            read_only: open without writing; another process may write meanwhile.
            wait: seconds to wait for another writer.
            anew: open an index of an older method, in order to `rebuild` it.
            embedding: an embedding that adds articles which words leave alone to stories, see `cluster`; that of an
                existing index must have the same name. Without it, an index that has one can be read, and articles
                can be removed, but none added or matched; for "vector" it need not be given.
            progress: called with progress where something takes long.
            clock: returns seconds since 1970; if it goes back, the latest time seen counts.

        Raises:
            EmbeddingError: it was created with another embedding or without one, or there is no such embedding.
            InputError: no file can have this path.
            StoreError: the file is not a store, is damaged, of a newer format, or cannot be read or written.
            StoreLockedError: another index writes to it.
            SettingsError: it was created with other settings or options.
        """
        settings, options = checked(settings), StoreOptions(store_text, keep_days, settle_hours)
        model = None if embedding is None else Embedding.of(embedding)
        name = None if model is None or anew else model.name
        store: Store
        store = (
            TemporaryStore()
            if os.fspath(path) == MEMORY
            else SqliteStore(checked_path(path), read_only=read_only, wait=wait)
        )
        try:
            if not store.metadata():
                if read_only:
                    raise StoreError(f"{store.where} has no index in it yet: 'dedup index add' makes one")
                with store.transaction():
                    write_metadata(store, StoreMetadata.new(settings, background, options, model.name if model else ""))
                    if background and background.words:
                        store.put_words(background.words)  # the first of the index
            metadata = read_metadata(store, settings, options, method=not anew, embedding=name)
        except BaseException:
            store.close()
            raise
        session = IndexSession(store, metadata, clock, progress, read_only=read_only, embedding=model)
        return cls(session, clock)

    def __enter__(self) -> Self:
        """Return the index, which is closed when the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the index."""
        self.close()

    def close(self) -> None:
        """Close the file. Repeated calls have no effect."""
        self._session.close()

    def __repr__(self) -> str:
        return f"<StoryIndex {self._store.where}>"

    def add(self, article: Article | Mapping[str, Any]) -> Placement:
        """Add an article and return its placement. When this returns, the article is on disk.

        Adding the same article again changes nothing; another text under a known id is an update.

        Raises:
            EmbeddingError: the embedding is missing, failed or took too long; nothing is stored. See `Embedding`.
            InputError: it is no article, or has no id, or neither text nor title.
            StoreError: it could not be stored.
        """
        return self._add([read_article(article, today=self._session.today())])[0]

    def add_many(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> list[Placement]:
        """Add articles and return their placements, in order. The arguments are those of `add_stream`.

        While one batch is stored, the features of the next are computed.
        """
        source, found, size = enumerate(articles), [] if notices is None else notices, checked_count(batch, "batch")
        placements: list[Placement] = []

        def next_batch() -> list[Incoming]:
            return read_batch(source, size, found, self._session.today())

        for incoming, features in prefetch(next_batch, self._session.features):
            placements += self._add(incoming, features)
        return placements

    def add_stream(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        *,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> Iterator[Placement]:
        """Add articles as they arrive and yield their placements, in order.

        It is a generator: what it has yielded is on disk, and it reads no further than it is consumed.

        Args:
            articles: the articles, read one by one. One with neither text nor title is added empty, with a notice.
            batch: articles in one transaction: all of them are stored, or none if it fails.
            notices: receives the faults of all articles; each `Placement` has its own too.

        Raises:
            EmbeddingError: the embedding failed or took too long; the batch is not stored, those before it are.
            InputError: an item is no article, or has no id; its batch is not stored.
            StoreError: a batch could not be stored; those before it are.
        """
        source, found = enumerate(articles), [] if notices is None else notices
        while incoming := read_batch(source, checked_count(batch, "batch"), found, self._session.today()):
            yield from self._add(incoming)

    def import_stories(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        stories: Mapping[str, str] | None = None,
        *,
        keep_ids: bool = True,
        batch: int = BATCH,
        notices: list[Notice] | None = None,
    ) -> ImportReport:
        """Add articles that have stories in another system, and return where the stories differ.

        The articles are placed as by `add_many`, whatever their stories are. With `keep_ids` a story gets the id of
        the other system's story that it shares most articles with; other ids of that system redirect to the story that
        has most of their articles. A settled story keeps its id, and an id that another story of the index has stays
        with that story. An import that was interrupted can be repeated.

        Args:
            articles: the articles. Those without a story of the other system are only placed.
            stories: the id of the story of each article, by the id of the article; looked up when the article has been
                read. None for `Article.story`.
            keep_ids: whether stories get the ids of the other system.
            batch: as for `add_stream`.
            notices: as for `add_stream`.

        Raises:
            InputError: as for `add_stream`; the batches before are stored, under the ids that they have so far.
            StoreError: as for `add_stream`.
        """
        given: dict[str, str] = {}
        names: dict[bytes, str] = {}
        ids: set[str] = set()
        source, found, size = enumerate(articles), [] if notices is None else notices, checked_count(batch, "batch")

        def next_batch() -> list[Incoming]:
            incoming = read_batch(source, size, found, self._session.today())
            for one, content in zip(incoming, self._session.contents(incoming), strict=True):
                ids.add(one.article.id)
                given.pop(one.article.id, None)
                name = one.article.story if stories is None else stories.get(one.article.id)
                if name := checked_id(name or "", "story"):
                    given[one.article.id] = name
                    names.setdefault(content, name)
            return incoming

        for incoming, features in prefetch(next_batch, self._session.features):
            self._add(incoming, features, names=names if keep_ids else {})
        if keep_ids and given:
            give_ids(self._session, given)
        with self._store.reading():
            return compare_stories(self._store, given, len(ids) - len(given))

    def update(self, article: Article | Mapping[str, Any]) -> Placement:
        """Update an existing article and return its placement, as `add` does.

        Raises:
            UnknownArticleError: it does not exist.
        """
        return self._add([read_article(article, today=self._session.today())], must_exist=True)[0]

    def remove(self, *articles: str) -> list[Change]:
        """Remove articles by id with all their data, and return the changes. Their ids stay in `changes`.

        Raises:
            UnknownArticleError: one of them does not exist; nothing is removed.
        """
        ids = checked_ids(articles)
        with self._session.transaction() as log:
            self._session.remove(log, ids)
        return log.changes

    def withdraw(self, *articles: str) -> list[Change]:
        """Withdraw articles by id, and return the changes.

        A withdrawn article stays in its story, and is shown only where all others are withdrawn too. Each copy of it is
        told by a change "copy_withdrawn", also one that comes later. A wire's own notice ("MANDATORY KILL") does the
        same when it is added: for the page whose address or id it has, and for articles of its outlet that it names by
        their title. A later version of the page is not withdrawn.

        Raises:
            UnknownArticleError: one of them does not exist; nothing is withdrawn.
        """
        ids = checked_ids(articles)
        with self._session.transaction() as log:
            self._session.withdraw(log, ids)
        return log.changes

    def erase(self, *articles: str) -> list[Change]:
        """Erase articles by id with all versions of their pages, and return the changes.

        Texts, words, vectors and addresses are removed from the store and from memory, the space is overwritten, and
        earlier changes no longer have the ids; a change "removed" has them, so that consumers can follow, until
        `vacuum(changes_before=…)` deletes it. Backups made before still have the articles: delete them.

        Raises:
            UnknownArticleError: one of them does not exist; nothing is erased.
        """
        ids = checked_ids(articles)
        with self._session.transaction() as log:
            self._session.erase(log, ids)
        page_address.cache_clear()
        self.vacuum()
        return log.changes

    def decide(
        self,
        kind: Request,
        articles: Sequence[str],
        *,
        apart_from: Sequence[str] = (),
        title: str = "",
        into: str | None = None,
        by: str = "",
        supersede: bool = False,
        version: int | None = None,
    ) -> Decided:
        """Keep a decision of an editor. It holds until it is undone, whatever is added, reconciled or rebuilt.

        Later articles are placed as if it had not been made, and are shown with those that the method puts them beside.

        Args:
            kind: "together": the articles are of one story. "apart": none of them is in a story with one of
                `apart_from`. "title": the story of the article has this title. "canonical": its story shows it.
                "split": the articles are a story of their own. "move": they leave their stories for that of `into`.
            articles: ids of articles.
            apart_from: ids of the others, for "apart".
            title: the title, for "title".
            into: id of an article of the story to move to, for "move".
            by: who decides.
            supersede: whether it holds against earlier decisions that it contradicts.
            version: version that all decisions must have, see `decisions`; None for any.

        Raises:
            ConflictError: it contradicts an earlier decision, or others have decided meanwhile.
            InputError: something is missing, or does not fit the kind.
            UnknownArticleError: there is no such article.
        """
        session = self._session
        with session.transaction() as log:
            asked = requested(kind, articles, apart_from, title, into, by, session.latest, self._store)
            made = session.decide(log, asked, version, supersede=supersede)
        return self._decided(made, log)

    def undo(self, decision: str, *, version: int | None = None) -> Decided:
        """Undo a decision, and say where its articles are now, and where later ones go.

        Args:
            decision: id of the decision.
            version: version that all decisions must have; None for any.

        Raises:
            ConflictError: others have decided meanwhile.
            UnknownArticleError: there is no such decision.
        """
        with self._session.transaction() as log:
            undone = self._session.undo(log, decision, version)
        return self._decided([undone], log)

    def expire(self, before: date | datetime | str) -> int:
        """Remove the articles published (or added, if undated) before a time, and return how many."""
        when = published_seconds(checked_date(before, "before"))
        with self._session.transaction() as log:
            return self._session.expire(log, when)

    def reconcile(self) -> list[Change]:
        """Update all placements to `clustering`, except settled stories, and return the changes."""
        with self._session.transaction():
            self._session.learn_from_all()
        changes = self._place_pending()
        with self._session.transaction() as log, self._session.memory_lock:
            self._session.reconcile(log)
        return [*changes, *log.changes]

    def rebuild(
        self,
        settings: Settings | None = None,
        *,
        background: Background | None = None,
        learn: bool = False,
        preview: bool = False,
        embedding: Embedding | Embed | str | None = None,
    ) -> list[Change]:
        """Compute all placements anew, with other settings, background or embedding, and return the changes.

        Args:
            settings: new settings, None to keep them.
            background: new background, None to keep it.
            learn: whether to learn the background from the articles of the index.
            preview: whether to return the changes without making them.
            embedding: new embedding, with which all stored texts are embedded; None to keep it, "none" for none.

        Raises:
            EmbeddingError: it failed, or there are no texts to embed; nothing has changed.
        """
        session, new_settings = self._session, checked(settings) or self.settings
        model: Embedding | str | None = "" if embedding == NONE else None
        if embedding is not None and embedding != NONE:
            model = Embedding.of(embedding)
        before = session.metadata
        try:
            with session.transaction() as log, session.memory_lock:
                if learn:
                    background = session.recluster(new_settings, None, learn=True).learned
                replaced = background is not None
                session.rebuild(log, new_settings, background or self.background, replaced=replaced, embedding=model)
                if preview:
                    session.lay(log)
                    raise _PreviewEndedError
        except BaseException as error:
            session.metadata = before
            if isinstance(error, _PreviewEndedError):
                return log.finished()
            raise
        if model is not None:
            session.embedder.opened_with = model if isinstance(model, Embedding) else None
        return log.changes

    def quarantine(
        self, source: str, *, since: date | datetime | str | None = None, cursor: int | None = None
    ) -> list[Change]:
        """Remove what one broken source sent, with all versions of its pages, and return the changes.

        What is left of their stories is regrouped. `articles(source=…)` before tells what will be removed.

        Args:
            source: the outlet, in any case.
            since: remove only what was added since then, by the clock of the index; None for all.
            cursor: keep what was added or updated after this change, which a caller who kept the articles before has
                not seen; None to keep nothing.

        Raises:
            CursorError: the changes after the cursor were deleted, or it does not exist; nothing is removed.
        """
        name, when = checked_text(source, "source"), checked_seconds(since, "since")
        seen = None if cursor is None else checked_count(cursor, "cursor", 0)
        return [*quarantine(self._session, name, when, seen), *self._place_pending()]

    def change_options(
        self,
        *,
        store_text: bool | None = None,
        keep_days: float | None = None,
        settle_hours: float | None = None,
    ) -> None:
        """Change options that the index was created with; None keeps one. What is too old then expires at once.

        Args:
            store_text: False deletes all texts and frees their space; they cannot be brought back.
            keep_days: days after which articles expire; `math.inf` for never.
            settle_hours: hours without a change after which a story keeps its id permanently.

        Raises:
            SettingsError: one is out of range, or texts are wanted of an index that has articles without them.
        """
        change_options(self._session, StoreOptions(store_text, keep_days, settle_hours))

    def vacuum(self, *, changes_before: int = 0) -> None:
        """Release the disk space of removed articles, with the words that only they had, and delete old changes.

        Args:
            changes_before: the changes before this cursor are deleted.
        """
        with self._session.transaction():
            self._store.trim(changes_before)
        self._session.forget_words()
        self._store.vacuum()

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy the index to a new file, as it is at one moment, also while it is being written to.

        Args:
            path: path of the backup. `StoryIndex.restore` puts it back; it can also be opened where it is.

        Raises:
            StoreError: the file is there already, or cannot be written.
        """
        self._store.back_up(checked_path(path))

    @staticmethod
    def restore(
        backup: str | os.PathLike[str], path: str | os.PathLike[str], *, replace: bool = False, wait: float = 0.0
    ) -> None:
        """Put a backup in the place of an index.

        Copying the file by hand would leave the log of a killed writer (`-wal`) beside it.

        Args:
            backup: path of the backup, which is left as it is.
            path: path of the index.
            replace: whether an index that is there may be replaced.
            wait: seconds to wait for another writer to end.

        Raises:
            StoreError: the backup is not a sound index, or one is there and `replace` is False.
            StoreLockedError: the index is being written to.
        """
        restore(checked_path(backup, "backup"), checked_path(path), replace=replace, wait=wait)

    def check(self, *, repair: bool = False) -> list[str]:
        """Return a message for each fault in the store, none if it is intact; optionally repair what can be.

        A repair is recorded as a change "refreshed", and "moved" for each article that it moves to another story.
        """
        if not repair:
            with self._store.reading():  # another process may write meanwhile
                return check(self._session)
        with self._session.repair() as now:
            return check(self._session, now)

    def _add(
        self,
        incoming: Sequence[Incoming],
        features: Sequence[Features] | None = None,
        *,
        must_exist: bool = False,
        names: Mapping[bytes, str] | None = None,
    ) -> list[Placement]:
        session = self._session
        if must_exist:
            session.latest(incoming[0].article.id)  # before its words are kept
        features = session.features(incoming) if features is None else features  # outside the transaction
        with session.transaction() as log:
            log.names = names or {}
            if must_exist:
                session.latest(incoming[0].article.id)
            candidates = session.add(log, incoming, features)
            placements = session.placements(candidates)
        if log.laid:
            answered = [one for one in candidates if one.placement is not None]
            placements = [session.laid(log, *both) for both in zip(answered, placements, strict=True)]
        lines, changes = log.storylines(), {change_key(change): change for change in log.changes}
        self._place_pending()
        placements = [
            Placement(
                one.article, one.status, one.story, one.new_story, one.copy_of, one.links,
                tuple(changes[change_key(change)] for change in one.changed if change_key(change) in changes),
                one.before, one.notices, one.suspected_copy_of, lines.get(one.story, ""), one.revision_of,
                one.revised_by,
            )
            for one in placements
        ]  # fmt: skip
        return _with_joins(placements, log.changes) if session.metadata.embedding else placements

    def _decided(self, decisions: Sequence[Decision], log: ChangeLog) -> Decided:
        ids = dict.fromkeys(id_ for decision in decisions for id_ in decision.mentioned)
        with self._store.reading():
            articles = self._store.articles_called([*ids])
            stories = self._store.story_numbered(sorted({article.story for article in articles.values()}))
            where = {id_: stories[articles[id_].story].id for id_ in ids if id_ in articles}
            in_force = {one.id: one for one in self.decisions()[0]}
            made = tuple(in_force.get(one.id, one) for one in decisions)
            return Decided(made, version_of(self._store), where, tuple(log.changes))

    def _place_pending(self) -> list[Change]:
        """Place the articles again in which boilerplate was learned, in bounded transactions; return the changes."""
        changes: list[Change] = []
        while self._session.has_pending():
            with self._session.transaction() as log:
                self._session.place_pending(log)
            changes += log.changes
        return changes


def _with_joins(placements: list[Placement], changes: Sequence[Change]) -> list[Placement]:
    """Return placements with the changes that the embedding caused at the end of their transaction.

    Each goes to the last article that was placed in one of its stories, or to the last of all.
    """
    told = {change_key(change) for one in placements for change in one.changed}
    own = {one.article for one in placements}
    for change in changes:
        if change_key(change) in told or change.article in own or change.kind not in ("moved", "merged"):
            continue
        near = [place for place, one in enumerate(placements) if one.story in (change.story, change.before)]
        place = near[-1] if near else len(placements) - 1
        one = placements[place]
        placements[place] = dataclasses.replace(one, changed=(*one.changed, change))
    return placements


def prefetch(
    next_batch: Callable[[], list[Incoming]], extract: Callable[[list[Incoming]], list[Features]]
) -> Iterator[tuple[list[Incoming], list[Features]]]:
    """Yield batches with their features, computing the features of the next batch meanwhile.

    Args:
        next_batch: returns the next batch, an empty one at the end. Its errors are raised after the batch before.
        extract: computes features; called in another thread for all batches but the first.
    """
    with ThreadPoolExecutor(1, "dedup-reads") as pool:  # starts its thread for a second batch
        batch, features = next_batch(), None
        while batch:
            following, error = list[Incoming](), None
            try:
                following = next_batch()
            except Exception as raised:
                error = raised
            future = pool.submit(extract, following) if following else None
            yield batch, features.result() if features else extract(batch)
            if error is not None:
                raise error
            batch, features = following, future
