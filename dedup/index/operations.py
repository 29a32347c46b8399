"""What operators do to a whole index: change its options, take out a source, read all articles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dedup.errors import SettingsError
from dedup.index.queries import IndexedArticle, changes_after
from dedup.index.store.metadata import StoreMetadata, StoreOptions, write_metadata
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change, Revision, StoredArticle, version_order
from dedup.inputs.collection import without_text

if TYPE_CHECKING:
    from dedup.index.session import IndexSession

_PAGE = 500
"""Articles that are read, or removed in one transaction, at a time."""


def change_options(session: IndexSession, options: StoreOptions) -> None:
    """Change options of an index; see `StoryIndex.change_options`.

    Raises:
        SettingsError: an option is out of range, or texts are wanted that are not there.
    """
    if faults := options.faults():
        raise SettingsError(faults)
    before = session.metadata
    wanted = _with_options(before, options)
    if wanted.store_text and not before.store_text and len(session.store.numbers()):
        raise SettingsError(
            ["store_text cannot be turned on: the texts of the articles are not there. Make the index anew, from them"]
        )
    if wanted == before:
        return
    try:
        with session.transaction() as log:
            session.metadata = wanted  # what is too old now expires in this transaction
            log.settle = wanted.settle_seconds
            write_metadata(session.store, replace(wanted, now=log.now))
            if before.store_text and not wanted.store_text:
                _drop_texts(session.store)
    except BaseException:
        session.metadata = before
        raise
    if before.store_text and not wanted.store_text:
        session.store.vacuum()


def _with_options(metadata: StoreMetadata, options: StoreOptions) -> StoreMetadata:
    keep_days = metadata.keep_days if options.keep_days is None else options.keep_days
    return replace(
        metadata,
        store_text=metadata.store_text if options.store_text is None else options.store_text,
        keep_days=None if keep_days is None or math.isinf(keep_days) else keep_days,
        settle_hours=metadata.settle_hours if options.settle_hours is None else options.settle_hours,
    )


def _drop_texts(store: Store) -> None:
    """Delete all texts. The beginning of one without a title stays, as in an index without texts."""
    for page in _pages(store):
        numbers = [stored.number for stored in page]
        texts, sketches = store.texts(numbers), store.sketches(numbers)
        rows = []
        for stored in page:
            left = without_text(stored.article(texts.get(stored.number, ""))).text
            rows.append((stored, left or None, sketches[stored.number]))
        store.put_articles(rows)
        store.put_revisions([replace(revision, text=None) for revision in store.revisions_of(numbers)])


def quarantine(session: IndexSession, source: str, since: float | None, cursor: int | None) -> list[Change]:
    """Remove the articles of a source, in transactions of some hundreds; see `StoryIndex.quarantine`."""
    changes: list[Change] = []
    later: set[str] = set()
    ids = [version.id for version in _versions(session.store, source, since)]
    for start in range(0, len(ids), _PAGE):
        some = ids[start : start + _PAGE]
        with session.transaction() as log:
            while cursor is not None and (news := changes_after(session.store, cursor, _PAGE)):
                later.update(change.article for change in news if change.kind in ("added", "updated", "revised"))
                cursor = news[-1].cursor
            session.remove(log, [id_ for id_ in some if id_ not in later and _is_there(session, id_)])
        changes += log.changes
    return changes


def _is_there(session: IndexSession, id_: str) -> bool:
    """Return whether an article, or an earlier version of a page, is still there: it may have expired meanwhile."""
    return session.find(id_) is not None or session.find_revision(id_) is not None


def _versions(store: Store, source: str, since: float | None) -> Iterator[StoredArticle]:
    """Yield the articles of a source and the earlier versions of their pages, these first."""
    for page in _pages(store):
        chosen = [stored for stored in page if outlet_of(stored.source) == outlet_of(source)]
        earlier = [revision.article for revision in store.revisions_of([stored.number for stored in chosen])]
        yield from (version for version in (*earlier, *chosen) if since is None or version.added >= since)


def outlet_of(source: str) -> str:
    """Return the name of an outlet without case and runs of spaces, by which outlets are compared."""
    return " ".join(source.casefold().split())


def every_article(store: Store, source: str | None, since: float | None) -> Iterator[IndexedArticle]:
    """Yield all articles with their texts, earlier versions of a page before the latest; see `StoryIndex.articles`."""
    for page in _pages(store):
        chosen = [stored for stored in page if source is None or outlet_of(stored.source) == outlet_of(source)]
        numbers = [stored.number for stored in chosen]
        texts, stories = store.texts(numbers), store.story_numbered(sorted({stored.story for stored in chosen}))
        roots, earlier = store.ids(sorted({stored.copies for stored in chosen})), store.revisions_of(numbers)
        withdrawn = store.withdrawn([*numbers, *(revision.number for revision in earlier)])
        for stored in chosen:
            story, before = stories[stored.story].id, None
            versions = [revision for revision in earlier if revision.latest == stored.number]
            for revision in sorted(versions, key=lambda one: version_order(one.article)):
                if since is None or revision.article.added >= since:
                    yield _earlier(revision, story, before, stored.id, withdrawn)
                before = revision.article.id
            if since is None or stored.added >= since:
                copy_of = None if stored.copies == stored.number else roots.get(stored.copies)
                article = stored.article(texts.get(stored.number, ""))
                yield IndexedArticle(article, story, copy_of, stored.kind, before, withdrawn=stored.number in withdrawn)


def _earlier(revision: Revision, story: str, before: str | None, latest: str, withdrawn: set[int]) -> IndexedArticle:
    is_withdrawn = revision.number in withdrawn
    return IndexedArticle(revision.to_article(), story, None, revision.article.kind, before, latest, is_withdrawn)


def _pages(store: Store) -> Iterator[Sequence[StoredArticle]]:
    last = -1
    while page := store.after(last, _PAGE):
        yield page
        last = page[-1].number
